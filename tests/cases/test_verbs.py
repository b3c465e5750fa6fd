"""What people log and decide, and what the next decision then sees."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import polars as pl
import pytest
import sqlalchemy as sa

from engine.core.workdays import calendar
from engine.errors import NotFound, Refused
from engine.jobs import cases
from engine.jobs.cases import Who
from engine.store import database, journal
from engine.store import tables as t
from engine.store.history import history, worklist
from tests.store.ledgers import day, moment, only, row, state, step, take_in

US = calendar("US")
LEDGER = (
    row("ACME", "101", "1 Sep", "1 Oct", 500_00),
    row("ACME", "102", "1 Oct", "31 Oct", 300_00),
    row("ACME", "103", "20 Nov", "20 Dec", 900_00),
    row("BOLT", "201", "20 Oct", "19 Nov", 900_00),
)


def who(text: str) -> Who:
    return Who("J. Ortiz", moment(text), day(text))


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = database.open(database_url)
    take_in(engine, "20 Nov", *LEDGER)
    yield engine
    with database.reading(engine) as conn:
        journal.verify(conn)
    engine.dispose()


def plan(engine: sa.Engine, *actions: dict[str, object]) -> None:
    with database.writing(engine) as conn:
        conn.execute(sa.insert(t.action), list(actions))


CALL = step(
    "ACME",
    "call collector",
    "call",
    35,
    detail='{"marks": [["101", "call collector"], ["102", "call collector"]]}',
)


def test_a_call_that_reaches_nobody_is_put_back_twice_and_then_taken(engine: sa.Engine) -> None:
    plan(engine, CALL)
    waiting = only(state(engine, "23 Nov").pending)
    assert (waiting["state"], waiting["step"], waiting["attempts"]) == ("call", "call collector", 0)
    told = cases.log_call(engine, "ACME", "no answer", who("25 Nov"), US)
    assert (
        told == "ACME: no answer. The call is put back to Fri 27 Nov 2026 (1 of 2 times)."
    )  # over Thanksgiving
    waiting = only(state(engine, "26 Nov").pending)
    assert (waiting["state"], waiting["not_before"], waiting["attempts"]) == ("again", day("27 Nov"), 1)
    with database.reading(engine) as conn:
        assert worklist(conn, day("26 Nov")) == []
        assert [work.tries for work in worklist(conn, day("27 Nov"))] == [1]
    cases.log_call(engine, "ACME", "voicemail", who("27 Nov"), US)
    assert state(engine, "28 Nov").marks.is_empty()
    told = cases.log_call(engine, "ACME", "busy", who("30 Nov"), US)
    assert told == "ACME: busy. “call collector” is done."
    now = state(engine, "1 Dec")
    assert now.pending.is_empty()
    assert now.touches.is_empty()  # nobody was reached
    assert now.marks.select("item", "policy", "step", "event").rows() == [
        ("101", "standard", "call collector", None),
        ("102", "standard", "call collector", None),
    ]
    account = now.accounts.row(0, named=True)
    assert (account["reached"], account["contacts"]) == ("collector", 0)


def test_a_call_that_reaches_somebody_is_a_contact(engine: sa.Engine) -> None:
    plan(engine, CALL)
    cases.log_call(
        engine,
        "ACME",
        "check in the mail",
        who("23 Nov"),
        US,
        spoken_with="Ms Lee",
        answers={"check number": "CHK-4711"},
        note="very kind",
    )
    now = state(engine, "24 Nov")
    assert now.touches.rows() == [(0, None, day("23 Nov"))]
    account = now.accounts.row(0, named=True)
    assert (account["contacts"], account["last_contact"]) == (1, day("23 Nov"))
    with database.reading(engine) as conn:
        bodies = [
            body for (body,) in conn.execute(sa.select(t.journal.c.body).where(t.journal.c.kind == "call"))
        ]
        assert [happened.text for happened in history(conn, "ACME") if happened.kind == "contact"] == [
            "check in the mail, spoke with Ms Lee (check in mail): very kind"
        ]
    assert "Lee" not in bodies[0]
    assert "CHK-4711" not in bodies[0]
    with database.writing(engine) as conn:
        assert journal.forget(conn, "ACME") == 3
        journal.verify(conn)


def test_a_call_on_no_list_is_kept(engine: sa.Engine) -> None:
    told = cases.log_call(engine, "BOLT", "dispute", who("23 Nov"), US)
    assert told == "BOLT: dispute. No call was on the list; it is kept as a contact."


def test_a_promise_covers_all_that_is_overdue_and_is_broken_when_the_ledger_shows_it(
    engine: sa.Engine,
) -> None:
    told = cases.promise(engine, "ACME", day("24 Nov"), who("20 Nov"), US)
    assert told == (
        "ACME promises 800.00 USD by Tue 24 Nov 2026 for 2 items. "
        "They wait; on Fri 27 Nov 2026 the promise would count as broken."
    )
    now = state(engine, "23 Nov")
    asides = now.items.filter(pl.col("aside").is_not_null()).select(
        "item", "aside", "aside_since", "aside_until"
    )
    assert asides.rows() == [
        ("101", "promised", day("20 Nov"), day("27 Nov")),
        ("102", "promised", day("20 Nov"), day("27 Nov")),
    ]
    assert now.accounts["promise"].to_list() == ["open", "none"]
    # On its day the ledger of the 20th still knows nothing: it stays open.
    assert state(engine, "30 Nov").accounts["promise"].to_list() == ["open", "none"]
    # A ledger of the day after shows it, and on the 27th it is broken though no newer one has come.
    take_in(engine, "25 Nov", *LEDGER)
    assert state(engine, "26 Nov").accounts["promise"][0] == "open"
    broken = state(engine, "27 Nov").accounts.row(0, named=True)
    assert (broken["promise"], broken["promise_broken"], broken["broken"]) == ("broken", day("27 Nov"), 1)
    assert state(engine, "27 Nov").items["aside"].null_count() == 4
    # The next ledger writes it down, on the same day, whatever has come since.
    report = take_in(engine, "30 Nov", *LEDGER[2:])
    assert report.promises == {}
    after = state(engine, "1 Dec").accounts.row(0, named=True)
    assert (after["promise"], after["promise_broken"]) == ("broken", day("27 Nov"))


@pytest.mark.parametrize(
    ("left", "standing", "word"),
    [(0, "kept", "kept"), (200_00, "partly kept", "broken"), (500_00, "broken", "broken")],
)
def test_how_a_promise_ends(engine: sa.Engine, left: int, standing: str, word: str) -> None:
    cases.promise(engine, "ACME", day("24 Nov"), who("20 Nov"), US, items=["101"])
    rest = [row("ACME", "101", "1 Sep", "1 Oct", 500_00, open=left)] if left else []
    report = take_in(engine, "27 Nov", *rest, *LEDGER[1:])
    assert report.promises == {standing: 1}
    assert state(engine, "28 Nov").accounts["promise"][0] == word


def test_a_promise_is_kept_as_soon_as_the_money_is_there(engine: sa.Engine) -> None:
    cases.promise(engine, "ACME", day("24 Nov"), who("20 Nov"), US, items=["101"], amount=300_00)
    report = take_in(engine, "23 Nov", row("ACME", "101", "1 Sep", "1 Oct", 500_00, open=200_00), *LEDGER[1:])
    assert report.promises == {"kept": 1}
    account = state(engine, "24 Nov").accounts.row(0, named=True)
    assert (account["promise"], account["kept"], account["broken"]) == ("kept", 1, 0)


def test_a_new_promise_takes_the_place_of_the_old(engine: sa.Engine) -> None:
    cases.promise(engine, "ACME", day("24 Nov"), who("20 Nov"), US)
    cases.promise(engine, "ACME", day("4 Dec"), who("23 Nov"), US)
    take_in(engine, "30 Nov", *LEDGER)
    account = state(engine, "1 Dec").accounts.row(0, named=True)
    assert (account["promise"], account["broken"]) == ("open", 0)


def test_a_dispute_for_the_customer_takes_its_days_off(engine: sa.Engine) -> None:
    cases.open_dispute(engine, "ACME", "101", "short shipment", who("21 Nov"))
    assert only(state(engine, "22 Nov").items.filter(pl.col("aside") == "disputed"))["item"] == "101"
    cases.close_dispute(engine, "ACME", "101", who("30 Nov"), closed_for="customer")
    same_day = only(state(engine, "30 Nov").items.filter(pl.col("aside") == "disputed"))
    assert same_day["aside_until"] == day("1 Dec")  # what releases acts from the next day
    now = state(engine, "1 Dec")
    assert now.items.filter(pl.col("item") == "101")["days_off"].to_list() == [9]
    account = now.accounts.row(0, named=True)
    assert (account["claims"], account["dispute_closed"]) == (1, day("30 Nov"))
    cases.open_dispute(engine, "ACME", "102", "pricing error", who("30 Nov"))
    cases.close_dispute(engine, "ACME", "102", who("2 Dec"), closed_for="us")
    assert state(engine, "3 Dec").items.filter(pl.col("item") == "102")["days_off"].to_list() == [0]


def test_an_approval_takes_the_whole_step(engine: sa.Engine) -> None:
    both = [step("ACME", "stop", kind, 90, state="awaiting approval") for kind in ("terms", "email")]
    plan(engine, *both)
    assert only(state(engine, "23 Nov").pending)["state"] == "approval"
    told = cases.approve(engine, "ACME stop terms", who("23 Nov"))
    assert (
        told
        == "“stop” for ACME (800.00 USD) is approved; the next “dunwell run”, today's too, lets it go if it is still due."
    )
    assert only(state(engine, "23 Nov").pending)["state"] == "approved"
    with database.reading(engine) as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(t.approval)).scalar() == 2
    with pytest.raises(Refused, match="no longer waits for approval; it is “approved”"):
        cases.approve(engine, "ACME stop terms", who("23 Nov"))


def test_what_is_declined_is_not_asked_again(engine: sa.Engine) -> None:
    plan(engine, step("ACME", "stop", "terms", 90, state="awaiting approval"))
    cases.decline(engine, "ACME", who("23 Nov"), because="they buy a lot")
    now = state(engine, "24 Nov")
    assert now.pending.is_empty()
    assert now.barred.rows() == [(0, "standard", "stop")]


def test_a_step_alone_is_put_off_beside_other_pauses(engine: sa.Engine) -> None:
    plan(engine, step("ACME", "email firm", "email", 35))
    told = cases.pause(engine, "ACME", who("21 Nov"), because="fair", step="call a", until=day("4 Dec"))
    assert told == "ACME: “call a” waits through Fri 4 Dec 2026. Its other steps go on."
    held = state(engine, "22 Nov").accounts.row(0, named=True)
    assert (held["paused_until"], held["paused_kinds"]) == (day("4 Dec"), "step call a")
    cases.pause(engine, "ACME", who("21 Nov"), because="x", kinds=["letter"], until=day("24 Nov"))
    held = state(engine, "22 Nov").accounts.row(0, named=True)
    assert held["paused_until"] == day("4 Dec")
    assert held["paused_kinds"] == "2026-11-24\tletter\n2026-12-04\tstep call a"
    assert state(engine, "25 Nov").accounts["paused_kinds"][0] == "step call a"
    with database.reading(engine) as conn:
        kept = conn.execute(sa.select(t.journal.c.body).where(t.journal.c.kind == "pause")).scalars().all()
    assert [orjson.loads(body).get("step") for body in kept] == ["call a", None]


def test_a_pause_of_everything_goes_before_one_of_some_kinds(engine: sa.Engine) -> None:
    cases.pause(
        engine, "ACME", who("21 Nov"), because="trade fair", kinds=["letter", "call"], until=day("4 Dec")
    )
    paused = state(engine, "22 Nov").accounts.row(0, named=True)
    assert (paused["paused_until"], paused["paused_kinds"]) == (day("4 Dec"), "letter, call")
    told = cases.pause(engine, "ACME", who("21 Nov"), because="merger")
    assert told == "ACME: all steps wait until somebody lifts it."
    paused = state(engine, "22 Nov").accounts.row(0, named=True)
    assert (paused["paused_until"], paused["paused_kinds"]) == (day("9999-12-31"), None)
    cases.lift_pause(engine, "ACME", who("23 Nov"))
    assert state(engine, "23 Nov").accounts["paused_until"][0] == day("23 Nov")
    assert state(engine, "24 Nov").accounts["paused_until"][0] is None


def test_what_cannot_be_is_refused_and_changes_nothing(engine: sa.Engine) -> None:
    with pytest.raises(NotFound, match="there is no account “ACNE”\n  did you mean “ACME”"):
        cases.note(engine, "ACNE", "hello", who("23 Nov"))
    with pytest.raises(NotFound, match="there is no outcome “no anwser”\n  did you mean “no answer”"):
        cases.log_call(engine, "ACME", "no anwser", who("23 Nov"), US)
    with pytest.raises(NotFound, match="there is no open item “1011” of ACME\n  did you mean “101”"):
        cases.open_dispute(engine, "ACME", "1011", "pricing", who("23 Nov"))
    with pytest.raises(Refused, match="is past"):
        cases.promise(engine, "ACME", day("1 Nov"), who("23 Nov"), US)
    with pytest.raises(Refused, match=r"owes 800\.00 USD for these items, and 900\.00 USD is promised"):
        cases.promise(engine, "ACME", day("1 Dec"), who("23 Nov"), US, amount=900_00)
    with pytest.raises(Refused, match="nothing waits for approval"):
        cases.approve(engine, "ACME", who("23 Nov"))
    with pytest.raises(Refused, match="is not disputed"):
        cases.close_dispute(engine, "ACME", "101", who("23 Nov"), closed_for="us")
    with database.reading(engine) as conn:
        kinds = [kind for (kind,) in conn.execute(sa.select(t.journal.c.kind))]
    assert set(kinds) == {"import", "episode started"}


def test_the_history_of_an_account_in_its_order(engine: sa.Engine) -> None:
    cases.note(engine, "ACME", "new address soon", who("22 Nov"))
    cases.promise(engine, "ACME", day("24 Nov"), who("23 Nov"), US, items=["101"])
    with database.reading(engine) as conn:
        told = [(happened.on, happened.kind, happened.text) for happened in history(conn, "ACME")]
    assert told == [
        (day("2 Oct"), "episode", "fell past due (episode 1)"),
        (day("22 Nov"), "note", "new address soon"),
        (day("23 Nov"), "promise", "500.00 USD by Tue 24 Nov 2026 (open)"),
    ]
