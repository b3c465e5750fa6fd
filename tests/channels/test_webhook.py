"""Requests to a ledger system over real HTTPS: signed, pinned to its address, and read back when in doubt."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import trustme

from engine.channels.receipt import Outcome, Receipt, Route
from engine.channels.request import Request
from engine.channels.webhook import Hook, Webhook, allowed, sign
from tests.channels.servers import contexts

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NEW, OLD = ("whsec_" + base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))
REQUEST = Request("main/ACME/1/terms", "ACME", "terms", "cash on delivery", 7, date(2026, 11, 23))
HOME = ("127.0.0.0/8",)


class Ledger(ThreadingHTTPServer):
    """A receiver: `post` and `get` say what it answers; what it accepted it can tell again."""

    daemon_threads = True

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.post: Callable[[_Handler], None] = lambda handler: handler.say(202)
        self.asked: list[tuple[str, str, Mapping[str, str], bytes]] = []
        self.has: dict[str, Any] = {}

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up or does not like the certificate is part of the test."""


class _Handler(BaseHTTPRequestHandler):
    server: Ledger

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.asked.append(("POST", self.path, dict(self.headers), body))
        self.server.post(self)

    def do_GET(self) -> None:
        self.server.asked.append(("GET", self.path, dict(self.headers), b""))
        found = self.server.has.get(self.path.rpartition("/")[2])
        self.say(404) if found is None else self.say(200, json.dumps(found).encode())

    def keep(self) -> None:
        """It has the request now."""
        body = json.loads(self.server.asked[-1][3])
        self.server.has[body["id"]] = body

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def ledger() -> Iterator[tuple[Ledger, Callable[..., Hook]]]:
    """A receiver named erp.example.com, and what makes the setting for it."""
    ours, theirs = contexts(trustme.CA(), "erp.example.com")
    server = Ledger(ours)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    base = f"https://erp.example.com:{server.server_address[1]}"

    def hook(**more: Any) -> Hook:
        usual: dict[str, Any] = {
            "name": "erp",
            "url": f"{base}/terms",
            "secrets": (NEW, OLD),
            "hosts": frozenset({"erp.example.com"}),
            "networks": HOME,
            "context": theirs,
            "seconds": 3,
        }
        if more.pop("readable", False):
            more["read_back"] = f"{base}/requests/{{id}}"
        return Hook(**{**usual, **more})

    try:
        yield server, hook
    finally:
        server.shutdown()
        server.server_close()


def send(hook: Hook, address: str = "127.0.0.1", stages: list[str] | None = None) -> Receipt:
    async def stage(name: str, evidence: Mapping[str, str]) -> None:
        if stages is not None:
            stages.append(name)

    return asyncio.run(Webhook(hook, lambda: AT, lambda host, port: [address]).send(REQUEST, stage))


def test_a_request_arrives_signed_by_every_secret() -> None:
    stages: list[str] = []
    with ledger() as (server, hook):
        receipt = send(hook(), stages=stages)
    assert (receipt.state, stages) == (Outcome.SENT, ["connect", "write"])
    ((_, path, headers, body),) = server.asked
    low = {name.lower(): value for name, value in headers.items()}
    assert (path, body) == ("/terms", REQUEST.body())
    assert low["webhook-id"] == low["idempotency-key"] == REQUEST.id == receipt.evidence["id"]
    assert low["webhook-timestamp"] == str(int(AT.timestamp()))
    signed = f"{REQUEST.id}.{int(AT.timestamp())}.".encode() + body
    wanted = [
        "v1," + base64.b64encode(hmac.new(bytes([n]) * 32, signed, hashlib.sha256).digest()).decode()
        for n in (1, 2)
    ]
    assert low["webhook-signature"].split(" ") == wanted


def test_the_signature_is_that_of_the_standards_own_example() -> None:
    got = sign(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert got == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("status", "state", "route"),
    [
        (200, Outcome.SENT, Route.OPEN),
        (204, Outcome.SENT, Route.OPEN),
        (302, Outcome.RETRY, Route.HELD),
        (400, Outcome.FAILED, Route.OPEN),
        (401, Outcome.RETRY, Route.HELD),
        (404, Outcome.RETRY, Route.HELD),
        (409, Outcome.UNCERTAIN, Route.OPEN),
        (422, Outcome.UNCERTAIN, Route.OPEN),
        (429, Outcome.RETRY, Route.RESTS),
        (500, Outcome.UNCERTAIN, Route.OPEN),
        (502, Outcome.UNCERTAIN, Route.OPEN),
        (503, Outcome.RETRY, Route.RESTS),
    ],
)
@pytest.mark.fault(45)
def test_each_answer_becomes_what_it_must(status: int, state: Outcome, route: Route) -> None:
    with ledger() as (server, hook):
        server.post = lambda handler: handler.say(status, location="https://evil.example.com/")
        receipt = send(hook())
    assert (receipt.state, receipt.route) == (state, route), receipt.sentence
    assert len(server.asked) == 1, "no redirect is followed"


