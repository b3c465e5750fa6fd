"""What follows a call: somebody calls again, at the right time, and asks for the right person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.core.messages.lint import lint
from engine.core.messages.render import render
from engine.core.rules import EngineFault, Facts, PlainRules
from engine.errors import Refused
from engine.jobs import messages
from engine.jobs.listing import Listed
from engine.store import database
from engine.store import tables as t
from engine.store.history import history
from tests.cases.telephone import MONDAY, RIGHT, TUESDAY, WEDNESDAY, Telephone, on_sqlite
from tests.messages.shipped import made_of

TWO_CALLS = """
policy: Standard
clock: due date
steps:
  - {day: 5, call: collector, script: first-call}
  - {day: 20, call: supervisor, script: supervisor-call}
"""


@pytest.mark.practice(1)
def test_a_hang_up_counts_as_worked_and_not_as_a_right_party(house: Telephone) -> None:
    told = house.log("HU", then="call back now")
    assert told.startswith("ACME: hung up. “call collector” is done.")
    (call,) = house.calls()
    assert (call.outcome, call.reached, call.right_party) == ("hung up", 1, 0)
    assert ("call", "call collector", "done") in house.states()


@pytest.mark.practice(4)
def test_the_collector_picks_what_follows_and_never_the_same_twice_running(house: Telephone) -> None:
    with pytest.raises(Refused) as asked:
        house.log("hung up")
    assert asked.value.hint.splitlines()[:3] == [
        "Not about you. Most hang-ups are pressure, not refusal.",
        "  1  call back now (script carry-on)",
        "  2  call back in 10 minutes (script address-it)",
    ]
    assert house.calls() == [], "nothing is logged before something is picked"
    house.log("hung up", then="2")
    with pytest.raises(Refused, match="“call back in 10 minutes” is not offered now") as refused:
        house.log("hung up", at="11:10", then="call back in 10 minutes")
    assert "call back in 10 minutes: it was taken the last time" in refused.value.hint
    house.log("hung up", at="11:10", then="supervisor")
    assert [call.option for call in house.calls()] == ["call back in 10 minutes", "call supervisor"]


@pytest.mark.practice(6)
def test_a_word_of_guidance_is_shown_when_the_outcome_is_logged(house: Telephone) -> None:
    told = house.log("hung up", then="1")
    assert "Not about you. Most hang-ups are pressure, not refusal." in told.splitlines()


@pytest.mark.practice(7)
@pytest.mark.practice(9)
def test_calling_back_at_once_carries_on_where_it_was(house: Telephone) -> None:
    told = house.log("hung up", then="call back now")
    assert "A call follows at 11:00, by Joe Ortiz, script carry-on." in told
    (again,) = house.today(MONDAY)
    assert (again.kind, again.person, again.detail["script"]) == ("call", "joe", "carry-on")
    assert again.detail["call"] == house.calls()[0].id
    house.log("promise to pay", at="11:02", answers=RIGHT | {"amount": "all", "date": "friday"})
    assert [call.follows for call in house.calls()] == [None, house.calls()[0].id]


@pytest.mark.practice(8)
@pytest.mark.parametrize(
    ("at", "moment"),
    [("11:00", "2026-10-05 11:10"), ("16:49", "2026-10-05 16:59"), ("16:55", "2026-10-06 08:30")],
)
def test_ten_minutes_later_is_a_time_within_their_hours(house: Telephone, at: str, moment: str) -> None:
    house.log("hung up", at=at, then="call back in 10 minutes")
    (again,) = house.followed()
    assert again.at == moment
    assert again.not_before == date.fromisoformat(moment[:10])


def test_the_hours_are_the_customer_s_own(house: Telephone) -> None:
    house.change(sa.update(t.customer).values(time_zone="America/Los_Angeles"))
    told = house.log("hung up", at="09:30", then="2")
    assert "A call follows at 8:30 their time (11:30 here), by Joe Ortiz, script address-it." in told
    assert house.followed()[0].at == "2026-10-05 11:30"


def test_where_their_zone_is_none_the_hours_are_the_offices(house: Telephone) -> None:
    house.change(sa.update(t.customer).values(time_zone="europe/berlin"))
    house.log("hung up", at="09:30", then="call back in 10 minutes")
    assert house.followed()[0].at == "2026-10-05 09:40"


@pytest.mark.practice(10)
def test_or_it_is_brought_into_the_open_by_name_and_balance(house: Telephone) -> None:
    house.log("hung up", then="call back now", script="address-it")
    (again,) = house.today(MONDAY)
    with database.reading(house.engine) as conn:
        lists = Listed(again.amount, again.currency, again.detail["items"], [])
        told = messages.facts(
            *(house.ws, conn, "ACME", lists),
            on=date(2026, 10, 5),
            respond_by=None,
            to="accounts payable",
            from_="joe",
        )
    script = render(house.ws.templates, again.detail["script"], told, kind="script")
    text = " ".join(getattr(script, "text", "").split())
    assert (
        "Clerk of ACME, this is Joe Ortiz from Seller Inc. again. You decided to cut our call short" in text
    )
    assert "We still need to resolve your outstanding account" in text
    assert "$1,500.00" in text


@pytest.mark.practice(11)
def test_a_supervisor_is_given_the_call_with_what_was_said(house: Telephone) -> None:
    story = "their largest customer has not paid them"
    house.log("hung up", then="call supervisor", answers={"spoken_with": "Ann Lee", "story": story})
    (call,) = house.today(MONDAY)
    assert (call.role, call.person) == ("supervisor", "sue")
    assert (call.detail["ask_for"], call.detail["story"]) == ("Ann Lee", story)
    with database.reading(house.engine) as conn:
        told = [one.text for one in history(conn, "ACME")]
    assert f"hung up, spoke with Ann Lee · told us: {story}" in told


@pytest.mark.practice(12)
def test_a_peer_is_somebody_who_has_not_called_this_account(house: Telephone) -> None:
    told = house.log("hung up", then="peer")
    assert "by Jim Park" in told
    (call,) = house.today(MONDAY)
    assert (call.role, call.person) == ("collector", "jim")
    with pytest.raises(Refused) as nobody_left:
        house.log("hung up", by="jim", at="11:30", then="peer")
    assert "call peer: it was taken the last time" in nobody_left.value.hint
    house.log("hung up", by="jim", at="11:30", then="1")
    with pytest.raises(Refused) as nobody_left:
        house.log("hung up", by="jim", at="11:40", then="peer")
    assert "call peer: nobody is left who has not called this account" in nobody_left.value.hint


def test_peers_are_taken_in_turn_and_not_while_they_are_away(tmp_path: Path, sqlite_template: Path) -> None:
    three = '\n[people.kay]\nname = "Kay Moss"\nroles = ["collector"]\n\n[people.jim]\nname = "Jim Park"\nroles = ["collector"]\n'
    for house in on_sqlite(tmp_path, sqlite_template, more=three):
        house.late("ACME", "BOLT", "CORE")
        house.change(sa.update(t.action).values(person=None))
        assert "by Kay Moss" in house.log("hung up", then="peer")
        assert "by Jim Park" in house.log("hung up", account="BOLT", then="peer"), "Kay has one already"
        away = {"person": "kay", "from_day": date(2026, 10, 5), "until": date(2026, 10, 9), "by": "ana"}
        house.change(sa.insert(t.absence).values(**away))
        assert "by Jim Park" in house.log("hung up", account="CORE", then="peer"), "Kay is away"


@pytest.mark.practice(13)
def test_enough_was_said_only_with_the_reason_and_our_request_on_record(house: Telephone) -> None:
    enough = "close, enough was said"
    with pytest.raises(Refused) as refused:
        house.log("hung up", then=enough)
    assert "close, enough was said: why it has not been paid is not on record" in refused.value.hint
    with pytest.raises(Refused) as refused:
        house.log("hung up", then=enough, answers={"reason": "approval"})
    assert "it is not on record that what we want was made clear" in refused.value.hint
    house.log("hung up", then="enough was said", answers={"reason": "approval", "request_stated": "yes"})
    assert house.today(MONDAY) == []
    assert house.marks() == {("A1", "call collector")}
    assert house.calls()[0].option == enough


def test_what_is_on_record_since_the_account_fell_late_is_enough(house: Telephone) -> None:
    house.log("vague promise", answers=RIGHT | {"request_stated": "yes"})
    assert "“call same person in 2 open days” is done" in house.log(
        "hung up", on=WEDNESDAY, then="enough was said"
    )


def test_two_hang_ups_running_bring_a_message_of_the_supervisor(house: Telephone) -> None:
    house.log("hung up", then="1")
    assert house.mails() == []
    told = house.log("hung up", at="11:05", then="2")
    assert "“after-hang-ups” goes to their accounts payable now." in told
    assert dict(house.deliver(MONDAY, "11:06").sent) == {"email": 1}
    (mail,) = house.mails()
    assert "Sue Chen" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


@pytest.mark.practice(57)
@pytest.mark.practice(17)
def test_a_short_squeeze_and_a_long_one_lead_to_different_things(house: Telephone) -> None:
    told = house.log("hardship", answers={"spoken_with": "Ann", "short_or_long": "short"})
    assert (
        "Ask for a promise by Mon 19 Oct 2026 at the latest:  dunwell promise ACME AMOUNT --by 2026-10-19"
        in told
    )
    assert [row.kind for row in house.followed()] == ["call"]
    house.log(
        "hardship", on=TUESDAY, another=True, answers={"spoken_with": "Ann", "short_or_long": "long term"}
    )
    tasks = [row.detail["what"] for row in house.followed() if row.kind == "task"]
    assert {what.partition(",")[0] for what in tasks} == {
        "offer a payment plan",
        "review the limit and the supply",
        "ask for the principal",
    }
    assert [(call.reason, call.horizon) for call in house.calls()] == [
        ("cash_crunch_short", "short"),
        ("hardship_long", "long"),
    ]


@pytest.mark.practice(49)
@pytest.mark.practice(58)
def test_a_hardship_s_task_has_a_checklist_and_where_money_may_be_found(house: Telephone) -> None:
    house.log("hardship", answers={"spoken_with": "Ann", "short_or_long": "long"})
    for task in [work for work in house.today(MONDAY) if work.kind == "task"]:
        assert "ask what they can pay a month, for certain" in task.detail["checklist"]
        assert any("factoring" in line for line in task.detail["resources"])


@pytest.mark.practice(59)
def test_a_dispute_and_a_hardship_each_begin_their_own_work_with_a_day_to_answer_by(house: Telephone) -> None:
    house.log("dispute", answers={"spoken_with": "Ann", "reason": "short shipment", "invoice": "A1"})
    house.log("hardship", on=TUESDAY, another=True, answers={"spoken_with": "Ann", "short_or_long": "long"})
    due = {row.step: row.detail["answer_by"] for row in house.followed() if row.kind == "task"}
    assert (due["dispute"], due["hardship"]) == ("2026-10-12", "2026-10-08")
    assert [row.role for row in house.followed() if row.step == "dispute"] == ["dispute owner"]


@pytest.mark.practice(60)
def test_an_angry_customer_is_left_in_peace_and_called_by_somebody_else(house: Telephone) -> None:
    house.log("information only")
    house.import_ledger("2026-10-08")
    house.run("2026-10-08", "08:45")
    letters = sa.select(t.action.c.state, t.action.c.reason).where(t.action.c.kind == "letter")
    assert house.rows(letters) == [("planned", None)], "a firm letter is on its way this morning"
    told = house.log(
        "angry", on="2026-10-08", at="09:00", answers=RIGHT | {"reason": "unwilling"}, another=True
    )
    assert "No contact through Fri 9 Oct 2026." in told
    assert "A call follows on Mon 12 Oct 2026, by Jim Park, ask for Ann Lee." in told
    assert dict(house.deliver("2026-10-08", "10:00").sent) == {}
    assert house.rows(letters) == [("cancelled", "paused")]
    house.run("2026-10-09")
    assert house.letters() == []
    assert house.today("2026-10-09") == []
    (call,) = [one for one in house.today("2026-10-12") if one.kind == "call"]
    assert (call.person, call.detail["ask_for"]) == ("jim", "Ann Lee")


@pytest.mark.practice(5)
def test_after_an_abusive_call_nobody_calls_that_person_and_the_supervisor_knows(house: Telephone) -> None:
    told = house.log("abusive", answers={"spoken_with": "Rob Vance"})
    assert "Nobody calls Rob Vance any more." in told
    rules = house.rows(sa.select(t.contact_rule.c.whom, t.contact_rule.c.rule))
    assert rules == [("Rob Vance", "no calls")]
    (task,) = house.today(MONDAY)
    assert (task.kind, task.role, task.person) == ("task", "supervisor", "sue")
    assert "call" not in house.run("2026-10-12").by_kind, "the account is left in peace for five open days"
    told = house.log(
        "callback requested",
        on="2026-10-14",
        answers={"spoken_with": "Rob Vance", "date": "tomorrow", "time": "10:00"},
    )
    assert "No call follows: nobody knows whom to ask for." in told


@pytest.mark.practice(76)
@pytest.mark.practice(75)
def test_the_follow_up_asks_for_the_person_who_was_spoken_with(house: Telephone) -> None:
    with pytest.raises(Refused) as refused:
        house.log("vague promise", answers={"reason": "approval"})
    assert "Who was on the line:  --with NAME" in refused.value.hint
    house.log("vague promise", answers=RIGHT | {"number": "+1 212 555 0111"})
    (call,) = house.today(WEDNESDAY)
    assert (call.detail["ask_for"], call.detail["number"]) == ("Ann Lee", "+1 212 555 0111")
    assert (call.person, call.step) == ("joe", "call same person in 2 open days")


@pytest.mark.practice(19)
def test_the_story_goes_with_what_follows(house: Telephone) -> None:
    house.log("vague promise", answers=RIGHT | {"story": "they moved house last week"})
    assert house.today(WEDNESDAY)[0].detail["story"] == "they moved house last week"
    assert house.calls()[0].story == "they moved house last week"


@pytest.mark.practice(3)
def test_what_they_are_under_is_a_code_and_can_be_followed(house: Telephone) -> None:
    house.log("vague promise", answers=RIGHT | {"circumstance": "Reduced sales"})
    assert house.calls()[0].circumstance == "reduced_sales"
    with pytest.raises(Refused, match="1 answer cannot be read") as refused:
        house.log("vague promise", on=TUESDAY, answers=RIGHT | {"circumstance": "the owner has cancer"})
    assert "Nothing else about people is kept" in refused.value.hint


@pytest.mark.practice(16)
@pytest.mark.practice(74)
def test_nobody_raises_the_voice(house: Telephone) -> None:
    assert "stay quiet yourself" in house.log("angry", answers=RIGHT)
    shouted = lint(made_of("{{ greeting }}\n\nYou MUST pay now!\n\n{{ signature }}"))
    assert {problem.code for problem in shouted} >= {"capitals", "exclamation"}


def test_a_call_at_a_time_they_chose(house: Telephone) -> None:
    answers = {"spoken_with": "Ann", "date": "wednesday", "time": "2:15 pm"}
    told = house.log("callback requested", answers=answers)
    assert "A call follows on Wed 7 Oct 2026 at 14:15, by Joe Ortiz, ask for Ann." in told
    house.log("callback requested", on=TUESDAY, answers=answers | {"time": "19:00"}, another=True)
    assert [row.at for row in house.followed()] == ["2026-10-07 14:15", "2026-10-08 08:30"], (
        "else when they open"
    )


def test_a_busy_line_is_tried_again_in_ten_minutes_or_by_a_peer(house: Telephone) -> None:
    told = house.log("busy", then="1")
    assert "put back to Mon 5 Oct 2026 at 11:10 (1 of 2 times)" in told
    (again,) = house.today(MONDAY)
    assert (again.step, again.state, again.tries) == ("call collector", "put back", 1)
    told = house.log("busy", at="11:10", then="peer")
    (again,) = house.today(MONDAY)
    assert (again.person, again.tries) == ("jim", 2)
    assert "is done" in house.log("busy", at="11:30", by="jim")
    assert house.marks() == {("A1", "call collector")}


def test_nobody_in_follows_three_times_and_then_the_ladder_goes_on(house: Telephone) -> None:
    for number, day in enumerate((MONDAY, TUESDAY, WEDNESDAY, "2026-10-08")):
        told = house.log("not in", on=day)
        assert ("A call follows" in told) == (number < 3)
    assert "No call follows: they were tried as often as is civil; the ladder goes on." in told
    assert [call.reached for call in house.calls()] == [0, 0, 0, 0]


def test_what_is_paid_is_not_called_about(house: Telephone) -> None:
    house.log("vague promise", answers=RIGHT)
    house.knows("BOLT")
    house.paid("A1")
    house.import_ledger(TUESDAY)
    (call,) = house.today(WEDNESDAY)
    assert (call.amount, call.detail["items"]) == (300_00, [["A2", 300_00]])
    house.paid("A2")
    house.import_ledger(WEDNESDAY)
    assert house.today(WEDNESDAY) == []
    assert [row.reason for row in house.followed(state="cancelled")] == ["paid"]


def test_no_ladder_is_held_and_none_passes_over_what_follows(house: Telephone) -> None:
    house.write("standard", TWO_CALLS)
    house.log("callback requested", answers={"spoken_with": "Ann", "date": "2026-10-21", "time": "10:00"})
    house.import_ledger("2026-10-20")
    house.run("2026-10-20", "08:45")
    assert [work.role for work in house.today("2026-10-20")] == ["supervisor"], "the ladder goes on"
    assert sorted(work.at is not None for work in house.today("2026-10-21")) == [False, True]


def test_one_conversation_does_for_all_calls_of_the_day(house: Telephone) -> None:
    house.write("standard", TWO_CALLS)
    house.log("vague promise", answers=RIGHT)
    house.import_ledger("2026-10-20")
    house.run("2026-10-20", "08:45")
    assert len(house.today("2026-10-20")) == 2
    told = house.log("information only", on="2026-10-20", by="sue")
    assert "“call supervisor” is done" in told
    assert [work.kind for work in house.today("2026-10-20")] == []
    assert [row.reason for row in house.followed(state="done")] == ["made with another call of the day"]


def test_a_call_that_follows_takes_the_room_of_its_own_day(house: Telephone) -> None:
    house.write("house", (house.root / "policies/house.yaml").read_text() + "capacity: {calls: 1}\n")
    house.log("vague promise", answers=RIGHT)
    house.owes("BOLT", "B1", "2026-10-01")
    house.owes("CORE", "C1", "2026-10-02")
    for account in ("BOLT", "CORE"):
        house.contact(account)
    house.import_customers(TUESDAY)
    for day, calls in ((TUESDAY, 1), (WEDNESDAY, 0), ("2026-10-08", 1)):
        house.import_ledger(day)
        assert house.run(day, "08:45").by_kind.get("call", 0) == calls, day


def test_a_busy_line_on_no_list_is_called_again_only_where_that_was_picked(house: Telephone) -> None:
    house.log("information only")
    assert house.log("busy", another=True, at="12:00").splitlines()[0].endswith("it is kept as a contact.")
    assert house.followed() == []
    house.log("busy", another=True, at="12:10", then="1")
    assert [row.at for row in house.followed()] == ["2026-10-05 12:20"]


# -- trust ---------------------------------------------------------------------------------------------------


@dataclass
class Liar:
    """Says that nothing may follow, or refuses."""

    plain: PlainRules
    refuses: bool = False
    name: str = "liar"

    def match(self, ruleset: str, facts: Facts) -> frozenset[str]:
        if self.refuses:
            raise EngineFault("the fact was refused with code 312")
        return frozenset()


@pytest.mark.parametrize("refuses", [False, True])
def test_where_the_evaluators_do_not_agree_nothing_is_done(house: Telephone, refuses: bool) -> None:
    from engine.core.cases.outcomes import rules

    plain = PlainRules({"hung up": rules(house.ws.live.outcomes["hung up"])})
    with pytest.raises(
        Refused, match="plain and liar do not agree on what follows, so nothing is done"
    ) as refused:
        house.log("hung up", then="1", evaluated_by=[plain, Liar(plain, refuses)])
    assert "please report this" in refused.value.hint
    assert house.calls() == []
    assert [work.step for work in house.today(MONDAY)] == ["call collector"]
