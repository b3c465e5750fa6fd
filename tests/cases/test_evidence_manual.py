"""The commands for evidence, history and forgetting, as the manual writes them and as they are written wrongly."""

from __future__ import annotations

import re
import shlex
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

import engine
from tests.cases.told import another, lived
from tests.cli.conftest import Said, run
from tests.jobs.world import House

HELP = Path(engine.__file__).parent / "help"
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)


@pytest.fixture
def house(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    own = another(lived(sqlite_template), tmp_path)
    monkeypatch.chdir(own.root)
    monkeypatch.setenv("DUNWELL_USER", "tester")
    return own


def dunwell(line: str) -> Said:
    return run(*shlex.split(line), at=NOW)


def examples(page: str) -> list[str]:
    """Every command of a page, of an account and a person that this house has."""
    text = (HELP / f"{page}.md").read_text("utf-8")
    text = (
        text.replace("Ana Reyes", "Sue Chen").replace("ACME-0042", "ACME").replace("Mina Okafor", "Ana Reyes")
    )
    return re.findall(r"^    dunwell (.+)$", text, re.M)


def test_every_command_of_the_pages(house: House) -> None:
    commands = [*examples("records"), *examples("evidence")]
    assert len(commands) >= 7
    said = {line: dunwell(line) for line in commands}
    assert {line: one.err for line, one in said.items() if one.code} == {}
    assert "2026" not in "".join(said["history ACME --since 2026-11-01 --kind promise --kind contact"].out)
    whole = said["evidence ACME"].out
    assert whole.startswith("evidence-ACME-2026-11-23.zip is written: ")
    assert said["evidence --check quarter.zip"].out.startswith(
        "ok: evidence of ACME, made 2026-11-23 15:00 UTC by Sue Chen\n"
    )
    assert (
        "This house gave it out on 2026-11-23 15:00 UTC; Sue Chen had it made."
        in said["evidence --check quarter.zip"].out
    )
    assert "Ana Reyes is “person " in said[next(line for line in commands if line.startswith("forget"))].out
    # What was given out before she was forgotten is still what it was.
    assert dunwell("evidence --check evidence-ACME-2026-11-23.zip").code == 0
    shown = dunwell("history ACME --kind evidence --kind contact").out
    assert "Ana Reyes" not in shown
    assert "spoke with person " in shown
    assert "given out, its fingerprint" in shown


def test_the_page_names_every_file_of_a_bundle(house: House) -> None:
    dunwell("evidence ACME --out one.zip")
    page = (HELP / "evidence.md").read_text("utf-8")
    with zipfile.ZipFile("one.zip") as zipped:
        parts = {name.partition("/")[0] + ("/" if "/" in name else "") for name in zipped.namelist()}
    assert parts == set(re.findall(r"^\| `([^`]+)` \|", page, re.M))


def test_a_bundle_that_was_changed_is_named_and_the_exit_code_says_so(house: House) -> None:
    dunwell("evidence ACME --out one.zip")
    with zipfile.ZipFile("one.zip") as zipped, zipfile.ZipFile("two.zip", "w") as other:
        for name in zipped.namelist():
            content = zipped.read(name)
            other.writestr(
                name, content.replace(b"very kind", b"very rude") if name.startswith("records/") else content
            )
    said = dunwell("evidence --check two.zip")
    assert (said.code, said.out) == (
        1,
        "changed: records/calls.json: it is not the file that the bundle was made with\n",
    )
    with zipfile.ZipFile("one.zip") as zipped:
        zipped.extractall("open")
    shutil.move("open", house.root.parent / "elsewhere")
    told_ = run(
        "-w", str(house.root.parent), "evidence", "--check", str(house.root.parent / "elsewhere"), at=NOW
    )
    assert (told_.code, told_.err) == (0, "")
    assert "This house" not in told_.out, "there is no house here to ask"


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("evidence", 2, "name an account, or a bundle to look at"),
        ("evidence ACME --from 2026-10-09 --to 2026-10-08", 2, "2026-10-08 is before 2026-10-09"),
        ("evidence ACNE", 1, "did you mean “ACME”?"),
        ("evidence ACME --out dunwell.toml", 1, "dunwell.toml is there already"),
        ("evidence --check nothing.zip", 1, "there is no nothing.zip"),
        ("evidence --check dunwell.toml", 1, "dunwell.toml is no bundle of evidence"),
        ("history ACME --kind promisse", 1, "did you mean “promise”?"),
        ("history ACME --since yesterdy", 2, "“yesterdy” is no day"),
        ("forget ACME", 2, "--because"),
        ("forget ACME --because x", 1, "say --agree"),
        ("forget ACME --because x --agree --person Nobody", 1, "there is no person “Nobody” of ACME"),
    ],
)
def test_what_is_written_wrongly(house: House, line: str, code: int, words: str) -> None:
    said = dunwell(line)
    assert (said.code, words in said.err) == (code, True), said
