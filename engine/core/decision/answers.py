"""Each gate's answer for the step of every unit, as columns: the counterpart of `standing`, read by `gates`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from engine.core.decision import columns
from engine.core.decision.columns import dates, day_number
from engine.core.decision.ladder import Ladder, addresses, call_role, contacts, in_season, own_pause_binds
from engine.core.decision.signature import NONE, OWN_PAUSE, Origin
from engine.core.decision.view import LONG_AGO, View
from engine.core.language.policy import PolicyBook

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def answers(view: View, step: Array, origin: Array, offers: Array) -> dict[str, Array]:
    """Each gate's answer for the step of each unit; zero where a unit has no step."""
    house, rows = view.book.house, view.unit_row
    has = (origin != Origin.NOTHING) & (step >= 0)
    table = _Steps(view.book, view.ladders, view.policy, np.where(has, step, NONE))
    never = np.full(view.accounts.height, NONE)
    for number, clause in reversed(list(enumerate(house.never))):
        never[view.holds(columns.clause(clause))] = number
    never_unit = np.where(has | (step < 0), never[rows], NONE)
    contact = table.of(contacts)
    asked = table.of(lambda step: contacts(step) and step.demand)
    touched, recent = _touches(view)
    gap = np.array([steps.gap for steps in view.ladders] + [0])[view.policy]
    answer_by = dates(view.accounts["answer_by"].fill_null(date(1, 1, 1))).astype(np.int64)[rows]
    answer_day = view.accounts["answer_day"].fill_null(100_000).to_numpy()[rows]
    limit = house.contact
    needed, either = (
        table.value(lambda step: addresses(step)[0]),
        table.value(lambda step: addresses(step)[1]),
    )
    known = view.accounts["addresses"].fill_null(0).to_numpy().astype(np.int64)[rows]
    step_day = table.value(lambda step: step.day)
    role, voice = _voice(view, table, step_day)
    missing = ((needed & known) != needed) | ((either != 0) & ((either & known) == 0))
    return {
        "never": never_unit,
        "minimum": (has & _below(view, table, origin, offers)).astype(np.int64),
        "pause": np.where(has, _paused(view, table), NONE),
        "closed": (has & contact & view.day.closed).astype(np.int64),
        "gap": (has & contact & (view.today - touched < gap)).astype(np.int64),
        "answer": (has & contact & (view.today <= answer_by) & (step_day > answer_day)).astype(np.int64),
        "contact": (has & contact & (recent >= limit.most if limit else False)).astype(np.int64),
        "stale": (has & asked & view.day.stale).astype(np.int64),
        "address": (has & missing).astype(np.int64),
        "approve": (has & _approve(view, table)).astype(np.int64),
        "role": np.where(has, role, ""),
        "voice": np.where(has, voice, ""),
        "no_rate": (has & _no_rate(view)).astype(np.int64),
    }


def _touches(view: View) -> tuple[Array, Array]:
    """unit -> day of the last contact that counts; unit -> contacts within the house's limit's days."""
    last = np.full(view.units, LONG_AGO)
    recent = np.zeros(view.units, dtype=np.int64)
    touches = view.state.touches
    if not touches.height:
        return last, recent
    days = view.book.house.contact.days if view.book.house.contact else 0
    by_row = touches.group_by("row").agg(
        last=pl.col("on").max(),
        recent=((pl.lit(view.day.on) - pl.col("on")).dt.total_days() < days).sum(),
    )
    row_last = np.full(view.accounts.height, LONG_AGO)
    row_recent = np.zeros(view.accounts.height, dtype=np.int64)
    row_last[by_row["row"].to_numpy()] = dates(by_row["last"])
    row_recent[by_row["row"].to_numpy()] = by_row["recent"].to_numpy()
    last, recent = row_last[view.unit_row], row_recent[view.unit_row]
    own = view.each[view.policy]
    if own.any():  # under `each: invoice` the gap is the invoice's own; the limit stays the account's
        last[own] = LONG_AGO
        for row, item, on in touches.filter(pl.col("item").is_not_null()).iter_rows():
            unit = view.unit(row, item)
            if unit is not None and own[unit]:
                last[unit] = max(last[unit], day_number(on))
    return last, recent


def _below(view: View, table: _Steps, origin: Array, offers: Array) -> Array:
    """unit -> none of its account's currencies has the house's minimum overdue (of a courtesy: about to fall due)."""
    minimum = view.book.house.minimum
    if not minimum:
        return np.zeros(view.units, dtype=bool)
    demand = table.of(lambda step: step.demand)
    free = _most_in_a_currency(view, view.past & view.free)
    every = _most_in_a_currency(view, view.past)
    coming = _most_in_a_currency(view, ~view.past & (offers != 0))
    owed = np.where(demand, np.where(origin == Origin.ASIDE, every, free), coming)
    below: Array = owed < minimum
    return below


