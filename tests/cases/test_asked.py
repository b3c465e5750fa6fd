"""What waits on a list asks for what is owed now, whatever came in since it was put there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from engine.core.workdays import calendar
from engine.jobs import cases
from engine.jobs.cases import Who
from engine.store import database, journal
from engine.store import tables as t
from engine.store.history import history, worklist
from tests.store.ledgers import day, moment, row, step, take_in

US = calendar("US")
OLD = row("ACME", "101", "1 Sep", "1 Oct", 500_00)
NEW = row("ACME", "102", "1 Oct", "31 Oct", 300_00)
LATER = row("ACME", "103", "20 Oct", "19 Nov", 50_00)
BOLT = row("BOLT", "201", "20 Oct", "19 Nov", 900_00)
LEDGER = (OLD, NEW, LATER, BOLT)


def who(text: str) -> Who:
    return Who("J. Ortiz", moment(text), day(text))


def waits(kind: str = "call", state: str = "planned", *, items: Any = (), **more: Any) -> dict[str, Any]:
    """An action that lists 101 and 102 of ACME, and would mark both."""
    listed = items or [["101", 500_00], ["102", 300_00]]
    detail = {"items": listed, "marks": [[name, "call collector"] for name, _ in listed], "script": "first"}
    return step("ACME", "call collector", kind, 35, state=state, detail=orjson.dumps(detail).decode(), **more)


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = database.open(database_url)
    take_in(engine, "20 Nov", *LEDGER)
    yield engine
    with database.reading(engine) as conn:
        journal.verify(conn)
    engine.dispose()


def plan(engine: sa.Engine, *actions: dict[str, Any]) -> None:
    with database.writing(engine) as conn:
        for one in actions:
            conn.execute(sa.insert(t.action).values(**one))


def asks(engine: sa.Engine) -> list[tuple[str, str | None, int, list[Any], list[str]]]:
    """State, reason, amount, items and marked items of every action, in the order of their keys."""
    a = t.action.c
    with database.reading(engine) as conn:
        found = conn.execute(sa.select(a.state, a.reason, a.amount, a.detail).order_by(a.key)).all()
    details = [orjson.loads(one.detail) for one in found]
    return [
        (one.state, one.reason, one.amount, detail["items"], [name for name, _ in detail.get("marks", [])])
        for one, detail in zip(found, details, strict=True)
    ]


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("call", "planned"),
        ("call", "put back"),
        ("call", "no capacity"),
        ("task", "planned"),
        ("terms", "awaiting approval"),
        ("letter", "held address"),
    ],
)
def test_what_was_paid_is_taken_out_of_what_waits(engine: sa.Engine, kind: str, state: str) -> None:
    plan(engine, waits(kind, state))
    part = row("ACME", "102", "1 Oct", "31 Oct", 300_00, open=100_00)
    assert take_in(engine, "23 Nov", part, LATER, BOLT).cancelled == 0
    assert asks(engine) == [(state, None, 100_00, [["102", 100_00]], ["102"])]
    with database.reading(engine) as conn:
        bodies = conn.execute(sa.select(t.journal.c.body).where(t.journal.c.kind == "amount changed"))
        told = [orjson.loads(body) for (body,) in bodies]
    assert told == [
        {"key": f"ACME call collector {kind}", "amount": 100_00, "currency": "USD", "before": 800_00}
    ]
    take_in(engine, "24 Nov", part, LATER, BOLT)
    with database.reading(engine) as conn:
        changed = sa.select(sa.func.count()).where(t.journal.c.kind == "amount changed")
        assert conn.execute(changed).scalar() == 1, "a ledger that changes nothing says nothing"


def test_a_call_of_which_nothing_is_owed_any_more_is_cancelled_though_the_account_is_late(
    engine: sa.Engine,
) -> None:
    plan(engine, waits())
    assert take_in(engine, "23 Nov", LATER, BOLT).cancelled == 1
    assert [(state, reason) for state, reason, *_ in asks(engine)] == [("cancelled", "paid")]
    with database.reading(engine) as conn:
        assert worklist(conn, day("23 Nov")) == []


def test_a_credit_is_taken_off_the_oldest_item(engine: sa.Engine) -> None:
    plan(engine, waits())
    take_in(engine, "23 Nov", *LEDGER, row("ACME", "C1", "21 Nov", "21 Nov", -600_00))
    assert asks(engine) == [("planned", None, 200_00, [["102", 200_00]], ["102"])]


@pytest.mark.parametrize("state", ["approved", "uncertain", "sending"])
def test_what_somebody_agreed_to_or_what_is_on_its_way_is_decided_again_instead(
    engine: sa.Engine, state: str
) -> None:
    plan(engine, waits("terms", state))
    take_in(engine, "23 Nov", NEW, LATER, BOLT)
    assert asks(engine) == [(state, None, 800_00, [["101", 500_00], ["102", 300_00]], ["101", "102"])]


def test_a_message_in_the_outbox_is_left_to_the_last_moment(engine: sa.Engine) -> None:
    plan(engine, waits("email"))
    take_in(engine, "23 Nov", NEW, LATER, BOLT)
    assert asks(engine)[0][2] == 800_00


def test_a_disputed_item_is_not_asked_for_and_gets_no_mark(engine: sa.Engine) -> None:
    task = waits("task", key="task")
    plan(engine, waits(key="call"), task)
    cases.open_dispute(engine, "ACME", "101", "short shipment", who("23 Nov"))
    both = [["101", 500_00], ["102", 300_00]]
    assert asks(engine) == [
        ("planned", None, 300_00, [["102", 300_00]], ["102"]),
        ("planned", None, 800_00, both, ["101", "102"]),  # a task asks the customer for nothing
    ]
    cases.log_call(engine, "ACME", "refused", who("23 Nov"), US)
    with database.reading(engine) as conn:
        assert conn.execute(sa.select(t.mark.c.item, t.mark.c.how)).all() == [("102", "taken")]


def test_what_a_ledger_flags_as_disputed_is_not_asked_for(engine: sa.Engine) -> None:
    plan(engine, waits())
    take_in(engine, "23 Nov", {**OLD, "disputed": True}, NEW, LATER, BOLT)
    assert asks(engine) == [("planned", None, 300_00, [["102", 300_00]], ["102"])]


def test_a_promise_takes_the_call_off_the_list_and_the_call_can_still_be_logged_that_day(
    engine: sa.Engine,
) -> None:
    plan(engine, waits())
    cases.promise(engine, "ACME", day("27 Nov"), who("23 Nov"), US)
    assert [(state, reason) for state, reason, *_ in asks(engine)] == [("cancelled", "promise open")]
    with database.reading(engine) as conn:
        assert worklist(conn, day("23 Nov")) == []
    told = cases.log_call(engine, "ACME", "promise to pay", who("23 Nov"), US, key="ACME call collector call")
    assert told == "ACME: promise to pay. “call collector” is done."
    assert [(state, marked) for state, *_, marked in asks(engine)] == [("done", ["101", "102"])]


@pytest.mark.parametrize(("outcome", "on"), [("no answer", "23 Nov"), ("promise to pay", "24 Nov")])
def test_a_call_that_a_promise_ended_does_not_come_back(engine: sa.Engine, outcome: str, on: str) -> None:
    plan(engine, waits())
    cases.promise(engine, "ACME", day("27 Nov"), who("23 Nov"), US)
    assert "No call was on the list" in cases.log_call(engine, "ACME", outcome, who(on), US)
    assert [state for state, *_ in asks(engine)] == ["cancelled"]


def test_a_verb_changes_only_its_own_account(engine: sa.Engine) -> None:
    plan(engine, waits(), {**waits(items=[["201", 1]]), "account": "BOLT", "key": "BOLT"})
    cases.open_dispute(engine, "ACME", "101", "pricing", who("23 Nov"))
    assert [amount for _, _, amount, *_ in asks(engine)] == [300_00, 800_00]


def test_several_currencies_are_asked_for_in_the_house_s_and_one_in_its_own(engine: sa.Engine) -> None:
    euros = row("ACME", "104", "1 Oct", "31 Oct", 200_00, currency="EUR", rate=1.25)
    rows = (OLD, NEW, LATER, BOLT, euros)
    take_in(engine, "21 Nov", *rows)
    listed = [["101", 500_00], ["102", 300_00], ["104", 200_00]]
    plan(engine, waits(items=listed, amount=1050_00))
    take_in(engine, "23 Nov", NEW, LATER, BOLT, euros)
    assert asks(engine)[0][2:4] == (550_00, [["102", 300_00], ["104", 200_00]])
    take_in(engine, "24 Nov", LATER, BOLT, euros)
    with database.reading(engine) as conn:
        (work,) = worklist(conn, day("24 Nov"))
    assert (work.amount, work.currency) == (200_00, "EUR")


# -- what people see -----------------------------------------------------------------------------------------


def test_a_step_that_waits_for_approval_is_one_thing_for_its_approver(engine: sa.Engine) -> None:
    detail = '{"items": [["101", 50000]], "approve": "credit manager"}'
    both = [
        step("ACME", "stop", kind, 90, state="awaiting approval", role=role, detail=detail, person=person)
        for kind, role, person in (("email", "accounts payable", None), ("call", "collector", "jortiz"))
    ]
    other = {**both[0], "account": "BOLT", "key": "BOLT", "amount": 900_00}
    plan(engine, *both, other)
    with database.reading(engine) as conn:
        work = worklist(conn, day("23 Nov"))
    assert [(one.account, one.role, one.person) for one in work] == [
        ("BOLT", "credit manager", None),
        ("ACME", "credit manager", None),
    ]


def test_a_call_that_was_tried_again_is_told_once(engine: sa.Engine) -> None:
    first = step("ACME", "call collector", "call", 35, state="done", reason="tried again", key="first")
    second = step("ACME", "call collector", "call", 35, state="planned", key="second", occurrence=1)
    plan(engine, first, second)
    with database.reading(engine) as conn:
        told = [one.text for one in history(conn, "ACME") if one.kind == "call"]
    assert told == ["call collector (planned)"]
