"""Disputes: the reason codes, who answers by when, the credit that settles them, and the clock that goes on."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine.core.cases.disputes import REASONS, Reason, Unknown, answered_by, expects_credit, read_reason
from engine.core.language.follows import Delay, Follow, Outcome, Task, Unit
from engine.core.problem import Place
from engine.errors import NotFound, Refused
from engine.jobs.cases import Who
from engine.jobs.cases import disputes as verbs
from engine.jobs.push import push
from engine.store import tables as t
from engine.store.history import history
from tests.cases.agreed import MONDAY, Kept, Shop


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Kept:
    return Kept(tmp_path_factory.mktemp("shop"), sqlite_template)


@pytest.fixture
def shop(kept: Kept) -> Shop:
    return kept.fresh()


# -- the reasons -------------------------------------------------------------------------------------------------------

_CODES = {
    "short_shipment": ("SS", "06"),
    "wrong_product": ("", "07, 08"),
    "pricing_error": ("PD", "01"),
    "missing_credit": ("", "43, 52"),
    "damaged_goods": ("DG", "04"),
    "quality": ("", "05"),
    "goods_returned": ("GR", "11, 12, 13, 14, 15"),
    "duplicate_billing": ("", "19"),
    "not_our_bill": ("", "18"),
    "terms_error": ("", "09"),
    "incorrect_discount": ("", "24"),
    "documents_missing": ("", "44, 17"),
    "item_not_received": ("", "59"),
    "freight": ("", "54"),
    "tax": ("", "55"),
    "promotion": ("", "56"),
    "no_order_on_file": ("", "61"),
    "agreed_credit": ("", ""),
    "other": ("DA, UD", ""),
}


def test_every_reason_has_the_codes_of_the_standards() -> None:
    assert {one.code: (one.jde, one.x12) for one in REASONS} == _CODES


def test_every_name_code_and_spelling_means_its_reason() -> None:
    spelled = [(word, one) for one in REASONS for word in (one.name, one.code, *one.spellings, *one.signs)]
    codes = [
        (code.strip(), one) for one in REASONS for code in f"{one.jde},{one.x12}".split(",") if code.strip()
    ]
    for word, one in (*spelled, *codes):
        assert read_reason(word) is one, word
        assert read_reason(f"  {word.upper()}. ") is one, word


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("short", "short shipment"),
        ("Shipped short!", "short shipment"),
        ("price differs from the order", "pricing error"),
        ("goods damaged", "damaged goods"),
        ("they never arrived", "item not received"),
        ("we want the credit note first", "missing credit"),
        ("SS", "short shipment"),
        ("gr", "goods returned"),
    ],
)
def test_a_natural_spelling_is_understood(said: str, name: str) -> None:
    found = read_reason(said)
    assert isinstance(found, Reason)
    assert found.name == name


@pytest.mark.parametrize(
    ("said", "nearest"),
    [
        ("qualty", ("quality",)),
        ("damaged and the wrong product", ("wrong product", "damaged goods")),  # one dispute has one reason
        ("they do not like us", ()),
    ],
)
def test_what_is_not_understood_is_never_guessed(said: str, nearest: tuple[str, ...]) -> None:
    found = read_reason(said)
    assert isinstance(found, Unknown)
    assert found.nearest == nearest


def test_who_answers_is_what_outcomes_yaml_says() -> None:
    place = Place("outcomes.yaml")

    def outcome(what: str, role: str = "", within: Delay | None = None) -> Outcome:
        return Outcome("dispute", place, follow=Follow(place, tasks=(Task(what, place, role, within),)))

    assert answered_by(outcome("answer", "dispute owner", Delay(5, Unit.OPEN_DAY))) == ("dispute owner", 5)
    assert answered_by(outcome("look at it", "supervisor", Delay(1, Unit.DAY))) == ("supervisor", 1)
    assert answered_by(outcome("offer help")) == ("dispute owner", 5)
    assert answered_by(None) == ("dispute owner", 5)
    assert [one.name for one in REASONS if expects_credit(one.name)] == [
        "missing credit", "goods returned", "agreed credit",
    ]  # fmt: skip


# -- a dispute is opened -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        pytest.param("shipped short", "short shipment", marks=pytest.mark.practice(66)),
        pytest.param("wrong item", "wrong product", marks=pytest.mark.practice(67)),
        pytest.param("price", "pricing error", marks=pytest.mark.practice(68)),
        pytest.param("credit missing", "missing credit", marks=pytest.mark.practice(69)),
    ],
)
def test_whoever_answers_has_the_reason_the_amount_and_the_day(shop: Shop, said: str, reason: str) -> None:
    told = shop.dispute("A1", said, amount=300_00, said="two pallets")
    assert told == (
        f"A1 of ACME is disputed ({reason}, 300.00 USD of it); its steps wait until the dispute is closed. "
        "Dispute owner answers by Thu 8 Oct 2026."
    )
    (one,) = shop.disputes()
    assert (one.reason, one.amount, one.owner, one.person) == (reason, 300_00, "dispute owner", "dan")
    assert (one.answer_by, one.said, one.opened_by) == (date(2026, 10, 8), "two pallets", "joe")
    assert shop.tasks(MONDAY) == [("answer the dispute", "dispute owner", "dan")]
    (task,) = [one for one in shop.worklist(MONDAY) if one.kind == "task"]
    verb = "Issue the credit note" if reason == "missing credit" else "Answer the dispute"
    assert task.detail["what"] == (
        f"{verb}: A1, {reason}, 300.00 USD. By Thu 8 Oct 2026. They say: “two pallets”."
    )
    assert (task.amount, task.currency) == (300_00, "USD")


@pytest.mark.practice(70)
def test_what_is_contested_is_not_asked_for_and_the_rest_of_the_account_is(shop: Shop) -> None:
    assert shop.asked(MONDAY) == [("call collector", ["A1", "A2"])]
    shop.dispute(
        "A1", "short shipment", amount=300_00
    )  # all of the invoice waits, whatever is contested of it
    (call,) = [one for one in shop.worklist(MONDAY) if one.kind == "call" and one.account == "ACME"]
    assert (call.detail["items"], call.amount) == ([["A2", 500_00]], 500_00)
    assert shop.asides("2026-10-06") == {"A1": "disputed"}


@pytest.mark.practice(70)
@pytest.mark.parametrize(("side", "asked"), [("us", "2026-10-13"), ("customer", "2026-10-16")])
def test_the_clock_goes_on_as_it_was_closed(shop: Shop, side: str, asked: str) -> None:
    """For us nothing is taken off; for the customer the days it took are, so that the step comes so much later."""
    shop.owes("COG", "C1", "2026-10-05", "400.00")  # its call is due on the 10th, a Saturday
    shop.import_ledger("2026-10-06")
    shop.dispute("C1", "pricing error", on="2026-10-06", account="COG")
    shop.import_ledger("2026-10-11")
    told = shop.close("C1", side, "2026-10-12", account="COG")
    assert told == f"The dispute of C1 of COG is closed for {side}; its steps go on from tomorrow."
    seen = shop.preview("2026-10-12", days=8)
    assert {str(one.on) for one in seen.actions if one.account == "COG"} == {asked}
    assert shop.tasks("2026-10-12", "COG") == []  # nobody has to answer any more
    for on in ("2026-10-13", "2026-10-14", "2026-10-15", "2026-10-16"):
        shop.import_ledger(on)
        called = shop.asked(on, "COG")
        assert bool(called) == (on >= asked)


def test_an_owner_and_a_day_of_ones_own(shop: Shop) -> None:
    shop.dispute("A1", "tax", owner="supervisor", answer_in=1)
    shop.dispute("A2", "tax", owner="ana", answer_in=0)
    assert [(one.owner, one.person, one.answer_by) for one in shop.disputes()] == [
        ("credit manager", "ana", date(2026, 10, 5)),
        ("supervisor", "sue", date(2026, 10, 6)),
    ]


def test_a_role_that_nobody_has_leaves_it_to_the_owner_of_the_house(
    tmp_path: Path, sqlite_template: Path
) -> None:
    shop = Shop(tmp_path, sqlite_template, more="")
    shop.dispute("A1", "tax")
    assert shop.tasks(MONDAY) == [("answer the dispute", "credit manager", "ana")]


def test_other_needs_their_words_and_keeps_them(shop: Shop) -> None:
    with pytest.raises(Refused, match="“other” says nothing about what is contested"):
        shop.dispute("A1", "other")
    shop.dispute("A1", "other", said="the driver was rude")
    shop.dispute("A2", "price differs from the order")
    assert [(one.reason, one.said) for one in shop.disputes()] == [
        ("pricing error", "price differs from the order"),
        ("other", "the driver was rude"),
    ]


# -- answers that do not come ------------------------------------------------------------------------------------------


def test_an_answer_that_is_late_is_on_the_supervisors_list_once_and_off_it_when_it_is_there(
    shop: Shop,
) -> None:
    shop.dispute("A1", "short shipment", amount=300_00)
    shop.import_ledger("2026-10-08")
    shop.run("2026-10-08")
    assert shop.tasks("2026-10-08") == [("answer the dispute", "dispute owner", "dan")]
    for on in ("2026-10-09", "2026-10-12"):
        shop.import_ledger(on)
        shop.run(on)
        assert shop.tasks(on) == [
            ("answer the dispute", "dispute owner", "dan"),
            ("late answer", "supervisor", "sue"),
        ]
    (late,) = [one for one in shop.worklist("2026-10-12") if one.step == "late answer"]
    assert late.detail["what"] == (
        "No answer yet to the dispute of A1 (short shipment): it was due on Thu 8 Oct 2026 from Dan Wu. "
        "Get it answered, and closed for us or for the customer."
    )
    assert late.amount == 300_00
    shop.close("A1", "us", "2026-10-12")
    assert shop.tasks("2026-10-12") == []
    assert {state for _, step, state in shop.states() if "answer" in step} == {"cancelled"}


# -- the credit that settles it ----------------------------------------------------------------------------------------

COLUMNS = (
    "customer number", "customer name", "invoice number", "type", "invoice date", "due date", "open amount", "reference",
)  # fmt: skip


def with_credit(shop: Shop, on: str, number: str, amount: str, reference: str = "") -> None:
    """The day's ledger, in which a credit note is open."""
    rows: list[tuple[str, ...]] = [
        (a, n, item, "invoice", day, due, amount, "") for item, (a, n, day, due, amount) in shop.items.items()
    ]
    rows.append(("ACME", "ACME Inc.", number, "credit note", on, on, f"-{amount}", reference))
    shop.take(f"ledger-{on}.csv", COLUMNS, rows, on, "07:00")


