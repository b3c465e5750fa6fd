"""Compromises: what each side gave, within what a role may give, or with somebody's yes."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from engine.core.cases.concessions import Ask, covers, off, who_may
from engine.core.language.policy import ALLOWANCES, Allowance, House
from engine.errors import Refused
from engine.jobs import cases
from engine.store import tables as t
from engine.store.concessions import Gave, concessions
from engine.store.history import history
from tests.cases.agreed import HOUSE, MONDAY, Kept, Shop
from tests.cases.test_disputes import with_credit


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Kept:
    return Kept(tmp_path_factory.mktemp("shop"), sqlite_template)


@pytest.fixture
def shop(kept: Kept) -> Shop:
    return kept.fresh()


def given_in(shop: Shop, account: str = "ACME") -> list[tuple[str, str, str]]:
    """(side, kind, state) of all that was given, in its order."""
    found: list[Gave] = shop.look(lambda conn: concessions(conn, account))
    return [(one.side, one.kind, one.state) for one in reversed(found)]


# -- how far a role may go ---------------------------------------------------------------------------------------------


def test_the_least_senior_role_that_may_give_all_of_it_and_the_owner_always() -> None:
    house = House(limits={"supervisor": Allowance(500, 30), "collector": Allowance(200, 7, waive=25_00)})
    assert who_may(house, Ask(discount=200, days=7)) == ("collector", "supervisor", "credit manager")
    assert who_may(house, Ask(discount=200, days=8)) == ("supervisor", "credit manager")
    assert who_may(house, Ask(waive=25_00)) == ("collector", "credit manager")
    assert who_may(house, Ask(waive=None)) == ("credit manager",)  # in a currency that nobody's limit is in
    assert who_may(house, Ask(plan=1)) == ("credit manager",)


def test_without_a_word_in_the_house_people_give_time_and_no_money() -> None:
    assert House().limits == ALLOWANCES
    assert covers(ALLOWANCES["collector"], Ask(days=7, plan=3))
    assert not any(covers(one, Ask(discount=1)) or covers(one, Ask(waive=1)) for one in ALLOWANCES.values())


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(1, 10**9), min_size=1), st.integers(1, 5000))
def test_a_share_is_taken_off_each_to_the_nearest_cent_and_never_more_than_is_owed(
    items: dict[str, int], share: int
) -> None:
    less = off(items, share=share)
    for name, owed in items.items():
        assert abs(less[name] * 10_000 - owed * share) <= 5_000
        assert less[name] <= owed
    amount = min(share, sum(items.values()))
    assert sum(off(items, amount=amount).values()) == amount


# -- within it ---------------------------------------------------------------------------------------------------------


@pytest.mark.practice(43)
def test_a_compromise_within_the_limits_holds_at_once(shop: Shop) -> None:
    told = shop.concede(share=200, days=4, items=["A1"], spoken_with="Ms Lee")
    assert told == (
        "ACME: we give 2%, 14.00 USD off and 4 days more, to Fri 9 Oct 2026; "
        "in return: 686.00 USD by Fri 9 Oct 2026, says Ms Lee. It is agreed."
    )
    assert shop.asides("2026-10-06") == {
        "A1": "disputed"
    }  # until the credit note is there, then until the promise is due
    assert [(one.amount, one.pays_on, one.items) for one in shop.promises()] == [
        (686_00, date(2026, 10, 9), (("A1", 700_00),))
    ]
    (owed,) = shop.disputes()
    assert (owed.reason, owed.amount, owed.owner) == ("agreed credit", 14_00, "dispute owner")
    (task,) = [one for one in shop.worklist(MONDAY) if one.kind == "task"]
    assert (task.person, task.amount) == ("dan", 14_00)
    assert task.detail["what"] == (
        "Issue the credit note: A1, agreed credit, 14.00 USD. By Thu 8 Oct 2026. Because: “late delivery”."
    )
    # It is no complaint of the customer's.
    assert (shop.fact("claims", "2026-10-06"), shop.fact("promise", "2026-10-06")) == (0, "open")
    with_credit(shop, "2026-10-07", "CR-1", "14.00")
    assert shop.disputes()[0].closed_for == "customer"
    assert shop.asides("2026-10-08") == {"A1": "promised"}
    shop.paid("A1")
    shop.import_ledger("2026-10-09")
    assert [one.state for one in shop.promises()] == ["kept"]


def test_paying_less_than_the_rest_does_not_keep_it(shop: Shop) -> None:
    shop.concede(share=200, days=4, items=["A1"])
    shop.part_paid("A1", "686.00")  # the credit is set against it
    shop.import_ledger("2026-10-07")
    assert shop.disputes()[0].closed_for == "customer"
    shop.part_paid("A1", "10.00")
    shop.import_ledger("2026-10-13")
    assert [(one.state, one.paid) for one in shop.promises()] == [("partly kept", 676_00)]


@pytest.mark.practice(23)
def test_what_each_side_gave_is_on_record_with_who_agreed(shop: Shop) -> None:
    shop.concede(
        share=500, items=["A1", "A2"], theirs=("they order again in November", "they pay by transfer")
    )
    assert given_in(shop) == [
        ("ours", "discount", "awaiting approval"),
        ("theirs", "other", "awaiting approval"),
        ("theirs", "other", "awaiting approval"),
    ]
    shop.approve(by="sue")
    assert {state for _, _, state in given_in(shop)} == {"agreed"}
    found: list[Gave] = shop.look(lambda conn: concessions(conn, "ACME"))
    assert {(one.by, one.approved_by) for one in found} == {("joe", "sue")}
    assert next(one for one in found if one.side == "ours").amount == 60_00
    happened = shop.look(lambda conn: history(conn, "ACME"))
    told = [each.text for each in happened if each.kind == "concession"]
    assert told == [
        "we gave discount 60.00 USD (agreed, approved by sue): A1, A2: late delivery",
        "they gave other (agreed, approved by sue): they order again in November",
        "they gave other (agreed, approved by sue): they pay by transfer",
    ]


def test_more_days_count_from_the_due_date_of_what_is_not_due_yet(shop: Shop) -> None:
    told = shop.concede(days=5, items=["N1"])
    assert "5 days more, to Fri 25 Dec 2026" in told
    assert shop.promises()[0].pays_on == date(2026, 12, 25)


def test_a_charge_that_is_waived_is_somebodys_task(shop: Shop) -> None:
    shop.concede(by="sue", waive=40_00)
    (task,) = [one for one in shop.worklist(MONDAY) if one.kind == "task"]
    assert (task.step, task.role, task.amount) == ("take off the charge", "credit manager", 40_00)
    assert task.detail["what"] == "Take charges of 40.00 USD off: late delivery"
    assert shop.asides("2026-10-06") == {}


# -- beyond it ---------------------------------------------------------------------------------------------------------


@pytest.mark.practice(43)
@pytest.mark.parametrize(
    ("give", "role", "yes"),
    [
        ({"share": 300}, "supervisor", "sue"),
        ({"amount": 60_01}, "credit manager", "ana"),  # of 1,200: a little over 5%
        ({"days": 8}, "supervisor", "sue"),
        ({"days": 31}, "credit manager", "ana"),
        ({"waive": 25_00}, "supervisor", "sue"),
        ({"waive": 100_01}, "credit manager", "ana"),
    ],
)
def test_more_than_a_role_may_give_waits_for_one_that_may(
    shop: Shop, give: dict[str, int], role: str, yes: str
) -> None:
    told = shop.concede(by="joe", **give)
    assert told.endswith(f"It waits for the yes of a {role}; until then nothing is given.")
    assert (shop.asides("2026-10-06"), shop.promises(), shop.disputes()) == ({}, [], [])
    (waits,) = [one for one in shop.worklist(MONDAY) if one.state == "awaiting approval"]
    assert (waits.role, waits.person) == (role, None)
    assert waits.detail["what"].startswith("joe asks: ")
    if role == "credit manager":
        with pytest.raises(Refused) as refused:
            shop.approve(by="sue")
        assert (refused.value.sentence, refused.value.hint) == (
            "sue is supervisor, and this needs a credit manager", "Ana Reyes may",
        )  # fmt: skip
    assert shop.approve(by=yes) == "The concession of ACME is agreed, and holds from now on."
    assert {state for _, _, state in given_in(shop)} == {"agreed"}
    assert [one for one in shop.worklist(MONDAY) if one.state == "awaiting approval"] == []
    approved = shop.rows(sa.select(t.approval.c.verdict, t.approval.c.by))
    assert [tuple(one) for one in approved] == [("approved", yes)]


def test_what_is_declined_was_never_given(shop: Shop) -> None:
    shop.concede(by="joe", share=500, days=20, theirs=("x",))
    assert shop.decline(by="sue") == "The concession of ACME is declined: nothing was given."
    assert {state for _, _, state in given_in(shop)} == {"declined"}
    assert (shop.asides("2026-10-06"), shop.promises(), shop.disputes()) == ({}, [], [])
    assert [tuple(one) for one in shop.rows(sa.select(t.approval.c.verdict, t.approval.c.by))] == [
        ("declined", "sue")
    ]
    assert shop.journal("concession declined")[0]["by"] == "sue"


def test_it_is_agreed_to_as_it_was_asked_for(shop: Shop) -> None:
    shop.concede(by="joe", share=500)
    shop.part_paid("A1", "100.00")
    shop.import_ledger("2026-10-06")
    with pytest.raises(Refused, match="what ACME owes on these invoices has changed") as refused:
        shop.approve("2026-10-06", by="sue")
    assert refused.value.hint == "decline it, and ask for it anew"
    assert {state for _, _, state in given_in(shop)} == {"awaiting approval"}


def test_time_that_is_over_is_not_agreed_to(shop: Shop) -> None:
    shop.concede(by="joe", days=10)
    shop.import_ledger("2026-10-19")
    with pytest.raises(Refused, match="it gave time to Thu 15 Oct 2026, and that is past"):
        shop.approve("2026-10-19", by="sue")
    assert shop.promises() == []


def test_nobody_in_the_house_may(tmp_path: Path, sqlite_template: Path) -> None:
    shop = Shop(tmp_path, sqlite_template, house=HOUSE + "owner: dispute owner\n")
    shop.settings("")  # the dispute owner has left
    with pytest.raises(Refused) as refused:
        shop.concede(by="joe", share=1000)
    assert (refused.value.sentence, refused.value.hint) == (
        "this needs the yes of a dispute owner, and nobody in dunwell.toml has that role",
        'give it to somebody there:  [people.ana]  roles = ["dispute owner"]',
    )
    assert given_in(shop) == []


def test_somebody_who_is_not_in_the_settings_has_no_role_and_may_give_nothing(shop: Shop) -> None:
    told = shop.concede(by="root", days=1)
    assert "It waits for the yes of a collector" in told
    assert told.endswith("root has no role in dunwell.toml, and so may give nothing alone.")
    with pytest.raises(
        Refused, match=r"root has no role in dunwell\.toml, and this needs a collector, supervisor or"
    ):
        shop.approve(by="root")
    shop.decline(by="root")  # their own
    assert "It is agreed." in shop.concede(by="Joe Ortiz", days=1)  # a name is as good as an id


# -- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("give", "more", "sentence"),
    [
        ({}, {}, "a compromise gives something"),
        ({"days": -1}, {}, "a compromise gives more than nothing"),
        ({"days": 1}, {"because": "  "}, "a compromise has a reason"),
        ({"share": 100, "amount": 1}, {}, "a discount is a share or an amount"),
        ({"share": 50_01}, {},
         "ACME owes 1,200.00 USD for these items: more than half of that is no discount"),
        ({"amount": 700_00}, {},
         "ACME owes 1,200.00 USD for these items: more than half of that is no discount"),
        ({"amount": 1_00, "currency": "EUR"}, {}, "ACME owes in USD, and not in EUR"),
        ({"days": 1}, {"items": ["A9"]}, "there is no open item “A9” of ACME"),
    ],
)  # fmt: skip
def test_a_compromise_that_is_none_is_refused_and_changes_nothing(
    shop: Shop, give: dict[str, Any], more: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Refused) as refused:
        shop.concede(by="ana", **give, **more)
    assert refused.value.sentence == sentence
    assert given_in(shop) == []
    assert (shop.promises(), shop.disputes(), shop.journal("concession")) == ([], [], [])


def test_a_second_request_waits_for_the_first(shop: Shop) -> None:
    shop.concede(by="joe", share=500, items=["A1"])
    with pytest.raises(Refused, match="a concession for A1 of ACME waits for somebody's yes already"):
        shop.concede(by="sue", days=1)
    shop.concede(by="sue", days=1, items=["A2"])  # of another invoice


def test_an_agreement_is_agreed_to_where_roles_are_known(shop: Shop) -> None:
    shop.concede(by="joe", share=500)
    with pytest.raises(Refused, match="nobody can tell here who may agree to it"):
        shop.do(lambda engine: cases.approve(engine, "ACME", shop.who(MONDAY)))
