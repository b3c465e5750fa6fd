"""What the next morning knows, when everything that goes today has been done and nothing was paid.

A class has one choice, so what its contacts leave behind is worked out once a class and written into the columns; only what
was under way before is looked at one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from engine.core.decision.choose import step_tone
from engine.core.decision.columns import day_number, places
from engine.core.decision.decide import Decided, marks_of, own_items, without_address
from engine.core.decision.ladder import contacts, effect_bits, event_column, repeats
from engine.core.decision.portfolio import Portfolio, routed
from engine.core.decision.signature import NONE, Origin
from engine.core.decision.state import BY_ROW, CALLS, MARKS, REPEATS, TOUCHES, Pending, State
from engine.core.decision.view import Day
from engine.core.decision.waiting import pending, with_more
from engine.core.language.policy import Action, Kind, Policy, PolicyBook, Step, seniority
from engine.core.workdays import Calendar

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def after(book: PolicyBook, state: State, decided: Decided, calendar: Calendar) -> State:
    """The state on the next morning."""
    on = decided.day.on
    went = decided.contacts.select("unit", "row", "class", "own_item", "goes").filter("goes")
    ended, arrived, marks_arrived = _under_way(book, state, decided)
    made = _Made.of([*arrived, *_deeds(book, decided)], arrived, went)
    marks = decided.marks.join(went.select("unit"), on="unit", how="semi")
    return replace(
        state,
        accounts=_accounts(book, state, decided, made, calendar),
        marks=with_more(state.marks, _as_marks(marks), marks_arrived, _passed_over(book, decided, went)),
        touches=with_more(state.touches, made.touches(on)),
        pending=pending(state, decided, went, ended, on),
        repeats=_repeats(state, made, on),
        calls=with_more(state.calls, made.calls(on)),
    )


def _as_marks(marks: pl.DataFrame) -> pl.DataFrame:
    return marks.select(list(MARKS)).cast(MARKS)  # type: ignore[arg-type]


def _passed_over(book: PolicyBook, decided: Decided, went: pl.DataFrame) -> pl.DataFrame:
    """The marks of what waited and gives way to a higher step, be it that this one waits too: for room, or for an address."""
    view = decided.portfolio
    if decided.stopped or not view.passes.any():
        return pl.DataFrame(schema=MARKS)
    steps = view.passes.copy()
    gone = went["unit"].to_numpy()
    steps[gone] &= ~view.takes[gone]  # marked as taken
    units = np.concatenate([decided.contacts["unit"].to_numpy(), without_address(decided)])
    return _as_marks(marks_of(book, view, units, steps))


# -- a day at rest ----------------------------------------------------------------------------------------------------


def at_rest(book: PolicyBook, state: State, day: Day) -> bool:
    """Whether nothing can go on the day: it is closed, every step is a contact, and nothing is on its way."""
    return (
        day.closed
        and all(contacts(step) for policy in book.policies for step in policy.steps)
        and not state.pending["state"].is_in([Pending.CALL.value, Pending.MESSAGE.value]).any()
    )


def rested(book: PolicyBook, state: State, day: Day) -> State:
    """The state on the morning after a day at rest: who has fallen past due is in an episode, and that is all."""
    accounts, items = state.accounts, state.items
    late = np.zeros(accounts.height, dtype=bool)
    late[items.filter((pl.col("due") < day.on) & (pl.col("open") > 0))["row"].to_numpy()] = True
    rows = np.flatnonzero(late & accounts["home"].is_null().to_numpy())
    if not len(rows):
        return state
    overdue, home = late, np.full(accounts.height, NONE)
    bare = {name: getattr(state, name).clear() for name in BY_ROW if name not in ("accounts", "items")}
    _, home[rows], overdue[rows] = routed(book, replace(state, **bare).part(rows), day)
    return replace(state, accounts=episodes_begun(book, accounts, overdue, home, day.on))


# -- what was done ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Deed:
    """What one class does today, or what one account had under way: `actions` of a step."""

    policy: Policy
    step: Step
    actions: tuple[Action, ...]
    again: bool = False  # a repeating step that comes again

    @property
    def touches(self) -> bool:
        """A demand is sent, or a call reaches somebody."""
        return any(
            action.kind is Kind.CALL or (action.kind.written and self.step.demand) for action in self.actions
        )

    @property
    def written(self) -> bool:
        return any(action.kind.written for action in self.actions)

    @property
    def role(self) -> str:
        """Who calls; empty where nobody does."""
        return next((action.value for action in self.actions if action.kind is Kind.CALL), "")


def _deeds(book: PolicyBook, decided: Decided) -> Iterator[_Deed | None]:
    """Each class's; None where its choice has no step."""
    for choice, signature in zip(decided.choices, decided.signatures, strict=True):
        policy = book.policy(choice.policy)
        step = policy.step(choice.step) if policy else None
        again = signature.origin == Origin.REPEAT
        yield _Deed(policy, step, choice.actions, again) if policy and step else None


