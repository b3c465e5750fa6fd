"""One button stops everything, at once and whatever else is broken; and it goes on where it stood."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from engine.cli import main
from engine.jobs import brakes, deliver
from engine.outbox import Delivery
from engine.store import alarms, database, halts, journal
from engine.store import brakes as store
from engine.store.tables import outbox
from tests.jobs.world import House, moment

DAY = "2026-10-05"
STANDARD = "policy: Standard\nclock: due date\nsteps:\n  - day: 5\n    email: friendly-reminder\n"


def _stop(house: House, because: str = "the letterhead is wrong") -> None:
    brakes.stop(house.ws.files, because, "ana", moment(DAY, "09:55"))


def _call(house: House, *arguments: str, at: str = "10:00") -> int:
    with pytest.raises(SystemExit) as ended:
        main(["-w", str(house.root), *arguments], clock=lambda: moment(DAY, at))
    return int(ended.value.code or 0)


def test_a_stopped_house_decides_nothing_and_sends_nothing(build_on_each: Callable[..., House]) -> None:
    house = build_on_each(policies={"standard": STANDARD})
    house.owes("ACME", "A1", "2026-09-30")
    house.contact("ACME")
    house.contact("BOLT")
    house.import_customers()
    house.import_ledger(DAY)
    house.run(DAY)
    house.owes("BOLT", "B1", "2026-09-30")
    house.import_ledger("2026-10-06")
    _stop(house)

    report = house.run("2026-10-06")
    assert "stopped by ana" in report.stopped
    assert "the letterhead is wrong" in report.stopped
    assert "the letterhead is wrong" in house.deliver("2026-10-06").halted
    assert (house.states("BOLT"), house.mails(), len(house.waiting())) == ([], [], 1)
    assert {one.account for one in house.preview("2026-10-06").actions} == {"BOLT"}, (
        "a preview shows what would go"
    )

    done = brakes.resume(house.ws.files, "sue", moment("2026-10-06", "11:00"))
    assert dict(done.goes) == {"email": 1}
    assert dict(house.day("2026-10-06", "11:00").sent) == {"email": 2}
    engine = house.engine
    with database.reading(engine) as conn:
        assert alarms.standing(conn, alarms.STOPPED) == ()
        journal.verify(conn)
    engine.dispose()
    assert [body["kind"] for body in house.journal("halt lifted")] == ["stopped"]


def test_a_stop_takes_hold_of_what_is_claimed_and_has_not_begun(
    build: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pressed while a batch is in hand: what is past its point of no return is finished, the rest waits whole."""
    house = build(policies={"standard": STANDARD})
    for number in range(24):
        house.owes(f"C{number:02}", f"I{number}", "2026-09-30")
        house.contact(f"C{number:02}")
    house.import_customers()
    house.import_ledger(DAY)
    house.run(DAY)
    sent: list[str] = []

    def watch(point: str, key: str) -> None:
        if point == "settled":
            sent.append(key)
            if len(sent) == 1:
                _stop(house)

    def watched(**more: Any) -> Delivery:
        return Delivery(**more, watch=watch)

    monkeypatch.setattr(deliver, "Delivery", watched)
    report = house.deliver(DAY)
    assert report.halted
    out = len(house.mails())
    assert 1 <= out < 24
    states = dict(house.rows(sa.select(outbox.c.state, sa.func.count()).group_by(outbox.c.state)))
    assert states == {"sent": out, "pending": 24 - out}, "nothing is left in between"
    monkeypatch.undo()
    assert house.deliver(DAY).sent == {}, "and the next round begins nothing"
    brakes.resume(house.ws.files, "ana", moment(DAY, "10:30"))
    house.deliver(DAY, "10:31")
    assert len({mail["Message-ID"] for mail in house.mails()}) == len(house.mails()) == 24


def test_the_button_works_while_the_policies_are_broken(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.run(DAY)
    house.write("standard", "policy: [")
    assert _call(house, "stop", "--because", "a wrong price", "--by", "joe") == 0
    assert "stopped by joe" in capsys.readouterr().out
    assert _call(house, "stop", "--because", "again", "--by", "sue") == 0
    assert "a wrong price" in capsys.readouterr().out, "the first reason stands"
    assert _call(house, "resume", "--by", "sue") == 0
    assert "2 by email" in capsys.readouterr().out
    assert _call(house, "resume") == 1
    assert "nothing is stopped" in capsys.readouterr().err


def test_preview_and_run_say_that_the_house_stands_still(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    _stop(house)
    assert _call(house, "preview", "--day", DAY) == 0
    shown = capsys.readouterr().out
    assert shown.index("stopped by ana") < shown.index("2")
    assert _call(house, "run") == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "the letterhead is wrong" in said
    assert "dunwell resume" in said
    assert "--agree" not in said
    assert _call(house, "run", "--agree", "--by", "ana") == 1, "agreeing to a run lifts no stop"


def test_each_brake_holds_for_itself(house: House) -> None:
    at = moment(DAY, "09:00")
    engine = house.engine
    with database.writing(engine) as conn:
        store.halt(conn, halts.CLOCK, "the clock says 1970", "Dunwell", at)
        store.halt(conn, halts.STOPPED, "a wrong price", "ana", at + timedelta(hours=1))
        assert [halt.kind for halt in halts.halts(conn)] == ["stopped", "clock"]
        assert store.lift(conn, halts.STOPPED, "ana", at)
        assert not store.lift(conn, halts.STOPPED, "ana", at)
        found = halts.halted(conn)
    engine.dispose()
    assert found is not None
    assert found.kind == "clock"
    assert "1970" in house.run(DAY).stopped
