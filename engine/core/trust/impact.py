"""What a change of the policies would do to today's ledger: the same days under the old book and under the new one, compared.

Both courses begin with the same state. An action is the same under both where the same is done to the same account for the
first, second, … time; so one that only comes on another day is neither gained nor lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from engine.core.decision.allocate import ROOM, Room
from engine.core.decision.signature import NONE
from engine.core.decision.state import State
from engine.core.language.policy import Action, Kind
from engine.core.problem import Place
from engine.core.trust.course import Course, Deed, by_currency

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

MOST = 10  # accounts that are named

Money = Mapping[str, int]  # minor units by currency: never added up


@dataclass(frozen=True, slots=True)
class DayImpact:
    """A day's actions by kind, before and after. The stops are what the safety stop says, or empty."""

    on: date
    closed: str
    before: Mapping[Kind, int]
    after: Mapping[Kind, int]
    stopped_before: str
    stopped_after: str

    @property
    def total_before(self) -> int:
        return sum(self.before.values())

    @property
    def total_after(self) -> int:
        return sum(self.after.values())


@dataclass(frozen=True, slots=True)
class KindImpact:
    """The actions of a kind over all days. `gained` and `lost` are without those that come `earlier` or `later`."""

    kind: Kind
    before: int
    after: int
    gained: int
    lost: int
    earlier: int
    later: int

    @property
    def differs(self) -> bool:
        return bool(self.gained or self.lost or self.earlier or self.later)


@dataclass(frozen=True, slots=True)
class Move:
    """Accounts that one policy takes and another took; an empty name is no policy. `money` is what they have overdue."""

    before: str
    after: str
    accounts: int
    money: Money
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TouchedAccount:
    """An account that is asked, or is no longer asked: its first step, on which day, and for how much."""

    account: str
    name: str
    on: date
    actions: tuple[Action, ...]
    policy: str
    step: str
    place: Place
    money: Money
    amount: int  # in the house's minor units, to compare


@dataclass(frozen=True, slots=True)
class Touched:
    """Accounts that only one of the two books touches: how many, what is asked of them, and the largest."""

    accounts: int
    money: Money
    largest: tuple[TouchedAccount, ...]


@dataclass(frozen=True, slots=True)
class LoadImpact:
    """What the house (person empty) or a person has a day against what the day can take; `full` counts such days.

    `waiting` is the most that waits on a day for want of room, which is known of the house's kinds alone.
    """

    person: str
    name: str
    kind: str
    capacity_before: int | None
    capacity: int | None
    before: tuple[int, ...]
    after: tuple[int, ...]
    waiting_before: int = 0
    waiting_after: int = 0

    def full(self, *, after: bool) -> int:
        most = self.capacity if after else self.capacity_before
        return (
            0 if most is None else sum(count >= most > 0 for count in (self.after if after else self.before))
        )


@dataclass(frozen=True, slots=True)
class Impact:
    """All that differs between the two courses. `accounts` were looked at; `otherwise` are touched by both, and differently."""

    days: tuple[DayImpact, ...]
    kinds: tuple[KindImpact, ...]
    moves: tuple[Move, ...]
    newly: Touched
    no_longer: Touched
    otherwise: int
    approvals_before: int
    approvals_after: int
    workload: tuple[LoadImpact, ...]
    accounts: int
    currency: str  # the house's
    as_of: date | None
    assumes: str
    evaluators: tuple[str, ...]
    faults: tuple[str, ...]

    @property
    def jump(self) -> DayImpact:
        """The next run: the first day that is open, or on which something goes."""
        return next((day for day in self.days if not day.closed or day.after or day.before), self.days[0])

    @property
    def nothing(self) -> bool:
        """Whether nobody is treated otherwise."""
        return not (
            self.moves
            or any(kind.differs for kind in self.kinds)
            or self.approvals_before != self.approvals_after
            or any(bool(day.stopped_before) != bool(day.stopped_after) for day in self.days)
        )


