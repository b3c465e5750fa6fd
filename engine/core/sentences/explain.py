"""Why an account gets what it gets, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from engine.core.sentences.amounts import short_day
from engine.core.sentences.reasons import Gate, Reason

OWES_NOTHING = "The account owes nothing, so there is nothing to decide."
FORECAST = "This is a forecast: it assumes that nothing is paid until then."
# Of a step that would go, where only all accounts together tell whether the day holds it.
DAY_NOT_ASKED = (
    "Room in the day and the safety stop are not asked here: “dunwell preview --show held” asks all accounts."
)
TILL_WHEN = {
    Gate.STOP: "It waits until somebody agrees to the whole day: “dunwell run --agree”.",
    Gate.CAPACITY: "It waits for the next open day that has room for it.",
}


def not_so(wanted: str, value: object) -> str:
    """Why a line does not hold: what it wants, and what the account has."""
    if value is None:
        return f"it wants: {wanted}; that is not known of this account"
    shown = "yes" if value is True else "no" if value is False else value
    return (
        f"it wants: {wanted}; here it is {shown}" if isinstance(value, str | bool) else f"it wants: {wanted}"
    )


def gate_holds(gate: Gate, reason: Reason, on: date, closed: str | None) -> str:
    """A gate that is shut."""
    if reason is Reason.CLOSED_DAY and closed:
        return f"{short_day(on)} is closed: {closed}"
    return _SHUT.get(reason, reason.value)


def gate_open(gate: Gate, on: date) -> str:
    """A gate that is open; empty for one that nobody needs to read."""
    return {Gate.CLOSED: f"{short_day(on)} is an open day", **_OPEN}.get(gate, "")


_OPEN = {
    Gate.NEVER: "not left to people",
    Gate.MINIMUM: "owes more than the minimum",
    Gate.ASIDE: "not disputed, promised or in a plan",
    Gate.PAUSE: "not paused",
    Gate.GAP: "the last contact is long enough ago",
    Gate.ANSWER: "the time to answer has passed",
    Gate.FRESH: "the ledger is fresh",
    Gate.ADDRESS: "the address is there",
}
_SHUT = {
    Reason.NEVER: "left to people",
    Reason.BELOW_MINIMUM: "owes less than the minimum",
    Reason.NO_RATE: "an item's currency has no exchange rate",
    Reason.DISPUTED: "set aside: what is due is disputed",
    Reason.PROMISED: "set aside: a promise to pay is still open",
    Reason.PLANNED: "set aside: a payment plan is being kept",
    Reason.PAUSED: "paused",
    Reason.HELD_OUT: "drawn to the holdout of a comparison: contacted later, to see what a contact does",
    Reason.GAP: "too soon after the last contact",
    Reason.ANSWER: "the customer still has time to answer the last letter",
    Reason.CONTACT_LIMIT: "contacted as often as the house allows",
    Reason.STALE: "the ledger is too old to demand by",
    Reason.CALLS: "called as often as the guard of calls allows",
    Reason.SPOKEN: "somebody was spoken with in the last days, and consumer law may apply",
    Reason.HOLIDAY: "it is a public holiday where they are",
    Reason.NO_ADDRESS: "there is no address to send it to",
    Reason.WRONG_NUMBER: "the number is wrong, and no other is known",
    Reason.NO_CALLS: "the customer wants no calls",
    Reason.EMAIL_ONLY: "the customer wants e-mail only",
    Reason.CONFIRM: "the recipient has changed since we last wrote: somebody must confirm it",
    Reason.VIA_ATTORNEY: "everything goes through the customer's attorney",
    Reason.NO_CONTACT: "the customer wants no contact",
    Reason.APPROVAL: "needs approval",
    Reason.SAFETY_STOP: "the safety stop holds the whole day",
    Reason.NO_CAPACITY: "the day has no more room for it",
}


def verdict(word: str, step: str, reason: Reason, on: date) -> tuple[str, ...]:
    """What it comes to, in a sentence or two."""
    if word == "go":
        return (f"“{step}” goes out on {short_day(on)}.",)
    if word == "ask":
        return (f"“{step}” would go out on {short_day(on)}; somebody must approve it first.",)
    if word == "held" and step:
        return (
            f"Nothing goes out on {short_day(on)}.",
            f"“{step}” waits: {_SHUT.get(reason, reason.value)}.",
        )
    return (f"Nothing goes out on {short_day(on)}: {reason.value}.",)


def lost_step(policy: str, step: str, accounts: Sequence[str], count: int, *, gone: bool) -> tuple[str, str]:
    """A step that accounts have had has lost its name: the sentence, and what to write."""
    others = f" and {count - len(accounts):,} more" if count > len(accounts) else ""
    who = ", ".join(accounts) + others
    what = f"there is no policy “{policy}” any more" if gone else f"“{policy}” has no step “{step}” any more"
    sentence = f"{what}; {who} had “{step}” and would lose that history"
    if gone:
        return sentence, f"keep the file's name, policies/{policy}.yaml: it is the policy's identity"
    return sentence, f"give the step its old name:  name: {step}"
