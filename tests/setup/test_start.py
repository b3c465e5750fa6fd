"""What `dunwell init` and `make preview` lay out."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from engine.errors import DunwellError, Refused
from engine.sample import SEED, generate
from engine.settings import load
from engine.start import demo, lay_out, start_set

ON = date(2026, 11, 23)


def texts(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_workspace_is_laid_out_and_its_settings_are_right(tmp_path: Path) -> None:
    written = lay_out(tmp_path / "shop", ON)
    assert set(written) == set(texts(tmp_path / "shop"))
    assert {"dunwell.toml", "policies/house.yaml", "ledger/ledger.csv", "profiles/ledger.toml"} <= set(
        written
    )
    workspace, problems = load(tmp_path / "shop")
    assert problems == ()
    assert workspace is not None
    assert workspace.settings.ledger.profile == "ledger"
    for role in ("collector", "supervisor", "credit manager", "account owner", "dispute owner"):
        assert workspace.people_with(role), role


def test_the_start_set_is_copied_as_it_is(tmp_path: Path) -> None:
    lay_out(tmp_path / "shop", ON)
    for part in ("policies", "templates"):
        assert texts(tmp_path / "shop" / part) == texts(start_set() / part)
        assert texts(start_set() / part)


def test_the_promises_of_the_time_before_are_known(tmp_path: Path) -> None:
    lay_out(tmp_path / "shop", ON)
    with sqlite3.connect(tmp_path / "shop" / "dunwell.db") as found:
        states = dict(found.execute("SELECT state, COUNT(*) FROM promise GROUP BY state"))
        late = found.execute("SELECT COUNT(*) FROM promise WHERE breaks_on > ?", (ON.isoformat(),)).fetchone()
    found.close()
    wanted = Counter(one.state for one in generate(SEED, ON).promises)
    assert states == {"kept": wanted["kept"], "broken": wanted["broken"]}
    assert late == (0,)


def test_without_the_sample_there_is_no_ledger(tmp_path: Path) -> None:
    written = lay_out(tmp_path / "shop", ON, sample=False)
    assert not any(name.startswith(("ledger/", "profiles/")) for name in written)
    workspace, problems = load(tmp_path / "shop")
    assert problems == ()
    assert workspace is not None
    assert workspace.settings.ledger.profile == ""


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    lay_out(tmp_path, ON)
    (tmp_path / "policies" / "house.yaml").write_text("mine")
    before = texts(tmp_path)
    with pytest.raises(Refused, match=r"has policies, templates, dunwell\.toml, profiles and ledger already"):
        lay_out(tmp_path, ON)
    assert texts(tmp_path) == before


def test_a_folder_with_other_things_in_it_keeps_them(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    lay_out(tmp_path, ON)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "dunwell.toml").is_file()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("")
    with pytest.raises(Refused, match="is a file"):
        lay_out(tmp_path / "shop", ON)


def test_a_folder_that_cannot_be_written_is_left_alone(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        if os.access(locked, os.W_OK):
            pytest.skip("this user may write everywhere")
        with pytest.raises(DunwellError, match="cannot be written"):
            lay_out(locked / "shop", ON)
        assert texts(locked) == {}
    finally:
        locked.chmod(stat.S_IRWXU)


def test_a_path_through_a_file_is_a_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DunwellError, match="cannot be written"):
        lay_out(tmp_path / "file" / "shop", ON)


def test_the_demo_is_laid_out_once_and_left_alone_on_the_same_day(tmp_path: Path) -> None:
    assert "made-up ledger of 23 Nov 2026" in demo(tmp_path / "demo", ON)
    before = texts(tmp_path / "demo")
    assert "as you left it" in demo(tmp_path / "demo", ON)
    assert texts(tmp_path / "demo") == before


def test_the_next_day_the_demo_gets_a_new_ledger_and_keeps_what_was_edited(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    demo(folder, ON)
    (folder / "policies" / "house.yaml").write_text("mine")
    (folder / "dunwell.db").write_text("old")
    assert "of 24 Nov 2026" in demo(folder, date(2026, 11, 24))
    assert (folder / "policies" / "house.yaml").read_text() == "mine"
    assert (folder / "dunwell.db").read_bytes() != b"old"
    assert "As of 2026-11-24" in (folder / "ledger" / "ledger.csv").read_text()
