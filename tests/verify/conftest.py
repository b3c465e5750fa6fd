"""A house with five weeks behind it: tries, a doubt, a payment at the last moment, letters, calls, cash on delivery."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.jobs import cases
from engine.outbox import Resolution, resolve
from engine.store import database, marks
from engine.store.tables import outbox
from tests.channels.servers import Act, scripted
from tests.jobs.world import House, moment

MAIL = '[mail]\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\nfrom = "a@seller.example.com"\n'


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> House:
    """The house with its story, once for each kind of database; nobody may change it for good."""
    folder = tmp_path_factory.mktemp("story")
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "dunwell.db")
        return story(House(folder, f"sqlite:///{folder / 'dunwell.db'}"))
    server: str = request.getfixturevalue("postgres_server")
    template: str = request.getfixturevalue("postgres_template")
    name = "v" + uuid.uuid4().hex
    address = sa.make_url(server.format("postgres")).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        conn.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    engine.dispose()
    return story(House(folder, server.format(name)))


@pytest.fixture
def tampered(told: House) -> Iterator[Connection]:
    """The database in a transaction in which a test breaks what it likes; it is all undone."""
    engine: Engine = database.open(told.ws.files.database_url)
    try:
        with engine.connect() as conn:
            work = conn.begin()
            yield conn
            work.rollback()
    finally:
        engine.dispose()


def story(house: House) -> House:
    """BOLT's first mail is in doubt and turns out delivered, ECHO's is sent again; CORE's is tried twice; DELL pays
    just in time; ACME goes the whole way to cash on delivery."""
    for account, due in {
        "BOLT": "2026-09-27",
        "ECHO": "2026-09-27",
        "ACME": "2026-09-30",
        "CORE": "2026-09-30",
        "DELL": "2026-09-30",
    }.items():
        house.owes(account, f"{account[0]}1", due)
        house.contact(account)
    house.owes("ACME", "A2", "2026-10-08", "88.40")
    house.import_customers()
    house.import_ledger("2026-10-02")
    with scripted(dot=Act(then="drop", accept=True)) as server:
        house.settings(MAIL.format(port=server.port))
        assert len(house.day("2026-10-02").uncertain) == 2
    with scripted(rcpt=lambda line, n: Act("451 later" if "core" in line else "250 ok")) as server:
        house.settings(MAIL.format(port=server.port))
        house.import_ledger("2026-10-05")
        house.run("2026-10-05")
        house.paid("D1")
        house.import_ledger("2026-10-06")
        assert dict(house.deliver("2026-10-06").sent) == {"email": 1}
    resolved(house, "BOLT", Resolution.DELIVERED)
    resolved(house, "ECHO", Resolution.SEND_AGAIN)
    with scripted() as server:
        house.settings(MAIL.format(port=server.port))
        assert dict(house.deliver("2026-10-07").sent) == {"email": 2}
    house.settings("")
    for day in ("2026-10-12", "2026-10-13", "2026-10-20", "2026-10-27"):
        house.import_ledger(day)
        house.day(day)
        for call in [one for one in house.worklist(day) if one.kind == "call"]:
            who = house.who(day)
            house.do(
                lambda engine, a=call.account, w=who: cases.log_call(
                    engine, a, "callback requested", w, house.ws.calendar
                )
            )
    house.paid("E1")
    for day in ("2026-11-09", "2026-11-10"):
        house.import_ledger(day)
        house.day(day)
        waits = [one.account for one in house.worklist(day) if one.state == "awaiting approval"]
        who = house.who(day)
        for account in waits:
            house.do(lambda engine, a=account, w=who: cases.approve(engine, a, w))
    house.day("2026-11-11")
    return house


def resolved(house: House, account: str, how: Resolution) -> None:
    (key,) = [
        key
        for (key,) in house.rows(sa.select(outbox.c.action).where(outbox.c.state == "uncertain"))
        if f"|{account}|" in key
    ]
    at, day = moment("2026-10-06", "11:00"), date(2026, 10, 6)

    def work(engine: Engine) -> None:
        with database.writing(engine) as conn:
            taken = lambda conn, key, at: marks.take(conn, key, at, day)  # noqa: E731
            resolve(conn, key, how, "ana", at, "seen in the mail server's log", taken)

    house.do(work)


@pytest.fixture
def build(tmp_path: Path, sqlite_template: Path) -> Callable[..., House]:
    """A house with other policies or settings; its ledger comes in when the test says so."""
    shutil.copy(sqlite_template, tmp_path / "dunwell.db")
    return lambda **more: House(tmp_path, f"sqlite:///{tmp_path / 'dunwell.db'}", **more)
