"""What a ledger file can do wrong is refused whole, with the place, the sentence and what to write
instead.
"""

from __future__ import annotations

import io
import zipfile
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from engine.core.problem import Severity
from engine.readers.ledger import read_ledger
from engine.readers.numbers import parse
from engine.readers.profile import Profile
from engine.readers.reading import Reading

from .builder import AS_OF, ledger, sheet, written

HEAD = "Customer,Num,Date,Due Date,Open Balance\n"


def read(text: str | bytes, profile: Profile | None = None, **more: object) -> Reading:
    data = text.encode() if isinstance(text, str) else text
    currency = more.get("currency", "EUR")
    assert currency is None or isinstance(currency, str)
    return read_ledger("open.csv", data, profile=profile, as_of=AS_OF, currency=currency)


def said(reading: Reading) -> list[str]:
    """Every problem as place, sentence and suggestion; with an error nothing is taken in."""
    if not reading.ok:
        assert reading.rows.is_empty()
        assert reading.customers.is_empty()
    return [f"{problem.place} {problem.sentence} | {problem.suggestion}" for problem in reading.problems]


@pytest.mark.fault(71)
def test_cut_in_the_middle_of_a_row() -> None:
    reading = read(HEAD + "A,1,2026-01-05,2026-02-05,10.00\nB,2,2026-01")
    assert said(reading) == [
        "open.csv:3:5 this row has 3 of 5 columns | export the file again: the row was cut",
        "open.csv:3:5 the file ends in the middle of this row | export it again; where your "
        "system never ends the "
        "last line, say in the profile: open_end = true",
    ]
    assert reading.problems[0].line == "B,2,2026-01"


@pytest.mark.fault(72)
def test_a_row_with_too_many_cells() -> None:
    assert said(read(HEAD + "A,1,2026-01-05,2026-02-05,1,000.00\n")) == [
        "open.csv:2:27 this row has 6 columns, the header 5 | put text that holds the "
        "separator, or a decimal comma, "
        "in quotes"
    ]


def test_two_header_rows() -> None:
    reading = read(HEAD + "A,1,2026-01-05,2026-02-05,10.00\n" + HEAD + "B,2,2026-01-05,2026-02-05,20.00\n")
    assert said(reading) == [
        "open.csv:3:1 a second header row; the first is row 1 | import one export a file; where "
        "the system repeats the "
        'header on every page, say in the profile: set_aside = ["repeated header"]'
    ]
    assert reading.problems[0].also is not None
    agreed = read(
        HEAD + "A,1,2026-01-05,2026-02-05,10.00\n" + HEAD + "B,2,2026-01-05,2026-02-05,20.00\n",
        Profile(set_aside=("repeated header",)),
    )
    assert agreed.ok
    assert agreed.rows.height == 2
    assert agreed.classified["header"] == 2


@pytest.mark.fault(72)
def test_two_number_formats_in_one_file() -> None:
    reading = read(HEAD + 'A,1,2026-01-05,2026-02-05,"1.234,56"\nB,2,2026-01-05,2026-02-05,"1,234.56"\n')
    assert said(reading) == [
        "open.csv:3:27 “1,234.56” and “1.234,56” (line 2) are written in two number formats | "
        "export the file in one "
        "format; a file that mixes two cannot be read safely"
    ]


def test_a_number_that_could_be_two() -> None:
    text = HEAD + "A,1,2026-01-05,2026-02-05,1.234\nB,2,2026-01-05,2026-02-05,17\n"
    assert said(read(text)) == [
        "open.csv:2:27 “1.234” could be two numbers, and no other amount in the file tells "
        "which | say in the profile "
        'which sign comes before the cents: decimal = "," or decimal = "."'
    ]
    assert read(text, Profile(decimal=",")).total_of_rows == {"EUR": 125_100}
    # one telling amount is enough for the whole file
    assert read(text + 'C,3,2026-01-05,2026-02-05,"2,5"\n').total_of_rows == {"EUR": 125_350}


def test_a_date_that_could_be_two() -> None:
    text = HEAD + "A,1,03/04/2025,04/05/2025,10.00\n"
    assert said(read(text)) == [
        "open.csv:2:5 “03/04/2025” could be two dates (3 April 2025 or 4 March 2025), and no "
        "other date in the file tells "
        'which | say in the profile how dates are written: dates = "d/m/y" or dates = "m/d/y"'
    ]
    assert read(text, Profile(dates="d/m/y")).rows["date"].to_list() == [date(2025, 4, 3)]
    assert read(text, Profile(dates="m/d/y")).rows["date"].to_list() == [date(2025, 3, 4)]
    assert read(text + "B,2,03/04/2025,25/05/2025,10.00\n").rows["date"].to_list() == [date(2025, 4, 3)] * 2


