"""Who asks: a program by its token, with what it may; and what every address can do. `Reads`, `Works`, … are safe to ask for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

import orjson
from fastapi import Depends, Header, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from pydantic import BaseModel, Field
from sqlalchemy.engine import Connection, Engine
from starlette.concurrency import run_in_threadpool

from engine.errors import Refused
from engine.jobs.cases import Who
from engine.jobs.people import entry
from engine.jobs.tokens import Once, Scope
from engine.jobs.workspace import Workspace
from engine.store.tokens import Token
from engine.web.api.problems import Mistake, NotDone, wrong
from engine.web.desk import Desk
from engine.web.html import without_commands

TOKEN = HTTPBearer(scheme_name="token", description="A token of the desk: dunwell_…", auto_error=False)
KEY = re.compile("[!-~]{1,100}")


class Done(BaseModel):
    """What was done, in a sentence."""

    said: Annotated[str, Field(examples=["ACC1: all steps wait through Fri 23 Oct 2026."])]


class Replayed(Exception):
    """It was done before: this was the answer."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__()
        self.told = told or {"said": "This was done before; what was said of it is lost."}


@dataclass
class Caller:
    """A request of a program. `once` is there where it changes something; `now` and `today` are the office's."""

    desk: Desk
    token: Token
    now: datetime
    once: Once | None = None

    @property
    def ws(self) -> Workspace:
        return self.desk.workspace

    @property
    def live(self) -> Workspace:
        """The workspace, where its policies decide. Refused where they have problems."""
        ws = self.ws
        if ws.book is None:
            many = "a problem" if len(ws.errors) == 1 else f"{len(ws.errors)} problems"
            raise Refused(f"the policies have {many}, so nothing is decided", "")
        return ws

    @property
    def engine(self) -> Engine:
        """The database; what changes it here is done once."""
        return self.once.through if self.once is not None else self.desk.engine

    @property
    def today(self) -> date:
        return self.ws.today(self.now)

    def who(self, on: date | None = None) -> Who:
        """The author: the token itself, which has no role, so that nothing is agreed to by a program."""
        return Who(self.token.name, self.now, on or self.today, roles=frozenset())

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.desk.reading() as conn:
            yield conn

    def done(self, said: str) -> Done:
        """It is done, and this is what is said of it: the same for a second request of this key."""
        told = Done(said=without_commands(said))
        if self.once is not None:
            self.once.answered(orjson.dumps(told.model_dump()))
        self.desk.kept.look()
        return told


def caller(
    request: Request,
    asked: SecurityScopes,
    _: Annotated[HTTPAuthorizationCredentials | None, Depends(TOKEN)],
) -> Caller:
    """Whoever the gate has let in, where their token has the scope that the address asks for."""
    desk, token = request.app.state.desk, request.state.token
    found = Caller(desk, token, desk.clock())
    for scope in map(Scope, asked.scopes):
        if scope.value not in token.scopes:
            why = f"the token has no scope {scope.value}"
            entry.refused(desk.engine, f"{request.method} {request.url.path}"[:300], why, found.who())
            raise NotDone("no-scope", f"{why}: {scope.sentence}", "an admin makes a token that may")
    return found


async def changing(
    request: Request,
    found: Annotated[Caller, Depends(caller)],
    key: Annotated[
        str,
        Header(
            alias="Idempotency-Key",
            description="Names this request: the same again with the same key is done once, and answered alike for a week.",
            json_schema_extra={"pattern": f"^{KEY.pattern}$"},
            examples=["crm-2026-11-27-000123"],
        ),
    ],
) -> Caller:
    """The same, for what is done once: with a key of the caller's that names the request."""
    if not KEY.fullmatch(key):
        said = "a key has 1 to 100 letters, digits and marks, and no space"
        raise wrong([Mistake(part="header", pointer="/Idempotency-Key", detail=said)])
    content = f"{request.method} {request.url.path}\n".encode() + await request.body()
    digest = hashlib.sha256(content).hexdigest()
    found.once = Once(found.desk.engine, found.token.name, key, digest, found.now)
    if (told := await run_in_threadpool(found.once.before)) is not None:
        raise Replayed(dict(told))
    return found


Watches = Annotated[Caller, Security(caller, scopes=[Scope.STATUS])]
Reads = Annotated[Caller, Security(caller, scopes=[Scope.READ])]
Pushes = Annotated[Caller, Security(caller, scopes=[Scope.PUSH])]
Confirms = Annotated[Caller, Security(changing, scopes=[Scope.CONFIRM])]
Works = Annotated[Caller, Security(changing, scopes=[Scope.WORK])]
