"""What only a browser shows: that nothing is blocked, that all is reached by keyboard, at any width, in light and dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest

from engine.jobs.people import entry, first
from engine.jobs.people.entry import From
from tests.web.conftest import Place

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf-8")
PAGES = (
    *(
        "/today?whose=all",
        "/week?day=all",
        "/account/ACC1",
        "/accounts",
        "/outbox",
        "/journal",
        "/me",
        "/people",
    ),
    *("/people/joe", "MESSAGE", "WORDS", "/pause/ACC1?day=2026-10-14"),
    *(f"/{page}/ACC3" for page in ("promise", "plan", "dispute", "compromise", "terms", "reach")),
    *("/policies/simulate", "/policies/compare"),
)
ALIKE = ("/compromise", "/reach", "/plan")


@pytest.fixture
def page(chromium: Any, served: tuple[Place, str]) -> Iterator[Callable[..., Any]]:
    """A page of somebody with a role, or of a stranger. What a browser complains of fails the test."""
    place, address = served
    contexts, complaints = [], []

    def opened(role: str = "", *, width: int = 1280, **more: Any) -> Any:
        context = chromium.new_context(base_url=address, viewport={"width": width, "height": 900}, **more)
        contexts.append(context)
        context.set_default_timeout(10_000)
        if role:
            found = entry.let_in(place.desk.engine, place.has(*role.split(", ")), "link", place.now, From())
            context.add_cookies([{"name": "dunwell", "value": found.token, "url": address}])
        made = context.new_page()
        made.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        made.on("pageerror", lambda error: complaints.append(str(error)))
        return made

    yield opened
    for context in contexts:
        context.close()
    expected = (
        "ERR_INTERNET_DISCONNECTED",
        "422",
        "htmx:",
    )  # to be cut off, and refused, is what a test has done
    assert [one for one in complaints if not any(word in one for word in expected)] == []


def faults(page: Any) -> list[str]:
    """What axe finds on a page."""
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found["violations"]]


def test_every_page_at_every_width(page: Callable[..., Any]) -> None:
    """Each is looked through once, half of them small and light, half of them wide and dark: to look takes a second."""
    for half, (width, scheme) in enumerate(((360, "light"), (1920, "dark"))):
        there = page("admin, credit manager, collector", width=width, color_scheme=scheme)
        there.goto("/outbox?with=ACC1")
        message = there.locator("tbody td a").first.get_attribute("href")
        told = {"MESSAGE": message, "WORDS": message.replace("/message/", "/words/")}
        for number, path in enumerate(told.get(one, one) for one in PAGES):
            there.goto(path)
            if path.startswith("/week"):
                there.locator(".calendar").wait_for()
            assert there.title().endswith("Dunwell")
            wider = there.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert wider <= 0, (path, width)
            alike = path.startswith(ALIKE)  # one of what is made of the same parts is looked through
            assert alike or number % 2 != half or faults(there) == [], (path, width)
        outside = page(width=width, color_scheme=scheme)
        outside.goto("/sign-in")
        assert faults(outside) == []


def test_keys_alone(page: Callable[..., Any]) -> None:
    there = page("collector")
    there.goto("/today?whose=all")
    there.keyboard.press("Tab")
    assert there.evaluate("document.activeElement.textContent") == "To the page itself"
    there.keyboard.press("Enter")
    assert there.evaluate("document.activeElement.id") == "main"
    there.keyboard.press("/")
    assert there.evaluate("document.activeElement.id") == "find"
    outline = there.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_the_first_admin_in_a_browser(page: Callable[..., Any], served: tuple[Place, str]) -> None:
    place, _ = served
    token = first.opened(place.desk.engine, place.files, place.now)
    there = page()
    there.goto(f"/enter/{token}")
    there.get_by_label("Who are you?").select_option("ana")
    there.get_by_label("Password", exact=False).first.fill("three quiet herons")
    there.get_by_label("The same once more").fill("three quiet herons")
    there.get_by_role("button", name="Go in").click()
    there.wait_for_url("**/today")
    there.get_by_text("Ana Reyes").click()
    there.get_by_role("button", name="Sign out").click()
    there.wait_for_url("**/sign-in")


def test_without_scripts_a_call_is_read_and_logged(page: Callable[..., Any]) -> None:
    there = page("collector", java_script_enabled=False, width=360)
    there.goto("/today?whose=all")
    there.get_by_role("link", name="Call ACC0").click()
    there.get_by_label("Reason").select_option("unknown")
    there.get_by_role("button", name="hung up").click()
    assert there.get_by_label("Reason").input_value() == "unknown"
    there.get_by_label("call back in 10 minutes").check()
    there.get_by_role("button", name="Log: hung up").click()
    assert "ACC0: hung up." in there.get_by_role("status").first.inner_text()


def test_a_call_by_keys_with_the_connection_lost(page: Callable[..., Any]) -> None:
    there = page("collector")
    there.goto("/call/ACC2")
    assert faults(there) == []
    there.get_by_label("Spoken with").fill("Dana Whitfield")
    there.get_by_text("kept at 10:").wait_for()
    there.context.set_offline(True)
    there.get_by_label("Story").fill("their largest customer has not paid them")
    there.get_by_text("No connection").wait_for()
    there.context.set_offline(False)
    there.get_by_text("No connection").wait_for(state="hidden")
    there.keyboard.press("Escape")
    there.keyboard.press("h")
    there.get_by_text("Not about you").wait_for()
    assert there.get_by_label("Story").input_value() == "their largest customer has not paid them"
    assert there.get_by_label("Spoken with").input_value() == "Dana Whitfield"
    there.reload()
    assert there.get_by_label("Story").input_value() == "their largest customer has not paid them"
    there.get_by_label("call back now").focus()
    there.keyboard.press("Space")
    there.get_by_label("A remark").press("Enter")
    there.wait_for_url("**/today")
    there.get_by_text("ACC2: hung up.").wait_for()


def test_an_hour_of_a_collector(page: Callable[..., Any], served: tuple[Place, str]) -> None:
    """From the list: a call that breaks off, answers that survive it, the follow-up ten minutes later, a promise, the next."""
    place, _ = served
    began = place.now
    there = page("collector")
    there.goto("/today?whose=all")
    there.get_by_role("link", name="Call ACC4").click()
    there.get_by_label("Spoken with").fill("Ms Lee")
    there.get_by_text("kept at 10:").wait_for()
    there.goto("/today?whose=all")  # they hang up, and the page is left
    there.get_by_role("link", name="Call ACC4").click()
    assert there.get_by_label("Spoken with").input_value() == "Ms Lee"
    there.keyboard.press("h")
    there.get_by_label("call back in 10 minutes").check()
    there.get_by_role("button", name="Log: hung up").click()
    there.get_by_text("ACC4: hung up.").wait_for()
    try:
        place.later(minutes=11)
        there.goto("/today?whose=all")
        first = there.locator(".worklist .work").filter(has_text="ACC4").first
        assert first.locator("time").inner_text() == "10:40"
        first.get_by_role("link", name="Call").click()
        there.get_by_role("button", name="promise to pay").first.click()
        there.get_by_label("Amount").first.fill("many")
        there.get_by_role("button", name="Log: promise to pay").click()
        assert there.locator(".why").count() >= 1
        assert there.get_by_label("Amount").first.input_value() == "many"
        there.get_by_label("Amount").first.fill("500")
        there.get_by_label("Date").first.fill("friday")
        there.get_by_label("Reason").select_option("cash_crunch_short")
        there.get_by_label("Spoken with").fill("Ms Lee")
        there.get_by_role("button", name="Log: promise to pay").click()
        there.wait_for_load_state()
        assert there.locator(".why, .refused").all_inner_texts() == []
        assert "ACC4: promise to pay" in there.get_by_role("status").first.inner_text()
        there.goto("/today?whose=all")
        assert there.get_by_role("link", name="Call ACC4").count() == 0
        assert there.get_by_role("link", name="Call ").count() > 0
    finally:
        place.now = began


def test_two_people_at_one_account_and_a_yes(page: Callable[..., Any]) -> None:
    """One asks for a plan, which another agrees to; what both do at once is done once, and nobody's words are lost."""
    joe, ana = page("collector"), page("credit manager")
    for there in (joe, ana):
        there.goto("/account/ACC6")
        there.get_by_role("link", name="Payment plan").click()
        there.get_by_label("How many payments").fill("10")
        there.get_by_label("The first one").fill("friday")
        there.get_by_label("Also if it is more").check()
    joe.get_by_role("button", name="Write the plan down").click()
    joe.wait_for_url("**/account/ACC6")
    assert "needs approval" in joe.locator(".worklist").inner_text()
    assert joe.get_by_role("button", name="Agree").count() == 0
    ana.get_by_role("button", name="Write the plan down").click()
    assert "waits" in ana.locator(".refused").inner_text()
    assert ana.get_by_label("How many payments").input_value() == "10"
    ana.get_by_role("button", name="Agree").click()
    ana.wait_for_url("**/plan/ACC6")
    assert "runs" in ana.locator("article").first.inner_text()
    joe.goto("/plan/ACC6")
    joe.locator("article summary").click()
    joe.get_by_label("Why", exact=True).first.fill("they pay all at once")
    joe.get_by_role("button", name="End the plan").click()
    joe.wait_for_url("**/account/ACC6")


def test_without_scripts_a_promise_is_written_down(page: Callable[..., Any]) -> None:
    there = page("collector", java_script_enabled=False, width=360)
    there.goto("/account/ACC5")
    there.get_by_role("link", name="Promise", exact=True).click()
    there.get_by_label("How much").fill("some")
    there.get_by_role("button", name="Write the promise down").click()
    assert "Say when the money is to come" in there.locator(".why").first.inner_text()
    there.get_by_label("How much").fill("300")
    there.get_by_label("When the money is to come").fill("friday")
    there.get_by_role("button", name="Write the promise down").click()
    assert "ACC5" in there.get_by_role("status").first.inner_text()
