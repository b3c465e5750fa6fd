"""Ledgers that come by themselves: from a watched folder, or from a question to the accounting database.

Each file and each answer is taken in whole or not at all. What was taken is moved away only after that, so that
a crash in between brings the same file once more, which changes nothing.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from engine.core.problem import Place, Problem, Severity, problem_text
from engine.errors import NotFound, Refused
from engine.jobs import arrivals
from engine.jobs.intake import Intake, Source, look_at, take
from engine.jobs.workspace import Workspace
from engine.readers import query, watched
from engine.readers.customers import CustomersReading
from engine.readers.manifest import Manifest, read_manifest
from engine.readers.reading import Reading
from engine.readers.watched import Arrived
from engine.settings import Feed
from engine.store import database, feeds

Clock = Callable[[], datetime]
_MB = 2**20


class Outcome(StrEnum):
    """What became of a file or of an answer."""

    TAKEN = "taken"
    SAME = "same"  # what it says is known, so it only made the ledger fresh
    REFUSED = "refused"
    WAITS = "waits"  # not whole yet
    ODD = "odd"  # nothing that could be taken
    FAILED = "failed"  # the folder or the database did not answer
    WOULD = "would"  # it was only looked at, and would be taken


@dataclass(frozen=True, slots=True)
class Came:
    """One file or answer of a feed: what became of it, in a sentence, and every problem where it was refused."""

    feed: str
    name: str
    outcome: Outcome
    sentence: str
    problems: tuple[Problem, ...] = ()
    as_of: date | None = None

    @property
    def good(self) -> bool:
        return self.outcome in (Outcome.TAKEN, Outcome.SAME)

    @property
    def bad(self) -> bool:
        return self.outcome in (Outcome.REFUSED, Outcome.ODD, Outcome.FAILED)


def work(ws: Workspace, clock: Clock, stop: threading.Event) -> list[str]:
    """Everything that the feeds have to bring at this moment; a sentence for each file or answer."""
    engine = ws.database()
    try:
        with database.reading(engine) as conn:
            names = arrivals.due_feeds(conn, ws.files, clock())
    finally:
        engine.dispose()
    told = []
    for name in names:
        if not stop.is_set():
            came = bring(ws, name, clock, stop)
            told += [f"feed {name}: {one.sentence}" for one in came if one.outcome is not Outcome.WAITS]
    return told


def bring(
    ws: Workspace, name: str, clock: Clock, stop: threading.Event, *, only_look: bool = False
) -> tuple[Came, ...]:
    """What one feed has, taken in and written down as its state; with `only_look` nothing is changed.

    Raises NotFound for a feed that the settings do not have.
    """
    feed = ws.settings.feeds.get(name)
    if feed is None:
        raise NotFound("feed", name, tuple(ws.settings.feeds))
    if feed.query:
        came: tuple[Came, ...] = (_ask(ws, name, feed, clock, only_look),)
    else:
        came = _Folder(ws, name, feed, clock, only_look).bring(stop)
    if not only_look:
        _write_down(ws, name, came, clock())
    return came


def _write_down(ws: Workspace, name: str, came: tuple[Came, ...], now: datetime) -> None:
    """The state of a feed: what it brought is fresh, and what it could not bring is an alarm."""
    engine = ws.database()
    try:
        with database.writing(engine) as conn:
            good = [one for one in came if one.good]
            bad = [one for one in came if one.bad]
            if good:
                feeds.took(conn, name, good[-1].sentence, now, good[-1].as_of)
            if bad:
                feeds.failed(conn, name, bad[-1].sentence, now)
            if not good and not bad:
                sentence = came[-1].sentence if came else "nothing is there yet"
                feeds.waits(conn, name, sentence, now)
    finally:
        engine.dispose()


def _ask(ws: Workspace, name: str, feed: Feed, clock: Clock, only_look: bool) -> Came:
    """A query's answer. It is of the day on which it was asked."""
    try:
        text = (ws.root / feed.query).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        return Came(name, feed.query, Outcome.FAILED, f"{feed.query} cannot be read: {why}")
    zone = ZoneInfo(ws.settings.workspace.zone)
    asked = clock()
    assert feed.url is not None
    told = f"the answer of {feed.query}"
    table, problems = query.ask(told, text, feed.url.get_secret_value(), zone, ws.root)
    if table is None:
        return Came(name, feed.query, Outcome.FAILED, _first(problems), tuple(problems))
    source = Source(
        told,
        query.digest(table) + _profile_text(ws, feed),
        [table],
        as_of=ws.today(asked),
        profile=feed.profile or None,
        customers=feed.what == "customers",
        live=True,
        seen=asked,
    )
    return _taken(ws, name, source, clock, only_look)


