"""One visit: who asks, whether they may, and what every page can do. A page asks for `Reader`, `Worker`, … and is safe."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

from fastapi import Depends
from sqlalchemy.engine import Connection, Engine
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from engine.errors import DunwellError, Refused, WrongFields
from engine.jobs.cases import Who
from engine.jobs.people import entry
from engine.jobs.people.entry import Entered, From
from engine.jobs.people.rights import Right, rights
from engine.jobs.worklist import Worklist, worklist
from engine.jobs.workspace import Workspace
from engine.settings import COMPANY
from engine.settings import Desk as Settings
from engine.store import halts
from engine.store.glance import Worker as Person
from engine.store.people import Session
from engine.web.desk import Desk
from engine.web.html import for_page, url, without_commands
from engine.web.navigation import NAVIGATION

SAFE = ("GET", "HEAD")
CSRF = "csrf"
_SAID = "said"


class SignInFirst(Exception):
    """Nobody is signed in. `form` is what was sent: it is given back once they are."""

    def __init__(self, form: FormData) -> None:
        super().__init__()
        self.form = form


class Forbidden(Exception):
    """Somebody who is signed in may not. `form` is given where it is only their page that was too old."""

    def __init__(self, visit: Visit, sentence: str, *, old: bool = False) -> None:
        super().__init__(sentence)
        self.visit, self.sentence, self.old = visit, sentence, old


@dataclass
class Visit:
    """A question of somebody who is signed in. `form` is what they have sent; `now` and `today` are the office's."""

    desk: Desk
    request: Request
    session: Session
    person: Person
    form: FormData
    now: datetime
    rights: frozenset[Right]
    fresh: str = ""  # a secret that the browser does not have yet
    wrong: dict[str, str] = field(default_factory=dict)

    # -- what is known ----------------------------------------------------------------------------------------

    @property
    def ws(self) -> Workspace:
        return self.desk.workspace

    @property
    def engine(self) -> Engine:
        return self.desk.engine

    @property
    def zone(self) -> str:
        """The office's."""
        return self.ws.settings.workspace.zone

    @property
    def office(self) -> ZoneInfo:
        """The office's clock."""
        return ZoneInfo(self.zone)

    @property
    def today(self) -> date:
        return self.ws.today(self.now)

    @property
    def who(self) -> Who:
        """The author of what they do."""
        return Who(self.person.id, self.now, self.today, roles=frozenset(self.person.roles))

    def may(self, right: Right) -> bool:
        return right in self.rights

    def typed(self, name: str, default: str = "") -> str:
        """A field of the form, or of the address."""
        found = self.form.get(name, self.request.query_params.get(name, default))
        return found.strip() if isinstance(found, str) else default

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.desk.reading() as conn:
            yield conn

    def once(self) -> None:
        """For what must not be done twice by a second press: refused for a form that was taken already."""
        if mark := self.typed("once"):
            entry.once(self.engine, f"{self.session.number} {mark}"[:100], self.now)

    def worklist(self, conn: Connection, **which: Any) -> Worklist:
        """Today's list, or a part of it: as `engine.jobs.worklist` has it."""
        shared = self.desk.today.shared(conn, self.ws, self.today)
        return worklist(self.ws, conn, on=self.today, shared=shared, **which)

    # -- what is answered -------------------------------------------------------------------------------------

    def page(self, template: str, code: int = 200, **values: Any) -> Response:
        """A whole page, or with htmx the part of it that the template is."""
        cookie = Cookie(self.ws, _SAID)
        said = unquote(cookie.of(self.request))
        answer = HTMLResponse(self.drawn(template, said=said, **values), code)
        if said:
            cookie.drop(answer)
        if self.fresh:
            Cookie(self.ws).put(answer, self.fresh)
        return answer

    def drawn(self, template: str, **values: Any) -> str:
        with self.reading() as conn:
            on = halts.halts(conn)
        return self.desk.pages.get_template(template).render(
            visit=self,
            navigation=[one for one in NAVIGATION if self.may(one.right)],
            path=self.request.url.path,
            halts=on,
            zone=self.zone,
            typed=self.typed,
            wrong=self.wrong,
            once=secrets.token_urlsafe(12),
            Right=Right,
            **({"said": "", "refused": None} | values),
        )

    def go(self, *parts: object, said: str = "") -> Response:
        """To another page, which says what was done."""
        self.desk.kept.look()
        answer = RedirectResponse(url(*parts), 303)
        if said:
            Cookie(self.ws, _SAID).put(answer, quote(without_commands(said)[:1000]), 60)
        return answer

    def could_not(self, error: Refused) -> Mapping[str, Any]:
        """What a page says where its form was refused: at the fields, and above them. What was typed stays."""
        if isinstance(error, WrongFields):
            self.wrong |= error.fields
        return {"refused": refusal(error), "code": 422}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, and what helps, as a page says it."""

    sentence: str
    hint: str


def refusal(error: DunwellError) -> Refusal:
    return Refusal(error.sentence[:1].upper() + error.sentence[1:], for_page(error.hint))


# -- who asks ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie of the desk. With `__Host-` no other host can set it, where there is a certificate.

    The desk of another company on the same host, at another port, has one of another name.
    """

    ws: Workspace
    use: str = ""

    @property
    def name(self) -> str:
        company = self.ws.settings.workspace.company
        name = "-".join(filter(None, ("dunwell", company if company != COMPANY else "", self.use)))
        return f"__Host-{name}" if self._secure else name

    @property
    def _secure(self) -> bool:
        return self.ws.settings.web.url.startswith("https")

    def of(self, request: Request) -> str:
        return request.cookies.get(self.name, "")

    def put(self, answer: Response, value: str, seconds: int | None = None) -> None:
        answer.set_cookie(
            self.name, value, max_age=seconds, path="/", httponly=True, samesite="lax", secure=self._secure
        )

    def drop(self, answer: Response) -> None:
        answer.delete_cookie(self.name, path="/", secure=self._secure, httponly=True, samesite="lax")