@pytest.mark.practice(69)
@pytest.mark.parametrize(
    ("expected", "number", "amount", "reference", "closes"),
    [
        ("CN-77", "CN-77", "250.00", "", True),  # it is the one
        ("CN-77", "X-1", "300.00", "as CN-77", True),  # it names it
        ("CN-77", "CN-771", "300.00", "", False),  # another number
        ("", "X-1", "300.00", "", True),  # just the amount
        ("", "X-1", "250.00", "", False),
        ("", "X-1", "250.00", "inv A1", True),  # it names the invoice
        ("", "X-1", "250.00", "inv A12", False),
    ],
)
def test_a_missing_credit_closes_its_dispute_for_the_customer_when_it_comes(
    shop: Shop, expected: str, number: str, amount: str, reference: str, closes: bool
) -> None:
    shop.dispute("A1", "missing credit", amount=300_00, expected=expected)
    with_credit(shop, "2026-10-07", number, amount, reference)
    (one,) = shop.disputes()
    if not closes:
        assert one.closed is None
        return
    assert (one.closed, one.closed_for, one.result) == (
        date(2026, 10, 7), "customer", f"credit note {number} came",
    )  # fmt: skip
    assert shop.tasks("2026-10-07") == []
    assert shop.asides("2026-10-08") == {}
    happened = shop.look(lambda conn: history(conn, "ACME"))
    told = [each.text for each in happened if each.kind == "dispute"]
    assert told[-1] == f"closed for customer: credit note {number} came"
    assert shop.journal("dispute closed")[0]["for"] == "customer"


