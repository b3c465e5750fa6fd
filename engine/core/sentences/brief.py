"""What one should know before dialling, in sentences: how they pay, which papers are missing, whom not to call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from engine.core.sentences.amounts import short_day

_WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_MOST_NAMED = 6


def _th(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _days(number: int) -> str:
    return f"{number:,} day{'s' * (number != 1)}"


def _named(numbers: Sequence[str]) -> str:
    more = len(numbers) - _MOST_NAMED
    return ", ".join(numbers) if more <= 0 else f"{', '.join(numbers[:_MOST_NAMED])} and {more} more"


# -- the pattern ------------------------------------------------------------------------------------------------------


def beyond_terms(days: int, currency: str, payments: int) -> str:
    """The average days beyond terms, weighted by amount."""
    what = f"{_days(days)} beyond terms" if days else "within terms"
    return f"pays {what} on average, in {currency}, weighted by amount ({payments:,} payments)"


def pays_on_day(day: int | None, of: int, times: int) -> str:
    """On which day of the month; None: its last days."""
    when = "at the end of the month" if day is None else f"on the {_th(day)}"
    return f"pays {when} ({of} of {times} days of payment)"


def pays_on_weekday(weekday: int, of: int, times: int) -> str:
    return f"pays on {_WEEKDAYS[weekday]} ({of} of {times} days of payment)"


def pays_after_demand(which: int, of: int, times: int) -> str:
    return f"pays late invoices only after the {_th(which)} letter or e-mail ({of} of {times})"


def pays_slower(lately: int, before: int) -> str:
    """Average days late, signed: of three months, and of the nine before."""
    word = "slower" if lately > before else "quicker"
    return f"pays {word} of late: {_late(lately)} in the last three months, {_late(before)} before"


def _late(days: int) -> str:
    return f"{_days(days)} late" if days > 0 else f"{_days(-days)} early" if days < 0 else "on time"


def promises_kept(kept: int, partly: int, due: int) -> str:
    part = f", {partly} in part" if partly else ""
    return f"promises kept {kept} of {due}{part}"


def too_few(payments: int) -> str:
    return f"{payments} payment{'s' * (payments != 1)} in 12 months: too few to call anything a habit"


# -- papers -----------------------------------------------------------------------------------------------------------


def no_po(numbers: Sequence[str]) -> str:
    return f"no order number on {_named(numbers)}"


def no_copy(numbers: Sequence[str]) -> str:
    return f"no copy at hand of {_named(numbers)}"


def no_copies() -> str:
    return "no copies of invoices are at hand: [documents] in dunwell.toml says where they are"


def nobody_with_role(role: str) -> str:
    return f"no {role} is known"


NO_CONTACT = "nobody is known there"
NO_PHONE = "no telephone number is known"
NO_ADDRESS = "no address is known that mail or a letter could go to"


def bad_address(email: str) -> str:
    return f"mail to {email} does not arrive"


def wrong_number(number: str) -> str:
    return f"{number} is a wrong number"


def old_master(on: date, days: int) -> str:
    return f"the contacts are of {short_day(on)}, {_days(days)} old: ask whether they still hold"


# -- whom not to call -------------------------------------------------------------------------------------------------

_RULES = {
    "no calls": "wants no calls",
    "email only": "wants e-mail only",
    "no contact": "must not be contacted",
    "via attorney": "is spoken with through the attorney",
    "wrong number": "is a wrong number",
}
INSOLVENT = "insolvent: nothing may be asked for"
ATTORNEY = "an attorney acts for them: speak with the attorney alone"


def not_to_call(whom: str, rule: str, because: str, until: date | None) -> str:
    """Whom not to call, or the whole account, and why."""
    end = f", through {short_day(until)}" if until is not None else ""
    why = f": {because}" if because else ""
    return f"{whom or 'the account'} {_RULES.get(rule, rule)}{end}{why}"


def fallen_due(numbers: Sequence[str]) -> str:
    one = "1 invoice has fallen due" if len(numbers) == 1 else f"{len(numbers):,} invoices have fallen due"
    return f"{one}: {_named(numbers)}"


def new_items(numbers: Sequence[str]) -> str:
    one = "1 new invoice" if len(numbers) == 1 else f"{len(numbers):,} new invoices"
    return f"{one}: {_named(numbers)}"


ASK_NOTHING = "Nothing is asked for: there is a reason not to call."
NOTHING_OVERDUE = "Nothing is asked for: nothing is overdue. It is a call of courtesy."
ALL_SET_ASIDE = "Nothing is asked for: what is overdue is disputed, promised or in a plan."
WAITS_FOR_REASON = "What we ask for is shown once the reason is on record: why has payment not been made?"


def hour_there(there: datetime, open_now: bool, opens: int, closes: int) -> str:
    """The customer's own hour; `opens` and `closes` are minutes after midnight."""
    hours = f"{opens // 60}:{opens % 60:02}–{closes // 60}:{closes % 60:02}"
    return (
        f"{there:%H:%M} there"
        if open_now
        else f"{there:%H:%M} there, and no hour to call: {hours} on open days"
    )
