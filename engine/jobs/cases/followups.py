"""What was agreed and has not come about gives somebody something to do: a late answer, a broken plan."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core import sentences
from engine.core.cases.promises import FAILED
from engine.jobs.cases import tasks
from engine.jobs.cases.roles import one_person
from engine.jobs.cases.who import Who
from engine.jobs.workspace import Workspace
from engine.store import disputes, plans
from engine.store import tables as t
from engine.store.journal import Entry

SUPERVISOR = "supervisor"
PLAN_BROKEN = "plan broken"


def follow_up(ws: Workspace, conn: Connection, who: Who) -> list[Entry]:
    """Put on people's lists what the day brings: each thing once. What to put in the journal."""
    return [*_late_answers(ws, conn, who), *_broken_plans(ws, conn, who)]


def _late_answers(ws: Workspace, conn: Connection, who: Who) -> list[Entry]:
    """A dispute that nobody has answered in time goes to the supervisor too."""
    entries = []
    people = ws.settings.people
    for one in disputes.unanswered(conn, who.on, who.company):
        if one.answer_by is None or _there(conn, one.account, disputes.LATE_ANSWER, one.number, who.company):
            continue
        role, person = _supervisor(ws)
        owner = people[one.person].name if one.person and one.person in people else one.owner
        entries.append(
            tasks.add(
                ws,
                conn,
                one.account,
                disputes.LATE_ANSWER,
                one.number,
                sentences.answer_late(one.item, one.reason, one.answer_by, owner or "nobody named"),
                who,
                amount=one.amount or one.still,
                currency=one.currency,
                more={"dispute": one.number, "item": one.item},
                role=role,
                person=person,
                policy="disputes",
            )
        )
    return entries


def _broken_plans(ws: Workspace, conn: Connection, who: Who) -> list[Entry]:
    """A plan that was broken is told to the account's owner."""
    entries = []
    for one in plans.untold(conn, PLAN_BROKEN, who.company):
        part = next(part for part in one.instalments if part.state in FAILED)
        what = sentences.plan_broken(
            part.number, len(one.instalments), part.amount, part.paid, one.currency, part.pays_on
        )
        entries.append(
            tasks.add(
                ws,
                conn,
                one.account,
                PLAN_BROKEN,
                one.number,
                what,
                who,
                amount=sum(part.amount - part.paid for part in one.instalments),
                currency=one.currency,
                more={"plan": one.number},
                policy="plans",
            )
        )
    return entries


def _there(conn: Connection, account: str, step: str, number: int, company: str) -> bool:
    """Whether the task was made before, whatever has become of it."""
    a = t.action.c
    mine = (a.company == company, a.account == account, a.episode == 0)
    query = sa.select(a.key).where(*mine, a.step == step, a.occurrence == number)
    return conn.execute(query.limit(1)).first() is not None


def _supervisor(ws: Workspace) -> tuple[str, str | None]:
    role, person = one_person(ws, SUPERVISOR)
    if person is None and not ws.files.people_with(role):
        return one_person(ws, ws.live.house.owner)
    return role, person
