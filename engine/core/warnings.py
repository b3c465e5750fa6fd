"""What alarms say: each in a sentence that names what is wrong, since when, and what to do about it.

Nobody's name or address is in them: they go by mail and webhook to whoever keeps the machine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime

_ADDRESS = re.compile(r"[^\s<>“”\"'(),;:]+@[^\s<>“”\"'(),;:]+")


def uncertain(kind: str, account: str, key: str, since: datetime) -> str:
    return (
        f"the {kind} to account {account} may or may not have arrived, since {_moment(since)}; the account waits: "
        f"find out, then  dunwell outbox resolve “{key}” delivered, send-again or cancel"
    )


def failed(count: int) -> str:
    are = "1 message could" if count == 1 else f"{count:,} messages could"
    return (
        f"{are} not be delivered within a day:  dunwell outbox list --state failed  shows why; "
        "mend it, then  dunwell outbox retry"
    )


def route(channel: str, because: str, held: bool) -> str:
    if held:
        return f"nothing goes by {channel} until somebody mends it: {because}; then  dunwell outbox wake {channel}"
    return f"nothing has gone by {channel} for a while, and it is tried again: {because}"


def run_missing(on: date) -> str:
    return (
        f"the day of {on.isoformat()} has not been decided, an hour after its time:  dunwell status  says why, "
        "and  dunwell run  decides it now"
    )


def stale(since: datetime, hours: int) -> str:
    return (
        f"the newest ledger is {hours} hours old (since {_moment(since)}), older than the house allows: "
        "nothing is demanded until a newer one comes in"
    )


def staged(since: datetime) -> str:
    return (
        f"changed policies have waited for a second person since {_moment(since)}; the old ones are live: "
        "dunwell live  shows them"
    )


def disk(place: str, free: int, share: float) -> str:
    """`free` in bytes, `share` of the whole from 0 to 1."""
    return (
        f"only {free // 1_000_000:,} MB ({share:.0%}) are free where {place} is: make room before work stops"
    )


def invariant(count: int, rules: Sequence[str]) -> str:
    rows = "1 row breaks" if count == 1 else f"{count:,} rows break"
    return f"{rows} what must always hold ({', '.join(rules)}):  dunwell verify  names them"


def not_taken_over(account: str, hook: str, says: str) -> str:
    return f"{hook} does not have what was asked for account {account}: {says}; set it there by hand"


def asked_again(account: str, desired: str, said: str) -> str:
    return f"account {account} was asked for again: “{desired}” ({said})"


def silent(host: str, pid: int, beat: datetime) -> str:
    return f"the service (process {pid} on {host}) has not shown itself since {_moment(beat)}: look at that machine"


def subject(sentences: Sequence[str]) -> str:
    if len(sentences) > 1:
        return f"Dunwell: {len(sentences)} things are wrong"
    first = without_people(sentences[0]) if sentences else ""
    return "Dunwell: " + (first if len(first) <= 100 else f"{first[:99]}…")


def letter(house: str, lines: Sequence[tuple[int, str, datetime, int]], more: int) -> str:
    """The mail about alarms, of (number, sentence, since, how often told before)."""
    parts = [f"Something is wrong ({house})." if house else "Something is wrong."]
    for number, sentence, since, told in lines:
        again = "" if not told else " (told once before)" if told == 1 else f" (told {told} times before)"
        parts.append(f"{number}. {without_people(sentence)}\n   since {_moment(since)}{again}")
    if more:
        parts.append(f"And {more:,} more.")
    parts.append(
        "dunwell alarms  shows all that stand.\n"
        "dunwell alarms quiet NUMBER --because TEXT  ends these mails about one; it stays on the list."
    )
    return "\n\n".join(parts) + "\n"


def without_people(text: str) -> str:
    """A server's answer may repeat an address: it is nobody's business here."""
    return _ADDRESS.sub("(an address)", text)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
