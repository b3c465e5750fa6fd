"""What good collection asks of ladders and letters, shown by a house that works a few days."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from engine.core.problem import Severity
from engine.jobs import cases
from engine.jobs.explain import explain
from engine.jobs.intake import take_in
from engine.jobs.workspace import open_workspace
from tests.jobs.world import House, moment

Build = Callable[..., House]
SHIPPED = Path(__file__).parents[2] / "policies"
HOUSE = """
order: [first-time, standard]
currency: USD
calendar: none
hours: weekdays 8:30-17:00
answer: 7 days
gap: 1 days
"""


@pytest.fixture
def build(tmp_path: Path, sqlite_template: Path) -> Build:
    """A house with other policies; its ledger comes in when the test says so."""
    shutil.copy(sqlite_template, tmp_path / "dunwell.db")
    return lambda **more: House(tmp_path, f"sqlite:///{tmp_path / 'dunwell.db'}", **more)


def shipped(name: str) -> str:
    return (SHIPPED / f"{name}.yaml").read_text("utf-8").replace("segment: [trade, retail]", "")


@pytest.mark.practice(62)
def test_on_the_35th_day_of_net_30_without_a_check_on_the_phone(build: Build) -> None:
    house = build(house=HOUSE.replace("first-time, ", ""), policies={"standard": shipped("standard")})
    for account, invoiced, due in (
        ("ACME", "2026-08-28", "2026-09-27"),
        ("BOLT", "2026-08-29", "2026-09-28"),
    ):
        house.items[account] = (account, f"{account} Inc.", invoiced, due, "1200.00")
        house.contact(account)
    house.import_customers()
    house.import_ledger("2026-10-01")
    house.run("2026-10-01")
    assert house.worklist("2026-10-01") == [], "the 34th day"
    house.run("2026-10-02")
    (call,) = house.worklist("2026-10-02")
    assert (call.account, call.kind, call.role, call.amount, call.detail["script"]) == (
        *("ACME", "call", "collector", 1200_00),
        "first-call",
    )
    # BOLT's 35th day is a Saturday: nobody is called then, and on Monday it is on the list.
    house.run("2026-10-05")
    assert [work.account for work in house.worklist("2026-10-05")] == ["ACME", "BOLT"]


@pytest.mark.practice(18)
@pytest.mark.practice(46)
def test_a_good_payer_who_is_late_for_the_first_time_has_the_lighter_ladder(
    build: Build,
) -> None:
    house = build(house=HOUSE, policies={name: shipped(name) for name in ("first-time", "standard")})
    for account in ("GOOD", "SLOW", "OFTEN"):
        house.contact(account)
    # Before us SLOW has paid forty days late, GOOD on time; OFTEN was late under our eyes, by a day or two.
    house.import_customers("2026-08-01")
    paid = {"GOOD": "2026-07-20", "SLOW": "2026-08-29", "OFTEN": "2026-07-20"}
    before = [f"{who},{who[0]}1,2026-06-20,2026-07-20,1200.00,{on}" for who, on in paid.items()]
    _paid_before(house, before, date(2026, 8, 30))
    house.owes("OFTEN", "O2", "2026-08-29")
    house.import_ledger("2026-08-31")
    house.paid("O2")
    for account in ("GOOD", "SLOW", "OFTEN"):
        house.items[account] = (account, f"{account} Inc.", "2026-08-28", "2026-09-27", "1200.00")
    house.import_ledger("2026-09-01")
    house.import_ledger("2026-10-02")
    house.run("2026-10-02")  # five days past due, the 35th from the invoice
    assert house.states("GOOD") == [("email", "email friendly-reminder", "planned")]
    assert [(work.account, work.kind) for work in house.worklist("2026-10-02")] == [
        ("OFTEN", "call"),
        ("SLOW", "call"),
    ]
    # Whoever asks why is told.
    now = moment("2026-10-02", "11:00")
    routes = {}
    for account in ("GOOD", "SLOW", "OFTEN"):
        found = explain(house.ws, account, on=now.date(), now=now).routes
        routes[account] = [(route.policy, route.fits, route.sentence) for route in found]
    assert routes["GOOD"][0][:2] == ("first-time", True)
    assert [route[:2] for route in routes["OFTEN"]] == [("first-time", False), ("standard", True)]
    assert routes["OFTEN"][0][2] == "it wants: first-time is yes; here it is no"
    assert routes["SLOW"][0][2] == "it wants: dbt at most 15"


def _paid_before(house: House, rows: list[str], as_of: date) -> None:
    """A list of paid invoices, from before the ledgers that we have seen ourselves."""
    (house.root / "profiles").mkdir()
    (house.root / "profiles" / "history.toml").write_text(
        'settled = true\n[columns]\namount = "amount"\n', "utf-8"
    )
    house.read = None
    head = "customer number,invoice number,invoice date,due date,amount,paid on"
    file = house.root.parent / "history.csv"
    file.write_text("\n".join([head, *rows]) + "\n", "utf-8")
    taken = take_in(
        house.ws, file, now=moment("2026-08-30", "07:00"), by="ana", as_of=as_of, profile="history"
    )
    assert taken.report is not None, taken.problems


ANSWERED = """
policy: Standard
clock: due date
steps:
  - day: 5
    email: friendly-reminder
  - day: 10
    call: supervisor
    when:
      - response: vague promise
  - day: 10
    call: collector
    name: nothing heard
    when:
      - response: none
