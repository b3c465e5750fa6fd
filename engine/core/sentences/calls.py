"""What is said of a call and of what follows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from engine.core.sentences.amounts import short_day

# What else may stand in an action's reason.
SAME_CALL = "made with another call of the day"
LET_GO = "let go"
NO_EMAILS = "they want no e-mails"
NO_CALLS = "they want no calls"


def needs(account: str, outcome: str, how: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """A call that cannot be logged yet: each answer that is missing, and how to give it."""
    many = "1 answer is" if len(how) == 1 else f"{len(how)} answers are"
    lines = [f"{what}:  {command}" for what, command in how]
    return f"{account}, {outcome}: {many} missing", "\n  ".join(lines)


def unread(account: str, wrong: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Answers that cannot be read."""
    many = "1 answer" if len(wrong) == 1 else f"{len(wrong)} answers"
    return f"{account}: {many} cannot be read", "\n  ".join(f"{name}: {why}" for name, why in wrong)


def disagree(account: str, outcome: str, answers: Mapping[str, str]) -> tuple[str, str]:
    """Two evaluators differ on what may follow."""
    told = "\n  ".join(f"{name} says: {answer or 'nothing'}" for name, answer in answers.items())
    names = " and ".join(answers)
    return f"{account}, {outcome}: {names} do not agree on what follows, so nothing is done", (
        f"please report this\n  {told}"
    )


def choose(account: str, outcome: str, guidance: str, offer: Sequence[str]) -> tuple[str, str]:
    """What may follow, for the collector to pick from."""
    lines = [guidance] if guidance else []
    return f"{account}, {outcome}: what follows? Say it with --then", "\n  ".join([*lines, *offer])


def offered(number: int, name: str, script: str | None) -> str:
    """One line of the offer."""
    return f"{number}  {name}{f' (script {script})' if script else ''}"


def not_offered(name: str, why: str) -> str:
    return f"–  {name}: {why}"


def no_option(wanted: str, offer: Sequence[str]) -> tuple[str, str]:
    return f"“{wanted}” is not offered now", "\n  ".join(offer) or "nothing is"


WITHHELD: Mapping[str, str] = {
    "last_option": "it was taken the last time",
    "left_alone": "the account is left to people",
    "no_calls": NO_CALLS,
    "no_emails": NO_EMAILS,
    "peers": "nobody is left who has not called this account",
    "person_known": "nobody knows whom to ask for",
    "reason_on_record": "why it has not been paid is not on record",
    "request_stated": "it is not on record that what we want was made clear",
    "owes": "nothing is owed any more",
    "documents": "no document of the invoices is known",
    "running": "they were tried as often as is civil; the ladder goes on",
}


def withheld(field: str) -> str:
    """Why something may not follow, by the fact that stands against it."""
    if field.startswith("address_"):
        return f"there is no e-mail address of their {field.removeprefix('address_').replace('_', ' ')}"
    return WITHHELD.get(field, field)


def when(day: date, at: datetime | None, today: date, zone: str, office: str) -> str:
    """`at 14:12`, `on Mon 30 Nov 2026`, `today`; by the customer's clock, and by ours where that is another."""
    clock = ""
    if at is not None:
        clock = f"at {_clock(at, zone)}"
        if _clock(at, zone) != _clock(at, office):
            clock += f" their time ({_clock(at, office)} here)"
    if day == today:
        return clock or "today"
    return f"on {short_day(day)}{f' {clock}' if clock else ''}"


def _clock(at: datetime, zone: str) -> str:
    there = at.astimezone(ZoneInfo(zone))
    return f"{there.hour}:{there.minute:02}"


def call_follows(when: str, by: str, ask_for: str, number: str, script: str | None, unless: str = "") -> str:
    """The call that follows."""
    whom = f", ask for {ask_for}{f' ({number})' if number else ''}" if ask_for else ""
    return f"A call follows {when}{f', by {by}' if by else ''}{whom}{f', script {script}' if script else ''}{unless}."


def task_follows(what: str, by: str) -> str:
    return f"A task for {by}: {what}."


def task_text(what: str, by: date | None, told: str) -> str:
    """A task with the day by which it is to be done and what was told on the phone."""
    until = f", by {short_day(by)}" if by else ""
    return f"{what}{until}{f' ({told})' if told else ''}"


def email_follows(template: str, to: str, when: str) -> str:
    return f"“{template}” goes to {to} {when}."


def not_sent(template: str, why: str) -> str:
    return f"“{template}” is not sent: {why}."


def no_call(why: str) -> str:
    return f"No call follows: {why}."


def drafted(account: str) -> str:
    """The confirmation of what was agreed."""
    return (
        "The confirmation is drafted.  See it:  "
        f"dunwell confirm {account}   Send it:  dunwell confirm {account} --send"
    )


def look_at_draft(account: str) -> str:
    """The task that keeps a draft from being forgotten."""
    return f"Look at the confirmation and send it: dunwell confirm {account}"


def put_back(when: str, tries: int, most: int) -> str:
    """A call that is tried again; `when` names its day."""
    return f"The call is put back to {when.removeprefix('on ')} ({tries} of {most} times)."


def rests(until: date) -> str:
    return f"No contact through {short_day(until)}."


def suggested(account: str, until: date) -> str:
    """A promise to ask for, at most so far ahead."""
    return (
        f"Ask for a promise by {short_day(until)} at the latest:  "
        f"dunwell promise {account} AMOUNT --by {until.isoformat()}"
    )


def if_broken(ask_for: str) -> str:
    return f"If it is broken, a call{f' to {ask_for}' if ask_for else ''} follows."


def through(lines: Sequence[str]) -> str:
    """A checklist, or places where money may be found."""
    return "\n".join(f"  · {line}" for line in lines)


def taken_up(names: Sequence[str]) -> str:
    """What was kept while the call was going on."""
    return f"Taken up from what was kept: {', '.join(names)}."


def time_and_again(outcome: str, times: int) -> str:
    """An outcome that comes again and again."""
    return f"It is the {_ordinal(times)} time that this account's call ended with “{outcome}”."


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 if number % 100 not in (11, 12, 13) else 0, "th")
    return f"{number}{ending}"


def logged_already(account: str, by: str, at: str, outcome: str) -> tuple[str, str]:
    """Somebody else was faster."""
    return (
        f"{account}: {by} has logged this call already, at {at}: {outcome}",
        "if you made another call, log it with --another",
    )


def not_yours(account: str, role: str, by: str, who: Sequence[str]) -> tuple[str, str]:
    """A call that needs another role."""
    theirs = (
        f"{' or '.join(who)} can; if they made it:  --by NAME" if who else f"give somebody the role “{role}”"
    )
    return f"{account}: this call is for a {role}, and {by} is none", theirs


def approval_for(by: str, given: Sequence[str]) -> str:
    """What a role may not give by itself."""
    return f"agree to what {by} gives: {'; '.join(given)}"


def waits_for(role: str, account: str, given: Sequence[str]) -> str:
    return f"{'; '.join(given)} waits for a {role}:  dunwell approve {account}"


def new_address(address: str, known: str) -> str:
    """An address of another company than the ones on file: nothing goes there unseen."""
    return f"confirm the new address {address} with somebody we know there (on file: {known}), then send the copies"
