"""What followed on each side of a comparison, by where accounts were drawn to, whatever became of them since.

An account is looked at from the day on which it was drawn, for the same number of days on every side; one that has not been
there so long is not counted yet. Only how long payment takes is worked out of all, since that can be done with accounts that
have not paid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import inf
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from engine.core.figures import intervals
from engine.core.figures.intervals import Interval
from engine.core.figures.records import Records
from engine.core.language.policy import Kind, Split

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

DAYS = 30
FIVE_POINTS = 0.05
COMPLAINTS = ("angry", "abusive")  # outcomes of a call
WISHES = ("no calls", "no contact")  # rules about contact that a customer asked for
COUNTED: Final[Mapping[str, str]] = {
    Kind.CALL.value: "calls",
    Kind.LETTER.value: "letters",
    Kind.EMAIL.value: "emails",
    Kind.STATEMENT.value: "statements",
}
LOTS: Final[Mapping[str, pl.DataType]] = {
    "account": pl.String(),
    "side": pl.String(),
    "stratum": pl.String(),
    "episode": pl.Int32(),
    "on": pl.Date(),
}


@dataclass(frozen=True, slots=True)
class Side:
    """What followed on a side. `accounts` were drawn to it; the rest is of the `followed`, who were drawn long enough ago.

    `median` are the days until half of all have paid; None where that is not to be seen yet. `cost` is in minor units of
    the house's currency, `counts` what was done by its plural.
    """

    name: str
    accounts: int
    followed: int
    paid: int
    median: float | None
    due: int  # promises of which it is known what became of them
    kept: int
    complained: int
    cost: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Difference:
    """How a side differs from the champion in one thing. `interval` is in the thing's unit; shares are from 0 to 1."""

    measure: str
    side: str
    interval: Interval


@dataclass(frozen=True, slots=True)
class Needs:
    """How many accounts more it takes until a side can be told from the champion by who pays in time.

    `five` for a difference of five points, `seen` for one as large as it is now; None where there is none.
    """

    side: str
    five: int
    seen: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """All of one comparison. `split` is None where the house no longer has it; `strata` count each side's accounts by what
    they are alike in; `costs` are minor units a piece.
    """

    name: str
    split: Split | None
    days: int
    first: date | None
    as_of: date
    sides: tuple[Side, ...]
    differences: tuple[Difference, ...]
    needs: tuple[Needs, ...]
    strata: Mapping[str, Mapping[str, int]]
    costs: Mapping[str, int]
    currency: str

    @property
    def champion(self) -> Side:
        return self.sides[0]

    def difference(self, measure: str, side: str) -> Interval:
        return next(
            (each.interval for each in self.differences if (each.measure, each.side) == (measure, side)),
            intervals.NOTHING,
        )


PAID, SPEED, PROMISES, COST, COMPLAINED = MEASURES = ("paid", "days", "promises", "cost", "complaints")


def compared(
    name: str,
    split: Split | None,
    lots: pl.DataFrame,
    records: Records,
    as_of: date,
    costs: Mapping[str, int],
    currency: str,
    days: int = DAYS,
) -> Comparison:
    """What followed. `lots` are the accounts that were drawn, with the columns of LOTS."""
    by_size = lots.group_by("side").len().sort("len", "side", descending=[True, False])["side"]
    order = list(dict.fromkeys((*(split.shares if split else ()), *by_size)))
    rows = _followed(lots, records, as_of, days, costs)
    groups = {side: rows.filter(pl.col("side") == side) for side in order}
    sides = tuple(_side(side, groups[side]) for side in order)
    others = order[1:]
    return Comparison(
        name=name,
        split=split,
        days=days,
        first=lots["on"].min() if lots.height else None,  # type: ignore[arg-type]
        as_of=as_of,
        sides=sides,
        differences=tuple(
            each for side in others for each in _differences(groups[order[0]], groups[side], side)
        ),
        needs=tuple(_needs(sides[0], side, split) for side in sides[1:]),
        strata=_strata(lots, order),
        costs=costs,
        currency=currency,
    )


def _followed(
    lots: pl.DataFrame, records: Records, as_of: date, days: int, costs: Mapping[str, int]
) -> pl.DataFrame:
    """A row an account: its side, whether it is followed for long enough, when it paid, and what was done until then."""
    ended = records.episodes.select("account", episode="number", ended="ended")
    last = pl.col("on") + pl.duration(days=days)
    rows = lots.join(ended, on=["account", "episode"], how="left", maintain_order="left").with_columns(
        last=last,
        whole=last <= as_of,
        took=(pl.coalesce("ended", pl.lit(as_of)) - pl.col("on")).dt.total_days().clip(lower_bound=0),
        has_paid=pl.col("ended").is_not_null(),
    )
    rows = rows.with_columns(paid=pl.col("has_paid") & (pl.col("ended") <= pl.col("last")))
    done = pl.concat([_done(records), _complaints(records), _promises(records)])
    within = done.join(rows.select("account", "on", "last"), on="account").filter(
        pl.col("day").is_between(pl.col("on"), pl.col("last"))
    )
    counted = within.group_by("account", "what").len().pivot("what", index="account", values="len")
    names = [*COUNTED.values(), "complaint", "promise kept", "promise due"]
    rows = rows.join(counted, on="account", how="left", maintain_order="left")
    rows = rows.with_columns(
        (pl.col(name) if name in rows.columns else pl.lit(None)).fill_null(0).cast(pl.Int64).alias(name)
        for name in names
    )
    cost = sum((pl.col(name) * costs.get(name, 0) for name in COUNTED.values()), pl.lit(0))
    return rows.with_columns(cost=cost.cast(pl.Int64))


