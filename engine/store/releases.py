"""Which policies and messages are live, which wait for a second person, and which are not good: each with its texts.

One release is live at a time, and at most one stands beside it: a change that waits, or one that has problems.
Functions work inside the caller's transaction, and this module stays light.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.problem import Problem
from engine.store.moments import moment_text
from engine.store.tables import COMPANY, release, setting

_SETTINGS = "settings looked at"


class State(StrEnum):
    """What became of a release."""

    STAGED = "staged"  # good, and waits for a second person
    BROKEN = "broken"  # has problems, and is never live
    LIVE = "live"  # decides
    REPLACED = "replaced"  # was live
    DECLINED = "declined"  # a person said no to just these texts: they are not taken again by themselves
    WITHDRAWN = "withdrawn"  # the files were changed again before anybody had answered


@dataclass(frozen=True, slots=True)
class Release:
    """One state of all policies and messages. `problems` are sentences with their places; moments are UTC."""

    id: int
    hash: str
    book: str | None
    state: State
    problems: tuple[str, ...]
    staged_at: datetime
    staged_by: str
    live_at: datetime | None
    live_by: str
    ended_at: datetime | None
    because: str


def live(conn: Connection, company: str = COMPANY) -> Release | None:
    """The release that decides; None before the first."""
    return _one(conn, company, release.c.state == State.LIVE.value)


def standing(conn: Connection, company: str = COMPANY) -> Release | None:
    """The change that waits for a second person, or that has problems."""
    return _one(conn, company, release.c.state.in_([State.STAGED.value, State.BROKEN.value]))


def of_hash(conn: Connection, hash: str, company: str = COMPANY) -> Release | None:
    """The last release with just these texts."""
    return _one(conn, company, release.c.hash == hash)


def find(conn: Connection, number: int, company: str = COMPANY) -> Release | None:
    return _one(conn, company, release.c.id == number)


def before(conn: Connection, company: str = COMPANY) -> Release | None:
    """The release that was replaced last: neither the live one, nor one that somebody went back from."""
    return _one(conn, company, release.c.state == State.REPLACED.value, order=release.c.ended_at.desc())


def all_live(conn: Connection, limit: int = 10, company: str = COMPANY) -> tuple[Release, ...]:
    """What is or was live, the latest first."""
    query = _RELEASES.where(release.c.company == company, release.c.live_at.is_not(None))
    rows = conn.execute(query.order_by(release.c.live_at.desc(), release.c.id.desc()).limit(limit))
    return tuple(_release(row) for row in rows)


def texts(conn: Connection, number: int) -> dict[str, str]:
    """The texts of a release, by their path from the workspace."""
    found: str = conn.execute(sa.select(release.c.texts).where(release.c.id == number)).scalar_one()
    kept: dict[str, str] = json.loads(found)
    return kept


def stage(
    conn: Connection,
    hash: str,
    book: str | None,
    kept: Mapping[str, str],
    by: str,
    at: datetime,
    problems: Sequence[Problem] = (),
    company: str = COMPANY,
) -> int:
    """Write a change down, in place of the one that stood there; with problems it is broken. Its number.

    The texts of a broken one are not kept: they are in the files.
    """
    withdraw(conn, at, company)
    values = {
        "company": company,
        "hash": hash,
        "book": book,
        "texts": json.dumps({} if problems else dict(kept), ensure_ascii=True),
        "state": (State.BROKEN if problems else State.STAGED).value,
        "problems": json.dumps([f"{problem.place}: {problem.sentence}" for problem in problems]),
        "staged_at": moment_text(at),
        "staged_by": by,
    }
    made = conn.execute(sa.insert(release).values(**values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def withdraw(conn: Connection, at: datetime, company: str = COMPANY) -> bool:
    """The files are no longer as they were staged. True where something stood beside the live release."""
    stands = (
        release.c.company == company,
        release.c.state.in_([State.STAGED.value, State.BROKEN.value]),
    )
    change = {"state": State.WITHDRAWN.value, "ended_at": moment_text(at), "texts": "{}"}
    return bool(conn.execute(sa.update(release).where(*stands).values(**change)).rowcount)


def make_live(
    conn: Connection, number: int, by: str, at: datetime, because: str = "", company: str = COMPANY
) -> None:
    """From now on this release decides; the one that did is replaced."""
    was = (release.c.company == company, release.c.state == State.LIVE.value)
    conn.execute(sa.update(release).where(*was).values(state=State.REPLACED.value, ended_at=moment_text(at)))
    change: dict[str, str | None] = {"state": State.LIVE.value, "live_at": moment_text(at), "live_by": by}
    change |= {"ended_at": None, "because": because}
    conn.execute(sa.update(release).where(release.c.id == number).values(**change))


def decline(conn: Connection, number: int, at: datetime, because: str) -> None:
    """A person says no to these texts. As long as the files hold just them, they are not taken again."""
    change = {"state": State.DECLINED.value, "ended_at": moment_text(at), "because": because}
    conn.execute(sa.update(release).where(release.c.id == number).values(**change))


def looked_again(conn: Connection, number: int, problems: Sequence[Problem], at: datetime) -> None:
    """A broken one was checked once more, and is still broken."""
    said = json.dumps([f"{problem.place}: {problem.sentence}" for problem in problems])
    conn.execute(
        sa.update(release).where(release.c.id == number).values(problems=said, staged_at=moment_text(at))
    )


def settings_seen(conn: Connection, company: str = COMPANY) -> str:
    """The stamp of the settings' file as it was when the live release was last checked against it."""
    mine = (setting.c.company == company, setting.c.name == _SETTINGS)
    return str(conn.execute(sa.select(setting.c.value).where(*mine)).scalar() or "")


def saw_settings(conn: Connection, stamp: str, company: str = COMPANY) -> None:
    mine = (setting.c.company == company, setting.c.name == _SETTINGS)
    conn.execute(sa.delete(setting).where(*mine))
    conn.execute(sa.insert(setting).values(company=company, name=_SETTINGS, value=stamp))


_COLUMNS = ("id", "hash", "book", "state", "problems", "staged_at", "staged_by")
_RELEASES = sa.select(*(release.c[name] for name in (*_COLUMNS, "live_at", "live_by", "ended_at", "because")))


def _one(conn: Connection, company: str, *which: sa.ColumnElement[bool], order: Any = None) -> Release | None:
    query = _RELEASES.where(release.c.company == company, *which)
    orders = [release.c.id.desc()] if order is None else [order, release.c.id.desc()]
    row = conn.execute(query.order_by(*orders).limit(1)).first()
    return None if row is None else _release(row)


def _release(row: sa.Row[Any]) -> Release:
    return Release(
        row.id,
        row.hash,
        row.book,
        State(row.state),
        tuple(json.loads(row.problems)),
        datetime.fromisoformat(row.staged_at),
        row.staged_by,
        None if row.live_at is None else datetime.fromisoformat(row.live_at),
        row.live_by or "",
        None if row.ended_at is None else datetime.fromisoformat(row.ended_at),
        row.because,
    )
