"""The door: signing in and out, links to choose a password, one's own password and sessions."""

from __future__ import annotations

import threading
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from engine.errors import Refused, WrongFields
from engine.jobs.people import entry
from engine.jobs.people.entry import Entered
from engine.jobs.people.passwords import LEAST
from engine.jobs.people.rights import ADMIN, Right, rights
from engine.jobs.set_up.progress import unfinished
from engine.store import people
from engine.store.glance import Worker
from engine.web import elsewhere
from engine.web.desk import Desk
from engine.web.visit import (
    CSRF,
    Cookie,
    Reader,
    Refusal,
    Visit,
    entered,
    refusal,
    whence,
)

router = APIRouter()
_TRIES = threading.BoundedSemaphore(2)  # passwords that are looked at at once: each takes memory and time


async def sent(request: Request) -> FormData:
    """The form of somebody who need not be signed in."""
    return await request.form(max_files=0, max_fields=400)


Sent = Annotated[FormData, Depends(sent)]


@router.get("/")
def home() -> Response:
    return RedirectResponse("/today", 303)


@router.get("/sign-in")
def sign_in(request: Request) -> Response:
    desk: Desk = request.app.state.desk
    if entered(desk, request, desk.clock()) is not None:
        return RedirectResponse(local(request.query_params.get("next", "")), 303)
    return shown(desk, request)


@router.post("/sign-in")
def signed_in(request: Request, form: Sent) -> Response:
    desk: Desk = request.app.state.desk
    now, settings = desk.clock(), desk.workspace.settings.web
    try:
        with _TRIES:
            found = entry.sign_in(
                desk.engine, text(form, "name"), text(form, "password"), now, whence(request, settings)
            )
    except Refused as error:
        path, kept = text(form, "kept-path"), unpacked(text(form, "kept"))
        return shown(desk, request, refused=refusal(error), kept_path=path, kept=kept, form=form, code=422)
    return goes_in(request, found, text(form, "next"), text(form, "kept-path"), text(form, "kept"))


def goes_in(request: Request, found: Entered, next: str, kept_path: str, kept: str) -> Response:
    """Somebody is in: to where they wanted to go, or to what they had been about to send."""
    desk: Desk = request.app.state.desk
    answer: Response
    if kept_path:
        visit = Visit(
            desk,
            request,
            found.session,
            found.person,
            FormData(),
            desk.clock(),
            rights(found.person.roles),
        )
        sentence = "You are signed in again. What you had typed is still here."
        answer = again(visit, local(kept_path), unpacked(kept), sentence)
    else:
        to = local(next)
        answer = RedirectResponse(_home(desk, found.person) if to == "/today" else to, 303)
    Cookie(desk.workspace).put(answer, found.token)
    return answer


@router.post("/sign-out")
def signed_out(visit: Reader) -> Response:
    """This place, or by its number another."""
    number = visit.typed("session", visit.session.number)
    entry.sign_out(visit.engine, number, visit.who)
    if number != visit.session.number:
        return RedirectResponse(local(visit.typed("back", "/me")), 303)
    answer = elsewhere.left(visit) or RedirectResponse("/sign-in", 303)
    Cookie(visit.ws).drop(answer)
    return answer


# -- links -------------------------------------------------------------------------------------------------------------


@router.get("/enter/{token}")
def enter(request: Request, token: str) -> Response:
    return _link(request, token, FormData())


@router.post("/enter/{token}")
def enters(request: Request, token: str, form: Sent) -> Response:
    desk: Desk = request.app.state.desk
    settings = desk.workspace.settings.web
    filled = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    roles = tuple(role for role in form.getlist("roles") if role in _ALSO)
    try:
        with _TRIES:
            found = entry.take(desk.engine, token, filled, roles, desk.clock(), whence(request, settings))
    except WrongFields as error:
        return _link(request, token, form, error)
    desk.look()  # whoever is new is one of the people now
    answer = RedirectResponse(_home(desk, found.person), 303)
    Cookie(desk.workspace).put(answer, found.token)
    return answer


