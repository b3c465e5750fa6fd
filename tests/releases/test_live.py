"""`dunwell live` and what other commands say while the files are not what is live."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

import engine
from engine.jobs.changes import changes
from engine.store.tables import lease
from tests.cli.conftest import Said, run
from tests.jobs.world import HOUSE, STANDARD, moment
from tests.releases.conftest import ASKED, NINE, Shop

Build = Callable[..., Shop]
TEN = moment("2026-10-05", "10:00")
STANDARD_FILE = "policies/standard.yaml"
PAGE = (Path(engine.__file__).parent / "help/live.md").read_text("utf-8")
DIFFER = (
    "The files differ from the policies that are live since Mon 5 Oct 2026 09:00; this uses the live ones."
)


def dunwell(shop: Shop, *arguments: str, at: datetime = TEN) -> Said:
    return run("--workspace", str(shop.root), *arguments, at=at)


def test_every_surface_says_which_policies_it_uses(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUNWELL_USER", "joe")
    shop = build(house=ASKED)
    assert dunwell(shop, "live").out.splitlines()[1] == "  The files are the same."
    shop.change(STANDARD_FILE, "email: friendly-reminder", "letter: friendly-reminder")
    for command in (["preview"], ["run", "--dry-run"], ["explain", "ACME"], ["run"]):
        said = dunwell(shop, *command)
        assert said.err.strip() == f"{DIFFER}  dunwell live", command
        assert said.code == 0, said
    assert len(shop.mails()) == 2
    assert shop.letters() == []
    assert orjson.loads(dunwell(shop, "preview", "--json").out)  # the line is beside the output
    files = dunwell(shop, "preview", "--files")
    assert files.code == 1  # two accounts have had the step that the files no longer have
    assert "would lose that history" in files.err
    shop.change(STANDARD_FILE, "letter: friendly-reminder", "email: friendly-reminder\n    to: principal")
    assert dunwell(shop, "preview", "--files").err == ""
    assert dunwell(shop, "check").code == 0


def test_a_broken_file_stops_nothing_where_the_service_runs(build: Build) -> None:
    shop = build()
    shop.change(STANDARD_FILE, "day: 5", "day: five")
    assert dunwell(shop, "preview").code == 1  # as ever, where nobody but the files can decide
    beat = {"name": "daemon", "owner": "x", "host": "here", "pid": 1, "since": NINE.isoformat()}
    with shop.engine.begin() as conn:
        conn.execute(lease.insert().values(**beat, beat=TEN.isoformat()))
    said = dunwell(shop, "preview")
    assert said.code == 0
    assert said.err.strip() == (
        "The files have 1 problem; this uses the policies that are live since Mon 5 Oct 2026 09:00.  dunwell live"
    )
    shown = dunwell(shop, "live").out
    assert "The files have 1 problem, so they are not live." in shown
    assert "dunwell check  shows each with its line" in shown


def test_a_run_makes_saved_files_live(build: Build) -> None:
    shop = build()
    shop.change(STANDARD_FILE, "day: 5", "day: 4")
    assert "the next run takes them" in dunwell(shop, "live").out
    assert dunwell(shop, "run", "--by", "ana").code == 0
    live = shop.live
    assert live is not None
    assert (live.id, live.live_by, live.live_at) == (2, "ana", TEN.astimezone(UTC))
    assert "The files are the same." in dunwell(shop, "live").out


def test_the_examples_of_the_manual(build: Build) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (asked,) = blocks
    lines = re.findall(r"^    (dunwell live.*)$", PAGE, re.MULTILINE)
    assert len(lines) == 7
    commands = [re.findall(r'"[^"]*"|\S+', line.split("   ")[0])[1:] for line in lines]
    shown, diff, stage, approve, decline, back, back_to = [
        [word.strip('"') for word in command] for command in commands
    ]
    shop = build(house=HOUSE + asked.replace("order: [standard]\n", ""))
    for day in ("8", "9"):  # releases 2 and 3 are live in their turn
        shop.change(
            STANDARD_FILE, re.search(r"day: \d+", STANDARD)[0] if day == "8" else "day: 8", f"day: {day}"
        )  # type: ignore[index]
        assert dunwell(shop, *stage).code == 0
        assert dunwell(shop, "live", "approve", "--by", "sue").code == 0
    shop.change(STANDARD_FILE, "day: 9", "day: 7")
    assert "waits for a second person" in dunwell(shop, *stage).out
    told = dunwell(shop, *shown)
    assert "standard: email friendly-reminder on day 7, no longer on day 9" in told.out
    assert "policies/standard.yaml  changed  +1 −1" in told.out
    assert "-  - day: 9\n+  - day: 7\n" in dunwell(shop, *diff).out
    assert dunwell(shop, *decline).out.startswith("Release 4 is declined.")
    assert "declined" in dunwell(shop, *shown).out
    assert "too early for key accounts" in dunwell(shop, *shown).out
    assert dunwell(shop, *approve).code == 1
    shop.change(STANDARD_FILE, "day: 7", "day: 6")
    assert dunwell(shop, *stage).code == 0
    meant = dunwell(shop, *approve)
    assert (meant.code, "it is release 5 that waits, not 4" in meant.err) == (1, True)
    approve[2] = "5"
    assert dunwell(shop, *approve).out == "Release 5 is live, by Sue Chen; the next run decides with it.\n"
    assert "Release 3 is live again, in place of release 5." in dunwell(shop, *back).out
    assert "Release 2 is live again, in place of release 3." in dunwell(shop, *back_to).out
    found = orjson.loads(dunwell(shop, "live", "--json").out)
    assert found["live"]["release"] == 2
    assert found["mode"] == "on approval"
    assert {one["release"] for one in found["before"]} == {1, 3, 5}


def test_a_change_in_words(build: Build) -> None:
    shop = build(policies={"standard": STANDARD})
    before, texts = shop.ws.live, shop.ws.texts.kept()
    shop.write(
        "standard",
        STANDARD.replace("  - day: 20\n    letter: firm-reminder\n", "").replace(
            "script: first-call", "script: supervisor-call"
        ),
    )
    shop.write(
        "key",
        "policy: Key\nfor: {segment: key}\nclock: due date\nsteps:\n  - day: 3\n    call: collector\n    script: first-call\n",
    )
    shop.write(
        "house",
        HOUSE.replace("order: [standard]", "order: [key, standard]").replace("gap: 2 days", "gap: 4 days"),
    )
    found = changes(texts, shop.ws.texts.kept(), before, shop.ws.live)
    assert [(one.file, one.kind, one.added, one.removed) for one in found.files] == [
        ("policies/house.yaml", "changed", 2, 2),
        ("policies/key.yaml", "added", 7, 0),
        ("policies/standard.yaml", "changed", 1, 3),
    ]
    assert found.words == (
        "key: a new policy, with 1 step",
        "standard: day 10, call collector: script is supervisor-call; it was first-call",
        "standard: day 20 is gone: letter firm-reminder",
        "house: gap is 4 days; it was 2 days",
    )


def test_live_without_a_ledger(tmp_path: Path) -> None:
    assert run("init", str(tmp_path / "new"), "--no-sample").code == 0
    said = run("--workspace", str(tmp_path / "new"), "live")
    assert (said.code, "there is no ledger yet" in said.err) == (1, True)
