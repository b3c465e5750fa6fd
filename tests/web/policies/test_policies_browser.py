"""The editor in a browser: problems while one types, words at the cursor by keys alone, and nothing that was typed is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.web import works
from tests.web.conftest import Place
from tests.web.test_browser import faults, page

__all__ = ["page"]

FILE = "/policies/file/policies/standard.yaml"
PAGES = (
    *("/policies", "/policies/of/standard", "/policies/change", "/policies/new", FILE),
    *("/messages", "/messages/message/firm-reminder", "/figures"),
)
LOOKED = {360: ("/policies/of/standard", "/policies/change"), 1920: ("/policies", FILE, "/figures")}


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1920, "dark")])
def test_every_page_at_every_width(
    page: Callable[..., Any], served: tuple[Place, str], width: int, scheme: str
) -> None:
    """Nothing is wider than the window; some are looked through small and light, some wide and dark: that takes a second."""
    served[0].desk.works.apart = works.here
    there = page("credit manager", width=width, color_scheme=scheme)
    for path in PAGES if width == 360 else LOOKED[width]:
        there.goto(path)
        assert there.title().endswith("Dunwell")
        if path == "/figures":
            there.get_by_text("What this stands on").wait_for()
        wider = there.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, path
        if path in LOOKED[width]:
            assert faults(there) == [], path
        there.wait_for_load_state("networkidle")


def test_a_policy_is_written_by_keys_alone(page: Callable[..., Any], served: tuple[Place, str]) -> None:
    place, _ = served
    file = place.house.root / "policies" / "standard.yaml"
    before = file.read_text("utf-8")
    there = page("credit manager")
    there.on("dialog", lambda asked: asked.accept())
    there.goto(FILE)
    text = there.get_by_label("The text")
    text.focus()
    there.keyboard.press("Control+Home")
    there.keyboard.type("# Ours\n")
    there.keyboard.press("Control+End")
    there.keyboard.type("\n  - day: 60\n")
    there.keyboard.type("cal")
    there.locator("#here [data-insert='call: ']").wait_for()
    there.keyboard.press("Control+Space")
    assert there.evaluate("document.activeElement.dataset.insert") == "call: "
    there.keyboard.press("Enter")
    assert text.input_value().endswith("\n\n  - day: 60\n    call: ")
    there.keyboard.type("superviser")
    there.locator("#problems").get_by_text("did you mean “supervisor”").wait_for()
    link = there.locator("#problems a[data-line]").first
    assert there.locator(".marks mark").inner_text() == "superviser"
    link.click()
    assert there.evaluate("getSelection().toString()") == "superviser"
    typed = text.input_value()
    there.wait_for_timeout(300)
    there.wait_for_load_state("networkidle")
    there.goto("/policies")  # by mistake
    there.goto(FILE)
    assert there.get_by_label("The text").input_value() == typed
    assert there.get_by_text("not kept is here again").is_visible()
    there.get_by_label("The text").fill(typed.replace("superviser", "supervisor"))
    there.wait_for_timeout(700)  # what is asked a moment after typing
    there.wait_for_load_state("networkidle")
    there.get_by_role("button", name="Keep it").click()
    there.get_by_text("is live, by").wait_for()
    assert file.read_text("utf-8").endswith("\n\n  - day: 60\n    call: supervisor")
    assert file.read_text("utf-8").startswith("# Ours\n" + before[:20])
    assert not there.get_by_text("not kept is here again").is_visible()
    file.write_text(before, "utf-8")


def test_a_day_is_changed_goes_live_and_is_taken_back(
    page: Callable[..., Any], served: tuple[Place, str]
) -> None:
    place, _ = served
    file = place.house.root / "policies" / "standard.yaml"
    before = file.read_text("utf-8")
    there = page("credit manager")
    for day in ("6", "7"):
        there.goto("/policies/of/standard")
        there.get_by_label("Day of step 1", exact=True).fill(day)
        there.get_by_role("button", name="Keep it").click()
        there.get_by_text("is live, by").wait_for()
        assert f"day: {day}\n" in file.read_text("utf-8")
    there.goto("/policies/change")
    there.locator("summary").filter(has_text="Take it back").first.click()
    there.get_by_role("button", name="is live again").first.click()
    there.get_by_role("status").wait_for()
    there.get_by_role("button", name="Write the files as they are live").click()
    there.get_by_text("again as they are live").wait_for()
    assert "day: 6\n" in file.read_text("utf-8")
    file.write_text(before, "utf-8")
