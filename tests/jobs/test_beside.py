"""The second process of a diff over a large ledger: the same answer, wherever it is worked out."""

from __future__ import annotations

import io
import os
import pickle
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from engine.core.decision.state import ACCOUNTS, ITEMS, State
from engine.core.trust.course import Course
from engine.core.trust.impact import Impact
from engine.jobs import beside
from engine.jobs import diff as job
from engine.jobs.beside import Beside, Ended
from tests.jobs.test_compare import EARLY, filled
from tests.jobs.world import House, moment


def sent(thing: Any) -> Any:
    """What arrives at the other end."""
    written = io.BytesIO()
    beside._Pickler(written, 5).dump(thing)
    return pickle.loads(written.getvalue())


FRAMES = {
    "no row": State.empty_frame(ACCOUNTS),
    "no value": pl.DataFrame({"a": [None, None], "b": [None, None]}, schema={"a": pl.Date, "b": pl.String}),
    "some values": pl.DataFrame(
        {"none": [None] * 3, "row": [2, 0, 1], "word": [None, "é", ""], "tags": [["x"], [], None], "no": [None] * 3},
        schema={
            "none": pl.List(pl.String),
            "row": pl.UInt32,
            "word": pl.String,
            "tags": pl.List(pl.String),
            "no": pl.UInt8,
        },
    ),
    "items": pl.DataFrame({"row": [0], "open": [12], "rate": [0.1], "due": [date(2026, 1, 2)]}).select(
        pl.col(name).cast(kind) if name in ("row", "open", "rate", "due") else pl.lit(None, dtype=kind).alias(name)
        for name, kind in ITEMS.items()
    ),
}  # fmt: skip


@pytest.mark.parametrize("about", FRAMES)
def test_a_frame_arrives_as_it_was(about: str) -> None:
    (arrived,) = sent((FRAMES[about],))
    assert_frame_equal(arrived, FRAMES[about])


@pytest.fixture
def asked(build: Callable[..., House]) -> Callable[[], Impact]:
    """What a diff of a small house comes to."""
    house = filled(build())
    before = house.root / "before"
    shutil.copytree(house.root / "policies", before)
    house.write("standard", EARLY.replace("Early", "Standard"))
    now = moment("2026-10-05", "09:00")

    def told() -> Impact:
        found = job.diff(house.ws, str(before), start=date(2026, 10, 5), days=10, now=now).impact
        assert found is not None
        assert found.otherwise == 8
        return found

    return told


def test_a_large_ledger_is_walked_by_two_processes_and_the_answer_is_the_same(
    asked: Callable[[], Impact], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = asked()
    answered = []
    answer = Beside.answer

    def kept(self: Beside) -> Any:
        answered.append(answer(self))
        return answered[-1]

    monkeypatch.setattr(Beside, "answer", kept)
    monkeypatch.setattr(job, "_MANY", 1)
    assert asked() == alone
    (course,) = answered
    assert isinstance(course, Course)


def test_nothing_of_the_folder_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "polars.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    with Beside("engine.core.problem") as second:
        second.ask(os.getpid)
        assert second.answer() != os.getpid()


def ends(second: Beside) -> bool:
    """Whether it ends before it answers."""
    try:
        second.ask(os.getpid)
        second.answer()
    except Ended:
        return True
    return False


def test_a_process_that_ends_leaves_the_work_to_who_asked(
    asked: Callable[[], Impact], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = asked()
    monkeypatch.setattr(beside, "_SERVE", "import os; os._exit(1)")
    with Beside("engine.core.problem") as second:
        assert ends(second)
    monkeypatch.setattr(job, "_MANY", 1)
    assert asked() == alone


def test_there_may_be_no_room_for_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> Any:
        raise OSError("cannot allocate memory")

    monkeypatch.setattr(beside.subprocess, "Popen", refused)
    with Beside("engine.core.problem") as second:
        assert ends(second)
