"""What `check --deep` finds, and the stories that show it."""

from __future__ import annotations

WAITS = "would go, and the account is paused or its invoice disputed"
RELEASED = "it is free again"
NOBODY_THERE = "; nobody picks up"
NOT_AGREED = "; nobody agrees to it"
HAPPENED = {
    "promise": "the customer promises to pay",
    "promise broken": "a promise to pay is broken",
    "promise kept": "a promise is kept, or a new one takes the place of the broken one",
    "dispute opened": "an invoice is disputed",
    "dispute closed": "the dispute is closed since yesterday",
    "plan agreed": "a payment plan is agreed",
    "plan broken": "the payment plan is broken",
    "terms": "the terms change",
}


def begins(amount: str, terms: str) -> str:
    """The first line of a timeline."""
    return f"An account on {terms} owes {amount}."


def days_late(days: int) -> str:
    """How far past due a day is: `3 days past due`."""
    if days < 0:
        return f"{-days} {_days(-days)} before due"
    return "on the due date" if days == 0 else f"{days} {_days(days)} past due"


def paid_whole(number: str, amount: str) -> str:
    return f"{number} is paid, all {amount} of it"


def paid_in_part(paid: str, left: str) -> str:
    return f"{paid} is paid; {left} is left"


def _days(count: int) -> str:
    return "day" if count == 1 else "days"


def contradiction_hold(held: str, terms: str) -> tuple[str, str]:
    return (
        f"{held} are on hold, and the new terms, {terms}, are for supplying the customer",
        "a customer who is not supplied needs no terms: keep one of the two",
    )


def contradiction_terms(new: str, old: str) -> tuple[str, str]:
    return (
        f"{new} is no shorter than {old}, which these accounts have",
        "write  cash on delivery  or shorter terms",
    )


def contradiction_handed(kind: str, whom: str) -> tuple[str, str]:
    return (
        f"this {kind} comes after the account went to the {whom}: the customer hears two voices",
        "end the ladder with the hand-off",
    )


def no_notice(kind: str) -> tuple[str, str]:
    what = "new terms" if kind == "terms" else "a hold"
    return (
        f"{what} of which nobody tells the customer, so that nobody tells them how to come back from it",
        "add an email or a letter to this step that says so, or a call",
    )


def long_way_back(months: int) -> tuple[str, str]:
    return (
        f"the way back is proposed after {months} clean months; after 24 the customer counts as never late",
        "write  restore-after: 3 clean months",
    )


def lasting_pause(tests: str) -> tuple[str, str]:
    return (
        f"this pause never ends: “{tests}” does not pass",
        "accounts that are never dunned stand under  never:  and are left to people",
    )


def whole_year() -> tuple[str, str]:
    return "this pause never ends: there is no day of the year outside it", "shorten the season"


def early_demand(terms: str, day: int, clock: str, days: int) -> tuple[str, str]:
    return (
        f"on {terms}, day {day} from the {clock} is {days} {_days(days)} before it is due",
        "the step waits until the invoice is past due; or did you mean  clock: due date?",
    )


def policy_never(policy: str, taker: str) -> tuple[str, str]:
    who = (
        f"“{taker}” takes such accounts, and others before it the rest"
        if taker
        else "no account fits its lines"
    )
    return (
        f"no account ever comes to “{policy}”",
        f"{who};\nput “{policy}” earlier into  order:  or take it away",
    )


def step_never(step: str, why: str) -> tuple[str, str]:
    return f"“{step}” can never happen", why


NEVER_OFFERED = "another step always stands in its place; give it another day, or take it away"


def once_only(kind: str, earlier: str) -> str:
    return f"“{earlier}” comes first, and {kind} happens once an episode; keep one of the two"


def when_never(text: str) -> str:
    what = f"“{text}” of its  when:" if text else "its  when:"
    return f"{what}  never holds for the accounts of this policy; compare it with its  for:"


def never_free(reason: str) -> str:
    return f"it always waits: {reason}; change that line, or take the step away"


def no_policy() -> tuple[str, str]:
    return (
        "there are overdue accounts that fit no policy, and nothing is done for them",
        "add a last policy without  for:  that takes everybody else",
    )


def no_action(policy: str) -> tuple[str, str]:
    return (
        f"there are overdue accounts in “{policy}” for which none of its steps is ever due",
        "give the ladder a step without  when:  or let another policy take them",
    )


def stuck(step: str, days: int, reason: str) -> tuple[str, str]:
    return (
        f"“{step}” still waits after {days} days: {reason}",
        "shorten the limit; accounts that nobody should write to or call stand under  never:",
    )


def too_close(step: str, day: int, then: int, before: str, reason: str) -> tuple[str, str]:
    until = f"until day {then}" if then > day else "for ever"
    return (
        f"“{step}” on day {day} always waits {until}: {reason}, “{before}”",
        f"write  day: {then}  so that the file says what happens" if then > day else "move the two apart",
    )


def softer_path(step: str, before: str, policy: str) -> tuple[str, str]:
    return (
        f"“{step}” can come after the firmer “{before}” of “{policy}”, whose text then goes in its place",
        "nothing softens, so this is said in the firmer words; if that is meant, say so in policies/invariants.yaml:\n"
        "- known: softer-path",
    )


def softer_test(step: str) -> str:
    return f"{step} comes after a firmer message"


NOT_SEEN = "sampled: not seen to break"
NOT_SHOWN = "no policy test could be written that shows it"
FINAL_FIRST = "nobody's first contact is a final demand"
NOT_SPOKEN = "nobody has spoken with the customer or written before"


def final_first(step: str) -> tuple[str, str]:
    return (
        f"“{step}” can be the first that a customer hears of it, and it is final",
        "late: climb  takes the steps before it first; or give the ladder an earlier step by post or phone",
    )


def broken_rule(name: str, step: str, always: bool) -> tuple[str, str]:
    how = "it is not done in time" if always else f"“{step}” breaks it"
    return f"“{name}” does not always hold: {how}", "the timeline shows how it comes to that"


def breaks(past_due: bool, days: int) -> str:
    return f"{days} days have gone by without it" if days and past_due else "here it is broken"


def known_gone(code: str) -> tuple[str, str]:
    return f"“{code}” is not found here any more", "take this dash away"
