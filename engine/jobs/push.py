"""What another program says has changed: all of a message or nothing, each message once, an older word never over a newer.

What a message does not name stays as it is: only a snapshot says what is no longer open.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
import polars as pl
from pydantic import ValidationError
from sqlalchemy.engine import Connection, Engine

from engine.core.ledger import Terms, read_terms
from engine.core.problem import Severity
from engine.errors import Refused
from engine.jobs.imports import put_customers, put_ledger
from engine.jobs.pushed_rows import (
    Customer,
    Document,
    Fault,
    Payment,
    Push,
    Row,
    State,
    due_of,
    minor,
    read_rows,
    validation_faults,
)
from engine.jobs.workspace import Workspace
from engine.readers.customers import read_customers_tables
from engine.readers.numbers import written
from engine.readers.profile import Profile
from engine.readers.reading import NAMED, ROWS, Reading
from engine.readers.table import Cell, Table
from engine.store import asked, disputes, episodes, journal, ledger, promises, pushed, returns, runs, shown
from engine.store.database import writing
from engine.store.journal import Entry
from engine.store.pushed import Key

_SNAPSHOT: Key = ("", "snapshot")
_KEPT = ("kind", "date", "due", "statement", "amount", "open", "currency", "rate", "terms", "po", "reference")


@dataclass(frozen=True, slots=True)
class PushReport:
    """The answer to a message. With `problems` nothing was changed; `late` rows were older than what is known."""

    event: str
    version: int
    taken: int = 0
    late: int = 0
    problems: tuple[Fault, ...] = ()

    def told(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "event": self.event,
            "version": self.version,
            "taken": self.taken,
            "late": self.late,
            "problems": [fault.told() for fault in self.problems],
        }


class _Undone(Exception):
    """The message is refused after all; the transaction is rolled back."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(len(faults))
        self.faults = tuple(faults)


def push_text(ws: Workspace, data: bytes, *, now: datetime, by: str) -> PushReport:
    """A message as JSON: event, version, rows, and perhaps snapshot and as_of."""
    try:
        found = Push.model_validate(orjson.loads(data))
    except orjson.JSONDecodeError as error:
        raise Refused("this is no JSON", str(error)) from None
    except ValidationError as error:
        return PushReport("", 0, problems=tuple(validation_faults(0, error)))
    engine = ws.database()
    try:
        return push(
            ws,
            engine,
            found.rows,
            found.event,
            found.version,
            now,
            by,
            snapshot=found.snapshot,
            as_of=found.as_of,
        )
    finally:
        engine.dispose()


def push(
    ws: Workspace,
    engine: Engine,
    rows: Sequence[Mapping[str, Any]],
    event_id: str,
    version: int,
    now: datetime,
    by: str,
    *,
    snapshot: bool = False,
    as_of: date | None = None,
) -> PushReport:
    """Take in what a message says, all or nothing; the same event again changes nothing and has the same answer.

    `snapshot`: the rows are the whole ledger of `as_of` (today where it is not said). Raises Refused where the
    event came before with other rows.
    """
    content = orjson.dumps(
        [version, snapshot, str(as_of), list(rows)], default=str, option=orjson.OPT_SORT_KEYS
    )
    digest = hashlib.sha256(content).hexdigest()
    read, faults = read_rows(rows)
    try:
        with writing(engine) as conn:
            before = pushed.answer(conn, event_id)
            if before is not None:
                return _again(event_id, before, digest)
            if faults:
                raise _Undone(faults)
            message = _Message(ws, conn, event_id, version, now, by)
            report = message.whole(read, as_of, content) if snapshot else message.changes(read)
            pushed.answered(conn, message.file, {"digest": digest, **report.told()})
            journal.append(conn, [Entry("push", "", {**report.told(), "by": by}), *message.entries], now)
            return report
    except _Undone as undone:
        return PushReport(event_id, version, problems=undone.faults)


def _again(event: str, before: Mapping[str, Any], digest: str) -> PushReport:
    if before["digest"] != digest:
        raise Refused(
            f"the event {event} came before with other rows", "give each message an event of its own"
        )
    return PushReport(event, before["version"], before["taken"], before["late"])


