"""One button stops everything; another lets it go on."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from engine.errors import WrongFields
from engine.jobs import brakes
from engine.web.visit import Decider, Stopper

router = APIRouter()


@router.post("/stop")
def stop(visit: Stopper) -> Response:
    because = visit.typed("because")
    if not because:
        raise WrongFields({"because": "say why everything is to stop: others want to know"})
    _, under_way = brakes.stop(visit.ws.files, because, visit.person.id, visit.now)
    finished = f" {under_way:,} on the way are finished." if under_way else ""
    return visit.go("week", said=f"Everything stands still.{finished}")


@router.post("/resume")
def resume(visit: Decider) -> Response:
    done = brakes.resume(visit.ws.files, visit.person.id, visit.now)
    goes = ", ".join(f"{count:,} by {channel}" for channel, count in sorted(done.goes.items()))
    said = f"It goes on. Planned, and may go when its time has come: {goes or 'nothing'}."
    return visit.go("week", said=said)