def whence(request: Request, settings: Settings) -> From:
    """Where somebody comes from, as the proxies say that are believed."""
    address = request.client.host if request.client else ""
    if address in settings.proxies and (said := request.headers.get("x-forwarded-for")):
        address = said.rpartition(",")[2].strip()
    return From(address, request.headers.get("user-agent", ""), settings.hours)


def entered(desk: Desk, request: Request, now: datetime) -> tuple[Session, Person, str] | None:
    """Whose session it is, or whom the proxy names; the last is a new secret, for the browser to keep."""
    settings = desk.workspace.settings.web
    token = Cookie(desk.workspace).of(request)
    found = entry.found(desk.engine, token, now) if token else None
    if not settings.proxy_header:
        return (*found, "") if found else None
    peer = request.client.host if request.client else ""
    name = request.headers.get(settings.proxy_header, "") if peer in settings.proxies else ""
    if not name:
        return (*found, "") if found and found[0].how != "proxy" else None
    if found and name.casefold() in {
        said.casefold() for said in (found[1].id, found[1].name, found[1].email) if said
    }:
        return (*found, "")
    new: Entered = entry.let_in(desk.engine, name, "proxy", now, whence(request, settings))
    return new.session, new.person, new.token


def visit_with(right: Right, files: int = 0) -> Callable[[Request], AsyncIterator[Visit]]:
    """What a page asks for: a visit of somebody who may. A form with files is read for somebody who is signed in alone."""

    async def visit(request: Request) -> AsyncIterator[Visit]:
        if files:
            await run_in_threadpool(_visit, request, None, right)
        form = FormData() if request.method in SAFE else await request.form(max_files=files, max_fields=400)
        try:
            yield await run_in_threadpool(_visit, request, form, right)
        finally:
            await form.close()

    return visit


def _visit(request: Request, sent: FormData | None, right: Right) -> Visit:
    """`sent` is None before it is read: then nobody knows yet whether it is a form of ours."""
    form = sent or FormData()
    desk: Desk = request.app.state.desk
    now = desk.clock()
    found = entered(desk, request, now)
    if found is None:
        raise SignInFirst(form)
    session, person, fresh = found
    visit = Visit(desk, request, session, person, form, now, rights(person.roles), fresh)
    request.state.visit = visit
    if request.method not in SAFE and sent is not None:
        given = request.headers.get("x-csrf-token") or form.get(CSRF)
        if not isinstance(given, str) or not secrets.compare_digest(given.encode(), session.csrf.encode()):
            _kept(visit, "the page's own mark was missing or old")
            raise Forbidden(visit, "This page was open for too long.", old=True)
    if not visit.may(right):
        _kept(visit, f"may not {right.value}")
        raise Forbidden(visit, f"You may not {right.value}; an admin can give you a role that may.")
    return visit


def _kept(visit: Visit, why: str) -> None:
    entry.refused(visit.engine, f"{visit.request.method} {visit.request.url.path}"[:300], why, visit.who)


Reader = Annotated[Visit, Depends(visit_with(Right.READ))]
Worker = Annotated[Visit, Depends(visit_with(Right.WORK))]
Stopper = Annotated[Visit, Depends(visit_with(Right.STOP))]
Decider = Annotated[Visit, Depends(visit_with(Right.DECIDE))]
Admin = Annotated[Visit, Depends(visit_with(Right.PEOPLE))]
SetUp = Annotated[Visit, Depends(visit_with(Right.SET_UP))]
Bringer = Annotated[Visit, Depends(visit_with(Right.SET_UP, files=1))]
