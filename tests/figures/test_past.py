"""The ledger of a past day, told from what is on record now, is the one that was."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import polars as pl

from engine.core.figures import past
from engine.store import database
from engine.store.figures import accounts_of, records
from tests.figures.builder import day, rows
from tests.store.ledgers import row, take_in

Row = Mapping[str, Any]


def on_the_evening(on: str, documents: list[Row], payments: list[Row] | None = None) -> dict[str, int]:
    docs, paid = rows("documents", documents), rows("payments", payments or [])
    found = past.ledger(past.told(docs, paid), day(on))
    return dict(found.select("item", "open").sort("item").iter_rows())


INVOICE = {"item": "1", "date": "03-01", "due": "03-31", "amount": 1000, "first_seen": "03-02"}


def test_what_was_paid_later_is_added_back() -> None:
    gone = {**INVOICE, "open": 0, "vanished_on": "04-20"}
    paid = [
        {"item": "1", "amount": 400, "paid_on": "04-10"},
        {"item": "1", "amount": 600, "paid_on": "04-20"},
    ]
    assert on_the_evening("02-28", [gone], paid) == {}
    assert on_the_evening("03-01", [gone], paid) == {"1": 1000}
    assert on_the_evening("04-09", [gone], paid) == {"1": 1000}
    assert on_the_evening("04-10", [gone], paid) == {"1": 600}
    assert on_the_evening("04-20", [gone], paid) == {}


def test_what_nobody_saw_paid_counts_as_paid_from_the_beginning() -> None:
    """It was first seen with 700 open, of which 700 were paid: when the 300 came, no ledger tells."""
    gone = {**INVOICE, "open": 0, "vanished_on": "04-20"}
    assert on_the_evening("03-15", [gone], [{"item": "1", "amount": 700, "paid_on": "04-20"}]) == {"1": 700}


def test_a_credit_is_a_credit_until_it_was_used() -> None:
    gone = {**INVOICE, "open": 0, "vanished_on": "04-20"}
    note = {
        "item": "C", "kind": "credit_note", "date": "03-10", "due": "03-10", "amount": -200, "open": 0,
        "first_seen": "03-11", "vanished_on": "04-20",
    }  # fmt: skip
    paid = [{"item": "1", "amount": 800, "paid_on": "04-20"}]  # the ledger took the credit off
    assert on_the_evening("03-09", [gone, note], paid) == {"1": 1000}
    assert on_the_evening("04-19", [gone, note], paid) == {"1": 1000, "C": -200}
    assert on_the_evening("04-20", [gone, note], paid) == {}


def test_a_credit_used_on_an_invoice_that_stays_open() -> None:
    """1,000 became 800 when the credit of 200 went; the 800 were paid a month later."""
    note = {
        "item": "C", "kind": "credit_note", "date": "03-10", "due": "03-10", "amount": -200, "open": 0,
        "first_seen": "03-11", "vanished_on": "03-20",
    }  # fmt: skip
    still = {**INVOICE, "open": 800}
    assert on_the_evening("03-19", [still, note]) == {"1": 1000, "C": -200}
    assert on_the_evening("03-20", [still, note]) == {"1": 800}
    gone = {**INVOICE, "open": 0, "vanished_on": "04-20"}
    paid = [{"item": "1", "amount": 800, "paid_on": "04-20"}]
    assert on_the_evening("03-19", [gone, note], paid) == {"1": 1000, "C": -200}
    assert on_the_evening("03-25", [gone, note], paid) == {"1": 800}


def test_credits_of_another_account_or_currency_are_not_used() -> None:
    gone = {**INVOICE, "open": 0, "vanished_on": "04-20"}
    note = {
        "item": "C", "kind": "credit_note", "date": "03-10", "due": "03-10", "amount": -200, "open": 0,
        "first_seen": "03-11", "vanished_on": "04-20",
    }  # fmt: skip
    paid = [{"item": "1", "amount": 800, "paid_on": "04-20"}]
    for other in ({"account": "B"}, {"currency": "EUR"}):
        assert on_the_evening("04-19", [gone, {**note, **other}], paid) == {"1": 800, "C": -200}


def test_a_document_of_a_later_date_counts_from_the_ledger_that_showed_it() -> None:
    early = {**INVOICE, "date": "03-20", "first_seen": "03-15"}
    assert on_the_evening("03-14", [early]) == {}
    assert on_the_evening("03-15", [early]) == {"1": 1000}


def test_more_paid_than_it_was_over_is_nothing_open() -> None:
    gone = {**INVOICE, "open": 0, "vanished_on": "04-20"}
    assert on_the_evening("04-19", [gone], [{"item": "1", "amount": 1500, "paid_on": "04-01"}]) == {}


def test_open_when_it_fell_due() -> None:
    part = [
        {"item": "1", "amount": 250, "paid_on": "03-31"},
        {"item": "1", "amount": 750, "paid_on": "04-05"},
    ]
    docs, paid = rows("documents", [{**INVOICE, "open": 0, "vanished_on": "04-05"}]), rows("payments", part)
    assert past.open_after(past.told(docs, paid), 0)["open"].to_list() == [750]


def test_what_came_back_was_never_paid(sqlite_template: Path, tmp_path: Path) -> None:
    """Between the two ledgers it was presumed paid, and was not."""
    shutil.copy(sqlite_template, tmp_path / "dunwell.db")
    engine = database.open(tmp_path / "dunwell.db")
    one = row("A", "1", "2026-03-01", "2026-03-31", 1000)
    two = row("A", "2", "2026-03-01", "2026-04-30", 500)
    for on, there in (("2026-04-01", (one, two)), ("2026-04-02", (two,)), ("2026-04-03", (one, two))):
        take_in(engine, on, *there)
    with database.reading(engine) as conn:
        found = records(conn)
    engine.dispose()
    told = past.told(found.documents, found.payments)
    assert past.ledger(told, date(2026, 4, 2))["open"].sum() == 1500


def trade(there: dict[str, Row], today: date, number: int, random: Random) -> None:
    """A day of trade: what is open changes in place."""
    for name in list(there):
        item, chance = there.get(name), random.random()
        if item is None or item["amount"] < 0:  # used just now, or a credit itself
            continue
        mine = [each for each in there.values() if each["amount"] < 0 and each["account"] == item["account"]]
        mine = [each for each in mine if each["currency"] == item["currency"]]
        if chance < 0.10:  # paid, with what there is of credits
            for used in mine[:1]:
                if -used["open"] <= item["open"]:
                    del there[used["item"]]
            del there[name]
        elif chance < 0.18 and item["open"] > 10:
            there[name] = {**item, "open": item["open"] - random.randint(1, item["open"] // 2)}
        elif chance < 0.24 and mine and -mine[0]["open"] < item["open"]:
            there[name] = {**item, "open": item["open"] + mine[0]["open"]}
            del there[mine[0]["item"]]
    for n in range(random.randint(0, 3)):
        account, amount = random.choice("ABCDP"), random.randint(500, 5_000)
        dated, name = (today - timedelta(days=random.randint(0, 3))).isoformat(), f"I{number}-{n}"
        due = (today + timedelta(days=random.randint(-5, 30))).isoformat()
        code = random.choice(("USD", "USD", "EUR"))
        begun = {"open": amount // 2} if account == "P" else {}  # half of it had been paid before we saw it
        there[name] = row(account, name, dated, due, amount, currency=code, **begun)
        if random.random() < 0.4 and account != "P":
            there[f"C{name}"] = row(
                account, f"C{name}", dated, dated, -random.randint(50, 400), currency=code
            )


def test_every_ledger_that_came_in_is_told_again_to_the_cent(database_url: str) -> None:
    """Invoices paid in full and in part, credits that wait and are used: over eighteen mornings."""
    random, today = Random(7), date(2026, 3, 2)
    engine = database.open(database_url)
    there: dict[str, Row] = {}
    totals: dict[date, dict[str, int]] = {}
    for number in range(18):
        trade(there, today, number, random)
        take_in(engine, today.isoformat(), *there.values())
        sums = {
            code: sum(one["open"] for one in there.values() if one["currency"] == code)
            for code in ("USD", "EUR")
        }
        totals[today] = {code: total for code, total in sums.items() if total}
        today += timedelta(days=random.choice((1, 1, 1, 3)))
    with database.reading(engine) as conn:
        found = records(conn)
        assert accounts_of(conn, "standard", today, today) == frozenset()  # no run was made
    engine.dispose()
    told = past.told(found.documents, found.payments)
    assert told.less.height > found.payments.height  # credits were used
    for shown in found.ledgers:
        seen = replace(told, documents=told.documents.filter(pl.col("first_seen") <= shown.on))
        again = past.ledger(seen, shown.on).group_by("currency").agg(pl.col("open").sum())
        assert {code: total for code, total in again.iter_rows() if total} == totals[shown.on], shown.on
