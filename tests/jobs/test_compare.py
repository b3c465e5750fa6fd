"""A comparison of two policies, day by day: drawn by the run, for good, as the preview has said."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.core.language.check import check
from engine.core.language.known import Known
from engine.core.messages.head import read_templates
from engine.jobs import evaluate
from engine.jobs.diff import diff
from engine.jobs.explain import explain
from engine.jobs.recorded import write_test
from engine.store.tables import action, assignment, episode
from tests.cli.conftest import run as command
from tests.jobs.world import HOUSE, STANDARD, House, moment

PAGE = (Path(evaluate.__file__).parents[1] / "help/compare.md").read_text("utf-8")
EARLY = STANDARD.replace("Standard", "Early").replace("day: 5\n", "day: 2\n")
ORDER = HOUSE.replace("[standard]", "[standard, early]")
SPLIT = """split:
  sooner:
    shares: {standard: 50%, early: 50%}
    until: 2026-12-31
    because: who pays sooner?
"""
POLICIES = {"standard": STANDARD, "early": EARLY}
ACCOUNTS = tuple(f"C{number:02}" for number in range(8))


def filled(house: House) -> House:
    """Eight accounts, each three days late on Mon 5 Oct 2026."""
    for account in ACCOUNTS:
        house.owes(account, f"{account}-1", "2026-10-02")
        house.contact(account)
    house.import_customers()
    house.import_ledger("2026-10-05")
    return house


def sides(house: House) -> dict[str, str]:
    return dict(house.rows(sa.select(assignment.c.account, assignment.c.side)))


def policies(house: House) -> dict[str, str]:
    """The policy of each account's latest episode."""
    rows = house.rows(sa.select(episode.c.account, episode.c.home).order_by(episode.c.number))
    return dict(rows)


def test_the_run_draws_as_the_preview_says_and_never_again(build_on_each: Callable[..., House]) -> None:
    house = filled(build_on_each(house=ORDER + SPLIT, policies=POLICIES))
    seen = house.preview("2026-10-05")
    assert [(side.side, side.accounts, side.drawn) for side in seen.compared] == [
        ("standard", 4, 4),
        ("early", 4, 4),
    ]
    coming = {one.account for one in seen.actions if one.policy == "early" and one.on == date(2026, 10, 5)}
    house.day("2026-10-05")
    drawn = sides(house)
    assert {account for account, side in drawn.items() if side == "early"} == coming
    assert policies(house) == drawn
    assert Counter(drawn.values()) == {"standard": 4, "early": 4}
    assert {entry["side"] for entry in house.journal("drawn")} == {"standard", "early"}
    assert len(house.journal("drawn")) == 8
    house.run("2026-10-05", "15:00")
    house.day("2026-10-06")
    assert sides(house) == drawn
    assert len(house.journal("drawn")) == 8
    # Who pays and is late again is on the same side; a newcomer moves nobody.
    house.paid("C00-1")
    house.import_ledger("2026-10-07")
    house.owes("C00", "C00-2", "2026-10-06")
    house.owes("D00", "D00-1", "2026-10-06")
    house.contact("D00")
    house.import_customers("2026-10-07")
    house.import_ledger("2026-10-08")
    house.day("2026-10-08")
    assert {account: side for account, side in sides(house).items() if account != "D00"} == drawn
    assert policies(house)["C00"] == drawn["C00"]
    (query,) = house.rows(sa.select(sa.func.count()).select_from(action).where(action.c.account == "D00"))
    assert query[0] == (sides(house)["D00"] == "early")


