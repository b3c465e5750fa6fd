"""Each guard at work in a house: on without being asked for, off only by a reason that is kept; and what the next person sees."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.core import sentences
from engine.errors import Refused
from engine.jobs import cases, messages
from engine.jobs.again import again
from engine.jobs.cases import guards as verbs
from engine.jobs.cases import wishes
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


def off(house: House, on: str, guard: str, until: str, *, account: str = "ACME", by: str = "sue") -> str:
    """Somebody sets a guard aside."""
    last, who = date.fromisoformat(until), house.who(on, by)
    return str(
        house.do(
            lambda engine: verbs.set_aside(
                house.ws, engine, account, guard, who, because="they asked us to", until=last
            )
        )
    )


def wished(house: House, on: str, rule: str, whom: str = "") -> str:
    """The customer asks for something about contact."""
    who = house.who(on, "joe")
    return str(
        house.do(lambda engine: wishes.wish(engine, "ACME", rule, who, because="asked for it", whom=whom))
    )


def closed(house: House, on: str, account: str = "ACME", at: str = "11:00") -> dict[str, str]:
    """way -> why it is closed at that hour of New York, as somebody is told who thinks of calling or writing."""

    def ask(engine: sa.Engine) -> dict[str, str]:
        with database.reading(engine) as conn:
            found = verbs.conduct(house.ws, conn, account, moment(on, at))
        return {held.way: held.why for held in reversed(found.held)}

    return dict(house.do(ask))


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
        joe = house.who(day, "joe")
        house.do(lambda engine, joe=joe: cases.log_call(engine, "ACME", "no answer", joe, house.ws.calendar))
    house.owes("ACME", "A2", "2026-10-03", "900.00")
    house.import_ledger("2026-10-08")
    assert held(house, "2026-10-08") == [("call limit", "guard calls")]
    now = told(house, "2026-10-08", "guard", "ACME")
    assert "not a call: called as often as is allowed: at most 3 in 7 days  guard calls" in now
    assert "an e-mail may go" in now
    with pytest.raises(Refused) as refused:
        off(house, "2026-10-08", "calls", "2026-10-09", by="joe")
    assert "joe may not set a guard aside: that takes a supervisor or a credit manager" in str(refused.value)
    assert "here that is Sue Chen, Ana Reyes" in str(refused.value)
    off(house, "2026-10-08", "calls", "2026-10-09")
    assert closed(house, "2026-10-08") == {}
    assert house.run("2026-10-08", at="12:00").by_kind == {"call": 1}
    assert house.journal("guard set aside")[0]["by"] == "sue"


def test_a_natural_person_is_left_in_peace_after_a_conversation(build: Callable[..., House]) -> None:
    house = build(CALLS, natural_person="yes")
    house.run("2026-10-05")
    joe = house.who("2026-10-05", "joe")
    house.do(lambda engine: cases.log_call(engine, "ACME", "vague promise", joe, house.ws.calendar))
    assert closed(house, "2026-10-09") == {
        "call": "somebody was spoken with on Mon 5 Oct 2026, and consumer law may apply: not before Mon 12 Oct 2026"
    }
    assert closed(house, "2026-10-12") == {}


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
    off(house, "2026-10-05", "hours", "2026-10-10", account="CORE", by="Ana Reyes")
    house.run("2026-10-05", at="21:30")
    assert not_before(house) == {"ACME": "06 08:00", "BOLT": "05 21:30", "CORE": "05 21:30"}
    night = "it is 21:30 where they are, and the hours are 8:00 to 21:00"
    assert closed(house, "2026-10-05", at="21:30") == {"call": night, "email": night}
    assert closed(house, "2026-10-05", "BOLT", "21:30") == closed(house, "2026-10-05", "CORE", "21:30") == {}


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
    off(house, "2026-10-05", "insolvency", "2026-10-10")
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
    through = "everything goes through the customer's attorney"
    assert closed(house, "2026-10-05") == {"call": through, "letter": through}


def test_nobody_is_called_on_a_holiday_where_they_are(build: Callable[..., House]) -> None:
    house = build(CALLS, HOUSE.replace("calendar: none", "calendar: US"), country="AT")
    house.paid("A1")
    house.owes("ACME", "A2", "2026-10-21")
    house.import_ledger("2026-10-23")
    assert held(house, "2026-10-26") == [("holiday there", "guard holidays")]
    assert closed(house, "2026-10-26") == {"call": "it is National Day where they are"}
    off(house, "2026-10-26", "holidays", "2026-10-26")
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
    house.do(lambda engine: cases.approve(engine, "ACME", house.who("2026-10-05")))
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
    assert set(closed(house, "2026-10-20", "BOLT")) == {"email", "letter"}  # a call is how one asks
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
    joe = house.who("2026-10-20", "joe")
    with pytest.raises(Refused, match="nobody has said how the recipient was confirmed"):
        house.do(lambda engine: wishes.lift_wish(engine, "ACME", "confirm first", joe))
    why = "Ms Lee confirmed it by telephone"
    house.do(lambda engine: wishes.lift_wish(engine, "ACME", "confirm first", joe, because=why))
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
    assert "$1,200.00" in listed
    assert "$" not in told(house, "2026-10-05", "worklist", "--shared")  # for a list that strangers can read
    master(house, ACME, on="2026-10-06", at="06:30")  # a new master does not undo it
    assert held(house, "2026-10-06") == [("no calls wanted", "guard wishes")]
    told(house, "2026-10-06", "contact-rule", "ACME", "no calls", "--lift", "--by", "joe")
    assert house.run("2026-10-07").by_kind == {"call": 1}
    assert [work.state for work in house.worklist("2026-10-07")] == ["planned"]


def test_what_one_person_asked_for_is_theirs_alone(build: Callable[..., House]) -> None:
    house = build(MAILS)
    second = {"contact": "Bo Hart", "email": "bo@acme.example.com"}
    master(house, ACME, ACME | second, at="07:30")
    assert "bo hart of ACME: no contact" in wished(house, "2026-10-05", "no contact", "bo hart")
    assert house.run("2026-10-05").by_kind == {"email": 1}
    assert recipients(house, "2026-10-05") == ("ap@acme.example.com",)
    wished(house, "2026-10-06", "no contact", "ap@acme.example.com")
    assert closed(house, "2026-10-06")["email"] == "the customer wants no contact"
    assert decided_again(house, "2026-10-06") == ["no contact wanted"]


def test_email_only_lets_no_planned_letter_go(build: Callable[..., House]) -> None:
    house = build(MAILS.replace("email: friendly-reminder", "letter: friendly-reminder"))
    house.run("2026-10-05")
    wished(house, "2026-10-05", "email only")
    assert decided_again(house, "2026-10-05") == ["email only"]


def test_a_rule_that_cannot_be_is_refused_and_changes_nothing(build: Callable[..., House]) -> None:
    house = build(CALLS)
    for words, sentence in (
        (("no cals", "--because", "x"), "there is no rule about contact “no cals”"),
        (("no calls",), "say why"),
    ):
        said = says(house, "2026-10-05", "contact-rule", "ACME", *words)
        assert said.code in (1, 2)
        assert sentence in said.err
    for rule, whom, sentence in (
        ("no calls", "Nobody", "there is no contact “Nobody” of ACME"),
        ("via attorney", "Lee & Co", "is no address of e-mail"),
        ("confirm first", "", "comes by itself, when a recipient has changed"),
    ):
        with pytest.raises(Refused, match=sentence):
            wished(house, "2026-10-05", rule, whom)
    with pytest.raises(Refused, match="“no calls” is not on record for ACME"):
        house.do(lambda engine: wishes.lift_wish(engine, "ACME", "no calls", house.who("2026-10-05")))
    assert house.rows(sa.select(t.contact_rule)) == []


# -- exceptions ----------------------------------------------------------------------------------------------------------


def test_the_report_lists_every_guard_and_the_exceptions_in_force(build: Callable[..., House]) -> None:
    house = build(CALLS)
    words = ("--off", "--because", "asked us to ring daily", "--until", "2026-10-20", "--by", "sue")
    told(house, "2026-10-05", "guard", "ACME", "calls", *words)
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
        with pytest.raises(Refused, match=sentence):
            off(house, "2026-10-05", name, until)
    bare = says(house, "2026-10-05", "guard", "ACME", "calls", "--off", "--until", "2026-10-10")
    assert bare.code == 2
    assert "say why" in bare.err
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
