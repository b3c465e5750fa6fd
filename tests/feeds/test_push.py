"""What another program pushes: each message once, all of it or nothing, an older word never over a newer."""

from __future__ import annotations

import json
import random
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from engine.errors import Refused
from engine.jobs.push import PushReport, push, push_text
from engine.store.tables import customer, dispute, episode, ledger_file, payment
from tests.feeds.place import DAY, Place


def invoice(number: str, amount: str = "1200.00", **more: Any) -> dict[str, Any]:
    usual = {"type": "invoice", "customer": "0042", "name": "Acme", "number": number, "amount": amount}
    return {**usual, "date": "2026-09-01", "due": "2026-10-01", "currency": "USD", **more}


def paid(number: str, amount: str, of: str = "A1", **more: Any) -> dict[str, Any]:
    usual = {"type": "payment", "customer": "0042", "number": number, "invoice": of, "amount": amount}
    return {**usual, "date": "2026-11-20", "currency": "USD", **more}


class Sender:
    """Another program, which numbers its messages."""

    def __init__(self, place: Place, engine: Engine) -> None:
        self.place = place
        self.engine = engine

    def __call__(self, event: str, version: int, *rows: dict[str, Any], **more: Any) -> PushReport:
        place = self.place
        return push(place.house.ws, self.engine, rows, event, version, place.now, "erp", **more)


@pytest.fixture
def send(place_on_each: Place) -> Iterator[Sender]:
    engine = place_on_each.house.engine
    yield Sender(place_on_each, engine)
    engine.dispose()


@pytest.fixture
def send_here(place: Callable[..., Place]) -> Iterator[Sender]:
    here = place()
    engine = here.house.engine
    yield Sender(here, engine)
    engine.dispose()


def rows(send: Sender, query: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in send.place.house.rows(query)]


def test_invoices_and_payments_change_only_what_they_name(send: Sender) -> None:
    place = send.place
    place.put(DAY)
    place.bring()
    report = send("e1", 1, invoice("A2", "10.00"), paid("P1", "200.00"), paid("P2", "10.00", "A2"))
    assert report.told() == {"event": "e1", "version": 1, "taken": 3, "late": 0, "problems": []}
    assert place.items() == {"A1": 100_000, "B1": 8_050}
    query = sa.select(payment.c.item, payment.c.amount, payment.c.paid_on, payment.c.presumed)
    assert sorted((i, a, str(d), p) for i, a, d, p in rows(send, query)) == [
        ("A1", 20_000, "2026-11-20", 0),
        ("A2", 1_000, "2026-11-20", 0),
    ]
    send("e2", 2, paid("P3", "1000.00"))
    assert place.items() == {"B1": 8_050}
    open = rows(send, sa.select(episode.c.account, episode.c.ended))
    assert {account for account, ended in open if ended is None} == {"0043"}
    send("e3", 3, paid("P3-back", "-1000.00"))
    assert place.items() == {"A1": 100_000, "B1": 8_050}


@pytest.mark.fault(47)
def test_a_message_that_comes_twice_has_one_effect_and_one_answer(send: Sender) -> None:
    first = send("e1", 1, invoice("A1"), paid("P1", "200.00"))
    assert send("e1", 1, invoice("A1"), paid("P1", "200.00")) == first
    assert send.place.items() == {"A1": 100_000}
    with pytest.raises(Refused, match="came before with other rows"):
        send("e1", 1, invoice("A1"), paid("P1", "300.00"))
    # Under another event: the payment is known by its number.
    assert send("e2", 2, paid("P1", "200.00")).late == 1
    assert send.place.items() == {"A1": 100_000}


@pytest.mark.fault(47)
def test_an_older_word_is_left_out(send: Sender) -> None:
    send("e3", 3, invoice("A1", open="300.00"))
    assert send("e2", 2, invoice("A1", open="900.00"), invoice("A2")).late == 1
    assert send.place.items() == {"A1": 30_000, "A2": 120_000}
    # An import in between does not make an old word new.
    send.place.put(DAY)
    send.place.bring()
    assert send("e1", 1, invoice("A1", open="1.00")).late == 1
    assert send.place.items()["A1"] == 120_000


@pytest.mark.fault(47)
@pytest.mark.parametrize("seed", range(4))
def test_duplicated_and_reordered_messages_end_alike(send_here: Sender, seed: int) -> None:
    chance = random.Random(seed)
    last: dict[str, int] = {}
    messages = []
    for version in range(1, 16):
        number, open = f"A{chance.randrange(4)}", chance.randrange(0, 1200)
        last[number] = open * 100
        messages.append((f"e{version}", version, invoice(number, open=f"{open}.00")))
    sent = messages * 2
    chance.shuffle(sent)
    for event, version, row in sent:
        send_here(event, version, row)
    assert send_here.place.items() == {number: open for number, open in last.items() if open}


def test_a_mistake_refuses_the_whole_message_and_names_its_field(send_here: Sender) -> None:
    report = send_here(
        "e1",
        1,
        invoice("A1"),
        invoice("A2", 12.5),  # type: ignore[arg-type]
        invoice("A3", "1.005"),
        invoice("A4", date="yesterday"),
        invoice("A5", "-5.00"),
        invoice("A6", currency="XXY"),
        invoice("A1"),
        {"type": "bill"},
        {**invoice("A7"), "colour": "red"},
        invoice("A8", "NaN"),
    )
    assert [(fault.row, fault.field) for fault in report.problems] == [
        (2, "amount"),
        (3, "amount"),
        (4, "date"),
        (5, "amount"),
        (6, "currency"),
        (7, "number"),
        (8, "type"),
        (9, "colour"),
        (10, "amount"),
    ]
    assert report.taken == 0
    assert send_here.place.items() == {}
    assert send_here("e1", 1, invoice("A1")).taken == 1  # mended, under the same event


