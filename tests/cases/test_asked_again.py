"""The ledger system is asked for a state until it shows it: by webhook and read back, by file and customer master, by push."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from engine.channels.webhook import sign
from engine.core.cases.restrictions import What
from engine.jobs import daily, evaluate
from engine.jobs.asked_again import assert_again
from engine.jobs.push import PushReport, push
from engine.store import alarms, database
from tests.alarms.test_watch import SECRET
from tests.cases.holding import approve, ask, master, on_list, open_house, restore, states
from tests.jobs.world import HOUSE, House, moment

COD = "cash on delivery"


@dataclass
class Erp:
    """A ledger system: it keeps each account's state by version, says yes, and may lose what it was asked."""

    heard: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)  # request → account and what
    state: dict[str, tuple[int, str]] = field(default_factory=dict)  # account and what → version, state
    loses: bool = False

    def asked(self, body: bytes, headers: dict[str, str]) -> None:
        stamp = int(headers["webhook-timestamp"])
        assert headers["webhook-signature"] == sign((SECRET,), headers["webhook-id"], stamp, body)
        assert headers["idempotency-key"] == headers["webhook-id"]
        self.heard.append((body, headers))
        told = json.loads(body)
        where = f"{told['account']} {told['what']}"
        self.known[told["id"]] = where
        if not self.loses and told["version"] >= self.state.get(where, (0, ""))[0]:
            self.state[where] = told["version"], told["desired"]

    def says(self, identity: str) -> dict[str, str] | None:
        where = self.known.get(identity)
        if where is None:
            return None
        return {"id": identity, "desired": self.state.get(where, (0, "net 30"))[1]}


@contextmanager
def listening(erp: Erp) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            erp.asked(body, {name.lower(): value for name, value in self.headers.items()})
            self._answer(200, b"{}")

        def do_GET(self) -> None:
            told = erp.says(self.path.rpartition("/")[2])
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
        yield server.server_address[1]
        server.shutdown()


def asking_by_webhook(house: House, port: int) -> None:
    """Terms and holds of this house go to the ledger system."""
    file = house.root / "dunwell.toml"
    text = file.read_text("utf-8").replace('currency = "USD"\n', 'currency = "USD"\nrequests = "erp"\n', 1)
    text += (
        f'\n[webhooks.erp]\nurl = "http://127.0.0.1:{port}/dunwell"\nnetworks = ["127.0.0.0/8"]\n'
        f'read_back = "http://127.0.0.1:{port}/state/{{id}}"\nsecret_file = "secret"\n'
    )
    file.write_text(text, "utf-8")
    (house.root / "secret").write_text(SECRET)
    house.read = None


def stands(house: House) -> Sequence[tuple[str, str]]:
    def look(engine: Any) -> list[tuple[str, str]]:
        with database.reading(engine) as conn:
            return [(one.kind, one.about) for one in alarms.standing(conn)]

    return list(house.do(look))


def run(house: House, on: str, at: str = "10:00") -> list[str]:
    """What the service does for a day: it decides, and asks again for what is not so."""
    evaluate.run(house.ws, on=moment(on, at).date(), now=moment(on, at))
    house.deliver(on, at)
    return assert_again(house.ws, lambda: moment(on, at))


@pytest.mark.fault(44)
@pytest.mark.fault(42)
def test_a_release_that_was_lost_is_asked_for_again_until_it_is_so(
    build: Callable[..., House],
) -> None:
    house, erp = open_house(build, silent=True), Erp()
    with listening(erp) as port:
        asking_by_webhook(house, port)
        ask(house, What.TERMS, COD, "2026-10-05", told="by phone")
        assert run(house, "2026-10-06") == []
        assert states(house) == [("ACME", COD, "in force")]
        house.paid("A1")
        house.import_ledger("2026-10-07")
        approve(house, "2026-10-07")
        erp.loses = True  # it says yes, and nothing happens
        run(house, "2026-10-07")
        assert states(house) == [("ACME", COD, "release requested")]
        assert stands(house) == [("invariant", "I5 ACME terms")]
        sent = len(erp.heard)
        (difference, again) = run(house, "2026-10-08")
        assert "erp does not have what was asked for account ACME" in difference
        assert again == "account ACME was asked for again: “net 30” (accepted by erp (200))"
        erp.loses = False
        run(house, "2026-10-09")
        assert erp.state["ACME terms"] == (2, "net 30")
        assert run(house, "2026-10-12") == []
        assert run(house, "2026-10-13") == []
        assert (on_list(house), stands(house)) == ([], [])
        first, *rest = erp.heard[
            sent - 2 :
        ]  # the last two before it was lost for the second time, and all since
        assert len(erp.heard) == sent + 2, "asked twice more, and no more once it was so"
        assert {body for body, _ in rest} == {first[0]}, "the same bytes"
        assert {headers["webhook-id"] for _, headers in rest} == {first[1]["webhook-id"]}, "the same identity"
        assert json.loads(first[0])["version"] == 2
    assert [one["state"] for one in house.journal("asked again")] == ["sent", "sent", "sent"]
    assert len(house.journal("restriction ended")) == 1


