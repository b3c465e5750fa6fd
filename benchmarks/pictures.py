"""The manual's pictures of the desk, made anew.

`python -m benchmarks.pictures [--folder DIR]` makes the sample of a fixed day with some weeks behind it, opens the desk over it
in Chromium, and writes the pictures into `engine/help/pictures`. Nothing in them is of a real customer.
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from benchmarks.pages import served
from engine import settings, start
from engine.cli.manual import PAGES
from engine.jobs import evaluate
from engine.jobs.people import entry, first
from engine.jobs.people.entry import From
from engine.jobs.workspace import open_workspace
from engine.store import database
from engine.web.desk import Desk

ON = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)
SIZE = {"width": 1120, "height": 700}
QUALITY = 62


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--folder", type=Path, default=PAGES / "pictures")
    into: Path = words.parse_args().folder
    into.mkdir(parents=True, exist_ok=True)
    with sample() as (desk, address), chromium() as browser:
        for role in ("collector", "credit manager"):
            who = next(id for id, one in desk.workspace.files.settings.people.items() if role in one.roles)
            there = browser.new_context(base_url=address, viewport=SIZE, color_scheme="light")
            token = entry.let_in(desk.engine, who, "link", NOW, From()).token
            there.add_cookies([{"name": "dunwell", "value": token, "url": address}])
            _drawn(there.new_page(), into, role)
    for file in sorted(into.glob("*.jpg")):
        print(f"{file.name}  {file.stat().st_size / 1024:.0f} KB")


@contextmanager
def sample() -> Iterator[tuple[Desk, str]]:
    """The desk over the sample of a fixed day, served, and its address."""
    with tempfile.TemporaryDirectory() as place:
        house = Path(place) / "sample"
        start.demo(house, ON)
        evaluate.run(open_workspace(house), on=ON, now=NOW - timedelta(hours=3), agreed="the pictures")
        files, problems = settings.load(house, house)
        assert files is not None, problems
        engine = database.open(files.database_url)
        first.opened(engine, files, NOW)
        desk = Desk(house, engine, lambda: NOW)
        with served(desk, files) as port:
            yield desk, f"http://127.0.0.1:{port}"


@contextmanager
def chromium() -> Iterator[Any]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


def _drawn(page: Any, into: Path, role: str) -> None:
    def shot(name: str) -> None:
        page.screenshot(path=into / f"{name}.jpg", type="jpeg", quality=QUALITY)

    if role == "collector":
        page.goto("/today?whose=all")
        shot("today")
        page.get_by_role("link", name=re.compile("^Call")).first.click()
        page.get_by_role("button", name="promise to pay").first.click()
        shot("call")
    else:
        page.goto("/policies/of/standard")
        shot("policy")


if __name__ == "__main__":
    main()
