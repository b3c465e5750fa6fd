"""A run in the database: all it decided and planned is there as a whole, or not at all, and never twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store import bulk, decisions, journal, marks, noted
from engine.store.decisions import BASIS, DECIDED, ENDED, Decisions, SealedPart
from engine.store.journal import Entry
from engine.store.moments import moment_text
from engine.store.outbox import look_again
from engine.store.ran import Run, run_of
from engine.store.spans import ALL
from engine.store.tables import (
    ACTION_COLUMNS,
    COMPANY,
    GIVEN_UP,
    OUTBOX_COLUMNS,
    UNDONE,
    WAITING,
    ActionState,
    action,
    assignment,
    book,
    episode,
    ledger_file,
    outbox,
    run,
    shared_run,
)

HOLD = "hold next run"
_AT = {name: n for n, name in enumerate(ACTION_COLUMNS)}
_KEY, _ACCOUNT, _KIND, _STATE = (_AT[name] for name in ("key", "account", "kind", "state"))
_RUN, _ON, _AMOUNT, _SINCE = (_AT[name] for name in ("run", "on", "amount", "since"))
_TAKEN_ON, _TAKEN_AT, _DETAIL = (_AT[name] for name in ("taken_on", "taken_at", "detail"))
_NEXT = {
    "sqlite": "SELECT COALESCE(MAX(id), 0) + 1 FROM run",
    "postgresql": "SELECT nextval(pg_get_serial_sequence('run', 'id'))",
}
_WAITING = frozenset(state.value for state in WAITING)
_UNDONE = frozenset(state.value for state in UNDONE)


def action_key(
    account: str,
    episode: int,
    step: str,
    item: str,
    occurrence: int,
    channel: str,
    role: str,
    *,
    company: str,
    start: str = "",
) -> str:
    """What makes an action the same action, free of the policy's version and of the run: it is done once.

    `company` is whose database it is, so that no other's action has the same. `item` is the oldest item newly marked,
    `channel` the action's kind, `start` the policy and event ("broken-promise 2026-11-20") of a policy with `start:`.
    """
    parts = (company, account, str(episode), step, item, str(occurrence), channel, role, start)
    key = "|".join(parts)
    if "%" in key or key.count("|") >= len(parts):
        key = "|".join(part.replace("%", "%25").replace("|", "%7C") for part in parts)
    return key


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What one evaluation of a day decided, or a part of it, as columns and tuples ready for the database.

    `choices` are dicts of number, policy, step, verdict, reason, gate, place, signature (JSON). `decisions`
    are three columns of the same length: accounts, items ("" but for `each: invoice`) and class numbers.
    `actions` are tuples in the order of `ACTION_COLUMNS`, with `run`, `taken_on` and `taken_at` None, `state`
    a value of ActionState, `detail` JSON text, days as dates; `outbox` tuples in the order of
    `OUTBOX_COLUMNS`. `journal` are (kind, account, body as JSON) or the same with the action's key as a
    fourth, so that nothing is written about an action that was there already. `episodes` are (account,
    number, started, home) of every account whose episode is new or has a new home; `drawn` are (split, account,
    side, stratum, episode) of those that a comparison has drawn. `settled` are (key, state, reason) of actions
    already there: passed over (with their marks), cancelled, or any other state.
    """

    policy_set: str
    business_date: date
    book_hash: str
    book_texts: Mapping[str, str]
    started: datetime
    finished: datetime
    choices: Sequence[Mapping[str, Any]] = ()
    decisions: Decisions = ((), (), ())
    actions: Sequence[Sequence[Any]] = ()
    outbox: Sequence[Sequence[Any]] = ()
    journal: Sequence[tuple[str, str, bytes] | tuple[str, str, bytes, str]] = ()
    episodes: Sequence[tuple[str, int, date, str | None]] = ()
    drawn: Sequence[tuple[str, str, str, str, int]] = ()
    settled: Sequence[tuple[str, str, str]] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    as_of: date | None = None
    state: str = "done"  # or "stopped": the safety stop asks first
    company: str = COMPANY
    outbox_columns: Sequence[str] = OUTBOX_COLUMNS  # with "id" where the place in the queue is given


