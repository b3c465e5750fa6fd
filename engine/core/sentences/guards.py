"""What the guards of people say: why a step is held, what a person is to do, what stands aside and until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from engine.core.sentences.reasons import Reason

# The task that a held step becomes, by what holds it.
_TASKS = {
    Reason.WRONG_NUMBER: "The number is wrong: find another, or write instead.",
    Reason.NO_CALLS: "The customer wants no calls: write instead, or end the wish with “dunwell contact-rule … --lift”.",
    Reason.EMAIL_ONLY: "The customer wants e-mail only: write by e-mail instead, or end the wish.",
    Reason.CONFIRM: "The recipient has changed since we last wrote: ask somebody there whom you know, by telephone, then "
    "“dunwell contact-rule ACCOUNT “confirm first” --lift --because …”.",
    Reason.VIA_ATTORNEY: "Everything goes through the customer's attorney: name the address with “dunwell contact-rule "
    "ACCOUNT “via attorney” --whom ADDRESS”, or write by hand.",
    Reason.NO_CONTACT: "The customer wants no contact: decide what comes next.",
}


def held_by_wish(reason: Reason) -> str:
    """What a person is to do about a step that a rule about contact holds."""
    return _TASKS[reason]


def strange_address(address: str, before: Sequence[str]) -> str:
    """Why a recipient is to be confirmed: nobody at the customer had an address there."""
    listed = sorted(set(before))
    known = " and ".join(listed[:2]) + (f" and {len(listed) - 2} more" if len(listed) > 2 else "")
    return f"the master said {known}, and now says {address}"


def strange_name(before: str, now: str) -> str:
    """The same, where the customer has another name."""
    return f"the master said “{before}”, and now says “{now}”"


def wish_written(account: str, rule: str, whom: str, until: str | None, held: int) -> str:
    """What a rule about contact does from now on."""
    who = f"{whom} of {account}" if whom else account
    how_long = f" through {until}" if until else " until somebody lifts it"
    if rule == "via attorney" and whom:
        return f"{account}: every e-mail goes to {whom}{how_long}, and nothing to anybody else."
    calls = (
        f" {held} call{'s' * (held != 1)} on the list {'are' if held != 1 else 'is'} held." if held else ""
    )
    return f"{who}: {rule}{how_long}.{calls}"


LEFT_TO_PEOPLE = {
    "insolvent": "the customer is insolvent: everything stops",
    "attorney": "an attorney acts for the customer, and no address of theirs is known",
}
# What a rule about contact says to somebody who wants to call or write.
WISH_SAID = {
    "wrong number": "the number on file is wrong",
    "no calls": "the customer wants no calls",
    "email only": "the customer wants e-mail only",
    "confirm first": "the recipient has changed since we last wrote: somebody must confirm it",
    "via attorney": "everything goes through the customer's attorney",
    "no contact": "the customer wants no contact",
}


def outside_hours(there: datetime, opens: int, closes: int) -> str:
    """Why it is not the hour."""
    span = f"{opens // 60}:{opens % 60:02} to {closes // 60}:{closes % 60:02}"
    return f"it is {there:%H:%M} where they are, and the hours are {span}"


def called_enough(most: int, days: int) -> str:
    """Why there are no more calls for now."""
    return f"called as often as is allowed: at most {most} in {days} days"


def spoken_with(on: str, again: str) -> str:
    """Why a person is left in peace after a conversation."""
    return f"somebody was spoken with on {on}, and consumer law may apply: not before {again}"
