"""Tells the ledger system which state is wished for: signed, to an agreed address, read back in doubt."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import http.client
import ipaddress
import json
import socket
import ssl
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from engine.channels.receipt import Outcome, Receipt, Route, Stage
from engine.channels.request import Request

CONNECT, WRITE = "connect", "write"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
T = TypeVar("T")
Resolve = Callable[[str, int], Sequence[str]]

# Python calls these global, and each reaches a private address behind a translator.
_TRANSLATED = tuple(
    ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)


def _look_up(host: str, port: int) -> Sequence[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True, slots=True)
class Hook:
    """One receiver. `networks` are the private networks it may live in (`10.1.0.0/16`); none: public
    addresses only.

    `secrets` are signed with all, the newest first, so that a receiver can change over. `read_back` is an
    address with `{id}` in it that tells what the receiver has of a request. Raises ValueError where it could
    not be safe.
    """

    name: str
    url: str
    secrets: tuple[str, ...] = field(repr=False)
    hosts: frozenset[str]
    networks: tuple[str, ...] = ()
    read_back: str = ""
    context: ssl.SSLContext | None = None  # None: the system's certificates
    seconds: float = 30  # for the whole exchange
    most: int = 65_536  # bytes of an answer that are read

    def __post_init__(self) -> None:
        for url in filter(None, (self.url, self.read_back.replace("{id}", "x"))):
            parts = urlsplit(url)
            if parts.hostname not in self.hosts:
                raise ValueError(
                    f"webhook {self.name}: {parts.hostname or url} is not among the allowed hosts"
                )
            if parts.username or parts.password:
                raise ValueError(f"webhook {self.name}: write no password in an address; use a secret")
            if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
                raise ValueError(f"webhook {self.name}: the address must begin with https://")
        if self.read_back and "{id}" not in self.read_back:
            raise ValueError(f"webhook {self.name}: read_back needs {{id}} where the request's id goes")
        if not self.secrets or any(len(_secret(secret)) < 24 for secret in self.secrets):
            raise ValueError(f"webhook {self.name}: a secret has 24 bytes or more: whsec_ and then base64")
        for net in self.networks:
            ipaddress.ip_network(net)


def sign(secrets: Sequence[str], identity: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature` of Standard Webhooks: one `v1,…` a secret. `timestamp`: Unix seconds."""
    signed = f"{identity}.{timestamp}.".encode() + body
    return " ".join(
        "v1," + base64.b64encode(hmac.digest(_secret(secret), signed, "sha256")).decode()
        for secret in secrets
    )


def allowed(address: str, networks: Sequence[str]) -> bool:
    """Whether an address may be connected to: a public one, or one in a network that was agreed on."""
    found: Address = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if any(found in net for net in map(ipaddress.ip_network, networks) if net.version == found.version):
        return not (found.is_multicast or found.is_unspecified)
    translated = any(found in net for net in _TRANSLATED if net.version == found.version)
    return found.is_global and not found.is_multicast and not translated


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes


class Webhook:
    """The way out to one receiver. `now` gives aware moments, for the signature's time stamp."""

    point = WRITE

    def __init__(self, hook: Hook, now: Callable[[], datetime], resolve: Resolve = _look_up) -> None:
        self.hook = hook
        self.now = now
        self.resolve = resolve

    async def send(self, made: Request, stage: Stage) -> Receipt:
        """One POST. A conflict, fault or silence after it was written is read back, or else uncertain."""
        body, at = made.body(), CONNECT
        evidence = {"id": made.id, "sha256": hashlib.sha256(body).hexdigest()}
        call = _Call(self.hook, self.resolve, self.hook.url)
        try:
            await stage(CONNECT, evidence)
            await call.within(call.connect)
            await stage(WRITE, evidence)
            at = WRITE
            answer = await call.within(lambda: call.exchange("POST", body, self._headers(made.id, body)))
        except (OSError, http.client.HTTPException, ssl.SSLError) as error:
            said = _plain(error, self.hook.name)
            if at == CONNECT:
                wrong = isinstance(error, ssl.SSLCertVerificationError | PermissionError)
                route = Route.HELD if wrong else Route.RESTS
                return Receipt(Outcome.RETRY, at, said, (), evidence, route)
            return await self._read_back(evidence, said)
        finally:
            call.close()
        return await self._judge(answer, {**evidence, "status": str(answer.status)})

    async def found(self, evidence: Mapping[str, str]) -> Receipt | None:
        """What the receiver says it has of a request that may have reached it."""
        receipt = await self._read_back(evidence, "the program ended while it was being sent")
        return None if receipt.state is Outcome.UNCERTAIN else receipt

    def keep(self, made: Request) -> Mapping[str, Any]:
        return {}

    def again(self, kept: Mapping[str, Any], reached: Collection[str]) -> Request:
        raise ValueError("requests are made anew")

    async def _judge(self, answer: _Answer, evidence: Mapping[str, str]) -> Receipt:
        status, name = answer.status, self.hook.name
        said = f"{name} answered {status}"
        if 200 <= status <= 299:
            return Receipt(Outcome.SENT, WRITE, f"accepted by {name} ({status})", (), evidence)
        if status in (408, 425, 429, 503):
            return Receipt(Outcome.RETRY, WRITE, said, (), evidence, Route.RESTS)
        if status in (401, 403, 404, 405) or 300 <= status <= 399:
            words = f"{said}, and redirects are not followed" if status < 400 else said
            return Receipt(
                Outcome.RETRY, WRITE, f"{words}; check its address and secret", (), evidence, Route.HELD
            )
        if status in (409, 422) or not 400 <= status <= 499:
            return await self._read_back(evidence, said)
        return Receipt(Outcome.FAILED, WRITE, said, (), evidence)

    async def _read_back(self, evidence: Mapping[str, str], said: str) -> Receipt:
        doubt = Receipt(
            Outcome.UNCERTAIN, WRITE, f"{said}; look whether it has {evidence.get('id')}", (), evidence
        )
        if "id" not in evidence:
            return doubt
        has, _ = await self.has(evidence["id"])
        if has is None:
            return doubt
        if not has:
            return Receipt(Outcome.RETRY, WRITE, f"{said}, and it does not have the request", (), evidence)
        return Receipt(Outcome.SENT, WRITE, f"{said}, and it has the request", (), evidence)

    async def has(self, identity: str) -> tuple[bool | None, Mapping[str, Any]]:
        """Whether the receiver has a request, and what it says of it; None where it cannot or will not say."""
        if not self.hook.read_back:
            return None, {}
        call = _Call(self.hook, self.resolve, self.hook.read_back.replace("{id}", quote(identity)))
        try:
            await call.within(call.connect)
            answer = await call.within(lambda: call.exchange("GET", b"", self._headers(identity, b"")))
            told = json.loads(answer.body) if answer.status == 200 else None
        except (OSError, http.client.HTTPException, ValueError):
            return None, {}
        finally:
            call.close()
        if answer.status == 404:
            return False, {}
        if isinstance(told, dict) and told.get("id") == identity:
            return True, told
        return None, {}

    def _headers(self, identity: str, body: bytes) -> dict[str, str]:
        stamp = int(self.now().timestamp())
        return {
            "webhook-id": identity,
            "webhook-timestamp": str(stamp),
            "webhook-signature": sign(self.hook.secrets, identity, stamp, body),
            "idempotency-key": identity,
            "content-type": "application/json; charset=utf-8",
            "accept": "application/json",
            "accept-encoding": "identity",
            "user-agent": "dunwell",
        }


