"""The data dictionary: every fact that a policy can ask for, with its type, unit and sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Type(StrEnum):
    """What kind of value a field has. It decides which tests make sense and how they are written."""

    MONEY = "money"
    COUNT = "count"
    DAYS = "days"
    SHARE = "share"
    WORD = "word"
    FLAG = "yes or no"
    TAGS = "tags"

    @property
    def number(self) -> bool:
        return self in (Type.MONEY, Type.COUNT, Type.DAYS, Type.SHARE)

    @property
    def unit(self) -> str:
        """What a value is counted in, as the core compares it."""
        return {
            Type.MONEY: "minor units of the house's currency",
            Type.COUNT: "a number",
            Type.DAYS: "days",
            Type.SHARE: "per cent",
            Type.WORD: "a word",
            Type.FLAG: "yes or no",
            Type.TAGS: "any of its words",
        }[self]


@dataclass(frozen=True, slots=True)
class Field:
    """One fact. `column` is its name in every frame and in `Test.field`; `choices` are its only values, if it
    has such.

    `computed` facts come from the open items and the history; the others are stored as they are. `item` facts
    are of one item and can be asked for in `when` only. `norm` names how its words
    are made alike: country, language, terms; a zone and a person's id keep their capitals.
    """

    name: str
    type: Type
    sentence: str
    example: str
    column: str = ""
    choices: tuple[str, ...] = ()
    computed: bool = False
    item: bool = False
    norm: str = ""

    def __post_init__(self) -> None:
        if not self.column:
            object.__setattr__(self, "column", self.name)


def _field(name: str, type: Type, sentence: str, example: str, **more: object) -> Field:
    return Field(name, type, sentence, f"{name}: {example}", name.replace("-", "_"), **more)  # type: ignore[arg-type]


_M, _C, _D, _W, _F = Type.MONEY, Type.COUNT, Type.DAYS, Type.WORD, Type.FLAG

_ALL = (
    _field("balance", _M, "All that is open, after credits and unapplied cash.", "over 1,000", computed=True),
    _field(
        "overdue",
        _M,
        "What is past its due date, after credits; disputed and promised items still count.",
        "over 10,000",
        computed=True,
    ),
    _field("limit", _M, "The credit limit.", "at least 50,000"),
    _field("unapplied", _M, "Money received that is not matched to an invoice yet.", "over 0", computed=True),
    _field("disputed-amount", _M, "What is open on disputed items.", "under 500", computed=True),
    _field("largest", _M, "The largest open amount of a single invoice.", "over 25,000", computed=True),
    _field("invoices", _C, "How many invoices and debit notes are open.", "at least 3", computed=True),
    _field(
        "overdue-invoices",
        _C,
        "How many open invoices and debit notes are past due.",
        "over 5",
        computed=True,
    ),
    _field("contacts", _C, "Demands sent and calls that reached someone, in 12 months.", "under 4"),
    _field("broken", _C, "Promises broken in 12 months.", "at least 2"),
    _field("kept", _C, "Promises kept in 12 months.", "at least 3"),
    _field("claims", _C, "Disputes raised in 12 months.", "over 2"),
    _field("oldest", _D, "Days past due of the oldest overdue item.", "over 60", computed=True),
    _field("since-contact", _D, "Days since the last contact.", "at least 14", computed=True),
    _field("since-payment", _D, "Days since the last payment.", "over 90", computed=True),
    _field("age", _D, "Days since the account was opened.", "under 180", computed=True),
    _field("dbt", _D, "Average days beyond terms over 12 months, weighted by amount.", "over 15"),
    _field("used", Type.SHARE, "The balance as a share of the credit limit.", "at least 90%", computed=True),
    _field("segment", _W, "The group the customer belongs to, from the customer master.", "key"),
    _field(
        "terms",
        _W,
        "The terms of payment: from the customer master, else what its open items share, else “mixed”.",
        "net 30",
        norm="terms",
    ),
    _field("country", _W, "The customer's country: an ISO code or its English name.", "DE", norm="country"),
    _field("language", _W, "The language the customer is written to in.", "de", norm="language"),
    _field("currency", _W, "The currency the account is kept in.", "EUR"),
    _field("risk", _W, "The risk class, from the customer master.", "high"),
    _field(
        "owner", _W, "The person who owns the account, as dunwell.toml calls them.", "jortiz", norm="person"
    ),
    _field("legal-form", _W, "The legal form of the customer.", "sole trader"),
    _field("industry", _W, "The customer's industry.", "construction"),
    _field("status", _W, "The account's status in the ledger.", "under review"),
    _field(
        "response",
        _W,
        "What our last demand met.",
        "none",
        choices=("none", "acknowledged", "partial payment", "vague promise", "dispute", "full"),
    ),
    _field("time-zone", _W, "The customer's time zone.", "America/New_York", norm="zone"),
    _field("disputed", _F, "Whether an open item is disputed.", "yes", computed=True),
    _field("insolvent", _F, "Whether the customer is insolvent.", "yes"),
    _field("attorney", _F, "Whether an attorney acts for the customer.", "yes"),
    _field("natural-person", _F, "Whether the customer is a person, not a company.", "yes"),
    _field(
        "first-time", _F, "Whether there was no earlier episode in 24 months; fixed for the episode.", "yes"
    ),
    _field("strategic", _F, "Whether we want to keep the customer supplied in any case.", "no"),
    _field("contract-supply", _F, "Whether a contract obliges us to supply.", "yes"),
    _field(
        "promise",
        _W,
        "The state of the latest promise to pay.",
        "broken",
        choices=("none", "open", "kept", "broken"),
    ),
    _field("plan", _W, "The state of the payment plan.", "kept", choices=("none", "kept", "broken")),
    _field(
        "tags", Type.TAGS, "The account's tags; the test holds if it has one of them.", "[seasonal, chain]"
    ),
    _field("amount", _M, "What is open on the item.", "over 5,000", computed=True, item=True),
    _field("days-overdue", _D, "Days the item is past due.", "at least 10", computed=True, item=True),
)

FIELDS: Mapping[str, Field] = {field.name: field for field in _ALL}
_BY_COLUMN: Mapping[str, Field] = {field.column: field for field in _ALL}


def name_of(column: str) -> str:
    """The word in a policy file for a column: `legal-form` for `legal_form`; a workspace's own stay."""
    return _BY_COLUMN[column].name if column in _BY_COLUMN else column
