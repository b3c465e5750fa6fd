"""Every page and every form under every role, found from the routes themselves: none is forgotten when a page comes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import sqlalchemy as sa
from fastapi.routing import APIRoute

from engine.store.database import reading
from engine.store.tables import action, outbox
from engine.web.app import PAGES
from tests.web.conftest import ROLES, STRANGE, Place

DOOR = ("/", "/sign-in", "/sign-out", "/enter/{token}")
WORK = {"collector", "supervisor", "credit manager"}
DECIDE = {"supervisor", "credit manager"}
# What more than reading a page needs; all other pages everybody reads who has a role.
MORE = {
    **{"/people": {"admin"}, "/people/{id}": {"admin"}, "/pause/{account:path}": WORK},
    **dict.fromkeys(("/policies/new", "/messages/new", "/words/{key:path}"), DECIDE),
}
# What everybody does who has a role: look at what was tried, have something worked out, their own password.
OPEN = (
    "/me/password",
    "/policies/tests",
    "/policies/deep",
    "/policies/impact",
    "/policies/simulate",
    "/policies/compare",
)


def routes(method: str) -> Iterator[str]:
    for page in PAGES:
        for route in page.router.routes:
            if isinstance(route, APIRoute) and method in route.methods and route.path not in DOOR:
                yield route.path


def filled(place: Place, path: str) -> str:
    """An address of the route, of something that is there."""
    with reading(place.desk.engine) as conn:
        message = conn.execute(
            sa.select(outbox.c.action).join(action, action.c.key == outbox.c.action)
        ).scalar()
    known = {"key": quote(str(message), safe=""), "id": "joe", "account": "STRANGE", "kind": "message"}
    known |= {"name": "firm-reminder", "what": "tests", "hash": "0"}
    if path.startswith("/policies/of"):
        known["id"] = "standard"
    if path.startswith("/policies/file"):
        known["name"] = "policies/standard.yaml"
    if path == "/messages/new":
        return f"{path}?name=quite-new"
    if path.startswith("/week/text"):
        known["account"] = "STRANGE?day=2026-10-12&kind=email"
    return re.sub(r"\{(\w+)(:path)?\}", lambda found: known[found[1]], path)


def test_every_page(place: Place) -> None:
    """One desk for all roles: what it has read once it has for everybody."""
    paths = list(routes("GET"))
    assert len(paths) > 35
    stranger = place.stranger()
    for path in paths:
        answer = stranger.get(filled(place, path), follow_redirects=False)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/sign-in"), path
    for role in ROLES:
        browser = place.as_(place.has(role))
        for path in paths:
            may = role in MORE.get(path, ROLES)
            if may and role not in ("credit manager", "reader") and path not in MORE:
                continue  # it is the same for all who read it
            answer = browser.get(filled(place, path), follow_redirects=False)
            good = (200, 303, 404) if path in SELDOM else (200,)
            assert answer.status_code in (good if may else (403,)), (path, role)
            assert STRANGE not in answer.text, path


# A week's text is there on its day alone, a message as it comes out for each case, what was tried while it is known.
SELDOM = (
    *("/week/text/{account:path}", "/policies/tried/{what}/{hash}"),
    *("/messages/new", "/messages/{kind}/{name}/shown"),
)


def test_every_form_is_shut_to_who_may_not(place: Place) -> None:
    paths = list(routes("POST"))
    assert len(paths) > 40
    stranger, reader = place.stranger(), place.as_(place.has("reader"))
    manager = place.as_(place.has("admin", "credit manager"))
    for number, path in enumerate(paths):
        where = filled(place, path)
        assert stranger.sends(where, because=STRANGE).status_code == 401, path
        if path not in OPEN:
            assert reader.sends(where, because=STRANGE).status_code == 403, path
        # Nor is anything taken from somebody who may, without the mark of a page of ours: all ask for it in one place.
        if number % 4 == 0:
            forged = manager.post(where, data={"because": "x"}, follow_redirects=False)
            assert forged.status_code == 403, path
