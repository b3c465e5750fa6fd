"""Figures at the desk: made beside the pages, once for all who look, with what each means."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from engine.jobs.people import first
from engine.web import works
from tests.jobs.world import House, moment
from tests.web.conftest import MONDAY, Browser, Place, words


def figures(place: Place, browser: Browser, query: str = "") -> str:
    """The page once they are made."""
    place.desk.works.apart = works.here
    browser.get(f"/figures?{query}")
    for _ in range(2400):
        if all(one.over for one in place.desk.works._found.values()):
            break
        time.sleep(0.05)
    return browser.get(f"/figures?{query}").text


def test_figures_with_their_meaning(place: Place) -> None:
    house = place.house.root / "policies" / "house.yaml"
    house.write_text(
        house.read_text("utf-8") + "bands:\n  overdue share: at most 1%\n  over 90 share: at most 5%\n",
        "utf-8",
    )
    page = figures(place, place.as_("joe"))
    told = words(page)
    assert "Open items, by days past due" in told
    assert "receivables $7,800" in told
    assert 'class="b1"' in page
    assert "outside its band at most 1%" in told
    assert "within its band at most 5%" in told
    assert "How it is counted" in told
    assert "style=" not in page.partition("<main")[2]
    again = place.as_("sue").get("/figures").text
    assert "How it is counted" in words(again)  # nobody waits a second time
    part = place.as_("joe").get("/figures", headers={"hx-request": "true"}).text
    assert part.startswith('<div class="figures">')


def test_by_period_and_policy(place: Place) -> None:
    joe = place.as_("joe")
    wrong = joe.get("/figures?first=soon&last=2026-99-01&ageing=moon")
    assert wrong.status_code == 422
    assert wrong.text.count('aria-invalid="true"') == 2
    assert 'value="soon"' in wrong.text
    assert joe.get("/figures?month=2026-13").status_code == 422
    assert joe.get("/figures?first=2026-10-12&last=2026-10-01").status_code == 422
    early = words(figures(place, joe, "month=2020-01"))
    assert "2020" in early
    assert "dunwell " not in early
    unknown = words(figures(place, joe, "policy=%3Cscript%3E"))
    assert "there is no policy" in unknown.lower()
    assert "5 accounts" in words(figures(place, joe, "policy=standard"))


def test_before_there_is_a_ledger(tmp_path: Path, sqlite_template: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "dunwell.db")
    place = Place(House(tmp_path, f"sqlite:///{tmp_path / 'dunwell.db'}"), moment(MONDAY, "10:30"))
    first.opened(place.desk.engine, place.house.ws.files, place.now)
    place.desk.works.apart = works.here
    ana = place.as_("ana")
    assert "There is no ledger yet" in words(ana.get("/figures").text)
    policies = words(ana.get("/policies").text)
    assert "the first one is still to come" in policies
    assert "Nobody is counted yet" in words(ana.get("/policies/of/standard").text)
    assert "Nothing is live yet" in words(ana.get("/policies/change").text)
    ana.sends("/policies/tests")
    time.sleep(0.2)
    for _ in range(200):
        if "There are no tests yet" in words(ana.get("/policies/tests").text):
            break
        time.sleep(0.05)
    else:
        raise AssertionError
