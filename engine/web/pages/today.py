"""Today: the calls, tasks and approvals that wait, in the order of the house's score, and what was achieved."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from engine.jobs.people.rights import Right
from engine.jobs.worklist import Entry, Worklist
from engine.screen import listed
from engine.store import work
from engine.web.visit import Reader, Visit

router = APIRouter()
_MOST = 50  # rows that a look shows


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list. `does` is what can be done with it here: call, task, approval, address, message, or nothing."""

    entry: Entry
    what: str
    whose: str
    state: str
    does: str


@router.get("/today")
def today(visit: Reader) -> Response:
    all_ = visit.typed("whose") == "all" or not visit.may(Right.WORK)
    everything = visit.typed("show") == "everything"
    person = None if all_ else visit.person.id
    with visit.reading() as conn:
        most = None if everything else _MOST
        found = visit.worklist(conn, person=person, everything=everything, most=most)
        made = work.calls_made(conn, visit.today)
    names = {id: one.name for id, one in visit.ws.settings.people.items()}
    rows = [row_of(visit, one) for one in found.entries]
    calls = sum(made.values()) if all_ else made.get(visit.person.id, 0) + made.get(visit.person.name, 0)
    return visit.page(
        "today.html",
        found=found,
        at_a_time=[row for row in rows if row.entry.at and row.entry.fits],
        rows=[row for row in rows if not row.entry.at and row.entry.fits],
        later=[row for row in rows if not row.entry.fits],
        all_=all_,
        everything=everything,
        calls=calls,
        wins=listed.wins(found),
        rest=_rest(found),
        away=listed.away(found, names),
    )


def row_of(visit: Visit, one: Entry) -> Row:
    """A line as this person sees it."""
    names = {id: person.name for id, person in visit.ws.settings.people.items()}
    return Row(one, listed.what(one), listed.whose(one, names), listed.state(one), _does(visit, one))


def _rest(found: Worklist) -> list[str]:
    return [said for said in (listed.not_today(found), listed.no_room(found)) if said]


def _does(visit: Visit, one: Entry) -> str:
    state, kind = one.work.state, one.work.kind
    if state == "awaiting approval":
        return "approval" if visit.may(Right.WORK) and visit.who.may(one.work.role) else ""
    if state == "uncertain":
        return "message"
    if state == "held address":
        return "address"
    if not visit.may(Right.WORK):
        return ""
    return kind if kind in ("call", "task") else ""
