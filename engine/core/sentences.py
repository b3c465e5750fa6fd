"""Reason codes, counts, dates and amounts as sentences: all wording in one place."""

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
    CLOSED_DAY = "closed day"
    OUTSIDE_HOURS = "outside hours"
    GAP = "too soon after the last contact"
    ANSWER = "time to answer"
    CONTACT_LIMIT = "contact limit"
    STALE = "ledger too old"
    NO_ADDRESS = "no address"
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


def safety_stop(kind: str, wanted: int, most: int) -> str:
    """Why a run that wants more than the house allows does nothing."""
    return f"The run wants {wanted:,} {kind}; the house allows {most:,} a run. Nothing goes until a person agrees."


def disagreement(account: str, accounts: int, evaluators: tuple[str, ...]) -> str:
    """Two evaluators differ: nothing is done for the class."""
    others = f" and {accounts - 1:,} like it" if accounts > 1 else ""
    return (
        f"{account}{others}: {' and '.join(evaluators)} do not agree, so nothing is done. Please report this."
    )


# Why an action that was under way is ended by a later decision.
NOT_MADE = "not made: a higher step fell due"
OVERTAKEN = "passed over: a higher step fell due meanwhile"
TRIED_AGAIN = "tried again"
# The owner's task at the end of a ladder.
LADDER_DONE = "The ladder is finished and the account is still overdue: decide what comes next."


def run_said(new: int, again: bool, stopped: str) -> str:
    """One sentence about what a run did."""
    if stopped:
        return stopped
    if new == 0:
        return "Nothing new: today's run has been made already." if again else "Nothing is due today."
    more = " more" if again else ""
    return f"{new:,}{more} action{'s' * (new != 1)} decided."
