"""A database that was put back sends nothing until what went out since is known, and then nothing twice."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.errors import DatabaseUnreadable, Refused
from engine.jobs import backup, brakes
from engine.store import alarms, database, journal
from engine.store.evidence import Evidence
from engine.store.owner import owner
from engine.store.tables import outbox
from tests.channels.servers import Scripted, scripted
from tests.jobs.world import House, moment

POLICY = """
policy: Standard
clock: due date
steps:
  - day: 5
    letter: firm-reminder
    email: friendly-reminder
"""
FIRST, SECOND, THIRD = "2026-10-05", "2026-10-06", "2026-10-07"


def _fill(house: House) -> House:
    """Two are due on each of three days."""
    for number in range(6):
        house.owes(f"C{number}", f"I{number}", ("2026-09-30", "2026-10-01", "2026-10-02")[number // 2])
        house.contact(f"C{number}")
    house.import_customers()
    house.import_ledger(FIRST)
    return house


def _mail(house: House, port: int) -> None:
    where = f'host = "127.0.0.1"\nport = {port}\ntls = "none"\nfrom = "a@seller.example.com"\n'
    house.settings(f"[mail]\n{where}")


def _log(server: Scripted) -> Counter[str]:
    """What the mail server has, by Message-ID."""
    return Counter(str(message_from_bytes(raw)["Message-ID"]) for raw in server.accepted)


@pytest.mark.fault(26)
@pytest.mark.fault(25)
@pytest.mark.parametrize("by_hand", [False, True], ids=["restored", "put back by hand"])
def test_yesterdays_backup_sends_nothing_twice_and_loses_nothing(
    build: Callable[..., House], tmp_path: Path, by_hand: bool
) -> None:
    house = _fill(build(policies={"standard": POLICY}))
    with scripted() as server:
        _mail(house, server.port)
        files = house.ws.files
        assert dict(house.day(FIRST).sent) == {"email": 2, "letter": 2}
        backup.back_up(files, tmp_path / "day1.backup", moment(FIRST, "18:00"))
        shutil.copy(tmp_path / "dunwell.db", tmp_path / "by-hand.db")
        second = dict(house.day(SECOND).sent)
        assert second == {"email": 2, "letter": 2}
        before = _log(server)
        letters = [path.name for path in house.letters()]

        if by_hand:
            shutil.copy(tmp_path / "by-hand.db", tmp_path / "dunwell.db")
        else:
            done = backup.restore(files, tmp_path / "day1.backup", "ana", moment(SECOND, "18:00"))
            assert Path(done.kept).is_file()
            assert len(done.gap) == 4
        house.import_ledger(THIRD)
        report = house.run(THIRD)
        assert "quarantine" in report.stopped
        assert house.deliver(THIRD).halted
        assert _log(server) == before, "nothing goes out in quarantine"
        engine = house.engine
        with database.reading(engine) as conn:
            assert [one.about for one in alarms.standing(conn, alarms.STOPPED)] == ["quarantine"]
        engine.dispose()

        halts, gap = brakes.gap(files)
        assert [halt.kind for halt in halts] == ["quarantine"]
        assert {trace.channel for trace in gap} == {"email", "letter"}
        assert {trace.seen["message-id"] for trace in gap if trace.channel == "email"} <= set(before)
        with pytest.raises(Refused, match="4 messages that have gone out"):
            brakes.resume(files, "ana", moment(THIRD, "09:00"))
        done_ = brakes.resume(files, "ana", moment(THIRD, "09:00"), take_over=True)
        assert len(done_.adopted) == 4

        assert house.run(THIRD, "10:00").stopped == ""
        third = house.deliver(THIRD, "10:00")
        assert dict(third.sent) == {"email": 2, "letter": 2}, "only what is new goes"
        after = _log(server)
        assert before <= after, "none lost"
        assert sorted(after.values()) == [1] * 6, "and none twice"
        names = [path.name for path in house.letters()]
        assert set(letters) <= set(names)
        assert len(names) == len(set(names)) == 6
        assert house.deliver("2026-10-08").halted == ""
    engine = house.engine
    with database.reading(engine) as conn:
        journal.verify(conn)
    engine.dispose()


def test_the_evidence_of_other_machines_counts(build: Callable[..., House], tmp_path: Path) -> None:
    """What another machine has sent stands in a file of its own, put beside the others under a name that ends alike."""
    house = _fill(build(policies={"standard": POLICY}))
    with scripted() as server:
        _mail(house, server.port)
        house.day(FIRST)
        shutil.copy(tmp_path / "dunwell.db", tmp_path / "copy.db")
        house.day(SECOND)
    (file,) = (tmp_path / "dunwell.db.sent").glob("*.jsonl")
    lines = file.read_bytes().splitlines(keepends=True)
    mails = [line for line in lines if b'"channel":"email"' in line]
    file.with_name(f"north-{file.name}").write_bytes(b"".join(mails))
    file.write_bytes(b"".join(line for line in lines if line not in mails))
    shutil.copy(tmp_path / "copy.db", tmp_path / "dunwell.db")
    assert "quarantine" in house.run(THIRD).stopped
    _, gap = brakes.gap(house.ws.files)
    assert sorted(trace.channel for trace in gap) == ["email", "email", "letter", "letter"]


@pytest.mark.fault(26)
def test_a_journal_that_lacks_its_end_is_found_out_though_nothing_went_out(
    build: Callable[..., House], tmp_path: Path
) -> None:
    house = _fill(build(policies={"standard": POLICY}))
    house.day(FIRST)
    shutil.copy(tmp_path / "dunwell.db", tmp_path / "copy.db")
    house.paid(*(f"I{number}" for number in range(6)))
    house.owes("C0", "N", "2026-12-01")
    house.import_ledger(SECOND)
    house.run(SECOND)
    house.deliver(SECOND)
    shutil.copy(tmp_path / "copy.db", tmp_path / "dunwell.db")
    assert "journal lacks" in house.run(THIRD).stopped


@pytest.mark.fault(6)
def test_what_was_going_out_when_it_was_lost_is_in_doubt(build: Callable[..., House], tmp_path: Path) -> None:
    """Its line has no end: whoever adopts it has it among what is uncertain, and a person says."""
    house = _fill(build(policies={"standard": POLICY}))
    house.run(FIRST)
    shutil.copy(tmp_path / "dunwell.db", tmp_path / "copy.db")
    house.deliver(FIRST)
    shutil.copy(tmp_path / "copy.db", tmp_path / "dunwell.db")
    engine = house.engine
    (file,) = Evidence.beside(engine, house.out).folder.glob("*.jsonl")
    engine.dispose()
    lines = file.read_text("utf-8").splitlines()
    ended = next(line for line in lines if '"sent"' in line)
    kept = [line for line in lines if line != ended]
    file.write_text("\n".join(kept) + "\n" + '{"key": "half a li', "utf-8")
    assert "quarantine" in house.run(SECOND).stopped
    done = brakes.resume(house.ws.files, "ana", moment(SECOND, "09:00"), take_over=True)
    assert Counter(trace.certain for trace in done.adopted) == {True: 3, False: 1}
    states = dict(house.rows(sa.select(outbox.c.state, sa.func.count()).group_by(outbox.c.state)))
    assert states == {"sent": 3, "uncertain": 1}
    assert house.deliver(SECOND).sent == {}


def test_a_restore_waits_until_nobody_sends(build: Callable[..., House], tmp_path: Path) -> None:
    house = _fill(build(policies={"standard": POLICY}))
    made = backup.back_up(house.ws.files, tmp_path / "b", moment(FIRST, "08:00"))
    assert made.entries > 0
    before = (tmp_path / "dunwell.db").read_bytes()
    engine = house.engine
    with owner(engine), pytest.raises(Refused, match="still on"):
        backup.restore(house.ws.files, tmp_path / "b", "ana", moment(FIRST, "09:00"))
    engine.dispose()
    assert (tmp_path / "dunwell.db").read_bytes() == before
    assert not list(tmp_path.glob("*.restoring*"))
    with pytest.raises(Refused, match="there already"):
        backup.back_up(house.ws.files, tmp_path / "b", moment(FIRST, "08:00"))


@pytest.mark.fault(20)
def test_a_damaged_backup_is_refused_and_nothing_is_touched(
    build: Callable[..., House], tmp_path: Path
) -> None:
    house = _fill(build(policies={"standard": POLICY}))
    backup.back_up(house.ws.files, tmp_path / "b", moment(FIRST, "08:00"))
    whole = (tmp_path / "b").read_bytes()
    before = (tmp_path / "dunwell.db").read_bytes()
    half, other = len(whole) // 2, len(whole) - 200
    flipped = whole[:half] + bytes([whole[half] ^ 255]) + whole[half + 1 :]
    for number, bad in enumerate((whole[:half], whole[:other], flipped, b"", b"hello")):
        (tmp_path / f"bad{number}").write_bytes(bad)
        with pytest.raises(DatabaseUnreadable, match="no backup"):
            backup.restore(house.ws.files, tmp_path / f"bad{number}", "ana", moment(FIRST, "09:00"))
    with pytest.raises(Refused, match="there is no"):
        backup.restore(house.ws.files, tmp_path / "none", "ana", moment(FIRST, "09:00"))
    assert (tmp_path / "dunwell.db").read_bytes() == before


def test_on_a_server_the_backup_is_pg_dumps_and_the_old_tables_are_kept(
    postgres_url: str, tmp_path: Path
) -> None:
    house = _fill(House(tmp_path, postgres_url, policies={"standard": POLICY}))
    files = house.ws.files
    house.day(FIRST)
    backup.back_up(files, tmp_path / "b", moment(FIRST, "18:00"))
    house.day(SECOND)
    sent = len(house.mails())
    done = backup.restore(files, tmp_path / "b", "o'hara", moment(SECOND, "18:00"))
    assert done.kept.startswith("before_restore_")
    assert len(done.gap) == 4
    assert "quarantine" in house.run(THIRD).stopped
    house.import_ledger(THIRD)
    brakes.resume(files, "ana", moment(THIRD, "09:00"), take_over=True)
    house.day(THIRD)
    assert len(house.mails()) == sent + 2 == len({mail["Message-ID"] for mail in house.mails()})
    engine = house.engine
    with database.reading(engine) as conn:
        kept = conn.execute(sa.text(f"select count(*) from {done.kept}.outbox")).scalar_one()
        journal.verify(conn)
    engine.dispose()
    assert kept == 8
