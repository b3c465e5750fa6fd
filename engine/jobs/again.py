"""Decided again at the last moment: is what was planned still what the same policies would do, for the same items and amounts?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import orjson
import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from engine.core import sentences
from engine.core.decision.choose import Choice, Verdict
from engine.core.decision.decide import Decided, decide
from engine.core.decision.ladder import contacts, effect_bits
from engine.core.decision.plan import day_of
from engine.core.decision.signature import NONE
from engine.core.decision.state import Pending, State
from engine.core.language.policy import Step
from engine.core.sentences import Reason
from engine.jobs.listing import Listed, listed
from engine.jobs.workspace import Workspace
from engine.store import runs
from engine.store.state import load_state
from engine.store.tables import action

# What only says when: the step stays what it was, so these do not undo it. Its sister actions may have caused them.
_TIMING = frozenset(
    {Reason.GAP, Reason.ANSWER, Reason.CONTACT_LIMIT, Reason.CLOSED_DAY, Reason.NO_CAPACITY, Reason.APPROVAL}
)


@dataclass(frozen=True, slots=True)
class Again:
    """The answer: `reason` is empty where it still goes. `lists` is what it asks for now, `zone` the customer's own.

    `waits`: it is not called off, since nobody can say whether it should go: the ledger is too old, or a person
    must look at it first.
    """

    action: RowMapping  # the row of the table `action`
    detail: Mapping[str, Any]
    reason: str = ""
    lists: Listed | None = None
    zone: str = ""
    waits: bool = False


@dataclass(frozen=True, slots=True)
class _Planned:
    """A planned action with its step, as the policies now have it."""

    action: RowMapping
    detail: Mapping[str, Any]
    step: Step

    @property
    def account(self) -> str:
        return str(self.action["account"])


def again(ws: Workspace, conn: Connection, keys: Sequence[str], now: datetime) -> dict[str, Again]:
    """Decide planned actions again on what is known in this transaction. At most one of an account.

    While a ledger that changed too much has not been looked at, no demand goes and none is called off: absence
    from a truncated file is no payment. While the ledger is too old, what it would let go waits for a newer one.
    """
    book, on = ws.live, ws.today(now)
    answers: dict[str, Again] = {}
    planned: list[_Planned] = []
    held = runs.hold(conn)
    for found in conn.execute(sa.select(action).where(action.c.key.in_(keys))).mappings():
        detail = orjson.loads(found["detail"])
        policy = book.policy(found["policy"])
        step = policy.step(found["step"]) if policy else None
        if step is None:
            answers[found["key"]] = Again(found, detail, sentences.STEP_GONE)
        elif held and step.demand and contacts(step):
            answers[found["key"]] = Again(found, detail, held, waits=True)
        else:
            planned.append(_Planned(found, detail, step))
    if not planned:
        return answers
    mine = [one.account for one in planned]
    assert len(set(mine)) == len(mine), "two actions of an account are decided one after the other"
    state = load_state(
        conn, on=on, moment=now, currency=book.house.currency, own=ws.own_columns, accounts=mine
    )
    bare = replace(book, house=replace(book.house, capacity={}, stop={}))
    stale = book.house.fresh > 0 and state.age > book.house.fresh
    day = day_of(book, ws.calendar, on, stale)
    rows = {account: row for row, account in enumerate(state.accounts["account"].to_list())}
    zones = state.accounts["time_zone"].to_list()
    decided = decide(bare, _as_before(state, planned, rows), day, ws.rules[:1]) if rows else None
    units = {one.account: _unit(decided, one, rows.get(one.account)) for one in planned}
    mask = np.zeros(len(decided.portfolio.unit_row) if decided else 0, dtype=bool)
    mask[[unit for unit in units.values() if unit is not None]] = True
    lists = listed(book, decided, mask) if decided else {}
    for one in planned:
        unit = units[one.account]
        if decided is None or unit is None:
            answers[one.action["key"]] = Again(one.action, one.detail, sentences.PAID)
            continue
        choice = decided.choices[int(decided.unit_class[unit])]
        reason = _objection(one.action, choice)
        found_now = lists.get(unit)
        if not reason and (found_now is None or found_now.items != one.detail.get("items")):
            reason = sentences.CHANGED
        if not reason and stale and one.step.demand and contacts(one.step):
            reason = Reason.STALE.value  # a gate that only says when may stand before this one
        old = reason == Reason.STALE.value
        zone = zones[rows[one.account]] or ws.settings.workspace.zone
        answers[one.action["key"]] = Again(one.action, one.detail, reason, found_now, zone, waits=old)
    return answers


def _as_before(state: State, planned: Iterable[_Planned], rows: Mapping[str, int]) -> State:
    """The accounts as if nothing of these steps had been done: their own marks, effects and what is under way are their
    sisters'."""
    effects = np.full(state.accounts.height, 255, dtype=np.uint8)
    marks: list[tuple[int, str, str]] = []
    approved: list[dict[str, Any]] = []
    repeats: list[tuple[int, str, str, int, Any]] = []
    for one in planned:
        row = rows.get(one.account)
        if row is None:
            continue
        found, step = one.action, one.step
        effects[row] &= 255 ^ effect_bits(step)
        marks += [(row, item, name) for item, name in one.detail.get("marks", [])]
        if step.approve:
            own = {"item": found["item"] if found["each"] else None, "policy": found["policy"]}
            waits = {"state": Pending.APPROVED.value, "since": found["on"], "not_before": None, "attempts": 0}
            approved.append({"row": row, "step": step.name, **own, **waits})
        if step.repeat is not None and found["occurrence"]:
            # It was due on its day, so it is now, whatever a sister has done since.
            last = found["on"] - timedelta(days=step.repeat.every)
            repeats.append((row, found["policy"], step.name, found["occurrence"], last))
    done = pl.DataFrame(
        marks, schema={name: state.marks.schema[name] for name in ("row", "item", "step")}, orient="row"
    )
    earlier = pl.DataFrame(repeats, schema=state.repeats.schema, orient="row")
    return replace(
        state,
        accounts=state.accounts.with_columns(pl.col("effects") & pl.Series(effects)),
        marks=state.marks.join(done, on=["row", "item", "step"], how="anti", maintain_order="left"),
        pending=pl.DataFrame(approved, schema=state.pending.schema),
        repeats=pl.concat([state.repeats.join(earlier, on=["row", "step"], how="anti"), earlier]),
    )


def _unit(decided: Decided | None, one: _Planned, row: int | None) -> int | None:
    """The account's unit, or under `each: invoice` its item's."""
    if decided is None or row is None:
        return None
    view = decided.portfolio
    units = np.flatnonzero(view.unit_row == row).tolist()
    if not one.action["each"]:
        return units[0] if units else None
    for unit in units:
        index = int(view.unit_item[unit])
        if index != NONE and view.items["item"][index] == one.action["item"]:
            return int(unit)
    return None


def _objection(found: RowMapping, choice: Choice) -> str:
    """Why it no longer goes, or nothing."""
    if choice.verdict is Verdict.NOTHING:
        return sentences.PAID if choice.reason is Reason.NOT_OVERDUE else choice.reason.value
    if choice.policy != found["policy"] or choice.step != found["step"]:
        return sentences.OTHER_STEP
    if choice.verdict is Verdict.HELD and choice.reason not in _TIMING:
        return choice.reason.value
    return ""
