"""A file that somebody has brought to the desk: kept until it is taken in, and read by a profile that grows meanwhile.

It is taken in as the command line would: the profile is written to the workspace's profiles, then the file is imported by it,
all or nothing.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import orjson

from engine.core.problem import Problem, Severity
from engine.errors import DunwellError, Refused, WrongFields
from engine.jobs.cases.who import Who
from engine.jobs.edits import put
from engine.jobs.intake import Intake, Source, lists_customers, take
from engine.jobs.workspace import Workspace
from engine.readers import mapping
from engine.readers import profile as profiles
from engine.readers.confined import open_tables, proposal
from engine.readers.customers import CustomersReading, read_customers_tables
from engine.readers.ledger import read_ledger_tables
from engine.readers.profile import Profile
from engine.readers.reading import Reading
from engine.readers.table import Table

FOLDER = ".set-up"  # beside dunwell.toml; nobody else can read it
_FILE, _DRAFT = "file", "draft.json"
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


def bring(ws: Workspace, name: str, data: bytes, by: str) -> tuple[Draft, Sequence[Table]]:
    """A file has come: what it is, and the profile that is proposed for it, or that the workspace has already; and its tables.
    Refused for one that cannot be opened."""
    name = re.sub(r"[\x00-\x1f/\\]", "", name).strip()[-120:] or "ledger.csv"
    tables, problems = open_tables(name, data, Profile())
    if problems:
        first = problems[0]
        raise Refused(f"{name}: {first.sentence}", first.suggestion)
    master = lists_customers(tables)
    kept, text = known(ws, master)
    if not text:
        text = mapping.proposed(name, tables) if master else proposal(name, data, tables)
    draft = Draft(name, master, kept, text, by=by)
    draft.read()
    folder = _folder(ws)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(mode=0o700)
        _write(folder / _FILE, data)
        keep(ws, draft)
    except OSError as error:
        raise DunwellError(f"{folder.name} cannot be written: {error.strerror or error}") from error
    return draft, tables


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


def opened(ws: Workspace, draft: Draft) -> Sequence[Table]:
    """The tables of the file that waits. Refused where it cannot be opened any more."""
    tables, problems = open_tables(draft.name, _content(ws), draft.read())
    if problems:
        raise Refused(problems[0].sentence, problems[0].suggestion)
    return tables


def stamp(ws: Workspace, draft: Draft) -> object:
    """What tells whether `opened` would give the same again."""
    told = (_folder(ws) / _FILE).stat()
    profile = draft.read()
    return told.st_mtime_ns, told.st_size, profile.encoding, profile.separator


def look(ws: Workspace, draft: Draft, tables: Sequence[Table]) -> Reading | CustomersReading:
    """The whole file read, and nothing changed. The tables may be all of a file's sheets."""
    profile = draft.read()
    named = [table for table in tables if profile.sheet and table.sheet == profile.sheet]
    tables = named or tables
    house = ws.book.house.currency if ws.book is not None else None
    currency = ws.settings.ledger.currency
    if draft.master:
        return read_customers_tables(tables, profile=profile, currency=currency or house)
    return read_ledger_tables(tables, profile=profile, as_of=draft.day, currency=currency)


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


def errors(reading: Reading | CustomersReading) -> list[Problem]:
    return [one for one in reading.problems if one.severity is Severity.ERROR]


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
