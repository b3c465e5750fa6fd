"""A watched folder: only whole files come in, each once, and whatever is refused says why beside itself."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.jobs import arrivals, feeds
from engine.jobs.alarms import watch
from engine.jobs.feeds import Outcome
from engine.store import alarms, database
from engine.store.tables import ledger_file
from tests.feeds.place import DAY, FOLDER, HEAD, ROWS, Place

BOTH = {"A1": 120_000, "B1": 8_050}


def test_a_file_comes_in_and_is_put_away(place_on_each: Place) -> None:
    place = place_on_each
    place.put(DAY)
    assert place.said() == [("taken", f"{DAY}: 2 rows as of 2026-11-24")]
    assert place.items() == BOTH
    assert place.files() == [f"taken/2026-11-24/{DAY}"]
    state = place.state()
    assert (state.as_of, state.taken_at, state.failed) == (date(2026, 11, 24), place.now, 0)
    assert place.bring() == ()


@pytest.mark.fault(70)
def test_the_same_file_again_has_no_effect(place_on_each: Place) -> None:
    place = place_on_each
    place.put(DAY)
    place.bring()
    place.later(hours=1)
    place.put("other-name_20261124.csv")
    assert place.said() == [("same", "other-name_20261124.csv: the same as before")]
    place.put(DAY)
    assert [outcome for outcome, _ in place.said()] == ["same"]
    assert place.files() == [
        "taken/2026-11-24/open-2026-11-24-2.csv",
        f"taken/2026-11-24/{DAY}",
        "taken/2026-11-24/other-name_20261124.csv",
    ]
    assert len(place.house.rows(sa.select(ledger_file.c.id))) == 1


@pytest.mark.fault(70)
def test_a_crash_before_it_is_put_away(place: Callable[..., Place], monkeypatch: pytest.MonkeyPatch) -> None:
    here = place()
    here.put(DAY)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(feeds.watched, "put_away", dies)
        with pytest.raises(KeyboardInterrupt):
            here.bring()
    assert here.items() == BOTH
    assert here.state().taken_at is None
    assert here.said() == [("same", f"{DAY}: the same as before")]
    assert here.files() == [f"taken/2026-11-24/{DAY}"]
    assert here.state().taken_at == here.now


def test_the_same_content_of_a_later_day_is_fresh(place: Callable[..., Place]) -> None:
    here = place()
    here.put(DAY)
    here.bring()
    here.later(days=1)
    here.put("open-2026-11-25.csv")
    assert [outcome for outcome, _ in here.said()] == ["taken"]
    assert here.state().as_of == date(2026, 11, 25)
    here.put("open-2026-11-23.csv", ROWS[:1])
    (came,) = here.bring()
    assert came.outcome is Outcome.REFUSED
    assert "shows 2026-11-23, and a ledger of 2026-11-25 is there already" in came.sentence
    assert here.items() == BOTH


@pytest.mark.fault(71)
@pytest.mark.parametrize("name", [".open.csv", "open.csv.part", "open.tmp", "open.csv.filepart", "notes.txt"])
def test_a_name_that_is_not_final_is_not_taken(place: Callable[..., Place], name: str) -> None:
    here = place(FOLDER + 'pattern = "*"\n' if name != "notes.txt" else FOLDER)
    path = here.put(name)
    assert here.bring() == ()
    path.rename(here.folder / DAY)
    assert [outcome for outcome, _ in here.said()] == ["taken"]


@pytest.mark.fault(71)
def test_cut_at_every_byte_a_file_with_a_manifest_is_never_taken(place: Callable[..., Place]) -> None:
    here = place(FOLDER + 'complete = "manifest"\n')
    whole = (HEAD + "".join(ROWS)).encode()
    (here.folder / DAY).write_bytes(whole)
    assert here.said() == [("waits", f"{DAY} waits for {DAY}.manifest")]
    # The numbers alone, without a checksum: what is cut at the end of a row has fewer of them.
    for length in range(1, len(whole)):
        (here.folder / DAY).write_bytes(whole[:length])
        (here.folder / f"{DAY}.manifest").write_text("rows = 2\ntotal USD = 1280.50\nas_of = 2026-11-24\n")
        (came,) = here.bring(only_look=True)
        if length < len(whole) - 1:
            assert came.outcome is Outcome.REFUSED, (length, came)
        assert here.items() == {}
    (here.folder / DAY).write_bytes(whole)
    for length in range(len("rows = 2\n") - 1):
        (here.folder / f"{DAY}.manifest").write_text("rows = 2\n"[:length])
        (came,) = here.bring(only_look=True)
        assert came.outcome is Outcome.REFUSED, length
    (here.folder / f"{DAY}.manifest").write_text(f'sha256 = "{hashlib.sha256(whole).hexdigest()}"\nrows: 2\n')
    assert [outcome for outcome, _ in here.said()] == ["taken"]
    assert here.files() == [f"taken/2026-11-24/{DAY}", f"taken/2026-11-24/{DAY}.manifest"]


@pytest.mark.fault(71)
def test_cut_at_every_byte_without_a_manifest(place: Callable[..., Place]) -> None:
    """Cut within a row it is refused; cut at the end of one it is a shorter ledger, which only a manifest tells."""
    here = place()
    whole = (HEAD + "".join(ROWS)).encode()
    ends = {at + 1 for at, byte in enumerate(whole) if byte == 10} - {len(HEAD)}
    outcomes = {}
    for length in range(len(whole)):
        (here.folder / DAY).write_bytes(whole[:length])
        (came,) = here.bring(only_look=True)
        outcomes[length] = came.outcome
    assert outcomes.pop(0) is Outcome.WAITS
    assert {length for length, outcome in outcomes.items() if outcome is Outcome.WOULD} == ends - {len(whole)}


@pytest.mark.fault(71)
def test_a_file_that_grows_while_it_is_looked_at_is_waited_for(place: Callable[..., Place]) -> None:
    here = place()
    path = here.put(DAY, ROWS[:1])

    class Writes(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            with path.open("a") as file:
                file.write(ROWS[1])
            return False

    here.stop = Writes()
    assert here.said() == [("waits", f"{DAY} is still being written")]
    here.stop = threading.Event()
    path.write_text(HEAD + "".join(ROWS))
    assert [outcome for outcome, _ in here.said()] == ["taken"]
    assert here.items() == BOTH


def test_still_goes_by_the_last_change(place: Callable[..., Place]) -> None:
    here = place(FOLDER + 'complete = "still"\nstill = 60\nas_of = "written"\n')
    path = here.put("open.csv")
    touched = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    here.now = touched + timedelta(seconds=30)
    assert here.said() == [("waits", "open.csv is still being written")]
    here.now = touched + timedelta(seconds=90)
    (came,) = here.bring()
    assert came.as_of == here.house.ws.today(touched)


def test_a_refused_file_has_its_problems_beside_it(place: Callable[..., Place]) -> None:
    here = place()
    here.put(
        DAY, [*ROWS, "0044,Cole,C1,2026-09-03,2026-10-03,twelve\n", "0045,Dunn,D1,soon,2026-10-03,1.00\n"]
    )
    (came,) = here.bring()
    assert came.sentence == (f"{DAY} was refused: {DAY}:4:36: “twelve” is not an amount, and 1 more")
    assert here.files() == [f"refused/{DAY}", f"refused/{DAY}.problems.txt"]
    told = (here.folder / "refused" / f"{DAY}.problems.txt").read_text()
    assert told.startswith(f"{DAY} was refused on 2026-11-24 12:00 UTC. Nothing was changed.\n")
    assert f"{DAY}:4:36: “twelve” is not an amount" in told
    assert f"{DAY}:5:14: “soon” is not a date" in told
    assert here.items() == {}
    assert here.state().failed == 1
    engine = here.house.engine
    with database.reading(engine) as conn:
        (alarm,) = alarms.standing(conn, alarms.FEED)
    assert (alarm.about, alarm.sentence) == ("feed erp", f"the feed erp: {came.sentence}")
    here.put(DAY)
    here.bring()
    with database.reading(engine) as conn:
        assert alarms.standing(conn, alarms.FEED) == ()
    engine.dispose()
    assert here.state().failed == 0


def test_several_files_come_in_the_order_of_their_days(place: Callable[..., Place]) -> None:
    here = place()
    here.put("b-2026-11-22.csv")
    here.put("a-2026-11-23.csv", ROWS[:1])
    here.put("c-2026-11-21.csv", ROWS[1:])
    assert [one.name for one in here.bring()] == ["c-2026-11-21.csv", "b-2026-11-22.csv", "a-2026-11-23.csv"]
    assert here.items() == {"A1": 120_000}


def test_customers_come_before_ledgers(place: Callable[..., Place]) -> None:
    here = place('\n[feeds.a]\nfolder = "in"\n\n[feeds.z]\nfolder = "people"\nwhat = "customers"\n')
    here.put(DAY)
    people = here.house.root / "people"
    people.mkdir()
    (people / "customers.csv").write_text("customer number,customer name\n0042,Acme Corporation\n")
    told = feeds.work(here.house.ws, lambda: here.now, here.stop)
    assert told == ["feed z: customers.csv: 1 row", f"feed a: {DAY}: 2 rows as of 2026-11-24"]


def test_what_is_no_file_is_named_and_never_opened(place: Callable[..., Place], tmp_path: Path) -> None:
    here = place()
    secret = tmp_path / "secret.csv"
    secret.write_text(HEAD + "".join(ROWS))
    (here.folder / "link.csv").symlink_to(secret)
    os.mkfifo(here.folder / "pipe.csv")
    (here.folder / "folder.csv").mkdir()
    assert here.said() == [
        ("odd", "link.csv is a link; only files themselves are taken"),
        ("odd", "pipe.csv is a pipe; only files themselves are taken"),
    ]
    assert here.items() == {}


def test_a_file_that_turns_into_a_pipe_or_a_link_is_not_waited_for(place: Callable[..., Place]) -> None:
    here = place()
    path = here.put(DAY)
    (file,) = feeds.watched.look(here.folder, "*.csv", "rename").ready
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(feeds.watched.Changed):
        feeds.watched.content(here.folder, file, 1_000)
    path.unlink()
    path.symlink_to("/etc/hostname")
    with pytest.raises(feeds.watched.Changed):
        feeds.watched.content(here.folder, file, 1_000)


def test_a_file_of_a_gigabyte_is_refused_unread(place: Callable[..., Place]) -> None:
    here = place()
    with (here.folder / DAY).open("wb") as file:
        file.truncate(2**30)
    (came,) = here.bring()
    assert came.sentence == f"{DAY} was refused: the file is 1,024 MB; the most this feed takes is 100 MB"
    assert "raise `largest` in [feeds.erp]" in (here.folder / f"refused/{DAY}.problems.txt").read_text()


def test_a_day_to_come_and_no_day_are_refused(place: Callable[..., Place]) -> None:
    here = place()
    here.put("open-2026-11-25.csv")
    here.put("open.csv")
    first, second = here.bring()
    assert "it is of 2026-11-25, and today is 2026-11-24" in first.sentence
    assert 'as_of = "written" in [feeds.erp]' in second.problems[0].suggestion


def test_a_folder_that_is_not_there_is_said_so(place: Callable[..., Place]) -> None:
    here = place()
    assert here.said() == [("failed", "the folder in cannot be read: No such file or directory")]
    assert here.state().failed == 1


def test_when_a_folder_is_due(place: Callable[..., Place]) -> None:
    here = place()
    here.folder.mkdir(exist_ok=True)

    def due() -> bool:
        engine = here.house.engine
        try:
            with database.reading(engine) as conn:
                return arrivals.due(conn, here.house.ws.files, here.now)
        finally:
            engine.dispose()

    assert due()  # seen for the first time
    here.bring()
    assert not due()
    here.put(DAY)
    assert due()
    here.bring()
    assert not due()
    here.put("open.csv.part")
    assert not due()
    os.mkfifo(here.folder / "pipe.csv")
    assert not due()
    here.later(minutes=20)
    assert due()
    here.bring()
    assert not due()


def test_a_silent_feed_is_told_but_not_for_a_weekend(place: Callable[..., Place]) -> None:
    here = place()
    here.now = datetime(2026, 11, 20, 12, tzinfo=UTC)  # a Friday
    here.put("open-2026-11-20.csv")
    here.bring()
    engine = here.house.engine

    def stale(days: float) -> list[str]:
        with database.reading(engine) as conn:
            found = arrivals.stale(conn, here.house.ws.files, here.now + timedelta(days=days))
        return [sentence for _, sentence in found]

    assert stale(1) == []
    assert stale(3) == []  # Monday
    told = ["the feed erp has brought nothing since 2026-11-20 07:00; it may be silent for 26 hours"]
    assert stale(3.5) == told
    # The watch raises it, and sees it over when the feed brings something.
    here.later(days=3.5)
    assert f"alarm feed: {told[0]}" in watch(here.house.ws, lambda: here.now, here.stop)
    here.put("open-2026-11-23.csv")
    here.bring()
    assert f"over: {told[0]}" in watch(here.house.ws, lambda: here.now, here.stop)
    engine.dispose()
