"""Terms, holds and less service in the database: what an account is on, since when, why, and whether it is so.

A row begins when the ledger system has been asked, and ends when it has taken it back. Nothing is overwritten but
where it stands: what was asked before is a row of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from engine.core.cases.restrictions import NO_HOLD, STANDING, Standing, What, Why, review_on
from engine.core.ledger import infer_terms
from engine.store import journal
from engine.store import tables as t
from engine.store.journal import Entry
from engine.store.tables import BY_HAND, COMPANY, ActionState

_KINDS = frozenset(what.value for what in What)


@dataclass(frozen=True, slots=True)
class Restriction:
    """What an account is on. `action` is the key of the action that asked for it; `before` the terms of then."""

    id: int
    account: str
    kind: What
    value: str
    before: str | None
    reason: Why
    state: Standing
    action: str | None
    asked_on: date
    confirmed_on: date | None
    review_on: date | None
    restore_after: int
    ended_on: date | None
    ended_because: str
    by: str
    approved_by: str | None

    @property
    def back(self) -> str:
        """What the ledger system is asked for at the end; empty where nobody knows the terms of before."""
        return NO_HOLD if self.kind is What.HOLD else self.before or ""


def standing(
    conn: Connection,
    account: str | None = None,
    *,
    states: Iterable[Standing] = STANDING,
    company: str = COMPANY,
) -> list[Restriction]:
    """All that are in force, requested or on the way back, of an account or of all, the oldest first."""
    r = t.restriction.c
    query = sa.select(t.restriction).where(r.company == company, r.state.in_([one.value for one in states]))
    if account is not None:
        query = query.where(r.account == account)
    return [_read(row) for row in conn.execute(query.order_by(r.asked_on, r.account, r.id))]


def of_account(conn: Connection, account: str, company: str = COMPANY) -> list[Restriction]:
    """All that an account was ever on, the oldest first."""
    return standing(conn, account, states=Standing, company=company)


def find(conn: Connection, number: int, company: str = COMPANY) -> Restriction | None:
    query = sa.select(t.restriction).where(t.restriction.c.company == company, t.restriction.c.id == number)
    row = conn.execute(query).first()
    return None if row is None else _read(row)


def requested(conn: Connection, taken: Iterable[RowMapping], on: date, at: datetime) -> None:
    """These actions (rows of the table) are taken: the ledger system, or for service a person, has been asked.

    A new restriction begins, in place of one of the same kind. The same value again, by a later episode, goes on with
    what is there. Where the action takes one back, it is on its way out.
    """
    for found in taken:
        if entries := _requested(conn, found, on):
            journal.append(conn, entries, at, found["company"])


def _requested(conn: Connection, found: RowMapping, on: date) -> list[Entry]:
    detail = orjson.loads(found["detail"] or b"{}")
    kind = detail.get("restricts") or found["kind"]
    if kind not in _KINDS:
        return []
    if detail.get("lifts"):
        return _released(conn, found, detail, on)
    return _begun(conn, found, detail, kind, on)


def _begun(
    conn: Connection, found: RowMapping, detail: Mapping[str, Any], kind: str, on: date
) -> list[Entry]:
    account, company, value = found["account"], found["company"], str(detail.get("value", ""))
    there = [one for one in standing(conn, account, company=company) if one.kind == kind]
    same = next((one for one in there if one.value == value and one.state is not Standing.RELEASING), None)
    body: dict[str, Any] = {"key": found["key"], "kind": kind, "value": value, "on": on}
    if same is not None:
        _set(conn, same, state=_asked(same), action=found["key"])
        return [Entry("restriction again", account, {**body, "restriction": same.id})]
    before = there[0].before if there else terms_of(conn, account, company) if kind == What.TERMS else None
    for one in there:
        _set(conn, one, state=Standing.ENDED, ended_on=on, ended_because=f"in its place: {value}")
        _no_way_back(conn, one, on, company)
    wanted = detail.get("review")
    values = {
        "company": company,
        "account": account,
        "kind": kind,
        "value": value,
        "before": before,
        "reason": detail.get("reason", Why.DELINQUENCY.value),
        "state": Standing.REQUESTED.value,
        "action": found["key"],
        "asked_on": on,
        "review_on": review_on(on, date.fromisoformat(wanted) if wanted else None),
        "restore_after": int(detail.get("restore_after", 0)),
        "by": detail.get("by") or f"policy {found['policy']}",
        "approved_by": _approved_by(conn, found["key"]),
    }
    made = conn.execute(sa.insert(t.restriction).values(**values))
    number = made.inserted_primary_key[0] if made.inserted_primary_key else 0
    told = {name: values[name] for name in ("before", "reason", "by", "approved_by", "review_on")}
    return [Entry("restriction requested", account, {**body, **told, "restriction": number})]


def _no_way_back(conn: Connection, one: Restriction, on: date, company: str) -> None:
    """Nobody needs to agree any more to the way back from what is over."""
    a = t.action.c
    mine = (a.company == company, a.account == one.account, a.policy == BY_HAND, a.item == str(one.id))
    conn.execute(
        sa.update(t.action)
        .where(*mine, a.state == ActionState.AWAITING_APPROVAL.value)
        .values(state=ActionState.CANCELLED.value, reason="another took its place", since=on)
    )


def _released(conn: Connection, found: RowMapping, detail: Mapping[str, Any], on: date) -> list[Entry]:
    one = find(conn, int(detail["lifts"]), found["company"])
    if one is None or one.state not in STANDING:
        return []
    over = one.kind is What.SERVICE  # people do it; nobody else could confirm it
    state = Standing.ENDED if over else Standing.RELEASING
    _set(conn, one, state=state, ended_on=on, ended_because=detail.get("because", ""))
    body = {"key": found["key"], "restriction": one.id, "kind": one.kind, "value": one.value, "on": on}
    return [Entry("restriction ended" if over else "release requested", one.account, body)]


def confirmed(conn: Connection, one: Restriction, on: date, by: str) -> list[Entry]:
    """The ledger system (or a person) says that it is so: in force, or taken back. What to put in the journal."""
    body = {"restriction": one.id, "kind": one.kind, "value": one.value, "by": by, "on": on}
    if one.state is Standing.RELEASING:
        _set(conn, one, state=Standing.ENDED)
        return [Entry("restriction ended", one.account, body)]
    if one.confirmed_on is not None:
        return []
    state = Standing.IN_FORCE if one.state is Standing.REQUESTED else one.state
    _set(conn, one, state=state, confirmed_on=on)
    return [Entry("restriction in force", one.account, body)]


def moved(conn: Connection, one: Restriction, state: Standing, **more: Any) -> None:
    """Where it stands now. `more` are columns of the table."""
    _set(conn, one, state=state, **more)


def stays(conn: Connection, one: Restriction, **more: Any) -> None:
    """The way back is not taken: it is what it was before that was proposed."""
    _set(conn, one, state=_asked(one), **more)


def called_off(conn: Connection, key: str) -> None:
    """This action does not go: where it was a way back, the account stays on what it is on."""
    row = conn.execute(sa.select(t.action.c.detail, t.action.c.company).where(t.action.c.key == key)).first()
    detail = orjson.loads(row.detail) if row is not None else {}
    if row is None or not detail.get("lifts") or "restricts" not in detail:
        return
    one = find(conn, int(detail["lifts"]), row.company)
    if one is not None and one.state is Standing.PROPOSED:
        stays(conn, one)


def desired(one: Restriction) -> str:
    """The state that the ledger system is to have of this kind."""
    return one.back if one.state is Standing.RELEASING else one.value


def release_key(conn: Connection, one: Restriction, company: str = COMPANY) -> str | None:
    """The key of the action that asked for the way back, where one was sent."""
    a = t.action.c
    query = (
        sa.select(a.key)
        .where(
            a.company == company,
            a.account == one.account,
            a.policy == BY_HAND,
            a.item == str(one.id),
            a.state == ActionState.SENT.value,
        )
        .order_by(a.occurrence.desc())
    )
    found: str | None = conn.execute(query).scalar()
    return found


def terms_of(conn: Connection, account: str, company: str = COMPANY) -> str | None:
    """The account's terms: from the customer master, else what all its open invoices share, or all it ever had."""
    c, i = t.customer.c, t.item.c
    master: str | None = conn.execute(
        sa.select(c.terms).where(c.company == company, c.account == account)
    ).scalar()
    if master:
        return master
    mine = sa.select(i.terms, i.date, i.due, i.open).where(
        i.company == company, i.account == account, i.amount > 0
    )
    rows = conn.execute(mine).all()
    shown = {
        row.terms or (infer_terms(row.date, row.due) if row.date else None)
        for row in [row for row in rows if row.open > 0] or rows
    }
    return shown.pop() if len(shown) == 1 else None


