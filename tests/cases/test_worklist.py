"""Today's list: its order, whose it is, what a day does not take, and what went well."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine.core.language.policy import House as Rules
from engine.core.language.policy import Score
from engine.errors import NotFound, Refused
from engine.jobs.cases import Who, absences, log_call, promise
from engine.jobs.worklist import Worklist, worklist
from engine.jobs.workspace import open_workspace
from engine.store import absences as kept
from engine.store import database
from engine.store import tables as t
from tests.cases.desk import Desk, contact
from tests.cases.test_verbs import US
from tests.store.ledgers import day, moment, row, step, take_in

ON = day("23 Nov")
NAMES = {"ana": "Ana Reyes", "joe": "Joe Ortiz", "kim": "Kim Lee"}
PEOPLE = """
[people.ana]
name = "Ana Reyes"
roles = ["credit manager"]
[people.joe]
name = "Joe Ortiz"
roles = ["collector"]
calls = 2
[people.kim]
name = "Kim Lee"
roles = ["collector"]
"""
LEDGER = (
    row("ACME", "101", "1 Sep", "1 Oct", 500_00),
    row("BOLT", "201", "20 Oct", "19 Nov", 900_00),
    row("CORE", "301", "1 Aug", "31 Aug", 600_00),
    row("DELL", "401", "1 Oct", "31 Oct", 700_00, currency="EUR", rate=1.1),
)


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> str:
    """SQLite, but for the tests that ask their questions of both databases."""
    if getattr(request, "param", "") == "postgresql":
        address: str = request.getfixturevalue("postgres_url")
        return address
    shutil.copy(sqlite_template, tmp_path / "dunwell.db")
    return f"sqlite:///{tmp_path / 'dunwell.db'}"


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    engine = database.open(url)
    take_in(engine, "20 Nov", *LEDGER)
    yield engine
    engine.dispose()


@pytest.fixture
def look(engine: sa.Engine, tmp_path: Path) -> Any:
    """The list of a day, by a score and for somebody."""
    (tmp_path / "w/policies").mkdir(parents=True)
    (tmp_path / "w/dunwell.toml").write_text(PEOPLE)
    ws = open_workspace(tmp_path / "w")

    def list_(on: date = ON, score: Score = "amount and age", **more: Any) -> Worklist:
        rules = Rules(score=score, calendar="US", capacity=more.pop("capacity", {}))
        with database.reading(engine) as conn:
            return worklist(ws, conn, on=on, house=rules, **more)

    return list_


both = pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)


def put(engine: sa.Engine, *actions: dict[str, Any]) -> None:
    with database.writing(engine) as conn:
        for one in actions:
            conn.execute(sa.insert(t.action).values(**one))


def call(account: str, amount: int, person: str | None = "joe", **more: Any) -> dict[str, Any]:
    return step(account, "call collector", "call", 35, amount=amount, person=person, **more)


def accounts(found: Worklist) -> list[str]:
    return [one.work.account for one in found.entries]


def who(text: str = "23 Nov", by: str = "Joe Ortiz") -> Who:
    return Who(by, moment(text, 15), day(text))


@both
def test_the_order_is_the_houses_score(engine: sa.Engine, look: Any) -> None:
    put(
        engine,
        call("ACME", 500_00, "kim"),  # 53 days late
        call("BOLT", 900_00, "kim"),  # 4 days late
        call("CORE", 600_00, "kim"),  # 84 days late
        call("DELL", 700_00, "kim", currency="EUR"),  # 770 dollars, 23 days late
        step("", "look at the mail", "task", 0, amount=0, role="credit manager", person="ana"),
    )
    assert accounts(look(score="amount")) == ["BOLT", "DELL", "CORE", "ACME", ""]
    assert accounts(look(score="age")) == ["CORE", "ACME", "DELL", "BOLT", ""]
    assert accounts(look()) == ["CORE", "ACME", "DELL", "BOLT", ""]
    (first, *_) = look().entries
    assert (first.parts, round(first.score)) == ({"amount": 600.0, "age": 84.0}, 600_00 * (30 + 84) // 30)
    promise(engine, "ACME", day("24 Nov"), who("20 Nov"), US)
    weights: Score = {"amount": 1, "promise": 5}
    assert accounts(look(score=weights))[0] == "BOLT", "a promise of tomorrow is not due"
    found = look(day("24 Nov"), weights)
    assert accounts(found)[0] == "ACME", "today it is"
    assert found.entries[0].parts == pytest.approx({"amount": 2.699, "promise": 10.0}, abs=0.001)


def test_a_dispute_makes_no_debt_older(engine: sa.Engine, look: Any) -> None:
    put(engine, call("ACME", 500_00), call("BOLT", 900_00))
    with database.writing(engine) as conn:
        opened = {"item": "101", "reason": "price", "opened": ON, "opened_by": "joe"}
        conn.execute(sa.insert(t.dispute).values(account="ACME", **opened))
    assert accounts(look(score="age")) == ["BOLT", "ACME"]


def test_quiet_and_risk_count(engine: sa.Engine, look: Any) -> None:
    put(engine, call("ACME", 500_00, "kim"), call("CORE", 500_00, "kim"))
    log_call(engine, "CORE", "information only", who("20 Nov"), US)
    score: Score = {"quiet": 1}
    put(engine, call("CORE", 500_00, "kim", key="again"))
    found = {one.work.account: one.parts["quiet"] for one in look(score=score).entries}
    assert found == {"ACME": 3.0, "CORE": 0.1}
    with database.writing(engine) as conn:
        conn.execute(sa.update(t.customer).where(t.customer.c.account == "ACME").values(risk="High"))
    assert {one.work.account: one.score for one in look(score={"risk": 2}).entries} == {
        "ACME": 4.0,
        "CORE": 0.0,
    }


def test_a_call_that_is_due_at_a_time_stands_at_its_time(engine: sa.Engine, look: Any) -> None:
    noon = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)

    def at(moment: datetime) -> str:
        return moment.isoformat(timespec="microseconds")

    put(
        engine,
        call("ACME", 100_00, not_before_at=at(noon)),
        call("BOLT", 900_00),
        call("CORE", 200_00, not_before_at=at(noon - timedelta(hours=2))),
        call("DELL", 300_00, not_before_at=at(noon + timedelta(days=1))),
    )
    found = look()
    assert [(one.work.account, one.at) for one in found.entries] == [
        ("CORE", noon - timedelta(hours=2)),
        ("ACME", noon),
    ], "and they go before others where a day takes two calls"
    assert (found.today.number, found.not_today.number) == (2, 1)


@both
def test_what_does_not_fit_is_counted_with_its_value(engine: sa.Engine, look: Any) -> None:
    put(engine, *(call(name, 100_00 * n) for n, name in enumerate(("ACME", "BOLT", "CORE"), 1)))
    put(engine, call("DELL", 50_00, currency="EUR"), call("DELL", 70_00, key="full", state="no capacity"))
    found = look(score="amount")
    assert accounts(found) == ["CORE", "BOLT"]
    assert found.not_today.amounts == (("EUR", 50_00), ("USD", 100_00))
    assert (found.no_room.number, found.no_room.amounts) == (1, (("USD", 70_00),))
    everything = look(score="amount", everything=True)
    assert [(one.work.account, one.fits) for one in everything.entries] == [
        ("CORE", True),
        ("BOLT", True),
        ("ACME", False),
        ("DELL", False),
    ]
    assert accounts(look(score="amount", most=1)) == ["CORE"]
    log_call(engine, "CORE", "refused", who(), US)
    assert accounts(look(score="amount")) == ["BOLT"], "one call of two is made"


@both
def test_a_steps_approval_is_one_thing_and_everybody_of_the_role_sees_it(
    engine: sa.Engine, look: Any
) -> None:
    asks = {"state": "awaiting approval", "detail": '{"approve": "credit manager"}', "person": "joe"}
    put(
        engine,
        step("ACME", "day 90", "terms", 90, **asks),
        step("ACME", "day 90", "email", 90, **asks),
        call("BOLT", 100_00),
        call("CORE", 100_00, None),
    )
    assert [(one.work.state, one.work.role) for one in look(person="ana").entries] == [
        ("awaiting approval", "credit manager")
    ]
    assert accounts(look(person="joe")) in (["BOLT"], ["CORE", "BOLT"])
    assert look().today.number == 3
    assert look(person="joe").today.number + look(person="kim").today.number == 2


def test_what_nobody_owns_falls_to_the_houses_owner(engine: sa.Engine, look: Any) -> None:
    lost = step("ACME", "letter", "letter", 45, role="accounts payable", state="held address")
    put(engine, lost, step("BOLT", "visit", "task", 5, role="kim"))
    assert [one.person for one in look().entries] == ["ana", "kim"], "a task may name a person"
    assert accounts(look(person="ana")) == ["ACME"]


def test_who_is_away_and_who_is_back(engine: sa.Engine, look: Any) -> None:
    put(engine, call("ACME", 500_00), call("BOLT", 900_00))
    told = absences.absent(engine, "joe", who(), NAMES, until=day("27 Nov"), because="holiday")
    assert told == (
        "Joe Ortiz is away from Mon 23 Nov 2026 through Fri 27 Nov 2026; "
        "in that time 2 things on their list go to others who have the role."
    )
    found = look()
    assert [(one.person, one.instead_of) for one in found.entries] == [("kim", "joe"), ("kim", "joe")]
    assert [(one.person, one.until) for one in found.away] == [("joe", day("27 Nov"))]
    assert accounts(look(person="joe")) == []
    assert [one.person for one in look(day("30 Nov")).entries] == ["joe", "joe"]
    assert absences.back(engine, "joe", who("25 Nov"), NAMES) == "Joe Ortiz works again from Wed 25 Nov 2026."
    assert look(day("25 Nov")).away == ()
    assert look(day("24 Nov")).entries[0].person == "kim", "what was, stays so"
    with database.reading(engine) as conn:
        kinds = [kind for (kind,) in conn.execute(sa.select(t.journal.c.kind))]
        assert kinds[-2:] == ["absent", "back"]


def test_absences_that_cannot_be(engine: sa.Engine) -> None:
    with pytest.raises(NotFound, match="there is no person “jo”\n  did you mean “joe”"):
        absences.absent(engine, "jo", who(), NAMES, until=day("27 Nov"))
    with pytest.raises(Refused, match="is before"):
        absences.absent(engine, "joe", who(), NAMES, until=day("20 Nov"))
    with pytest.raises(Refused, match="Joe Ortiz is not away"):
        absences.back(engine, "joe", who(), NAMES)
    absences.absent(engine, "joe", who(), NAMES, until=day("4 Dec"), from_day=day("30 Nov"))
    with pytest.raises(Refused, match="is away through Fri 4 Dec 2026 already"):
        absences.absent(engine, "joe", who(), NAMES, until=day("4 Dec"), from_day=day("1 Dec"))
    absences.back(engine, "joe", who("26 Nov"), NAMES)
    with database.reading(engine) as conn:
        assert kept.away(conn, day("23 Nov")) == (), "one that is called off never was"


def test_what_went_well_since_the_last_open_day(engine: sa.Engine, look: Any) -> None:
    promise(engine, "ACME", day("23 Nov"), who("20 Nov"), US)
    assert look().wins.kept.number == 0
    take_in(engine, "27 Nov", *LEDGER[1:])
    friday = look(day("27 Nov")).wins
    assert friday.since == day("25 Nov"), "Thanksgiving is closed"
    assert (friday.kept.number, friday.kept.amounts) == (1, (("USD", 500_00),))
    assert friday.cash.amounts == (("USD", 500_00),)
    assert look(day("27 Nov"), person="joe").wins.kept.number == 1
    kim = look(day("27 Nov"), person="kim").wins
    assert (kim.kept.number, kim.cash.number) == (0, 0)
    assert look(day("30 Nov")).wins.kept.number == 1
    assert look(day("1 Dec")).wins.kept.number == 0


@pytest.fixture
def desk(tmp_path: Path, sqlite_template: Path) -> Desk:
    made = Desk(tmp_path, sqlite_template)
    made.master(*(contact(name) for name in ("ACME", "BOLT", "CORE")))
    made.ledger(
        ("ACME", "A1", "2026-08-30", "2026-09-29", "900.00"),
        ("BOLT", "B1", "2026-08-30", "2026-09-29", "400.00"),
        ("CORE", "C1", "2026-08-30", "2026-09-29", "200.00"),
    )
    return made


def test_the_list_as_it_is_drawn(desk: Desk) -> None:
    assert desk.says("worklist").startswith("Nothing is on the list.")
    desk.says("run")
    desk.says("absent", "joe", "--until", "2026-10-09", "--because", "holiday")
    assert desk.says("worklist", "--why") == (
        "2 things to do\n"
        "Joe Ortiz is away through Fri 9 Oct.\n"
        "ACME  ACME Inc.  $900.00  call collector · script first-call  Kim Lee for Joe Ortiz\n"
        "    score: 900 USD × (1 + 6 days past due ÷ 30)\n"
        "BOLT  BOLT Inc.  $400.00  call collector · script first-call  Kim Lee\n"
        "    score: 400 USD × (1 + 6 days past due ÷ 30)\n"
        "  Not today: 1 thing, $200.00; the day is full.  dunwell worklist --all\n"
        "\n"
        "  Before a call:   dunwell brief ACCOUNT\n"
        "  A call is done:  dunwell log ACCOUNT OUTCOME --with NAME\n"
    )
    whole = desk.says("worklist", "--all")
    assert "Not today: the day is full\nCORE" in whole
    value = desk.value("worklist")
    assert value["not_today"] == {"number": 1, "amounts": {"USD": "200.00"}}
    assert [(one["account"], one["person"], one["instead_of"]) for one in value["work"]] == [
        ("ACME", "kim", "joe"),
        ("BOLT", "kim", None),
    ]
    said = desk.says("absent", "joe", code=2)
    assert "say which day is the last" in said


def test_a_run_gives_nothing_to_who_is_away(desk: Desk) -> None:
    desk.says("absent", "kim", "--until", "2026-10-05")
    desk.says("run")
    work = desk.value("worklist")["work"]
    assert [(one["account"], one["person"], one["instead_of"]) for one in work] == [
        ("ACME", "joe", None),
        ("BOLT", "joe", None),
        ("CORE", "joe", None),
    ]


def test_a_broken_policy_stops_nobody_who_calls(desk: Desk) -> None:
    desk.says("run")
    desk.house.write("standard", "policy: broken\n")
    assert "things to do" in desk.says("worklist")
    assert desk.says("brief", "ACME").startswith("ACME ACME Inc.")
