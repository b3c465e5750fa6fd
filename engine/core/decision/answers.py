"""Each gate's answer for the step of every unit, as columns: the counterpart of `standing`, read by `gates`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from engine.core.cases.guards import Called, calls_somebody, speaks_of_law, weighs
from engine.core.decision import columns, fairness
from engine.core.decision.columns import dates, day_number, latest
from engine.core.decision.draw import held_out_rows, waits_held_out
from engine.core.decision.ladder import (
    Ladder,
    addresses,
    binds,
    call_role,
    contacts,
    demands_in_writing,
    in_season,
    own_pause_binds,
)
from engine.core.decision.signature import HELD_OUT, NONE, OWN_PAUSE, Origin
from engine.core.decision.view import LONG_AGO, View
from engine.core.language.policy import Step, Tone, seniority

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Words = tuple[str, ...]


def answers(
    view: View, step: Array, origin: Array, offers: Array
) -> tuple[dict[str, Array], dict[str, Words]]:
    """Each gate's answer for the step of each unit, zero where a unit has no step; and the words behind the codes.

    Only units with a step are asked, and what no account and no line can bring about stays one constant column.
    """
    has = (origin != Origin.NOTHING) & (step >= 0)
    asked = np.flatnonzero(has)
    found, words = _of_steps(view, view.among(asked), asked, step[asked], origin[asked], offers)
    spread = {name: _spread(column, asked, view.units) for name, column in found.items()}
    spread["pause"][~has] = NONE
    return {"never": _never(view, has | (step < 0)), **spread}, words


def _spread(column: Array, asked: Array, units: int) -> Array:
    """The answers of the units that were asked, among those of all; the others' are zero."""
    every: Array = np.zeros(units, dtype=column.dtype)
    every[asked] = column
    return every


def _of_steps(
    view: View, among: View, asked: Array, step: Array, origin: Array, offers: Array
) -> tuple[dict[str, Array], dict[str, Words]]:
    """The answers of the units `asked` of `view`, which alone are in `among`."""
    table = _Steps(among.ladders, among.policy, step)
    contact = table.flag(contacts)
    role, voice, words = _voice(among, table)
    none: Array = np.zeros(among.units, dtype=np.int8)
    found = {
        "minimum": _below(among, table, origin, offers),
        "pause": _paused(among, table),
        "closed": _closed(among, table, contact),
        "gap": none,
        "answer": _answer(among, table),
        "contact": _called(among, table),
        "stale": table.flag(lambda step: contacts(step) and step.demand) if among.day.stale else none,
        "address": fairness.addresses(
            among,
            table.value(lambda step: addresses(step)[0]),
            table.value(lambda step: addresses(step)[1]),
            lambda: table.flag(calls_somebody),
        ),
        "approve": _approve(among, table),
        "role": role,
        "voice": voice,
        "no_rate": _no_rate(among),
        "supply": _bound(among, table),
    }
    if view.state.touches.height:
        touched, recent = (column[asked] for column in _touches(view))
        gap = np.array([steps.gap for steps in among.ladders] + [0])[among.policy]
        found["gap"] = contact & (among.today - touched < gap)
        if limit := among.book.house.contact:
            house = contact & (recent >= limit.most)
            found["contact"] = np.where(house, np.int8(Called.HOUSE), found["contact"])
    if among.stepped.any():  # one step a day; under `each: invoice` every invoice has its own
        found["gap"] = found["gap"] | (among.stepped & (among.unit_item == NONE))
    return found, words


def _never(view: View, asked: Array) -> Array:
    """unit -> index of the first line of `never` that holds, else the guard that does."""
    never = np.full(view.accounts.height, NONE, dtype=np.int8)
    lines = view.hold([columns.clause(clause) for clause in view.book.house.never])
    for number, holds in reversed(list(enumerate(lines))):
        never[holds] = number
    fairness.left_to_people(view, never)
    bound: Array = np.where(asked, never[view.unit_row], np.int8(NONE))
    return bound


