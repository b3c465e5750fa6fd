"""What can happen to an overdue account on any day, beside what the policies do.

Payments, promises, disputes and plans are told apart only as far as the book does: where no line asks for a promise, giving one
is a day on which the account waits, and waiting is free on every day.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.core.decision.state import Aside
from engine.core.language.policy import Event, PolicyBook
from engine.core.trust.prove.accounts import Sort
from engine.core.trust.prove.states import GONE, Account, Moments


class Happened(NamedTuple):
    """One event of a walk: `what` as a policy test has it, on an item (-1: all of them), leaving `amount` of it."""

    what: str
    item: int = -1
    amount: int = GONE


def happenings(book: PolicyBook, account: Account, sort: Sort, at: Moments) -> list[tuple[Happened, Account]]:
    """Each thing that may happen this morning, and the account after it. That all is paid ends the walk and is left out."""
    found = [*_payments(account, sort, at), *_promises(book, account, sort)]
    if sort.disputes or len(account.items) > 1:
        found += _disputes(book, account, sort)
    if sort.plans:
        found += _plans(account)
    if Event.TERMS_CHANGED in sort.events:
        found.append((Happened("terms"), _event(book, account, sort, Event.TERMS_CHANGED, 0)))
    return found


def _payments(account: Account, sort: Sort, at: Moments) -> list[tuple[Happened, Account]]:
    found = []
    open_items = [item for item, (amount, _) in enumerate(account.items) if amount != GONE]
    for item in open_items:
        amount, aside = account.items[item]
        least = 0 if len(open_items) == 1 else GONE
        for left in range(least, amount):
            paid = account._replace(items=_with(account, item, left, "" if left == GONE else aside))
            if at.paid:
                paid = paid._replace(paid=0)
            found.append((Happened("payment", item, left), paid))
    return found


def _promises(book: PolicyBook, account: Account, sort: Sort) -> list[tuple[Happened, Account]]:
    """Given, where an open promise can be told from none; broken; or kept in part, or replaced by another."""
    found = []
    if len(sort.promises) > 1:
        is_open = account.promise == "open"
        if "open" in sort.promises and not is_open:
            items = tuple(
                (amount, Aside.PROMISED.value if amount != GONE and not aside else aside)
                for amount, aside in account.items
            )
            found.append((Happened("promise"), account._replace(items=items, promise="open")))
        if "open" not in sort.promises or is_open:
            kept = "kept" if "kept" in sort.promises else "none"
            free = _released(account, Aside.PROMISED)
            if "broken" in sort.promises:
                broken = _event(book, free._replace(promise="broken"), sort, Event.PROMISE_BROKEN, 0)
                found.append((Happened("promise broken"), broken))
            if account.promise != kept:
                found.append((Happened("promise kept"), free._replace(promise=kept)))
    return found


def _disputes(book: PolicyBook, account: Account, sort: Sort) -> list[tuple[Happened, Account]]:
    """Of one item. What was closed yesterday is free from today."""
    found = []
    for item, (amount, aside) in enumerate(account.items):
        if amount != GONE and not aside:
            items = _with(account, item, amount, Aside.DISPUTED.value)
            found.append((Happened("dispute opened", item), account._replace(items=items)))
        if aside == Aside.DISPUTED.value:
            free = account._replace(items=_with(account, item, amount, ""))
            free = _event(book, free, sort, Event.DISPUTE_CLOSED, 1)
            found.append((Happened("dispute closed", item), free))
    return found


def _plans(account: Account) -> list[tuple[Happened, Account]]:
    if account.plan != "kept":
        items = tuple(
            (amount, Aside.PLANNED.value if amount != GONE and not aside else aside) for amount, aside in account.items
        )
        return [(Happened("plan agreed"), account._replace(items=items, plan="kept"))]
    return [(Happened("plan broken"), _released(account, Aside.PLANNED)._replace(plan="broken"))]


def _with(account: Account, item: int, amount: int, aside: str) -> tuple[tuple[int, str], ...]:
    return (*account.items[:item], (amount, aside), *account.items[item + 1 :])


def _released(account: Account, why: Aside) -> Account:
    items = tuple((amount, "" if aside == why.value else aside) for amount, aside in account.items)
    return account._replace(items=items)


def _event(book: PolicyBook, account: Account, sort: Sort, event: Event, age: int) -> Account:
    """The event has come: policies that start from it begin afresh."""
    if event not in sort.events:
        return account
    which = sort.events.index(event)
    starts = {p for p, policy in enumerate(book.policies) if policy.start is event}
    marks = frozenset((item, p, s, current and p not in starts) for item, p, s, current in account.marks)
    pending = account.pending
    if pending and pending[1] in starts:
        pending = (*pending[:4], -1, pending[5])
    ages = (*account.ages[:which], age, *account.ages[which + 1 :])
    return account._replace(ages=ages, marks=marks, pending=pending)
