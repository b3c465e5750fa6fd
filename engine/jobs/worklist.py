"""Today's list: what the house's score puts first, whose it is, what does not fit today, and what went well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
from sqlalchemy.engine import Connection

from engine.core.cases import score
from engine.core.decision.allocate import Away, Person
from engine.core.decision.share import PEER, Day, room_left
from engine.core.decision.share import shared as share
from engine.core.language.policy import House, Score
from engine.core.money import digits
from engine.core.workdays import Calendar, calendar
from engine.jobs.workspace import Workspace
from engine.store import absences, work
from engine.store.history import Work
from engine.store.tables import ActionState
from engine.store.work import Sums

_TAKES_ROOM = (ActionState.PLANNED.value, ActionState.PUT_BACK.value)
_LOOKED_INTO = (ActionState.HELD_ADDRESS.value, ActionState.UNCERTAIN.value)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing on the list. `person` is who does it today, `instead_of` whose it was, who is away.

    `at` is the moment of a call that is due at a time; `parts` what each part adds to its `score`; `fits` that it goes into
    today.
    """

    work: Work
    person: str | None
    instead_of: str | None
    at: datetime | None
    score: float
    parts: Mapping[str, float]
    fits: bool


@dataclass(frozen=True, slots=True)
class Wins:
    """What went well since a day: promises that were kept, and what came in."""

    since: date
    kept: Sums
    cash: Sums


@dataclass(frozen=True, slots=True)
class Worklist:
    """A day's list, of everybody or of one person.

    `entries` are the first of it: those due at a time in that order, then by score. `today` counts all that goes into today,
    `not_today` what a day does not take, `no_room` the steps that the day's run had no room for.
    """

    on: date
    score: Score
    currency: str
    entries: tuple[Entry, ...]
    today: Sums
    not_today: Sums
    no_room: Sums
    wins: Wins
    away: tuple[Away, ...]


@dataclass(frozen=True, slots=True)
class Shared:
    """All that waits for people on a day, in its order and with whose it is: what every list of that day is taken from."""

    on: date
    house: House
    rows: pl.DataFrame
    no_room: Sums
    gone: Mapping[str, Away]


def shared_out(ws: Workspace, conn: Connection, *, on: date, house: House | None = None) -> Shared:
    """The day's work by the house's rules, which are the workspace's if none are given."""
    house = house or (ws.book.house if ws.book is not None else House())
    zone = ZoneInfo(ws.settings.workspace.zone)
    end = datetime.combine(on + timedelta(days=1), datetime.min.time(), zone)
    gone = {one.person: one for one in absences.away(conn, on) if one.on(on)}
    rows = work.waiting(conn, on, end, score.columns(house.score), gone)
    no_room = rows.filter(pl.col("state") == ActionState.NO_CAPACITY.value)
    rows = rows.filter(pl.col("state") != ActionState.NO_CAPACITY.value)
    rows = _in_order(rows, house, on, work.rates(conn, on))
    rows = rows.hstack(_whose(ws, conn, house, rows, on, gone))
    return Shared(on, house, rows, work.summed(no_room), gone)


def worklist(
    ws: Workspace,
    conn: Connection,
    *,
    on: date,
    house: House | None = None,
    person: str | None = None,
    everything: bool = False,
    most: int | None = None,
    state: ActionState | None = None,
    account: str | None = None,
    shared: Shared | None = None,
) -> Worklist:
    """The list of a day. `shared` is the day's work where it is at hand already; else it is found.

    `everything` adds what does not fit today; `most` bounds what is read in full; `state` and `account` leave only
    what is of them. A person's list has what was given to them, what falls to them of their roles, and the approvals of
    their roles.
    """
    day = shared or shared_out(ws, conn, on=on, house=house)
    rows, house = day.rows, day.house
    if person is not None:
        rows = _of(rows, ws.people, person)
    if state is not None:
        rows = rows.filter(pl.col("state") == state.value)
    if account is not None:
        rows = rows.filter(pl.col("account") == account)
    today = rows.filter("fits")
    shown = (rows.sort(~pl.col("fits"), maintain_order=True) if everything else today).head(
        most if most is not None else rows.height
    )
    return Worklist(
        on=on,
        score=house.score,
        currency=house.currency,
        entries=_entries(conn, shown, house, on),
        today=work.summed(today),
        not_today=work.summed(rows.filter(~pl.col("fits"))),
        no_room=day.no_room if person is None else Sums(),
        wins=_wins(ws, conn, house, on, person),
        away=tuple(day.gone.values()),
    )


