"""Which documents are kept: each under a key that lasts, none twice, every row left out listed with its
value.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.core.problem import Severity
from engine.readers.cells import Cells
from engine.readers.numbers import plain, written
from engine.readers.reading import SetAside

OWED = ("invoice", "debit_note")


@dataclass(frozen=True, slots=True)
class Document:
    """What one item row says, before it is decided whether it is kept. Amounts in minor units."""

    row: int
    account: str
    number: str
    kind: str
    issued: date
    due: date
    amount: int
    open: int
    currency: str


class Kept:
    """Keys, rows set aside, and documents that came twice, over one file."""

    def __init__(self, cells: Cells, as_of: date | None) -> None:
        self._cells = cells
        self._profile = cells.profile
        self._as_of = as_of
        self._flags = [
            (re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE), word, effect)
            for word, effect in self._profile.text_flags.items()
        ]
        self._seen: dict[tuple[str, str], tuple[Sequence[Any], int]] = {}
        self._occurrences: Counter[tuple[str, str]] = Counter()
        self._later: Counter[str] = Counter()
        self._later_value: Counter[str] = Counter()
        self.aside: list[SetAside] = []

    def key(self, document: Document) -> str | None:
        """The key under which a document is kept; None where it is not."""
        key = self._key(document)
        if self._not_yet(document) or self._left_out(document, key):
            return None
        return self._once(document, key)

    def missing_amount(self, row: int, account: str, currency: str) -> None:
        """A row without an amount: nothing is assumed, least of all zero."""
        number = self._cells.text(row, "item")
        meaning = "amount" if self._profile.settled and "amount" in self._cells.columns else "open"
        entry = SetAside(self._cells.table.lines[row], "missing amount", None, currency, account, number)
        self._declared(row, meaning, "no-amount", "this item has no open amount", "fill it in", entry)

    def flag(self, row: int) -> tuple[str, str]:
        """What the words in a row's text mean, by the profile, and which word it was."""
        text = self._cells.text(row, "text") if self._flags else ""
        return next(
            ((effect, word) for pattern, word, effect in self._flags if text and pattern.search(text)),
            ("", ""),
        )

    def notes(self) -> list[str]:
        """A sentence for each reason for which rows were left out, with their count and value."""
        notes = []
        for (why, currency), count in Counter((entry.why, entry.currency) for entry in self.aside).items():
            worth = sum(
                entry.amount or 0 for entry in self.aside if (entry.why, entry.currency) == (why, currency)
            )
            value = f", worth {written(worth, currency)}" if worth else ""
            notes.append(f"{count:,} row{'s' if count > 1 else ''} set aside: {why}{value}.")
        for currency, count in self._later.items():
            value = written(self._later_value[currency], currency)
            notes.append(
                f"{count:,} documents dated after {self._as_of} are not in the ledger yet, worth {value}."
            )
        return notes

    def _key(self, document: Document) -> str:
        """The document's number; where there is none, a key that is the same in the next export."""
        parts = self._profile.key
        if document.number and not parts:
            return document.number
        if not parts:
            if document.kind in OWED and "item" in self._cells.columns:
                self._cells.wrong(
                    document.row,
                    "item",
                    "no-document-number",
                    "this item has no document number",
                    "fill it in, or say in the profile what tells documents apart: "
                    'key = ["date", "due", "amount"]',
                )
            parts = ("kind", "date", "due", "amount")
        values = {
            "item": document.number,
            "kind": document.kind.replace("_", " "),
            "date": str(document.issued),
            "due": str(document.due),
            "amount": plain(document.amount, document.currency),
        }
        return "/".join(
            values[part] if part in values else self._cells.text(document.row, part) for part in parts
        )

    def _not_yet(self, document: Document) -> bool:
        """Whether a document did not exist yet on the day to which a settled ledger is played."""
        if not self._profile.settled or self._as_of is None or document.issued <= self._as_of:
            return False
        self._later[document.currency] += 1
        self._later_value[document.currency] += document.open
        return True

    def _left_out(self, document: Document, key: str) -> bool:
        effect, word = self.flag(document.row)
        if effect == "set aside":
            self.aside.append(self._entry(document, key, f"its text says “{word}”"))
            return True
        if document.open == 0:
            # Nothing is owed and nothing can be lost by leaving it out, so undeclared it only warns.
            entry = self._entry(document, key, "zero open")
            sentence = "nothing is open on this item; it is left out"
            self._declared(document.row, "open", "zero-open", sentence, "", entry, Severity.WARNING)
            return True
        if document.due < document.issued and document.kind in OWED:
            sentence = f"this item falls due on {document.due}, before its own date {document.issued}"
            entry = self._entry(document, key, "due before issue")
            self._declared(document.row, "due", "due-before-issue", sentence, "correct the dates", entry)
            return True
        return False

    def _entry(self, document: Document, key: str, why: str) -> SetAside:
        line = self._cells.table.lines[document.row]
        return SetAside(line, why, document.open, document.currency, document.account, key)

    def _declared(
        self,
        row: int,
        meaning: str,
        code: str,
        sentence: str,
        suggestion: str,
        entry: SetAside,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Set aside where the profile declares it, else a problem (with a warning it is set aside as
        well).
        """
        declared = entry.why in self._profile.set_aside
        if declared or severity is Severity.WARNING:
            self.aside.append(entry)
        if not declared:
            say = f'say in the profile: set_aside = ["{entry.why}"]'
            more = (
                f"{suggestion}; or, to have such rows listed and left out, {say}"
                if suggestion
                else f"to agree, {say}"
            )
            self._cells.wrong(row, meaning, code, sentence, more, severity)

    def _once(self, document: Document, key: str) -> str | None:
        """The key, with its occurrence where a made key comes again; None where the row is not taken."""
        who = (document.account, key)
        cells = self._cells.table.rows[document.row]
        before = self._seen.setdefault(who, (cells, document.row))
        if before[1] == document.row:
            return key
        made = not document.number or bool(self._profile.key)
        line = self._cells.table.lines[before[1]]
        same = list(before[0]) == list(cells)
        if same and (not made or "exact duplicate" in self._profile.set_aside):
            entry = self._entry(document, key, "exact duplicate")
            sentence = f"this row repeats row {line} exactly"
            self._declared(document.row, "item", "exact-duplicate", sentence, "delete one", entry)
            return None
        if not made:
            self._cells.wrong(
                document.row,
                "item",
                "same-number",
                f"“{key}” is also the number in row {line}, with other details",
                'where these are instalments, say in the profile: key = ["item", "due"]; '
                'where they are of different types: key = ["item", "kind"]',
            )
            return None
        if same:
            self._cells.wrong(
                document.row,
                "open",
                "exact-duplicate",
                f"this row repeats row {line} exactly; both are counted",
                'where it is a mistake, say in the profile: set_aside = ["exact duplicate"]',
                Severity.WARNING,
            )
        self._occurrences[who] += 1
        return f"{key}/{self._occurrences[who] + 1}"
