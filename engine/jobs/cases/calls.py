"""What came of a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.core.workdays import Calendar
from engine.errors import Refused
from engine.jobs.cases.who import Who, change_action, day_of, known, verb
from engine.store import asked, bulk, marks
from engine.store import tables as t
from engine.store.journal import Entry
from engine.store.outbox import text as moment_text
from engine.store.tables import ActionState

# Nobody was reached; the first three put a call back, twice, a day apart.
PUT_BACK = ("no answer", "busy", "voicemail")
NOT_REACHED = (*PUT_BACK, "wrong number")
OUTCOMES = (
    *NOT_REACHED,
    *(
        "hung up",
        "check in the mail",
        "no invoice",
        "promise to pay",
        "vague promise",
        "dispute",
        "hardship",
        "angry",
    ),
    *(
        "callback requested",
        "paid already",
        "payment plan agreed",
        "return agreed",
        "refused",
        "insolvent",
        "abusive",
    ),
)
_TIMES = 2


def log_call(
    engine: Engine,
    account: str,
    outcome: str,
    who: Who,
    calendar: Calendar,
    *,
    key: str | None = None,
    spoken_with: str = "",
    answers: Mapping[str, Any] | None = None,
    note: str = "",
    outcomes: Sequence[str] = OUTCOMES,
) -> str:
    """Write down a call's outcome; the call on the list for this account (or of this key) is taken by it.

    No answer, busy and voicemail put it back twice, each time to the next open day; the third time it is
    taken too. A call that was on no list is kept as a contact. `outcomes` are the words that are known.
    """
    with verb(engine, account, who) as (conn, entries):
        known("outcome", outcome, outcomes)
        found = _open_call(conn, account, key, outcome, who)
        values = {
            "company": who.company,
            "account": account,
            "action": found.key if found else None,
            "outcome": outcome,
            "reached": int(outcome not in NOT_REACHED),
            "spoken_with": spoken_with or None,
            "answers": bulk.write_json(answers or {}),
            "note": note,
            "on": who.on,
            "at": moment_text(who.at),
            "by": who.by,
        }
        conn.execute(sa.insert(t.call).values(**values))
        body = {"outcome": outcome, "by": who.by, "on": who.on, "key": values["action"]}
        said = {name: text for name, text in (("spoken_with", spoken_with), ("note", note)) if text}
        said |= {f"answer {name}": str(value) for name, value in (answers or {}).items()}
        entries.append(Entry("call", account, body, said))
        if found is None:
            return f"{account}: {outcome}. No call was on the list; it is kept as a contact."
        tries = found.attempts + 1
        if outcome in PUT_BACK and tries <= _TIMES:
            again = calendar.add_open(who.on, 1)
            change_action(
                conn, found.key, ActionState.PUT_BACK, outcome, who, attempts=tries, not_before=again
            )
            return (
                f"{account}: {outcome}. The call is put back to {day_of(again)} ({tries} of {_TIMES} times)."
            )
        change_action(conn, found.key, ActionState.DONE, outcome, who, attempts=tries)
        marks.take(conn, found.key, who.at, who.on)
        return f"{account}: {outcome}. “{found.step}” is done."


def _open_call(conn: Connection, account: str, key: str | None, outcome: str, who: Who) -> Any | None:
    state = t.action.c.state
    there: sa.ColumnElement[bool] = state.in_([ActionState.PLANNED.value, ActionState.PUT_BACK.value])
    ended = state == ActionState.CANCELLED.value
    if outcome not in PUT_BACK:
        # The promise or dispute that the same call brought may have been written down before the call was.
        just_now = (t.action.c.reason.in_(asked.SET_ASIDE.values()), t.action.c.since == who.on)
        there = sa.or_(there, sa.and_(ended, *just_now))
    query = sa.select(t.action).where(
        t.action.c.company == who.company,
        t.action.c.account == account,
        t.action.c.kind == "call",
        there,
    )
    if key is not None:
        query = query.where(t.action.c.key == key)
    found = conn.execute(query.order_by(ended, t.action.c.day.desc())).first()
    if key is not None and found is None:
        raise Refused(f"this call of {account} is not on the list any more", "see what is, with dunwell list")
    return found