class _Call:
    """One HTTP exchange on one connection, to an address that was looked up once and checked.

    `http.client` follows no redirects and knows no proxies. It runs in a thread; at the end of the time the
    socket is shut under it, so that no slow answer can hold it.
    """

    def __init__(self, hook: Hook, resolve: Resolve, url: str) -> None:
        self.hook = hook
        self.resolve = resolve
        self.parts = urlsplit(url)
        self.until = asyncio.get_running_loop().time() + hook.seconds
        self.socket: socket.socket | None = None
        self.connection: http.client.HTTPConnection | None = None

    async def within(self, work: Callable[[], T]) -> T:
        """Run in a thread, for what is left of the time. TimeoutError when it is over."""
        thread = asyncio.ensure_future(asyncio.to_thread(work))
        left = self.until - asyncio.get_running_loop().time()
        done, _ = await asyncio.wait({thread}, timeout=max(0.0, left))
        if not done:
            self.close()
            await asyncio.wait({thread})
            thread.exception()
            raise TimeoutError
        return thread.result()

    def connect(self) -> None:
        hook, host = self.hook, self.parts.hostname or ""
        tls = self.parts.scheme == "https"
        port = self.parts.port or (443 if tls else 80)
        found = self.resolve(host, port)
        if not found:
            raise OSError(f"{host} has no address")
        for address in found:
            if not allowed(address, hook.networks):
                raise PermissionError(f"{host} is at {address}, which is not an agreed network")
        plain = self.socket = socket.create_connection((found[0], port), timeout=hook.seconds)
        if tls:
            context = hook.context or ssl.create_default_context()
            self.socket = context.wrap_socket(plain, server_hostname=host)
        self.connection = http.client.HTTPConnection(host, port, timeout=hook.seconds)
        self.connection.sock = self.socket

    def exchange(self, method: str, body: bytes, headers: Mapping[str, str]) -> _Answer:
        assert self.connection is not None
        target = self.parts.path or "/"
        if self.parts.query:
            target = f"{target}?{self.parts.query}"
        self.connection.request(method, target, body or None, dict(headers))
        answer = self.connection.getresponse()
        return _Answer(answer.status, answer.read(self.hook.most))

    def close(self) -> None:
        if self.socket is not None:
            with suppress(OSError):  # it is shut already
                self.socket.shutdown(socket.SHUT_RDWR)
            self.socket.close()


def _secret(text: str) -> bytes:
    """The bytes of a secret as Standard Webhooks writes it; ValueError if it cannot be read."""
    try:
        return base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        raise ValueError("a webhook's secret is whsec_ and then base64") from None


def _plain(error: Exception, name: str) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of {name} is not good: {error.verify_message}"
    if isinstance(error, PermissionError) and error.errno is None:
        return str(error)
    if isinstance(error, TimeoutError):
        return f"{name} was silent"
    if isinstance(error, OSError):
        return f"{name} cannot be reached: {error.strerror or error}"
    return f"{name} gave no proper answer"


def _is_loopback(host: str | None) -> bool:
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"
