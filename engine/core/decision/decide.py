"""One evaluation: from a state and a moment to what happens today, and why nothing happens where nothing does.

`run`, `preview`, `test`, `explain`, `diff` and `simulate` all come here; there is no other way to a decision.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from engine.core import sentences
from engine.core.cases.score import columns
from engine.core.decision.allocate import Room, allocate, ranked
from engine.core.decision.case import Case, cases
from engine.core.decision.choose import Choice, Verdict, choose
from engine.core.decision.ladder import event_column
from engine.core.decision.portfolio import Portfolio, portfolio
from engine.core.decision.signature import NONE, Signature
from engine.core.decision.standing import stand
from engine.core.decision.state import Pending, State
from engine.core.decision.view import Day
from engine.core.language.policy import PolicyBook, Score
from engine.core.rules import EngineFault, Rules
from engine.core.sentences import Gate, Reason

if TYPE_CHECKING:
    from numpy.typing import NDArray

_GOES = pl.lit(value=True).alias("goes")
_NOBODY = pl.lit(None, dtype=pl.String).alias("person")
SAMPLED = 32  # other members of classes that each evaluation works out again, one by one


@dataclass(frozen=True, slots=True)
class Fault:
    """A class whose evaluators disagree: nothing is done for it, and both answers are reported."""

    account: str
    accounts: int
    answers: tuple[tuple[str, Signature | str], ...]

    @property
    def sentence(self) -> str:
        return sentences.disagreement(self.account, self.accounts, tuple(name for name, _ in self.answers))


@dataclass(frozen=True, slots=True)
class Decided:
    """What a day brings.

    `choices` and `signatures` have an entry a class; `unit_class` gives each unit's class. `contacts` has a row for each unit
    that goes or asks for approval, in the work list's order: unit, row, account, class, policy, step, episode, event, key_item,
    occurrence, amount, late, verdict, long_wait, score, goes, person. `marks` has a row for each (item, step) a contact takes.
    """

    day: Day
    portfolio: Portfolio
    signatures: tuple[Signature, ...]
    choices: tuple[Choice, ...]
    unit_class: NDArray[Any]
    contacts: pl.DataFrame
    marks: pl.DataFrame
    stopped: str
    faults: tuple[Fault, ...]
    evaluators: tuple[str, ...]

    def choice(self, row: int) -> Choice:
        """The choice of an account's first unit."""
        unit = int(np.searchsorted(self.portfolio.unit_row, row))
        return self.choices[int(self.unit_class[unit])]


def decide(
    book: PolicyBook,
    state: State,
    day: Day,
    rules: Sequence[Rules],
    room: Room | None = None,
    seen: set[Signature] | None = None,
    view: Portfolio | None = None,
) -> Decided:
    """Decide every account of `state` on a day. `rules` are the evaluators over `questions.rulesets(book)`, plain first.

    `seen`, which is added to, has the classes that the evaluators have agreed on already: where many days are only looked
    ahead to, one that has come up before is not asked again. A run gives none. `view` is the `portfolio` of the same,
    where somebody has looked at it already.
    """
    return allotted(book, proposed(book, state, day, rules, seen, view=view), room or Room())


def proposed(
    book: PolicyBook,
    state: State,
    day: Day,
    rules: Sequence[Rules],
    seen: set[Signature] | None = None,
    distrusted: Collection[Signature] = (),
    view: Portfolio | None = None,
) -> Decided:
    """As `decide`, before the whole day is looked at: as if there were room for everything and no safety stop.

    `distrusted` are classes on which the evaluators have disagreed elsewhere in the same run.
    """
    view = portfolio(book, state, day) if view is None else view
    signatures = tuple(view.at(int(unit)) for unit in view.first)
    faulty = faults(book, state, day, rules, view, signatures, set() if seen is None else seen)
    for number, signature in enumerate(signatures):
        if signature in distrusted and number not in faulty:
            faulty[number] = _distrusted(state, view, number)
    choices = tuple(
        Choice(Verdict.HELD, Reason.DISAGREE) if number in faulty else choose(book, signature)
        for number, signature in enumerate(signatures)
    )
    contacts = _contacts(book, state, day, view, signatures, choices)
    return Decided(
        day=day,
        portfolio=view,
        signatures=signatures,
        choices=choices,
        unit_class=view.classes,
        contacts=contacts.with_columns(_GOES, _NOBODY),
        marks=marks_of(book, view, contacts["unit"].to_numpy(), view.takes),
        stopped="",
        faults=tuple(faulty.values()),
        evaluators=tuple(rule.name for rule in rules),
    )


