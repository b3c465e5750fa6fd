"""Terms, holds and less service from the request to the way back, and what the next person sees of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.core.cases.restrictions import What
from engine.errors import NotFound, Refused
from engine.jobs import cases
from engine.jobs.cases import asking
from engine.jobs.explain import explain
from engine.store import tables as t
from tests.cases.holding import (
    LADDER,
    approve,
    ask,
    confirm,
    decline,
    master,
    on_list,
    open_house,
    restore,
    states,
    todo,
    who,
)
from tests.jobs.world import HOUSE, House, moment

COD = "cash on delivery"
CALM_HOLD = """
policy: Standard
clock: due date
steps:
  - day: 5
    hold: orders
  - day: 40
    call: collector
    script: first-call
"""


def mails_to(house: House, address: str = "ap@acme.example.com") -> list[str]:
    return [str(mail["Subject"]) for mail in house.mails() if mail["To"] == address]


# -- the ladder --------------------------------------------------------------------------------------------------------


@pytest.mark.practice(32)
@pytest.mark.practice(34)
@pytest.mark.practice(47)
def test_cash_on_delivery_from_the_ladder_to_the_way_back(build: Callable[..., House]) -> None:
    """Approved on Mon 5 Oct; customer and account owner hear of it that day, and it is asked for three days later."""
    house = open_house(build, LADDER, owner="sue")
    house.run("2026-10-05")
    (work,) = todo(house, "2026-10-05")
    assert (work.state, work.role) == ("awaiting approval", "credit manager")
    assert states(house) == [("ACME", COD, "needs approval")]
    with pytest.raises(Refused, match="joe is no credit manager"):
        approve(house, "2026-10-05", "joe")
    approve(house, "2026-10-05")
    sent = house.day("2026-10-05", "12:00")
    assert dict(sent.sent) == {"email": 1}
    (mail,) = house.mails()
    text = " ".join(mail.get_body(("plain",)).get_content().split())
    assert (
        "From October 8, 2026 this holds for the account of ACME Inc.: delivery against payment on delivery"
        in text
    )
    (task,) = todo(house, "2026-10-05", "task")
    assert (task.detail["value"], task.detail["what"]) == (
        "account owner",
        "“terms cash on delivery, email change-notice” is announced to this account and asked for in 3 days: "
        "speak with them before.",
    )
    house.owes("ACME", "A2", "2026-10-06", "300.00")  # more falls due meanwhile: what was announced stands
    house.import_ledger("2026-10-07")
    assert house.day("2026-10-07").sent == {}
    assert dict(house.day("2026-10-08").sent) == {"request": 1}
    (request,) = house.requests()
    assert (request["account"], request["what"], request["desired"], request["version"]) == (
        "ACME",
        "terms",
        COD,
        1,
    )
    assert request["facts"]["reason"] == "delinquency"
    (one,) = on_list(house)
    assert (one.state, one.before, one.since, one.approved_by) == (
        "requested",
        "net 30",
        date(2026, 10, 8),
        "ana",
    )
    master(house, "2026-10-12", terms="COD", owner="sue")
    (one,) = on_list(house)
    assert (one.state, one.confirmed) == ("in force", date(2026, 10, 12))
    # Everything is paid: the way back, once a clean month has passed.
    house.paid("A1", "A2")
    house.import_ledger("2026-10-14")
    assert states(house) == [("ACME", COD, "way back proposed")]
    assert todo(house, "2026-10-14") == []
    with pytest.raises(Refused, match="nothing waits for approval"):
        approve(house, "2026-10-20")
    waits = [one for one in todo(house, "2026-11-30") if one.state == "awaiting approval"]
    assert [one.detail["what"] for one in waits] == [
        "back from cash on delivery to net 30: all is paid, and 1 clean month has passed"
    ]
    assert approve(house, "2026-11-30") == (
        "ACME: net 30 is asked for now; the customer and the account owner are told."
    )
    assert dict(house.deliver("2026-11-30", "12:00").sent) == {"email": 1, "request": 1}
    last = house.requests()[-1]
    assert (last["desired"], last["version"], last["facts"]["lifted"]) == ("net 30", 2, COD)
    assert mails_to(house)[-1] == "Your account ACME is as before"
    text = " ".join(house.mails()[-1].get_body(("plain",)).get_content().split())
    assert "what we had holds once more, our invoices are due within 30 days" in text
    assert "Your good terms with us are worth keeping" in text
    assert [one.detail["what"] for one in todo(house, "2026-11-30", "task")][-1] == (
        "The account is no longer on cash on delivery; the customer is told."
    )
    assert states(house) == [("ACME", COD, "release requested")]
    master(house, "2026-12-01", terms="net 30", owner="sue")
    assert on_list(house) == []
    kinds = [
        body
        for kind in ("restriction requested", "restriction in force", "release requested")
        for body in house.journal(kind)
    ]
    assert len(kinds) == 3
    assert len(house.journal("restriction ended")) == 1


@pytest.mark.practice(32)
def test_who_pays_between_the_notice_and_the_day_stays_as_they_were(build: Callable[..., House]) -> None:
    """ACME pays all, CORE a part: what was announced to CORE is somebody's decision now."""
    house = open_house(build, LADDER)
    house.owes("CORE", "C1", "2026-09-30")
    house.contact("CORE")
    master(house, "2026-10-05", "05:00")
    house.import_ledger("2026-10-05", "08:00")
    house.run("2026-10-05")
    for account in ("ACME", "CORE"):
        approve(house, "2026-10-05", account=account)
    assert dict(house.day("2026-10-05", "12:00").sent) == {"email": 2}
    house.paid("A1")
    house.owes("CORE", "C1", "2026-09-30", "700.00")
    house.import_ledger("2026-10-07")
    house.day("2026-10-08")
    assert (house.requests(), on_list(house)) == ([], [])
    (work,) = [
        one for one in todo(house, "2026-10-08") if one.step == "it was announced and is not asked for"
    ]
    assert (work.account, work.role, work.amount) == ("CORE", "credit manager", 120_000)
    assert "was announced to the customer and is not asked for" in work.detail["what"]


