"""What the files may say, once they have been read: policies, steps, the house's rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from engine.core.figures.bands import Band
from engine.core.language.condition import Clause, Condition
from engine.core.language.follows import Outcome
from engine.core.problem import Place


class Kind(StrEnum):
    """What an action does. The value is the word in a policy file."""

    CALL = "call"
    EMAIL = "email"
    LETTER = "letter"
    STATEMENT = "statement"
    TERMS = "terms"
    HOLD = "hold"
    HAND_OFF = "hand off"
    TASK = "task"
    WEBHOOK = "webhook"

    @property
    def written(self) -> bool:
        """A message that is rendered from a template."""
        return self in (Kind.EMAIL, Kind.LETTER, Kind.STATEMENT)

    @property
    def effect(self) -> bool:
        """It changes how the account is supplied: once an episode, after its notice, back when it is paid."""
        return self in (Kind.TERMS, Kind.HOLD, Kind.HAND_OFF)

    @property
    def restricts(self) -> bool:
        """It takes something away that is given back: never by itself from an account we must, or want to, supply."""
        return self in (Kind.TERMS, Kind.HOLD)

    @property
    def contact(self) -> bool:
        """It reaches the customer, so that gap and contact limit count it. Tasks and webhooks do not."""
        return self is Kind.CALL or self.written


# How senior a caller is. Roles that are not here, such as the account owner, stand beside this order.
_SENIORITY = {"collector": 1, "peer": 1, "supervisor": 2, "credit manager": 3}


def seniority(role: str) -> int:
    """1 for a collector to 3 for a credit manager; 0 for a role outside this order."""
    return _SENIORITY.get(role, 0)


class Clock(StrEnum):
    """What `day` counts from."""

    INVOICE_DATE = "invoice date"
    DUE_DATE = "due date"
    STATEMENT_DATE = "statement date"
    END_OF_MONTH = "end of month"


class Event(StrEnum):
    """What a policy with `start:` counts from; it begins afresh at each."""

    PROMISE_BROKEN = "promise broken"
    DISPUTE_CLOSED = "dispute closed"
    TERMS_CHANGED = "terms changed"


class Tone(StrEnum):
    """How firm a message is. The order is the order of firmness; along a ladder it never falls."""

    COURTEOUS = "courteous"
    FIRM = "firm"
    FINAL = "final"
    LEGAL = "legal"

    @property
    def rank(self) -> int:
        """1 for courteous to 4 for legal; 0 is kept for an account that has had no message."""
        return list(Tone).index(self) + 1


@dataclass(frozen=True, slots=True)
class Late:
    """How an account beyond several steps catches up. `days` belongs to `skip N days`."""

    way: str = "climb"  # climb | latest | skip
    days: int = 0


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a step does: `letter: firm-reminder` has kind LETTER and value `firm-reminder`.

    The value is a template (email, letter, statement), a role (call), a role or person (task), the new terms,
    what is held (`orders`, `deliveries`, `credit`), who it is handed to, or the webhook's name. `what` is a
    task's text."""

    kind: Kind
    value: str
    place: Place
    what: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """Who must agree, and when: `approve: credit manager`, or `approve: {by: …, when: …}`."""

    by: str
    when: Condition | None
    place: Place


@dataclass(frozen=True, slots=True)
class Repeat:
    """`repeat: every 14 days, at most 5`."""

    every: int
    at_most: int


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of a ladder. `index` is its bit: steps are numbered in the order of day, then of the file."""

    name: str
    day: int
    index: int
    actions: tuple[Action, ...]
    place: Place
    script: str | None = None
    to: str = "accounts payable"
    from_: str | None = None
    approve: Approval | None = None
    when: Condition | None = None
    notify: str | None = None
    repeat: Repeat | None = None
    restore_after: int = 0  # clean months before the way back from terms or hold is proposed
    ahead: int = 0  # days between the notice and the terms or hold that it announces

    @property
    def demand(self) -> bool:
        """A step before the due date is a courtesy and demands nothing."""
        return self.day >= 0

    @property
    def does(self) -> str:
        """What the step does, in the words of the file: "letter firm-reminder"."""
        return ", ".join(f"{action.kind.value} {action.value}".strip() for action in self.actions)

    def has(self, kind: Kind) -> bool:
        return any(action.kind is kind for action in self.actions)

    @property
    def restricts(self) -> bool:
        """It asks for terms or a hold."""
        return any(action.kind.restricts for action in self.actions)


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy file. `id` is the file's name without `.yaml`; steps are in the order of their index."""

    id: str
    title: str
    fits: Clause  # the lines of `for`; no lines fit every account
    clock: Clock
    steps: tuple[Step, ...]
    place: Place
    start: Event | None = None
    each_invoice: bool = False
    without: tuple[Kind, ...] = ()
    late: Late | None = None  # None: the house's
    gap: int | None = None
    answer: int | None = None

    def step(self, name: str) -> Step | None:
        return next((step for step in self.steps if step.name == name), None)


@dataclass(frozen=True, slots=True)
class Pause:
    """One dash of `pause`. While its tests hold, or on a day within its season, the kinds wait; no kinds:
    everything.

    A season is (month, day) to (month, day), both included, and may run over the new year.
    """

    clause: Clause
    kinds: tuple[Kind, ...] = ()
    season: tuple[tuple[int, int], tuple[int, int]] | None = None

    @property
    def place(self) -> Place:
        return self.clause.place


@dataclass(frozen=True, slots=True)
class Limit:
    """`contact: at most 3 in 7 days`."""

    most: int
    days: int