def allotted(book: PolicyBook, decided: Decided, room: Room) -> Decided:
    """The day within what it has room for, and held as a whole where it is beyond the safety stop."""
    contacts, stopped = _allocated(book, decided.contacts, decided.choices, room.on(decided.day.on))
    return replace(decided, contacts=contacts, stopped=stopped)


def let_go(book: PolicyBook, decided: Decided, room: Room) -> Decided:
    """The day as it goes when somebody agrees to what the safety stop holds. Nothing is decided again."""
    freed = replace(book, house=replace(book.house, stop={}))
    return allotted(freed, decided, room)


# -- trust: every class by both evaluators, and samples one by one ---------------------------------------------------


def faults(
    book: PolicyBook,
    state: State,
    day: Day,
    rules: Sequence[Rules],
    view: Portfolio,
    signatures: Sequence[Signature],
    seen: set[Signature],
) -> dict[int, Fault]:
    """The classes on which columns and evaluators disagree; those on which they agree are added to `seen`."""
    units = 0 if seen else len(view.classes)
    sampled = np.linspace(0, units - 1, min(SAMPLED, units)).astype(np.int64) if units else ()
    new = (unit for unit, at in zip(view.first, signatures, strict=True) if at not in seen)
    checked = [(int(unit), tuple(rules)) for unit in new] + [(int(unit), (rules[0],)) for unit in sampled]
    known = cases(state, (int(view.unit_row[unit]) for unit, _ in checked))
    sizes = np.bincount(view.classes, minlength=len(view.first))
    found: dict[int, Fault] = {}
    for unit, evaluators in checked:
        row, number = int(view.unit_row[unit]), int(view.classes[unit])
        columns_say = view.at(unit)
        answers = [(rule.name, _answer(book, known[row], day, rule, view, unit)) for rule in evaluators]
        if number not in found and any(answer != columns_say for _, answer in answers):
            account = str(state.accounts["account"][row])
            found[number] = Fault(account, int(sizes[number]), (("columns", columns_say), *answers))
    seen |= {at for number, at in enumerate(signatures) if number not in found}
    return found


def _distrusted(state: State, view: Portfolio, number: int) -> Fault:
    row = int(view.unit_row[view.first[number]])
    return Fault(str(state.accounts["account"][row]), int((view.classes == number).sum()), ())


def _answer(
    book: PolicyBook, case: Case, day: Day, rule: Rules, view: Portfolio, unit: int
) -> Signature | str:
    try:
        standings = stand(book, case, day, rule)
    except EngineFault as fault:
        return str(fault)
    item = view.items["item"][int(view.unit_item[unit])] if view.unit_item[unit] != NONE else None
    return next((standing.signature for standing in standings if standing.item == item), "no such unit")


# -- the day ------------------------------------------------------------------------------------------------------------


