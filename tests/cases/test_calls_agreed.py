"""What a call agrees on: a promise, a cheque, a plan, a return, a compromise; and what is contested or learned."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from engine.errors import NotFound, Refused
from engine.jobs import cases
from engine.store import database
from engine.store import tables as t
from engine.store.state import load_state
from tests.cases.telephone import HOUSE, MONDAY, RIGHT, TUESDAY, Telephone
from tests.jobs.world import moment

PROMISE = RIGHT | {"amount": "500", "date": "2026-10-09"}
CHECK = {"spoken_with": "Ann Lee", "check_number": "4711", "amount": "500", "date_mailed": "2026-10-02"}


def promises(house: Telephone, *names: str) -> list[tuple[object, ...]]:
    columns = [t.promise.c[name] for name in names]
    return [tuple(row) for row in house.rows(sa.select(*columns).order_by(t.promise.c.id))]


def test_a_promise_is_written_down_with_the_call(house: Telephone) -> None:
    told = house.log("promise to pay", answers=PROMISE)
    assert "ACME promises 500.00 USD by Fri 9 Oct 2026 for 2 items." in told
    assert "If it is broken, a call to Ann Lee follows." in told
    names = ("amount", "pays_on", "state", "kind", "spoken_with", "call")
    assert promises(house, *names) == [
        (500_00, date(2026, 10, 9), "open", "payment", "Ann Lee", house.calls()[0].id)
    ]
    assert [work.step for work in house.today(MONDAY)] == ["confirmation"], "nobody calls while it is open"


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({"amount": "5,000"}, "owes 1,500.00 USD for these items, and 5,000.00 USD is promised"),
        ({"date": "2026-10-01"}, "is past"),
        ({"amount": "500 EUR"}, "owes in USD, and not in EUR"),
    ],
)
def test_a_promise_that_cannot_be_changes_nothing(
    house: Telephone, answers: dict[str, str], says: str
) -> None:
    with pytest.raises(Refused, match=says):
        house.log("promise to pay", answers=PROMISE | answers)
    assert (house.calls(), promises(house, "id")) == ([], [])
    assert [work.step for work in house.today(MONDAY)] == ["call collector"]


def test_a_broken_promise_is_followed_by_a_call_to_the_same_person(house: Telephone) -> None:
    house.log("promise to pay", answers=PROMISE | {"number": "+1 212 555 0111"})
    for day in ("2026-10-12", "2026-10-13"):
        house.import_ledger(day)
        house.run(day, "08:45")
        calls = [work for work in house.today(day) if work.kind == "call"]
        assert len(calls) == (day == "2026-10-13"), "not before it is broken"
    (call,) = calls
    assert (call.person, call.detail["ask_for"], call.detail["number"]) == (
        "joe",
        "Ann Lee",
        "+1 212 555 0111",
    )
    house.run("2026-10-13", "12:00")
    assert len([work for work in house.today("2026-10-13") if work.kind == "call"]) == 1, "once"


def test_a_call_of_the_ladder_asks_for_that_person_instead_of_a_second_call(house: Telephone) -> None:
    broken = "policy: Broken\nfor:\n  promise: broken\nstart: promise broken\nsteps:\n  - {day: 0, call: collector}\n"
    house.write("broken-promise", broken)
    house.write(
        "house",
        (house.root / "policies/house.yaml").read_text().replace("[standard]", "[broken-promise, standard]"),
    )
    house.log("promise to pay", answers=PROMISE)
    house.import_ledger("2026-10-13")
    house.run("2026-10-13", "08:45")
    (call,) = [work for work in house.today("2026-10-13") if work.kind == "call"]
    assert (call.step, call.detail["ask_for"]) == ("call collector", "Ann Lee")


def test_a_kept_promise_is_followed_by_nothing(house: Telephone) -> None:
    house.log("promise to pay", answers=PROMISE)
    house.items["A1"] = (*house.items["A1"][:4], "700.00")
    house.import_ledger("2026-10-13")
    house.run("2026-10-13", "08:45")
    assert promises(house, "state") == [("kept",)]
    assert [work.detail.get("ask_for") for work in house.today("2026-10-13")] in ([], [None])


@pytest.mark.practice(71)
def test_a_cheque_in_the_mail_has_a_number_an_amount_and_a_day(house: Telephone) -> None:
    with pytest.raises(Refused, match="3 answers are missing") as refused:
        house.log("check in the mail", spoken_with="Ann Lee")
    assert [line.strip().partition(":")[2].strip() for line in refused.value.hint.splitlines()] == [
        '--answer "check number=4711"',
        '--answer "amount=1,200"',
        '--answer "date mailed=monday"',
    ]
    house.log("check in the mail", answers=CHECK)
    names = ("kind", "check_number", "amount", "mailed_on", "pays_on")
    assert promises(house, *names) == [("check", "4711", 500_00, date(2026, 10, 2), date(2026, 10, 9))]
    assert house.calls()[0].reason == "check_in_mail"


@pytest.mark.practice(72)
def test_five_to_seven_days_later_they_are_asked_unless_it_has_come(house: Telephone) -> None:
    told = house.log("check in the mail", answers=CHECK)
    assert (
        "A call follows on Wed 7 Oct 2026, by Joe Ortiz, ask for Ann Lee, if it has not come by then." in told
    )
    assert house.today(TUESDAY) == []
    house.import_ledger(TUESDAY)
    (call,) = [work for work in house.today("2026-10-07") if work.kind == "call"]
    assert (call.detail["ask_for"], call.person) == ("Ann Lee", "joe")
    house.items["A1"] = (*house.items["A1"][:4], "700.00")
    house.import_ledger("2026-10-08")
    assert [work for work in house.today("2026-10-08") if work.kind == "call"] == []
    assert ("promise kept",) in {(row.reason,) for row in house.followed(state="cancelled")}


def test_a_cheque_of_long_ago_is_asked_about_tomorrow_and_one_of_tomorrow_is_no_cheque(
    house: Telephone,
) -> None:
    house.log("check in the mail", answers=CHECK | {"date_mailed": "2026-09-14"})
    assert [(row.kind, row.not_before) for row in house.followed() if row.kind == "call"] == [
        ("call", date(2026, 10, 6))
    ]
    with pytest.raises(Refused, match="cannot be read") as refused:
        house.log("check in the mail", answers=CHECK | {"date_mailed": "2026-10-20"}, another=True)
    assert "date mailed: 2026-10-20 has not come yet" in refused.value.hint


def test_a_payment_plan_is_somebody_s_task_or_written_by_whoever_writes_plans(house: Telephone) -> None:
    answers = RIGHT | {"instalments": "3", "amount": "500", "first_date": "2026-10-30"}
    told = house.log("payment plan agreed", answers=answers)
    assert "A task for Joe Ortiz: write the payment plan down: 3 of 500 from 2026-10-30." in told
    answers |= {"instalments": "750 by 2026-10-30; 750 by 2026-11-30"}
    told = house.log("payment plan agreed", on=TUESDAY, answers=answers, another=True)
    assert "ACME pays 1,500.00 USD for 2 items in 2 instalments" in told
    (plan,) = house.rows(sa.select(t.plan))
    assert (plan.amount, plan.state, plan.call) == (1500_00, "kept", 2)
    assert promises(house, "amount", "pays_on", "kind") == [
        (750_00, date(2026, 10, 30), "instalment"),
        (750_00, date(2026, 11, 30), "instalment"),
    ]
    assert [row.detail["plan"] for row in house.followed() if "plan" in row.detail] == [plan.id]


def test_instalments_that_are_not_what_is_owed_are_refused_and_nothing_is_logged(house: Telephone) -> None:
    answers = RIGHT | {"instalments": "500 by 2026-10-30; 500 by 2026-11-30"}
    answers |= {"amount": "500", "first_date": "2026-10-30"}
    with pytest.raises(Refused, match=r"the instalments come to 1,000.00 USD, and ACME owes 1,500.00 USD"):
        house.log("payment plan agreed", answers=answers)
    assert house.calls() == []
    assert house.rows(sa.select(t.plan)) == []


@pytest.mark.practice(70)
def test_what_is_contested_is_answered_before_anything_is_demanded(house: Telephone) -> None:
    answers = {"spoken_with": "Ann Lee", "reason": "short shipment", "invoice": "A1", "amount": "400"}
    told = house.log("dispute", answers=answers)
    assert "A1 of ACME is disputed (short shipment, 400.00 USD of it)" in told
    assert "answer, by Mon 12 Oct 2026 (reason short shipment, invoice A1, amount 400)" in told
    dispute = t.dispute.c
    query = sa.select(
        dispute.item, dispute.reason, dispute.owner, dispute.answer_by, dispute.amount, dispute.call
    )
    assert [tuple(row) for row in house.rows(query)] == [
        ("A1", "short shipment", "dispute owner", date(2026, 10, 12), 400_00, 1)
    ]
    assert house.calls()[0].reason == "dispute:short_shipment"
    house.import_ledger("2026-10-08")
    assert "letter" not in house.run("2026-10-08").by_kind, "A1's letter waits; A2 is not as late"
    house.do(
        lambda engine: cases.close_dispute(engine, "ACME", "A1", house.who("2026-10-09"), closed_for="us")
    )
    house.import_ledger("2026-10-12")
    assert house.run("2026-10-12").by_kind == {"letter": 1}


def test_a_dispute_of_nothing_that_can_be_contested_is_refused(house: Telephone) -> None:
    with pytest.raises(Refused, match="“cash crunch short” is nothing that can be contested"):
        house.log("dispute", answers=RIGHT | {"invoice": "A1"})
    with pytest.raises(NotFound, match="there is no open item “A9” of ACME"):
        house.log("dispute", answers=RIGHT | {"reason": "damaged", "invoice": "A9"})
    assert house.calls() == []


@pytest.mark.practice(21)
def test_goods_that_come_back_have_a_value_a_number_and_somebody_who_follows_them(house: Telephone) -> None:
    answers = {"spoken_with": "Ann Lee", "invoice": "A1", "amount": "310", "return_number": "RMA-204"}
    told = house.log("return agreed", answers=answers)
    assert "follow the return and its credit note, by Mon 19 Oct 2026 (invoice A1, amount 310" in told
    dispute = t.dispute.c
    query = sa.select(dispute.item, dispute.reason, dispute.amount, dispute.expected)
    assert [tuple(row) for row in house.rows(query)] == [
        ("A1", "goods returned", 310_00, "credit note for return RMA-204")
    ]
    given = sa.select(t.concession.c.kind, t.concession.c.amount, t.concession.c.text, t.concession.c.state)
    assert [tuple(row) for row in house.rows(given)] == [("return", 310_00, "RMA-204", "agreed")]
    with database.reading(house.engine) as conn:
        state = load_state(
            conn, on=date(2026, 10, 6), moment=moment(TUESDAY, "09:00"), currency="USD", account="ACME"
        )
    aside = dict(state.items.select("item", "aside").iter_rows())
    assert aside == {"A1": "disputed", "A2": None}


def test_a_return_of_what_is_disputed_already_is_the_way_out_of_it(house: Telephone) -> None:
    house.log("dispute", answers=RIGHT | {"reason": "wrong product", "invoice": "A1"})
    answers = {"spoken_with": "Ann", "invoice": "A1", "amount": "310", "return_number": "RMA-204"}
    assert "The confirmation is drafted." in house.log(
        "return agreed", on=TUESDAY, another=True, answers=answers
    )
    assert len(house.rows(sa.select(t.dispute))) == 1


GIVES = RIGHT | {
    "we_give": "discount 5%; 10 days",
    "they_give": "the rest by 2026-10-20",
    "date": "2026-10-20",
}


@pytest.mark.parametrize(
    ("by", "limit", "state"),
    [
        ("joe", "{discount: 5%, days: 14}", "agreed"),
        ("joe", "{discount: 5%, days: 7}", "awaiting approval"),
        ("joe", "{discount: 4%, days: 14}", "awaiting approval"),
        ("joe", "", "awaiting approval"),
        ("ana", "", "agreed"),  # the credit manager may
    ],
)
def test_a_compromise_within_what_a_role_may_give(house: Telephone, by: str, limit: str, state: str) -> None:
    if limit:
        house.write("house", f"{HOUSE}limits:\n  collector: {limit}\n")
    told = house.log("compromise", by=by, answers=GIVES)
    c = t.concession.c
    found = [
        tuple(row) for row in house.rows(sa.select(c.side, c.kind, c.amount, c.days, c.state).order_by(c.id))
    ]
    assert found == [
        ("ours", "discount", 75_00, None, state),
        ("ours", "days", None, 10, state),
        ("theirs", "other", None, None, "agreed"),
    ]
    assert ("waits for a credit manager:  dunwell approve ACME" in told) == (state != "agreed")
    assert promises(house, "amount", "pays_on") == [(1425_00, date(2026, 10, 20))], "what is then left"


@pytest.mark.parametrize(("yes", "state"), [(True, "agreed"), (False, "declined")])
def test_what_is_more_than_a_role_may_give_waits_for_a_yes(house: Telephone, yes: bool, state: str) -> None:
    house.log("compromise", answers=GIVES)
    (asks,) = [work for work in house.today(MONDAY) if work.state == "awaiting approval"]
    assert (asks.role, asks.detail["what"]) == (
        "credit manager",
        "agree to what Joe Ortiz gives: discount 5%; 10 days",
    )
    with pytest.raises(Refused, match="discount 5%; 10 days still waits for somebody's yes"):
        house.do(lambda engine: _send(house, engine))
    who = house.who(MONDAY, "ana")
    if yes:
        told = house.do(lambda engine: cases.approve(engine, "ACME", who))
    else:
        told = house.do(lambda engine: cases.decline(engine, "ACME", who, because="too much"))
    assert told == f"What was given to ACME on the phone is {'agreed to' if yes else 'declined'}."
    c = t.concession.c
    ours = house.rows(sa.select(c.state, c.approved_by).where(c.side == "ours").distinct())
    assert ours == [(state, "ana" if yes else None)]


def _send(house: Telephone, engine: sa.Engine) -> str:
    from engine.jobs.cases.confirm import confirm

    return confirm(house.ws, engine, "ACME", house.who(MONDAY, "joe"))


def test_from_the_moment_of_an_insolvency_everything_stops(house: Telephone) -> None:
    house.import_ledger("2026-10-08")
    house.run("2026-10-08", "08:45")
    told = house.log(
        "insolvent", on="2026-10-08", answers={"spoken_with": "Ann", "case_number": "26-1"}, another=True
    )
    assert "ACME is left to people from now on. 1 of what waited for it is called off." in told
    assert house.deliver("2026-10-08").sent == {}
    assert ("letter", "letter firm-reminder", "cancelled") in house.states()
    (task,) = house.today("2026-10-08")
    assert (task.person, task.detail["what"]) == (
        "ana",
        "file our claim with the administrator (case number 26-1)",
    )
    house.import_customers("2026-10-09", "06:00")
    house.import_ledger("2026-10-20")
    assert house.run("2026-10-20").actions == 0, "the customer master does not know it yet"
    held = {group.reason.value: group.accounts for group in house.run("2026-10-20", "12:00").held}
    assert held == {"left to people": 1}
    told = house.log(
        "callback requested", on="2026-10-20", answers={"spoken_with": "A", "date": "friday", "time": "9:00"}
    )
    assert "No call follows: the account is left to people." in told


def test_what_is_learned_ends_when_somebody_says_so(house: Telephone) -> None:
    learned = {
        "account": "ACME",
        "field": "attorney",
        "value": "yes",
        "from_day": date(2026, 10, 6),
        "by": "ana",
    }
    house.change(sa.insert(t.learned).values(**learned, until=date(2026, 10, 9)))
    house.import_ledger("2026-10-08")
    assert house.run("2026-10-08").by_kind == {}
    house.import_ledger("2026-10-12")
    assert house.run("2026-10-12").by_kind == {"letter": 1}


def test_a_wrong_number_is_not_called_any_more(house: Telephone) -> None:
    told = house.log(
        "wrong number", answers={"name_of_the_right_person": "Dana", "phone_number": "+1 212 555 0177"}
    )
    assert "+1 212 555 0199 is not called any more." in told
    assert house.rows(sa.select(t.contact_rule.c.whom, t.contact_rule.c.rule)) == [
        ("+1 212 555 0199", "wrong number")
    ]
    (task,) = house.today(MONDAY)
    assert task.detail["what"] == (
        "find the right number (name of the right person Dana, phone number +1 212 555 0177)"
    )


def test_what_was_paid_already_is_looked_for_in_peace(house: Telephone) -> None:
    answers = {"spoken_with": "Ann", "date_paid": "friday", "amount": "1,200", "reference": "wire 77"}
    told = house.log("paid already", answers=answers)
    assert "find the payment, by Wed 7 Oct 2026 (amount 1,200, date paid friday, reference wire 77)" in told
    assert "No contact through Thu 8 Oct 2026." in told
    house.import_ledger("2026-10-08")
    assert house.run("2026-10-08").by_kind == {}


def test_a_refusal_goes_to_the_supervisor(house: Telephone) -> None:
    told = house.log("refused", answers=RIGHT | {"reason": "will not pay"})
    assert "A call follows at 11:00, by Sue Chen, ask for Ann Lee." in told
    assert house.calls()[0].reason == "unwilling"
