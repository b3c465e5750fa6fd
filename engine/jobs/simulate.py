"""Past days played again under one state of the policies, or several. Nothing is written, and nothing is sent.

The history is the ledger's own; or that of files, or of made-up customers, taken into a database of their own meanwhile.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path

import polars as pl
from sqlalchemy.engine import Connection

from engine.core.decision import questions
from engine.core.decision.allocate import Room
from engine.core.decision.state import ACCOUNTS, ADDRESSES
from engine.core.figures.records import Records
from engine.core.problem import Problem
from engine.core.sentences import simulated as said
from engine.core.trust.simulate import Simulation, Under, simulate
from engine.core.trust.simulate.behaviour import ACCOUNT, Behaviour, behaviour
from engine.core.trust.simulate.history import History, history
from engine.errors import NotFound, Refused
from engine.jobs import diff
from engine.jobs.intake import is_master, own_profile, take_in
from engine.jobs.workspace import Workspace
from engine.sample import generate
from engine.settings import Workspace as Files
from engine.store import bulk, database, figures
from engine.store.kept import kept

GAP = 31  # days without anything on record that are told
UNSEEN = 14  # days without a ledger after which it matters that payments have no day of their own
GROUPS = ("account", "segment", "terms", "country", "currency", "risk", "owner", "legal_form", "industry")
_NOT_PLAYED = ("response", "broken", "kept", "promise", "plan")  # they follow from calls


@dataclass(frozen=True, slots=True)
class Asked:
    """What to play. No `policies` are those that decide now; no days are all that is known.

    `files` are taken in place of the ledger, in their order, read by `profile` and as of `as_of`; `made_up` customers, if any,
    in place of both. `account` must be one that is played.
    """

    policies: Sequence[str] = ()
    first: date | None = None
    last: date | None = None
    draws: int = 0
    seed: int = 1
    by: str = ACCOUNT
    files: Sequence[Path] = ()
    profile: str | None = None
    as_of: date | None = None
    made_up: int = 0
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Played:
    """A simulation, the accounts' names by its rows, and what must be said with it."""

    simulation: Simulation
    accounts: pl.DataFrame  # account, name
    source: str
    notes: tuple[str, ...]


class BrokenFile(Refused):
    """A file of the history could not be read: its problems are in `problems`."""

    def __init__(self, file: str, problems: tuple[Problem, ...]) -> None:
        super().__init__(
            f"{file} cannot be played",
            "put right what is listed; “dunwell help ledger” says how files are read",
        )
        self.problems = problems


def play(
    ws: Workspace,
    asked: Asked,
    *,
    now: datetime,
    starts: Callable[[int], None] = lambda days: None,
    heard: Callable[[], None] = lambda: None,
) -> Played:
    """Play the days. `starts` is told how many there are in all, `heard` called once for each.

    Raises Refused where there is no history of these days, and BrokenBook or BrokenFile with every problem.
    """
    sides = [diff.side(ws, each, earlier=False, what="played") for each in dict.fromkeys(asked.policies)]
    under = [_under(one.label, one.ws) for one in sides] or [_under("", ws)]
    house = {one.book.house.currency for one in under}
    if len(house) > 1:
        raise Refused(
            f"the policies count in {' and '.join(sorted(house))}, and cannot stand beside one another",
            "simulate them one at a time",
        )
    with bulk.uncollected(), _source(ws, asked, now) as (conn, source):
        records = figures.records(conn)
        known = history(records, kept(conn, ws.today(now), ws.own_columns), house.pop())
    if known is None:
        raise Refused(
            "there is no ledger yet", "“dunwell import FILE” takes one in: your accounting system's export"
        )
    names = known.accounts.select("account", "name")
    _must_know(names["account"].to_list(), asked.account)
    first, last = _days(known, asked)
    how = _behaviour(known, asked.by) if asked.draws else None
    starts(((last - first).days + 1) * len(under) * (1 + asked.draws))
    with bulk.uncollected():
        found = simulate(known, under, first, last, draws=asked.draws, seed=asked.seed, how=how, heard=heard)
    return Played(found, names, source, tuple(_notes(known, records, found, under, asked)))


def _under(label: str, ws: Workspace) -> Under:
    return Under(label, ws.live, ws.calendar, ws.rules, Room(ws.people))


# -- whose history ------------------------------------------------------------------------------------------------------


@contextmanager
def _source(ws: Workspace, asked: Asked, now: datetime) -> Iterator[tuple[Connection, str]]:
    """A look into the database with the history, and what it is."""
    if not asked.files and not asked.made_up:
        with _look(ws) as conn:
            yield conn, ""
        return
    with tempfile.TemporaryDirectory(prefix="dunwell-") as folder:
        place = Path(folder)
        if asked.made_up:
            apart = _apart(ws, place, place)
            source = _make_up(apart, place, asked.made_up, asked.seed, now)
        else:
            apart = _apart(ws, ws.root, place)
            source = _take(apart, asked, now)
        with _look(apart) as conn:
            yield conn, source


def _apart(ws: Workspace, root: Path, place: Path) -> Workspace:
    """The workspace with a database of its own, in a folder that is thrown away."""
    settings = ws.files.settings
    url = settings.database.model_copy(update={"url": f"sqlite:///{place / 'history.db'}"})
    return replace(ws, files=Files(root, settings.model_copy(update={"database": url})))


@contextmanager
def _look(ws: Workspace) -> Iterator[Connection]:
    engine = ws.database(read_only=True)
    try:
        with database.reading(engine) as conn:
            yield conn
    finally:
        engine.dispose()


