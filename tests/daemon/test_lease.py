"""One service at a time: the lease goes over when its holder has certainly ended, and not before."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.engine import Engine

from engine.store import database, lease
from engine.store.owner import owner

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def take(engine: Engine, name: str, at: datetime = AT) -> str:
    with database.writing(engine) as conn:
        return lease.taken(conn, name, "here", 1, at).owner


@pytest.mark.fault(55)
def test_only_the_holder_has_it_until_it_gives_it_back(database_url: str) -> None:
    one, two = database.open(database_url), database.open(database_url)
    with owner(one) as first, owner(two) as second:
        assert take(one, first) == first
        assert take(two, second) == first
        with database.aside(two) as conn:
            assert not lease.beat(conn, second, AT, "sending")
            assert not lease.left(conn, second)
        with database.aside(one) as conn:
            assert lease.beat(conn, first, AT + timedelta(minutes=1), "sending")
        with database.reading(two) as conn:
            found = lease.held(conn)
            assert found is not None
            assert (found.owner, found.doing, found.beat) == (first, "sending", AT + timedelta(minutes=1))
            assert found.since == AT
            assert lease.alive(conn, found)
        with database.aside(one) as conn:
            assert lease.left(conn, first)
        assert take(two, second) == second
        assert take(one, first) == second
    one.dispose()
    two.dispose()


@pytest.mark.fault(55)
def test_it_goes_over_when_the_holder_was_killed(database_url: str) -> None:
    code = (
        "import sys, time\nfrom engine.store import database\nfrom engine.store.owner import owner\n"
        "engine = database.open(sys.argv[1])\n"
        "with owner(engine) as name:\n    print(name, flush=True)\n    time.sleep(600)"
    )
    command = [sys.executable, "-c", code, database_url]
    engine = database.open(database_url)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other, owner(engine) as mine:
        assert other.stdout is not None
        theirs = other.stdout.readline().strip()
        assert take(engine, theirs) == theirs
        assert take(engine, mine) == theirs
        other.kill()
        other.wait()
        for _ in range(200):  # a server may take a moment to see that a client is gone
            if (holder := take(engine, mine)) == mine:
                break
        assert holder == mine
    engine.dispose()


def test_a_beat_waits_for_no_run(database_url: str) -> None:
    """On PostgreSQL it passes by whoever writes; on SQLite it says that somebody does, and is not lost."""
    from engine.errors import DatabaseBusy

    engine = database.open(database_url)
    with owner(engine) as name:
        take(engine, name)
        with database.writing(engine):
            if engine.dialect.name == "sqlite":
                with pytest.raises(DatabaseBusy), database.aside(engine) as conn:
                    lease.beat(conn, name, AT, "")
            else:
                with database.aside(engine) as conn:
                    assert lease.beat(conn, name, AT, "")
    engine.dispose()
