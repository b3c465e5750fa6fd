"""Tokens: the programs that may ask, each with what it may; made and ended by an admin. And what there is to ask for."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from engine.errors import Refused
from engine.jobs import tokens as jobs
from engine.jobs.tokens import Scope
from engine.store import tokens
from engine.web.api import described
from engine.web.api.problems import KINDS
from engine.web.visit import Admin, Reader, Visit

router = APIRouter()


@router.get("/tokens")
def all_of_them(visit: Admin) -> Response:
    return _list(visit)


@router.post("/tokens")
def make(visit: Admin) -> Response:
    """The secret is shown once, to be handed over; it is kept nowhere."""
    name, until = visit.typed("name"), visit.typed("until")
    scopes = [str(scope) for scope in visit.form.getlist("scopes")]
    try:
        secret = jobs.make(visit.engine, visit.ws.files, name, scopes, until, visit.who)
    except Refused as error:
        return _list(visit, error)
    return visit.page("token.html", name=name, secret=secret, url=visit.ws.settings.web.url)


@router.post("/tokens/{name}/end")
def end(visit: Admin, name: str) -> Response:
    return visit.go("tokens", said=jobs.end(visit.engine, name, visit.who))


@router.get("/api/docs")
def docs(visit: Reader) -> Response:
    """Every address with what it takes and gives, from its own description."""
    openapi = visit.request.app.state.api.openapi()
    subjects, shapes = described.subjects(openapi), described.shapes(openapi)
    return visit.page("api.html", subjects=subjects, shapes=shapes, kinds=KINDS)


@router.get("/api/openapi.json")
def openapi(visit: Reader) -> Response:
    return JSONResponse(visit.request.app.state.api.openapi())


def _list(visit: Visit, error: Refused | None = None) -> Response:
    with visit.reading() as conn:
        found = tokens.tokens(conn)
    told = visit.could_not(error) if error else {}
    good = [one for one in found if one.good(visit.now)]
    over = [one for one in found if not one.good(visit.now)]
    chosen = {str(scope) for scope in visit.form.getlist("scopes")}
    return visit.page("tokens.html", good=good, over=over, scopes=tuple(Scope), chosen=chosen, **told)
