"""Four months of a small house, and what its report says of them to the credit manager."""

from __future__ import annotations

import json
import shutil
import threading
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine.jobs import cases, reviews
from engine.jobs.cases import Who
from engine.jobs.cases.promises import promised
from engine.jobs.duties import DUTIES
from engine.store import database, marks, outbox, sending
from engine.store import tables as t
from tests.cli.conftest import Said, run
from tests.jobs.world import HOUSE, House, moment

NEW_YEAR = moment("2027-01-11", "10:00")


def owes(house: House, account: str, item: str, dated: str, due: str, amount: str = "1200.00") -> None:
    house.items[item] = (account, f"{account} Inc.", dated, due, amount)


def call(house: House, on: str, account: str, outcome: str, by: str, spoke: str = "") -> None:
    calendar = house.ws.calendar
    who = Who(by, moment(on, "11:00"), date.fromisoformat(on))
    house.do(lambda engine: cases.log_call(engine, account, outcome, who, calendar, spoken_with=spoke))


def agree(house: House, on: str, account: str, pays: str, **more: Any) -> None:
    """A promise, or an instalment of a plan."""

    def work(engine: sa.Engine) -> None:
        with database.writing(engine) as conn:
            promised(conn, account, date.fromisoformat(pays), house.who(on), house.ws.calendar, **more)

    house.do(work)


def sends(house: House, on: str) -> None:
    """The day is decided, and its messages are told as sent: no page is made of them, which would take long."""
    house.run(on)
    at, evidence = moment(on, "10:00"), {"test": "told as if it had gone"}

    def work(engine: sa.Engine) -> None:
        with database.writing(engine) as conn:
            for row in outbox.listed(conn, outbox.WAITING):
                mine = sending.claim(conn, row, "ana", at)
                assert mine is not None
                payload = {**mine.payload, "evidence": evidence}
                sending.settle(conn, mine, outbox.SENT, reason=None, at=at, payload=payload)
                marks.take(conn, row.key, at, date.fromisoformat(on))

    house.do(work)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> House:
    """ACME pays after a friendly mail. BOLT hangs up, promises, breaks it, pays after a firm letter. CITY is never late."""
    folder = tmp_path_factory.mktemp("report")
    shutil.copy(sqlite_template, folder / "dunwell.db")
    rules = HOUSE.replace("answer: 7 days", "answer: 5 days")
    house = House(folder, f"sqlite:///{folder / 'dunwell.db'}", house=rules)
    for account in ("ACME", "BOLT", "CITY", "DUKE"):
        house.contact(account)
        owes(house, account, f"{account}-08", "2026-08-01", "2026-08-15")
    owes(house, "CITY", "CITY-LONG", "2026-08-01", "2027-06-30")
    house.import_customers("2026-08-01")
    house.import_ledger("2026-08-10")
    house.paid("ACME-08", "BOLT-08", "CITY-08")
    house.import_ledger("2026-08-14")
    house.paid("DUKE-08")  # late, the first time
    house.import_ledger("2026-08-20")
    for account in ("ACME", "BOLT", "DUKE"):
        owes(house, account, f"{account}-10", "2026-09-10", "2026-09-30")
    house.import_ledger("2026-09-11")
    house.import_ledger("2026-10-05")
    sends(house, "2026-10-05")  # the friendly reminder of day 5: ACME, BOLT, DUKE
    house.paid("ACME-10")
    house.import_ledger("2026-10-09")
    house.import_ledger("2026-10-13")
    sends(house, "2026-10-13")  # the call of day 10
    call(house, "2026-10-13", "BOLT", "hung up", "joe")
    call(house, "2026-10-13", "DUKE", "no answer", "sue")
    call(house, "2026-10-13", "BOLT", "promise to pay", "joe", "Ana Reyes")
    agree(house, "2026-10-13", "BOLT", "2026-10-16", call=3)
    call(house, "2026-10-13", "DUKE", "payment plan agreed", "sue", "Bo Berg")
    house.do(lambda engine: _plan(engine))
    for number, (pays, amount) in enumerate((("2026-10-19", 400_00), ("2026-10-26", 400_00)), 1):
        items = ["DUKE-10"] if number == 1 else ["DUKE-X"]
        if number == 2:
            owes(house, "DUKE", "DUKE-X", "2026-09-11", "2026-10-01", "400.00")
            house.import_ledger("2026-10-14")
        agree(
            house,
            "2026-10-14",
            "DUKE",
            pays,
            amount=amount,
            items=items,
            kind="instalment",
            plan=1,
            number=number,
        )
    house.paid("DUKE-10")
    house.import_ledger("2026-10-19")
    house.import_ledger("2026-10-21")  # the promise of BOLT is broken
    call(house, "2026-10-20", "BOLT", "vague promise", "joe", "Carl Cole")
    sends(house, "2026-10-22")  # the firm letter of day 20
    call(house, "2026-10-23", "BOLT", "promise to pay", "joe", "carl cole ")
    house.paid("BOLT-10", "DUKE-X")
    house.import_ledger("2026-10-27")
    owes(house, "ACME", "ACME-12", "2026-12-10", "2027-01-30")
    house.import_ledger("2026-12-15")
    house.import_ledger("2027-01-11")
    return house