@dataclass(frozen=True, slots=True)
class _UnderWay(_Deed):
    """What one account (an item, under `each: invoice`) had under way, and has done today."""

    row: int = 0
    item: str | None = None


@dataclass(frozen=True, slots=True)
class _Made:
    """All contacts that were made, in their order: of each its row, its item and the number of its deed."""

    deeds: Sequence[_Deed | None]
    row: Array
    item: pl.Series
    deed: Array

    @staticmethod
    def of(deeds: Sequence[_Deed | None], arrived: Sequence[_UnderWay], went: pl.DataFrame) -> _Made:
        """`deeds` has what arrived first, then one a class."""
        before = len(arrived)
        rows = np.array([each.row for each in arrived], dtype=np.int64)
        items = pl.Series([each.item for each in arrived], dtype=pl.String)
        return _Made(
            deeds,
            np.concatenate([rows, went["row"].to_numpy().astype(np.int64)]),
            pl.concat([items, went["own_item"].cast(pl.String)]),
            np.concatenate([np.arange(before), went["class"].to_numpy().astype(np.int64) + before]),
        )

    def value(self, of: Any, otherwise: Any = 0) -> Array:
        """A number of each contact's deed."""
        numbers = np.array([otherwise if deed is None else of(deed) for deed in self.deeds])
        found: Array = numbers[self.deed] if len(numbers) else np.zeros(0, dtype=np.int64)
        return found

    def which(self, of: Any) -> Array:
        """The contacts whose deed is so."""
        return np.flatnonzero(self.value(lambda deed: bool(of(deed)), otherwise=False))

    def touches(self, on: date) -> pl.DataFrame:
        at = self.which(lambda deed: deed.touches)
        item = self.item.gather(at)
        return pl.DataFrame({"row": self.row[at], "item": item}).with_columns(on=pl.lit(on)).cast(TOUCHES)  # type: ignore[arg-type]

    def calls(self, on: date) -> pl.DataFrame:
        at = self.which(lambda deed: deed.role)
        frame = pl.DataFrame({"row": self.row[at]}).with_columns(on=pl.lit(on), spoke=pl.lit(value=True))
        return frame.cast(CALLS)  # type: ignore[arg-type]