def _in_order(rows: pl.DataFrame, house: House, on: date, rates: Mapping[str, float]) -> pl.DataFrame:
    """The rows as the list has them: calls that are due at a time, then by the house's score, the highest first.

    An amount of a currency that has no rate counts as nothing: it is compared in the house's.
    """
    units = {code: rate * 10.0 ** (digits(house.currency) - digits(code)) for code, rate in rates.items()} | {
        house.currency: 1.0
    }
    factor = pl.col("currency").replace_strict(units, default=0.0, return_dtype=pl.Float64)
    base = (pl.col("amount") * factor).round().cast(pl.Int64)
    late = [pl.col("late").fill_null(0)] if "late" in rows.columns else []
    compared = rows.with_columns(own=pl.col("amount"), amount=base).with_columns(late)
    found = compared.with_columns(score=score.expression(house.score, house.currency, on))
    order = found.sort(
        "at", "score", "account", "key", descending=[False, True, False, False], nulls_last=True
    )
    return order.rename({"amount": "base", "own": "amount"})


def _whose(
    ws: Workspace, conn: Connection, house: House, rows: pl.DataFrame, on: date, gone: Mapping[str, Away]
) -> pl.DataFrame:
    """Who does each row today, and whether it goes into the day."""
    here = [one for one in ws.people if one.id not in gone]
    made = _by_person(ws.people, work.calls_made(conn, on))
    callers: dict[str, set[str]] = {}
    if rows.select((pl.col("role") == PEER).any()).item():
        ids = _ids(ws.people)
        callers = {
            account: {ids.get(name.lower(), name) for name in names}
            for account, names in work.callers(conn, PEER).items()
        }
    # To find an address, or out whether a message arrived, is for whoever has what nobody else owns.
    nobodys = pl.col("state").is_in(_LOOKED_INTO)
    rows = rows.with_columns(role=pl.when(nobodys).then(pl.lit(house.owner)).otherwise("role"))
    day = Day(here, room_left(here, house.capacity, made), callers)
    counts = rows.with_columns(counts=pl.col("state").is_in(_TAKES_ROOM))
    return share(counts, day).rename({"person": "whose"})


def _ids(people: tuple[Person, ...]) -> dict[str, str]:
    """Who somebody is by what they may sign with: their id, or their name."""
    return {name.lower(): one.id for one in people for name in (one.name, one.id)}


def _by_person(people: tuple[Person, ...], by: Mapping[str, int]) -> dict[str, int]:
    ids = _ids(people)
    found: dict[str, int] = {}
    for name, number in by.items():
        id = ids.get(name.lower(), name)
        found[id] = found.get(id, 0) + number
    return found


def _of(rows: pl.DataFrame, people: tuple[Person, ...], person: str) -> pl.DataFrame:
    roles = next((one.roles for one in people if one.id == person), ())
    to_approve = (pl.col("state") == ActionState.AWAITING_APPROVAL.value) & pl.col("role").is_in(roles)
    return rows.filter((pl.col("whose") == person).fill_null(value=False) | to_approve)


def _entries(conn: Connection, rows: pl.DataFrame, house: House, on: date) -> tuple[Entry, ...]:
    full = work.in_full(conn, rows["key"].to_list())
    entries = []
    for row in rows.iter_rows(named=True):
        given = row["person"]
        parts = score.explained(row | {"amount": row["base"]}, house.score, house.currency, on)
        entries.append(
            Entry(
                work=full[row["key"]],
                person=row["whose"],
                instead_of=given if given and given != row["whose"] else None,
                at=datetime.fromisoformat(row["at"]) if row["at"] else None,
                score=row["score"],
                parts=parts,
                fits=row["fits"],
            )
        )
    return tuple(entries)


def _wins(ws: Workspace, conn: Connection, house: House, on: date, person: str | None) -> Wins:
    """What went well since the last open day."""
    days: Calendar = calendar(house.calendar, house.open_days)
    since = on - timedelta(days=1)
    while not days.is_open(since):
        since -= timedelta(days=1)
    by: tuple[str, ...] | None = None
    if person is not None:
        name = ws.settings.people[person].name
        by = (person, name)
    return Wins(since, work.promises_kept(conn, since, on, by), work.cash_in(conn, since, on, by))
