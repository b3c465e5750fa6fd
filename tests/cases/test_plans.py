"""Payment plans: made so that they can be kept, broken by one instalment, ended when all is paid."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.cases.plans import (
    MOST,
    Every,
    NoPlan,
    add_months,
    fitting,
    instalments,
    monthly,
    read_every,
    rhythm,
    shares,
)
from engine.core.decision.plan import PROMISES_KEPT, plan
from engine.core.workdays import calendar
from engine.errors import Refused
from engine.jobs import cases
from engine.store import tables as t
from engine.store.history import history
from engine.store.plans import Capacity, capacity, kept_rates
from engine.store.state import load_state
from tests.cases.agreed import MONDAY, Kept, Shop
from tests.store.ledgers import day

US = calendar("US")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Kept:
    return Kept(tmp_path_factory.mktemp("shop"), sqlite_template)


@pytest.fixture
def shop(kept: Kept) -> Shop:
    return kept.fresh()


def in_months(shop: Shop, count: int = 3, **more: Any) -> str:
    """A plan of equal instalments, the first on Fri 9 Oct, that a supervisor agrees to."""
    return shop.plan("2026-10-09", by="sue", count=count, **more)


# -- the schedule ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "count", "unit"),
    [
        *(("month", 1, "month"), ("every 2 weeks", 2, "week"), ("2 Weeks", 2, "week")),
        *(("weekly", 1, "week"), ("fortnight", 2, "week"), ("3 months", 3, "month"), ("monthly", 1, "month")),
    ],
)
def test_how_often(text: str, count: int, unit: str) -> None:
    assert read_every(text) == Every(count, unit)


@pytest.mark.parametrize("text", ["", "now and then", "0 weeks", "13 months", "2 days"])
def test_no_time_between(text: str) -> None:
    assert read_every(text) is None


def test_the_day_of_the_month_stays_where_the_month_has_it_and_moves_to_an_open_day() -> None:
    found = instalments(400, date(2026, 10, 31), US, count=4)
    assert [one.on for one in found] == [
        date(2026, 11, 2),  # the 31st is a Saturday
        date(2026, 11, 30),
        date(2026, 12, 31),
        date(2027, 2, 1),  # the 31st is a Sunday
    ]
    assert list(islice(Every(1, "week").days(date(2026, 10, 9)), 3)) == [
        date(2026, 10, 9), date(2026, 10, 16), date(2026, 10, 23),
    ]  # fmt: skip
    assert add_months(date(2028, 1, 31), 1) == date(2028, 2, 29)


@pytest.mark.parametrize(
    ("total", "how", "amounts"),
    [
        (1000_00, {"count": 3}, [333_34, 333_34, 333_32]),
        (1000_00, {"amount": 400_00}, [400_00, 400_00, 200_00]),
        (1000_00, {"count": 3, "amount": 300_00}, [300_00, 300_00, 400_00]),  # the last takes the rest
        (1000_00, {"count": 1}, [1000_00]),
        (5, {"count": 3}, [2, 2, 1]),
    ],
)
def test_the_last_takes_the_rest(total: int, how: dict[str, int], amounts: list[int]) -> None:
    assert [one.amount for one in instalments(total, date(2026, 10, 9), US, **how)] == amounts


@pytest.mark.parametrize(
    ("how", "sentence", "hint"),
    [
        ({}, "a plan needs a number of instalments, an amount, or both", "write --instalments 4"),
        ({"amount": 0}, "instalments of nothing never end", "write an amount, as in --amount 500"),
        ({"amount": 1}, "it would take 1,000 instalments; a plan has at most 36",
         "write a larger amount, or fewer instalments without one"),
        ({"count": 40}, "40 instalments are no plan; it has at most 36", "write fewer instalments"),
        ({"count": 0}, "a plan has at least one instalment", "write --instalments 4"),
        ({"count": 4, "amount": 400}, "3 of these instalments are enough, and 4 were asked for",
         "write --instalments 3, or a smaller amount"),
        ({"count": 3, "amount": 100},
         "3 of these instalments are too few: the last would have to be more than twice the others",
         "write --instalments 10, or a larger amount; without --amount they are equal"),
        ({"count": 4, "every": Every(12, "month")},
         "the last of 4 instalments would be on 2029-10-09: a plan ends within 24 months",
         "write fewer and larger instalments"),
    ],
)  # fmt: skip
def test_a_plan_that_never_ends_is_none(how: dict[str, Any], sentence: str, hint: str) -> None:
    with pytest.raises(NoPlan) as no:
        instalments(1000, date(2026, 10, 9), US, **how)
    assert (no.value.sentence, no.value.hint) == (sentence, hint)


@settings(max_examples=150, deadline=None)
@given(
    total=st.integers(1, 10_000_000),
    count=st.none() | st.integers(1, 40),
    amount=st.none() | st.integers(1, 5_000_000),
    every=st.sampled_from([Every(1, "month"), Every(1, "week"), Every(2, "week"), Every(3, "month")]),
    first=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
)
def test_instalments_are_exactly_what_they_cover_on_open_days_in_order(
    total: int, count: int | None, amount: int | None, every: Every, first: date
) -> None:
    try:
        found = instalments(total, first, US, count=count, amount=amount, every=every)
    except NoPlan:
        return
    assert sum(one.amount for one in found) == total
    assert all(one.amount > 0 for one in found)
    days = [one.on for one in found]
    assert days == sorted(set(days))
    assert all(US.is_open(one) for one in days)
    assert days[0] >= first
    assert len(found) <= MOST
    assert 0 < monthly(found, every) <= total


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 5000), st.lists(st.integers(1, 1000), min_size=1, max_size=8))
def test_what_was_paid_fills_the_first_instalments_first(paid: int, amounts: list[int]) -> None:
    found = shares(paid, amounts)
    assert sum(found) == min(paid, sum(amounts))
    full = [mine == amount for mine, amount in zip(found, amounts, strict=True)]
    assert full == sorted(full, reverse=True)


def test_how_many_instalments_an_account_can_keep() -> None:
    assert fitting(1200, 400, Every(1, "month")) == 3
    assert fitting(1200, 399, Every(1, "month")) == 4
    assert fitting(1200, 10, Every(1, "month")) is None
    assert fitting(1200, 0, Every(1, "month")) is None
    assert rhythm([date(2026, 1, 5), date(2026, 2, 5), date(2026, 3, 5)]) == "month"
    assert rhythm([date(2026, 1, 5), date(2026, 1, 19)]) == "2 weeks"
    assert rhythm([date(2026, 1, 5)]) == "once"


# -- a plan that runs --------------------------------------------------------------------------------------------------


@pytest.mark.practice(20)
def test_a_plan_is_promises_that_together_cover_its_invoices_and_nobody_asks_for_them(shop: Shop) -> None:
    told = in_months(shop, spoken_with="Ms Lee", because="a slow season")
    assert told == (
        "ACME pays 1,200.00 USD for 2 items in 3 instalments:\n"
        "  1  Fri 9 Oct 2026  400.00 USD\n"
        "  2  Mon 9 Nov 2026  400.00 USD\n"
        "  3  Wed 9 Dec 2026  400.00 USD\n"
        "Its items wait while it is kept; on Tue 13 Oct 2026 the first would count as broken.\n"
        "What ACME can pay a month is not known: no payment of its is."
    )
    (one,) = shop.plans()
    assert (one.state, one.amount, one.items, one.spoken_with) == ("kept", 1200_00, ("A1", "A2"), "Ms Lee")
    assert [(part.number, part.amount, part.state) for part in one.instalments] == [
        (1, 400_00, "open"), (2, 400_00, "open"), (3, 400_00, "open"),
    ]  # fmt: skip
    assert shop.asides("2026-10-06") == {"A1": "planned", "A2": "planned"}
    assert (shop.fact("plan", "2026-10-06"), shop.fact("promise", "2026-10-06")) == ("kept", "open")
    assert shop.asked("2026-10-06") == []
    assert "plan kept" in [one.reason.value for one in shop.run("2026-10-06").held]
    # A newer invoice goes its own way.
    shop.owes("ACME", "A9", "2026-10-01", "100.00")
    shop.import_ledger("2026-10-07")
    assert shop.asked("2026-10-07") == [("call collector", ["A9"])]


def test_it_is_kept_instalment_by_instalment_and_ends_by_itself(shop: Shop) -> None:
    in_months(shop)
    shop.part_paid("A1", "300.00")
    shop.import_ledger("2026-10-12")
    assert [part.state for part in shop.plans()[0].instalments] == ["kept", "open", "open"]
    shop.import_ledger("2026-10-20")
    assert shop.fact("plan", "2026-10-20") == "kept"
    shop.paid("A1")
    shop.import_ledger("2026-10-30")  # 700: more than is due, and not yet the second
    assert [part.state for part in shop.plans()[0].instalments] == ["kept", "open", "open"]
    shop.part_paid("A2", "400.00")
    shop.import_ledger("2026-11-09")
    assert [part.state for part in shop.plans()[0].instalments] == ["kept", "kept", "open"]
    shop.paid("A2")
    shop.import_ledger("2026-12-09")
    (one,) = shop.plans()
    assert (one.state, one.ended_on) == ("ended", date(2026, 12, 9))
    assert [(part.state, part.paid) for part in one.instalments] == [("kept", 400_00)] * 3
    assert (shop.fact("plan", "2026-12-10"), shop.fact("kept", "2026-12-10")) == ("none", 3)
    assert [body["plan"] for body in shop.journal("plan ended")] == [1]


def test_between_its_last_day_and_the_end_of_its_grace_nobody_asks(shop: Shop) -> None:
    in_months(shop, count=1)
    shop.import_ledger("2026-10-12")
    assert shop.asked("2026-10-12") == []
    shop.import_ledger("2026-10-13")
    assert shop.fact("plan", "2026-10-13") == "broken"


@pytest.mark.parametrize("part", [False, True])
def test_an_instalment_that_does_not_come_breaks_the_plan_and_the_ladder_goes_on(
    shop: Shop, part: bool
) -> None:
    in_months(shop)
    if part:
        shop.part_paid("A1", "600.00")
    shop.import_ledger("2026-10-13")
    (one,) = shop.plans()
    assert (one.state, one.ended_on) == ("broken", date(2026, 10, 13))
    assert [p.state for p in one.instalments] == [
        "partly kept" if part else "broken",
        "withdrawn",
        "withdrawn",
    ]
    assert shop.asides("2026-10-13") == {}
    facts = {name: shop.fact(name, "2026-10-13") for name in ("plan", "promise", "broken", "promise_broken")}
    assert facts == {"plan": "broken", "promise": "broken", "broken": 1, "promise_broken": date(2026, 10, 13)}
    assert shop.asked("2026-10-13") == [("call collector", ["A1", "A2"])]
    assert shop.tasks("2026-10-13") == [("plan broken", "credit manager", "ana")]
    (task,) = [one for one in shop.worklist("2026-10-13") if one.kind == "task"]
    came = "100.00 USD came of" if part else "nothing came of"
    assert task.detail["what"] == (
        f"The payment plan is broken: {came} instalment 1 of 3, 400.00 USD by Fri 9 Oct 2026. "
        "The account is back on its ladder: speak with them, or agree on a plan they can keep."
    )
    shop.run("2026-10-14")
    assert len(shop.tasks("2026-10-14")) == 1  # told once
    happened = shop.look(lambda conn: history(conn, "ACME"))
    assert "plan: broken" in [f"{one.kind}: {one.text}" for one in happened]


def test_before_it_is_written_down_the_plan_is_seen_as_broken(shop: Shop) -> None:
    in_months(shop)
    shop.import_ledger("2026-10-12")  # it shows that nothing came; the days of grace end on the 13th
    assert (shop.fact("plan", "2026-10-13"), shop.fact("promise", "2026-10-13")) == ("broken", "broken")
    assert shop.asides("2026-10-13") == {}
    assert shop.asked("2026-10-13") == [("call collector", ["A1", "A2"])]
    assert shop.plans()[0].state == "broken"


def test_a_preview_foresees_that_an_instalment_does_not_come(shop: Shop) -> None:
    in_months(shop)
    seen = shop.preview("2026-10-06", days=10)
    assert next((str(one.on), one.policy) for one in seen.actions if one.account == "ACME") == (
        "2026-10-13", "broken-promise",
    )  # fmt: skip


def test_a_preview_that_assumes_promises_kept_sees_the_plan_go_on(shop: Shop) -> None:
    in_months(shop)
    coming = [date(2026, 10, 6) + timedelta(days=n) for n in range(10)]
    state = shop.look(
        lambda conn: load_state(conn, on=coming[0], moment=shop.who("2026-10-06").at, currency="USD")
    )
    seen = plan(shop.ws.live, state, coming, shop.ws.calendar, shop.ws.rules, assumes=PROMISES_KEPT)
    row = state.accounts["account"].to_list().index("ACME")
    for each in seen.days:
        assert row not in each.decided.contacts["row"].to_list()


def test_a_plan_takes_the_place_of_a_promise(shop: Shop) -> None:
    shop.promise("2026-10-08", items=["A1"])
    told = in_months(shop)
    assert "It takes the place of the promise of 700.00 USD by Thu 8 Oct 2026." in told
    assert [one.state for one in shop.promises() if one.plan is None] == ["superseded"]
    shop.part_paid("A1", "300.00")
    shop.import_ledger("2026-10-13")
    assert (shop.fact("promise", "2026-10-13"), shop.fact("broken", "2026-10-13")) == ("open", 0)


def test_an_invoice_that_comes_back_resumes_its_plan(shop: Shop) -> None:
    in_months(shop, count=2, items=["A1"])
    before = shop.items["A1"]
    shop.paid("A1")
    shop.import_ledger("2026-10-08")
    assert shop.plans()[0].state == "ended"
    shop.items["A1"] = before
    shop.import_ledger("2026-10-09")
    (one,) = shop.plans()
    assert (one.state, [part.state for part in one.instalments]) == ("kept", ["open", "open"])
    assert shop.asides("2026-10-10") == {"A1": "planned"}


def test_somebody_ends_a_plan_and_its_invoices_go_on_the_next_day(shop: Shop) -> None:
    in_months(shop)
    told = shop.do(
        lambda engine: cases.end_plan(engine, "ACME", shop.who("2026-10-06"), because="they pay all at once")
    )
    assert told == (
        "The payment plan of ACME is ended; 3 instalments not asked for any more. Its items go on from tomorrow."
    )
    assert shop.asides("2026-10-06") == {"A1": "planned", "A2": "planned"}
    assert shop.asides("2026-10-07") == {}
    assert shop.fact("plan", "2026-10-07") == "none"
    shop.import_ledger("2026-10-14")
    assert shop.fact("broken", "2026-10-14") == 0
    with pytest.raises(Refused, match="ACME has no payment plan that runs"):
        shop.do(lambda engine: cases.end_plan(engine, "ACME", shop.who("2026-10-06"), because="again"))


# -- what they can keep ------------------------------------------------------------------------------------------------


@pytest.mark.practice(50)
def test_a_plan_is_held_against_what_they_have_paid_and_against_how_such_plans_went(shop: Shop) -> None:
    shop.owes("ACME", "P1", "2026-09-01", "300.00")
    shop.import_ledger("2026-10-06")
    shop.paid("P1")
    shop.import_ledger("2026-10-07")  # 300 in the one month that we know them
    with pytest.raises(Refused) as refused:
        shop.plan("2026-10-09", on="2026-10-07", by="sue", count=3)
    assert (refused.value.sentence, refused.value.hint) == (
        "this plan asks ACME for 400.00 USD a month; it has paid 300.00 USD a month, in 1 month",
        "with --instalments 4 it would not; with --agree it is written down as it is",
    )
    assert shop.plans() == []
    told = shop.plan("2026-10-09", on="2026-10-07", by="sue", count=4)
    assert "ACME has paid 300.00 USD a month, in 1 month." in told
    shop.import_ledger("2026-10-14")  # nothing came
    told = shop.plan("2026-10-16", on="2026-10-14", by="sue", count=4, agree=True)
    assert told.endswith("Of 1 plan of this kind (4 × month) that came to an end, 0 were kept.")
    rates = shop.look(kept_rates)
    assert [(one.kind, one.kept, one.broken, one.running) for one in rates] == [("4 × month", 0, 1, 1)]


def test_what_an_account_can_pay_is_of_its_last_year_and_of_one_currency(shop: Shop) -> None:
    def found(conn: sa.Connection) -> Capacity | None:
        assert capacity(conn, "COG", "USD", day("20 Nov")) is None
        paid = [("2025-10-01", 9000), ("2026-01-10", 700), ("2026-05-10", 500)]
        rows = [{"amount": amount, "paid_on": date.fromisoformat(on)} for on, amount in paid]
        rows.append({"amount": 77, "paid_on": day("1 Nov"), "currency": "EUR"})
        rows.append({"amount": 5000, "paid_on": day("2 Nov"), "reversed": 1})
        for row in rows:
            conn.execute(sa.insert(t.payment).values(**{"account": "COG", "currency": "USD", **row}))
        return capacity(conn, "COG", "USD", day("20 Nov"))

    known = shop.within(lambda conn, who: found(conn))
    assert (known.a_month, known.months) == (120, 10)


# -- who may, and bad input --------------------------------------------------------------------------------------------


def test_a_longer_plan_than_a_role_may_agree_to_waits_for_a_yes(shop: Shop) -> None:
    told = shop.plan("2026-10-09", by="joe", count=5)
    assert "It waits for the yes of a supervisor; until then nothing is set aside." in told
    assert shop.plans()[0].state == "awaiting approval"
    assert shop.asides("2026-10-06") == {}
    assert shop.fact("plan", "2026-10-06") == "none"
    (waits,) = [one for one in shop.worklist(MONDAY) if one.state == "awaiting approval"]
    assert (waits.role, waits.amount) == ("supervisor", 1200_00)
    assert waits.detail["what"].startswith(
        "joe asks: a payment plan of 1,200.00 USD in 5 instalments, the last on"
    )
    with pytest.raises(Refused) as refused:
        shop.approve(by="joe")
    assert (refused.value.sentence, refused.value.hint) == (
        "joe is collector, and this needs a supervisor or credit manager", "Sue Chen or Ana Reyes may",
    )  # fmt: skip
    with pytest.raises(
        Refused, match="a payment plan for A1 and A2 of ACME waits for somebody's yes already"
    ):
        shop.plan("2026-10-09", by="joe", count=2)
    assert shop.approve(by="sue") == "The payment plan of ACME is agreed, and holds from now on."
    (one,) = shop.plans()
    assert (one.state, one.approved_by, len(one.instalments)) == ("kept", "sue", 5)
    assert shop.asides("2026-10-06") == {"A1": "planned", "A2": "planned"}


def test_a_plan_that_somebody_declines_sets_nothing_aside(shop: Shop) -> None:
    shop.plan("2026-10-09", by="joe", count=5)
    with pytest.raises(Refused, match="dan is dispute owner"):
        shop.decline(by="dan")
    assert shop.decline(by="ana") == "The payment plan of ACME is declined: nothing was given."
    (one,) = shop.plans()
    assert (one.state, one.instalments) == ("declined", ())
    shop.plan("2026-10-09", by="joe", count=2)  # another can be asked for


def test_a_plan_is_agreed_to_as_it_was_asked_for(shop: Shop) -> None:
    shop.plan("2026-10-09", by="joe", count=5)
    shop.part_paid("A1", "100.00")
    shop.import_ledger("2026-10-06")
    with pytest.raises(Refused, match="what ACME owes on these invoices has changed") as refused:
        shop.approve("2026-10-06")
    assert refused.value.hint == "decline it, and make the plan anew"
    with pytest.raises(Refused, match="and that is past"):
        shop.approve("2026-10-12")
    assert shop.plans()[0].state == "awaiting approval"
    shop.decline("2026-10-12", by="joe")  # who has asked may take it back
    assert shop.plans()[0].state == "declined"


@pytest.mark.parametrize(
    ("first", "more", "sentence"),
    [
        ("2026-10-02", {"count": 2}, "Fri 2 Oct 2026 is past"),
        (
            "2027-10-02",
            {"count": 2},
            "the first instalment, on Sat 2 Oct 2027, would come in more than 180 days",
        ),
        ("2026-10-09", {"amount": 1}, "it would take 120,000 instalments; a plan has at most 36"),
        ("2026-10-09", {"count": 2, "items": ["A9"]}, "there is no open item “A9” of ACME"),
        ("2026-10-09", {"amount": 100_00, "currency": "EUR"}, "ACME owes in USD, and not in EUR"),
    ],
)
def test_a_plan_that_is_none_is_refused_and_changes_nothing(
    shop: Shop, first: str, more: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Refused) as refused:
        shop.plan(first, by="ana", **more)
    assert refused.value.sentence == sentence
    assert (shop.plans(), shop.promises(), shop.journal("plan")) == ([], [], [])


def test_an_invoice_is_in_one_plan_only(shop: Shop) -> None:
    in_months(shop, count=2, items=["A1"])
    hint = "end that first, with dunwell plan ACME --end --because TEXT"
    for verb in (
        lambda: in_months(shop, items=["A1", "A2"]),
        lambda: shop.promise("2026-10-09", items=["A1"]),
        lambda: shop.concede(by="ana", days=3, items=["A1"]),
    ):
        with pytest.raises(Refused, match="A1 of ACME is in a payment plan that is being kept") as refused:
            verb()
        assert refused.value.hint == hint
    assert "Not part of it, because disputed or in a plan: A1." in in_months(shop, count=2)
    assert [one.items for one in shop.plans()] == [("A2",), ("A1",)]
    with pytest.raises(Refused, match="all that ACME owes overdue is in a payment plan"):
        shop.promise("2026-10-09")
    with pytest.raises(Refused, match="ACME has 2 payment plans: A2; A1"):
        shop.do(lambda engine: cases.end_plan(engine, "ACME", shop.who(MONDAY), because="x"))
    shop.do(lambda engine: cases.end_plan(engine, "ACME", shop.who(MONDAY), because="x", items=["A2"]))
    assert [one.state for one in shop.plans()] == ["ended", "kept"]
    with pytest.raises(Refused, match="are instalments of a plan"):
        shop.do(lambda engine: cases.withdraw(engine, "ACME", shop.who(MONDAY), because="x"))


def test_a_disputed_invoice_is_settled_before_it_is_in_a_plan(shop: Shop) -> None:
    shop.dispute("A1", "pricing error")
    with pytest.raises(Refused, match="A1 of ACME is disputed") as refused:
        in_months(shop, items=["A1"])
    assert refused.value.hint == (
        "settle that first, with dunwell dispute ACME A1 --close --for us, or --for customer"
    )