def _answer(view: View, table: _Steps) -> Array:
    """unit -> the customer still has time to answer: no higher step, and no other written demand, until then."""
    until = view.accounts["answer_by"]
    if until.null_count() == len(until):
        return np.zeros(view.units, dtype=bool)
    answering = (until >= view.day.on).fill_null(value=False).to_numpy()[view.unit_row]
    day = view.accounts["answer_day"].fill_null(100_000).to_numpy()[view.unit_row]
    waits: Array = answering & (table.flag(demands_in_writing) | (table.value(lambda step: step.day) > day))
    return waits


def _closed(view: View, table: _Steps, contact: Array) -> Array:
    """unit -> 1: the day is closed for its step; 2: it is a holiday of the customer's country, and the step calls."""
    if view.day.closed:
        closed: Array = contact
        return closed
    there = fairness.holidays(view)
    if there is None:
        return np.zeros(view.units, dtype=np.int8)
    return np.where(table.flag(calls_somebody) & there[view.unit_row], np.int8(2), np.int8(0))


def _called(view: View, table: _Steps) -> Array:
    """unit -> why one more call would be one too many."""
    called = fairness.called(view)
    if called is None:
        return np.zeros(view.units, dtype=np.int8)
    return np.where(table.flag(calls_somebody), called[view.unit_row], np.int8(Called.NO))


def _touches(view: View) -> tuple[Array, Array]:
    """unit -> day of the last contact that counts; unit -> contacts within the house's limit's days."""
    touches = view.state.touches
    days = view.book.house.contact.days if view.book.house.contact else 0
    size, rows = view.accounts.height, touches["row"].to_numpy()
    row_last = latest(touches["row"], touches["on"], size, LONG_AGO)
    row_recent = np.bincount(rows[view.today - dates(touches["on"]) < days], minlength=size)
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
    owed = view.owed[view.unit_row] if view.one_currency else _most_in_a_currency(view, view.past & view.free)
    aside = origin == Origin.ASIDE
    if aside.any():
        owed = np.where(aside, _most_in_a_currency(view, view.past), owed)
    courtesy = table.flag(lambda step: not step.demand)
    if courtesy.any():
        owed = np.where(courtesy, _most_in_a_currency(view, ~view.past & (offers != 0)), owed)
    below: Array = owed < minimum
    return below


def _most_in_a_currency(view: View, which: Array) -> Array:
    """unit -> the largest sum of its account in one currency, in the house's minor units."""
    amounts = np.where(which, view.base, 0)
    if view.one_currency:
        return view.by_account.sum(amounts)[view.unit_row]
    frame = pl.DataFrame({"row": view.rows, "currency": view.items["currency"], "amount": amounts})
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
    """unit -> index of the first pause that binds its step, OWN_PAUSE for one set on the account, HELD_OUT, or NONE."""
    paused = np.full(view.units, NONE, dtype=np.int8)
    for split in view.book.house.splits:
        ids = [policy.id for policy in view.book.policies]
        champion = view.policy == ids.index(split.champion)
        held = held_out_rows(split, view.accounts, view.natural, view.day.on)[view.unit_row]
        if held.any():
            paused[champion & held & table.flag(waits_held_out)] = HELD_OUT
    until = view.accounts["paused_until"]
    if until.null_count() < len(until):
        own = (until >= view.day.on).fill_null(value=False)
        kinds = view.accounts["paused_kinds"].fill_null("")
        for words in kinds.filter(own).unique():
            held = (own & (kinds == words)).to_numpy()[view.unit_row]
            paused[held & table.flag(partial(own_pause_binds, kinds=words, on=view.day.on))] = OWN_PAUSE
    pauses = [each for each in enumerate(view.book.house.pause) if in_season(each[1].season, view.day.on)]
    clauses = view.hold([columns.clause(pause.clause) for _, pause in pauses])
    for (number, pause), holds in reversed(list(zip(pauses, clauses, strict=True))):
        paused[holds[view.unit_row] & table.flag(partial(binds, pause))] = number
    return paused


def _bound(view: View, table: _Steps) -> Array:
    """unit -> its step asks for terms or a hold, and a contract obliges us to supply."""
    bound: Array = table.flag(lambda step: step.restricts)
    return _flagged(view, "contract_supply") & bound if bound.any() else bound


