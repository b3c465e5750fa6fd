"""`dunwell simulate` from the outside: whose past, under which policies, what it says and refuses, and that it writes nothing."""

from __future__ import annotations

import csv
import io
import re
import shlex
import shutil
import sys
import xml.etree.ElementTree as ET
from datetime import date, timedelta
from pathlib import Path

import orjson
import pytest

import engine
from engine.core.sentences import simulated
from engine.jobs.simulate import Asked, play
from tests.cli.conftest import Said, run
from tests.cli.test_report import Page
from tests.jobs.world import HOUSE, STANDARD, House, moment
from tests.releases.conftest import Shop

PAGE = (Path(engine.__file__).parent / "help/simulate.md").read_text("utf-8")
LATELY = ("--from", "2026-09-12")
JULY = ("--to", "2026-07-31")
TEN = moment("2026-10-05", "10:00")
PAID = ("customer number", "customer name", "invoice number", "invoice date", "due date", "amount", "paid on")
PROFILE = 'settled = true\ncurrency = "USD"\n\n[columns]\namount = "amount"\npaid_on = "paid on"\n'
ACCOUNTS = ("ACME", "BOLT", "CARL")


def invoices() -> list[tuple[str, ...]]:
    """One a week and customer from July to September, net 10: ACME pays at once, BOLT 8 days late, CARL 24; one never."""
    rows = []
    for week in range(12):
        for account, late in zip(ACCOUNTS, (0, 8, 24), strict=True):
            dated = date(2026, 7, 1) + timedelta(days=7 * week)
            due = dated + timedelta(days=10)
            paid = str(due + timedelta(days=late)) if (account, week) != ("CARL", 5) else ""
            rows.append(
                (account, f"{account} Inc.", f"{account[0]}{week}", str(dated), str(due), "500.00", paid)
            )
    return rows


def history(house: House, rows: list[tuple[str, ...]] | None = None) -> None:
    """What was paid, taken in on Mon 5 Oct 2026."""
    (house.root / "profiles").mkdir(exist_ok=True)
    (house.root / "profiles/paid.toml").write_text(PROFILE, "utf-8")
    text = io.StringIO()
    csv.writer(text).writerows([PAID, *(rows or invoices())])
    (house.root / "paid.csv").write_text(text.getvalue(), "utf-8")


def taken_in(house: House) -> None:
    from engine.jobs.intake import take_in

    for account in ACCOUNTS:
        house.contact(account)
    house.import_customers()
    history(house)
    taken = take_in(
        house.ws, house.root / "paid.csv", now=TEN, by="ana", as_of=date(2026, 10, 5), profile="paid"
    )
    assert taken.report is not None, taken.problems


