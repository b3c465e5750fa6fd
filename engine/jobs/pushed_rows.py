"""What another program may say: an invoice, a credit note, a payment, a customer, a state; and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from engine.core.ledger import Terms, due_date, read_terms
from engine.readers.headers import currencies
from engine.readers.numbers import digits

MOST_ROWS = 200_000


def _amount(value: object) -> object:
    """Money is text or a whole number: a JSON number with a point has been rounded by somebody already."""
    if isinstance(value, bool | float):
        raise ValueError('write the amount as text, as in "1200.00"')
    return value


Amount = Annotated[Decimal, BeforeValidator(_amount), Field(max_digits=16, decimal_places=4)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Day = Annotated[date, Field(ge=date(1970, 1, 1), le=date(2100, 12, 31))]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    customer: Name
    version: int | None = Field(default=None, ge=0, lt=2**63)


class Document(_Row):
    """A document as it is now. `open` is what is owed of it, all of it where that is not said."""

    type: Literal["invoice", "debit_note", "credit_note"]
    name: str = ""
    number: Name
    date: Day
    due: Day | None = None
    amount: Amount
    open: Amount | None = None
    currency: str
    po: str | None = None
    reference: str | None = None
    terms: str | None = None
    text: str | None = None
    disputed: bool | None = None


class Payment(_Row):
    """Money that came in, or went back (negative): for one invoice, or on account where it names none."""

    type: Literal["payment"]
    number: Name
    date: Day
    amount: Amount
    currency: str
    invoice: str = ""


class Customer(_Row):
    """A customer with one contact, as a whole: what is not said is empty from now on."""

    type: Literal["customer"]
    name: Name
    segment: str = ""
    terms: str = ""
    country: str = ""
    language: str = ""
    currency: str = ""
    owner: str = ""
    contact: str = ""
    role: str = ""
    email: str = ""
    phone: str = ""
    address: str = ""
    postcode: str = ""
    city: str = ""


class State(_Row):
    """What the ledger system has an account on: its terms, or what it holds (`none` for nothing)."""

    type: Literal["state"]
    what: Literal["terms", "hold"]
    state: Name


Row = Document | Payment | Customer | State


class Push(BaseModel):
    """A message: what has changed, or with `snapshot` the whole ledger."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event: Annotated[str, Field(min_length=1, max_length=200)]
    version: int = Field(ge=0, lt=2**63)
    snapshot: bool = False
    as_of: Day | None = None
    rows: list[dict[str, Any]] = Field(max_length=MOST_ROWS)


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in a push: the row counted from 1 (0: the message itself), the field, what to write instead."""

    row: int
    field: str
    sentence: str
    suggestion: str = ""

    def told(self) -> Mapping[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


ROWS: TypeAdapter[Row] = TypeAdapter(Annotated[Row, Field(discriminator="type")])


def read_rows(rows: Sequence[Mapping[str, Any]]) -> tuple[list[Row], list[Fault]]:
    """The rows as values, and every mistake in them; with one the values are of no use."""
    read: list[Row] = []
    faults: list[Fault] = []
    seen: dict[tuple[str, str, str], int] = {}
    for number, raw in enumerate(rows, 1):
        try:
            row = ROWS.validate_python(raw)
        except ValidationError as error:
            faults += validation_faults(number, error)
            continue
        faults += _money_faults(number, row)
        key = (type(row).__name__, row.customer, _named(row))
        if (first := seen.setdefault(key, number)) != number:
            faults.append(Fault(number, "number", f"row {first} is about the same", "send it once"))
        read.append(row)
    return read, faults


def validation_faults(number: int, error: ValidationError) -> list[Fault]:
    """The words of pydantic as mistakes of a row."""
    faults = []
    for one in error.errors(include_url=False, include_input=False):
        path = [str(part) for part in one["loc"]]
        if (
            path
            and path[0] in ("invoice", "debit_note", "credit_note", "payment", "customer", "state")
            and len(path) > 1
        ):
            path = path[1:]
        sentence = one["msg"].removeprefix("Value error, ")
        faults.append(Fault(number, ".".join(path) or "type", sentence[:1].lower() + sentence[1:]))
    return faults


def minor(amount: Decimal, currency: str) -> int:
    """An amount in minor units; its decimal places have been checked."""
    return int(amount.scaleb(digits(currency)))


def due_of(row: Document) -> date | None:
    """When a document falls due: as it says, else by its terms; a credit when it is made."""
    if row.due is not None:
        return row.due
    if row.type == "credit_note":
        return row.date
    terms = read_terms(row.terms) if row.terms else None
    return due_date(row.date, terms) if isinstance(terms, Terms) else None


def _named(row: Row) -> str:
    if isinstance(row, Customer):
        return ""
    if isinstance(row, State):
        return row.what
    return f"{row.number}/{row.invoice}" if isinstance(row, Payment) else row.number


def _money_faults(number: int, row: Row) -> list[Fault]:
    if isinstance(row, Customer | State):
        return []
    if row.currency not in currencies():
        return [
            Fault(
                number, "currency", f"“{row.currency}” is no currency", "write its three letters, as in USD"
            )
        ]
    faults = []
    places = digits(row.currency)
    amounts = {"amount": row.amount, "open": row.open if isinstance(row, Document) else None}
    for field, amount in amounts.items():
        if amount is None:
            continue
        if amount.scaleb(places) != amount.scaleb(places).to_integral_value():
            sentence = f"an amount in {row.currency} has {places} decimal places"
            faults.append(Fault(number, field, sentence, "send amounts rounded to them"))
        if isinstance(row, Document) and (amount > 0 if row.type == "credit_note" else amount < 0):
            sentence = f"{row.type.replace('_', ' ')} of {amount}: the sign does not fit"
            faults.append(Fault(number, field, sentence, "credit notes are negative, invoices are not"))
    if isinstance(row, Payment) and row.amount == 0:
        faults.append(Fault(number, "amount", "a payment of nothing", "leave it out"))
    if isinstance(row, Document) and due_of(row) is None:
        faults.append(
            Fault(number, "due", "it has neither a due date nor terms that are understood", "send due")
        )
    return faults
