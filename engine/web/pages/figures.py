"""Figures: what is owed, how fast it comes in, what calls and messages come to; each with its meaning, and its year."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from engine.core.figures.ageing import Convention
from engine.core.figures.periods import Period, month_of
from engine.errors import WrongFields
from engine.jobs.report import Asked
from engine.store import ledger, standing
from engine.web import tries
from engine.web.visit import Reader, Visit

router = APIRouter()
_MONTHS = 12


@router.get("/figures")
def figures(visit: Reader) -> Response:
    with visit.reading() as conn:
        newest = ledger.newest(conn)
        ground = standing.ground(conn)
        currencies = ledger.currencies(conn)
    if newest is None:
        return visit.page("figures.html", newest=None, months=[], chosen="", **_choices(visit, currencies))
    try:
        asked = _asked(visit)
    except WrongFields as error:
        visit.wrong |= error.fields
        return visit.page(
            "figures.html",
            422,
            newest=newest,
            work=None,
            months=_months(visit),
            chosen="",
            **_choices(visit, currencies),
        )
    key = ("figures", ground, visit.today, asked)
    works = visit.desk.works
    if works.found(key) is None or visit.typed("again") == "yes":
        arguments = (visit.desk.root, asked, visit.now)
        works.ask(key, "the report", visit.now, tries.figures, *arguments, again=True)
    work = works.found(key)
    assert work is not None
    values: dict[str, Any] = {
        "work": work,
        "before": works.before(work),
        "drawing": Markup(work.result),  # noqa: S704 - our own template has drawn and escaped it
        "query": visit.request.url.query.replace("again=yes", ""),
    }
    if visit.request.headers.get("hx-request"):
        return HTMLResponse(visit.drawn("figures_part.html", **values))
    return visit.page(
        "figures.html",
        newest=newest,
        months=_months(visit),
        chosen=_chosen(asked),
        **_choices(visit, currencies),
        **values,
    )


def _asked(visit: Visit) -> Asked:
    """What the address asks for. WrongFields, all at once."""
    wrong: dict[str, str] = {}
    days: dict[str, date | None] = {"first": None, "last": None}
    if month := visit.typed("month"):
        try:
            whole: Period = month_of(date.fromisoformat(f"{month}-01"))
            days = {"first": whole.first, "last": whole.last}
        except ValueError:
            wrong["month"] = f"“{month}” is no month"
    else:
        for name in days:
            if written := visit.typed(name):
                try:
                    days[name] = date.fromisoformat(written)
                except ValueError:
                    wrong[name] = f"“{written}” is no day; write it as in 2026-11-30"
    first, last = days["first"], days["last"]
    if first and last and first > last:
        wrong["last"] = "the last day is before the first"
    ageing = visit.typed("ageing") or Convention.PAST_DUE.value
    if ageing not in [one.value for one in Convention]:
        wrong["ageing"] = "choose one of these"
    if wrong:
        raise WrongFields(wrong)
    return Asked(
        first,
        last,
        visit.typed("policy"),
        visit.typed("currency").upper(),
        Convention(ageing),
        visit.typed("net") == "yes",
    )


def _choices(visit: Visit, currencies: list[str]) -> dict[str, Any]:
    book = visit.ws.book
    return {
        "policies": [one.id for one in book.policies] if book else [],
        "currencies": currencies,
        "conventions": [one.value for one in Convention],
    }


def _months(visit: Visit) -> list[tuple[str, str]]:
    """The months that can be asked for, the latest first."""
    found, day = [], visit.today
    for _ in range(_MONTHS):
        found.append((f"{day:%Y-%m}", f"{day:%b %Y}"))
        day = day.replace(day=1) - timedelta(days=1)
    return found


def _chosen(asked: Asked) -> str:
    whole = asked.first and asked.last and month_of(asked.first) == Period(asked.first, asked.last)
    return f"{asked.first:%Y-%m}" if whole else ""