@pytest.mark.practice(45)
def test_a_strategic_account_is_proposed_and_one_order_let_go(build: Callable[..., House]) -> None:
    """No `approve:` in the policy: for a strategic account a hold waits for a person all the same."""
    policy = CALM_HOLD
    house = open_house(build, policy, strategic="yes")
    house.owes("CORE", "C1", "2026-09-30")
    house.contact("CORE")
    master(house, "2026-10-05", "05:00", strategic="yes")
    house.import_ledger("2026-10-05", "08:00")
    coming = house.preview("2026-10-05", days=1).actions
    assert {(one.account, one.approve) for one in coming} == {("ACME", "credit manager"), ("CORE", "")}
    house.day("2026-10-05")
    assert [one["account"] for one in house.requests()] == ["CORE"]
    (work,) = todo(house, "2026-10-05")
    assert (work.account, work.state, work.role) == ("ACME", "awaiting approval", "credit manager")
    approve(house, "2026-10-05")
    house.day("2026-10-05", "12:00")
    assert [one["account"] for one in house.requests()] == ["ACME", "CORE"]

    def let_go(by: str, order: str = "4711") -> str:
        return str(
            house.do(
                lambda engine: asking.release_order(
                    house.ws,
                    engine,
                    "ACME",
                    order,
                    500_00,
                    "USD",
                    who("2026-10-06", by),
                    because="for the fair",
                )
            )
        )

    assert let_go("joe") == "ACME: order 4711 against 500.00 USD waits for a credit manager to agree."
    with pytest.raises(Refused, match="order 4711 of ACME is let go already"):
        let_go("ana")
    assert approve(house, "2026-10-06") == "ACME: Release order 4711 once 500.00 USD has come in."
    assert [one.detail["what"] for one in todo(house, "2026-10-06", "task")] == [
        "Release order 4711 once 500.00 USD has come in."
    ]
    columns = ("side", "kind", "amount", "text", "state", "by", "approved_by")
    given = house.rows(sa.select(*(t.concession.c[name] for name in columns)))
    assert [tuple(row) for row in given] == [
        ("ours", "release", 500_00, "order 4711", "agreed", "joe", "ana")
    ]
    assert let_go("ana", "4712") == "ACME: Release order 4712 once 500.00 USD has come in."


