"""The tests of a policy: an account, what happens to it, and what must be done on which day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from engine.core.language.condition import Value
from engine.core.problem import Place
from engine.core.sentences import Reason


class DocumentKind(StrEnum):
    """What stands in the ledger; the value is the one in the items' `kind` column."""

    INVOICE = "invoice"
    DEBIT_NOTE = "debit_note"
    CREDIT_NOTE = "credit_note"
    PAYMENT = "payment"


@dataclass(frozen=True, slots=True)
class Document:
    """One line of the test's ledger. `amount` and `open` are positive minor units of `currency`, also for
    credits.

    `due` and `statement` are None where the test leaves them to the terms.
    """

    kind: DocumentKind
    number: str
    written: date
    amount: int
    open: int
    currency: str
    place: Place
    due: date | None = None
    statement: date | None = None
    disputed: bool = False


@dataclass(frozen=True, slots=True)
class TrialAccount:
    """The account of a test. `fields` has values by column, as the core compares them.

    `addresses` are words of ADDRESSES; None means that every address is known.
    """

    fields: Mapping[str, Value]
    documents: tuple[Document, ...]
    place: Place
    name: str = "Test customer"
    addresses: frozenset[str] | None = None
    sides: tuple[str, ...] = ()  # policies that a comparison has drawn it to, or the holdout

    @property
    def first(self) -> Document | None:
        """The first invoice written: the days of the test count on its clock."""
        return next((each for each in self.documents if each.kind is DocumentKind.INVOICE), None)


# What `addresses` may list: the same words, in the same order, as the bits of an account's `addresses`.
ADDRESSES = ("email accounts payable", "email principal", "email account owner", "post", "phone")


class What(StrEnum):
    """What can happen to an account in a test. The value is how the line begins."""

    DISPUTE_OPENED = "dispute opened"
    DISPUTE_CLOSED = "dispute closed"
    PROMISE = "promise"
    PROMISE_BROKEN = "promise broken"
    PROMISE_KEPT = "promise kept"
    PLAN_AGREED = "plan agreed"
    PLAN_BROKEN = "plan broken"
    PAYMENT = "payment"
    PAID = "paid"  # an item, or everything that is open
    CREDIT = "credit"
    CALL = "call"  # an outcome is logged for the open call
    PAUSED = "paused"
    RESUMED = "resumed"
    DECLINED = "declined"  # the approval that is waiting is refused
    FACT = "fact"  # a field takes another value: `status is under review`, `terms net 60`, `insolvent`


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happens on a day of the test. What a kind does not use is None.

    `item` is a document's number (None: all of them); `amount` is minor units of the house's currency;
    `until` is the date of a promise or the end of a pause, `until_day` the same as a day of the test;
    `favour` is `us` or `customer`; `outcome` is an outcome of a call; `column` and `value` are a fact's."""

    day: int
    what: What
    text: str
    place: Place
    item: str | None = None
    amount: int | None = None
    until: date | None = None
    until_day: int | None = None
    favour: str | None = None
    outcome: str | None = None
    column: str | None = None
    value: Value | None = None


@dataclass(frozen=True, slots=True)
class Want:
    """One step that must be taken. `steps` are those that the text can mean; one of them is enough.

    `policy` is the one that must have the account on that day, where it is not the one that is tested.
    """

    text: str
    steps: tuple[str, ...]
    place: Place
    policy: str | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must be on a day: steps, or nothing. `because` is None where the test does not ask why."""

    day: int
    text: str
    place: Place
    wants: tuple[Want, ...] = ()
    because: Reason | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """One test: the account with the test's own lines on top, events in the order of their days, expectations
    likewise.

    `policy` is set where the test expects that another policy takes the account (`expect: policy key-
    accounts`)."""

    name: str
    account: TrialAccount
    events: tuple[Happening, ...]
    expect: tuple[Expectation, ...]
    place: Place
    policy: str | None = None


@dataclass(frozen=True, slots=True)
class TrialFile:
    """One file of policies/tests. Without a `calendar` every day is open."""

    file: str
    policy: str
    trials: tuple[Trial, ...]
    place: Place
    calendar: str | None = None


# Other words that people use for a reason, in "nothing, because …".
REASONS: Mapping[str, Reason] = {reason.value: reason for reason in Reason} | {
    "not due": Reason.NOTHING_DUE,
    "paid": Reason.NOT_OVERDUE,
    "nothing overdue": Reason.NOT_OVERDUE,
    "nothing is overdue": Reason.NOT_OVERDUE,
    "no policy": Reason.NO_POLICY,
    "finished": Reason.LADDER_FINISHED,
    "never": Reason.NEVER,
    "insolvent": Reason.NEVER,
    "attorney": Reason.NEVER,
    "minimum": Reason.BELOW_MINIMUM,
    "too small": Reason.BELOW_MINIMUM,
    "dispute": Reason.DISPUTED,
    "dispute open": Reason.DISPUTED,
    "promise": Reason.PROMISED,
    "promised": Reason.PROMISED,
    "promise is open": Reason.PROMISED,
    "plan": Reason.PLANNED,
    "payment plan": Reason.PLANNED,
    "pause": Reason.PAUSED,
    "season": Reason.PAUSED,
    "holdout": Reason.HELD_OUT,
    "held out": Reason.HELD_OUT,
    "closed": Reason.CLOSED_DAY,
    "weekend": Reason.CLOSED_DAY,
    "holiday": Reason.CLOSED_DAY,
    "hours": Reason.OUTSIDE_HOURS,
    "gap": Reason.GAP,
    "too soon": Reason.GAP,
    "answer": Reason.ANSWER,
    "contact": Reason.CONTACT_LIMIT,
    "limit": Reason.CONTACT_LIMIT,
    "fresh": Reason.STALE,
    "stale": Reason.STALE,
    "stale ledger": Reason.STALE,
    "address": Reason.NO_ADDRESS,
    "calls": Reason.CALLS,
    "spoken with": Reason.SPOKEN,
    "no calls": Reason.NO_CALLS,
    "no contact": Reason.NO_CONTACT,
    "approval": Reason.APPROVAL,
    "not approved": Reason.APPROVAL,
    "stop": Reason.SAFETY_STOP,
    "capacity": Reason.NO_CAPACITY,
    "call open": Reason.CALL_OPEN,
    "call": Reason.CALL_OPEN,
    "no answer": Reason.CALL_AGAIN,
    "busy": Reason.CALL_AGAIN,
    "message": Reason.ON_ITS_WAY,
    "uncertain": Reason.UNCERTAIN,
    "no rate": Reason.NO_RATE,
}
