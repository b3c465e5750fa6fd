"""A ledger system that said yes is asked later whether it meant it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import datetime

import pytest

from engine.jobs import readback, verify
from engine.store import alarms, database
from tests.alarms.test_watch import SECRET, hook
from tests.jobs.world import House, moment

POLICY = """
policy: Standard
clock: due date
steps:
  - day: 5
    webhook: erp
  - day: 60
    call: collector
    script: first-call
"""


def asking(build: Callable[..., House], port: int) -> House:
    """ACME's request has gone to a ledger system that said yes, at ten."""
    more = (
        f'[webhooks.erp]\nurl = "http://127.0.0.1:{port}/dunwell"\nnetworks = ["127.0.0.0/8"]\n'
        f'read_back = "http://127.0.0.1:{port}/state/{{id}}"\nsecret_file = "secret"\n'
    )
    house = build(policies={"standard": POLICY}, more=more)
    (house.root / "secret").write_text(SECRET)
    house.owes("ACME", "A1", "2026-09-30")
    house.contact("ACME")
    house.import_customers()
    house.import_ledger("2026-10-05")
    assert dict(house.day("2026-10-05").sent) == {"webhook erp": 1}
    return house


def asked(house: House, now: datetime) -> list[str]:
    return readback.ask(house.ws, lambda: now, threading.Event())


def due(house: House, at: str) -> bool:
    return bool(house.do(lambda engine: _due(engine, house, moment("2026-10-05", at))))


def _due(engine: object, house: House, now: datetime) -> bool:
    with database.reading(engine) as conn:  # type: ignore[arg-type]
        return readback.due(conn, house.ws.files, now)


def stands(house: House) -> list[tuple[str, str]]:
    def look(engine: object) -> list[tuple[str, str]]:
        with database.reading(engine) as conn:  # type: ignore[arg-type]
            return [(one.kind, one.about) for one in alarms.standing(conn)]

    return list(house.do(look))


@pytest.mark.fault(42)
def test_a_yes_that_was_none_is_an_alarm(build: Callable[..., House]) -> None:
    with hook(says=lambda identity: None) as (port, heard):
        house = asking(build, port)
        assert len(heard) == 1
        assert not due(house, "10:04")
        assert due(house, "10:05")
        (said,) = asked(house, moment("2026-10-05", "10:05"))
        assert said.startswith("erp does not have what was asked for account ACME")
        assert not due(house, "10:06"), "once"
        assert len(heard) == 1, "nothing was sent again by itself"
    assert stands(house) == [("invariant", "I5 ACME erp")]


@pytest.mark.fault(42)
def test_another_state_than_was_asked_for_is_an_alarm_until_it_is_mended(build: Callable[..., House]) -> None:
    state = {"desired": "net 30"}
    with hook(says=lambda identity: {"id": identity, **state}) as (port, heard):
        house = asking(build, port)
        wanted = json.loads(heard[0][0])["desired"]
        (said,) = asked(house, moment("2026-10-05", "10:05"))
        assert f"it says “net 30”, and “{wanted}” was asked for" in said
        state["desired"] = wanted
        night = moment("2026-10-06", "02:30")
        assert verify.nightly(house.ws, lambda: night, threading.Event()) == [
            "everything that must always hold does"
        ]
    assert stands(house) == []


def test_a_ledger_system_that_does_not_answer_is_no_alarm(build: Callable[..., House]) -> None:
    with hook(says=lambda identity: {"id": "another"}) as (port, _):
        house = asking(build, port)
        assert asked(house, moment("2026-10-05", "10:05")) == []
    assert stands(house) == []
