"""One account on the coming days, by the same decisions as a preview: how it stands on each morning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from engine.core.decision.case import Case, cases
from engine.core.decision.choose import Choice, Verdict, choose
from engine.core.decision.decide import decide
from engine.core.decision.plan import NOTHING_PAID, after, approved, day_of, morning
from engine.core.decision.standing import Standing, stand
from engine.core.decision.state import Pending, State
from engine.core.language.policy import PolicyBook
from engine.core.rules import Rules
from engine.core.sentences import Gate
from engine.core.workdays import Calendar

UNDER_WAY = (Pending.CALL, Pending.MESSAGE, Pending.APPROVAL)


@dataclass(frozen=True, slots=True)
class Morning:
    """How an account stands on the morning of a day: each unit of it. `closed` is why the day is closed, or empty."""

    on: date
    closed: str
    case: Case
    standings: tuple[Standing, ...]


def ahead(
    book: PolicyBook, state: State, start: date, calendar: Calendar, rules: Sequence[Rules], stale: bool
) -> Iterator[Morning]:
    """The mornings from `start` on, without end. `state` has one account; `stale`: its ledger is too old on the first day.

    As in a preview nothing is paid, calls are made and approvals are given; and there is room for every step.
    """
    book = replace(book, house=replace(book.house, capacity={}, stop={}))
    on, case = start, cases(state, [0])[0]
    while True:
        if on > start:
            begun = morning(state, on, NOTHING_PAID)
            case = case if begun is state else cases(begun, [0])[0]
            state = begun
        moment = day_of(book, calendar, on, stale and on == start)
        standings = stand(book, case, moment, rules[0])
        yield Morning(on, calendar.why_closed(on) or "", case, standings)
        if on == start or not quiet(book, case, standings):
            state = approved(state) if on == start else state
            state = after(book, state, decide(book, state, moment, rules[:1]), calendar)
            case = cases(state, [0])[0]
        on += timedelta(days=1)


def quiet(book: PolicyBook, case: Case, standings: Sequence[Standing]) -> bool:
    """Whether a day leaves nothing behind for an account: nothing goes or is under way, and nothing is to be remembered."""
    begins = case.account["since"] is None or case.account["home"] is None
    if any(row["state"] in UNDER_WAY for row in case.pending):
        return False
    if begins and any(standing.policy and standing.signature.overdue for standing in standings):
        return False
    return not any(acts(choose(book, standing.signature)) for standing in standings)


def acts(choice: Choice) -> bool:
    """Whether a choice leaves something behind: it goes, it asks, it tells the owner, or an address is to be found."""
    goes = choice.verdict in (Verdict.GO, Verdict.ASK)
    return goes or choice.tell_owner or choice.gate is Gate.ADDRESS
