"""A change of policies or messages is checked before it is live, and where the house wants it, a second person agrees.

Until then, and for as long as the files have a problem, the last good release decides. Whether a second person is
asked is what the live release says under `live:`, so that nobody ends the asking by a change of that line.
Asking `due` is light: what checks policies is loaded when there is something to check.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import Connection, Engine

from engine import settings
from engine.core.problem import Problem
from engine.jobs.deciding import ON_APPROVAL, ON_SAVE, many, mode, since
from engine.settings import texts as on_disk
from engine.settings.texts import Texts, from_kept
from engine.store import alarms, database, journal, released, releases
from engine.store.journal import Entry
from engine.store.released import Release, State

if TYPE_CHECKING:
    from engine.jobs.workspace import Workspace

APPROVERS = ("credit manager", "supervisor")
SAVED = "saved file"  # who changed it, where the system cannot tell
QUIET = 2.0  # seconds in which nothing changes, so that half a file is not taken for a whole one
_AGAIN = timedelta(hours=1)  # the past that a name lost may have become nobody's meanwhile
_FILES, _LIVE = "files", "live"  # what an alarm is about


# -- the duty --------------------------------------------------------------------------------------------------------


def due(conn: Connection, files: settings.Workspace, now: datetime) -> bool:
    """Whether the files, or the settings, are not as they were when they were last looked at."""
    if _stamp(files) != released.settings_seen(conn):
        return True
    hash = on_disk.read(files).hash
    live, stands = released.live(conn), released.standing(conn)
    if stands is not None and stands.hash != hash:
        return True
    if live is not None and live.hash == hash:
        return False
    known = released.of_hash(conn, hash)
    if known is not None and known.state is State.BROKEN:
        return now - known.staged_at >= _AGAIN
    return known is None or known.state not in (State.STAGED, State.DECLINED)


def take(
    ws: Workspace, clock: Callable[[], datetime], stop: threading.Event, *, quiet: float = QUIET
) -> list[str]:
    """Look at the files, once they are still: live, staged or broken. Sentences for the log."""
    engine = ws.database()
    try:
        said = _fits_settings(engine, ws.files, clock())
        texts = _still(ws.files, stop, quiet)
        return said if texts is None else [*said, *take_in(engine, ws.files, texts, clock())]
    finally:
        engine.dispose()


def take_in(
    engine: Engine,
    files: settings.Workspace,
    texts: Texts,
    now: datetime,
    *,
    by: str = "",
    checked: Workspace | None = None,
) -> list[str]:
    """Check these texts and make them live, or stage them, or say what is wrong. `by` is a person who asks for it.

    Without `by` the owner of the newest changed file is taken for who changed it, and what was declined stays so.
    `checked` is what has come of a check of just these texts, where there was one.
    """
    hash = texts.hash
    with database.reading(engine) as conn:
        live, stands, known = released.live(conn), released.standing(conn), released.of_hash(conn, hash)
        kept = released.texts(conn, live.id) if live else {}
    declined = known is not None and known.state is State.DECLINED and not by
    if declined or (live is not None and live.hash == hash):
        with database.writing(engine) as conn:
            over = releases.withdraw(conn, now)
            over |= alarms.cleared(conn, alarms.POLICIES, now, _FILES)
        return ["The files are again as they were before; nothing is left to decide."] if over else []
    if stands is not None and stands.hash == hash and stands.state is State.STAGED:
        return []
    if checked is None:
        from engine.jobs.workspace import of_texts

        checked = of_texts(files, texts).thorough()
    who = by or _owner(files, texts, kept)
    with database.writing(engine) as conn:
        if _id(released.live(conn)) != _id(live):
            return []  # somebody else was first: looked at again, against what is live now
        if checked.book is None:
            return [_broken(conn, files, hash, checked.errors, who, now)]
        number = releases.stage(conn, hash, checked.book.hash, texts.kept(), who, now)
        alarms.cleared(conn, alarms.POLICIES, now, _FILES)
        if live is None or mode(kept) == ON_SAVE:
            go_live(conn, number, hash, checked.book.hash, who, now)
            return [f"Release {number} of the policies is live, by {who}."]
        body = {"release": number, "hash": hash, "book": checked.book.hash, "by": who}
        journal.append(conn, [Entry("policies staged", "", body)], now)
        return [
            f"Release {number} of the policies waits for a second person; "
            f"release {live.id} stays live. “dunwell live” shows what would change."
        ]


def _broken(
    conn: Connection,
    files: settings.Workspace,
    hash: str,
    wrong: tuple[Problem, ...],
    by: str,
    now: datetime,
) -> str:
    stands, live = released.standing(conn), released.live(conn)
    if stands is not None and stands.hash == hash:
        releases.looked_again(conn, stands.id, wrong, now)
    else:
        releases.stage(conn, hash, None, {}, by, now, wrong)
    problems = many(len(wrong), "problem")
    stay = f"those that are live since {since(live, files)} stay" if live else "nothing is live yet"
    sentence = (
        f"the policies' files have {problems}; {stay}. The first: {wrong[0].place}: {wrong[0].sentence}"
    )
    alarms.raised(conn, alarms.POLICIES, _FILES, sentence, now)
    return sentence[:1].upper() + sentence[1:]


def _still(files: settings.Workspace, stop: threading.Event, quiet: float) -> Texts | None:
    """The texts, unless somebody is writing them."""
    before = on_disk.read(files).hash
    if stop.wait(quiet):
        return None
    texts = on_disk.read(files)
    return texts if texts.hash == before else None


def _fits_settings(engine: Engine, files: settings.Workspace, now: datetime) -> list[str]:
    """Settings that have changed may lack a person or a field that the live policies name."""
    stamp = _stamp(files)
    with database.reading(engine) as conn:
        if stamp == released.settings_seen(conn):
            return []
        live = released.live(conn)
        kept = released.texts(conn, live.id) if live else {}
    wrong: tuple[Problem, ...] = ()
    if live is not None:
        from engine.jobs.workspace import of_texts

        wrong = of_texts(files, from_kept(kept), release=live.id).errors
    with database.writing(engine) as conn:
        releases.saw_settings(conn, stamp)
        if not wrong:
            alarms.cleared(conn, alarms.POLICIES, now, _LIVE)
            return []
        sentence = (
            f"the policies that are live do not fit {settings.FILE} any more, so nothing is decided: "
            f"{wrong[0].place}: {wrong[0].sentence}"
        )
        alarms.raised(conn, alarms.POLICIES, _LIVE, sentence, now)
    return [sentence[:1].upper() + sentence[1:]]


def go_live(
    conn: Connection, number: int, hash: str, book: str | None, by: str, now: datetime, because: str = ""
) -> None:
    releases.make_live(conn, number, by, now, because)
    for about in (_FILES, _LIVE):
        alarms.cleared(conn, alarms.POLICIES, now, about)
    body = {"release": number, "hash": hash, "book": book, "by": by}
    said = {"because": because} if because else {}
    journal.append(conn, [Entry("policies live", "", body, said)], now)


# -- what is live ----------------------------------------------------------------------------------------------------


def live_workspace(where: Path | settings.Workspace) -> Workspace:
    """The workspace as it is live: today's settings, and the texts of the live release. Before the first, the files.

    Raises BrokenSettings for a path whose settings cannot be read, and DatabaseError.
    """
    from engine.jobs.workspace import BrokenSettings, of_texts

    found, problems = settings.load(where, where) if isinstance(where, Path) else (where, ())
    if found is None:
        raise BrokenSettings(problems)
    engine = database.open(found.database_url, read_only=True)
    try:
        with database.reading(engine) as conn:
            live = released.live(conn)
            kept = released.texts(conn, live.id) if live else {}
    finally:
        engine.dispose()
    if live is None:
        return of_texts(found, on_disk.read(found), problems)
    return of_texts(found, from_kept(kept), problems, live.id)


def used(ws: Workspace, now: datetime, by: str) -> None:
    """A run uses the files: from now on they are what is live."""
    if ws.release is not None or ws.book is None:
        return
    engine = ws.database()
    try:
        with database.writing(engine) as conn:
            live = released.live(conn)
            if live is not None and live.hash == ws.texts.hash:
                return
            if live is not None and mode(released.texts(conn, live.id)) == ON_APPROVAL:
                return  # it has become live meanwhile, and asks for a second person
            hash = ws.texts.hash
            number = releases.stage(conn, hash, ws.book.hash, ws.texts.kept(), by, now)
            go_live(conn, number, hash, ws.book.hash, by, now)
    finally:
        engine.dispose()


def status(conn: Connection, files: settings.Workspace) -> tuple[str, ...]:
    """Lines for a screen that shows how the service is: what is live, what waits, what is broken."""
    live, stands = released.live(conn), released.standing(conn)
    lines = (
        [f"Release {live.id}, live since {since(live, files)}, by {live.live_by}."]
        if live
        else ["Nothing is live yet."]
    )
    if stands is not None and stands.state is State.STAGED:
        lines.append(f"Release {stands.id} waits for a second person, staged by {stands.staged_by}.")
    elif stands is not None:
        lines.append(f"The files have {many(len(stands.problems), 'problem')}: {stands.problems[0]}")
    return tuple(lines)


def _owner(files: settings.Workspace, texts: Texts, kept: Mapping[str, str]) -> str:
    """Whose the newest changed file is: who has most likely changed it."""
    changed = [files.root / name for name, text in texts.kept().items() if kept.get(name) != text]
    try:
        return max(changed, key=lambda path: path.stat().st_mtime_ns).owner() if changed else SAVED
    except (OSError, KeyError, NotImplementedError):  # gone again, or a user without a name
        return SAVED


def _stamp(files: settings.Workspace) -> str:
    try:
        found = (files.root / settings.FILE).stat()
    except OSError:
        return "gone"
    return f"{found.st_mtime_ns} {found.st_size}"


def _id(one: Release | None) -> int | None:
    return None if one is None else one.id
