"""Past days played again, and what followed on each side of a comparison: asked for, under way, and drawn."""

from __future__ import annotations

import re
from datetime import timedelta

from engine.web import works
from tests.web.conftest import MONDAY, Browser, Place, words

SPLIT = """
order: [standard, standard-early]
split:
  earlier-call:
    shares: {standard: 50%, standard-early: 50%}
    until: 2027-03-31
    because: is money in sooner?
"""


def done(browser: Browser, path: str, **filled: str) -> str:
    """The page, once what was asked for is over."""
    answer = browser.sends(path, **filled)
    assert answer.status_code == 303, words(answer.text)
    for _ in range(200):
        page = browser.get(answer.headers["location"]).text
        if "Look again" not in page:
            return page
    raise AssertionError("it is still under way")


def test_past_days_are_played_with_their_pictures(place: Place) -> None:
    place.desk.works.apart = works.here
    reader = place.as_(place.has("reader"))
    assert "the ledger is known of one day only" in done(reader, "/policies/simulate").lower()
    place.house.owes("ACC1", "I1", "2026-09-29", "1300.00")
    place.house.owes("ACC3", "I3", "2026-09-29", "1500.00")
    place.house.import_ledger("2026-10-19")
    place.now += timedelta(days=7)
    reader = place.as_(place.has("reader"))
    assert "Play the days" in reader.get("/policies/simulate").text  # nothing is begun by looking
    page = done(reader, "/policies/simulate", first=MONDAY, last="2026-10-19")
    assert "12 – 19 Oct 2026" in words(page) or "Mon 12 Oct – Mon 19 Oct 2026" in words(page)
    assert "It does not say that money would have come" in words(page) or "does not show" in words(page)
    assert page.count('role="img"') >= 3
    assert "<style" not in page  # which the desk forbids
    assert "Play them once more" in page
    gone = reader.get("/policies/simulate?asked=yes&first=2026-10-13").text
    assert "Ask for it again." in gone


def test_wrong_days_are_said_at_their_fields(place: Place) -> None:
    reader = place.as_(place.has("reader"))
    answer = reader.sends("/policies/simulate", first="2026-13-01", draws="1000", which="mine")
    assert answer.status_code == 422
    assert "is no day" in answer.text
    assert "A number from 0 to 100." in answer.text
    assert 'value="2026-13-01"' in answer.text
    turned = reader.sends("/policies/simulate", first="2026-10-12", last="2026-10-01")
    assert "The last day is before the first." in turned.text
    assert place.stranger().sends("/policies/simulate").status_code == 401
    forged = reader.post("/policies/simulate", data={"first": MONDAY}, follow_redirects=False)
    assert forged.status_code == 403
    assert len(re.findall("Look again", reader.get("/policies/simulate").text)) == 0


def test_what_is_compared(place: Place) -> None:
    place.desk.works.apart = works.here
    manager = place.as_("ana")
    assert "No policies are compared." in manager.get("/policies/compare").text
    policies = place.house.root / "policies"
    early = (
        (policies / "standard.yaml")
        .read_text("utf-8")
        .replace("Standard", "Early")
        .replace("day: 5", "day: 4")
    )
    (policies / "standard-early.yaml").write_text(early, "utf-8")
    house = policies / "house.yaml"
    before = house.read_text("utf-8") if house.exists() else ""
    kept = "\n".join(line for line in before.splitlines() if not line.startswith("order:"))
    house.write_text(kept + SPLIT, "utf-8")
    place.desk.kept.look()
    page = manager.get("/policies/compare").text
    assert "earlier-call" in page
    page = done(manager, "/policies/compare", days="30")
    assert "is money in sooner?" in page
    assert manager.sends("/policies/compare", days="0").status_code == 422
    assert "there is no comparison" in done(manager, "/policies/compare", name="other").lower()
