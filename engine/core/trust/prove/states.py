"""One account on one day, as far as the coming days depend on it: everything that has happened is told by how long ago.

Accounts of a sort that are alike in this go on alike, whenever it was. So a day has as many of them as there are different
pasts, not as many as there are customers; and once every step's day lies behind, the days repeat and the walk has an end.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

import polars as pl

from engine.core.decision.state import (
    ACCOUNTS,
    BARRED,
    ITEMS,
    MARKS,
    PENDING,
    REPEATS,
    TOUCHES,
    Aside,
    Pending,
    State,
)
from engine.core.language.policy import Event, Limit, PolicyBook
from engine.core.trust.prove.accounts import FIRST, TIMES, Asked, Sort, cuts, zero

GONE = -1  # the amount of an item that has been paid; the age of what has not been
_LONG_AGO = FIRST - timedelta(days=2000)
NO_PENDING: tuple[Any, ...] = ()


class Account(NamedTuple):
    """An account on a morning. Policies and steps are indexes, ages are days; a tuple, so that it can be counted.

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
    marks: frozenset[tuple[int, int, int, bool]] = frozenset()  # (item, policy, step, by the present event)
    barred: frozenset[tuple[int, int]] = frozenset()  # (policy, step)
    pending: tuple[Any, ...] = NO_PENDING  # (item or -1, policy, step, state, since, attempts)
    repeats: tuple[tuple[int, int, int, int], ...] = ()  # (policy, step, times, days since)
    promise: str = "none"
    plan: str = "none"
    ages: tuple[int, ...] = ()  # days since each of the sort's events, or GONE
    touches: tuple[tuple[int, int], ...] = ()  # (days since, item or -1) of contacts, the last first
    answer: tuple[int, int] | tuple[()] = ()  # (days left to answer, the day of the step that asked)
    contact: int = GONE
    paid: int = GONE


@dataclass(frozen=True, slots=True)
class Moments:
    """The days that make a difference to a sort: between two of them nothing changes by time alone."""

    bounds: tuple[int, ...]  # days of the walk (0 is the first invoice's date) on which something begins or ends
    due: tuple[int, ...]  # item -> the day of the walk on which it falls due
    ages: tuple[tuple[int, ...], ...]  # event -> the ages at which something begins or ends
    gaps: tuple[int, ...]
    window: int  # how long a contact is remembered
    limit: Limit | None  # the house's limit, where it can hold anything that the gap does not
    contact: tuple[int, ...]
    paid: tuple[int, ...]

    @property
    def last(self) -> int:
        return self.bounds[-1]

    def part(self, day: int) -> int:
        return bisect_right(self.bounds, day)


def moments(book: PolicyBook, asked: Sequence[Asked], sort: Sort) -> Moments:
    """Read off the steps, limits and tests that can concern the sort."""
    items = range(len(sort.offsets))
    due = tuple(sort.offsets[item] + sort.due for item in items)
    bounds = {0} | {day + one for day in due for one in (0, 1)}
    ages: dict[Event, set[int]] = {event: {0} for event in sort.events}
    policies = [book.policies[p] for p in sort.policies]
    for policy in policies:
        late = book.late(policy)
        for step in policy.steps:
            days = {step.day} | ({step.day + late.days + 1} if late.way == "skip" else set())
            if policy.start is not None:
                ages[policy.start] |= days
            else:
                bounds |= {zero(policy, sort, item) + day for item in items for day in days}
    tests = [test for number in sort.open for test in asked[number].clause.tests]
    for test in tests:
        if test.field in TIMES:
            bounds |= {day + cut for day in due for cut in cuts(test)}
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
        tuple(sorted(day for day in bounds if day >= 0)),
        due,
        tuple(tuple(sorted(day for day in ages[event] if day >= 0)) for event in sort.events),
        gaps,
        max(gaps[-1], limit.days if limit else 0),
        limit,
        since["since_contact"],
        since["since_payment"],
    )


