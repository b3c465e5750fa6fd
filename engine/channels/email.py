"""Sends e-mail by the house's mail server, and knows at every moment whether a message can have arrived."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import ssl
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import TracebackType
from typing import Any

import aiosmtplib
from aiosmtplib.protocol import PERIOD_REGEX, normalize_message_line_endings

from engine.channels.mail import Mail
from engine.channels.receipt import Answer, Outcome, Receipt, Route, Stage

CONNECT, EHLO, STARTTLS, AUTH = "connect", "ehlo", "starttls", "auth"
MAIL, RCPT, DATA = "mail", "rcpt", "data"


class Tls(StrEnum):
    """How the way to the server is closed to others."""

    STARTTLS = "starttls"  # usually port 587
    IMPLICIT = "implicit"  # usually port 465
    NONE = "none"  # only for a relay on this machine, without a password


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds. RFC 5321 4.5.3.2 asks for ten minutes after the dot: giving up earlier makes a doubt."""

    connect: float = 30
    command: float = 300
    data: float = 600


@dataclass(frozen=True, slots=True)
class Server:
    """The house's mail server. `token` gives an OAuth access token, for servers that take no passwords.

    Raises ValueError where mail or a password would travel in clear.
    """

    host: str
    port: int
    tls: Tls = Tls.STARTTLS
    user: str = ""
    password: str = field(default="", repr=False)
    token: Callable[[], Awaitable[str]] | None = None
    context: ssl.SSLContext | None = None  # None: the system's certificates
    allow_insecure: bool = False
    greeting: str = ""  # the name said in EHLO; empty: this machine's
    per_second: float = 0  # 0: as fast as the server takes it
    connections: int = 4  # at once: many servers take no more from one sender
    waits: Waits = Waits()

    def __post_init__(self) -> None:
        if self.tls is Tls.NONE:
            if self.user or self.password or self.token:
                raise ValueError('a user name and password need TLS: write tls = "starttls" or "implicit"')
            if not (self.allow_insecure and _is_loopback(self.host)):
                raise ValueError(
                    "mail without TLS is only for a relay on this machine (127.0.0.1), with allow_insecure"
                )

    @property
    def secret(self) -> bool:
        return bool(self.user)


class Mailer:
    """The way out by mail. Keeps its connections open between messages; close it with `async with`."""

    point = DATA

    def __init__(self, server: Server) -> None:
        self.server = server
        self._idle: list[aiosmtplib.SMTP] = []
        self._turn = asyncio.Lock()
        self._next = 0.0
        self._lines = asyncio.Semaphore(server.connections)

    async def __aenter__(self) -> Mailer:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._idle:
            client = self._idle.pop()
            try:
                await client.quit(timeout=min(5, self.server.waits.command))
            except (aiosmtplib.SMTPException, OSError):
                pass  # what was sent is sent; a server that does not say goodbye changes nothing
            finally:
                _hang_up(client)
        await asyncio.sleep(0.01)  # the loop closes what was hung up

    async def found(self, evidence: Mapping[str, str]) -> Receipt | None:
        """A mail that may have gone cannot be seen from here: ask the mail server's log or archive."""
        return None

    def keep(self, made: Mail) -> Mapping[str, Any]:
        return made.to_json()

    def again(self, kept: Mapping[str, Any], reached: Collection[str]) -> Mail:
        return Mail.from_json(kept, reached)

    async def send(self, made: Mail, stage: Stage) -> Receipt:
        """One try of one mail; see `Receipt`. `stage` is called before each SMTP step."""
        evidence = {"message-id": made.message_id, "sha256": made.sha256}
        await self._pace()
        async with self._lines:
            return await self._talk(_Dialogue(self.server, made, evidence, stage))

    async def _talk(self, dialogue: _Dialogue) -> Receipt:
        client = self._idle.pop() if self._idle else None
        fresh = client is None
        while True:
            try:
                if client is None:
                    client = await dialogue.open()
                receipt = await dialogue.run(client)
            except (aiosmtplib.SMTPException, ssl.SSLError, OSError, ValueError) as error:
                _hang_up(client)
                if not fresh and dialogue.at == MAIL and isinstance(error, ConnectionError | TimeoutError):
                    client, fresh = (
                        None,
                        True,
                    )  # the server had closed the idle connection: nothing was said on it
                    continue
                return dialogue.failed(error)
            except BaseException:
                _hang_up(client)
                raise
            if client.is_connected:
                self._idle.append(client)
            return receipt

    async def _pace(self) -> None:
        if self.server.per_second <= 0:
            return
        loop = asyncio.get_running_loop()
        async with self._turn:
            await asyncio.sleep(max(0.0, self._next - loop.time()))
            self._next = loop.time() + 1 / self.server.per_second


