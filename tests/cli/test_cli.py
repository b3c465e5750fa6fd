"""Every verb from the outside: what it says, and how it ends."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import openpyxl
import pytest

from engine import start
from engine.cli import coming
from engine.store import database
from tests.cli.conftest import MORNING, Said, run

SUNDAY = datetime(2026, 11, 22, 15, tzinfo=UTC)
TUESDAY = datetime(2026, 11, 24, 15, tzinfo=UTC)


def fingerprint(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def edit(file: Path, before: str, after: str) -> None:
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), "utf-8")


# -- how commands end ------------------------------------------------------------------------------


ENDS: dict[tuple[str, ...], int] = {
    ("--version",): 0,
    ("--help",): 0,
    ("check",): 0,
    ("words",): 0,
    ("words", "balance"): 0,
    ("words", "balanc"): 1,
    ("schema",): 0,
    ("preview", "--day", "tomorrow"): 0,
    ("preview", "--account", "NOPE-1"): 1,
    ("preview", "--policy", "standart"): 1,
    ("explain", "NOPE-1"): 1,
    ("help",): 0,
    ("help", "preview"): 0,
    ("help", "nonsense"): 1,
    ("nonsense",): 2,
    ("preview", "--days", "x"): 2,
    ("preview", "--days", "0"): 2,
    ("preview", "--day", "11/12/2026"): 2,
    ("preview", "--days", "3", "--day", "today"): 2,
    ("preview", "--assume", "rain"): 2,
    ("explain",): 2,
    ("promise", "X", "lots", "--by", "friday"): 2,
    ("dispute", "X", "1"): 2,
    ("dispute", "X", "1", "--close"): 2,
    ("pause", "X"): 2,
    ("import", "not-there.csv"): 1,
    ("outbox", "show", "nothing"): 1,
    ("outbox", "list"): 0,
    ("worklist",): 0,
    ("worklist", "--person", "nobody"): 1,
}


def test_exit_codes(shop: Path) -> None:
    ended = {}
    for arguments in ENDS:
        said = run(*arguments)
        ended[arguments] = said.code
        assert "Traceback" not in said.err
        assert not said.code or said.err.startswith("dunwell: "), said
    assert ended == ENDS


def test_a_wrong_command_says_how_it_is_written(shop: Path) -> None:
    assert run("preview", "--nonsense").err == (
        "dunwell: no such option: --nonsense\n  dunwell preview --help  shows how it is written\n"
    )


def test_no_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = run("preview")
    assert said.code == 1
    assert "dunwell init" in said.err


def test_no_ledger_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("init", str(tmp_path / "new"), "--no-sample").code == 0
    monkeypatch.chdir(tmp_path / "new")
    for verb in ("preview", "run", "worklist"):
        said = run(verb)
        assert said.code == 1, (verb, said)
        assert "dunwell import FILE” takes one in" in said.err


def test_a_database_of_a_newer_version(shop: Path) -> None:
    with sqlite3.connect(shop / "dunwell.db") as conn:
        conn.execute("update alembic_version set version_num = '9999'")
    conn.close()
    for verb in ("preview", "run"):
        said = run(verb)
        assert said.code == 3
        assert "newer Dunwell" in said.err
        assert "Traceback" not in said.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(shop: Path) -> None:
    shop.chmod(0o500)
    try:
        said = run("preview", "--xlsx", "week.xlsx")
    finally:
        shop.chmod(0o700)
    assert said.code == 3
    assert "may not be written" in said.err


def test_a_full_disk_leaves_nothing_half_written(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    said = run("preview", "--html", "week.html")
    assert said.code == 3
    assert "there is no room left" in said.err
    assert not (shop / "week.html").exists()


def test_a_fault_is_one_sentence_unless_debug_asks(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: object) -> None:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(coming, "look", fault)
    said = run("preview")
    assert said.code == 3
    assert said.err.startswith("dunwell: Dunwell failed: ZeroDivisionError: a fault of ours")
    with pytest.raises(ZeroDivisionError):
        run("--debug", "preview")


# -- policies --------------------------------------------------------------------------------------


def test_all_problems_at_once(shop: Path) -> None:
    edit(shop / "policies/standard.yaml", "segment:", "segmnt:")
    edit(shop / "policies/house.yaml", "minimum:", "minimun:")
    said = run("check")
    assert said.code == 1
    assert "policies/standard.yaml:5:3: " in said.err
    assert "“segmnt”" in said.err
    assert "did you mean “segment”?" in said.err
    assert "did you mean “minimum”?" in said.err
    assert "^^^^^^" in said.err
    for verb in (("preview",), ("run",), ("explain", "X")):  # nothing is decided by a broken book
        assert run(*verb).code == 1
    value = json.loads(run("check", "--json").out)
    assert value["ok"] is False
    assert {problem["file"] for problem in value["problems"]} >= {
        "policies/house.yaml",
        "policies/standard.yaml",
    }
    lines = run("check", "--github").out.splitlines()
    assert all(line.startswith(("::error file=", "::warning file=")) for line in lines)


def test_broken_settings_are_problems_with_their_line(shop: Path) -> None:
    edit(shop / "dunwell.toml", 'name = "Credit"', 'nane = "Credit"')
    said = run("check")
    assert said.code == 1
    assert "dunwell.toml:" in said.err
    assert "did you mean “name”?" in said.err
    assert run("preview").code == 1


def test_schemas_into_a_folder(shop: Path) -> None:
    assert run("schema", "--out", "schemas").code == 0
    names = sorted(path.name for path in (shop / "schemas").iterdir())
    assert names == [f"{kind}.schema.json" for kind in ("house", "invariants", "outcomes", "policy", "tests")]
    assert "draft-07" in json.loads((shop / "schemas/policy.schema.json").read_text("utf-8"))["$schema"]


def test_policy_tests(shop: Path) -> None:
    for file in (shop / "policies/tests").iterdir():
        if file.stem != "standard":
            file.unlink()
    assert run("test").code == 0
    edit(shop / "policies/standard.yaml", "day: 35", "day: 37")
    said = run("test", "--junit", "tests.xml")
    assert said.code == 1
    assert re.search(r"day +is +should be +why", said.out)
    assert "<failure" in (shop / "tests.xml").read_text("utf-8")


# -- the coming days -------------------------------------------------------------------------------


def test_the_week(shop: Path) -> None:
    said = run("preview")
    assert said.out.startswith("Week of Mon 23 Nov – Fri 27 Nov 2026")
    assert "Thu 26 is Thanksgiving" in said.out
    assert said.out.endswith("Nothing has been sent.\n")
    assert "\x1b" not in said.out
    assert len(said.out.splitlines()) < 50
    assert not any(line.endswith(" ") for line in said.out.splitlines())


def test_a_preview_on_a_closed_day_begins_with_the_next_open_one(shop: Path) -> None:
    assert run("preview", at=SUNDAY).out.startswith("Week of Mon 23 Nov")
    assert run("preview", "--from", "2026-11-21", at=SUNDAY).out.startswith("Week of Mon 23 Nov")


def test_a_day_and_the_days_from_one_on_are_those_of_the_week(shop: Path) -> None:
    """What the days before do is done by then: who is called today is not called on Wednesday for want of today's call."""
    week = json.loads(run("preview", "--json").out)
    (wednesday,) = json.loads(run("preview", "--day", "wednesday", "--json").out)["days"]
    assert wednesday == week["days"][2]
    assert wednesday["counts"]["call"] < week["days"][0]["counts"]["call"]
    later = json.loads(run("preview", "--from", "wednesday", "--days", "3", "--json").out)
    assert later["days"] == week["days"][2:5]
    assert later["actions"] == [
        one for one in week["actions"] if one["on"] in {day["on"] for day in later["days"]}
    ]


