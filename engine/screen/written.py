"""How days, amounts, counts and names are written on every surface."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from engine.core.language.policy import Kind
from engine.core.problem import Place
from engine.core.sentences import Reason
from engine.core.sentences.amounts import money as money
from engine.core.sentences.amounts import whole_money as whole_money

if TYPE_CHECKING:
    from engine.core.decision.summary import PlannedAction

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
PLURALS = {
    Kind.CALL: "calls",
    Kind.EMAIL: "emails",
    Kind.LETTER: "letters",
    Kind.STATEMENT: "statements",
    Kind.TERMS: "terms",
    Kind.HOLD: "holds",
    Kind.HAND_OFF: "hand-offs",
    Kind.TASK: "tasks",
    Kind.WEBHOOK: "webhooks",
}
_REASONS = {
    Reason.NEVER: "left to people",
    Reason.BELOW_MINIMUM: "below the minimum",
    Reason.PROMISED: "promise to pay still open",
    Reason.PLANNED: "payment plan is kept",
    Reason.ANSWER: "still has time to answer the last demand",
    Reason.CONTACT_LIMIT: "contacted often enough for now",
    Reason.STALE: "the ledger is too old to demand",
    Reason.CALL_OPEN: "a call is on the list",
    Reason.CALL_AGAIN: "a call is to be tried again",
    Reason.ON_ITS_WAY: "a message is on its way",
    Reason.UNCERTAIN: "nobody knows whether the last message arrived",
    Reason.NO_ADDRESS: "no address to send it to",
    Reason.CALLS: "called often enough for now",
    Reason.SPOKEN: "spoken with in the last days",
    Reason.HOLIDAY: "a public holiday where they are",
    Reason.CONFIRM: "the recipient has changed and nobody has confirmed it",
    Reason.DISAGREE: "the two evaluators disagree",
}


def short_day(day: date) -> str:
    """`Mon 23`."""
    return f"{_DAYS[day.weekday()]} {day.day}"


def day_month(day: date) -> str:
    """`Mon 23 Nov`."""
    return f"{short_day(day)} {_MONTHS[day.month - 1]}"


def full_day(day: date) -> str:
    """`Mon 23 Nov 2026`."""
    return f"{day_month(day)} {day.year}"


def span(first: date, last: date) -> str:
    """`Mon 23 Nov – Fri 27 Nov 2026`, or the one day."""
    if first == last:
        return full_day(first)
    start = day_month(first) if first.year == last.year else full_day(first)
    return f"{start} – {full_day(last)}"


def count(number: int, one: str, many: str = "") -> str:
    """`1 account`, `1,284 accounts`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(words: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    all_words = list(words)
    return " and ".join(filter(None, [", ".join(all_words[:-1]), *all_words[-1:]]))


def reason_words(reason: Reason) -> str:
    return _REASONS.get(reason, reason.value)


def line_of(place: Place | None) -> str:
    """`standard.yaml:20`: the file without its folders, and the line; of what is built in its name."""
    if place is None or not place.line:
        return clean(place.file) if place else ""
    return f"{clean(place.file.rpartition('/')[2])}:{place.line}"


def does(kind: Kind, value: str) -> str:
    """`call collector`, `cash on delivery`, `hold orders`."""
    return value if kind is Kind.TERMS else f"{kind.value} {value}"


def clean(text: str) -> str:
    """A text of somebody else's on one line, without characters that a terminal would obey."""
    return "".join(mark if mark.isprintable() else "·" for mark in text)


def by_step(actions: Iterable[PlannedAction]) -> list[tuple[PlannedAction, str]]:
    """The actions of one step of one account on one day as one: the first, and what they do."""
    steps: dict[tuple[object, ...], list[PlannedAction]] = {}
    for action in actions:
        key = (action.on, action.account, action.policy, action.step, action.items)
        steps.setdefault(key, []).append(action)
    return [(found[0], ", ".join(does(one.kind, one.value) for one in found)) for found in steps.values()]
