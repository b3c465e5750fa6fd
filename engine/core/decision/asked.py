"""What of a ledger and its customer master the decisions of a day look at: a run reads no more of them.

Whoever looks at another column all the same meets an error, since it is not there; a missing value would pass for an answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.cases import score
from engine.core.decision import questions
from engine.core.decision.ladder import event_column
from engine.core.language.policy import Clock, PolicyBook

# What gates, a day's room and the hours of a message look at, whatever the book says.
_ALWAYS = frozenset(
    {"insolvent", "attorney", "natural_person", "legal_form", "country", "strategic", "contract_supply"}
    | {"owner", "time_zone"}
)
_BENEATH = {"used": "limit", "age": "opened"}  # what a field follows from
_DATED = frozenset({Clock.INVOICE_DATE, Clock.STATEMENT_DATE, Clock.END_OF_MONTH})


@dataclass(frozen=True, slots=True)
class Asked:
    """Columns by name: of `accounts` those that a customer master has, of `items` those that not every decision needs."""

    accounts: frozenset[str]
    items: frozenset[str]


def asked(book: PolicyBook) -> Asked:
    """What the day looks at under a book."""
    tested = questions.fields(book)
    starts = {event_column(policy) for policy in book.policies if policy.start is not None}
    alike = {column for split in book.house.splits for column in split.alike}
    accounts = {_BENEATH.get(field, field) for field in tested} | starts | alike
    clocks = {policy.clock for policy in book.policies if policy.start is None}
    items = {
        "date": bool(clocks & _DATED) or "terms" in accounts,
        "statement": Clock.STATEMENT_DATE in clocks,
        "kind": "unapplied" in tested,
        "item_terms": "terms" in accounts,
    }
    return Asked(
        _ALWAYS | accounts | score.columns(book.house.score),
        frozenset(name for name, looked_at in items.items() if looked_at),
    )
