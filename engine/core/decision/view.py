"""Accounts, open items and units side by side, ready for columns: what every step of a portfolio works on."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from engine.core.cases.guards import consumer
from engine.core.decision.columns import Groups, dates, day_number, places
from engine.core.decision.ladder import Ladder
from engine.core.decision.state import State
from engine.core.language.policy import PolicyBook

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

ALL = np.uint64(2**63 - 1)
LONG_AGO = -1_000_000


@dataclass(frozen=True, slots=True)
class Day:
    """The moment as the columns need it.

    `closed` is the house's calendar; `stale` that the ledger is older than allowed; a step that has waited for room since
    `patience` or before goes to the top. `holidays`: nobody is called on a holiday of their own country.
    """

    on: date
    closed: bool = False
    stale: bool = False
    patience: date | None = None
    holidays: bool = False


class View:
    """The arrays that do not change in a pass. An array is by account (`row`), by unit, or by open debit item.

    A unit is what gets a step: an account, or one of its items under `each: invoice`. All are in the order of `row`.
    """

    def __init__(
        self,
        book: PolicyBook,
        state: State,
        day: Day,
        ladders: list[Ladder],
        accounts: pl.DataFrame,
        items: pl.DataFrame,
        by_account: Groups,
        route: Array,
    ) -> None:
        self.book, self.state, self.day, self.ladders = book, state, day, ladders
        self.accounts, self.items, self.by_account, self.route = accounts, items, by_account, route
        self.rows: Array = items["row"].to_numpy()
        self.each = np.array([policy.each_invoice for policy in book.policies] + [False])
        self.unit_row, self.unit_item, self.unit_start, self.item_unit = _units(
            self.each[route], self.rows, by_account, accounts.height
        )
        self.today = day_number(day.on)
        self.units = len(self.unit_row)
        self.by_unit = by_account if self.units == accounts.height else Groups(self.item_unit, self.units)
        self.policy: Array = route[self.unit_row]
        self.item_policy: Array = route[self.rows]
        self.free: Array = items["aside"].is_null().to_numpy()
        self.late: Array = self.today - dates(items["due"]).astype(np.int64)
        self.past: Array = self.late > 0
        self.base: Array = items["base"].to_numpy()
        self.one_currency = items["currency"].n_unique() <= 1
        self.account_overdue: Array = by_account.any(self.past)
        self.free_overdue: Array = self.by_unit.any(self.free & self.past)
        self.stepped: Array = self._stepped()
        self.owed: Array = by_account.sum(
            np.where(self.free & self.past, self.base, 0)
        )  # row -> what is asked for

    def among(self, units: Array) -> View:
        """The view of some units alone. What is by item stays, and `by_unit` and `item_unit` are still those of all."""
        some = copy(self)
        some.units = len(units)
        some.unit_row, some.unit_item = self.unit_row[units], self.unit_item[units]
        some.policy, some.stepped = self.policy[units], self.stepped[units]
        return some

    def _stepped(self) -> Array:
        """unit -> its account has taken a step today."""
        last = self.accounts["stepped"]
        if last.null_count() == len(last):
            return np.zeros(self.units, dtype=bool)
        today: Array = (last == self.day.on).fill_null(value=False).to_numpy()
        return today[self.unit_row]

    @cached_property
    def natural(self) -> Array | None:
        """row -> consumer law may apply; None: to nobody."""
        person, form = self.accounts["natural_person"], self.accounts["legal_form"]
        found: Array | None = None
        if person.any():
            found = person.fill_null(value=False).to_numpy()
        if form.null_count() < len(form):
            sole = [word for word in form.unique() if word and consumer(None, word)]
            if sole:
                trades: Array = form.is_in(sole).fill_null(value=False).to_numpy()
                found = trades if found is None else found | trades
        return found

    def without(self, guard: str) -> Array | None:
        """row -> the guard has been set aside for the account; None: for nobody."""
        off = self.state.off
        if not off.height:
            return None
        rows = off.filter((pl.col("guard") == guard) & (pl.col("until") >= self.day.on))["row"].to_numpy()
        found = np.zeros(self.accounts.height, dtype=bool)
        found[rows] = True
        return found

    def unit(self, row: int, item: str | None) -> int | None:
        """The unit of an account, or of one of its items; None where there is none."""
        if not self.each[self.route[row]]:
            return int(self.unit_start[row])
        if item is None:
            return None
        for index in places(self.rows, row):
            if self.items["item"][index] == item:
                return int(self.item_unit[index])
        return None

    def holds(self, expression: pl.Expr) -> Array:
        """An expression on the accounts as booleans a row."""
        return self.hold([expression])[0]

    def hold(self, expressions: Sequence[pl.Expr]) -> list[Array]:
        """Each of several expressions on the accounts as booleans a row."""
        asked = {f"{number}": expression for number, expression in enumerate(expressions)}
        answers = [column.to_numpy() for column in self.accounts.select(**asked).get_columns()]
        size = self.accounts.height
        return [answer if len(answer) == size else np.repeat(answer, size) for answer in answers]


def _units(each: Array, rows: Array, by_account: Groups, size: int) -> tuple[Array, Array, Array, Array]:
    """One unit an account, or one an item where its policy says `each: invoice`.

    Gives unit -> row, unit -> item or -1, row -> its first unit, item -> unit.
    """
    if not each.any():
        identity = np.arange(size)
        return identity, np.full(size, -1), identity, rows.astype(np.int64)
    counts = by_account.sum(np.ones(len(rows), dtype=np.int64))
    units = np.where(each, np.maximum(counts, 1), 1)
    start = np.concatenate(([0], np.cumsum(units)[:-1]))
    within = np.arange(len(rows)) - np.repeat(by_account.starts, counts[by_account.present])
    item_unit = start[rows] + np.where(each[rows], within, 0)
    unit_row = np.repeat(np.arange(size), units)
    unit_item = np.full(len(unit_row), -1)
    own = each[rows]
    unit_item[item_unit[own]] = np.flatnonzero(own)
    return unit_row, unit_item, start, item_unit
