"""What a change of the policies changes: in words, and for the accounts of today's ledger over the coming days.

Nothing is written. Settings, people and the ledger are today's for both sides; only policies and messages differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path, PurePosixPath

from engine.core import sentences
from engine.core.decision.allocate import Room
from engine.core.decision.plan import NOTHING_PAID, next_morning
from engine.core.decision.state import State
from engine.core.language.policy import PolicyBook
from engine.core.problem import Problem, Severity
from engine.core.trust.course import Course, by_both
from engine.core.trust.impact import Impact, impact
from engine.core.trust.wording import Change, changed
from engine.core.workdays import Calendar
from engine.errors import Refused
from engine.jobs import history
from engine.jobs.ahead import Ahead, ahead
from engine.jobs.beside import Beside, Ended
from engine.jobs.changes import FileChange, file_changes
from engine.jobs.deciding import since
from engine.jobs.workspace import Workspace, of_texts
from engine.readers.revisions import read_revision
from engine.settings import Workspace as Files
from engine.settings import texts as on_disk
from engine.settings.texts import from_kept
from engine.store import bulk, ledger, released

LIVE, FILES = "live", "files"
_MANY = 20_000  # items of which a walk takes longer than a second process takes to start


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two states that are compared. `said` is how it was asked for, `label` what it is."""

    said: str
    label: str
    ws: Workspace


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs. `impact` is None where there is no ledger, or where no word that decides has changed."""

    old: str  # what the two sides are, in words
    new: str
    files: tuple[FileChange, ...]
    words: tuple[Change, ...]
    impact: Impact | None
    ledger: bool  # there is one

    @property
    def nothing(self) -> bool:
        """Neither a word nor a message differs. A comment, or how a value is spaced, is no difference."""
        return not self.words and not self.messages

    @property
    def messages(self) -> tuple[FileChange, ...]:
        """The messages that differ."""
        return tuple(one for one in self.files if not one.file.endswith((".yaml", ".yml")))


class BrokenBook(Refused):
    """One of the two sides has problems: they are in `problems`, with the side's name before their places."""

    def __init__(self, side: str, problems: tuple[Problem, ...], hint: str, what: str = "compared") -> None:
        errors = [problem for problem in problems if problem.severity is Severity.ERROR]
        super().__init__(f"{side} cannot be {what}: {sentences.many(len(errors), 'problem')}", hint)
        self.problems = problems


def diff(
    ws: Workspace,
    old: str = LIVE,
    new: str = FILES,
    *,
    start: date,
    days: int,
    now: datetime,
    assumes: str = NOTHING_PAID,
) -> Difference:
    """Compare two states of the policies: `live`, `files`, a folder, or a revision of git.

    Raises BrokenBook, and Refused where there is no such state.
    """
    was, will = side(ws, old, earlier=True), side(ws, new, earlier=False)
    before, after = was.ws.live, will.ws.live
    words = changed(before, after)
    files = file_changes(was.ws.texts.kept(), will.ws.texts.kept())
    items = _items(ws.files)
    found = None
    if words and items is not None:
        with bulk.uncollected(), Beside(by_both.__module__) if items >= _MANY else nullcontext() as second:
            found = _impact(was.ws, will.ws, start, days, now, assumes, second)
    return Difference(was.label, will.label, files, words, found, items is not None)


def _items(files: Files) -> int | None:
    """How many items there are, settled ones too; None where there is no ledger."""
    with history.looking(files, must=True) as conn:
        return None if conn is None or ledger.newest(conn) is None else ledger.items(conn)


# -- the two sides ----------------------------------------------------------------------------------------------------


def side(ws: Workspace, said: str, *, earlier: bool, what: str = "compared") -> Side:
    """What somebody means. A folder goes before a revision of the same name. Raises BrokenBook and Refused as `diff`."""
    folder = Path(said).expanduser()
    if said == FILES:
        found = Side(said, "the files", ws)
    elif said == LIVE:
        found = _live(ws, what)
    elif folder.is_dir():
        found = _folder(ws, said, folder)
    else:
        found = _revision(ws, said)
    if found.ws.book is None:
        raise BrokenBook(found.label, _placed(found), _mend(found, earlier), what)
    return found


def _live(ws: Workspace, what: str) -> Side:
    with history.looking(ws.files, must=True) as conn:
        live = released.live(conn) if conn is not None else None
        if conn is None or live is None:
            if what != "compared":
                raise Refused(f"nothing is live yet that could be {what}", "write  files  for what lies here")
            raise Refused(
                "nothing is live yet, so there is nothing to compare the files with",
                "name something:  dunwell diff HEAD  or  dunwell diff FOLDER",
            )
        kept = released.texts(conn, live.id)
    label = f"release {live.id}, live since {since(live, ws.files)}"
    return Side(LIVE, label, of_texts(ws.files, from_kept(kept), release=live.id, alone=True))


