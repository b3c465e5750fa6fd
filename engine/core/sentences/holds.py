"""What new terms, a hold and the way back say of themselves."""

from __future__ import annotations

from collections.abc import Mapping

REG_B = (
    "This reason is not the delinquency of the account: in the US it may be adverse action (Regulation B), "
    "which needs a notice with its specific reasons."
)
CONTRACT = "it is supplied under a contract"
RELEASED = "nothing is left to give back"
ANNOUNCED_ONLY = "it was announced and is not asked for"

_HELD: Mapping[str, str] = {
    "orders": "a hold on orders",
    "deliveries": "a hold on deliveries",
    "credit": "a hold on credit",
}


def restricted(what: str, value: str) -> str:
    """What an account is on: `cash on delivery`, `a hold on orders`, `less service: one delivery a week`."""
    if what == "hold":
        return _HELD.get(value, f"a hold on {value}")
    return f"less service: {value}" if what == "service" else value


def way_back(what: str, value: str, before: str, months: int) -> str:
    """The proposal at the end of an episode: what its yes would do."""
    passed = "1 clean month has" if months == 1 else f"{months} clean months have"
    clean = f", and {passed} passed" if months else ""
    if what == "terms":
        back = f"back from {value} to {before}" if before else f"back from {value}"
    else:
        back = f"end {restricted(what, value)}"
    return f"{back}: all is paid{clean}"


def asked_by_hand(what: str, value: str, reason: str, by: str, because: str) -> str:
    """What waits for a yes."""
    return f"{restricted(what, value)} ({reason}), asked for by {by}: {because}"


def told_owner(what: str, value: str, day: str) -> str:
    """The account owner's task before it bites."""
    return f"From {day} this account is on {restricted(what, value)}; the customer is told. Speak with them first."


def told_owner_back(what: str, value: str) -> str:
    """The account owner's task when it is over."""
    return f"The account is no longer on {restricted(what, value)}; the customer is told."


def do_service(value: str) -> str:
    return f"Lower the service until the account is in order: {value}. Say when it is done: dunwell in-force."


def undo_service(value: str) -> str:
    return f"Give the account its usual service again (it was: {value})."


def release_order(order: str, amount: str) -> str:
    return f"Release order {order} once {amount} has come in."


def review(what: str, value: str, since: str) -> str:
    """The task of the review date."""
    return f"Look again at {restricted(what, value)}, since {since}: keep it, or give it back with  dunwell reinstate"


def supplied_by_contract(step: str) -> str:
    """The task in place of a step that would change how the account is supplied."""
    return (
        f"“{step}” is due and not done: the account is supplied under a contract. "
        "Decide with whoever holds the contract."
    )


def announced_only(step: str, reason: str) -> str:
    """A notice has gone out and what it announced does not follow: somebody must know."""
    return f"“{step}” was announced to the customer and is not asked for: {reason}. Decide, and tell them."