def test_a_preview_writes_nothing_anywhere(shop: Path) -> None:
    before = fingerprint(shop)
    for more in (
        ("--days", "20"),
        ("--show", "held"),
        ("--show", "approvals"),
        ("--show", "actions"),
        ("--json",),
        ("--csv",),
        ("--policy", "standard"),
        ("--assume", "promises kept"),
    ):
        assert run("preview", *more).code == 0
    assert run("run", "--dry-run").code == 0
    assert fingerprint(shop) == before


def test_a_preview_as_files(shop: Path) -> None:
    value = json.loads(run("preview", "--json").out)
    said = run("preview", "--xlsx", "w.xlsx", "--html", "w.html", "--ics", "w.ics")
    assert said.out.splitlines() == ["w.xlsx is written.", "w.html is written.", "w.ics is written."]
    sheet = openpyxl.load_workbook(shop / "w.xlsx")["Actions"]
    assert sheet.max_row == len(value["actions"]) + 1
    assert "Nothing has been sent." in (shop / "w.html").read_text("utf-8")
    assert "BEGIN:VEVENT" in (shop / "w.ics").read_text("utf-8")
    rows = run("preview", "--csv").out.splitlines()
    assert len([row for row in rows if row]) == len(value["actions"]) + len(value["held"]) + 1


