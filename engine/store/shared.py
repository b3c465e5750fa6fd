"""A run in parts, as the database has it: who has which accounts, and what is still missing.

Many workers make one together on PostgreSQL; on any database one process makes one by itself, part after part, where
the ledger is large. Nothing of such a run is seen elsewhere before it is sealed: its decisions have no run yet, and all
else that is to be written waits in its parts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.errors import PartBroken
from engine.store import bulk, runs
from engine.store.moments import moment_text
from engine.store.spans import Span, among
from engine.store.tables import (
    COMPANY,
    DECIDING,
    GIVEN_UP,
    SEALED,
    book,
    decision,
    journal,
    journal_head,
    ledger_file,
    pushed,
    run_class,
    run_part,
    shared_run,
)


@dataclass(frozen=True, slots=True)
class SharedRun:
    """A run in parts. `run` and `time` are what it will be called by; `moment` is what all parts are decided for."""

    id: int
    on: date
    run: int
    time: int
    state: str
    book: str
    settings: str
    file: int
    moment: datetime
    agreed: str
    parts: int
    lots: Sequence[Sequence[Any]]
    begun_at: datetime

    @property
    def deciding(self) -> bool:
        return self.state == DECIDING


@dataclass(frozen=True, slots=True)
class Part:
    """What a part has come to. `contacts` and `rows` are as the part has written them; `decided` is a hash of its decisions."""

    number: int
    span: Span
    head: int
    accounts: int
    decided: str
    contacts: bytes
    rows: bytes


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run under way is; `workers` have decided parts of it, `last_at` is when the last was done."""

    on: date
    begun_at: datetime
    parts: int
    done: int
    accounts: int
    workers: Mapping[str, int]
    last_at: datetime | None


# -- a run ---------------------------------------------------------------------------------------------------------------


def begin(
    conn: Connection,
    *,
    on: date,
    book_hash: str,
    texts: Mapping[str, str],
    settings: str,
    moment: datetime,
    agreed: str,
    lots: Sequence[Sequence[Any]],
    spans: Sequence[Span],
    company: str = COMPANY,
) -> SharedRun:
    """Write down what is to be decided, and by what. Another run under way must have been given up before."""
    runs.keep_book(conn, book_hash, texts, moment)
    number, time = runs.next_of(conn, on, company=company)
    made = conn.execute(
        sa.insert(shared_run).values(
            company=company,
            business_date=on,
            run=number,
            time=time,
            state=DECIDING,
            book=book_hash,
            settings=settings,
            file=newest_file(conn, company),
            moment=moment_text(moment),
            agreed=agreed,
            parts=len(spans),
            lots=orjson.dumps(lots).decode(),
            begun_at=moment_text(moment),
        )
    )
    key = made.inserted_primary_key
    assert key is not None
    rows = [(key[0], n, span.first, span.before) for n, span in enumerate(spans)]
    bulk.insert(conn, run_part, ("shared_run", "number", "first", "before"), rows)
    found = of(conn, key[0])
    assert found is not None
    return found


def of(conn: Connection, id: int, *, lock: bool = False) -> SharedRun | None:
    """One run; with `lock` nobody else seals it or gives it up meanwhile."""
    query = sa.select(shared_run).where(shared_run.c.id == id)
    found = conn.execute(query.with_for_update(key_share=True) if lock else query).first()
    return None if found is None else _read(found)


def under_way(conn: Connection, company: str = COMPANY) -> SharedRun | None:
    """The run that is being decided, or None."""
    query = sa.select(shared_run).where(shared_run.c.company == company, shared_run.c.state == DECIDING)
    found = conn.execute(query).first()
    return None if found is None else _read(found)


def last_sealed(conn: Connection, company: str = COMPANY) -> int:
    """The newest run in parts that was sealed; 0 where there is none."""
    query = sa.select(sa.func.max(shared_run.c.id)).where(
        shared_run.c.company == company, shared_run.c.state == SEALED
    )
    return int(conn.execute(query).scalar() or 0)