def test_what_a_contract_obliges_us_to_supply_becomes_a_task(build: Callable[..., House]) -> None:
    house = open_house(build, LADDER, contract="yes")
    (planned,) = house.preview("2026-10-05", days=1).actions
    assert (planned.kind.value, planned.approve) == ("task", "")
    told = explain(house.ws, "ACME", on=date(2026, 10, 5), now=moment("2026-10-05", "09:00"))
    assert told.verdict[0].endswith("Decide with whoever holds the contract.")
    house.day("2026-10-05")
    assert house.mails() == []
    (work,) = todo(house, "2026-10-05")
    assert (work.kind, work.state) == ("task", "planned")
    assert work.detail["what"].endswith("supplied under a contract. Decide with whoever holds the contract.")
    house.day("2026-10-06")
    assert len(todo(house, "2026-10-06")) == 1, "once"


# -- by hand -----------------------------------------------------------------------------------------------------------


@pytest.mark.practice(33)
@pytest.mark.practice(34)
def test_cash_in_advance_by_hand(build: Callable[..., House]) -> None:
    """Joe asks, Ana agrees; the customer hears of it on Monday, and on Tuesday it is asked for."""
    house = open_house(build, owner="sue")
    said = ask(house, What.TERMS, "CIA", "2026-10-05", "joe", because="two promises broken")
    assert said == "ACME: cash in advance waits for a credit manager to agree."
    (work,) = todo(house, "2026-10-05")
    assert (work.role, work.amount, work.detail["what"]) == (
        "credit manager",
        120_000,
        "cash in advance (delinquency), asked for by joe: two promises broken",
    )
    assert house.day("2026-10-05").sent == {}
    assert approve(house, "2026-10-05") == "ACME: cash in advance from Tue 6 Oct 2026."
    (task,) = todo(house, "2026-10-05", "task")
    assert (task.person, task.detail["what"]) == (
        "sue",
        "From Tue 6 Oct 2026 this account is on cash in advance; the customer is told. Speak with them first.",
    )
    assert dict(house.deliver("2026-10-05", "12:00").sent) == {"email": 1}
    (mail,) = house.mails()
    text = " ".join(mail.get_body(("plain",)).get_content().split())
    assert (
        "From October 6, 2026 this holds for the account of ACME Inc.: delivery against payment in advance"
        in text
    )
    assert "$1,200.00" in text
    assert dict(house.deliver("2026-10-06", "09:00").sent) == {"request": 1}
    (request,) = house.requests()
    assert (request["desired"], request["facts"]["effective"]) == ("cash in advance", "2026-10-06")
    (one,) = on_list(house)
    assert (one.state, one.by, one.approved_by, one.review) == ("requested", "joe", "ana", date(2027, 1, 4))
    # The ladder knows of it: within the episode it asks for no other terms.
    house.write("standard", LADDER)
    house.import_ledger("2026-10-15")
    assert house.run("2026-10-15").awaiting == 0
    assert confirm(house, "2026-10-15", because="seen in the customer's account") == (
        "ACME is on cash in advance, as asked for on Tue 6 Oct 2026."
    )
    house.paid("A1")
    house.import_ledger("2026-10-16")
    assert [one.state for one in todo(house, "2026-10-16") if one.kind == "terms"] == ["awaiting approval"]
    assert "net 30 is asked for now" in approve(house, "2026-10-16")