def test_one_account_with_the_texts_it_would_get(shop: Path) -> None:
    value = json.loads(run("preview", "--json").out)
    email = next(action for action in value["actions"] if action["kind"] == "email")
    said = run("preview", "--account", email["account"])
    assert said.code == 0
    assert "1 account ·" in said.out
    assert email["value"] in said.out
    assert email["invoices"][0] in said.out
    assert "Fernhollow Supply Co." in said.out


def test_a_policys_numbers_are_its_own(shop: Path) -> None:
    value = json.loads(run("preview", "--policy", "standard", "--json").out)
    assert {action["policy"] for action in value["actions"]} == {"standard"}
    assert sum(sum(day["counts"].values()) for day in value["days"]) == len(value["actions"])


# -- today -----------------------------------------------------------------------------------------


def test_a_run_and_a_second_one_the_same_day(ran: Said) -> None:
    assert ran.code == 0, ran
    assert ran.out.startswith("Mon 23 Nov 2026: ")
    assert list(Path("out").rglob("*.eml"))
    before = fingerprint(Path("out"))
    second = json.loads(run("run", "--json").out)
    assert second["actions"] == 0
    assert "already" in second["sentence"]
    assert fingerprint(Path("out")) == before


def test_a_dry_run_counts_what_a_run_would_do(shop: Path) -> None:
    rehearsed = json.loads(run("run", "--dry-run", "--json").out)
    assert rehearsed["dry_run"] is True
    assert rehearsed["actions"] == len(rehearsed["preview"]["actions"]) > 20


def test_an_explanation_of_today(shop: Path) -> None:
    account = json.loads(run("preview", "--json").out)["actions"][0]["account"]
    said = run("explain", account)
    assert said.code == 0
    assert said.out.startswith(account)
    for question in ("Which policy?", "Which step?"):
        assert question in said.out
    value = json.loads(run("explain", account, "--json").out)
    assert (value["account"], value["stored"]) == (account, False)


def test_an_explanation_of_a_day_that_was_run(ran: Said) -> None:
    account = json.loads(run("worklist", "--json").out)["work"][0]["account"]
    value = json.loads(run("explain", account, "--on", "2026-11-23", "--json", at=TUESDAY).out)
    assert value["stored"] is True
    assert run("explain", account, "--on", "2026-11-20").code == 1  # no run was made


def test_a_day_that_has_not_come_is_refused_where_mail_would_go(shop: Path) -> None:
    edit(shop / "dunwell.toml", "# [mail]", '[mail]\nhost = "mail.example.com"\nfrom = "a@example.com"\n# ')
    said = run("run", "--on", "2026-11-24")
    assert said.code == 1
    assert "has not come" in said.err


# -- people ----------------------------------------------------------------------------------------


def test_a_call_is_logged_with_its_author(ran: Said) -> None:
    work = json.loads(run("worklist", "--json").out)["work"]
    account = next(one["account"] for one in work if one["kind"] == "call" and one["role"] == "collector")
    assert f"{len(work)} things to do" in run("worklist").out
    said = run("log", account, "No  Answer")
    assert "put back to Tue 24 Nov" in said.out
    more = ("--with", "Ana", "-a", "amount=5", "-a", "date=friday", "-a", "reason=cash crunch", "--note", "n")
    said = run("log", account, "promise to pay", *more, "--by", "kim", "--on", "tomorrow")
    assert "is done" in said.out
    told = json.loads(run("history", account, "--json").out)
    spoken = [one for one in told if one["kind"] == "contact"]
    assert [one["by"] for one in spoken] == ["tester", "kim"]
    assert "spoke with Ana" in spoken[1]["text"]
    assert run("log", account, "promised").code == 1
    assert run("log", account, "busy", "--answer", "x").code == 2


