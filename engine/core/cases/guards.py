"""What protects the people we write to and call: each guard has a name, a reason to be, and is on without being asked for.

Steps of ladders and calls made by hand ask the same functions. A guard that may be set aside is set aside for one account,
until a day, by somebody with the role for it, for a reason that is kept. Facts, not legal advice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum

from engine.core.language.policy import GuardRules, House, Kind, Limit, Step, Tone
from engine.core.problem import Place
from engine.core.sentences import money
from engine.core.workdays import Hours, holiday

# Bits of `decision.state.ADDRESSES`: ways to somebody at the customer.
EMAILS, POST, PHONE = 0b00111, 0b01000, 0b10000
EVERY_WAY = EMAILS | POST | PHONE
_EARLIEST, _LATEST = 8 * 60, 21 * 60  # 12 CFR 1006.6(b)(1)(i): 8:00 to 21:00 where the person is
LONGEST_LOOK = 60  # days of calls that are looked back on

# Words of the customer master for one person who trades in their own name: the debt may be a consumer's too.
SOLE_TRADERS = frozenset(
    {
        "sole trader", "sole proprietor", "sole proprietorship", "individual", "natural person", "freelancer",
        "self-employed", "einzelunternehmen", "einzelunternehmer", "freiberufler", "e.k.", "eingetragener kaufmann",
        "entrepreneur individuel", "entreprise individuelle", "auto-entrepreneur", "micro-entreprise", "autónomo",
        "ditta individuale", "empresário em nome individual", "eenmanszaak",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard. `word` is its own word of house.yaml, where it has one; `off`: it may be set aside for an account."""

    name: str
    does: str
    source: str
    word: str = ""
    off: bool = False


CALLS, HOURS, HOLIDAYS, INSOLVENCY = "calls", "hours", "holidays", "insolvency"
ATTORNEY, PERSONS, LEGAL, RECIPIENT = "attorney", "persons", "legal", "recipient"

# The first are guards of people; an account's exception names one of them. The others hold for everybody, always.
GUARDS: tuple[Guard, ...] = (
    Guard(
        CALLS,
        "So many calls in so many days and no more; where consumer law may apply, none within seven days after a "
        "conversation, whose day is the first.",
        "12 CFR 1006.14(b)(2)(i); for companies custom",
        "guards",
        off=True,
    ),
    Guard(
        HOURS,
        "A natural person is called and written to between 8:00 and 21:00 by their own clock, everybody within the "
        "house's hours.",
        "12 CFR 1006.6(b)(1)(i)",
        "hours",
        off=True,
    ),
    Guard(
        HOLIDAYS,
        "Nobody is called on a public holiday of their own country, unless the house says  closed: same day.",
        "custom",
        "closed",
        off=True,
    ),
    Guard(
        INSOLVENCY,
        "Everything stops for an insolvent customer, whether or not the house says so under “never”.",
        "11 U.S.C. § 362 and its like",
        "never",
        off=True,
    ),
    Guard(
        ATTORNEY,
        "Where an attorney acts for the customer, everything goes to the attorney's address, or is left to people.",
        "12 CFR 1006.6(b)(2)",
        "never",
        off=True,
    ),
    Guard(
        PERSONS,
        "New terms, a hold or a hand-off of a natural person or sole trader needs somebody's yes, also without “approve”.",
        "GDPR article 22",
        off=True,
    ),
    Guard(
        LEGAL,
        "A message of tone legal needs somebody's yes, also without “approve”, and a hand-off that follows in its policy; "
        "below that tone no message threatens with the law.",
        "California Civil Code 1788.13; Rosenthal Act",
    ),
    Guard(
        RECIPIENT,
        "Where the recipient's domain or the customer's name has changed since we last wrote, a person confirms it first.",
        "payment fraud",
    ),
    Guard(
        "wishes",
        "No calls, e-mail only, no contact, through the attorney: what the customer asked for, by “dunwell contact-rule”.",
        "12 CFR 1006.6(c), 1006.14(h)",
    ),
    Guard("one a day", "An account takes one step a day; two channels only where one step names both.", "own"),
    Guard("set aside", "No demand for what is disputed, promised or in a kept plan.", "own"),
    Guard("net", "No demand where credits and unapplied cash cover what is overdue.", "own"),
    Guard("once", "A step goes out once, whatever crashes or is run again.", "own"),
    Guard(
        "third parties",
        "Scripts for voicemail or a receptionist say nothing of the account; “dunwell check” reads them.",
        "California Civil Code 1788.12; 12 CFR 1006.6(d)",
    ),
    Guard(
        "wording",
        "No threats, reproaches, capitals, exclamation marks or advertising; a demand names sender, customer, items, total, "
        "a date, how to pay, whom to ask and how to dispute.",
        "own",
    ),
    Guard("bank details", "New bank details are never taken from a mail; its task says so.", "payment fraud"),
    Guard("address", "A mail that comes back, or an unknown mailbox, becomes a task.", "own"),
    Guard("closed days", "Nothing goes out on weekends and holidays of the house's calendar.", "custom", "calendar"),
    Guard("gap", "Days between two contacts, whatever the channel.", "custom; 3 to 5 days are usual", "gap"),
    Guard("contacts", "So many contacts in so many days and no more.", "custom", "contact"),
    Guard("minimum", "An account owing less is left alone.", "custom", "minimum"),
    Guard("fresh", "No demand from a ledger older than this.", "custom; 26 hours with a nightly ledger", "fresh"),
)  # fmt: skip
_BY_NAME: Mapping[str, Guard] = {guard.name: guard for guard in GUARDS}
_SET_BY_HOUSE = ("gap", "contact", "minimum", "fresh")
NAMES: tuple[str, ...] = tuple(guard.name for guard in GUARDS)
REMOVABLE: tuple[str, ...] = tuple(guard.name for guard in GUARDS if guard.off)
ROLES = ("supervisor", "credit manager")  # who may set a guard aside


