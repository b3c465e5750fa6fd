"""What was said: calls with what the customer told, notes, mail that came back, and how they want to be reached."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy.engine import Connection

from engine.core.cases.reasons import spoken
from engine.store import tables as t
from engine.store.happened.line import Happened, because, rows, short

_CAME = {
    "bounce": "came back",
    "delayed": "not delivered yet",
    "automatic": "answered by a machine",
    "reply": "answered",
    "own": "our own",
    "unknown": "not understood",
}


def _calls(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in rows(conn, t.call, account, company):
        spoke = f", spoke with {row.spoken_with}" if row.spoken_with else ""
        why = f" ({_why(row)})" if row.reason or row.horizon else ""
        story = f" · told us: {row.story}" if row.story else ""
        yield Happened(row.on, "contact", f"{row.outcome}{spoke}{why}{because(row.note)}{story}", row.by)


def _why(row: Any) -> str:
    """Why payment has not been made: `cash crunch, short`."""
    return ", ".join(spoken(word) for word in (row.reason, row.horizon) if word)


def _notes(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in rows(conn, t.note, account, company):
        source = ", ".join(str(part) for part in (row.source, row.dated) if part)
        text = f"{row.text} ({source})" if source else row.text
        yield Happened(date.fromisoformat(row.at[:10]), "note", text, row.by)


def _mails(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in rows(conn, t.received, account, company):
        status = f" ({row.status})" if row.status else ""
        text = f"{_CAME.get(row.kind, row.kind)}{status}: {short(row.words or row.subject)}"
        yield Happened(date.fromisoformat(row.at[:10]), "mail", text, row.sender)


def _pauses(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in rows(conn, t.pause, account, company):
        until = f"through {row.until}" if row.until else "until lifted"
        yield Happened(row.from_day, "pause", f"{row.kinds or 'everything'} {until}: {row.because}", row.by)


def _rules(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in rows(conn, t.contact_rule, account, company):
        whom = f" ({row.whom})" if row.whom else ""
        yield Happened(row.from_day, "contact rule", f"{row.rule}{whom}{because(row.because)}", row.by)
        if row.until:
            yield Happened(row.until, "contact rule", f"ended: {row.rule}{whom}")


def _learned(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in rows(conn, t.learned, account, company):
        fact = f"{row.field.replace('_', ' ')}: {row.value}"
        yield Happened(row.from_day, "learned", f"{fact}{because(row.because)}", row.by)
        if row.until:
            yield Happened(row.until, "learned", f"no longer so: {fact}")


def _overrides(conn: Connection, account: str, company: str) -> Iterator[Happened]:
    for row in rows(conn, t.guard_override, account, company):
        text = f"“{row.guard}” does not hold through {row.until}{because(row.because)}"
        yield Happened(row.from_day, "override", text, row.by)


SAID = (_calls, _notes, _mails, _pauses, _rules, _learned, _overrides)
