"""What becomes of a release: it is staged, live, declined, replaced. Which there are is in `released`.

Functions work inside the caller's transaction, and this module stays light.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.problem import Problem
from engine.store import noted
from engine.store.moments import moment_text
from engine.store.released import SETTINGS, State
from engine.store.tables import COMPANY, release


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


def saw_settings(conn: Connection, stamp: str, company: str = COMPANY) -> None:
    noted.put(conn, SETTINGS, stamp, company)
