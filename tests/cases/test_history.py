"""The history of an account has every thing that happened, a line each, and can be asked for a part."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from engine.core.language.policy import Kind
from engine.errors import NotFound
from engine.store import database
from engine.store import tables as t
from engine.store.happened import KINDS
from engine.store.history import history, kinds_named
from tests.store.ledgers import day, step, take_in
from tests.store.ledgers import row as item

AT = "2026-11-23T15:00:00.000000+00:00"


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = database.open(database_url)
    take_in(engine, "20 Nov", item("ACME", "101", "1 Sep", "1 Oct", 500_00))
    yield engine
    engine.dispose()


def put(engine: sa.Engine, table: sa.Table, **values: Any) -> None:
    with database.writing(engine) as conn:
        conn.execute(sa.insert(table).values(**values))


def told(engine: sa.Engine, **more: Any) -> list[tuple[str, str, str, str]]:
    with database.reading(engine) as conn:
        return [(f"{one.on:%d %b}", one.kind, one.text, one.by) for one in history(conn, "ACME", **more)]


def test_what_was_agreed_and_asked_for(engine: sa.Engine) -> None:
    mine = {"account": "ACME", "by": "joe"}
    put(engine, t.plan, **mine, made_on=day("21 Nov"), until=day("4 Dec"), state="broken", amount=500_00, currency="USD",
        spoken_with="Ms Lee", approved_by="sue", ended_on=day("28 Nov"))  # fmt: skip
    put(engine, t.promise, **mine, made_on=day("21 Nov"), made_at=AT, pays_on=day("24 Nov"), breaks_on=day("27 Nov"),
        amount=250_00, currency="USD", state="broken", paid=100_00, settled_on=day("27 Nov"), plan=1, number=1,
        kind="instalment", said="Friday at the latest")  # fmt: skip
    put(engine, t.promise, **mine, made_on=day("22 Nov"), made_at=AT, pays_on=day("30 Nov"), breaks_on=day("2 Dec"),
        amount=80_00, currency="USD", state="open", kind="check", check_number="4711", spoken_with="Ms Lee")  # fmt: skip
    put(engine, t.concession, **mine, side="ours", kind="days", days=10, text="until the fair", state="agreed",
        on=day("21 Nov"), at=AT, approved_by="sue")  # fmt: skip
    put(engine, t.concession, **mine, side="theirs", kind="discount", amount=5_00, currency="USD", state="agreed",
        on=day("22 Nov"), at=AT)  # fmt: skip
    put(engine, t.restriction, **mine, kind="terms", value="cash on delivery", reason="delinquency", state="ended",
        asked_on=day("22 Nov"), confirmed_on=day("23 Nov"), review_on=day("22 Dec"), ended_on=day("30 Nov"),
        ended_because="all is paid", approved_by="ana")  # fmt: skip
    put(engine, t.charge, **mine, item="101", pack="Germany", kind="interest", amount=4_20, currency="USD",
        from_day=day("2 Oct"), to_day=day("20 Nov"), calculation="{}", on=day("23 Nov"), at=AT,
        waived_on=day("25 Nov"), waived_by="ana", because="goodwill")  # fmt: skip
    put(engine, t.dispute, account="ACME", item="101", reason="short shipment", opened=day("21 Nov"), opened_by="joe",
        said="two boxes are missing", closed=day("24 Nov"), closed_for="us", closed_by="ana",
        result="all were signed for")  # fmt: skip
    cod = "terms: cash on delivery"
    assert told(engine, since=day("21 Nov")) == [
        ("21 Nov", "plan", "500.00 USD in 1: 250.00 USD by Tue 24 Nov 2026, agreed with Ms Lee (broken)", "joe"),
        ("21 Nov", "dispute", "opened: short shipment · told us: two boxes are missing", "joe"),
        ("21 Nov", "concession", "we gave 10 days (agreed, approved by sue): until the fair", "joe"),
        ("22 Nov", "promise", "80.00 USD by Mon 30 Nov 2026 by check 4711, promised by Ms Lee (open)", "joe"),
        ("22 Nov", "concession", "they gave discount 5.00 USD (agreed)", "joe"),
        ("22 Nov", "restriction", f"{cod} asked for (delinquency, approved by ana), to be reviewed on Tue 22 Dec 2026", "joe"),
        ("23 Nov", "restriction", f"{cod} in force, says the ledger", ""),
        ("23 Nov", "charge", "interest 4.20 USD for Fri 2 Oct 2026 to Fri 20 Nov 2026 (Germany)", "joe"),
        ("24 Nov", "dispute", "closed for us: all were signed for", "ana"),
        ("25 Nov", "charge", "waived: interest 4.20 USD: goodwill", "ana"),
        ("27 Nov", "promise", "instalment 1 broken: 100.00 USD of 250.00 USD", ""),
        ("28 Nov", "plan", "broken", ""),
        ("30 Nov", "restriction", f"{cod} ended: all is paid", ""),
    ]  # fmt: skip


def test_what_was_said_and_learned(engine: sa.Engine) -> None:
    mine = {"account": "ACME", "by": "joe"}
    put(engine, t.call, **mine, outcome="hardship", reached=1, spoken_with="Ms Lee", note="be kind", on=day("21 Nov"),
        at=AT, reason="cash crunch", horizon="short", story="a customer pays late")  # fmt: skip
    put(
        engine,
        t.note,
        **mine,
        text="they sell a house",
        at=AT,
        kind="outside",
        source="the paper",
        dated=day("20 Nov"),
    )
    put(engine, t.learned, **mine, field="natural_person", value="yes", from_day=day("22 Nov"), until=day("24 Nov"),
        because="a sole trader")  # fmt: skip
    put(
        engine,
        t.contact_rule,
        **mine,
        whom="Ms Lee",
        rule="no calls",
        from_day=day("22 Nov"),
        because="she asked",
    )
    put(
        engine,
        t.guard_override,
        **mine,
        guard="cooling off",
        from_day=day("23 Nov"),
        until=day("24 Nov"),
        because="they rang",
    )
    assert told(engine, since=day("21 Nov")) == [
        ("21 Nov", "contact", "hardship, spoke with Ms Lee (cash crunch, short): be kind · told us: a customer pays late", "joe"),
        ("22 Nov", "contact rule", "no calls (Ms Lee): she asked", "joe"),
        ("22 Nov", "learned", "natural person: yes: a sole trader", "joe"),
        ("23 Nov", "note", "they sell a house (the paper, 2026-11-20)", "joe"),
        ("23 Nov", "override", "“cooling off” does not hold through 2026-11-24: they rang", "joe"),
        ("24 Nov", "learned", "no longer so: natural person: yes", ""),
    ]  # fmt: skip


def test_who_agreed_is_one_line_for_all_actions_of_a_step(engine: sa.Engine) -> None:
    for kind in ("terms", "email"):
        put(engine, t.action, **step("ACME", "stop", kind, 90, state="approved"))
        put(engine, t.approval, action=f"ACME stop {kind}", verdict="approved", by="ana", at=AT, amount=500_00,
            detail="{}", because="third time")  # fmt: skip
    assert told(engine, kinds=["approval"]) == [
        ("23 Nov", "approval", "stop approved, 500.00 USD: third time", "ana")
    ]


def test_a_part_of_it(engine: sa.Engine) -> None:
    for number, on in enumerate(("2026-11-21", "2026-11-22", "2026-11-23")):
        put(engine, t.note, account="ACME", text=f"note {number}", at=f"{on}T09:00:00+00:00", by="joe")
    assert [text for _, _, text, _ in told(engine, since=date(2026, 11, 22), kinds=["note"])] == [
        "note 1",
        "note 2",
    ]
    assert [text for _, _, text, _ in told(engine, until=date(2026, 11, 21), kinds=["note"])] == ["note 0"]
    assert [kind for _, kind, _, _ in told(engine, kinds=["episode"])] == ["episode"]


def test_every_kind_can_be_asked_for_and_no_other() -> None:
    assert kinds_named(["Promise", "contact_rule", "hand off"]) == {"promise", "contact rule", "hand off"}
    assert kinds_named([*KINDS, *(kind.value for kind in Kind)])
    with pytest.raises(NotFound, match="there is no kind of event “promis”\n  did you mean “promise”"):
        kinds_named(["promis"])
