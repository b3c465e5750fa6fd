"""Other programs hear what has happened: in order, signed, nothing lost, and nothing from before they asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from engine import settings
from engine.channels.webhook import sign
from engine.core.events import EVENTS
from engine.jobs import alarms, events
from engine.store import brakes, database, halts
from tests.alarms.test_watch import SECRET
from tests.jobs.world import House, moment

DAY = "2026-10-05"
CRM = """
[webhooks.crm]
url = "http://127.0.0.1:{port}/dunwell"
networks = ["127.0.0.0/8"]
secret_file = "crm.secret"
events = {events}
"""


@dataclass
class Receiver:
    """What it was sent, and what it answers next: 200 where nothing is said."""

    port: int = 0
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.heard]


@pytest.fixture
def crm() -> Iterator[Receiver]:
    found = Receiver()
    with _listening(found):
        yield found


@contextmanager
def _listening(receiver: Receiver) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield
        server.shutdown()


@pytest.fixture
def listened(build_on_each: Callable[..., House], crm: Receiver) -> House:
    """A house whose ledger came in before anybody listened, and a receiver that has been found since."""
    house = build_on_each(more=CRM.format(port=crm.port, events='["ledger", "run", "action"]'))
    (house.root / "crm.secret").write_text(SECRET)
    house.owes("ACME", "A1", "2026-09-30")
    house.contact("ACME")
    house.import_customers()
    house.import_ledger(DAY)
    assert due(house, "09:00")
    assert told(house, "09:00") == []
    assert crm.heard == []  # nothing of the past
    assert not due(house, "09:01")
    return house


def due(house: House, at: str) -> bool:
    return _due_at(house, moment(DAY, at))


def _due_at(house: House, now: datetime) -> bool:
    def look(engine: Any) -> bool:
        with database.reading(engine) as conn:
            return events.due(conn, house.ws.files, now)

    return bool(house.do(look))


def told(house: House, at: str) -> list[str]:
    return _told_at(house, moment(DAY, at))


def _told_at(house: House, now: datetime) -> list[str]:
    return events.tell(house.ws, lambda: now, threading.Event())


def test_a_run_is_told_in_the_order_of_the_book_and_can_be_proved(listened: House, crm: Receiver) -> None:
    listened.run(DAY)
    assert due(listened, "10:05")
    assert told(listened, "10:05") == []
    kinds = [one["type"] for one in crm.told]
    assert kinds[-1] == "run"
    assert set(kinds) == {"action", "run"}
    numbers = [one["number"] for one in crm.told]
    assert numbers == sorted(set(numbers))
    assert {one["account"] for one in crm.told if one["type"] == "action"} == {"ACME"}
    for headers, body in crm.heard:
        identity = json.loads(body)["id"]
        assert headers["webhook-id"] == identity
        assert headers["webhook-signature"] == sign(
            (SECRET,), identity, int(headers["webhook-timestamp"]), body
        )
    assert not due(listened, "10:06")
    assert told(listened, "10:06") == []
    assert len(crm.heard) == len(numbers)  # once


def test_until_one_is_taken_nothing_later_is_told_and_nothing_is_lost(listened: House, crm: Receiver) -> None:
    listened.run(DAY)
    crm.answers = [200, 503]
    (said,) = told(listened, "10:05")
    assert said == "the events for crm wait: crm answered 503"
    first, refused = crm.told
    assert not due(listened, "10:05")  # it rests
    assert told(listened, "10:05") == []
    assert due(listened, "10:06")
    assert told(listened, "10:06") == []
    again = crm.told[2:]
    assert again[0] == refused
    assert [one["number"] for one in again] == sorted(one["number"] for one in again)
    assert first["number"] < again[0]["number"]
    assert again[-1]["type"] == "run"


def test_what_is_refused_for_good_is_told_of_and_left_out(listened: House, crm: Receiver) -> None:
    listened.run(DAY)
    crm.answers = [410]
    (said,) = told(listened, "10:05")
    assert "is refused: crm answered 410" in said
    assert crm.told[-1]["type"] == "run"
    assert not due(listened, "10:06")


def test_a_receiver_that_stays_away_is_asked_more_and_more_rarely_and_people_hear(
    listened: House, crm: Receiver
) -> None:
    listened.run(DAY)
    now, waits = moment(DAY, "10:05"), []
    for _ in range(8):
        crm.answers = [503]
        (said,) = _told_at(listened, now)
        assert "503" in said
        until = now
        while not _due_at(listened, until):
            until += timedelta(minutes=1)
        waits.append(int((until - now).total_seconds() / 60))
        now = until
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]

    def wrong(engine: Any) -> list[str]:
        with database.reading(engine) as conn:
            return [one.sentence for one in alarms.wrong(conn, listened.ws.files, now)]

    assert any("events crm" in sentence for sentence in listened.do(wrong))
    assert _told_at(listened, now) == []
    assert not any("events crm" in sentence for sentence in listened.do(wrong))


def test_while_all_is_stopped_nothing_is_told(listened: House, crm: Receiver) -> None:
    listened.run(DAY)

    def stop(engine: Any) -> None:
        with database.writing(engine) as conn:
            brakes.halt(conn, halts.STOPPED, "a wrong rate", "ana", moment(DAY, "10:01"))

    listened.do(stop)
    assert not due(listened, "10:05")
    assert told(listened, "10:05") == []
    assert crm.heard == []


def test_an_event_nobody_knows_and_a_receiver_without_a_secret_are_named(tmp_path: Path) -> None:
    (tmp_path / "dunwell.toml").write_text(
        '[webhooks.crm]\nurl = "https://crm.example.com/x"\nevents = ["promises", "run"]\n'
    )
    _, problems = settings.load(tmp_path)
    assert [
        (one.place.line, one.sentence, one.suggestion) for one in problems if "event" in one.sentence
    ] == [
        (3, "there is no event “promises”", "did you mean “promise”?"),
        (
            3,
            "events are signed, and there is no secret",
            'name a file with its secret: secret_file = "crm.secret"',
        ),
    ]


def test_the_manual_names_every_event() -> None:
    page = (Path(settings.__file__).parents[1] / "help" / "delivery.md").read_text("utf-8")
    assert all(f"`{name}`" in page for name in EVENTS)
