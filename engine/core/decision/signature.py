"""What a choice depends on, and nothing else: accounts alike in this are one class and share one choice.

`portfolio` works it out for all accounts as columns, `standing` for one account from raw values. The two must agree.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

NONE = -1
TURN = 16  # more than one call is ever tried


class Origin(IntEnum):
    """Which items offer the step."""

    NOTHING = 0
    FREE = 1
    REPEAT = 2  # a step with `repeat:` comes again
    ASIDE = 3  # only items set aside offer one: it is due, and held


class Under(IntEnum):
    """What is under way for the account, as far as it bears on today."""

    NOTHING = 0
    CALL = 1
    AGAIN_LATER = 2
    AGAIN_NOW = 3
    MESSAGE = 4
    APPROVAL = 5
    ADDRESS = 6
    APPROVED = 7
    UNCERTAIN = 8


class Finished(IntEnum):
    """Whether the ladder has an end behind it."""

    NO = 0
    YES = 1
    TELL = 2  # and the owner is to be told (again)


class Signature(NamedTuple):
    """Indexes count in the book's order; NONE is "no such"; flags are 0 or 1. Gates are answered for `step`."""

    policy: int  # index in the book's policies
    step: int  # index in the policy's steps: the highest offered, or the one under way that is tried again
    origin: int  # Origin
    aside: int  # index in Aside of why, when only items set aside offer the step
    overdue: int  # something is overdue
    finished: int  # Finished
    passed: int  # 1: the step under way is passed over, because a higher one fell due meanwhile
    under: int  # Under
    occurrence: int  # TURN for each time that the step was taken before, and one for each try of this time
    never: int  # index of the first line of the house's `never` that holds; else INSOLVENT or ATTORNEY for the guards
    minimum: int  # the account owes less than the house's minimum
    pause: int  # index of the first pause that binds the step; OWN_PAUSE for one set on the account; else HELD_OUT
    closed: int  # 1: the day is closed; 2: it is a holiday of the customer's country, and the step calls
    gap: int
    answer: int
    contact: int  # cases.guards.Called: why one more contact would be one too many
    stale: int
    address: int  # 1: an address the step needs is missing; from WISHED on: a rule of cases.guards.WISHES closes the way
    approve: int  # cases.guards.Asks: why the step asks for an approval
    role: str  # who calls, when a higher step's call was made by another role already
    voice: str  # "policy/step" whose message is sent instead, because a firmer tone was reached
    no_rate: int  # an item's currency has no exchange rate
    supply: int = 0  # the step asks for terms or a hold, and a contract obliges us to supply


def tries(occurrence: int) -> int:
    """How often a call has been tried this time, and reached nobody."""
    return occurrence % TURN


OWN_PAUSE = 62
HELD_OUT = 61  # in `pause`: the account is in the holdout of a comparison
INSOLVENT, ATTORNEY = 60, 61  # in `never`, where no line of the house says so
WISHED = 2  # in `address`: the first of the rules about contact
TELL_OWNER_EVERY = 30  # days between two reminders that a ladder is finished
