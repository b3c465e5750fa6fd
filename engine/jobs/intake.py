"""Files in: which profile reads them, what they are, and what came of it. Nothing is half taken in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from engine.core.problem import Problem
from engine.errors import DunwellError, NotFound, Refused
from engine.jobs.imports import ImportReport, import_customers, import_ledger
from engine.jobs.workspace import Workspace
from engine.readers import profile as profiles
from engine.readers.customers import CustomersReading, read_customers
from engine.readers.ledger import read_ledger
from engine.readers.profile import Profile
from engine.readers.reading import Reading


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
    data = content(path)
    settings = ws.settings.ledger
    name = profile or (settings.customers_profile if customers else settings.profile)
    how, problems = _profile(ws, name) if name else (None, ())
    if problems:
        return Intake(path.name, None, None, problems)
    engine = ws.database()
    try:
        if customers:
            master = read_customers(path.name, data, profile=how, currency=_currency(ws))
            if not master.ok:
                return Intake(path.name, master, None, master.problems)
            report = import_customers(engine, path.name, data, master, by=by, at=now)
            return Intake(path.name, master, report, master.problems)
        reading = read_ledger(path.name, data, profile=how, as_of=as_of, currency=settings.currency)
        if not reading.ok:
            return Intake(path.name, reading, None, reading.problems)
        report = import_ledger(engine, path.name, data, reading, as_of=as_of, by=by, at=now)
        return Intake(path.name, reading, report, reading.problems)
    finally:
        engine.dispose()


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
