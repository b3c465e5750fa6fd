"""Real ways out: a mail server with TLS and a password, a ledger system that listens, the post, documents to attach."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import sqlalchemy as sa
import trustme
from pypdf import PdfReader

from engine.jobs import cases
from engine.store import database
from engine.store.tables import contact
from tests.channels.servers import Act, aiosmtpd, contexts, free_port, scripted
from tests.jobs.world import HOUSE, House

DAY = "2026-10-05"


def _one_step(step: str) -> dict[str, str]:
    head = "policy: Standard\nclock: due date\nsteps:\n  - day: 5\n"
    return {"standard": head + step + "  - day: 60\n    call: collector\n    script: first-call\n"}


def _fill(house: House, **contact: str) -> House:
    house.owes("ACME", "A1", "2026-09-30")
    house.contact("ACME", **contact)
    house.import_customers()
    house.import_ledger(DAY)
    return house


def _mail(house: House, port: int, authority: trustme.CA, password: str = "secret") -> None:
    authority.cert_pem.write_to_path(house.root / "ca.pem")
    (house.root / "password").write_text(password)
    house.settings(
        f'[mail]\nhost = "127.0.0.1"\nport = {port}\nuser = "dunwell"\npassword_file = "password"\n'
        'from = "accounts@seller.example.com"\nca_file = "ca.pem"\n'
    )


def test_mail_goes_through_a_server_with_tls_and_a_password(build: Callable[..., House]) -> None:
    house, authority = build(), trustme.CA()
    _fill(house)
    with aiosmtpd(contexts(authority)[0]) as server:
        _mail(house, server.port, authority)
        done = house.day(DAY)
        assert (dict(done.sent), done.folder, done.failed) == ({"email": 1}, None, ())
        assert house.day(DAY, "11:00").sent == {}
        (envelope,) = server.box.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("accounts@seller.example.com", ["ap@acme.example.com"])
    mail = message_from_bytes(envelope.content, policy=default)
    assert "$1,200.00" in mail.get_body(("plain",)).get_content()
    assert house.marks() == {("A1", "email friendly-reminder")}


@pytest.mark.postgresql
def test_a_wrong_password_holds_the_mail_and_loses_nothing(build: Callable[..., House]) -> None:
    house, authority = build(), trustme.CA()
    _fill(house)
    with aiosmtpd(contexts(authority)[0]) as server:
        _mail(house, server.port, authority, "wrong")
        done = house.day(DAY)
        assert (dict(done.sent), done.waiting) == ({}, 1)
        assert "535" in done.rests[0]
        _mail(house, server.port, authority)
        assert house.day(DAY, "10:30").sent == {}, "it rests for an hour, so that no account is locked"
        assert dict(house.day(DAY, "11:10").sent) == {"email": 1}
        assert len(server.box.envelopes) == 1


def test_an_unknown_certificate_is_not_trusted(build: Callable[..., House]) -> None:
    house, authority = build(), trustme.CA()
    _fill(house)
    with aiosmtpd(contexts(trustme.CA())[0]) as server:
        _mail(house, server.port, authority)
        done = house.day(DAY)
        assert server.box.envelopes == []
        assert server.tries == []
    assert "certificate" in done.rests[0]


@pytest.mark.postgresql
def test_an_address_that_is_refused_for_good_counts_as_missing(build: Callable[..., House]) -> None:
    house = _fill(build())
    with scripted(rcpt=Act("550 no such user")) as server:
        house.settings(
            f'[mail]\nhost = "127.0.0.1"\nport = {server.port}\ntls = "none"\nfrom = "a@seller.example.com"\n'
        )
        done = house.day(DAY)
        assert [one.account for one in done.failed] == ["ACME"]
        assert house.day("2026-10-06").failed == ()
        assert [work.state for work in house.worklist("2026-10-06")] == ["held address"]
        assert house.run("2026-10-07").actions == 0
    house.contact("ACME", email="new@acme.example.com")
    house.import_customers("2026-10-08")
    house.settings("")
    assert dict(house.day("2026-10-08").sent) == {"email": 1}
    assert [mail["To"] for mail in house.mails()] == ["new@acme.example.com"]


@pytest.mark.postgresql
def test_a_server_that_is_away_is_tried_again(build: Callable[..., House]) -> None:
    house = _fill(build())
    house.settings(
        f'[mail]\nhost = "127.0.0.1"\nport = {free_port()}\ntls = "none"\nfrom = "a@seller.example.com"\n'
    )
    done = house.day(DAY)
    assert (dict(done.sent), done.waiting) == ({}, 1)
    house.settings("")  # the office goes back to the folder
    assert dict(house.day(DAY, "10:30").sent) == {"email": 1}


def test_a_letter_abroad_names_the_country(build: Callable[..., House]) -> None:
    house = build(
        house=HOUSE.replace("calendar: none", "calendar: US"),
        policies=_one_step("    letter: firm-reminder\n"),
    )
    house.owes("BRUCK", "B1", "2026-09-30")
    house.contact("BRUCK", postcode="80331", city="München")
    _fill(house)
    at_home, abroad = contact.c.account == "ACME", contact.c.account == "BRUCK"
    engine = house.engine
    with database.writing(engine) as conn:
        conn.execute(sa.update(contact).where(at_home).values(country="US"))
        conn.execute(sa.update(contact).where(abroad).values(country="DE"))
    engine.dispose()
    assert dict(house.day(DAY).sent) == {"letter": 2}
    said = ["".join(page.extract_text() for page in PdfReader(path).pages) for path in house.letters()]
    (theirs,) = (text for text in said if "80331" in text)
    (ours,) = (text for text in said if "80331" not in text)
    assert "80331 München\nGERMANY" in theirs
    assert "UNITED STATES" not in ours
    assert "New York 10001" in ours


# -- the ledger system ---------------------------------------------------------------------------------------


@contextmanager
def listener() -> Iterator[tuple[int, list[dict[str, object]]]]:
    heard: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            heard.append({**body, "signature": self.headers["webhook-signature"]})
            self.send_response(202)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server.server_address[1], heard
        server.shutdown()


def test_a_webhook_tells_the_ledger_system(build: Callable[..., House]) -> None:
    with listener() as (port, heard):
        hook = (
            f'[webhooks.erp]\nurl = "http://127.0.0.1:{port}/dunwell"\nnetworks = ["127.0.0.0/8"]\n'
            'secret_file = "secret"\n'
        )
        house = build(policies=_one_step("    webhook: erp\n    email: friendly-reminder\n"), more=hook)
        (house.root / "secret").write_text("whsec_" + base64.b64encode(bytes(32)).decode())
        _fill(house)
        assert dict(house.day(DAY, "20:00").sent) == {"webhook erp": 1}, "a webhook keeps no office hours"
        assert house.day(DAY, "21:00").sent == {}
    (told,) = heard
    assert (told["account"], told["what"], told["facts"]["amount"]) == ("ACME", "erp", 120_000)  # type: ignore[index]
    assert str(told["signature"]).startswith("v1,")


def test_a_letter_keeps_no_contact_hours(build: Callable[..., House]) -> None:
    house = _fill(build(policies=_one_step("    letter: firm-reminder\n")))
    assert dict(house.day(DAY, "20:00").sent) == {"letter": 1}


@pytest.mark.postgresql
def test_a_hold_waits_for_its_notice_and_falls_with_it(build: Callable[..., House]) -> None:
    house = _fill(build(policies=_one_step("    hold: orders\n    email: friendly-reminder\n")))
    late = house.day(DAY, "18:00")
    assert (dict(late.sent), late.waiting) == ({}, 2)
    house.do(lambda engine: cases.open_dispute(engine, "ACME", "A1", "short", house.who(DAY)))
    done = house.deliver("2026-10-06")
    assert {one.channel for one in done.dropped} == {"email", "request"}
    assert house.requests() == []
    house.do(
        lambda engine: cases.close_dispute(engine, "ACME", "A1", house.who("2026-10-06"), closed_for="us")
    )
    assert dict(house.day("2026-10-07").sent) == {"email": 1, "request": 1}, "planned anew, both of them"
    (request,) = house.requests()
    assert (request["what"], request["desired"]) == ("hold", "orders")


# -- statements and documents --------------------------------------------------------------------------------


def test_a_statement_goes_by_e_mail_or_else_by_post(build: Callable[..., House]) -> None:
    house = build(policies=_one_step("    statement: friendly-statement\n"))
    house.owes("BOLT", "B1", "2026-09-30")
    house.contact("BOLT", email="")
    _fill(house)
    assert dict(house.day(DAY).sent) == {"email": 1, "letter": 1}
    assert [mail["To"] for mail in house.mails()] == ["ap@acme.example.com"]
    assert len(house.letters()) == 1


def test_copies_of_invoices_are_attached_or_linked_or_a_task(build: Callable[..., House]) -> None:
    places = '[documents]\n"A*" = "invoices/{number}.pdf"\n"B*" = "https://docs.example.com/{number}"\n'
    house = build(policies=_one_step("    email: invoice-copy\n"), more=places)
    (house.root / "invoices").mkdir()
    (house.root / "invoices" / "A1.pdf").write_bytes(b"%PDF-1.7 the very document")
    for account, item in (("BOLT", "B/7"), ("CORE", "A2")):
        house.owes(account, item, "2026-09-30")
        house.contact(account)
    _fill(house)
    done = house.day(DAY)
    assert dict(done.sent) == {"email": 2}
    mails = {mail["To"]: mail for mail in house.mails()}
    (document,) = mails["ap@acme.example.com"].iter_attachments()
    assert document.get_filename() == "A1.pdf"
    assert document.get_content_type() == "application/pdf"
    assert document.get_content() == b"%PDF-1.7 the very document"
    linked = mails["ap@bolt.example.com"]
    assert list(linked.iter_attachments()) == []
    assert "https://docs.example.com/B%2F7" in linked.get_body(("plain",)).get_content()
    assert 'href="https://docs.example.com/B%2F7"' in linked.get_body(("html",)).get_content()
    assert [one.sentence for one in done.dropped] == [
        "no document is known of A2; it is a task for a person now"
    ]
    (work,) = house.worklist(DAY)
    assert (work.account, work.kind) == ("CORE", "task")
    assert work.detail["what"] == "Send copies of the invoices by hand: no document is known of A2."
    assert house.day("2026-10-06").sent == {}
    assert len(house.worklist("2026-10-06")) == 1, "once"
