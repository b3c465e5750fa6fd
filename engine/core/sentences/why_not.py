"""Why a step is not taken: the first thing that stands in its way, and when that will next be otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from engine.core.sentences.amounts import listed, short_day
from engine.core.sentences.reasons import Reason

OTHER_POLICY = "another policy has the account"
NOT_OVERDUE = "nothing is overdue"
LAPSED = "a courtesy is sent before the due date only, and while nothing is overdue"
ONCE = "it happens once an episode, and has happened"
REFUSED = "its approval was refused; it is not asked for again in this episode"
ITS_DAY = "its day has not come"

# What would make it otherwise, where no day does.
_BY_HAND = {
    Reason.NEVER: "a person takes care of the account",
    Reason.BELOW_MINIMUM: "more must be overdue",
    Reason.DISPUTED: "the dispute must be closed first",
    Reason.PLANNED: "the payment plan is being kept",
    Reason.PAUSED: "the pause must end first",
    Reason.NO_ADDRESS: "somebody must find an address",
    Reason.WRONG_NUMBER: "somebody must find the right number",
    Reason.CONFIRM: "somebody must confirm the recipient",
    Reason.UNCERTAIN: "somebody must say whether the last message went out",
    Reason.NO_RATE: "an exchange rate must come in with the ledger",
}


def taken_by(policy: str, wanted: str) -> str:
    return f"“{policy}” has the account, and the step is one of “{wanted}”"


def drawn_to_another(wanted: str, comparison: str) -> str:
    return f"the step is one of “{wanted}”, and “{comparison}” has drawn the account to another side"


def taken_by_none(wanted: str) -> str:
    return f"no policy has the account, and the step is one of “{wanted}”"


def does_not_fit(wanted: str, line: str) -> str:
    """`line` says what the policy wants and what the account has."""
    return f"the step is one of “{wanted}”, which does not fit: {line}"


def already(day: date | None, who: str) -> str:
    """It has been taken for all that is overdue."""
    if day is None:
        return "it counts as taken for all that is overdue"
    return f"it was done on {short_day(day)}" + (f" ({who})" if who else "") + " for all that is overdue"


def too_early(item: str, day: int, wanted: int) -> str:
    return f"its day has not come: {item} is on day {day}, and it wants day {wanted}"


def taken_for(items: Sequence[str], rest: str) -> str:
    """It has been taken for some; `rest` is what stands in the way for the others."""
    more = f" and {len(items) - 3} more" if len(items) > 3 else ""
    return (
        f"it has been taken for {listed(items[:3]) if not more else ', '.join(items[:3])}{more}; else: {rest}"
    )


def and_waits(said: str, why: str) -> str:
    """Another step comes first, and waits itself."""
    return f"{said}; it waits itself: {why}"


def not_past_due(item: str, due: date) -> str:
    return f"{item} is not past due before {short_day(due)}, and nothing is demanded before that"


def when_not(line: str) -> str:
    return f"its  when  does not hold: {line}"


def lower_first(step: str) -> str:
    return f"“{step}” comes first: an account climbs its ladder a step at a time"


def higher_first(step: str) -> str:
    return f"“{step}” is due as well, and is the higher step"


def too_late(days: int) -> str:
    return f"its day is more than {days} days past, and the policy skips what is so late"


def aside_first(item: str, reason: Reason) -> str:
    said = {Reason.DISPUTED: "disputed", Reason.PROMISED: "promised", Reason.PLANNED: "in a payment plan"}
    return f"it is due for {item} alone, which is {said[reason]}"


def under_way(step: str, reason: Reason) -> str:
    return f"“{step}” is under way: {reason.value}"


def otherwise(on: date, then: str) -> tuple[str, ...]:
    """When the thing will be gone, and what comes then; `then` is empty where the step goes that day."""
    if not then:
        return (f"It will be otherwise on {short_day(on)}: the step goes out that day.",)
    return (f"It will be otherwise on {short_day(on)}; then: {then}.",)


def goes_on(on: date) -> str:
    return f"The step goes out on {short_day(on)}."


def never_otherwise(reason: Reason | None, days: int) -> str:
    """No day within sight changes it."""
    by_hand = _BY_HAND.get(reason) if reason else None
    told = f": {by_hand}" if by_hand else ""
    return f"No day of the next {days} changes that by itself{told}."


def nothing_in_the_way(step: str, on: date) -> str:
    return f"Nothing stands in the way of “{step}”: it goes out on {short_day(on)}."


def was_otherwise(on: date, then: str) -> str:
    """What a later run decided; `then` is empty where the step went."""
    return (
        f"It was otherwise on {short_day(on)}: the step went."
        if not then
        else (f"It was otherwise on {short_day(on)}; then: {then}.")
    )


def never_was_otherwise() -> str:
    return "No run since has decided otherwise."


def other_chosen(step: str, day: date) -> str:
    return f"“{step}” was the account's step on {short_day(day)}"
