"""What was decided of an account and done, who agreed to it, and when it was late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.sentences import TRIED_AGAIN
from engine.core.sentences.compare import drawn_to
from engine.store import tables as t
from engine.store.happened.line import Happened, because, money, rows


def _actions(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in rows(conn, t.action, account, company):
        if row.reason == TRIED_AGAIN:
            continue  # its calls are there, each with what came of it
        text = f"{row.step} ({row.state}{because(row.reason)})"
        yield Happened(row.taken_on or row.since, row.kind, text, row.person or "", row.item)


def _approvals(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    """A step is agreed to as a whole: several actions of it, one line."""
    query = (
        sa.select(t.approval, t.action.c.step, t.action.c.currency)
        .join_from(t.approval, t.action, t.action.c.key == t.approval.c.action)
        .where(t.action.c.company == company, t.action.c.account == account)
        .order_by(t.approval.c.id)
    )
    told: set[tuple[str, str, str, str]] = set()
    for row in conn.execute(query):
        one = (row.step, row.verdict, row.by, row.at)
        if one in told:
            continue
        told.add(one)
        text = f"{row.step} {row.verdict}, {money(row.amount, row.currency)}{because(row.because)}"
        yield Happened(date.fromisoformat(row.at[:10]), "approval", text, row.by)


def _episodes(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in rows(conn, t.episode, account, company):
        yield Happened(row.started, "episode", f"fell past due (episode {row.number})")
        if row.ended:
            yield Happened(row.ended, "episode", f"ended: {row.ended_because}")


def _drawn(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in rows(conn, t.assignment, account, company):
        yield Happened(row.on, "comparison", drawn_to(row.split, row.side))


def _payments(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in rows(conn, t.payment, account, company):
        sure = "taken back: the item came again" if row.reversed else "presumed" if row.presumed else "paid"
        yield Happened(
            row.paid_on, "payment", f"{money(row.amount, row.currency)} {sure}", "", row.item or ""
        )


def _given_out(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    """What was kept of the account was handed out, or its people were forgotten: the journal alone has that."""
    query = sa.select(t.journal.c.kind, t.journal.c.body).where(
        t.journal.c.stream == company,
        t.journal.c.account == account,
        t.journal.c.kind.in_(["evidence", "forgotten"]),
    )
    for kind, body in conn.execute(query.order_by(t.journal.c.seq)):
        told = orjson.loads(body)
        if kind == "evidence":
            text = f"given out, its fingerprint {told['fingerprint'][:12]}…"
        else:
            people = told["people"]
            text = f"{people} {'person' if people == 1 else 'people'} forgotten"
        yield Happened(date.fromisoformat(told["on"]), "evidence", text, told["by"])


DECIDED = (_episodes, _drawn, _actions, _approvals, _payments, _given_out)
