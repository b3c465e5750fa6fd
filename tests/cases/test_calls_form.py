"""The form of a call: what is asked, how it may be written, what survives a hang-up, and who may log it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from engine.errors import NotFound, Refused
from engine.jobs import cases
from engine.store import database
from engine.store import tables as t
from tests.cases.telephone import MONDAY, RIGHT, TUESDAY, Telephone
from tests.cli.conftest import run as command
from tests.jobs.world import moment


def save(house: Telephone, by: str = "joe", **answers: str) -> str:
    typed = {name.replace("_", " "): text for name, text in answers.items()}
    return house.do(lambda engine: cases.save(engine, "ACME", typed, house.who(MONDAY, by)))


@pytest.mark.practice(65)
def test_why_it_was_not_paid_is_asked_before_anything_else(house: Telephone) -> None:
    with pytest.raises(Refused, match="ACME, promise to pay: 4 answers are missing") as refused:
        house.log("promise to pay")
    assert [" ".join(line.split()) for line in refused.value.hint.splitlines()] == [
        'Why it has not been paid: --answer "reason=cash crunch"',
        "Who was on the line: --with NAME",
        """How much, in the invoices' own currency: --answer "amount=1,200\"""",
        'The day on which the money, or our call, is to come: --answer "date=friday"',
    ]
    assert house.calls() == []


@pytest.mark.parametrize("outcome", ["no answer", "voicemail", "left message", "wrong number", "hung up"])
def test_nobody_who_could_pay_is_asked_for_no_reason(house: Telephone, outcome: str) -> None:
    house.log(outcome, then="1" if outcome == "hung up" else "")
    assert [(call.outcome, call.right_party) for call in house.calls()] == [(outcome, 0)]


def test_the_outcome_may_say_the_reason_by_itself(house: Telephone) -> None:
    house.log("no invoice", answers={"spoken_with": "Ann", "email_address": "ap@acme.example.com"})
    assert house.calls()[0].reason == "invoice_not_received"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("cash crunch", "cash_crunch_short"),
        ("Cash_Crunch_Short", "cash_crunch_short"),
        ("waiting for approval", "approval_pending"),
        ("payment run", "payment_run_date"),
        ("dispute:pricing_error", "dispute:pricing_error"),
        ("wrong price", "dispute:pricing_error"),
        ("unknown", "unknown"),
    ],
)
def test_codes_are_read_as_people_say_them(house: Telephone, said: str, code: str) -> None:
    house.log("vague promise", answers={"reason": said, "spoken_with": "Ann"})
    assert house.calls()[0].reason == code


def test_all_that_cannot_be_read_is_said_at_once(house: Telephone) -> None:
    answers = {"reason": "cash crumch", "spoken_with": "A", "amount": "a lot", "date": "soon"}
    with pytest.raises(Refused, match="ACME: 3 answers cannot be read") as refused:
        house.log("promise to pay", answers=answers)
    assert refused.value.hint.splitlines() == [
        "reason: “cash crumch” is no reason; did you mean “cash crunch short”?",
        "  amount: “a lot” is not an amount",
        "  date: “soon” is no day; write it as 2026-10-05, or today, tomorrow, monday, …",
    ]
    with pytest.raises(NotFound, match="there is no answer “amonut”\n  did you mean “amount”"):
        house.log("promise to pay", answers={"amonut": "5"})


def test_a_question_of_the_team_s_own(house: Telephone) -> None:
    house.write("outcomes", "information only:\n  ask: [Who signs for payments there?]\n")
    with pytest.raises(Refused) as refused:
        house.log("information only")
    assert '--answer "Who signs for payments there=…"' in refused.value.hint
    house.log("information only", answers={"who signs for payments there": "the two directors"})
    assert json.loads(house.calls()[0].answers) == {"Who signs for payments there?": "the two directors"}


# -- what was typed before the call ended --------------------------------------------------------------------


@pytest.mark.practice(14)
def test_what_was_typed_survives_a_hang_up(house: Telephone) -> None:
    told = save(house, reason="approval", request_stated="yes")
    assert told == "ACME: kept for the call (reason, request stated). Nothing is logged yet."
    assert house.calls() == []
    save(house, spoken_with="Ann Lee", reason="payment run")
    told = house.log("hung up", then="enough was said")
    assert "Taken up from what was kept: reason, request stated, spoken with." in told
    (call,) = house.calls()
    assert (call.reason, call.intention, call.spoken_with) == ("payment_run_date", 1, "Ann Lee")
    assert house.rows(sa.select(t.call_draft)) == []


def test_a_draft_is_its_author_s_own(house: Telephone) -> None:
    save(house, by="jim", reason="approval")
    with pytest.raises(Refused, match="1 answer is missing"):
        house.log("vague promise", spoken_with="Ann")
    house.log("vague promise", by="jim", spoken_with="Ann")
    with pytest.raises(Refused, match="there is nothing to keep"):
        save(house)


