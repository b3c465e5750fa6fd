"""Around every answer: what a browser may load, who may frame it, and that a form comes from a page of ours."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = 2 << 20  # bytes of a form
PROGRAMS = "/api/v1/"
FILES = {"/set-up/ledger/file": 64 << 20}  # of one that brings a file, by its path
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}


class Shield:
    """Middleware. An answer may say its own headers. `hosts` are the names by which it is asked for; `secure` where people
    come with a certificate."""

    def __init__(self, app: ASGIApp, *, hosts: Collection[str], secure: bool) -> None:
        self.app, self.hosts = app, frozenset(hosts)
        self.headers = _HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def shielded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        headers = Headers(scope=scope)
        if urlsplit(f"//{headers.get('host', '')}").hostname not in self.hosts:
            await PlainTextResponse("This desk has another name.", 421)(scope, receive, shielded)
            return
        if scope["method"] not in ("GET", "HEAD") and not _from_us(headers):
            answer = PlainTextResponse("This form did not come from a page of this desk.", 403)
            await answer(scope, receive, shielded)
            return
        size = headers.get("content-length", "0")
        most = FILES.get(scope["path"], LARGEST)
        if scope["path"].startswith(PROGRAMS):  # they have a gate of their own
            size = "0"
        elif "transfer-encoding" in headers:
            size = ""
        if not size.isdigit() or int(size) > most:
            await PlainTextResponse("This is too large.", 413)(scope, receive, shielded)
            return
        await self.app(scope, receive, shielded)


def _from_us(headers: Headers) -> bool:
    """As the browser tells. What no browser has sent carries no cookie that it was not given."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site not in ("same-origin", "none"):
        return False
    return origin is None or urlsplit(origin).netloc == headers.get("host", "")