def test_two_date_formats_in_one_file() -> None:
    assert said(read(HEAD + "A,1,13/04/2025,14/05/2025,10.00\nB,2,04/13/2025,05/14/2025,10.00\n")) == [
        "open.csv:3:5 “04/13/2025” and “13/04/2025” (line 2) are written in two date formats | "
        "export the file in one "
        "format; a file that mixes two cannot be read safely"
    ]


def test_a_day_that_does_not_exist_and_a_year_of_two_digits() -> None:
    assert said(read(HEAD + "A,1,2026-02-30,2026-03-31,10.00\n")) == [
        "open.csv:2:5 there is no day “2026-02-30” | correct the date; years are 1970 to 2100"
    ]
    text = HEAD + "A,1,13/04/25,14/05/25,10.00\n"
    assert said(read(text)) == [
        "open.csv:2:5 “13/04/25” has a year of two digits | export four digits, or say in the "
        "profile how it is meant: "
        'dates = "d/m/yy", "m/d/yy" or "y-m-d yy"'
    ]
    assert read(text, Profile(dates="d/m/yy")).rows["due"].to_list() == [date(2025, 5, 14)]


def test_no_open_amount_column() -> None:
    assert said(read("Customer,Num,Date,Due Date,Amount\nA,1,2026-01-05,2026-02-05,10.00\n")) == [
        'open.csv:1:1 no column holds the open amount | name it in the profile, under [columns]: open = "…". '
        "The columns are “Customer”, “Num”, “Date”, “Due Date”, “Amount”"
    ]


def test_missing_open_amount_is_never_zero() -> None:
    text = HEAD + "A,1,2026-01-05,2026-02-05,10.00\nB,2,2026-01-05,2026-02-05,\n"
    assert said(read(text)) == [
        "open.csv:3:27 this item has no open amount | fill it in; or, to have such rows listed "
        "and left out, say in the "
        'profile: set_aside = ["missing amount"]'
    ]
    agreed = read(text, Profile(set_aside=("missing amount",)))
    assert agreed.rows.height == 1
    assert [
        (aside.row, aside.why, aside.amount, aside.account, aside.item) for aside in agreed.set_aside
    ] == [(3, "missing amount", None, "B", "2")]
    assert agreed.notes == ("1 row set aside: missing amount.",)


def test_a_dash_is_no_zero_and_a_date_no_amount() -> None:
    assert "this item has no open amount" in said(read(HEAD + "A,1,2026-01-05,2026-02-05,-\n"))[0]
    for odd in (date(2026, 1, 1), 1e300, 10**16):
        table = [
            ["Customer", "Num", "Date", "Due Date", "Open Balance"],
            ["A", "1", date(2026, 1, 5), date(2026, 2, 5), odd],
        ]
        reading = read_ledger("open.xlsx", sheet(table), as_of=AS_OF, currency="EUR")
        assert "is not an amount" in said(reading)[0]
    table = [["Customer", "Num", "Date", "Due Date", "Open Balance"], ["A", "1", 46027, date(2026, 2, 5), 5]]
    reading = read_ledger("open.xlsx", sheet(table), as_of=AS_OF, currency="EUR")
    assert said(reading)[0].endswith("“46027” is not a date | format the column as a date")


def test_documents_after_the_day_of_the_ledger_are_mentioned() -> None:
    reading = read(HEAD + "A,1,2026-04-05,2026-05-05,10.00\n")
    assert reading.notes == (
        "1 items are dated after the ledger's day, 2026-03-31; the last is of 2026-04-05.",
    )


