"""Why something goes, waits or is not done: the codes of the journal, which are words a person can read."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why something goes, waits, or is not done. The value is the stable code in the journal and in `--json`."""

    # it goes
    DUE = "due"
    # nothing to do
    NOTHING_DUE = "nothing due"
    NOT_OVERDUE = "not overdue"
    NO_POLICY = "no policy fits"
    LADDER_FINISHED = "ladder finished"
    # held, in the order of the gates
    NEVER = "left to people"
    BELOW_MINIMUM = "below minimum"
    DISPUTED = "disputed"
    PROMISED = "promise open"
    PLANNED = "plan kept"
    PAUSED = "paused"
    HELD_OUT = "held out"
    CLOSED_DAY = "closed day"
    OUTSIDE_HOURS = "outside hours"
    GAP = "too soon after the last contact"
    ANSWER = "time to answer"
    CONTACT_LIMIT = "contact limit"
    CALLS = "call limit"
    SPOKEN = "spoken with lately"
    HOLIDAY = "holiday there"
    STALE = "ledger too old"
    NO_ADDRESS = "no address"
    WRONG_NUMBER = "wrong number"
    NO_CALLS = "no calls wanted"
    EMAIL_ONLY = "email only"
    CONFIRM = "recipient changed"
    VIA_ATTORNEY = "through the attorney"
    NO_CONTACT = "no contact wanted"
    APPROVAL = "needs approval"
    SAFETY_STOP = "safety stop"
    NO_CAPACITY = "no capacity today"
    # under way
    CALL_OPEN = "call on the list"
    CALL_AGAIN = "call put back"
    ON_ITS_WAY = "message on its way"
    UNCERTAIN = "delivery uncertain"
    # something is wrong
    NO_RATE = "no exchange rate"
    DISAGREE = "evaluators disagree"


class Gate(StrEnum):
    """The gates, in the order in which they are asked."""

    NEVER = "never"
    MINIMUM = "minimum"
    ASIDE = "set aside"
    PAUSE = "pause"
    CLOSED = "closed day and hours"
    GAP = "gap"
    ANSWER = "answer"
    CONTACT = "contact limit"
    FRESH = "fresh ledger"
    ADDRESS = "address"
    APPROVAL = "approval"
    STOP = "safety stop"
    CAPACITY = "capacity"
