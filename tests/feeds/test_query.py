"""The accounting database asked: read-only, its numbers and days exactly as it has them, nothing without a row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from engine.jobs import arrivals
from engine.readers import query
from engine.store import database
from engine.store.ledger import last
from tests.feeds.place import Place

ZONE = ZoneInfo("Europe/Berlin")
ASK = """-- open items; all of them
SELECT account AS "customer number", doc AS "invoice number", issued AS "invoice date", due AS "due date",
       open AS "open amount", cur AS currency
FROM books WHERE open <> 0;
"""
BOOKS = """CREATE TABLE books (account BIGINT, doc VARCHAR(20), issued DATE, due DATE, open NUMERIC(14,2), cur CHAR(3));
INSERT INTO books VALUES (1234567890123456789, 'A1', '2026-09-01', '2026-10-01', 1200.10, 'USD');
INSERT INTO books VALUES (42, '0007', '2026-09-02', '2026-10-02', -80.50, 'USD');"""
FEED = '\n[feeds.erp]\nquery = "open.sql"\nurl = "{}"\n{}\n'


@pytest.fixture(params=["sqlite", "postgresql"])
def books(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An accounting database with two open items."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'books.db'}"
    else:
        url = request.getfixturevalue("postgres_url").replace("postgresql:", "postgresql+psycopg:")
    tell(url, BOOKS)
    return url


def tell(url: str, statements: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as conn:
        for statement in statements.split(";"):
            if statement.strip():
                conn.exec_driver_sql(statement)
    engine.dispose()


def ask(url: str, text: str, **more: int) -> tuple[list[list[object]], list[str]]:
    table, problems = query.ask("open.sql", text, url, ZONE, Path("/"), **more)
    rows = [list(row) for row in table.rows] if table else []
    return rows, [f"{one.sentence} | {one.suggestion}" for one in problems]


@pytest.fixture
def asking(place: Callable[..., Place], books: str) -> Place:
    here = place(FEED.format(books, 'every = "15 minutes"'))
    (here.house.root / "open.sql").write_text(ASK)
    return here


def test_an_answer_is_a_ledger_of_today(asking: Place) -> None:
    assert asking.said() == [("taken", "the answer of open.sql: 2 rows as of 2026-11-24")]
    assert asking.items() == {"A1": 120_010, "0007": -8_050}
    assert [row.account for row in asking.house.rows(sa.text("SELECT account FROM item ORDER BY 1"))] == [
        "1234567890123456789",
        "42",
    ]
    assert asking.state().as_of == date(2026, 11, 24)


def test_the_same_answer_makes_the_ledger_fresh_and_no_more(asking: Place, books: str) -> None:
    asking.bring()
    asking.later(hours=2)
    assert asking.said() == [("same", "the answer of open.sql: the same as before")]
    assert asking.state().taken_at == asking.now
    engine = asking.house.engine
    with database.reading(engine) as conn:
        newest = last(conn, "ledger")
    assert newest is not None
    assert newest.imported_at.startswith("2026-11-24T14:00")
    asking.later(days=1)
    assert asking.said() == [("taken", "the answer of open.sql: 2 rows as of 2026-11-25")]
    # Back and forth within a day: what the books say now holds, though they said it before.
    tell(books, "UPDATE books SET open = 5 WHERE doc = 'A1'")
    asking.later(minutes=15)
    asking.bring()
    assert asking.items()["A1"] == 500
    tell(books, "UPDATE books SET open = 1200.10 WHERE doc = 'A1'")
    asking.later(minutes=15)
    assert [outcome for outcome, _ in asking.said()] == ["taken"]
    assert asking.items()["A1"] == 120_010
    asking.later(minutes=15)
    assert [outcome for outcome, _ in asking.said()] == ["same"]
    engine.dispose()


@pytest.mark.fault(74)
def test_an_empty_answer_is_no_payment(asking: Place, books: str) -> None:
    asking.bring()
    tell(books, "DELETE FROM books")
    asking.later(hours=1)
    ((outcome, sentence),) = asking.said()
    assert outcome == "failed"
    assert "the answer has no rows" in sentence
    assert asking.items() == {"A1": 120_010, "0007": -8_050}


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM books",
        "SELECT 1; DELETE FROM books",
        "WITH gone AS (DELETE FROM books RETURNING *) SELECT * FROM gone",
        "SELECT * INTO other FROM books",
        "PRAGMA query_only = OFF",
        "-- nothing",
        "",
    ],
)
def test_what_is_no_question_is_not_asked(books: str, text: str) -> None:
    rows, problems = ask(books, text)
    assert rows == []
    assert "this is no query that a feed may ask" in problems[0]
    assert len(ask(books, ASK)[0]) == 3


def test_words_in_quotes_and_remarks_are_no_instructions(books: str) -> None:
    text = """/* update; */ SELECT 'delete; it''s 100%' AS "into", ':x' AS b -- drop;\n ; -- done;\n"""
    assert ask(books, text) == ([["into", "b"], ["delete; it's 100%", ":x"]], [])


def test_nothing_can_be_written_even_by_a_function(postgres_url: str) -> None:
    tell(postgres_url.replace("postgresql:", "postgresql+psycopg:"), "CREATE SEQUENCE numbers")
    _, problems = ask(postgres_url, "SELECT nextval('numbers')")
    assert "read-only transaction" in problems[0]
    _, problems = ask(postgres_url, "SELECT set_config('transaction_read_only', 'off', false)")
    assert "read-write mode" in problems[0]


def test_sqlite_is_opened_to_be_read(tmp_path: Path) -> None:
    tell(f"sqlite:///{tmp_path / 'b.db'}", "CREATE TABLE t (a)")
    with (
        query._connected(sa.make_url(f"sqlite:///{tmp_path / 'b.db'}"), 5) as read,
        pytest.raises(sa.exc.OperationalError, match="readonly"),
    ):
        read.exec_driver_sql("INSERT INTO t VALUES (1)")


def test_values_keep_their_types(postgres_url: str) -> None:
    text = """SELECT 0.1::numeric(20,4) AS a, 1e-2::float8 AS b, TRUE AS c, NULL AS d, 12345678901234567890::numeric AS e,
      '2026-03-31 23:30:00+00'::timestamptz AS f, '2026-03-31 23:30:00'::timestamp AS g, 100.00::numeric(9,2) AS h"""
    rows, _ = ask(postgres_url, text)
    assert [str(cell) for cell in rows[1]] == [
        "0.1000", "0.01", "yes", "", "12345678901234567890", "2026-04-01", "2026-03-31", "100",
    ]  # fmt: skip


def test_a_number_that_is_none_has_its_place(postgres_url: str) -> None:
    _, problems = ask(postgres_url, "SELECT 'NaN'::numeric AS a")
    assert problems == ["“NaN” is not a number | mend the query"]


def test_a_database_that_thinks_too_long_is_left(postgres_url: str, tmp_path: Path) -> None:
    _, problems = ask(postgres_url, "SELECT pg_sleep(30)", seconds=1)
    assert "took more than 1 seconds" in problems[0]
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"
    (tmp_path / "b.db").write_bytes(b"")
    _, problems = ask(f"sqlite:///{tmp_path / 'b.db'}", endless, seconds=1)
    assert "took more than 1 seconds" in problems[0]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://reader:s3cret@127.0.0.1:1/erp",
        "postgresql://reader@127.0.0.1:1/erp?password=s3cret",
        "mysql+nothing://reader:s3cret@127.0.0.1:1/erp",
        "sqlite:////nowhere/s3cretless.db",
    ],
)
def test_an_error_does_not_tell_the_password(url: str) -> None:
    _, problems = ask(url, "SELECT 1")
    assert problems
    assert "s3cret@" not in problems[0]
    assert "s3cret " not in problems[0]


def test_when_a_query_is_due(asking: Place) -> None:
    def due() -> bool:
        engine = asking.house.engine
        try:
            with database.reading(engine) as conn:
                return arrivals.due(conn, asking.house.ws.files, asking.now)
        finally:
            engine.dispose()

    assert due()
    asking.bring()
    asking.later(minutes=14)
    assert not due()
    asking.later(minutes=1)
    assert due()
    url = asking.house.ws.settings.feeds["erp"].url
    assert url is not None
    asking.house.settings(FEED.format(url.get_secret_value(), 'at = "05:30"'))
    assert not due()  # asked at 07:00 of New York
    asking.later(hours=22)
    assert not due()
    asking.later(minutes=15)
    assert due()
    (asking.house.root / "open.sql").unlink()
    assert asking.bring()[0].outcome.value == "failed"
    asking.later(minutes=4)
    assert not due()
    asking.later(minutes=1)
    assert due()