@dataclass(frozen=True, slots=True)
class Committed:
    """What a commit did. `time` is 1 for the first evaluation of the day.

    `added` actions are new (`renewed` of them again, after one that never went); `advanced` ones waited and
    have moved on; `ignored` ones were there already.
    """

    run: int
    time: int
    added: int
    advanced: int
    ignored: int
    renewed: int


def commit_run(
    conn: Connection,
    head: RunRecord,
    parts: Iterable[RunRecord],
    number: int | None = None,
    decided: Sequence[SealedPart] = (),
) -> Committed:
    """Write a whole evaluation in the caller's transaction (`database.writing`): all or nothing.

    It comes in parts: each is written before the next is asked for. `head` says of the whole what is no account's; its
    counts may still grow with the parts. `number` is the run's, where it has been given out. `decided` is of decisions
    that are there already; without it, the head has all of them.

    Actions are recognised by their key. One that is there already is ignored, unless it still waits (its row
    then takes the new state and content, and keeps the day it began to wait if the state is the same), or
    never went (it comes again under a key with the next number). A task is taken when it is on the list, so
    its marks are written here.
    """
    keep_book(conn, head.book_hash, head.book_texts, head.started)
    number, time = _begin(conn, head, number)
    basis = (BASIS, "", _basis(conn, head, number, time))
    journal.append_many(conn, [basis], head.finished, head.company)
    added = advanced = ignored = renewed = 0
    for record in parts:
        sorted_out = _sort_out(conn, record)
        _write_actions(conn, record, number, sorted_out)
        decisions.write_choices(conn, number, time, record.choices)
        decisions.write(conn, number, time, record.decisions)
        _write_episodes(conn, record)
        _write_drawn(conn, record)
        _settle(conn, record)
        journal.append_many(conn, _spoken(record, sorted_out.ignored), head.finished, head.company)
        added += len(sorted_out.new)
        advanced += len(sorted_out.advanced)
        ignored += len(sorted_out.ignored)
        renewed += len(sorted_out.renewed)
    counts = dict(head.counts)
    decided = decided or [SealedPart(0, ALL, decisions.digest(head.decisions))]
    root = decisions.sealed(conn, number, time, head.choices, decided)
    ended = Entry(ENDED, "", {"run": number, "time": time, "counts": counts}, {DECIDED: root})
    seal_seq, seal = journal.append(conn, [ended], head.finished, head.company)
    sealing = {"seal": seal, "seal_seq": seal_seq, "counts": orjson.dumps(counts).decode()}
    conn.execute(sa.update(run).where(run.c.id == number).values(**sealing))
    return Committed(number, time, added, advanced, ignored, renewed)


def hold(conn: Connection, company: str = COMPANY) -> str | None:
    """Why the next run must ask before it does anything, or None."""
    return noted.of(conn, HOLD, company)


def put_hold(conn: Connection, because: str, company: str = COMPANY) -> None:
    lift_hold(conn, company)
    noted.put(conn, HOLD, because, company)


def lift_hold(conn: Connection, company: str = COMPANY) -> bool:
    """A person has looked, and lets the next run go. True where there was a hold."""
    if because := hold(conn, company):
        look_again(conn, because, company)
    return noted.take(conn, HOLD, company)


@dataclass(frozen=True, slots=True)
class _Sorted:
    """The actions of a record, told apart by what the database has already."""

    new: Sequence[Sequence[Any]]
    advanced: Sequence[Sequence[Any]]
    ignored: frozenset[str]
    renewed: Mapping[str, str]  # key as given → key as written


def keep_book(conn: Connection, hash: str, texts: Mapping[str, str], at: datetime) -> None:
    """Keep the words of the policies, so that a past decision is explained with its own."""
    if conn.execute(sa.select(book.c.hash).where(book.c.hash == hash)).first() is None:
        kept = orjson.dumps(dict(texts)).decode()
        conn.execute(sa.insert(book).values(hash=hash, texts=kept, first_used=moment_text(at)))


