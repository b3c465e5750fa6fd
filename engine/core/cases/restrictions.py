"""New terms, a hold, less service: what may be asked for, why, and when somebody looks at it again.

Source of the reasons: US Regulation B, 12 CFR 1002.2(c)(2)(ii): a change of an account "in connection with
inactivity, default, or delinquency as to that account" is no adverse action; others may be.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from enum import StrEnum

from engine.core import ledger


class What(StrEnum):
    """What is restricted. Terms and a hold are states of the ledger system; service is what people do."""

    TERMS = "terms"
    HOLD = "hold"
    SERVICE = "service"


class Why(StrEnum):
    """The coded reason. The value is what the command line and the table say."""

    DELINQUENCY = "delinquency"
    CREDIT_REPORT = "credit report"
    INDUSTRY_NEWS = "industry news"
    POOL_WIDE = "pool-wide change"
    OTHER = "other"

    @property
    def may_need_notice(self) -> bool:
        """Whether it may be adverse action in the sense of US Regulation B: all but this account's delinquency."""
        return self is not Why.DELINQUENCY


class Standing(StrEnum):
    """Where a restriction stands between the request and the way back."""

    REQUESTED = "requested"
    IN_FORCE = "in force"
    PROPOSED = "way back proposed"
    RELEASING = "release requested"
    ENDED = "ended"
    REFUSED = "refused"


# The account is to be restricted; nobody has taken it back.
ACTIVE = (Standing.REQUESTED, Standing.IN_FORCE, Standing.PROPOSED)
# Something is still to be done or confirmed about it.
STANDING = (*ACTIVE, Standing.RELEASING)
HOLDS = ("orders", "deliveries", "credit")
NO_HOLD = "none"  # the state of an account whose hold is lifted
REVIEW = 90  # days after which somebody looks at a restriction that nobody gave a day for


def read_why(text: str) -> Why | None:
    """`credit-report` and `credit report` alike; None for a reason there is not."""
    wanted = _plain(text)
    return next((why for why in Why if _plain(why.value).startswith(wanted)), None) if wanted else None


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("-", " ").split())


def read_terms(text: str) -> str | tuple[str, ...]:
    """New terms in their one spelling; the readings of terms that can be read in several ways, none if nobody knows them."""
    meaning = ledger.read_terms(text)
    if isinstance(meaning, ledger.Ambiguous):
        return tuple(each.text for each in meaning.readings)
    return meaning.text if meaning else ()


def review_on(asked: date, wanted: date | None = None) -> date:
    """The day on which somebody looks at it again."""
    return wanted or asked + timedelta(days=REVIEW)


def stays_due(before: Collection[tuple[str, int]], now: Collection[tuple[str, int]]) -> bool:
    """Whether all that an announcement was decided on, (item, owed), is still owed: more may have come to it."""
    left = dict(now)
    return all(left.get(item, 0) >= owed for item, owed in before)
