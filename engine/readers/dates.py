"""Dates as ledgers write them, in one order a file: 03/04/2026 is read only where something tells which it
is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from types import MappingProxyType

from babel import Locale

from engine.core.problem import Problem
from engine.readers.profile import Profile
from engine.readers.table import Cell, Table, cell_text

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl")
EARLIEST, LATEST = 1970, 2100
_TIME = r"(?:[T ]\s*\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s*[AP]M)?(?:Z|[+-]\d{2}:?\d{2})?)?"
_YMD = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_TIME}", re.ASCII)
_PACKED = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_THREE = re.compile(rf"(\d{{1,2}})([-/.])\s?(\d{{1,2}})\2\s?(\d{{4}}|\d{{2}}){_TIME}", re.ASCII)
_WORD = r"([^\W\d_]{3,12})\.?"
_DAY_FIRST = re.compile(
    rf"(\d{{1,2}})(?:st|nd|rd|th|er|º|\.)?[-\s/]*(?:de\s+)?{_WORD}[-\s/,]*(?:de\s+)?(\d{{4}}|\d{{2}})"
)
_MONTH_FIRST = re.compile(rf"{_WORD}\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})")
_AS_AT = re.compile(
    r"\b(?:as (?:at|of|on)|ageing date|aged as of|balance date|report date|zum|per|stand|stand vom|stichtag|"
    r"au|arrete au|al|a fecha|em|data base|op|per datum)\b\s*:?\s*(.{6,30})$"
)
_UNTIL = re.compile(
    r"(?:^|\s)(?:to|through|until|bis|au|al|a|ate|tot|t/m)\s+(\S.{5,25})$|[–—]\s*(\S.{5,25})$"
)


@dataclass(frozen=True, slots=True)
class Dates:
    """Columns of dates, null where the cell is empty, and the order they were read in."""

    columns: tuple[tuple[date | None, ...], ...]
    order: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """The days a text can mean, by order; `short` where its year has two digits."""

    days: Mapping[str, date]
    short: bool = False
    impossible: bool = False


@cache
def _months() -> Mapping[str, int]:
    """Month names and their abbreviations in every language read, without accents or full stops."""
    found: dict[str, int] = {"sept": 9, "mrz": 3, "mae": 3, "maerz": 3, "mrt": 3}
    for language in LANGUAGES:
        locale = Locale(language)
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in locale.months[context][width].items():
                    found.setdefault(_plain(str(name)).strip("."), number)
    return MappingProxyType(found)


def _plain(text: str) -> str:
    spread = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in spread if not unicodedata.combining(character))


def parse(text: str) -> Reading | None:
    """What a text can mean as a date; None where it is no date at all."""
    if match := _YMD.fullmatch(text):
        return _one("y-m-d", match[1], match[3], match[4])
    if match := _PACKED.fullmatch(text):
        return _one("y-m-d", match[1], match[2], match[3])
    if match := _THREE.fullmatch(text):
        return _numeric(match[1], match[2], match[3], match[4])
    plain = _plain(text)
    for pattern, day, month, year in ((_DAY_FIRST, 1, 2, 3), (_MONTH_FIRST, 2, 1, 3)):
        if (match := pattern.fullmatch(plain)) and (number := _months().get(match[month].strip("."))):
            reading = _one("named", _long(match[year]), str(number), match[day])
            return Reading(reading.days, len(match[year]) == 2, reading.impossible)
    return None


def _numeric(first: str, mark: str, second: str, third: str) -> Reading:
    short = len(third) == 2
    tries = {"d/m/y": (_long(third), second, first)}
    if mark != ".":  # nobody writes a month first with full stops
        tries["m/d/y"] = (_long(third), first, second)
    if short and len(first) == 2:
        tries["y-m-d"] = (_long(first), second, third)
    days = {order: day for order, parts in tries.items() if (day := _day(*parts))}
    return Reading(days, short, not days)


def _one(order: str, year: str, month: str, day: str) -> Reading:
    there = _day(year, month, day)
    return Reading({order: there}) if there else Reading({}, impossible=True)


def _day(year: str, month: str, day: str) -> date | None:
    try:
        there = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return there if EARLIEST <= there.year <= LATEST else None


def _long(year: str) -> str:
    """Two digits of a year: 70 to 99 were last century."""
    return year if len(year) == 4 else ("19" if int(year) >= 70 else "20") + year


def read_dates(table: Table, rows: Sequence[int], columns: Iterable[int], profile: Profile) -> Dates:
    """All dates of a file, read together: the one order that fits every cell, or the problem."""
    wanted = list(columns)
    readings: dict[str, Reading] = {}
    first: dict[str, tuple[int, int]] = {}
    bad: list[tuple[int, int]] = []
    sound: dict[str, Reading] = {}
    for column in wanted:
        for row, cell in zip(rows, table.column(rows, column), strict=True):
            if isinstance(cell, date) or cell == "" or (isinstance(cell, str) and cell in sound):
                continue
            text = cell_text(cell)
            if text not in first:
                first[text] = (row, column)
                reading = parse(text) if isinstance(cell, str) or _PACKED.fullmatch(text) else None
                if reading:
                    readings[text] = reading
            if text not in readings or readings[text].impossible:
                bad.append((row, column))
            else:
                sound[text] = readings[text]
    problems = [_not_a_date(table, row, column, readings) for row, column in bad]
    order, more = _decide(table, sound, first, profile)
    problems += more
    values = {text: _chosen(reading, order) for text, reading in sound.items()}
    read = tuple(tuple(_value(cell, values) for cell in table.column(rows, column)) for column in wanted)
    return Dates(read, order, tuple(problems))


def _value(cell: Cell, values: Mapping[str, date | None]) -> date | None:
    return cell if isinstance(cell, date) else values.get(cell_text(cell))


def _chosen(reading: Reading, order: str) -> date | None:
    return reading.days.get(order) or (next(iter(reading.days.values())) if len(reading.days) == 1 else None)


def _decide(
    table: Table, readings: Mapping[str, Reading], first: Mapping[str, tuple[int, int]], profile: Profile
) -> tuple[str, list[Problem]]:
    """The order of day and month. Readings of one day only (2026-03-31, 31 March) do not need one."""
    short = next((text for text, reading in readings.items() if reading.short), None)
    if short and not profile.dates.endswith("yy"):
        return "", [
            table.problem(
                *first[short],
                "two-digit-year",
                f"“{short}” has a year of two digits",
                'export four digits, or say in the profile how it is meant: dates = "d/m/yy", '
                '"m/d/yy" or "y-m-d yy"',
            )
        ]
    orders = {text: set(reading.days) for text, reading in readings.items() if "named" not in reading.days}
    if profile.dates:
        stated = profile.dates.replace(" yy", "").replace("yy", "y")
        wrong = [
            text
            for text, found in orders.items()
            if stated not in found and len(found) and "y-m-d" not in found
        ]
        if stated == "y-m-d":
            wrong = [text for text, found in orders.items() if stated not in found]
        return stated, [
            table.problem(
                *first[text],
                "date-format",
                f"“{text}” does not fit the profile's dates = “{profile.dates}”",
                f"correct the cell, or change the profile ({profile.place('dates')})",
                also=profile.place("dates"),
            )
            for text in wrong[:20]
        ]
    possible = [
        order
        for order in ("d/m/y", "m/d/y")
        if all(order in found or "y-m-d" in found for found in orders.values())
    ]
    unsure = next((text for text, reading in readings.items() if len(set(reading.days.values())) > 1), None)
    if len(possible) == 1 or (possible and unsure is None):
        return possible[0], []
    if unsure is not None and possible:
        return "", [
            table.problem(
                *first[unsure],
                "ambiguous-date",
                f"“{unsure}” could be two dates ({_both(readings[unsure])}), and no other date "
                "in the file tells which",
                'say in the profile how dates are written: dates = "d/m/y" or dates = "m/d/y"',
            )
        ]
    if not possible:
        days = next(text for text, found in orders.items() if found == {"d/m/y"})
        months = next(text for text, found in orders.items() if found == {"m/d/y"})
        one, two = sorted((days, months), key=lambda text: first[text])
        return "", [
            table.problem(
                *first[two],
                "mixed-dates",
                f"“{two}” and “{one}” (line {table.lines[first[one][0]]}) are written in two date formats",
                "export the file in one format; a file that mixes two cannot be read safely",
                also=table.place(*first[one]),
            )
        ]
    return possible[0], []


def _both(reading: Reading) -> str:
    return " or ".join(f"{day.day} {day:%B %Y}" for day in dict.fromkeys(reading.days.values()))


def _not_a_date(table: Table, row: int, column: int, readings: Mapping[str, Reading]) -> Problem:
    cell = table.cell(row, column)
    text = cell_text(cell)
    if text in readings:
        return table.problem(
            row,
            column,
            "no-such-day",
            f"there is no day “{text}”",
            f"correct the date; years are {EARLIEST} to {LATEST}",
        )
    hint = "format the column as a date" if isinstance(cell, Decimal) else "write for example 2026-03-31"
    return table.problem(row, column, "not-a-date", f"“{text}” is not a date", hint)


def stated_day(text: str, order: str = "") -> date | None:
    """The day a title names as the ledger's own: "As at 31 March 2025", "1-Apr-2026 to 27-Sep-2026"."""
    plain = _plain(text).strip(" .")
    match = _AS_AT.search(plain) or _UNTIL.search(plain)
    if not match:
        return None
    reading = parse(next(group for group in match.groups() if group).strip(" ."))
    if reading is None or reading.short:
        return None
    return _chosen(reading, order)