@pytest.mark.fault(76)
def test_two_currencies_without_one_named() -> None:
    two = HEAD + "A,1,2026-01-05,2026-02-05,€10.00\nB,2,2026-01-05,2026-02-05,£20.00\n"
    assert read(two, currency=None).total_of_rows == {"EUR": 1_000, "GBP": 2_000}  # each for its own row
    bare = two + "C,3,2026-01-05,2026-02-05,30.00\n"
    assert said(read(bare, currency=None)) == [
        "open.csv:4:27 other amounts have a currency's mark, this one names no currency | write it with each amount, or "
        'say in dunwell.toml, under [ledger]: currency = "EUR"'
    ]
    reading = read(bare, currency="USD")
    assert reading.total_of_rows == {"EUR": 1_000, "GBP": 2_000, "USD": 3_000}
    assert said(reading) == [
        "open.csv:4:27 other amounts have a currency's mark, this one has none: it is read as USD | write the currency "
        "with each amount, or export with the currency column"
    ]
    assert read(bare.replace("€", "$").replace("£", "$"), currency="USD").problems == ()
    titled = "All amounts in EUR\n" + two
    assert said(read(titled)) == [
        "open.csv:4:27 the file says GBP here, but it was to be read as EUR | say the right currency in the profile, or "
        "import the right file"
    ]
    euros = HEAD + "A,1,2026-01-05,2026-02-05,€10.00\n"
    assert said(read(euros, Profile(currency="USD"))) == [
        "open.csv:2:27 the file says EUR here, but it was to be read as USD | say the right "
        "currency in the profile, or "
        "import the right file"
    ]
    assert read(euros, currency=None).currencies == ("EUR",)
    assert read(euros, currency="USD").currencies == ("EUR",)  # a default gives way to what the file says
    dollars = euros.replace("€", "$")
    assert read(dollars, currency="CAD").currencies == ("CAD",)
    assert "the file says “$” here, but it was to be read as EUR" in said(read(dollars, currency="EUR"))[0]


@pytest.mark.fault(76)
@pytest.mark.parametrize(
    ("amount", "currency", "mark"),
    [
        ("€5", "USD", "€"),
        ("EUR 500", "USD", "EUR"),
        ("500.00 EUR", "USD", "EUR"),
        ("$5", "EUR", "$"),
        ("5 kr", "EUR", "kr"),
    ],
)
def test_an_amount_that_says_another_currency_than_its_row(amount: str, currency: str, mark: str) -> None:
    head = "Customer,Num,Date,Due Date,Open Balance,Currency\n"
    reading = read(f"{head}A,1,2026-01-05,2026-02-05,{amount},{currency}\n", currency="USD")
    assert said(reading) == [
        f"open.csv:2:27 the amount says “{mark}”, its row's currency is {currency} | correct the one that is wrong"
    ]
    assert reading.problems[0].also is not None
    for agreed in ("$5,CAD", "€5,EUR", "5 kr,SEK", "€5,€", "€5,"):
        assert read(f"{head}A,1,2026-01-05,2026-02-05,{agreed}\n", currency="USD").ok


def test_two_marks_in_a_row() -> None:
    text = "Customer,Num,Date,Due Date,Amount,Open Balance\nA,1,2026-01-05,2026-02-05,€7,$5\n"
    assert said(read(text)) == [
        "open.csv:2:30 the amounts of this row say “€” and “$” | correct the one that is wrong"
    ]


@pytest.mark.parametrize(
    ("shown", "currencies"),
    [
        ("[$€-407] #,##0.00", ("EUR", "USD")),
        ('#,##0.00\\ "EUR";[Red]-#,##0.00\\ "EUR"', ("EUR", "USD")),
        ("£#,##0.00", ("GBP", "USD")),
        ('"$"#,##0.00', ("USD",)),
        ("[$-409]#,##0.00", ("USD",)),  # a language, no currency
        ('#,##0 "pieces"', ("USD",)),
        ("General", ("USD",)),
    ],
)
def test_a_spreadsheets_format_that_shows_a_currency_is_its_mark(
    shown: str, currencies: tuple[str, ...]
) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(["Customer", "Num", "Date", "Due Date", "Open Balance"])
    for number in (1, 2):
        page.append(["A", number, date(2026, 1, 5), date(2026, 2, 5), 1500.25])
    page["E2"].number_format = shown
    file = io.BytesIO()
    book.save(file)
    reading = read(file.getvalue(), currency="USD")
    assert reading.ok, reading.problems
    assert reading.currencies == currencies
    assert sum(reading.total_of_rows.values()) == 300_050
    page["F1"], page["F2"], page["F3"] = "Currency", "USD", "USD"
    file = io.BytesIO()
    book.save(file)
    assert read(file.getvalue()).ok == (currencies == ("USD",))


FULL = "Customer No,Customer Name,Document No,Invoice Date,Due Date,Amount,Open Amount\n"
BOTH = FULL + "A1,Acme,1,2026-01-05,2026-02-05,500,500\nA2,Ace,2,2026-01-05,2026-02-05,100,100\n"


