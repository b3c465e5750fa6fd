"""Each item row becomes a document: who owes, what it is, when it falls due, how much is open."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from engine.core.ledger import Terms, due_date, read_terms
from engine.core.problem import Severity
from engine.readers.aliases import KINDS, NO, YES
from engine.readers.headers import Header, currencies, normal, words
from engine.readers.numbers import SCALE, digits, mark_currency, parse, to_minor, written
from engine.readers.profile import Profile
from engine.readers.reading import ROWS, Found, SetAside
from engine.readers.rows import Classified
from engine.readers.table import Cell, Table, cell_text

_DAMAGED = re.compile(r"\d([.,]\d+)?E\+\d+", re.IGNORECASE)
_DEBIT = frozenset(("s", "d", "dr", "debit", "soll", "debe", "debito", "dare"))
_CREDIT = frozenset(("h", "c", "cr", "credit", "haben", "haber", "credito", "avere"))
_OWED = ("invoice", "debit_note")


@cache
def kind_of(code: str) -> str:
    """The kind of document a type stands for in any system read; empty where it is not known."""
    plain = normal(code)
    return next((kind for kind, names in KINDS.items() if plain in words(names)), "")


class Documents:
    """Reads the item rows of one table into columns; problems go to `found`, rows set aside to `aside`."""

    def __init__(
        self,
        table: Table,
        header: Header,
        classified: Classified,
        profile: Profile,
        found: Found,
        read: Mapping[str, Sequence[Any]],
        rows: Sequence[int],
        currency: str,
        as_of: date | None,
        decimal: str,
    ) -> None:
        self._table = table
        self._columns = header.columns
        self._parties = classified.parties
        self._profile = profile
        self._found = found
        self._read = read
        self._rows = rows
        self._currency = currency
        self._as_of = as_of
        self._decimal = decimal
        self._kinds = {normal(code): kind for code, kind in profile.kinds.items()}
        self._terms_seen: dict[str, Terms | None] = {}
        self._all_terms = self._canonical(profile.terms) if profile.terms else None
        self._flags = [
            (re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE), word, effect)
            for word, effect in profile.text_flags.items()
        ]
        self._seen: dict[tuple[str, str], tuple[int, tuple[Any, ...]]] = {}
        self._occurrences: Counter[tuple[str, str]] = Counter()
        self._people: dict[str, dict[str, str]] = {}
        self._later: Counter[str] = Counter()
        self._later_value: Counter[str] = Counter()
        self._unread_terms: Counter[str] = Counter()
        self._currencies: dict[str, str] = {}
        self.columns: dict[str, list[Any]] = {name: [] for name in ROWS}
        self.aside: list[SetAside] = []
        self.valued: list[tuple[int, int, str]] = []  # row, open, currency of every row with an amount

    def read(self) -> None:
        """All rows."""
        for at, row in enumerate(self._rows):
            self._one(at, row)

    def customers(self) -> list[tuple[str | None, ...]]:
        """Account, name, contact, e-mail and phone, as the ledger itself has them."""
        return [
            (account, *(bits.get(name) or None for name in ("name", "contact", "email", "phone")))
            for account, bits in self._people.items()
        ]

    def notes(self) -> list[str]:
        """What a reader should know although nothing is wrong."""
        notes = []
        counted = Counter((entry.why, entry.currency) for entry in self.aside)
        for (why, currency), count in counted.items():
            amounts = [entry.amount for entry in self.aside if entry.why == why and entry.currency == currency]
            worth = f", worth {written(sum(filter(None, amounts)), currency)}" if currency and any(amounts) else ""
            notes.append(f"{count:,} row{'s' if count > 1 else ''} set aside: {why}{worth}.")
        for currency, count in self._later.items():
            value = written(self._later_value[currency], currency)
            notes.append(f"{count:,} documents are dated after {self._as_of} and not in the ledger yet, worth {value}.")
        if self._unread_terms:
            shown = ", ".join(f"“{text}”" for text, _ in self._unread_terms.most_common(5))
            notes.append(
                f"{self._unread_terms.total():,} rows have terms that are not understood ({shown}); their due dates are used."
            )
        return notes

    # one row

    def _text(self, row: int, meaning: str) -> str:
        column = self._columns.get(meaning)
        return "" if column is None else cell_text(self._table.cell(row, column))

    def _at(self, meaning: str) -> int:
        return self._columns.get(meaning, 0)

    def _value(self, meaning: str, at: int) -> Any:
        column = self._read.get(meaning)
        return None if column is None else column[at]

    def _one(self, at: int, row: int) -> None:
        account, name = self._customer(row)
        issued: date | None = self._value("date", at)
        if issued is None:
            if self._text(row, "date") == "":
                self._wrong(row, "date", "no-document-date", "this item has no document date", "fill in the date")
            return
        currency = self._row_currency(row)
        amount, owing = self._amounts(at, row, currency)
        number = self._text(row, "item")
        if owing is None:
            if self._is_missing(row):
                self._set_aside(row, "missing amount", None, currency, account, number, "no-amount",
                                "this item has no open amount", "fill it in")
            return
        kind, owing, amount = self._kind(row, owing, amount, bool(number))
        due = self._due(at, row, kind, issued)
        if not account or not currency or not kind or due is None:
            return
        self.valued.append((row, owing, currency))
        item = self._key(row, number, kind, issued, due, amount, currency)
        details = (tuple(self._table.rows[row]), owing, currency)
        if self._settled_later(issued, owing, currency):
            return
        if self._aside_because(row, kind, issued, due, owing, currency, account, item):
            return
        kept = self._unique(row, account, item, details, made=not number or bool(self._profile.key))
        if kept is None:
            return
        paid: date | None = None
        if self._profile.settled:
            paid = self._value("paid_on", at)
            paid = paid if paid and self._as_of and paid <= self._as_of else None
            owing = 0 if paid else owing
        terms = self._row_terms(row)
        flagged = self._flag(row)
        values = (
            self._table.lines[row], kind, account, name, kept, issued, due, amount, owing, currency, paid,
            self._text(row, "po") or None, self._text(row, "reference") or None, terms.text if terms else None,
            self._text(row, "text") or None, True if flagged == "disputed" else self._disputed(row),
            self._value("statement", at), self._rate(row),
        )  # fmt: skip
        for column, value in zip(self.columns.values(), values, strict=True):
            column.append(value)

    def _wrong(self, row: int, meaning: str, code: str, sentence: str, suggestion: str) -> None:
        self._found.add(row, self._at(meaning), code, sentence, suggestion)

    def _customer(self, row: int) -> tuple[str, str]:
        account = self._identity(row, "account")
        name = self._text(row, "name")
        party = self._parties[row]
        heading = account_above = ""
        if party >= 0:
            heading = next((cell_text(cell) for cell in self._table.rows[party] if cell != ""), "")
            account_above = self._identity(party, "account") or heading
            heading = self._text(party, "name") or self._second(party) or heading
        if not account:
            account = name or account_above
            name = name or heading
        name = name or heading or account
        if not account:
            self._wrong(row, "account", "no-customer", "this item has no customer", "fill in the customer")
            return "", ""
        bits = self._people.setdefault(account, {})
        bits.setdefault("name", name)
        for meaning in ("contact", "email", "phone"):
            if meaning in self._columns and not bits.get(meaning):
                bits[meaning] = self._text(row, meaning) or (self._text(party, meaning) if party >= 0 else "")
        return account, name

    def _second(self, party: int) -> str:
        """The name beside the account on a customer's line, where no column is the name's."""
        texts = [cell_text(cell) for cell in self._table.rows[party] if cell != ""]
        return texts[1] if len(texts) > 1 and not {"account", "name"} & set(self._columns) else ""

    def _identity(self, row: int, meaning: str) -> str:
        column = self._columns.get(meaning)
        if column is None:
            return ""
        cell = self._table.cell(row, column)
        text = cell_text(cell)
        if (isinstance(cell, Decimal) and abs(cell) >= 10**15) or _DAMAGED.fullmatch(text):
            self._found.add(
                row,
                column,
                "lost-digits",
                f"“{text}”: a spreadsheet has rounded this number",
                "format the column as text before the numbers are put in, or export as CSV and do not open it in between",
            )
        return text

    def _row_currency(self, row: int) -> str:
        column = self._columns.get("currency")
        if column is None:
            return self._currency
        text = cell_text(self._table.cell(row, column))
        if text not in self._currencies:
            code = text.upper() if text.upper() in currencies() else mark_currency(text)
            self._currencies[text] = code if text else self._currency
        code = self._currencies[text]
        if not code:
            self._found.add(
                row,
                column,
                "no-currency" if not text else "currency",
                f"“{text}” is no currency" if text else "this item names no currency",
                "write its three letters, such as EUR",
            )
        return code

    def _amounts(self, at: int, row: int, currency: str) -> tuple[int | None, int | None]:
        """Original and open amount in minor units."""
        owing: int | None = self._value("open", at)
        amount: int | None = self._value("amount", at)
        if self._profile.settled:
            owing = amount if "amount" in self._read else owing
        if amount is None:
            amount = owing
        if owing is None or amount is None or not currency:
            return None, None
        if self._profile.sign == "reversed":
            owing, amount = -owing, -amount
        indicator = normal(self._text(row, "indicator"))
        if "indicator" in self._columns:
            if indicator in _CREDIT:
                owing, amount = -abs(owing), -abs(amount)
            elif indicator not in _DEBIT:
                self._wrong(row, "indicator", "indicator", f"“{indicator}” is neither debit nor credit", "write S or H, D or C")
        fine = to_minor(owing, currency), to_minor(amount, currency)
        if None in fine:
            self._wrong(
                row,
                "open" if fine[0] is None else "amount",
                "too-many-decimals",
                f"an amount in {currency} has {digits(currency)} decimal places",
                "export rounded amounts",
            )
        return fine[1], fine[0]

    def _is_missing(self, row: int) -> bool:
        """Whether the amount's cell is empty, rather than wrong, which is said already."""
        column = self._at("amount") if self._profile.settled and "amount" in self._columns else self._at("open")
        cell = self._table.cell(row, column)
        return cell == "" or (isinstance(cell, str) and not re.search(r"\w", cell))

    def _kind(self, row: int, owing: int, amount: int, numbered: bool) -> tuple[str, int, int]:
        code = self._text(row, "kind")
        if code:
            kind = self._kinds.get(normal(code)) or kind_of(code)
            if not kind:
                self._wrong(
                    row,
                    "kind",
                    "unknown-type",
                    f"“{code}” is no document type that is known",
                    f'say what it is in the profile, under [kinds]: "{code}" = "invoice", "debit_note", "credit_note", '
                    '"payment" or "journal"',
                )
                return "", owing, amount
        elif normal(self._text(row, "item")) in words(KINDS["payment"]):
            kind = "payment"
        else:
            kind = "invoice" if owing >= 0 else ("credit_note" if numbered else "payment")
        if kind in ("credit_note", "payment") and owing > 0:
            if self._profile.sign == "by kind":
                owing, amount = -owing, -abs(amount)
            elif self._profile.sign == "as written":
                kind = "debit_note"
            else:
                self._wrong(
                    row,
                    "open",
                    "positive-credit",
                    f"a {kind.replace('_', ' ')} with a positive amount: does the customer owe it, or is it in their favour?",
                    'say in the profile: sign = "by kind" where this file writes credits without a minus, '
                    'or sign = "as written" where the customer owes it',
                )
        elif kind in _OWED and owing < 0:
            kind = "credit_note"
        return kind, owing, amount

    def _due(self, at: int, row: int, kind: str, issued: date) -> date | None:
        due: date | None = self._value("due", at)
        if due is None and self._text(row, "due") == "":
            terms = self._row_terms(row) or self._all_terms
            if kind not in _OWED:
                return issued
            if terms is None:
                said = self._text(row, "terms")
                self._wrong(
                    row,
                    "due" if "due" in self._columns else "terms",
                    "no-due-date",
                    f"this item has no due date, and its terms “{said}” are not understood"
                    if said
                    else "this item has neither due date nor terms",
                    f'say what they mean in the profile, under [term_codes]: "{said}" = "net 30"'
                    if said
                    else 'fill in the due date, or say the terms that hold in the profile: terms = "net 30"',
                )
                return None
            return due_date(issued, terms)
        return due

    def _row_terms(self, row: int) -> Terms | None:
        text = self._text(row, "terms")
        if not text:
            return None
        if text not in self._terms_seen:
            self._terms_seen[text] = self._canonical(self._profile.term_codes.get(text, text))
        if self._terms_seen[text] is None:
            self._unread_terms[text] += 1
        return self._terms_seen[text]

    @staticmethod
    def _canonical(text: str) -> Terms | None:
        terms = read_terms(text)
        return terms if isinstance(terms, Terms) else None

    def _key(self, row: int, number: str, kind: str, issued: date, due: date, amount: int, currency: str) -> str:
        """The document's number; where there is none, a key that stays the same in the next export."""
        parts = self._profile.key
        if number and not parts:
            return self._identity(row, "item")
        if not parts:
            if kind in _OWED and "item" in self._columns:
                self._wrong(row, "item", "no-document-number", "this item has no document number",
                            'fill it in, or say in the profile what tells documents apart: key = ["date", "due", "amount"]')  # fmt: skip
            parts = ("kind", "date", "due", "amount")
        values = {
            "item": number,
            "kind": kind.replace("_", " "),
            "date": str(issued),
            "due": str(due),
            "amount": written(amount, currency).rpartition(" ")[0].replace(",", ""),
        }
        return "/".join(values[part] if part in values else self._text(row, part) for part in parts)

    def _settled_later(self, issued: date, owing: int, currency: str) -> bool:
        """Documents that did not exist yet on the day to which a settled ledger is played."""
        if not self._profile.settled or self._as_of is None or issued <= self._as_of:
            return False
        self._later[currency] += 1
        self._later_value[currency] += owing
        return True

    def _aside_because(
        self, row: int, kind: str, issued: date, due: date, owing: int, currency: str, account: str, item: str
    ) -> bool:
        line = self._table.lines[row]
        if self._flag(row) == "set aside":
            self.aside.append(SetAside(line, f"its text says “{self._flagged(row)}”", owing, currency, account, item))
            return True
        if owing == 0:
            # Nothing is owed and nothing can be lost by leaving it out, so this only warns.
            self._set_aside(row, "zero open", 0, currency, account, item, "zero-open", "nothing is open on this item",
                            "it is left out", Severity.WARNING)  # fmt: skip
            return True
        if due < issued and kind in _OWED:
            self._set_aside(row, "due before issue", owing, currency, account, item, "due-before-issue",
                            f"this item falls due on {due}, before its own date {issued}", "correct the dates")  # fmt: skip
            return True
        return False

    def _set_aside(
        self,
        row: int,
        why: str,
        amount: int | None,
        currency: str,
        account: str,
        item: str,
        code: str,
        sentence: str,
        suggestion: str,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Set aside where the profile declares it, else a problem (a warning is set aside as well)."""
        declared = why in self._profile.set_aside
        if declared or severity is Severity.WARNING:
            self.aside.append(SetAside(self._table.lines[row], why, amount, currency, account, item))
        if not declared:
            more = f'{suggestion}; to set such rows aside, with their list and value, say in the profile: set_aside = ["{why}"]'
            meaning = "due" if why == "due before issue" else ("open" if "open" in self._columns else "amount")
            meaning = "item" if why == "exact duplicate" else meaning
            self._found.add(row, self._at(meaning), code, sentence, more, severity)

    def _unique(self, row: int, account: str, item: str, details: tuple[Any, ...], *, made: bool) -> str | None:
        """The key, with its occurrence where a made key comes again; None where the row is not taken."""
        before = self._seen.get((account, item))
        if before is None:
            self._seen[account, item] = (row, details)
            return item
        line = self._table.lines[before[0]]
        same = before[1] == details
        if same and ("exact duplicate" in self._profile.set_aside or not made):
            self._set_aside(row, "exact duplicate", details[1], details[2], account, item, "exact-duplicate",
                            f"this row repeats row {line} exactly", "delete one")  # fmt: skip
            return None
        if not made:
            self._wrong(
                row,
                "item",
                "same-number",
                f"“{item}” is also the number in row {line}, with other details",
                'where these are instalments, say in the profile: key = ["item", "due"]; where they are of different '
                'types: key = ["item", "kind"]',
            )
            return None
        if same:
            self._found.add(
                row,
                self._at("open"),
                "exact-duplicate",
                f"this row repeats row {line} exactly; both are counted",
                'where it is a mistake, say in the profile: set_aside = ["exact duplicate"]',
                Severity.WARNING,
            )
        self._occurrences[account, item] += 1
        return f"{item}/{self._occurrences[account, item] + 1}"

    def _flag(self, row: int) -> str:
        text = self._text(row, "text") if self._flags else ""
        return next((effect for pattern, _, effect in self._flags if text and pattern.search(text)), "")

    def _flagged(self, row: int) -> str:
        text = self._text(row, "text")
        return next(word for pattern, word, effect in self._flags if effect == "set aside" and pattern.search(text))

    def _disputed(self, row: int) -> bool | None:
        text = self._text(row, "disputed")
        if not text:
            return None
        answer = yes_no(text)
        if answer is None:
            self._wrong(row, "disputed", "yes-or-no", f"“{text}” is neither yes nor no", "write yes or no")
        return answer

    def _rate(self, row: int) -> float | None:
        column = self._columns.get("rate")
        cell: Cell = "" if column is None else self._table.cell(row, column)
        if cell == "":
            return None
        number = parse(cell) if isinstance(cell, str) else parse(cell_text(cell))
        if number is None or number.negative:
            self._wrong(row, "rate", "not-a-number", f"“{cell_text(cell)}” is not an exchange rate", "write for example 1.0842")
            return None
        decimal = self._decimal if isinstance(cell, str) else "."
        whole, _, fraction = number.body.partition(decimal)
        return float(f"{re.sub(r'[^0-9]', '', whole) or '0'}.{fraction or '0'}")


def yes_no(text: str) -> bool | None:
    """Yes or no in any language read; None for anything else."""
    plain = normal(text)
    return True if plain in words(YES) else False if plain in words(NO) else None
