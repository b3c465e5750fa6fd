"""People: who works here, with which roles, where they are signed in; a link for who is to come in."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from engine.core.language.known import ROLES
from engine.errors import Refused
from engine.jobs.people import entry, register
from engine.jobs.people.rights import ADMIN, READER
from engine.store import people
from engine.store.glance import Worker
from engine.web.html import url
from engine.web.visit import Admin, Visit

router = APIRouter()


@router.get("/people")
def all_of_them(visit: Admin) -> Response:
    return _list(visit)


@router.post("/people")
def add(visit: Admin) -> Response:
    try:
        id = register.add(visit.engine, register.read(_filled(visit), _roles(visit)), visit.who)
    except Refused as error:
        return _list(visit, error)
    return _invited(visit, id)


@router.get("/people/{id}")
def one(visit: Admin, id: str) -> Response:
    return _one(visit, id)


@router.post("/people/{id}")
def change(visit: Admin, id: str) -> Response:
    try:
        said = register.change(visit.engine, register.read(_filled(visit), _roles(visit), id), visit.who)
    except Refused as error:
        return _one(visit, id, error)
    return visit.go("people", id, said=said)


@router.post("/people/{id}/link")
def invite(visit: Admin, id: str) -> Response:
    return _invited(visit, id)


@router.post("/people/{id}/end")
def let_go(visit: Admin, id: str) -> Response:
    return visit.go("people", said=register.let_go(visit.engine, id, visit.who))


@router.post("/people/{id}/back")
def take_back(visit: Admin, id: str) -> Response:
    return visit.go("people", id, said=register.take_back(visit.engine, id, visit.who))


def _list(visit: Visit, error: Refused | None = None) -> Response:
    with visit.reading() as conn:
        workers = people.workers(conn)
        open_ = people.sessions(conn, visit.now, entry.IDLE)
        links = {one.person: one for one in people.invitations(conn, visit.now)}
    told = visit.could_not(error) if error else {}
    seen = {one.person: one.seen_at for one in reversed(open_)}
    here = [one for one in workers if one.ended_at is None]
    gone = [one for one in workers if one.ended_at is not None]
    roles = _known(visit, workers)
    return visit.page("people.html", here=here, gone=gone, seen=seen, links=links, roles=roles, **told)


def _one(visit: Visit, id: str, error: Refused | None = None) -> Response:
    with visit.reading() as conn:
        found = register.must_know(conn, id)
        sessions = people.sessions(conn, visit.now, entry.IDLE, id)
        roles = _known(visit, people.workers(conn))
    told = visit.could_not(error) if error else {}
    return visit.page("person.html", one=found, sessions=sessions, roles=roles, **told)


def _invited(visit: Visit, id: str) -> Response:
    """The link is shown once, to be handed over; it is kept nowhere."""
    token = entry.invite(visit.engine, id, visit.who)
    visit.desk.kept.look()
    with visit.reading() as conn:
        found = register.must_know(conn, id)
    link = visit.ws.settings.web.url + url("enter", token)
    return visit.page("invited.html", one=found, link=link, days=entry.LINK.days)


def _filled(visit: Visit) -> dict[str, str]:
    return {name: value for name, value in visit.form.multi_items() if isinstance(value, str)}


def _roles(visit: Visit) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(role) for role in visit.form.getlist("roles")))


def _known(visit: Visit, workers: list[Worker]) -> list[str]:
    """The roles that are offered: the usual ones, and those that somebody has already."""
    own = sorted({role for one in workers for role in one.roles} - {*ROLES, ADMIN, READER})
    return [*ROLES, *own, ADMIN, READER]
