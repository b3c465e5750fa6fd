"""People at a customer are forgotten: who asked for it and why is written down, what they are called and said is not."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core import sentences
from engine.core.people import told_apart, without
from engine.errors import Refused
from engine.jobs.cases import Who, must_know
from engine.settings import Workspace as Files
from engine.store import database, forgetting, journal
from engine.store import tables as t
from engine.store.journal import Entry
from engine.store.outbox import RETRY, SENDING, UNCERTAIN
from engine.store.persons import person, persons
from engine.store.tables import UNDER_WAY

KIND = "forgotten"


def forget(
    files: Files, account: str, who: Who, *, because: str, named: str | None = None, agreed: bool = False
) -> str:
    """Forget one person of an account, or all: in the database, and in what lies in the folder of what goes out.

    Refused while something is open with the account, unless `agreed`; and while a message is on its way to them.
    It cannot be undone.
    """
    engine = database.open(files.database_url)
    try:
        with database.writing(engine) as conn:
            must_know(conn, account, who.company)
            everybody = persons(conn, account, who.company)
            people = [person(conn, account, named, who.company)] if named is not None else everybody
            _refuse(conn, account, who.company, agreed)
            alone = told_apart(people, everybody) if named is not None else people
            done = forgetting.forget(
                conn, account, alone, who.on, alone=named is not None, company=who.company
            )
            if not (done.rows or done.messages):
                raise Refused(sentences.nothing_to_forget(account))
            pseudonyms = {one: done.people[one.name] for one in alone}
            entry = Entry(
                KIND,
                account,
                {"people": len(done.people), "rows": done.rows, "messages": done.messages}
                | {"by": who.by, "on": who.on},
                {"because": without(pseudonyms, because)},
            )
            journal.append(conn, [entry], who.at, who.company)
    finally:
        engine.dispose()
    gone = 0
    for path in done.files:
        file = files.out / path
        gone += file.is_file()
        file.unlink(missing_ok=True)
    return sentences.forgotten(account, done.people, done.rows, done.messages, gone)


def _refuse(conn: Connection, account: str, company: str, agreed: bool) -> None:
    mine = (t.action.c.company == company, t.action.c.account == account)
    on_its_way = (
        sa.select(t.outbox.c.id)
        .join_from(t.outbox, t.action, t.action.c.key == t.outbox.c.action)
        .where(*mine, t.outbox.c.state.in_([SENDING, RETRY, UNCERTAIN]))
    )
    if conn.execute(on_its_way.limit(1)).first() is not None:
        raise Refused(sentences.ON_ITS_WAY, sentences.SEE_IT_OFF)
    counts = _open(conn, account, company)
    if any(counts.values()) and not agreed:
        raise Refused(sentences.must_be_settled(account, counts), sentences.SETTLE_FIRST)


def _open(conn: Connection, account: str, company: str) -> dict[tuple[str, str], int]:
    """What is not settled with the account, by what it is."""
    waits = sa.text(f"action.{UNDER_WAY}")
    asked: dict[tuple[str, str], tuple[sa.Table, sa.ColumnElement[bool] | sa.TextClause]] = {
        ("open item", "open items"): (t.item, t.item.c.open > 0),
        ("open promise", "open promises"): (t.promise, t.promise.c.state == "open"),
        ("payment plan", "payment plans"): (t.plan, t.plan.c.ended_on.is_(None) & (t.plan.c.state == "kept")),
        ("open dispute", "open disputes"): (t.dispute, t.dispute.c.closed.is_(None)),
        ("step under way", "steps under way"): (t.action, waits),
    }
    found = {}
    for what, (table, open_) in asked.items():
        query = sa.select(sa.func.count()).select_from(table)
        mine = (table.c.company == company, table.c.account == account)
        found[what] = int(conn.execute(query.where(*mine, open_)).scalar_one())
    return found
