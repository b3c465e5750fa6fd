"""A file that somebody has brought to the desk: kept until it is taken in, and read by a profile that grows meanwhile.

It is taken in as the command line would: the profile is written to the workspace's profiles, then the file is imported by it,
all or nothing.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import orjson

from engine import limited
from engine.core.problem import Problem, Severity
from engine.core.sentences import set_up as said
from engine.errors import DunwellError, Refused, WrongFields
from engine.jobs.cases.who import Who
from engine.jobs.edits import put
from engine.jobs.intake import Intake, Source, lists_customers, take
from engine.jobs.workspace import Workspace
from engine.readers import mapping
from engine.readers import profile as profiles
from engine.readers.confined import LIMITS, few_tables, too_big
from engine.readers.customers import read_customers_tables
from engine.readers.ledger import read_ledger_tables
from engine.readers.mapping import Shown
from engine.readers.profile import Profile
from engine.readers.propose import propose_tables
from engine.readers.table import Table, read_tables

FOLDER = ".set-up"  # beside dunwell.toml; nobody else can read it
_FILE, _DRAFT = "file", "draft.json"
_SHOWN = 30  # problems
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Draft:
    """A file that waits. `text` is the profile as it stands, `profile` the name it will have; `as_of` is empty or a day."""

    name: str
    master: bool
    profile: str
    text: str
    as_of: str = ""
    by: str = ""

    @property
    def day(self) -> date | None:
        return date.fromisoformat(self.as_of) if self.as_of else None

    def read(self) -> Profile:
        """The profile. Refused where its text has a problem."""
        found, problems = profiles.read(f"{self.profile}.toml", self.text)
        if found is None:
            raise Refused(f"{problems[0].place}: {problems[0].sentence}", problems[0].suggestion)
        return found


@dataclass(frozen=True, slots=True)
class Seen:
    """How a file looks by its profile: its first rows, its sheets, and the document types that nobody knows."""

    found: Shown
    sheets: tuple[str, ...]
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A problem of a row, as somebody sees it who has the file before them."""

    bad: bool
    where: str
    sentence: str
    helps: str


@dataclass(frozen=True, slots=True)
class Looked:
    """The whole file as it is read now: its sums by currency, or what is in the way. `left_out` rows were to be."""

    ok: bool
    rows: int
    left_out: int
    day: date | None
    totals: Mapping[str, int]
    notes: tuple[str, ...]
    problems: tuple[Told, ...]
    more: int


def bring(
    ws: Workspace, name: str, data: bytes, by: str
) -> tuple[Draft, Sequence[Table] | None, Seen | None]:
    """A file has come: what it is, and the profile that is proposed for it, or that the workspace has already; and its tables,
    or where they are large how it looks. Refused for one that cannot be opened."""
    name = re.sub(r"[\x00-\x1f/\\]", "", name).strip()[-120:] or "ledger.csv"
    kept = {master: known(ws, master) for master in (False, True)}
    tables, problems = few_tables(name, data, Profile())
    draft, seen = None, None
    if tables is None:
        try:
            draft, seen, problems = limited.call(LIMITS, _drafted_apart, name, data, kept, by)
        except limited.Ended as ended:
            problems = [too_big(name, ended)]
    if problems:
        raise Refused(f"{name}: {problems[0].sentence}", problems[0].suggestion)
    draft = draft or _drafted(name, tables or (), kept, by)
    draft.read()
    folder = _folder(ws)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(mode=0o700)
        _write(folder / _FILE, data)
        keep(ws, draft)
    except OSError as error:
        raise DunwellError(f"{folder.name} cannot be written: {error.strerror or error}") from error
    return draft, tables, seen


def _drafted(name: str, tables: Sequence[Table], kept: Mapping[bool, tuple[str, str]], by: str) -> Draft:
    master = lists_customers(tables)
    profile, text = kept[master]
    if not text:
        text = mapping.proposed(name, tables) if master else propose_tables(name, tables, [])
    return Draft(name, master, profile, text, by=by)


def _drafted_apart(
    name: str, data: bytes, kept: Mapping[bool, tuple[str, str]], by: str
) -> tuple[Draft | None, Seen | None, list[Problem]]:
    """Nothing of a file that cannot be opened; how it looks is not known where its profile has a problem."""
    tables, problems = read_tables(name, data)
    if problems:
        return None, None, problems
    draft = _drafted(name, tables, kept, by)
    try:
        return draft, seen(draft, tables), []
    except Refused:
        return draft, None, []


def known(ws: Workspace, master: bool) -> tuple[str, str]:
    """The name of the profile by which such files are read, and its text where it is there."""
    ours = ws.settings.ledger
    name = ours.customers_profile if master else ours.profile
    path = ws.files.profiles / f"{name.removesuffix('.toml')}.toml"
    if name and path.is_file():
        return path.stem, path.read_text("utf-8")
    return name or ("customers" if master else "ledger"), ""


def found(ws: Workspace) -> Draft | None:
    """What waits, if anything does."""
    try:
        return Draft(**orjson.loads((_folder(ws) / _DRAFT).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def keep(ws: Workspace, draft: Draft) -> None:
    _write(_folder(ws) / _DRAFT, orjson.dumps(asdict(draft)))


def drop(ws: Workspace) -> None:
    shutil.rmtree(_folder(ws), ignore_errors=True)


def opened(ws: Workspace, draft: Draft) -> Sequence[Table] | None:
    """The tables of the file that waits; None where they are large. Refused where it cannot be opened any more."""
    tables, problems = few_tables(draft.name, _content(ws), draft.read())
    if problems:
        raise Refused(problems[0].sentence, problems[0].suggestion)
    return tables


def content(ws: Workspace) -> Path:
    """The file that waits."""
    return _folder(ws) / _FILE


def seen(draft: Draft, tables: Sequence[Table]) -> Seen:
    """How a file looks by the profile as it stands."""
    profile = draft.read()
    found = mapping.shown(tables, profile, draft.master)
    sheets = tuple(table.sheet for table in tables if table.sheet)
    return Seen(found, sheets, mapping.types(tables, profile, draft.master))


def seen_apart(ws: Workspace, draft: Draft) -> Seen:
    """As `seen`, of a large file. Refused where it cannot be read within the limits."""
    draft.read()
    try:
        found = limited.call(LIMITS, _seen_at, content(ws), draft)
    except limited.Ended as ended:
        found = too_big(draft.name, ended)
    if isinstance(found, Problem):
        raise Refused(found.sentence, found.suggestion)
    return found


def _seen_at(path: Path, draft: Draft) -> Seen | Problem:
    tables, problems = tables_at(path, draft)
    return problems[0] if problems else seen(draft, tables)


def tables_at(path: Path, draft: Draft) -> tuple[Sequence[Table], Sequence[Problem]]:
    """The tables of a file that waits, however large."""
    how = draft.read()
    data = path.read_bytes()
    return read_tables(draft.name, data, encoding=how.encoding, separator=how.separator, sheet=how.sheet)


def stamp(ws: Workspace, draft: Draft) -> object:
    """What tells whether `opened` would give the same again."""
    told = (_folder(ws) / _FILE).stat()
    profile = draft.read()
    return told.st_mtime_ns, told.st_size, profile.encoding, profile.separator


def currencies(ws: Workspace) -> tuple[str | None, str | None]:
    """The one that the settings name for a file that names none, and the house's."""
    return ws.settings.ledger.currency, ws.book.house.currency if ws.book is not None else None


def look(draft: Draft, tables: Sequence[Table], codes: tuple[str | None, str | None]) -> Looked:
    """The whole file read, and nothing changed. The tables may be all of a file's sheets; `codes` are the `currencies`."""
    profile = draft.read()
    named = [table for table in tables if profile.sheet and table.sheet == profile.sheet]
    tables = named or tables
    ours, house = codes
    if draft.master:
        master = read_customers_tables(tables, profile=profile, currency=ours or house)
        return Looked(master.ok, master.customers.height, 0, None, {}, (), *_told(tables, master.problems))
    read = read_ledger_tables(tables, profile=profile, as_of=draft.day, currency=ours)
    return Looked(
        read.ok,
        read.rows.height,
        len(read.set_aside),
        read.as_of,
        read.total_of_rows,
        tuple(read.notes),
        *_told(tables, read.problems),
    )


def _told(tables: Sequence[Table], problems: Sequence[Problem]) -> tuple[tuple[Told, ...], int]:
    """The first of them, and how many more there are."""
    found = []
    for one in problems[:_SHOWN]:
        table = next((table for table in tables if table.sheet == one.place.sheet), None)
        row, column = mapping.placed(table, one.place)
        sheet = f"sheet {one.place.sheet}, " if one.place.sheet else ""
        where = f"{sheet}row {row}" + (f", column {column}" if column else "")
        bad = one.severity is Severity.ERROR
        found.append(Told(bad, where, one.sentence, said.helps(one.code, one.suggestion)))
    return tuple(found), max(len(problems) - _SHOWN, 0)


def take_in(ws: Workspace, draft: Draft, who: Who) -> tuple[Intake, str]:
    """The profile is written, then the file is imported by it. The intake, and the profile's name from the workspace.

    Where the file is refused, the profiles are as they were. WrongFields for a name that is none, or of another profile.
    """
    path = _target(ws, draft)
    before = path.read_bytes() if path.is_file() else None
    put(path, draft.text.encode())
    source = Source(draft.name, _content(ws), as_of=draft.day, profile=draft.profile, customers=draft.master)
    taken: Intake | None = None
    try:
        taken = take(ws, source, now=who.at, by=who.by)
    finally:
        if taken is None or taken.report is None:
            if before is None:
                path.unlink(missing_ok=True)
            else:
                put(path, before)
    if taken.report is not None:
        drop(ws)
    return taken, path.relative_to(ws.root).as_posix()


def _target(ws: Workspace, draft: Draft) -> Path:
    if not _NAME.fullmatch(draft.profile):
        raise WrongFields(
            {"profile": f"“{draft.profile}” is no name; letters, digits and dashes, like ledger"}
        )
    path = ws.files.profiles / f"{draft.profile}.toml"
    if path.exists() and draft.profile != known(ws, draft.master)[0]:
        raise WrongFields({"profile": f"there is a profile “{draft.profile}” already; take another name"})
    return path


def _folder(ws: Workspace) -> Path:
    return ws.root / FOLDER


def _content(ws: Workspace) -> bytes:
    try:
        return (_folder(ws) / _FILE).read_bytes()
    except OSError:
        raise Refused("the file is not here any more", "bring it again") from None


def _write(path: Path, data: bytes) -> None:
    beside = path.with_name(f"{path.name}.{secrets.token_hex(6)}")  # two clicks may be written at once
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
    beside.replace(path)
