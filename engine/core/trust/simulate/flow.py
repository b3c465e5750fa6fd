"""What the ledger did over the weeks, whatever a policy says: cash that came in, and what was open, by age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from engine.core.decision.columns import dates, day_number
from engine.core.figures.ageing import BUCKETS, Convention
from engine.core.trust.simulate.history import History

AGES = BUCKETS[Convention.PAST_DUE]


@dataclass(frozen=True, slots=True)
class Flow:
    """A number a week, in minor units of the house's currency. `weeks` are their last days.

    `open_` has a row a bucket of `AGES`, the youngest first: what was open on the evening of that day, credits apart.
    """

    weeks: tuple[date, ...]
    cash: tuple[int, ...]
    open_: tuple[tuple[int, ...], ...]

    @property
    def overdue(self) -> tuple[int, ...]:
        return tuple(sum(column) for column in zip(*self.open_[1:], strict=True))


def week_ends(first: date, last: date) -> tuple[date, ...]:
    """The Sundays from the first day on, and the last day."""
    sunday = first + timedelta(days=6 - first.weekday())
    found = []
    while sunday < last:
        found.append(sunday)
        sunday += timedelta(days=7)
    return (*found, last)


def flow(history: History, first: date, weeks: Sequence[date]) -> Flow:
    """The weeks that end on these days, of which the first begins with `first`."""
    items, paid = history.debits, history.paid
    rate = history.items["rate"].fill_null(0.0).to_numpy()
    mine = items["at"].to_numpy()
    due, arrives = dates(items["due"]), dates(items["arrives"])
    left = history.items["open"].to_numpy().copy()
    at, amount, cash = paid["at"].to_numpy(), paid["amount"].to_numpy(), paid["cash"].to_numpy()
    order = np.argsort(dates(paid["on"]), kind="stable")
    at, amount, cash, on = at[order], amount[order], cash[order], dates(paid["on"])[order]
    told = int(np.searchsorted(on, day_number(first)))
    np.subtract.at(left, at[:told], amount[:told])
    came, ages = [], []
    for end in map(day_number, weeks):
        upto = int(np.searchsorted(on, end, "right"))
        new = slice(told, upto)
        np.subtract.at(left, at[new], amount[new])
        came.append(round(float(np.sum(amount[new] * cash[new] * rate[at[new]]))))
        told = upto
        there = (arrives <= end) & (left[mine] > 0)
        bucket = np.searchsorted(AGES.most, end - due[there])
        value = left[mine[there]] * rate[mine[there]]
        ages.append(np.bincount(bucket, value, len(AGES.names)).round().astype(np.int64))
    return Flow(tuple(weeks), tuple(came), tuple(tuple(map(int, row)) for row in np.transpose(ages)))