def _done(records: Records) -> pl.DataFrame:
    """(account, day, what) of every call and message."""
    written = records.actions.filter(
        pl.col("taken_on").is_not_null()
        & pl.col("kind").is_in([kind for kind in COUNTED if kind != Kind.CALL.value])
        & pl.col("state").is_in(["sent", "done"])
    )
    words = pl.col("kind").replace_strict(COUNTED, return_dtype=pl.String)
    return pl.concat(
        [
            written.select("account", day="taken_on", what=words),
            records.calls.select("account", day="on", what=pl.lit(COUNTED[Kind.CALL.value])),
        ]
    )


def _complaints(records: Records) -> pl.DataFrame:
    calls = records.calls.filter(pl.col("outcome").is_in(COMPLAINTS)).select("account", day="on")
    wishes = records.stands.filter(pl.col("what").is_in(WISHES)).select("account", day="from_day")
    return pl.concat([calls, wishes]).with_columns(what=pl.lit("complaint"))


def _promises(records: Records) -> pl.DataFrame:
    """Promises by the day they were given, once it is known what became of them; those that were kept twice, as such too."""
    settled = records.promises.filter(pl.col("state").is_in(["kept", "partly kept", "broken"]))
    kept = settled.filter(pl.col("state") == "kept")
    return pl.concat(
        [
            settled.select("account", day="made_on", what=pl.lit("promise due")),
            kept.select("account", day="made_on", what=pl.lit("promise kept")),
        ]
    )


def _side(name: str, rows: pl.DataFrame) -> Side:
    followed = rows.filter("whole")
    middle = intervals.median(*_times(rows)) if rows.height else inf
    return Side(
        name=name,
        accounts=rows.height,
        followed=followed.height,
        paid=int(followed["paid"].sum()),
        median=None if middle == inf else middle,
        due=int(followed["promise due"].sum()),
        kept=int(followed["promise kept"].sum()),
        complained=int((followed["complaint"] > 0).sum()),
        cost=int(followed["cost"].sum()),
        counts={name: int(followed[name].sum()) for name in COUNTED.values()},
    )


def _times(rows: pl.DataFrame) -> tuple[Array, Array]:
    return rows["took"].to_numpy(), rows["has_paid"].to_numpy()


def _differences(champion: pl.DataFrame, other: pl.DataFrame, side: str) -> Iterable[Difference]:
    ours, theirs = champion.filter("whole"), other.filter("whole")

    def share(part: pl.Expr, whole: pl.Expr) -> Interval:
        numbers = [int(rows.select(of.sum()).item()) for rows in (ours, theirs) for of in (part, whole)]
        return intervals.shares(*numbers)

    every = pl.col("whole")
    yield Difference(PAID, side, share(pl.col("paid"), every))
    yield Difference(SPEED, side, intervals.medians(*_times(champion), *_times(other)))
    yield Difference(PROMISES, side, share(pl.col("promise kept"), pl.col("promise due")))
    yield Difference(COST, side, intervals.means(ours["cost"].to_numpy(), theirs["cost"].to_numpy()))
    yield Difference(COMPLAINED, side, share(pl.col("complaint") > 0, every))


def _needs(champion: Side, side: Side, split: Split | None) -> Needs:
    """Reckoned from how many of the champion's accounts pay in time; while nobody knows, from a half."""
    size, ours = (split.shares.get(each.name, 0) if split else 0 for each in (side, champion))
    ratio = size / ours if size and ours else max(side.accounts, 1) / max(champion.accounts, 1)
    there = champion.followed + side.followed
    share = champion.paid / champion.followed if champion.followed else 0.5
    other = share + FIVE_POINTS if share <= 0.5 else share - FIVE_POINTS
    five = max(0, intervals.needed(share, other, ratio) - there)
    if not champion.followed or not side.followed or side.paid / side.followed == share:
        return Needs(side.name, five, None)
    seen = max(0, intervals.needed(share, side.paid / side.followed, ratio) - there)
    return Needs(side.name, five, seen)


def _strata(lots: pl.DataFrame, order: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for stratum, side, count in lots.group_by("stratum", "side").len().sort("stratum").iter_rows():
        found.setdefault(stratum, dict.fromkeys(order, 0))[side] = count
    return found