def test_who_has_the_role_asks_and_agrees_in_one(build: Callable[..., House]) -> None:
    house = open_house(build)
    ask(house, What.TERMS, COD, "2026-10-05", "joe")
    assert decline(house, "2026-10-05") == "“new terms” for ACME is declined; nothing is changed."
    assert (on_list(house), house.waiting()) == ([], [])
    assert ask(house, What.HOLD, "orders", "2026-10-05", told="by phone to Ms Lee") == (
        "ACME: a hold on orders from Tue 6 Oct 2026."
    )
    assert dict(house.deliver("2026-10-06", "09:00").sent) == {"request": 1}
    assert house.mails() == []
    assert [request["desired"] for request in house.requests()] == ["orders"]
    assert confirm(house, "2026-10-06") == "ACME is on a hold on orders, as asked for on Tue 6 Oct 2026."
    # A stricter one takes its place.
    ask(house, What.HOLD, "deliveries", "2026-10-07", told="by phone")
    house.deliver("2026-10-08", "09:00")
    assert states(house) == [("ACME", "deliveries", "requested")]


def test_a_promise_before_the_day_is_heard(build: Callable[..., House]) -> None:
    house = open_house(build, silent=True)
    ask(house, What.HOLD, "orders", "2026-10-05", told="by phone")
    house.do(
        lambda engine: cases.promise(
            engine, "ACME", date(2026, 10, 9), who("2026-10-05", "joe"), house.ws.calendar
        )
    )
    house.deliver("2026-10-06")
    assert (house.requests(), house.reason("ACME", "hold")) == ([], "promise open")


def test_the_notice_goes_first_and_its_loss_stops_it(build: Callable[..., House]) -> None:
    house = open_house(build)
    ask(house, What.TERMS, COD, "2026-10-05", from_day=date(2026, 10, 5))
    (house.root / "templates" / "cod-notice.md").write_text(
        "---\nsubject: S\ntone: final\n---\n{{ promise.date }}\n"
    )
    house.read = None
    report = house.deliver("2026-10-05", "12:00")
    assert [(one.channel, one.state) for one in report.failed] == [("email", "failed")]
    assert house.reason("ACME", "terms") == "its notice was not sent"
    assert (house.requests(), on_list(house)) == ([], [])


@pytest.mark.practice(22)
def test_less_service_is_a_task_for_the_account_owner(build: Callable[..., House]) -> None:
    house = open_house(build, owner="sue")
    ask(house, What.SERVICE, "one delivery a week", "2026-10-05", "joe", because="until the plan is kept")
    (work,) = todo(house, "2026-10-05")
    assert (work.state, work.role) == ("awaiting approval", "credit manager")
    approve(house, "2026-10-05")
    (task,) = todo(house, "2026-10-05")
    assert (task.person, task.detail["what"]) == (
        "sue",
        "Lower the service until the account is in order: one delivery a week. Say when it is done: dunwell in-force.",
    )
    assert states(house) == [("ACME", "one delivery a week", "requested")]
    confirm(house, "2026-10-06", "sue")
    assert states(house) == [("ACME", "one delivery a week", "in force")]
    house.paid("A1")
    house.import_ledger("2026-10-07")
    assert "end less service: one delivery a week is asked for now" in approve(house, "2026-10-07")
    assert [one.detail["what"] for one in todo(house, "2026-10-07") if one.person == "sue"][-1] == (
        "Give the account its usual service again (it was: one delivery a week)."
    )
    assert on_list(house) == []