@pytest.mark.fault(72)
@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (
            "B1,Bolt,,,,700,700",
            "this row of customer B1 has an amount, but no document number and no date; they have no other rows",
        ),
        (
            "B1,Bolt,,,,100,100",
            "this row of customer B1 has an amount, but no document number and no date; they have no other rows",
        ),
        (
            "A2,Ace,,,,-40,-40",
            "this row of customer A2 has an amount, but no document number and no date; their rows add up to 100.00 EUR",
        ),
        (
            "4711,Total Energies,,,,7,7",
            "this row of customer 4711 has an amount, but no document number and no date; they have no other rows",
        ),
        (
            "B1,,,,,700,700",
            "this row of customer B1 has an amount, but no document number and no date; they have no other rows",
        ),
    ],
)
def test_an_item_half_filled_in_is_no_subtotal(row: str, sentence: str) -> None:
    (problem,) = read(BOTH + row + "\n").problems
    assert (problem.place.line, problem.sentence, problem.suggestion) == (
        4,
        f"{sentence}, so it is no subtotal",
        "fill in its number and date, or delete it",
    )


@pytest.mark.parametrize(
    "row", ["A2,Ace,,,,100,100", "A1,Acme,,,,500,500", "A2,,,,,100,100", ",Total for Ace,,,,100,100"]
)
def test_a_subtotal_of_a_customer_is_what_their_rows_add_up_to(row: str) -> None:
    reading = read(BOTH + row + "\n")
    assert reading.problems == ()
    assert reading.classified["subtotal"] == 1
    assert reading.total_of_rows == {"EUR": 60_000}


@pytest.mark.fault(72)
def test_a_name_without_a_number_is_no_new_customer_where_others_have_one() -> None:
    text = BOTH + ",Acme,3,2026-01-05,2026-01-05,-500,-500\n,Bolt,4,2026-01-05,2026-02-05,9,9\n"
    assert said(read(text)) == [
        "open.csv:4:1 this item of “Acme” has no customer number, others have one | fill it in; a row above has A1 for "
        "that name",
        "open.csv:5:1 this item of “Bolt” has no customer number, others have one | fill it in",
    ]
    nobody = FULL + ",Acme,1,2026-01-05,2026-02-05,500,500\n,Bolt,2,2026-01-05,2026-02-05,100,100\n"
    assert read(nobody).rows["account"].to_list() == ["Acme", "Bolt"]


@pytest.mark.fault(72)
@pytest.mark.parametrize(
    "cell", ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NV", "#BEZUG!", "#¡VALOR!"]
)
def test_a_formula_that_failed_is_nobodys_number(cell: str) -> None:
    rows = [f"{cell},Acme,1,2026-01-05,2026-02-05,5,5", f"A1,Acme,{cell},2026-01-05,2026-02-05,5,5"]
    for row, column in zip(rows, ("1", "9"), strict=True):
        assert said(read(FULL + row + "\n")) == [
            f"open.csv:2:{column} “{cell}”: a formula of a spreadsheet has failed here | mend the formula, or write the "
            "number itself"
        ]
    assert read(FULL + "#17,Acme,#A/1,2026-01-05,2026-02-05,5,5\n").ok


def test_leading_zeros_that_a_spreadsheet_shows_belong_to_the_number() -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(["Customer", "Num", "Date", "Due Date", "Open Balance"])
    for number in (12, 1_234_567, 13):
        page.append([number, number, date(2026, 1, 5), date(2026, 2, 5), 1500.25])
    for cell in ("A2", "A3", "B2", "E4"):
        page[cell].number_format = "000000"
    page["E2"].number_format = "00000"
    page["E2"] = 1500
    file = io.BytesIO()
    book.save(file)
    reading = read(file.getvalue())
    assert reading.rows.select("account", "item", "open").rows() == [
        ("000012", "000012", 150_000),
        ("1234567", "1234567", 150_025),
        ("13", "13", 150_025),
    ]


RATED = "Customer;Num;Date;Due Date;Open Balance;Currency;Exchange Rate\n"


def rated(*rows: tuple[str, str, str]) -> str:
    """Items of an amount, a currency and a rate each."""
    return RATED + "".join(f"A;{n};2026-01-05;2026-02-05;{';'.join(row)}\n" for n, row in enumerate(rows, 1))


@pytest.mark.parametrize(
    ("amount", "rate", "sentence"),
    [
        (
            "1,500.00",
            "1,0850",
            "“1,0850” is no number where amounts have “.” before the cents",
        ),
        (
            "1.500,00",
            "1.0850",
            "“1.0850” is no number where amounts have “,” before the cents",
        ),
        (
            "1,500.00",
            "1,085",
            "“1,085” could be two exchange rates, a small one and a large one",
        ),
        (
            "1.500,00",
            "1.085",
            "“1.085” could be two exchange rates, a small one and a large one",
        ),
    ],
)
def test_a_rate_is_written_as_the_amounts_are(amount: str, rate: str, sentence: str) -> None:
    sign = "." if "." in amount[-3:] else ","
    assert said(read(rated((amount, "EUR", rate)))) == [
        f"open.csv:2:40 {sentence} | write it like the amounts, and without a sign between thousands: 1{sign}0842"
    ]


