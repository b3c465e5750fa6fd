"""One account on one day, as far as the coming days depend on it: everything that has happened is told by how long ago.

Accounts of a sort that are alike in this go on alike, whenever it was. So a day has as many of them as there are different
pasts, not as many as there are customers; and once every step's day lies behind, the days repeat and the walk has an end.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

import polars as pl

from engine.core.decision.case import Case
from engine.core.decision.choose import step_tone
from engine.core.decision.ladder import addresses, call_role, effect_bits
from engine.core.decision.state import (
    ACCOUNTS,
    Aside,
    Pending,
)
from engine.core.language.policy import Event, Limit, PolicyBook, Step, seniority
from engine.core.trust.prove.accounts import AMOUNTS, FIRST, TIMES, TOTALS, Asked, Sort, cuts, zero

GONE = -1  # the amount of an item that has been paid; the age of what has not been
_LONG_AGO = FIRST - timedelta(days=2000)
NO_PENDING: tuple[Any, ...] = ()
Mark = tuple[int, int, int, bool]  # (item, policy, step, taken under the present event)


class Past(NamedTuple):
    """What has happened to an account, without when. Policies and steps are indexes.

    What is under way began in the part of the walk that begins on day `since`; of a policy with `start:`, in the part of
    its event's age, or before the event (-1).
    """

    sort: int
    items: tuple[tuple[int, str], ...]  # (index in the sort's amounts or GONE, why it is set aside or "")
    home: int = -1
    effects: int = 0
    tone: int = 0
    tone_step: str = ""
    reached: str = ""
    marks: frozenset[Mark] = frozenset()
    barred: frozenset[tuple[int, int]] = frozenset()  # (policy, step)
    pending: tuple[Any, ...] = NO_PENDING  # (item or -1, policy, step, state, since, attempts)
    repeats: tuple[tuple[int, int, int], ...] = ()  # (policy, step, times)
    promise: str = "none"
    plan: str = "none"


class Clock(NamedTuple):
    """How long ago it was: days, as far as they are told apart."""

    ages: tuple[int, ...] = ()  # days since each of the sort's events, or GONE
    touches: tuple[tuple[int, int], ...] = ()  # (days since, item or -1) of contacts, the last first
    answer: tuple[int, int] | tuple[()] = ()  # (days left to answer, the day of the step that asked)
    contact: int = GONE
    paid: int = GONE
    repeats: tuple[tuple[int, int, int], ...] = ()  # (policy, step, days since)


@dataclass(frozen=True, slots=True)
class Moments:
    """The days that make a difference to a sort: between two of them nothing changes by time alone."""

    # policy, or -1 for which policy it is -> days of the walk (0 is the first invoice's) on which something begins or ends
    bounds: Mapping[int, tuple[int, ...]]
    due: tuple[int, ...]  # item -> the day of the walk on which it falls due
    ages: tuple[tuple[int, ...], ...]  # event -> the ages at which something begins or ends
    gaps: tuple[int, ...]
    window: int  # how long a contact is remembered
    limit: Limit | None  # the house's limit, where it can hold anything that the gap does not
    contact: tuple[int, ...]
    paid: tuple[int, ...]
    repeats: Mapping[
        tuple[int, int], tuple[int, ...]
    ]  # (policy, step) -> days between, of each that it counts for
    climbs: bool  # whoever is further up a ladder that starts from an event can wait for those who are not

    @property
    def last(self) -> int:
        return max(bounds[-1] for bounds in self.bounds.values())

    @property
    def begins(self) -> int:
        """The last day before anything can happen."""
        return max(0, min(day for bounds in self.bounds.values() for day in bounds if day > 0) - 1)

    def part(self, policy: int, day: int) -> int:
        return bisect_right(self.bounds[policy], day)

    def changes(self, clock: Clock, day: int, policy: int) -> list[int]:
        """The days to come, from tomorrow on, on which time alone may change what a policy decides."""
        days = {bound for p in {policy, -1} if p in self.bounds for bound in self.bounds[p]}
        days |= {day + gap - since for since, _ in clock.touches for gap in self.gaps}
        if clock.answer:
            days.add(day + clock.answer[0] + 1)
        for age, bounds in zip(clock.ages, self.ages, strict=True):
            days |= {day + bound - age for bound in bounds if age != GONE}
        for age, cuts_ in ((clock.contact, self.contact), (clock.paid, self.paid)):
            days |= {day + cut - age for cut in cuts_ if age != GONE}
        days |= {day + every - since for p, s, since in clock.repeats for every in self.repeats[p, s]}
        return sorted(each for each in days if each > day)

    # -- clocks --------------------------------------------------------------------------------------------------------

    def later(self, clock: Clock, days: int = 1) -> Clock:
        """The clock some days later."""
        return Clock(
            ages=tuple(
                age if age == GONE else min(age + days, bounds[-1])
                for age, bounds in zip(clock.ages, self.ages, strict=True)
            ),
            touches=tuple(
                (since + days, item) for since, item in clock.touches if since + days < self.window
            ),
            answer=(clock.answer[0] - days, clock.answer[1])
            if clock.answer and clock.answer[0] >= days
            else (),
            contact=_older(clock.contact, self.contact, days),
            paid=_older(clock.paid, self.paid, days),
            repeats=tuple((p, s, min(since + days, self.repeats[p, s][-1])) for p, s, since in clock.repeats),
        )

    def routed(self, clock: Clock) -> tuple[Any, ...]:
        """What it depends on in a clock which policy has the account."""
        contact = GONE if clock.contact == GONE else bisect_right(self.contact, clock.contact)
        paid = GONE if clock.paid == GONE else bisect_right(self.paid, clock.paid)
        return tuple(age == GONE for age in clock.ages), contact, paid

    def alike(self, clock: Clock, gap: int, event: int, steps: Sequence[int]) -> tuple[Any, ...]:
        """What a decision of a policy depends on in a clock, by its gap, the index of the event it starts from (or -1), and
        the days of its steps.
        """
        if self.limit is None:
            last: dict[int, bool] = {}
            for days, item in clock.touches:
                last.setdefault(item, days < gap)
            touches: Any = tuple(sorted(item for item, recent in last.items() if recent))
        else:
            touches = clock.touches
        age = bisect_right(self.ages[event], clock.ages[event]) if event >= 0 else 0
        repeats = tuple((p, s, bisect_right(self.repeats[p, s], since)) for p, s, since in clock.repeats)
        answer = bisect_right(steps, clock.answer[1]) if clock.answer else -1
        return age, touches, answer, self.routed(clock)[1:], repeats


def moments(book: PolicyBook, asked: Sequence[Asked], sort: Sort) -> Moments:
    """Read off the steps, limits and tests that can concern the sort."""
    items = range(len(sort.offsets))
    due = tuple(sort.offsets[item] + sort.due for item in items)
    always = {0} | {sort.offsets[item] for item in items} | {day + one for day in due for one in (0, 1)}
    tests = [test for number in sort.open for test in asked[number].clause.tests]
    for test in tests:
        if test.field in TIMES:
            always |= {day + cut for day in due for cut in cuts(test)}
    bounds: dict[int, set[int]] = {-1: always}
    ages: dict[Event, set[int]] = {event: {0} for event in sort.events}
    policies = [book.policies[p] for p in sort.policies]
    for p, policy in zip(sort.policies, policies, strict=True):
        bounds[p] = set(always)
        late = book.late(policy)
        for step in policy.steps:
            days = {step.day} | ({step.day + late.days + 1} if late.way == "skip" else set())
            if policy.start is not None:
                ages[policy.start] |= days
            else:
                bounds[p] |= {zero(policy, sort, item) + day for item in items for day in days}
    gaps = tuple(sorted({max(book.gap(policy), 1) for policy in policies})) or (1,)
    limit = book.house.contact
    each = any(policy.each_invoice for policy in policies)
    if limit and not each and limit.most > (limit.days - 1) // gaps[0]:
        limit = None
    since = {
        name: tuple(sorted({cut for test in tests if test.field == name for cut in cuts(test)}))
        for name in ("since_contact", "since_payment")
    }
    return Moments(
        {p: tuple(sorted(day for day in found if day >= 0)) for p, found in bounds.items()},
        due,
        tuple(tuple(sorted(day for day in ages[event] if day >= 0)) for event in sort.events),
        gaps,
        max(gaps[-1], limit.days if limit else 0),
        limit,
        since["since_contact"],
        since["since_payment"],
        {
            (p, step.index): _between(book, sort, p, step)
            for p in sort.policies
            for step in book.policies[p].steps
            if step.repeat
        },
        all(
            policy.start is None
            or (book.late(policy).way == "climb" and not any(s.repeat for s in policy.steps))
            for policy in policies
        ),
    )


def _between(book: PolicyBook, sort: Sort, p: int, step: Step) -> tuple[int, ...]:
    """The days between two times of a step, and of those of its name for which it counts after a change of policy."""
    others = {q for q in sort.policies if q == p or book.policies[q].start is None}
    alike = (other for q in others for other in book.policies[q].steps if other.name == step.name)
    return tuple(sorted({other.repeat.every for other in alike if other.repeat}))


def _older(age: int, bounds: Sequence[int], days: int) -> int:
    if age == GONE or not bounds:
        return GONE
    return min(age + days, bounds[-1])


@dataclass(frozen=True, slots=True)
class Lens:
    """What a policy can see of a sort: `key` is the same for sorts that it cannot tell apart."""

    key: tuple[Any, ...]
    amounts: tuple[int, ...]  # index of an amount -> the part of all amounts, as its tests divide them
    promise: bool
    plan: bool
    tones: tuple[
        int, ...
    ]  # the tones of its steps' messages, and how senior its callers are: what they may have to give way to
    callers: tuple[int, ...]
    effects: int


def lens(book: PolicyBook, asked: Sequence[Asked], sort: Sort, at: Moments, p: int) -> Lens:
    """What policy `p` can see of the accounts that it has: its own lines, those of the house, and the invariants."""
    policy = book.policies[p]
    seen = frozenset(
        n for n in sort.open if asked[n].where[0] not in ("for", "when", "approve") or asked[n].where[1] == p
    )
    seen -= {n for n in seen if asked[n].where[0] == "for"}
    tests = [test for n in sorted(seen) for test in asked[n].clause.tests]
    fields = {test.field for test in tests}
    limit = sort.facts.get("limit") if "used" in fields else None
    bounds = {book.house.minimum}
    for test in tests:
        if test.field in AMOUNTS:
            bounds |= {cut * (1 if test.field in TOTALS else sort.copies) for cut in cuts(test)}
        elif test.field == "used" and isinstance(limit, int) and limit:
            bounds |= {-(-cut * limit // 10_000) for cut in cuts(test)}
    parts = sorted(bounds)
    met = tuple(
        ((needed & sort.addresses) == needed, not either or bool(either & sort.addresses))
        for needed, either in (addresses(step) for step in policy.steps)
    )
    shape = (sort.copies, sort.offsets, sort.unapplied, at.limit, at.contact, at.paid)
    days = tuple(day - at.due[0] for day in at.bounds[p])
    several = () if sort.single else sort.amounts
    return Lens(
        (p, seen, limit, met, shape, days, several),
        tuple(bisect_right(parts, amount) for amount in sort.amounts),
        "promise" in fields,
        "plan" in fields,
        tuple(sorted({step_tone(book, step) for step in policy.steps} - {0})),
        tuple(sorted({seniority(call_role(step)) for step in policy.steps} - {0})),
        sum({bit for step in policy.steps for bit in (1, 2, 4) if effect_bits(step.actions) & bit}),
    )


def route_of(past: Past) -> tuple[Any, ...]:
    """What it depends on which policy has the account, beside the day and the clock."""
    return past.sort, past.items, past.home, past.promise, past.plan


def alike(book: PolicyBook, past: Past, p: int, through: Lens) -> tuple[Any, ...]:
    """What a decision of policy `p` depends on in a past, seen through its lens on the sort."""
    policy = book.policies[p]
    names = {step.name for step in policy.steps}

    def known(mark: Mark) -> bool:
        if policy.start is not None:
            return mark[1] == p and mark[3]
        return book.policies[mark[1]].steps[mark[2]].name in names

    return (
        tuple((GONE if amount == GONE else through.amounts[amount], aside) for amount, aside in past.items),
        past.promise if through.promise else "",
        past.plan if through.plan else "",
        past.sort if past.home < 0 else -1,
        past.effects & through.effects,
        past.tone,
        past.tone_step if through.tones and through.tones[0] < past.tone else "",
        past.reached
        if through.callers and through.callers[0] < seniority(past.reached)
        else seniority(past.reached),
        frozenset(mark for mark in past.marks if known(mark)),
        frozenset(bar for bar in past.barred if book.policies[bar[0]].steps[bar[1]].name in names),
        past.pending,
        past.repeats,
    )


# -- as rows, for the decision ------------------------------------------------------------------------------------------


class Rows:
    """Accounts as the plain definition of a decision reads them."""

    def __init__(self, book: PolicyBook, sorts: Sequence[Sort], kinds: dict[str, pl.DataType]) -> None:
        self.book, self.sorts = book, sorts
        self.ids = [policy.id for policy in book.policies]
        self.number = {id: number for number, id in enumerate(self.ids)}
        self.schema = {**ACCOUNTS, **kinds}
        self.currency = book.house.currency
        self._empty: dict[str, Any] = dict.fromkeys(self.schema)

    def case(self, past: Past, clock: Clock, day: int, on: date, row: int = 0) -> Case:
        """An account on a day of its walk, which is this date."""
        sort = self.sorts[past.sort]
        first = on - timedelta(days=day)
        events = {
            column(event): on - timedelta(days=age)
            for event, age in zip(sort.events, clock.ages, strict=True)
            if age != GONE
        }
        since = {(p, s): on - timedelta(days=days) for p, s, days in clock.repeats}
        barred = [self._step(p, s) for p, s in past.barred]
        return Case(
            account=self._empty | self._account(row, past, clock, sort, on) | events,
            items=tuple(
                sorted(self._items(row, past, sort, first, on), key=lambda item: (item["due"], item["item"]))
            ),
            marks=tuple(each for mark in sorted(past.marks) for each in self._marks(row, sort, mark, events)),
            barred=frozenset((bar["policy"], bar["step"]) for bar in barred),
            touches=tuple(
                {"row": row, "item": None if item < 0 else number(item, 0), "on": on - timedelta(days=days)}
                for days, item in clock.touches
            ),
            pending=(self._pending(row, past, first, on, events),) if past.pending else (),
            repeats=tuple(
                {"row": row, **self._step(p, s), "times": times, "last": since[p, s]}
                for p, s, times in past.repeats
            ),
        )

    def _step(self, p: int, s: int) -> dict[str, Any]:
        policy = self.book.policies[p]
        return {"policy": policy.id, "step": policy.steps[s].name}

    def _account(self, row: int, past: Past, clock: Clock, sort: Sort, on: date) -> dict[str, Any]:
        values: dict[str, Any] = {
            "row": row,
            "account": str(row),
            "name": "",
            "currency": self.currency.lower(),
            "first_time": False,
            "contacts": 0,
            "broken": 0,
            "kept": 0,
            "claims": 0,
            "episode": 1,
            "terms": sort.terms,
            "addresses": sort.addresses,
            "promise": past.promise,
            "plan": past.plan,
            "since": on if past.home >= 0 else None,
            "home": self.ids[past.home] if past.home >= 0 else None,
            "effects": past.effects,
            "tone": past.tone,
            "tone_step": past.tone_step or None,
            "reached": past.reached or None,
        }
        for name, value in sort.facts.items():
            values[name] = sorted(value) if isinstance(value, frozenset) else value
        if isinstance(age := values.pop("age", None), int):
            values["opened"] = on - timedelta(days=age)
        if clock.answer:
            values["answer_by"] = on + timedelta(days=clock.answer[0])
            values["answer_day"] = clock.answer[1]
        if clock.contact != GONE:
            values["last_contact"] = on - timedelta(days=clock.contact)
        if clock.paid != GONE:
            values["last_payment"] = on - timedelta(days=clock.paid)
        return values

    def _items(self, row: int, past: Past, sort: Sort, first: date, on: date) -> list[dict[str, Any]]:
        found = []
        for item, (amount, aside) in enumerate(past.items):
            if amount == GONE:
                continue
            written = first + timedelta(days=sort.offsets[item])
            if written > on:
                continue
            owed = sort.amounts[amount] // sort.copies
            for copy in range(sort.copies):
                open = owed + (sort.unapplied if item == copy == 0 else 0)
                line = {"row": row, "item": number(item, copy), "kind": "invoice", "date": written}
                line |= {"due": written + timedelta(days=sort.due), "amount": open, "open": open}
                line |= {"currency": self.currency, "rate": 1.0, "days_off": 0, "statement": None}
                found.append(line | {"aside": aside or None, "aside_since": written if aside else None})
        if sort.unapplied:
            line = {"row": row, "item": "P1", "kind": "payment", "date": first, "due": first}
            line |= {
                "amount": sort.unapplied,
                "open": -sort.unapplied,
                "currency": self.currency,
                "rate": 1.0,
            }
            found.append(line | {"days_off": 0, "statement": None, "aside": None})
        return found

    def _marks(self, row: int, sort: Sort, mark: Mark, events: dict[str, date]) -> list[dict[str, Any]]:
        item, p, s, current = mark
        policy = self.book.policies[p]
        event = None
        if policy.start is not None:
            present = events.get(column(policy.start))
            event = present if current and present else _LONG_AGO
        line = {"row": row, **self._step(p, s), "event": event}
        return [line | {"item": number(item, copy)} for copy in range(sort.copies)]

    def _pending(
        self, row: int, past: Past, first: date, on: date, events: dict[str, date]
    ) -> dict[str, Any]:
        item, p, s, state, since, attempts = past.pending
        policy = self.book.policies[p]
        begin = events.get(column(policy.start), first) if policy.start is not None else first
        again = state == Pending.AGAIN.value
        line = {"row": row, "item": None if item < 0 else number(item, 0), **self._step(p, s)}
        line |= {"state": state, "attempts": attempts}
        return line | {
            "since": on if again else begin + timedelta(days=since),
            "not_before": on if again else None,
        }


def column(event: Event) -> str:
    """The column of accounts that holds the day of an event."""
    return event.value.replace(" ", "_")


def number(item: int, copy: int) -> str:
    """The number of a made-up invoice: A1, and B1, B2 … for more."""
    return f"{chr(ord('A') + item)}{copy + 1}"


def item_of(number: str) -> tuple[int, int]:
    """(item, copy) of a made-up number."""
    return ord(number[0]) - ord("A"), int(number[1:]) - 1


ASIDES = (Aside.DISPUTED.value, Aside.PROMISED.value, Aside.PLANNED.value)


def begun(book: PolicyBook, clock: Clock, at: Moments, sort: Sort, p: int, day: int) -> int:
    """`since` of what gets under way on a day of the walk: the beginning of the part that the day lies in."""
    start = book.policies[p].start
    if start is None:
        return at.bounds[p][at.part(p, day) - 1]
    which = sort.events.index(start)
    bounds = at.ages[which]
    return bounds[bisect_right(bounds, clock.ages[which]) - 1]
