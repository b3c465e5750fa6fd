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

from engine.core.decision import columns, questions
from engine.core.decision.columns import Groups, dates, day_number
from engine.core.decision.ladder import (
    Ladder,
    addresses,
    bits,
    contacts,
    highest,
    index_of,
    ladder,
    lowest,
    up_to,
)
from engine.core.decision.signature import NONE, OWN_PAUSE, Finished, Origin, Signature, Under
from engine.core.decision.state import Aside, Pending, State
from engine.core.language.policy import Clock, Kind, Policy, PolicyBook, Step
from engine.core.netting import net

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_ALL = np.uint64(2**63 - 1)
_LONG_AGO = -1_000_000
TELL_OWNER_EVERY = 30  # days between two reminders that a ladder is finished


@dataclass(frozen=True, slots=True)
class Day:
    """The moment as the columns need it.

    `closed` is the house's calendar; `stale` that the ledger is older than allowed; a step that has waited for room since
    `patience` or before goes to the top.
    """

    on: date
    closed: bool = False
    stale: bool = False
    patience: date | None = None


@dataclass(slots=True)
class Portfolio:
    """What the columns say. Arrays are by account (`row`), by unit, or by open debit item; all in the order of `row`."""

    accounts: pl.DataFrame  # with the measures the book asks for
    items: pl.DataFrame  # open debit items, with `owed`, `base`, `unit`
    unit_row: Array  # unit -> row
    unit_item: Array  # unit -> index in items, or -1
    route: Array  # row -> index of its policy, or -1
    home: Array  # row -> index of the policy that its episode keeps, or -1
    due: Array  # item -> steps due and not taken
    amount: Array  # unit -> what is overdue and not set aside (of a courtesy: what falls due), house's minor units
    late: Array  # unit -> most days past due of what is asked for
    overdue: Array  # row -> something is past due, set aside or not
    signature: dict[str, Array]  # a column a field of Signature
    classes: Array  # unit -> class number
    first: Array  # class -> its first unit
    by_unit: Groups  # items -> units
    free: Array  # item -> not set aside

    def at(self, unit: int) -> Signature:
        """The signature of one unit."""
        values = (self.signature[name][unit] for name in Signature._fields)
        return Signature(*(value if isinstance(value, str) else int(value) for value in values))


def portfolio(book: PolicyBook, state: State, day: Day) -> Portfolio:
    """Signatures and classes of all accounts of `state` on a day. Pure: the same input gives the same frames."""
    asked = questions.fields(book)
    items = _debits(state.items)
    size = state.accounts.height
    rows = items["row"].to_numpy()
    by_account = Groups(rows, size)
    wanted = asked | {"overdue"}
    accounts = columns.measures(state.accounts, items, by_account, day.on, wanted)
    accounts = _balances(accounts, state, wanted)
    route, home = _route(book, accounts)
    each = np.array([policy.each_invoice for policy in book.policies] + [False])
    unit_row, unit_item, unit_start, item_unit = _units(each[route], rows, by_account, size)
    ladders = [ladder(book, policy) for policy in book.policies]
    work = _Work(
        book, state, day, ladders, accounts, items, rows, item_unit, unit_row, unit_start, each, route, by_account
    )
    return work.finish(unit_item, home)


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
    return np.rint(amounts.to_numpy() * rates.fill_null(0.0).to_numpy()).astype(np.int64)


def _balances(accounts: pl.DataFrame, state: State, wanted: frozenset[str]) -> pl.DataFrame:
    """The fields that need the credits too: `balance`, `unapplied`, `used`."""
    if not wanted & {"balance", "unapplied", "used"}:
        return accounts
    rows = state.items["row"].to_numpy()
    groups = Groups(rows, accounts.height)
    base = in_house(state.items["open"], state.items["rate"])
    cash = (state.items["kind"] == "payment").to_numpy() & (base < 0)
    accounts = accounts.with_columns(balance=groups.sum(base), unapplied=groups.sum(np.where(cash, -base, 0)))
    limit = pl.when(pl.col("limit") > 0).then("limit")
    return accounts.with_columns(used=(pl.col("balance") * 10_000).floordiv(limit))