@pytest.mark.parametrize(
    ("amount", "rate", "value"),
    [
        ("1,500.00", "1.085", 1.085),
        ("1.500,00", "1,085", 1.085),
        ("1,500.00", "15,750.25", 15_750.25),
        ("1,500.00", "17", 17.0),
        ("1,500.00", "0.00653", 0.00653),
        ("1500", "1,0850", 1.085),  # whole amounts tell no sign; the rate can be read in one way
    ],
)
def test_rates_that_can_be_read_in_one_way(amount: str, rate: str, value: float) -> None:
    reading = read(rated((amount, "EUR", rate)))
    assert reading.ok, reading.problems
    assert reading.rows["rate"].to_list() == [value]


def test_a_rate_that_nothing_tells_how_to_read() -> None:
    (problem,) = read(rated(("1500", "EUR", "1,085"), ("1500", "USD", "1"))).problems
    assert (str(problem.place), problem.code) == ("open.csv:2:36", "ambiguous-number")
    assert read(rated(("1500", "EUR", "1,085"), ("1500", "GBP", "1,2511"))).rows["rate"].to_list() == [
        1.085,
        1.2511,
    ]


@pytest.mark.parametrize("rate", ["0", "0.00", "-3"])
def test_a_rate_is_above_0(rate: str) -> None:
    assert said(read(rated(("500.00", "EUR", rate)))) == [
        f"open.csv:2:38 the exchange rate is {rate}; it must be above 0 | write for example 1.0842"
    ]


def test_a_currency_has_one_rate_in_a_file() -> None:
    reading = read(
        rated(
            ("500.00", "EUR", "1.1"),
            ("500.00", "GBP", "1.2"),
            ("500.00", "EUR", "1.10"),
            ("500.00", "EUR", "12"),
        )
    )
    assert said(reading) == [
        "open.csv:5:38 the exchange rate of EUR is 12 here and 1.1 in row 2 | write one rate for each currency, or "
        'say in the profile, under [columns], that no column is to count: rate = ""'
    ]
    assert str(reading.problems[0].also) == "open.csv:2:38"
    assert read(rated(("500.00", "EUR", "1.1"), ("500.00", "EUR", "12")), Profile(columns={"rate": ""})).ok


def test_rates_that_a_spreadsheet_keeps_as_numbers() -> None:
    head = ["Customer", "Num", "Date", "Due Date", "Open Balance", "Currency", "Exchange Rate"]
    row = ["A", "1", date(2026, 1, 5), date(2026, 2, 5), 500, "EUR"]
    assert read(sheet([head, [*row, 1.085]])).rows["rate"].to_list() == [1.085]
    assert said(read(sheet([head, [*row, 0]])))[0].startswith(
        "open.csv, sheet Ageing, row 2, column 7 the exchange rate is 0"
    )


def test_neither_currency_nor_day() -> None:
    text = HEAD + "A,1,2026-01-05,2026-02-05,10.00\n"
    reading = read_ledger("open.csv", text.encode())
    assert said(reading) == [
        "open.csv:1:1 the file does not say of which day it is | give it when importing: --as-of 2026-03-31",
        "open.csv:1:28 the file does not say in which currency its amounts are | say it in the profile: "
        'currency = "EUR", or export with the currency column',
    ]


@pytest.mark.fault(72)
def test_a_cell_that_is_too_long_is_named_as_that() -> None:
    reading = read(HEAD + f"A,{'x' * 200_000},2026-01-05,2026-02-05,1.00\n")
    assert said(reading) == [
        "open.csv:2:3 this cell has 200,000 characters; the most that is read is 131,072 | shorten it, or export "
        "without this column"
    ]
    assert len(reading.problems[0].line) < 100
    lines = "A,1,2026-01-05,2026-02-05,1.00\n" * 5_000  # an open quote takes in all that follows
    (problem,) = read(HEAD + '"' + lines).problems
    assert (problem.code, problem.place.line) == ("unclosed-quote", 2)


