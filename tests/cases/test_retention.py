"""What is kept for long enough loses its names and words, once a day, by itself."""

from __future__ import annotations

import threading
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.jobs.housekeeping import keep_house
from engine.jobs.verify import verify
from engine.store import database, retention, seals
from engine.store import tables as t
from tests.cases.told import another, everything, insert, lived, rows
from tests.jobs.world import House, moment


@pytest.fixture
def house(sqlite_template: Path, tmp_path: Path) -> House:
    """Everything of October 2026 is paid."""
    house = another(lived(sqlite_template), tmp_path)
    house.paid("A1", "A2")
    house.import_ledger("2026-10-26")
    return house


def round_of(house: House, at: datetime) -> list[str]:
    return keep_house(house.ws, lambda: at, threading.Event())


def due(house: House, at: datetime) -> bool:
    def work(engine: sa.Engine) -> bool:
        with database.reading(engine) as conn:
            return retention.due(conn, house.ws.files, at)

    return bool(house.do(work))


SAID = ("Tom hung up", "very kind", "Ana waits", "will see to it", "ask for Ms Reyes", "trade fair")


def test_seven_years_after_it_was_said_and_not_a_day_before(house: House) -> None:
    book = house.rows(sa.select(t.journal))
    before = round_of(house, moment("2033-10-05", "04:00"))
    assert before == [f"the journal is sealed up to entry {len(book)}"]
    left = everything(house)
    assert all(word in left for word in SAID)
    said = round_of(house, moment("2033-10-22", "04:00"))
    # BOLT still owes what it owed then: what was said with it may yet be asked for.
    assert said[-1].startswith("kept for long enough: names and words are gone from ")
    left = everything(house)
    assert [word for word in SAID if word in left] == []
    assert "secret of BOLT" in left
    (call, other) = rows(house, t.call)
    assert (call["outcome"], call["on"], call["by"], call["spoken_with"]) == (
        "promise to pay",
        date(2026, 10, 6),
        "joe",
        "forgotten",
    )
    assert (other["spoken_with"], other["note"]) == ("forgotten", "")
    assert rows(house, t.promise)[0]["amount"] == 800_00
    assert rows(house, t.contact)[0]["name"] == "Ana Reyes", "the master's contact is of today"
    copies = {row.action.split("|")[1]: row for row in house.rows(sa.select(t.message_copy))}
    assert (copies["ACME"].content, copies["ACME"].sha256) == (None, "")
    assert copies["BOLT"].content is not None
    assert house.rows(sa.select(t.journal))[: len(book)] == book
    with database.reading(house.engine) as conn:
        assert verify(conn).broken == ()
    assert round_of(house, moment("2033-10-23", "04:00")) == [], "nothing is left to do"


def test_for_as_long_as_the_settings_say(house: House) -> None:
    house.settings("\n[records]\ncontact_log_years = 1\nmessages_years = 0\n")
    round_of(house, moment("2027-10-22", "04:00"))
    left = everything(house)
    assert [word for word in SAID if word in left] == []
    assert all(row.content is not None for row in house.rows(sa.select(t.message_copy)))
    kept = [row.field for row in house.rows(sa.select(t.journal_person)) if row.field == "sha256"]
    assert len(kept) == 4, "a message is kept with its hash"
    with database.reading(house.engine) as conn:
        assert verify(conn, house.out).broken == ()
        assert seals.verify(conn) == 1


def test_what_goes_over_a_server_loses_its_bytes_and_addresses_too(house: House) -> None:
    """A mail that a server took is kept by the outbox, for a later try."""

    def as_by_a_server(engine: sa.Engine) -> None:
        kept = '{"kept":{"raw":"Dear Ana Reyes","recipients":["ana@acme.example.com"]},"reached":["ana@acme.example.com"]'
        payload = kept + ',"evidence":{"message-id":"<1@x>","sha256":"aa"}}'
        mail = sa.select(t.action.c.key).where(t.action.c.account == "ACME", t.action.c.kind == "email")
        with database.writing(engine) as conn:
            conn.execute(
                sa.update(t.outbox).where(t.outbox.c.action == mail.scalar_subquery()).values(payload=payload)
            )

    house.do(as_by_a_server)
    round_of(house, moment("2034-01-01", "04:00"))
    payloads = [row.payload for row in house.rows(sa.select(t.outbox)) if "|ACME|" in row.action]
    assert payloads[0] == '{"evidence":{"message-id":"<1@x>"}}'


def test_what_is_in_force_is_not_old(house: House) -> None:
    learned = {
        "account": "ACME",
        "field": "attorney",
        "value": "yes",
        "from_day": date(2026, 10, 1),
        "by": "joe",
    }
    insert(house, t.learned, **learned, because="Ana said so")
    insert(house, t.learned, **learned, because="Tom said so", until=date(2026, 10, 2))
    round_of(house, moment("2034-01-01", "04:00"))
    assert [row["because"] for row in rows(house, t.learned)] == ["Ana said so", ""]


def test_once_a_day_in_the_small_hours(house: House) -> None:
    assert not due(house, moment("2026-11-02", "02:59"))
    assert due(house, moment("2026-11-02", "03:00"))
    round_of(house, moment("2026-11-02", "03:10"))
    assert not due(house, moment("2026-11-02", "23:00"))
    assert due(house, moment("2026-11-03", "03:00"))


def test_many_rows_are_gone_in_batches_and_the_round_can_be_stopped(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "MOST", 3)
    for number in range(8):
        insert(
            house,
            t.note,
            account="ACME",
            text=f"word {number}",
            at="2026-10-07T15:00:00.000000+00:00",
            by="joe",
        )
    stop = threading.Event()
    stop.set()
    keep_house(house.ws, lambda: moment("2034-01-01", "04:00"), stop)
    assert "word 7" in everything(house)
    assert due(house, moment("2034-01-01", "04:00")), "what was left is done the next time"
    round_of(house, moment("2034-01-01", "04:10"))
    assert {row["text"] for row in rows(house, t.note)} == {"forgotten"}


def test_the_same_on_each_database(database_url: str) -> None:
    """Every question it asks is one that both understand."""
    engine = database.open(database_url)
    bounds = retention.Bounds(date(2026, 11, 1), date(2026, 11, 1))
    with database.writing(engine) as conn:
        conn.execute(
            sa.insert(t.note).values(
                account="ACME", text="said", at="2026-10-07T15:00:00.000000+00:00", by="joe"
            )
        )
    gone = 0
    for _, work in retention.batches(bounds, date(2034, 1, 1)):
        with database.writing(engine) as conn:
            gone += work(conn)
    assert gone == 1
    engine.dispose()
