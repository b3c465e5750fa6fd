"""What a run and a round of delivery say of themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime


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
OVERTAKEN = "a higher step fell due meanwhile"
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


def run_of_day(on: date, said: str) -> str:
    """The same in the service's log, where the day must be named."""
    return f"{on.isoformat()}: {said}"


def shared_out(on: date, parts: int) -> str:
    """A run that workers make together has begun."""
    return f"{on.isoformat()}: shared out to the workers in {parts:,} part{'s' * (parts != 1)}"


def messages(count: int) -> str:
    return f"{count:,} message{'s' * (count != 1)}"


def gone_out(count: int, channel: str) -> str:
    """How many messages left by one way out."""
    return f"{messages(count)} gone out by {channel}"


# Why something planned is dropped when it is decided again at the moment of sending.
PAID = "paid"
CHANGED = "an item or an amount has changed; it is decided anew"
AGREED_TO_LESS = "an item or an amount has changed since it was approved: please look again"
OTHER_STEP = "another step is due now"
STEP_GONE = "the step is no longer in the policy"


def older_copy(messages: int) -> str:
    """The database was put back: the files beside it know more than it does."""
    return f"this is an older copy of the database: {unknown_to_it(messages)}"


def unknown_to_it(messages: int) -> str:
    """What went out after the copy was made."""
    went = "1 message that has gone out" if messages == 1 else f"{messages:,} messages that have gone out"
    return f"it does not know {went}"


def restored(name: str, at: datetime) -> str:
    """Why a database that was put back stands still."""
    when = f"{at:%Y-%m-%d %H:%M} UTC"
    return f"restored from {name}, a backup of {when}; what went out since is to be looked at"


def journal_shorter(entries: int) -> str:
    """The same, where nothing had gone out since."""
    lost = "1 entry" if entries == 1 else f"{entries:,} entries"
    return f"this is an older copy of the database: its journal lacks {lost}"


def no_document(missing: Sequence[str]) -> str:
    """Why a copy of invoices is not sent by us."""
    return f"no document is known of {_few(missing)}; it is a task for a person now"


def send_by_hand(missing: Sequence[str]) -> str:
    """The task in its place."""
    return f"Send copies of the invoices by hand: no document is known of {_few(missing)}."


def _few(names: Sequence[str], most: int = 5) -> str:
    more = len(names) - most
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:most])} and {more} more"


def told_of(step: str, ahead: int = 0) -> str:
    """The task of whoever a step's `notify` names. `ahead`: days until what it announces is asked for."""
    if ahead:
        days = "1 day" if ahead == 1 else f"{ahead} days"
        return f"“{step}” is announced to this account and asked for in {days}: speak with them before."
    return f"For your information: “{step}” is due for this account."