def _contacts(
    book: PolicyBook,
    state: State,
    day: Day,
    view: Portfolio,
    signatures: Sequence[Signature],
    choices: Sequence[Choice],
) -> pl.DataFrame:
    """Who goes or asks for approval, in the work list's order: that is found first, and the wide rows are made once."""
    acts = np.array([choice.verdict in (Verdict.GO, Verdict.ASK) for choice in choices] + [False])
    units = np.flatnonzero(acts[view.classes])
    said = pl.DataFrame(
        [(c.policy, c.step, c.verdict.value, c.passed) for c in choices],
        schema={"policy": pl.String(), "step": pl.String(), "verdict": pl.String(), "passed": pl.Boolean()},
        orient="row",
    )
    waiting = _waiting_since(state, view, units, said["step"])
    long_wait = (waiting <= (day.patience or day.on - timedelta(days=14))).fill_null(value=False)
    numbers = pl.DataFrame({"amount": view.amount[units], "late": view.late[units], "long_wait": long_wait})
    order = ranked(_looked_at(numbers, view, units, book.house.score), book.house, day.on)
    at = order["at"].to_numpy()
    units = units[at]
    rows = view.unit_row[units]
    number = view.classes[units]
    accounts = view.accounts
    frame = said[number].with_columns(
        pl.Series("unit", units),
        pl.Series("row", rows, dtype=pl.UInt32),
        pl.Series("class", number),
        pl.Series("occurrence", view.signature["occurrence"][units]),
        _events(book, accounts, rows, view.signature["policy"][units]).alias("event"),
        key_items(view, units).alias("key_item"),
        own_items(view, units).alias("own_item"),
        *numbers[at].get_columns(),
        order["score"],
        waiting.gather(at).alias("waiting_since"),
    )
    who = accounts.select("account", "owner", episode=pl.col("episode").fill_null(1))
    found: pl.DataFrame = frame.hstack(who[rows])
    return found


def _looked_at(numbers: pl.DataFrame, view: Portfolio, units: NDArray[Any], score: Score) -> pl.DataFrame:
    """The contacts with what else the house's score looks at."""
    more = columns(score) - set(numbers.columns)
    if not more:
        return numbers
    # An item whose promise has not been broken is set aside: nothing is asked for it on the day it falls due.
    due = pl.lit(None, dtype=pl.Date).alias("promise_due")
    facts = view.accounts.select(sorted(more & {"risk", "promise", "spoke"}))[view.unit_row[units]]
    return numbers.hstack(facts).with_columns(due)


def _waiting_since(state: State, view: Portfolio, units: NDArray[Any], steps: pl.Series) -> pl.Series:
    """contact -> since when its step has waited for room in a day; null where it has not."""
    waiting = state.pending.filter(pl.col("state") == Pending.CAPACITY.value)
    if not waiting.height:
        return pl.Series([None], dtype=pl.Date).new_from_index(0, len(units))
    wanted = pl.DataFrame({"row": view.unit_row[units], "step": steps.gather(view.classes[units])})
    since = waiting.select(pl.col("row").cast(wanted.schema["row"]), "step", "since").unique(["row", "step"])
    return wanted.join(since, on=["row", "step"], how="left", maintain_order="left")["since"]


def _events(book: PolicyBook, accounts: pl.DataFrame, rows: NDArray[Any], policy: NDArray[Any]) -> pl.Series:
    """contact -> the day its policy's event fell on; null without `start:`."""
    events = pl.Series([None], dtype=pl.Date).new_from_index(0, len(rows))
    for number, rules in enumerate(book.policies):
        if rules.start is not None and (policy == number).any():
            column = accounts[event_column(rules)].gather(rows)
            events = events.zip_with(pl.Series(policy != number), column)
    return events


def own_items(view: Portfolio, units: NDArray[Any]) -> pl.Series:
    """contact -> its item under `each: invoice`, else null."""
    own = view.unit_item[units]
    if not (own != NONE).any():
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(own))
    items = view.items["item"].gather(np.maximum(own, 0))
    return items.zip_with(
        pl.Series(own != NONE), pl.Series([None], dtype=pl.String).new_from_index(0, len(own))
    )


