"""The manual's page on many machines says what is shown, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from rich.console import Console

from engine.daemon import line
from engine.jobs.evaluate import AT_ONCE
from engine.jobs.shared import SIZE
from engine.jobs.status import status
from engine.screen.status import status_drawn
from engine.store import database, queue
from engine.store.shared import Progress
from tests.cli.conftest import run
from tests.jobs.world import ZONE, House

PAGE = (Path(__file__).parents[2] / "engine" / "help" / "scale.md").read_text("utf-8")


def test_what_the_page_shows_of_a_run_is_what_status_shows(sqlite_url: str, tmp_path: Path) -> None:
    house = House(tmp_path, sqlite_url)
    at = datetime(2026, 11, 25, 6, tzinfo=ZONE)
    workers = {"north/4112": 33, "north/4113": 32, "south/77": 65}
    going = Progress(date(2026, 11, 25), at, 200, 130, 6_500_000, workers, at)
    with database.reading(house.engine) as conn:
        found = replace(status(conn, house.ws.files, at), workers=8, sharing=going)
    console = Console(width=200, color_system=None)
    with console.capture() as told:
        console.print(status_drawn(found, ZONE))
    shown = [" ".join(line.split()) for line in told.get().splitlines()]
    block = PAGE.split("    dunwell status\n", 1)[1].split("## ", 1)[0]
    lines = [" ".join(line.split()) for line in block.splitlines() if line.startswith("    ")]
    assert len(lines) == 5
    for one in lines:
        assert one in shown or one == "…"


def test_a_file_has_no_workers(sqlite_url: str, tmp_path: Path) -> None:
    house = House(tmp_path, sqlite_url)
    for more in (["--workers", "2"], ["--join"]):
        said = run("-w", str(house.root), "serve", *more)
        assert said.code == 1
        assert "SQLite is for one machine" in said.err
        assert "dunwell help scale" in said.err


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    page = " ".join(PAGE.split())
    assert f"parts of {SIZE:,} open items" in page
    assert f"more than {AT_ONCE:,} items are open it decides the accounts in parts" in page
    assert f"no sign of life for {queue.DEAD:.0f} seconds" in page
    assert queue.DEAD + line.RESCUE + queue.BEAT < 30
