"""Mail through real servers: what each fault becomes, and that no password travels in clear."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
import trustme

from engine.channels.email import Mailer, Server, Tls, Waits
from engine.channels.mail import Mail, compose
from engine.channels.receipt import Outcome, Overtaken, Receipt, Route, Unsendable
from tests.channels.servers import Act, aiosmtpd, contexts, scripted

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SHORT = Waits(connect=0.4, command=0.4, data=0.4)


def mail(
    *to: str, key: str = "main/ACME-0042/1/standard/firm-reminder/10231/0/email/ap", **more: str
) -> Mail:
    made = compose(
        key,
        sender="accounts@seller.example.com",
        to=to or ("ap@acme.example.com",),
        subject=more.get("subject", "Invoice 10231 is open"),
        text="Dear customer,\n.a line that begins with a dot\n\nKind regards",
        html="<p>Dear customer</p>",
        at=AT,
    )
    assert isinstance(made, Mail), made
    return made


def relay(port: int, **more: object) -> Server:
    """A loopback relay without TLS, which is all that the scripted faults need."""
    return Server(
        "127.0.0.1", port, Tls.NONE, allow_insecure=True, greeting="us.example.com", waits=SHORT, **more
    )


async def _send(server: Server, *mails: Mail, stages: list[str] | None = None) -> list[Receipt]:
    async def stage(name: str, evidence: Mapping[str, str]) -> None:
        assert evidence["message-id"]
        if stages is not None:
            stages.append(name)

    async with Mailer(server) as mailer:
        return [await mailer.send(made, stage) for made in mails]


def send(server: Server, *mails: Mail, stages: list[str] | None = None) -> list[Receipt]:
    return asyncio.run(_send(server, *mails, stages=stages))


# aiosmtpd does not take an implicit TLS socket for TLS, and warns.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


# --- real servers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
def test_a_mail_goes_through_tls_and_auth_with_each_stage_told(authority: trustme.CA, tls: Tls) -> None:
    ours, theirs = contexts(authority)
    stages: list[str] = []
    with aiosmtpd(ours, implicit=tls is Tls.IMPLICIT) as real:
        server = Server(
            "127.0.0.1", real.port, tls, "dunwell", "secret", context=theirs, greeting="us.example.com"
        )
        first, second = send(server, mail(), mail(key="another"), stages=stages)
    assert (first.state, second.state) == (Outcome.SENT, Outcome.SENT)
    start = ["connect", "ehlo", *(["starttls"] if tls is Tls.STARTTLS else []), "auth"]
    assert stages == [*start, "mail", "rcpt", "data", "mail", "rcpt", "data"]  # the connection is kept
    assert real.tries == ["PLAIN"]
    kept = real.box.envelopes[0]
    assert kept.mail_from == "accounts@seller.example.com"
    assert kept.rcpt_tos == ["ap@acme.example.com"]
    read = message_from_bytes(kept.content, policy=policy.default)
    assert read["message-id"] == first.evidence["message-id"]
    text = read.get_body(("plain",))
    assert text is not None
    assert "\n.a line that begins with a dot" in text.get_content().replace("\r\n", "\n")


@pytest.mark.fault(37)
def test_a_wrong_password_is_tried_once_and_holds_the_route(authority: trustme.CA) -> None:
    ours, theirs = contexts(authority)
    with aiosmtpd(ours) as real:
        server = Server("127.0.0.1", real.port, Tls.STARTTLS, "dunwell", "wrong", context=theirs)
        (receipt,) = send(server, mail())
    assert (receipt.state, receipt.stage, receipt.route) == (Outcome.RETRY, "auth", Route.HELD)
    assert "535" in receipt.sentence
    assert real.tries == ["PLAIN"]
    assert real.box.envelopes == []


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
@pytest.mark.fault(36)
def test_a_certificate_of_somebody_else_holds_the_route(authority: trustme.CA, tls: Tls) -> None:
    ours, theirs = contexts(authority, "mail.other.example.com")
    with aiosmtpd(ours, implicit=tls is Tls.IMPLICIT) as real:
        (receipt,) = send(Server("127.0.0.1", real.port, tls, "dunwell", "secret", context=theirs), mail())
    assert (receipt.state, receipt.route) == (Outcome.RETRY, Route.HELD)
    assert "certificate is not good" in receipt.sentence
    assert real.tries == []


def test_a_certificate_of_an_unknown_authority_holds_the_route(authority: trustme.CA) -> None:
    ours, _ = contexts(trustme.CA())
    _, theirs = contexts(authority)
    with aiosmtpd(ours) as real:
        server = Server("127.0.0.1", real.port, Tls.STARTTLS, "dunwell", "secret", context=theirs)
        (receipt,) = send(server, mail())
    assert (receipt.route, real.tries) == (Route.HELD, [])


@pytest.mark.fault(36)
def test_a_stripped_starttls_never_shows_the_password() -> None:
    with scripted() as there:  # the man in the middle has removed STARTTLS and offers AUTH
        server = Server("127.0.0.1", there.port, Tls.STARTTLS, "dunwell", "secret", waits=SHORT)
        (receipt,) = send(server, mail())
    assert (receipt.state, receipt.stage, receipt.route) == (Outcome.RETRY, "starttls", Route.HELD)
    wire = "\n".join(there.lines)
    assert "AUTH" not in wire
    assert base64.b64encode(b"\0dunwell\0secret").decode() not in wire
    assert "MAIL" not in wire


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({"tls": Tls.NONE, "allow_insecure": True, "user": "u", "password": "p"}, "need TLS"),
        ({"tls": Tls.NONE}, "only for a relay on this machine"),
        (
            {"tls": Tls.NONE, "allow_insecure": True, "host": "mail.example.com"},
            "only for a relay on this machine",
        ),
    ],
)
def test_a_server_without_tls_is_refused(arguments: dict[str, object], wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        Server(**{"host": "127.0.0.1", "port": 25, **arguments})


def test_a_password_is_not_in_what_is_printed() -> None:
    assert "secret" not in repr(Server("h.example.com", 587, Tls.STARTTLS, "dunwell", "secret"))


@pytest.mark.fault(39)
def test_an_international_address_needs_a_server_that_takes_it(authority: trustme.CA) -> None:
    ours, theirs = contexts(authority)
    made = mail("jürgen@müller.example.com")
    assert made.international
    with aiosmtpd(ours) as real:
        server = Server("127.0.0.1", real.port, Tls.STARTTLS, "dunwell", "secret", context=theirs)
        (receipt,) = send(server, made)
        assert receipt.state is Outcome.SENT
        assert real.box.envelopes[0].rcpt_tos == ["jürgen@müller.example.com"]
    with scripted() as there:
        (receipt,) = send(relay(there.port), made)
    assert (receipt.state, there.accepted) == (Outcome.FAILED, [])
    assert "SMTPUTF8" in receipt.sentence


def test_an_international_domain_travels_in_ascii() -> None:
    made = mail("ap@müller.example.com")
    assert (made.international, made.recipients) == (False, ("ap@xn--mller-kva.example.com",))


# --- the fault table ---------------------------------------------------------------------------------------

R, F, U = Outcome.RETRY, Outcome.FAILED, Outcome.UNCERTAIN
OPEN, RESTS, HELD = Route.OPEN, Route.RESTS, Route.HELD
DROP, SILENT = Act(then="drop"), Act(then="silent")


@pytest.mark.parametrize(
    ("step", "act", "state", "route", "stage", "has_it"),
    [
        ("greeting", Act("421 busy", "drop"), R, RESTS, "connect", 0),
        ("greeting", Act("554 no", "drop"), R, HELD, "connect", 0),
        ("greeting", SILENT, R, RESTS, "connect", 0),
        ("greeting", DROP, R, RESTS, "connect", 0),
        ("ehlo", DROP, R, RESTS, "ehlo", 0),
        ("ehlo", SILENT, R, RESTS, "ehlo", 0),
        ("ehlo", Act("451 later"), R, RESTS, "ehlo", 0),
        ("ehlo", Act("550 no"), R, HELD, "ehlo", 0),
        ("mail", DROP, R, RESTS, "mail", 0),
        ("mail", SILENT, R, RESTS, "mail", 0),
        ("mail", Act("451 later"), R, RESTS, "mail", 0),
        ("mail", Act("550 you may not send"), R, HELD, "mail", 0),
        ("mail", Act("552 too big"), F, OPEN, "mail", 0),
        ("mail", Act("nonsense"), R, RESTS, "mail", 0),
        ("rcpt", DROP, R, RESTS, "rcpt", 0),
        ("rcpt", SILENT, R, RESTS, "rcpt", 0),
        ("rcpt", Act("450 grey list"), R, OPEN, "rcpt", 0),
        ("rcpt", Act("450 4.7.0 slow down"), R, RESTS, "rcpt", 0),
        ("rcpt", Act("421 4.7.0 slow down", "drop"), R, RESTS, "rcpt", 0),
        ("rcpt", Act("550 5.1.1 no such user"), F, OPEN, "rcpt", 0),
        ("rcpt", Act("nonsense"), R, RESTS, "rcpt", 0),
        ("data", DROP, R, RESTS, "data", 0),
        ("data", SILENT, R, RESTS, "data", 0),
        ("data", Act("451 later"), R, OPEN, "data", 0),
        ("data", Act("554 no"), F, OPEN, "data", 0),
        ("data", Act("nonsense"), R, RESTS, "data", 0),
        ("body", DROP, U, OPEN, "data", 0),
        ("dot", Act("451 later"), R, OPEN, "data", 0),
        ("dot", Act("554 spam"), F, OPEN, "data", 0),
        ("dot", Act("252 perhaps"), U, OPEN, "data", 0),
        ("dot", Act("nonsense"), U, OPEN, "data", 0),
        ("dot", DROP, U, OPEN, "data", 0),
        ("dot", Act(then="reset"), U, OPEN, "data", 0),
        ("dot", SILENT, U, OPEN, "data", 0),
        ("dot", Act(then="drop", accept=True), U, OPEN, "data", 1),
        ("dot", Act(then="reset", accept=True), U, OPEN, "data", 1),
        ("dot", Act("250 qu|", "drop", accept=True), U, OPEN, "data", 1),
        ("dot", Act("250 late", accept=True, wait=0.7), U, OPEN, "data", 1),
        ("quit", DROP, Outcome.SENT, OPEN, "data", 1),
        ("quit", Act("500 no"), Outcome.SENT, OPEN, "data", 1),
    ],
    ids=lambda value: f"{value.reply}{value.then}".strip() if isinstance(value, Act) else str(value),
)
@pytest.mark.fault(28)
@pytest.mark.fault(29)
@pytest.mark.fault(30)
@pytest.mark.fault(32)
@pytest.mark.fault(33)
@pytest.mark.fault(34)
@pytest.mark.fault(40)
def test_each_fault_becomes_what_it_must(
    step: str, act: Act, state: Outcome, route: Route, stage: str, has_it: int
) -> None:
    with scripted(**{step: act}) as there:
        (receipt,) = send(relay(there.port), mail())
    assert (receipt.state, receipt.route, receipt.stage) == (state, route, stage), receipt.sentence
    assert len(there.accepted) == has_it
    assert receipt.sentence == receipt.sentence.strip() != ""
    if state is U:
        assert receipt.evidence["message-id"] in receipt.sentence
        assert [answer.outcome for answer in receipt.answers] == [U]
    elif state is not Outcome.SENT:
        assert receipt.reached == ()


def test_nobody_there_is_a_rest_of_the_route() -> None:
    with scripted() as there:
        port = there.port
    (receipt,) = send(relay(port), mail())
    assert (receipt.state, receipt.route) == (R, RESTS)
    assert "cannot be reached" in receipt.sentence


@pytest.mark.fault(28)
def test_an_unknown_host_is_a_rest_of_the_route() -> None:
    (receipt,) = send(Server("no-such-host.invalid", 587, waits=SHORT), mail())
    assert (receipt.state, receipt.route, receipt.stage) == (R, RESTS, "connect")


@pytest.mark.parametrize(("refusal", "state"), [("550 unknown", Outcome.SENT), ("450 busy", Outcome.RETRY)])
@pytest.mark.fault(31)
def test_one_of_three_recipients_refused_is_told_and_only_that_one_is_left(
    refusal: str, state: Outcome
) -> None:
    made = mail("a@x.example.com", "b@x.example.com", "c@x.example.com")

    def second(line: str, number: int) -> Act:
        return Act(refusal) if "b@x" in line else Act("250 ok")

    with scripted(rcpt=second) as there:
        (receipt,) = send(relay(there.port), made)
        assert receipt.state is state
        assert receipt.reached == ("a@x.example.com", "c@x.example.com")
        assert "accepted for 2 of 3" in receipt.sentence
        assert "b@x.example.com" in receipt.sentence
        there.script.clear()
        left = Mail.from_json(made.to_json(), receipt.reached)
        assert left == dataclasses.replace(made, recipients=("b@x.example.com",))
        (again,) = send(relay(there.port), left)
    assert again.state is Outcome.SENT
    assert len(set(there.ids())) == 1


@pytest.mark.fault(35)
def test_a_late_answer_is_not_taken_for_the_next_message() -> None:
    def slow_first(line: str, number: int) -> Act:
        return Act("250 late", wait=0.7, accept=True) if len(there.accepted) < 1 else Act("554 no")

    with scripted(dot=slow_first) as there:
        first, second = send(relay(there.port), mail(key="one"), mail(key="two"))
    assert (first.state, second.state) == (U, F)
    assert there.connections == 2


def test_an_idle_connection_that_the_server_closed_is_opened_again() -> None:
    async def twice() -> list[Receipt]:
        async def stage(name: str, evidence: Mapping[str, str]) -> None: ...

        async with Mailer(relay(there.port)) as mailer:
            first = await mailer.send(mail(key="one"), stage)
            for conn in there._open:
                conn.shutdown(2)
            return [first, await mailer.send(mail(key="two"), stage)]

    with scripted() as there:
        receipts = asyncio.run(twice())
    assert [receipt.state for receipt in receipts] == [Outcome.SENT, Outcome.SENT]
    assert len(there.accepted) == 2


@pytest.mark.fault(38)
def test_a_message_over_the_servers_size_is_not_begun() -> None:
    with scripted(ehlo=Act("250-here\r\n250 SIZE 100")) as there:
        (receipt,) = send(relay(there.port), mail())
    assert (receipt.state, there.accepted) == (F, [])
    assert "takes 100" in receipt.sentence


def test_one_who_was_overtaken_sends_no_content() -> None:
    async def stage(name: str, evidence: Mapping[str, str]) -> None:
        if name == "data":
            raise Overtaken

    async def attempt() -> None:
        async with Mailer(relay(there.port)) as mailer:
            await mailer.send(mail(), stage)

    with scripted() as there, pytest.raises(Overtaken):
        asyncio.run(attempt())
    assert there.accepted == []
    assert there.heard == b""  # the server was asked whether it would take a message, and got none


def test_the_first_byte_of_content_waits_for_the_step_to_be_written_down() -> None:
    heard: list[bytes] = []

    async def stage(name: str, evidence: Mapping[str, str]) -> None:
        if name == "data":
            await asyncio.sleep(0.2)  # long after the server has said 354
            heard.append(there.heard)

    async def attempt() -> None:
        async with Mailer(relay(there.port)) as mailer:
            receipt = await mailer.send(mail(), stage)
            assert receipt.state is Outcome.SENT

    with scripted() as there:
        asyncio.run(attempt())
    assert heard == [b""]
    assert len(there.accepted) == 1


def test_a_server_that_refuses_data_is_answered_after_the_step_was_written_down() -> None:
    written: list[str] = []

    async def stage(name: str, evidence: Mapping[str, str]) -> None:
        if name == "data":
            await asyncio.sleep(0.1)
            written.append(name)

    async def attempt() -> Receipt:
        async with Mailer(relay(there.port)) as mailer:
            return await mailer.send(mail(), stage)

    with scripted(data=Act("451 later")) as there:
        receipt = asyncio.run(attempt())
    assert written == ["data"]
    assert receipt.state is Outcome.RETRY


@pytest.mark.fault(40)
def test_a_route_keeps_its_pace() -> None:
    async def timed() -> float:
        loop = asyncio.get_running_loop()
        start = loop.time()
        await _send(
            dataclasses.replace(relay(there.port), per_second=20), *(mail(key=str(n)) for n in range(5))
        )
        return loop.time() - start

    with scripted() as there:
        assert asyncio.run(timed()) >= 4 / 20
    assert len(there.accepted) == 5


def test_a_token_is_used_instead_of_a_password(authority: trustme.CA) -> None:
    ours, theirs = contexts(authority)

    async def token() -> str:
        return "fresh"

    with scripted(context=ours, ehlo=Act("250-here\r\n250 AUTH XOAUTH2 PLAIN")) as there:
        server = Server(
            "127.0.0.1", there.port, Tls.IMPLICIT, "dunwell", token=token, context=theirs, waits=SHORT
        )
        (receipt,) = send(server, mail())
    assert receipt.state is Outcome.SENT
    (auth,) = [line for line in there.lines if line.startswith("AUTH")]
    assert base64.b64decode(auth.split()[2]) == b"user=dunwell\1auth=Bearer fresh\1\1"


def test_unsendable_says_what_to_do() -> None:
    assert compose("k", sender="us@x.example.com", to=(), subject="", text="", at=AT) == Unsendable(
        "the contact has no e-mail address; add one"
    )


def test_the_context_is_the_systems_own_by_default() -> None:
    assert Server("mail.example.com", 587).context is None
    assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED
