"""What `dunwell init` and `make preview` lay out."""

from __future__ import annotations

import os
import stat
from datetime import date
from pathlib import Path

import pytest

from engine.errors import DunwellError, Refused
from engine.sample import SEED, generate
from engine.settings import load
from engine.start import lay_out, start_set

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


def test_the_sample_is_ready_to_be_imported_and_nothing_is_done_with_it(tmp_path: Path) -> None:
    lay_out(tmp_path / "shop", ON)
    sample = generate(SEED, ON)
    for name, text in sample.files(ON).items():
        assert (tmp_path / "shop" / "ledger" / name).read_text("utf-8") == text
    assert not (tmp_path / "shop" / "dunwell.db").exists()


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