def give_up(conn: Connection, one: SharedRun, because: str, at: datetime) -> None:
    """Nothing comes of it. Its decisions stay without a run, so that nobody sees them."""
    _end(conn, one, GIVEN_UP, at, because)


def sealed(conn: Connection, one: SharedRun, at: datetime) -> None:
    _end(conn, one, SEALED, at, "")


def _end(conn: Connection, one: SharedRun, state: str, at: datetime, because: str) -> None:
    """What waited in its parts is written, or will never be."""
    mine = shared_run.c.id == one.id
    conn.execute(
        sa.update(shared_run).where(mine).values(state=state, ended_at=moment_text(at), because=because)
    )
    conn.execute(sa.delete(run_class).where(run_class.c.shared_run == one.id))
    conn.execute(sa.update(run_part).where(run_part.c.shared_run == one.id).values(contacts=None, rows=None))


def kept_book(conn: Connection, hash: str) -> Mapping[str, str]:
    """The texts of the policies that a run is decided by."""
    found: Mapping[str, str] = orjson.loads(
        conn.execute(sa.select(book.c.texts).where(book.c.hash == hash)).scalar_one()
    )
    return found


def newest_file(conn: Connection, company: str = COMPANY) -> int:
    """The number of the last thing that came in: a ledger, customers, a push."""
    query = sa.select(sa.func.max(ledger_file.c.id)).where(ledger_file.c.company == company)
    return int(conn.execute(query).scalar() or 0)


def _read(row: Any) -> SharedRun:
    return SharedRun(
        id=row.id,
        on=row.business_date,
        run=row.run,
        time=row.time,
        state=row.state,
        book=row.book,
        settings=row.settings,
        file=row.file,
        moment=datetime.fromisoformat(row.moment),
        agreed=row.agreed,
        parts=row.parts,
        lots=orjson.loads(row.lots),
        begun_at=datetime.fromisoformat(row.begun_at),
    )


# -- its parts -----------------------------------------------------------------------------------------------------------


def take_part(conn: Connection, id: int, number: int) -> Span | None:
    """The accounts of a part that is still to be decided; nobody else decides it until the transaction ends."""
    found = conn.execute(
        sa.select(run_part.c.first, run_part.c.before, run_part.c.done_at)
        .where(run_part.c.shared_run == id, run_part.c.number == number)
        .with_for_update()
    ).first()
    return None if found is None or found.done_at else Span(found.first, found.before)


def head(conn: Connection, stream: str = COMPANY) -> int:
    """The last entry of the journal."""
    query = sa.select(journal_head.c.seq).where(journal_head.c.stream == stream)
    return int(conn.execute(query).scalar() or 0)


def part_done(conn: Connection, one: SharedRun, part: Part, worker: str, at: datetime) -> None:
    conn.execute(
        sa.update(run_part)
        .where(run_part.c.shared_run == one.id, run_part.c.number == part.number)
        .values(
            worker=worker,
            done_at=moment_text(at),
            head=part.head,
            accounts=part.accounts,
            decided=part.decided,
            contacts=part.contacts,
            rows=part.rows,
            hash=_hash(one, part),
        )
    )


def before_their_run(conn: Connection) -> None:
    """Decisions may be written before their run is, until this transaction ends. On PostgreSQL they always may."""
    if conn.dialect.name == "sqlite":
        conn.execute(sa.text("PRAGMA defer_foreign_keys=ON"))


def undecided(
    conn: Connection, one: SharedRun, among_parts: Sequence[Part], accounts: Collection[str]
) -> dict[int, list[tuple[str, str, int]]]:
    """These accounts are decided anew: what the parts have said of them, which comes back, does not count."""
    mine = (decision.c.run == one.run, decision.c.time == one.time, among(conn, decision.c.account, accounts))
    gone = sa.delete(decision).returning(decision.c.account, decision.c.item, decision.c["class"])
    said: dict[int, list[tuple[str, str, int]]] = {}
    for part in among_parts:
        within = [sa.text(f"TRUE{part.span.within('account')}").bindparams(**part.span.ends)]
        if found := conn.execute(gone.where(*mine, *within)).all():
            said[part.number] = [tuple(row) for row in found]
    return said