def test_a_credit_that_the_ledger_has_set_against_the_invoice_closes_it_too(shop: Shop) -> None:
    shop.dispute("A1", "missing credit", amount=300_00)
    shop.part_paid("A1", "500.00")
    shop.import_ledger("2026-10-06")
    assert shop.disputes()[0].closed is None  # 200 is not what is missing
    shop.part_paid("A1", "200.00")
    shop.import_ledger("2026-10-07")
    (one,) = shop.disputes()
    assert (one.closed_for, one.result) == ("customer", "it was credited on the invoice")
    # What is left is asked for; the two days it took are taken off its day.
    assert shop.asked("2026-10-08") == [("call collector", ["A1", "A2"])]


def test_a_credit_note_settles_one_dispute(shop: Shop) -> None:
    shop.dispute("A1", "missing credit", amount=300_00)
    shop.dispute("A2", "missing credit", amount=300_00)
    with_credit(shop, "2026-10-07", "X-1", "300.00")
    assert [one.closed is None for one in shop.disputes()] == [True, False]


def test_a_credit_that_was_there_before_settles_nothing_new(shop: Shop) -> None:
    with_credit(shop, "2026-10-06", "X-1", "300.00")
    shop.dispute("A1", "missing credit", on="2026-10-06", amount=300_00)
    with_credit(shop, "2026-10-07", "X-1", "300.00")
    assert shop.disputes()[0].closed is None


