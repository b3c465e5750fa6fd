"""Amounts as ledgers write them, in one format a file, decided over all of them together and never
guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from babel.numbers import get_currency_precision

from engine.core.problem import Problem
from engine.readers.headers import currencies
from engine.readers.profile import Profile
from engine.readers.table import Cell, Marked, Table

SCALE = 10_000  # values are kept in ten-thousandths until the currency is known
_MOST_DIGITS = 14
_SYMBOLS = {
    "€": "EUR",
    "£": "GBP",
    "₹": "INR",
    "R$": "BRL",
    "US$": "USD",
    "C$": "CAD",
    "A$": "AUD",
    "NZ$": "NZD",
}
_SYMBOLS |= {
    "Rs": "INR",
    "Rs.": "INR",
    "zł": "PLN",
    "Kč": "CZK",
    "Ft": "HUF",
    "₺": "TRY",
    "₩": "KRW",
    "₽": "RUB",
}
# Marks of more than one currency, and whose they may be
_DOLLARS = (
    "USD CAD AUD NZD MXN SGD HKD TWD ARS CLP COP BSD BBD BMD BZD FJD GYD JMD KYD LRD NAD SRD TTD UYU XCD"
)
UNSURE: Mapping[str, frozenset[str]] = {
    "$": frozenset(_DOLLARS.split()),
    "¥": frozenset(("JPY", "CNY")),
    **dict.fromkeys(("kr", "kr."), frozenset(("SEK", "NOK", "DKK", "ISK"))),
    **dict.fromkeys(("Fr", "Fr."), frozenset(("CHF",))),
}
_MARK = r"(?:[A-Z]{0,3}[$€£¥₹₺₩₽]|[A-Z]{3}|Rs\.?|kr\.?|Fr\.?|zł|Kč|Ft)"
_SPACE = " \u00a0\u202f\u2009"
_NUMBER = re.compile(
    rf"(?P<open>\()?\s*(?P<s1>[-−–+])?\s*(?P<m1>{_MARK})?\s*(?P<s2>[-−–+])?\s*"
    rf"(?P<body>[0-9][0-9.,'’{_SPACE}]*[0-9]|[0-9]|[.,][0-9]{{1,2}}|[0-9]+[.,])"
    rf"\s*(?P<s3>[-−–+])?\s*(?P<m2>{_MARK})?\s*(?P<s4>[-−–])?\s*(?P<side>[DdCc][Rr]\.?)?\s*(?P<close>\))?"
)
_GROUPS = {  # western groups of three, Indian ones of two
    mark.removeprefix("\\"): re.compile(
        rf"[1-9]\d{{0,2}}(?:{mark}\d{{3}})+|[1-9]\d?(?:{mark}\d{{2}})+{mark}\d{{3}}", re.ASCII
    )
    for mark in (r"\.", ",", "'", " ")
}
_FORMATS = frozenset((".", ","))
_POINT = frozenset((".",))
_SAYS = re.compile(r"\w")
_SIMPLE = re.compile(r"-?(\d{1,14}(?:\.(?:\d{1,2}|\d{4}))?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Number:
    """One amount as written: its sign, its digits, and the decimal signs under which they can be read."""

    negative: bool
    body: str
    mark: str
    decimals: frozenset[str]


@dataclass(frozen=True, slots=True)
class Numbers:
    """Columns of amounts in ten-thousandths, null where the cell is empty, and how they were read."""

    columns: tuple[tuple[int | None, ...], ...]
    decimal: str
    told: str  # the same where a cell or the profile tells it; empty where every amount is whole
    marks: dict[str, tuple[int, int]]  # currency mark → row and column where it was first seen
    problems: tuple[Problem, ...]
    written: Mapping[str, str]  # an amount as written → its mark, of those that have one

    def mark(self, cell: Cell) -> str:
        """The currency mark of an amount; empty where it has none."""
        if isinstance(cell, str):
            return self.written.get(cell, "")
        return cell.mark if isinstance(cell, Marked) else ""


@cache
def digits(currency: str) -> int:
    """Decimal places of a currency."""
    return int(get_currency_precision(currency))


def written(minor: int, currency: str) -> str:
    """Minor units for a sentence: 1,234.56 EUR."""
    value = Decimal(minor).scaleb(-digits(currency))
    return f"{value:,.{digits(currency)}f} {currency}"


def plain(minor: int, currency: str) -> str:
    """Minor units as a bare number: 1234.56."""
    places = digits(currency)
    whole, rest = divmod(abs(minor), 10**places)
    return f"{'-' if minor < 0 else ''}{whole}" + (f".{rest:0{places}d}" if places else "")


def mark_currency(mark: str) -> str:
    """The currency a mark stands for; empty where several are written so."""
    return mark if mark in currencies() else _SYMBOLS.get(mark, "")


def parse(text: str) -> Number | None:
    """A number, or None for anything else: NaN, 1e5, 1_000 and full-width digits are not numbers in a
    ledger.
    """
    if simple := _SIMPLE.fullmatch(text):  # most cells of most files
        return Number(text[0] == "-", simple[1], "", _FORMATS if simple[1].isdigit() else _POINT)
    match = _NUMBER.fullmatch(text)
    if match is None or bool(match["open"]) != bool(match["close"]) or (match["m1"] and match["m2"]):
        return None
    mark = match["m1"] or match["m2"] or ""
    if mark and not (mark_currency(mark) or mark in UNSURE):
        return None
    signs = [match[name] for name in ("s1", "s2", "s3", "s4") if match[name]]
    side = (match["side"] or "").casefold().rstrip(".")
    if len(signs) + bool(match["open"]) + (side == "cr") > 1:
        return None
    body = match["body"].translate({ord(space): " " for space in _SPACE} | {ord("’"): "'"})
    decimals = _readings(body)
    if not decimals:
        return None
    negative = bool(match["open"]) or side == "cr" or any(sign in "-−–" for sign in signs)
    return Number(negative, body, mark, decimals)


def _readings(body: str) -> frozenset[str]:
    """The decimal signs under which digits and separators make sense together."""
    return frozenset(decimal for decimal in _FORMATS if _fits(body, decimal))


def _fits(body: str, decimal: str) -> bool:
    whole, point, fraction = body.partition(decimal)
    if point and fraction and not fraction.isdigit():
        return False
    marks = {character for character in whole if not character.isdigit()}
    if not marks:
        return len(whole) <= _MOST_DIGITS
    (mark,) = marks if len(marks) == 1 else ("",)
    return bool(mark) and mark != decimal and bool(_GROUPS[mark].fullmatch(whole)) and len(whole) <= 20


def value(number: Number, decimal: str) -> int | None:
    """Ten-thousandths under a decimal sign; None where there are more decimal places than that."""
    whole, _, fraction = number.body.partition(decimal)
    if fraction[4:].strip("0"):
        return None
    amount = int(re.sub(r"[^0-9]", "", whole) or "0") * SCALE + int(fraction[:4].ljust(4, "0"))
    return -amount if number.negative else amount


def read_numbers(table: Table, rows: Sequence[int], columns: Iterable[int], profile: Profile) -> Numbers:
    """All amounts of a file, read together: the one decimal sign that fits every cell, or the problem."""
    wanted = list(columns)
    known: dict[str, Number | None] = {}
    first: dict[str, tuple[int, int]] = {}
    marks: dict[str, tuple[int, int]] = {}
    bad: list[tuple[int, int]] = []
    for column in wanted:
        for row, cell in zip(rows, table.column(rows, column), strict=True):
            if isinstance(cell, str) and cell and cell not in known:
                if not _SAYS.search(cell):
                    continue  # a dash in an empty cell; whether that may be is not decided here
                known[cell] = parse(cell)
                first[cell] = (row, column)
            if isinstance(cell, Marked):
                marks.setdefault(cell.mark, (row, column))
            large = isinstance(cell, Decimal) and abs(cell) >= 10**_MOST_DIGITS
            if isinstance(cell, date) or large or (isinstance(cell, str) and cell and known[cell] is None):
                bad.append((row, column))
    numbers = {text: number for text, number in known.items() if number is not None}
    decimal, problems = decide(table, numbers, first, profile)
    told = decimal if profile.decimal or any(len(one.decimals) == 1 for one in numbers.values()) else ""
    problems += _not_numbers(table, bad)
    values: dict[str, int | None] = {}
    written = {text: number.mark for text, number in numbers.items() if number.mark}
    for text, number in numbers.items():
        if number.mark:
            marks.setdefault(number.mark, first[text])
        values[text] = value(number, decimal or ".")
        if values[text] is None and not problems:
            problems.append(_too_fine(table, *first[text]))
    read = tuple(tuple(_scaled(cell, values) for cell in table.column(rows, column)) for column in wanted)
    return Numbers(read, decimal, told, marks, tuple(problems), written)


def _scaled(cell: Cell, values: dict[str, int | None]) -> int | None:
    if isinstance(cell, str):
        return values.get(cell)
    return int((cell * SCALE).to_integral_value()) if isinstance(cell, Decimal) else None


def decide(
    table: Table, numbers: Mapping[str, Number], first: Mapping[str, tuple[int, int]], profile: Profile
) -> tuple[str, list[Problem]]:
    """The one decimal sign under which all numbers can be read, or the problem; `first` has their places."""
    if profile.decimal:
        wrong = [text for text, number in numbers.items() if profile.decimal not in number.decimals]
        return profile.decimal, [
            table.problem(
                *first[text],
                "number-format",
                f"“{text}” does not fit the profile's decimal = “{profile.decimal}”",
                f"correct the cell, or change the profile ({profile.place('decimal')})",
                also=profile.place("decimal"),
            )
            for text in wrong[:20]
        ]
    only = {
        decimal: next((text for text, number in numbers.items() if number.decimals == {decimal}), None)
        for decimal in (".", ",")
    }
    if only["."] is not None and only[","] is not None:
        (one, two) = sorted((only["."], only[","]), key=lambda text: first[text])
        return "", [
            table.problem(
                *first[two],
                "mixed-numbers",
                f"“{two}” and “{one}” (line {table.lines[first[one][0]]}) are written in two number formats",
                "export the file in one format; a file that mixes two cannot be read safely",
                also=table.place(*first[one]),
            )
        ]
    if only["."] is not None or only[","] is not None:
        return ("." if only["."] is not None else ","), []
    unsure = next((text for text in numbers if "." in text or "," in text), None)
    if unsure is None:
        return ".", []
    return "", [
        table.problem(
            *first[unsure],
            "ambiguous-number",
            f"“{unsure}” could be two numbers, and no other amount in the file tells which",
            'say in the profile which sign comes before the cents: decimal = "," or decimal = "."',
        )
    ]


def _not_numbers(table: Table, bad: list[tuple[int, int]]) -> list[Problem]:
    return [
        table.problem(
            row,
            column,
            "not-a-number",
            f"“{table.cell(row, column)}” is not an amount",
            "write digits with one decimal sign, for example 1234.56; a negative amount is a credit",
        )
        for row, column in bad
    ]


def _too_fine(table: Table, row: int, column: int) -> Problem:
    return table.problem(
        row,
        column,
        "too-many-decimals",
        f"“{table.cell(row, column)}” has more decimal places than money has",
        "export amounts rounded to the cent",
    )


def to_minor(scaled: int, currency: str) -> int | None:
    """Minor units of a currency; None where the amount is finer than that."""
    divisor: int = 10 ** (4 - digits(currency))
    whole, rest = divmod(scaled, divisor)
    return None if rest else whole
