"""The guards of people for the step of every unit, as columns: the counterpart of `cases.guards`, which is the definition.

What no account can meet stays one constant column and costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from engine.core.cases import guards
from engine.core.cases.guards import PHONE, WISHES, Asks, Called
from engine.core.decision.columns import dates
from engine.core.decision.signature import ATTORNEY, INSOLVENT, WISHED
from engine.core.decision.state import State
from engine.core.decision.view import View
from engine.core.language.policy import House, Limit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def left_to_people(view: View, never: Array) -> None:
    """row -> `never`, filled in where the guards of insolvency and attorney say so and no line of the house does."""
    attorney = view.accounts["attorney"]
    if attorney.any():
        acts = attorney.fill_null(value=False).to_numpy() & ~_by_way_of_attorney(view)
        _guard(view, never, acts, guards.ATTORNEY, ATTORNEY)
    insolvent = view.accounts["insolvent"]
    if insolvent.any():
        _guard(view, never, insolvent.fill_null(value=False).to_numpy(), guards.INSOLVENCY, INSOLVENT)


def _guard(view: View, never: Array, holds: Array, name: str, code: int) -> None:
    off = view.without(name)
    holds = holds if off is None else holds & ~off
    never[holds & ((never < 0) | (never >= INSOLVENT))] = code


def _by_way_of_attorney(view: View) -> Array:
    """row -> an address of the attorney is known, and everything goes there."""
    found = np.zeros(view.accounts.height, dtype=bool)
    wishes = _wishes(view)
    found[wishes.filter(pl.col("opens") > 0)["row"].to_numpy()] = True
    return found


def _wishes(view: View) -> pl.DataFrame:
    """The rules about contact that are in force on the day."""
    wishes = view.state.wishes
    if not wishes.height:
        return wishes
    return wishes.filter((pl.col("until") >= view.day.on).fill_null(value=True))


def addresses(view: View, needed: Array, either: Array, calls: Callable[[], Array]) -> Array:
    """unit -> an address its step needs is missing, or a rule about contact closes the way to it. `calls`: it calls somebody."""
    wishes = _wishes(view)
    if not needed.any() and not either.any() and not wishes.height:
        return np.zeros(view.units, dtype=np.int8)
    known = view.accounts["addresses"].fill_null(0).to_numpy().astype(np.int64)
    left = known
    if wishes.height:
        left = (known | _bits(view, wishes, "opens")) & ~_bits(view, wishes, "closes")
    here = left[view.unit_row]
    answer: Array = (((needed & here) != needed) | ((either != 0) & ((either & here) == 0))).astype(np.int8)
    if wishes.height:
        needs = needed | np.where(calls(), PHONE, 0)
        none_left = (either != 0) & ((either & here) == 0)
        for number in range(len(WISHES)):
            mine = wishes.filter(pl.col("wish") == number)
            if not mine.height:
                continue
            closes = _bits(view, mine, "closes")
            shut = closes[view.unit_row]
            held = (needs & shut) != 0
            held |= none_left & ((either & known[view.unit_row] & shut) != 0)
            answer[held] = WISHED + number
    return answer


def _bits(view: View, wishes: pl.DataFrame, column: str) -> Array:
    """row -> the bits of all its rules together."""
    bits = np.zeros(view.accounts.height, dtype=np.int64)
    np.bitwise_or.at(bits, wishes["row"].to_numpy(), wishes[column].to_numpy().astype(np.int64))
    return bits


def holidays(view: View) -> Array | None:
    """row -> it is a public holiday of the customer's country; None: for nobody."""
    countries = view.accounts["country"]
    if not view.day.holidays or countries.null_count() == len(countries):
        return None
    closed = [code for code in countries.unique() if guards.holiday_there(code, view.day.on)]
    if not closed:
        return None
    there: Array = countries.is_in(closed).fill_null(value=False).to_numpy()
    off = view.without(guards.HOLIDAYS)
    return there if off is None else there & ~off


def called(view: View) -> Array | None:
    """row -> why one more call would be one too many (`Called`); None: for nobody."""
    calls = view.state.calls
    if not calls.height:
        return None
    rules = view.book.house.guards
    rows, ago = calls["row"].to_numpy(), view.today - dates(calls["on"])
    spoke = calls["spoke"].fill_null(value=False).to_numpy()

    def within(days: int) -> Array:
        return (ago >= 0) & (ago < days)

    def enough(limit: Limit) -> Array:
        """row -> it has been called as often as the limit allows."""
        calls = np.bincount(rows[within(limit.days)], minlength=view.accounts.height)
        found: Array = calls >= limit.most
        return found

    answer = np.zeros(view.accounts.height, dtype=np.int8)
    answer[enough(rules.calls)] = Called.COMPANY
    if view.natural is not None:
        answer[view.natural] = Called.NO
        answer[view.natural & enough(rules.persons)] = Called.PERSON
        spoken = rows[spoke & within(rules.conversation)]
        answer[spoken[view.natural[spoken]]] = Called.SPOKEN
    off = view.without(guards.CALLS)
    if off is not None:
        answer[off] = Called.NO
    return answer if answer.any() else None


def open_ways(state: State, on: date) -> dict[int, int]:
    """row -> bits of ADDRESSES that are left of those known, for the accounts with a rule about contact."""
    found: dict[int, list[guards.Closed]] = {}
    for row, wish, closes, opens, until in state.wishes.iter_rows():
        if until is None or until >= on:
            found.setdefault(row, []).append(guards.Closed(WISHES[wish], closes, opens))
    known = state.accounts["addresses"]
    return {row: guards.open_ways(rules, int(known[row] or 0)) for row, rules in found.items()}


def narrower(house: House, state: State, on: date) -> frozenset[int]:
    """Rows of the natural persons whose hours are narrower than the house's; none where the house's lie within them."""
    if guards.hours(house.opens, house.closes, natural=True) == guards.hours(
        house.opens, house.closes, natural=False
    ):
        return frozenset()
    off = state.off.filter((pl.col("guard") == guards.HOURS) & (pl.col("until") >= on))["row"].to_list()
    who = state.accounts.select("row", "natural_person", "legal_form").iter_rows()
    return frozenset(row for row, person, form in who if guards.consumer(person, form)) - frozenset(off)


def asks(view: View, approve: Array, weighs: Array, legal: Array) -> Array:
    """unit -> why its step asks for an approval: the policy, else a natural person, else a message of tone legal."""
    if view.natural is not None and weighs.any():
        off = view.without(guards.PERSONS)
        weighs = weighs & (view.natural if off is None else view.natural & ~off)[view.unit_row]
    if not weighs.any() and not legal.any():
        return approve
    answer: Array = np.select([approve, weighs, legal], [Asks.POLICY, Asks.PERSON, Asks.LEGAL], Asks.NO)
    return answer
