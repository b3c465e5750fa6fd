"""What of a customer master the decisions of a day look at: a run reads no more of it.

Whoever looks at another column all the same meets an error, since it is not there; a missing value would pass for an answer.
"""

from __future__ import annotations

from engine.core.cases import score
from engine.core.decision import questions
from engine.core.decision.ladder import event_column
from engine.core.language.policy import PolicyBook

# What gates, a day's room and the hours of a message look at, whatever the book says.
_ALWAYS = frozenset(
    {"insolvent", "attorney", "natural_person", "legal_form", "country", "strategic", "contract_supply"}
    | {"owner", "time_zone"}
)
_BENEATH = {"used": "limit", "age": "opened"}  # what a field follows from


def asked(book: PolicyBook) -> frozenset[str]:
    """The columns of accounts that the day looks at under a book, as far as a customer master has them."""
    tested = {_BENEATH.get(field, field) for field in questions.fields(book)}
    starts = {event_column(policy) for policy in book.policies if policy.start is not None}
    alike = {column for split in book.house.splits for column in split.alike}
    return _ALWAYS | tested | starts | alike | score.columns(book.house.score)
