"""Signing in by the house's identity provider: there and back again."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import DunwellError, NotFound
from engine.jobs.people import entry
from engine.jobs.people.identity import LARGEST
from engine.jobs.workspace import Workspace
from engine.web.desk import Desk
from engine.web.elsewhere import HOW, led
from engine.web.pages import door
from engine.web.pages.door import Sent
from engine.web.visit import Cookie, Refusal, refusal, whence

router = APIRouter()
BACK = "/sign-in/back"
_OTHER = "other"  # the cookie of who has gone on to the provider


@router.post("/sign-in/other")
def there(request: Request, form: Sent) -> Response:
    """A page that leads on: a form may lead to no other address, a page may."""
    desk: Desk = request.app.state.desk
    ws = _configured(desk)
    fields = {name: door.text(form, name) for name in ("next", "kept-path", "kept")}
    told = {"kept_path": fields["kept-path"], "kept": door.unpacked(fields["kept"]), "form": form}
    if len(fields["kept"].encode()) > LARGEST:
        sentence = "What you had typed is too much to be kept on that way: sign in with your password"
        return door.shown(desk, request, refused=Refusal(sentence, ""), code=422, **told)  # type: ignore[arg-type]
    try:
        url, state = desk.provider.begin(
            ws,
            ws.settings.web.url + BACK,
            desk.clock(),
            next=fields["next"],
            kept_path=fields["kept-path"],
            kept=fields["kept"],
        )
    except DunwellError as error:
        return door.shown(desk, request, refused=refusal(error), code=503, **told)  # type: ignore[arg-type]
    answer = led(desk, url, f"You go on to {ws.settings.identity.called}.")
    answer.headers["Refresh"] = f"0; url={url}"
    Cookie(ws, _OTHER).put(answer, state, 600)
    return answer


@router.get(BACK)
def back(request: Request) -> Response:
    """Somebody comes back with the provider's word."""
    desk: Desk = request.app.state.desk
    ws = _configured(desk)
    now, settings = desk.clock(), ws.settings.web
    query = dict(request.query_params.items())
    try:
        state = Cookie(ws, _OTHER).of(request)
        address, way = desk.provider.finish(ws, settings.url + BACK, query, state, now)
        found = entry.let_in(desk.engine, address, HOW, now, whence(request, settings), address=True)
    except DunwellError as error:
        answer = door.shown(desk, request, refused=refusal(error), code=403)
    else:
        answer = door.goes_in(request, found, way.next, way.kept_path, way.kept)
    Cookie(ws, _OTHER).drop(answer)
    return answer


def _configured(desk: Desk) -> Workspace:
    ws = desk.workspace
    if not ws.settings.identity.issuer:
        raise NotFound("page", BACK)
    return ws
