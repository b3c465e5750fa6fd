"""Each item row becomes a document: who owes, what it is, when it falls due, how much is open."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from engine.core.ledger import Ambiguous, Terms, due_date, read_terms
from engine.readers.aliases import KINDS, NO, YES
from engine.readers.cells import Cells, Parties
from engine.readers.currency import Currencies, Default
from engine.readers.headers import normal, words
from engine.readers.kept import OWED, Document, Kept
from engine.readers.numbers import Numbers, digits, to_minor
from engine.readers.rates import Rates
from engine.readers.reading import ROWS
from engine.readers.stated import Item

_DEBIT = frozenset(("s", "d", "dr", "debit", "soll", "debe", "debito", "dare"))
_CREDIT = frozenset(("h", "c", "cr", "credit", "haben", "haber", "credito", "avere"))


@cache
def kind_of(code: str) -> str:
    """The kind of document a type stands for in any system read; empty where it is not known."""
    plain = normal(code)
    return next((kind for kind, names in KINDS.items() if plain in words(names)), "")


def yes_no(text: str) -> bool | None:
    """Yes or no in any language read; None for anything else."""
    plain = normal(text)
    return True if plain in words(YES) else False if plain in words(NO) else None


class Documents:
    """Reads the item rows of one table into columns.

    `read` has the amounts (ten-thousandths) and dates of `rows` by meaning; `currency` is that of amounts that name
    none; `numbers` how the file's amounts were read.
    """

    def __init__(
        self,
        cells: Cells,
        sections: Sequence[int],
        rows: Sequence[int],
        read: Mapping[str, Sequence[Any]],
        *,
        currency: Default,
        as_of: date | None,
        numbers: Numbers,
    ) -> None:
        self._cells = cells
        self._profile = cells.profile
        self._rows = rows
        self._read = read
        self._currencies = Currencies(cells, numbers, currency)
        self._as_of = as_of
        self._decimal = numbers.decimal
        self._rates = Rates(cells, rows, numbers.told)
        self._kinds = {normal(code): kind for code, kind in self._profile.kinds.items()}
        self._terms: dict[str, Terms | Ambiguous | None] = {}
        self._not_understood: Counter[str] = Counter()
        self.parties = Parties(cells, sections, rows)
        self.kept = Kept(cells, as_of)
        self.columns: dict[str, list[Any]] = {name: [] for name in ROWS}
        self.valued: list[Item] = []  # every row with an amount

    def read(self) -> None:
        """All rows; what is wrong goes to the cells' problems."""
        for at, row in enumerate(self._rows):
            self._one(at, row)

    def notes(self) -> list[str]:
        """What a reader should know although nothing is wrong."""
        notes = self.kept.notes()
        if self._not_understood:
            shown = ", ".join(f"“{text}”" for text, _ in self._not_understood.most_common(5))
            count = self._not_understood.total()
            notes.append(
                f"{count:,} rows have terms that are not understood ({shown}); their due dates are used."
            )
        return notes

    def _value(self, meaning: str, at: int) -> Any:
        column = self._read.get(meaning)
        return None if column is None else column[at]

    def _one(self, at: int, row: int) -> None:
        cells = self._cells
        account, name = self.parties.of(row)
        issued: date | None = self._value("date", at)
        if issued is None and cells.text(row, "date") == "":
            cells.wrong(row, "date", "no-document-date", "this item has no document date", "fill it in")
        currency = self._currencies.of(row)
        amount, owing = self._amounts(at, row, currency)
        if self._is_missing(row):
            self.kept.missing_amount(row, account, currency)
        if owing is None or amount is None or issued is None:
            return
        number = cells.identity(row, "item")
        kind, owing, amount = self._kind(row, owing, amount, number)
        due = self._due(at, row, kind, issued)
        if not account or not currency or not kind or due is None:
            return
        self.valued.append((row, owing, currency, account, name))
        document = Document(row, account, number, kind, issued, due, amount, owing, currency)
        key = self.kept.key(document)
        if key is None:
            return
        paid = self._value("paid_on", at)
        paid = paid if paid and self._as_of and paid <= self._as_of else None
        terms = self._terms_of(row)
        disputed = True if self.kept.flag(row)[0] == "disputed" else self._disputed(row)
        values = {
            "row_no": cells.table.lines[row],
            "kind": kind,
            "account": account,
            "name": name,
            "item": key,
            "date": issued,
            "due": due,
            "amount": amount,
            "open": 0 if paid else owing,
            "currency": currency,
            "paid_on": paid,
            "po": cells.text(row, "po") or None,
            "reference": cells.text(row, "reference") or None,
            "terms": terms.text if isinstance(terms, Terms) else None,
            "text": cells.text(row, "text") or None,
            "disputed": disputed,
            "statement": self._value("statement", at),
            "rate": self._rates.of(row, currency),
        }
        for column, value in values.items():
            self.columns[column].append(value)

    def _amounts(self, at: int, row: int, currency: str) -> tuple[int | None, int | None]:
        """Original and open amount in minor units; null where the row has none."""
        owing: int | None = self._value("open", at)
        amount: int | None = self._value("amount", at)
        if self._profile.settled and "amount" in self._read:
            owing = amount
        amount = owing if amount is None else amount
        if owing is None or amount is None or not currency:
            return None, None
        if self._profile.sign == "reversed":
            owing, amount = -owing, -amount
        if "indicator" in self._cells.columns:
            said = self._cells.text(row, "indicator")
            if normal(said) in _CREDIT:
                owing, amount = -abs(owing), -abs(amount)
            elif normal(said) not in _DEBIT:
                sentence = f"“{said}” is neither debit nor credit"
                self._cells.wrong(row, "indicator", "indicator", sentence, "write S or H, D or C")
        fine = to_minor(owing, currency)
        whole = to_minor(amount, currency)
        if self._decimal and (fine is None or whole is None):
            meaning = "open" if fine is None and "open" in self._cells.columns else "amount"
            sentence = f"an amount in {currency} has {digits(currency)} decimal places"
            self._cells.wrong(row, meaning, "too-many-decimals", sentence, "export rounded amounts")
        return whole, fine

    def _is_missing(self, row: int) -> bool:
        """Whether the amount's cell is empty, rather than wrong, which is said already."""
        settled = self._profile.settled and "amount" in self._cells.columns
        cell = self._cells.raw(row, "amount" if settled else "open")
        return isinstance(cell, str) and not re.search(r"\w", cell)

    def _kind(self, row: int, owing: int, amount: int, number: str) -> tuple[str, int, int]:
        """The document's kind, and its amounts with the sign that goes with it."""
        code = self._cells.text(row, "kind")
        if code:
            kind = self._kinds.get(normal(code)) or kind_of(code)
            if not kind:
                self._cells.wrong(
                    row,
                    "kind",
                    "unknown-type",
                    f"“{code}” is no document type that is known",
                    f'say what it is in the profile, under [kinds]: "{code}" = "invoice", "debit_note", '
                    '"credit_note", "payment" or "journal"',
                )
                return "", owing, amount
        elif owing < 0 and kind_of(number) == "payment":  # "On Account" where a number would be
            kind = "payment"
        else:
            kind = "invoice" if owing >= 0 else ("credit_note" if number else "payment")
        if kind in ("credit_note", "payment") and owing > 0:
            if self._profile.sign == "by kind":
                return kind, -owing, -abs(amount)
            if self._profile.sign == "as written":
                return "debit_note", owing, amount
            self._cells.wrong(
                row,
                "open",
                "positive-credit",
                f"a {kind.replace('_', ' ')} with a positive amount: is it owed, or in the "
                "customer's favour?",
                'say in the profile: sign = "by kind" where this file writes credits without a minus, '
                'or sign = "as written" where the customer owes it',
            )
        return ("credit_note" if kind in OWED and owing < 0 else kind), owing, amount

    def _due(self, at: int, row: int, kind: str, issued: date) -> date | None:
        due: date | None = self._value("due", at)
        if due is not None:
            return due if kind in OWED else max(due, issued)
        if self._cells.text(row, "due"):
            return None  # not a date, which is said already
        if kind not in OWED:
            return issued
        said = self._cells.text(row, "terms")
        terms = self._terms_of(row) if said else self._canonical(self._profile.terms)
        if isinstance(terms, Terms):
            return due_date(issued, terms)
        sentence = "this item has neither due date nor terms"
        hint = 'fill in the due date, or say the terms that hold in the profile: terms = "net 30"'
        if said:
            sentence = f"this item has no due date, and its terms “{said}” are not understood"
            if isinstance(terms, Ambiguous):
                sentence = f"this item has no due date, and its terms “{said}” can mean " + " or ".join(
                    f"“{reading.text}”" for reading in terms.readings
                )
            hint = f'say what they mean in the profile, under [term_codes]: "{said}" = "net 30"'
        self._cells.wrong(
            row, "due" if "due" in self._cells.columns else "terms", "no-due-date", sentence, hint
        )
        return None

    def _terms_of(self, row: int) -> Terms | Ambiguous | None:
        text = self._cells.text(row, "terms")
        if not text:
            return None
        if text not in self._terms:
            self._terms[text] = self._canonical(self._profile.term_codes.get(text, text))
        if not isinstance(self._terms[text], Terms):
            self._not_understood[text] += 1
        return self._terms[text]

    @staticmethod
    def _canonical(text: str) -> Terms | Ambiguous | None:
        return read_terms(text) if text else None

    def _disputed(self, row: int) -> bool | None:
        text = self._cells.text(row, "disputed")
        answer = yes_no(text) if text else None
        if text and answer is None:
            sentence = f"“{text}” is neither yes nor no"
            self._cells.wrong(row, "disputed", "yes-or-no", sentence, "write yes or no")
        return answer
