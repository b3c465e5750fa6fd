"""An account left in peace for a while."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.core.decision.ladder import STEP
from engine.errors import Refused
from engine.jobs.cases.who import Who, day_of, verb
from engine.store import tables as t
from engine.store.journal import Entry


def pause(
    engine: Engine,
    account: str,
    who: Who,
    *,
    because: str,
    until: date | None = None,
    kinds: Sequence[str] = (),
    step: str = "",
) -> str:
    """Let all steps of an account wait (or only these kinds, or this one step) through a day, or until somebody lifts it."""
    with verb(engine, account, who) as (conn, entries):
        if until is not None and until < who.on:
            raise Refused(f"{day_of(until)} is past", "write the last day of the pause")
        entries.append(paused(conn, account, who, because, until, kinds, step)[1])
        how_long = "until somebody lifts it" if until is None else f"through {day_of(until)}"
        if step:
            return f"{account}: “{step}” waits {how_long}. Its other steps go on."
        what = " and ".join(f"{kind}s" for kind in kinds) or "all steps"
        return f"{account}: {what} wait {how_long}."


def paused(
    conn: Connection,
    account: str,
    who: Who,
    because: str,
    until: date | None,
    kinds: Sequence[str],
    step: str = "",
) -> tuple[int, Entry]:
    """As `pause`, in a transaction that is open already. The number of the pause, and what to put in the journal."""
    held = f"{STEP}{step}" if step else ", ".join(kinds)
    values = {"kinds": held, "from_day": who.on, "until": until, "because": because, "by": who.by}
    made = conn.execute(sa.insert(t.pause).values(company=who.company, account=account, **values))
    body = {"kinds": list(kinds), "from": who.on, "until": until, "by": who.by}
    body |= {"step": step} if step else {}
    number = made.inserted_primary_key[0] if made.inserted_primary_key else 0
    return number, Entry("pause", account, body, {"because": because})


def lift_pause(engine: Engine, account: str, who: Who) -> str:
    """End the pauses of an account: its steps go on from tomorrow."""
    with verb(engine, account, who) as (conn, entries):
        running = (
            t.pause.c.company == who.company,
            t.pause.c.account == account,
            sa.or_(t.pause.c.until.is_(None), t.pause.c.until > who.on),
        )
        if not conn.execute(sa.update(t.pause).where(*running).values(until=who.on)).rowcount:
            raise Refused(f"{account} is not paused")
        entries.append(Entry("pause lifted", account, {"by": who.by, "on": who.on}))
        return f"{account} goes on from tomorrow."