def place(name: str) -> Place:
    """Where a held step says it is held, when no line of a file holds it: “guard calls”."""
    return Place(f"guard {name}", 0)


def guard(name: str) -> Guard | None:
    """The guard of that name."""
    return _BY_NAME.get(" ".join(name.lower().split()))


@dataclass(frozen=True, slots=True)
class Standing:
    """A guard with whether it is on in this house, and where that is said: a place, or empty for what is built in."""

    guard: Guard
    on: bool
    says: str
    place: Place | None


def standings(house: House) -> tuple[Standing, ...]:
    """Every guard with whether it is on, in the order of the manual."""
    rules = house.guards
    says = {
        CALLS: f"{_limit(rules.calls)} for companies, {_limit(rules.persons)} for natural persons and sole traders; "
        f"{rules.conversation} days after a conversation with one",
        HOURS: f"{_clock(house.opens)}–{_clock(house.closes)}, by the customer's clock",
        "closed days": f"calendar {house.calendar}",
        "gap": f"{house.gap} days",
        "contacts": _limit(house.contact) if house.contact else "",
        "fresh": f"{house.fresh} hours",
        "minimum": money(house.minimum, house.currency),
    }
    found = []
    for each in GUARDS:
        on = each.word not in _SET_BY_HOUSE or each.word in house.places
        if each.name in (HOLIDAYS, "closed days"):
            on = house.closed == "next open day"
        said = says.get(each.name, "") if on else f"house.yaml has no “{each.word}”"
        found.append(Standing(each, on, said, house.places.get(each.word) if each.word else None))
    return tuple(found)


def _limit(limit: Limit) -> str:
    return f"at most {limit.most} in {limit.days} days"


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"


# -- whom consumer law may reach -----------------------------------------------------------------------------------------


def consumer(natural_person: bool | None, legal_form: str | None) -> bool:
    """Whether consumer law may apply: a natural person, or somebody who trades in their own name."""
    return bool(natural_person) or (legal_form or "").strip().lower() in SOLE_TRADERS


# -- how often and when somebody is called -------------------------------------------------------------------------------


class Called(IntEnum):
    """Why a call would be one too many."""

    NO = 0
    HOUSE = 1  # the house's own limit of contacts
    COMPANY = 2
    PERSON = 3
    SPOKEN = 4  # a conversation was too recently


@dataclass(frozen=True, slots=True)
class Call:
    """One call that was made, whatever came of it; `spoke`: somebody was spoken with."""

    on: date
    spoke: bool