def _home(desk: Desk, person: Worker) -> str:
    """Where somebody begins: an admin at the set-up, while nothing can be decided yet."""
    if Right.SET_UP not in rights(person.roles):
        return "/today"
    with desk.reading() as conn:
        return "/set-up" if unfinished(conn, desk.workspace) else "/today"


_ALSO = ("credit manager", "supervisor", "collector")


def _link(request: Request, token: str, form: FormData, error: WrongFields | None = None) -> Response:
    desk: Desk = request.app.state.desk
    with desk.reading() as conn:
        _, person = entry.link(conn, token, desk.clock())
        here = [] if person else [one for one in people.workers(conn) if one.ended_at is None]
    drawn = desk.pages.get_template("enter.html").render(
        person=person,
        here=here,
        roles=_ALSO,
        least=LEAST,
        form=form,
        chosen=form.getlist("roles"),
        wrong=error.fields if error else {},
        company=desk.workspace.settings.company.name,
    )
    return HTMLResponse(drawn, 422 if error else 200)


# -- oneself -----------------------------------------------------------------------------------------------------------


@router.get("/me")
def me(visit: Reader) -> Response:
    return _me(visit)


@router.post("/me/password")
def my_password(visit: Reader) -> Response:
    old, new, twice = (str(visit.form.get(name, "")) for name in ("old", "password", "again"))
    try:
        with _TRIES:
            said = entry.change_password(visit.engine, old, new, twice, visit.who, visit.session)
    except Refused as error:
        return _me(visit, error)
    return visit.go("me", said=said)


def _me(visit: Visit, error: Refused | None = None) -> Response:
    with visit.reading() as conn:
        sessions = people.sessions(conn, visit.now, entry.IDLE, visit.person.id)
    told = visit.could_not(error) if error else {}
    return visit.page("me.html", sessions=sessions, least=LEAST, admin=ADMIN, **told)


# -- what was sent, given back -----------------------------------------------------------------------------------------


def shown(
    desk: Desk,
    request: Request,
    *,
    refused: Refusal | None = None,
    kept_path: str = "",
    kept: FormData | None = None,
    form: FormData | None = None,
    code: int = 200,
) -> Response:
    """The page to sign in. `kept` was sent to `kept_path` by somebody whose session had ended."""
    to = local(request.query_params.get("next", "") or text(form or FormData(), "next"))
    drawn = desk.pages.get_template("sign-in.html").render(
        refused=refused,
        next=to,
        kept_path=kept_path,
        kept=_packed(kept) if kept else "",
        name=text(form or FormData(), "name"),
        company=desk.workspace.settings.company.name,
        provider=desk.workspace.settings.identity.called,
    )
    return HTMLResponse(drawn, code)


def again(visit: Visit, path: str, form: FormData, sentence: str, code: int = 200) -> Response:
    """What was sent, to be sent once more by whoever is signed in now."""
    fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str) and name != CSRF]
    return visit.page("again.html", code, action=path, fields=fields, sentence=sentence)


def _packed(form: FormData) -> str:
    fields = [[name, value] for name, value in form.multi_items() if isinstance(value, str) and name != CSRF]
    return orjson.dumps(fields).decode()


def unpacked(packed: str) -> FormData:
    """A form that was kept, again; an empty one for what is none."""
    try:
        fields = orjson.loads(packed) if packed else []
        return FormData([(str(name), str(value)) for name, value in fields])
    except (ValueError, TypeError):
        return FormData()


def text(form: FormData, name: str) -> str:
    """A field of a form; empty where there is none."""
    found = form.get(name, "")
    return found if isinstance(found, str) else ""


def local(path: str) -> str:
    """An address of ours and no other: nobody is led elsewhere by a link to the door."""
    ours = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if ours else "/today"
