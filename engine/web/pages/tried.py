"""Tests, the deep check, and whom a change touches: asked for, under way, and what came of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from fastapi import APIRouter
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from engine.errors import NotFound
from engine.settings.texts import Texts
from engine.store import standing
from engine.web import tries
from engine.web.visit import Reader, Visit
from engine.web.works import Work

router = APIRouter()
_WORK: dict[str, Callable[..., str]] = {"tests": tries.tests, "deep": tries.deep, "impact": tries.impact}
_TITLES = {
    "tests": ("Tests", "Each test is an account and what must happen to it, day by day."),
    "deep": (
        "Deep check",
        "Every course that an account can take is walked through, without a ledger; what must never and what must always "
        "be is held against it.",
    ),
    "impact": (
        "Whom a change touches",
        "The files beside what is live, over the coming days of today's ledger.",
    ),
}


@router.get("/policies/tests")
def tests(visit: Reader) -> Response:
    return _page(visit, "tests")


@router.get("/policies/deep")
def deep(visit: Reader) -> Response:
    return _page(visit, "deep")


@router.get("/policies/impact")
def impact(visit: Reader) -> Response:
    return _page(visit, "impact")


@router.post("/policies/tests")
@router.post("/policies/deep")
@router.post("/policies/impact")
def ask(visit: Reader) -> Response:
    """Try the files as they are."""
    what = visit.request.url.path.rpartition("/")[2]
    asked(visit, what, visit.desk.files.texts)
    return visit.go("policies", what)


@router.get("/policies/tried/{what}/{hash}")
def look(visit: Reader, what: str, hash: str) -> Response:
    """How far something is that was asked for."""
    if what not in _WORK:
        raise NotFound("such a thing to try", what)
    return shown(visit, (what, hash))


def asked(visit: Visit, what: str, texts: Texts) -> tuple[str, str]:
    """Have these texts tried, unless they were already; where it is to be found."""
    if what not in _WORK:
        raise NotFound("such a thing to try", what)
    found = (what, texts.hash)
    arguments = (visit.desk.root, texts.kept(), visit.now)
    again = visit.typed("again") == "yes"
    visit.desk.works.ask(
        _key(visit, *found), tries.NAMES[what], visit.now, _WORK[what], *arguments, again=again
    )
    return found


def shown(visit: Visit, found: tuple[str, str]) -> Response:
    """How far it is, as part of a page."""
    return HTMLResponse(visit.drawn("tried.html", **_values(visit, *found)))


def plainly(told: Iterable[str]) -> str:
    """What came of it, without the sentences that name a command: they help nobody here."""
    return re.sub(r"\s*“dunwell [^”]*”[^.]*\.", "", " ".join(told))


def _page(visit: Visit, what: str) -> Response:
    files = visit.desk.files
    title, about = _TITLES[what]
    values = _values(visit, what, files.texts.hash)
    same = what == "impact" and files.texts.hash == visit.ws.texts.hash
    return visit.page(
        "tried-page.html", title=title, about=about, broken=files.book is None, same=same, **values
    )


def _values(visit: Visit, what: str, hash: str) -> dict[str, Any]:
    work = visit.desk.works.found(_key(visit, what, hash))
    return {
        "what": what,
        "hash": hash,
        "work": work,
        "before": visit.desk.works.before(work) if work else 0,
        "drawing": _drawing(work),
    }


def _drawing(work: Work | None) -> Markup:
    """What came of it, which our own template has drawn and escaped."""
    return Markup(work.result if work else "")  # noqa: S704


def _key(visit: Visit, what: str, hash: str) -> tuple[object, ...]:
    """Whom something touches rests on the ledger, the runs, what is live and the day as well."""
    if what != "impact":
        return (what, hash)
    with visit.reading() as conn:
        return (what, hash, standing.ground(conn), visit.today)
