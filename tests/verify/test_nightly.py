"""The nightly look, what a person sees of it, and a disk that is full."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from engine.errors import DiskFull
from engine.jobs import verify
from engine.store import alarms, database, journal, sending
from engine.store import outbox as store
from engine.store.journal import Entry
from engine.store.tables import action, decision, outbox
from engine.store.tables import run as ran
from tests.cli.conftest import run
from tests.jobs.world import House, moment

NIGHT = moment("2026-10-06", "02:30")


@pytest.fixture
def house(build: Callable[..., House]) -> House:
    """ACME and BOLT each owe an invoice that is five days late on Mon 5 Oct 2026."""
    found = build()
    for account in ("ACME", "BOLT"):
        found.owes(account, f"{account[0]}1", "2026-09-30")
        found.contact(account)
    found.import_customers()
    found.import_ledger("2026-10-05")
    return found


def due(house: House, now: datetime) -> bool:
    def look(engine: Engine) -> bool:
        with database.reading(engine) as conn:
            return verify.due(conn, house.ws.files, now)

    return bool(house.do(look))


def stands(house: House) -> list[str]:
    def look(engine: Engine) -> list[str]:
        with database.reading(engine) as conn:
            return [one.sentence for one in alarms.standing(conn, alarms.INVARIANT)]

    return list(house.do(look))


def change(house: House, **values: object) -> None:
    def work(engine: Engine) -> None:
        with database.writing(engine) as conn:
            conn.execute(sa.update(action).where(action.c.account == "ACME").values(**values))

    house.do(work)


def decided(house: House, account: str, on: str, by: int) -> None:
    """Somebody changes what a day has decided of an account."""

    def work(engine: Engine) -> None:
        with database.writing(engine) as conn:
            day = (
                sa.select(ran.c.id).where(ran.c.business_date == moment(on, "12:00").date()).scalar_subquery()
            )
            mine = (decision.c.account == account, decision.c.run == day)
            changed = sa.update(decision).where(*mine).values({"class": decision.c["class"] + by})
            assert conn.execute(changed).rowcount

    house.do(work)


def test_every_night_once(house: House) -> None:
    assert not due(house, NIGHT), "nothing was ever decided"
    house.day("2026-10-05")
    assert not due(house, moment("2026-10-06", "01:59"))
    assert due(house, NIGHT)
    assert verify.nightly(house.ws, lambda: NIGHT, threading.Event()) == [
        "everything that must always hold does"
    ]
    assert not due(house, moment("2026-10-06", "23:59"))
    assert due(house, moment("2026-10-07", "02:00"))


def test_the_decisions_since_the_last_night_that_found_everything_whole(house: House) -> None:
    """An alarm about an older decision does not end because newer ones have come; a day can be named by hand."""
    on = "{:%Y-%m-%d}".format
    days = [moment(f"2026-10-{day:02}", "02:30") for day in range(5, 10)]

    def night(n: int) -> str:
        return verify.nightly(house.ws, lambda: days[n], threading.Event())[0]

    whole = "everything that must always hold does"
    house.day(on(days[0]))
    assert night(1) == whole
    house.day(on(days[1]))
    decided(house, "ACME", on(days[1]), 1)
    assert "(I7)" in night(2)
    house.day(on(days[2]))
    assert "(I7)" in night(3)
    assert len(stands(house)) == 1
    decided(house, "ACME", on(days[1]), -1)
    assert night(3) == whole
    assert stands(house) == []
    decided(house, "BOLT", on(days[0]), 1)
    house.day(on(days[3]))
    assert night(4) == whole  # of an older day, somebody must ask
    assert run("--workspace", str(house.root), "verify").code == 0
    said = run("--workspace", str(house.root), "verify", "--since", on(days[0]))
    assert said.code == 1
    assert "what the run of 2026-10-05 decided of the accounts was changed" in " ".join(said.out.split())


def test_what_is_broken_is_an_alarm_until_it_is_mended(house: House) -> None:
    house.day("2026-10-05")
    change(house, amount=7)
    verify.nightly(house.ws, lambda: NIGHT, threading.Event())
    (said,) = stands(house)
    assert said.startswith("2 rows break what must always hold (I6)")
    change(house, amount=120_000)
    verify.nightly(house.ws, lambda: NIGHT, threading.Event())
    assert stands(house) == []


def test_a_person_sees_a_line_for_each_rule(house: House) -> None:
    house.day("2026-10-05")
    whole = run("--workspace", str(house.root), "verify")
    assert whole.code == 0, whole.err
    assert [line.split()[:2] for line in whole.out.splitlines()] == [[f"I{n}", "holds"] for n in range(1, 8)]
    change(house, amount=7)
    broken = run("--workspace", str(house.root), "verify")
    assert broken.code == 1
    assert "I6  ACME" in broken.out
    assert "asks for 7 USD in minor units" in broken.out
    told = json.loads(run("--workspace", str(house.root), "verify", "--json").out)
    assert (told["whole"], [rule["id"] for rule in told["rules"] if rule["broken"]]) == (False, ["I6"])


def test_a_person_sees_what_is_wrong_and_says_enough(house: House) -> None:
    house.day("2026-10-05")
    at = ("--workspace", str(house.root))
    assert (run(*at, "alarms").code, run(*at, "alarms").out) == (0, "Nothing is wrong.\n")
    change(house, amount=7)
    verify.nightly(house.ws, lambda: NIGHT, threading.Event())
    seen = run(*at, "alarms")
    assert (seen.code, "2026-10-06 02:30" in seen.out, "invariant" in seen.out) == (1, True, True)
    (told,) = json.loads(run(*at, "alarms", "--json").out)
    number = str(told["id"])
    assert run(*at, "alarms", "quiet", number, "--because", "we know", "--by", "ana").code == 0
    assert "quiet: ana: we know" in run(*at, "alarms").out
    assert run(*at, "alarms", "quiet", "99", "--because", "x").code == 1
    change(house, amount=120_000)
    verify.nightly(house.ws, lambda: NIGHT, threading.Event())
    assert run(*at, "alarms").code == 0
    assert "Over" in run(*at, "alarms", "--all").out
    assert run(*at, "alarms", "quiet", number, "--because", "x").code == 1


@contextmanager
def full(house: House, pages: int = 0) -> Iterator[None]:
    """The database may not grow by more than so many pages: SQLite's own way to have no room."""
    engine = house.engine
    with engine.connect() as conn:
        most = conn.exec_driver_sql("PRAGMA page_count").scalar_one() + pages
    engine.dispose()

    def limit(connection: sa.engine.interfaces.DBAPIConnection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={most}")  # type: ignore[attr-defined]

    sa.event.listen(sa.engine.Engine, "connect", limit)
    try:
        yield
    finally:
        sa.event.remove(sa.engine.Engine, "connect", limit)


def whole(house: House) -> None:
    """All rules hold, and every file that went out is one that the database knows as sent."""

    def look(engine: Engine) -> None:
        with database.reading(engine) as conn:
            assert verify.verify(conn, house.out).broken == ()

    house.do(look)
    sent = house.rows(sa.select(sa.func.count()).where(outbox.c.state == "sent"))[0][0]
    assert len(house.mails()) == sent


@pytest.mark.fault(80)
def test_without_room_for_the_journal_nothing_is_decided(house: House) -> None:
    for number in range(400):
        house.owes(f"C{number:03}", f"C{number:03}-1", "2026-09-30")
    house.import_ledger("2026-10-05", "08:00")
    before = house.rows(sa.select(sa.func.count()).select_from(action))
    with full(house), pytest.raises(DiskFull):
        house.run("2026-10-05")
    assert house.rows(sa.select(sa.func.count()).select_from(action)) == before
    whole(house)
    assert house.run("2026-10-05").actions == 402
    whole(house)


@pytest.mark.fault(80)
def test_what_cannot_be_written_down_is_not_sent(house: House) -> None:
    """The result of a message and its entry in the journal are there together, or neither is."""
    house.run("2026-10-05")
    at = moment("2026-10-05", "10:00")

    def settle(engine: Engine, mine: store.Row) -> None:
        with database.writing(engine) as conn:
            assert sending.settle(conn, mine, store.SENT, reason=None, at=at)
            body = {"key": mine.key, "state": "sent", "said": "x" * 100_000}
            journal.append(conn, [Entry("delivery", mine.account, body)], at)

    def work(engine: Engine) -> None:
        with database.writing(engine) as conn:
            row = store.due(conn, ["email"], at)[0]
            mine = sending.claim(conn, row, "somebody", at)
        assert mine is not None
        with full(house), pytest.raises(DiskFull):
            settle(engine, mine)
        with database.reading(engine) as conn:
            found = store.find(conn, mine.key)
            assert found is not None
            assert found.state == store.SENDING, "to be found out after the restart"

    house.do(work)
