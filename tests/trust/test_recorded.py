"""A test written from what really happened to an account."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from engine.core.trust.trial import run_trials
from engine.errors import NotFound, Refused
from engine.jobs import cases
from engine.jobs.recorded import write_test
from engine.jobs.workspace import open_workspace
from tests.cli.conftest import run as command
from tests.jobs.world import STANDARD, House, moment

END = moment("2026-10-16", "12:00")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> House:
    """Two weeks from Mon 5 Oct 2026. BOLT disputes and then pays a part, CORK is paused; nobody was there on Wed 14 Oct."""
    root = tmp_path_factory.mktemp("lived")
    shutil.copy(sqlite_template, root / "dunwell.db")
    house = House(root, f"sqlite:///{root / 'dunwell.db'}")
    for account in ("ACME", "BOLT", "CORK"):
        house.owes(account, f"{account[0]}1", "2026-09-30")
        house.contact(account)
    house.owes("NEWS", "N1", "2026-12-01")
    house.import_customers()
    house.import_ledger("2026-10-05")
    pause = {"because": "a visit", "until": date(2026, 10, 15)}
    what = {
        "2026-10-08": lambda engine: cases.open_dispute(
            engine, "BOLT", "B1", "short", house.who("2026-10-08")
        ),
        "2026-10-09": lambda engine: cases.pause(engine, "CORK", house.who("2026-10-10"), **pause),
        "2026-10-13": lambda engine: cases.close_dispute(
            engine, "BOLT", "B1", house.who("2026-10-13"), closed_for="us"
        ),
    }
    on = date(2026, 10, 5)
    while on <= date(2026, 10, 16):
        day = on.isoformat()
        if day == "2026-10-15":
            house.owes("BOLT", "B1", "2026-09-30", "700.00")
            house.import_ledger(day)
        if day != "2026-10-14":
            house.day(day)
        if day in what:
            house.do(what[day])
        on += timedelta(days=1)
    return house


def wrote(house: House, account: str) -> list[str]:
    """The lines of the test that is written; the file is read again like any other, and holds."""
    made = write_test(house.ws, account, END)
    assert (house.root / made.path).read_text("utf-8") == made.text
    assert account not in made.text
    ws = open_workspace(house.root)
    (file,) = (file for file in ws.trials if file.file == made.path)
    (result,) = run_trials(ws.live, [file], ws.rules)
    assert result.failures == ()
    return made.text.splitlines()


def test_a_ladder_as_it_went(lived: House) -> None:
    assert (
        "\n".join(wrote(lived, "ACME"))
        == """\
# From the history of one account. Names and numbers of documents are not those of the ledger.
policy: standard
calendar: none
account:
  terms: net 58
  addresses: [email accounts payable, post, phone]
  invoices:
    - {number: A1, date: 2026-08-03, due: 2026-09-30, amount: 1200.00}

tests:
  - name: as it went from Mon 5 Oct 2026 to Fri 16 Oct 2026
    events:
      -58: paused until day 4
      14: paused until day 14
    expect:
      5: email friendly-reminder
      12: nothing, because time to answer
      13: call collector
      16: nothing"""
    )


def test_a_dispute_and_a_part_payment(lived: House) -> None:
    text = wrote(lived, "BOLT")
    assert [line.strip() for line in text[text.index("    events:") + 1 :]] == [
        "-58: paused until day 4",
        "8: dispute opened A1",
        "13: dispute closed A1 for us",
        "14: paused until day 14",
        "15: payment 500.00 on A1",
        "expect:",
        "5: email friendly-reminder",
        "10: nothing, because disputed",
        "15: call collector",
        "16: nothing",
    ]


def test_a_pause(lived: House) -> None:
    text = wrote(lived, "CORK")
    assert [line.strip() for line in text[text.index("    events:") + 1 :]] == [
        "-58: paused until day 4",
        "10: paused until day 15",
        "expect:",
        "5: email friendly-reminder",
        "10: nothing, because paused",
        "16: call collector",
    ]


def test_the_command_writes_beside_what_is_there_and_then_tests(
    lived: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(lived.root)
    before = {file.name: file.read_bytes() for file in (lived.root / "policies/tests").glob("*")}
    said = command("test", "--write", "ACME", at=END)
    assert said.code == 0, said.out
    new = f"policies/tests/standard-history-{len(before) + 1}.yaml"
    assert said.err == f"{new} is new.\n"
    assert "all as they should be." in said.out
    for name, text in before.items():
        assert (lived.root / "policies/tests" / name).read_bytes() == text


def test_what_the_policies_would_not_do_again_is_refused(lived: House) -> None:
    before = sorted((lived.root / "policies").rglob("*"))
    lived.write("standard", STANDARD.replace("day: 10", "day: 15"))
    try:
        with pytest.raises(Refused) as refused:
            write_test(lived.ws, "ACME", END)
    finally:
        lived.write("standard", STANDARD)
    assert refused.value.sentence.startswith(
        "a test from the history of ACME would not pass: day 12: nothing, because nothing due; "
        "in life: nothing, because time to answer; day 13: "
    )
    assert refused.value.hint.startswith("nothing is written: the policies have changed since")
    assert sorted((lived.root / "policies").rglob("*")) == before


def test_an_account_for_which_nothing_was_decided(lived: House) -> None:
    with pytest.raises(Refused, match="no run has done anything for NEWS"):
        write_test(lived.ws, "NEWS", END)
    with pytest.raises(NotFound):
        write_test(lived.ws, "NOPE", END)