@pytest.mark.parametrize("status", [409, 422, 500, 0])
@pytest.mark.fault(41)
def test_in_doubt_it_is_read_back(status: int) -> None:
    def took(handler: _Handler) -> None:
        handler.keep()
        handler.say(status) if status else handler.connection.close()

    def took_not(handler: _Handler) -> None:
        handler.say(status) if status else handler.connection.close()

    with ledger() as (server, hook):
        server.post = took
        assert send(hook(readable=True)).state is Outcome.SENT
        server.has.clear()
        server.post = took_not
        assert send(hook(readable=True)).state is Outcome.RETRY
        assert send(hook()).state is Outcome.UNCERTAIN


def test_after_a_crash_it_is_read_back() -> None:
    with ledger() as (server, hook):
        way = Webhook(hook(readable=True), lambda: AT, lambda host, port: ["127.0.0.1"])
        gone = asyncio.run(way.found({"id": REQUEST.id}))
        assert gone is not None
        assert gone.state is Outcome.RETRY
        server.has[REQUEST.id] = {"id": REQUEST.id}
        there = asyncio.run(way.found({"id": REQUEST.id}))
        assert there is not None
        assert there.state is Outcome.SENT
        server.has[REQUEST.id] = {"id": "another"}
        assert asyncio.run(way.found({"id": REQUEST.id})) is None


@pytest.mark.fault(46)
def test_a_slow_answer_and_an_endless_one_are_cut() -> None:
    def slow(handler: _Handler) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            time.sleep(0.05)

    def endless(handler: _Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"x" * 65_536)

    with ledger() as (server, hook):
        server.post = slow
        start = time.monotonic()
        assert send(hook(seconds=0.5)).state is Outcome.UNCERTAIN
        assert time.monotonic() - start < 2
        server.post = endless
        assert send(hook(seconds=2)).state is Outcome.SENT


def test_a_certificate_of_somebody_else_holds_the_route() -> None:
    with ledger() as (server, hook):
        receipt = send(hook(context=ssl.create_default_context()))
    assert (receipt.state, receipt.stage, receipt.route) == (Outcome.RETRY, "connect", Route.HELD)
    assert "certificate of erp is not good" in receipt.sentence
    assert server.asked == []


@pytest.mark.parametrize("address", ["169.254.169.254", "10.0.0.1", "::1", "192.168.1.1", "::ffff:10.0.0.1"])
@pytest.mark.fault(45)
def test_a_name_that_leads_elsewhere_is_not_connected_to(address: str) -> None:
    with ledger() as (server, hook):
        receipt = send(hook(), address)
    assert (receipt.state, receipt.route, server.asked) == (Outcome.RETRY, Route.HELD, [])
    assert address in receipt.sentence


def test_nobody_there_is_a_rest_of_the_route() -> None:
    with ledger() as (_, hook):
        setting = hook()
    receipt = send(setting)
    assert (receipt.state, receipt.stage, receipt.route) == (Outcome.RETRY, "connect", Route.RESTS)


@pytest.mark.parametrize(
    ("address", "networks", "may"),
    [
        ("8.8.8.8", (), True),
        ("2001:4860:4860::8888", (), True),
        ("127.0.0.1", (), False),
        ("10.1.2.3", (), False),
        ("10.1.2.3", ("10.1.0.0/16",), True),
        ("10.2.2.3", ("10.1.0.0/16",), False),
        ("::ffff:10.1.2.3", ("10.1.0.0/16",), True),
        ("::ffff:127.0.0.1", (), False),
        ("64:ff9b::7f00:1", (), False),
        ("2002:7f00:1::", (), False),
        ("169.254.169.254", (), False),
        ("fe80::1%eth0", (), False),
        ("0.0.0.0", ("0.0.0.0/0",), False),
        ("224.0.0.1", (), False),
        ("100.64.0.1", (), False),
    ],
)
@pytest.mark.fault(45)
def test_which_addresses_may_be_connected_to(address: str, networks: tuple[str, ...], may: bool) -> None:
    assert allowed(address, networks) is may


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"url": "https://evil.example.com/"}, "not among the allowed hosts"),
        ({"url": "http://erp.example.com/"}, "must begin with https"),
        ({"url": "https://u:p@erp.example.com/"}, "no password in an address"),
        ({"secrets": ()}, "24 bytes"),
        ({"secrets": ("whsec_AAAA",)}, "24 bytes"),
        ({"secrets": ("not base64!",)}, "base64"),
        ({"read_back": "https://evil.example.com/{id}"}, "not among the allowed hosts"),
        ({"read_back": "https://erp.example.com/"}, "needs {id}"),
        ({"networks": ("10.1.0.0/99",)}, "10.1.0.0/99"),
    ],
)
def test_a_setting_that_could_not_be_safe_is_refused(change: dict[str, Any], words: str) -> None:
    good: dict[str, Any] = {"name": "erp", "url": "https://erp.example.com/", "secrets": (NEW,)}
    with pytest.raises(ValueError) as caught:
        Hook(**{**good, "hosts": frozenset({"erp.example.com"}), **change})
    assert words in str(caught.value)
    assert NEW not in repr(Hook(**good, hosts=frozenset({"erp.example.com"})))