def called(calls: Iterable[Call], on: date, *, natural: bool, rules: GuardRules) -> Called:
    """Whether one more call on a day would be one too many, and why. The calls are of one account: person and debt.

    A limit of 7 in 7 days looks at that day and the six before it. The day of a conversation is the first of its days.
    """
    limit = rules.persons if natural else rules.calls
    ago = [(on - call.on).days for call in calls]
    if natural and any(0 <= (on - call.on).days < rules.conversation for call in calls if call.spoke):
        return Called.SPOKEN
    if sum(0 <= days < limit.days for days in ago) >= limit.most:
        return Called.PERSON if natural else Called.COMPANY
    return Called.NO


def hours(opens: int, closes: int, *, natural: bool) -> Hours:
    """When somebody is called or written to, by their own clock: the house's hours, and of a person never outside 8 to 21.

    A house whose hours lie outside that altogether calls people from 8 to 21.
    """
    if not natural:
        return Hours(opens, closes)
    first, last = max(opens, _EARLIEST), min(closes, _LATEST)
    return Hours(first, last) if first < last else Hours(_EARLIEST, _LATEST)


def holiday_there(country: str | None, on: date) -> str | None:
    """The public holiday of the customer's own country on a day, if it is one."""
    return holiday(country, on) if country else None


# -- what the customer asked for ------------------------------------------------------------------------------------------


class Wish(StrEnum):
    """A rule about contact, the weaker before the stronger: where several close a way, the last gives the reason."""

    WRONG_NUMBER = "wrong number"
    NO_CALLS = "no calls"
    EMAIL_ONLY = "email only"
    CONFIRM = "confirm first"  # nobody wished it: the recipient has changed since we last wrote
    VIA_ATTORNEY = "via attorney"
    NO_CONTACT = "no contact"


WISHES: tuple[Wish, ...] = tuple(Wish)
# What a person can write down; the others come from what has happened.
WRITTEN_BY_HAND: tuple[Wish, ...] = (
    Wish.NO_CALLS, Wish.EMAIL_ONLY, Wish.NO_CONTACT, Wish.VIA_ATTORNEY, Wish.WRONG_NUMBER,
)  # fmt: skip
CLOSES: Mapping[Wish, int] = {
    Wish.WRONG_NUMBER: PHONE,
    Wish.NO_CALLS: PHONE,
    Wish.EMAIL_ONLY: PHONE | POST,
    Wish.CONFIRM: EMAILS | POST,
    Wish.VIA_ATTORNEY: EVERY_WAY,
    Wish.NO_CONTACT: EVERY_WAY,
}


@dataclass(frozen=True, slots=True)
class Closed:
    """One rule in force: the ways it closes, and those it opens (to the attorney), as bits."""

    wish: Wish
    closes: int
    opens: int = 0


def open_ways(rules: Iterable[Closed], known: int) -> int:
    """The ways that are left of those known."""
    closes = opens = 0
    for rule in rules:
        closes |= rule.closes
        opens |= rule.opens
    return (known | opens) & ~closes


def wish_held(rules: Sequence[Closed], needed: int, either: int, known: int) -> Wish | None:
    """The rule that stands in the way: `needed` bits are all needed, of `either` one (0: none)."""
    left = open_ways(rules, known)
    held = None
    for wish in WISHES:
        closes = 0
        for rule in rules:
            closes |= rule.closes if rule.wish is wish else 0
        if needed & closes or (either and not either & left and either & known & closes):
            held = wish
    return held


# -- what needs a person -------------------------------------------------------------------------------------------------


class Asks(IntEnum):
    """Why a step asks for somebody's yes."""

    NO = 0
    POLICY = 1
    PERSON = 2  # it weighs on a natural person
    LEGAL = 3  # it speaks of the law


def weighs(step: Step) -> bool:
    """Whether the step changes how an account is supplied, or hands it to somebody."""
    return any(action.kind.effect for action in step.actions)


def speaks_of_law(tones: Mapping[str, Tone], step: Step) -> bool:
    """Whether the step sends a message of tone legal."""
    return any(action.kind.written and tones.get(action.value) is Tone.LEGAL for action in step.actions)


def calls_somebody(step: Step) -> bool:
    """Whether the step makes a call."""
    return step.has(Kind.CALL)