def impact(state: State, old: Course, new: Course, *, room: Room | None = None, assumes: str) -> Impact:
    """Compare two courses over the same days from the same state."""
    codes: dict[tuple[Kind, str], int] = {}
    before, after = _actions(old, codes), _actions(new, codes)
    both = _matched(before, after)
    newly = _only(state, new, old)
    no_longer = _only(state, old, new)
    differ = set(both.filter(~pl.col("same"))["row"].to_list())
    touched = differ - set(_rows_only(new, old)) - set(_rows_only(old, new))
    return Impact(
        days=_days(old, new, before, after),
        kinds=_kinds(before, after, both),
        moves=_moves(state, old, new),
        newly=newly,
        no_longer=no_longer,
        otherwise=len(touched),
        approvals_before=int(old.contacts["asks"].sum()),
        approvals_after=int(new.contacts["asks"].sum()),
        workload=_workload(old, new, room or Room()),
        accounts=state.accounts.height,
        currency=new.book.house.currency,
        as_of=state.as_of,
        assumes=assumes,
        evaluators=new.evaluators,
        faults=tuple(dict.fromkeys((*old.faults, *new.faults))),
    )


# -- actions ----------------------------------------------------------------------------------------------------------


def _actions(of: Course, codes: dict[tuple[Kind, str], int]) -> pl.DataFrame:
    """A row an action, by day: `what` is its code, `nth` counts how often the same has been done to the account before."""
    said = [
        (number, codes.setdefault((action.kind, action.value), len(codes)), action.kind.value)
        for number, deed in enumerate(of.deeds)
        for action in deed.actions
    ]
    table = pl.DataFrame(
        said, schema={"deed": pl.Int32(), "what": pl.UInt64(), "kind": pl.String()}, orient="row"
    )
    frame = of.contacts.select("day", "row", "deed").join(table, on="deed", maintain_order="left")
    same = pl.col("row").cast(pl.UInt64) * 2**20 + pl.col("what")
    frame = frame.select("day", "row", "kind", same=same)
    return frame.with_columns(nth=pl.Series(_nth(frame["same"].to_numpy()), dtype=pl.UInt32))


def _nth(same: Array) -> Array:
    """How often each number has come before, from 0."""
    order = np.argsort(same, kind="stable")
    new = np.diff(same[order], prepend=same[order][:1]) != 0
    count = np.arange(len(same))
    nth = np.empty(len(same), dtype=np.int64)
    nth[order] = count - np.maximum.accumulate(np.where(new, count, 0))
    return nth


