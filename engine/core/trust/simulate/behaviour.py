"""How customers pay, as the ledger has it: the days from an invoice's due date to its last payment, by group of customers.

The curve of a group is Kaplan and Meier's (1958): an invoice that is still open says that it takes longer than it has taken so
far, and no more. What is not paid by the longest time that is known has no day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from engine.core.decision.columns import day_number
from engine.core.trust.simulate.history import History

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

LEAST = 10  # invoices that a group of its own takes
ACCOUNT, SEGMENT = "account", "segment"
EVERYBODY = "everybody"
_NEVER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Curve:
    """`share[n]` of a group's invoices are paid by `days[n]` days past due; `open_` of its `invoices` were not paid yet."""

    group: str
    invoices: int
    open_: int
    days: Array
    share: Array

    def by(self, day: Array) -> Array:
        """day past due -> the share that is paid by then."""
        at = np.searchsorted(self.days, day, "right")
        found: Array = np.concatenate(([0.0], self.share))[at]
        return found

    def drawn(self, waited: Array, chance: Array) -> Array:
        """Days past due on which invoices are paid that were not by the day `waited`; _NEVER where the curve ends before."""
        before = self.by(waited)
        at = np.searchsorted(self.share, before + (1 - before) * chance)
        found: Array = np.append(self.days, _NEVER)[at]
        return found

    def late(self, share: float) -> int | None:
        """Days past due by which this share is paid; None: not within the time that is known."""
        at = int(np.searchsorted(self.share, share - 1e-12))
        return int(self.days[at]) if at < len(self.days) else None


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The curves of the groups that are large enough, everybody's first; `group[row]` is the number of an account's curve.

    `by` is what makes accounts alike. `own` accounts have a curve of their group, the others a wider one. `left_out`
    invoices were there before anything is told of their like: only those that stayed open would be seen.
    """

    by: str
    curves: tuple[Curve, ...]
    group: Array
    own: int
    left_out: int


def behaviour(history: History, by: str = ACCOUNT) -> Behaviour:
    """The curves by a column of the accounts. By account, one with too few invoices pays as its segment. Needs SciPy."""
    items = _ends(history)
    whole = items.filter(pl.col("arrives") >= history.first)
    curves = [_curve(EVERYBODY, whole)]
    group = np.zeros(history.accounts.height, dtype=np.int64)
    own = 0
    for column in (SEGMENT, ACCOUNT) if by == ACCOUNT else (by,):
        groups = history.accounts.select(
            "row", group=pl.col(column).cast(pl.String).fill_null(f"no {column}")
        )
        number = {}
        for (name,), mine in whole.join(groups, on="row").group_by("group", maintain_order=True):
            if mine.height >= LEAST:
                number[str(name)] = len(curves)
                curves.append(_curve(str(name), mine))
        found = groups["group"].replace_strict(number, default=0, return_dtype=pl.Int64).to_numpy()
        group = np.where(found, found, group)
        own = int((found > 0).sum())
    return Behaviour(by, tuple(curves), group, own, items.height - whole.height)


def _ends(history: History) -> pl.DataFrame:
    """Each debit: row, arrives, late (days past due at its end), paid (false: still open on the last day)."""
    paid = (
        history.paid.filter(pl.col("on") <= history.last)
        .group_by("at")
        .agg(pl.col("amount").sum(), pl.col("on").max())
    )
    items = history.debits.join(paid, on="at", how="left")
    whole = (pl.col("amount_right") >= pl.col("open")).fill_null(value=False)
    end = pl.when(whole).then("on").otherwise(pl.lit(history.last))
    return items.select("row", "arrives", late=(end - pl.col("due")).dt.total_days(), paid=whole)


def _curve(name: str, items: pl.DataFrame) -> Curve:
    from scipy.stats import CensoredData, ecdf

    if not items.height:
        return Curve(name, 0, 0, np.zeros(0, dtype=np.int64), np.zeros(0))
    known, open_ = items.filter("paid")["late"].to_numpy(), items.filter(~pl.col("paid"))["late"].to_numpy()
    cdf = ecdf(CensoredData(uncensored=known, right=open_)).cdf
    steps = np.flatnonzero(np.diff(cdf.probabilities, prepend=0.0) > 0)
    return Curve(
        name, items.height, len(open_), cdf.quantiles[steps].astype(np.int64), cdf.probabilities[steps]
    )


def redrawn(history: History, how: Behaviour, seed: int) -> History:
    """The same documents, each paid on a day drawn from its group's curve; the same seed draws the same days.

    Nothing is paid before it is there. What a curve does not tell any more, everybody's does; what that does not tell either
    stays open. What was paid in parts is paid at once; credits are used when they were.
    """
    random = np.random.default_rng(seed)
    debits = history.debits
    group = how.group[debits["row"].to_numpy()]
    due = debits["due"].to_physical().to_numpy().astype(np.int64)
    there = np.maximum(debits["arrives"].to_physical().to_numpy(), day_number(history.first))
    on = np.full(len(due), _NEVER)
    waited = there - 1 - due
    for number, curve in enumerate(how.curves):
        mine = np.flatnonzero(group == number)
        late = curve.drawn(waited[mine], random.random(len(mine)))
        longest = curve.days[-1] if len(curve.days) else -_NEVER
        left = np.flatnonzero(late == _NEVER)
        after = np.maximum(waited[mine[left]], longest)
        late[left] = how.curves[0].drawn(after, random.random(len(left)))
        some = late < _NEVER
        on[mine[some]] = due[mine[some]] + late[some]
    uses = history.paid.filter(~pl.col("cash"))
    used = np.bincount(uses["at"].to_numpy(), uses["amount"].to_numpy(), history.items.height)
    left = debits["open"].to_numpy() - used[debits["at"].to_numpy()].astype(np.int64)
    paid = np.flatnonzero((on < _NEVER) & (left > 0))
    day = pl.Series(on[paid]).cast(pl.Int32).cast(pl.Date)
    cash = pl.DataFrame({"at": debits["at"].gather(paid), "on": day, "amount": left[paid]})
    cash = cash.with_columns(known=pl.col("on") + pl.duration(days=1), cash=pl.lit(value=True))
    return replace(history, paid=pl.concat([cash.select(uses.columns), uses]).sort("known", "at"))
