"""What the guards of people say: why a step is held, what a person is to do, what stands aside and until when."""

from __future__ import annotations

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