def _approved_by(conn: Connection, key: str) -> str | None:
    query = sa.select(t.approval.c.by).where(t.approval.c.action == key, t.approval.c.verdict == "approved")
    found: str | None = conn.execute(query.order_by(t.approval.c.id.desc())).scalar()
    return found


def _asked(one: Restriction) -> Standing:
    return Standing.REQUESTED if one.confirmed_on is None else Standing.IN_FORCE


def _set(conn: Connection, one: Restriction, *, state: Standing, **more: Any) -> None:
    conn.execute(
        sa.update(t.restriction).where(t.restriction.c.id == one.id).values(state=state.value, **more)
    )


def _read(row: Any) -> Restriction:
    names = ("before", "action", "asked_on", "confirmed_on", "review_on", "restore_after")
    last = ("ended_on", "ended_because", "by", "approved_by")
    same = {name: getattr(row, name) for name in ("id", "account", "value", *names, *last)}
    return Restriction(kind=What(row.kind), reason=Why(row.reason), state=Standing(row.state), **same)


def adopt(conn: Connection, actions: Sequence[RowMapping]) -> list[Entry]:
    """Terms and holds that were asked for before restrictions were kept have their row from now on."""
    keys = [found["key"] for found in actions]
    there = set(
        conn.execute(sa.select(t.restriction.c.action).where(t.restriction.c.action.in_(keys))).scalars()
    )
    new = [found for found in actions if found["key"] not in there]
    return [entry for found in new for entry in _requested(conn, found, found["taken_on"] or found["on"])]
