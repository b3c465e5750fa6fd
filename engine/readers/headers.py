"""The header row is found by what its words mean, wherever it stands and whatever language it speaks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from babel.numbers import list_currencies

from engine.core.problem import Problem
from engine.readers.aliases import LEDGER, MASTER
from engine.readers.profile import Profile
from engine.readers.table import Cell, Table, cell_text

SEARCHED = 60  # rows looked at for the header
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORDS = re.compile(r"[^a-z0-9]+")
_DATA = re.compile(r"\d{4}-\d\d-\d\d|\d[.,]\d\d\b|\d{1,2}[-/.](\d{1,2}|\w{3})[-/.]\d{2,4}")


@dataclass(frozen=True, slots=True)
class Header:
    """Where the header is (`first` and `last` row, for one of two rows), its names, and the column of each
    meaning.
    """

    first: int
    last: int
    names: tuple[str, ...]
    columns: Mapping[str, int]
    currency: str = ""  # from a header such as "Outstanding (EUR)"


def normal(text: str) -> str:
    """A header for comparing: "Party's Name" → "party s name", "VALOR_A_PAGAR" → "valor a pagar"."""
    split = _CAMEL.sub(" ", text.strip())
    plain = unicodedata.normalize("NFKD", split.replace("ß", "ss").replace("º", "").replace("°", ""))
    letters = "".join(character for character in plain if not unicodedata.combining(character))
    return _WORDS.sub(" ", letters.casefold()).strip()


@cache
def currencies() -> frozenset[str]:
    """Every ISO 4217 code."""
    return frozenset(list_currencies())


def words(joined: str) -> frozenset[str]:
    return frozenset(joined.split("·"))


@cache
def _index(master: bool) -> Mapping[str, tuple[tuple[int, str], ...]]:
    """Header → the meanings that claim it, with their tiers, the strongest first."""
    found: dict[str, list[tuple[int, str]]] = {}
    for meaning, tiers in (MASTER if master else LEDGER).items():
        for tier, aliases in enumerate(tiers):
            for alias in dict.fromkeys(aliases.split("·")):
                found.setdefault(alias, []).append((tier, meaning))
    return MappingProxyType(
        {alias: tuple(sorted(claims, key=lambda claim: claim[0])) for alias, claims in found.items()}
    )


def _claims(name: str, master: bool) -> tuple[tuple[int, str], ...]:
    claims = _index(master).get(normal(name), ())
    if not claims and _own_currency(name):
        claims = _index(master).get(normal(name.rstrip(") ")[:-3]), ())
    return claims


def _own_currency(name: str) -> str:
    code = name.rstrip(") ")[-3:]
    return code if len(name) > 4 and code in currencies() and not name.rstrip(") ")[-4].isalnum() else ""


def likeness(cells: Sequence[Cell], *, master: bool | None = None) -> int:
    """How many different meanings a row would name if it were the header."""
    texts = [cell_text(cell) for cell in cells]
    if any(_DATA.search(text) for text in texts):
        return 0
    kinds = (False, True) if master is None else (master,)
    return max(len({claims[0][1] for text in texts if (claims := _claims(text, kind))}) for kind in kinds)


def find_header(
    table: Table, profile: Profile, *, master: bool = False
) -> tuple[Header | None, list[Problem]]:
    """The header of a table, and what is wrong with it: none found, a meaning claimed twice, a column not
    there.
    """
    found = _stated(table, profile) if profile.header else _search(table, master)
    if found is None:
        return None, [_no_header(table, profile, master)]
    first, last = found
    names = _joined(table, first, last)
    columns, problems = _columns(table, last, names, profile, master)
    own = next(
        (
            code
            for column in (columns.get("open"), columns.get("amount"))
            if column is not None and (code := _own_currency(names[column]))
        ),
        "",
    )
    return Header(first, last, names, MappingProxyType(columns), own), problems


def _stated(table: Table, profile: Profile) -> tuple[int, int] | None:
    rows = [row for row, line in enumerate(table.lines) if line in profile.header]
    return (rows[0], rows[-1]) if len(rows) == len(profile.header) else None


def _search(table: Table, master: bool) -> tuple[int, int] | None:
    best, found = 1 if master else 2, None
    for row in range(min(SEARCHED, len(table.rows))):
        one = likeness(table.rows[row], master=master)
        two = likeness(_joined(table, row, row + 1), master=master) if row + 1 < len(table.rows) else 0
        if two > one and likeness(table.rows[row + 1], master=master) == one:
            two = 0  # two headers of equal standing are two headers, not one in two rows
        if max(one, two) > best:
            best, found = max(one, two), (row, row + 1 if two > one else row)
    return found


def _joined(table: Table, first: int, last: int) -> tuple[str, ...]:
    width = max(len(table.rows[row]) for row in range(first, last + 1))
    return tuple(
        " ".join(text for row in range(first, last + 1) if (text := cell_text(table.cell(row, column))))
        for column in range(width)
    )


def _columns(
    table: Table, row: int, names: tuple[str, ...], profile: Profile, master: bool
) -> tuple[dict[str, int], list[Problem]]:
    columns: dict[str, int] = {}
    problems: list[Problem] = []
    settled = dict(profile.columns)
    for meaning, wanted in settled.items():
        if wanted == "":
            continue  # the profile says that no column has this meaning
        at = column_of(names, wanted)
        if len(at) == 1:
            columns[meaning] = at[0]
        else:
            problems.append(_not_there(table, row, names, profile, f"columns.{meaning}", wanted, at))
    meanings = MASTER if master else LEDGER
    taken = set(columns.values())
    claims = {column: _claims(name, master) for column, name in enumerate(names)}
    for tier in range(max(len(tiers) for tiers in meanings.values())):
        for meaning in meanings:
            if meaning in columns or meaning in settled:
                continue
            claimed = [
                column for column in claims if column not in taken and (tier, meaning) in claims[column]
            ]
            if len(claimed) > 1:
                problems.append(_ambiguous(table, row, names, meaning, claimed))
            if claimed:
                columns[meaning] = claimed[0]
                taken.update(claimed)
    return columns, problems


def column_of(names: Sequence[str], wanted: str | int) -> list[int]:
    """The columns a profile means: by number from 1, or by header, in any case and spacing."""
    if isinstance(wanted, int):
        return [wanted - 1] if 1 <= wanted <= len(names) else []
    exact = [column for column, name in enumerate(names) if name == wanted]
    return exact or [column for column, name in enumerate(names) if normal(name) == normal(wanted) and name]


def listed(names: Iterable[str], most: int = 14) -> str:
    """Column names in quotes, cut after a few."""
    there = [f"“{name}”" for name in names if name]
    return ", ".join(there[:most]) + (f" and {len(there) - most} more" if len(there) > most else "")


MEANING_WORDS: Mapping[str, str] = {
    "account": "customer",
    "item": "document number",
    "date": "document date",
    "due": "due date",
    "open": "open amount",
    "paid_on": "payment date",
    "kind": "document type",
    "limit": "credit limit",
}


def named(meaning: str) -> str:
    return MEANING_WORDS.get(meaning, meaning.replace("_", " "))


def _ambiguous(
    table: Table, row: int, names: tuple[str, ...], meaning: str, claimed: Sequence[int]
) -> Problem:
    first, second = claimed[:2]
    same = names[first] == names[second]
    choice = str(first + 1) if same else f'"{names[first]}"'
    other = str(second + 1) if same else f'"{names[second]}"'
    return table.problem(
        row,
        second,
        "two-columns",
        f"columns {first + 1} “{names[first]}” and {second + 1} “{names[second]}” both look like "
        f"the {named(meaning)}",
        f"say which in the profile, under [columns]: {meaning} = {choice} or {meaning} = {other}",
        also=table.place(row, first),
    )


def _not_there(
    table: Table,
    row: int,
    names: tuple[str, ...],
    profile: Profile,
    key: str,
    wanted: str | int,
    at: list[int],
) -> Problem:
    if at:
        return Problem(
            profile.place(key),
            f"“{wanted}” is the name of {len(at)} columns",
            "write the column's number instead, without quotes: "
            + " or ".join(f"{key.partition('.')[2]} = {column + 1}" for column in at),
            "two-columns",
            also=table.place(row, at[0]),
        )
    return Problem(
        profile.place(key),
        f"the file has no column “{wanted}”",
        f"its columns are {listed(names)}",
        "no-column",
        also=table.place(row),
    )


def _no_header(table: Table, profile: Profile, master: bool) -> Problem:
    if profile.header:
        return Problem(
            profile.place("header"),
            f"the file has no row {', '.join(str(row) for row in profile.header)} that could be the header",
            "write the number of the row that names the columns, as a spreadsheet counts it",
            "no-header",
        )
    what = (
        "customer number and name" if master else "customer, document number, date, due date and open amount"
    )
    return table.problem(
        0,
        0,
        "no-header",
        "no row names the columns",
        f"export with column headers ({what}), or say in the profile which row it is: header = 5",
    )
