"""A profile is read into what it says or into problems with their lines, and is proposed from a file."""

from __future__ import annotations

from datetime import date

import pytest

from engine.readers import profile as profiles
from engine.readers.ledger import read_ledger
from engine.readers.profile import Profile
from engine.readers.propose import propose

from .builder import AS_OF, continental, ledger, written

FULL = """\
# our system
sheet = "Report"
header = [5, 6]
decimal = ","
dates = "d/m/y"
currency = "EUR"
as_of = 2026-03-31
sign = "by kind"
settled = true
key = ["date", "due", "amount"]
set_aside = ["missing amount"]

[columns]
account = "Customer No"
open = 7
terms = ""

[kinds]
RV = "invoice"

[text_flags]
paid = "set aside"
"""


def test_a_profile_is_read_and_written_back() -> None:
    profile, problems = profiles.read("sap.toml", FULL)
    assert problems == ()
    assert profile is not None
    assert profile.header == (5, 6)
    assert profile.as_of == AS_OF
    assert profile.columns == {"account": "Customer No", "open": 7, "terms": ""}
    assert profile.kinds == {"RV": "invoice"}
    assert str(profile.place("columns.open")) == "sap.toml:15:1"
    again, _ = profiles.read("sap.toml", profiles.write(profile))
    assert again == profile


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('curency = "EUR"', "p.toml:1:1 a profile has no “curency” | did you mean “currency”?"),
        (
            '\ncurrency = "EURO"',
            "p.toml:2:1 “EURO” is no currency | write its three letters, for example EUR",
        ),
        (
            'dates = "dd.mm.yyyy"',
            "p.toml:1:1 “dd.mm.yyyy” is not a way to write “dates” | write one of “y-m-d”, “d/m/y”, "
            "“m/d/y”, “y-m-d yy”, “d/m/yy”, “m/d/yy”",
        ),
        ('[columns]\nopn = "x"', "p.toml:2:1 there is no meaning “opn” | did you mean “open”?"),
        (
            '[kinds]\nRV = "invoce"',
            "p.toml:2:1 “invoce” is not a value for “kinds” | did you mean “invoice”?",
        ),
        (
            'set_aside = ["missing"]',
            "p.toml:1:1 “missing” does not belong in “set_aside” | did you mean “missing amount”?",
        ),
        ('as_of = "soon"', "p.toml:1:1 this is not a day | write as_of = 2026-03-31"),
        (
            'terms = "whenever"',
            "p.toml:1:1 “whenever” are no terms of payment | write for example net 30, eom or due on receipt",
        ),
        (
            "[columns]\nopen = 1.5",
            "p.toml:2:1 a column is named by its header or its number | "
            'write open = "Open Balance" or open = 7',
        ),
        ("settled = 1", "p.toml:1:1 “settled” is true or false | write settled = true"),
    ],
)
def test_what_is_wrong_has_its_line(text: str, problem: str) -> None:
    profile, problems = profiles.read("p.toml", text)
    assert profile is None
    assert [f"{found.place} {found.sentence} | {found.suggestion}" for found in problems] == [problem]


def test_all_problems_at_once_and_broken_toml() -> None:
    _, problems = profiles.read("p.toml", 'dates = "x"\ndecimal = ";"\nwhat = 1\n')
    assert [found.place.line for found in problems] == [1, 2, 3]
    _, problems = profiles.read("p.toml", 'sheet = "a"\nsheet "b"\n')
    assert [found.code for found in problems] == ["toml"]
    assert problems[0].place.line == 2


def test_a_column_that_is_not_there_is_named_with_the_line_of_the_profile() -> None:
    profile, _ = profiles.read("mine.toml", '[columns]\nopen = "Balance Due"\n')
    data = b"Customer,Num,Date,Due Date,Open Balance\nA,1,2026-01-05,2026-02-05,10.00\n"
    reading = read_ledger("open.csv", data, profile=profile, as_of=AS_OF, currency="EUR")
    assert next((str(found.place), found.sentence, found.suggestion) for found in reading.problems) == (
        "mine.toml:2:1",
        "the file has no column “Balance Due”",
        "its columns are “Customer”, “Num”, “Date”, “Due Date”, “Open Balance”",
    )


def test_a_name_that_two_columns_have_needs_a_number() -> None:
    profile, _ = profiles.read("mine.toml", '[columns]\nopen = "Open Balance"\n')
    data = b"Customer,Num,Date,Due Date,Open Balance,Open Balance\nA,1,2026-01-05,2026-02-05,10.00,11.00\n"
    reading = read_ledger("open.csv", data, profile=profile, as_of=AS_OF, currency="EUR")
    assert [(str(found.place), found.sentence, found.suggestion) for found in reading.problems] == [
        (
            "mine.toml:2:1",
            "“Open Balance” is the name of 2 columns",
            "write the column's number instead, without quotes: open = 5 or open = 6",
        )
    ]


def test_the_header_row_can_be_stated() -> None:
    data = b"Customer,Num,Date,Due Date,Open Balance\nx,y,z,u,v\nA,1,2026-01-05,2026-02-05,10.00\n"
    columns = {"account": "x", "item": "y", "date": "z", "due": "u", "open": "v"}
    profile = Profile(header=(2,), columns=columns, currency="EUR", as_of=AS_OF)
    assert read_ledger("open.csv", data, profile=profile).total_of_rows == {"EUR": 1_000}


def test_a_proposal_reads_the_file_it_was_made_for() -> None:
    rows = ledger(23)
    table = [["Kundennr.", "Firma", "Belegnummer", "Belegdatum", "Fällig am", "Offener Betrag"]]
    table += [
        [r.account, r.name, r.item, f"{r.issued:%d.%m.%Y}", f"{r.due:%d.%m.%Y}", continental(r.cents)]
        for r in rows
    ]
    data = written(table, ";", "cp1252")
    text = propose("offen.csv", data)
    assert 'decimal = ","' in text
    assert 'dates = "d/m/y"' in text
    assert 'open = "Offener Betrag"' in text
    assert "# The file names no currency. Which is it?" in text
    profile, problems = profiles.read("offen.toml", text.replace("# currency =", "currency ="))
    assert problems == ()
    reading = read_ledger("offen.csv", data, profile=profile, as_of=AS_OF)
    assert reading.total_of_rows == {"EUR": sum(row.cents for row in rows)}


def test_a_proposal_asks_what_the_file_does_not_tell() -> None:
    data = b"Client,Issue Date,Due Date,Amount,Balance,Open Balance,Date Paid,Kind\n"
    data += b"A,03/04/2026,04/05/2026,1.234,1,1.234,,x\nB,03/04/2026,04/05/2026,,1,,,x\n"
    text = propose("a.csv", data)
    for asked in (
        "# How are dates written?",
        "# Which sign comes before the cents?",
        '# set_aside = ["missing amount"]',
        "key = ",
    ):
        assert asked in text, text
    assert profiles.read("a.toml", text)[0] is not None
    for odd in (b"", b"hello", b"\x00\x01", b"PK\x03\x04", b'a,"b'):
        assert profiles.read("a.toml", propose("odd", odd))[0] is not None


def test_a_stated_format_that_does_not_fit_is_a_problem_of_the_cell() -> None:
    data = b"Customer,Num,Date,Due Date,Open Balance\nA,1,13/01/2026,14/02/2026,10.00\n"
    profile = Profile(dates="m/d/y", decimal=",", currency="EUR", as_of=date(2026, 3, 31))
    reading = read_ledger("open.csv", data, profile=profile)
    assert [found.code for found in reading.problems][:3] == ["date-format", "date-format", "number-format"]
