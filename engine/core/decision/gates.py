"""May it go now? Each gate is small, and a step that is held has a named reason and the line that holds it.

The gates stand in the order in which they are asked. `safety stop` and `capacity` belong to the whole day and are in
`allocate`; `set aside`, `address` and `approval` have their say in `choose`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.core.cases import guards
from engine.core.cases.guards import WISHES, Asks, Called, Wish
from engine.core.decision.signature import (
    ATTORNEY,
    HELD_OUT,
    INSOLVENT,
    NONE,
    OWN_PAUSE,
    WISHED,
    Origin,
    Signature,
    Under,
)
from engine.core.decision.state import Aside
from engine.core.language.policy import Policy, PolicyBook, Step
from engine.core.problem import Place
from engine.core.sentences import Gate, Reason

Hold = tuple[Gate, Reason, Place | None]

ASIDE_REASONS = {
    Aside.DISPUTED: Reason.DISPUTED,
    Aside.PROMISED: Reason.PROMISED,
    Aside.PLANNED: Reason.PLANNED,
}


# The guards of people say who they are where no line of a file holds the step.
_BY_GUARD = {INSOLVENT: guards.INSOLVENCY, ATTORNEY: guards.ATTORNEY}
_CALLED = {
    Called.COMPANY: Reason.CALLS,
    Called.PERSON: Reason.CALLS,
    Called.SPOKEN: Reason.SPOKEN,
}
WISH_REASONS = {
    Wish.WRONG_NUMBER: Reason.WRONG_NUMBER,
    Wish.NO_CALLS: Reason.NO_CALLS,
    Wish.EMAIL_ONLY: Reason.EMAIL_ONLY,
    Wish.CONFIRM: Reason.CONFIRM,
    Wish.VIA_ATTORNEY: Reason.VIA_ATTORNEY,
    Wish.NO_CONTACT: Reason.NO_CONTACT,
}


def never(book: PolicyBook, policy: Policy, step: Step, at: Signature) -> Hold | None:
    if at.never == NONE:
        return None
    if at.never in _BY_GUARD:
        return Gate.NEVER, Reason.NEVER, guards.place(_BY_GUARD[at.never])
    return Gate.NEVER, Reason.NEVER, book.house.never[at.never].place


def minimum(book: PolicyBook, policy: Policy, step: Step, at: Signature) -> Hold | None:
    if at.no_rate:
        return Gate.MINIMUM, Reason.NO_RATE, book.house.places.get("currency")
    return (Gate.MINIMUM, Reason.BELOW_MINIMUM, book.house.places.get("minimum")) if at.minimum else None


def aside(book: PolicyBook, policy: Policy, step: Step, at: Signature) -> Hold | None:
    if at.origin != Origin.ASIDE:
        return None
    return Gate.ASIDE, ASIDE_REASONS[list(Aside)[at.aside]], None


def pause(book: PolicyBook, policy: Policy, step: Step, at: Signature) -> Hold | None:
    if at.pause == NONE:
        return None
    if at.pause == HELD_OUT:
        split = book.house.split_of(policy.id)
        return Gate.PAUSE, Reason.HELD_OUT, split.place if split else None
    return Gate.PAUSE, Reason.PAUSED, None if at.pause == OWN_PAUSE else book.house.pause[at.pause].place


def closed(book: PolicyBook, policy: Policy, step: Step, at: Signature) -> Hold | None:
    if at.closed == 2:
        return Gate.CLOSED, Reason.HOLIDAY, guards.place(guards.HOLIDAYS)
    place = book.house.places.get("closed") or book.house.places.get("calendar")
    return (Gate.CLOSED, Reason.CLOSED_DAY, place) if at.closed else None


def gap(book: PolicyBook, policy: Policy, step: Step, at: Signature) -> Hold | None:
    place = policy.place if policy.gap is not None else book.house.places.get("gap")
    return (Gate.GAP, Reason.GAP, place) if at.gap else None


def answer(book: PolicyBook, policy: Policy, step: Step, at: Signature) -> Hold | None:
    place = policy.place if policy.answer is not None else book.house.places.get("answer")
    return (Gate.ANSWER, Reason.ANSWER, place) if at.answer else None


def contact(book: PolicyBook, policy: Policy, step: Step, at: Signature) -> Hold | None:
    if at.contact == Called.NO:
        return None
    if at.contact == Called.HOUSE:
        return Gate.CONTACT, Reason.CONTACT_LIMIT, book.house.places.get("contact")
    place = book.house.places.get("guards") or guards.place(guards.CALLS)
    return Gate.CONTACT, _CALLED[Called(at.contact)], place


def fresh(book: PolicyBook, policy: Policy, step: Step, at: Signature) -> Hold | None:
    return (Gate.FRESH, Reason.STALE, book.house.places.get("fresh")) if at.stale else None


def address(book: PolicyBook, policy: Policy, step: Step, at: Signature) -> Hold | None:
    if at.address < WISHED:
        return (Gate.ADDRESS, Reason.NO_ADDRESS, step.place) if at.address else None
    wish = WISHES[at.address - WISHED]
    name = guards.RECIPIENT if wish is Wish.CONFIRM else "wishes"
    return Gate.ADDRESS, WISH_REASONS[wish], guards.place(name)


def approval(book: PolicyBook, policy: Policy, step: Step, at: Signature) -> Hold | None:
    if not at.approve or at.under in (Under.APPROVED, Under.AGAIN_NOW):
        return None
    if step.approve is not None:
        return Gate.APPROVAL, Reason.APPROVAL, step.approve.place
    if at.approve == Asks.POLICY:  # what takes supply from a strategic account
        return Gate.APPROVAL, Reason.APPROVAL, step.place
    name = guards.PERSONS if at.approve == Asks.PERSON else guards.LEGAL
    return Gate.APPROVAL, Reason.APPROVAL, guards.place(name)


ORDER: tuple[Callable[[PolicyBook, Policy, Step, Signature], Hold | None], ...] = (
    never,
    minimum,
    aside,
    pause,
    closed,
    gap,
    answer,
    contact,
    fresh,
    address,
    approval,
)


def holds(book: PolicyBook, policy: Policy, step: Step, at: Signature) -> Iterator[Hold]:
    """Every gate that holds the step, in order. The first is the reason; `explain` shows them all."""
    for gate in ORDER:
        if hold := gate(book, policy, step, at):
            yield hold