"""


@pytest.mark.practice(25)
@pytest.mark.practice(26)
@pytest.mark.practice(28)
def test_the_first_letter_is_courteous_names_all_and_a_day_and_what_it_met_decides_what_is_next(
    build: Build,
) -> None:
    house = build(house=HOUSE.replace("first-time, ", ""), policies={"standard": ANSWERED})
    for account in ("ACME", "BOLT"):
        house.owes(account, f"{account[0]}1", "2026-09-30")
        house.contact(account)
    house.owes("ACME", "A2", "2026-09-29", "310.50")
    house.import_customers()
    house.import_ledger("2026-10-05")
    house.day("2026-10-05")
    mail = next(mail for mail in house.mails() if "ACME" in mail["Subject"])
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "A friendly reminder" in mail["Subject"]
    for word in ("A1", "Sep 30, 2026", "$1,200.00", "A2", "Sep 29, 2026", "$310.50", "$1,510.50"):
        assert word in text, word
    assert "by October 12, 2026" in " ".join(text.split())
    # One says nothing, the other promises something some time: each gets another call.
    house.do(
        lambda engine: cases.log_call(
            engine, "BOLT", "vague promise", house.who("2026-10-08"), house.ws.calendar, spoken_with="Ms Lee"
        )
    )
    house.import_ledger("2026-10-13")
    house.run("2026-10-13")
    assert {work.account: (work.step, work.role) for work in house.worklist("2026-10-13")} == {
        "ACME": ("nothing heard", "collector"),
        "BOLT": ("call supervisor", "supervisor"),
    }


def _errors(house: House) -> list[tuple[str, str]]:
    problems = open_workspace(house.root).thorough().problems
    return [(problem.code, problem.sentence) for problem in problems if problem.severity is Severity.ERROR]


@pytest.mark.practice(25)
@pytest.mark.practice(26)
def test_a_first_letter_that_threatens_or_names_no_day_is_refused(build: Build) -> None:
    house = build()
    file = house.root / "templates" / "friendly-reminder.md"
    kind = file.read_text("utf-8")
    assert _errors(house) == []
    file.write_text(
        kind.replace("Kind regards", "Else our attorney will write to you.\n\nKind regards"), "utf-8"
    )
    assert (
        "legal-word",
        "“attorney” threatens with the law, and this message is not of tone legal",
    ) in _errors(house)
    file.write_text(kind.replace(", by **{{ respond_by }}**", ""), "utf-8")
    assert [code for code, _ in _errors(house)] == ["no-respond-by"]


@pytest.mark.practice(27)
def test_a_ladder_that_softens_is_refused(build: Build) -> None:
    house = build()
    firm_first = """
policy: Standard
clock: due date
steps:
  - day: 10
    letter: firm-reminder
  - day: 20
    email: friendly-reminder
"""
    (house.root / "policies" / "standard.yaml").write_text(firm_first, "utf-8")
    found = _errors(house)
    assert [code for code, _ in found] == ["softer-tone"], found
