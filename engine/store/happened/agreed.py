"""What was agreed, contested and asked for: promises, plans, disputes, concessions, new terms, and what was charged."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.engine import Connection

from engine.core.sentences.amounts import short_day
from engine.store import tables as t
from engine.store.concessions import THEIRS, concessions
from engine.store.disputes import disputes
from engine.store.happened.line import Happened, because, money, rows
from engine.store.plans import plans


def _promises(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in rows(conn, t.promise, account, company):
        amount = money(row.amount, row.currency)
        check = f" by check {row.check_number}" if row.check_number else ""
        mailed = f", mailed {short_day(row.mailed_on)}" if row.mailed_on else ""
        spoke = f", promised by {row.spoken_with}" if row.spoken_with else ""
        if row.plan is None:  # instalments are told with their plan
            text = (
                f"{amount} by {short_day(row.pays_on)}{check}{mailed}{spoke} ({row.state}){because(row.said)}"
            )
            yield Happened(row.made_on, "promise", text, row.by)
        if not row.settled_on or (row.plan is not None and row.state == "withdrawn"):
            continue
        which = f"instalment {row.number} " if row.plan is not None else ""
        came = f"{which}{row.state}: {money(row.paid, row.currency)} of {amount}"
        yield Happened(row.settled_on, "promise", f"{came}{f' ({row.because})' if row.because else ''}")


def _plans(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for one in reversed(plans(conn, account, company)):
        items = ", ".join(one.items)
        parts = ", ".join(
            f"{money(part.amount, one.currency)} by {short_day(part.pays_on)}" for part in one.instalments
        )
        total = f"{money(one.amount, one.currency)}{f' in {len(one.instalments)}: {parts}' if parts else ''}"
        spoke = f", agreed with {one.spoken_with}" if one.spoken_with else ""
        yield Happened(one.made_on, "plan", f"{total}{spoke} ({one.state})", one.by, items)
        if one.ended_on:
            yield Happened(one.ended_on, "plan", one.state, "", items)


def _disputes(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in reversed(disputes(conn, account, company)):
        part = f", {money(row.amount, row.currency)} of it" if row.amount is not None else ""
        answer = f", {row.owner} answers by {short_day(row.answer_by)}" if row.owner and row.answer_by else ""
        expects = f", expected: {row.expected}" if row.expected else ""
        said = f" · told us: {row.said}" if row.said else ""
        text = f"opened: {row.reason}{part}{answer}{expects}{said}"
        yield Happened(row.opened, "dispute", text, row.opened_by, row.item)
        if row.closed:
            text = f"closed for {row.closed_for}{because(row.result)}"
            yield Happened(row.closed, "dispute", text, row.closed_by or "", row.item)


def _concessions(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for one in reversed(concessions(conn, account, company)):
        side = "we gave" if one.side != THEIRS else "they gave"
        much = [one.kind] if one.days is None else []
        much += [money(one.amount, one.currency)] if one.amount is not None and one.currency else []
        much += [f"{one.days} days"] if one.days is not None else []
        agreed = f", approved by {one.approved_by}" if one.approved_by else ""
        text = f"{side} {' '.join(much)} ({one.state}{agreed}){because(one.text)}"
        yield Happened(one.on, "concession", text, one.by)


def _restrictions(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in rows(conn, t.restriction, account, company):
        what = f"{row.kind}: {row.value}"
        agreed = f", approved by {row.approved_by}" if row.approved_by else ""
        review = f", to be reviewed on {short_day(row.review_on)}" if row.review_on else ""
        text = f"{what} asked for ({row.reason}{agreed}){review}"
        yield Happened(row.asked_on, "restriction", text, row.by)
        if row.confirmed_on:
            yield Happened(row.confirmed_on, "restriction", f"{what} in force, says the ledger")
        if row.ended_on:
            yield Happened(row.ended_on, "restriction", f"{what} {row.state}{because(row.ended_because)}")


def _charges(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in rows(conn, t.charge, account, company):
        days = (
            f" for {short_day(row.from_day)} to {short_day(row.to_day)}" if row.from_day != row.to_day else ""
        )
        text = f"{row.kind} {money(row.amount, row.currency)}{days} ({row.pack})"
        yield Happened(row.on, "charge", text, row.by, row.item)
        if row.waived_on:
            text = f"waived: {row.kind} {money(row.amount, row.currency)}{because(row.because)}"
            yield Happened(row.waived_on, "charge", text, row.waived_by or "", row.item)


AGREED = (_promises, _plans, _disputes, _concessions, _restrictions, _charges)
