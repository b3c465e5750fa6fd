"""What goes wrong is seen, told more and more rarely, and over when it is over."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from engine.channels.webhook import sign
from engine.jobs import alarms
from engine.outbox import Resolution, resolve
from engine.store import alarms as store
from engine.store import database, marks, releases
from engine.store.tables import lease, outbox
from tests.alarms.conftest import ADMIN, due, filled, stands, watched
from tests.channels.servers import Act, free_port, scripted
from tests.cli.conftest import run
from tests.jobs.world import ZONE, House, moment

MAIL = '[mail]\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\nfrom = "a@seller.example.com"\n'
SECRET = "whsec_" + base64.b64encode(bytes(32)).decode()


def in_doubt(house: House, more: str = ADMIN) -> str:
    """ACME's first mail may or may not have arrived, since 5 October, ten in New York. Its key."""
    with scripted(dot=Act(then="drop", accept=True)) as server:
        house.settings(MAIL.format(port=server.port))
        assert len(house.day("2026-10-05").uncertain) == 1
    house.settings(more)
    return str(house.rows(sa.select(outbox.c.action))[0][0])


def to_admin(house: House) -> list[EmailMessage]:
    found = [mail for mail in house.mails() if mail["To"] == "it@seller.example.com"]
    return sorted(found, key=lambda mail: mail["Date"].datetime)


@pytest.mark.fault(81)
def test_a_message_in_doubt_is_told_again_and_again(build_on_each: Callable[..., House]) -> None:
    house = filled(build_on_each())
    key = in_doubt(house)
    watched(house, "2026-10-05", "10:59")
    assert stands(house) == []
    assert due(house, moment("2026-10-05", "11:00"))
    said = watched(house, "2026-10-05", "11:00")
    assert "account ACME may or may not have arrived" in said[0]
    (one,) = stands(house)
    assert (one.kind, one.about, one.told) == ("uncertain", key, 1)
    (mail,) = to_admin(house)
    text = mail.get_body(("plain",)).get_content()
    assert "ACME" in mail["Subject"]
    assert f"dunwell outbox resolve “{key}”" in text.replace("\n", " ")
    assert "ACME Inc." not in text, "no name of a customer"
    assert "@" not in text, "no address"
    told, decided = [], {"2026-10-05"}
    start = moment("2026-10-05", "11:00")
    for hours in range(1, 80):
        now = start + timedelta(hours=hours)
        on = now.astimezone(ZONE).date().isoformat()
        if on not in decided:
            house.run(on, "00:00")
            decided.add(on)
        if due(house, now):
            before = len(to_admin(house))
            alarms.watch(house.ws, lambda now=now: now, threading.Event())
            if len(to_admin(house)) > before:
                told.append(hours)
    assert told == [4, 24, 48, 72]
    assert len({mail["Message-ID"] for mail in to_admin(house)}) == 5


@pytest.mark.fault(81)
def test_nothing_more_goes_to_an_account_in_doubt(house: House) -> None:
    key = in_doubt(house)
    for day in ("2026-10-12", "2026-10-20", "2026-10-26"):
        house.import_ledger(day)
        assert house.run(day).actions == 0, "the call and the letter wait"
        assert [one.state for one in house.worklist(day)] == ["uncertain"]
    at = moment("2026-10-26", "11:00")
    taken = lambda conn, key, at: marks.take(conn, key, at, at.date())  # noqa: E731

    def work(engine: Engine) -> None:
        with database.writing(engine) as conn:
            resolve(conn, key, Resolution.DELIVERED, "ana", at, "in the mail server's log", taken)

    watched(house, "2026-10-26", "10:00")
    assert [one.kind for one in stands(house)] == ["uncertain"]
    house.do(work)
    assert due(house, at)
    assert any(line.startswith("over: ") for line in watched(house, "2026-10-26", "11:00"))
    assert stands(house) == []
    house.import_ledger("2026-10-29")
    assert house.run("2026-10-29").actions == 1, "now the next step may come"