def _profile_text(ws: Workspace, feed: Feed) -> bytes:
    """The profile belongs to what tells an answer from another: read otherwise, it says something else."""
    file = ws.files.profiles / f"{feed.profile.removesuffix('.toml')}.toml"
    return file.read_bytes() if feed.profile and file.is_file() else b""


class _Folder:
    """One watched folder, looked at once."""

    def __init__(self, ws: Workspace, name: str, feed: Feed, clock: Clock, only_look: bool) -> None:
        self._ws = ws
        self._name = name
        self._feed = feed
        self._clock = clock
        self._only_look = only_look
        self._folder = ws.root / feed.folder

    def bring(self, stop: threading.Event) -> tuple[Came, ...]:
        feed = self._feed
        try:
            first = watched.look(self._folder, feed.pattern, feed.complete)
            if first.ready:
                stop.wait(min(feed.quiet, 2) if feed.complete == "still" else feed.quiet)
            there = watched.look(self._folder, feed.pattern, feed.complete) if first.ready else first
        except OSError as error:
            sentence = f"the folder {feed.folder} cannot be read: {error.strerror or error}"
            return (self._came(feed.folder, Outcome.FAILED, sentence),)
        came = [self._came(name, Outcome.ODD, f"{name} {why}") for name, why in there.odd]
        came += [self._came(name, Outcome.WAITS, f"{name} {why}") for name, why in there.waiting]
        before = {file.name: file.stamp for file in first.ready}
        for file in there.ready:
            if stop.is_set():
                break
            if before.get(file.name) != file.stamp or not self._is_quiet(file):
                came.append(self._came(file.name, Outcome.WAITS, f"{file.name} is still being written"))
            else:
                came.append(self._one(file))
        return tuple(came)

    def _is_quiet(self, file: Arrived) -> bool:
        """Whether a file has not been touched for long enough; only `still` goes by the clock."""
        if self._feed.complete != "still":
            return True
        return self._clock().timestamp() - watched.changed_at(file) >= self._feed.quiet

    def _one(self, file: Arrived) -> Came:
        largest = self._feed.largest
        if file.size > largest * _MB:
            sentence = f"the file is {file.size // _MB:,} MB; the most this feed takes is {largest} MB"
            hint = f"export open items only, or raise `largest` in [feeds.{self._name}]"
            return self._refused(file, (Problem(Place(file.name), sentence, hint, "file-too-big"),))
        try:
            data = watched.content(self._folder, file, largest * _MB)
            manifest, problems = self._manifest(file)
        except watched.Changed:
            return self._came(file.name, Outcome.WAITS, f"{file.name} is still being written")
        except OSError as error:
            sentence = f"{file.name} cannot be read: {error.strerror or error}"
            return self._came(file.name, Outcome.ODD, sentence)
        if manifest is not None:
            problems = manifest.against(data)
        if problems:
            return self._refused(file, tuple(problems))
        came = _taken(self._ws, self._name, self._source(file, data, manifest), self._clock, self._only_look)
        if came.outcome is Outcome.REFUSED:
            problems = [self._hinted(problem) for problem in came.problems]
            return self._refused(file, tuple(problems))
        if came.good:
            return self._put_away(file, came)
        return came

    def _manifest(self, file: Arrived) -> tuple[Manifest | None, list[Problem]]:
        if not file.manifest:
            return None, []
        return read_manifest(file.manifest, watched.manifest(self._folder, file))

    def _source(self, file: Arrived, data: bytes, manifest: Manifest | None) -> Source:
        ws = self._ws
        now = self._clock()
        written = min(datetime.fromtimestamp(file.written, UTC), now)
        today = ws.today(now)
        day = ws.today(written) if self._feed.as_of == "written" else file.day

        def agrees(reading: Reading | CustomersReading) -> tuple[Problem, ...]:
            found = manifest.disagreements(reading) if manifest is not None else []
            if isinstance(reading, Reading) and reading.as_of is not None and reading.as_of > today:
                sentence = f"the file says it is of {reading.as_of}, and today is {today}"
                hint = "a ledger of a day to come would keep out those of the days before it"
                found.append(Problem(Place(file.name), sentence, hint, "future"))
            return tuple(found)

        return Source(
            file.name,
            data,
            as_of=manifest.as_of if manifest else None,
            otherwise=day,
            profile=self._feed.profile or None,
            customers=self._feed.what == "customers",
            seen=written,
            agrees=agrees,
        )

    def _hinted(self, problem: Problem) -> Problem:
        if problem.code != "no-day":
            return problem
        hint = (
            "put the day into its name, as in open-2026-03-31.csv, or take the day on which it was written: "
            f'as_of = "written" in [feeds.{self._name}]'
        )
        return replace(problem, suggestion=hint)

    def _put_away(self, file: Arrived, came: Came) -> Came:
        into = f"{watched.TAKEN}/{self._ws.today(self._clock())}"
        try:
            watched.put_away(self._folder, _names(file), into)
        except OSError as error:
            why = error.strerror or error
            sentence = f"{came.sentence}, but it cannot be moved to {into}: {why}"
            return replace(came, outcome=Outcome.ODD, sentence=sentence)
        return came

    def _refused(self, file: Arrived, problems: tuple[Problem, ...]) -> Came:
        """Every problem is written beside the file, where whoever exported it will look."""
        sentence = f"{file.name} was refused: {_first(problems)}"
        came = Came(self._name, file.name, Outcome.REFUSED, sentence, problems)
        if self._only_look:
            return came
        try:
            there = watched.put_away(self._folder, _names(file), watched.REFUSED)
            _write(there.with_name(there.name + ".problems.txt"), _report(file.name, problems, self._clock()))
        except OSError as error:
            why = error.strerror or error
            return replace(came, sentence=f"{sentence}; it cannot be moved to {watched.REFUSED}: {why}")
        return came

    def _came(self, name: str, outcome: Outcome, sentence: str) -> Came:
        return Came(self._name, name, outcome, sentence)


