"""Why a figure cannot be given, and what was left out of one."""

from __future__ import annotations

from datetime import date

from engine.core.sentences.amounts import short_day

# Nothing to make a share of.
NO_RECEIVABLES = "nothing is open"
NO_SALES = "nothing was invoiced in these days"
NO_PAYMENTS = "no payment is on record in these days"
NO_CALLS = "no call was made in these days"
NO_RIGHT_PARTY = "nobody who can pay or decide was spoken with in these days"
NEVER_SAID = "no call on record says that somebody was spoken with who can pay or decide"
NO_PROMISE_DUE = "no promise fell due in these days"
NO_FOLLOW_UP = "no call followed another in these days"
NO_ACTION_RIPE = "no action is old enough: its seven days must have ended in these days"
NO_CONTACT_RIPE = "no contact is old enough: its ninety days must have ended in these days"
NO_FIRST_CONTACT = "no account was contacted for the first time in these days"
NO_EPISODE_CALLED = "no account that was called was paid up in these days"
NO_DISPUTE_CLOSED = "no dispute was closed in these days"
NO_ACCOUNTS = "no account has anything open or was invoiced within a year"
NO_DELINQUENT = "no account is past due"
NO_STEP_DUE = "no step fell due in these days, as far as its time has passed"
NOTHING_IN_BUCKET = "nothing was in this bucket a month before"
NONE_REACHED_90 = "no invoice came to its 90th day past due in these days"
NOTHING_TO_COLLECT = "nothing was past due in these days"
NOT_ENOUGH_SALES = "more is open than was invoiced in all the months that are known"

# What a share that follows something does not say.
NO_CAUSE = "Correlation, not cause: nobody knows what would have happened without it."
HANG_UPS = "For information, never a score: a hang-up is no failure, and none at all may mean that nobody is assertive enough."


def known_from(day: date | None) -> str:
    """The reason why a figure of earlier days is not given."""
    return f"the ledger is known from {short_day(day)} on" if day else "no ledger has come in"


def on_record_from(day: date | None) -> str:
    """A figure that looks further back than anything is on record."""
    return f"what was before {short_day(day)} is not on record" if day else "nothing before is on record"


def half_a_year(day: date | None) -> str:
    """The same where what became of invoices must be known as well."""
    return f"it needs half a year before these days, and {known_from(day)}"


def older_left_out(items: int) -> str:
    """Open items of months whose sales are not known in full."""
    what = "1 item is" if items == 1 else f"{items:,} items are"
    return f"{what} left out: the sales of their months are not known in full"


def still_open(promises: int) -> str:
    """Promises whose time is over and of which no ledger tells yet."""
    what = "1 promise has" if promises == 1 else f"{promises:,} promises have"
    return f"{what} come to an end that no ledger shows yet"
