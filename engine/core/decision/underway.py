"""What has begun and is not taken yet: calls on the list, approvals, addresses, steps that come again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from engine.core.decision import columns
from engine.core.decision.columns import dates
from engine.core.decision.ladder import event_column, up_to
from engine.core.decision.signature import NONE, Origin, Under
from engine.core.decision.state import REPEATS, Pending
from engine.core.decision.view import ALL, View
from engine.core.language.policy import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Begun:
    """unit -> what is under way: Under, the bit of its step in the present policy (0: it has none), the day."""

    under: Array
    bit: Array
    since: Array


def begun(view: View) -> Begun:
    """What is under way for each unit."""
    under = np.zeros(view.units, dtype=np.int64)
    bit = np.zeros(view.units, dtype=np.uint64)
    since = np.full(view.units, view.today)
    # What waits for room in the day is no reason to decide otherwise, and may be a great deal: but for a call that is made
    # again.
    pending = view.state.pending.filter(
        (pl.col("state") != Pending.CAPACITY.value) | (pl.col("attempts") > 0)
    )
    if pending.height:
        pending, units = _units(view, pending)
        under[units] = _under(pending, view.day.on)
        bit[units] = _bits(view, pending["step"], view.policy[units])
        since[units] = dates(pending["since"])
    return Begun(under, bit, since)


def tries(view: View, chosen: Array, origin: Array) -> Array:
    """unit -> how often the call of its chosen step has reached nobody this time, wherever it waits now."""
    found = np.zeros(view.units, dtype=np.int64)
    tried = view.state.pending.filter(pl.col("attempts") > 0)
    if tried.height:
        pending, units = _units(view, tried)
        same = _bits(view, pending["step"], view.policy[units]) == chosen[units]
        same &= np.isin(origin[units], (Origin.FREE, Origin.REPEAT))
        np.maximum.at(found, units[same], pending["attempts"].to_numpy().astype(np.int64)[same])
    return found


def _units(view: View, pending: pl.DataFrame) -> tuple[pl.DataFrame, Array]:
    """What is under way of accounts that a policy has, and the unit of each."""
    rows = pending["row"].to_numpy()
    units = view.unit_start[rows].astype(np.int64)
    for at in np.flatnonzero(view.each[view.route[rows]]).tolist():
        unit = view.unit(int(rows[at]), pending["item"][at])
        units[at] = NONE if unit is None else unit
    known = np.flatnonzero((units != NONE) & (view.policy[units] != NONE))
    return pending[known], units[known]


def overtaken(view: View, due: Array, day: Array, begun: Begun) -> Array:
    """unit -> the step under way is passed over: a higher one fell due meanwhile (of a call: once `gap` has gone)."""
    under = begun.under
    waits = np.isin(under, (Under.CALL, Under.APPROVAL, Under.ADDRESS))
    if not waits.any():
        return np.zeros(view.units, dtype=bool)
    above = ~up_to(begun.bit)
    before = np.zeros(len(due), dtype=np.uint64)
    gap = np.array([steps.gap for steps in view.ladders] + [0])
    waited = view.today - begun.since
    asked = waits[view.item_unit]
    for number, steps in enumerate(view.ladders):
        mine = np.flatnonzero(asked & (view.item_policy == number))
        then = waited[view.item_unit[mine]]
        past_then = view.late[mine] - then > 0
        before[mine] = steps.fallen(day[mine] - then) & np.where(past_then, ALL, np.uint64(0))
    free_due = np.where(view.free, due, np.uint64(0))
    newly = view.by_unit.union(free_due & ~before) & above
    higher = view.by_unit.union(free_due) & above
    call = (under == Under.CALL) & (higher != 0) & (waited >= np.maximum(gap[view.policy], 1))
    person = np.isin(under, (Under.APPROVAL, Under.ADDRESS)) & (newly != 0)
    passed: Array = call | person
    return passed


def repeats(view: View) -> tuple[Array, Array, Array]:
    """unit -> repeating steps due again; unit -> repeats still to come; unit -> times of the highest due again."""
    again = np.zeros(view.units, dtype=np.uint64)
    to_come = np.zeros(view.units, dtype=bool)
    times = np.zeros(view.units, dtype=np.int64)
    for (unit, _), (step, taken, last) in _repeated(view).items():
        if step.repeat is None or taken > step.repeat.at_most:
            continue
        to_come[unit] = True
        if (view.day.on - last).days >= step.repeat.every and step.day >= 0:
            bit = np.uint64(1 << step.index)
            if bit > again[unit]:
                times[unit] = taken
            again[unit] |= bit
    return again, to_come, times


def _repeated(view: View) -> dict[tuple[int, int], tuple[Step, int, date]]:
    """(unit, step's index) -> how often it was taken, and when last: under other policies too, except where it begins afresh."""
    found: dict[tuple[int, int], tuple[Step, int, date]] = {}
    for row, made_by, name, taken, last in view.state.repeats.select(list(REPEATS)).iter_rows():
        unit, number = view.unit(row, None), view.route[row]
        policy = view.book.policies[number] if number != NONE else None
        step = policy.step(name) if policy else None
        if unit is None or policy is None or step is None:
            continue
        if policy.start is not None:
            event = view.accounts[event_column(policy)][row]
            if made_by != policy.id or event is None or last < event:
                continue
        _, before, latest = found.get((unit, step.index), (step, 0, last))
        found[unit, step.index] = step, before + taken, max(latest, last)
    return found


def _bits(view: View, steps: pl.Series, policy: Array) -> Array:
    """The bit that each step has in a policy; 0 where that has none of its name."""
    found = np.zeros(len(steps), dtype=np.uint64)
    for number, ladder in enumerate(view.ladders):
        mine = np.flatnonzero(policy == number)
        if len(mine):
            names = [step.name for step in ladder.policy.steps]
            bits = np.array([1 << step.index for step in ladder.policy.steps] + [0], dtype=np.uint64)
            found[mine] = bits[columns.numbered(steps[mine], names, NONE)]
    return found


_UNDER = {
    Pending.CALL.value: Under.CALL.value,
    Pending.AGAIN.value: Under.AGAIN_NOW.value,
    Pending.MESSAGE.value: Under.MESSAGE.value,
    Pending.APPROVAL.value: Under.APPROVAL.value,
    Pending.ADDRESS.value: Under.ADDRESS.value,
    Pending.APPROVED.value: Under.APPROVED.value,
    Pending.UNCERTAIN.value: Under.UNCERTAIN.value,
    Pending.CAPACITY.value: Under.AGAIN_NOW.value,
}


def _under(pending: pl.DataFrame, on: date) -> Array:
    """What each row of `pending` means today."""
    under = pl.col("state").replace_strict(_UNDER, return_dtype=pl.Int64)
    later = (pl.col("state") == Pending.AGAIN.value) & (pl.col("not_before") > on)
    later = later.fill_null(value=False)
    said = pending.select(pl.when(later).then(pl.lit(Under.AGAIN_LATER.value)).otherwise(under))
    found: Array = said.to_series().to_numpy()
    return found