def _flagged(view: View, name: str) -> Array:
    """unit -> a yes/no of its account; no where it is not known."""
    flag: Array = view.accounts[name].fill_null(value=False).to_numpy()[view.unit_row]
    return flag


def _approve(view: View, table: _Steps) -> Array:
    """unit -> why its step asks for an approval: as it says, and whatever takes supply from a strategic account.

    Where a contract obliges us to supply nothing is taken, so that there is nothing to agree to.
    """
    approve = table.flag(lambda step: step.approve is not None and step.approve.when is None)
    restricts = table.flag(lambda step: step.restricts)
    if restricts.any():
        approve |= _flagged(view, "strategic") & restricts
    for number, steps in enumerate(view.ladders):
        for step in steps.policy.steps:
            if step.approve and step.approve.when:
                mine = (view.policy == number) & (table.step == step.index)
                if mine.any():
                    approve |= mine & view.holds(columns.condition(step.approve.when))[view.unit_row]
    bound = _bound(view, table)
    tones = view.book.tones
    legal = table.flag(partial(speaks_of_law, tones)) if Tone.LEGAL in tones.values() else table.none
    heavy = table.flag(weighs) & ~bound if view.natural is not None else table.none
    return fairness.asks(view, approve & ~bound, heavy, legal & ~bound)


def _voice(view: View, table: _Steps) -> tuple[Array, Array, dict[str, Words]]:
    """unit -> code of the role that calls instead; unit -> code of the step whose message is sent instead; the words."""
    accounts, rows = view.accounts, view.unit_row
    role: Array = np.zeros(view.units, dtype=np.int64)
    voice: Array = np.zeros(view.units, dtype=np.int64)
    roles: Words = ("",)
    voices: Words = ("",)
    if accounts["reached"].null_count() < accounts.height:
        own = table.value(lambda step: seniority(call_role(step)))
        calls = np.flatnonzero(own)
        reached, roles = _coded(accounts["reached"].gather(rows[calls]))
        senior = np.array([seniority(name) for name in roles])[reached]
        role[calls] = np.where(senior > own[calls], reached, 0)
    tone = accounts["tone"].fill_null(0)
    if (tone > 0).any():
        own = table.tone()
        firmer = np.flatnonzero((own > 0) & (tone.to_numpy()[rows] > own))
        voice[firmer], voices = _coded(accounts["tone_step"].gather(rows[firmer]))
    return role, voice, {"role": roles, "voice": voices}


def _coded(words: pl.Series) -> tuple[Array, Words]:
    """Words as numbers, and the words in the order of the numbers; the empty word, or none, is 0."""
    known = ("", *sorted(set(words.drop_nulls().unique()) - {""}))
    return columns.numbered(words, known, 0), known


class _Steps:
    """Facts of the step of each unit, looked up by (policy, step). A unit without a step has no fact."""

    def __init__(self, ladders: list[Ladder], policy: Array, step: Array) -> None:
        self.ladders, self.step = ladders, step
        self.width = max((len(steps.policy.steps) for steps in ladders), default=0) + 1
        self.index = np.where(step >= 0, policy * self.width + step, len(ladders) * self.width)

    def _table(self, facts: Iterable[Iterable[Any]], dtype: Any) -> Array:
        table = np.zeros(len(self.ladders) * self.width + 1, dtype=dtype)
        for number, of_policy in enumerate(facts):
            values = list(of_policy)
            table[number * self.width : number * self.width + len(values)] = values
        looked_up: Array = table[self.index]
        return looked_up

    def flag(self, fact: Callable[[Step], bool]) -> Array:
        return self._table(((fact(step) for step in steps.policy.steps) for steps in self.ladders), bool)

    def value(self, fact: Callable[[Step], int]) -> Array:
        return self._table(((fact(step) for step in steps.policy.steps) for steps in self.ladders), np.int64)

    @property
    def none(self) -> Array:
        return np.zeros(len(self.step), dtype=bool)

    def tone(self) -> Array:
        return self._table((steps.tones for steps in self.ladders), np.int64)
