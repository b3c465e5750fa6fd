"""Promises: what they cover, when they are kept, when they are broken, and what the next person then sees."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.cases.promises import Kind, Promise, Standing, breaks_on, check_comes, stands
from engine.core.workdays import calendar
from engine.errors import NotFound, Refused
from engine.jobs import cases
from engine.jobs.cases import Who
from engine.jobs.cases import promises as verbs
from engine.jobs.push import push
from engine.store import database, journal
from engine.store import tables as t
from engine.store.promises import promises, settle_promises
from engine.store.queries import Ask
from tests.cases.agreed import MONDAY, Kept, Shop
from tests.store.ledgers import day, moment, row, state, take_in

OPEN = calendar("none")
US = calendar("US")
OLD = row("ACME", "101", "1 Sep", "1 Oct", 500_00)
NEW = row("ACME", "102", "1 Oct", "31 Oct", 300_00)
EURO = row("ACME", "104", "1 Oct", "31 Oct", 200_00, currency="EUR", rate=1.25)
PAID = row("ACME", "100", "1 Aug", "1 Sep", 50_00)
LEDGER = (OLD, NEW)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Kept:
    return Kept(tmp_path_factory.mktemp("shop"), sqlite_template)


@pytest.fixture
def shop(kept: Kept) -> Shop:
    return kept.fresh()


@pytest.fixture
def engine(tmp_path: Path, sqlite_template: Path) -> Iterator[sa.Engine]:
    shutil.copy(sqlite_template, tmp_path / "dunwell.db")
    engine = database.open(tmp_path / "dunwell.db")
    take_in(engine, "20 Nov", *LEDGER)
    yield engine
    with database.reading(engine) as conn:
        journal.verify(conn)
    engine.dispose()


def who(text: str) -> Who:
    return Who("J. Ortiz", moment(text), day(text))


def standings(engine: sa.Engine, account: str = "ACME") -> list[str]:
    with database.reading(engine) as conn:
        return [one.state for one in reversed(promises(conn, account))]


# -- grace of each kind ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mailed", "pays", "breaks"),
    [
        (date(2026, 10, 5), date(2026, 10, 10), date(2026, 10, 12)),  # Monday: over on Monday
        (date(2026, 10, 2), date(2026, 10, 7), date(2026, 10, 9)),
        (date(2026, 10, 1), date(2026, 10, 6), date(2026, 10, 8)),
        (date(2026, 9, 1), date(2026, 10, 5), date(2026, 10, 6)),  # told of when its time is over
    ],
)
def test_a_check_has_its_window_from_the_day_it_was_mailed(mailed: date, pays: date, breaks: date) -> None:
    comes = check_comes(mailed, date(2026, 10, 5))
    assert comes == pays
    assert breaks_on(comes, OPEN, kind=Kind.CHECK, mailed_on=mailed) == breaks


def test_a_window_of_ones_own() -> None:
    mailed = date(2026, 10, 5)
    assert check_comes(mailed, mailed, (8, 10)) == date(2026, 10, 13)
    assert breaks_on(date(2026, 10, 13), OPEN, kind=Kind.CHECK, mailed_on=mailed, window=(8, 10)) == date(
        2026, 10, 15
    )


def test_nothing_owed_any_more_keeps_a_promise_whatever_came() -> None:
    late = date(2026, 11, 2)
    promise = Promise(date(2026, 10, 9), date(2026, 10, 13), 100)
    assert stands(promise, 40, as_of=late, on=late, left=0).standing is Standing.KEPT
    assert stands(promise, 40, as_of=late, on=late, left=1).standing is Standing.PARTLY


# -- what it covers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "standing", "paid"),
    [
        ((NEW,), "kept", 500_00),  # all of it
        ((row("ACME", "101", "1 Sep", "1 Oct", 500_00, open=100_00), NEW), "kept", 400_00),  # just enough
        ((row("ACME", "101", "1 Sep", "1 Oct", 500_00, open=101_00), NEW), "partly kept", 399_00),
        ((OLD,), "broken", 0),  # the other one was paid
        ((OLD, row("ACME", "102", "1 Oct", "31 Oct", 300_00, open=1)), "broken", 0),
    ],
)
def test_only_what_comes_for_its_own_items_keeps_a_promise(
    engine: sa.Engine, left: tuple[dict[str, Any], ...], standing: str, paid: int
) -> None:
    cases.promise(engine, "ACME", day("24 Nov"), who("20 Nov"), US, items=["101"], amount=400_00)
    take_in(engine, "27 Nov", *left)
    with database.reading(engine) as conn:
        (one,) = promises(conn, "ACME")
    assert (one.state, one.paid) == (standing, paid)
    fact = {"kept": "kept", "partly kept": "broken", "broken": "broken"}
    assert (
        state(engine, "28 Nov").accounts["promise"][0] == fact[standing]
    )  # partly kept is broken to a policy


def test_money_on_account_goes_to_the_oldest_until_the_ledger_says_otherwise(engine: sa.Engine) -> None:
    cases.promise(engine, "ACME", day("24 Nov"), who("20 Nov"), US, items=["102"])
    cash = row("ACME", "P1", "23 Nov", "23 Nov", -300_00, kind="payment")
    take_in(engine, "23 Nov", *LEDGER, cash)
    assert standings(engine) == ["open"]
    take_in(engine, "24 Nov", OLD)  # it was allocated to the invoice that was promised
    assert standings(engine) == ["kept"]


def test_too_much_is_enough(engine: sa.Engine) -> None:
    cases.promise(engine, "ACME", day("24 Nov"), who("20 Nov"), US, amount=600_00)
    take_in(engine, "23 Nov", row("ACME", "C9", "23 Nov", "23 Nov", -50_00, kind="payment"))
    assert standings(engine) == ["kept"]


def test_each_currency_has_promises_of_its_own(engine: sa.Engine) -> None:
    take_in(engine, "21 Nov", *LEDGER, EURO)
    cases.promise(engine, "ACME", day("24 Nov"), who("21 Nov"), US, currency="EUR")
    cases.promise(engine, "ACME", day("24 Nov"), who("21 Nov"), US, currency="USD", amount=100_00)
    take_in(engine, "27 Nov", *LEDGER)
    assert standings(engine) == ["kept", "broken"]


def test_several_invoices_at_once_and_no_other_waits(shop: Shop) -> None:
    shop.owes("ACME", "A3", "2026-09-29", "300.00")
    shop.import_ledger("2026-10-06")
    shop.promise("2026-10-16", on="2026-10-06", items=["A1", "A3"])
    assert shop.asides("2026-10-07") == {"A1": "promised", "A3": "promised"}
    assert shop.asked("2026-10-07") == [("call collector", ["A2"])]


def test_one_that_names_nothing_covers_what_is_overdue_and_nobody_contests(shop: Shop) -> None:
    shop.dispute("A1", "pricing error")
    told = shop.promise("2026-10-16")
    assert told.endswith("Not part of it, because disputed or in a plan: A1.")
    (one,) = shop.promises()
    assert one.items == (("A2", 500_00),)
    assert shop.asides("2026-10-06") == {"A1": "disputed", "A2": "promised"}


def test_a_disputed_invoice_can_be_promised_by_its_name(shop: Shop) -> None:
    shop.dispute("A1", "short shipment", amount=200_00)
    shop.promise("2026-10-09", items=["A1"], amount=500_00)
    assert shop.asides("2026-10-06")["A1"] == "disputed"
    shop.part_paid("A1", "200.00")
    shop.import_ledger("2026-10-08")
    assert [one.state for one in shop.promises()] == ["kept"]
    assert shop.asides("2026-10-09") == {"A1": "disputed"}


def test_what_a_credit_note_took_off_was_not_paid(shop: Shop) -> None:
    shop.dispute("A1", "pricing error", amount=200_00)
    shop.promise("2026-10-09", items=["A1"], amount=500_00)
    shop.part_paid("A1", "500.00")  # the credit is set against it in the ledger
    shop.import_ledger("2026-10-07")
    shop.close("A1", "customer", "2026-10-07")
    shop.part_paid("A1", "100.00")
    shop.import_ledger("2026-10-14")
    (one,) = shop.promises()
    assert (one.state, one.paid) == ("partly kept", 400_00)


# -- what takes its place, and how it comes back -----------------------------------------------------------------------


def test_a_later_promise_takes_the_place_of_an_earlier_one_and_says_so(shop: Shop) -> None:
    shop.promise("2026-10-09", items=["A1"])
    told = shop.promise("2026-10-16", items=["A1", "A2"])
    assert "It takes the place of the promise of 700.00 USD by Fri 9 Oct 2026." in told
    assert [one.state for one in shop.promises()] == ["open", "superseded"]
    assert [body["promise"] for body in shop.journal("promise superseded")] == [1]
    shop.import_ledger("2026-10-14")
    assert (shop.fact("promise", "2026-10-14"), shop.fact("broken", "2026-10-14")) == ("open", 0)


def test_a_promise_that_was_a_mistake_is_withdrawn_and_counts_for_nothing(shop: Shop) -> None:
    shop.promise("2026-10-09")
    told = shop.do(
        lambda engine: cases.withdraw(engine, "ACME", shop.who("2026-10-06"), because="it was BOLT")
    )
    assert told == (
        "The promise of ACME of 1,200.00 USD by Fri 9 Oct 2026 is withdrawn; what it covered goes on from tomorrow."
    )
    assert shop.asides("2026-10-06") == {
        "A1": "promised",
        "A2": "promised",
    }  # what releases acts from the next day
    assert shop.asides("2026-10-07") == {}
    shop.import_ledger("2026-10-14")
    assert (shop.fact("promise", "2026-10-14"), shop.fact("broken", "2026-10-14")) == ("none", 0)
    with pytest.raises(Refused, match="ACME has no open promise"):
        shop.do(lambda engine: cases.withdraw(engine, "ACME", shop.who("2026-10-06"), because="again"))


def test_of_several_promises_one_is_named_to_withdraw_it(shop: Shop) -> None:
    shop.promise("2026-10-09", items=["A1"])
    shop.promise("2026-10-12", items=["A2"])

    def withdraw(**more: Any) -> None:
        shop.do(lambda engine: cases.withdraw(engine, "ACME", shop.who(MONDAY), because="x", **more))

    with pytest.raises(Refused, match="has 2 open promises"):
        withdraw()
    withdraw(items=["A2"])
    assert [(one.pays_on.day, one.state) for one in shop.promises()] == [(12, "withdrawn"), (9, "open")]


@pytest.mark.parametrize("kept_by", [(), ("A1",)])
def test_an_invoice_that_comes_back_opens_its_promise_again(shop: Shop, kept_by: tuple[str, ...]) -> None:
    """All of it was presumed paid, or a part bounced: either way nothing has come after all."""
    shop.promise("2026-10-09", items=["A1"], amount=400_00)
    before = shop.items["A1"]
    if kept_by:
        shop.paid("A1")
    else:
        shop.part_paid("A1", "300.00")
    shop.import_ledger("2026-10-07")
    assert [one.state for one in shop.promises()] == ["kept"]
    shop.items["A1"] = before
    shop.import_ledger("2026-10-08")
    assert [one.state for one in shop.promises()] == ["open"]
    shop.import_ledger("2026-10-13")
    assert [(one.state, one.paid) for one in shop.promises()] == [("broken", 0)]
    assert shop.fact("kept", "2026-10-13") == 0


def test_a_fee_on_a_part_paid_invoice_breaks_nothing(shop: Shop) -> None:
    shop.promise("2026-10-09", items=["A1"], amount=400_00)
    shop.part_paid("A1", "300.00")
    shop.import_ledger("2026-10-07")
    shop.part_paid("A1", "325.00")
    shop.import_ledger("2026-10-14")
    assert [one.state for one in shop.promises()] == ["kept"]


def test_an_invoice_that_is_pushed_again_opens_its_promise_again(shop: Shop) -> None:
    shop.promise("2026-10-09", items=["A1"])
    document = {
        "type": "invoice", "customer": "ACME", "number": "A1", "date": "2026-08-03", "due": "2026-09-20",
        "currency": "USD", "amount": "700.00",
    }  # fmt: skip

    def pushed(event: str, version: int, on: str, open_now: str) -> None:
        rows = [{**document, "open": open_now}]
        report = shop.do(lambda engine: push(shop.ws, engine, rows, event, version, shop.who(on).at, "erp"))
        assert report.problems == ()

    pushed("one", 1, "2026-10-06", "0.00")
    assert [one.state for one in shop.promises()] == ["kept"]
    pushed("two", 2, "2026-10-07", "700.00")
    assert [one.state for one in shop.promises()] == ["open"]


# -- what follows ------------------------------------------------------------------------------------------------------


def test_a_broken_promise_starts_its_policy_once(shop: Shop) -> None:
    assert shop.asked(MONDAY) == [("call collector", ["A1", "A2"])]
    shop.promise("2026-10-07")
    assert shop.asked("2026-10-06") == []
    shop.import_ledger("2026-10-08")
    assert shop.asked("2026-10-08") == []  # one more open day of grace
    assert shop.asked("2026-10-09") == [("call collector", ["A1", "A2"])]
    (call,) = [one for one in shop.worklist("2026-10-09") if one.account == "ACME"]
    assert call.detail["script"] == "broken-promise"
    shop.do(
        lambda engine: cases.log_call(engine, "ACME", "refused", shop.who("2026-10-09"), shop.ws.calendar)
    )
    for on in ("2026-10-12", "2026-10-13"):
        shop.import_ledger(on)
        assert shop.asked(on) == []
    assert {
        event for (event,) in shop.rows(sa.select(t.mark.c.event).where(t.mark.c.policy == "broken-promise"))
    } == {"2026-10-09"}
    shop.promise("2026-10-14", on="2026-10-13")
    shop.import_ledger("2026-10-16")
    assert shop.asked("2026-10-16") == [("call collector", ["A1", "A2"])]  # another event: afresh


def test_a_promise_written_down_late_is_broken_on_one_day_only(shop: Shop) -> None:
    """It was given on the 5th, entered when its time was over: one event, whoever looks first."""
    shop.import_ledger("2026-10-14")
    shop.promise("2026-10-07")
    assert shop.fact("promise_broken", "2026-10-14") == date(2026, 10, 14)
    shop.import_ledger("2026-10-15")
    assert shop.fact("promise_broken", "2026-10-15") == date(2026, 10, 14)


@pytest.mark.practice(71)
def test_a_check_in_the_mail_has_its_number_its_amount_and_the_day_it_was_mailed(shop: Shop) -> None:
    made = shop.within(
        lambda conn, who: verbs.check_promised(
            conn, "ACME", date(2026, 10, 5), who, shop.ws.calendar, amount=700_00, check_number="4711",
            items=["A1"], spoken_with="Ms Lee",
        )
    )  # fmt: skip
    assert made.sentence == (
        "ACME promises 700.00 USD by Sat 10 Oct 2026, check 4711, for 1 item. "
        "They wait; on Mon 12 Oct 2026 the promise would count as broken."
    )
    (one,) = shop.promises()
    assert (one.kind, one.check_number, one.mailed_on, one.amount, one.spoken_with) == (
        "check", "4711", date(2026, 10, 5), 700_00, "Ms Lee",
    )  # fmt: skip
    assert shop.asides("2026-10-06") == {"A1": "promised"}


@pytest.mark.practice(72)
@pytest.mark.parametrize("comes", [True, False])
def test_a_check_that_has_not_come_in_its_days_is_followed_by_a_call(shop: Shop, comes: bool) -> None:
    shop.promise("2026-10-10", kind="check", mailed_on=date(2026, 10, 5), check_number="4711")
    if comes:
        shop.paid("A1", "A2")
    for on in ("2026-10-06", "2026-10-09"):
        shop.import_ledger(on)
        assert shop.asked(on) == []  # nobody calls while it may be under way
    shop.import_ledger("2026-10-12")
    expected: list[tuple[str, list[str]]] = [] if comes else [("call collector", ["A1", "A2"])]
    assert shop.asked("2026-10-12") == expected
    assert [one.state for one in shop.promises()] == ["kept" if comes else "broken"]


@pytest.mark.practice(57)
def test_a_short_squeeze_is_helped_by_a_promise_of_two_weeks_and_a_long_one_is_not(shop: Shop) -> None:
    def helped(pays: date) -> Any:
        return shop.within(
            lambda conn, who: verbs.short_hardship(
                conn, "ACME", pays, who, shop.ws.calendar, spoken_with="Ms Lee"
            )
        )

    with pytest.raises(Refused, match="more than 14 days ahead, and that is no short squeeze") as refused:
        helped(date(2026, 10, 20))
    assert refused.value.hint == "write a day up to Mon 19 Oct 2026, or agree on a plan: dunwell plan"
    assert shop.promises() == []
    helped(date(2026, 10, 19))
    assert shop.asides("2026-10-06") == {"A1": "promised", "A2": "promised"}


# -- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pays", "more", "sentence", "hint"),
    [
        ("2026-10-09", {"amount": 1300_00}, "ACME owes 1,200.00 USD for these items, and 1,300.00 USD is promised",
         "write an amount up to what is owed"),
        ("2026-10-09", {"amount": 0}, "ACME owes 1,200.00 USD for these items, and 0.00 USD is promised",
         "write an amount up to what is owed"),
        ("2026-10-02", {}, "Fri 2 Oct 2026 is past", "write the day on which the money is to come"),
        ("2027-10-09", {}, "Sat 9 Oct 2027 is more than 180 days ahead",
         "check the year; for so long a time agree on a plan: dunwell plan"),
        ("2026-10-09", {"amount": 5_00, "currency": "EUR"}, "ACME owes in USD, and not in EUR",
         "write the amount in USD"),
        ("2026-10-09", {"items": ["A11"]}, "there is no open item “A11” of ACME", "did you mean “A1”?"),
        ("2026-10-09", {"items": ["A0"]}, "A0 of ACME is paid: nothing is open on it",
         "if that is wrong, the ledger has to say so first"),
    ],
)  # fmt: skip
def test_a_promise_that_is_none_is_refused_and_changes_nothing(
    shop: Shop, pays: str, more: dict[str, Any], sentence: str, hint: str
) -> None:
    shop.owes("ACME", "A0", "2026-09-01", "10.00")
    shop.import_ledger("2026-10-06")
    shop.paid("A0")
    shop.import_ledger("2026-10-07")
    kinds = len(shop.rows(sa.select(t.journal.c.seq)))
    with pytest.raises((Refused, NotFound)) as refused:
        shop.promise(pays, on="2026-10-07", **more)
    assert (refused.value.sentence, refused.value.hint) == (sentence, hint)
    assert shop.promises() == []
    assert len(shop.rows(sa.select(t.journal.c.seq))) == kinds


def test_nothing_overdue_and_two_currencies_are_refused(shop: Shop) -> None:
    shop.owes("COG", "C1", "2026-12-01", "10.00")
    shop.import_ledger("2026-10-06")
    with pytest.raises(Refused, match="COG owes nothing that is overdue"):
        shop.promise("2026-10-09", on="2026-10-06", account="COG")


def test_what_is_said_to_have_happened_on_a_day_to_come_is_refused(shop: Shop) -> None:
    later = Who("joe", shop.who(MONDAY).at, date(2026, 10, 9))
    with pytest.raises(Refused, match="Fri 9 Oct 2026 is a day to come"):
        shop.do(lambda engine: cases.promise(engine, "ACME", date(2026, 10, 12), later, OPEN))


# -- properties --------------------------------------------------------------------------------------------------------

_OPEN = {"1": 500, "2": 300, "3": 200}
_LEFT = st.lists(st.tuples(*(st.integers(0, most) for most in _OPEN.values())), min_size=1, max_size=4)
_NUMBERS = itertools.count()


@settings(max_examples=8, deadline=None)
@given(named=st.sets(st.sampled_from(sorted(_OPEN)), min_size=1), left=_LEFT, wanted=st.integers(1, 1000))
def test_a_promise_covers_what_it_names_and_settling_twice_is_settling_once(
    anywhere: sa.Engine, named: set[str], left: list[tuple[int, ...]], wanted: int
) -> None:
    """Only its own items keep it, nobody asks for them before it breaks, and a second look changes nothing."""
    engine, account = anywhere, f"P{next(_NUMBERS)}"
    columns = ("account", "item", "kind", "date", "due", "amount", "open", "currency")
    rows = [row(account, name, "1 Oct", "1 Nov", most) for name, most in _OPEN.items()]
    with database.writing(engine) as conn:
        conn.execute(sa.insert(t.item), [{name: each[name] for name in columns} for each in rows])
    amount = min(wanted, sum(_OPEN[name] for name in named))
    at = Who("me", moment("20 Nov"), day("20 Nov"))
    cases.promise(engine, account, day("24 Nov"), at, OPEN, items=sorted(named), amount=amount)
    for late, each in enumerate(left):
        today, now = date(2026, 11, 25 + late), dict(zip(_OPEN, each, strict=True))
        with database.writing(engine) as conn:
            for name, still in now.items():
                mine = (t.item.c.account == account, t.item.c.item == name)
                conn.execute(sa.update(t.item).where(*mine).values(open=still))
            settle_promises(conn, today, today)
            once = _row(conn, account)
            assert settle_promises(conn, today, today) == ({}, [])
            assert _row(conn, account) == once
            covered = Ask.of(conn, "main", today, [account]).promised()
        paid = sum(_OPEN[name] - now[name] for name in named)
        kept = paid >= amount or not any(now[name] for name in named)
        if once.state == "open":
            assert not kept
            assert today < once.breaks_on
        elif once.settled_on == today:
            assert once.state == ("kept" if kept else "partly kept" if paid else "broken")
        assert set(covered["item"]) == (named if once.state == "open" else set())


def _row(conn: sa.Connection, account: str) -> Any:
    return conn.execute(sa.select(t.promise).where(t.promise.c.account == account)).one()


@pytest.fixture(scope="module")
def anywhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    engine = database.open(tmp_path_factory.mktemp("property") / "dunwell.db")
    take_in(engine, "20 Nov", OLD)
    yield engine
    engine.dispose()


def test_the_days_columns_agree(engine: sa.Engine) -> None:
    """An open promise of which the newest ledger knows that too little came is broken, before anybody writes it down."""
    cases.promise(engine, "ACME", day("24 Nov"), who("20 Nov"), US, items=["101"])
    take_in(engine, "25 Nov", *LEDGER)
    now = state(engine, "27 Nov")
    assert now.items.filter(pl.col("aside").is_not_null()).is_empty()
    with database.writing(engine) as conn:
        settle_promises(conn, day("27 Nov"), day("25 Nov"))
    after = state(engine, "27 Nov")
    for name in ("promise", "broken", "promise_broken"):
        assert now.accounts[name].to_list() == after.accounts[name].to_list()