def _plan(engine: sa.Engine) -> None:
    with database.writing(engine) as conn:
        row = {"account": "DUKE", "made_on": date(2026, 10, 13), "until": date(2026, 11, 30), "state": "kept"}
        conn.execute(sa.insert(t.plan).values(**row, by="sue", amount=800_00, currency="USD"))


def reported(house: House, *options: str) -> Said:
    said = run("--workspace", str(house.root), "report", *options, at=NEW_YEAR)
    assert said.code == 0, said.err
    return said


@pytest.fixture(scope="module")
def october(house: House) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(reported(house, "--month", "2026-10", "--json").out)
    return found


def figure(found: dict[str, Any], name: str) -> tuple[Any, Any, Any]:
    one = next(each for each in found["figures"] if each["name"] == name)
    return one["value"], one["part"], one["of"]


def table(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in found["tables"] if each["name"] == name)


@pytest.mark.practice(2)
def test_hang_ups_are_told_by_name_and_are_no_score(house: House, october: dict[str, Any]) -> None:
    rows = table(october, "hang-ups")["rows"]
    assert [(row["caller"], row["calls"], row["hang ups"]) for row in rows] == [
        ("Joe Ortiz", 4, 1),
        ("Sue Chen", 2, 0),
    ]
    page = reported(house, "--month", "2026-10", "--all").out
    assert "For information, never a score" in page
    house.write(
        "house", (house.root / "policies/house.yaml").read_text("utf-8") + "bands: {hang-ups: at most 5%}\n"
    )
    try:
        said = run("--workspace", str(house.root), "check", at=NEW_YEAR)
        assert "never a score, and has no band" in said.err
    finally:
        _bands(house, "")


@pytest.mark.practice(44)
def test_accounts_that_still_buy_ninety_days_on(house: House) -> None:
    """ACME was written to on 5 October and invoiced in December; BOLT and DUKE bought nothing more."""
    found = json.loads(reported(house, "--month", "2027-01", "--json").out)
    assert figure(found, "still buying") == (pytest.approx(33.3333), 1, 3)
    page = reported(house, "--month", "2027-01", "--all").out
    assert "still buying: correlation, not cause" in page


@pytest.mark.practice(46)
def test_the_share_that_is_late_and_for_how_many_it_is_the_first_time(house: House) -> None:
    found = json.loads(reported(house, "--to", "2026-10-08", "--json").out)
    assert figure(found, "accounts past due") == (75.0, 3, 4)
    assert figure(found, "first time past due") == (pytest.approx(66.6667), 2, 3)  # DUKE was late in August
    assert "accounts past due: usual is under 4% of accounts" in reported(house, "--to", "2026-10-08").out


@pytest.mark.practice(48)
def test_how_soon_late_accounts_are_contacted(october: dict[str, Any]) -> None:
    """Past due on 1 October, and first written to on the 5th."""
    assert figure(october, "contact latency") == (4.0, None, 3)


@pytest.mark.practice(50)
def test_what_customers_can_keep_by_arrangement(october: dict[str, Any]) -> None:
    rows = {
        row["arrangement"]: (row["due"], row["kept"]) for row in table(october, "kept by arrangement")["rows"]
    }
    assert rows == {"a promise to pay": (1, 0), "a plan of up to 3 instalments": (2, 2)}
    assert figure(october, "promises kept") == (pytest.approx(66.6667), 2, 3)
    assert figure(october, "promises broken")[0] == pytest.approx(33.3333)


@pytest.mark.practice(51)
def test_what_followed_by_tone(house: House, october: dict[str, Any]) -> None:
    """ACME and the second time DUKE paid within a week of a friendly mail, BOLT within a week of the firm letter."""
    rows = {row["tone"]: (row["messages"], row["paid"]) for row in table(october, "outcomes by tone")["rows"]}
    assert rows["courteous"] == (4, 50.0)
    assert rows["firm"][1] == 100.0
    assert table(october, "outcomes by tone")["beside"].startswith("Correlation, not cause")


@pytest.mark.practice(76)
def test_follow_ups_that_reach_the_same_person(october: dict[str, Any]) -> None:
    """After Ana Reyes it was Carl Cole who answered, and then Carl Cole again."""
    assert figure(october, "same-person follow-up") == (50.0, 1, 2)


