"""The application: every page, one line each, behind its shield; and what is said where something cannot be done."""

from __future__ import annotations

import logging
from urllib.parse import urlencode, urlsplit

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from engine.errors import DatabaseBusy, DatabaseError, NotFound, Refused
from engine.settings import Desk as Settings
from engine.web.api import app as api
from engine.web.api import problems
from engine.web.desk import Desk
from engine.web.html import STATIC
from engine.web.pages import (
    account,
    answers,
    brake,
    call,
    compromises,
    disputes,
    door,
    figures,
    identity,
    journal,
    messages,
    outbox,
    past,
    people,
    plans,
    policies,
    policy_changes,
    policy_files,
    promises,
    reach,
    restrictions,
    set_up,
    set_up_ledger,
    set_up_policies,
    today,
    tokens,
    tried,
    week,
)
from engine.web.shield import PROGRAMS, Shield
from engine.web.visit import SAFE, Forbidden, Refusal, SignInFirst, Visit, refusal

PAGES = (
    *(door, identity, today, call, week, account, outbox, journal, answers, brake, people, tokens),
    *(promises, plans, disputes, compromises, restrictions, reach),
    *(policies, policy_changes, policy_files, tried, past, messages, figures),
    *(set_up, set_up_ledger, set_up_policies),
)
_LOG = logging.getLogger("dunwell.web")


def made(desk: Desk, settings: Settings) -> FastAPI:
    """The pages over a workspace. `settings` say by which names the desk is asked for."""
    # No page describes itself to strangers, and nothing of what happens here is told to anybody.
    app = FastAPI(openapi_url=None, telemetry={"tracing": False, "metrics": False})
    app.state.desk = desk
    for page in PAGES:
        app.include_router(page.router)
    app.state.api = api.made(desk)
    app.mount(api.BASE, app.state.api)
    app.mount("/static", Static(directory=STATIC))
    for error, answer in _ANSWERS.items():
        app.add_exception_handler(error, answer)  # type: ignore[arg-type] # each is told its own kind
    app.add_middleware(Shield, hosts=hosts(settings), secure=settings.url.startswith("https"))
    return app


def hosts(settings: Settings) -> set[str]:
    """The names by which the desk may be asked for; another name is somebody else's trick."""
    names = {urlsplit(where).hostname or "" for where in (settings.url, f"http://{settings.listen}")}
    return {"localhost", "127.0.0.1", "::1"} | (names - {"0.0.0.0", "::"})  # noqa: S104 - to listen, no name


class Static(StaticFiles):
    """Our own few files; their addresses change with them."""

    def file_response(self, *arguments: object, **more: object) -> Response:
        answer = super().file_response(*arguments, **more)  # type: ignore[arg-type] # as Starlette calls it
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return answer


# -- what is said where something cannot be done -----------------------------------------------------------------------


def _sign_in_first(request: Request, error: SignInFirst) -> Response:
    """What was sent is not lost: it is given back once they are in again."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.headers.get("hx-request"):
        return PlainTextResponse("You have to sign in again.", 401)
    if request.method in SAFE:
        query = "" if path in ("/", "/today") else "?" + urlencode({"next": path})
        return RedirectResponse(f"/sign-in{query}", 303)
    return door.shown(request.app.state.desk, request, kept_path=path, kept=error.form, code=401)


def _forbidden(request: Request, error: Forbidden) -> Response:
    if request.headers.get("hx-request"):
        return PlainTextResponse(error.sentence, 403)
    if error.old:
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return door.again(error.visit, path, error.visit.form, error.sentence, 403)
    return error.visit.page("refused.html", 403, title="Not for you", refused=Refusal(error.sentence, ""))


def _refused(request: Request, error: Refused) -> Response:
    code = 404 if isinstance(error, NotFound) else 409
    return _told(request, "Not found" if code == 404 else "This cannot be done", refusal(error), code)


def _database(request: Request, error: DatabaseError) -> Response:
    _LOG.warning("database: %s", error.sentence)
    hint = "Nothing was changed. Try it again in a moment." if isinstance(error, DatabaseBusy) else ""
    return _told(request, "The database", Refusal(refusal(error).sentence, hint), 503)


def _http(request: Request, error: HTTPException) -> Response:
    if request.url.path.startswith(PROGRAMS):  # a line break in an address is none that a route could have
        return problems.answer(problems.problem("not-found", "there is no such address"))
    sentence = "There is no such page." if error.status_code == 404 else str(error.detail)
    return _told(request, "Not found", Refusal(sentence, ""), error.status_code)


def _broken(request: Request, error: Exception) -> Response:
    sentence = "Something went wrong inside. The log says where."
    return _told(request, "Something went wrong", Refusal(sentence, "Nothing was sent."), 500)


def _told(request: Request, title: str, refused: Refusal, code: int) -> Response:
    """On a page of somebody who is signed in; a bare page for everybody else."""
    if request.headers.get("hx-request"):
        return PlainTextResponse(refused.sentence, code)
    visit: Visit | None = getattr(request.state, "visit", None)
    if visit is not None:
        return visit.page("refused.html", code, title=title, refused=refused)
    desk: Desk = request.app.state.desk
    return HTMLResponse(desk.pages.get_template("bare.html").render(title=title, refused=refused), code)


_ANSWERS = {
    SignInFirst: _sign_in_first,
    Forbidden: _forbidden,
    Refused: _refused,
    DatabaseError: _database,
    HTTPException: _http,
    Exception: _broken,
}