def _basis(conn: Connection, record: RunRecord, number: int, time: int) -> bytes:
    """What a run was decided on: the policies and the ledger, by their hashes. It says nothing of any account."""
    newest = (
        sa.select(ledger_file.c.sha256, ledger_file.c.as_of, ledger_file.c.imported_at)
        .where(ledger_file.c.company == record.company, ledger_file.c.kind == "ledger")
        .order_by(ledger_file.c.id.desc())
        .limit(1)
    )
    ledger = conn.execute(newest).mappings().first()
    told = {
        "run": number,
        "time": time,
        "on": record.business_date,
        "book": record.book_hash,
        "ledger": {str(name): value for name, value in ledger.items()} if ledger else None,
    }
    return orjson.dumps(told)


def next_of(conn: Connection, on: date, policy_set: str = "main", company: str = COMPANY) -> tuple[int, int]:
    """The number that a day's next evaluation will have, and how often the day will have been asked for by then.

    The number of a first one is given out and comes to nobody else; SQLite has no other writer meanwhile.
    """
    before = run_of(conn, on, policy_set, company)
    if before is not None:
        return before.id, _time(conn, before)
    given = sa.text(_NEXT[conn.dialect.name])
    return int(conn.execute(given).scalar_one()), 1


def _time(conn: Connection, before: Run) -> int:
    """How often the day has been asked for with this time. One in parts that came to nothing has had its number."""
    tried = conn.execute(
        sa.select(sa.func.max(shared_run.c.time)).where(
            shared_run.c.run == before.id, shared_run.c.state == GIVEN_UP
        )
    ).scalar()
    return max(before.times, tried or 0) + 1


def _begin(conn: Connection, record: RunRecord, number: int | None = None) -> tuple[int, int]:
    values = {
        "state": record.state,
        "book": record.book_hash,
        "as_of": record.as_of,
        "finished": moment_text(record.finished),
        "counts": orjson.dumps(dict(record.counts)).decode(),
    }
    before = run_of(conn, record.business_date, record.policy_set, record.company)
    if before is not None:
        time = _time(conn, before)
        conn.execute(sa.update(run).where(run.c.id == before.id).values(**values, times=time))
        return before.id, time
    made = conn.execute(
        sa.insert(run).values(
            **values,
            company=record.company,
            policy_set=record.policy_set,
            business_date=record.business_date,
            started=moment_text(record.started),
            seal="",
            seal_seq=0,
            **({} if number is None else {"id": number}),
        )
    )
    key = made.inserted_primary_key
    assert key is not None
    return int(key[0]), 1


def _sort_out(conn: Connection, record: RunRecord) -> _Sorted:
    known = _known(conn, [row[_KEY] for row in record.actions])
    if not known:
        return _Sorted(record.actions, (), frozenset(), {})
    new: list[Sequence[Any]] = []
    advanced, renewed = [], {}
    ignored = set()
    for row in record.actions:
        key = row[_KEY]
        if key not in known:
            new.append(row)
            continue
        last, there = (key, known[key]) if known[key][0] not in _UNDONE else _last(conn, key)
        if last != key:
            renewed[key] = last
            row = (last, *row[1:])
        if there is None:
            new.append(row)
        elif there[0] in _WAITING and there != (row[_STATE], row[_AMOUNT]):
            advanced.append(row)
        else:
            ignored.add(key)
    return _Sorted(new, advanced, frozenset(ignored), renewed)


def _known(conn: Connection, keys: list[str]) -> dict[str, tuple[str, int]]:
    """Of these keys, those that are there, with their state and amount."""
    raw: Any = conn.connection.driver_connection
    if conn.dialect.name == "postgresql":
        with raw.cursor() as cursor:
            cursor.execute("SELECT key, state, amount FROM action WHERE key = ANY(%s)", (keys,))
            found = cursor.fetchall()
    else:
        query = "SELECT key, state, amount FROM action WHERE key IN (SELECT value FROM json_each(?))"
        found = raw.execute(query, (orjson.dumps(keys).decode(),)).fetchall()
    return {key: (state, amount) for key, state, amount in found}


def _last(conn: Connection, key: str) -> tuple[str, tuple[str, int] | None]:
    """What an action that never went goes on as, `…+1`, `…+2`: the one that still may, or the first that is free."""
    number = 1
    while True:
        again = f"{key}+{number}"
        query = sa.select(action.c.state, action.c.amount).where(action.c.key == again)
        found = conn.execute(query).first()
        if found is None:
            return again, None
        if found.state not in _UNDONE:
            return again, (found.state, found.amount)
        number += 1


