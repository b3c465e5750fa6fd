"""Proposes a profile for a file: what was found in it as comments, what it does not tell as questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from engine.core.problem import Problem, Severity
from engine.readers.aliases import LEDGER
from engine.readers.dates import read_dates
from engine.readers.documents import kind_of
from engine.readers.headers import Header, find_header, named
from engine.readers.ledger import choose_sheet, read_ledger_tables
from engine.readers.numbers import read_numbers
from engine.readers.plain import SEPARATORS
from engine.readers.profile import Profile, read
from engine.readers.rows import RowKind, classify
from engine.readers.table import Table, cell_text, read_tables

_REQUIRED = ("account", "item", "date", "due", "open")


def propose(name: str, data: bytes) -> str:
    """A commented profile in TOML that reads `data` as far as the file tells; open questions are commented
    lines.

    The text always parses as a profile. A file that cannot be opened gives its problems as comments.
    """
    tables, problems = read_tables(name, data)
    return propose_tables(name, tables, problems)


def propose_tables(name: str, tables: Sequence[Table], problems: list[Problem]) -> str:
    """As `propose`, for a file that has been opened."""
    table = choose_sheet(tables, Profile()) if tables else problems[0]
    if isinstance(table, Problem):
        return _comment(
            f"{name} cannot be read yet.", *[f"{table.place}: {table.sentence}; {table.suggestion}"]
        )
    header, problems = find_header(table, Profile())
    if header is None:
        return _comment(
            f"No row of {name} names the columns. Say which row does, and which column is what:",
            "header = 5",
            "[columns]",
            *[f'{meaning} = "…"  # {named(meaning)}' for meaning in _REQUIRED],
        )
    lines = [f"# How to read {name}. Check each line; lines that begin with # are questions or remarks.", ""]
    if len(tables) > 1:
        lines.append(f'sheet = "{table.sheet}"')
    if table.separator:
        lines.append(
            f"# {SEPARATORS[table.separator]} between columns, {table.encoding} text, header in "
            f"row {table.lines[header.first]}"
        )
    if not table.ended:
        lines += ["# The last line has no end. Is the file whole? Then say:", "# open_end = true"]
    kinds = classify(table, header, Profile()).kinds
    rows = [row for row, kind in enumerate(kinds) if kind is RowKind.ITEM]
    lines += _formats(table, header, rows)
    lines += _kind_of_ledger(table, header, rows)
    lines += _columns(header, problems, sections=RowKind.PARTY in kinds)
    lines += _kinds(table, header, rows)
    return _settle(name, tables, "\n".join(lines) + "\n")


def _comment(*lines: str) -> str:
    return "".join(f"# {line}\n" for line in lines)


def _formats(table: Table, header: Header, rows: list[int]) -> list[str]:
    columns = header.columns
    money = [columns[meaning] for meaning in ("open", "amount") if meaning in columns]
    days = [columns[meaning] for meaning in ("date", "due", "paid_on") if meaning in columns]
    lines = []
    numbers = read_numbers(table, rows, money, Profile())
    if numbers.decimal and table.separator:
        lines.append(f'decimal = "{numbers.decimal}"')
    elif not numbers.decimal:
        lines += [
            "# Which sign comes before the cents?",
            *[f"# {p.sentence}" for p in numbers.problems],
            '# decimal = ","',
        ]
    dates = read_dates(table, rows, days, Profile())
    if dates.order and table.separator:
        lines.append(
            f'dates = "{dates.order}"' if not _iso(table, rows, days) else "# dates are written as 2026-03-31"
        )
    elif not dates.order:
        lines += [
            "# How are dates written?",
            *[f"# {problem.sentence}" for problem in dates.problems[:3]],
            '# dates = "d/m/y"',
        ]
    return lines


def _iso(table: Table, rows: list[int], columns: list[int]) -> bool:
    texts = (cell_text(table.cell(row, column)) for row in rows[:50] for column in columns)
    return all(text[:4].isdigit() for text in texts if text)


def _kind_of_ledger(table: Table, header: Header, rows: list[int]) -> list[str]:
    columns = header.columns
    lines = []
    if "paid_on" in columns:
        paid = sum(table.cell(row, columns["paid_on"]) != "" for row in rows)
        if rows and paid / len(rows) > 0.5:
            lines += [
                "# This lists paid invoices with the day they were paid; it is played forward "
                "to the day of the import.",
                "settled = true",
            ]
    if "item" not in columns:
        lines.append("# No column holds a document number; these together tell a customer's documents apart:")
        lines.append('key = ["date", "due", "amount"]')
    if "due" not in columns and "terms" not in columns:
        lines += ["# No column holds due dates or terms. Which terms hold for all?", '# terms = "net 30"']
    return lines


def _columns(header: Header, problems: list[Problem], *, sections: bool) -> list[str]:
    there = set(header.columns)
    known = {"account"} if "name" in there or sections else set()
    known |= {"open"} if {"paid_on", "amount"} <= there else set()
    known |= {"due"} if "terms" in there else set()
    asked = set(_REQUIRED) - known - {"item"}
    doubled = {name for name in header.names if header.names.count(name) > 1}
    lines = ["", "[columns]"]
    unsure = {
        meaning: problem.sentence
        for problem in problems
        for meaning in header.columns
        if problem.code == "two-columns" and f" {meaning} = " in problem.suggestion
    }
    for meaning in LEDGER:
        column = header.columns.get(meaning)
        if column is not None:
            name = header.names[column]
            wanted = (
                str(column + 1)
                if name in doubled
                else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
            )
            if meaning in unsure:
                lines.append(f"# Is this right? {unsure[meaning].capitalize()}")
            lines.append(f"{meaning} = {wanted}")
        elif meaning in asked:
            lines.append(f'# {meaning} = "…"  # which column holds the {named(meaning)}?')
    used = set(header.columns.values())
    rest = [name for column, name in enumerate(header.names) if name and column not in used]
    if rest:
        lines.append(f"# not used: {', '.join(rest)}")
    return lines


def _kinds(table: Table, header: Header, rows: list[int]) -> list[str]:
    column = header.columns.get("kind")
    if column is None:
        return []
    codes = dict.fromkeys(cell_text(table.cell(row, column)) for row in rows)
    unknown = [code for code in codes if code and not kind_of(code)]
    if not unknown:
        return []
    lines = [
        "",
        "# What are these document types? invoice, debit_note, credit_note, payment or journal",
        "[kinds]",
    ]
    return lines + [f'# "{code}" = "invoice"' for code in unknown]


def _settle(name: str, tables: Sequence[Table], text: str) -> str:
    """Reads the file with the proposal and adds what is still asked: currency, day, rows to set aside."""
    profile, _ = read(f"{name}.toml", text)
    if profile is None:
        return text
    asked = []
    tables = [table for table in tables if profile.sheet in ("", table.sheet)]
    bare = tried = read_ledger_tables(tables, profile=profile)
    open_ended = {problem.code for problem in bare.problems} & {"no-currency", "no-day"}
    if open_ended:
        stand_in = replace(profile, currency="USD") if "no-currency" in open_ended else profile
        tried = read_ledger_tables(tables, profile=stand_in, as_of=date(2100, 1, 1))
    if "no-currency" in open_ended:
        asked += ["# The file names no currency. Which is it?", '# currency = "EUR"']
    if "no-day" in open_ended:
        asked.append("# The file does not say of which day it is: give --as-of with each import.")
    aside = {
        "no-amount": "missing amount",
        "due-before-issue": "due before issue",
        "exact-duplicate": "exact duplicate",
    }
    kinds = [why for code, why in aside.items() if any(problem.code == code for problem in tried.problems)]
    if kinds:
        listed = ", ".join(f'"{why}"' for why in kinds)
        asked += [
            "# Some rows cannot be taken in. Shall they be set aside, with their list and value?",
            f"# set_aside = [{listed}]",
        ]
    others = dict.fromkeys(
        problem.sentence
        for problem in tried.problems
        if problem.severity is Severity.ERROR
        and problem.code not in (*aside, "ambiguous-number", "ambiguous-date", "two-columns")
    )
    asked += [f"# Still in the way: {sentence}" for sentence in list(others)[:5]]
    head, mark, rest = text.partition("\n[columns]")
    return head.rstrip("\n") + "\n" + "\n".join(asked) + ("\n" if asked else "") + mark + rest
