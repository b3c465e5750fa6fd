"""The week: what would go on which day, with its texts; what is held back and why; how much work it is for whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from fastapi import APIRouter
from starlette.responses import Response

from engine.core.decision.summary import Preview
from engine.core.language.policy import Kind
from engine.errors import NotFound, Refused
from engine.jobs.cases import must_know
from engine.jobs.messages import message
from engine.jobs.people.rights import Right
from engine.screen import weekly
from engine.screen.written import PLURALS, line_of, reason_words
from engine.store import ledger
from engine.store.tables import ActionState
from engine.web.pages.today import row_of
from engine.web.visit import Reader, Visit

router = APIRouter()
_MOST = 100  # lines of a day
_ASKED = 50  # of what waits for a yes


@dataclass(frozen=True, slots=True)
class Bar:
    """What one person has on a day, and what the day takes of it, in percent of the longest bar."""

    number: int
    full: bool
    width: float


@router.get("/week")
def week(visit: Reader) -> Response:
    start = visit.ws.calendar.next_open(visit.today) if visit.ws.book is not None else visit.today
    if visit.ws.book is None:
        return visit.page("week.html", seen=None, problems=visit.ws.errors, bare=False)
    with visit.reading() as conn:
        if ledger.newest(conn) is None:
            return visit.page("week.html", seen=None, problems=(), bare=True)
        seen = visit.desk.ahead.seen(conn, visit.ws, visit.now, start)
        asked = visit.worklist(conn, everything=True, most=_ASKED, state=ActionState.AWAITING_APPROVAL)
    if seen is None:
        return visit.page("week.html", seen=None, problems=(), bare=False)
    looked = seen.looked
    view = looked.preview
    days = weekly.shown(view.days)
    held = visit.typed("held")
    busy = [day.on for day in days if any(day.counts.values())]
    on = _day(visit, [day.on for day in days], busy[0] if busy else days[0].on)
    kind = next((one for one in Kind if one.value == visit.typed("kind")), None)
    of_days = looked.steps.values() if on is None else [looked.steps.get(on, [])]
    steps = [step for day in of_days for step in day if kind is None or kind in step.kinds]
    names = {load.person: load.name for load in view.workload}
    return visit.page(
        "week.html",
        seen=seen,
        at=looked.at,
        view=view,
        waits=[row_of(visit, one) for one in asked.entries],
        problems=(),
        days=days,
        kinds=[(one, word) for one, word in PLURALS.items() if any(day.counts.get(one) for day in days)],
        needs=looked.needs,
        on=on,
        kind=kind,
        steps=steps[:_MOST],
        more=max(len(steps) - _MOST, 0),
        names=names,
        works=visit.may(Right.WORK),
        held=held,
        held_steps=looked.held.get(held, [])[:_MOST],
        groups=[(group, reason_words(group.reason), line_of(group.place)) for group in view.groups],
        notes=weekly.closed(view, visit.ws.calendar.name),
        unasked=weekly.unasked(view),
        bars=_bars(view, [day.on for day in days]),
        assumed=weekly.assumed(view.assumes),
        total=weekly.total(view),
        line_of=line_of,
    )


@router.get("/week/text/{account:path}")
def text(visit: Reader, account: str) -> Response:
    """The message that an account would get on a day, as it would be sent."""
    with visit.reading() as conn:
        must_know(conn, account)
    on = _day(visit, None, None)
    kind = next((one for one in Kind if one.value == visit.typed("kind") and one.written), None)
    if on is None or kind is None or not 0 <= (on - visit.today).days <= 92:
        raise NotFound("message", f"{visit.typed('kind')} of {visit.typed('day')}", of=account)
    found = message(visit.ws, account, on, kind, now=visit.now)
    subject, _, body = found.partition("\n\n")
    return visit.page("text.html", account=account, on=on, kind=kind, subject=subject, body=body)


def _day(visit: Visit, among: list[date] | None, otherwise: date | None) -> date | None:
    """The day that is asked for; None for all of them."""
    said = visit.typed("day")
    try:
        found = date.fromisoformat(said)
    except ValueError:
        return None if said == "all" else otherwise
    if among is not None and found not in among:
        raise Refused(f"{found} is not in this week", "")
    return found


def _bars(view: Preview, days: list[date]) -> list[tuple[str, str, int | None, list[Bar]]]:
    """(who, what, the day's capacity, a bar a day)."""
    places = [number for number, day in enumerate(view.days) if day.on in days]
    rows = [load for load in view.workload if any(load.counts)]
    longest = max((max(*load.counts, load.capacity or 0) for load in rows), default=1) or 1
    found = []
    for load in rows:
        bars = []
        for place in places:
            number = load.counts[place] if place < len(load.counts) else 0
            full = load.capacity is not None and bool(number) and number >= load.capacity
            bars.append(Bar(number, full, 100 * number / longest))
        found.append((load.name or load.person or "everybody", load.kind, load.capacity, bars))
    return found