class _Dialogue:
    """One message's talk with the server. `at`: the step begun; `flowing`: 354 was heard and content goes."""

    def __init__(self, server: Server, mail: Mail, evidence: Mapping[str, str], stage: Stage) -> None:
        self.server = server
        self.mail = mail
        self.evidence = evidence
        self.stage = stage
        self.at = CONNECT
        self.flowing = False
        self.answers: dict[str, Answer] = {}

    async def _begin(self, name: str) -> None:
        self.at = name
        await self.stage(name, self.evidence)

    async def open(self) -> aiosmtplib.SMTP:
        """A connection ready for mail: greeted, encrypted, logged in. Never a password before TLS."""
        server = self.server
        context = server.context or await asyncio.to_thread(ssl.create_default_context)
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.tls is Tls.IMPLICIT,
            start_tls=False,
            tls_context=context,
            local_hostname=server.greeting or None,
            timeout=server.waits.command,
        )
        try:
            await self._begin(CONNECT)
            await client.connect(timeout=server.waits.connect)
            await self._begin(EHLO)
            await client.ehlo()
            if server.tls is Tls.STARTTLS:
                await self._begin(STARTTLS)
                await client.starttls(timeout=server.waits.connect)
                await client.ehlo()
            if server.secret:
                await self._begin(AUTH)
                await self._log_in(client)
        except BaseException:
            _hang_up(client)
            raise
        return client

    async def _log_in(self, client: aiosmtplib.SMTP) -> None:
        """One method, one try: a wrong password tried three ways locks an account."""
        server = self.server
        if client.get_transport_info("sslcontext") is None:
            raise aiosmtplib.SMTPException("no TLS, no password")
        if server.token is not None:
            await client.auth_xoauth2(server.user, await server.token())
        elif "plain" in client.server_auth_methods:
            await client.auth_plain(server.user, server.password)
        elif "login" in client.server_auth_methods:
            await client.auth_login(server.user, server.password)
        elif "cram-md5" in client.server_auth_methods:
            await client.auth_crammd5(server.user, server.password)
        else:
            raise aiosmtplib.SMTPNotSupported("the mail server offers no way to log in that we know")

    async def run(self, client: aiosmtplib.SMTP) -> Receipt:
        """MAIL, RCPT for each, DATA. Raises what aiosmtplib raises; `failed` knows what it means."""
        mail = self.mail
        limit = client.esmtp_extensions.get("size", "")
        if limit.isdigit() and 0 < int(limit) < len(mail.raw):
            return self._receipt(
                Outcome.FAILED,
                f"it has {len(mail.raw):,} bytes, the mail server takes {int(limit):,}; send a link instead",
            )
        options, encoding = [f"SIZE={len(mail.raw)}"] if limit else [], "ascii"
        if mail.international:
            if not client.supports_extension("smtputf8"):
                return self._receipt(
                    Outcome.FAILED,
                    "the address needs SMTPUTF8, which the mail server has not; ask for another address",
                )
            options, encoding = [*options, "SMTPUTF8"], "utf-8"
        await self._begin(MAIL)
        await client.mail(mail.sender, options=options, encoding=encoding)
        await self._begin(RCPT)
        for recipient in mail.recipients:
            try:
                answer = await client.rcpt(recipient, encoding=encoding)
            except aiosmtplib.SMTPRecipientRefused as refused:
                if not 400 <= refused.code <= 599 or refused.code == 421:
                    raise
                outcome = Outcome.RETRY if refused.code < 500 else Outcome.FAILED
                self.answers[recipient] = Answer(recipient, outcome, refused.code, _one_line(refused.message))
            else:
                self.answers[recipient] = Answer(
                    recipient, Outcome.SENT, answer.code, _one_line(answer.message)
                )
        if all(answer.outcome is not Outcome.SENT for answer in self.answers.values()):
            await client.rset()
            return self._all_refused()
        self.at = DATA
        await self._content(client)
        return self._sent()

    async def _content(self, client: aiosmtplib.SMTP) -> None:
        """DATA in its two halves, which `client.data` does not tell apart: before 354 nothing can arrive.

        So the step is written down while the server thinks about DATA; the first byte waits for both.
        """
        wait = self.server.waits.data
        protocol = client.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("the connection was lost")
        written = asyncio.ensure_future(self.stage(DATA, self.evidence))
        try:
            go_ahead = await client.execute_command(b"DATA", timeout=min(wait, self.server.waits.command))
        finally:
            await written
        if go_ahead.code != 354:
            raise aiosmtplib.SMTPDataError(go_ahead.code, go_ahead.message)
        self.flowing = True
        protocol.write(PERIOD_REGEX.sub(b"..", normalize_message_line_endings(self.mail.raw)) + b".\r\n")
        final = await protocol.read_response(timeout=wait)
        if final.code != 250:
            raise aiosmtplib.SMTPDataError(final.code, final.message)
        self.evidence = {**self.evidence, "reply": _one_line(final.message)}

    def _sent(self) -> Receipt:
        missed = [a for a in self.answers.values() if a.outcome is not Outcome.SENT]
        again = [a for a in missed if a.outcome is Outcome.RETRY]
        if not missed:
            return self._receipt(Outcome.SENT, "accepted by the mail server")
        names = ", ".join(f"{a.address} ({a.code} {a.reply})" for a in missed)
        return self._receipt(
            Outcome.RETRY if again else Outcome.SENT,
            f"accepted for {len(self.answers) - len(missed)} of {len(self.answers)}; refused: {names}",
        )

    def _all_refused(self) -> Receipt:
        answers = list(self.answers.values())
        first = next((a for a in answers if a.outcome is Outcome.RETRY), answers[0])
        said = f"the mail server said {first.code} {first.reply} for {first.address}"
        if first.outcome is Outcome.RETRY:
            slow = first.reply.startswith("4.7.0")
            return self._receipt(Outcome.RETRY, said, Route.RESTS if slow else Route.OPEN)
        return self._receipt(Outcome.FAILED, f"{said}; check the address")

    def failed(self, error: Exception) -> Receipt:
        """What an exception means: by the stage, by whether content had begun to flow, and by the code."""
        code = error.code if isinstance(error, aiosmtplib.SMTPResponseException) else 0
        explicit = 400 <= code <= 599
        said = (
            f"the mail server said {code} {_one_line(error.args[1])}" if explicit else _plain(error, self.at)
        )
        if self.flowing and not explicit:
            self._settle(Outcome.UNCERTAIN)
            return self._receipt(
                Outcome.UNCERTAIN,
                f"{said} after the message was handed over: it may have been delivered; look for"
                f" {self.mail.message_id} in the mail server's log",
            )
        self._settle(Outcome.RETRY)
        if self.at == DATA and explicit:
            if code >= 500:
                self._settle(Outcome.FAILED, code, str(error.args[1]))
                return self._receipt(Outcome.FAILED, said)
            slow = code == 421 or str(error.args[1]).startswith("4.7.0")
            return self._receipt(Outcome.RETRY, said, Route.RESTS if slow else Route.OPEN)
        if self.at == MAIL and (code == 552 or (explicit and str(error.args[1]).startswith("5.3.4"))):
            return self._receipt(Outcome.FAILED, f"{said}; send a link instead of the document")
        if self.at == MAIL and isinstance(error, UnicodeEncodeError):
            return self._receipt(
                Outcome.FAILED, "the address cannot be written in an envelope; ask for another address"
            )
        if self._needs_a_person(error, code):
            return self._receipt(Outcome.RETRY, said, Route.HELD)
        return self._receipt(Outcome.RETRY, said, Route.RESTS)

    def _needs_a_person(self, error: Exception, code: int) -> bool:
        """Trying again would change nothing, or would lock our account."""
        if code >= 500 or isinstance(error, ssl.SSLCertVerificationError):
            return True
        if isinstance(error.__cause__, ssl.SSLCertVerificationError):
            return True
        neither = not isinstance(error, ConnectionError | TimeoutError | aiosmtplib.SMTPResponseException)
        return self.at in (STARTTLS, AUTH) and neither and isinstance(error, aiosmtplib.SMTPException)

    def _settle(self, outcome: Outcome, code: int = 0, reply: str = "") -> None:
        """RCPT's yes was for nothing when the content was not taken."""
        for address in self.mail.recipients:
            before = self.answers.get(address)
            if before is None or before.outcome is Outcome.SENT:
                self.answers[address] = Answer(address, outcome, code, _one_line(reply))

    def _receipt(self, state: Outcome, sentence: str, route: Route = Route.OPEN) -> Receipt:
        return Receipt(state, self.at, sentence, tuple(self.answers.values()), self.evidence, route)


