"""A preview writes nothing, anywhere, and shows what the run then does."""

from __future__ import annotations

import hashlib
import os
import shutil
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from engine.core.language.policy import Kind
from engine.jobs import ahead
from engine.jobs.cases import close_dispute, open_dispute
from engine.jobs.diff import diff
from engine.store import database
from engine.store.tables import metadata
from tests.jobs.world import STANDARD, House, moment


def _bytes(root: Path) -> dict[str, tuple[str, int]]:
    """Every file below a folder, the database's log beside it too: its digest and when it was changed."""
    files = (path for path in sorted(root.rglob("*")) if path.is_file())
    return {
        str(path): (hashlib.sha256(path.read_bytes()).hexdigest(), os.stat(path).st_mtime_ns)
        for path in files
    }


def _tables(house: House) -> dict[str, str]:
    engine = house.engine
    with database.reading(engine) as conn:
        found = {
            table.name: hashlib.sha256(
                repr(sorted(map(repr, conn.execute(sa.select(table))))).encode()
            ).hexdigest()
            for table in metadata.sorted_tables
        }
    engine.dispose()
    return found


def test_a_preview_writes_nothing_anywhere(house: House, tmp_path: Path) -> None:
    house.run("2026-10-05")
    _ = house.ws
    before, rows = _bytes(tmp_path), _tables(house)
    if make_url(house.url).get_backend_name() == "sqlite":
        assert str(tmp_path / "dunwell.db") in before
    assert _bytes(tmp_path) == before, "looking at the tables changes nothing either"
    for day in ("2026-10-05", "2026-10-06"):
        house.preview(day)
    assert _bytes(tmp_path) == before
    assert _tables(house) == rows


def test_a_preview_shows_what_the_run_does(house: House) -> None:
    coming = sorted((one.account, one.kind.value) for one in house.preview("2026-10-05", days=1).actions)
    assert coming == [("ACME", "email"), ("BOLT", "email")]
    assert house.run("2026-10-05").by_kind == {"email": 2}
    assert house.preview("2026-10-05", days=1).actions == (), "what is on its way is not shown as to come"


def test_a_look_from_tomorrow_on_knows_what_the_night_releases(house: House) -> None:
    """Today's run is made, so a change counts from tomorrow: the dispute that was closed today holds no more then."""
    who, now = house.who("2026-10-05"), moment("2026-10-05", "12:00")
    house.do(lambda engine: open_dispute(engine, "ACME", "A1", "short shipment", who, ws=house.ws))
    house.do(lambda engine: close_dispute(engine, "ACME", "A1", who, closed_for="us", result="complete"))
    assert house.day("2026-10-05").sent == {"email": 1}
    before = house.root / "before"
    shutil.copytree(house.root / "policies", before)
    house.write("standard", STANDARD.replace("day: 40", "day: 41"))
    found = diff(house.ws, str(before), start=date(2026, 10, 5), days=5, now=now)
    assert found.impact is not None
    assert [(str(day.on), day.before) for day in found.impact.days][:1] == [("2026-10-06", {Kind.EMAIL: 1})]
    assert [
        (one.account, str(one.on))
        for one in ahead.preview(house.ws, start=date(2026, 10, 6), days=1, now=now).actions
    ] == [("ACME", "2026-10-06")]
    later = diff(house.ws, str(before), start=date(2026, 10, 7), days=1, now=now)
    assert later.impact is not None
    assert later.impact.days[0].before == {}, "the day before has sent it"
    assert ahead.preview(house.ws, start=date(2026, 10, 7), days=1, now=now).actions == ()
