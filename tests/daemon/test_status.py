"""What `dunwell status` says: while a service works, when it has ended without a word, and when something is wrong."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from engine.store import alarms, database
from tests.cli.conftest import run
from tests.daemon.living import Office, serving, until
from tests.jobs.world import moment


def told(office: Office, code: int) -> dict[str, object]:
    said = run("-w", str(office.root), "status", "--json")
    assert said.code == code, said
    found: dict[str, object] = json.loads(said.out)
    return found


@pytest.mark.fault(82)
def test_a_service_that_works_that_sleeps_and_that_is_dead(tmp_path: Path, sqlite_url: str) -> None:
    from datetime import UTC, datetime, timedelta

    office = Office(tmp_path, sqlite_url, 2)
    here = ("-w", str(office.root), "status")
    before = run(*here, at=datetime.now(UTC))
    assert before.code == 1
    assert "no service works; “dunwell serve” starts one" in before.out
    with serving(office.root) as service:
        until(lambda: office.counted()["sent"] == 2)
        pid = service.process.pid
        works = run(*here, at=datetime.now(UTC))
        assert works.code == 0, works
        assert f"works (process {pid} on " in works.out
        assert "2 actions planned" in works.out
        assert "Release 1, live since" in works.out
        service.frozen(tmp_path / "dunwell.db")
        late = run(*here, at=datetime.now(UTC) + timedelta(minutes=10))
        assert late.code == 1
        assert "it lives but does not look" in late.out
        service.told(signal.SIGKILL)
        service.process.wait()
        dead = run(*here, at=datetime.now(UTC))
        assert dead.code == 1
        assert "it has ended without a word" in dead.out


def test_what_needs_a_person_is_named(tmp_path: Path, sqlite_url: str) -> None:
    office = Office(tmp_path, sqlite_url, 2)
    engine = office.engine
    with database.writing(engine) as conn:
        alarms.raised(conn, alarms.DISK, "", "the disk has 1 % left", moment("2026-11-23", "09:00"))
    engine.dispose()
    found = told(office, 1)
    assert [alarm["sentence"] for alarm in found["alarms"]] == ["the disk has 1 % left"]  # type: ignore[attr-defined]
    assert found["last_run"] is None
    assert not found["well"]
    (office.root / "policies" / "standard.yaml").write_text("steps: broken", "utf-8")
    assert "disk: the disk has 1 % left" in run("-w", str(office.root), "status").out
