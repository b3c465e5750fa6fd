"""Who of ours calls next: whose turn it is, who is away, and whose role a call needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.language.policy import Kind, seniority
from engine.core.sentences import calls as sentences
from engine.errors import Refused
from engine.jobs.cases.who import Who
from engine.jobs.workspace import Workspace
from engine.store import tables as t
from engine.store.tables import COMPANY, UNDER_WAY, ActionState

COLLECTOR, PEER = "collector", "peer"


def person_of(ws: Workspace, by: str) -> str | None:
    """The id of whoever this is, by id or by name; None for somebody who is not in dunwell.toml."""
    word = by.strip().lower()
    people = ws.settings.people.items()
    return next((id for id, person in people if word in (id.lower(), person.name.lower())), None)


def name_of(ws: Workspace, person: str | None, role: str) -> str:
    """How somebody is called in a sentence: their name, else their role."""
    found = ws.settings.people.get(person or "")
    return found.name if found else f"a {role}"


def called(ws: Workspace, by: str) -> str:
    """Somebody's name, or what they were written down as."""
    person = person_of(ws, by)
    return ws.settings.people[person].name if person else by


def role_of(ws: Workspace, person: str | None, wanted: str = "") -> str:
    """The role in which somebody calls: the one that was wanted where they have it, else their first."""
    found = ws.settings.people.get(person or "")
    if found is None or wanted in found.roles:
        return wanted or COLLECTOR
    return found.roles[0] if found.roles else COLLECTOR


def must_have(ws: Workspace, account: str, role: str, assigned: str | None, who: Who) -> None:
    """Refused where a call needs a role that its caller has not. A collector's call may be made by anybody of ours."""
    person = person_of(ws, who.by)
    theirs = person is not None and person in (assigned, role)
    if not ws.settings.people or role in ("", COLLECTOR, PEER) or theirs:
        return
    roles = ws.settings.people[person].roles if person else ()
    if role in roles or max(map(seniority, roles), default=0) >= (seniority(role) or seniority("supervisor")):
        return
    able = [ws.settings.people[id].name for id in ws.files.people_with(role)]
    raise Refused(*sentences.not_yours(account, role, who.by, able))


def peers(ws: Workspace, conn: Connection, callers: Iterable[str], person: str | None, on: date) -> list[str]:
    """Colleagues who have not called this account and are here on a day, whoever has least to call first.

    `callers` are those who have called it, as they were written down. Colleagues have the role “peer”, or else the caller's.
    """
    called = {person_of(ws, by) for by in callers} | {person}
    group = ws.files.people_with(PEER) or ws.files.people_with(role_of(ws, person))
    return by_load(ws, conn, [id for id in group if id not in called], on)


def in_turn(ws: Workspace, conn: Connection, role: str, on: date) -> str | None:
    """Whoever has the role, is here and has least to call; None where nobody has."""
    return next(iter(by_load(ws, conn, ws.files.people_with(role), on)), None)


def by_load(ws: Workspace, conn: Connection, people: Sequence[str], on: date) -> list[str]:
    """Those who are here on a day, whoever has least to call first; else in the order of dunwell.toml."""
    absent = sa.select(t.absence.c.person).where(
        t.absence.c.company == COMPANY, t.absence.c.from_day <= on, t.absence.c.until >= on
    )
    away = {person_of(ws, name) for (name,) in conn.execute(absent)}
    a = t.action.c
    query = (
        sa.select(a.person, sa.func.count())
        .where(
            a.company == COMPANY,
            sa.text(f"action.{UNDER_WAY}"),
            a.kind == Kind.CALL.value,
            a.state.in_([ActionState.PLANNED.value, ActionState.PUT_BACK.value]),
            sa.or_(a.not_before.is_(None), a.not_before <= on),
        )
        .group_by(a.person)
    )
    load = {person: count for person, count in conn.execute(query)}  # noqa: C416 - rows of two are no pairs to mypy
    here = [id for id in people if id not in away]
    return sorted(here, key=lambda id: load.get(id, 0))
