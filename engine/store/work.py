"""What people have to do, however much it is: found in one question, ordered in columns, and read in full where it is shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import orjson
import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.cases.score import QUIET_DAYS
from engine.store import tables as t
from engine.store.history import Work
from engine.store.moments import moment_text
from engine.store.tables import COMPANY, UNDER_WAY
from engine.store.view import frame

_MONTH = timedelta(days=30)
_TEXT, _DAY, _WHOLE = pl.String(), pl.Date(), pl.Int64()
_LISTED = {
    "sqlite": "SELECT value FROM json_each(:away)",
    "postgresql": "SELECT json_array_elements_text(CAST(:away AS json))",
}
_APPROVER = {
    "sqlite": "json_extract(action.detail, '$.approve')",
    "postgresql": "CAST(action.detail AS json)->>'approve'",
}
# A step is one thing, however many its actions: the first of those that wait in the same way stands for it.
_FOR_PEOPLE = """((action.state = 'planned' AND action.kind IN ('call', 'task'))
    OR action.state IN ('held address', 'uncertain', 'put back')
    OR (action.state IN ('awaiting approval', 'no capacity')
        AND action.key = (SELECT MIN(b.key) FROM action b WHERE b.company = action.company
            AND b.account = action.account AND b.episode = action.episode AND b.policy = action.policy
            AND b.step = action.step AND b.item = action.item AND b.occurrence = action.occurrence
            AND b.state = action.state)))"""
_OWNER = "(SELECT c.owner FROM customer c WHERE c.company = action.company AND c.account = action.account)"
_RISK = (
    "(SELECT LOWER(c.risk) FROM customer c WHERE c.company = action.company AND c.account = action.account)"
)
# Each by itself, and joined in columns: a database that has no statistics yet joins them row by row.
_OLDEST_DUE = """SELECT account, MIN(due) FROM item
    WHERE company = :company AND open != 0 AND open > 0 AND (account, item) NOT IN
        (SELECT account, item FROM dispute WHERE company = :company AND closed IS NULL)
    GROUP BY account"""
# Of the latest promise of each account those that count.
_PROMISES = """SELECT account, CASE state WHEN 'partly kept' THEN 'broken' ELSE state END, pays_on FROM (
        SELECT account, state, pays_on,
            ROW_NUMBER() OVER (PARTITION BY account ORDER BY made_on DESC, id DESC) AS nth
        FROM promise WHERE company = :company
    ) latest WHERE nth = 1 AND state IN ('open', 'broken', 'partly kept')"""
_SPOKE = """SELECT account, MAX("on") FROM call
    WHERE company = :company AND reached = 1 AND "on" > :since GROUP BY account"""


@dataclass(frozen=True, slots=True)
class Sums:
    """How many, and how much in each currency, minor units."""

    number: int = 0
    amounts: tuple[tuple[str, int], ...] = ()


def waiting(
    conn: Connection,
    on: date,
    until: datetime,
    wanted: Collection[str],
    away: Collection[str] = (),
    company: str = COMPANY,
) -> pl.DataFrame:
    """What waits for people on a day, a row a thing.

    The columns: key, account, kind, state, role (of an approval who must agree), person, amount, currency, at (the moment
    of a call that is due at a time, before `until`, the end of the day), and owner, the account's, where the row is nobody's
    or of somebody who is `away`. Among the rows are the steps that the day's run had no room for. Of `wanted` the columns
    that a score looks at are added (`cases.score.COLUMNS`); `late` is of the account's oldest invoice that is not disputed.
    """
    dialect = conn.dialect.name
    asks = "action.state = 'awaiting approval'"
    nobodys = f"action.person IS NULL OR action.person IN ({_LISTED[dialect]})"
    columns: dict[str, tuple[pl.DataType, str]] = {
        **{name: (_TEXT, f"action.{name}") for name in ("key", "account", "kind", "state")},
        "role": (
            _TEXT,
            f"CASE WHEN {asks} THEN COALESCE({_APPROVER[dialect]}, action.role) ELSE action.role END",
        ),
        "person": (_TEXT, f"CASE WHEN NOT ({asks}) THEN action.person END"),
        "amount": (_WHOLE, "action.amount"),
        "currency": (_TEXT, "action.currency"),
        "at": (_TEXT, "action.not_before_at"),
        "owner": (_TEXT, f"CASE WHEN {nobodys} THEN {_OWNER} END"),
    }
    columns |= {"risk": (_TEXT, _RISK)} if "risk" in wanted else {}
    query = f"""SELECT {", ".join(sql for _, sql in columns.values())}
        FROM action WHERE action.company = :company AND action.{UNDER_WAY} AND {_FOR_PEOPLE}
        AND (action.not_before IS NULL OR action.not_before <= :on)
        AND (action.not_before_at IS NULL OR action.not_before_at < :until)"""  # noqa: S608
    asked = {"company": company, "on": on, "until": moment_text(until)}
    asked["away"] = orjson.dumps(sorted(away)).decode()
    rows = frame(conn, query, asked, {name: kind for name, (kind, _) in columns.items()})
    return _with_facts(conn, rows, on, wanted, company)


def _with_facts(
    conn: Connection, rows: pl.DataFrame, on: date, wanted: Collection[str], company: str
) -> pl.DataFrame:
    """The rows with what else a score looks at."""
    if "late" in wanted:
        due = frame(conn, _OLDEST_DUE, {"company": company}, {"account": _TEXT, "due": _DAY})
        late = (pl.lit(on) - pl.col("due")).dt.total_days().cast(pl.Int32)
        rows = rows.join(due, on="account", how="left", maintain_order="left")
        rows = rows.with_columns(late=late).drop("due")
    if "promise" in wanted:
        schema = {"account": _TEXT, "promise": _TEXT, "promise_due": _DAY}
        promises = frame(conn, _PROMISES, {"company": company}, schema)
        rows = rows.join(promises, on="account", how="left", maintain_order="left")
    if "spoke" in wanted:
        # Further back it makes no difference.
        asked = {"company": company, "since": on - timedelta(days=QUIET_DAYS)}
        spoke = frame(conn, _SPOKE, asked, {"account": _TEXT, "spoke": _DAY})
        rows = rows.join(spoke, on="account", how="left", maintain_order="left")
    return rows


def in_full(conn: Connection, keys: Sequence[str]) -> dict[str, Work]:
    """key -> the thing with its words, for those that are shown."""
    found: dict[str, Work] = {}
    name = sa.func.coalesce(sa.func.nullif(t.customer.c.name, ""), t.action.c.account).label("shown")
    of = sa.and_(t.customer.c.company == t.action.c.company, t.customer.c.account == t.action.c.account)
    query = sa.select(t.action, name).join_from(t.action, t.customer, of, isouter=True)
    for start in range(0, len(keys), 500):
        for row in conn.execute(query.where(t.action.c.key.in_(keys[start : start + 500]))):
            words = {each: getattr(row, each) for each in _WORDS}
            detail = orjson.loads(row.detail)
            if row.state == t.ActionState.AWAITING_APPROVAL.value:
                words |= {"role": detail.get("approve") or row.role, "person": None}
            at = datetime.fromisoformat(row.not_before_at) if row.not_before_at else None
            found[row.key] = Work(**words, name=row.shown, tries=row.attempts, detail=detail, at=at)
    return found


_WORDS = ("key", "account", "kind", "step", "state", "role", "person", "since", "amount", "currency")


def calls_made(conn: Connection, on: date, company: str = COMPANY) -> dict[str, int]:
    """Who has logged how many calls on a day."""
    query = sa.select(t.call.c.by, sa.func.count().label("number")).where(
        t.call.c.company == company, t.call.c.on == on
    )
    found: dict[str, int] = {row.by: row.number for row in conn.execute(query.group_by(t.call.c.by))}
    return found


def callers(conn: Connection, role: str, company: str = COMPANY) -> dict[str, set[str]]:
    """Who has called each account for which somebody of this role is to do something."""
    wanted = sa.select(t.action.c.account).where(
        t.action.c.company == company, t.action.c.role == role, sa.text(f"action.{UNDER_WAY}")
    )
    query = sa.select(t.call.c.account, t.call.c.by).where(
        t.call.c.company == company, t.call.c.account.in_(wanted)
    )
    found: dict[str, set[str]] = {}
    for account, by in conn.execute(query.distinct()):
        found.setdefault(account, set()).add(by)
    return found


def rates(conn: Connection, on: date, company: str = COMPANY) -> dict[str, float]:
    """Units of the house's currency for one of each other, as last known on a day."""
    query = sa.select(t.rate.c.currency, t.rate.c.rate).where(t.rate.c.company == company, t.rate.c.on <= on)
    found: dict[str, float] = {row.currency: row.rate for row in conn.execute(query.order_by(t.rate.c.on))}
    return found