def tomorrow(book: PolicyBook, account: Account, at: Moments) -> Account:
    """The account a day later, when nothing but time has passed."""
    touches = tuple((days + 1, item) for days, item in account.touches if days + 1 < at.window)
    answer = (account.answer[0] - 1, account.answer[1]) if account.answer and account.answer[0] > 0 else ()
    ages = tuple(
        age if age == GONE else min(age + 1, bounds[-1])
        for age, bounds in zip(account.ages, at.ages, strict=True)
    )
    repeats = tuple(
        (p, s, times, min(since + 1, repeat.every if (repeat := book.policies[p].steps[s].repeat) else 0))
        for p, s, times, since in account.repeats
    )
    return account._replace(
        touches=touches,
        answer=answer,
        ages=ages,
        repeats=repeats,
        contact=_older(account.contact, at.contact),
        paid=_older(account.paid, at.paid),
    )


def _older(age: int, bounds: Sequence[int]) -> int:
    if age == GONE or not bounds:
        return GONE
    return min(age + 1, bounds[-1])


def alike(book: PolicyBook, account: Account, at: Moments) -> tuple[Any, ...]:
    """What today's decision depends on, beside the part of the walk that the day lies in."""
    touches: Any = account.touches
    if at.limit is None:
        last: dict[int, int] = {}
        for days, item in account.touches:
            last.setdefault(item, bisect_right(at.gaps, days))
        touches = tuple(sorted(last.items()))
    repeats = tuple(
        (p, s, times, since >= (repeat.every if (repeat := book.policies[p].steps[s].repeat) else 0))
        for p, s, times, since in account.repeats
    )
    ages = tuple(
        age if age == GONE else bisect_right(bounds, age)
        for age, bounds in zip(account.ages, at.ages, strict=True)
    )
    answer = account.answer[1] if account.answer else None
    contact = GONE if account.contact == GONE else bisect_right(at.contact, account.contact)
    paid = GONE if account.paid == GONE else bisect_right(at.paid, account.paid)
    return (*account[:10], repeats, account.promise, account.plan, ages, touches, answer, contact, paid)


# -- as rows, for the decision ------------------------------------------------------------------------------------------


