"""How days, amounts, counts and names are written on every surface."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from babel.numbers import format_currency

from engine.core.decision.summary import PlannedAction
from engine.core.language.policy import Kind
from engine.core.money import Amount
from engine.core.problem import Place
from engine.core.sentences import Reason

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


def money(minor: int, currency: str) -> str:
    """Minor units as `$27,400.00`."""
    return str(format_currency(Amount.of_minor(minor, currency).value, currency, locale="en_US"))


def whole_money(minor: int, currency: str) -> str:
    """Minor units as `$27,400`: for sums of which nobody needs the cents."""
    units = Amount.of_minor(minor, currency).value.quantize(Decimal(1))
    return str(format_currency(units, currency, "¤#,##0", locale="en_US", currency_digits=False))


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
    """`standard.yaml:20`: the file without its folders, and the line."""
    return f"{clean(place.file.rpartition('/')[2])}:{place.line}" if place else ""


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
