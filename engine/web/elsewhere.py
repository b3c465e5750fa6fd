"""Pages that lead on to the house's identity provider, and say so."""

from __future__ import annotations

from starlette.responses import HTMLResponse, Response

from engine.errors import DunwellError
from engine.web.desk import Desk
from engine.web.visit import Visit

HOW = "identity provider"  # how somebody came in


def led(desk: Desk, url: str, sentence: str) -> HTMLResponse:
    """A page of ours with one way on."""
    drawn = desk.pages.get_template("identity.html").render(
        url=url, sentence=sentence, company=desk.workspace.settings.company.name
    )
    return HTMLResponse(drawn)


def left(visit: Visit) -> Response | None:
    """Who came by the provider is still signed in there: a page that says so, and where one goes out. None for others."""
    ours = visit.ws.settings.identity
    if visit.session.how != HOW or not ours.issuer:
        return None
    try:
        url = visit.desk.provider.leave(visit.ws, f"{visit.ws.settings.web.url}/sign-in")
    except DunwellError:
        return None
    sentence = f"You are signed out here, and still signed in at {ours.called}."
    return led(visit.desk, url, sentence) if url else None