class _Message:
    """One message being taken in, within its transaction."""

    def __init__(
        self, ws: Workspace, conn: Connection, event: str, version: int, now: datetime, by: str
    ) -> None:
        self._ws = ws
        self._conn = conn
        self._event = event
        self._version = version
        self._now = now
        self._by = by
        self._day = ws.today(now)
        self._versions: dict[Key, int] = {}
        self._late = 0
        self.entries: list[Entry] = []
        self.file = pushed.begin(conn, event, 0, by, now)

    def whole(self, rows: Sequence[Row], as_of: date | None, content: bytes) -> PushReport:
        """The whole ledger."""
        applied = [
            Fault(at, "type", "a snapshot says what is open; it has no payments of invoices", "leave it out")
            for at, row in enumerate(rows, 1)
            if isinstance(row, Payment) and row.invoice
        ]
        applied += [
            Fault(at, "type", "a snapshot says what is open; it has no states of accounts", "push it alone")
            for at, row in enumerate(rows, 1)
            if isinstance(row, State)
        ]
        documents = [row for row in rows if isinstance(row, Document | Payment)]
        day = as_of or self._day
        if not documents:
            applied.append(Fault(0, "rows", "a ledger without an item looks like one that failed", ""))
        if day > self._day:
            applied.append(Fault(0, "as_of", f"{day} is a day to come", "send the day that the rows show"))
        if applied:
            raise _Undone(applied)
        known = pushed.version(self._conn, _SNAPSHOT)
        if known is not None and self._version < known:
            return PushReport(self._event, self._version, late=len(rows))
        self._customers([row for row in rows if isinstance(row, Customer)])
        numbered = enumerate(rows, 1)
        values = [self._values(at, row) for at, row in numbered if isinstance(row, Document | Payment)]
        frame = pl.DataFrame([value for value in values if value["open"]], schema=ROWS)
        reading = Reading(frame, _named(frame), (), as_of=day)
        put_ledger(
            self._conn,
            f"push {self._event}",
            content,
            reading,
            as_of=day,
            by=self._by,
            at=self._now,
            seen=self._now,
            live=True,
        )
        self._versions |= {(row.customer, row.number): self._version for row in documents}
        pushed.said(self._conn, {**self._versions, _SNAPSHOT: self._version}, self._event)
        return PushReport(self._event, self._version, taken=len(rows))

    def changes(self, rows: Sequence[Row]) -> PushReport:
        """What has changed, and nothing else."""
        faults: list[Fault] = []
        values: dict[Key, dict[str, Any]] = {}
        customers = []
        # A document is what it is now; a payment is of the document as it then is.
        for at, row in sorted(enumerate(rows, 1), key=lambda one: isinstance(one[1], Payment)):
            if isinstance(row, Customer):
                if self._is_news(row, (row.customer, "")):
                    customers.append(row)
            elif isinstance(row, State):
                if self._is_news(row, (row.customer, f"state {row.what}")):
                    self._shows(row)
            elif isinstance(row, Document) or not row.invoice:
                if self._is_news(row, (row.customer, row.number)):
                    values[row.customer, row.number] = self._values(at, row)
            elif self._is_first(row):
                faults += self._pay(at, row, values)
        if faults:
            raise _Undone(faults)
        self._customers(customers)
        if values:
            self._store(pl.DataFrame(list(values.values()), schema=ROWS))
        pushed.said(self._conn, self._versions, self._event)
        return PushReport(self._event, self._version, len(rows) - self._late, self._late)

    def _shows(self, row: State) -> None:
        """What was asked for, and is so, is confirmed; what is not so is an alarm."""
        self.entries += shown.compared(
            self._conn, row.what, {row.customer: row.state}, self._day, self._by, self._now
        )

    def _is_news(self, row: Row, key: Key) -> bool:
        """Whether nothing newer is known of this document."""
        number = self._version if row.version is None else row.version
        known = pushed.version(self._conn, key)
        if known is not None and number < known:
            self._late += 1
            return False
        self._versions[key] = number
        return True

    def _is_first(self, row: Payment) -> bool:
        """A payment of an invoice counts once, whatever else is said of it later."""
        key = (row.customer, f"payment {row.number}/{row.invoice}")
        if pushed.version(self._conn, key) is not None:
            self._late += 1
            return False
        self._versions[key] = self._version if row.version is None else row.version
        return True

    def _pay(self, at: int, row: Payment, values: dict[Key, dict[str, Any]]) -> list[Fault]:
        key = (row.customer, row.invoice)
        there = values.get(key) or self._document(at, key)
        if there is None:
            sentence = f"customer {row.customer} has no invoice {row.invoice}"
            return [Fault(at, "invoice", sentence, "send the invoice first, or in the same message")]
        if there["currency"] != row.currency:
            return [Fault(at, "currency", f"{row.invoice} is in {there['currency']}", "send it in that")]
        amount = minor(row.amount, row.currency)
        if amount > max(there["open"], 0):
            left = written(there["open"], row.currency)
            sentence = f"{row.amount} is more than is open of {row.invoice}: {left}"
            return [Fault(at, "amount", sentence, "send the rest as a payment without an invoice")]
        paid = max(row.date, there["paid_on"]) if there["paid_on"] else row.date
        values[key] = {**there, "open": there["open"] - amount, "paid_on": paid if amount > 0 else None}
        return []

    def _document(self, at: int, key: Key) -> dict[str, Any] | None:
        found = pushed.document(self._conn, key)
        if found is None:
            return None
        empty: dict[str, Any] = dict.fromkeys(ROWS)
        same = {name: found[name] for name in (*_KEPT, "text")}
        return {**empty, **same, "row_no": at, "account": key[0], "name": key[0], "item": key[1]}

    def _values(self, at: int, row: Document | Payment) -> dict[str, Any]:
        empty: dict[str, Any] = dict.fromkeys(ROWS)
        same = {"row_no": at, "account": row.customer, "item": row.number, "date": row.date}
        same["currency"] = row.currency
        if isinstance(row, Payment):
            on_account = -minor(row.amount, row.currency)
            more = {"kind": "payment", "name": row.customer, "due": row.date, "amount": on_account}
            return {**empty, **same, **more, "open": on_account}
        terms = read_terms(row.terms) if row.terms else None
        amount = minor(row.amount, row.currency)
        return {
            **empty,
            **same,
            "kind": row.type,
            "name": row.name or row.customer,
            "due": due_of(row),
            "amount": amount,
            "open": amount if row.open is None else minor(row.open, row.currency),
            "po": row.po,
            "reference": row.reference,
            "terms": terms.text if isinstance(terms, Terms) else None,
            "text": row.text,
            "disputed": row.disputed,
        }

    def _store(self, frame: pl.DataFrame) -> None:
        """The documents named, and all that follows for their accounts: payments, disputes, promises, episodes."""
        conn, day = self._conn, self._day
        key = ["account", "item"]
        accounts = set(frame["account"])
        newest = ledger.newest(conn)
        before = ledger.known(conn, accounts=accounts).join(frame, on=key, how="semi")
        change = ledger.compare(before, frame, ledger.rest(conn, before))
        ledger.store(conn, before, frame, change, file=self.file, as_of=day)
        ledger.store_names(conn, _named(frame))
        gone = before.select(*key, "vanished_on")
        self.entries += returns.as_before(
            conn, change.reappeared.join(gone, on=key).select(gone.columns).iter_rows(), day
        )
        grown = change.changed.filter(pl.col("after") > pl.col("before")).select(*key, "after")
        returns.bounced(conn, grown.iter_rows(), day)
        credited = disputes.credited(conn, frame, change, day, self._by, accounts=accounts)
        silent = frame.filter(pl.col("disputed").is_null()).select(key).rows()
        said = set(frame.select(key).rows()) - set(silent)
        still = [(*one, True, 1) for one in pushed.flagged(conn, accounts) if one not in said]
        shape = frame.select(*key, "disputed", "open")
        disputes.flag_disputes(
            conn,
            pl.concat([shape, pl.DataFrame(still, schema=shape.schema, orient="row")]),
            day,
            self._by,
            self.file,
            accounts=accounts,
        )
        _, settled = promises.settle_promises(conn, day, newest, accounts=accounts)
        _, turned = episodes.turn_episodes(conn, day, accounts=accounts)
        _, renewed = asked.renew(conn, day, accounts=accounts)
        if change.implausible and newest is not None:
            runs.put_hold(conn, f"push {self._event}: {change.implausible}")
        self.entries += [*credited, *settled, *turned, *renewed]

    def _customers(self, rows: Sequence[Customer]) -> None:
        if not rows:
            return
        meanings = [name for name in Customer.model_fields if name not in ("type", "version", "customer")]
        heads: list[Cell] = ["account", *meanings]
        lines: list[Sequence[Cell]] = [heads]
        lines += [[row.customer, *(getattr(row, name) for name in meanings)] for row in rows]
        table = Table(f"push {self._event}", lines, range(len(lines)))
        columns: dict[str, str | int] = {str(name): at for at, name in enumerate(heads, 1)}
        profile = Profile(header=(0,), columns=columns)
        house = self._ws.book.house.currency if self._ws.book is not None else None
        reading = read_customers_tables(
            [table], profile=profile, currency=self._ws.settings.ledger.currency or house
        )
        if not reading.ok:
            raise _Undone(
                [
                    Fault(one.place.line, str(heads[one.place.column - 1]), one.sentence, one.suggestion)
                    for one in reading.problems
                    if one.severity is Severity.ERROR
                ]
            )
        name = f"push {self._event}"
        put_customers(self._conn, name, name.encode(), reading, by=self._by, at=self._now)


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    """What the documents say of their customers: the name."""
    named = frame.group_by("account", maintain_order=True).agg(pl.col("name").drop_nulls().last())
    empty = [
        pl.lit(None, kind).alias(name) for name, kind in NAMED.items() if name not in ("account", "name")
    ]
    return named.with_columns(*empty).select(*NAMED)
