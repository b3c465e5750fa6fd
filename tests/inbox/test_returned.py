"""What comes back is told apart: addresses that do not work, machines, people; and any bytes give an answer."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import quoted, returned
from engine.core.returned import Kind, Returned

MAILS = Path(__file__).parent / "mails"
OURS = "<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@seller.example.com>"
NAMES = sorted(path.stem for path in MAILS.glob("*.eml"))
NOT_OURS = {"reply-fresh", "automatic-newsletter", "unknown-nobody"}

STATUSES = {
    "bounce-exchange": "5.1.10",
    "bounce-exim": "5.0.0",
    "bounce-full": "5.2.2",
    "bounce-postfix-text": "",
    "bounce-refused": "5.7.1",
    "delayed-exim": "",
    "delayed-given-up": "4.4.7",
    "delayed-postfix": "4.4.1",
}
WORDS = {
    "reply-absence": "We were closed last week. The money is on its way.",
    "reply-bottom": "We paid this on Friday.",
    "reply-colleague": "Please write to me from now on; Ann has left.",
    "reply-desk": "We will check this with the warehouse.",
    "reply-french": "Bonjour, le paiement part vendredi.",
    "reply-fresh": "Who may I talk to about our account?",
    "reply-german": "Guten Tag,\n\ndie Rechnung wurde gestern überwiesen.\n\nMit freundlichen Grüßen\nAnna Klerk",
    "reply-gmail": "Hello,\n\nwe never received invoice A1. Please send a copy.\n\nBest,\nAnn",
    "reply-gmail-html": "Can we pay in two parts?\nHalf now.",
    "reply-inline": "This one is disputed: two boxes were missing.\n\nThe rest we pay this week.",
    "reply-outlook-html": "Please take this off – we returned the goods & have the receipt.\n\nJörg",
}


def mail(name: str) -> Returned:
    return returned.read((MAILS / f"{name}.eml").read_bytes())


@pytest.mark.parametrize("name", NAMES)
def test_what_each_message_of_the_collection_is(name: str) -> None:
    found = mail(name)
    wanted = {"delivered": "automatic"}.get(name, name.partition("-")[0])
    assert found.kind == wanted
    assert (OURS in found.ids) == (name not in NOT_OURS)
    if wanted in ("bounce", "delayed"):
        assert found.failed == ("ap@acme.example.com",)
        assert found.status == STATUSES.get(name, "5.1.1")
        assert found.said
        assert found.ids[0] == OURS
    assert found.words == WORDS.get(name, "")


def test_only_what_is_wrong_with_the_address_counts_against_it() -> None:
    about = {name for name in NAMES if mail(name).about_address}
    bounces = {name for name in NAMES if name.startswith("bounce")}
    assert bounces - about == {"bounce-full", "bounce-refused"}
    assert about <= bounces


def test_the_sender_is_named_in_small_letters() -> None:
    found = mail("reply-outlook-html")
    assert (found.sender, found.name) == ("ap@acme.example.com", "Jörg Müller")
    assert mail("bounce-headers-only").sender == "mailer-daemon@mail.acme.example.com"
    assert mail("unknown-nobody").sender == ""


def test_a_message_is_known_by_its_id_or_else_by_its_head() -> None:
    raw = (MAILS / "reply-fresh.eml").read_bytes()
    head, _, body = raw.partition(b"\r\n\r\n")
    assert (
        returned.identity(head + b"\r\n\r\n") == "<fresh-1@acme.example.com>" == returned.read(raw).message_id
    )
    bare = head.replace(b"Message-ID: <fresh-1@acme.example.com>\r\n", b"")
    known = returned.identity(bare + b"\r\n\r\n")
    assert known.startswith("sha256:")
    assert returned.read(bare + b"\r\n\r\n" + body).message_id == known
    assert returned.identity(bare.replace(b"Ann", b"Ben") + b"\r\n\r\n") != known


def test_what_is_in_a_returned_message_is_not_what_the_message_says() -> None:
    """A person who sends us somebody else's bounce is a person."""
    bounce = (MAILS / "bounce-postfix.eml").read_bytes()
    raw = (
        b"From: Ann <ap@acme.example.com>\r\nSubject: see below\r\nMessage-ID: <f@acme.example.com>\r\n"
        b"Content-Type: multipart/mixed; boundary=f\r\n\r\n--f\r\nContent-Type: text/plain\r\n\r\nLook at this.\r\n"
        b"--f\r\nContent-Type: message/rfc822\r\n\r\n" + bounce + b"\r\n--f--\r\n"
    )
    found = returned.read(raw)
    assert (found.kind, found.words) == (Kind.REPLY, "Look at this.")


