"""What is written after a call: copies at once, confirmations once somebody has looked, and neither when it would be wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine.errors import NotFound, Refused
from engine.jobs import cases
from engine.jobs.cases import confirm
from engine.store import database, invariants
from engine.store import tables as t
from engine.store.state import load_state
from tests.cases.telephone import MONDAY, RIGHT, TUESDAY, Telephone
from tests.cli.conftest import run as command
from tests.jobs.world import moment

PROMISE = RIGHT | {"amount": "500", "date": "2026-10-09"}


def documents(house: Telephone, *numbers: str) -> None:
    (house.root / "copies").mkdir(exist_ok=True)
    for number in numbers:
        (house.root / "copies" / f"{number}.pdf").write_bytes(b"%PDF-1.4 a copy")


def body(mail: Any) -> str:
    return str(mail.get_body(("plain",)).get_content())


# -- copies of invoices --------------------------------------------------------------------------------------


@pytest.mark.practice(73)
def test_a_copy_goes_at_once_to_the_address_they_confirmed(house: Telephone) -> None:
    documents(house, "A1", "A2")
    answers = {"spoken_with": "Ann Lee", "email_address": "ann@acme.example.com", "invoice": "A1"}
    told = house.log("no invoice", answers=answers)
    assert "“invoice-copy” goes to ann@acme.example.com now." in told
    assert "A call follows on Thu 8 Oct 2026, by Joe Ortiz, ask for Ann Lee." in told
    assert dict(house.deliver(MONDAY, "11:01").sent) == {"email": 1}
    (mail,) = house.mails()
    assert mail["To"] == "ann@acme.example.com"
    assert [part.get_filename() for part in mail.iter_attachments()] == ["A1.pdf"]
    told = house.log("no invoice", on="2026-10-08", answers=answers)
    assert "It is the 2nd time that this account's call ended with “no invoice”." in told


def test_a_copy_without_a_document_is_sent_by_a_person(house: Telephone) -> None:
    documents(house, "A1")
    told = house.log("no invoice", answers={"spoken_with": "Ann", "email_address": "ap@acme.example.com"})
    assert "Send copies of the invoices by hand: no document is known of A2." in told
    assert [row.detail["items"] for row in house.followed() if row.kind == "email"] == [[["A1", 1200_00]]]
    (task,) = house.today(MONDAY)
    assert (task.detail["items"], task.person) == ([["A2", 300_00]], "joe")


def test_no_document_at_all_is_a_task_and_no_message(house: Telephone) -> None:
    house.log("no invoice", answers={"spoken_with": "Ann", "email_address": "ap@acme.example.com"})
    assert house.waiting() == []
    assert [work.kind for work in house.today(MONDAY)] == ["task"]


def test_an_address_of_another_company_is_looked_at_first(house: Telephone) -> None:
    documents(house, "A1", "A2")
    told = house.log(
        "no invoice", answers={"spoken_with": "Ann", "email_address": "billing@acme-pay.example"}
    )
    assert "confirm the new address billing@acme-pay.example with somebody we know there" in told
    assert house.waiting() == []


def test_the_first_address_of_an_account_is_kept(house: Telephone) -> None:
    documents(house, "A1", "A2")
    house.change(sa.update(t.contact).values(email=None, email_ok=0))
    told = house.log("no invoice", answers={"spoken_with": "Ann Lee", "email_address": "ap@acme.example.com"})
    assert "ap@acme.example.com is kept as their address." in told
    assert len(house.waiting()) == 1
    assert house.rows(
        sa.select(t.contact.c.email, t.contact.c.email_ok).where(t.contact.c.email_ok == 1)
    ) == [("ap@acme.example.com", 1)]
    with pytest.raises(Refused) as refused:
        house.log("no invoice", another=True, answers={"spoken_with": "Ann", "email_address": "ap at acme"})
    assert "“ap at acme” is no e-mail address" in refused.value.hint


# -- what is decided again before it goes --------------------------------------------------------------------


def copied(house: Telephone) -> None:
    documents(house, "A1", "A2")
    house.log(
        "no invoice", at="17:30", answers={"spoken_with": "Ann", "email_address": "ap@acme.example.com"}
    )


def test_it_goes_in_their_hours_and_passes_minimum_pause_and_gap(house: Telephone) -> None:
    house.write(
        "house", (house.root / "policies/house.yaml").read_text().replace("minimum: 50", "minimum: 90,000")
    )
    pause = {"account": "ACME", "from_day": date(2026, 10, 5), "because": "a fair", "by": "ana"}
    house.change(sa.insert(t.pause).values(**pause))
    copied(house)
    assert dict(house.deliver(MONDAY, "17:31").sent) == {}
    assert dict(house.deliver(TUESDAY, "08:31").sent) == {"email": 1}
    with database.reading(house.engine) as conn:
        known = load_state(conn, on=date(2026, 10, 7), moment=moment(TUESDAY, "10:00"), currency="USD")
    assert known.touches["on"].to_list() == [date(2026, 10, 5)], "the call is a contact, and the copy is none"


@pytest.mark.parametrize(
    ("meanwhile", "because"),
    [
        (lambda house: _paid(house, "A1", "A2"), "paid"),
        (lambda house: _learned(house, "insolvent"), "left to people"),
        (lambda house: _learned(house, "attorney"), "left to people"),
        (lambda house: _rule(house, "no contact"), "they want no e-mails"),
    ],
)
def test_what_would_be_wrong_by_then_does_not_go(house: Telephone, meanwhile: Any, because: str) -> None:
    copied(house)
    meanwhile(house)
    assert dict(house.deliver(TUESDAY, "09:00").sent) == {}
    (mail,) = [row for row in house.followed(state="cancelled") if row.kind == "email"]
    assert mail.reason == because
    assert house.mails() == []


def test_without_an_address_a_message_is_called_off_with_the_reason(house: Telephone) -> None:
    house.log("hung up", then="1")
    house.log("hung up", at="17:30", then="2")
    house.change(sa.update(t.contact).values(email_ok=0))
    assert [one.sentence for one in house.deliver(TUESDAY, "09:00").dropped] == ["no address"]
    told = house.log("hung up", on=TUESDAY, then="1")
    assert "“after-hang-ups” is not sent: there is no e-mail address of their accounts payable." in told


def test_it_says_what_is_owed_when_it_goes(house: Telephone) -> None:
    copied(house)
    _paid(house, "A1")
    assert dict(house.deliver(TUESDAY, "09:00").sent) == {"email": 1}
    (mail,) = house.mails()
    assert "A1" not in body(mail)
    assert "$300.00" in body(mail)
    amounts = [row.amount for row in house.followed(state="sent")]
    assert amounts == [300_00]


def _paid(house: Telephone, *items: str) -> None:
    house.knows("BOLT")
    house.paid(*items)
    house.import_ledger(TUESDAY)


def _learned(house: Telephone, field: str) -> None:
    learned = {"account": "ACME", "field": field, "value": "yes", "from_day": date(2026, 10, 5), "by": "ana"}
    house.change(sa.insert(t.learned).values(**learned))


def _rule(house: Telephone, rule: str) -> None:
    house.change(
        sa.insert(t.contact_rule).values(account="ACME", rule=rule, from_day=date(2026, 10, 5), by="ana")
    )


def test_what_is_set_aside_stands_apart_in_a_message(house: Telephone) -> None:
    house.do(lambda engine: cases.open_dispute(engine, "ACME", "A1", "short shipment", house.who(MONDAY)))
    house.log("hung up", then="1")
    house.log("hung up", at="11:05", then="2")
    assert dict(house.deliver(MONDAY, "11:06").sent) == {"email": 1}
    (mail,) = house.mails()
    asked, _, apart = body(mail).partition("Set aside")
    assert ("A2" in asked, "A1" in asked, "A1" in apart) == (True, False, True)


# -- confirmations -------------------------------------------------------------------------------------------


@pytest.mark.practice(30)
def test_what_was_agreed_is_drafted_shown_and_sent(house: Telephone, monkeypatch: pytest.MonkeyPatch) -> None:
    told = house.log("promise to pay", answers=PROMISE)
    assert (
        "The confirmation is drafted.  See it:  dunwell confirm ACME   Send it:  dunwell confirm ACME --send"
        in told
    )
    assert house.waiting() == [], "nothing goes before somebody has looked at it"
    monkeypatch.chdir(house.root)
    monkeypatch.setenv("DUNWELL_USER", "joe")
    at = moment(MONDAY, "11:05")
    shown = command("confirm", "ACME", at=at).out
    for words in (
        "To: ap@acme.example.com",
        "Subject: What we agreed, account ACME",
        "the conversation with Ann Lee",
        "- $500.00 will be paid by October 9, 2026.",
    ):
        assert words in shown
    said = command("confirm", "ACME", "--send", at=at)
    assert (said.code, said.out) == (0, "ACME: “confirmation” goes to their accounts payable now.\n")
    assert dict(house.deliver(MONDAY, "11:06").sent) == {"email": 1}
    (mail,) = house.mails()
    text = shown.partition("\n\n")[2]
    assert " ".join(body(mail).split()) == " ".join(text.split()), "it is sent as it was shown"
    assert house.today(MONDAY) == []
    assert command("confirm", "ACME", "--send", at=at).code == 1, "once"


def test_a_confirmation_can_be_let_go(house: Telephone) -> None:
    house.log("promise to pay", answers=PROMISE)
    (task,) = house.today(MONDAY)
    assert (task.step, task.person) == ("confirmation", "joe")
    who = house.who(MONDAY, "joe")
    told = house.do(lambda engine: confirm.drop(engine, "ACME", who, because="they wrote it themselves"))
    assert told == "ACME: the confirmation is let go."
    assert [row.reason for row in house.followed(state="cancelled")] == ["let go: they wrote it themselves"]
    with pytest.raises(NotFound, match="there is no confirmation drafted for “ACME”"):
        house.do(lambda engine: confirm.drop(engine, "ACME", who))


def test_a_confirmation_of_what_has_changed_is_over(house: Telephone) -> None:
    house.log("promise to pay", answers=PROMISE)
    house.log("promise to pay", on=TUESDAY, another=True, answers=PROMISE | {"amount": "700"})
    drafts = house.followed(state="cancelled")
    assert [(row.step, row.reason) for row in drafts] == [("confirmation", "promise superseded")]
    with database.reading(house.engine) as conn:
        shown = confirm.shown(house.ws, conn, "ACME", moment(TUESDAY, "11:05"))
    assert "$700.00 will be paid" in shown


def test_a_return_and_a_compromise_are_confirmed_in_their_own_words(house: Telephone) -> None:
    goods = {"spoken_with": "Ann", "invoice": "A1", "amount": "310", "return_number": "RMA-204"}
    house.log("return agreed", answers=goods)
    with database.reading(house.engine) as conn:
        shown = confirm.shown(house.ws, conn, "ACME", moment(MONDAY, "11:05"))
    assert "- Goods worth $310.00 come back to us under return number RMA-204;" in shown
    assert "will be paid" not in shown
    gives = RIGHT | {"we_give": "discount 50; 10 days", "they_give": "statements go to Ann"}
    house.log("compromise", by="ana", on=TUESDAY, answers=gives, another=True)
    with database.reading(house.engine) as conn:
        shown = confirm.shown(house.ws, conn, "ACME", moment(TUESDAY, "11:05"))
    for line in ("- We take $50.00 off what is owed.", "- We give 10 more days.", "- statements go to Ann"):
        assert line in shown


def test_a_cheque_is_confirmed_with_its_number(house: Telephone) -> None:
    text = (house.root / "policies/outcomes.yaml").read_text("utf-8")
    head = "check in the mail:\n"
    house.write("outcomes", text.replace(head, f"{head}  email: confirmation\n"))
    answers = {"spoken_with": "Ann", "check_number": "4711", "amount": "500", "date_mailed": "2026-10-02"}
    house.log("check in the mail", answers=answers)
    with database.reading(house.engine) as conn:
        shown = confirm.shown(house.ws, conn, "ACME", moment(MONDAY, "11:05"))
    assert "- $500.00 will be paid by October 9, 2026, by check 4711." in shown


def test_a_confirmation_without_an_address_stays_a_draft(house: Telephone, tmp_path: Path) -> None:
    house.log("promise to pay", answers=PROMISE)
    house.change(sa.update(t.contact).values(email_ok=0))
    who = house.who(MONDAY, "joe")
    with pytest.raises(Refused, match="ACME: there is no e-mail address of their accounts payable"):
        house.do(lambda engine: confirm.confirm(house.ws, engine, "ACME", who))
    assert [work.step for work in house.today(MONDAY)] == ["confirmation"]


def test_all_that_must_always_hold_holds_after_a_week_of_calls(house_on_each: Telephone) -> None:
    house = house_on_each
    documents(house, "A1", "A2")
    house.log("hung up", then="1")
    house.log("hung up", at="11:05", then="peer")
    house.log(
        "no invoice",
        at="11:15",
        by="jim",
        answers={"spoken_with": "Ann", "email_address": "ap@acme.example.com"},
    )
    house.log("promise to pay", on=TUESDAY, another=True, answers=PROMISE)
    who = house.who(TUESDAY, "joe")
    house.do(lambda engine: confirm.confirm(house.ws, engine, "ACME", who))
    assert dict(house.deliver(TUESDAY, "11:30").sent) == {"email": 2}
    assert [(row.step, row.reason) for row in house.followed(state="cancelled") if row.kind == "email"] == [
        ("email after-hang-ups", "promise open")
    ]
    house.items["A1"] = (*house.items["A1"][:4], "900.00")
    for day in ("2026-10-08", "2026-10-13", "2026-10-14"):
        house.import_ledger(day)
        house.run(day)
    (again,) = [work for work in house.today("2026-10-14") if work.kind == "call"]
    assert (again.step, again.detail["ask_for"], again.amount) == ("call same person", "Ann Lee", 1200_00)
    house.log(
        "compromise", on="2026-10-14", answers=RIGHT | {"we_give": "discount 5%", "they_give": "the rest"}
    )
    house.do(lambda engine: cases.approve(engine, "ACME", house.who("2026-10-14")))
    house.log("insolvent", on="2026-10-15", another=True, answers={"spoken_with": "Ann"})
    house.import_ledger("2026-10-20")
    assert house.run("2026-10-20").actions == 0
    questions = (invariants.once, invariants.kept, invariants.proven)
    questions = (*questions, invariants.not_after_payment, invariants.amounts)
    with database.reading(house.engine) as conn:
        assert [broken for question in questions for broken in question(conn)] == []
