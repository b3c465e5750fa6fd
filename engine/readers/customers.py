"""The customer master as a second file: what a customer is, and whom to write to or call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

import polars as pl
from babel import Locale
from email_validator import EmailNotValidError, validate_email

from engine.core.ledger import Ambiguous, Terms, read_terms
from engine.core.problem import Problem, Severity
from engine.core.workdays import is_zone
from engine.readers.cells import spoilt
from engine.readers.dates import LANGUAGES, read_dates
from engine.readers.documents import yes_no
from engine.readers.headers import Header, column_of, currencies, find_header, listed, normal
from engine.readers.ledger import choose_sheet, cut_end
from engine.readers.numbers import read_numbers, to_minor
from engine.readers.profile import Profile
from engine.readers.reading import Found, in_order
from engine.readers.table import Table, cell_text, read_tables
from engine.readers.zones import near_zone

# One row a customer, named as in a decision's accounts; a workspace's own columns follow as text.
CUSTOMERS: dict[str, pl.DataType] = {
    "account": pl.String(),
    "name": pl.String(),
    "segment": pl.String(),
    "terms": pl.String(),
    "country": pl.String(),  # ISO 3166 alpha-2, lower case
    "language": pl.String(),
    "currency": pl.String(),
    "risk": pl.String(),
    "owner": pl.String(),
    "legal_form": pl.String(),
    "industry": pl.String(),
    "status": pl.String(),
    "time_zone": pl.String(),
    "tags": pl.List(pl.String()),
    "insolvent": pl.Boolean(),
    "attorney": pl.Boolean(),
    "natural_person": pl.Boolean(),
    "strategic": pl.Boolean(),
    "contract_supply": pl.Boolean(),
    "limit": pl.Int64(),  # minor units of the currency given, which is the house's
    "opened": pl.Date(),
}
CONTACTS: dict[str, pl.DataType] = {
    "account": pl.String(),
    "role": pl.String(),
    "name": pl.String(),
    "email": pl.String(),
    "phone": pl.String(),
    "address": pl.String(),  # lines, divided by line ends
    "postcode": pl.String(),
    "city": pl.String(),
    "country": pl.String(),
    "language": pl.String(),
}
_WORDS = ("segment", "risk", "legal_form", "industry", "status")  # compared in policies, so in lower case
_YES_NO = ("insolvent", "attorney", "natural_person", "strategic", "contract_supply")
_NO_MAIL = frozenset(("", "-", "n/a", "na", "none", "?"))
_ROLES = {"": "accounts payable", "ap": "accounts payable", "accounting": "accounts payable"}
_ROLES |= dict.fromkeys(
    ("owner", "ceo", "director", "managing director", "cfo", "finance director"), "principal"
)


@dataclass(frozen=True, slots=True)
class CustomersReading:
    """A customer master read. With an error among `problems` the frames are empty: all or nothing."""

    customers: pl.DataFrame
    contacts: pl.DataFrame
    problems: tuple[Problem, ...]
    own: tuple[str, ...] = ()  # the workspace's own fields, as text columns of `customers`
    profile: Profile = field(default_factory=Profile)
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not any(problem.severity is Severity.ERROR for problem in self.problems)


def read_customers(
    name: str, data: bytes, *, profile: Profile | None = None, currency: str | None = None
) -> CustomersReading:
    """Read a customer master. A customer may have several rows, one a contact; `currency` is that of
    credit limits.
    """
    profile = profile or Profile()
    tables, problems = read_tables(
        name, data, encoding=profile.encoding, separator=profile.separator, sheet=profile.sheet
    )
    if problems:
        return _refused(problems, profile)
    return read_customers_tables(tables, profile=profile, currency=currency)


def read_customers_tables(
    tables: Sequence[Table], *, profile: Profile, currency: str | None = None
) -> CustomersReading:
    """Read a customer master that has been opened. As `read_customers`."""
    table = choose_sheet(tables, profile, master=True)
    if isinstance(table, Problem):
        return _refused([table], profile)
    header, problems = find_header(table, profile, master=True)
    problems += cut_end(table, profile)
    if header is None:
        return _refused(problems, profile)
    if "account" not in header.columns and "name" not in header.columns:
        problems.append(
            table.problem(
                header.last,
                0,
                "no-customer",
                "no column holds the customer",
                'name it in the profile, under [columns]: account = "…". The columns are '
                f"{listed(header.names)}",
            )
        )
    master = _Master(table, header, profile, currency or profile.currency or "USD")
    master.found.extend(problems)
    own = master.own_columns()
    if not master.found.problems:
        master.read(own)
    if any(problem.severity is Severity.ERROR for problem in master.found.problems):
        return _refused(master.found.all(), profile)
    schema = CUSTOMERS | dict.fromkeys(own, pl.String())
    return CustomersReading(
        customers=pl.DataFrame(list(master.customers.values()), schema=schema),
        contacts=pl.DataFrame(master.contacts, schema=CONTACTS),
        problems=in_order(master.found.all()),
        own=tuple(own),
        profile=profile,
        notes=(f"{len(master.customers):,} customers, {len(master.contacts):,} contacts.",),
    )


def _refused(problems: list[Problem], profile: Profile) -> CustomersReading:
    return CustomersReading(
        pl.DataFrame(schema=CUSTOMERS), pl.DataFrame(schema=CONTACTS), in_order(problems), profile=profile
    )


class _Master:
    """The rows of one customer master, read one by one into customers and contacts."""

    def __init__(self, table: Table, header: Header, profile: Profile, currency: str) -> None:
        self._table = table
        self._header = header
        self._columns = header.columns
        self._profile = profile
        self._currency = currency
        self.found = Found(table)
        self.customers: dict[str, dict[str, object]] = {}
        self.contacts: list[dict[str, str | None]] = []

    def own_columns(self) -> dict[str, int]:
        """The workspace's own fields and their columns."""
        columns = {}
        for own, wanted in self._profile.own.items():
            at = column_of(self._header.names, wanted)
            if len(at) == 1:
                columns[own] = at[0]
            else:
                sentence = f"the file has {'no' if not at else 'more than one'} column “{wanted}”"
                place = self._profile.place(f"own.{own}")
                names = listed(self._header.names)
                self.found.problems.append(Problem(place, sentence, f"its columns are {names}", "no-column"))
        return columns

    def read(self, own: Mapping[str, int]) -> None:
        """All rows below the header; blank ones are skipped."""
        table, width = self._table, len(self._header.names)
        rows = [
            row
            for row in range(self._header.last + 1, len(table.rows))
            if any(c != "" for c in table.rows[row])
        ]
        limits = [self._columns["limit"]] if "limit" in self._columns else []
        opened = [self._columns["opened"]] if "opened" in self._columns else []
        numbers = read_numbers(table, rows, limits, self._profile)
        days = read_dates(table, rows, opened, self._profile)
        self.found.extend(numbers.problems)
        self.found.extend(days.problems)
        numbered = any(self._text(row, "account") for row in rows)
        for at, row in enumerate(rows):
            cells = table.rows[row]
            if table.separator and (len(cells) < width or any(cell != "" for cell in cells[width:])):
                self.found.add(
                    row,
                    min(len(cells), width) - 1,
                    "cut-row",
                    f"this row has {len(cells)} columns, the header {width}",
                    "export the file again; put text that holds the separator in quotes",
                )
                continue
            account, name = self._text(row, "account"), self._text(row, "name")
            if not account and name and numbered:
                sentence = f"“{name}” has no customer number, others have one"
                self._wrong(row, "account", "no-customer-number", sentence, "fill it in")
                continue
            account = account or name
            if not account:
                self._wrong(
                    row,
                    "account",
                    "no-customer",
                    "this row names no customer",
                    "fill in the customer's number",
                )
                continue
            meaning = "account" if self._text(row, "account") else "name"
            if wrong := spoilt(table.cell(row, self._columns[meaning])):
                self._wrong(row, meaning, *wrong)
            limit = numbers.columns[0][at] if limits else None
            values = self._customer(row, account, own)
            values["limit"] = None if limit is None else to_minor(limit, self._currency)
            values["opened"] = days.columns[0][at] if opened else None
            self._keep(row, account, values)
            self._contact(row, account)

    def _keep(self, row: int, account: str, values: dict[str, object]) -> None:
        before = self.customers.get(account)
        if before is None:
            self.customers[account] = values
            return
        for name, value in values.items():
            if before[name] in (None, [], account):
                before[name] = value
            elif value not in (None, [], account) and value != before[name] and name != "language":
                self._wrong(
                    row,
                    name,
                    "two-answers",
                    f"customer {account} has another {name.replace('_', ' ')} in an earlier row: "
                    f"“{before[name]}”",
                    "write it the same way in each row of this customer, or only in the first",
                )

    def _customer(self, row: int, account: str, own: Mapping[str, int]) -> dict[str, object]:
        values: dict[str, object] = dict.fromkeys(CUSTOMERS)
        values |= {"account": account, "name": self._text(row, "name") or account}
        values |= {name: self._text(row, name).casefold() or None for name in _WORDS}
        values |= {name: self._yes_no(row, name) for name in _YES_NO}
        values["owner"] = self._text(row, "owner") or None
        values["terms"] = self._terms(row)
        values["country"] = self._country(row)
        values["language"] = self._language(row)
        values["currency"] = self._currency_of(row)
        values["time_zone"] = self._time_zone(row)
        tags = self._text(row, "tags").replace(";", ",").replace("|", ",").split(",")
        values["tags"] = [tag.strip().casefold() for tag in tags if tag.strip()]
        values |= {name: cell_text(self._table.cell(row, column)) or None for name, column in own.items()}
        return values

    def _contact(self, row: int, account: str) -> None:
        lines = [self._text(row, name) for name in ("address", "address_2", "address_3")]
        contact: dict[str, str | None] = {
            "account": account,
            "role": _ROLES.get(role := normal(self._text(row, "role")), role),
            "name": self._text(row, "contact") or None,
            "email": self._email(row),
            "phone": self._phone(row),
            "address": "\n".join(line for line in lines if line) or None,
            "postcode": self._text(row, "postcode") or None,
            "city": self._text(row, "city") or None,
        }
        if any(contact[name] for name in ("name", "email", "phone", "address")):
            contact |= {"country": self._country(row), "language": self._language(row)}
            self.contacts.append(contact)

    def _text(self, row: int, meaning: str) -> str:
        column = self._columns.get(meaning)
        return "" if column is None else cell_text(self._table.cell(row, column))

    def _wrong(self, row: int, meaning: str, code: str, sentence: str, suggestion: str) -> None:
        self.found.add(row, self._columns.get(meaning, 0), code, sentence, suggestion)

    def _warn(self, row: int, meaning: str, code: str, sentence: str, suggestion: str) -> None:
        self.found.add(row, self._columns.get(meaning, 0), code, sentence, suggestion, Severity.WARNING)

    def _yes_no(self, row: int, meaning: str) -> bool | None:
        text = self._text(row, meaning)
        answer = yes_no(text) if text else None
        if text and answer is None:
            self._wrong(row, meaning, "yes-or-no", f"“{text}” is neither yes nor no", "write yes or no")
        return answer

    def _terms(self, row: int) -> str | None:
        text = self._text(row, "terms")
        terms = read_terms(self._profile.term_codes.get(text, text)) if text else None
        if isinstance(terms, Terms):
            return terms.text
        if text:
            sentence = f"the terms “{text}” are not understood"
            if isinstance(terms, Ambiguous):
                sentence = f"“{text}” can mean " + " or ".join(f"“{one.text}”" for one in terms.readings)
            say = f'say what they mean in the profile, under [term_codes]: "{text}" = "net 30"'
            self._wrong(row, "terms", "terms", sentence, say)
        return None

    def _country(self, row: int) -> str | None:
        text = self._text(row, "country")
        code = _countries().get(normal(text)) if text else None
        if text and code is None:
            sentence = f"“{text}” is no country that is known; it is left empty"
            self._warn(row, "country", "country", sentence, "write its two letters, such as DE")
        return code

    def _language(self, row: int) -> str | None:
        text = self._text(row, "language")
        code = _languages().get(normal(text)) or (text.casefold()[:2] if text[2:3] in ("-", "_") else None)
        if text and code is None:
            sentence = f"“{text}” is no language that is known; it is left empty"
            self._warn(row, "language", "language", sentence, "write its two letters, such as de")
        return code

    def _time_zone(self, row: int) -> str | None:
        text = self._text(row, "time_zone")
        if not text or is_zone(text):
            return text or None
        sentence = f"“{text}” is no time zone that is known; it is left empty"
        hint = near_zone(text) if self.found.has_room("time-zone") else ""
        self._warn(row, "time_zone", "time-zone", sentence, hint)
        return None

    def _currency_of(self, row: int) -> str | None:
        text = self._text(row, "currency")
        if text and text.upper() not in currencies():
            self._wrong(
                row,
                "currency",
                "currency",
                f"“{text}” is no currency",
                "write its three letters, such as EUR",
            )
            return None
        return text.casefold() or None

    def _email(self, row: int) -> str | None:
        text = self._text(row, "email")
        if text.casefold() in _NO_MAIL:
            return None
        try:
            return validate_email(text, check_deliverability=False).normalized
        except EmailNotValidError:
            several = any(mark in text for mark in ",;")
            hint = "write one address a row" if several else "correct it where it is kept"
            self._warn(row, "email", "bad-address", f"“{text}” is no e-mail address; it is left empty", hint)
            return None

    def _phone(self, row: int) -> str | None:
        text = self._text(row, "phone")
        return text if sum(character.isdigit() for character in text) >= 5 else None


@cache
def _countries() -> Mapping[str, str]:
    """Names of countries in every language read, and their codes, to lower-case ISO codes."""
    found: dict[str, str] = {"usa": "us", "uk": "gb", "great britain": "gb", "holland": "nl"}
    for language in LANGUAGES:
        for code, country in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha() and code not in ("EU", "EZ", "UN", "XA", "XB", "ZZ"):
                found.setdefault(code.casefold(), code.casefold())
                found.setdefault(normal(str(country)), code.casefold())
    return MappingProxyType(found)


@cache
def _languages() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for language in LANGUAGES:
        for code, spoken in Locale(language).languages.items():
            if len(code) == 2:
                found.setdefault(code, code)
                found.setdefault(normal(str(spoken)), code)
    return MappingProxyType(found)
