"""Every page, found from the routes themselves, so that none is forgotten when one comes: it is there, and shows nothing raw."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import sqlalchemy as sa
from fastapi.routing import APIRoute

from engine.store.database import reading
from engine.store.tables import action, outbox
from engine.web.app import PAGES
from tests.web.conftest import STRANGE, Place

DOOR = ("/", "/sign-in", "/sign-in/other", "/sign-in/back", "/sign-out", "/enter/{token}")


def pages() -> Iterator[str]:
    for page in PAGES:
        for route in page.router.routes:
            if isinstance(route, APIRoute) and "GET" in route.methods and route.path not in DOOR:
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
    """Whoever may see all; what each role may is tried at the door."""
    paths = list(pages())
    assert len(paths) > 45
    somebody = place.as_(place.has("admin", "credit manager"))
    for path in paths:
        answer = somebody.get(filled(place, path), follow_redirects=False)
        assert answer.status_code in ((200, 303, 404) if path in SELDOM else (200,)), path
        assert STRANGE not in answer.text, path


# A week's text is there on its day alone, a message as it comes out for each case, what was tried while it is known.
SELDOM = (
    *("/week/text/{account:path}", "/policies/tried/{what}/{hash}"),
    *("/messages/new", "/messages/{kind}/{name}/shown"),
)