def _route(book: PolicyBook, accounts: pl.DataFrame) -> tuple[Array, Array]:
    """The policy of each account: the first that fits; in an episode its own, unless an earlier one takes over.

    And the policy the episode keeps: the first that fits and has no `start:`, chosen when the episode begins.
    """
    fits = [
        (columns.clause(policy.fits) & _started(policy)).alias(f"fits {n}")
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
    number_of = {policy.id: number for number, policy in enumerate(book.policies)}
    kept = (
        accounts["home"]
        .replace_strict(number_of, default=NONE, return_dtype=pl.Int64)
        .fill_null(NONE)
        .to_numpy()
    )
    home = np.where(kept == NONE, base, kept)
    earlier = (first != NONE) & (first < kept)
    return np.where((kept == NONE) | earlier, first, kept), home


def _started(policy: Policy) -> pl.Expr:
    return pl.lit(value=True) if policy.start is None else pl.col(event_column(policy)).is_not_null()


def event_column(policy: Policy) -> str:
    """The column of ACCOUNTS that holds the date a policy with `start:` counts from."""
    assert policy.start is not None
    return policy.start.value.replace(" ", "_")


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


class _Work:
    """The arrays of one pass, in the order in which they are filled."""

    def __init__(
        self,
        book: PolicyBook,
        state: State,
        day: Day,
        ladders: list[Ladder],
        accounts: pl.DataFrame,
        items: pl.DataFrame,
        rows: Array,
        item_unit: Array,
        unit_row: Array,
        unit_start: Array,
        each: Array,
        route: Array,
        by_account: Groups,
    ) -> None:
        self.book, self.state, self.day, self.ladders = book, state, day, ladders
        self.accounts, self.items, self.rows = accounts, items, rows
        self.item_unit, self.unit_row, self.unit_start, self.each, self.route = (
            item_unit,
            unit_row,
            unit_start,
            each,
            route,
        )
        self.by_account = by_account
        self.today = day_number(day.on)
        self.units = len(unit_row)
        self.by_unit = by_account if self.units == accounts.height else Groups(item_unit, self.units)
        self.policy = route[unit_row]
        self.item_policy = route[rows]
        self.free = items["aside"].is_null().to_numpy()
        self.late = self.today - dates(items["due"]).astype(np.int64)
        self.past = self.late > 0
        self.base = items["base"].to_numpy()

    # -- items -----------------------------------------------------------------------------------------------------

    def _due(self, account_overdue: Array) -> tuple[Array, Array, Array]:
        """item -> steps due and not taken; item -> its day; item -> steps taken."""
        day = np.zeros(len(self.rows), dtype=np.int64)
        due = np.zeros(len(self.rows), dtype=np.uint64)
        off = self.items["days_off"].fill_null(0).to_numpy()
        whens = self._account_whens()
        effects = self.accounts["effects"].fill_null(0).to_numpy()
        for number, steps in enumerate(self.ladders):
            mine = np.flatnonzero(self.item_policy == number)
            if not len(mine):
                continue
            rows = self.rows[mine]
            day[mine] = self.today - self._clock(steps.policy, mine) - off[mine]
            mask = self._fallen(steps, day[mine], self.past[mine], account_overdue[rows])
            if steps.account_whens:
                mask &= whens[rows]
            for bit, when in steps.item_whens:
                holds = self._item_when(when, mine)
                mask &= np.where(holds, _ALL, _ALL ^ np.uint64(bit))
            if effects.any():
                mask &= ~bits(steps.effects)[effects[rows]]
            due[mine] = mask
        taken = self._taken()
        due &= ~taken
        barred = self._barred()
        if barred is not None:
            due &= ~barred[self.rows]
        return due, day, taken

    def _fallen(self, steps: Ladder, day: Array, past: Array, account_overdue: Array) -> Array:
        """Steps whose day has come: a demand only past the due date, a courtesy only before and while nothing is overdue."""
        mask = steps.fallen(day)
        demands = np.uint64(steps.demands)
        mask &= np.where(past, demands, ~demands)
        mask &= np.where(account_overdue, demands, _ALL)
        return mask

    def _clock(self, policy: Policy, mine: Array) -> Array:
        items = self.items
        if policy.start is not None:
            event = self.accounts[event_column(policy)].fill_null(date(9999, 1, 1))
            return dates(event).astype(np.int64)[self.rows[mine]]
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

    def _account_whens(self) -> Array:
        """row -> the steps whose `when`, on the account alone, holds (all bits where a step has none)."""
        whens = np.full(self.accounts.height, _ALL, dtype=np.uint64)
        for number, steps in enumerate(self.ladders):
            rows = self.route == number
            if not steps.account_whens or not rows.any():
                continue
            for bit, when in steps.account_whens:
                holds = self._column(columns.condition(when))
                whens[rows & ~holds] &= _ALL ^ np.uint64(bit)
        return whens

    def _item_when(self, when: Any, mine: Array) -> Array:
        names = {line.field for line in when.tests()}
        frame = pl.DataFrame({"amount": self.base[mine], "days_overdue": self.late[mine]}).with_columns(
            self.accounts[name].gather(self.rows[mine]) for name in names - questions.ITEM_FIELDS
        )
        return frame.select(columns.condition(when).alias("holds"))["holds"].to_numpy()

    def _column(self, expression: pl.Expr) -> Array:
        """An expression on the accounts as booleans a row."""
        answer = self.accounts.select(expression.alias("holds"))["holds"].to_numpy()
        return answer if len(answer) == self.accounts.height else np.repeat(answer, self.accounts.height)

    def _taken(self) -> Array:
        """item -> steps taken: by their name, and all below them when the mark was made under another policy."""
        taken = np.zeros(len(self.rows), dtype=np.uint64)
        marks = self.state.marks
        if not marks.height:
            return taken
        where = self.items.select("row", "item", index=pl.int_range(pl.len(), dtype=pl.Int64))
        joined = marks.join(where, on=["row", "item"], how="inner")
        index = joined["index"].to_numpy()
        order = np.argsort(index, kind="stable")
        mask = self._step_masks(joined, self.item_policy[index])[order]
        index = index[order]
        groups = Groups(index, len(taken))
        taken[groups.present] = groups.union(mask)[groups.present]
        return taken

    def _step_masks(self, marks: pl.DataFrame, policy: Array) -> Array:
        """A mark -> the bits it takes under the policy that its item stands under now."""
        mask = np.zeros(marks.height, dtype=np.uint64)
        numbers = {p.id: n for n, p in enumerate(self.book.policies)}
        made = marks["policy"].replace_strict(numbers, default=NONE, return_dtype=pl.Int64).to_numpy()
        for number, steps in enumerate(self.ladders):
            mine = policy == number
            if not mine.any():
                continue
            step_bits = {step.name: 1 << step.index for step in steps.policy.steps}
            bit = marks["step"].replace_strict(step_bits, default=0, return_dtype=pl.UInt64).to_numpy()
            if steps.policy.start is None:
                mask[mine] = np.where(made == number, bit, up_to(bit))[mine]
            else:
                event = self.accounts[event_column(steps.policy)].gather(marks["row"])
                present = (marks["event"] == event).fill_null(value=False).to_numpy()
                mask[mine] = np.where((made == number) & present, bit, np.uint64(0))[mine]
        return mask

    def _barred(self) -> Array | None:
        barred = self.state.barred
        if not barred.height:
            return None
        mask = np.zeros(self.accounts.height, dtype=np.uint64)
        rows = barred["row"].to_numpy()
        for row, name in zip(rows, barred["step"], strict=True):
            number = self.route[row]
            step = self.book.policies[number].step(name) if number != NONE else None
            if step:
                mask[row] |= np.uint64(1 << step.index)
        return mask

    def _offers(self, due: Array, day: Array) -> Array:
        """item -> the one step it offers, by the way its policy catches up."""
        offers = np.zeros(len(due), dtype=np.uint64)
        for number, steps in enumerate(self.ladders):
            late = self.book.late(steps.policy)
            mine = self.item_policy == number
            if not mine.any():
                continue
            mask = due[mine]
            if late.way == "climb":
                offers[mine] = lowest(mask)
            elif late.way == "latest":
                offers[mine] = highest(mask)
            else:
                offers[mine] = highest(mask & ~steps.fallen(day[mine] - late.days - 1))
        return offers

    # -- units -----------------------------------------------------------------------------------------------------

    def _pending(self) -> dict[str, Array]:
        """unit -> what is under way: state, step's index in the present policy, days since, attempts."""
        size = self.units
        under = np.zeros(size, dtype=np.int64)
        step = np.full(size, NONE)
        since = np.full(size, self.today)
        attempts = np.zeros(size, dtype=np.int64)
        for row in self.state.pending.iter_rows(named=True):
            unit = self._unit(row["row"], row["item"])
            state = _under(row, self.day.on)
            number = NONE if unit is None else int(self.policy[unit])
            if unit is None or number == NONE or state is Under.NOTHING:
                continue
            found = self.book.policies[number].step(row["step"])
            under[unit] = state
            step[unit] = found.index if found else NONE
            since[unit] = day_number(row["since"])
            attempts[unit] = row["attempts"] or 0
        return {"under": under, "step": step, "since": since, "attempts": attempts}

    def _unit(self, row: int, item: str | None) -> int | None:
        if not self.each[self.route[row]]:
            return int(self.unit_start[row])
        if item is None:
            return None
        for index in np.flatnonzero(self.rows == row):
            if self.items["item"][int(index)] == item:
                return int(self.item_unit[index])
        return None

    def _overtaken(self, due: Array, day: Array, pending: dict[str, Array]) -> Array:
        """unit -> the step under way is passed over: a higher one fell due meanwhile (of a call: once `gap` has gone)."""
        under, since = pending["under"], pending["since"]
        waits = np.isin(under, (Under.CALL, Under.APPROVAL, Under.ADDRESS))
        if not waits.any():
            return np.zeros(self.units, dtype=bool)
        bit = np.where(
            pending["step"] == NONE, np.uint64(0), np.uint64(1) << bits(np.maximum(pending["step"], 0))
        )
        above = ~up_to(bit)
        before = np.zeros(len(due), dtype=np.uint64)
        gaps = np.zeros(self.units, dtype=np.int64)
        days_since = (self.today - since)[self.item_unit]
        for number, steps in enumerate(self.ladders):
            mine = self.item_policy == number
            then = self.late[mine] - days_since[mine] > 0
            before[mine] = steps.fallen(day[mine] - days_since[mine]) & np.where(then, _ALL, np.uint64(0))
            gaps[self.policy == number] = steps.gap
        free_due = np.where(self.free, due, np.uint64(0))
        newly = self.by_unit.union(free_due & ~before) & above
        higher = self.by_unit.union(free_due) & above
        waited = self.today - since
        call = (under == Under.CALL) & (higher != 0) & (waited >= np.maximum(gaps, 1))
        person = np.isin(under, (Under.APPROVAL, Under.ADDRESS)) & (newly != 0)
        return call | person

    def _repeats(self) -> tuple[Array, Array, Array]:
        """unit -> repeating steps due again; unit -> repeats still to come; unit -> times of the highest due again."""
        again = np.zeros(self.units, dtype=np.uint64)
        to_come = np.zeros(self.units, dtype=bool)
        times = np.zeros(self.units, dtype=np.int64)
        for row in self.state.repeats.iter_rows(named=True):
            unit = self._unit(row["row"], None)
            number = self.route[row["row"]]
            if unit is None or number == NONE:
                continue
            step = self.book.policies[number].step(row["step"])
            if step is None or step.repeat is None or row["times"] > step.repeat.at_most:
                continue
            to_come[unit] = True
            if (self.day.on - row["last"]).days >= step.repeat.every and step.day >= 0:
                bit = np.uint64(1 << step.index)
                if bit > again[unit]:
                    times[unit] = row["times"]
                again[unit] |= bit
        return again, to_come, times

    def finish(self, unit_item: Array, home: Array) -> Portfolio:
        """From items to units to signatures."""
        account_overdue = self.by_account.any(self.past)
        due, day, _ = self._due(account_overdue)
        pending = self._pending()
        passed = self._overtaken(due, day, pending)
        if passed.any():
            bit = np.uint64(1) << bits(np.maximum(pending["step"], 0))
            below = np.where(passed & (pending["step"] != NONE), up_to(bit), np.uint64(0))
            offers = self._offers(due & ~below[self.item_unit], day)
        else:
            offers = self._offers(due, day)
        free_offer = self.by_unit.union(np.where(self.free, offers, np.uint64(0)))
        free_overdue = self.by_unit.any(self.free & self.past)
        again, to_come, times = self._repeats()
        again = np.where(free_overdue, again, np.uint64(0))
        aside_offer = self.by_unit.union(np.where(self.free, np.uint64(0), offers))
        chosen = highest(free_offer | again)
        origin = np.where(
            chosen == 0, Origin.NOTHING, np.where(chosen & free_offer, Origin.FREE, Origin.REPEAT)
        )
        held_aside = (chosen == 0) & (aside_offer != 0)
        chosen = np.where(held_aside, highest(aside_offer), chosen)
        origin = np.where(held_aside, Origin.ASIDE, origin).astype(np.int64)

        under = pending["under"].copy()
        pend_bit = np.where(
            pending["step"] == NONE, np.uint64(0), np.uint64(1) << bits(np.maximum(pending["step"], 0))
        )
        still = (self.by_unit.union(np.where(self.free, due, np.uint64(0))) & pend_bit) != 0
        retry = (under == Under.AGAIN_NOW) & still
        chosen = np.where(retry, pend_bit, chosen)
        origin = np.where(retry, Origin.FREE, origin)
        # An approval, an address or a try that was for another step than today's is overtaken by it.
        other = np.isin(under, (Under.APPROVAL, Under.ADDRESS, Under.APPROVED, Under.AGAIN_NOW)) & (
            chosen != pend_bit
        )
        other &= origin != Origin.NOTHING
        passed = passed | other
        under = np.where(passed, Under.NOTHING, under)
        waiting = np.isin(under, (Under.CALL, Under.AGAIN_LATER, Under.MESSAGE, Under.UNCERTAIN))
        chosen = np.where(waiting, pend_bit, chosen)
        origin = np.where(waiting, Origin.NOTHING, origin)
        occurrence = np.where(retry, pending["attempts"], np.where(origin == Origin.REPEAT, times, 0))

        step = index_of(chosen)
        aside = self._aside(offers, origin)
        signature: dict[str, Array] = {
            "policy": self.policy,
            "step": step,
            "origin": origin,
            "aside": aside,
            "overdue": account_overdue[self.unit_row].astype(np.int64),
            "finished": self._finished(origin, day, free_overdue, to_come, under),
            "passed": passed.astype(np.int64),
            "under": under,
            "occurrence": occurrence,
        }
        signature |= self._gates(step, origin, offers, account_overdue)
        classes, first = _classes(signature, self.units)
        asked = self.free & np.where((step < 0)[self.item_unit] | self.past, self.past, offers != 0)
        amount = self.by_unit.sum(np.where(asked, self.base, 0))
        late = self.by_unit.most(np.where(asked, self.late, _LONG_AGO), _LONG_AGO)
        items = self.items.with_columns(unit=pl.Series(self.item_unit))
        return Portfolio(
            accounts=self.accounts,
            items=items,
            unit_row=self.unit_row,
            unit_item=unit_item,
            route=self.route,
            home=home,
            due=due,
            amount=amount,
            late=late,
            overdue=account_overdue,
            signature=signature,
            classes=classes,
            first=first,
            by_unit=self.by_unit,
            free=self.free,
        )

    def _aside(self, offers: Array, origin: Array) -> Array:
        """unit -> why, when only items set aside offer: a dispute first, then a promise, then a plan."""
        reason = np.full(self.units, NONE)
        if not (origin == Origin.ASIDE).any():
            return reason
        for number, why in reversed(list(enumerate(Aside))):
            with_it = (self.items["aside"] == why.value).fill_null(value=False).to_numpy() & (offers != 0)
            found = self.by_unit.most(with_it.astype(np.int64)) > 0
            reason[found & (origin == Origin.ASIDE)] = number
        return reason

    def _finished(
        self, origin: Array, day: Array, free_overdue: Array, to_come: Array, under: Array
    ) -> Array:
        last = np.array([steps.policy.steps[-1].day for steps in self.ladders] + [2**40])
        never = 2**41
        youngest = self.by_unit.least(np.where(self.free & self.past, day, never), never)
        done = (
            (origin == Origin.NOTHING)
            & free_overdue
            & ~to_come
            & (youngest >= last[self.policy])
            & (under == 0)
        )
        told = self.accounts["finished"].fill_null(date(1, 1, 1))
        since = self.today - dates(told).astype(np.int64)[self.unit_row]
        return np.where(done, np.where(since >= TELL_OWNER_EVERY, Finished.TELL, Finished.YES), Finished.NO)

    # -- gates -----------------------------------------------------------------------------------------------------

    def _gates(self, step: Array, origin: Array, offers: Array, account_overdue: Array) -> dict[str, Array]:
        """Each gate's answer for the step of each unit; zero where a unit has no step."""
        house, rows = self.book.house, self.unit_row
        has = (origin != Origin.NOTHING) & (step >= 0)
        table = _Steps(self.book, self.ladders, self.policy, np.where(has, step, NONE))
        never = np.full(self.accounts.height, NONE)
        for number, clause in reversed(list(enumerate(house.never))):
            never[self._column(columns.clause(clause))] = number
        never_unit = np.where(has | (step < 0), never[rows], NONE)
        contact = table.of(contacts)
        asked = table.of(lambda step: contacts(step) and step.demand)
        touched, recent = self._touches()
        gap = np.array([steps.gap for steps in self.ladders] + [0])[self.policy]
        answer_by = dates(self.accounts["answer_by"].fill_null(date(1, 1, 1))).astype(np.int64)[rows]
        answer_day = self.accounts["answer_day"].fill_null(100_000).to_numpy()[rows]
        limit = house.contact
        needed, either = (
            table.value(lambda step: addresses(step)[0]),
            table.value(lambda step: addresses(step)[1]),
        )
        known = self.accounts["addresses"].fill_null(0).to_numpy().astype(np.int64)[rows]
        step_day = table.value(lambda step: step.day)
        role, voice = self._voice(table, step_day)
        missing = ((needed & known) != needed) | ((either != 0) & ((either & known) == 0))
        return {
            "never": never_unit,
            "minimum": (has & self._below(table, origin, offers)).astype(np.int64),
            "pause": np.where(has, self._paused(table), NONE),
            "closed": (has & contact & self.day.closed).astype(np.int64),
            "gap": (has & contact & (self.today - touched < gap)).astype(np.int64),
            "answer": (has & contact & (self.today <= answer_by) & (step_day > answer_day)).astype(np.int64),
            "contact": (has & contact & (recent >= limit.most if limit else False)).astype(np.int64),
            "stale": (has & asked & self.day.stale).astype(np.int64),
            "address": (has & missing).astype(np.int64),
            "approve": (has & self._approve(table)).astype(np.int64),
            "role": np.where(has, role, ""),
            "voice": np.where(has, voice, ""),
            "no_rate": (has & self._no_rate()).astype(np.int64),
        }

    def _touches(self) -> tuple[Array, Array]:
        """unit -> day of the last contact that counts; unit -> contacts within the house's limit's days."""
        last = np.full(self.units, _LONG_AGO)
        recent = np.zeros(self.units, dtype=np.int64)
        touches = self.state.touches
        if not touches.height:
            return last, recent
        days = self.book.house.contact.days if self.book.house.contact else 0
        by_row = touches.group_by("row").agg(
            last=pl.col("on").max(),
            recent=((pl.lit(self.day.on) - pl.col("on")).dt.total_days() < days).sum(),
        )
        row_last = np.full(self.accounts.height, _LONG_AGO)
        row_recent = np.zeros(self.accounts.height, dtype=np.int64)
        row_last[by_row["row"].to_numpy()] = dates(by_row["last"])
        row_recent[by_row["row"].to_numpy()] = by_row["recent"].to_numpy()
        last, recent = row_last[self.unit_row], row_recent[self.unit_row]
        own = self.each[self.policy]
        if own.any():  # under `each: invoice` the gap is the invoice's own; the limit stays the account's
            last[own] = _LONG_AGO
            for row, item, on in touches.filter(pl.col("item").is_not_null()).iter_rows():
                unit = self._unit(row, item)
                if unit is not None and own[unit]:
                    last[unit] = max(last[unit], day_number(on))
        return last, recent

    def _below(self, table: _Steps, origin: Array, offers: Array) -> Array:
        """unit -> none of its account's currencies has the house's minimum overdue (of a courtesy: about to fall due)."""
        minimum = self.book.house.minimum
        if not minimum:
            return np.zeros(self.units, dtype=bool)
        demand = table.of(lambda step: step.demand)
        free = self._most_in_a_currency(self.past & self.free)
        every = self._most_in_a_currency(self.past)
        coming = self._most_in_a_currency(~self.past & (offers != 0))
        owed = np.where(demand, np.where(origin == Origin.ASIDE, every, free), coming)
        below: Array = owed < minimum
        return below

    def _most_in_a_currency(self, which: Array) -> Array:
        """unit -> the largest sum of its account in one currency, in the house's minor units."""
        amounts = np.where(which, self.base, 0)
        currencies = self.items["currency"]
        if currencies.n_unique() <= 1:
            return self.by_account.sum(amounts)[self.unit_row]
        frame = pl.DataFrame({"row": self.rows, "currency": currencies, "amount": amounts})
        sums = (
            frame.group_by("row", "currency")
            .agg(pl.col("amount").sum())
            .group_by("row")
            .agg(pl.col("amount").max())
        )
        most = np.zeros(self.accounts.height, dtype=np.int64)
        most[sums["row"].to_numpy()] = sums["amount"].to_numpy()
        return most[self.unit_row]

    def _no_rate(self) -> Array:
        missing = self.items["rate"].is_null()
        if not missing.any():
            return np.zeros(self.units, dtype=bool)
        rows = self.by_account.most(missing.to_numpy().astype(np.int64))
        return rows[self.unit_row] > 0

    def _paused(self, table: _Steps) -> Array:
        """unit -> index of the first pause that binds its step, OWN_PAUSE for one set on the account, or NONE."""
        paused = np.full(self.units, NONE)
        until = self.accounts["paused_until"]
        if until.null_count() < len(until):
            own = (until >= self.day.on).fill_null(value=False).to_numpy()
            for row in np.flatnonzero(own):
                kinds = self.accounts["paused_kinds"][int(row)]
                binds = table.of(lambda step, kinds=kinds: own_pause_binds(step, kinds))
                paused[(self.unit_row == row) & binds] = OWN_PAUSE
        for number, pause in reversed(list(enumerate(self.book.house.pause))):
            if not in_season(pause.season, self.day.on):
                continue
            holds = self._column(columns.clause(pause.clause))[self.unit_row]
            binds = table.of(
                lambda step, pause=pause: not pause.kinds or any(step.has(k) for k in pause.kinds)
            )
            paused[holds & binds] = number
        return paused

    def _approve(self, table: _Steps) -> Array:
        approve = table.of(lambda step: step.approve is not None and step.approve.when is None)
        for number, steps in enumerate(self.ladders):
            for step in steps.policy.steps:
                if step.approve and step.approve.when:
                    mine = (self.policy == number) & (table.step == step.index)
                    if mine.any():
                        approve |= mine & self._column(columns.condition(step.approve.when))[self.unit_row]
        return approve

    def _voice(self, table: _Steps, step_day: Array) -> tuple[Array, Array]:
        """unit -> the role that calls instead; unit -> the step whose message is sent instead."""
        accounts, rows = self.accounts, self.unit_row
        role = np.full(self.units, "", dtype=object)
        voice = np.full(self.units, "", dtype=object)
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


def call_role(step: Step) -> str:
    """Who makes the step's call; empty when it makes none."""
    return next((action.value for action in step.actions if action.kind is Kind.CALL), "")


def own_pause_binds(step: Step, kinds: str | None) -> bool:
    """Whether a pause set on the account holds the step: no kinds hold everything."""
    return not kinds or any(step.has(Kind(kind)) for kind in kinds.split(", "))


def in_season(season: tuple[tuple[int, int], tuple[int, int]] | None, on: date) -> bool:
    """Whether the day lies within a season, which may run over the new year; no season is always."""
    if season is None:
        return True
    first, last = season
    today = (on.month, on.day)
    return first <= today <= last if first <= last else today >= first or today <= last


def _under(row: dict[str, Any], on: date) -> Under:
    match Pending(row["state"]):
        case Pending.CALL:
            return Under.CALL
        case Pending.AGAIN:
            return Under.AGAIN_LATER if row["not_before"] and row["not_before"] > on else Under.AGAIN_NOW
        case Pending.MESSAGE:
            return Under.MESSAGE
        case Pending.APPROVAL:
            return Under.APPROVAL
        case Pending.ADDRESS:
            return Under.ADDRESS
        case Pending.APPROVED:
            return Under.APPROVED
        case Pending.UNCERTAIN:
            return Under.UNCERTAIN
        case Pending.CAPACITY:
            return Under.NOTHING


_WORDS = ("role", "voice")


def _classes(signature: dict[str, Array], units: int) -> tuple[Array, Array]:
    """unit -> class; class -> its first unit. Numbers are packed into two words, exactly, and grouped by them."""
    low = np.zeros(units, dtype=np.uint64)
    high = np.zeros(units, dtype=np.uint64)
    room = [1, 1]
    packed = [low, high]
    for name, column in signature.items():
        if name in _WORDS:
            codes, values = _codes(column)
            size = len(values) + 1
        else:
            codes, size = bits(column + 1), int(column.max(initial=0)) + 2
        which = 0 if room[0] * size < 2**63 else 1
        room[which] *= size
        if room[which] >= 2**63:
            raise OverflowError("a signature does not fit two words")
        packed[which] = packed[which] * np.uint64(size) + codes
    frame = pl.DataFrame({"low": packed[0], "high": packed[1], "unit": np.arange(units)})
    found = frame.group_by("low", "high", maintain_order=True).agg(pl.col("unit").first().alias("first"))
    found = found.with_row_index("number")
    classes = frame.join(found, on=["low", "high"], how="left", maintain_order="left")["number"].to_numpy()
    return classes.astype(np.int64), found["first"].to_numpy()


def _codes(words: Array) -> tuple[Array, Array]:
    if not len(words) or not (words != "").any():
        return np.zeros(len(words), dtype=np.uint64), np.array([""])
    values, codes = np.unique(words.astype(str), return_inverse=True)
    return bits(codes), values
