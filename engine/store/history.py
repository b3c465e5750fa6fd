"""What has happened with an account, in its order; and what is on the lists of people today."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.money import Amount, digits
from engine.core.sentences import TRIED_AGAIN
from engine.store import tables as t
from engine.store.tables import COMPANY, UNDER_WAY, ActionState, received


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing: its day, its kind ("call", "letter", "payment", …), a few words, by whom, about what."""

    on: date
    kind: str
    text: str
    by: str = ""
    item: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """One thing for a person to do: a call, a task, an approval, an address to find, an uncertain message.

    `amount` is minor units. `tries` counts calls that reached nobody. A step that waits for approval is one thing,
    however many its actions, and `role` is who must approve it.
    """

    key: str
    account: str
    name: str
    kind: str
    step: str
    state: str
    role: str
    person: str | None
    since: date
    amount: int
    currency: str
    tries: int
    detail: dict[str, Any]


_FOR_PEOPLE = (
    ActionState.AWAITING_APPROVAL,
    ActionState.HELD_ADDRESS,
    ActionState.UNCERTAIN,
    ActionState.PUT_BACK,
)


def money(minor: int, currency: str) -> str:
    """An amount for a sentence: `1,234.50 USD`."""
    return f"{Amount.of_minor(minor, currency).value:,.{digits(currency)}f} {currency}"


def history(conn: Connection, account: str, company: str = COMPANY) -> list[Happened]:
    """Everything about an account, the oldest first."""
    parts = (_actions, _calls, _payments, _promises, _disputes, _pauses, _notes, _mails, _episodes)
    found = [each for part in parts for each in part(conn, account, company)]
    return sorted(found, key=lambda each: each.on)


def worklist(conn: Connection, on: date, company: str = COMPANY, person: str | None = None) -> list[Work]:
    """What people have to do on a day, the highest amount first; of one person, or of all."""
    planned = sa.and_(t.action.c.state == ActionState.PLANNED.value, t.action.c.kind.in_(["call", "task"]))
    query = (
        sa.select(t.action, t.customer.c.name)
        .join_from(
            t.action,
            t.customer,
            sa.and_(t.customer.c.company == t.action.c.company, t.customer.c.account == t.action.c.account),
            isouter=True,
        )
        .where(
            t.action.c.company == company,
            sa.text(f"action.{UNDER_WAY}"),
            sa.or_(planned, t.action.c.state.in_([state.value for state in _FOR_PEOPLE])),
            sa.or_(t.action.c.not_before.is_(None), t.action.c.not_before <= on),
        )
        .order_by(t.action.c.amount.desc(), t.action.c.key)
    )
    if person is not None:
        query = query.where(t.action.c.person == person)
    work: list[Work] = []
    steps: set[tuple[Any, ...]] = set()
    for row in conn.execute(query):
        asks = row.state == ActionState.AWAITING_APPROVAL.value
        step = (row.account, row.episode, row.policy, row.step, row.item, row.occurrence)
        if asks and step in steps:
            continue
        if asks:
            steps.add(step)
        detail = orjson.loads(row.detail)
        work.append(
            Work(
                key=row.key,
                account=row.account,
                name=row.name or row.account,
                kind=row.kind,
                step=row.step,
                state=row.state,
                role=detail.get("approve") or row.role if asks else row.role,
                person=None if asks else row.person,
                since=row.since,
                amount=row.amount,
                currency=row.currency,
                tries=row.attempts,
                detail=detail,
            )
        )
    return work


def _of(conn: Connection, table: sa.Table, account: str, company: str) -> Sequence[Any]:
    return conn.execute(sa.select(table).where(table.c.company == company, table.c.account == account)).all()


def _actions(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in _of(conn, t.action, account, company):
        if row.reason == TRIED_AGAIN:
            continue  # its calls are there, each with what came of it
        why = f": {row.reason}" if row.reason else ""
        yield Happened(
            row.taken_on or row.since, row.kind, f"{row.step} ({row.state}{why})", row.person or "", row.item
        )


def _calls(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in _of(conn, t.call, account, company):
        spoke = f", spoke with {row.spoken_with}" if row.spoken_with else ""
        yield Happened(
            row.on, "contact", f"{row.outcome}{spoke}{': ' + row.note if row.note else ''}", row.by
        )


def _payments(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in _of(conn, t.payment, account, company):
        sure = "taken back: the item came again" if row.reversed else "presumed" if row.presumed else "paid"
        yield Happened(
            row.paid_on, "payment", f"{money(row.amount, row.currency)} {sure}", "", row.item or ""
        )


def _promises(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in _of(conn, t.promise, account, company):
        yield Happened(
            row.made_on,
            "promise",
            f"{money(row.amount, row.currency)} by {row.pays_on} ({row.state})",
            row.by,
        )
        if row.settled_on:
            yield Happened(
                row.settled_on,
                "promise",
                f"{row.state}: {money(row.paid, row.currency)} of {money(row.amount, row.currency)}",
            )


def _disputes(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in _of(conn, t.dispute, account, company):
        yield Happened(row.opened, "dispute", f"opened: {row.reason}", row.opened_by, row.item)
        if row.closed:
            yield Happened(
                row.closed, "dispute", f"closed for {row.closed_for}", row.closed_by or "", row.item
            )


def _pauses(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in _of(conn, t.pause, account, company):
        until = f"through {row.until}" if row.until else "until lifted"
        yield Happened(row.from_day, "pause", f"{row.kinds or 'everything'} {until}: {row.because}", row.by)


def _notes(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in _of(conn, t.note, account, company):
        yield Happened(date.fromisoformat(row.at[:10]), "note", row.text, row.by)


_CAME = {
    "bounce": "came back",
    "delayed": "not delivered yet",
    "automatic": "answered by a machine",
    "reply": "answered",
    "own": "our own",
    "unknown": "not understood",
}


def _mails(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in _of(conn, received, account, company):
        status = f" ({row.status})" if row.status else ""
        said = " ".join((row.words or row.subject).split())
        short = f"{said[:200]}…" if len(said) > 200 else said
        yield Happened(
            date.fromisoformat(row.at[:10]),
            "mail",
            f"{_CAME.get(row.kind, row.kind)}{status}: {short}",
            row.sender,
        )


def _episodes(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in _of(conn, t.episode, account, company):
        yield Happened(row.started, "episode", f"fell past due (episode {row.number})")
        if row.ended:
            yield Happened(row.ended, "episode", f"ended: {row.ended_because}")
