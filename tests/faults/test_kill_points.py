"""A sender dies at every named point, by every way out, on both databases; what arrived is counted from outside."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from engine.channels.email import Mailer
from engine.channels.letters import Letters, read_manifest
from engine.outbox import deliver, recover
from engine.store import database, journal
from engine.store.owner import owner
from tests import apart
from tests.channels.servers import Scripted, scripted
from tests.faults.points import make, senders, server, written
from tests.outbox.world import Watch, delivery, ended, marks, plan, states

ACCOUNTS = ("ACME", "BOLT", "CORE")

# A point with the row of the catalogue it belongs to, how many messages are in doubt after it, and how many of
# those that are in doubt, or were sent, had arrived. The second of three messages meets its end there.
AFTER = {
    "email": [
        ("before claim", 3, 0),
        ("claimed", 4, 0),
        ("made", 4, 0),
        ("connect", 4, 0),
        ("ehlo", 4, 0),
        ("mail", 5, 0),
        ("rcpt", 5, 0),
        ("data", 5, 0),  # before it was written down that content begins
        ("after data", 6, 1),
        ("answered", 7, 1),
        ("before commit", 7, 1),
        ("settled", 8, 0),
    ],
    "letter": [
        ("before claim", 3, 0),
        ("claimed", 4, 0),
        ("made", 4, 0),
        ("write", 9, 0),
        ("rename", 9, 0),
        ("after rename", 9, 0),
        ("answered", 10, 0),
        ("before commit", 10, 0),
        ("settled", 8, 0),
    ],
    "webhook": [
        ("before claim", 3, 0),
        ("claimed", 4, 0),
        ("made", 4, 0),
        ("connect", 4, 0),
        ("write", 4, 0),
        ("after write", 6, 0),
        ("answered", 7, 0),
        ("before commit", 7, 0),
        ("settled", 8, 0),
    ],
}
ONCE = ("before claim", "connect", "ehlo")  # points that a sender passes once, with its first message


class Ledger(ThreadingHTTPServer):
    """A ledger system that keeps each request it is sent and can be asked what it has."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sent: list[dict[str, Any]] = []
        self.has: dict[str, Any] = {}


class _Handler(BaseHTTPRequestHandler):
    server: Ledger

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.sent.append(body)
        self.server.has[body["id"]] = body
        self._say(202, b"")

    def do_GET(self) -> None:
        found = self.server.has.get(self.path.rpartition("/")[2])
        self._say(404 if found is None else 200, json.dumps(found).encode())

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def ledger_system() -> Iterator[Ledger]:
    there = Ledger()
    thread = threading.Thread(target=there.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield there
    finally:
        there.shutdown()
        thread.join()
        there.server_close()


def die(url: str, channel: str, where: str | int, at: str) -> int:
    return apart.started("tests.faults.points", url, channel, str(where), at).wait()


def heal(engine: Engine, channel: str, out: Path, port: int) -> None:
    """What the next start does, and what it does an hour later."""
    clock = Watch()

    async def both() -> None:
        with owner(engine) as name:
            async with Mailer(server(port)) as mailer:
                ways = {channel: senders(mailer, out, port)[channel]}
                needs = delivery(engine, name, senders=ways, make=make, settled=written, now=clock)
                await recover(needs, lambda who: ended(engine, who))
                await deliver(needs)
                clock.forward(hours=1)
                await deliver(needs)

    asyncio.run(both())


def _nth(point: str) -> str:
    return point if point in ONCE else f"{point}:2"


def _checked(engine: Engine, doubts: int) -> Counter[str]:
    """One sender sent one message at a time: the second is in doubt or nothing is; the journal is whole."""
    found = Counter(states(engine).values())
    assert found == Counter(sent=3 - doubts) + Counter(uncertain=doubts)
    assert len(marks(engine)) == found["sent"]
    with database.reading(engine) as conn:
        journal.verify(conn)
    return found


def _cases(channel: str) -> list[Any]:
    return [
        pytest.param(point, doubts, id=point.replace(" ", "-"), marks=pytest.mark.fault(row))
        for point, row, doubts in AFTER[channel]
    ]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = database.open(database_url)
    yield engine
    engine.dispose()


def _plan(engine: Engine, kind: str, channel: str = "") -> None:
    for account in ACCOUNTS:
        plan(engine, account, kind, channel=channel)


@pytest.mark.parametrize(("point", "doubts"), _cases("email"))
def test_mail(engine: Engine, database_url: str, tmp_path: Path, point: str, doubts: int) -> None:
    _plan(engine, "email")
    with scripted() as there:
        assert die(database_url, "email", there.port, _nth(point)) == 137
        heal(engine, "email", tmp_path, there.port)
    found = _checked(engine, doubts)
    _arrived_once(there, at_least=found["sent"])


def _arrived_once(there: Scripted, at_least: int) -> None:
    ids = there.ids()
    assert len(ids) == len(set(ids)), "something arrived twice"
    assert at_least <= len(ids) <= 3


@pytest.mark.parametrize(("point", "doubts"), _cases("letter"))
def test_letters(engine: Engine, database_url: str, tmp_path: Path, point: str, doubts: int) -> None:
    out = tmp_path / "out"
    _plan(engine, "letter")
    assert die(database_url, "letter", str(out), _nth(point)) == 137
    visible = [path for path in out.rglob("*.pdf") if path.stat().st_size < 1000]
    assert visible == [], "half a letter can be seen"
    heal(engine, "letter", out, 1)
    Letters(out).shelf.sweep()
    _checked(engine, doubts)
    files = [path for path in out.rglob("*") if path.is_file()]
    assert sorted(path.suffix for path in files) == [".csv", ".pdf", ".pdf", ".pdf"]
    lines = read_manifest(out / "letters" / "2026-11-23" / "manifest.csv")
    assert [line["number"] for line in lines] == ["1", "2", "3"]
    assert sorted(line["account"] for line in lines) == sorted(ACCOUNTS)


@pytest.mark.parametrize(("point", "doubts"), _cases("webhook"))
def test_requests(engine: Engine, database_url: str, tmp_path: Path, point: str, doubts: int) -> None:
    _plan(engine, "terms", "webhook")
    with ledger_system() as there:
        port = there.server_address[1]
        assert die(database_url, "webhook", port, _nth(point)) == 137
        heal(engine, "webhook", tmp_path, port)
    _checked(engine, doubts)
    assert sorted(body["account"] for body in there.sent) == sorted(ACCOUNTS)
