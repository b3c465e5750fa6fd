"""Reason codes, counts, dates and amounts as sentences: all wording in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum

from babel.numbers import format_currency

from engine.core.money import Amount


class Reason(StrEnum):
    """Why something goes, waits, or is not done. The value is the stable code in the journal and in `--json`."""

    # it goes
    DUE = "due"
    # nothing to do
    NOTHING_DUE = "nothing due"
    NOT_OVERDUE = "not overdue"
    NO_POLICY = "no policy fits"
    LADDER_FINISHED = "ladder finished"
    # held, in the order of the gates
    NEVER = "left to people"
    BELOW_MINIMUM = "below minimum"
    DISPUTED = "disputed"
    PROMISED = "promise open"
    PLANNED = "plan kept"
    PAUSED = "paused"
    CLOSED_DAY = "closed day"
    OUTSIDE_HOURS = "outside hours"
    GAP = "too soon after the last contact"
    ANSWER = "time to answer"
    CONTACT_LIMIT = "contact limit"
    STALE = "ledger too old"
    NO_ADDRESS = "no address"
    APPROVAL = "needs approval"
    SAFETY_STOP = "safety stop"
    NO_CAPACITY = "no capacity today"
    # under way
    CALL_OPEN = "call on the list"
    CALL_AGAIN = "call put back"
    ON_ITS_WAY = "message on its way"
    UNCERTAIN = "delivery uncertain"
    # something is wrong
    NO_RATE = "no exchange rate"
    DISAGREE = "evaluators disagree"


class Gate(StrEnum):
    """The gates, in the order in which they are asked."""

    NEVER = "never"
    MINIMUM = "minimum"
    ASIDE = "set aside"
    PAUSE = "pause"
    CLOSED = "closed day and hours"
    GAP = "gap"
    ANSWER = "answer"
    CONTACT = "contact limit"
    FRESH = "fresh ledger"
    ADDRESS = "address"
    APPROVAL = "approval"
    STOP = "safety stop"
    CAPACITY = "capacity"


def safety_stop(kind: str, wanted: int, most: int) -> str:
    """Why a run that wants more than the house allows does nothing."""
    return f"The run wants {wanted:,} {kind}; the house allows {most:,} a run. Nothing goes until a person agrees."


def disagreement(account: str, accounts: int, evaluators: tuple[str, ...]) -> str:
    """Two evaluators differ: nothing is done for the class."""
    others = f" and {accounts - 1:,} like it" if accounts > 1 else ""
    return (
        f"{account}{others}: {' and '.join(evaluators)} do not agree, so nothing is done. Please report this."
    )


# Why an action that was under way is ended by a later decision.
NOT_MADE = "not made: a higher step fell due"
OVERTAKEN = "passed over: a higher step fell due meanwhile"
TRIED_AGAIN = "tried again"
# The owner's task at the end of a ladder.
LADDER_DONE = "The ladder is finished and the account is still overdue: decide what comes next."


def run_said(new: int, again: bool, stopped: str) -> str:
    """One sentence about what a run did."""
    if stopped:
        return stopped
    if new == 0:
        return "Nothing new: today's run has been made already." if again else "Nothing is due today."
    more = " more" if again else ""
    return f"{new:,}{more} action{'s' * (new != 1)} decided."


def run_of_day(on: date, said: str) -> str:
    """The same in the service's log, where the day must be named."""
    return f"{on.isoformat()}: {said}"


def messages(count: int) -> str:
    return f"{count:,} message{'s' * (count != 1)}"


def gone_out(count: int, channel: str) -> str:
    """How many messages left by one way out."""
    return f"{messages(count)} gone out by {channel}"


# Why something planned is dropped when it is decided again at the moment of sending.
PAID = "paid"
CHANGED = "an item or an amount has changed; it is decided anew"
AGREED_TO_LESS = "an item or an amount has changed since it was approved: please look again"
OTHER_STEP = "another step is due now"
STEP_GONE = "the step is no longer in the policy"


def older_copy(messages: int) -> str:
    """The database was put back: the files beside it know more than it does."""
    return f"this is an older copy of the database: {unknown_to_it(messages)}"