class Rows:
    """Accounts as the frames that a decision reads, and back."""

    def __init__(self, book: PolicyBook, sorts: Sequence[Sort], kinds: dict[str, pl.DataType]) -> None:
        self.book, self.sorts = book, sorts
        self.ids = [policy.id for policy in book.policies]
        self.number = {id: number for number, id in enumerate(self.ids)}
        self.schema = {**ACCOUNTS, **kinds}
        self.currency = book.house.currency

    def state(self, accounts: Sequence[Account], day: int) -> State:
        """The accounts on a day of the walk, a row each."""
        on = FIRST + timedelta(days=day)
        frames: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("accounts", "items", "marks", "barred", "touches", "pending", "repeats")
        }
        for row, account in enumerate(accounts):
            sort = self.sorts[account.sort]
            frames["accounts"].append(self._account(row, account, sort, on))
            frames["items"] += self._items(row, account, sort, on)
            events = self._events(account, sort, on)
            for mark in sorted(account.marks):
                frames["marks"] += self._marks(row, sort, mark, events)
            frames["barred"] += [
                {"row": row, "policy": self.ids[p], "step": self.book.policies[p].steps[s].name}
                for p, s in sorted(account.barred)
            ]
            frames["touches"] += [
                {"row": row, "item": None if item < 0 else number(item, 0), "on": on - timedelta(days=days)}
                for days, item in account.touches
            ]
            if account.pending:
                frames["pending"].append(self._pending(row, account, on, events))
            frames["repeats"] += [
                {
                    "row": row,
                    "policy": self.ids[p],
                    "step": self.book.policies[p].steps[s].name,
                    "times": times,
                    "last": on - timedelta(days=since),
                }
                for p, s, times, since in account.repeats
            ]
        return State(
            accounts=pl.DataFrame(frames["accounts"], schema=self.schema),
            items=pl.DataFrame(frames["items"], schema=ITEMS).sort("row", "due", "item"),
            marks=pl.DataFrame(frames["marks"], schema=MARKS),
            barred=pl.DataFrame(frames["barred"], schema=BARRED),
            touches=pl.DataFrame(frames["touches"], schema=TOUCHES),
            pending=pl.DataFrame(frames["pending"], schema=PENDING),
            repeats=pl.DataFrame(frames["repeats"], schema=REPEATS),
        )

    def _account(self, row: int, account: Account, sort: Sort, on: date) -> dict[str, Any]:
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
            "promise": account.promise,
            "plan": account.plan,
            "since": FIRST if account.home >= 0 else None,
            "home": self.ids[account.home] if account.home >= 0 else None,
            "effects": account.effects,
            "tone": account.tone,
            "tone_step": account.tone_step or None,
            "reached": account.reached or None,
        }
        for name, value in sort.facts.items():
            values[name] = sorted(value) if isinstance(value, frozenset) else value
        if isinstance(age := values.pop("age", None), int):
            values["opened"] = on - timedelta(days=age)
        if account.answer:
            values["answer_by"] = on + timedelta(days=account.answer[0])
            values["answer_day"] = account.answer[1]
        if account.contact != GONE:
            values["last_contact"] = on - timedelta(days=account.contact)
        if account.paid != GONE:
            values["last_payment"] = on - timedelta(days=account.paid)
        return values | self._events(account, sort, on)

    def _events(self, account: Account, sort: Sort, on: date) -> dict[str, date]:
        return {
            column(event): on - timedelta(days=age)
            for event, age in zip(sort.events, account.ages, strict=True)
            if age != GONE
        }

    def _items(self, row: int, account: Account, sort: Sort, on: date) -> list[dict[str, Any]]:
        found = []
        for item, (amount, aside) in enumerate(account.items):
            if amount == GONE:
                continue
            written = FIRST + timedelta(days=sort.offsets[item])
            if written > on:
                continue
            owed = sort.amounts[amount] // sort.copies
            for copy in range(sort.copies):
                open = owed + (sort.unapplied if item == copy == 0 else 0)
                line = {"row": row, "item": number(item, copy), "kind": "invoice", "date": written}
                line |= {"due": written + timedelta(days=sort.due), "amount": open, "open": open}
                line |= {"currency": self.currency, "rate": 1.0, "days_off": 0}
                found.append(line | ({"aside": aside, "aside_since": written} if aside else {}))
        if sort.unapplied:
            line = {"row": row, "item": "P1", "kind": "payment", "date": FIRST, "due": FIRST}
            line |= {"amount": sort.unapplied, "open": -sort.unapplied, "currency": self.currency, "rate": 1.0}
            found.append(line | {"days_off": 0})
        return found

    def _marks(
        self, row: int, sort: Sort, mark: tuple[int, int, int, bool], events: dict[str, date]
    ) -> list[dict[str, Any]]:
        item, p, s, current = mark
        policy = self.book.policies[p]
        event = None
        if policy.start is not None:
            present = events.get(column(policy.start))
            event = present if current and present else _LONG_AGO
        line = {"row": row, "policy": policy.id, "step": policy.steps[s].name, "event": event}
        return [line | {"item": number(item, copy)} for copy in range(sort.copies)]

    def _pending(self, row: int, account: Account, on: date, events: dict[str, date]) -> dict[str, Any]:
        item, p, s, state, since, attempts = account.pending
        policy = self.book.policies[p]
        begin = events.get(column(policy.start), FIRST) if policy.start is not None else FIRST
        again = state == Pending.AGAIN.value
        line = {"row": row, "item": None if item < 0 else number(item, 0), "policy": policy.id}
        line |= {"step": policy.steps[s].name, "state": state, "attempts": attempts}
        return line | {"since": on if again else begin + timedelta(days=since), "not_before": on if again else None}


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


def begun(book: PolicyBook, account: Account, at: Moments, sort: Sort, p: int, day: int) -> int:
    """`since` of what gets under way on a day of the walk: the beginning of the part that the day lies in."""
    start = book.policies[p].start
    if start is None:
        return at.bounds[at.part(day) - 1]
    which = sort.events.index(start)
    bounds = at.ages[which]
    return bounds[bisect_right(bounds, account.ages[which]) - 1]