def _folder(ws: Workspace, said: str, folder: Path) -> Side:
    """A folder laid out like the workspace; or that of the policies alone, with today's messages."""
    settings = ws.files.settings
    texts = on_disk.read(Files(folder.resolve(), settings))
    if not texts.policies:
        texts = _policies_alone(ws, folder.resolve())
    if not texts.policies:
        raise Refused(
            f"there are no policies in {said}",
            f"name the folder that holds “{settings.workspace.policies}”, or the policies themselves",
        )
    return Side(said, said, of_texts(ws.files, texts, alone=True))


def _policies_alone(ws: Workspace, folder: Path) -> on_disk.Texts:
    """The texts of a folder with nothing but policies, under the names that they have in the workspace."""
    settings = ws.files.settings
    own = settings.workspace.model_copy(update={"policies": Path(folder.name)})
    texts = on_disk.read(Files(folder.parent, settings.model_copy(update={"workspace": own})))
    at = PurePosixPath(settings.workspace.policies)
    named = {
        str(at / PurePosixPath(name).relative_to(folder.name)): data for name, data in texts.policies.items()
    }
    return replace(texts, policies=named, templates=ws.texts.templates)


def _revision(ws: Workspace, said: str) -> Side:
    found = read_revision(ws.files, said)
    label = f"{said} ({found.short}, {found.day}: {found.subject})"
    return Side(said, label, of_texts(ws.files, found.texts, alone=True))


def _placed(side: Side) -> tuple[Problem, ...]:
    """The problems of a side, each saying whose they are; those of the files are where everybody looks for them."""
    if side.said == FILES:
        return side.ws.problems
    return tuple(
        replace(problem, place=replace(problem.place, file=_file(side, problem.place.file)))
        for problem in side.ws.errors
    )


def _file(side: Side, file: str) -> str:
    if side.said == LIVE:
        return f"release {side.ws.release}:{file}"
    folder = Path(side.said).expanduser()
    if not folder.is_dir():
        return f"{side.said}:{file}"
    # Of a folder with the policies alone, the file is in it and not in a folder of it.
    inside = folder / file if (folder / file).exists() else folder / PurePosixPath(file).name
    return str(inside)


def _mend(side: Side, earlier: bool) -> str:
    if side.said == FILES:
        return "mend the files; “dunwell check” shows these problems again"
    if side.said == LIVE:
        return "they do not fit dunwell.toml any more: mend that, or compare with something else"
    if earlier:
        return "mend it there, or compare with a state that was good:  dunwell diff live"
    return "mend it there"


# -- what it comes to -------------------------------------------------------------------------------------------------


def _impact(
    was: Workspace,
    will: Workspace,
    start: date,
    days: int,
    now: datetime,
    assumes: str,
    second: Beside | None,
) -> Impact:
    """The coming days under both books. A day whose run has been made is over: the change counts from the next. The days
    before `start` go by the earlier book.
    """
    on = min(was.today(now), start)
    begin = ahead(was, on, now)
    other = begin
    if was.live.house.currency != will.live.house.currency:
        other = ahead(will, on, now)  # amounts count in the house's currency
    while begin.ran or on < start:
        alike = other is begin
        begin = _over(was, begin, on, assumes)
        other = begin if alike else _over(was, other, on, assumes)
        on += timedelta(days=1)
    room = begin.room
    coming = [on + timedelta(days=n) for n in range(days)]
    earlier, later = (
        (one.with_stop(ws.live), one.state, coming, ws.calendar, room, assumes)
        for ws, one in ((was, begin), (will, other))
    )
    old, new = _both(earlier, later, second)
    return impact(begin.state, old, new, room=room, assumes=assumes)


_Way = tuple[PolicyBook, State, Sequence[date], Calendar, Room, str]


def _both(earlier: _Way, later: _Way, second: Beside | None) -> tuple[Course, Course]:
    """Both courses; side by side, where there is a second process."""
    try:
        if second is None:
            raise Ended
        second.ask(by_both, *earlier)
        new = by_both(*later)
        return second.answer(), new
    except Ended:
        return by_both(*earlier), by_both(*later)


def _over(ws: Workspace, begin: Ahead, on: date, assumes: str) -> Ahead:
    """The morning after a day that was run already."""
    book = begin.with_stop(ws.live)
    state = next_morning(book, begin.state, on, ws.calendar, ws.rules, begin.room, assumes)
    room = Room(begin.room.people, away=begin.room.away)
    return replace(begin, state=replace(state, age=0), room=room, ran=False)