def test_an_unclosed_quote_is_found_where_it_begins() -> None:
    text = (
        HEAD
        + 'A,1,2026-01-05,2026-02-05,10.00\n"B,2,2026-01-05,2026-02-05,20.00\nC,3,2026-01-05,2026-02-05,5\n'
    )
    reading = read(text)
    assert said(reading) == [
        "open.csv:3:1 a quote that begins here is never closed as it should be | close the "
        "quote, or double it where it "
        'belongs to the text: "12"" pipe"'
    ]
    assert reading.problems[0].line == '"B,2,2026-01-05,2026-02-05,20.00'


def test_a_row_nobody_understands() -> None:
    text = HEAD + "A,1,2026-01-05,2026-02-05,10.00\nplease call Monday,,,,\n"
    assert said(read(text)) == [
        "open.csv:3:1 this row is no item, customer, total or title: “please call Monday” | "
        "delete the row, or complete "
        "it; a row that nobody understands is never skipped"
    ]


def test_two_columns_for_one_meaning() -> None:
    doubled = "Customer,Num,Date,Due Date,Open Balance,Open Balance\nA,1,2026-01-05,2026-02-05,10.00,12.00\n"
    assert said(read(doubled)) == [
        "open.csv:1:41 columns 5 “Open Balance” and 6 “Open Balance” both look like the open "
        "amount | say which in the "
        "profile, under [columns]: open = 5 or open = 6"
    ]
    assert read(doubled, Profile(columns={"open": 6})).total_of_rows == {"EUR": 1_200}
    two = "Customer,Num,Date,Due Date,Open Balance,Amount Due\nA,1,2026-01-05,2026-02-05,10.00,12.00\n"
    assert 'open = "Open Balance" or open = "Amount Due"' in said(read(two))[0]


@pytest.mark.fault(76)
def test_numbers_that_are_none() -> None:
    for text in (
        "NaN",
        "Infinity",
        "1e5",
        "1_000",
        "１２",
        "12.34.56",
        "0x1F",
        "1" * 40,
        "--5",
        "(-5)",
        "12,34,56.00",
    ):
        assert parse(text) is None, text
        amount = f'"{text}"' if "," in text else text
        assert f"“{text}” is not an amount" in said(read(HEAD + f"A,1,2026-01-05,2026-02-05,{amount}\n"))[0]
    assert (
        "more decimal places than money has" in said(read(HEAD + "A,1,2026-01-05,2026-02-05,1.234567\n"))[0]
    )
    assert (
        "an amount in EUR has 2 decimal places" in said(read(HEAD + "A,1,2026-01-05,2026-02-05,1.2345\n"))[0]
    )


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("1,234.56", 123456),
        ("1.234,56", 123456),
        ("1'234.50", 123450),
        ("1 234,56", 123456),
        ("-30,213.31", -3021331),
        ("(123.45)", -12345),
        ("123.45-", -12345),
        ("−5.00", -500),
        ("1,28,500.00 Dr", 12850000),
        ("5.00 Cr", -500),
        ("$1,234.50", 123450),
        ("-$7.00", -700),
        ("($7.00)", -700),
        ("7,00 €", 700),
        ("EUR 7,00", 700),
        ("R$ 1.000,00", 100000),
        (".50", 50),
    ],
)
def test_amounts_as_ledgers_write_them(text: str, cents: int) -> None:
    named = any(mark in text for mark in ("€", "EUR", "R$"))
    reading = read(f'{HEAD}A,1,2026-01-05,2026-02-05,"{text}"\n', currency=None if named else "USD")
    assert list(reading.total_of_rows.values()) == [cents], said(reading)


def test_ids_that_a_spreadsheet_has_spoilt() -> None:
    assert (
        "“1.66124E+18”: a spreadsheet has rounded this number"
        in said(read(HEAD + "1.66124E+18,1,2026-01-05,2026-02-05,1\n"))[0]
    )
    table = [
        ["Customer", "Num", "Date", "Due Date", "Open Balance"],
        [1661240395903230676, "0012", date(2026, 1, 5), date(2026, 2, 5), 10],
    ]
    reading = read_ledger("open.xlsx", sheet(table), as_of=AS_OF, currency="EUR")
    assert said(reading)[0].startswith("open.xlsx, sheet Ageing, row 2, column 1 “1661240395903230")


@pytest.mark.fault(72)
def test_letters_lost_in_an_earlier_conversion() -> None:
    spoilt = (HEAD + "Müller,1,2026-01-05,2026-02-05,10.00\n").encode().decode("cp1252").encode()
    assert said(read(spoilt)) == [
        "open.csv:2:2 “Ã¼” shows that letters were lost when this file was saved | export it "
        "again and choose UTF-8; "
        "do not open and save it in between"
    ]