HOSTILE = {
    "nothing": b"",
    "no head": b"\r\n\r\n" + b"x" * 1000,
    "NUL": b"From: a@b.example\r\nSubject: a\x00b\r\n\r\nHello\x00 there\r\n",
    "no such charset": b"From: a@b.example\r\nContent-Type: text/plain; charset=klingon\r\n\r\nqapla\xff\r\n",
    "a codec that is no charset": b"From: a@b.example\r\nContent-Type: text/plain; charset=zlib\r\n\r\nhello\r\n",
    "a slow charset": b"From: a@b.example\r\nContent-Type: text/plain; charset=punycode\r\n\r\n"
    + b"a-b" * 90_000,
    "bad base64": b"From: a@b.example\r\nSubject: =?utf-8?b?!!!?=\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n!!!not base64\r\n",
    "comments in comments": b"From: " + b"(" * 60_000 + b"a@b.example\r\n\r\nhello\r\n",
    "a head without end": b"From: a@b.example\r\n" + b"X-A: b\r\n" * 60_000,
    "a subject without end": b"From: a@b.example\r\nSubject: " + b"=?a?q?" * 60_000 + b"\r\n\r\nhello\r\n",
    "references without end": b"From: a@b.example\r\nReferences: "
    + b"<a@b> " * 60_000
    + b"\r\n\r\nhello\r\n",
    "parts in parts": b"From: a@b.example\r\n"
    + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(5000)),
    "messages in messages": b"From: a@b.example\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 5000,
    "parts without end": b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\n\r\n" * 50_000,
    "a page of open tags": b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n" + b"<a " * 150_000,
    "a page of open comments": b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n" + b"<!--" * 120_000,
    "a page of letters": b"From: a@b.example\r\nContent-Type: text/html\r\n\r\nhello &#"
    + b"9" * 100_000
    + b";",
    "a report of nothing": b"From: <>\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: message/delivery-status\r\n\r\n\r\n\r\n--b--\r\n",
    "a report in an encoding": b"From: <>\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\n"
    b"Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    b"UmVwb3J0aW5nLU1UQTogZG5zOyB4CgpGaW5hbC1SZWNpcGllbnQ6IHJmYzgyMjsgYUBiLmV4YW1wbGUKQWN0aW9uOiBmYWls\r\n"
    b"ZWQKU3RhdHVzOiA1LjEuMQo=\r\n--b--\r\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_that_is_sent_to_us_breaks_it(name: str) -> None:
    found = returned.read(HOSTILE[name])
    everything = " ".join(
        (found.text, found.words, found.subject, found.sender, found.name, *found.ids, *found.failed)
    )
    everything.encode()
    assert "\x00" not in everything
    assert len(everything) < 100_000
    if b"From: a@b.example" in HOSTILE[name][:30]:
        assert found.sender == "a@b.example"
    if name == "a report in an encoding":
        assert (found.kind, found.failed, found.status) == (Kind.BOUNCE, ("a@b.example",), "5.1.1")


def _changed(raw: bytes, chance: random.Random) -> bytes:
    """A real message with some of it cut, doubled or spoiled."""
    pieces = [raw[:4000]]
    for _ in range(chance.randrange(1, 6)):
        one = pieces.pop()
        at, to = sorted(chance.randrange(len(one) + 1) for _ in range(2))
        pieces.append(
            chance.choice(
                (one[:at] + one[to:], one[:to] + one[at:], one[:at] + chance.randbytes(to - at) + one[to:])
            )
        )
    return pieces[0]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(NAMES), st.randoms(use_true_random=False))
def test_a_spoiled_message_is_still_something(name: str, chance: random.Random) -> None:
    found = returned.read(_changed((MAILS / f"{name}.eml").read_bytes(), chance))
    assert found.kind in Kind
    assert found.message_id
    repr(found).encode()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_are_something(raw: bytes) -> None:
    found = returned.read(raw)
    assert found.kind in Kind
    assert returned.identity(raw)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("aB <>/!-&;#9\n\"'=qpoOn:wrote>_"), max_size=400))
def test_what_a_person_wrote_is_part_of_what_was_there(text: str) -> None:
    page = quoted.plain(text)
    assert "<!--" not in page
    words = quoted.own_words(text)
    lines = {line.strip() for line in text.splitlines()}
    assert all(line.strip() in lines or not line.strip() for line in words.split("\n"))


def test_a_forged_script_is_text_at_most() -> None:
    assert quoted.plain("<p>Hi<script>steal()</script><img src=x onerror=steal()> there</p>") == "Hi there"
    assert quoted.plain("2 &lt; 3 &amp; 4") == "2 < 3 & 4"