# What the work list is ordered by: "amount and age", "amount" or "age"; or the weight of each part, by its name
# (`cases.score.PARTS`).
Score = str | Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a role may give by itself for a solution; what is not said it may not give.

    `discount` is in hundredths of a per cent, `days` of more time, `plan` the months that a payment plan may take,
    `waive` minor units of the house's currency.
    """

    discount: int = 0
    days: int = 0
    plan: int = 0
    waive: int = 0


# Where the house says nothing: time, and no money.
ALLOWANCES: Mapping[str, Allowance] = {
    "collector": Allowance(days=7, plan=3),
    "supervisor": Allowance(days=30, plan=6),
}


@dataclass(frozen=True, slots=True)
class GuardRules:
    """What a house may set of the guards of people; what it does not set is built in.

    `calls` holds for companies, `persons` where consumer law may apply; `conversation` are days without a call after one with
    a person; `exceptions` the days an exception may hold at most. `because` is why something is looser than what is built in.
    """

    calls: Limit = Limit(3, 7)
    persons: Limit = Limit(7, 7)
    conversation: int = 7
    exceptions: int = 30
    because: str = ""


@dataclass(frozen=True, slots=True)
class Charge:
    """Late-payment money as a house charges it: a pack of `core.figures.packs` (empty: nothing), from which day, and how.

    `rate` is a contract's, in percent a year; `basis` is where the contract says so.
    """

    pack: str
    place: Place
    since: date | None = None
    lump_sum: bool = True
    rate: Decimal | None = None
    basis: str = ""


HOLDOUT = "holdout"  # the side of a split whose accounts are contacted later


@dataclass(frozen=True, slots=True)
class Split:
    """One comparison: accounts are drawn by lot to its sides, each a policy, and one of them perhaps the holdout.

    `shares` are per cent by side, the champion first; `alike` are columns of accounts in which the sides are balanced.
    Nobody is drawn after `until`.
    Accounts of the holdout are the champion's, and its demands wait for `holdout` days past due.
    """

    name: str
    shares: Mapping[str, int]
    until: date
    because: str
    place: Place
    alike: tuple[str, ...] = ()
    holdout: int = 0
    places: Mapping[str, Place] = field(default_factory=dict)  # of each side

    @property
    def champion(self) -> str:
        return next(iter(self.shares))

    @property
    def challenger(self) -> str | None:
        """The other policy; None where the champion is compared with a holdout alone."""
        return next((side for side in self.shares if side not in (self.champion, HOLDOUT)), None)

    @property
    def policies(self) -> tuple[str, ...]:
        return tuple(side for side in self.shares if side != HOLDOUT)

    def mark(self, side: str) -> str:
        """A side as an account's `sides` name it."""
        return f"{self.name}/{side}"


@dataclass(frozen=True, slots=True)
class House:
    """What holds for every policy. Amounts are minor units of `currency`; `places` has each word's place."""

    order: tuple[str, ...] = ()
    currency: str = "USD"
    calendar: str = "US"
    open_days: tuple[int, ...] = (0, 1, 2, 3, 4)  # Monday is 0
    opens: int = 8 * 60 + 30  # minutes after midnight, in the customer's own time zone
    closes: int = 17 * 60
    closed: str = "next open day"  # or "same day": closed days do not hold a step
    answer: int = 7
    never: tuple[Clause, ...] = ()
    pause: tuple[Pause, ...] = ()
    minimum: int = 0
    gap: int = 0
    contact: Limit | None = None
    late: Late = Late()
    capacity: Mapping[str, int] = field(
        default_factory=dict
    )  # "calls", "letters", "emails", …, or a person's id
    stop: Mapping[str, int] = field(default_factory=dict)  # "actions", "letters", …
    splits: tuple[Split, ...] = ()  # a policy is in one at most
    costs: Mapping[str, int] = field(default_factory=dict)  # "calls", "letters", … -> minor units a piece
    owner: str = "credit manager"  # the role that gets tasks nobody else owns
    fresh: int = 0  # hours; 0: no limit
    score: Score = "amount and age"
    usual: Decimal = Decimal(0)  # the blast radius, times the usual; 0: no limit
    live: str = "on save"
    bands: Mapping[str, Band] = field(default_factory=dict)  # by figure of the report
    # What each role may give by itself. The owner's role may give anything, and is not in it.
    limits: Mapping[str, Allowance] = field(default_factory=lambda: ALLOWANCES)
    guards: GuardRules = GuardRules()
    # By ISO country in lower case; "else" for every other. Empty: nothing is charged.
    charge: Mapping[str, Charge] = field(default_factory=dict)
    # Reference rates that are not known here: (name, the day from which) -> percent a year.
    rates: Mapping[tuple[str, date], Decimal] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)

    def split_of(self, policy: str) -> Split | None:
        """The split that a policy is a side of."""
        return next((split for split in self.splits if policy in split.policies), None)


@dataclass(frozen=True, slots=True)
class PolicyBook:
    """All that was read, checked, and is used together. `policies` are in the house's order: the first that
    fits wins.

    `hash` is the SHA-256 over the names and texts of the files; `texts` keeps them, so that a past decision
    is explained with its own words. `tones` gives each message template's tone. `chosen` has what classes of
    accounts get by it, as `decision.choose` has worked it out: a book that is changed begins with none."""

    house: House
    policies: tuple[Policy, ...]
    outcomes: Mapping[str, Outcome]
    tones: Mapping[str, Tone]
    hash: str
    texts: Mapping[str, str]
    chosen: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    def policy(self, id: str) -> Policy | None:
        return next((policy for policy in self.policies if policy.id == id), None)

    def late(self, policy: Policy) -> Late:
        return policy.late or self.house.late

    def gap(self, policy: Policy) -> int:
        return self.house.gap if policy.gap is None else policy.gap

    def answer(self, policy: Policy) -> int:
        return self.house.answer if policy.answer is None else policy.answer
