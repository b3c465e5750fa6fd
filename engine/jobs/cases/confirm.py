"""Our understanding of what was agreed on the phone: drafted from the call's fields, shown, sent or let go."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.core.messages.render import render
from engine.core.problem import Problem
from engine.core.sentences import calls as sentences
from engine.errors import NotFound, Refused
from engine.jobs import messages
from engine.jobs.cases import known
from engine.jobs.cases.follow import CONFIRMATION, send
from engine.jobs.cases.who import Who, change_action, near, verb
from engine.jobs.listing import Listed
from engine.jobs.workspace import Workspace
from engine.store import tables as t
from engine.store.journal import Entry
from engine.store.tables import COMPANY, OUTCOMES, ActionState


def shown(ws: Workspace, conn: Connection, account: str, now: datetime) -> str:
    """The newest draft of an account, as it would go now: to whom, its subject and its text."""
    draft = _draft(conn, account)
    detail = orjson.loads(draft.detail)
    on = ws.today(now)
    about = known.account(ws, conn, account, Who("", now, on)).about([name for name, _ in detail["items"]])
    told = messages.facts(
        ws,
        conn,
        account,
        Listed(about.amount, about.currency, about.items, []),
        on=on,
        respond_by=ws.calendar.next_open(on + timedelta(days=ws.live.house.answer)),
        to=detail["to"],
        from_=detail.get("people", {}).get("from"),
        agreed=detail,
    )
    made = render(ws.templates, detail["template"], told)
    if isinstance(made, Problem):
        raise Refused(f"{made.place}: {made.sentence}", made.suggestion)
    to = (
        ", ".join(messages.recipients(conn, account, detail["to"], on))
        or f"nobody: no address of their {detail['to']}"
    )
    return f"To: {to}\nSubject: {made.subject}\n\n{made.text}"


def confirm(ws: Workspace, engine: Engine, account: str, who: Who) -> str:
    """Send the newest draft: it goes into the outbox, and out in the customer's hours."""
    with verb(engine, account, who) as (conn, entries):
        draft = _draft(conn, account, who.company, lock=True)
        detail = orjson.loads(draft.detail)
        _must_be_agreed(conn, account, detail)
        it = known.account(ws, conn, account, who)
        if not any(role == detail["to"] for role, _ in it.emails):
            raise Refused(
                f"{account}: there is no e-mail address of their {detail['to']}",
                f"add one to the customer master, or let it go:  dunwell confirm {account} --drop",
            )
        about = it.about([name for name, _ in detail["items"]])
        due = it.clock.from_moment(who.at)
        carried = {name: value for name, value in detail.items() if name not in ("value", "what", "items")}
        entries.append(send(ws, conn, account, draft.occurrence, carried, about, due, who))
        change_action(conn, draft.key, ActionState.DONE, "sent", who)
        entries.append(Entry("task done", account, {"key": draft.key, "by": who.by, "on": who.on}))
        now = due.at is None or due.at <= who.at
        office = ws.settings.workspace.zone
        when = "now" if now else sentences.when(due.day, due.at, who.on, it.clock.zone, office)
        return f"{account}: {sentences.email_follows(detail['template'], 'their ' + detail['to'], when)}"


def drop(engine: Engine, account: str, who: Who, *, because: str = "") -> str:
    """Let the newest draft go."""
    with verb(engine, account, who) as (conn, entries):
        draft = _draft(conn, account, who.company, lock=True)
        reason = f"{sentences.LET_GO}: {because}" if because else sentences.LET_GO
        change_action(conn, draft.key, ActionState.CANCELLED, reason, who)
        entries.append(
            Entry("cancelled", account, {"key": draft.key, "because": sentences.LET_GO, "by": who.by})
        )
        return f"{account}: the confirmation is let go."


def _draft(conn: Connection, account: str, company: str = COMPANY, *, lock: bool = False) -> Any:
    a = t.action.c
    planned = a.state == ActionState.PLANNED.value
    waits = (a.company == company, a.policy == OUTCOMES, a.step == CONFIRMATION, planned)
    query = sa.select(t.action).where(*waits, a.account == account).order_by(a.occurrence.desc()).limit(1)
    found = conn.execute(query.with_for_update() if lock else query).first()
    if found is None:
        others = [name for (name,) in conn.execute(sa.select(a.account).where(*waits).distinct())]
        raise NotFound("confirmation drafted for", account, near(account, others))
    return found


def _must_be_agreed(conn: Connection, account: str, detail: Any) -> None:
    """What waits for somebody's yes is not confirmed to the customer."""
    c = t.concession.c
    query = sa.select(c.text).where(c.id.in_(detail.get("concessions", ())), c.state == "awaiting approval")
    waiting = list(conn.execute(query).scalars())
    if waiting:
        raise Refused(
            f"{account}: {'; '.join(waiting)} still waits for somebody's yes",
            f"dunwell approve {account}  ·  or let it go:  dunwell confirm {account} --drop",
        )