def _under_way(
    book: PolicyBook, state: State, decided: Decided
) -> tuple[pl.DataFrame, list[_UnderWay], pl.DataFrame]:
    """Calls on the list are made, messages on their way arrive: the rows of `pending` that end, and what was made so."""
    ends = state.pending.filter(pl.col("state").is_in([Pending.CALL.value, Pending.MESSAGE.value]))
    if not ends.height:
        return ends, [], pl.DataFrame(schema=MARKS)
    view = decided.portfolio
    rows = view.items["row"].to_numpy()
    made: list[_UnderWay] = []
    marks: list[tuple[Any, ...]] = []
    ahead = [step.name for policy in book.policies for step in policy.steps if step.ahead]
    told = state.marks.filter(pl.col("step").is_in(ahead)) if ahead else state.marks.clear()
    announced = set(told.select("row", "policy", "step").iter_rows())
    overtaken = set(decided.contacts.filter("passed").select("row", "own_item").iter_rows())
    lacking = without_address(decided)
    passed = lacking[view.signature["passed"][lacking].astype(bool)]
    overtaken |= set(zip(view.unit_row[passed].tolist(), own_items(view, passed).to_list(), strict=True))
    for row, item, policy_id, name in ends.select("row", "item", "policy", "step").iter_rows():
        policy = book.policy(policy_id)
        step = policy.step(name) if policy else None
        if policy is None or step is None or (row, item) in overtaken:
            continue
        actions = step.actions
        if (
            step.ahead and (row, policy_id, name) in announced
        ):  # its notice has gone; what it announced is left
            actions = tuple(action for action in actions if action.kind.restricts)
        made.append(_UnderWay(policy, step, actions, row=row, item=item))
        event = view.accounts[event_column(policy)][row] if policy.start else None
        for number, index in _asked(view, rows, row, item if policy.each_invoice else None):
            names = [step.name]
            if view.route[row] != NONE and book.policies[int(view.route[row])] is policy:
                taken = int(view.due[index]) & (1 << step.index | ((1 << step.index) - 1) & ~repeats(policy))
                names = [other.name for other in policy.steps if taken >> other.index & 1]
            marks += [(row, number, policy.id, name, event) for name in names]
    return ends, made, pl.DataFrame(marks, schema=MARKS, orient="row")


def _asked(view: Portfolio, rows: Array, row: int, item: str | None) -> Iterator[tuple[str, int]]:
    """(item, index) of what an account owes and is not set aside; with `item` only of that one. `rows` ascend."""
    for index in places(rows, row):
        number = view.items["item"][index]
        if view.free[index] and item in (None, number):
            yield number, index


# -- what an account remembers of it ----------------------------------------------------------------------------------


def _accounts(
    book: PolicyBook, state: State, decided: Decided, made: _Made, calendar: Calendar
) -> pl.DataFrame:
    """Its episode, the tone and role reached, the answer it was given time for."""
    on, accounts, view = decided.day.on, state.accounts, decided.portfolio
    columns = _Columns(accounts)
    rows = made.row
    if len(rows):
        effects = made.value(lambda deed: effect_bits(deed.actions)).astype(np.uint8)
        if effects.any():
            columns.join("effects", rows, effects)
        _reached(columns, made, "tone", "tone_step", *_tones(book, made))
        _reached(columns, made, None, "reached", *_roles(made))
        demands = made.which(lambda deed: deed.step.demand and deed.written)
        answers = made.value(
            lambda deed: day_number(calendar.next_open(on + timedelta(days=book.answer(deed.policy))))
        )
        columns.set("answer_by", rows[demands], answers[demands])
        columns.set("answer_day", rows[demands], made.value(lambda deed: deed.step.day)[demands])
        today = day_number(on)
        columns.set("stepped", rows, today)
        columns.set("last_contact", rows[made.which(lambda deed: deed.touches)], today)
        columns.set("spoke", rows[made.which(lambda deed: deed.role)], today)
    tells = np.array([choice.tell_owner for choice in decided.choices] + [False])[decided.unit_class]
    columns.set("finished", view.unit_row[tells], day_number(on))
    return episodes_begun(book, columns.frame(), view.overdue, view.home, on)


def episodes_begun(
    book: PolicyBook, accounts: pl.DataFrame, overdue: Array, home: Array, on: date
) -> pl.DataFrame:
    """Whoever is overdue is in an episode, since today where it is new, and keeps the policy that it began with.

    `overdue` and `home` are by row, as a `Portfolio` has them.
    """
    columns = _Columns(accounts)
    new = overdue & accounts["home"].is_null().to_numpy()
    columns.set("since", np.flatnonzero(new & accounts["since"].is_null().to_numpy()), day_number(on))
    rows = np.flatnonzero(new & (home != NONE))
    columns.words("home", rows, [policy.id for policy in book.policies], home[rows])
    return columns.frame()