def test_a_payment_that_does_not_fit_is_refused(send_here: Sender) -> None:
    send_here("e1", 1, invoice("A1"))
    report = send_here(
        "e2", 2, paid("P1", "1.00", "A9"), paid("P2", "1200.01"), paid("P3", "1", currency="EUR")
    )
    assert [fault.sentence for fault in report.problems] == [
        "customer 0042 has no invoice A9",
        "1200.01 is more than is open of A1: 1,200.00 USD",
        "A1 is in USD",
    ]
    send_here("e3", 3, paid("P4", "50.00", ""))
    assert send_here.place.items() == {"A1": 120_000, "P4": -5_000}


def test_a_snapshot_is_the_whole_ledger(send: Sender) -> None:
    send("e1", 1, invoice("A1"), invoice("A2"))
    send("e2", 5, invoice("A2"), invoice("A3"), snapshot=True)
    assert send.place.items() == {"A2": 120_000, "A3": 120_000}
    ledgers = sa.select(ledger_file.c.as_of).where(ledger_file.c.kind == "ledger")
    assert [str(day) for (day,) in rows(send, ledgers)] == ["2026-11-24"]
    assert send("e3", 4, invoice("A9"), snapshot=True).late == 1
    assert send("e4", 6, snapshot=True).problems[0].field == "rows"
    assert send.place.items() == {"A2": 120_000, "A3": 120_000}


def test_a_dispute_is_opened_and_closed_by_what_is_said(send_here: Sender) -> None:
    send_here("e1", 1, invoice("A1", disputed=True), invoice("A2", disputed=True))
    send_here("e2", 2, invoice("A3"))
    query = sa.select(dispute.c.item).where(dispute.c.closed.is_(None)).order_by(dispute.c.item)
    assert rows(send_here, query) == [("A1",), ("A2",)]
    send_here("e3", 3, invoice("A1", disputed=False))
    assert rows(send_here, query) == [("A2",)]


def test_a_customer_comes_whole(send_here: Sender) -> None:
    row = {
        "type": "customer",
        "customer": "0042",
        "name": "Acme",
        "terms": "net 30",
        "email": "ap@acme.example.com",
    }
    assert send_here("e1", 2, row, invoice("A1")).taken == 2
    query = sa.select(customer.c.name, customer.c.terms)
    assert rows(send_here, query) == [("Acme", "net 30")]
    assert send_here("e0", 1, {**row, "name": "Old"}).late == 1
    (fault,) = send_here("e2", 3, {**row, "terms": "soonish"}).problems
    assert (fault.row, fault.field) == (1, "terms")
    assert rows(send_here, query) == [("Acme", "net 30")]


def test_the_message_of_the_manual(send_here: Sender) -> None:
    page = (Path(__file__).parents[2] / "engine" / "help" / "feeds.md").read_text("utf-8")
    shown = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert shown
    place = send_here.place
    place.put(DAY)
    place.bring()
    report = push_text(place.house.ws, shown[1].encode(), now=place.now, by="erp")
    assert report.told()["problems"] == []
    assert place.items() == {"A1": 70_000, "A7": 120_000, "B1": 8_050}
    assert (
        push_text(place.house.ws, b'{"event": "x"}', now=place.now, by="erp").problems[0].field == "version"
    )
    with pytest.raises(Refused, match="no JSON"):
        push_text(place.house.ws, b"{", now=place.now, by="erp")
    assert json.loads(shown[1])["version"] == 17


_OF_MANY = ("item", "customer", "contact", "episode", "promise", "dispute", "action", "payment", "pushed")


def test_a_message_looks_at_no_account_that_it_does_not_name(send_here: Sender) -> None:
    """However the database would answer: each of its questions goes by the account, or by a key. The sums alone, by which
    a ledger that changed too much is known, are of all that is open."""
    send_here.place.put(DAY)
    send_here.place.bring()
    asked: list[str] = []

    def watch(conn: sqlite3.Connection, _record: object) -> None:
        conn.set_trace_callback(asked.append)

    sa.event.listen(send_here.engine, "connect", watch)
    send_here("e1", 1, invoice("A1", "900.00"), paid("P1", "200.00"), invoice("A2", disputed=True))
    send_here("e2", 2, {"type": "customer", "customer": "0042", "name": "Acme", "terms": "net 60"})
    sa.event.remove(send_here.engine, "connect", watch)
    plans: list[tuple[str, str]] = []
    with send_here.engine.connect() as conn:
        for query in asked:
            if re.match(r"(SELECT|WITH|UPDATE|DELETE)\b", query.strip()):
                how = conn.connection.driver_connection.execute(f"EXPLAIN QUERY PLAN {query}")  # type: ignore[union-attr]
                plans += [(step[3], query) for step in how]
    found = re.compile(rf"(SCAN|SEARCH) (?:\w+ AS )?({'|'.join(_OF_MANY)})\b(.*)")
    looks = [(step, query) for step, query in plans if found.match(step)]
    assert len(looks) > 15
    wide = [
        (step, query)
        for step, query in looks
        if not re.search(r"\b(account|id|key|rowid)=\?", step) and "GROUP BY item.currency" not in query
    ]
    assert not wide
