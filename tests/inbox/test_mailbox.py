"""A mailbox is read a little at a time from a real Dovecot, and left as it was; a bad server is an end and a sentence."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
import trustme

from engine.channels import inbox as channel
from engine.channels.inbox import Inbox, Server, Shut, Tls
from tests.channels.servers import contexts
from tests.inbox.dovecot import PASSWORD, Dovecot
from tests.inbox.lines import answering, line


def text(number: int, size: int = 0) -> bytes:
    body = b"x" * size or b"hello"
    return b"From: a@b.example\r\nMessage-ID: <%d@b.example>\r\n\r\n%s\r\n" % (number, body)


@pytest.fixture
def server(dovecot: Dovecot, user: str) -> Callable[..., Server]:
    def make(**more: object) -> Server:
        usual = {
            "host": "localhost",
            "port": dovecot.tls,
            "user": user,
            "password": PASSWORD,
            "context": ssl.create_default_context(cafile=str(dovecot.ca)),
            "wait": 5,
        }
        return Server(**{**usual, **more})  # type: ignore[arg-type]

    return make


def test_new_messages_are_read_from_where_the_last_visit_ended(
    dovecot: Dovecot, user: str, server: Callable[..., Server]
) -> None:
    dovecot.put(user, text(1), text(2))
    with Inbox(server()) as box:
        first = box.new(0)
        heads = box.heads(first)
        assert box.highest == first[-1]
        validity = box.validity
        assert box.new(first[-1]) == [], "the last one is not new for ever"
    assert [head.uid for head in heads] == first == [1, 2]
    assert [b"<1@b.example>" in heads[0].raw, b"hello" in heads[0].raw] == [True, False]
    assert heads[0].size == len(text(1))
    assert heads[0].at is not None
    assert abs(heads[0].at - datetime.now(UTC)) < timedelta(hours=1)
    dovecot.put(user, text(3))
    with Inbox(server()) as box:
        assert (box.new(first[-1]), box.validity) == ([3], validity)


def test_of_a_body_only_so_much_is_read_as_is_asked_for(
    dovecot: Dovecot, user: str, server: Callable[..., Server]
) -> None:
    dovecot.put(
        user, text(1, size=300_000), b"X-Long: " + b"y" * 900 + b"\r\n" + b"X: y\r\n" * 40_000 + text(2)
    )
    with Inbox(server()) as box:
        assert box.body(1, 1000) == text(1, size=300_000)[:1000]
        whole = box.body(1, 1_000_000)
        assert whole == text(1, size=300_000)
        assert [len(head.raw) for head in box.heads([1, 2])] == [
            len(text(1)) - len(b"hello\r\n"),
            channel.MOST_HEAD,
        ]
        assert box.body(99, 100) is None
        assert box.heads([99]) == []


def test_only_what_came_since_a_day(dovecot: Dovecot, user: str, server: Callable[..., Server]) -> None:
    with dovecot.client(user) as client:
        for number, when in enumerate(("01-Jan-2020", "01-Oct-2026", "04-Oct-2026"), 1):
            client.append("INBOX", "", f'"{when} 12:00:00 +0000"', text(number))
    with Inbox(server()) as box:
        assert box.new(0, date(2026, 10, 2)) == [3]
        assert box.new(0, date(2026, 10, 1)) == [2, 3]


def test_reading_changes_nothing_in_the_mailbox(
    dovecot: Dovecot, user: str, server: Callable[..., Server]
) -> None:
    dovecot.put(user, text(1))
    before = dovecot.folders(user)
    with Inbox(server()) as box:
        box.heads([1])
        box.body(1, 1000)
    after = dovecot.folders(user)["INBOX"]
    assert [mail for _, mail in after] == [mail for _, mail in before["INBOX"]]
    assert not any(flag in after[0][0] for flag in (b"Seen", b"Deleted", b"Dunwell"))


def test_what_is_done_is_marked_or_moved_and_nothing_else(
    dovecot: Dovecot, user: str, server: Callable[..., Server]
) -> None:
    dovecot.put(user, text(1), text(2), text(3))
    with Inbox(server()) as box:
        box.done([2])
    flags = [flags for flags, _ in dovecot.folders(user)["INBOX"]]
    assert [channel.MARK.encode() in one for one in flags] == [False, True, False]
    assert not any(b"Seen" in one for one in flags)
    with Inbox(server(moved_to="Put away")) as box:
        box.done([1, 3])
        box.done([])
    assert {name: len(mails) for name, mails in dovecot.folders(user).items()} == {"INBOX": 1, "Put away": 2}


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.NONE])
def test_the_other_ways_to_the_server(
    dovecot: Dovecot, user: str, server: Callable[..., Server], tls: Tls
) -> None:
    dovecot.put(user, text(1))
    more = {"tls": tls, "port": dovecot.plain}
    if tls is Tls.NONE:
        with pytest.raises(ValueError, match="without TLS"):
            server(**more)
        with pytest.raises(Shut, match="refuses our login"), Inbox(server(**more, password="")):
            pass  # it was asked, on this machine, and wants a password
    else:
        with Inbox(server(**more)) as box:
            assert box.new(0) == [1]


@pytest.mark.fault(37)
def test_a_wrong_password_is_held(server: Callable[..., Server]) -> None:
    with pytest.raises(Shut, match="refuses our login") as shut, Inbox(server(password="wrong")):
        pass
    assert shut.value.held
    with pytest.raises(Shut) as shut, Inbox(server(password="wröng")):
        pass
    assert shut.value.held


@pytest.mark.fault(36)
def test_a_certificate_that_nobody_signed_is_held(server: Callable[..., Server]) -> None:
    with pytest.raises(Shut, match="certificate is not good") as shut, Inbox(server(context=None)):
        pass
    assert shut.value.held


def test_a_folder_that_is_not_there_is_held(server: Callable[..., Server]) -> None:
    with pytest.raises(Shut, match="“Nowhere” cannot be opened") as shut, Inbox(server(folder="Nowhere")):
        pass
    assert shut.value.held


@pytest.mark.parametrize(
    ("then", "wait", "visit", "said"),
    [
        ("silent", 1, 300, "is silent"),
        ("drop by drop", 30, 2, "too slow"),
        ("cut", 30, 300, "cannot be read"),
    ],
)
def test_a_server_that_goes_away_in_the_middle_is_an_end_and_a_sentence(
    dovecot: Dovecot, user: str, server: Callable[..., Server], then: str, wait: int, visit: int, said: str
) -> None:
    def read(port: int) -> bytes | None:
        with Inbox(server(port=port, wait=wait, visit=visit)) as box:
            assert box.new(0) == [1]
            return box.body(1, 100_000)

    dovecot.put(user, text(1, size=50_000))
    with line(dovecot.tls, limit=15_000, then=then) as bad, pytest.raises(Shut, match=said) as shut:
        read(bad.port)
    assert not shut.value.held, "it may work again in five minutes"
    assert read(dovecot.tls) == text(1, size=50_000)


def test_a_server_that_says_nothing_at_all(server: Callable[..., Server]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        for tls in (Tls.IMPLICIT, Tls.STARTTLS):
            with pytest.raises(Shut, match="silent") as shut, Inbox(server(port=port, tls=tls, wait=1)):
                pass
            assert not shut.value.held
    with pytest.raises(Shut, match="cannot be read"), Inbox(server(port=port)):
        pass


@pytest.mark.fault(36)
def test_a_server_without_tls_gets_no_password(server: Callable[..., Server]) -> None:
    with answering() as other:
        bad = server(port=other.port, tls=Tls.STARTTLS)
        with pytest.raises(Shut, match="does not offer TLS") as shut, Inbox(bad):
            pass
    assert shut.value.held
    assert PASSWORD.encode() not in b"".join(other.heard)


def test_a_server_that_repeats_the_password_is_not_repeated(server: Callable[..., Server]) -> None:
    there, here = contexts(trustme.CA(), "localhost")
    with answering(lambda said: b"you said " + said, there) as other:
        bad = server(port=other.port, context=here)
        with pytest.raises(Shut, match="you said LOGIN") as shut, Inbox(bad):
            pass
    assert PASSWORD not in shut.value.sentence
    assert PASSWORD not in repr(bad)


@pytest.mark.parametrize(
    ("said", "held"),
    [
        ("[UNAVAILABLE] Temporary authentication failure.", False),
        ("[ALERT] Too many simultaneous connections.", False),
        ("[AUTHENTICATIONFAILED] Too many login failures", True),
        ("[CONTACTADMIN] This account is closed", True),
    ],
)
def test_what_a_refused_login_means_is_in_what_is_said(
    server: Callable[..., Server], said: str, held: bool
) -> None:
    with answering(lambda _: f"{said}\r\n".encode()) as other:
        bad = server(port=other.port, tls=Tls.NONE, password="", host="127.0.0.1")
        with pytest.raises(Shut, match="refuses our login") as shut, Inbox(bad):
            pass
    assert shut.value.held == held