def _matched(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """The actions of both beside one another: `day` under the old book, `day_new` under the new one; null where it has none."""
    both = before.join(after, on=["row", "same", "nth"], how="full", suffix="_new", coalesce=True)
    return both.with_columns(
        kind=pl.coalesce("kind", "kind_new"),
        same=(pl.col("day") == pl.col("day_new")).fill_null(value=False),
    )


def _kinds(before: pl.DataFrame, after: pl.DataFrame, both: pl.DataFrame) -> tuple[KindImpact, ...]:
    day, new = pl.col("day"), pl.col("day_new")
    counted = both.group_by("kind").agg(
        before=day.is_not_null().sum(),
        after=new.is_not_null().sum(),
        gained=day.is_null().sum(),
        lost=new.is_null().sum(),
        earlier=(new < day).fill_null(value=False).sum(),
        later=(new > day).fill_null(value=False).sum(),
    )
    found = {row["kind"]: row for row in counted.iter_rows(named=True)}
    names = ("before", "after", "gained", "lost", "earlier", "later")
    return tuple(
        KindImpact(kind, *(int(found[kind.value][name]) for name in names))
        for kind in Kind
        if kind.value in found
    )


def _days(old: Course, new: Course, before: pl.DataFrame, after: pl.DataFrame) -> tuple[DayImpact, ...]:
    def counts(frame: pl.DataFrame) -> dict[int, dict[Kind, int]]:
        found: dict[int, dict[Kind, int]] = {}
        for day, kind, number in frame.group_by("day", "kind").len().iter_rows():
            found.setdefault(day, {})[Kind(kind)] = number
        return {day: {kind: kinds[kind] for kind in Kind if kind in kinds} for day, kinds in found.items()}

    was, will = counts(before), counts(after)
    return tuple(
        DayImpact(day.on, day.closed, was.get(number, {}), will.get(number, {}), earlier.stopped, day.stopped)
        for number, (earlier, day) in enumerate(zip(old.days, new.days, strict=True))
    )


# -- accounts ---------------------------------------------------------------------------------------------------------


def _rows_only(one: Course, other: Course) -> list[int]:
    """The accounts that one course touches and the other does not."""
    found: list[int] = one.touched.join(other.touched, on="row", how="anti")["row"].to_list()
    return found


def _only(state: State, one: Course, other: Course) -> Touched:
    first = one.touched.join(other.touched, on="row", how="anti", maintain_order="left")
    money = one.asked.join(first, on="row", how="semi")
    worth = money.group_by("row").agg(pl.col("base").sum())
    first = first.join(worth, on="row", how="left", maintain_order="left").with_columns(
        pl.col("base").fill_null(0)
    )
    largest = first.sort("base", "row", descending=[True, False]).head(MOST)
    accounts = state.accounts.select("account", "name")
    named = []
    for row, day, number, base in largest.select("row", "day", "deed", "base").iter_rows():
        deed: Deed = one.deeds[number]
        account, name = accounts.row(row)
        named.append(
            TouchedAccount(
                account,
                name,
                one.days[day].on,
                deed.actions,
                deed.policy,
                deed.step,
                deed.place,
                by_currency(money, [row]),
                base,
            )
        )
    return Touched(first.height, by_currency(money), tuple(named))


def _moves(state: State, old: Course, new: Course) -> tuple[Move, ...]:
    """Who stands under another policy, by the first day on which that is so."""
    names = list(dict.fromkeys(("", *old.policies, *new.policies)))
    code = {name: number for number, name in enumerate(names)}
    was, will = (
        np.array([*(code[id] for id in side.policies), code[""]], dtype=np.int16) for side in (old, new)
    )  # the last stands for NONE, which is -1
    assert NONE == -1
    rows = state.accounts.height
    pair = np.full((2, rows), -1, dtype=np.int64)
    for earlier, later in zip(old.routes, new.routes, strict=True):
        before, after = was[earlier], will[later]
        first = (before != after) & (pair[0] == -1)
        pair[0][first], pair[1][first] = before[first], after[first]
    moved = np.flatnonzero(pair[0] != -1)
    if not len(moved):
        return ()
    frame = pl.DataFrame({"row": moved, "before": pair[0][moved], "after": pair[1][moved]}).with_columns(
        pl.col("row").cast(pl.UInt32)
    )
    worth = old.overdue.group_by("row").agg(pl.col("base").sum())
    frame = frame.join(worth, on="row", how="left").with_columns(pl.col("base").fill_null(0))
    account = state.accounts["account"]
    found = []
    for (before, after), group in frame.sort("base", "row", descending=[True, False]).group_by(
        "before", "after", maintain_order=True
    ):
        examples = tuple(account[row] for row in group["row"].head(3))
        money = by_currency(old.overdue.join(group, on="row", how="semi"))
        found.append(Move(names[before], names[after], group.height, money, examples))
    return tuple(sorted(found, key=lambda move: -move.accounts))


# -- the day's room ---------------------------------------------------------------------------------------------------


def _workload(old: Course, new: Course, room: Room) -> tuple[LoadImpact, ...]:
    """The house's kinds that have a capacity or that differ; then everybody who does something."""

    def counts(of: Course, name: str) -> tuple[int, ...]:
        return tuple(day.used.get(name, 0) for day in of.days)

    def waiting(of: Course, name: str) -> int:
        return max((day.waiting.get(name, 0) for day in of.days), default=0)

    loads = []
    was, will = old.book.house.capacity, new.book.house.capacity
    for name in ROOM.values():
        load = LoadImpact(
            "", "", name, was.get(name), will.get(name), counts(old, name), counts(new, name),
            waiting(old, name), waiting(new, name),
        )  # fmt: skip
        if any(load.before) or any(load.after):
            loads.append(load)
    for person in room.people:
        name = f"{person.id}/calls"
        most = person.capacity.get("calls")
        load = LoadImpact(
            person.id, person.name or person.id, "calls", most, most, counts(old, name), counts(new, name)
        )
        if any(load.before) or any(load.after):
            loads.append(load)
    return tuple(loads)
