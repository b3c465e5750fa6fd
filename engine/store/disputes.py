"""Disputes in the database: those that a ledger flags, those that people opened, and the credit that settles them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.cases.disputes import FLAGGED, expects_credit
from engine.core.snapshot import Comparison
from engine.store import bulk
from engine.store.journal import Entry
from engine.store.spans import among
from engine.store.tables import COMPANY, ActionState, action, dispute, item

ANSWER, LATE_ANSWER = "answer the dispute", "late answer"  # the steps of its tasks, numbered as it is
TASKS = (ANSWER, LATE_ANSWER)
CLOSED = "the dispute is closed"
SETTLED = "nothing is open on the invoice any more"


def flag_disputes(
    conn: Connection,
    rows: pl.DataFrame,
    on: date,
    by: str,
    file: int,
    company: str = COMPANY,
    *,
    accounts: Collection[str] | None = None,
) -> tuple[int, int]:
    """Disputes that a ledger flags are opened; those it no longer flags, or that are settled, are closed: of these accounts,
    or of all.

    How many of each. A dispute that a person opened is closed by a person, or when the item is settled.
    """
    flagged = set(
        rows.filter(pl.col("disputed") & (pl.col("open") != 0)).select("account", "item").iter_rows()
    )
    query = sa.select(item.c.account, item.c.item).where(item.c.company == company, item.c.open != 0)
    still = {tuple(row) for row in conn.execute(query.where(among(conn, item.c.account, accounts)))}
    open_ = sa.select(dispute).where(dispute.c.company == company, dispute.c.closed.is_(None))
    running_now = conn.execute(open_.where(among(conn, dispute.c.account, accounts))).all()
    closed = 0
    for one in running_now:
        where = (one.account, one.item)
        if where not in still or (one.file is not None and where not in flagged):
            # Of what a credit was to settle, the credit is the likelier end.
            side = "customer" if one.expected or expects_credit(one.reason) else "us"
            _close(conn, one, on, by, side, SETTLED if where not in still else "")
            closed += 1
    known = {(one.account, one.item) for one in running_now}
    new = sorted(flagged - known)
    columns = ("company", "account", "item", "reason", "opened", "opened_by", "file")
    bulk.insert(conn, dispute, columns, [(company, a, i, FLAGGED, on, by, file) for a, i in new])
    return len(new), closed


def credited(
    conn: Connection,
    rows: pl.DataFrame,
    change: Comparison,
    on: date,
    by: str,
    company: str = COMPANY,
    *,
    accounts: Collection[str] | None = None,
) -> list[Entry]:
    """Close for the customer what a credit note of this ledger settles. What to put in the journal.

    A credit note settles a dispute whose expected document it is or names; where a credit is expected without a name,
    one that names the invoice, a new one of just the contested amount, or an invoice that has become smaller by just
    that amount.
    """
    waiting = [
        one
        for one in conn.execute(
            sa.select(dispute)
            .where(dispute.c.company == company, dispute.c.closed.is_(None))
            .where(among(conn, dispute.c.account, accounts))
            .order_by(dispute.c.id)
        ).all()
        if one.expected or expects_credit(one.reason)
    ]
    if not waiting:
        return []
    theirs = pl.col("account").is_in(sorted({one.account for one in waiting}))
    credits = rows.filter(theirs & (pl.col("open") < 0) & (pl.col("kind") != "payment"))
    appeared = set(change.appeared.filter(theirs).select("account", "item").iter_rows())
    smaller = {
        (account, name): before - after
        for account, name, before, after in change.changed.filter(theirs)
        .select("account", "item", "before", "after")
        .iter_rows()
    }
    notes = list(credits.iter_rows(named=True))
    used: set[tuple[str, str]] = set()
    entries = []
    for one in waiting:
        found = _credit_of(one, notes, appeared, used)
        fell = one.amount is not None and smaller.get((one.account, one.item)) == one.amount
        if found is None and not fell:
            continue
        if found is not None:
            used.add((one.account, found))
        result = f"credit note {found} came" if found is not None else "it was credited on the invoice"
        _close(conn, one, on, by, "customer", result)
        body = {"item": one.item, "by": by, "on": on, "for": "customer", "credit": found}
        entries.append(Entry("dispute closed", one.account, body))
    return entries


def _credit_of(
    one: Any, notes: list[dict[str, Any]], appeared: set[tuple[str, str]], used: set[tuple[str, str]]
) -> str | None:
    """The credit note that settles a dispute."""
    mine = [
        note for note in notes if note["account"] == one.account and (one.account, note["item"]) not in used
    ]
    for note in mine:
        if one.expected and any(_names(text, one.expected) for text in _texts(note)):
            return str(note["item"])
    new = [note for note in mine if (one.account, note["item"]) in appeared]
    for note in new:
        if any(_names(text, one.item) for text in _texts(note)):
            return str(note["item"])
    if one.amount is not None and not one.expected:
        for note in new:
            if -note["open"] == one.amount:
                return str(note["item"])
    return None


def _texts(note: dict[str, Any]) -> Iterator[str]:
    for column in ("item", "reference", "po", "text"):
        if note.get(column):
            yield str(note[column])


def _names(text: str, wanted: str) -> bool:
    """Whether a text names a document: as a word of its own, whatever its capitals."""
    at, text, wanted = -1, text.lower(), wanted.lower().strip()
    while wanted and (at := text.find(wanted, at + 1)) >= 0:
        around = text[at - 1 : at] + text[at + len(wanted) : at + len(wanted) + 1]
        if not any(mark.isalnum() for mark in around):
            return True
    return False


def _close(conn: Connection, one: Any, on: date, by: str, side: str, result: str) -> None:
    change = {"closed": on, "closed_for": side, "closed_by": by, "result": result}
    conn.execute(sa.update(dispute).where(dispute.c.id == one.id).values(**change))
    drop_tasks(conn, one.account, one.id, on, one.company)


def drop_tasks(conn: Connection, account: str, number: int, on: date, company: str = COMPANY) -> None:
    """A dispute that is closed asks nobody for an answer any more."""
    a = action.c
    mine = (a.company == company, a.account == account, a.episode == 0, a.occurrence == number)
    waits = (a.step.in_(TASKS), a.state == ActionState.PLANNED.value)
    values = {"state": ActionState.CANCELLED.value, "reason": CLOSED, "since": on}
    conn.execute(sa.update(action).where(*mine, *waits).values(**values))


def reopen(conn: Connection, account: str, name: str, gone: date, company: str = COMPANY) -> None:
    """Disputes that ended because nothing was open on the item any more run again."""
    mine = (dispute.c.company == company, dispute.c.account == account, dispute.c.item == name)
    ended = (
        dispute.c.closed == gone,
        sa.or_(dispute.c.closed_for == "us", dispute.c.result == SETTLED),
    )
    again = {"closed": None, "closed_for": None, "closed_by": None, "result": ""}
    conn.execute(sa.update(dispute).where(*mine, *ended).values(**again))


# -- for those who look ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Contested:
    """A dispute as it stands. `amount` is what is contested, minor units (None: all of the invoice), `still` what is open.

    `owner` is the role that answers it, `person` who of them, `answer_by` until when; `expected` the document that
    would settle it.
    """

    number: int
    account: str
    item: str
    reason: str
    amount: int | None
    still: int
    currency: str
    opened: date
    opened_by: str
    owner: str
    person: str | None
    answer_by: date | None
    expected: str
    said: str
    closed: date | None
    closed_for: str | None
    closed_by: str
    result: str
    call: int | None

    def late(self, on: date) -> int:
        """Days by which its answer is overdue; 0 where it is not."""
        if self.closed is not None or self.answer_by is None:
            return 0
        return max(0, (on - self.answer_by).days)


def disputes(
    conn: Connection,
    account: str | None = None,
    company: str = COMPANY,
    *,
    open_only: bool = False,
    unanswered_on: date | None = None,
) -> list[Contested]:
    """The disputes of an account, or of all; the latest first. `open_only`: those that run.

    `unanswered_on`: whose answer was due before that day.
    """
    query = (
        sa.select(dispute, item.c.currency, item.c.open.label("still"))
        .join(
            item,
            sa.and_(
                item.c.company == dispute.c.company,
                item.c.account == dispute.c.account,
                item.c.item == dispute.c.item,
            ),
            isouter=True,
        )
        .where(dispute.c.company == company)
    )
    if account is not None:
        query = query.where(dispute.c.account == account)
    if open_only or unanswered_on is not None:
        query = query.where(dispute.c.closed.is_(None))
    if unanswered_on is not None:
        query = query.where(dispute.c.answer_by < unanswered_on)
    return [
        Contested(
            number=row.id, account=row.account, item=row.item, reason=row.reason, amount=row.amount,
            still=row.still or 0, currency=row.currency or "", opened=row.opened, opened_by=row.opened_by, owner=row.owner or "",
            person=row.person, answer_by=row.answer_by, expected=row.expected or "", said=row.said,
            closed=row.closed, closed_for=row.closed_for, closed_by=row.closed_by or "", result=row.result, call=row.call,
        )
        for row in conn.execute(query.order_by(dispute.c.opened.desc(), dispute.c.id.desc()))
    ]  # fmt: skip


def unanswered(conn: Connection, on: date, company: str = COMPANY) -> list[Contested]:
    """Disputes whose answer should have been there before this day, the longest overdue first."""
    late = disputes(conn, None, company, unanswered_on=on)
    return sorted(late, key=lambda one: (one.answer_by or on, one.number))
