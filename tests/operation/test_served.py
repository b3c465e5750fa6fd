"""The real service as systemd and Prometheus see it."""

from __future__ import annotations

import json
import re
import signal
import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.channels.servers import free_port
from tests.daemon.living import Office, mail, serving, until

HOOK = """
[webhooks.erp]
url = "https://erp.example.com/in"
"""


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """Listens where `NOTIFY_SOCKET` says."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
        there.bind(str(tmp_path / "notify"))
        there.settimeout(30)
        yield there


def heard(systemd: socket.socket, word: str) -> str:
    """The next message that has this line in it."""
    while word not in (told := systemd.recv(4096).decode()).splitlines():
        pass
    return told


def silent(systemd: socket.socket, seconds: float) -> bool:
    """Whether nothing comes for so long, once what is on its way has come."""
    systemd.settimeout(0.1)
    try:
        while True:
            systemd.recv(4096)
    except TimeoutError:
        pass
    systemd.settimeout(seconds)
    try:
        systemd.recv(4096)
        return False
    except TimeoutError:
        return True
    finally:
        systemd.settimeout(30)


@pytest.mark.fault(82)
def test_systemd_hears_of_each_look_and_of_nothing_else(
    postgres_url: str, tmp_path: Path, systemd: socket.socket
) -> None:
    office = Office(tmp_path, postgres_url, accounts=1)
    environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "180000000"}
    with serving(office.root, environment=environment) as one:
        assert heard(systemd, "READY=1") == "READY=1\nSTATUS=works"
        assert heard(systemd, "WATCHDOG=1")
        assert heard(systemd, "WATCHDOG=1")
        one.told(signal.SIGSTOP)  # it hangs: systemd would start it anew
        assert silent(systemd, 1)
        one.told(signal.SIGCONT)
        assert heard(systemd, "WATCHDOG=1")

        # The database is gone: it still lives, and says what is wrong, at each look.
        address = sa.make_url(postgres_url).set(drivername="postgresql+psycopg")
        name = str(address.database)
        admin = sa.create_engine(address.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as conn:
            conn.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()
        until(lambda: "STATUS=the database" in heard(systemd, "WATCHDOG=1"))
        for _ in range(3):
            assert "STATUS=the database" in heard(systemd, "WATCHDOG=1")
        one.told(signal.SIGTERM)
        assert heard(systemd, "STOPPING=1")
        assert one.process.wait(30) is not None


def test_its_page_while_it_works(sqlite_url: str, tmp_path: Path) -> None:
    port = free_port()

    def get(path: str) -> tuple[int, str]:
        line = HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            line.request("GET", path)
            answer = line.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            line.close()

    with mail() as (box, settings):
        office = Office(tmp_path, sqlite_url, accounts=1, more=settings + HOOK)
        file = office.root / "dunwell.toml"
        file.write_text(
            file.read_text("utf-8").replace('health = ""', f'health = "127.0.0.1:{port}"'), "utf-8"
        )
        secret = {"DUNWELL_WEBHOOKS__ERP__SECRET": "whsec_aHVudGVyLW9mLXNuYXJrcy1hbmQtYm9vanVtcw=="}
        with serving(office.root, environment=secret) as one:
            until(lambda: get("/readyz")[0] == 200)
            assert json.loads(get("/readyz")[1]) == {"ready": True, "because": [], "lease": "holds"}
            assert get("/healthz")[0] == 200
            until(lambda: office.counted()["sent"] == 1)
            assert get("/metrics")[0] == 200  # it counts from here on
            office.late(1, 3)
            until(lambda: len(box.taken) == 3)
            counted = 'dunwell_deliveries_total{channel="email",result="sent"} 2.0'
            until(lambda: counted in get("/metrics")[1])
            told = get("/metrics")[1]
            numbers = dict(line.rsplit(" ", 1) for line in told.splitlines() if not line.startswith("#"))
            assert float(numbers['dunwell_duty_seconds_count{duty="deliver"}']) >= 1
            assert numbers["dunwell_lease_held"] == "1.0"
            # What waits for the next morning is small, whatever the worker needs.
            assert float(numbers["dunwell_process_resident_memory_bytes"]) < 150e6
            assert "ACC0" not in told
            assert "seller" not in told
            assert one.stopped() == 0
            assert get("/healthz")[0] == 0
            log = one.err.read_text("utf-8") + told
    private = ("ACC0 Inc", "Clerk of", "Ana Reyes", "Side Street", "example.com", "555 0", "aHVudGVy")
    assert [word for word in private if word in log] == []
    assert not re.search(
        r"(?<![\d.])1,?200(?![\d])|(?<!\d)120000(?!\d)", log
    )  # what is owed; a process has many numbers