def unknown_to_it(messages: int) -> str:
    """What went out after the copy was made."""
    went = "1 message that has gone out" if messages == 1 else f"{messages:,} messages that have gone out"
    return f"it does not know {went}"


def restored(name: str, at: datetime) -> str:
    """Why a database that was put back stands still."""
    when = f"{at:%Y-%m-%d %H:%M} UTC"
    return f"restored from {name}, a backup of {when}; what went out since is to be looked at"


def journal_shorter(entries: int) -> str:
    """The same, where nothing had gone out since."""
    lost = "1 entry" if entries == 1 else f"{entries:,} entries"
    return f"this is an older copy of the database: its journal lacks {lost}"


def no_document(missing: Sequence[str]) -> str:
    """Why a copy of invoices is not sent by us."""
    return f"no document is known of {_few(missing)}; it is a task for a person now"


def send_by_hand(missing: Sequence[str]) -> str:
    """The task in its place."""
    return f"Send copies of the invoices by hand: no document is known of {_few(missing)}."


def _few(names: Sequence[str], most: int = 5) -> str:
    more = len(names) - most
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:most])} and {more} more"


# -- explain ---------------------------------------------------------------------------------------------------------

OWES_NOTHING = "The account owes nothing, so there is nothing to decide."
FORECAST = "This is a forecast: it assumes that nothing is paid until then."


def money(minor: int, currency: str) -> str:
    """An amount in minor units, as it is written in the house: $1,200.00."""
    return str(format_currency(Amount.of_minor(minor, currency).value, currency, locale="en_US"))


def short_day(day: date) -> str:
    """Wed 25 Nov 2026."""
    return f"{day:%a} {day.day} {day:%b %Y}"


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
    Reason.GAP: "too soon after the last contact",
    Reason.ANSWER: "the customer still has time to answer the last letter",
    Reason.CONTACT_LIMIT: "contacted as often as the house allows",
    Reason.STALE: "the ledger is too old to demand by",
    Reason.NO_ADDRESS: "there is no address to send it to",
    Reason.APPROVAL: "needs approval",
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


def told_of(step: str) -> str:
    """The task of whoever a step's `notify` names."""
    return f"For your information: “{step}” is due for this account."


# What mail that came back asks of a person, and what it says of a message.
ANSWERED = "a person has answered by mail; whoever deals with it ends the pause"
UNMATCHED = "Mail that nobody could be matched to: “dunwell inbox --unmatched” lists it, “dunwell done inbox” ends this."
CAME_BACK = "a server had it: it came back from there"
WAS_ANSWERED = "it was answered by mail"
WAS_SEEN = "a machine that had it has answered"


def answer_mail(sender: str, words: str, subject: str) -> str:
    """The task of a person's answer."""
    said = " ".join(words.split()) or subject
    return f"Answer {sender}: “{said[:160]}{'…' if len(said) > 160 else ''}”"


def find_address(address: str, status: str) -> str:
    """The task of an address that does not work."""
    return f"The address {address} does not work{f' ({status})' if status else ''}: find another."


def refused_mail(address: str, status: str, said: str) -> str:
    """The task of a message that was refused although its address may be good."""
    code = f" ({status})" if status else ""
    return (
        f"Mail to {address} was refused{code}, and the address may be good: {said[:200] or 'no reason given'}"
    )


def look_at_mail(sender: str, subject: str) -> str:
    """The task of a message about one of ours that nothing is known of."""
    return f"Look at the mail of {sender or 'nobody'} about one of ours: “{subject[:160]}”"


def mail_read(counts: Mapping[str, int]) -> str:
    """What a visit to the mailbox found, without anybody's name."""
    words = {"bounce": "bounce", "delayed": "delay", "automatic": "automatic answer", "reply": "answer"}
    words |= {
        "own": "message of our own people",
        "unknown": "other message",
        "nobody": "message of nobody we know",
    }
    parts = []
    for kind, word in words.items():
        if number := counts.get(kind, 0):
            many = word.replace("message", "messages", 1) if "message" in word else f"{word}s"
            parts.append(f"{number:,} {word if number == 1 else many}")
    return f"mail read: {', '.join(parts)}"