def test_another_reason_than_delinquency_says_what_it_may_need_and_waits_for_its_review(
    build: Callable[..., House],
) -> None:
    house = open_house(build)
    said = ask(house, What.TERMS, "net 10", "2026-10-05", account="BOLT", reason="credit-report",
               review=date(2026, 10, 20))  # fmt: skip
    assert said.startswith(
        "BOLT: net 10 from Tue 6 Oct 2026.\nThis reason is not the delinquency of the account"
    )
    assert "notice with its specific reasons" in said
    house.deliver("2026-10-06", "09:00")
    text = " ".join(house.mails()[0].get_body(("plain",)).get_content().split())
    assert "our invoices are due within 10 days" in text
    assert "still open" not in text, "nothing is overdue"
    (one,) = on_list(house)
    assert (one.reason.value, one.review) == ("credit report", date(2026, 10, 20))
    house.run("2026-10-19")
    assert [one.step for one in todo(house, "2026-10-19")] == ["new terms: for the account owner"]
    house.run("2026-10-20")
    house.run("2026-10-20", "12:00")
    (work,) = [one for one in todo(house, "2026-10-20") if one.step == "review"]
    assert work.detail["what"] == (
        "Look again at net 10, since Tue 6 Oct 2026: keep it, or give it back with  dunwell reinstate"
    )
    assert on_list(house)[0].review == date(2027, 1, 18)


# -- the way back ------------------------------------------------------------------------------------------------------


def on_cash(build: Callable[..., House]) -> House:
    house = open_house(build, silent=True)
    ask(house, What.TERMS, COD, "2026-10-05", told="by phone")
    house.deliver("2026-10-06", "09:00")
    assert states(house) == [("ACME", COD, "requested")]
    return house


@pytest.mark.practice(47)
def test_who_is_late_again_is_not_given_back_without_a_word(build: Callable[..., House]) -> None:
    house = on_cash(build)
    house.paid("A1")
    house.owes("ACME", "A2", "2026-10-20")
    house.import_ledger("2026-10-07")
    assert states(house) == [("ACME", COD, "way back proposed")]
    with pytest.raises(Refused, match=r"ACME is overdue, with 1,200\.00 USD"):
        approve(house, "2026-10-22")
    house.import_ledger("2026-10-23")
    assert states(house) == [("ACME", COD, "requested")]
    with pytest.raises(Refused, match="nothing waits for approval"):
        approve(house, "2026-10-23")
    with pytest.raises(Refused, match="--although-overdue"):
        restore(house, "2026-10-23")
    # Late again between the yes and the request: it is not given back either.
    house.paid("A2")
    house.owes("ACME", "A3", "2026-10-26")
    house.import_ledger("2026-10-24")
    assert approve(house, "2026-10-24").endswith(
        "net 30 is asked for now; the account owner tells the customer."
    )
    house.deliver("2026-10-27", "09:00")
    assert [one["desired"] for one in house.requests()] == [COD]
    assert house.reason("ACME", "terms") == "late again"
    assert states(house) == [("ACME", COD, "requested")]
    assert "net 30 is asked for now" in restore(house, "2026-10-27", although=True)
    house.deliver("2026-10-27", "12:00")
    assert states(house) == [("ACME", COD, "release requested")]


def test_declining_keeps_it_and_somebody_looks_again(build: Callable[..., House]) -> None:
    house = on_cash(build)
    house.paid("A1")
    house.import_ledger("2026-10-06", "12:00")
    assert states(house) == [("ACME", COD, "way back proposed")]
    house.owes("ACME", "A1", "2026-09-30")  # it was not paid after all
    house.import_ledger("2026-10-06", "13:00")
    assert states(house) == [("ACME", COD, "requested")]
    assert todo(house, "2026-10-06", "terms") == []
    house.paid("A1")
    house.import_ledger("2026-10-07")
    assert decline(house, "2026-10-08", review=date(2026, 11, 2)) == (
        "ACME stays on cash on delivery; to be looked at again on Mon 2 Nov 2026."
    )
    (one,) = on_list(house)
    assert (one.state, one.review) == ("requested", date(2026, 11, 2))
    house.run("2026-11-02")
    assert [one.step for one in todo(house, "2026-11-02")] == ["new terms: for the account owner", "review"]