@pytest.mark.practice(21)
def test_goods_that_come_back_are_an_expected_credit_note_with_somebody_who_follows_it(shop: Shop) -> None:
    made = shop.within(
        lambda conn, who: verbs.return_agreed(
            shop.ws,
            conn,
            "ACME",
            "A1",
            who,
            amount=200_00,
            return_number="RMA-12",
            follow_up=date(2026, 10, 15),
        )
    )
    assert made.sentence == (
        "A1 of ACME is disputed (goods returned, 200.00 USD of it); its steps wait until the dispute is closed. "
        "Dispute owner answers by Thu 15 Oct 2026. It closes by itself when RMA-12 is in the ledger."
    )
    (task,) = [one for one in shop.worklist(MONDAY) if one.kind == "task"]
    assert task.detail["what"] == (
        "Issue the credit note RMA-12: A1, goods returned, 200.00 USD. By Thu 15 Oct 2026."
    )
    assert shop.asked("2026-10-06") == [("call collector", ["A2"])]
    with_credit(shop, "2026-10-14", "CR-9", "200.00", "RMA-12")
    (one,) = shop.disputes()
    assert (one.closed_for, one.expected) == ("customer", "RMA-12")
    assert shop.tasks("2026-10-14") == []


def test_an_invoice_that_is_settled_ends_its_dispute_and_resumes_it_when_it_comes_back(shop: Shop) -> None:
    shop.dispute("A1", "goods returned")
    shop.dispute("A2", "pricing error")
    before = dict(shop.items)
    shop.paid("A1", "A2")
    shop.import_ledger("2026-10-07")
    assert [(one.item, one.closed_for) for one in shop.disputes()] == [("A2", "us"), ("A1", "customer")]
    shop.items = before
    shop.import_ledger("2026-10-08")
    assert [one.closed for one in shop.disputes()] == [None, None]