def promises_kept(
    conn: Connection, since: date, on: date, by: Collection[str] | None = None, company: str = COMPANY
) -> Sums:
    """Promises that were found kept in some days, both included; of these people's alone."""
    p = t.promise.c
    where = [p.company == company, p.state == "kept", p.settled_on >= since, p.settled_on <= on]
    if by is not None:
        where.append(p.by.in_(by))
    return _sums(conn, sa.select(p.currency, sa.func.count(), sa.func.sum(p.paid)).where(*where), t.promise)


def cash_in(
    conn: Connection, since: date, on: date, by: Collection[str] | None = None, company: str = COMPANY
) -> Sums:
    """What was paid in some days, both included; by accounts that are these people's, or that they called in a month."""
    p = t.payment.c
    where = [p.company == company, p.paid_on >= since, p.paid_on <= on, p.reversed == 0]
    if by is not None:
        theirs = sa.select(t.customer.c.account).where(
            t.customer.c.company == company, t.customer.c.owner.in_(by)
        )
        month = since - _MONTH
        called = sa.select(t.call.c.account).where(
            t.call.c.company == company, t.call.c.on >= month, t.call.c.by.in_(by)
        )
        where.append(sa.or_(p.account.in_(theirs), p.account.in_(called)))
    return _sums(conn, sa.select(p.currency, sa.func.count(), sa.func.sum(p.amount)).where(*where), t.payment)


def _sums(conn: Connection, query: sa.Select[Any], of: sa.FromClause) -> Sums:
    found = [tuple(row) for row in conn.execute(query.group_by(of.c.currency).order_by(of.c.currency))]
    amounts = tuple((code, int(amount)) for code, _, amount in found if amount)
    return Sums(sum(number for _, number, _ in found), amounts)


def summed(rows: pl.DataFrame) -> Sums:
    """How many rows, and what their amounts come to in each currency."""
    sums = rows.group_by("currency").agg(pl.col("amount").sum()).sort("currency")
    return Sums(rows.height, tuple((code, amount) for code, amount in sums.rows() if amount))
