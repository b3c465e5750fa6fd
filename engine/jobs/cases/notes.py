"""Remarks that are kept: of an account, from outside with its source and its day, of a whole industry."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.errors import NotFound, Refused
from engine.jobs.cases.who import Who, day_of, near, verb
from engine.store import journal
from engine.store import tables as t
from engine.store.database import writing
from engine.store.journal import Entry
from engine.store.moments import moment_text

NOTE, OUTSIDE, INDUSTRY = "note", "outside", "industry"


def note(
    engine: Engine,
    account: str,
    text: str,
    who: Who,
    *,
    outside: bool = False,
    source: str = "",
    dated: date | None = None,
) -> str:
    """Keep a remark with an account; what comes from `outside` has a source, and the day it is of (today, if none)."""
    kind = OUTSIDE if outside else NOTE
    if outside and not source:
        raise Refused(
            "what comes from outside needs its source", "say whose word it is: --source “credit report”"
        )
    if (source or dated) and not outside:
        raise Refused(
            "a source and a day belong to what comes from outside",
            "add --outside, or write them into the text",
        )
    with verb(engine, account, who) as (conn, entries):
        entries.append(_keep(conn, account, text, who, kind, source=source, dated=dated))
        return f"Noted with {account}."


def industry_note(
    engine: Engine, industry: str, text: str, who: Who, *, source: str = "", dated: date | None = None
) -> str:
    """Keep what goes on in an industry: every brief of its accounts shows it."""
    wanted = " ".join(industry.lower().split())
    with writing(engine) as conn:
        column = sa.func.lower(t.customer.c.industry)
        query = sa.select(column, sa.func.count()).where(
            t.customer.c.company == who.company, t.customer.c.industry.is_not(None)
        )
        known = {str(name): int(number) for name, number in conn.execute(query.group_by(column))}
        if not known:
            raise Refused(
                "no customer has an industry yet", "the customer master names it in a column “industry”"
            )
        if wanted not in known:
            raise NotFound("industry", industry, near(wanted, list(known)) or tuple(sorted(known)[:5]))
        entry = _keep(conn, "", text, who, INDUSTRY, topic=wanted, source=source, dated=dated)
        journal.append(conn, [entry], who.at, who.company)
        many = f"{known[wanted]:,} account{'s' * (known[wanted] != 1)}"
        return f"Noted for the industry “{wanted}”: {many}."


def _keep(conn: Connection, account: str, text: str, who: Who, kind: str, **more: Any) -> Entry:
    """Add the note. Refused for one without words, or of a day that has not come."""
    if not text.strip():
        raise Refused("the note is empty", "write it in quotation marks")
    dated: date | None = more.get("dated")
    if dated is not None and dated > who.on:
        raise Refused(f"{day_of(dated)} has not come", "--dated is the day that the information is of")
    words: dict[str, Any] = {"text": text, "at": moment_text(who.at), "by": who.by, "kind": kind}
    words |= {name: value or None for name, value in more.items()}
    conn.execute(sa.insert(t.note).values(company=who.company, account=account, **words))
    body = {"by": who.by} if kind == NOTE else {"by": who.by, "kind": kind, "dated": dated}
    body |= {"topic": more["topic"]} if more.get("topic") else {}
    told = {"text": text} | ({"source": more["source"]} if more.get("source") else {})
    return Entry(NOTE, account, body, told)