@pytest.mark.fault(43)
@pytest.mark.fault(44)
def test_a_hold_that_was_lost_is_not_asked_for_once_it_is_paid(build: Callable[..., House]) -> None:
    house, erp = open_house(build), Erp(loses=True)
    house.write("house", HOUSE + "fresh: 26 hours\n")
    with listening(erp) as port:
        asking_by_webhook(house, port)
        ask(house, What.HOLD, "orders", "2026-10-05", told="by phone")
        house.import_ledger("2026-10-06")
        run(house, "2026-10-06")
        assert len(erp.heard) == 2, "asked, found not to be so, and asked again"
        run(house, "2026-10-08")
        assert len(erp.heard) == 2, "the ledger is too old to know what is owed"
        house.import_ledger("2026-10-08", "11:00")
        said = daily.evaluate(house.ws, lambda: moment("2026-10-08", "12:00"), threading.Event())
        assert said[-1] == "account ACME was asked for again: “orders” (accepted by erp (200))"
        assert len(erp.heard) == 3
        house.paid("A1")
        house.import_ledger("2026-10-09")
        run(house, "2026-10-09")
        assert len(erp.heard) == 3, "it has paid"
        assert states(house) == [("ACME", "orders", "way back proposed")]


def test_a_file_that_was_not_carried_out_is_there_again(build: Callable[..., House]) -> None:
    """Nobody reads back a folder: the customer master shows what the ledger system has."""
    house = open_house(build)
    ask(house, What.TERMS, COD, "2026-10-05", told="by phone")
    house.deliver("2026-10-06")
    (file,) = house.out.rglob("*.json")
    content = file.read_bytes()
    file.unlink()  # taken away to be carried out
    master(house, "2026-10-06", "12:00", terms="net 30")
    assert run(house, "2026-10-06", "13:00") == [], "on the same day it may be under way"
    master(house, "2026-10-07", terms="net 30", owner="sue")
    assert stands(house) == [("invariant", "I5 ACME terms")]
    (said,) = run(house, "2026-10-07")
    assert said.startswith(
        "account ACME was asked for again: “cash on delivery” (written to requests/2026-10-05/"
    )
    assert file.read_bytes() == content
    master(house, "2026-10-08", terms="C.O.D.")
    assert (states(house), stands(house)) == ([("ACME", COD, "in force")], [])
    assert run(house, "2026-10-08") == []
    master(house, "2026-10-09", terms="net 60")
    assert stands(house) == [("invariant", "I5 ACME terms")], "somebody changed it back by hand"


def told(house: House, version: int, on: str, **state: str) -> PushReport:
    row = {"type": "state", "customer": "ACME", **state}

    def work(engine: Any) -> PushReport:
        return push(house.ws, engine, [row], f"e{version}", version, moment(on, "12:00"), "erp")

    report: PushReport = house.do(work)
    return report


def test_what_another_program_pushes_confirms_it(build: Callable[..., House]) -> None:
    house = open_house(build, silent=True)
    ask(house, What.HOLD, "deliveries", "2026-10-05", told="by phone")
    house.deliver("2026-10-06")
    assert told(house, 5, "2026-10-07", what="hold", state="none").taken == 1
    assert stands(house) == [("invariant", "I5 ACME hold")]
    assert told(house, 6, "2026-10-07", what="hold", state="deliveries").taken == 1
    assert (states(house), stands(house)) == ([("ACME", "deliveries", "in force")], [])
    assert told(house, 4, "2026-10-07", what="hold", state="none").late == 1, "an older word"
    assert stands(house) == []
    restore(house, "2026-10-07", although=True)
    house.deliver("2026-10-07", "13:00")
    told(house, 7, "2026-10-07", what="hold", state="none")
    assert on_list(house) == []
    (fault,) = told(house, 8, "2026-10-07", what="mood", state="none").problems
    assert fault.field == "what"
