"""What people say to a change of policies: a second person agrees or declines, or an earlier release is to be live again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches

from sqlalchemy.engine import Connection, Engine

from engine import settings
from engine.core.problem import Problem
from engine.errors import NotFound, Refused
from engine.jobs.deciding import ON_APPROVAL, many, mode
from engine.jobs.releases import go_live, take_in
from engine.settings import texts as on_disk
from engine.settings.texts import from_kept
from engine.store import database, journal, released, releases
from engine.store.journal import Entry
from engine.store.released import Release, State

APPROVERS = ("credit manager", "supervisor")


class BrokenRelease(Refused):
    """What was to become live has problems, by now at least; they are in `problems`."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        first = problems[0]
        super().__init__(
            f"these policies have {many(len(problems), 'problem')}, so they do not become live",
            f"{first.place}: {first.sentence}",
        )
        self.problems = problems


def approve(
    engine: Engine,
    files: settings.Workspace,
    by: str,
    now: datetime,
    *,
    number: int | None = None,
    because: str = "",
) -> str:
    """A second person agrees to the change that waits: it is live. `number` is the release that the person has seen.

    Refused to who staged it and to who has no such role; raises BrokenRelease where it has become wrong meanwhile.
    """
    with database.reading(engine) as conn:
        waits = _waiting(conn, number)
        kept = released.texts(conn, waits.id)
    who = _approver(files, by)
    people = files.settings.people
    if who == files.person(waits.staged_by):
        others = [people[id].name for id in _approvers(files) if id != who]
        raise Refused(
            f"{people[who].name} changed these policies, so a second person agrees to them",
            f"{' or '.join(others)} may" if others else _nobody(),
        )
    book = _good(files, kept, waits.id)
    with database.writing(engine) as conn:
        _waiting(conn, waits.id)
        go_live(conn, waits.id, waits.hash, book, who, now, because)
    return f"Release {waits.id} is live, by {people[who].name}; the next run decides with it."


def decline(
    engine: Engine,
    files: settings.Workspace,
    by: str,
    now: datetime,
    *,
    because: str,
    number: int | None = None,
) -> str:
    """A person says no to the change that waits. The files stay as they are, and so do the live policies."""
    with database.writing(engine) as conn:
        waits = _waiting(conn, number)
        own = by == waits.staged_by or files.person(by) == files.person(waits.staged_by) is not None
        who = by if own else _approver(files, by)
        releases.decline(conn, waits.id, now, because)
        body = {"release": waits.id, "hash": waits.hash, "by": who}
        journal.append(conn, [Entry("policies declined", "", body, {"because": because})], now)
    return (
        f"Release {waits.id} is declined. The files are left as they are; "
        "once they change again, the change is looked at anew."
    )


def back(
    engine: Engine,
    files: settings.Workspace,
    by: str,
    now: datetime,
    *,
    number: int | None = None,
    because: str = "",
) -> str:
    """An earlier release is live again; without a number, the one before. The files are left as they are.

    The release it takes the place of counts as declined: files that still hold it are not taken again by themselves.
    """
    with database.reading(engine) as conn:
        live, to = released.live(conn), _earlier(conn, number)
        assert live is not None
        kept, was = released.texts(conn, to.id), released.texts(conn, live.id)
    who = _approver(files, by) if mode(was) == ON_APPROVAL else by
    book = _good(files, kept, to.id)
    with database.writing(engine) as conn:
        if (now_live := released.live(conn)) is None or now_live.id != live.id:
            raise Refused("another release has become live meanwhile", "“dunwell live” shows which")
        go_live(conn, to.id, to.hash, book, who, now, because)
        releases.decline(conn, live.id, now, because or f"back to release {to.id}")
    same = on_disk.read(files).hash == to.hash
    left = "" if same else " The files differ from it and are left as they are: bring them back too."
    return f"Release {to.id} is live again, in place of release {live.id}.{left}"


def stage(engine: Engine, files: settings.Workspace, by: str, now: datetime) -> list[str]:
    """A person asks for the files to be taken as they are now, also where they were declined."""
    return take_in(engine, files, on_disk.read(files), now, by=by)


def _waiting(conn: Connection, number: int | None) -> Release:
    """The change that waits, and no other than the one that was meant."""
    waits = released.standing(conn)
    if waits is None or waits.state is not State.STAGED:
        wrong = waits is not None and "the files have problems; “dunwell check” shows them"
        raise Refused(
            "no change of the policies waits for a second person",
            wrong or "“dunwell live stage” takes the files as they are now",
        )
    if number is not None and number != waits.id:
        raise Refused(
            f"it is release {waits.id} that waits, not {number}", "look at it first:  dunwell live --diff"
        )
    return waits


def _earlier(conn: Connection, number: int | None) -> Release:
    live = released.live(conn)
    to = released.before(conn) if number is None else released.find(conn, number)
    if live is None or to is None or to.live_at is None:
        known = ", ".join(str(one.id) for one in released.all_live(conn) if one.state is not State.LIVE)
        what = f"release {number} was never live" if number is not None else "there is no earlier release"
        raise Refused(what, f"these were: {known}" if known else "")
    if to.id == live.id:
        raise Refused(f"release {to.id} is live already")
    return to


def _good(files: settings.Workspace, kept: Mapping[str, str], number: int) -> str:
    """The hash of the book in these texts; BrokenRelease where today's settings or the past forbid them."""
    from engine.jobs.workspace import of_texts

    ws = of_texts(files, from_kept(kept), release=number).thorough()
    if ws.book is None:
        raise BrokenRelease(ws.errors)
    return ws.book.hash


def _approvers(files: settings.Workspace) -> list[str]:
    return list(dict.fromkeys(id for role in APPROVERS for id in files.people_with(role)))


def _approver(files: settings.Workspace, by: str) -> str:
    """The id of a person who may agree to policies."""
    people, may = files.settings.people, _approvers(files)
    who = files.person(by)
    if who is None:
        names = {name.casefold(): id for id, one in people.items() for name in (id, one.name)}
        near = get_close_matches(by.casefold(), names, 2, 0.6)
        raise NotFound("person", by, tuple(dict.fromkeys(names[name] for name in near)) or tuple(may))
    if who not in may:
        raise Refused(
            f"{people[who].name} may not agree to policies",
            f"{' or '.join(people[id].name for id in may)} may" if may else _nobody(),
        )
    return who


def _nobody() -> str:
    return f"give somebody the role {' or '.join(APPROVERS)} under [people] in {settings.FILE}"