def test_an_account_says_where_it_was_drawn_to(
    build: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = filled(build(house=ORDER + SPLIT, policies=POLICIES))
    now, on = moment("2026-10-05", "09:00"), date(2026, 10, 5)
    before = {account: explain(house.ws, account, on=on, now=now).routes[-1] for account in ACCOUNTS}
    house.day("2026-10-05")
    drawn = sides(house)
    assert {account: route.policy for account, route in before.items()} == drawn
    assert all("today's run draws it" in route.sentence for route in before.values())
    early = next(account for account, side in drawn.items() if side == "early")
    champion, mine = explain(house.ws, early, on=on, now=now).routes
    assert (champion.policy, champion.fits, str(champion.place)) == (
        "standard",
        False,
        "policies/house.yaml:10:3",
    )
    assert mine.sentence.endswith("“sooner” drew it to early, Mon 5 Oct 2026")
    monkeypatch.chdir(house.root)
    assert "comparison" in command("history", early, at=now).out
    why = command("explain", early, "--why-not", "standard: call collector", at=now)
    assert "“sooner” has drawn the account" in " ".join(why.out.split())
    one = command("preview", "--account", early, "--json", at=now)
    assert json.loads(one.out)["compared"] == [
        {"comparison": "sooner", "side": "early", "accounts": 1, "drawn": 0}
    ]


def test_a_run_that_stops_draws_nobody(build: Callable[..., House]) -> None:
    house = filled(build(house=ORDER + "stop: {actions: 1}\n" + SPLIT, policies=POLICIES))
    assert house.run("2026-10-05").stopped
    assert sides(house) == {}
    house.run("2026-10-05", "11:00", agreed="ana")
    assert len(sides(house)) == 8


def test_episodes_that_run_stay_and_a_diff_says_who_would_move(build: Callable[..., House]) -> None:
    house = filled(build())
    house.day("2026-10-05")
    for number in range(4):
        house.owes(f"E{number}", f"E{number}-1", "2026-10-07")
        house.contact(f"E{number}")
    house.import_customers("2026-10-06")
    house.import_ledger("2026-10-06")
    before = house.root / "before"
    before.mkdir()
    for file in (house.root / "policies").glob("*.yaml"):
        (before / file.name).write_bytes(file.read_bytes())
    house.write("early", EARLY)
    house.write("house", ORDER + SPLIT)
    now = moment("2026-10-06", "09:00")
    found = diff(house.ws, str(before), start=date(2026, 10, 6), days=10, now=now)
    assert found.impact is not None
    ((move),) = found.impact.moves
    assert (move.before, move.after, move.accounts) == ("standard", "early", 2)
    house.day("2026-10-06")
    assert sides(house) == {}
    house.day("2026-10-08")
    drawn = sides(house)
    assert Counter(drawn.values()) == {"standard": 2, "early": 2}
    assert set(policies(house).items()) >= {(account, "standard") for account in ACCOUNTS}


def test_what_followed_and_the_commands_of_the_page(
    build: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = filled(build(house=ORDER + SPLIT.replace("sooner", "earlier-call"), policies=POLICIES))
    house.day("2026-10-05")
    drawn = sides(house)
    monkeypatch.chdir(house.root)
    early = [account for account in ACCOUNTS if drawn[account] == "early"]
    house.paid(*(f"{account}-1" for account in early))
    house.import_ledger("2026-10-20")
    house.import_ledger("2026-11-10")
    at = moment("2026-11-10", "09:00")
    value = json.loads(command("compare", "earlier-call", "--json", at=at).out)["comparisons"][0]
    champion, challenger = value["sides"]
    assert (champion["followed"], champion["paid"], champion["median_days"]) == (4, 0, None)
    assert (challenger["followed"], challenger["paid"], challenger["median_days"]) == (4, 4, 15.0)
    assert challenger["counts"]["emails"] == 4
    assert value["needs"][0]["for_5_points"] > 100
    lines = [
        shlex.split(re.split(r"\s{3,}", line)[0])[1:]
        for line in re.findall(r"^    (dunwell .+)$", PAGE, re.M)
    ]
    assert [words[0] for words in lines] == ["check", "diff", "compare", "compare"]
    for words in lines:
        said = command(*words, at=at)
        assert said.code == (1 if words == ["diff"] else 0), said.err  # nothing is live yet
    assert "accounts drawn" in command("compare", at=at).out
    missing = command("compare", "later-call", at=at)
    assert missing.code == 1
    assert "did you mean “earlier-call”?" in missing.err


def test_nothing_is_compared(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(house.root)
    said = command("compare", at=moment("2026-10-05", "09:00"))
    assert said.code == 1
    assert "no policies are compared" in said.err
    assert "dunwell help compare" in said.err


def test_the_lines_of_the_page_are_right() -> None:
    """Both examples, each with the policies that it speaks of."""
    policy = STANDARD.replace("Standard", "Standard terms")
    both, holdout, costs = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    templates = {
        f"templates/{file.name}": file.read_bytes()
        for file in (Path(evaluate.__file__).parents[2] / "templates").glob("*.md")
        if file.stem.partition(".")[2] in ("", "script")
    }
    known = Known(templates=tuple(read_templates(templates)[0].heads))
    for house in (both + costs, f"order: [standard, standard-early]\n{holdout}"):
        files = {"policies/house.yaml": house, "policies/standard.yaml": policy}
        files["policies/standard-early.yaml"] = policy.replace("day: 5\n", "day: 2\n")
        if "standard-early" not in house.split("split:")[1]:
            del files["policies/standard-early.yaml"]
            files["policies/house.yaml"] = house.replace(", standard-early", "")
        found = check({name: text.encode() for name, text in files.items()}, known)
        assert [problem.sentence for problem in found.problems] == []
        assert found.book is not None
        assert len(found.book.house.splits) == 1


def test_a_test_out_of_the_history_of_the_holdout(build: Callable[..., House]) -> None:
    alone = SPLIT.replace("{standard: 50%, early: 50%}", "{standard: 50%, holdout: 50%}\n    holdout: 7 days")
    house = filled(build(house=HOUSE + alone, policies={"standard": STANDARD}))
    for on in ("2026-10-05", "2026-10-07", "2026-10-09", "2026-10-12"):
        house.import_ledger(on, "07:30")
        house.day(on)
    held = next(account for account, side in sides(house).items() if side == "holdout")
    assert [row.on for row in house.rows(sa.select(action.c.on).where(action.c.account == held))] == [
        date(2026, 10, 12)
    ]
    text = write_test(house.ws, held, moment("2026-10-12", "18:00")).text
    assert "  side: holdout\n" in text
    assert "nothing, because held out" in text
