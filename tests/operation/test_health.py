"""The health page over real HTTP, on each kind of database: what it says, and what it costs."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.engine import Connection, Engine

from engine.daemon.address import listen
from engine.daemon.health import Health, served
from engine.daemon.pulse import Pulse
from engine.errors import Refused
from engine.store import alarms, brakes, database, gauges, halts, journal
from engine.store.journal import Entry
from engine.store.moments import moment_text
from tests.operation.numbers import AT, decided, ledger, messages

Get = Callable[[str], tuple[int, str]]


class Seconds:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = database.open(database_url)
    yield opened
    opened.dispose()


def do(engine: Engine, work: Callable[[Connection], Any]) -> None:
    with database.writing(engine) as conn:
        work(conn)


def asked(health: Health, visit: Callable[[Get], None]) -> None:
    """`visit` in a thread, while the page is served in a loop as the service has it."""

    async def main() -> None:
        at = listen("127.0.0.1:0")
        port = at.getsockname()[1]

        def get(path: str) -> tuple[int, str]:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            try:
                line.request("GET", path)
                answer = line.getresponse()
                return answer.status, answer.read().decode()
            finally:
                line.close()

        async with served(health, at):
            await asyncio.to_thread(visit, get)

    asyncio.run(main())


def told(get: Get, path: str) -> tuple[int, dict[str, Any]]:
    status, body = get(path)
    return status, json.loads(body)


def figures(get: Get) -> dict[str, float]:
    """`name{label=value}` → number, as Prometheus's own parser reads the page."""
    status, body = get("/metrics")
    assert status == 200
    found = {}
    for family in text_string_to_metric_families(body):
        assert family.documentation or family.name.startswith("dunwell_process"), family.name
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def health_of(url: str, pulse: Pulse, now: datetime = AT, **more: Any) -> Health:
    return Health(pulse, lambda: database.open(url, read_only=True), lambda: now, **more)


@pytest.mark.fault(82)
def test_a_tick_that_is_too_old_shows(tmp_path: Path) -> None:
    seconds = Seconds()
    pulse = Pulse(seconds)
    health = health_of(f"sqlite:///{tmp_path / 'none.db'}", pulse, limit=90)

    def visit(get: Get) -> None:
        assert told(get, "/healthz") == (200, {"ok": True, "tick_age_seconds": 0.0, "limit_seconds": 90})
        seconds.now += 91  # no tick since the start
        assert get("/healthz")[0] == 503
        pulse.ticked()
        assert get("/healthz")[0] == 200
        seconds.now += 90
        assert get("/healthz")[0] == 200
        seconds.now += 1
        assert told(get, "/healthz") == (503, {"ok": False, "tick_age_seconds": 91.0, "limit_seconds": 90})
        assert get("/nothing")[0] == 404

    asked(health, visit)


def test_ready_or_why_not(database_url: str, engine: Engine) -> None:
    pulse = Pulse()

    def visit(get: Get) -> None:
        assert told(get, "/readyz") == (
            503,
            {"ready": False, "because": ["it has not begun yet"], "lease": "waits"},
        )
        pulse.ticked()
        assert told(get, "/readyz") == (200, {"ready": True, "because": [], "lease": "waits"})
        pulse.holds = True
        assert told(get, "/readyz")[1]["lease"] == "holds"

        do(engine, lambda conn: brakes.halt(conn, halts.STOPPED, "Mrs. Smith rang", "ana", AT))
        status, body = get("/readyz")
        assert status == 503
        assert json.loads(body)["because"] == ["a person has stopped it"]
        assert "Smith" not in body
        do(engine, lambda conn: conn.execute(sa.text("delete from setting")))
        assert get("/readyz")[0] == 200

        do(engine, lambda conn: conn.execute(sa.text("update alembic_version set version_num = '9999'")))
        assert told(get, "/readyz")[1]["because"] == ["the database is not of this version of Dunwell"]

    asked(health_of(database_url, pulse), visit)


@pytest.mark.fault(24)
def test_a_database_that_hangs_does_not_hang_the_page() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the call, and never says a word
        url = f"postgresql://x@127.0.0.1:{silent.getsockname()[1]}/x?connect_timeout=20"
        pulse = Pulse()
        pulse.ticked()

        def visit(get: Get) -> None:
            for _ in range(3):
                assert told(get, "/readyz") == (
                    503,
                    {"ready": False, "because": ["the database does not answer"], "lease": "waits"},
                )
            assert get("/healthz")[0] == 200
            assert figures(get)["dunwell_database_up"] == 0

        asked(health_of(url, pulse, patience=0.2), visit)


def test_there_is_no_database_yet(tmp_path: Path) -> None:
    pulse = Pulse()
    pulse.ticked()

    def visit(get: Get) -> None:
        assert told(get, "/readyz")[1]["because"] == ["the database cannot be used"]
        assert figures(get)["dunwell_database_up"] == 0

    asked(health_of(f"sqlite:///{tmp_path / 'none.db'}", pulse), visit)
    assert not list(tmp_path.iterdir())