def _take(ws: Workspace, asked: Asked, now: datetime) -> str:
    for file in asked.files:
        named = asked.profile or own_profile(ws, file)
        master = is_master(ws, file, own_profile(ws, file))
        if master:
            named = own_profile(ws, file) or ws.settings.ledger.customers_profile or None
        taken = take_in(
            ws,
            file,
            now=now,
            by="simulation",
            as_of=None if master else asked.as_of,
            profile=named,
            customers=master,
        )
        if taken.report is None:
            raise BrokenFile(file.name, taken.problems)
    return ", ".join(file.name for file in asked.files)


def _make_up(ws: Workspace, place: Path, accounts: int, seed: int, now: datetime) -> str:
    sample = generate(seed, ws.today(now), accounts)
    ws.files.profiles.mkdir(parents=True, exist_ok=True)
    for name, text in sample.profiles.items():
        (ws.files.profiles / f"{name}.toml").write_text(text, "utf-8")
    for name, text in sample.files(sample.on).items():
        (place / name).write_text(text, "utf-8")
    for name in ("customers", "history", "ledger"):
        taken = take_in(
            ws, place / f"{name}.csv", now=now, by="simulation", profile=name, customers=name == "customers"
        )
        if taken.report is None:
            raise BrokenFile(name, taken.problems)
    return f"{accounts:,} made-up customers"


def _must_know(accounts: Sequence[str], account: str | None) -> None:
    if account is not None and account not in accounts:
        raise NotFound(
            "account", account, tuple(get_close_matches(account, accounts, 2, 0.5)), "this history"
        )


# -- which days ---------------------------------------------------------------------------------------------------------


def _days(known: History, asked: Asked) -> tuple[date, date]:
    first, last = asked.first or known.first, asked.last or known.last
    if known.first >= known.last:
        raise Refused(
            f"the ledger is known of one day only, {known.last}: there is no past to play",
            "take in a file of paid invoices (`settled = true` in its profile), or wait for the ledgers of some weeks",
        )
    if first > last:
        raise Refused(f"{first} is after {last}", "write the first day as --from and the last as --to")
    if first < known.first:
        raise Refused(
            f"of the days before {known.first} nothing is known",
            f"write --from {known.first}; a file of paid invoices, taken in, tells of earlier days",
        )
    if last > known.last:
        raise Refused(
            f"of the days after {known.last} nothing is known: that is the day of the newest ledger",
            f"write --to {known.last}, or take in a newer ledger; “dunwell preview” shows the days to come",
        )
    return first, last


def _behaviour(known: History, by: str) -> Behaviour:
    column = by.strip().lower().replace("-", "_")
    own = [name for name in known.accounts.columns if name not in ACCOUNTS]
    if column not in (*GROUPS, *own):
        names = tuple(name.replace("_", "-") for name in (*GROUPS, *own))
        raise NotFound(
            "field", by, tuple(get_close_matches(by, names, 2, 0.5)) or names, "accounts to group them by"
        )
    try:
        return behaviour(known, column)
    except ModuleNotFoundError as missing:
        raise Refused(
            "draws need SciPy, which is not installed",
            "pip install 'dunwell[simulate]'; without --draws the days are played as they were",
        ) from missing


# -- what must be said with it ------------------------------------------------------------------------------------------


def _notes(
    known: History, records: Records, found: Simulation, under: Sequence[Under], asked: Asked
) -> Iterator[str]:
    yield from _gaps(known, records, found)
    if found.late:
        yield said.late_already(found.late, found.first)
    for what, bits in (("e-mail address", 0b111), ("postal address", 0b1000)):
        assert len(ADDRESSES) == 5
        without = known.accounts.filter((pl.col("addresses") & bits) == 0).height
        if without:
            yield said.no_address(without, known.accounts.height, what)
    if rates := known.items["rate"].null_count():
        yield said.no_rate(rates, known.house)
    for run in found.runs:
        if run.outcome.unfit:
            yield said.no_policy(run.outcome.unfit, run.label)
    words = sorted({word for one in under for word in questions.fields(one.book) if word in _NOT_PLAYED})
    if words:
        yield said.not_replayed(words)
    if found.how is not None:
        yield said.drawn(
            found.draws, found.seed, found.how.by.replace("_", "-"), found.how.own, known.accounts.height
        )
        if found.how.left_out:
            yield said.left_out(found.how.left_out)
    yield said.AS_NOW
    yield said.CASH_DATES
    yield said.TAKEN_FOR_GRANTED
    yield said.NO_CAUSE


def _gaps(known: History, records: Records, found: Simulation) -> Iterator[str]:
    """Days of which nothing is on record; and payments that have the day of a ledger because none came in before it."""
    ledgers = [shown.on for shown in records.ledgers]
    told = (
        pl.concat([known.items["arrives"], records.payments["paid_on"], pl.Series(ledgers, dtype=pl.Date)])
        .drop_nulls()
        .unique()
        .sort()
    )
    for before, after in pairwise(told):
        if (after - before).days > GAP and after > found.first and before < found.last:
            day = timedelta(days=1)
            yield said.gap(before + day, after - day, (after - before).days - 1, after)
    presumed = records.payments.filter("presumed")
    for before, after in pairwise(ledgers):
        payments = presumed.filter(pl.col("paid_on") == after).height
        if payments and (after - before).days > UNSEEN and found.first < after <= found.last:
            yield said.unseen(before, after, payments)
