"""A ledger in the database: what it changes, what follows, and that it changes it once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import polars as pl
import pytest
import sqlalchemy as sa

from engine.core.problem import Place, Problem
from engine.errors import Refused
from engine.jobs.imports import import_customers, import_ledger
from engine.readers.customers import CONTACTS, CUSTOMERS, CustomersReading
from engine.readers.reading import NAMED
from engine.store import database, journal, runs
from engine.store import tables as t
from engine.store.state import load_state
from tests.store.ledgers import day, ledger, moment, only, row, state, take_in


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = database.open(database_url)
    yield engine
    engine.dispose()


def rows(engine: sa.Engine, table: sa.Table, *names: str) -> list[tuple[object, ...]]:
    with database.reading(engine) as conn:
        return [
            tuple(found)
            for found in conn.execute(sa.select(*(table.c[name] for name in names)).order_by(*names))
        ]


FIRST = (
    row("ACME", "101", "1 Sep", "1 Oct", 500_00),
    row("ACME", "102", "1 Oct", "31 Oct", 300_00),
    row("BOLT", "201", "20 Oct", "19 Nov", 900_00),
)


def test_what_vanished_is_presumed_paid_and_what_shrank_is_paid_in_part(engine: sa.Engine) -> None:
    first = take_in(engine, "10 Nov", *FIRST)
    assert (first.rows, first.appeared, first.customers, first.fell_past_due) == (3, 3, 2, 1)
    second = take_in(engine, "20 Nov", row("ACME", "102", "1 Oct", "31 Oct", 300_00, open=100_00), FIRST[2])
    assert (second.vanished, second.changed, second.fell_past_due) == (1, 1, 1)
    assert second.presumed == {"USD": 700_00}
    assert rows(engine, t.payment, "item", "amount", "paid_on", "days_late", "presumed") == [
        ("101", 500_00, day("20 Nov"), 50, 1),
        ("102", 200_00, day("20 Nov"), 20, 1),
    ]
    assert ("101", 0, day("20 Nov")) in rows(engine, t.item, "item", "open", "vanished_on")
    third = take_in(engine, "21 Nov", FIRST[0], FIRST[2])
    assert (third.reappeared, third.vanished) == (1, 1)
    assert rows(engine, t.payment, "item", "paid_on", "reversed") == [
        ("101", day("20 Nov"), 1),
        ("102", day("20 Nov"), 0),
        ("102", day("21 Nov"), 0),
    ]
    assert ("101", 500_00, None) in rows(engine, t.item, "item", "open", "vanished_on")


def test_the_same_file_twice_changes_nothing(engine: sa.Engine) -> None:
    take_in(engine, "10 Nov", *FIRST)
    before = {table.name: rows(engine, table, *table.columns.keys()) for table in t.metadata.sorted_tables}
    again = take_in(engine, "10 Nov", *FIRST, name="other-name.csv")
    assert again.already.startswith("2026-11-10T09:00")
    assert {
        table.name: rows(engine, table, *table.columns.keys()) for table in t.metadata.sorted_tables
    } == before


def test_a_credit_that_is_used_up_is_no_payment(engine: sa.Engine) -> None:
    credit = row("ACME", "C1", "5 Nov", "5 Nov", -200_00)
    take_in(engine, "10 Nov", *FIRST, credit)
    take_in(engine, "20 Nov", *FIRST[1:])
    assert rows(engine, t.payment, "item", "amount") == [("101", 300_00)]


def test_a_document_with_its_day_of_payment_is_history(engine: sa.Engine) -> None:
    paid = row("ACME", "90", "1 Jul", "31 Jul", 400_00, open=0, paid_on=day("10 Aug"))
    take_in(engine, "10 Nov", *FIRST, paid)
    assert rows(engine, t.payment, "item", "amount", "paid_on", "days_late", "presumed") == [
        ("90", 400_00, day("10 Aug"), 10, 0)
    ]
    account = state(engine, "11 Nov").accounts.row(0, named=True)
    assert (account["account"], account["dbt"], account["last_payment"]) == ("ACME", 10, day("10 Aug"))


def test_the_end_of_an_episode_cancels_what_waits_because_it_is_paid(engine: sa.Engine) -> None:
    take_in(engine, "20 Nov", *FIRST)
    with database.writing(engine) as conn:
        for key, kind, condition in (
            ("k1", "email", "planned"),
            ("k2", "call", "put back"),
            ("k3", "email", "sending"),
        ):
            values = {
                "policy": "p",
                "step": "s",
                "item": "101",
                "day": 35,
                "amount": 1,
                "currency": "USD",
                "occurrence": 0,
            }
            common = {"account": "ACME", "episode": 1, "kind": kind, "state": condition, "on": day("20 Nov")}
            conn.execute(sa.insert(t.action).values(key=key, since=day("20 Nov"), **common, **values))
        conn.execute(sa.insert(t.outbox).values(action="k1", channel="email", state="pending", payload="{}"))
    report = take_in(engine, "23 Nov", FIRST[2])
    assert (report.paid_up, report.cancelled) == (1, 2)
    assert rows(engine, t.action, "key", "state", "reason") == [
        ("k1", "cancelled", "paid"),
        ("k2", "cancelled", "paid"),
        ("k3", "sending", None),  # it may be gone already: the delivery finds that it is paid
    ]
    assert rows(engine, t.outbox, "action", "state", "reason") == [("k1", "cancelled", "paid")]
    assert rows(engine, t.episode, "account", "number", "started", "ended", "ended_because") == [
        ("ACME", 1, day("2 Oct"), day("23 Nov"), "paid"),
        ("BOLT", 1, day("20 Nov"), None, None),
    ]


def test_who_was_on_cash_and_paid_is_proposed_for_the_way_back(engine: sa.Engine) -> None:
    take_in(engine, "20 Nov", *FIRST)
    with database.writing(engine) as conn:
        values = {
            "policy": "p",
            "step": "s",
            "item": "101",
            "day": 90,
            "amount": 1,
            "currency": "USD",
            "occurrence": 0,
        }
        common = {"account": "ACME", "episode": 1, "kind": "terms", "state": "done", "on": day("20 Nov")}
        detail = '{"value": "cash on delivery", "restore_after": 3}'
        conn.execute(
            sa.insert(t.action).values(key="k", since=day("20 Nov"), detail=detail, **common, **values)
        )
    take_in(engine, "23 Nov", FIRST[2])
    proposed = [
        found
        for found in rows(engine, t.action, "step", "kind", "state", "not_before")
        if found[0] == "way back"
    ]
    assert proposed == [("way back", "terms", "awaiting approval", day("2027-02-28"))]
    on = rows(engine, t.restriction, "value", "before", "reason", "state", "asked_on", "restore_after")
    assert on == [("cash on delivery", "net 30", "delinquency", "way back proposed", day("20 Nov"), 3)]


def test_covered_by_credits_is_not_overdue(engine: sa.Engine) -> None:
    report = take_in(engine, "20 Nov", *FIRST, row("ACME", "C1", "5 Nov", "5 Nov", -800_00))
    assert report.fell_past_due == 1
    assert rows(engine, t.episode, "account") == [("BOLT",)]


def test_disputes_that_the_file_flags_open_and_close(engine: sa.Engine) -> None:
    flagged = row("ACME", "101", "1 Sep", "1 Oct", 500_00, disputed=True)
    assert take_in(engine, "10 Nov", flagged, *FIRST[1:]).disputes_opened == 1
    assert take_in(engine, "11 Nov", flagged, *FIRST[1:]).disputes_opened == 0
    asides = state(engine, "11 Nov").items.filter(pl.col("aside").is_not_null())
    assert only(asides.select("item", "aside", "aside_since")) == {
        "item": "101",
        "aside": "disputed",
        "aside_since": day("10 Nov"),
    }
    assert take_in(engine, "12 Nov", *FIRST).disputes_closed == 1
    assert rows(engine, t.dispute, "item", "opened", "closed", "closed_for") == [
        ("101", day("10 Nov"), day("12 Nov"), "us")
    ]


def test_an_implausible_change_holds_the_next_run(engine: sa.Engine) -> None:
    many = [row(f"A{n:02}", str(n), "1 Sep", "1 Oct", 100_00) for n in range(40)]
    assert take_in(engine, "10 Nov", *many).hold is None
    report = take_in(engine, "11 Nov", *many[:20], name="cut.csv")
    assert report.hold == "20 of 40 open items are missing at once (50%; more than 20% is not usual)"
    with database.writing(engine) as conn:
        assert runs.hold(conn) == f"cut.csv: {report.hold}"
        assert runs.lift_hold(conn)
        assert runs.hold(conn) is None


def test_refused_files_change_nothing(engine: sa.Engine) -> None:
    take_in(engine, "10 Nov", *FIRST)
    wrong = replace(
        ledger("11 Nov"), problems=(Problem(Place("x.csv", 3, 1), "no amount", "write it", "no-amount"),)
    )
    with pytest.raises(Refused, match=r"x\.csv was not imported"):
        import_ledger(engine, "x.csv", b"x", wrong, by="test", at=moment("11 Nov"))
    with pytest.raises(Refused, match="a ledger of 2026-11-10 is there already"):
        take_in(engine, "9 Nov", *FIRST)
    nowhere = replace(ledger("11 Nov", *FIRST), as_of=None)
    with pytest.raises(Refused, match="does not say which day it shows"):
        import_ledger(engine, "x.csv", b"x", nowhere, by="test", at=moment("11 Nov"))
    with pytest.raises(Refused, match=r"ledger\.csv has 101 of ACME more than once"):
        take_in(engine, "11 Nov", FIRST[0], *FIRST)
    assert len(rows(engine, t.ledger_file, "name")) == 1


def test_an_import_is_in_the_journal(engine: sa.Engine) -> None:
    take_in(engine, "10 Nov", *FIRST)
    kinds = [kind for (kind,) in rows(engine, t.journal, "kind")]
    assert kinds == ["episode started", "import"]
    with database.reading(engine) as conn:
        assert journal.verify(conn) == 2


def test_the_ledger_names_customers_and_the_master_knows_better(engine: sa.Engine) -> None:
    named = pl.DataFrame(
        [{"account": "ACME", "name": "Acme", "email": "ap@acme.example"}],
        schema=pl.Schema(NAMED),
        strict=False,
    )
    reading = replace(ledger("10 Nov", *FIRST), customers=named)
    import_ledger(engine, "a.csv", b"a", reading, by="test", at=moment("10 Nov"))
    assert rows(engine, t.customer, "account", "name") == [("ACME", "Acme"), ("BOLT", "BOLT Ltd")]
    assert state(engine, "11 Nov").accounts["addresses"].to_list() == [1, 0]
    customers = [
        {
            "account": "ACME",
            "name": "Acme Hardware",
            "segment": "Trade",
            "terms": "net 30",
            "tags": ["Wholesale", "old"],
        }
        | {"strategic": True, "limit": 5_000_00, "region": "North"}
    ]
    contacts = [
        {"account": "ACME", "role": "accounts payable", "email": "not an address", "phone": "+1 555 0100"},
        {
            "account": "ACME",
            "role": "principal",
            "email": "boss@acme.example",
            "address": "1 Main St",
            "city": "Troy",
        },
    ]
    master = CustomersReading(
        customers=pl.DataFrame(
            customers, schema=pl.Schema(CUSTOMERS | {"region": pl.String()}), strict=False
        ),
        contacts=pl.DataFrame(contacts, schema=pl.Schema(CONTACTS), strict=False),
        problems=(),
        own=("region",),
    )
    report = import_customers(engine, "c.csv", b"c", master, by="test", at=moment("11 Nov"))
    assert (report.rows, report.customers) == (1, 0)
    assert import_customers(engine, "c.csv", b"c", master, by="test", at=moment("12 Nov")).already
    with database.reading(engine) as conn:
        loaded = load_state(
            conn, on=day("12 Nov"), moment=moment("12 Nov"), currency="USD", own={"region": pl.String()}
        )
    acme = loaded.accounts.row(0, named=True)
    assert {
        name: acme[name] for name in ("name", "segment", "terms", "tags", "strategic", "limit", "region")
    } == {
        "name": "Acme Hardware",
        "segment": "trade",
        "terms": "net 30",
        "tags": ["wholesale", "old"],
        "strategic": True,
        "limit": 5_000_00,
        "region": "north",
    }
    assert acme["addresses"] == 0b11010  # a principal's e-mail, a letter, a telephone
    moved = replace(master, customers=master.customers.with_columns(terms=pl.lit("net 60")))
    import_customers(engine, "d.csv", b"d", moved, by="test", at=moment("13 Nov"))
    assert state(engine, "14 Nov").accounts["terms_changed"].to_list() == [day("13 Nov"), None]