def test_the_numbers(database_url: str, engine: Engine) -> None:
    def fill(conn: Connection) -> None:
        messages(conn, 0, "email", "pending", 3)
        messages(conn, 10, "email", "retry", 2)
        messages(conn, 20, "letter", "sending", 1)
        messages(conn, 30, "email", "uncertain", 2, moment_text(AT - timedelta(hours=2)))
        messages(conn, 40, "webhook erp", "uncertain", 1, moment_text(AT - timedelta(hours=1)))
        messages(conn, 50, "email", "sent", 7, moment_text(AT - timedelta(days=9)))
        ledger(conn, "2026-10-05", moment_text(AT - timedelta(hours=3)))
        ledger(conn, "2026-10-01", moment_text(AT - timedelta(hours=1)))  # an old one, taken in later
        ledger(conn, "2026-10-05", moment_text(AT), kind="customers")
        decided(conn, "2026-10-02", moment_text(AT - timedelta(days=3)))
        decided(conn, "2026-10-05", moment_text(AT - timedelta(hours=4)))
        alarms.raised(conn, alarms.FEED, "a", "no ledger", AT)
        alarms.raised(conn, alarms.FEED, "b", "no ledger", AT)
        alarms.raised(conn, alarms.DISK, "", "no room", AT)
        alarms.cleared(conn, alarms.FEED, AT, "b")
        brakes.halt(conn, halts.QUARANTINE, "restored", "ana", AT)

    do(engine, fill)
    pulse = Pulse()
    pulse.holds, pulse.restarts = True, 2
    pulse.worked("evaluate", 1.5)
    pulse.worked("evaluate", 0.5, failed=True)

    def visit(get: Get) -> None:
        found = figures(get)
        assert {name: value for name, value in found.items() if "outbox" in name and value} == {
            "dunwell_outbox_messages{channel=email,state=pending}": 3,
            "dunwell_outbox_messages{channel=email,state=retry}": 2,
            "dunwell_outbox_messages{channel=letter,state=sending}": 1,
            "dunwell_outbox_messages{channel=email,state=uncertain}": 2,
            "dunwell_outbox_messages{channel=webhook erp,state=uncertain}": 1,
        }
        assert found["dunwell_outbox_messages{channel=letter,state=uncertain}"] == 0
        expected = {
            "dunwell_uncertain_oldest_seconds": 7200,
            "dunwell_ledger_age_seconds": 10800,
            "dunwell_last_run_timestamp_seconds": (AT - timedelta(hours=4)).timestamp(),
            "dunwell_alarms{kind=feed}": 1,
            "dunwell_alarms{kind=disk}": 1,
            "dunwell_halted{kind=quarantine}": 1,
            "dunwell_halted{kind=stopped}": 0,
            "dunwell_lease_held": 1,
            "dunwell_worker_restarts_total": 2,
            "dunwell_duty_seconds_count{duty=evaluate}": 2,
            "dunwell_duty_seconds_sum{duty=evaluate}": 2,
            "dunwell_duty_failures_total{duty=evaluate}": 1,
            "dunwell_database_up": 1,
        }
        assert {name: found.get(name) for name in expected} == expected
        assert found["dunwell_process_resident_memory_bytes"] > 1_000_000

    asked(health_of(database_url, pulse), visit)


def test_deliveries_are_counted_once(
    database_url: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def journaled(*ends: tuple[str, str]) -> None:
        rows = [Entry("delivery", "A", {"key": "k", "channel": c, "state": s, "said": ""}) for c, s in ends]
        do(engine, lambda conn: journal.append(conn, [Entry("run", "", {}), *rows], AT))

    def counted(get: Get) -> dict[str, float]:
        head = "dunwell_deliveries_total"
        return {n.removeprefix(head): v for n, v in figures(get).items() if n.startswith(head)}

    monkeypatch.setattr(gauges, "_AT_ONCE", 4)

    def visit(get: Get) -> None:
        journaled(("email", "sent"))  # before the service began to count
        assert counted(get) == {}
        journaled(("email", "sent"), ("email", "sent"), ("letter", "failed"))
        assert counted(get) == {"{channel=email,result=sent}": 2, "{channel=letter,result=failed}": 1}
        assert counted(get) == {"{channel=email,result=sent}": 2, "{channel=letter,result=failed}": 1}
        journaled(*[("email", "retry")] * 6)  # more than one look goes through
        assert counted(get)["{channel=email,result=retry}"] == 3
        assert counted(get)["{channel=email,result=retry}"] == 6

    asked(health_of(database_url, Pulse()), visit)


@pytest.mark.fault(27)
@pytest.mark.parametrize("analyzed", [False, True])
def test_a_scrape_does_not_read_what_is_finished(engine: Engine, analyzed: bool) -> None:
    def fill(conn: Connection) -> None:
        messages(conn, 0, "email", "sent", 3000, moment_text(AT))
        messages(conn, 5000, "email", "pending", 3)
        messages(conn, 6000, "email", "uncertain", 3, moment_text(AT))

    do(engine, fill)
    if analyzed:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.exec_driver_sql("ANALYZE")
    lite = engine.dialect.name == "sqlite"
    with database.reading(engine) as conn:
        for query in (*gauges.OPEN_COUNTS, gauges.OLDEST_DOUBT):
            sql = str(query.compile(conn))
            rows = conn.exec_driver_sql(("EXPLAIN QUERY PLAN " if lite else "EXPLAIN ") + sql).all()
            plan = "\n".join(str(row[-1]) for row in rows)
            assert "ix_outbox_" in plan, plan
            assert "Seq Scan" not in plan, plan


def test_the_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as there:
        address = f"127.0.0.1:{there.getsockname()[1]}"
        with pytest.raises(Refused, match="the health page cannot be at") as refused:
            listen(address)
        assert "[daemon]" in refused.value.hint
    with pytest.raises(Refused):
        listen("192.0.2.1:8014")
    listen("[::1]:0").close()


@contextmanager
def loaded(code: str) -> Iterator[list[str]]:
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sorted(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    yield done.stdout.split()


def test_the_page_is_light() -> None:
    with loaded("import engine.daemon.health, engine.daemon.logs, engine.daemon.notify") as modules:
        heavy = {
            "polars",
            "numpy",
            "jinja2",
            "weasyprint",
            "durable_rules_engine",
            "babel",
            "httpx",
        }
        assert heavy.isdisjoint(modules)
