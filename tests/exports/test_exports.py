"""A preview as a file: nothing lost, nothing that a spreadsheet or a browser would run."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

import openpyxl
import orjson
import pytest
from icalendar import Calendar

from engine import exports
from engine.core.language.policy import Kind
from tests.screen.values import ACTIONS, WEEK, action

MADE = datetime(2026, 11, 22, 12, tzinfo=UTC)
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\x00=1")


def hostile(name: str) -> bytes:
    return exports.preview_csv(replace(WEEK, actions=(action(0, name, name, Kind.CALL, name),), held=()))


def test_json_says_everything_with_stable_keys() -> None:
    value = orjson.loads(orjson.dumps(exports.preview_value(WEEK)))
    assert value["from"] == "2026-11-22"
    assert value["sent"] is False
    assert value["days"][4]["closed"] == "Thanksgiving Day"
    assert value["days"][1]["counts"] == {"call": 14, "email": 31, "letter": 6, "terms": 1}
    assert value["actions"][1]["amount"] == "27400.00"
    assert value["actions"][1]["line"] == "policies/standard.yaml:20:5"
    assert value["held"][0]["reason"] == "disputed"
    assert len(value["actions"]) == len(ACTIONS)
    assert list(value["actions"][0]) == list(exports.preview_value(WEEK)["actions"][0])  # type: ignore[index]


@pytest.mark.parametrize("name", FORMULAS)
def test_no_cell_of_a_csv_is_a_formula(name: str) -> None:
    rows = list(csv.reader(io.StringIO(hostile(name).decode("utf-8-sig"), newline="")))
    assert len(rows) == 2
    for cell in (rows[1][1], rows[1][2], rows[1][5]):
        assert cell.startswith("'")


def test_a_csv_has_every_action_and_every_held_step() -> None:
    rows = list(csv.DictReader(io.StringIO(exports.preview_csv(WEEK).decode("utf-8-sig"), newline="")))
    assert [row["state"] for row in rows].count("waits") == 3
    assert [row["state"] for row in rows].count("needs approval") == 2
    assert rows[4]["name"] == "Nordwind Möbel"
    assert rows[-1]["reason"] == "no capacity today"


@pytest.mark.parametrize("name", FORMULAS)
def test_no_cell_of_a_workbook_is_a_formula(name: str) -> None:
    week = replace(WEEK, actions=(action(0, name, name, Kind.CALL, name),))
    book = openpyxl.load_workbook(io.BytesIO(exports.preview_xlsx(week)))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    named = [cell for cell in cells if isinstance(cell.value, str) and name[-1] in cell.value]
    assert any(cell.value.startswith("'") for cell in named)


def test_a_workbook_has_numbers_and_days_as_such() -> None:
    book = openpyxl.load_workbook(io.BytesIO(exports.preview_xlsx(WEEK)))
    assert book.sheetnames == ["Week", "Actions", "Held back"]
    assert book["Actions"]["J3"].value == 27_400
    assert book["Actions"]["A3"].value == datetime(2026, 11, 23)  # noqa: DTZ001 -- a spreadsheet's day
    assert book["Held back"].max_row == 4


def test_a_page_needs_nothing_else_and_escapes_names() -> None:
    bad = action(0, "X", "<script>alert(1)</script>", Kind.CALL, "collector")
    page = exports.preview_html(replace(WEEK, actions=(bad,))).decode()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page.replace("http-equiv", "")
    assert "Nothing has been sent." in page
    assert "Thu 26 is Thanksgiving Day; 21 of its steps fall on Fri 27." in page


def test_a_calendar_has_an_entry_for_each_day_with_something_to_do() -> None:
    calendar = Calendar.from_ical(exports.preview_ics(WEEK, MADE))
    events = calendar.walk("VEVENT")
    assert [str(event["uid"]) for event in events] == [
        f"2026-11-{day}.preview@dunwell" for day in (23, 24, 25, 27)
    ]
    assert str(events[0]["summary"]) == "Dunwell: 14 calls, 31 emails, 6 letters and 1 terms"
    assert "HARB-0310 Harbor Supply: cash on delivery, email cod-notice, $27,400.00" in str(
        events[0]["description"]
    )