def test_restoring_before_a_proposal_asks_for_a_second_person(build_on_each: Callable[..., House]) -> None:
    house = on_cash(build_on_each)
    assert restore(house, "2026-10-07", "joe", although=True) == (
        "ACME: the end of cash on delivery waits for a credit manager to agree."
    )
    with pytest.raises(Refused, match="waits for a credit manager to agree already"):
        restore(house, "2026-10-07", "joe", although=True)
    assert "net 30 is asked for now" in approve(house, "2026-10-07")
    with pytest.raises(Refused, match="nothing waits for approval"):
        approve(house, "2026-10-07")
    with pytest.raises(Refused, match="is agreed to, and on its way"):
        restore(house, "2026-10-07", although=True)
    house.deliver("2026-10-07", "12:00")
    with pytest.raises(Refused, match="the end of cash on delivery is asked for already"):
        restore(house, "2026-10-07")
    assert confirm(house, "2026-10-08") == "ACME is no longer on cash on delivery."
    assert on_list(house) == []


# -- what cannot be asked ----------------------------------------------------------------------------------------------


def nothing_half_done(house: House) -> None:
    assert house.states() == []
    assert house.rows(sa.select(t.restriction.c.id)) == []
    assert house.rows(sa.select(t.concession.c.id)) == []
    assert house.waiting() == []
    assert house.journal("action") == []


def test_what_is_refused_is_refused_clearly_and_changes_nothing(build: Callable[..., House]) -> None:
    house = open_house(build, contract="yes", silent=True)
    wrong = (
        (Refused, "ACME is supplied under a contract", What.HOLD, "orders", {}),
        (Refused, "ACME is supplied under a contract", What.SERVICE, "less", {}),
        (Refused, "nobody knows the terms “cash on delivry”", What.TERMS, "cash on delivry", {"account": "BOLT"}),
        (Refused, "“net 60 EOM” is read in more than one way", What.TERMS, "net 60 EOM", {"account": "BOLT"}),
        (NotFound, "there is no hold “shipments”", What.HOLD, "shipments", {"account": "BOLT"}),
        (NotFound, "there is no reason “mood”", What.HOLD, "orders", {"account": "BOLT", "reason": "mood"}),
        (Refused, "BOLT has nothing overdue", What.HOLD, "orders", {"account": "BOLT"}),
        (NotFound, "there is no account “BOLD”", What.HOLD, "orders", {"account": "BOLD"}),
        (Refused, "BOLT has the terms net 30 already", What.TERMS, "30 days",
         {"account": "BOLT", "reason": "other"}),
        (Refused, "is past", What.HOLD, "orders",
         {"account": "BOLT", "reason": "other", "from_day": date(2026, 10, 1)}),
        (Refused, "is no day to come", What.HOLD, "orders",
         {"account": "BOLT", "reason": "other", "review": date(2026, 10, 5)}),
        (NotFound, "there is no message “hold-notic”", What.HOLD, "orders",
         {"account": "BOLT", "reason": "other", "notice": "hold-notic"}),
    )  # fmt: skip
    for kind, said, what, value, more in wrong:
        with pytest.raises(kind, match=said):
            ask(house, what, value, "2026-10-05", **more)
    with pytest.raises(Refused, match="ACME is on no terms, hold or less service to be given back"):
        restore(house, "2026-10-05")
    with pytest.raises(Refused, match="ACME is on no terms, hold or less service to be confirmed"):
        confirm(house, "2026-10-05")
    with pytest.raises(Refused, match="ACME is on no hold and no other terms"):
        house.do(
            lambda engine: asking.release_order(
                house.ws, engine, "ACME", "1", 1, "USD", who("2026-10-05"), because="x"
            )
        )
    master(house, "2026-10-05", "05:00")
    with pytest.raises(Refused, match="nobody knows where to write to ACME"):
        ask(house, What.HOLD, "orders", "2026-10-05")
    nothing_half_done(house)