def _write_actions(conn: Connection, record: RunRecord, number: int, found: _Sorted) -> None:
    when = moment_text(record.finished)

    def complete(row: Sequence[Any]) -> tuple[Any, ...]:
        if row[_KIND] != "task" or row[_STATE] != ActionState.PLANNED.value:
            return (*row[:_RUN], number, *row[_RUN + 1 :])
        filled = list(row)
        filled[_RUN], filled[_TAKEN_ON], filled[_TAKEN_AT] = number, row[_ON], when
        return tuple(filled)

    rows = [complete(row) for row in found.new]
    bulk.insert(conn, action, ACTION_COLUMNS, rows)
    moved = [complete(row) for row in found.advanced]
    _advance(conn, moved)
    gone = found.ignored
    messages: Sequence[Sequence[Any]] = record.outbox
    if gone or found.renewed:
        messages = [(found.renewed.get(row[0], row[0]), *row[1:]) for row in messages if row[0] not in gone]
    bulk.insert(conn, outbox, record.outbox_columns, messages)
    tasks = [
        dict(zip(ACTION_COLUMNS, row, strict=True)) for row in (*rows, *moved) if row[_TAKEN_ON] is not None
    ]
    marks.add(conn, (each for row in tasks for each in marks.rows(row, row["on"], marks.TAKEN)))


def _advance(conn: Connection, rows: Sequence[Sequence[Any]]) -> None:
    """What waited takes its new state and content. `since` stays where the state does."""
    if not rows:
        return
    names = [name for name in ACTION_COLUMNS if name not in ("key", "since", "attempts")]
    changes: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in names}
    changes["since"] = sa.case(
        (action.c.state == sa.bindparam("new_state"), action.c.since),
        else_=sa.bindparam("new_since", type_=sa.Date),
    )
    values = [{f"new_{name}": value for name, value in zip(ACTION_COLUMNS, row, strict=True)} for row in rows]
    conn.execute(sa.update(action).where(action.c.key == sa.bindparam("new_key")).values(changes), values)


def _write_episodes(conn: Connection, record: RunRecord) -> None:
    """New episodes, and new homes of running ones."""
    bulk.upsert(
        conn,
        episode,
        ("company", "account", "number", "started", "home"),
        [(record.company, *row) for row in record.episodes],
        key=("company", "account", "number"),
        update=("home",),
    )


def _write_drawn(conn: Connection, record: RunRecord) -> None:
    """Whom a comparison has drawn, for good: an account that is there already makes the run fail."""
    columns = ("company", "split", "account", "side", "stratum", "episode", "on")
    rows = [(record.company, *row, record.business_date) for row in record.drawn]
    bulk.insert(conn, assignment, columns, rows)


def _settle(conn: Connection, record: RunRecord) -> None:
    for key, state, reason in record.settled:
        if state == ActionState.PASSED_OVER.value:
            marks.pass_over(conn, key, record.business_date, reason)
        else:
            change = {"state": state, "reason": reason, "since": record.business_date}
            conn.execute(sa.update(action).where(action.c.key == key).values(**change))
        if state in (ActionState.PASSED_OVER.value, ActionState.CANCELLED.value):
            withdraw(conn, [key], reason)


def withdraw(conn: Connection, keys: Iterable[str], reason: str) -> None:
    """Take messages that nobody is sending yet out of the outbox."""
    for key in keys:
        conn.execute(
            sa.update(outbox)
            .where(outbox.c.action == key, outbox.c.state.in_(["pending", "retry"]))
            .values(state="cancelled", reason=reason, fence=outbox.c.fence + 1)
        )


def _spoken(record: RunRecord, ignored: frozenset[str]) -> Iterable[tuple[str, str, bytes]]:
    """The journal's entries, without those about actions that were there already."""
    about: Callable[[Any], bool] = lambda entry: len(entry) < 4 or entry[3] not in ignored  # noqa: E731
    return [(entry[0], entry[1], entry[2]) for entry in record.journal if not ignored or about(entry)]
