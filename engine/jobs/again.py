"""Decided again at the last moment: is what was planned still what the same policies would do, for the same items and amounts?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import orjson
import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core import sentences
from engine.core.decision.choose import Choice, Verdict
from engine.core.decision.decide import Decided, decide
from engine.core.decision.ladder import effect_bits
from engine.core.decision.plan import day_of
from engine.core.decision.signature import NONE
from engine.core.decision.state import Pending, State
from engine.core.language.policy import PolicyBook, Step
from engine.core.sentences import Reason
from engine.jobs.records import Listed, listed
from engine.jobs.workspace import Workspace
from engine.store.state import load_state
from engine.store.tables import action

# What only says when: the step stays what it was, so these do not undo it. Its sister actions may have caused them.
_TIMING = frozenset(
    {Reason.GAP, Reason.ANSWER, Reason.CONTACT_LIMIT, Reason.CLOSED_DAY, Reason.NO_CAPACITY, Reason.APPROVAL}
)


@dataclass(frozen=True, slots=True)
class Again:
    """The answer: `reason` is empty where it still goes. `lists` is what it asks for now."""

    action: Any  # the row of the table `action`, as a mapping
    detail: dict[str, Any]
    reason: str
    lists: Listed | None = None


def again(ws: Workspace, conn: Connection, key: str, now: datetime) -> Again:
    """Decide one planned action again on what is known in this transaction."""
    found = conn.execute(sa.select(action).where(action.c.key == key)).mappings().one()
    detail = orjson.loads(found["detail"])
    book = ws.live
    policy = book.policy(found["policy"])
    step = policy.step(found["step"]) if policy else None
    if policy is None or step is None:
        return Again(found, detail, sentences.STEP_GONE)
    on = ws.today(now)
    state = load_state(
        conn, on=on, moment=now, currency=book.house.currency, own=ws.own_columns, account=found["account"]
    )
    if not state.accounts.height:
        return Again(found, detail, sentences.PAID)
    bare = replace(book, house=replace(book.house, capacity={}, stop={}))
    stale = book.house.fresh > 0 and state.age > book.house.fresh
    decided = decide(
        bare, _as_before(state, found, detail, step), day_of(book, ws.calendar, on, stale), ws.rules[:1]
    )
    unit = _unit(decided, found)
    if unit is None:
        return Again(found, detail, sentences.PAID)
    choice = decided.choices[int(decided.unit_class[unit])]
    reason = _objection(book, found, choice)
    if reason:
        return Again(found, detail, reason)
    mask = np.zeros(len(decided.portfolio.unit_row), dtype=bool)
    mask[unit] = True
    lists = listed(book, decided, mask).get(unit)
    if lists is None or lists.items != detail.get("items"):
        return Again(found, detail, sentences.CHANGED)
    return Again(found, detail, "", lists)


def _as_before(state: State, found: Any, detail: dict[str, Any], step: Step) -> State:
    """The account as if nothing of this step had been done: its own marks, effects and what is under way are its sisters'."""
    pairs = {(item, name) for item, name in detail.get("marks", [])}
    marks = state.marks
    own = [(item, name) in pairs for item, name in marks.select("item", "step").iter_rows()]
    effects = pl.col("effects") & (255 ^ effect_bits(step))
    approved = state.pending.clear()
    if step.approve:
        waits = {
            "row": 0,
            "item": found["item"] if found["each"] else None,
            "policy": found["policy"],
            "step": step.name,
        }
        waits |= {"state": Pending.APPROVED.value, "since": found["on"], "not_before": None, "attempts": 0}
        approved = pl.DataFrame([waits], schema=state.pending.schema)
    repeats = state.repeats.filter(pl.col("step") != step.name) if found["occurrence"] else state.repeats
    return replace(
        state,
        accounts=state.accounts.with_columns(effects),
        marks=marks.filter(~pl.Series(own, dtype=pl.Boolean)),
        pending=approved,
        repeats=repeats,
    )


def _unit(decided: Decided, found: Any) -> int | None:
    view = decided.portfolio
    if not found["each"]:
        return 0 if len(view.unit_row) else None
    for unit, index in enumerate(view.unit_item.tolist()):
        if index != NONE and view.items["item"][index] == found["item"]:
            return unit
    return None


def _objection(book: PolicyBook, found: Any, choice: Choice) -> str:
    """Why it no longer goes, or nothing."""
    if choice.verdict is Verdict.NOTHING:
        return sentences.PAID if choice.reason is Reason.NOT_OVERDUE else choice.reason.value
    if choice.policy != found["policy"] or choice.step != found["step"]:
        return sentences.OTHER_STEP
    if choice.verdict is Verdict.HELD and choice.reason not in _TIMING:
        return choice.reason.value
    return ""