def test_promise_dispute_pause_note(shop: Path) -> None:
    held = json.loads(run("preview", "--json").out)["actions"]
    one = next(action for action in held if action["kind"] == "call")
    account, item = one["account"], one["invoices"][0]
    assert "by Fri 27 Nov 2026" in run("promise", account, "all", "--by", "friday", "--item", item).out
    assert "disputed" in run("dispute", account, item, "--reason", "short shipment").out
    assert "closed for customer" in run("dispute", account, item, "--close", "--for", "customer").out
    assert "through Fri 11 Dec" in run("pause", account, "--until", "2026-12-11", "--because", "x").out
    assert "goes on" in run("pause", account, "--lift").out
    assert run("note", account, "asks for statements").code == 0
    kinds = {happened["kind"] for happened in json.loads(run("history", account, "--json").out)}
    assert {"promise", "dispute", "pause", "note"} <= kinds
    assert run("approve", account).code == 1
    assert run("decline", account, "--because", "no").code == 1


def test_messages_can_be_looked_at(ran: Said) -> None:
    lines = run("outbox", "list", "--state", "sent").out.splitlines()
    account = lines[0].split()[3]
    said = run("outbox", "show", account)
    assert said.code == 0, said
    assert re.search(r"^state +sent", said.out, re.MULTILINE)
    assert "it has gone" in run("outbox", "retry", account).err
    assert run("outbox", "cancel", account, "--because", "x").code == 1
    assert run("outbox", "resolve", account, "delivered", "--evidence", "log").code == 1
    assert run("outbox", "wake", "email").code == 1


# -- the ledger ------------------------------------------------------------------------------------


def test_the_same_file_twice_changes_nothing(shop: Path) -> None:
    said = run("import", "ledger/ledger.csv")
    assert said.code == 0
    assert "came in before" in said.out


def test_a_profile_is_proposed_and_saved(shop: Path) -> None:
    (shop / "mine.csv").write_bytes((shop / "ledger/ledger.csv").read_bytes())
    shown = run("import", "--propose", "mine.csv")
    assert shown.code == 0
    assert "[columns]" in shown.out or "account" in shown.out
    said = run("import", "--propose", "mine.csv", "--profile", "mine")
    assert said.out.startswith("profiles/mine.toml says how mine.csv is read")
    assert run("import", "--propose", "mine.csv", "--profile", "mine").code == 1


def test_a_bad_file_changes_nothing_and_says_why(shop: Path) -> None:
    before = fingerprint(shop)
    (shop / "cut.csv").write_text('Customer;Invoice;Due;Open\n"A;1', "utf-8")
    said = run("import", "cut.csv")
    assert said.code == 1
    assert said.err.startswith("cut.csv:")
    assert "was not taken in; nothing was changed" in said.out
    (shop / "cut.csv").unlink()
    assert fingerprint(shop) == before


def test_the_demo_shows_a_week(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(start, "demo", partial(start.demo, weeks=1))  # eight take their time
    first = run("demo", at=MORNING)
    assert first.code == 0, first
    assert "Nothing has been sent." in first.out
    again: Said = run("demo", "demo", at=MORNING)
    assert again.out.splitlines()[-1] == first.out.splitlines()[-1]


def loaded(*words: str) -> set[str]:
    """The packages that a command loads; it ends well."""
    code = (
        "import sys\nfrom engine.cli import main\n"
        "try:\n    main(sys.argv[1:])\n"
        "except SystemExit as end:\n    print(end.code, *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    command = [sys.executable, "-c", code, *words]
    said = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    code_said, *names = said.splitlines()[-1].split()
    assert code_said == "0"
    return set(names)


def test_a_command_loads_only_what_it_needs(tmp_path: Path) -> None:
    """Columns and a database take longer to load than all the policies to be read, with a ledger or without."""
    shop = str(tmp_path / "shop")
    large = {"numpy", "polars", "sqlalchemy", "alembic", "durable_rules_engine"}
    assert {*large, "yaml", "babel"}.isdisjoint(loaded("init", shop))
    first = loaded("-w", shop, "check")
    assert {*large, "orjson"}.isdisjoint(first)
    assert {"jinja2", "markdown_it", "pydantic"} <= first
    database.open(f"sqlite:///{tmp_path / 'shop' / 'dunwell.db'}")
    again = loaded("-w", shop, "check")
    assert "sqlite3" in again  # it was asked
    assert {*large, "jinja2", "markdown_it", "email_validator"}.isdisjoint(again)


@pytest.mark.usefixtures("shop")
def test_a_preview_loads_no_layer_over_the_database() -> None:
    """A file is asked through Python's driver: before the first run, and after it, when a release is live."""
    layer = {"sqlalchemy", "alembic", "asyncio", "greenlet"}
    for _ in range(2):
        found = loaded("preview")
        assert {"sqlite3", "polars"} <= found
        assert layer.isdisjoint(found)
        assert run("run").code == 0