@pytest.fixture
def shop(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A house with a quarter behind it, whose policies are live; the test is in its folder."""
    monkeypatch.delenv("DUNWELL_USER", raising=False)
    shutil.copy(sqlite_template, tmp_path / "dunwell.db")
    found = Shop(tmp_path, f"sqlite:///{tmp_path / 'dunwell.db'}")
    taken_in(found)
    found.looked()
    shutil.copytree(found.root / "policies", tmp_path / "gentle")
    later = STANDARD.replace("day: 5", "day: 9").replace("day: 10", "day: 15")
    (tmp_path / "gentle/standard.yaml").write_text(later, "utf-8")
    monkeypatch.chdir(found.root)
    return found


def simulate(*words: str) -> Said:
    return run("simulate", *words, at=TEN)


def test_one_policy_on_one_screen(shop: Shop) -> None:
    said = simulate("--from", "2026-08-01", "--to", "2026-08-31")
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[0].startswith("Sat 1 Aug – Mon 31 Aug 2026")
    assert lines[0].endswith("31 days · 3 accounts · 22 invoices")
    assert max(map(len, lines)) <= 100
    assert re.search(r"^  paid before anybody asked +–", said.out, re.M)
    assert re.search(r"^  standard, day 10: call collector +\d", said.out, re.M)
    assert simulated.NO_CAUSE[:40] in said.out
    assert lines[-1] == "Nothing has been sent or written."


def test_several_policies_side_by_side(shop: Shop) -> None:
    before = {path: path.read_bytes() for path in shop.root.parent.rglob("*.db")}
    told = orjson.loads(simulate("live", "files", "../gentle", *LATELY, "--json").out)
    live, files, gentle = told["runs"]
    assert [run["policies"] for run in told["runs"]][1:] == ["the files", "../gentle"]
    assert live["actions"] == files["actions"]
    assert live["against the first"] is None
    assert files["against the first"] == {"more": 0, "fewer": 0, "fewer and paid": 0, "sooner": 0, "later": 0}
    assert gentle["asked"] < live["asked"]
    assert gentle["against the first"]["fewer"] == live["asked"] - gentle["asked"] > 0
    assert gentle["times past due"] == live["times past due"] == live["asked"] + live["paid before asked"]
    assert before == {path: path.read_bytes() for path in before}


def test_who_would_have_been_contacted_when(shop: Shop) -> None:
    rows = list(csv.DictReader(io.StringIO(simulate(*JULY, "--csv").out)))
    mine = [(row["on"], row["what"], row["amount"]) for row in rows if row["account"] == "BOLT"]
    assert mine[0] == ("2026-07-16", "email friendly-reminder", "500.00")
    assert {row["line"].split(":")[0] for row in rows} == {"policies/standard.yaml"}
    assert not [row for row in rows if row["account"] == "ACME"], "it always paid on its day"
    said = simulate(*JULY, "--account", "BOLT").out
    assert re.search(r"Thu 16 Jul 2026 +email friendly-reminder for \$500", said)
    assert re.search(r"Mon 20 Jul 2026 +nothing past due any more|past due", said)
    assert "was never past due" in simulate(*JULY, "--account", "ACME").out


def test_a_page_and_pictures(shop: Shop, tmp_path: Path) -> None:
    said = simulate(
        "files",
        "../gentle",
        *LATELY,
        "--html",
        str(tmp_path / "page.html"),
        "--svg",
        str(tmp_path / "pictures"),
    )
    assert said.code == 0, said.err
    text = (tmp_path / "page.html").read_text("utf-8")
    page = Page(text)
    assert (page.open, page.outside) == ([], [])
    assert "script" not in page.tags
    assert "svg" in page.tags
    assert simulated.NO_CAUSE.replace("'", "&#39;") in text
    pictures = {
        path.stem: ET.fromstring(path.read_text("utf-8")) for path in (tmp_path / "pictures").iterdir()
    }
    assert set(pictures) == {"ageing", "cash", "workload-1", "workload-2", "ladders-1", "ladders-2"}
    for name, picture in pictures.items():
        assert picture.tag == "{http://www.w3.org/2000/svg}svg", name
        shapes = [one.tag.rpartition("}")[2] for one in picture.iter()]
        assert "style" in shapes
        assert {"rect", "polyline"} & set(shapes), name


def test_a_name_is_no_markup_and_no_formula(shop: Shop) -> None:
    rows = [(*row[:1], "=cmd|<script>alert(1)</script>", *row[2:]) for row in invoices()]
    history(shop, rows)
    words = ("--ledger", "paid.csv", "--as-of", "2026-10-05", "--from", "2026-08-05", "--to", "2026-08-14")
    table = list(csv.DictReader(io.StringIO(simulate(*words, "--csv").out)))
    assert {row["name"][:6] for row in table} == {"'=cmd|"}
    page = simulate(*words, "--html", "-").out
    assert "<script" not in page


def test_files_are_played_and_not_taken_in(shop: Shop) -> None:
    whole = orjson.loads(simulate(*LATELY, "--json").out)
    before = (shop.root.parent / "dunwell.db").read_bytes()
    told = orjson.loads(
        simulate("--ledger", "paid.csv", "--profile", "paid", "--as-of", "2026-10-05", *LATELY, "--json").out
    )
    assert told["source"] == "paid.csv"
    assert told["runs"][0]["times past due"] == whole["runs"][0]["times past due"]
    assert "3 of 3 accounts have no e-mail address: a step that needs one is held for them." in told["notes"]
    assert (shop.root.parent / "dunwell.db").read_bytes() == before


def test_made_up_customers(shop: Shop) -> None:
    told = orjson.loads(simulate("--made-up", "6", "--from", "2026-09-28", "--json").out)
    assert told["source"] == "6 made-up customers"
    assert told["accounts"] <= 6


def test_draws(shop: Shop) -> None:
    pytest.importorskip("scipy")
    words = ("--from", "2026-08-05", "--to", "2026-08-14", "--draws", "2", "--json")
    told = orjson.loads(simulate(*words).out)
    assert (told["draws"], told["seed"]) == (2, 1)
    assert told["behaviour"]["accounts with their own"] == 3
    late = {group["group"]: group["days late"]["50%"] for group in told["behaviour"]["groups"]}
    assert {name: late[name] for name in ACCOUNTS} == {"ACME": 0, "BOLT": 8, "CARL": 24}
    (one,) = told["runs"]
    assert one["bands"]["asked"]["10%"] <= one["bands"]["asked"]["90%"]
    assert len(told["bands"]["cash"]) == len(told["weeks"])
    assert "(--seed 1)" in " ".join(told["notes"])
    assert re.search(r"asked +\d+ \(\d+–\d+\)", simulate(*words[:-1]).out)


def test_draws_without_their_library(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    said = simulate("--draws", "2")
    assert said.code == 1
    assert said.err == (
        "dunwell: draws need SciPy, which is not installed\n"
        "  pip install 'dunwell[simulate]'; without --draws the days are played as they were\n"
    )


# -- what cannot be played --------------------------------------------------------------------------------------------

REFUSED = {
    "before the past": (("--from", "2026-01-01"), "of the days before 2026-07-11 nothing is known", "write --from 2026-07-11"),
    "after the ledger": (("--to", "2026-10-06"), "of the days after 2026-10-05 nothing is known", "write --to 2026-10-05"),
    "backwards": (("--from", "2026-09-02", "--to", "2026-09-01"), "2026-09-02 is after 2026-09-01", "--from"),
    "no folder": (("files", "nowhere"), "“nowhere” is no folder", "live"),
    "no field": (("--draws", "1", "--by", "segmet"), "there is no field “segmet”", "did you mean “segment”?"),
    "no account": (("--account", "BOLD"), "there is no account “BOLD”", "did you mean “BOLT”?"),
    "no file": (("--ledger", "nothing.csv"), "there is no file nothing.csv", "check the name"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_says_what_to_write(shop: Shop, name: str) -> None:
    words, sentence, hint = REFUSED[name]
    said = simulate(*words)
    assert said.code == 1
    assert sentence in said.err
    assert hint in said.err
    assert said.out == ""


def test_broken_policies_and_files_are_told_with_their_places(shop: Shop) -> None:
    broken = shop.root.parent / "gentle/standard.yaml"
    broken.write_text(
        STANDARD.replace("clock:", "clok:").replace("call: collector", "call: colector"), "utf-8"
    )
    said = simulate("files", "../gentle")
    assert said.code == 1
    assert "standard.yaml:3:1: a policy has no word “clok”" in said.err
    assert "did you mean “clock”?" in said.err
    assert "../gentle cannot be played: 2 problems" in said.err
    (shop.root / "paid.csv").write_text("customer number,due date\nACME,soon\n", "utf-8")
    said = simulate("--ledger", "paid.csv", "--as-of", "2026-10-05")
    assert said.code == 1
    assert "paid.csv" in said.err
    assert "paid.csv cannot be played" in said.err


def test_without_a_ledger_or_with_one_day_of_it(
    tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = House(tmp_path, f"sqlite:///{tmp_path / 'dunwell.db'}")
    monkeypatch.chdir(empty.root)
    assert "there is no ledger yet" in simulate().err
    shutil.copy(sqlite_template, tmp_path / "dunwell.db")
    assert "there is no ledger yet" in simulate().err
    empty.owes("ACME", "A1", "2026-09-30")
    empty.import_ledger("2026-10-05")
    said = simulate()
    assert said.code == 1
    assert "the ledger is known of one day only, 2026-10-05" in said.err
    assert "settled = true" in said.err


def test_gaps_are_told_with_what_to_write(shop: Shop) -> None:
    """No invoice of July's end and of August, and no ledger for weeks."""
    rows = [row for row in invoices() if row[2] in ("A0", "B0", "A11", "B11")]
    history(shop, rows)
    words = ("--ledger", "paid.csv", "--as-of", "2026-10-05")
    notes = orjson.loads(simulate(*words, "--from", "2026-09-10", "--json").out)["notes"]
    assert notes[0] == simulated.gap(date(2026, 7, 20), date(2026, 9, 15), 58, date(2026, 9, 16))
    assert "--from 2026-09-16" in notes[0]
    for account, day in (("ACME", "2026-10-06"), ("BOLT", "2026-11-20")):
        shop.owes(account, f"{account}-new", "2026-11-01")
        shop.import_ledger(day)
    shop.paid("ACME-new")
    shop.import_ledger("2026-12-20")
    later = run("simulate", "--from", "2026-12-01", "--json", at=moment("2026-12-21", "10:00"))
    (unseen,) = [note for note in orjson.loads(later.out)["notes"] if note.startswith("No ledger came in")]
    assert unseen == simulated.unseen(date(2026, 11, 20), date(2026, 12, 20), 1)


# -- both databases, and the manual -------------------------------------------------------------------------------------


def test_on_each_database(tmp_path: Path, database_url: str) -> None:
    house = House(tmp_path, database_url, house=HOUSE)
    taken_in(house)
    found = play(house.ws, Asked(first=date(2026, 8, 1), last=date(2026, 8, 14)), now=TEN)
    out = found.simulation.runs[0].outcome
    rows = out.contacts.select("on", "row", "step").iter_rows()
    steps = [(str(on), found.accounts["account"][row], step) for on, row, step in rows]
    assert steps[:3] == [
        ("2026-08-03", "CARL", "email friendly-reminder"),
        ("2026-08-06", "BOLT", "email friendly-reminder"),
        ("2026-08-11", "CARL", "call collector"),
    ]  # fmt: skip


def commands() -> list[list[str]]:
    """Every example of the page, as words; what takes long is less here, and of a few days."""
    less = {"20": "1", "200": "4", "2026-07-01": "2026-09-20"}
    found = []
    for line in re.findall(r"^    (dunwell .+)$", PAGE, re.M):
        words = [less.get(word, word) for word in shlex.split(re.split(r"  +", line)[0])[1:]]
        found.append([*words, *(() if "--from" in words else ("--from", "2026-09-29"))])
    return found


def test_every_command_of_the_page(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state of git is left out: `diff` has it."""
    pytest.importorskip("scipy")
    (shop.root / "profiles/settled.toml").write_text(PROFILE, "utf-8")
    shutil.copy(shop.root.parent / "customers.csv", shop.root / "customers.csv")
    examples = commands()
    assert len(examples) > 12
    for words in examples:
        said = run(*(word for word in words if word != "HEAD~3"), at=TEN)
        assert said.code == 0, (words, said.err)
    assert (shop.root / "simulation.html").is_file()
    assert (shop.root / "pictures/workload.svg").is_file()
