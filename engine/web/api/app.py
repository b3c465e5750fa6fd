"""The API: every subject, one line each, behind the gate; and how it describes itself."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response

from engine.jobs.tokens import KEPT, Scope
from engine.web.api import accounts, agreements, calls, decided, outbox, push, remarks, status, worklist
from engine.web.api.caller import Replayed
from engine.web.api.gate import Gate
from engine.web.api.problems import HANDLERS, KINDS, MEDIA, Mistake, Problem, problem
from engine.web.desk import Desk

BASE = "/api/v1"
SUBJECTS = (status, accounts, worklist, decided, outbox, push, calls, agreements, remarks)
_ABOUT = (
    "The verbs of Dunwell as JSON. Every request names a token: `Authorization: Bearer dunwell_…`. What changes an "
    f"account has an `Idempotency-Key`: the same request with the same key is done once, and answered alike for {KEPT.days} "
    "days. Mistakes are told as RFC 9457 has it, all at once."
)
_TELLS = (400, 401, 403, 404, 409, 413, 422, 429, 500, 503)


def made(desk: Desk) -> FastAPI:
    """The API over a workspace."""
    app = FastAPI(
        title="Dunwell",
        version="1",
        description=_ABOUT,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        root_path_in_servers=False,
        servers=[{"url": BASE}],
        telemetry={"tracing": False, "metrics": False},
        responses={code: _response(code) for code in _TELLS},
    )
    app.state.desk = desk
    for subject in SUBJECTS:
        app.include_router(subject.router)
    for error, answer in HANDLERS.items():
        app.add_exception_handler(error, answer)
    app.add_exception_handler(Replayed, _replayed)  # type: ignore[arg-type] # it is told its own kind
    app.add_middleware(Gate, desk=desk)
    _describe(app)
    return app


def _replayed(_: Request, error: Replayed) -> Response:
    return JSONResponse(error.told, headers={"Idempotent-Replayed": "true"})


def _response(code: int) -> dict[str, Any]:
    titles = " or ".join(title for status, title in KINDS.values() if status == code)
    kind = next(kind for kind, (status, _) in KINDS.items() if status == code)
    mistake = Mistake(part="body", pointer="/items/0", detail="there is no open item “IO” of ACC0")
    example = (
        problem(kind, "1 mistake; nothing was changed", errors=[mistake])
        if code == 422
        else problem(kind, "why not")
    )
    told = {kind: {"value": example.model_dump(by_alias=True, exclude_defaults=True)}}
    content = {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": told}}
    return {"description": titles, "content": content}


def _describe(app: FastAPI) -> None:
    """The description, with the token, the scopes and the shape of problems in it."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is not None:
            return app.openapi_schema
        found = plain()
        schemas = found["components"]["schemas"]
        told = Problem.model_json_schema(
            by_alias=True, ref_template="#/components/schemas/{model}", mode="serialization"
        )
        schemas |= told.pop("$defs") | {"Problem": told}
        found["x-scopes"] = {scope.value: scope.sentence for scope in Scope}
        app.openapi_schema = found
        return found

    app.openapi = openapi  # type: ignore[method-assign] # as FastAPI says it is done
