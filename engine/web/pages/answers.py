"""A yes, a no, and “it is done”: given wherever something waits, and back to that page."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from engine.errors import WrongFields
from engine.jobs import cases
from engine.jobs.cases import tasks
from engine.web.pages.door import local
from engine.web.visit import Visit, Worker

router = APIRouter()


@router.post("/approve")
def approve(visit: Worker) -> Response:
    because = visit.typed("because")
    said = cases.approve(visit.engine, visit.typed("key"), visit.who, because=because, ws=visit.ws)
    return _back(visit, said)


@router.post("/decline")
def decline(visit: Worker) -> Response:
    because = visit.typed("because")
    if not because:
        raise WrongFields({"because": "say why not: whoever looks at it later wants to know"})
    return _back(
        visit, cases.decline(visit.engine, visit.typed("key"), visit.who, because=because, ws=visit.ws)
    )


@router.post("/done")
def done(visit: Worker) -> Response:
    because = visit.typed("because")
    return _back(visit, tasks.done(visit.engine, visit.typed("key"), visit.who, because=because))


def _back(visit: Visit, said: str) -> Response:
    answer = visit.go("today", said=said)
    answer.headers["location"] = local(visit.typed("back", "/today"))
    assert isinstance(answer, RedirectResponse)
    return answer
