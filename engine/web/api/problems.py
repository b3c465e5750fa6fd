"""What cannot be done, as RFC 9457 has it: a kind, a sentence, what helps, and each mistake with its place, all at once."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import DatabaseBusy, DatabaseError, DunwellError, NotFound, Refused, WrongFields
from engine.jobs.tokens import SaidBefore
from engine.web.html import for_page

MEDIA = "application/problem+json"
HELP = "/api/docs"
_LOG = logging.getLogger("dunwell.web")
_SENTENCES = {
    "missing": "it is needed",
    "extra_forbidden": "there is no such field",
    "json_invalid": "this is no JSON",
}

# kind → (status, title); the kind is the end of the problem's `type`.
KINDS: Mapping[str, tuple[int, str]] = {
    "bad-request": (400, "This cannot be read"),
    "no-token": (401, "A token is needed"),
    "no-scope": (403, "This token may not"),
    "not-found": (404, "Not found"),
    "no-method": (405, "This cannot be done here"),
    "refused": (409, "This cannot be done"),
    "too-large": (413, "This is too large"),
    "wrong-fields": (422, "Something is written wrongly"),
    "other-request": (422, "This key was used for another request"),
    "too-many": (429, "Too many requests"),
    "broken": (500, "Something went wrong inside"),
    "busy": (503, "The database cannot be used now"),
}


class Mistake(BaseModel):
    """One mistake: in which part of the request, where in it (a JSON pointer), and what to write instead."""

    part: Literal["body", "query", "path", "header"] = Field(serialization_alias="in")
    pointer: str = Field(description="RFC 6901, as in `/rows/0/amount`; empty for the whole part.")
    detail: str
    suggestion: str = ""


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    suggestion: str = ""
    errors: list[Mistake] = []


class NotDone(Exception):
    """A request that cannot be done; `headers` go with the answer."""

    def __init__(
        self,
        kind: str,
        detail: str,
        suggestion: str = "",
        errors: Sequence[Mistake] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.problem = problem(kind, detail, suggestion, errors)
        self.headers = headers or {}


def problem(kind: str, detail: str, suggestion: str = "", errors: Sequence[Mistake] = ()) -> Problem:
    status, title = KINDS[kind]
    return Problem(
        type=f"{HELP}#{kind}",
        title=title,
        status=status,
        detail=detail[:1].upper() + detail[1:],
        suggestion=suggestion,
        errors=list(errors),
    )


def answer(told: Problem, headers: Mapping[str, str] | None = None) -> Response:
    body = told.model_dump_json(by_alias=True, exclude_defaults=True)
    return Response(body, told.status, headers=headers, media_type=MEDIA)


def mistakes(fields: Mapping[str, str]) -> list[Mistake]:
    """What is wrong with fields of the body, by their names."""
    return [Mistake(part="body", pointer=f"/{pointed(name)}", detail=said) for name, said in fields.items()]


def wrong(errors: Sequence[Mistake]) -> NotDone:
    """Everything that is written wrongly, at once."""
    many = "1 mistake" if len(errors) == 1 else f"{len(errors)} mistakes"
    return NotDone("wrong-fields", f"{many}; nothing was changed", errors=errors)


def pointed(*parts: object) -> str:
    """Parts of a JSON pointer."""
    return "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in parts)


# -- the errors of everything beneath ----------------------------------------------------------------------------------


def _not_done(_: Request, error: NotDone) -> Response:
    return answer(error.problem, error.headers)


def _refused(_: Request, error: Refused) -> Response:
    if isinstance(error, WrongFields):
        return _not_done(_, wrong(mistakes(error.fields)))
    kind = "not-found" if isinstance(error, NotFound) else "refused"
    if isinstance(error, SaidBefore):
        kind = "other-request"
    return answer(problem(kind, error.sentence, for_page(error.hint)))


def _tool(_: Request, error: DunwellError) -> Response:
    _LOG.warning("api: %s", error.sentence)
    if not isinstance(error, DatabaseError):
        return answer(problem("broken", error.sentence, for_page(error.hint)))
    busy = "Nothing was changed. Send it again in a moment." if isinstance(error, DatabaseBusy) else ""
    return answer(problem("busy", error.sentence, busy), {"Retry-After": "2"})


def _misread(_: Request, error: RequestValidationError) -> Response:
    found = [_mistake(one) for one in error.errors()]
    if any(one["type"] == "json_invalid" for one in error.errors()):
        return answer(problem("bad-request", "this is no JSON", errors=found))
    return _not_done(_, wrong(found))


def _mistake(one: Mapping[str, Any]) -> Mistake:
    part, *path = one["loc"]
    if one["type"] == "json_invalid":
        said = str(one.get("ctx", {}).get("error", ""))
        return Mistake(
            part="body", pointer="", detail=f"{said} at character {path[0] if path else 0}".strip()
        )
    if not path and part == "body":
        hint = "send an object, with Content-Type: application/json"
        return Mistake(part="body", pointer="", detail="this is no JSON object", suggestion=hint)
    sentence = _SENTENCES.get(one["type"]) or one["msg"].removeprefix("Value error, ")
    pointer = f"/{pointed(*path)}" if path else ""
    return Mistake(part=part, pointer=pointer, detail=sentence[:1].lower() + sentence[1:])


def _http(_: Request, error: HTTPException) -> Response:
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return answer(problem("no-method", "there is another way to do this"), error.headers)
    if error.status_code == HTTPStatus.NOT_FOUND:
        return answer(problem("not-found", "there is no such address", f"{HELP} lists all there are"))
    return answer(problem("bad-request", str(error.detail)))


def _broken(_: Request, error: Exception) -> Response:
    return answer(
        problem("broken", "the log says where", "Ask for what you wanted to change before you send it again.")
    )


HANDLERS: Mapping[type[Exception], Any] = {
    NotDone: _not_done,
    Refused: _refused,
    DunwellError: _tool,
    RequestValidationError: _misread,
    HTTPException: _http,
    Exception: _broken,
}