async def reach(server: Server) -> tuple[str, str]:
    """Connect, close the line to others and log in by the rules for mail, and send none.

    The last step begun, and what is wrong in a sentence; empty where all is well.
    """

    async def nothing(_: str, __: Mapping[str, str]) -> None:
        pass

    dialogue = _Dialogue(server, Mail("", b"", "", (), "", date.min), {}, nothing)
    client: aiosmtplib.SMTP | None = None
    try:
        client = await dialogue.open()
        await client.quit(timeout=min(5, server.waits.command))
    except (aiosmtplib.SMTPException, ssl.SSLError, OSError, ValueError) as error:
        if client is None:
            return dialogue.at, dialogue.failed(error).sentence
    finally:
        _hang_up(client)
        await asyncio.sleep(0.01)  # the loop closes what was hung up
    return dialogue.at, ""


def _hang_up(client: aiosmtplib.SMTP | None) -> None:
    """At once and without a goodbye: nothing that is still in a buffer may be sent."""
    if client is None:
        return
    transport = client.transport
    client.close()
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


def _plain(error: Exception, at: str) -> str:
    cause: BaseException = error.__cause__ if isinstance(error.__cause__, ssl.SSLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the mail server's certificate is not good: {cause.verify_message}"
    if isinstance(cause, TimeoutError):
        return f"the mail server was silent (at {at})"
    if at == STARTTLS and "STARTTLS" in str(error):
        return "the mail server does not offer TLS, which it must; somebody may be in between"
    if isinstance(cause, aiosmtplib.SMTPServerDisconnected):
        return f"the mail server hung up (at {at})"
    if isinstance(cause, aiosmtplib.SMTPConnectError):
        return "the mail server cannot be reached"
    if isinstance(cause, OSError) and not isinstance(cause, aiosmtplib.SMTPException):
        return f"the mail server cannot be reached: {cause.strerror or cause}"
    return f"the mail server gave no proper answer (at {at}): {_one_line(str(error))}"


def _one_line(text: object) -> str:
    return re.sub(r"[^\x20-\x7e\xa0-\ud7ff]+", " ", str(text)).strip()[:300]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
