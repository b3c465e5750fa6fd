"""Remarks that are kept with an account."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from engine.jobs.cases.who import Who, verb
from engine.store import tables as t
from engine.store.journal import Entry
from engine.store.outbox import text as moment_text


def note(engine: Engine, account: str, text: str, who: Who) -> str:
    """Keep a remark with an account."""
    with verb(engine, account, who) as (conn, entries):
        values = {"account": account, "text": text, "at": moment_text(who.at), "by": who.by}
        conn.execute(sa.insert(t.note).values(company=who.company, **values))
        entries.append(Entry("note", account, {"by": who.by}, {"text": text}))
        return f"Noted with {account}."
