"""Many accounts at a moment as columns: who stands where on which ladder, and which of them are alike.

Route first, then only that policy's tests; items carry steps, so masks of steps are worked out an item and united an account.
What comes out is a `Signature` for every unit (an account, or an item under `each: invoice`) and the classes they form.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from engine.core.decision import answers, columns, masks, questions, underway
from engine.core.decision.classes import classed
from engine.core.decision.columns import Groups, dates
from engine.core.decision.draw import Lot, lots, on_side_column
from engine.core.decision.ladder import bits, event_column, highest, index_of, ladder, up_to
from engine.core.decision.signature import NONE, TELL_OWNER_EVERY, TURN, Finished, Origin, Signature, Under
from engine.core.decision.state import Aside, State
from engine.core.decision.view import LONG_AGO, Day, View
from engine.core.language.policy import Policy, PolicyBook
from engine.core.netting import net

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(slots=True)
class Portfolio:
    """What the columns say. Arrays are by account (`row`), by unit, or by open debit item; all in the order of `row`."""

    accounts: pl.DataFrame  # with the measures the book asks for
    items: pl.DataFrame  # open debit items, with `owed`, `base`, `unit`
    unit_row: Array  # unit -> row
    unit_item: Array  # unit -> index in items, or -1
    route: Array  # row -> index of its policy, or -1
    home: Array  # row -> index of the policy that its episode keeps, or -1
    day: Array  # item -> its day on its policy's clock
    due: Array  # item -> steps due and not taken
    takes: Array  # unit -> the steps that its step takes: itself and the lower ones, but none that repeats
    passes: Array  # unit -> the steps that are passed over with what waited, where a higher one fell due meanwhile
    amount: Array  # unit -> what is overdue and not set aside (of a courtesy: what falls due), house's minor units
    late: Array  # unit -> most days past due of what is asked for
    overdue: Array  # row -> something is past due, set aside or not
    signature: dict[str, Array]  # a column a field of Signature; `role` and `voice` as codes
    words: dict[str, tuple[str, ...]]  # the words behind those codes
    classes: Array  # unit -> class number
    first: Array  # class -> its first unit
    by_unit: Groups  # items -> units
    free: Array  # item -> not set aside

    def at(self, unit: int) -> Signature:
        """The signature of one unit."""
        values = {name: int(column[unit]) for name, column in self.signature.items()}
        words = {name: known[values[name]] for name, known in self.words.items()}
        return Signature(**(values | words))  # type: ignore[arg-type]  # its two words stand as codes in the columns


def portfolio(book: PolicyBook, state: State, day: Day) -> Portfolio:
    """Signatures and classes of all accounts of `state` on a day. Pure: the same input gives the same frames."""
    accounts, items, by_account = _measured(book, state, day)
    route, home = _route(book, accounts, day.on)
    ladders = [ladder(book, policy) for policy in book.policies]
    return _signed(View(book, state, day, ladders, accounts, items, by_account, route), home)


def routed(book: PolicyBook, state: State, day: Day) -> tuple[Array, Array, Array]:
    """row -> its policy; row -> the policy its episode keeps; row -> something is past due. As `portfolio` has them."""
    accounts, items, by_account = _measured(book, state, day)
    late = columns.day_number(day.on) - dates(items["due"]).astype(np.int64)
    return *_route(book, accounts, day.on), by_account.any(late > 0)


def drawn(book: PolicyBook, state: State, day: Day) -> tuple[Lot, ...]:
    """The accounts that a comparison of the house draws on the day, and to which side. None where nothing is compared."""
    if not book.house.splits:
        return ()
    accounts, items, by_account = _measured(book, state, day)
    late = columns.day_number(day.on) - dates(items["due"]).astype(np.int64)
    _, home = _route(book, accounts, day.on)
    return lots(book, state, accounts, home, by_account.any(late > 0), day.on)


def _measured(book: PolicyBook, state: State, day: Day) -> tuple[pl.DataFrame, pl.DataFrame, Groups]:
    """The accounts with what the book asks of them, their open debit items, and which items are whose."""
    items = _debits(state.items)
    by_account = Groups(items["row"].to_numpy(), state.accounts.height)
    wanted = questions.fields(book) | {"overdue"}
    accounts = columns.measures(state.accounts, items, by_account, day.on, wanted)
    accounts = _balances(accounts, state, items, by_account, wanted)
    # Evaluators take a fact that is not there for one without a value: of what was not read there is an error here.
    accounts.select(questions.of_account(wanted))
    return accounts, items, by_account


def _debits(items: pl.DataFrame) -> pl.DataFrame:
    """Open debit items after netting, with `owed` in their own currency and `base` in the house's."""
    if items.select((pl.col("open") <= 0).any()).item():
        items = net(items).filter(pl.col("owed") > 0)
    else:
        items = items.with_columns(owed=pl.col("open"))
    if items.select(((pl.col("rate") == 1.0).fill_null(value=False)).all()).item():
        return items.with_columns(base=pl.col("owed"))
    return items.with_columns(base=pl.Series(in_house(items["owed"], items["rate"])))


