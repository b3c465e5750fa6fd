"""A profile says once how a system's export is to be read; nothing in it is guessed twice.

It is TOML in the workspace, read into a frozen `Profile` or into problems with their lines, and written
back by `write`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any

import tomlkit
from tomlkit.exceptions import ParseError, TOMLKitError

from engine.core.problem import Place, Problem
from engine.readers.aliases import LEDGER, MASTER

SET_ASIDE = ("missing amount", "due before issue", "exact duplicate", "zero open", "repeated header")
DATES = ("y-m-d", "d/m/y", "m/d/y", "y-m-d yy", "d/m/yy", "m/d/yy")
SIGNS = ("as written", "by kind", "reversed")
KINDS = ("invoice", "debit_note", "credit_note", "payment", "journal")
KEY_PARTS = ("item", "kind", "date", "due", "amount", "reference", "po")
FLAGS = ("disputed", "set aside")


@dataclass(frozen=True, slots=True)
class Profile:
    """How to read one kind of file. Empty values mean: decide from the file, and refuse where it does not
    tell.
    """

    file: str = field(default="profile", compare=False)
    sheet: str = ""
    header: tuple[int, ...] = ()  # row numbers as a spreadsheet counts them
    separator: str = ""
    encoding: str = ""
    decimal: str = ""  # "." or ","
    dates: str = ""  # one of DATES
    currency: str = ""  # of a file that names none
    as_of: date | None = None
    sign: str = ""  # one of SIGNS
    settled: bool = False  # paid invoices with the day they were paid; what was unpaid on `as_of` is open
    open_end: bool = False  # the system writes no end of line after the last row
    terms: str = ""  # for rows without a due date
    key: tuple[str, ...] = ()  # what tells documents of a customer apart, where numbers do not
    set_aside: tuple[str, ...] = ()  # of SET_ASIDE
    columns: Mapping[str, str | int] = field(default_factory=dict)  # meaning → header, number, or "" for none
    own: Mapping[str, str | int] = field(default_factory=dict)  # own field → header or number
    kinds: Mapping[str, str] = field(default_factory=dict)  # document type → kind
    term_codes: Mapping[str, str] = field(default_factory=dict)  # "ZB30" → "net 30"
    text_flags: Mapping[str, str] = field(default_factory=dict)  # words in a line's text → one of FLAGS
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    def place(self, key: str) -> Place:
        """Where a key stands in the profile's file."""
        return Place(self.file, self.lines.get(key, self.lines.get(key.partition(".")[0], 1)))


TABLES = ("columns", "own", "kinds", "term_codes", "text_flags")
KEYS = tuple(entry.name for entry in fields(Profile) if entry.name not in ("file", "lines"))
_TABLE_LINE = re.compile(r"^\s*\[\s*([\w-]+)\s*\]")
_KEY_LINE = re.compile(r"""^\s*("(?:[^"\\]|\\.)*"|'[^']*'|[\w-]+)\s*=""")
_CHOICES: Mapping[str, tuple[str, ...]] = {"decimal": (".", ","), "dates": DATES, "sign": SIGNS}
_LISTS: Mapping[str, tuple[str, ...]] = {"set_aside": SET_ASIDE, "key": KEY_PARTS}
_VALUES: Mapping[str, tuple[str, ...]] = {"kinds": KINDS, "text_flags": FLAGS}


def read(name: str, text: str) -> tuple[Profile | None, tuple[Problem, ...]]:
    """The profile written in `text`, or everything that is wrong with it."""
    try:
        written = tomlkit.parse(text).unwrap()
    except ParseError as error:
        place = Place(name, error.line, error.col + 1)
        return None, (
            _problem(place, text, f"this is not TOML: {_reason(error)}", 'write key = "value"', "toml"),
        )
    except TOMLKitError as error:
        return None, (Problem(Place(name), f"this is not TOML: {error}", 'write key = "value"', "toml"),)
    lines = _lines(text)
    problems: list[Problem] = []
    values: dict[str, Any] = {"file": name, "lines": lines}

    def wrong(key: str, sentence: str, suggestion: str, code: str = "profile") -> None:
        place = Place(name, lines.get(key, 1))
        problems.append(_problem(place, text, sentence, suggestion, code))

    for key, value in written.items():
        if key not in KEYS:
            wrong(key, f"a profile has no “{key}”", _meant(key, KEYS), "unknown-word")
        elif key in TABLES:
            values[key] = _table(key, value, wrong)
        else:
            values[key] = _value(key, value, wrong)
    if problems:
        return None, tuple(sorted(problems, key=lambda problem: problem.place))
    return Profile(**values), ()