def test_nobody_agrees_to_what_they_asked_for_themselves(build: Callable[..., House]) -> None:
    """A strategic account is only proposed, so that even a credit manager needs another."""
    house = open_house(build, strategic="yes")
    by_phone = {"told": "by phone"}
    assert ask(house, What.HOLD, "orders", "2026-10-05", **by_phone) == (
        "ACME: a hold on orders waits for another credit manager to agree. "
        "The account is strategic, so it is only proposed."
    )
    with pytest.raises(Refused, match="ana asked for this, and a second person agrees to it"):
        approve(house, "2026-10-05", "ana")
    with pytest.raises(Refused, match="joe is no credit manager"):
        approve(house, "2026-10-05", "joe")
    with pytest.raises(Refused, match="“hold” for ACME is asked for already; it is “awaiting approval”"):
        ask(house, What.HOLD, "credit", "2026-10-05", "eve")
    assert house.waiting() == []
    with pytest.raises(Refused, match="is not asked for yet; it is “awaiting approval”"):
        restore(house, "2026-10-05")
    assert approve(house, "2026-10-05", "eve") == "ACME: a hold on orders from Tue 6 Oct 2026."
    house.deliver("2026-10-06", "09:00")
    with pytest.raises(Refused, match="ACME is on a hold on orders already, since Tue 6 Oct 2026"):
        ask(house, What.HOLD, "orders", "2026-10-07", "eve")


def test_terms_that_nobody_knows_are_said(build: Callable[..., House]) -> None:
    house = open_house(build, silent=True, terms="")
    house.owes("ACME", "A9", "2026-12-31")  # other terms than the first: which are they?
    house.import_ledger("2026-10-05", "08:00")
    ask(house, What.TERMS, COD, "2026-10-05", told="by phone")
    house.deliver("2026-10-06", "09:00")
    house.paid("A1")
    house.import_ledger("2026-10-07")
    with pytest.raises(Refused, match="nobody knows the terms of ACME from before"):
        approve(house, "2026-10-07")
    with pytest.raises(Refused, match="nobody knows the terms of ACME from before"):
        restore(house, "2026-10-07")
    assert "net 45 is asked for now" in restore(house, "2026-10-07", terms="45 days")


# -- the lighter ladder ------------------------------------------------------------------------------------------------

SHIPPED = Path(__file__).parents[2] / "policies"


@pytest.mark.practice(18)
@pytest.mark.practice(46)
def test_a_good_payer_who_is_late_for_once_gets_the_lighter_policy(build: Callable[..., House]) -> None:
    """GOOD always paid in time, SLOW some forty days late: the one is reminded by mail, the other is called."""
    names = ("first-time", "everyone-else")
    policies = {name: (SHIPPED / f"{name}.yaml").read_text("utf-8") for name in names}
    order = HOUSE.replace("order: [standard]", f"order: [{', '.join(names)}]")
    house = build(house=order, policies=policies)
    for account in ("GOOD", "SLOW"):
        house.contact(account)
        house.owes(account, f"{account}-0", "2026-08-14")
    house.import_customers()
    house.import_ledger("2026-08-10")
    house.paid("GOOD-0")
    house.owes("SLOW", "SLOW-1", "2026-08-20")
    house.import_ledger("2026-08-13")
    house.paid("SLOW-0")
    for account in ("GOOD", "SLOW"):
        house.owes(account, f"{account}-2", "2026-09-30")
    house.import_ledger("2026-09-24")
    house.import_ledger("2026-10-05")
    policy = {one.account: one.policy for one in house.preview("2026-10-05", days=1).actions}
    assert policy == {"GOOD": "first-time", "SLOW": "everyone-else"}
    house.day("2026-10-05")
    assert [(one.account, one.kind) for one in todo(house, "2026-10-05")] == [("SLOW", "call")]
    (mail,) = house.mails()
    assert "a payment is easily overlooked" in mail.get_body(("plain",)).get_content()
    told = explain(house.ws, "GOOD", on=date(2026, 10, 6), now=moment("2026-10-06", "09:00"))
    assert "first-time is yes · dbt at most 15" in told.routes[0].sentence
    with_terms = [step.what for step in told.steps if "terms" in step.what or "hold" in step.what]
    assert with_terms == [], "no change of terms on the lighter ladder"