def test_what_is_quiet_stays_on_the_list(house: House) -> None:
    in_doubt(house)
    watched(house, "2026-10-05", "11:00")
    (one,) = stands(house)
    house.do(lambda engine: quieten(engine, one))
    house.run("2026-10-06", "06:00")
    watched(house, "2026-10-06", "11:00")
    assert len(to_admin(house)) == 1
    assert stands(house)[0].quiet == "ana: the server's log comes on Monday"


def quieten(engine: Engine, one: store.Alarm) -> None:
    with database.writing(engine) as conn:
        store.quieted(conn, one, "ana: the server's log comes on Monday")


def test_nothing_to_do_starts_nothing(house: House) -> None:
    house.day("2026-10-05")
    watched(house, "2026-10-05", "10:00")
    assert not due(house, moment("2026-10-05", "10:01"))
    assert due(house, moment("2026-10-06", "00:01")), "once a day it looks in any case"


def test_without_anybody_to_tell_the_log_is_told(house: House) -> None:
    in_doubt(house, "")
    said = watched(house, "2026-10-05", "11:00")
    assert said[0].startswith("alarm uncertain: ")
    assert stands(house)[0].told == 1
    assert list(house.out.rglob("*.eml")) == []


@contextmanager
def hook(status: int = 200, says: Any = None) -> Iterator[tuple[int, list[tuple[bytes, dict[str, str]]]]]:
    """A receiver that keeps what it is sent; asked about a request, it answers with what `says` gives."""
    heard: list[tuple[bytes, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            heard.append((body, {name.lower(): value for name, value in self.headers.items()}))
            self._answer(status, b"{}")

        def do_GET(self) -> None:
            told = says(self.path.rpartition("/")[2])
            self._answer(404 if told is None else 200, json.dumps(told).encode())

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server.server_address[1], heard
        server.shutdown()


def pager(house: House, port: int, more: str = "") -> str:
    (house.root / "pager.secret").write_text(SECRET)
    return (
        f'[webhooks.pager]\nurl = "http://127.0.0.1:{port}/alarms"\nnetworks = ["127.0.0.0/8"]\n'
        f'secret_file = "pager.secret"\n{more}'
    )


def test_a_webhook_is_told_too_and_can_prove_who_said_so(house: House) -> None:
    with hook() as (port, heard):
        in_doubt(house, ADMIN + 'webhook = "pager"\n' + pager(house, port))
        watched(house, "2026-10-05", "11:00")
    ((body, headers),) = heard
    told = json.loads(body)
    assert (told["type"], [one["kind"] for one in told["alarms"]]) == ("dunwell.alarms", ["uncertain"])
    stamp = int(headers["webhook-timestamp"])
    assert headers["webhook-signature"] == sign((SECRET,), headers["webhook-id"], stamp, body)
    assert len(to_admin(house)) == 1


def test_that_mail_does_not_go_is_not_told_by_mail(house: House) -> None:
    with hook() as (port, heard), scripted(greeting=Act("554 not you, a@seller.example.com")) as server:
        more = MAIL.format(port=server.port) + ADMIN + 'webhook = "pager"\n' + pager(house, port)
        house.settings(more)
        house.day("2026-10-05")
        before = server.connections
        said = watched(house, "2026-10-05", "10:01")
        assert server.connections == before
    told = json.loads(heard[0][0])
    assert [(one["kind"], one["about"]) for one in told["alarms"]] == [("route", "email")]
    assert "a@seller" not in heard[0][0].decode()
    assert "a@seller" not in " ".join(said)
    assert stands(house)[0].told == 1


def test_who_cannot_be_told_is_told_a_little_later(house: House) -> None:
    in_doubt(house, MAIL.format(port=free_port()) + ADMIN)
    said = watched(house, "2026-10-05", "11:00")
    assert any(line.startswith("told in vain: ") for line in said)
    assert stands(house)[0].told == 0
    assert not due(house, moment("2026-10-05", "11:10"))
    house.settings(ADMIN)
    assert due(house, moment("2026-10-05", "11:15"))
    watched(house, "2026-10-05", "11:15")
    assert (len(to_admin(house)), stands(house)[0].told) == (1, 1)


def test_a_run_that_is_missing_and_comes_after_all(house: House) -> None:
    watched(house, "2026-10-05", "06:59")
    assert stands(house) == []
    watched(house, "2026-10-05", "07:01")
    assert [(one.kind, one.about) for one in stands(house)] == [("run", "missing")]
    house.run("2026-10-05", "07:05")
    watched(house, "2026-10-05", "07:06")
    assert stands(house) == []


def test_messages_that_failed_are_news_for_a_day(house: House) -> None:
    with scripted(rcpt=Act("550 no such user")) as server:
        house.settings(MAIL.format(port=server.port))
        assert len(house.day("2026-10-05").failed) == 1
    watched(house, "2026-10-05", "10:01")
    assert "1 message could not be delivered" in stands(house)[0].sentence
    house.run("2026-10-06")
    watched(house, "2026-10-06", "10:01")
    assert stands(house) == []


def test_a_full_disk_is_seen(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.day("2026-10-05")
    monkeypatch.setattr(alarms, "ROOM", 1 << 62)
    watched(house, "2026-10-05", "10:01")
    assert {one.about for one in stands(house)} == {"the database", "the folder of messages"}
    monkeypatch.undo()
    monkeypatch.setattr(alarms, "ROOM", 0)
    monkeypatch.setattr(alarms, "SHARE", 0.0)
    watched(house, "2026-10-05", "10:02")
    assert stands(house) == []


def test_policies_that_wait_for_a_day_are_told_of(house: House) -> None:
    house.day("2026-10-05")

    def stage(engine: Engine) -> None:
        with database.writing(engine) as conn:
            releases.stage(conn, "abc", None, {}, "ana", moment("2026-10-04", "09:00"))

    house.do(stage)
    watched(house, "2026-10-05", "10:01")
    assert [(one.kind, one.about) for one in stands(house)] == [("policies", "waiting")]


def test_an_old_ledger_is_told_of_until_a_newer_comes(house: House) -> None:
    house.write("house", (house.root / "policies/house.yaml").read_text() + "fresh: 3 days\n")
    house.day("2026-10-07")
    watched(house, "2026-10-07", "10:01")
    assert stands(house) == []
    house.run("2026-10-08")
    watched(house, "2026-10-08", "10:01")
    assert "77 hours old" in stands(house)[0].sentence
    house.import_ledger("2026-10-08", "10:30")
    house.run("2026-10-08", "10:30")
    assert due(house, moment("2026-10-08", "10:31"))
    watched(house, "2026-10-08", "10:31")
    assert stands(house) == []


@pytest.mark.fault(82)
def test_a_service_that_is_silent_is_seen_by_others(house: House) -> None:
    def begin(engine: Engine) -> None:
        with database.writing(engine) as conn:
            row = {"name": "daemon", "owner": "x", "host": "credit-1", "pid": 17}
            at = moment("2026-10-05", "09:00").isoformat(timespec="microseconds")
            conn.execute(sa.insert(lease).values(**row, since=at, beat=at))

    def look(engine: Engine, at: str) -> str:
        with database.reading(engine) as conn:
            return alarms.silent(conn, moment("2026-10-05", at))

    assert house.do(lambda engine: look(engine, "09:00")) == "", "nobody ever served here"
    house.do(begin)
    assert house.do(lambda engine: look(engine, "09:03")) == ""
    assert "process 17 on credit-1" in house.do(lambda engine: look(engine, "09:04"))
    seen = run("--workspace", str(house.root), "alarms", at=moment("2026-10-05", "09:04"))
    assert (seen.code, "process 17 on credit-1" in seen.out) == (1, True)
    assert run("--workspace", str(house.root), "alarms", at=moment("2026-10-05", "09:01")).code == 0