# -- who logs it ---------------------------------------------------------------------------------------------


def test_two_people_who_log_the_same_call(house: Telephone) -> None:
    (listed,) = house.today(MONDAY)
    house.log("vague promise", at="11:02", answers=RIGHT)
    for which in ({}, {"key": listed.key}):
        with pytest.raises(
            Refused, match="Joe Ortiz has logged this call already, at 11:02: vague promise"
        ) as second:
            house.log("no answer", by="jim", at="11:03", **which)
        assert second.value.hint == "if you made another call, log it with --another"
    assert len(house.calls()) == 1
    house.log("information only", by="jim", at="15:00", another=True)
    assert [call.by for call in house.calls()] == ["joe", "jim"]


def test_two_people_who_log_the_same_call_at_the_same_moment(house_on_each: Telephone) -> None:
    house, said = house_on_each, []
    begin = threading.Barrier(2)
    ws = house.ws  # read before, so that they meet at the database
    ws.__dict__["rules"] = ws.rules[:1]  # durable-rules is used from one thread alone
    more = {"ws": ws, "answers": {"reason": "approval", "spoken with": "Ann"}, "evaluated_by": _plain(house)}

    def log(by: str) -> None:
        engine = database.open(ws.files.database_url)
        begin.wait()
        try:
            who = house.who(MONDAY, by)
            said.append(cases.log_call(engine, "ACME", "vague promise", who, ws.calendar, **more))
        except Refused as refused:
            said.append(str(refused))
        finally:
            engine.dispose()

    both = [threading.Thread(target=log, args=(by,)) for by in ("joe", "jim")]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(house.calls()) == 1, said
    assert sum("has logged this call already" in told for told in said) == 1, said


def _plain(house: Telephone) -> list[Any]:
    from engine.core.cases.outcomes import rules
    from engine.core.rules import PlainRules

    return [PlainRules({"vague promise": rules(house.ws.live.outcomes["vague promise"])})]


def test_a_call_needs_its_caller_s_role(house: Telephone) -> None:
    house.log("refused", answers=RIGHT)
    for by in ("joe", "somebody"):
        with pytest.raises(Refused, match=f"this call is for a supervisor, and {by} is none") as refused:
            house.log("vague promise", by=by, at="11:20", answers=RIGHT)
        assert refused.value.hint == "Sue Chen can; if they made it:  --by NAME"
    house.log("vague promise", by="Sue Chen", at="11:20", answers=RIGHT)


def test_a_senior_may_make_a_junior_s_call(house: Telephone) -> None:
    assert "“call collector” is done" in house.log("vague promise", by="ana", answers=RIGHT)


# -- as it is typed ------------------------------------------------------------------------------------------


@pytest.fixture
def typed(house: Telephone, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.chdir(house.root)
    monkeypatch.setenv("DUNWELL_USER", "joe")
    return lambda *words, at="11:00", on=MONDAY: command(*words, at=moment(on, at))


def test_a_hang_up_with_its_follow_up_in_one_command(typed: Callable[..., Any], house: Telephone) -> None:
    said = typed("log", "ACME", "hung up", "--then", "call back in 10 minutes")
    assert (said.code, said.out.splitlines()[-1]) == (
        0,
        "A call follows at 11:10, by Joe Ortiz, script address-it.",
    )
    shown = typed("worklist").out
    assert "call back in 10 minutes · script address-it" in " ".join(shown.split())


@pytest.mark.practice(64)
def test_a_call_s_screen_shows_its_account_and_no_other(typed: Callable[..., Any], house: Telephone) -> None:
    house.knows("BOLT", "CORE")
    house.import_customers()
    house.import_ledger(TUESDAY)
    house.run(TUESDAY)
    asked = typed("log", "ACME", "hung up", on=TUESDAY)
    assert asked.code == 1
    told = typed("log", "ACME", "hung up", "--then", "3", on=TUESDAY)
    for said in (asked.err, told.out):
        assert "ACME" in said
        assert not any(other in said for other in ("BOLT", "CORE"))


def test_the_command_keeps_answers_and_needs_an_outcome(typed: Callable[..., Any], house: Telephone) -> None:
    assert (
        "kept for the call (reason, spoken with)"
        in typed("log", "ACME", "--save", "-a", "reason=approval", "--with", "Ann").out
    )
    assert typed("log", "ACME").code == 2
    assert "is done" in typed("log", "ACME", "vague promise", "--note", "polite").out
    with database.reading(house.engine) as conn:
        assert conn.execute(sa.select(t.call.c.note, t.call.c.spoken_with)).all() == [("polite", "Ann")]
