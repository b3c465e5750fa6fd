"""A ledger file becomes open items, credits and payments, or a list of everything that is wrong with it.

The ten rules: the header is found by meaning; every row is of a known kind; what is required is there;
credits are negative;
days and buckets are never taken from the export; totals are compared; the ledger's own day is known; flags
in text count where
the profile says so; formats are decided once a file; and whatever could mean two things is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl

from engine.core.problem import Problem, Severity
from engine.readers.cells import Cells
from engine.readers.currency import Default, find_currency
from engine.readers.dates import read_dates
from engine.readers.documents import Documents
from engine.readers.headers import Header, find_header, listed, named
from engine.readers.numbers import read_numbers
from engine.readers.profile import Profile
from engine.readers.reading import NAMED, ROWS, Found, Reading, in_order, refused
from engine.readers.rows import Classified, RowKind, classify
from engine.readers.stated import day_by_arrears, find_day, reconcile
from engine.readers.table import Table, read_tables


def read_ledger(
    name: str,
    data: bytes,
    *,
    profile: Profile | None = None,
    as_of: date | None = None,
    currency: str | None = None,
) -> Reading:
    """Read one export. `name` appears in every place; `as_of` beats the profile's and the file's own.

    `currency` is the default of amounts for which neither file nor profile names one.
    Never raises for anything a file may hold: with an error the reading has no rows, and says why.
    """
    profile = profile or Profile()
    tables, problems = read_tables(
        name, data, encoding=profile.encoding, separator=profile.separator, sheet=profile.sheet
    )
    if problems:
        return refused(problems, profile)
    return read_ledger_tables(tables, profile=profile, as_of=as_of, currency=currency)


def read_ledger_tables(
    tables: Sequence[Table],
    *,
    profile: Profile,
    as_of: date | None = None,
    currency: str | None = None,
    otherwise: date | None = None,
) -> Reading:
    """Read an export that has been opened. As `read_ledger`; `otherwise` is the day of one that says none."""
    table = choose_sheet(tables, profile)
    if isinstance(table, Problem):
        return refused([table], profile)
    header, problems = find_header(table, profile)
    if header is None:
        return refused(problems + cut_end(table, profile), profile)
    classified = classify(table, header, profile)
    if missing := _missing(table, header, classified, profile):
        problems += missing  # without a required column the rows cannot be judged
    else:
        problems += [*classified.problems, *cut_rows(table, header, classified)]
    problems += cut_end(table, profile)
    problems += _merged(table, classified)
    return _items(table, header, classified, profile, (as_of, otherwise), currency, problems)


def choose_sheet(tables: Sequence[Table], profile: Profile, *, master: bool = False) -> Table | Problem:
    """The one sheet that has a header; two are an ambiguity."""
    if len(tables) == 1:
        return tables[0]
    fitting = [table for table in tables if find_header(table, profile, master=master)[0]]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        return find_header(tables[0], profile, master=master)[1][0]
    first, second = fitting[:2]
    return second.problem(
        0,
        0,
        "two-sheets",
        f"the sheets “{first.sheet}” and “{second.sheet}” both hold a list",
        f'say which in the profile: sheet = "{first.sheet}"',
        also=first.place(0),
    )


def _missing(table: Table, header: Header, classified: Classified, profile: Profile) -> list[Problem]:
    """A problem for each required meaning that no column has."""
    there = header.columns
    wanted: list[tuple[str, str]] = []
    if not {"account", "name"} & set(there) and RowKind.PARTY not in classified.kinds:
        wanted.append(("account", ""))
    if "date" not in there:
        wanted.append(("date", ""))
    if "due" not in there and "terms" not in there and not profile.terms:
        wanted.append(("due", ', or say the terms that hold for all: terms = "net 30"'))
    if "item" not in there and not profile.key:
        wanted.append(
            ("item", '; where there is none, say what tells documents apart: key = ["date", "due", "amount"]')
        )
    if profile.settled:
        if "open" not in there and "amount" not in there:
            wanted.append(("amount", ""))
        if "paid_on" not in there:
            wanted.append(("paid_on", ""))
    elif "open" not in there:
        paid = "paid_on" in there and "amount" in there
        wanted.append(
            (
                "open",
                "; where this lists paid invoices with their payment dates: settled = true" if paid else "",
            )
        )
    return [
        table.problem(
            header.last,
            0,
            f"no-{named(meaning).replace(' ', '-')}",
            f"no column holds the {named(meaning)}",
            f'name it in the profile, under [columns]: {meaning} = "…"{more}. The columns are '
            f"{listed(header.names)}",
        )
        for meaning, more in wanted
        if not profile.columns.get(meaning)  # a column named wrongly is said already
    ]


def cut_end(table: Table, profile: Profile) -> list[Problem]:
    """A CSV file that stops in the middle of a line may have lost rows as well as letters."""
    if table.ended or profile.open_end or not table.separator:
        return []
    row = len(table.rows) - 1
    return [
        table.problem(
            row,
            max(len(table.rows[row]) - 1, 0),
            "cut-file",
            "the file ends in the middle of this row",
            "export it again; where your system never ends the last line, say in the profile: "
            "open_end = true",
        )
    ]


def cut_rows(table: Table, header: Header, classified: Classified) -> list[Problem]:
    """Items with fewer or more cells than the header: half a row, or a separator inside an unquoted text."""
    if not table.separator:
        return []
    width = len(header.names)
    problems = []
    for row, kind in enumerate(classified.kinds):
        if kind is not RowKind.ITEM or len(table.rows[row]) == width:
            continue
        cells = table.rows[row]
        if len(cells) < width:
            sentence = f"this row has {len(cells)} of {width} columns"
            hint = "export the file again: the row was cut"
        elif any(cell != "" for cell in cells[width:]):
            sentence = f"this row has {len(cells)} columns, the header {width}"
            hint = "put text that holds the separator, or a decimal comma, in quotes"
        else:
            continue
        problems.append(table.problem(row, min(len(cells), width) - 1, "cut-row", sentence, hint))
    return problems


def _merged(table: Table, classified: Classified) -> list[Problem]:
    """Merged cells are fine in titles; over items nobody knows to which row their value belongs."""
    return [
        table.problem(
            first,
            column,
            "merged-cells",
            "merged cells cover items here",
            "select the list, unmerge the cells, and fill in the value in each row",
        )
        for first, column, last, _ in table.merged
        if any(kind is RowKind.ITEM for kind in classified.kinds[first : last + 1])
    ]


def _items(
    table: Table,
    header: Header,
    classified: Classified,
    profile: Profile,
    told: tuple[date | None, date | None],  # the day as told, and that of a file which says none
    currency: str | None,
    problems: list[Problem],
) -> Reading:
    found = Found(table)
    found.extend(problems)
    columns = header.columns
    cut = {problem.place.line for problem in problems if problem.code == "cut-row"}
    items = [row for row, kind in enumerate(classified.kinds) if kind is RowKind.ITEM]
    rows = [row for row in items if table.lines[row] not in cut]
    amounts = [meaning for meaning in ("open", "amount") if meaning in columns]
    days = [meaning for meaning in ("date", "due", "statement", "paid_on") if meaning in columns]
    if not profile.settled:
        days = [meaning for meaning in days if meaning != "paid_on"]
    numbers = read_numbers(table, rows, [columns[meaning] for meaning in amounts], profile)
    dates = read_dates(table, rows, [columns[meaning] for meaning in days], profile)
    found.extend(numbers.problems)
    found.extend(dates.problems)
    default = Default()
    if "currency" not in columns or currency or profile.currency:
        default, more = find_currency(table, header, classified, numbers, currency, profile)
        found.extend(more if "currency" not in columns else [])
    as_of, otherwise = told
    day, more = find_day(table, header, classified, dates.order, as_of, profile)
    if day is None and otherwise is not None:
        day, more = otherwise, []
    read: dict[str, Sequence[Any]] = dict(zip(amounts, numbers.columns, strict=True))
    read |= dict(zip(days, dates.columns, strict=True))
    if day is None and "arrears" in columns and "due" in read:
        dues = {row: due for row, due in zip(rows, read["due"], strict=True) if due}
        if hint := day_by_arrears(table, rows, columns["arrears"], dues):
            more = [_hinted(problem, hint) for problem in more]
    found.extend(more)
    unjudged = (
        any(problem.code.startswith("no-") for problem in problems) or not amounts or "date" not in days
    )
    if not items and not unjudged:
        found.add(
            header.last, 0, "no-items", "there are no items below the header", "export the open items again"
        )
    if unjudged:
        return refused(found.all(), profile, classified.counts())
    cells = Cells(table, columns, profile, found)
    documents = Documents(cells, classified.parties, rows, read, currency=default, as_of=day, numbers=numbers)
    documents.read()
    money = columns["amount"] if profile.settled and "amount" in columns else columns.get("open", -1)
    totals, notes, more = reconcile(table, header, classified, numbers.decimal, documents.valued, money)
    found.extend(more)
    if any(problem.severity is Severity.ERROR for problem in found.problems):
        return refused(found.all(), profile, classified.counts())
    assert day is not None
    frame = pl.DataFrame(documents.columns, schema=ROWS)
    sums = {
        str(code): int(total)
        for code, total in frame.group_by("currency").agg(pl.col("open").sum()).sort("currency").iter_rows()
    }
    return Reading(
        rows=frame,
        customers=pl.DataFrame(documents.parties.customers(), schema=NAMED, orient="row"),
        problems=in_order(found.all()),
        as_of=day,
        currencies=tuple(sums),
        total_in_file=totals,
        total_of_rows=sums,
        set_aside=tuple(documents.kept.aside),
        classified=classified.counts(),
        profile=profile,
        notes=tuple(notes + documents.notes() + _after(frame, day)),
    )


def _after(frame: pl.DataFrame, day: date) -> list[str]:
    """A ledger with documents from after its own day may have been given the wrong day."""
    later = frame.filter(pl.col("date") > day)
    if later.is_empty():
        return []
    last = max(later["date"].to_list())
    return [f"{later.height:,} items are dated after the ledger's day, {day}; the last is of {last}."]


def _hinted(problem: Problem, day: date) -> Problem:
    return Problem(
        problem.place,
        problem.sentence,
        f"give it when importing: --as-of {day} (the day to which its days overdue point)",
        problem.code,
        problem.severity,
        problem.line,
    )