def _taken(ws: Workspace, feed: str, source: Source, clock: Clock, only_look: bool) -> Came:
    try:
        seen = look_at(ws, source) if only_look else take(ws, source, now=clock(), by=f"feed {feed}")
    except Refused as refused:
        hint = refused.hint.replace("--as-of", "a day in its name")
        problem = Problem(Place(source.name), refused.sentence, hint, "refused")
        return Came(feed, source.name, Outcome.REFUSED, refused.sentence, (problem,))
    errors = [problem for problem in seen.problems if problem.severity is Severity.ERROR]
    if errors:
        return Came(feed, source.name, Outcome.REFUSED, _first(errors), seen.problems)
    if only_look:
        return Came(feed, source.name, Outcome.WOULD, f"{source.name} would be taken: {_rows(seen)}")
    report = seen.report
    assert report is not None
    if report.already:
        sentence = f"{source.name}: the same as before"
        return Came(feed, source.name, Outcome.SAME, sentence, seen.problems, report.as_of)
    told = f"{report.rows:,} row{'s' * (report.rows != 1)}" + (
        f" as of {report.as_of}" if report.as_of else ""
    )
    asks = f"; the next run asks first: {report.hold}" if report.hold else ""
    return Came(feed, source.name, Outcome.TAKEN, f"{source.name}: {told}{asks}", seen.problems, report.as_of)


def _rows(seen: Intake) -> str:
    reading = seen.reading
    if isinstance(reading, CustomersReading):
        return f"{reading.customers.height:,} customers"
    assert reading is not None
    return f"{reading.rows.height:,} items as of {reading.as_of}"


def _first(problems: tuple[Problem, ...] | list[Problem]) -> str:
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    one = errors[0]
    where = f"{one.place}: " if one.place.line > 1 else ""
    more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
    return f"{where}{one.sentence}{more}"


def _names(file: Arrived) -> list[str]:
    return [file.name, file.manifest] if file.manifest else [file.name]


def _report(name: str, problems: tuple[Problem, ...], now: datetime) -> str:
    head = f"{name} was refused on {now:%Y-%m-%d %H:%M} UTC. Nothing was changed.\n\n"
    return head + "\n".join(problem_text(problem) for problem in problems)


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    with part.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
