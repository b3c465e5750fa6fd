"""What was: past days played again under the policies, and what followed on each side of a comparison."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse, Response

from engine.core.trust.compare import DAYS
from engine.errors import WrongFields
from engine.jobs.simulate import Asked
from engine.store import compare as store
from engine.store import ledger, standing
from engine.web import tries
from engine.web.visit import Reader, Visit

router = APIRouter()
SIDES: Mapping[str, tuple[str, ...]] = {
    "what decides now": (),
    "what is live, beside the files": ("live", "files"),
}
_MOST_DRAWS = 100  # more are for the command line


@router.get("/policies/simulate")
def simulate(visit: Reader) -> Response:
    return _page(visit, "simulate.html", _past, {"sides": list(SIDES), "most": _MOST_DRAWS})


@router.post("/policies/simulate")
def play(visit: Reader) -> Response:
    return _ask(visit, "simulate", _past, tries.simulation, "the simulation") or simulate(visit)


@router.get("/policies/compare")
def compare(visit: Reader) -> Response:
    book = visit.ws.book
    with visit.reading() as conn:
        had = store.names(conn)
    names = list(dict.fromkeys((*(one.name for one in (book.house.splits if book else ())), *had)))
    return _page(visit, "compare.html", _compared, {"names": names, "usual": DAYS})


@router.post("/policies/compare")
def count(visit: Reader) -> Response:
    return _ask(visit, "compare", _compared, tries.comparison, "the comparison") or compare(visit)


def _past(visit: Visit) -> Asked:
    """What the form asks for. WrongFields, all at once."""
    wrong: dict[str, str] = {}
    days = {name: _day(visit, name, wrong) for name in ("first", "last")}
    first, last = days["first"], days["last"]
    if first and last and first > last:
        wrong["last"] = "the last day is before the first"
    draws = _number(visit, "draws", 0, (0, _MOST_DRAWS), wrong)
    side = visit.typed("which") or next(iter(SIDES))
    if side not in SIDES:
        wrong["which"] = "choose one of these"
    if wrong:
        raise WrongFields(wrong)
    return Asked(SIDES[side], first, last, draws)


def _compared(visit: Visit) -> tuple[str, int]:
    wrong: dict[str, str] = {}
    days = _number(visit, "days", DAYS, (1, 365), wrong)
    if wrong:
        raise WrongFields(wrong)
    return visit.typed("name"), days


def _day(visit: Visit, name: str, wrong: dict[str, str]) -> date | None:
    said = visit.typed(name)
    try:
        return date.fromisoformat(said) if said else None
    except ValueError:
        wrong[name] = f"“{said}” is no day; write it as in 2026-11-30"
        return None


def _number(visit: Visit, name: str, usual: int, ends: tuple[int, int], wrong: dict[str, str]) -> int:
    said = visit.typed(name)
    if not said:
        return usual
    if said.isascii() and said.isdecimal() and len(said) < 5 and ends[0] <= int(said) <= ends[1]:
        return int(said)
    wrong[name] = f"a number from {ends[0]} to {ends[1]}"
    return usual


def _ask(
    visit: Visit,
    where: str,
    read: Callable[[Visit], Any],
    work: Callable[..., str],
    name: str,
) -> Response | None:
    """Have it done, and go to where it will stand; None where the form is wrong."""
    try:
        asked = read(visit)
    except WrongFields:
        return None
    arguments = (visit.desk.root, asked, visit.now)
    again = visit.typed("again") == "yes"
    visit.desk.works.ask(_key(visit, where, asked), name, visit.now, work, *arguments, again=again)
    told = [(key, value) for key, value in visit.form.multi_items() if key in _FIELDS and value]
    return RedirectResponse(f"/policies/{where}?{urlencode([*told, ('asked', 'yes')])}", 303)


_FIELDS = ("first", "last", "draws", "which", "name", "days")


def _page(visit: Visit, template: str, read: Callable[[Visit], Any], values: Mapping[str, Any]) -> Response:
    with visit.reading() as conn:
        newest = ledger.newest(conn)
    work, code = None, 200
    try:
        asked = read(visit)
        work = visit.desk.works.found(_key(visit, template.removesuffix(".html"), asked))
    except WrongFields as error:
        visit.wrong |= error.fields
        code = 422
    shown = {
        "work": work,
        "before": visit.desk.works.before(work) if work else 0,
        "drawing": Markup(work.result if work else ""),  # noqa: S704 - our own template has drawn and escaped it
        "here": f"{visit.request.url.path}?{visit.request.url.query}",
    }
    if visit.request.headers.get("hx-request"):
        return HTMLResponse(visit.drawn("past_part.html", **shown))
    gone = code == 200 and work is None and visit.typed("asked") == "yes"
    return visit.page(template, code, newest=newest, gone=gone, **shown, **values)


def _key(visit: Visit, what: str, asked: Hashable) -> Hashable:
    """It rests on the ledger, the runs, the day, and the policies that decide or are written."""
    with visit.reading() as conn:
        ground = standing.ground(conn)
    return (what, asked, ground, visit.today, visit.ws.texts.hash, visit.desk.files.texts.hash)
