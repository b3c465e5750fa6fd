"""The bytes of a mail: what they carry, what can never get into them, and that they are always the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.channels.mail import Attachment, Mail, compose, message_id, read_address
from engine.channels.receipt import Unsendable

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def made(**more: object) -> Mail | Unsendable:
    usual: dict[str, object] = {
        "sender": "accounts@seller.example.com",
        "to": ["ap@acme.example.com"],
        "subject": "Invoice 10231",
        "text": "Dear customer,\nplease pay.",
        "at": AT,
    }
    return compose("main/ACME/1", **{**usual, **more})  # type: ignore[arg-type]


def parsed(mail: Mail | Unsendable) -> EmailMessage:
    assert isinstance(mail, Mail), mail
    return message_from_bytes(mail.raw, policy=policy.default)


def test_headers_are_the_ones_it_needs_and_no_others() -> None:
    message = parsed(made(name="Seller Inc.", reply_to="ana@seller.example.com", html="<p>Dear customer</p>"))
    assert [name for name in message if name.lower() not in ("content-type", "mime-version")] == [
        "Message-ID",
        "Date",
        "From",
        "To",
        "Reply-To",
        "Subject",
        "Auto-Submitted",
    ]
    assert message["date"].datetime == AT
    assert str(message["from"]) == '"Seller Inc." <accounts@seller.example.com>'
    assert message["auto-submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_no_customer_is_named_in_the_message_id() -> None:
    mail = made()
    assert isinstance(mail, Mail)
    assert mail.message_id == message_id("main/ACME/1", "accounts@seller.example.com")
    assert "ACME" not in mail.message_id
    assert mail.message_id.endswith("@seller.example.com>")


def test_the_same_arguments_give_the_same_bytes() -> None:
    paper = Attachment("Rechnung 10231.pdf", "application/pdf", b"%PDF-1.7 \x00\xff")
    one, two = (made(html="<p>x</p>", attachments=[paper]) for _ in range(2))
    assert one == two
    (attached,) = parsed(one).iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("Rechnung 10231.pdf", paper.content)


def test_it_is_kept_as_json_and_comes_back_the_same() -> None:
    mail = made(
        subject="Žluťoučký kůň", text="übermäßig € 1.200,00", to=["a@x.example.com", "b@x.example.com"]
    )
    assert isinstance(mail, Mail)
    kept = json.loads(json.dumps(mail.to_json()))
    assert Mail.from_json(kept) == mail
    assert Mail.from_json(kept, ["a@x.example.com"]).recipients == ("b@x.example.com",)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "no e-mail address"),
        ("   ", "no e-mail address"),
        ("accounts", "not an e-mail address"),
        ("a@x.example.com, b@x.example.com", "one address a contact"),
        ("a@x.example.com; b@x.example.com", "one address a contact"),
        ("a@x.example.com>\r\nRCPT TO:<evil@x.example.com", "not"),
        ("Ana <a@x.example.com>", "not"),
        ("a@x.example.com\0", "not an e-mail address"),
        ("a@localhost", "not an e-mail address"),
        ("a@@x.example.com", "not an e-mail address"),
    ],
)
@pytest.mark.fault(39)
def test_an_address_that_is_not_one_is_refused_in_words(address: str, words: str) -> None:
    for refused in (read_address(address), made(to=[address]), made(to=["ok@x.example.com", address])):
        assert isinstance(refused, Unsendable)
        assert words in refused.sentence
        assert "\n" not in refused.sentence


def test_a_recipient_written_twice_gets_it_once() -> None:
    mail = made(to=["ap@acme.example.com", "ap@ACME.example.com"])
    assert isinstance(mail, Mail)
    assert mail.recipients == ("ap@acme.example.com",)


NASTY = st.text(st.characters() | st.sampled_from("\r\n\0\x0b\x0c\x85\u2028\ud800.:<>@"), max_size=60)


@given(subject=NASTY, name=NASTY, text=NASTY, html=NASTY, file=NASTY)
@settings(max_examples=60, deadline=None)
@pytest.mark.fault(69)
def test_no_text_breaks_out_of_its_place(subject: str, name: str, text: str, html: str, file: str) -> None:
    body = text + "\nBcc: evil@x.example.com\n.\n"
    mail = made(
        subject=subject + "\r\nBcc: evil@x.example.com",
        name=name + "\nBcc: evil@x.example.com",
        text=body,
        html=f"<p>{html}</p>",
        attachments=[Attachment(file + "\nBcc: x.pdf", "application/pdf", b"x")],
    )
    message = parsed(mail)
    assert message["bcc"] is None
    assert message.get_all("to") == ["ap@acme.example.com"]
    assert message["from"].addresses[0].addr_spec == "accounts@seller.example.com"
    assert isinstance(mail, Mail)
    head = mail.raw.split(b"\r\n\r\n")[0]
    assert mail.raw.isascii()
    assert b"\0" not in mail.raw
    assert b"\n" not in head.replace(b"\r\n", b"")
    plain = message.get_body(("plain",))
    assert plain is not None
    assert "Bcc: evil" in plain.get_content()