def open_parts(conn: Connection, id: int) -> list[int]:
    """The parts that are still to be decided."""
    query = sa.select(run_part.c.number).where(run_part.c.shared_run == id, run_part.c.done_at.is_(None))
    return [number for (number,) in conn.execute(query.order_by(run_part.c.number))]


def parts(conn: Connection, id: int) -> list[Part]:
    """Every part, in their order, without its rows."""
    names = ("number", "first", "before", "head", "accounts", "decided", "contacts")
    query = sa.select(*(run_part.c[name] for name in names)).where(run_part.c.shared_run == id)
    return [
        Part(row.number, Span(row.first, row.before), row.head, row.accounts, row.decided, row.contacts, b"")
        for row in conn.execute(query.order_by(run_part.c.number))
    ]


def rows(conn: Connection, one: SharedRun, part: Part) -> bytes:
    """What a part has for the tables. Raises PartBroken where anything of it is not as it was written."""
    of = (run_part.c.shared_run == one.id, run_part.c.number == part.number)
    found = conn.execute(sa.select(run_part.c.rows, run_part.c.hash).where(*of)).one()
    if found.hash != _hash(one, replace(part, rows=found.rows)):
        raise PartBroken(one.on, part.number)
    kept: bytes = found.rows
    return kept


def _hash(one: SharedRun, part: Part) -> str:
    """Over what a part was decided on, and all that it has come to."""
    begun = (one.run, one.time, one.on, one.book, one.settings, one.file, one.moment, one.agreed, one.lots)
    of = (part.number, part.span.first, part.span.before, part.head, part.accounts, part.decided)
    data = (hashlib.sha256(each).hexdigest() for each in (part.contacts, part.rows))
    return hashlib.sha256(orjson.dumps([*begun, *of, *data])).hexdigest()


def changed_since(conn: Connection, one: SharedRun, head: int, company: str = COMPANY) -> set[str]:
    """The accounts of which something was written down, or pushed, after entry `head` of the journal."""
    spoken = sa.select(journal.c.account).where(
        journal.c.stream == company, journal.c.seq > head, journal.c.account != ""
    )
    came = (
        sa.select(pushed.c.account)
        .join(ledger_file, ledger_file.c.name == sa.literal("push ") + pushed.c.event)
        .where(pushed.c.company == company, ledger_file.c.company == company, ledger_file.c.id > one.file)
    )
    return {account for (account,) in conn.execute(spoken.union(came))}


def overtaken(conn: Connection, one: SharedRun, company: str = COMPANY) -> bool:
    """Whether a newer ledger, or a newer customer master, has come in since: all accounts may have changed.

    A push that says something of customers is none: `changed_since` knows which accounts it is about.
    """
    event = ledger_file.alias()
    of_push = sa.exists().where(
        ledger_file.c.kind == "customers",
        event.c.company == company,
        event.c.kind == "push",
        event.c.name == ledger_file.c.name,
    )
    query = sa.select(ledger_file.c.id).where(
        ledger_file.c.company == company, ledger_file.c.id > one.file, ledger_file.c.kind != "push", ~of_push
    )
    return conn.execute(query.limit(1)).first() is not None


def progress(conn: Connection, company: str = COMPANY) -> Progress | None:
    """How far the run under way is, or None where there is none."""
    one = under_way(conn, company)
    if one is None:
        return None
    query = sa.select(
        run_part.c.worker,
        sa.func.count(),
        sa.func.coalesce(sa.func.sum(run_part.c.accounts), 0),
        sa.func.max(run_part.c.done_at),
    )
    done = run_part.c.done_at.is_not(None)
    found = conn.execute(query.where(run_part.c.shared_run == one.id, done).group_by(run_part.c.worker)).all()
    last = max((row[3] for row in found), default=None)
    return Progress(
        on=one.on,
        begun_at=one.begun_at,
        parts=one.parts,
        done=sum(row[1] for row in found),
        accounts=sum(int(row[2]) for row in found),
        workers={row[0]: row[1] for row in found},
        last_at=datetime.fromisoformat(last) if last else None,
    )
