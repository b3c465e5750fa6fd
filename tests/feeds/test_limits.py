"""A spreadsheet from outside is opened in a child with limits: whatever it does, this process goes on."""

from __future__ import annotations

import io
import time
import zipfile

import pytest
from openpyxl import Workbook

from engine import limited
from engine.limited import Ended, Limits
from engine.readers.confined import open_tables
from engine.readers.profile import Profile

SMALL = Limits(wall=20, cpu=10, memory=1_000_000_000)


def eats(size: int) -> int:
    return len([bytes(2**20) for _ in range(size)])


def spins() -> None:
    while True:
        pass


def book(cells: bytes) -> bytes:
    """A workbook whose one sheet has these cells."""
    plain, made = io.BytesIO(), io.BytesIO()
    Workbook().save(plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.infolist():
            data = source.read(part)
            if part.filename == "xl/worksheets/sheet1.xml":
                before, _, after = data.partition(b"<sheetData")
                data = before + b"<sheetData>" + cells + b"</sheetData>" + after.partition(b">")[2]
                data = data.replace(b"</sheetData></sheetData>", b"</sheetData>")
            target.writestr(part.filename, data)
    return made.getvalue()


@pytest.mark.fault(77)
def test_a_bomb_ends_its_child_and_no_more() -> None:
    cell = b'<c t="inlineStr"><is><t>x</t></is></c>'
    bomb = book(b"".join(b"<row>" + cell * 250 + b"</row>" for _ in range(24_000)))
    assert len(bomb) < 2**20
    tables, problems = open_tables("open.xlsx", bomb, Profile(), Limits(wall=20, cpu=4, memory=600_000_000))
    assert tables == []
    assert [problem.code for problem in problems] == ["file-too-big"]
    assert problems[0].sentence.startswith("opening this file ")


@pytest.mark.fault(77)
def test_a_book_within_its_limits_is_read() -> None:
    tables, problems = open_tables(
        "a.xlsx", book(b'<row r="1"><c r="A1"><v>7</v></c></row>'), Profile(), SMALL
    )
    assert problems == []
    assert [[str(cell) for cell in row] for row in tables[0].rows] == [["7"]]


@pytest.mark.fault(77)
def test_memory_time_and_computing_have_an_end() -> None:
    assert limited.call(SMALL, eats, 10) == 10
    with pytest.raises(Ended, match="memory"):
        limited.call(SMALL, eats, 2_000)
    with pytest.raises(Ended, match="took more than 1 seconds of computing"):
        limited.call(Limits(wall=20, cpu=1, memory=10**9), spins)
    with pytest.raises(Ended, match="took more than 2 seconds"):
        limited.call(Limits(wall=2, cpu=100, memory=10**9), time.sleep, 60)
