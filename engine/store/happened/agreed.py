"""What was agreed, contested and asked for: promises, plans, disputes, concessions, new terms, and what was charged."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.engine import Connection

from engine.store import tables as t
from engine.store.happened.line import Happened, because, money, rows


def _promises(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in rows(conn, t.promise, account, company):
        amount = money(row.amount, row.currency)
        check = f", check {row.check_number}" if row.check_number else ""
        part = f", instalment {row.number}" if row.number else ""
        spoke = f", promised by {row.spoken_with}" if row.spoken_with else ""
        text = f"{amount} by {row.pays_on}{check}{part}{spoke} ({row.state}){because(row.said)}"
        yield Happened(row.made_on, "promise", text, row.by)
        if row.settled_on:
            came = f"{row.state}: {money(row.paid, row.currency)} of {amount}"
            yield Happened(row.settled_on, "promise", f"{came}{f' ({row.because})' if row.because else ''}")


def _plans(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in rows(conn, t.plan, account, company):
        amount = f"{money(row.amount, row.currency)} " if row.currency else ""
        spoke = f", agreed with {row.spoken_with}" if row.spoken_with else ""
        agreed = f", approved by {row.approved_by}" if row.approved_by else ""
        text = f"{amount}in instalments until {row.until}{spoke}{agreed} ({row.state}){because(row.because)}"
        yield Happened(row.made_on, "plan", text, row.by)
        if row.ended_on:
            yield Happened(row.ended_on, "plan", row.state)


def _disputes(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in rows(conn, t.dispute, account, company):
        text = f"opened: {row.reason}{f' · told us: {row.said}' if row.said else ''}"
        yield Happened(row.opened, "dispute", text, row.opened_by, row.item)
        if row.closed:
            text = f"closed for {row.closed_for}{because(row.result)}"
            yield Happened(row.closed, "dispute", text, row.closed_by or "", row.item)


def _concessions(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in rows(conn, t.concession, account, company):
        side = "we gave" if row.side == "ours" else "they gave"
        much = [f"{row.kind}"]
        much += [money(row.amount, row.currency)] if row.amount is not None and row.currency else []
        much += [f"{row.days} days"] if row.days is not None else []
        agreed = f", approved by {row.approved_by}" if row.approved_by else ""
        text = f"{side} {' '.join(much)} ({row.state}{agreed}){because(row.text)}"
        yield Happened(row.on, "concession", text, row.by)


def _restrictions(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in rows(conn, t.restriction, account, company):
        what = f"{row.kind}: {row.value}"
        agreed = f", approved by {row.approved_by}" if row.approved_by else ""
        review = f", to be reviewed on {row.review_on}" if row.review_on else ""
        text = f"{what} asked for ({row.reason}{agreed}){review}"
        yield Happened(row.asked_on, "restriction", text, row.by)
        if row.confirmed_on:
            yield Happened(row.confirmed_on, "restriction", f"{what} in force, says the ledger")
        if row.ended_on:
            yield Happened(row.ended_on, "restriction", f"{what} {row.state}{because(row.ended_because)}")


def _charges(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in rows(conn, t.charge, account, company):
        days = f" for {row.from_day} to {row.to_day}" if row.from_day != row.to_day else ""
        text = f"{row.kind} {money(row.amount, row.currency)}{days} ({row.pack})"
        yield Happened(row.on, "charge", text, row.by, row.item)
        if row.waived_on:
            text = f"waived: {row.kind} {money(row.amount, row.currency)}{because(row.because)}"
            yield Happened(row.waived_on, "charge", text, row.waived_by or "", row.item)


AGREED = (_promises, _plans, _disputes, _concessions, _restrictions, _charges)