def in_house(amounts: pl.Series, rates: pl.Series) -> Array:
    """Amounts in the house's minor units, half to even; 0 where no rate is known (the gate `minimum` then holds)."""
    rate = rates.fill_null(0.0).to_numpy()
    house: Array = amounts.to_numpy()
    return house if (rate == 1.0).all() else np.rint(house * rate).astype(np.int64)


def _balances(
    accounts: pl.DataFrame, state: State, items: pl.DataFrame, by_account: Groups, wanted: frozenset[str]
) -> pl.DataFrame:
    """The fields that need the credits too: `balance`, `unapplied`, `used`."""
    if not wanted & {"balance", "unapplied", "used"}:
        return accounts
    if items.height == state.items.height:  # there is no credit
        groups, base = by_account, items["base"].to_numpy()
    else:
        groups = Groups(state.items["row"].to_numpy(), accounts.height)
        base = in_house(state.items["open"], state.items["rate"])
    accounts = accounts.with_columns(balance=groups.sum(base))
    if "unapplied" in wanted:
        cash = (state.items["kind"] == "payment").to_numpy() & (base < 0)
        accounts = accounts.with_columns(unapplied=groups.sum(np.where(cash, -base, 0)))
    if "used" in wanted:
        limit = pl.when(pl.col("limit") > 0).then("limit")
        accounts = accounts.with_columns(used=(pl.col("balance") * 10_000).floordiv(limit))
    return accounts


def _route(book: PolicyBook, accounts: pl.DataFrame, on: date) -> tuple[Array, Array]:
    """The policy of each account: the first that fits; in an episode its own, unless an earlier one takes over.

    Of two policies that are compared only the one fits to whose side the account was drawn.

    And the policy the episode keeps: the first that fits and has no `start:`, chosen when the episode begins.
    """
    fits = [
        (columns.clause(policy.fits) & _started(policy) & on_side_column(book, policy.id, on)).alias(
            f"fits {n}"
        )
        for n, policy in enumerate(book.policies)
    ]
    size = accounts.height
    if not fits:
        nowhere = np.full(size, NONE)
        return nowhere, nowhere
    table = accounts.select(fits)
    first = np.full(size, NONE)
    base = np.full(size, NONE)
    for number in reversed(range(len(fits))):
        holds = table[f"fits {number}"].to_numpy() if table.height == size else np.ones(size, dtype=bool)
        first[holds] = number
        if book.policies[number].start is None:
            base[holds] = number
    base = np.where(base == NONE, first, base)
    if accounts["home"].null_count() == size:  # no episode has begun
        return first, base
    kept = columns.numbered(accounts["home"], [policy.id for policy in book.policies], NONE)
    home = np.where(kept == NONE, base, kept)
    earlier = (first != NONE) & (first < kept)
    return np.where((kept == NONE) | earlier, first, kept), home


def _started(policy: Policy) -> pl.Expr:
    return pl.lit(value=True) if policy.start is None else pl.col(event_column(policy)).is_not_null()


def _signed(view: View, home: Array) -> Portfolio:
    """From items to units to signatures."""
    due, day, _ = masks.due(view)
    begun = underway.begun(view)
    passed = underway.overtaken(view, due, day, begun)
    below = np.where(passed, up_to(begun.bit), np.uint64(0))
    offers = masks.offers(view, due & ~below[view.item_unit] if passed.any() else due, day)
    again, to_come, times = underway.repeats(view)
    chosen, origin = _highest_offered(view, offers, again)

    under = begun.under
    free_due = view.by_unit.union(np.where(view.free, due, np.uint64(0)))
    retry = (under == Under.AGAIN_NOW) & ((free_due & begun.bit) != 0)
    chosen, origin = np.where(retry, begun.bit, chosen), np.where(retry, Origin.FREE, origin)
    # An approval, an address or a try that was for another step than today's is overtaken by it.
    for_a_step = np.isin(under, (Under.APPROVAL, Under.ADDRESS, Under.APPROVED, Under.AGAIN_NOW))
    passed |= for_a_step & (chosen != begun.bit) & (origin != Origin.NOTHING)
    under = np.where(passed, Under.NOTHING, under)
    waiting = np.isin(under, (Under.CALL, Under.AGAIN_LATER, Under.MESSAGE, Under.UNCERTAIN))
    chosen, origin = np.where(waiting, begun.bit, chosen), np.where(waiting, Origin.NOTHING, origin)

    step = index_of(chosen)
    signature: dict[str, Array] = {
        "policy": view.policy,
        "step": step,
        "origin": origin,
        "aside": _why_aside(view, offers, origin),
        "overdue": view.account_overdue[view.unit_row],
        "finished": _finished(view, origin, day, to_come, under),
        "passed": passed,
        "under": under,
        "occurrence": underway.tries(view, chosen, origin),
    }
    if times.any():
        signature["occurrence"] += np.where(origin == Origin.REPEAT, TURN * times, 0)
    gates, words = answers.answers(view, step, origin, offers)
    signature |= gates
    classes, first = classed(signature, view.units)
    amount, late = _asked(view, step, offers)
    return Portfolio(
        accounts=view.accounts,
        items=view.items.with_columns(unit=pl.Series(view.item_unit)),
        unit_row=view.unit_row,
        unit_item=view.unit_item,
        route=view.route,
        home=home,
        day=day,
        due=due,
        takes=_takes(view, chosen),
        passes=_passes(view, passed, begun.bit, chosen),
        amount=amount,
        late=late,
        overdue=view.account_overdue,
        signature=signature,
        words=words,
        classes=classes,
        first=first,
        by_unit=view.by_unit,
        free=view.free,
    )


