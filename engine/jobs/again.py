"""Decided again at the last moment: is what was planned still what the same policies would do, for the same items and amounts?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import orjson
import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from engine.core import sentences
from engine.core.cases.restrictions import stays_due
from engine.core.decision.choose import Choice, Verdict
from engine.core.decision.decide import Decided, decide
from engine.core.decision.fairness import narrower
from engine.core.decision.ladder import contacts, effect_bits
from engine.core.decision.plan import day_of
from engine.core.decision.signature import NONE, TURN
from engine.core.decision.state import Pending, State
from engine.core.language.policy import Kind, Step
from engine.core.sentences import Reason
from engine.core.workdays import zone_of
from engine.jobs.cases import Who
from engine.jobs.cases.known import account
from engine.jobs.listing import Listed, listed
from engine.jobs.workspace import Workspace
from engine.store import runs
from engine.store.outbox import announced
from engine.store.state import load_state
from engine.store.tables import OUTCOMES, action, approval

# What only says when: the step stays what it was, so these do not undo it. Its sister actions may have caused them.
_TIMING = frozenset(
    {Reason.GAP, Reason.ANSWER, Reason.CONTACT_LIMIT, Reason.CLOSED_DAY, Reason.NO_CAPACITY, Reason.APPROVAL}
    | {Reason.CALLS, Reason.SPOKEN, Reason.HOLIDAY}
)


@dataclass(frozen=True, slots=True)
class Again:
    """The answer: `reason` is empty where it still goes. `lists` is what it asks for now, `zone` the customer's own;
    `natural`: their hours are narrower than the house's.

    `waits`: it is not called off, since nobody can say whether it should go: the ledger is too old, or a person
    must look at it first.
    """

    action: RowMapping  # the row of the table `action`
    detail: Mapping[str, Any]
    reason: str = ""
    lists: Listed | None = None
    zone: str = ""
    waits: bool = False
    natural: bool = False


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
        if found["policy"] == OUTCOMES:
            answers[found["key"]] = _after_a_call(ws, conn, found, detail, now, held)
            continue
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
    natural = narrower(book.house, state, on)
    agreed, out = _agreed(conn, keys), announced(conn, keys)
    decided = decide(bare, _as_before(state, planned, rows, agreed), day, ws.rules[:1]) if rows else None
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
        if not reason and (found_now is None or not _same(one, found_now, one.action["key"] in out)):
            reason = sentences.CHANGED
        if not reason and stale and one.step.demand and contacts(one.step):
            reason = Reason.STALE.value  # a gate that only says when may stand before this one
        old = reason == Reason.STALE.value
        zone = zone_of(zones[rows[one.account]], ws.settings.workspace.zone)
        person = rows[one.account] in natural
        answers[one.action["key"]] = Again(
            one.action, one.detail, reason, found_now, zone, waits=old, natural=person
        )
    return answers


def _after_a_call(
    ws: Workspace,
    conn: Connection,
    found: RowMapping,
    detail: Mapping[str, Any],
    now: datetime,
    held: str | None,
) -> Again:
    """What followed a call has no step. It passes minimum, pause and gap, but not never, hours and address; nor does it ask
    for what is not owed any more. A demand also waits for a ledger that can be trusted."""
    on = ws.today(now)
    it = account(ws, conn, found["account"], Who("", now, on, found["company"]))
    asked_for = {name for name, _ in detail["items"]}
    about = it.about(asked_for)
    to = [email for role, email in it.emails if role == found["role"]]
    reason = ""
    if not any(one.row["item"] in asked_for for one in it.open):
        reason = sentences.PAID
    elif it.left_alone:
        reason = it.left_alone
    elif it.no_emails:
        reason = sentences.calls.NO_EMAILS
    elif not to and not detail.get("address"):
        reason = Reason.NO_ADDRESS.value
    elif about.items != detail["items"]:
        reason = sentences.CHANGED
    stale = 0 < ws.live.house.fresh < it.age
    if not reason and found["day"] >= 0 and (held or stale):
        return Again(found, detail, held or Reason.STALE.value, waits=True)
    late = [one for one in it.open if one.past and one.row["item"] not in asked_for]
    aside = [
        [one.row["item"], one.owed, it.asides[one.row["item"]]]
        for one in late
        if one.row["item"] in it.asides
    ]
    lists = Listed(about.amount, about.currency, about.items, aside)
    return Again(found, detail, reason, lists, it.clock.zone)


def _same(one: _Planned, now: Listed, announced: bool) -> bool:
    """Whether what is owed is what was decided on. Terms or a hold that the customer has been told of are not called off
    because more has come to it meanwhile."""
    before = one.detail.get("items", [])
    if not announced or not Kind(one.action["kind"]).restricts:
        return bool(now.items == before)
    return stays_due([(item, owed) for item, owed in before], [(item, owed) for item, owed in now.items])


def _as_before(
    state: State, planned: Iterable[_Planned], rows: Mapping[str, int], agreed: Collection[str]
) -> State:
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
        effects[row] &= 255 ^ effect_bits(step.actions)
        # Only its own: a lower step that gave way to it stays passed over.
        marks += [(row, item, name) for item, name in one.detail.get("marks", []) if name == step.name]
        if step.approve or found["key"] in agreed:
            own = {"item": found["item"] if found["each"] else None, "policy": found["policy"]}
            waits = {"state": Pending.APPROVED.value, "since": found["on"], "not_before": None, "attempts": 0}
            approved.append({"row": row, "step": step.name, **own, **waits})
        if step.repeat is not None and (times := found["occurrence"] // TURN):
            # It was due on its day, so it is now, whatever a sister has done since.
            last = found["on"] - timedelta(days=step.repeat.every)
            repeats.append((row, found["policy"], step.name, times, last))
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


def _agreed(conn: Connection, keys: Sequence[str]) -> set[str]:
    """Which of these somebody has agreed to."""
    query = sa.select(approval.c.action).where(approval.c.action.in_(keys), approval.c.verdict == "approved")
    return set(conn.execute(query).scalars())


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
    # What the policy asks about has been agreed to; what a guard asks about since it was planned has not.
    return choice.reason.value if choice.verdict is Verdict.ASK else ""
