"""Somebody else has listened to a call: their marks are kept with it, to learn from."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from engine.core.sentences import SELF_CHECK
from engine.errors import NotFound, Refused
from engine.jobs.cases.who import Who, day_of, known
from engine.store import journal
from engine.store import tables as t
from engine.store.database import writing
from engine.store.journal import Entry
from engine.store.moments import moment_text

BEST = 5


def review(engine: Engine, number: int, marks: Mapping[str, int], who: Who, *, note: str = "") -> str:
    """Keep marks of 1 to 5 for a call, by the names of the self-check. A call may be reviewed again; all reviews stay."""
    if not marks and not note:
        raise Refused("there is nothing to keep", f"give a mark, as in --mark listening=4; {_names()}")
    for name, mark in marks.items():
        known("mark", name, list(SELF_CHECK))
        if not 1 <= mark <= BEST:
            raise Refused(f"{mark} is no mark", f"marks go from 1 to {BEST}, {BEST} is the best")
    with writing(engine) as conn:
        mine = (t.call.c.company == who.company, t.call.c.id == number)
        row = conn.execute(sa.select(t.call).where(*mine)).first()
        if row is None:
            raise NotFound("call", str(number))
        if row.by.lower() == who.by.lower():
            raise Refused(f"call {number} was made by {row.by}", "somebody else reviews it")
        before = orjson.loads(row.quality) if row.quality else []
        made = {"by": who.by, "at": moment_text(who.at), "marks": dict(marks), "note": note}
        text = orjson.dumps([*before, made]).decode()
        conn.execute(sa.update(t.call).where(*mine).values(quality=text))
        body = {"call": number, "marks": dict(marks), "by": who.by, "on": who.on}
        journal.append(
            conn,
            [Entry("call reviewed", row.account, body, {"note": note} if note else {})],
            who.at,
            who.company,
        )
        said = ", ".join(f"{name} {mark}" for name, mark in marks.items()) or "a remark"
        return f"Call {number} with {row.account} on {day_of(row.on)}, by {row.by}: {said}."


def _names() -> str:
    return "marks: " + ", ".join(SELF_CHECK)