def write(profile: Profile) -> str:
    """The profile as TOML; what says nothing is left out."""
    document = tomlkit.document()
    for key in KEYS:
        value = getattr(profile, key)
        if value in ("", (), None, False) or value == {}:
            continue
        if key in TABLES:
            table = tomlkit.table()
            for inner, wanted in value.items():
                table.add(inner, wanted)
            document.add(key, table)
        elif key == "header":
            document.add(key, value[0] if len(value) == 1 else list(value))
        else:
            document.add(key, list(value) if isinstance(value, tuple) else value)
    return tomlkit.dumps(document)


def _value(key: str, value: Any, wrong: Any) -> Any:
    if key in _CHOICES:
        if value not in _CHOICES[key]:
            wrong(key, f"“{value}” is not a way to write “{key}”", _one_of(_CHOICES[key]))
    elif key in _LISTS:
        if not isinstance(value, list):
            value = [value]
        for word in value:
            if word not in _LISTS[key]:
                wrong(key, f"“{word}” does not belong in “{key}”", _meant(str(word), _LISTS[key]))
        return tuple(value)
    elif key == "header":
        rows = value if isinstance(value, list) else [value]
        if not 1 <= len(rows) <= 2 or not all(isinstance(row, int) and row > 0 for row in rows):
            wrong(key, "the header is one row or two", "write header = 5, or header = [5, 6]")
            return ()
        return tuple(rows)
    elif key == "as_of":
        if isinstance(value, str):
            try:
                value = date.fromisoformat(value)
            except ValueError:
                value = None
        if not isinstance(value, date) or isinstance(value, datetime):
            wrong(key, "this is not a day", "write as_of = 2026-03-31")
    elif key in ("settled", "open_end"):
        if not isinstance(value, bool):
            wrong(key, f"“{key}” is true or false", f"write {key} = true")
    elif key == "separator":
        if value not in (",", ";", "\t", "|"):
            wrong(key, f"“{value}” does not separate columns", "write one of “,” “;” “|” or “\\t” for a tab")
    elif not isinstance(value, str):
        wrong(key, f"“{key}” is text", f'write {key} = "…"')
    elif key == "currency":
        from engine.readers.headers import currencies

        if value not in currencies():
            wrong(key, f"“{value}” is no currency", "write its three letters, for example EUR")
    elif key == "terms" and not _terms(value):
        wrong(key, f"“{value}” are no terms of payment", "write for example net 30, eom or due on receipt")
    return value


def _table(key: str, value: Any, wrong: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        wrong(key, f"“{key}” is a table", f"write [{key}] on a line of its own and its entries below")
        return {}
    meanings = tuple(dict.fromkeys([*LEDGER, *MASTER]))
    for inner, wanted in value.items():
        at = f"{key}.{inner}"
        if key == "columns" and inner not in meanings:
            wrong(at, f"there is no meaning “{inner}”", _meant(inner, meanings), "unknown-word")
        if key in _VALUES and wanted not in _VALUES[key]:
            wrong(at, f"“{wanted}” is not a value for “{key}”", _meant(str(wanted), _VALUES[key]))
        elif key in ("columns", "own") and (isinstance(wanted, bool) or not isinstance(wanted, str | int)):
            wrong(
                at,
                "a column is named by its header or its number",
                f'write {inner} = "Open Balance" or {inner} = 7',
            )
        elif key == "term_codes" and not (isinstance(wanted, str) and _terms(wanted)):
            wrong(
                at, f"“{wanted}” are no terms of payment", "write for example net 30, eom or due on receipt"
            )
    return dict(value)


def _terms(text: str) -> bool:
    from engine.core.ledger import Terms, read_terms

    return isinstance(read_terms(text), Terms)


def _lines(text: str) -> dict[str, int]:
    """Line of every key, as "key" or "table.key": tomlkit keeps the text but not where a value stood in
    it.
    """
    found: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if opened := _TABLE_LINE.match(line):
            table = opened[1]
            found.setdefault(table, number)
        elif keyed := _KEY_LINE.match(line):
            key = keyed[1].strip("\"'")
            found.setdefault(f"{table}.{key}" if table else key, number)
    return found


def _problem(place: Place, text: str, sentence: str, suggestion: str, code: str) -> Problem:
    lines = text.split("\n")
    line = lines[place.line - 1].rstrip("\r") if place.line <= len(lines) else ""
    return Problem(place, sentence, suggestion, code, line=line)


def _reason(error: ParseError) -> str:
    return re.sub(r" at line \d+ col \d+$", "", str(error)).lower()


def _meant(word: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, known, 1, 0.6)
    return f"did you mean “{near[0]}”?" if near else _one_of(known)


def _one_of(known: tuple[str, ...]) -> str:
    return "write one of " + ", ".join(f"“{word}”" for word in known)