def test_dates_before_issue_zero_and_duplicates() -> None:
    text = HEAD + "A,1,2026-02-05,2026-01-05,10.00\nA,2,2026-01-05,2026-02-05,0.00\n"
    text += "A,3,2026-01-05,2026-02-05,7.00\nA,3,2026-01-05,2026-02-05,7.00\n"
    reading = read(text)
    assert [(problem.place.line, problem.code, problem.severity) for problem in reading.problems] == [
        (2, "due-before-issue", Severity.ERROR),
        (5, "exact-duplicate", Severity.ERROR),
        (3, "zero-open", Severity.WARNING),
    ]
    agreed = read(text, Profile(set_aside=("due before issue", "zero open", "exact duplicate")))
    assert agreed.problems == ()
    assert [(aside.row, aside.why, aside.amount) for aside in agreed.set_aside] == [
        (2, "due before issue", 1_000),
        (3, "zero open", 0),
        (5, "exact duplicate", 700),
    ]
    assert agreed.total_of_rows == {"EUR": 700}
    instalments = HEAD + "A,1,2026-01-05,2026-02-05,10.00\nA,1,2026-01-05,2026-03-05,10.00\n"
    assert "“1” is also the number in row 2, with other details" in said(read(instalments))[0]
    assert read(instalments, Profile(key=("item", "due"))).rows["item"].to_list() == [
        "1/2026-02-05",
        "1/2026-03-05",
    ]


@pytest.mark.fault(72)
def test_many_problems_of_a_kind_are_shown_and_counted() -> None:
    reading = read(HEAD + "".join(f"A,{n},2026-01-05,2026-02-05,\n" for n in range(50)))
    assert len(reading.problems) == 21
    assert "and 30 more rows with the same problem (50 in all)" in [
        problem.sentence for problem in reading.problems
    ]


@pytest.mark.fault(76)
def test_credits_without_a_minus_are_asked_about() -> None:
    text = "Customer,Type,Num,Date,Due Date,Open Balance\nA,Credit Memo,1,2026-01-05,2026-02-05,10.00\n"
    assert "a credit note with a positive amount" in said(read(text))[0]
    assert read(text, Profile(sign="by kind")).total_of_rows == {"EUR": -1_000}
    assert read(text, Profile(sign="as written")).rows["kind"].to_list() == ["debit_note"]
    odd = text.replace("Credit Memo", "ZX")
    assert "“ZX” is no document type that is known" in said(read(odd))[0]
    assert read(odd, Profile(kinds={"ZX": "invoice"})).ok


def test_words_in_a_text_count_where_the_profile_says_so() -> None:
    text = "Customer,Num,Date,Due Date,Open Balance,Text\nA,1,2026-01-05,2026-02-05,10.00,PAID per bank\n"
    text += "A,2,2026-01-05,2026-02-05,20.00,price query\nA,3,2026-01-05,2026-02-05,5.00,unpaid\n"
    reading = read(text, Profile(text_flags={"paid": "set aside", "query": "disputed"}))
    assert reading.rows.select("item", "disputed").rows() == [("2", True), ("3", None)]
    assert [(aside.why, aside.amount) for aside in reading.set_aside] == [("its text says “paid”", 1_000)]


def test_terms_stand_in_for_a_due_date_and_are_never_guessed() -> None:
    text = "Customer,Num,Date,Terms,Open Balance\nA,1,2026-01-15,{},10.00\n"
    for terms, due in {
        "net 30": (2, 14),
        "eom": (1, 31),
        "15 mfi": (2, 15),
        "2/10 net 30": (2, 14),
        "due on receipt": (1, 15),
    }.items():
        assert read(text.format(terms)).rows["due"].to_list() == [date(2026, *due)], terms
    assert "its terms “ZB30” are not understood" in said(read(text.format("ZB30")))[0]
    assert read(text.format("ZB30"), Profile(term_codes={"ZB30": "net 30"})).rows["due"].to_list() == [
        date(2026, 2, 14)
    ]
    assert "can mean" in said(read(text.format("net 30 EOM")))[0]


# spreadsheets

TABLE: list[list[object]] = [
    ["Customer", "Num", "Date", "Due Date", "Open Balance"],
    ["A", "0001", date(2026, 1, 5), date(2026, 2, 5), 10.25],
    ["A", "0002", date(2026, 1, 6), date(2026, 2, 6), -3],
]


@pytest.mark.fault(77)
def test_formulas_without_a_value() -> None:
    table = [*TABLE, ["B", "0003", date(2026, 1, 5), date(2026, 2, 5), "=E2*2"]]
    reading = read_ledger("open.xlsx", sheet(table), as_of=AS_OF, currency="EUR")
    assert said(reading) == [
        "open.xlsx, sheet Ageing, row 4, column 5 cell E4: a formula without a calculated value "
        "| open the file in Excel "
        "and save it, or copy the column and paste it as values"
    ]


