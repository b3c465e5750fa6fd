"""What the ledger system shows of an account's terms and hold, against what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy.engine import Connection

from engine.core import warnings
from engine.core.cases.restrictions import Standing, What, read_terms
from engine.store import alarms, restrictions
from engine.store.journal import Entry
from engine.store.restrictions import Restriction
from engine.store.tables import COMPANY


def about(account: str, kind: str) -> str:
    """What the alarm of a difference is about."""
    return f"I5 {account} {kind}"


def took_over(
    conn: Connection, account: str, kind: str, state: str, on: date, by: str, company: str = COMPANY
) -> list[Entry]:
    """It shows this state: what was asked for, and is so, is confirmed. What to put in the journal."""
    told: list[Entry] = []
    for one in restrictions.standing(conn, account, company=company):
        if one.kind == kind and _same(one, state):
            told += restrictions.confirmed(conn, one, on, by)
    return told


def compared(
    conn: Connection, kind: str, states: Mapping[str, str | None], on: date, by: str, at: datetime
) -> list[Entry]:
    """It shows these states, by account, as of now: what is so is confirmed, what is not is an alarm.

    What was asked for on the same day may still be on its way. What has paid, and waits for its way back, may be back
    already.
    """
    told: list[Entry] = []
    for one in restrictions.standing(conn):
        state = states.get(one.account)
        if one.kind != kind or not state:
            continue
        if _same(one, state):
            told += restrictions.confirmed(conn, one, on, by)
            alarms.cleared(conn, alarms.INVARIANT, at, about(one.account, kind))
        elif _since(one) < on and one.state is not Standing.PROPOSED:
            says = f"it says “{state}”, and “{restrictions.desired(one)}” was asked for"
            sentence = warnings.not_taken_over(one.account, by, says)
            alarms.raised(conn, alarms.INVARIANT, about(one.account, kind), sentence, at)
    return told


def _same(one: Restriction, state: str) -> bool:
    wanted = restrictions.desired(one)
    return state == wanted or (one.kind is What.TERMS and read_terms(state) == wanted)


def _since(one: Restriction) -> date:
    """The day on which the ledger system was asked for what it is to have."""
    return one.ended_on if one.state is Standing.RELEASING and one.ended_on else one.asked_on
