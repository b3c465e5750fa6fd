"""One open row for each thing that is wrong, for as long as it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from engine.store import alarms, database

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)


def test_the_same_thing_is_one_alarm_until_it_is_over(database_url: str) -> None:
    engine = database.open(database_url)
    with database.writing(engine) as conn:
        assert alarms.raised(conn, alarms.FEED, "bank", "it is late", AT)
        assert not alarms.raised(conn, alarms.FEED, "bank", "it is very late", AT + timedelta(hours=1))
        assert alarms.raised(conn, alarms.FEED, "erp", "it is late", AT)
        (bank, erp) = alarms.standing(conn, alarms.FEED)
        assert (bank.about, bank.sentence, bank.times) == ("bank", "it is very late", 2)
        assert (bank.first_at, bank.last_at) == (AT, AT + timedelta(hours=1))
        assert alarms.cleared(conn, alarms.FEED, AT + timedelta(hours=2), "bank")
        assert not alarms.cleared(conn, alarms.FEED, AT + timedelta(hours=3), "bank")
        assert alarms.standing(conn) == (erp,)
        assert alarms.raised(conn, alarms.FEED, "bank", "again", AT + timedelta(hours=4))
        assert [one.sentence for one in alarms.history(conn)] == ["it is very late"]
        assert len(alarms.standing(conn)) == 2
    engine.dispose()


def test_telling_is_written_down_once(database_url: str) -> None:
    engine = database.open(database_url)
    with database.writing(engine) as conn:
        alarms.raised(conn, alarms.DISK, "", "it is full", AT)
        (one,) = alarms.standing(conn)
        assert alarms.told(conn, one, AT)
        assert not alarms.told(conn, one, AT), "another process was faster"
        alarms.quieted(conn, one, "ana: a new disk comes on Monday")
        found = alarms.find(conn, one.id)
        assert found is not None
        assert (found.told, found.told_at, found.quiet) == (1, AT, "ana: a new disk comes on Monday")
    engine.dispose()
