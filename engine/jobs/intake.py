"""Files in: which profile reads them, what they are, and what came of it. Nothing is half taken in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from sqlalchemy.engine import Engine

from engine.core.problem import Problem, Severity
from engine.errors import DunwellError, NotFound, Refused
from engine.jobs.imports import ImportReport, import_customers, import_ledger
from engine.jobs.workspace import Workspace
from engine.readers import profile as profiles
from engine.readers.confined import open_tables
from engine.readers.customers import CustomersReading, read_customers_tables
from engine.readers.headers import find_header
from engine.readers.ledger import read_ledger_tables
from engine.readers.profile import Profile
from engine.readers.reading import Reading
from engine.readers.table import Table, read_tables


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of one file. `report` is None where it was refused; `problems` then says why, all at once."""

    name: str
    reading: Reading | CustomersReading | None
    report: ImportReport | None
    problems: tuple[Problem, ...]


def take_in(
    ws: Workspace,
    path: Path,
    *,
    now: datetime,
    by: str,
    as_of: date | None = None,
    profile: str | None = None,
    customers: bool = False,
) -> Intake:
    """Read a file by its profile and store it, all or nothing.

    The profile is the one named, else the settings' own for ledgers or for customers, else none: headers by meaning.
    """
    source = Source(path.name, content(path), as_of=as_of, profile=profile, customers=customers)
    return take(ws, source, now=now, by=by)


@dataclass(frozen=True, slots=True)
class Source:
    """What came from somewhere, before it is read.

    `tables` are there already where it was no file; `data` then is what tells one answer from another. `as_of`
    beats the day that it says itself, `otherwise` is the day where it says none. `live` and `seen` as for
    `import_ledger`. `agrees` gives what speaks against it once it has been read.
    """

    name: str
    data: bytes
    tables: Sequence[Table] | None = None
    as_of: date | None = None
    otherwise: date | None = None
    profile: str | None = None
    customers: bool = False
    live: bool = False
    seen: datetime | None = None
    agrees: Callable[[Reading | CustomersReading], tuple[Problem, ...]] = lambda reading: ()


def take(ws: Workspace, source: Source, *, now: datetime, by: str) -> Intake:
    """Read what came and store it, all or nothing. Refused where it is older than the ledger there is."""
    seen = look_at(ws, source)
    if seen.reading is None or any(problem.severity is Severity.ERROR for problem in seen.problems):
        return seen
    engine = ws.database()
    try:
        return replace(seen, report=_store(engine, source, seen.reading, by, now))
    finally:
        engine.dispose()


def look_at(ws: Workspace, source: Source) -> Intake:
    """Read what came, and change nothing."""
    settings = ws.settings.ledger
    own = settings.customers_profile if source.customers else settings.profile
    how, problems = _profile(ws, source.profile or own) if source.profile or own else (Profile(), ())
    if how is None or problems:
        return Intake(source.name, None, None, problems)
    tables: Sequence[Table]
    if source.tables is not None:
        tables, how = source.tables, replace(how, header=(1,), sheet="")
    else:
        tables, found = open_tables(source.name, source.data, how)
        if found:
            return Intake(source.name, None, None, tuple(found))
    reading = _read(ws, source, tables, how)
    against = source.agrees(reading) if reading.ok else ()
    return Intake(source.name, reading, None, (*reading.problems, *against))


def _read(ws: Workspace, source: Source, tables: Sequence[Table], how: Profile) -> Reading | CustomersReading:
    if source.customers:
        return read_customers_tables(tables, profile=how, currency=_currency(ws))
    return read_ledger_tables(
        tables,
        profile=how,
        as_of=source.as_of,
        currency=ws.settings.ledger.currency,
        otherwise=source.otherwise,
    )


def _store(
    engine: Engine, source: Source, reading: Reading | CustomersReading, by: str, now: datetime
) -> ImportReport:
    name, data, live = source.name, source.data, source.live
    if isinstance(reading, CustomersReading):
        return import_customers(engine, name, data, reading, by=by, at=now)
    return import_ledger(
        engine, name, data, reading, as_of=source.as_of, by=by, at=now, seen=source.seen, live=live
    )


def content(path: Path) -> bytes:
    """The bytes of a file that somebody named."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise Refused(
            f"there is no file {path}", "check the name; a path counts from where you are"
        ) from None
    except OSError as error:
        raise DunwellError(f"{path} cannot be read: {error.strerror or error}") from error


def own_profile(ws: Workspace, file: Path) -> str | None:
    """A profile that is called like the file is meant for it."""
    return file.stem if (ws.files.profiles / f"{file.stem}.toml").is_file() else None


def is_master(ws: Workspace, file: Path, named: str | None) -> bool:
    """A list of customers, by its profile or because no column of it is about an invoice."""
    if named is not None:
        return named == (ws.settings.ledger.customers_profile or "customers")
    tables, problems = read_tables(file.name, content(file))
    return not problems and lists_customers(tables)


def lists_customers(tables: Sequence[Table]) -> bool:
    """Whether no column is about an invoice, and one about a customer."""
    for table in tables:
        header, _ = find_header(table, Profile())
        if header is not None and {"open", "amount", "due", "date", "item"} & set(header.columns):
            return False
    return any(find_header(table, Profile(), master=True)[0] is not None for table in tables)


def _currency(ws: Workspace) -> str | None:
    """What a credit limit without a currency is in. An open amount is not left to that: its file or profile must say."""
    house = ws.book.house.currency if ws.book is not None else None
    return ws.settings.ledger.currency or house


def _profile(ws: Workspace, name: str) -> tuple[Profile | None, tuple[Problem, ...]]:
    folder = ws.files.profiles
    file = folder / f"{name.removesuffix('.toml')}.toml"
    if not file.is_file():
        there = tuple(sorted(path.stem for path in folder.glob("*.toml")))
        raise NotFound("profile", name, there)
    return profiles.read(file.relative_to(ws.root).as_posix(), file.read_text("utf-8"))
