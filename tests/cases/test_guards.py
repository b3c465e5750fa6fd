"""Each guard at work in a house: on without being asked for, off only by a reason that is kept; and what the next person sees."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.core import sentences
from engine.errors import Refused
from engine.jobs import cases, messages
from engine.jobs.again import again
from engine.jobs.cases import guards as verbs
from engine.store import database, journal
from engine.store import tables as t
from tests.cases.office import HOUSE, master, open_house, says, told
from tests.jobs.world import STANDARD, ZONE, House, moment

MAILS = """
policy: Mails
clock: due date
steps:
  - day: 5
    email: friendly-reminder
  - day: 20
    email: firm-reminder
"""
CALLS = """
policy: Calls
clock: due date
steps:
  - day: 5
    call: collector
    script: first-call
"""
HEAVY = """
policy: Heavy
clock: due date
steps:
  - day: 5
    hold: orders
"""
ACME = {"customer number": "ACME"}
LATE = HOUSE.replace("weekdays 8:30-17:00", "every day 6:00-23:00")


@pytest.fixture
def build(tmp_path: Path, sqlite_template: Path) -> Callable[..., House]:
    """A house in which ACME owes an invoice that is five days late on Mon 5 Oct 2026."""

    def made(policy: str = STANDARD, house: str = HOUSE, **customer: str) -> House:
        found = open_house(tmp_path, sqlite_template, house=house, policies={"standard": policy})
        found.owes("ACME", "A1", "2026-09-30")
        master(found, ACME | {name.replace("_", " "): value for name, value in customer.items()})
        found.import_ledger("2026-10-05")
        return found

    return made


def went(house: House) -> list[str]:
    """Whom mail has gone to."""
    return [str(mail["To"]) for mail in house.mails()]


def held(house: House, on: str) -> list[tuple[str, str]]:
    """What a run of the day holds: the reason, and the guard or the line."""
    groups = house.run(on).held
    return [(group.reason.value, str(group.place) if group.place else "") for group in groups]


def decided_again(house: House, on: str) -> list[str]:
    """What the last decision before sending says of everything planned; empty: it goes."""
    keys = [key for (key,) in house.rows(sa.select(t.action.c.key).where(t.action.c.state == "planned"))]

    def ask(engine: sa.Engine) -> list[str]:
        with database.reading(engine) as conn:
            return [one.reason for one in again(house.ws, conn, keys, moment(on, "11:00")).values()]

    return list(house.do(ask))


def recipients(house: House, on: str) -> tuple[str, ...]:
    """Whom a message to ACME would go to."""

    def ask(engine: sa.Engine) -> tuple[str, ...]:
        with database.reading(engine) as conn:
            return messages.recipients(conn, "ACME", "accounts payable", moment(on, "11:00").date())

    return tuple(house.do(ask))


# -- calls -------------------------------------------------------------------------------------------------------------


def test_a_fourth_call_in_seven_days_is_held_until_a_supervisor_says_why(build: Callable[..., House]) -> None:
    house = build(CALLS)
    house.run("2026-10-05")
    for day in ("2026-10-05", "2026-10-06", "2026-10-07"):
        told(house, day, "log", "ACME", "no answer", "--by", "joe")
    house.owes("ACME", "A2", "2026-10-03", "900.00")
    house.import_ledger("2026-10-08")
    assert held(house, "2026-10-08") == [("call limit", "guard calls")]
    # The same functions answer somebody who thinks of calling.
    now = told(house, "2026-10-08", "guard", "ACME")
    assert "not a call: called as often as is allowed: at most 3 in 7 days  guard calls" in now
    assert "an e-mail may go" in now
    off = ("guard", "ACME", "calls", "--off", "--because", "they asked us to ring", "--until", "2026-10-09")
    refused = says(house, "2026-10-08", *off, "--by", "joe")
    assert refused.code == 1
    assert "joe may not set a guard aside: that takes a supervisor or a credit manager" in refused.err
    assert "Sue Chen, Ana Reyes" in refused.err
    told(house, "2026-10-08", *off, "--by", "sue")
    assert "a call may be made" in told(house, "2026-10-08", "guard", "ACME")
    assert house.run("2026-10-08", at="12:00").by_kind == {"call": 1}
    assert house.journal("guard set aside")[0]["by"] == "sue"


def test_a_natural_person_is_left_in_peace_after_a_conversation(build: Callable[..., House]) -> None:
    house = build(CALLS, natural_person="yes")
    house.run("2026-10-05")
    told(house, "2026-10-05", "log", "ACME", "vague promise", "--with", "Ann Lee", "--by", "joe")
    now = told(house, "2026-10-09", "guard", "ACME")
    assert "somebody was spoken with on Mon 5 Oct 2026" in now
    assert "not before Mon 12 Oct 2026" in now
    assert "a call may be made" in told(house, "2026-10-12", "guard", "ACME")


# -- hours -------------------------------------------------------------------------------------------------------------


def not_before(house: House) -> dict[str, str]:
    """account -> the hour of New York before which its mail does not go."""
    query = sa.select(t.action.c.account, t.outbox.c.not_before).join_from(t.outbox, t.action)
    hours = {account: datetime.fromisoformat(at).astimezone(ZONE) for account, at in house.rows(query)}
    return {account: f"{at:%d %H:%M}" for account, at in hours.items()}


def test_a_natural_person_is_not_written_to_at_night(build: Callable[..., House]) -> None:
    house = build(MAILS, LATE, natural_person="yes")
    for number in ("BOLT", "CORE"):
        house.owes(number, f"{number[0]}1", "2026-09-30")
    master(
        house, {"customer number": "BOLT"}, {"customer number": "CORE", "natural person": "yes"}, at="06:30"
    )
    house.import_ledger("2026-10-05", at="07:30")
    off = ("--off", "--because", "works at night", "--until", "2026-10-10", "--by", "Ana Reyes")
    told(house, "2026-10-05", "guard", "CORE", "hours", *off)
    house.run("2026-10-05", at="21:30")
    assert not_before(house) == {"ACME": "06 08:00", "BOLT": "05 21:30", "CORE": "05 21:30"}
    assert "the hours are 8:00 to 21:00" in told(house, "2026-10-05", "guard", "ACME", at="21:30")
    for free in ("BOLT", "CORE"):
        assert "an e-mail may go" in told(house, "2026-10-05", "guard", free, at="21:30")


def test_mail_that_was_planned_by_day_waits_for_the_morning_of_a_person(build: Callable[..., House]) -> None:
    house = build(MAILS, LATE, natural_person="yes")
    house.run("2026-10-05")
    waits = house.deliver("2026-10-05", at="21:30")
    assert went(house) == []
    assert waits.waiting == 1


# -- insolvency, attorney, holidays --------------------------------------------------------------------------------------


def test_an_insolvent_customer_hears_nothing_though_the_house_forgot(build: Callable[..., House]) -> None:
    house = build(MAILS, insolvent="yes")
    assert house.run("2026-10-05").by_kind == {}
    why = told(house, "2026-10-05", "explain", "ACME")
    assert "left to people" in why
    assert "guard insolvency" in why
    off = ("--off", "--because", "the administrator asked for it", "--until", "2026-10-10", "--by", "ana")
    told(house, "2026-10-05", "guard", "ACME", "insolvency", *off)
    assert house.run("2026-10-05", at="12:00").by_kind == {"email": 1}


def test_with_an_attorney_everything_goes_there_or_is_left_to_people(build: Callable[..., House]) -> None:
    house = build(MAILS, attorney="yes")
    assert house.run("2026-10-05").by_kind == {}
    assert "an attorney acts for the customer" in told(house, "2026-10-05", "guard", "ACME")
    rule = (
        "contact-rule",
        "ACME",
        "via attorney",
        "--whom",
        "lee@law.example.org",
        "--because",
        "their letter",
    )
    said = told(house, "2026-10-05", *rule, "--by", "joe")
    assert "every e-mail goes to lee@law.example.org" in said
    house.day("2026-10-05", at="12:00")
    assert went(house) == ["lee@law.example.org"]
    assert "Dear Sir or Madam" in str(house.mails()[0].get_body(("plain",)))
    now = told(house, "2026-10-05", "guard", "ACME")
    assert "not a call: everything goes through the customer's attorney" in now
    assert "an e-mail may go" in now


def test_nobody_is_called_on_a_holiday_where_they_are(build: Callable[..., House]) -> None:
    house = build(CALLS, HOUSE.replace("calendar: none", "calendar: US"), country="AT")
    house.paid("A1")
    house.owes("ACME", "A2", "2026-10-21")
    house.import_ledger("2026-10-23")
    assert held(house, "2026-10-26") == [("holiday there", "guard holidays")]
    now = told(house, "2026-10-26", "guard", "ACME")
    assert "not a call: it is National Day where they are" in now
    assert "an e-mail may go" in now
    off = ("--off", "--because", "they work that day", "--until", "2026-10-26", "--by", "sue")
    told(house, "2026-10-26", "guard", "ACME", "holidays", *off)
    assert house.run("2026-10-26", at="12:00").by_kind == {"call": 1}


# -- what weighs on people -----------------------------------------------------------------------------------------------


def test_a_hold_on_a_natural_person_waits_for_a_yes_without_the_policys_word(
    build: Callable[..., House],
) -> None:
    house = build(HEAVY, legal_form="sole trader")
    house.run("2026-10-05")
    assert [(work.state, work.role) for work in house.worklist("2026-10-05")] == [
        ("awaiting approval", "credit manager")
    ]
    told(house, "2026-10-05", "approve", "ACME", "--by", "ana")
    house.run("2026-10-05", at="12:00")
    assert [state for _, _, state in house.states()] == ["planned"]
    assert decided_again(house, "2026-10-05") == [""]


def test_what_became_a_natural_persons_since_it_was_planned_does_not_go(build: Callable[..., House]) -> None:
    house = build(HEAVY)
    house.run("2026-10-05")
    assert decided_again(house, "2026-10-05") == [""]
    master(house, ACME | {"natural person": "yes"}, on="2026-10-05", at="10:30")
    assert decided_again(house, "2026-10-05") == ["needs approval"]


# -- the recipient ------------------------------------------------------------------------------------------------------


def test_a_recipient_that_has_changed_is_confirmed_by_a_person_first(build: Callable[..., House]) -> None:
    house = build(MAILS)
    others = [{"customer number": number} for number in ("BOLT", "CORE", "DUNE")]
    for other in others:
        number = other["customer number"]
        house.owes(number, f"{number[0]}1", "2026-09-30")
    master(house, *others, at="06:30")
    house.import_ledger("2026-10-05", at="07:30")
    house.day("2026-10-05")
    assert len(went(house)) == 4
    bolt, core, dune = others
    master(
        house,
        ACME | {"email": "ap@acme-payments.example.net"},  # a strange domain
        bolt | {"customer name": "Zenith Trading Ltd."},  # a strange name
        core | {"email": "lee@core.example.com", "contact": "Ann Lee", "customer name": "Core Holdings"},
        {**dune, "customer number": "EDGE", "email": "ap@edge.example.net"},  # whom we never wrote to
        on="2026-10-12",
    )
    house.import_ledger("2026-10-20")
    assert house.run("2026-10-20").by_kind == {"email": 2}
    work = house.worklist("2026-10-20")
    assert {(one.account, one.state, one.detail["held"]) for one in work} == {
        ("ACME", "held address", "recipient changed"),
        ("BOLT", "held address", "recipient changed"),
    }
    assert "The recipient has changed" in told(house, "2026-10-20", "worklist")
    now = told(house, "2026-10-20", "guard", "BOLT")
    assert "a call may be made" in now
    assert "not an e-mail: the recipient has changed since we last wrote" in now
    rules = json.loads(told(house, "2026-10-20", "guards", "--json"))["contact_rules"]
    assert [(rule["account"], rule["rule"], rule["whom"], rule["because"]) for rule in rules] == [
        (
            "ACME",
            "confirm first",
            "ap@acme-payments.example.net",
            "the master said ap@acme.example.com, and now says ap@acme-payments.example.net",
        ),
        ("BOLT", "confirm first", None, "the master said “BOLT Inc.”, and now says “Zenith Trading Ltd.”"),
    ]
    lift = ("contact-rule", "ACME", "confirm first", "--lift", "--by", "joe")
    refused = says(house, "2026-10-20", *lift)
    assert refused.code == 1
    assert "nobody has said how the recipient was confirmed" in refused.err
    told(house, "2026-10-20", *lift, "--because", "Ms Lee confirmed it by telephone")
    assert house.run("2026-10-21").by_kind == {"email": 1}
    assert recipients(house, "2026-10-21") == ("ap@acme-payments.example.net",)


# -- what the customer asked for ------------------------------------------------------------------------------------------


def test_no_calls_holds_the_call_on_the_list_at_once_and_a_person_decides(
    build: Callable[..., House],
) -> None:
    house = build(CALLS)
    house.run("2026-10-05")
    said = told(house, "2026-10-05", "contact-rule", "ACME", "no calls", "--because", "asked us to write")
    assert said.strip() == "ACME: no calls until somebody lifts it. 1 call on the list is held."
    listed = told(house, "2026-10-05", "worklist")
    assert "no calls wanted" in listed
    assert "The customer wants no calls" in listed
    master(house, ACME, on="2026-10-06", at="06:30")  # a new master does not undo it
    assert held(house, "2026-10-06") == [("no calls wanted", "guard wishes")]
    told(house, "2026-10-06", "contact-rule", "ACME", "no calls", "--lift", "--by", "joe")
    assert house.run("2026-10-07").by_kind == {"call": 1}
    assert [work.state for work in house.worklist("2026-10-07")] == ["planned"]


def test_what_one_person_asked_for_is_theirs_alone(build: Callable[..., House]) -> None:
    house = build(MAILS)
    second = {"contact": "Bo Hart", "email": "bo@acme.example.com"}
    master(house, ACME, ACME | second, at="07:30")
    rule = ("contact-rule", "ACME", "no contact", "--whom", "bo hart", "--because", "has left")
    assert "bo hart of ACME: no contact" in told(house, "2026-10-05", *rule)
    assert house.run("2026-10-05").by_kind == {"email": 1}
    assert recipients(house, "2026-10-05") == ("ap@acme.example.com",)
    both = ("contact-rule", "ACME", "no contact", "--whom", "ap@acme.example.com", "--because", "asked")
    told(house, "2026-10-06", *both)
    assert "not an e-mail: the customer wants no contact" in told(house, "2026-10-06", "guard", "ACME")
    assert decided_again(house, "2026-10-06") == ["no contact wanted"]


def test_email_only_lets_no_planned_letter_go(build: Callable[..., House]) -> None:
    house = build(MAILS.replace("email: friendly-reminder", "letter: friendly-reminder"))
    house.run("2026-10-05")
    told(house, "2026-10-05", "contact-rule", "ACME", "email only", "--because", "paperless office")
    assert decided_again(house, "2026-10-05") == ["email only"]


def test_a_rule_that_cannot_be_is_refused_and_changes_nothing(build: Callable[..., House]) -> None:
    house = build(CALLS)
    for words, sentence in (
        (("no cals", "--because", "x"), "there is no rule about contact “no cals”"),
        (("no calls",), "say why"),
        (("no calls", "--because", "x", "--whom", "Nobody"), "there is no contact “Nobody” of ACME"),
        (("no calls", "--because", "x", "--until", "2026-01-01"), "is past"),
        (("via attorney", "--because", "x", "--whom", "Lee & Co"), "is no address of e-mail"),
        (("confirm first", "--because", "x"), "comes by itself, when a recipient has changed"),
        (("no calls", "--lift"), "“no calls” is not on record for ACME"),
    ):
        said = says(house, "2026-10-05", "contact-rule", "ACME", *words)
        assert said.code in (1, 2)
        assert sentence in said.err
    assert house.rows(sa.select(t.contact_rule)) == []


# -- exceptions ----------------------------------------------------------------------------------------------------------


def test_the_report_lists_every_guard_and_the_exceptions_in_force(build: Callable[..., House]) -> None:
    house = build(CALLS)
    off = ("--off", "--because", "asked us to ring daily", "--until", "2026-10-20", "--by", "sue")
    told(house, "2026-10-05", "guard", "ACME", "calls", *off)
    found = json.loads(told(house, "2026-10-05", "guards", "--json"))
    on = {guard["name"]: guard["on"] for guard in found["guards"]}
    assert [name for name, is_on in on.items() if not is_on] == ["contacts", "fresh"]
    assert found["exceptions"] == [
        {
            "account": "ACME",
            "guard": "calls",
            "from": "2026-10-05",
            "until": "2026-10-20",
            "because": "asked us to ring daily",
            "by": "sue",
        }
    ]
    drawn = told(house, "2026-10-05", "guards")
    assert "ACME  calls  through Tue 20 Oct 2026  sue  asked us to ring daily" in drawn
    assert "1 exception in force" in drawn
    assert json.loads(told(house, "2026-10-21", "guards", "--json"))["exceptions"] == []
    assert "the guard “calls” holds again" in told(house, "2026-10-06", "guard", "ACME", "calls", "--lift")
    assert json.loads(told(house, "2026-10-06", "guards", "--json"))["exceptions"] == []
    house.do(_verified)


def _verified(engine: sa.Engine) -> None:
    with database.reading(engine) as conn:
        journal.verify(conn)


def test_an_exception_that_cannot_be_is_refused_and_changes_nothing(build: Callable[..., House]) -> None:
    house = build(CALLS)
    for name, until, sentence in (
        ("cals", "2026-10-10", "there is no guard “cals”"),
        ("calls", "2026-10-04", "is past"),
        ("calls", "2026-11-04", "an exception holds 30 days at most, and this one would hold 31"),
        ("once", "2026-10-10", "the guard “once” is never set aside"),
        ("gap", "2026-10-10", "the guard “gap” is never set aside"),
        ("wishes", "2026-10-10", "the guard “wishes” is never set aside"),
    ):
        off = ("--off", "--because", "x", "--until", until, "--by", "ana")
        said = says(house, "2026-10-05", "guard", "ACME", name, *off)
        assert said.code == 1
        assert sentence in said.err
    assert house.rows(sa.select(t.guard_override)) == []


def test_the_house_says_how_long_an_exception_holds(build: Callable[..., House]) -> None:
    house = build(CALLS, HOUSE + "guards: {exceptions: 3 days}\n")
    ana = house.who("2026-10-05")
    with pytest.raises(Refused, match="an exception holds 3 days at most"):
        house.do(
            lambda engine: verbs.set_aside(
                house.ws,
                engine,
                "ACME",
                "calls",
                ana,
                because="x",
                until=moment("2026-10-08", "10:00").date(),
            )
        )


# -- cooling off ----------------------------------------------------------------------------------------------------------


def test_a_pause_after_an_angry_call_holds_every_step_through_its_day(build: Callable[..., House]) -> None:
    house = build(MAILS)
    joe = house.who("2026-10-05", "joe")
    until = moment("2026-10-06", "10:00").date()
    house.do(lambda engine: cases.pause(engine, "ACME", joe, because="angry: cooling off", until=until))
    assert held(house, "2026-10-05") == [("paused", "")]
    assert held(house, "2026-10-06") == [("paused", "")]
    assert house.run("2026-10-07").by_kind == {"email": 1}


# -- bank details --------------------------------------------------------------------------------------------------------


def test_a_mail_about_bank_details_becomes_a_task_that_says_never_to_take_them() -> None:
    task = sentences.answer_mail("Ann Lee", "Please pay to our new IBAN from now on", "Re: reminder")
    assert "never take or send new ones by e-mail" in task
    assert "bank" not in sentences.answer_mail("Ann Lee", "We pay on Friday", "Re: reminder")