def _due_of(view: Portfolio, steps: NDArray[Any]) -> NDArray[Any]:
    """item -> those of its unit's `steps` that are due for it; none when set aside."""
    mask: NDArray[Any] = np.where(view.free, view.due & steps[view.items["unit"].to_numpy()], np.uint64(0))
    return mask


def key_items(view: Portfolio, units: NDArray[Any]) -> pl.Series:
    """The oldest item newly marked; for a repeat, the oldest that is asked for."""
    count = len(view.items)
    newly = _due_of(view, view.takes) != 0
    index = np.arange(count)
    first = view.by_unit.least(np.where(newly, index, count), count)
    if (first[units] == count).any():
        free = view.free
        oldest = view.by_unit.least(np.where(free, index, count), count)
        first = np.where(first < count, first, oldest)
    return view.items["item"].gather(first[units])


def _allocated(
    book: PolicyBook, contacts: pl.DataFrame, choices: Sequence[Choice], room: Room
) -> tuple[pl.DataFrame, str]:
    if not book.house.stop and not book.house.capacity and not room.people:
        return contacts.with_columns(_GOES, _NOBODY), ""
    allocation = allocate(
        book.house,
        [choice.actions for choice in choices],
        contacts["class"].to_numpy().astype(np.int64),
        contacts["waiting_since"].is_null().to_numpy(),
        contacts["owner"].to_list(),
        room,
        sentences.safety_stop,
    )
    contacts = contacts.with_columns(
        goes=pl.Series(allocation.go, dtype=pl.Boolean), person=pl.Series(allocation.person, dtype=pl.String)
    )
    return contacts, allocation.stopped


def marks_of(book: PolicyBook, view: Portfolio, units: NDArray[Any], steps: NDArray[Any]) -> pl.DataFrame:
    """(unit, row, item, policy, step, event): which of its `steps` (unit -> bits) are due at each of these units, for every
    item not set aside."""
    acting = np.zeros(len(view.unit_row), dtype=bool)
    acting[units] = True
    unit = view.items["unit"].to_numpy()
    mask = np.where(acting[unit], _due_of(view, steps), np.uint64(0))
    found = np.flatnonzero(mask)
    policy = view.signature["policy"][unit[found]]
    every, at = [], [np.zeros(0, dtype=np.int64)]
    for number, rules in enumerate(book.policies):
        mine = found[policy == number]
        bits_of = mask[mine]
        for step in rules.steps:
            every.append((rules.id, step.name))
            at.append(mine[(bits_of & np.uint64(1 << step.index)) != 0])
    taken = np.concatenate(at)
    which = np.repeat(np.arange(len(every)), [len(here) for here in at[1:]])
    units, rows = unit[taken], view.items["row"].gather(taken)
    event = pl.Series([None], dtype=pl.Date).new_from_index(0, len(taken))
    if any(rules.start is not None for rules in book.policies):
        event = _events(book, view.accounts, rows.to_numpy(), view.signature["policy"][units])
    return pl.DataFrame(
        {
            "unit": units,
            "row": rows,
            "item": view.items["item"].gather(taken),
            "policy": pl.Series([id for id, _ in every], dtype=pl.String).gather(which),
            "step": pl.Series([name for _, name in every], dtype=pl.String).gather(which),
            "event": event,
        }
    )


def without_address(decided: Decided) -> NDArray[Any]:
    """The units whose step waits for an address, or that the customer asked us not to take."""
    held = np.array([choice.gate is Gate.ADDRESS for choice in decided.choices] + [False])
    return np.flatnonzero(held[decided.unit_class])


def reasons(decided: Decided) -> Iterable[tuple[Choice, int, int]]:
    """(choice, units, amount in the house's minor units) of every class."""
    sizes = np.bincount(decided.unit_class, minlength=len(decided.choices))
    amounts = np.bincount(
        decided.unit_class, weights=decided.portfolio.amount, minlength=len(decided.choices)
    )
    for number, choice in enumerate(decided.choices):
        yield choice, int(sizes[number]), int(amounts[number])