def _asked(view: View, step: Array, offers: Array) -> tuple[Array, Array]:
    """unit -> what its step asks for, set aside or not yet due left out; unit -> most days past due of it."""
    courtesy = ~view.past & (offers != 0) & (step >= 0)[view.item_unit]
    asked = view.free & (view.past | courtesy)
    simple = view.by_unit is view.by_account and not courtesy.any()
    amount = view.owed if simple else view.by_unit.sum(np.where(asked, view.base, 0))
    return amount, view.by_unit.most(np.where(asked, view.late, LONG_AGO), LONG_AGO)


def _takes(view: View, chosen: Array) -> Array:
    """unit -> the steps that taking its step takes too."""
    again = bits([steps.repeats for steps in view.ladders] + [0])
    if not again.any():
        return up_to(chosen)
    takes: Array = chosen | (up_to(chosen) & ~again[view.policy])
    return takes


def _passes(view: View, passed: Array, waited: Array, chosen: Array) -> Array:
    """unit -> what is passed over with a step that waited, where a higher one was chosen: it and the lower ones."""
    if not passed.any():
        return np.zeros(view.units, dtype=np.uint64)
    return _takes(view, np.where(passed & (waited < chosen), waited, np.uint64(0)))


def _highest_offered(view: View, offers: Array, again: Array) -> tuple[Array, Array]:
    """unit -> the bit of the highest step offered, and its Origin. Items set aside speak only where no other does."""
    free = view.by_unit.union(np.where(view.free, offers, np.uint64(0)))
    origin = np.where(free != 0, np.int8(Origin.FREE), np.int8(Origin.NOTHING))
    if again.any():
        chosen = highest(bits(free | np.where(view.free_overdue, again, np.uint64(0))))
        origin[(chosen != 0) & ((chosen & free) == 0)] = Origin.REPEAT
    else:
        chosen = highest(free)
    aside = np.flatnonzero(~view.free & (offers != 0))
    if len(aside):
        asides = np.zeros(view.units, dtype=np.uint64)
        np.bitwise_or.at(asides, view.item_unit[aside], offers[aside])
        held = np.flatnonzero((chosen == 0) & (asides != 0))
        chosen[held], origin[held] = highest(asides[held]), Origin.ASIDE
    return chosen, origin


def _why_aside(view: View, offers: Array, origin: Array) -> Array:
    """unit -> why, when only items set aside offer: a dispute first, then a promise, then a plan."""
    reason = np.full(view.units, NONE, dtype=np.int8)
    held = (origin == Origin.ASIDE)[view.item_unit] & (offers != 0)
    if not held.any():
        return reason
    whys = view.items["aside"].filter(pl.Series(held))
    units = view.item_unit[held]
    for number, why in reversed(list(enumerate(Aside))):
        reason[units[(whys == why.value).to_numpy()]] = number
    return reason


def _finished(view: View, origin: Array, day: Array, to_come: Array, under: Array) -> Array:
    last = np.array([steps.policy.steps[-1].day for steps in view.ladders] + [2**40])
    never = 2**41
    youngest = view.by_unit.least(np.where(view.free & view.past, day, never), never)
    done = (
        (origin == Origin.NOTHING)
        & view.free_overdue
        & ~to_come
        & (youngest >= last[view.policy])
        & (under == 0)
    )
    told = view.accounts["finished"].fill_null(date(1, 1, 1))
    since = view.today - dates(told).astype(np.int64)[view.unit_row]
    tell = (since >= TELL_OWNER_EVERY) & (not view.day.closed) & ~view.stepped
    answering = (view.accounts["answer_by"] >= view.day.on).fill_null(value=False).to_numpy()
    tell &= ~answering[view.unit_row]
    return np.where(done, np.where(tell, Finished.TELL, Finished.YES), Finished.NO)
