"""The gate before every address of the API: a token that is good, no more than may be asked, and nothing too large."""

from __future__ import annotations

import math
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.errors import DatabaseError
from engine.jobs import tokens
from engine.web.api.problems import NotDone, answer, problem
from engine.web.api.rates import Rates
from engine.web.desk import Desk
from engine.web.visit import whence

LARGEST = 16 << 20  # bytes of a request
_STRANGERS = 60  # tries a minute from one address without a good token


class Gate:
    """Middleware. Whoever is let in stands in `request.state.token`."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self.app, self.desk, self.rates = app, desk, Rates()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            token = await run_in_threadpool(self._token, Request(scope), headers)
            _fits(headers)
        except NotDone as error:
            await answer(error.problem, error.headers)(scope, receive, send)
            return
        except DatabaseError as error:
            await answer(problem("busy", error.sentence), {"Retry-After": "2"})(scope, receive, send)
            return
        scope.setdefault("state", {})["token"] = token
        await self.app(scope, receive, send)

    def _token(self, request: Request, headers: Headers) -> Any:
        kind, _, secret = headers.get("authorization", "").partition(" ")
        settings = self.desk.workspace.settings.web
        found = None
        if kind.casefold() == "bearer":
            found = tokens.found(self.desk.engine, secret.strip(), self.desk.clock())
        whose = f"token {found.name}" if found else f"address {whence(request, settings).address}"
        if seconds := self.rates.wait(whose, settings.rate if found else _STRANGERS):
            wait = math.ceil(seconds)
            raise NotDone("too-many", f"wait {wait} s", headers={"Retry-After": str(wait)})
        if found is None:
            said = "this token is unknown, or has ended" if secret else "the request names none"
            hint = "send the header Authorization: Bearer TOKEN; an admin makes one at the desk"
            raise NotDone("no-token", said, hint, headers={"WWW-Authenticate": 'Bearer realm="Dunwell"'})
        return found


def _fits(headers: Headers) -> None:
    size = headers.get("content-length", "0")
    if "transfer-encoding" in headers:
        raise NotDone("too-large", "a request has to say how large it is", "send Content-Length")
    if not size.isdigit() or int(size) > LARGEST:
        raise NotDone("too-large", f"a request has at most {LARGEST >> 20} MB", "send it in several")
