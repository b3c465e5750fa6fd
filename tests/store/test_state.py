"""What the database knows, as a decision sees it: small stories with a known end."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest
import sqlalchemy as sa

from engine.core.decision.asked import Asked
from engine.core.decision.state import ACCOUNTS, BARRED, ITEMS, MARKS, PENDING, REPEATS, TOUCHES
from engine.store import database
from engine.store import tables as t
from engine.store.queries import MASTER, Ask
from engine.store.state import load_state
from tests.store.ledgers import day, moment, only, row, state, step, take_in


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = database.open(database_url)
    yield engine
    engine.dispose()


def add(engine: sa.Engine, table: sa.Table, *rows: dict[str, object]) -> None:
    with database.writing(engine) as conn:
        for values in rows:
            conn.execute(sa.insert(table).values(**values))


ACME = row("ACME", "101", "1 Sep", "1 Oct", 500_00)


def test_the_frames_have_the_agreed_columns_empty_or_not(engine: sa.Engine) -> None:
    for filled in (False, True):
        if filled:
            take_in(engine, "20 Nov", ACME, row("BOLT", "1", "1 Sep", "1 Oct", 5_00))
            sent = {"state": "sent", "taken_on": day("20 Nov"), "tone": 2}
            add(engine, t.action, step("ACME", "email firm", "email", 35, **sent))
        now = state(engine, "23 Nov")
        assert dict(now.accounts.schema) == ACCOUNTS
        assert dict(now.items.schema) == ITEMS
        assert dict(now.marks.schema) == MARKS
        assert dict(now.barred.schema) == BARRED
        assert dict(now.touches.schema) == TOUCHES
        assert dict(now.pending.schema) == PENDING
        assert dict(now.repeats.schema) == REPEATS


def test_only_what_is_asked_is_read(engine: sa.Engine) -> None:
    take_in(engine, "20 Nov", ACME, row("BOLT", "1", "1 Sep", "1 Oct", 5_00))
    master = {"segment": "Trade", "risk": "high", "insolvent": 1, "own": '{"region": "North", "seats": "7"}'}
    with database.writing(engine) as conn:
        conn.execute(sa.update(t.customer).where(t.customer.c.account == "ACME").values(**master))
    own = {"region": pl.String(), "seats": pl.Int64()}
    asked = Asked(frozenset({"segment", "insolvent", "attorney", "region"}), frozenset({"date"}))
    with database.reading(engine) as conn:
        on, moment_ = day("23 Nov"), moment("23 Nov", 10)
        whole = load_state(conn, on=on, moment=moment_, currency="USD", own=own)
        some = load_state(conn, on=on, moment=moment_, currency="USD", own=own, asked=asked)
    left = [name for name in whole.accounts.columns if name in {*MASTER, *own} - asked.accounts]
    assert {"name", "risk", "terms", "seats"} <= {*left}
    assert some.accounts.equals(whole.accounts.drop(left))
    assert some.accounts["segment"].to_list() == ["trade", None]
    assert some.items.equals(whole.items.drop("kind", "statement", "amount"))


def test_items_are_in_order_and_rows_count_from_nought(engine: sa.Engine) -> None:
    take_in(
        engine,
        "20 Nov",
        row("B", "2", "1 Sep", "1 Oct", 1),
        row("A", "9", "1 Sep", "30 Nov", 1),
        row("B", "1", "1 Sep", "1 Oct", 1),
        row("A", "8", "1 Sep", "9 Oct", 1),
        row("C", "1", "1 Sep", "9 Oct", 1, open=0, paid_on=day("9 Oct")),
    )
    now = state(engine, "23 Nov")
    assert now.accounts.select("row", "account").rows() == [(0, "A"), (1, "B")]
    assert now.items.select("row", "item").rows() == [(0, "8"), (0, "9"), (1, "1"), (1, "2")]


def test_who_fell_past_due_since_the_last_ledger_is_in_an_episode_already(engine: sa.Engine) -> None:
    take_in(engine, "20 Nov", row("ACME", "101", "23 Oct", "22 Nov", 500_00))
    assert only(state(engine, "22 Nov").accounts.select("episode", "since")) == {"episode": 1, "since": None}
    assert only(state(engine, "23 Nov").accounts.select("episode", "since")) == {
        "episode": 1,
        "since": day("23 Nov"),
    }


def test_the_first_time_in_two_years(engine: sa.Engine) -> None:
    take_in(engine, "20 Nov", ACME)
    assert state(engine, "23 Nov").accounts["first_time"].to_list() == [True]
    take_in(engine, "21 Nov")
    take_in(engine, "24 Nov", row("ACME", "102", "1 Sep", "1 Oct", 500_00))
    again = only(state(engine, "25 Nov").accounts.select("episode", "since", "first_time"))
    assert again == {"episode": 2, "since": day("21 Nov"), "first_time": False}
    long_ago = t.episode.update().where(t.episode.c.number == 1).values(ended=day("2024-11-20"))
    with database.writing(engine) as conn:
        conn.execute(long_ago)
    assert state(engine, "25 Nov").accounts["first_time"].to_list() == [True]


@pytest.mark.parametrize(
    ("first", "second", "terms"),
    [
        (("1 Sep", "1 Oct"), ("1 Oct", "31 Oct"), "net 30"),
        (("1 Sep", "1 Sep"), ("1 Oct", "1 Oct"), "due on receipt"),
        (("1 Sep", "1 Oct"), ("1 Oct", "30 Nov"), "mixed"),
    ],
)
def test_terms_are_those_that_the_open_items_share(
    engine: sa.Engine, first: tuple[str, str], second: tuple[str, str], terms: str
) -> None:
    take_in(engine, "20 Nov", row("ACME", "1", *first, 500), row("ACME", "2", *second, 500))
    assert only(state(engine, "23 Nov").accounts)["terms"] == terms
    add(engine, t.customer, {"account": "X"})
    with database.writing(engine) as conn:
        conn.execute(sa.update(t.customer).where(t.customer.c.account == "ACME").values(terms="net 45"))
    assert only(state(engine, "23 Nov").accounts)["terms"] == "net 45"


def test_rates_count_minor_units_of_the_house(engine: sa.Engine) -> None:
    take_in(
        engine,
        "20 Nov",
        row("A", "1", "1 Sep", "1 Oct", 100),
        row("A", "2", "1 Sep", "2 Oct", 100, currency="JPY", rate=0.0064),
        row("A", "3", "1 Sep", "3 Oct", 100, currency="EUR"),
        row("A", "4", "1 Sep", "4 Oct", 100, currency="EUR", rate=1.1),
        row("A", "5", "1 Sep", "5 Oct", 100, currency="GBP"),
    )
    rates = state(engine, "23 Nov").items["rate"].to_list()
    assert rates[:1] + rates[2:] == [1.0, 1.1, 1.1, None]
    assert rates[1] == pytest.approx(0.64)  # one yen is 0.64 cents


def test_what_an_episode_has_done(engine: sa.Engine) -> None:
    take_in(engine, "20 Nov", ACME)
    sent = {"state": "sent", "taken_on": day("10 Nov"), "role": "accounts payable"}
    add(
        engine,
        t.action,
        step("ACME", "email firm", "email", 35, tone=2, respond_by=day("17 Nov"), **sent),
        step("ACME", "call supervisor", "call", 60, role="supervisor", state="done", taken_on=day("12 Nov")),
        step("ACME", "call collector", "call", 40, state="done", taken_on=day("11 Nov")),
        step("ACME", "stop", "terms", 90, state="done", taken_on=day("14 Nov")),
        step(
            "ACME",
            "stop",
            "email",
            90,
            tone=3,
            respond_by=day("21 Nov"),
            **{**sent, "taken_on": day("14 Nov")},
        ),
        step("ACME", "old", "hold", 90, state="done", taken_on=day("14 Nov"), episode=0),
        step("ACME", "ladder finished", "task", 90, taken_on=day("15 Nov"), on=day("15 Nov")),
    )
    account = only(state(engine, "23 Nov").accounts)
    names = (
        "effects",
        "tone",
        "tone_step",
        "reached",
        "answer_by",
        "answer_day",
        "finished",
        "contacts",
    )
    assert {name: account[name] for name in names} == {
        "effects": 0b001,
        "tone": 2,
        "tone_step": "standard/email firm",
        "reached": "supervisor",
        "answer_by": day("21 Nov"),
        "answer_day": 90,
        "finished": day("15 Nov"),
        "contacts": 2,
    }
    assert state(engine, "23 Nov").touches["on"].to_list() == [day("10 Nov"), day("14 Nov")]
    assert account["response"] == "none"


def test_courtesies_and_old_contacts_do_not_count_for_the_gap(engine: sa.Engine) -> None:
    take_in(engine, "20 Nov", ACME)
    sent = {"state": "sent", "role": ""}
    add(
        engine,
        t.action,
        step("ACME", "courtesy", "email", -5, taken_on=day("15 Nov"), **sent),
        step("ACME", "old", "email", 1, taken_on=day("20 Sep"), **sent),
        step("ACME", "each", "letter", 1, taken_on=day("16 Nov"), each=1, **sent),
    )
    now = state(engine, "23 Nov")
    assert now.touches.rows() == [(0, "101", day("16 Nov"))]
    assert only(now.accounts)["contacts"] == 2
    assert only(now.accounts)["last_contact"] == day("16 Nov")


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("planned", "message"),
        ("sending", "message"),
        ("retry", "message"),
        ("awaiting approval", "approval"),
        ("approved", "approved"),
        ("held address", "address"),
        ("uncertain", "uncertain"),
        ("no capacity", "capacity"),
    ],
)
def test_what_is_under_way(engine: sa.Engine, written: str, seen: str) -> None:
    take_in(engine, "20 Nov", ACME)
    add(engine, t.action, step("ACME", "email firm", "email", 35, state=written, since=day("21 Nov")))
    found = only(state(engine, "23 Nov").pending)
    assert (found["state"], found["since"], found["item"]) == (seen, day("21 Nov"), None)


@pytest.mark.parametrize("written", ["sent", "failed", "cancelled", "declined", "passed over", "done"])
def test_what_is_over_is_not_under_way(engine: sa.Engine, written: str) -> None:
    take_in(engine, "20 Nov", ACME)
    taken = day("21 Nov") if written in ("sent", "done") else None
    add(engine, t.action, step("ACME", "email firm", "email", 35, state=written, taken_on=taken))
    assert state(engine, "23 Nov").pending.is_empty()


def test_the_strictest_of_a_step_s_actions_is_what_it_waits_for(engine: sa.Engine) -> None:
    take_in(engine, "20 Nov", ACME)
    add(
        engine,
        t.action,
        step("ACME", "stop", "email", 90, state="held address"),
        step("ACME", "stop", "terms", 90, state="awaiting approval"),
    )
    assert only(state(engine, "23 Nov").pending)["state"] == "approval"


def test_marks_know_the_event_they_belong_to(engine: sa.Engine) -> None:
    take_in(engine, "20 Nov", ACME)
    common = {"account": "ACME", "episode": 1, "policy": "broken-promise", "item": "101", "on": day("20 Nov")}
    add(
        engine,
        t.mark,
        {**common, "step": "call", "how": "taken", "event": "2026-11-19"},
        {**common, "step": "letter", "how": "passed over"},
        {**common, "step": "call", "how": "taken", "episode": 0},
    )
    assert state(engine, "23 Nov").marks.select("step", "event").sort("step").rows() == [
        ("call", day("19 Nov")),
        ("letter", None),
    ]


def test_how_often_a_step_was_taken(engine: sa.Engine) -> None:
    take_in(engine, "20 Nov", ACME)
    for number, on in enumerate(("1 Nov", "15 Nov")):
        values = {"state": "sent", "occurrence": number, "taken_on": day(on), "key": f"k{number}"}
        add(engine, t.action, step("ACME", "statement", "statement", 10, **values))
    assert only(state(engine, "23 Nov").repeats) == {
        "row": 0,
        "policy": "standard",
        "step": "statement",
        "times": 2,
        "last": day("15 Nov"),
    }


@pytest.mark.parametrize(
    ("after", "response"),
    [
        (None, "none"),
        ("dispute", "dispute"),
        ("payment", "partial payment"),
        ("promise", "acknowledged"),
        ("call", "vague promise"),
    ],
)
def test_what_the_last_demand_met(engine: sa.Engine, after: str | None, response: str) -> None:
    take_in(engine, "20 Nov", ACME)
    assert only(state(engine, "23 Nov").accounts)["response"] is None
    sent = {"state": "sent", "taken_on": day("20 Nov"), "respond_by": day("27 Nov")}
    add(engine, t.action, step("ACME", "email firm", "email", 35, **sent))
    on = day("22 Nov")
    said = {"account": "ACME", "by": "me"}
    rows = {
        "dispute": (
            t.dispute,
            {"account": "ACME", "item": "101", "reason": "price", "opened": on, "opened_by": "me"},
        ),
        "payment": (t.payment, {"account": "ACME", "amount": 1, "currency": "USD", "paid_on": on}),
        "promise": (
            t.promise,
            {**said, "made_on": on, "made_at": "", "pays_on": on, "breaks_on": day("30 Nov"), "amount": 1}
            | {"currency": "USD", "state": "open"},
        ),
        "call": (t.call, {**said, "outcome": "vague promise", "reached": 1, "on": on, "at": ""}),
    }
    if after:
        add(engine, *rows[after])
    assert only(state(engine, "23 Nov").accounts)["response"] == response


def test_the_age_of_the_ledger(engine: sa.Engine) -> None:
    take_in(engine, "20 Nov", ACME)  # came in at nine; asked at ten
    assert (state(engine, "20 Nov").age, state(engine, "23 Nov").age) == (1, 73)
    assert state(engine, "23 Nov").as_of == day("20 Nov")


def test_a_plan_that_is_kept_sets_its_items_aside(engine: sa.Engine) -> None:
    take_in(engine, "20 Nov", ACME)
    values = {
        "account": "ACME",
        "made_on": day("10 Nov"),
        "until": day("30 Nov"),
        "state": "kept",
        "by": "me",
        "id": 1,
    }
    add(engine, t.plan, values)
    add(engine, t.plan_item, {"plan": 1, "item": "101"})
    now = state(engine, "23 Nov")
    assert only(now.items)["aside"] == "planned"
    assert only(now.accounts)["plan"] == "kept"
    assert state(engine, "1 Dec").items.filter(pl.col("aside").is_not_null()).is_empty()


QUICK = ["", " ", "a,b", '"', ",", "#1", "Ü🎉", "[x]", "1e5", "NaN", "Null", "nullo"]
SLOW = ["null", "back\\slash", 'say "so"', "two\nlines", "\x1e"]


@pytest.mark.parametrize(
    "words", [QUICK[:3] + QUICK[4:], QUICK, QUICK + SLOW, *([*QUICK[:3], word] for word in SLOW)]
)
def test_words_that_look_like_something_else_are_read_as_they_are(
    engine: sa.Engine, words: list[str]
) -> None:
    rows: list[dict[str, object]] = [
        {"account": f"A{n:03}", "name": word, "owner": word if n % 3 else None, "insolvent": n % 2, "credit_limit": n or None}
        for n, word in enumerate(words * (1 + 120 // len(words)))
    ]  # fmt: skip
    with database.writing(engine) as conn:
        conn.execute(sa.insert(t.customer), rows)
    with database.reading(engine) as conn:
        found = Ask.of(conn, t.COMPANY, day("23 Nov")).customers({}, all_=True).sort("account")
    assert found["name"].to_list() == [row["name"] for row in rows]
    assert found["owner"].to_list() == [row["owner"] for row in rows]
    assert found["insolvent"].to_list() == [bool(row["insolvent"]) for row in rows]
    assert found["limit"].to_list() == [row["credit_limit"] for row in rows]


def test_an_account_in_an_episode_has_its_place_without_an_open_item(engine: sa.Engine) -> None:
    take_in(
        engine, "23 Nov", row("BOLT", "1", "1 Sep", "1 Oct", 5_00), row("DASH", "2", "1 Sep", "1 Oct", 7_00)
    )
    for account in ("ACME", "CRUX", "EDGE"):
        add(engine, t.episode, {"account": account, "number": 1, "started": day("1 Nov")})
    now = state(engine, "23 Nov")
    assert now.accounts["account"].to_list() == ["ACME", "BOLT", "CRUX", "DASH", "EDGE"]
    assert now.accounts["row"].to_list() == [0, 1, 2, 3, 4]
    assert now.items.select("row", "item").rows() == [(1, "1"), (3, "2")]
    assert now.accounts["terms"].to_list() == ["mixed", "net 30", "mixed", "net 30", "mixed"]


def test_the_addresses_of_several_contacts_are_counted_together(engine: sa.Engine) -> None:
    take_in(engine, "23 Nov", ACME, row("BOLT", "1", "1 Sep", "1 Oct", 5_00))
    add(
        engine,
        t.contact,
        {"account": "ACME", "role": "accounts payable", "email_ok": 1},
        {"account": "ACME", "role": "accounts payable", "email_ok": 0, "phone": "1"},
        {"account": "ACME", "role": "principal", "email_ok": 1},
        {"account": "BOLT", "role": "account owner", "email_ok": 1, "post_ok": 1},
    )
    assert state(engine, "23 Nov").accounts["addresses"].to_list() == [1 + 2 + 16, 4 + 8]
