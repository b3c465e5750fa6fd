"""The set-up as somebody plays it who has no manual: from an empty folder to the week, by clicking."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest

from engine.jobs.people import first
from tests.jobs.world import moment
from tests.web.conftest import MONDAY, Place
from tests.web.workspaces import LEDGER, Empty

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf-8")


@pytest.fixture
def served_empty(tmp_path: Path, sqlite_template: Path) -> Iterator[tuple[Place, str]]:
    import uvicorn

    from engine.daemon.address import listen
    from engine.web.__main__ import configured

    at = listen("127.0.0.1:0", "the desk", "[web]")
    place = Place(Empty.at(tmp_path, sqlite_template), moment(MONDAY, "10:30"))  # type: ignore[arg-type]
    server = uvicorn.Server(configured(place.app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [at]}, daemon=True)
    thread.start()
    yield place, f"http://127.0.0.1:{at.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    at.close()


def test_from_an_empty_folder_to_the_week(
    chromium: Any, served_empty: tuple[Place, str], tmp_path: Path
) -> None:
    place, address = served_empty
    token = first.opened(place.desk.engine, place.files, place.now)
    context = chromium.new_context(base_url=address, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def looks_well(width: int, scheme: str) -> None:
        page.locator("main").wait_for()  # the page that a click led to is there
        page.wait_for_load_state()
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wider) <= 0, page.url
        page.evaluate(AXE)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert [one["id"] for one in found["violations"]] == [], page.url

    page.goto(f"/enter/{token}")
    page.get_by_label("Your name").fill("Ana Reyes")
    page.get_by_label("credit manager").check()
    page.get_by_label("Password", exact=False).first.fill("three quiet herons")
    page.get_by_label("The same once more").fill("three quiet herons")
    page.get_by_role("button", name="Go in").click()
    page.get_by_role("link", name="Begin: Who you are").click()
    page.get_by_label("Name of the company").fill("Meyer GmbH")
    page.get_by_label("E-mail address for answers").fill("ar@meyer.example.com")
    page.get_by_label("Currency").fill("EUR")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_role("button", name="on to: Mail").click()
    looks_well(1920, "dark")
    page.get_by_role("button", name="on to: Calendar").click()  # mail is left for later
    page.get_by_label("Holidays of").select_option("DE")
    page.get_by_label("Part of the country").select_option("BY")
    page.get_by_text("Epiphany").wait_for()
    page.get_by_role("button", name="on to: Ledger").click()
    (tmp_path / "open.csv").write_text(LEDGER.replace("Net due", "Until"), "utf-8")
    page.get_by_label("File").set_input_files(str(tmp_path / "open.csv"))
    page.get_by_role("button", name="Look at it").click()
    page.get_by_text("It cannot be imported yet").wait_for()
    looks_well(360, "dark")
    page.get_by_role("cell", name="19.09.2026").click()
    assert page.evaluate("document.activeElement.id") == "c-4"
    page.keyboard.press("Escape")
    page.locator("#c-4").select_option("due")
    page.get_by_label("The day it shows").fill(MONDAY)
    page.get_by_label("Terms for all").focus()
    page.get_by_text("It can be imported").wait_for()
    page.get_by_role("button", name="Import it").click()
    page.get_by_role("link", name="On to: Policies").click()
    page.get_by_role("checkbox", name="Public sector").uncheck()
    page.get_by_role("button", name="on to: This week").click()
    page.locator("table.calendar").wait_for()
    assert "2 actions this week. Nothing has been sent." in page.inner_text("#main")
    looks_well(360, "light")
    page.get_by_role("link", name="The whole week").click()
    page.get_by_role("heading", name="12 to 18 Oct").or_(page.locator("table.calendar")).first.wait_for()
    aborted = "htmx:"  # a look at the file is overtaken by the next choice
    assert [one for one in complaints if aborted not in one] == []
    context.close()
