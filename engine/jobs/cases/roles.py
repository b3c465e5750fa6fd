"""Who may give what for a solution, and whom to ask where it is more than that."""

from __future__ import annotations

from collections.abc import Sequence

from engine.core import sentences
from engine.core.cases.concessions import Ask, who_may
from engine.errors import Refused
from engine.jobs.workspace import Workspace


def roles_of(ws: Workspace, by: str) -> tuple[str, ...]:
    """The roles of whoever is meant, by their id or their name; none for somebody who is not in dunwell.toml."""
    wanted = by.strip().lower()
    for id, person in ws.settings.people.items():
        if wanted in (id.lower(), person.name.lower()):
            return tuple(person.roles)
    return ()


def whose_yes(ws: Workspace, by: str, ask: Ask) -> str:
    """The role that must agree to what somebody wants to give; empty where they may by themselves.

    Refused where nobody in the workspace has a role that may.
    """
    able = who_may(ws.live.house, ask)
    if set(roles_of(ws, by)) & set(able):
        return ""
    for role in able:
        if ws.files.people_with(role):
            return role
    raise Refused(*sentences.nobody_may(able))


def must_be_able(ws: Workspace, by: str, ask: Ask) -> None:
    """Refused, with who may, for somebody whose roles do not go so far."""
    able = who_may(ws.live.house, ask)
    roles = roles_of(ws, by)
    if not set(roles) & set(able):
        raise Refused(*sentences.may_not(by, roles, able, names_of(ws, able)))


def names_of(ws: Workspace, roles: Sequence[str]) -> list[str]:
    """Everybody who has one of these roles, by name."""
    people = ws.settings.people
    ids = dict.fromkeys(id for role in roles for id in ws.files.people_with(role))
    return [people[id].name for id in ids]


def one_person(ws: Workspace, somebody: str) -> tuple[str, str | None]:
    """(role, person) for a role or a person that was named; the person too where a role has just one."""
    if somebody in ws.settings.people:
        roles = ws.settings.people[somebody].roles
        return (roles[0] if roles else somebody), somebody
    having = ws.files.people_with(somebody)
    return somebody, having[0] if len(having) == 1 else None
