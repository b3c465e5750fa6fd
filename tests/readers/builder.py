"""Makes ledgers as real systems export them: seeded, with the traps that such exports have."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from openpyxl import Workbook

AS_OF = date(2026, 3, 31)


@dataclass(frozen=True)
class Row:
    account: str
    name: str
    item: str
    kind: str
    issued: date
    due: date
    cents: int  # open, negative for a credit


def ledger(seed: int, customers: int = 30, rows: int = 240) -> list[Row]:
    """Open items, payments and credits, sorted by customer; numbers keep their leading zeros."""
    chance = random.Random(seed)
    names = [f"{word} {kind} {n}" for n in range(customers) for word, kind in [
        (chance.choice(["Müller", "Société Rive", "Peña", "São João", "Harbor", "Total Energies"]),
         chance.choice(["GmbH", "S.A.", "Ltd", "& Sons, Inc."]))]]  # fmt: skip
    made = []
    for n in range(rows):
        who = chance.randrange(customers)
        issued = AS_OF - timedelta(days=chance.randrange(1, 200))
        kind = chance.choices(["invoice", "credit_note", "payment"], [85, 8, 7])[0]
        cents = chance.randrange(1_00, 200_000_00) * (1 if kind == "invoice" else -1)
        due = issued + timedelta(days=30) if kind == "invoice" else issued
        made.append(Row(f"{who:05d}", names[who], f"{n:06d}", kind, issued, due, cents))
    return sorted(made, key=lambda row: (row.account, row.item))


def continental(cents: int) -> str:
    return english(cents).translate(str.maketrans(",.", ".,"))


def english(cents: int) -> str:
    return f"{cents / 100:,.2f}"


def brackets(cents: int) -> str:
    return f"({english(-cents)})" if cents < 0 else english(cents)


def minus_last(cents: int) -> str:
    return english(abs(cents)) + ("-" if cents < 0 else "")


def indian(cents: int) -> str:
    whole, rest = divmod(abs(cents), 100)
    text = str(whole)
    head, tail = text[:-3], text[-3:]
    groups = []
    while head:
        head, last = head[:-2], head[-2:]
        groups.insert(0, last)
    return ",".join([*groups, tail]) + f".{rest:02d} " + ("Cr" if cents < 0 else "Dr")


def written(rows: Sequence[Sequence[object]], separator: str = ",", encoding: str = "utf-8") -> bytes:
    """A CSV file of rows, encoded."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerows(rows)
    return text.getvalue().encode(encoding)


def sheet(rows: Sequence[Sequence[object]], title: str = "Ageing", merge: Sequence[str] = ()) -> bytes:
    """An XLSX file of rows."""
    book = Workbook()
    page = book.active
    assert page is not None
    page.title = title
    for row in rows:
        page.append(list(row))
    for cells in merge:
        page.merge_cells(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
