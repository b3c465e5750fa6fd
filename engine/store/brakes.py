"""The brakes, put on and taken off. While one is on, nothing is decided and nothing is sent: which are is in `halts`.

Each kind stands for itself, and the house goes on when none is left. Functions work inside the caller's
transaction, so a brake holds from the next claim and the next run on; what is in hand is finished.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.store import alarms, noted
from engine.store.halts import BRAKE, KINDS, Halt, halts
from engine.store.tables import COMPANY, setting


def halt(conn: Connection, kind: str, because: str, by: str, at: datetime, company: str = COMPANY) -> Halt:
    """Put a brake on. One of its kind that is on already stays as it is, and is given back."""
    assert kind in KINDS, kind
    for found in halts(conn, company):
        if found.kind == kind:
            return found
    made = Halt(kind, because, by, at.astimezone(UTC))
    row = as_setting(kind, because, by, at, company)
    conn.execute(sa.insert(setting).values(dict(zip(("company", "name", "value"), row, strict=True))))
    alarms.raised(conn, alarms.STOPPED, kind, made.sentence, at, company)
    _write_down(conn, "halt", {"kind": kind, "by": by}, {"because": because}, at, company)
    return made


def identity(engine: Engine) -> tuple[int, int] | None:
    """Which file has the database's name now; None for one on a server.

    A service that finds another one than at its start works on a file that was put there meanwhile: it ends,
    and whoever starts next looks at it. A missing file is (0, 0).
    """
    if engine.dialect.name != "sqlite" or engine.url.database in (None, "", ":memory:"):
        return None
    try:
        found = Path(str(engine.url.database)).stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_dev, found.st_ino


def as_setting(
    kind: str, because: str, by: str, at: datetime, company: str = COMPANY
) -> tuple[str, str, str]:
    """A brake as a row of the table `setting`: company, name, value."""
    told = {"because": because, "by": by, "at": at.astimezone(UTC).isoformat()}
    return company, BRAKE + kind, json.dumps(told)


def lift(
    conn: Connection, kind: str, by: str, at: datetime, because: str = "", company: str = COMPANY
) -> bool:
    """Take a brake off. False where it was not on."""
    if not noted.take(conn, BRAKE + kind, company):
        return False
    alarms.cleared(conn, alarms.STOPPED, at, kind, company)
    _write_down(
        conn, "halt lifted", {"kind": kind, "by": by}, {"because": because} if because else {}, at, company
    )
    return True


def _write_down(
    conn: Connection, kind: str, body: dict[str, str], person: dict[str, str], at: datetime, company: str
) -> None:
    from engine.store import journal

    journal.append(conn, [journal.Entry(kind, "", body, person)], at, company)
