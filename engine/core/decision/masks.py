"""Items carry steps: which have fallen due for each, which are taken, and which one it offers. A bit is a step."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from engine.core.decision import columns, questions
from engine.core.decision.columns import dates
from engine.core.decision.ladder import Ladder, bits, event_column, highest, lowest, up_to
from engine.core.decision.signature import NONE
from engine.core.decision.view import ALL, View
from engine.core.language.policy import Clock, Policy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def due(view: View) -> tuple[Array, Array, Array]:
    """item -> steps due and not taken; item -> its day; item -> steps taken."""
    day = np.zeros(len(view.rows), dtype=np.int64)
    due = np.zeros(len(view.rows), dtype=np.uint64)
    off = view.items["days_off"].fill_null(0).to_numpy()
    whens = _account_whens(view)
    effects = view.accounts["effects"].fill_null(0).to_numpy()
    for number, steps in enumerate(view.ladders):
        mine = np.flatnonzero(view.item_policy == number)
        if not len(mine):
            continue
        rows = view.rows[mine]
        day[mine] = view.today - _clock(view, steps.policy, mine) - off[mine]
        mask = _fallen(steps, day[mine], view.late[mine], view.account_overdue[rows])
        if steps.account_whens:
            mask &= whens[rows]
        for bit, when in steps.item_whens:
            holds = _item_when(view, when, mine)
            mask &= np.where(holds, ALL, ALL ^ np.uint64(bit))
        if effects.any():
            mask &= ~bits(steps.effects)[effects[rows]]
        due[mine] = mask
    taken = _taken(view)
    due &= ~taken
    barred = _barred(view)
    if barred is not None:
        due &= ~barred[view.rows]
    return due, day, taken


def _fallen(steps: Ladder, day: Array, late: Array, account_overdue: Array) -> Array:
    """Steps whose day has come: a demand only past the due date, a courtesy only before it and while nothing is overdue."""
    demands = np.uint64(steps.demands)
    courtesies = np.where((late < 0) & ~account_overdue, ~demands, np.uint64(0))
    mask: Array = steps.fallen(day) & np.where(late > 0, demands, courtesies)
    return mask


def _clock(view: View, policy: Policy, mine: Array) -> Array:
    items = view.items
    if policy.start is not None:
        event = view.accounts[event_column(policy)].fill_null(date(9999, 1, 1))
        return dates(event).astype(np.int64)[view.rows[mine]]
    match policy.clock:
        case Clock.INVOICE_DATE:
            column = items["date"]
        case Clock.DUE_DATE:
            column = items["due"]
        case Clock.END_OF_MONTH:
            column = items["date"].dt.month_end()
        case Clock.STATEMENT_DATE:
            column = items["statement"].fill_null(items["date"].dt.month_end())
    return dates(column).astype(np.int64)[mine]


def _account_whens(view: View) -> Array:
    """row -> the steps whose `when`, on the account alone, holds (all bits where a step has none)."""
    whens = np.full(view.accounts.height, ALL, dtype=np.uint64)
    for number, steps in enumerate(view.ladders):
        rows = view.route == number
        if not steps.account_whens or not rows.any():
            continue
        held = view.hold([columns.condition(when) for _, when in steps.account_whens])
        for (bit, _), holds in zip(steps.account_whens, held, strict=True):
            whens[rows & ~holds] &= ALL ^ np.uint64(bit)
    return whens


def _item_when(view: View, when: Any, mine: Array) -> Array:
    names = {line.field for line in when.tests()}
    frame = pl.DataFrame({"amount": view.base[mine], "days_overdue": view.late[mine]}).with_columns(
        view.accounts[name].gather(view.rows[mine]) for name in names - questions.ITEM_FIELDS
    )
    return frame.select(columns.condition(when).alias("holds"))["holds"].to_numpy()


def _taken(view: View) -> Array:
    """item -> steps taken: by their name, and all below them when the mark was made under another policy."""
    taken = np.zeros(len(view.rows), dtype=np.uint64)
    if view.state.marks.height:
        marks, index = _of_open_items(view, view.state.marks)
        np.bitwise_or.at(taken, index, _step_masks(view, marks, view.item_policy[index]))
    return taken


def _of_open_items(view: View, marks: pl.DataFrame) -> tuple[pl.DataFrame, Array]:
    """The marks of open items, and each one's index of its item. Joined by one number, and by the item's own name after it."""
    number = pl.col("row").cast(pl.UInt64) * 0x9E3779B1 + pl.col("item").hash()
    marked = np.zeros(view.accounts.height, dtype=bool)
    marked[marks["row"].to_numpy()] = True
    at = np.flatnonzero(marked[view.rows])
    items = view.items.select("row", "item")[at].select("item", key=number, at=pl.Series(at))
    keys = marks.select(key=number, mark=pl.int_range(pl.len()))
    joined = keys.join(items.select("key", "at"), on="key", how="inner")
    found, index = marks[joined["mark"]], joined["at"].to_numpy()
    same = (found["item"] == view.items["item"].gather(index)).to_numpy()
    same &= found["row"].to_numpy() == view.rows[index]
    return (found, index) if same.all() else (found.filter(pl.Series(same)), index[same])


def _step_masks(view: View, marks: pl.DataFrame, policy: Array) -> Array:
    """A mark -> the bits it takes under the policy that its item stands under now."""
    made = columns.numbered(marks["policy"], [policy.id for policy in view.book.policies], NONE)
    names = sorted({step.name for policy in view.book.policies for step in policy.steps})
    of = np.zeros((len(view.ladders) + 1, len(names) + 1), dtype=np.uint64)  # the last row and column: none
    for number, steps in enumerate(view.ladders):
        for step in steps.policy.steps:
            of[number, names.index(step.name)] = 1 << step.index
    bit = of[policy, columns.numbered(marks["step"], names, len(names))]
    mask: Array = np.where(made == policy, bit, up_to(bit))
    for number, steps in enumerate(view.ladders):
        if steps.policy.start is not None and (mine := policy == number).any():
            event = view.accounts[event_column(steps.policy)].gather(marks["row"])
            present = (marks["event"] == event).fill_null(value=False).to_numpy()
            mask[mine] = np.where((made == number) & present, bit, np.uint64(0))[mine]
    return mask


def _barred(view: View) -> Array | None:
    barred = view.state.barred
    if not barred.height:
        return None
    mask = np.zeros(view.accounts.height, dtype=np.uint64)
    rows = barred["row"].to_numpy()
    for row, name in zip(rows, barred["step"], strict=True):
        number = view.route[row]
        step = view.book.policies[number].step(name) if number != NONE else None
        if step:
            mask[row] |= np.uint64(1 << step.index)
    return mask


def offers(view: View, due: Array, day: Array) -> Array:
    """item -> the one step it offers, by the way its policy catches up."""
    offers = np.zeros(len(due), dtype=np.uint64)
    some = np.flatnonzero(due)
    policy = view.item_policy[some]
    for number, steps in enumerate(view.ladders):
        late = view.book.late(steps.policy)
        mine = some[policy == number]
        if not len(mine):
            continue
        mask = due[mine]
        if late.way == "climb":
            offers[mine] = lowest(mask)
        elif late.way == "latest":
            offers[mine] = highest(mask)
        else:
            offers[mine] = highest(mask & ~steps.fallen(day[mine] - late.days - 1))
    return offers