def test_a_credit_that_is_pushed_closes_its_dispute(shop: Shop) -> None:
    shop.dispute("A1", "goods returned", expected="RMA-12")
    note = {
        "type": "credit_note", "customer": "ACME", "number": "CR-9", "date": "2026-10-06", "due": "2026-10-06",
        "currency": "USD", "amount": "-700.00", "reference": "RMA-12",
    }  # fmt: skip
    report = shop.do(lambda engine: push(shop.ws, engine, [note], "one", 1, shop.who("2026-10-06").at, "erp"))
    assert report.problems == ()
    assert shop.disputes()[0].closed_for == "customer"


# -- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "reason", "more", "sentence", "hint"),
    [
        ("A0", "tax", {}, "A0 of ACME is paid: nothing is open on it", "if that is wrong, the ledger has to say so first"),
        ("A2", "tax", {}, "A2 of ACME is disputed already, since Tue 6 Oct 2026 (freight)",
         "to end that: dunwell dispute ACME A2 --close --for us, or --for customer"),
        ("A11", "tax", {}, "there is no open item “A11” of ACME", "did you mean “A1”?"),
        ("A1", "tax", {"amount": 800_00}, "700.00 USD is open on A1 of ACME, and 800.00 USD is contested",
         "write an amount up to what is open, or none for all of it"),
        ("A1", "tax", {"amount": 1, "currency": "EUR"}, "A1 of ACME is in USD", "write the amount in USD"),
        ("A1", "tax", {"owner": "supervizor"}, "there is no role or person “supervizor”", "did you mean “supervisor”?"),
        ("A1", "damagd goods", {}, "“damagd goods” is no reason of a dispute",
         "did you mean “damaged goods”? Else write “other”, and what they say with --said"),
        ("A1", "they do not like us", {}, "“they do not like us” is no reason of a dispute",
         "known: short shipment, wrong product, pricing error, missing credit, damaged goods, quality, goods returned, "
         "duplicate billing, not our bill, terms error, incorrect discount, documents missing, item not received, "
         "freight, tax, promotion, no order on file, other. Else write “other”, and what they say with --said"),
    ],
)  # fmt: skip
def test_a_dispute_that_is_none_is_refused_and_changes_nothing(
    shop: Shop, item: str, reason: str, more: dict[str, Any], sentence: str, hint: str
) -> None:
    shop.owes("ACME", "A0", "2026-09-01", "10.00")
    shop.import_ledger("2026-10-06")
    shop.paid("A0")
    shop.import_ledger("2026-10-07")
    shop.dispute("A2", "freight", on="2026-10-06")
    entries = len(shop.rows(sa.select(t.journal.c.seq)))
    with pytest.raises((Refused, NotFound)) as refused:
        shop.dispute(item, reason, on="2026-10-07", **more)
    assert (refused.value.sentence, refused.value.hint) == (sentence, hint)
    assert [one.item for one in shop.disputes()] == ["A2"]
    assert len(shop.rows(sa.select(t.journal.c.seq))) == entries


def test_a_dispute_of_a_day_to_come_is_refused(shop: Shop) -> None:
    later = Who("joe", shop.who(MONDAY).at, date(2026, 10, 9))
    with pytest.raises(Refused, match="Fri 9 Oct 2026 is a day to come"):
        shop.do(lambda engine: verbs.open_dispute(engine, "ACME", "A1", "tax", later, ws=shop.ws))
    assert shop.disputes() == []


def test_of_several_invoices_all_are_disputed_or_none(shop: Shop) -> None:
    who = shop.who(MONDAY)
    with pytest.raises(NotFound):
        shop.do(lambda engine: verbs.open_dispute(engine, "ACME", "A1", "tax", who, "A9", ws=shop.ws))
    assert shop.disputes() == []
    shop.do(lambda engine: verbs.open_dispute(engine, "ACME", "A1", "tax", who, "A2", ws=shop.ws))
    with pytest.raises(Refused, match="N1 of ACME is not disputed"):
        shop.do(lambda engine: verbs.close_dispute(engine, "ACME", "A1", who, "N1", closed_for="us"))
    assert [one.closed for one in shop.disputes()] == [None, None]
