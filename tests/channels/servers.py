"""Mail servers for the tests, on real sockets: one that follows a script of faults, and aiosmtpd itself."""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class Act:
    """What the server does at a step. `reply` is said unless it is empty; then `then` happens."""

    reply: str = ""
    then: str = ""  # drop, reset, silent, or empty to go on
    accept: bool = False  # the message counts as received before anything is said
    wait: float = 0.0  # seconds before the reply


OK = Act("250 ok")
DEFAULT = {
    "greeting": Act("220 ready"),
    "ehlo": Act("250-here\r\n250-AUTH PLAIN LOGIN CRAM-MD5\r\n250 SIZE 1000000"),
    "auth": Act("235 welcome"),
    "mail": OK,
    "rcpt": OK,
    "data": Act("354 go on"),
    "dot": Act("250 queued", accept=True),
    "rset": OK,
    "quit": Act("221 bye"),
}


@dataclass
class Scripted:
    """A server that does at each step what the script says; without a script it takes everything."""

    script: dict[str, Act | Callable[[str, int], Act]] = field(default_factory=dict)
    context: ssl.SSLContext | None = None  # implicit TLS
    lines: list[str] = field(default_factory=list)
    accepted: list[bytes] = field(default_factory=list)
    heard: bytes = b""  # all content, of messages that were broken off too
    connections: int = 0
    port: int = 0
    _done: threading.Event = field(default_factory=threading.Event)
    _open: list[socket.socket] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self._threads[0].start()

    def stop(self) -> None:
        self._done.set()
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._threads[0].join(5)
        self._listener.close()
        for conn in self._open:
            conn.close()
        for thread in self._threads:
            thread.join(5)

    def ids(self) -> list[str]:
        """The Message-IDs received, in order."""
        return [
            found.group(1).decode()
            for raw in self.accepted
            if (found := re.search(rb"(?im)^message-id: *(\S+)", raw))
        ]

    def _listen(self) -> None:
        while True:
            conn, _ = self._listener.accept()
            if self._done.is_set():
                conn.close()
                return
            self.connections += 1
            self._open.append(conn)
            thread = threading.Thread(target=self._serve, args=(conn,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _act(self, conn: socket.socket, step: str, line: str = "", number: int = 0) -> bool:
        """Do what the script says; False ends the connection."""
        act = self.script.get(step, DEFAULT.get(step, Act("502 what?")))
        return self._do(conn, act(line, number) if callable(act) else act)

    def _do(self, conn: socket.socket, act: Act) -> bool:
        self._done.wait(act.wait)
        if act.reply:
            half = act.reply.endswith("|")  # half an answer: no end of line
            conn.sendall(act.reply.rstrip("|").encode() + b"\r\n" * (not half))
        if act.then == "silent":
            self._done.wait(30)
        elif act.then == "reset":
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return not act.then

    def _serve(self, conn: socket.socket) -> None:
        try:
            if self.context is not None:
                conn = self.context.wrap_socket(conn, server_side=True)
            self._talk(conn)
        except OSError:
            pass
        finally:
            conn.close()

    def _talk(self, conn: socket.socket) -> None:
        lines = conn.makefile("rb")
        count: dict[str, int] = {}
        if not self._act(conn, "greeting"):
            return
        for raw in lines:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            self.lines.append(line)
            step = line.split(" ")[0].lower()
            count[step] = count.get(step, 0) + 1
            if not self._act(conn, step, line, count[step]) or step == "quit":
                return
            if (
                step == "data"
                and self._said(step).startswith("354")
                and not self._content(conn, lines, count)
            ):
                return

    def _said(self, step: str) -> str:
        act = self.script.get(step, DEFAULT[step])
        return "" if callable(act) else act.reply

    def _content(self, conn: socket.socket, lines: Iterator[bytes], count: dict[str, int]) -> bool:
        act = self.script.get("body")
        content = b""
        for raw in lines:
            if isinstance(act, Act):
                return self._act(conn, "body")
            if raw == b".\r\n":
                break
            content += raw[1:] if raw.startswith(b".") else raw
            self.heard += raw
        else:
            return False
        count["dot"] = count.get("dot", 0) + 1
        dot = self.script.get("dot", DEFAULT["dot"])
        dot = dot("", count["dot"]) if callable(dot) else dot
        if dot.accept:
            self.accepted.append(content)
        return self._do(conn, dot)


@contextmanager
def scripted(
    context: ssl.SSLContext | None = None, **script: Act | Callable[[str, int], Act]
) -> Iterator[Scripted]:
    server = Scripted(script=dict(script), context=context)
    try:
        yield server
    finally:
        server.stop()


class Box:
    """An aiosmtpd handler that keeps what it is given."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        return "250 kept"


class Authenticator:
    def __init__(self) -> None:
        self.tries: list[str] = []

    def __call__(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        self.tries.append(mechanism)
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"dunwell", b"secret")
        return AuthResult(success=good, handled=False)


@dataclass
class Real:
    box: Box
    port: int
    tries: list[str]


@contextmanager
def aiosmtpd(context: ssl.SSLContext, *, implicit: bool = False, auth: bool = True) -> Iterator[Real]:
    """A real server: STARTTLS or implicit TLS, and AUTH, which it wants before MAIL."""
    box, authenticator = Box(), Authenticator()
    options: dict[str, object] = {
        "auth_required": auth,
        "authenticator": authenticator,
        "enable_SMTPUTF8": True,
    }
    if implicit:
        options |= {"ssl_context": context, "auth_require_tls": False}
    else:
        options |= {"tls_context": context, "require_starttls": True}
    controller = Controller(box, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield Real(box, controller.port, authenticator.tries)
    finally:
        controller.stop()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def contexts(authority: trustme.CA, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a client's TLS context for these names."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*(names or ("127.0.0.1",))).configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


def wait_until(true: Callable[[], bool], seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []
