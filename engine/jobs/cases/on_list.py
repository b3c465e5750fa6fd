"""The call on the list that somebody has made: whose it is, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.cases.outcomes import PUT_BACK, TRIES
from engine.core.language.policy import Kind
from engine.core.sentences import calls as sentences
from engine.errors import Refused
from engine.jobs.cases.who import Who, change_action, day_of
from engine.store import asked, marks
from engine.store import tables as t
from engine.store.moments import moment_text
from engine.store.tables import OUTCOMES, ActionState

_ON_LIST = (ActionState.PLANNED.value, ActionState.PUT_BACK.value)


@dataclass(frozen=True, slots=True)
class Listed:
    """The call that was made, as a row of the table `action`, and others of the account that were due as well."""

    row: Any | None
    others: Sequence[Any] = ()

    @property
    def follows(self) -> int | None:
        """The number of the call before, where this one followed it."""
        found: int | None = orjson.loads(self.row.detail).get("call") if self.row is not None else None
        return found

    @property
    def role(self) -> str:
        return str(self.row.role) if self.row is not None else ""


def find(
    conn: Connection,
    account: str,
    key: str | None,
    outcome: str,
    who: Who,
    *,
    zone: str = "UTC",
    another: bool = True,
    person: str | None = None,
    called: Callable[[str], str] = str,
) -> Listed:
    """The call of an account that is on the list, or of this key. Refused where somebody has logged it already.

    With `another` a call that is on no list is one of its own. A refusal says when by the office's `zone`, and whoever it
    was by the name that `called` gives.
    """
    state = t.action.c.state
    there: sa.ColumnElement[bool] = state.in_(_ON_LIST)
    ended = state == ActionState.CANCELLED.value
    if outcome not in PUT_BACK:
        # The promise or dispute that the same call brought may have been written down before the call was.
        just_now = (t.action.c.reason.in_(asked.SET_ASIDE.values()), t.action.c.since == who.on)
        there = sa.or_(there, sa.and_(ended, *just_now))
    query = sa.select(t.action).where(
        t.action.c.company == who.company,
        t.action.c.account == account,
        t.action.c.kind == Kind.CALL.value,
        there,
    )
    if key is not None:
        query = query.where(t.action.c.key == key)
    ladder_first = sa.case((t.action.c.policy == OUTCOMES, 1), else_=0)
    # Two who log the same call at the same time: the second waits here, and finds it gone.
    rows = conn.execute(query.order_by(ended, ladder_first, t.action.c.day.desc()).with_for_update()).all()
    rows = [row for row in rows if key is not None or _due(row, who, person)]
    if not rows and (key is not None or not another):
        _refuse_second(conn, account, key, who, zone, called)
    if not rows:
        return Listed(None)
    first, rest = rows[0], [row for row in rows[1:] if row.state in _ON_LIST]
    # Under `each: invoice` every invoice has a call of its own.
    with_it = [row for row in rest if OUTCOMES in (first.policy, row.policy) and not row.each]
    return Listed(first, with_it)


def _due(row: Any, who: Who, person: str | None) -> bool:
    """Whether this is the call that was made: a follow-up to come is not, unless its own caller made it earlier that day."""
    if row.policy != OUTCOMES or row.not_before is None:
        return True
    if row.not_before > who.on:
        return False
    early = row.not_before_at is not None and row.not_before_at > moment_text(who.at)
    return not early or row.person is None or row.person == person


def _refuse_second(
    conn: Connection, account: str, key: str | None, who: Who, zone: str, called: Callable[[str], str]
) -> None:
    mine = (t.call.c.company == who.company, t.call.c.account == account, t.call.c.action.is_not(None))
    which = t.call.c.action == key if key is not None else t.call.c.on == who.on
    query = sa.select(t.call).where(*mine, which).order_by(t.call.c.id.desc())
    logged = conn.execute(query.limit(1)).first()
    if logged is not None:
        at = datetime.fromisoformat(logged.at).astimezone(ZoneInfo(zone))
        when = f"{at:%H:%M}" if logged.on == who.on else f"{at:%H:%M} on {day_of(logged.on)}"
        raise Refused(*sentences.logged_already(account, called(logged.by), when, logged.outcome))
    if key is not None:
        raise Refused(
            f"this call of {account} is not on the list any more", "see what is, with dunwell worklist"
        )


def put_back(
    conn: Connection,
    listed: Listed,
    outcome: str,
    who: Who,
    day: date,
    at: datetime | None = None,
    person: str | None = None,
) -> int | None:
    """Nobody was reached: the call comes back, twice. Which time it is; None: it counts as made."""
    row = listed.row
    if row is None or row.attempts >= TRIES:
        return None
    more: dict[str, Any] = {"not_before_at": moment_text(at) if at else None}
    if person is not None:
        more["person"] = person
    tries = int(row.attempts) + 1
    change_action(conn, row.key, ActionState.PUT_BACK, outcome, who, attempts=tries, not_before=day, **more)
    return tries


def made(conn: Connection, listed: Listed, outcome: str, who: Who) -> str:
    """The call was made: its step is taken. Others that were due are made with it."""
    row = listed.row
    if row is None:
        return "No call was on the list; it is kept as a contact."
    change_action(conn, row.key, ActionState.DONE, outcome, who, attempts=row.attempts + 1)
    marks.take(conn, row.key, who.at, who.on)
    for other in listed.others:
        change_action(conn, other.key, ActionState.DONE, sentences.SAME_CALL, who)
        marks.take(conn, other.key, who.at, who.on)
    return f"“{row.step}” is done."