def test_merged_cells() -> None:
    reading = read_ledger("open.xlsx", sheet(TABLE, merge=["A2:A3"]), as_of=AS_OF, currency="EUR")
    assert (
        "open.xlsx, sheet Ageing, row 2, column 1 merged cells cover items here | select the "
        "list, unmerge the cells, and fill in the value in each row" in said(reading)
    )
    titled = [["Open items", None, None, None, None], *TABLE]
    assert read_ledger("open.xlsx", sheet(titled, merge=["A1:E1"]), as_of=AS_OF, currency="EUR").ok


def test_spreadsheet_cells_keep_what_they_are() -> None:
    reading = read_ledger("open.xlsx", sheet(TABLE), as_of=AS_OF, currency="EUR")
    assert reading.rows.select("item", "date", "open").rows() == [
        ("0001", date(2026, 1, 5), 1_025),
        ("0002", date(2026, 1, 6), -300),
    ]


def test_two_sheets_with_a_list() -> None:
    book = load_workbook(io.BytesIO(sheet(TABLE)))
    second = book.copy_worksheet(book.worksheets[0])
    second.title = "Old"
    out = io.BytesIO()
    book.save(out)
    reading = read_ledger("open.xlsx", out.getvalue(), as_of=AS_OF, currency="EUR")
    assert said(reading) == [
        "open.xlsx, sheet Old, row 1, column 1 the sheets “Ageing” and “Old” both hold a list | "
        "say which in the profile: "
        'sheet = "Ageing"'
    ]
    assert read_ledger(
        "open.xlsx", out.getvalue(), as_of=AS_OF, currency="EUR", profile=Profile(sheet="Old")
    ).ok


@pytest.mark.fault(77)
def test_a_zip_bomb_a_far_cell_and_a_cut_file() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b" " * (301 * 1024 * 1024))
    assert "unpacked, this file would be 301 MB" in said(read_ledger("b.xlsx", out.getvalue()))[0]
    assert "this is not a whole .xlsx file" in said(read_ledger("c.xlsx", sheet(TABLE)[:-50]))[0]
    assert (
        "old or password-protected Excel file"
        in said(read_ledger("o.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"0" * 99))[0]
    )
    book = Workbook()
    page = book.active
    assert page is not None
    page.cell(1_048_576, 16_384, "x")
    far = io.BytesIO()
    book.save(far)
    assert not read_ledger("far.xlsx", far.getvalue()).ok


# fuzzing


@pytest.mark.fault(71)
def test_cut_at_every_byte_it_is_a_problem_or_whole_rows_only() -> None:
    rows = ledger(3, customers=4, rows=12)
    table = [["Customer", "Name", "Num", "Date", "Due Date", "Open Balance"]]
    table += [[r.account, r.name, r.item, str(r.issued), str(r.due), f"{r.cents / 100:.2f}"] for r in rows]
    data = written(table)
    ends = {at + 1 for at in range(len(data)) if data[at : at + 1] == b"\n"} | {
        at for at in range(len(data)) if data[at : at + 1] == b"\n"
    }
    for at in range(len(data)):
        reading = read_ledger("cut.csv", data[:at], as_of=AS_OF, currency="EUR")
        if reading.ok:
            assert at in ends, data[max(0, at - 40) : at]
            count = data[:at].rstrip(b"\r\n").count(b"\n")
            assert reading.total_of_rows == {"EUR": sum(row.cents for row in rows[:count])}
        else:
            assert reading.rows.is_empty()


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_give_problems_never_a_traceback(data: bytes) -> None:
    assert not read_ledger("x", data).ok
    assert not read_ledger("x", HEAD.encode() + data[:1] + b"\xff" + data).ok


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.lists(
            st.sampled_from(
                [
                    "",
                    "A",
                    "1",
                    "2026-01-05",
                    "5,00",
                    "1.2",
                    "Total",
                    "Total A",
                    "31/12/2025",
                    "Date",
                    "Num",
                    '"',
                    "€3",
                    "-",
                ]
            ),
            min_size=1,
            max_size=6,
        ),
        max_size=8,
    )
)
def test_any_cells_give_rows_or_problems(cells: list[list[str]]) -> None:
    reading = read_ledger("x", HEAD.encode() + written(cells), as_of=AS_OF, currency="EUR")
    assert reading.ok or reading.rows.is_empty()
