"""What a check keeps of the messages it has tried: never a wrong answer, and no work done again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from engine import start
from engine.core.messages.demands import fingerprints
from engine.core.messages.head import read_templates
from engine.jobs.tried import FOLDER, tried
from engine.jobs.workspace import Workspace, open_workspace


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    start.lay_out(tmp_path / "shop", date(2026, 11, 23))
    return tmp_path / "shop"


def kept(shop: Path) -> set[str]:
    return set((shop / FOLDER / "sound-messages").read_text().split())


def as_ever(shop: Path) -> Workspace:
    """What a check says, which is what trying everything says."""
    ws = open_workspace(shop)
    found, whole = tried(ws), ws.thorough()
    assert (found.problems, found.book is None) == (whole.problems, whole.book is None)
    return found


def replaced(name: str, before: str, after: str) -> Callable[[Path], None]:
    def change(shop: Path) -> None:
        text = (shop / name).read_text("utf-8")
        assert before in text
        (shop / name).write_text(text.replace(before, after), "utf-8")

    return change


def test_a_message_is_tried_once(shop: Path) -> None:
    assert not as_ever(shop).problems
    ws = open_workspace(shop)
    assert len(kept(shop)) == len(list(ws.templates))
    files = [template.file for template in ws.templates]
    assert ws.thorough(files) is ws  # with nothing left to try
    assert (shop / FOLDER / ".gitignore").read_text() == "*\n"
    written = (shop / FOLDER / "sound-messages").stat().st_mtime_ns
    assert not as_ever(shop).problems
    assert (shop / FOLDER / "sound-messages").stat().st_mtime_ns == written


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (replaced("templates/friendly-reminder.md", "{{ signature }}", "{{ signatur }}"), "unknown-name"),
        (replaced("templates/friendly-reminder.md", "{{ signature }}", "You failed to pay."), "accusing"),
        (replaced("templates/_email.html", "{{ body }}", ""), "not-named"),
        (replaced("templates/_email.html", "<body", "{{ nothing }}<body"), "template"),
    ],
)
def test_what_breaks_is_found(shop: Path, change: Callable[[Path], None], code: str) -> None:
    as_ever(shop)
    change(shop)
    broken = as_ever(shop)
    assert code in {problem.code for problem in broken.problems}
    assert broken.book is None
    assert {problem.code for problem in as_ever(shop).problems} >= {code}  # and found again


def test_a_note_that_becomes_a_demand_is_tried_again(shop: Path) -> None:
    (shop / "templates/hello.md").write_text(
        "---\nsubject: Good day\ntone: courteous\n---\n{{ greeting }}\n\n{{ signature }}\n"
    )
    assert not as_ever(shop).errors
    (shop / "policies/tests/everyone-else.yaml").unlink()
    replaced("policies/everyone-else.yaml", "letter: firm-reminder", "letter: hello")(shop)
    assert "not-named" in {problem.code for problem in as_ever(shop).problems}


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\0", b"0" * 64 + b"\n", b"templates/friendly-reminder.md\n"])
def test_what_is_no_fingerprint_counts_for_nothing(shop: Path, data: bytes) -> None:
    replaced("templates/friendly-reminder.md", "{{ signature }}", "{{ signatur }}")(shop)
    (shop / FOLDER).mkdir()
    (shop / FOLDER / "sound-messages").write_bytes(data)
    assert "unknown-name" in {problem.code for problem in as_ever(shop).problems}
    assert len(kept(shop)) == len(list(open_workspace(shop).templates)) - 1


def test_where_nothing_can_be_kept_all_is_tried(shop: Path) -> None:
    (shop / FOLDER).write_text("not a folder")
    assert not as_ever(shop).problems
    assert (shop / FOLDER).read_text() == "not a folder"


def test_everything_that_decides_makes_another_fingerprint() -> None:
    text = b"---\nsubject: S\ntone: courteous\n---\nGood day\n"
    page = b"<html>{{ body }}</html>"
    read = lambda files: read_templates(files)[0]  # noqa: E731
    same = read({"templates/a.md": text, "templates/_email.html": page})
    [one] = fingerprints(same, (), "this").values()
    assert [one] == list(fingerprints(same, ("b",), "this").values())
    others = [
        fingerprints(same, ("a",), "this"),
        fingerprints(same, (), "another"),
        fingerprints(read({"templates/b.md": text, "templates/_email.html": page}), (), "this"),
        fingerprints(read({"templates/a.de.md": text, "templates/_email.html": page}), (), "this"),
        fingerprints(read({"templates/a.md": text + b"!", "templates/_email.html": page}), (), "this"),
        fingerprints(read({"templates/a.md": text, "templates/_email.html": page + b" "}), (), "this"),
        fingerprints(read({"templates/a.md": text, "templates/_letter.html": page}), (), "this"),
    ]
    assert len({one, *(taken for other in others for taken in other.values())}) == len(others) + 1
