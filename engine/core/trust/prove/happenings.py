"""What can happen to an overdue account on any day, beside what the policies do.

Payments, promises, disputes and plans are told apart only as far as the book does: where no line asks for a promise, giving one
is a day on which the account waits, and waiting is free on every day.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.core.decision.state import Aside
from engine.core.language.policy import Event, PolicyBook
from engine.core.trust.prove.accounts import Sort
from engine.core.trust.prove.states import GONE, Past


class Happened(NamedTuple):
    """One event of a walk: `what` as a policy test has it, on an item (-1: all of them), leaving `amount` of it.

    `event` is the index of the sort's event that it is, whose age becomes `age`; -1 where it is none.
    """

    what: str
    item: int = -1
    amount: int = GONE
    event: int = -1
    age: int = 0


Happens = list[tuple[Happened, Past]]


def happenings(book: PolicyBook, past: Past, sort: Sort) -> Happens:
    """Each thing that may happen in a morning, and the past after it. That all is paid ends the walk and is left out."""
    found = [*_payments(past), *_promises(book, past, sort)]
    if sort.disputes or len(past.items) > 1:
        found += _disputes(book, past, sort)
    if sort.plans:
        found += _plans(past)
    if Event.TERMS_CHANGED in sort.events:
        found.append(_event(book, past, sort, Happened("terms"), Event.TERMS_CHANGED))
    return found


def _payments(past: Past) -> Happens:
    found = []
    open_items = [item for item, (amount, _) in enumerate(past.items) if amount != GONE]
    for item in open_items:
        amount, aside = past.items[item]
        least = 0 if len(open_items) == 1 else GONE
        for left in range(least, amount):
            items = _with(past, item, left, "" if left == GONE else aside)
            found.append((Happened("payment", item, left), past._replace(items=items)))
    return found


def _promises(book: PolicyBook, past: Past, sort: Sort) -> Happens:
    """Given, where an open promise can be told from none; broken; or kept in part, or replaced by another."""
    found: Happens = []
    if len(sort.promises) < 2:
        return found
    is_open = past.promise == "open"
    if "open" in sort.promises and not is_open:
        found.append((Happened("promise"), _aside(past, Aside.PROMISED)._replace(promise="open")))
    if "open" not in sort.promises or is_open:
        kept = "kept" if "kept" in sort.promises else "none"
        free = _released(past, Aside.PROMISED)
        if "broken" in sort.promises:
            broken = free._replace(promise="broken")
            found.append(_event(book, broken, sort, Happened("promise broken"), Event.PROMISE_BROKEN))
        if past.promise != kept:
            found.append((Happened("promise kept"), free._replace(promise=kept)))
    return found


def _disputes(book: PolicyBook, past: Past, sort: Sort) -> Happens:
    """Of one item. What was closed yesterday is free from today."""
    found: Happens = []
    for item, (amount, aside) in enumerate(past.items):
        if amount != GONE and not aside:
            items = _with(past, item, amount, Aside.DISPUTED.value)
            found.append((Happened("dispute opened", item), past._replace(items=items)))
        if aside == Aside.DISPUTED.value:
            free = past._replace(items=_with(past, item, amount, ""))
            closed = Happened("dispute closed", item, age=1)
            found.append(_event(book, free, sort, closed, Event.DISPUTE_CLOSED))
    return found


def _plans(past: Past) -> Happens:
    if past.plan != "kept":
        return [(Happened("plan agreed"), _aside(past, Aside.PLANNED)._replace(plan="kept"))]
    return [(Happened("plan broken"), _released(past, Aside.PLANNED)._replace(plan="broken"))]


def _with(past: Past, item: int, amount: int, aside: str) -> tuple[tuple[int, str], ...]:
    return (*past.items[:item], (amount, aside), *past.items[item + 1 :])


def _aside(past: Past, why: Aside) -> Past:
    """All that is open and free is set aside."""
    return past._replace(
        items=tuple((a, why.value if a != GONE and not aside else aside) for a, aside in past.items)
    )


def _released(past: Past, why: Aside) -> Past:
    return past._replace(items=tuple((a, "" if aside == why.value else aside) for a, aside in past.items))


def _event(
    book: PolicyBook, past: Past, sort: Sort, happened: Happened, event: Event
) -> tuple[Happened, Past]:
    """The event has come, if the sort's policies know it: those that start from it begin afresh."""
    if event not in sort.events:
        return happened, past
    starts = {p for p, policy in enumerate(book.policies) if policy.start is event}
    names = {
        step.name for p in sort.policies if book.policies[p].start is None for step in book.policies[p].steps
    }
    marks = frozenset(
        (item, p, s, current and p not in starts)
        for item, p, s, current in past.marks
        if p not in starts or book.policies[p].steps[s].name in names
    )
    pending = past.pending
    if pending and pending[1] in starts:
        pending = (*pending[:4], -1, pending[5])
    repeats = tuple(each for each in past.repeats if each[0] not in starts)
    begun = past._replace(marks=marks, pending=pending, repeats=repeats)
    return happened._replace(event=sort.events.index(event)), begun