def _most_in_a_currency(view: View, which: Array) -> Array:
    """unit -> the largest sum of its account in one currency, in the house's minor units."""
    amounts = np.where(which, view.base, 0)
    currencies = view.items["currency"]
    if currencies.n_unique() <= 1:
        return view.by_account.sum(amounts)[view.unit_row]
    frame = pl.DataFrame({"row": view.rows, "currency": currencies, "amount": amounts})
    sums = (
        frame.group_by("row", "currency")
        .agg(pl.col("amount").sum())
        .group_by("row")
        .agg(pl.col("amount").max())
    )
    most = np.zeros(view.accounts.height, dtype=np.int64)
    most[sums["row"].to_numpy()] = sums["amount"].to_numpy()
    return most[view.unit_row]


def _no_rate(view: View) -> Array:
    missing = view.items["rate"].is_null()
    if not missing.any():
        return np.zeros(view.units, dtype=bool)
    rows = view.by_account.most(missing.to_numpy().astype(np.int64))
    return rows[view.unit_row] > 0


def _paused(view: View, table: _Steps) -> Array:
    """unit -> index of the first pause that binds its step, OWN_PAUSE for one set on the account, or NONE."""
    paused = np.full(view.units, NONE)
    until = view.accounts["paused_until"]
    if until.null_count() < len(until):
        own = (until >= view.day.on).fill_null(value=False).to_numpy()
        for row in np.flatnonzero(own):
            kinds = view.accounts["paused_kinds"][int(row)]
            binds = table.of(lambda step, kinds=kinds: own_pause_binds(step, kinds))
            paused[(view.unit_row == row) & binds] = OWN_PAUSE
    for number, pause in reversed(list(enumerate(view.book.house.pause))):
        if not in_season(pause.season, view.day.on):
            continue
        holds = view.holds(columns.clause(pause.clause))[view.unit_row]
        binds = table.of(lambda step, pause=pause: not pause.kinds or any(step.has(k) for k in pause.kinds))
        paused[holds & binds] = number
    return paused


def _approve(view: View, table: _Steps) -> Array:
    approve = table.of(lambda step: step.approve is not None and step.approve.when is None)
    for number, steps in enumerate(view.ladders):
        for step in steps.policy.steps:
            if step.approve and step.approve.when:
                mine = (view.policy == number) & (table.step == step.index)
                if mine.any():
                    approve |= mine & view.holds(columns.condition(step.approve.when))[view.unit_row]
    return approve


def _voice(view: View, table: _Steps, step_day: Array) -> tuple[Array, Array]:
    """unit -> the role that calls instead; unit -> the step whose message is sent instead."""
    accounts, rows = view.accounts, view.unit_row
    role = np.full(view.units, "", dtype=object)
    voice = np.full(view.units, "", dtype=object)
    if accounts["reached"].null_count() < accounts.height:
        reached = accounts["reached"].fill_null("").to_numpy().astype(object)[rows]
        reached_day = accounts["reached_day"].fill_null(-100_000).to_numpy()[rows]
        own = table.word(call_role)
        higher = (own != "") & (reached != "") & (reached != own) & (reached_day > step_day)
        role = np.where(higher, reached, "")
    if (accounts["tone"].fill_null(0) > 0).any():
        tone = accounts["tone"].fill_null(0).to_numpy()[rows]
        own_tone = table.tone()
        said = accounts["tone_step"].fill_null("").to_numpy().astype(object)[rows]
        voice = np.where((own_tone > 0) & (tone > own_tone), said, "")
    return role, voice


class _Steps:
    """Facts of the step of each unit, looked up by (policy, step)."""

    def __init__(self, book: PolicyBook, ladders: list[Ladder], policy: Array, step: Array) -> None:
        self.book, self.ladders, self.step = book, ladders, step
        most = max((len(steps.policy.steps) for steps in ladders), default=0) + 1
        self.width = most
        self.index = np.where(step >= 0, policy * most + step, len(ladders) * most)

    def _table(self, fact: Any, empty: Any, dtype: Any) -> Array:
        table = np.full(len(self.ladders) * self.width + 1, empty, dtype=dtype)
        for number, steps in enumerate(self.ladders):
            for step in steps.policy.steps:
                table[number * self.width + step.index] = fact(step)
        return table[self.index]

    def of(self, fact: Any) -> Array:
        return self._table(fact, False, bool)

    def value(self, fact: Any) -> Array:
        return self._table(fact, 0, np.int64)

    def word(self, fact: Any) -> Array:
        return self._table(fact, "", object)

    def tone(self) -> Array:
        table = np.zeros(len(self.ladders) * self.width + 1, dtype=np.int64)
        for number, steps in enumerate(self.ladders):
            table[number * self.width : number * self.width + len(steps.tones)] = steps.tones
        return table[self.index]