# -- bands ---------------------------------------------------------------------------------------------------------------


def _bands(house: House, text: str) -> None:
    plain = (house.root / "policies/house.yaml").read_text("utf-8").partition("bands:")[0]
    house.write("house", plain + text)


@pytest.mark.practice(31)
def test_a_figure_outside_its_band_asks_for_a_review(house: House) -> None:
    """As of 11 January everything open is current; 30 days of nothing paid are a bad month all the same."""
    _bands(house, "bands: {overdue share: at most 20%, current share: at most 50%, CEI: at least 75}\n")
    clock, stop = (lambda: NEW_YEAR), threading.Event()
    assert "engine.jobs.reviews:work" in {duty.work for duty in DUTIES}  # the service does it by itself
    assert house.do(lambda engine: _due(engine, house))
    assert house.do(lambda engine: reviews.work(house.ws, clock, stop)) == [
        "3 figures have a band; 1 has left it: 1 new task."
    ]
    assert not house.do(lambda engine: _due(engine, house))  # nothing more until the next ledger
    listed = run("--workspace", str(house.root), "worklist", "--on", "2027-01-11", at=NEW_YEAR).out
    assert "current share is 100.0%, its band" in listed
    (task,) = [work for work in house.worklist("2027-01-11") if work.step.startswith("policy review")]
    assert task.person == "ana"  # who has the role of the house's owner
    assert "its band is at most 50% (house.yaml:" in task.detail["what"]
    assert "review the policies. Its mean over the 5 months before was" in task.detail["what"]
    evidence = task.detail["review"]
    assert (evidence["figure"], evidence["value"], evidence["to"]) == ("current share", 100.0, "2027-01-11")
    assert [each["to"] for each in evidence["trend"]][-2:] == ["2026-12-11", "2027-01-11"]

    again = reported(house, "--review").out  # by hand, in the same month
    assert "1 has left it: the tasks of this month are there already." in again
    assert "current share is 100.0%, its band is at most 50% (house.yaml:" in again
    body = house.journal("action")[-1]
    assert (body["by"], body["kind"]) == ("the report", "task")
    ended = run("--workspace", str(house.root), "done", "policy review: current share", at=NEW_YEAR)
    assert ended.out == "“policy review: current share” is done.\n"
    assert "there already" in reported(house, "--review").out  # once a month, whatever became of it
    _bands(house, "")
    assert not house.do(lambda engine: _due(engine, house))  # a house without bands is never looked at
    assert "no figure has a band" in reported(house, "--review").out


def _due(engine: sa.Engine, house: House) -> bool:
    with database.reading(engine) as conn:
        return reviews.due(conn, house.ws.files, NEW_YEAR)


# -- what is not known -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--from", "2027-02-01", "--to", "2027-02-28"), "the newest ledger is of 2027-01-11"),
        (("--month", "2027-03"), "the newest ledger is of 2027-01-11"),
        (("--month", "2026-05"), "the ledger is known from 2026-08-10 on"),
        (("--from", "2026-12-01", "--to", "2026-11-01"), "2026-12-01 is after 2026-11-01"),
        (("--policy", "standart"), "did you mean “standard”?"),
        (("--currency", "EUR"), "there is no currency “EUR” of this ledger"),
        (("--month", "11-2026"), "is no month; write it as 2027-01"),
        (("--month", "2026-11", "--to", "2026-11-20"), "a month has its days already"),
    ],
)
def test_what_cannot_be_reported_is_refused(house: House, options: tuple[str, ...], sentence: str) -> None:
    said = run("--workspace", str(house.root), "report", *options, at=NEW_YEAR)
    assert said.code in (1, 2)
    assert sentence in said.err.replace("\n  ", " ")


def test_a_month_that_is_not_over_ends_with_the_newest_ledger(house: House) -> None:
    said = reported(house, "--month", "2027-01").out
    assert "Report of Fri 1 Jan – Mon 11 Jan 2027" in said
    assert "days up to Sun 31 Jan 2027 are left out" in said


def test_a_report_of_one_policy(house: House) -> None:
    found = json.loads(reported(house, "--month", "2026-10", "--policy", "standard", "--json").out)
    assert (found["policy"], found["accounts"]) == ("standard", 4)
    assert any(
        "were put together again" in note for note in json.loads(reported(house, "--json").out)["notes"]
    )
    assert not any(
        "put together again" in note for note in found["notes"]
    )  # of some accounts nothing can be compared


def test_without_a_ledger_there_is_no_report(tmp_path: Path) -> None:
    assert run("init", str(tmp_path / "new"), "--no-sample").code == 0
    said = run("--workspace", str(tmp_path / "new"), "report")
    assert (said.code, "there is no ledger yet" in said.err) == (1, True)
