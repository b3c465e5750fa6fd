"""The first policies, chosen by their pictures, written and checked; and the week that comes of all this."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from markupsafe import Markup
from starlette.responses import Response

from engine.core.language import words
from engine.core.sentences import ladders as said
from engine.errors import Refused, WrongFields
from engine.exports import ladder
from engine.jobs import doctor, edits
from engine.jobs.edits import NotGood
from engine.jobs.finding import Grade
from engine.jobs.people.rights import Right
from engine.jobs.set_up import calendar as house_calendar
from engine.jobs.set_up.progress import Part, unfinished
from engine.screen import weekly
from engine.screen.written import PLURALS
from engine.start import chosen
from engine.web.pages.set_up import go_on, shown
from engine.web.pages.tried import plainly
from engine.web.visit import SetUp, Visit

router = APIRouter()


@router.get("/set-up/policies")
def policies(visit: SetUp) -> Response:
    return _policies(visit)


@router.post("/set-up/policies")
def write(visit: SetUp) -> Response:
    """The policies that are chosen, with all they need; what is there already is not touched."""
    files = visit.desk.files
    ids = tuple(id for id in chosen.policies() if id in visit.form.getlist("policy"))
    try:
        if files.book is not None or visit.ws.book is not None:
            raise Refused("there are policies already", "a new one is begun on the page Policies")
        if not ids:
            raise WrongFields({"policy": "choose at least one"})
        house = house_calendar.house(files, chosen.house())
        settings = files.settings
        written = chosen.files(ids, settings.workspace.policies, settings.workspace.templates)
        there = {**files.texts.policies, **files.texts.templates}
        written = {name: text for name, text in written.items() if name not in there}
        seen = {house.name: edits.kept(files, house.name).hash} if house.there else {}
        written[house.name] = house_calendar.ordered(house.text, ids)
        told = edits.save(visit.engine, files, written, seen, visit.person.id, visit.now)
    except NotGood as error:
        lines = [f"{one.place}: {one.sentence}; {one.suggestion}" for one in error.problems[:5]]
        return _policies(visit, Refused("; ".join(lines), ""))
    except Refused as error:
        return _policies(visit, error)
    return go_on(visit, Part.POLICIES, plainly(told))


def _policies(visit: Visit, error: Refused | None = None) -> Response:
    book = chosen.book()
    chose = visit.form.getlist("policy") or [policy.id for policy in book.policies]
    return shown(
        visit,
        Part.POLICIES,
        error,
        there=visit.desk.files.book or visit.ws.book,
        problems=[] if visit.desk.files.book else visit.desk.files.errors,
        offered=[
            (
                policy,
                said.lines_hold([words.sentence(test) for test in policy.fits.tests]),
                Markup(ladder.ladder(policy, book)),  # noqa: S704 - the picture escapes its texts
                policy.id in chose,
            )
            for policy in book.policies
        ],
        for_all=chosen.FOR_ALL,
        may_decide=visit.may(Right.DECIDE),
    )


@router.get("/set-up/week")
def week(visit: SetUp) -> Response:
    """What comes of all this, in numbers; and who is still missing."""
    with visit.reading() as conn:
        ready = not unfinished(conn, visit.ws)
        start = visit.ws.calendar.next_open(visit.today) if ready else visit.today
        seen = visit.desk.ahead.seen(conn, visit.ws, visit.now, start) if ready else None
    values: dict[str, Any] = {"ready": ready, "seen": seen}
    if seen is not None:
        view = seen.looked.preview
        days = weekly.shown(view.days)
        values |= {
            "view": view,
            "days": days,
            "kinds": [
                (one, word) for one, word in PLURALS.items() if any(day.counts.get(one) for day in days)
            ],
            "total": weekly.total(view),
            "lacking": [one.sentence for one in doctor.people(visit.ws) if one.grade is Grade.BAD],
        }
    return shown(visit, Part.WEEK, **values)
