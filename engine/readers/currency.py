"""In which currency each amount is: what its own cell, its row and the file say must agree, and nothing else is assumed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.core.problem import Place, Problem, Severity
from engine.readers.cells import Cells
from engine.readers.headers import Header, currencies
from engine.readers.numbers import UNSURE, Numbers, mark_currency
from engine.readers.profile import Profile
from engine.readers.rows import Classified
from engine.readers.stated import titles
from engine.readers.table import Table

_CURRENCY = re.compile(
    r"\b(?:currency|amounts? in|all in|wahrung|währung|betr[äa]ge in|devise|monnaie|montants en|moneda|"
    r"importes en|moeda|valores em|valuta|importi in|bedragen in)\b\W*\b([A-Z]{3})\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Default:
    """The currency of amounts that name none; empty where nothing says it. `firm`: no amount may say another.

    `at` is where the file or the profile says it.
    """

    code: str = ""
    firm: bool = False
    at: Place | None = None


def find_currency(
    table: Table,
    header: Header,
    classified: Classified,
    numbers: Numbers,
    argument: str | None,
    profile: Profile,
) -> tuple[Default, list[Problem]]:
    """The currency of amounts that name none in a file without a currency column.

    What a header or title says counts, and must agree with the profile; `argument` is for where neither says.
    """
    if argument and argument not in currencies():
        place = table.place(header.first)
        return Default(), [
            Problem(place, f"“{argument}” is no currency", "use its three letters, such as EUR", "currency")
        ]
    said: dict[str, tuple[int, int]] = {}
    if header.currency:
        said[header.currency] = (header.last, header.columns.get("open", 0))
    for row, text in titles(table, classified):
        if (match := _CURRENCY.search(text)) and match[1].upper() in currencies():
            said.setdefault(match[1].upper(), (row, 0))
    if len(said) > 1:
        (one, first), (two, second) = sorted(said.items(), key=lambda entry: entry[1])[:2]
        return Default(), [
            table.problem(
                *second,
                "two-currencies",
                f"“{two}” and “{one}” (line {table.lines[first[0]]}): two currencies, and no "
                "column names them",
                "export with the currency column, or each currency in its own file",
                also=table.place(*first),
            )
        ]
    if said:
        found, at = next(iter(said.items()))
        if profile.currency in ("", found):
            return Default(found, firm=True, at=table.place(*at)), []
        sentence, hint = _other(found, profile.currency)
        where = profile.place("currency")
        return Default(), [table.problem(*at, "two-currencies", sentence, hint, also=where)]
    if profile.currency:
        return Default(profile.currency, firm=True, at=profile.place("currency")), []
    if argument:
        return Default(argument), []
    if any(mark_currency(mark) for mark in numbers.marks):
        return Default(), []  # asked of those rows that have no mark
    return Default(), [
        table.problem(
            header.last,
            header.columns.get("open", 0),
            "no-currency",
            "the file does not say in which currency its amounts are",
            'say it in the profile: currency = "EUR", or export with the currency column',
        )
    ]


def _other(said: str, wanted: str) -> tuple[str, str]:
    return (
        f"the file says {said} here, but it was to be read as {wanted}",
        "say the right currency in the profile, or import the right file",
    )


class Currencies:
    """The currency of each row. An amount's own mark counts for its row alone, and must not be contradicted."""

    def __init__(self, cells: Cells, numbers: Numbers, default: Default) -> None:
        self._cells = cells
        self._numbers = numbers
        self._default = default
        self._codes: dict[str, str] = {}
        self._own = {mark for mark in numbers.marks if not _agree(mark, default.code)}

    def of(self, row: int) -> str:
        """ISO 4217 in upper case; empty, with a problem said, where it is not known."""
        text = self._cells.text(row, "currency")
        marks = dict(self._marks(row)) if self._numbers.marks else {}
        if text:
            return self._column(row, text, marks)
        code = next((known for mark in marks if (known := mark_currency(mark))), self._default.code)
        for mark, meaning in marks.items():
            if not self._may_be(row, mark, meaning, code, marks):
                return ""
        if not code:
            self._unknown(row)
        elif self._own and not marks and not self._default.firm and "currency" not in self._cells.columns:
            sentence = f"other amounts have a currency's mark, this one has none: it is read as {code}"
            hint = "write the currency with each amount, or export with the currency column"
            self._cells.wrong(row, "open", "no-mark", sentence, hint, Severity.WARNING)
        return code

    def _marks(self, row: int) -> Iterator[tuple[str, str]]:
        """The marks of a row's amounts, each with the meaning of its column."""
        for meaning in ("amount", "open"):
            if mark := self._numbers.mark(self._cells.raw(row, meaning)):
                yield mark, meaning

    def _column(self, row: int, text: str, marks: dict[str, str]) -> str:
        if text not in self._codes:
            self._codes[text] = text.upper() if text.upper() in currencies() else mark_currency(text)
        code = self._codes[text]
        if not code:
            sentence = f"“{text}” is no currency"
            self._cells.wrong(row, "currency", "currency", sentence, "write its three letters, such as EUR")
        for mark, meaning in marks.items():
            if code and not _agree(mark, code):
                sentence = f"the amount says “{mark}”, its row's currency is {code}"
                beside = self._cells.table.place(row, self._cells.columns["currency"])
                self._two(row, meaning, sentence, "correct the one that is wrong", beside)
                return ""
        return code

    def _may_be(self, row: int, mark: str, meaning: str, code: str, marks: dict[str, str]) -> bool:
        """Whether an amount that has a mark may be of a currency that its row has found without a column."""
        default = self._default
        known = mark_currency(mark)
        if code and not _agree(mark, code):
            if len(marks) > 1:
                sentence = "the amounts of this row say " + " and ".join(f"“{one}”" for one in marks)
                self._two(row, meaning, sentence, "correct the one that is wrong", None)
            else:
                self._two(row, meaning, *_other(known or f"“{mark}”", code), default.at)
            return False
        if known and default.firm and known != default.code:
            self._two(row, meaning, *_other(known, default.code), default.at)
            return False
        return True

    def _unknown(self, row: int) -> None:
        if "currency" in self._cells.columns:
            hint = "write its three letters, such as EUR"
            self._cells.wrong(row, "currency", "no-currency", "this item names no currency", hint)
        elif any(mark_currency(mark) for mark in self._numbers.marks):  # else it is asked of the whole file
            sentence = "other amounts have a currency's mark, this one names no currency"
            hint = 'write it with each amount, or say in dunwell.toml, under [ledger]: currency = "EUR"'
            self._cells.wrong(row, "open", "no-currency", sentence, hint)

    def _two(self, row: int, meaning: str, sentence: str, hint: str, also: Place | None) -> None:
        column = self._cells.columns[meaning]
        self._cells.found.add(row, column, "two-currencies", sentence, hint, also=also)


def _agree(mark: str, code: str) -> bool:
    return mark_currency(mark) == code or code in UNSURE.get(mark, ())