class _Columns:
    """Some columns of the accounts while they are written into. Of two values for a row the later one stays."""

    def __init__(self, accounts: pl.DataFrame) -> None:
        self.accounts = accounts
        self.changed: dict[str, pl.Series] = {}

    def now(self, name: str) -> pl.Series:
        return self.changed.get(name, self.accounts[name])

    def set(self, name: str, rows: Array, values: Any) -> None:
        """Numbers, or dates as days since 1970."""
        if len(rows):
            new = np.full(len(rows), values, dtype=np.int32)
            self._put(name, rows, pl.Series(new).cast(self.accounts.schema[name]))

    def words(self, name: str, rows: Array, words: Sequence[str], codes: Array) -> None:
        if len(rows):
            self._put(name, rows, pl.Series(words, dtype=pl.String).gather(codes))

    def join(self, name: str, rows: Array, bits: Array) -> None:
        """Bits beside those that are set."""
        some = np.flatnonzero(bits)
        new = self.now(name).fill_null(0).to_numpy().copy()
        np.bitwise_or.at(new, rows[some], bits[some])
        self._put(name, rows[some], pl.Series(new).gather(rows[some]))

    def _put(self, name: str, rows: Array, new: pl.Series) -> None:
        self.changed[name] = self.now(name).clone().scatter(rows, new)

    def frame(self) -> pl.DataFrame:
        return self.accounts.with_columns(self.changed.values()) if self.changed else self.accounts


def _tones(book: PolicyBook, made: _Made) -> tuple[Array, list[str], Any]:
    """Each contact's firmest tone, the name of each deed's step, and what was reached before."""
    tones = made.value(lambda deed: step_tone(book, deed.step) if deed.written else 0)
    names = ["" if deed is None else f"{deed.policy.id}/{deed.step.name}" for deed in made.deeds]
    return tones, names, lambda known: known["tone"].gather(made.row).fill_null(0).to_numpy()


def _roles(made: _Made) -> tuple[Array, list[str], Any]:
    """How senior the caller of each contact is, each deed's role, and how senior one has called before."""
    names = ["" if deed is None else deed.role for deed in made.deeds]

    def before(known: pl.DataFrame) -> Array:
        words = known["reached"].gather(made.row)
        ranks = {word: seniority(word or "") for word in words.unique()}
        found: Array = words.replace_strict(ranks, return_dtype=pl.Int64).fill_null(0).to_numpy()
        return found

    return made.value(lambda deed: seniority(deed.role)), names, before


def _reached(
    columns: _Columns, made: _Made, rank: str | None, word: str, ranks: Array, names: list[str], before: Any
) -> None:
    """The highest rank an account has reached, and by what: the first contact that got there."""
    if not ranks.any():
        return
    higher = np.flatnonzero(ranks > before(columns.accounts))
    # The last written stays: so the highest comes last, and of two alike the earlier one.
    higher = higher[np.lexsort((-higher, ranks[higher]))]
    rows = made.row[higher]
    if rank is not None:
        columns.set(rank, rows, ranks[higher])
    columns.words(word, rows, names, made.deed[higher])


def _repeats(state: State, made: _Made, on: date) -> pl.DataFrame:
    """Each repeating step taken today, counted: a newer invoice's own first one is no repetition. A policy with `start:` begins
    afresh at each event.
    """
    at = made.which(lambda deed: deed.step.repeat)
    if not len(at):
        return state.repeats
    every = [(int(made.row[n]), made.deeds[int(made.deed[n])]) for n in at]
    taken = [
        (row, deed.policy.id, deed.step.name, int(deed.again), on) for row, deed in every if deed is not None
    ]
    begun = [
        (row, deed.policy.id, state.accounts[event_column(deed.policy)][row])
        for row, deed in every
        if deed is not None and deed.policy.start is not None
    ]
    earlier = state.repeats
    if begun:
        names = {"row": REPEATS["row"], "policy": REPEATS["policy"], "event": REPEATS["last"]}
        events = pl.DataFrame(begun, schema=names, orient="row").unique()
        dated = earlier.join(events, on=["row", "policy"], how="left", maintain_order="left")
        earlier = dated.filter((pl.col("last") >= pl.col("event")).fill_null(value=True)).drop("event")
    return (
        pl.concat([earlier, pl.DataFrame(taken, schema=REPEATS, orient="row")])
        .group_by("row", "policy", "step", maintain_order=True)
        .agg(pl.col("times").sum().clip(lower_bound=1), pl.col("last").max())
        .cast(REPEATS)  # type: ignore[arg-type]
    )
