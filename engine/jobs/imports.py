"""Taking a ledger or a customer master in: whole or not at all, once, and with everything that follows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import polars as pl
import sqlalchemy as sa
from email_validator import EmailNotValidError, validate_email
from sqlalchemy.engine import Connection, Engine

from engine.core.cases.promises import Standing
from engine.core.cases.restrictions import What
from engine.core.sentences import Reason
from engine.errors import Refused
from engine.readers.customers import CustomersReading
from engine.readers.reading import Reading
from engine.store import (
    asked,
    bulk,
    disputes,
    episodes,
    journal,
    ledger,
    outbox,
    recipients,
    returns,
    runs,
    shown,
)
from engine.store import promises as kept
from engine.store.database import writing
from engine.store.journal import Entry
from engine.store.moments import moment_text
from engine.store.spans import among
from engine.store.tables import COMPANY, contact, customer, ledger_file


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. Amounts are open amounts by currency, in minor units.

    With `already` the file's content came in before (at that moment) and nothing was changed. `hold` is why
    the next run asks first. `changed` counts items whose open amount is another one; `presumed` is what is
    taken to be paid.
    """

    name: str
    as_of: date | None = None
    already: str = ""
    rows: int = 0
    appeared: int = 0
    changed: int = 0
    vanished: int = 0
    reappeared: int = 0
    customers: int = 0  # not known before
    totals: Mapping[str, int] = field(default_factory=dict)
    totals_before: Mapping[str, int] = field(default_factory=dict)
    presumed: Mapping[str, int] = field(default_factory=dict)
    set_aside: int = 0
    fell_past_due: int = 0
    paid_up: int = 0
    cancelled: int = 0
    promises: Mapping[str, int] = field(default_factory=dict)
    disputes_opened: int = 0
    disputes_closed: int = 0
    hold: str | None = None
    notes: tuple[str, ...] = ()


def import_ledger(
    engine: Engine,
    name: str,
    data: bytes,
    reading: Reading,
    *,
    as_of: date | None = None,
    by: str,
    at: datetime,
    seen: datetime | None = None,
    live: bool = False,
    company: str = COMPANY,
) -> ImportReport:
    """Put a ledger that has been read into the database, in one transaction with everything that follows.

    What is no longer in it is presumed paid; a smaller amount is a part payment. Promises are settled,
    disputes the file flags are opened, episodes begin and end. An implausible change holds the next run. The
    same bytes twice change nothing; but `seen`, the moment at which the newest ledger was seen to be still the
    same, makes that one as fresh. `live`: read from the books just now, so that an answer of before the last
    one is news as well. `as_of` beats the file's own day. Raises Refused for a reading with errors, without a
    day, or older than the ledger there is.
    """
    with writing(engine) as conn:
        return put_ledger(
            conn, name, data, reading, as_of=as_of, by=by, at=at, seen=seen, live=live, company=company
        )


def put_ledger(
    conn: Connection,
    name: str,
    data: bytes,
    reading: Reading,
    *,
    as_of: date | None = None,
    by: str,
    at: datetime,
    seen: datetime | None = None,
    live: bool = False,
    company: str = COMPANY,
) -> ImportReport:
    """As `import_ledger`, within the caller's transaction."""
    day = as_of or reading.as_of
    if not reading.ok:
        raise Refused(f"{name} was not imported", "put right what is listed, and import it again")
    if day is None:
        raise Refused(
            f"{name} does not say which day it shows", "say it with --as-of, as in --as-of 2026-11-23"
        )
    twice = reading.rows.filter(reading.rows.select("account", "item").is_duplicated())
    if twice.height:
        account, item = twice.select("account", "item").row(0)
        raise Refused(
            f"{name} has {item} of {account} more than once",
            "name the columns that tell them apart, as `key`",
        )
    sha256 = hashlib.sha256(data).hexdigest()
    content, last = sha256, ledger.last(conn, "ledger", company)
    there = ledger.known_file(conn, content, last, company)
    if there is not None and there.as_of is not None and day > there.as_of:
        # The same content again, of a later day: nothing was paid since, and that is news.
        sha256 = f"{content} {day}"
        there = ledger.same_file(conn, sha256, company)
    if there is not None and live and there != last:
        # The books say again what they said before the last answer.
        sha256, there = f"{content} {moment_text(at)}", None
    if there is not None:
        if seen is not None and there == last and day == there.as_of:
            ledger.seen_again(conn, there.id, moment_text(seen))
            outbox.look_again(conn, Reason.STALE.value, company)
        return ImportReport(name, there.as_of, already=there.imported_at, rows=there.rows)
    newest = ledger.newest(conn, company)
    if newest is not None and day < newest:
        raise Refused(
            f"{name} shows {day}, and a ledger of {newest} is there already",
            "import the newest ledger you have",
        )
    return _take_in(conn, name, sha256, reading, day, newest, by, at, company)


def _take_in(
    conn: Connection,
    name: str,
    sha256: str,
    reading: Reading,
    day: date,
    newest: date | None,
    by: str,
    at: datetime,
    company: str,
) -> ImportReport:
    # What the ledger before showed is settled first: a promise broken by what it says stays broken, on its
    # own day.
    _, entries = kept.settle_promises(conn, day, newest, company)
    rows = reading.rows
    before = ledger.known(conn, company)
    change = ledger.compare(before, rows)
    file = _file(conn, name, sha256, "ledger", day, rows.height, by, at, company)
    ledger.store(conn, before, rows, change, file=file, as_of=day, company=company)
    came_back = change.reappeared.join(before, on=["account", "item"]).select(
        "account", "item", "vanished_on"
    )
    entries += returns.as_before(conn, came_back.iter_rows(), day, company)
    grown = change.changed.filter(pl.col("after") > pl.col("before")).select("account", "item", "after")
    returns.bounced(conn, grown.iter_rows(), day, company)
    customers = ledger.store_names(conn, _named(reading), company)
    credited = disputes.credited(conn, rows, change, day, by, company)
    opened, closed = disputes.flag_disputes(conn, rows, day, by, file, company)
    promises, settled = kept.settle_promises(conn, day, day, company)
    turn, turned = episodes.turn_episodes(conn, day, company)
    over, renewed = asked.renew(conn, max(day, at.date()), company)
    hold = change.implausible if newest is not None else None
    if hold:
        runs.put_hold(conn, f"{name}: {hold}", company)
    outbox.look_again(conn, Reason.STALE.value, company)
    presumed = ledger.payments(before, rows, change, day).filter(pl.col("presumed") == 1)
    report = ImportReport(
        name=name,
        as_of=day,
        rows=rows.height,
        appeared=change.appeared.height,
        changed=change.changed.height,
        vanished=change.vanished.height,
        reappeared=change.reappeared.height,
        customers=customers,
        totals=change.totals_after,
        totals_before=change.totals_before,
        presumed=dict(presumed.group_by("currency").agg(pl.col("amount").sum()).sort("currency").iter_rows()),
        set_aside=len(reading.set_aside),
        fell_past_due=len(turn.opened),
        paid_up=len(turn.closed),
        cancelled=len(turn.cancelled) + len(over),
        promises={
            standing.value: count for standing, count in promises.items() if standing is not Standing.OPEN
        },
        disputes_opened=opened,
        disputes_closed=closed + len(credited),
        hold=hold,
        notes=reading.notes,
    )
    told = _told(report, sha256, by)
    conn.execute(sa.update(ledger_file).where(ledger_file.c.id == file).values(summary=bulk.write_json(told)))
    journal.append(
        conn, [Entry("import", "", told), *entries, *credited, *settled, *turned, *renewed], at, company
    )
    return report


def import_customers(
    engine: Engine,
    name: str,
    data: bytes,
    reading: CustomersReading,
    *,
    by: str,
    at: datetime,
    company: str = COMPANY,
) -> ImportReport:
    """Put a customer master into the database, in one transaction: it replaces what was known.

    A customer it does not name stays. Terms that differ from those before are the event "terms changed" of
    that day. The same bytes twice running change nothing.
    """
    with writing(engine) as conn:
        return put_customers(conn, name, data, reading, by=by, at=at, company=company)


def put_customers(
    conn: Connection,
    name: str,
    data: bytes,
    reading: CustomersReading,
    *,
    by: str,
    at: datetime,
    company: str = COMPANY,
) -> ImportReport:
    """As `import_customers`, within the caller's transaction."""
    if not reading.ok:
        raise Refused(f"{name} was not imported", "put right what is listed, and import it again")
    sha256 = hashlib.sha256(data).hexdigest()
    last = ledger.last(conn, "customers", company)
    there = ledger.known_file(conn, sha256, last, company)
    if there is not None and there != last:
        # A master has no day of its own: what it said before the last one, and says again, is news.
        sha256, there = f"{sha256} {moment_text(at)}", None
    if there is not None:
        return ImportReport(name, already=there.imported_at, rows=there.rows)
    accounts = {*reading.customers["account"], *reading.contacts["account"]}
    query = sa.select(customer.c.account, customer.c.terms, customer.c.terms_changed)
    query = query.where(customer.c.company == company, among(conn, customer.c.account, accounts))
    known = {row.account: row for row in conn.execute(query)}
    _file(conn, name, sha256, "customers", None, reading.customers.height, by, at, company)
    before = recipients.known(conn, company, accounts)
    _store_master(conn, reading, known, at.date(), company)
    strange = recipients.to_confirm(conn, before, *_named_now(reading), by, at.date(), company)
    new = reading.customers.filter(~pl.col("account").is_in(list(known))).height
    report = ImportReport(name, rows=reading.customers.height, customers=new, notes=reading.notes)
    terms = {account: text for account, text in reading.customers.select("account", "terms").iter_rows()}  # noqa: C416
    told = shown.compared(conn, What.TERMS.value, terms, at.date(), "the customer master", at)
    entries = [Entry("import customers", "", _told(report, sha256, by)), *strange, *told]
    journal.append(conn, entries, at, company)
    return report


def _named_now(reading: CustomersReading) -> tuple[dict[str, str], dict[str, list[str]]]:
    """account -> its name; account -> its addresses of e-mail."""
    addresses: dict[str, list[str]] = {}
    for account, email in reading.contacts.select("account", "email").iter_rows():
        addresses.setdefault(account, []).extend([email] if email else [])
    names = reading.customers.select("account", pl.col("name").fill_null("")).iter_rows()
    return dict(names), addresses


def _store_master(
    conn: Connection, reading: CustomersReading, known: Mapping[str, Any], on: date, company: str
) -> None:
    words = [name for name in reading.customers.columns if name not in ("tags", "limit", *reading.own)]
    flags = {name for name, kind in reading.customers.schema.items() if kind == pl.Boolean}
    columns = ("company", *words, "credit_limit", "tags", "own", "terms_changed")
    rows = []
    for row in reading.customers.iter_rows(named=True):
        old = known.get(row["account"])
        moved = old is not None and old.terms is not None and old.terms != row["terms"]
        values = [int(row[word] or 0) if word in flags else row[word] for word in words]
        values[words.index("name")] = row["name"] or ""
        own = bulk.write_json({name: row[name] for name in reading.own}) if reading.own else None
        changed = on if moved else old.terms_changed if old else None
        rows.append((company, *values, row["limit"], "\n".join(row["tags"] or ()) or None, own, changed))
    update = [name for name in columns if name not in ("company", "account")]
    bulk.upsert(conn, customer, columns, rows, key=("company", "account"), update=update)
    named = reading.contacts["account"].unique().to_list()
    gone = sa.delete(contact).where(contact.c.company == company, contact.c.account == sa.bindparam("whose"))
    if named:
        conn.execute(gone, [{"whose": account} for account in named])
    names = (
        "account",
        "role",
        "name",
        "email",
        "phone",
        "address",
        "postcode",
        "city",
        "country",
        "language",
    )
    found = reading.contacts.select(names).with_columns(
        pl.col("name").fill_null(""), pl.col("role").fill_null("accounts payable")
    )
    bulk.insert(
        conn,
        contact,
        ("company", *names, "email_ok", "post_ok"),
        [
            (company, *row, int(_mailable(row[3])), int(bool(row[5]) and bool(row[7] or "\n" in row[5])))
            for row in found.iter_rows()
        ],
    )


def _named(reading: Reading) -> pl.DataFrame:
    """Every account of a ledger with what it says of it; addresses that mail cannot go to are left out."""
    said = reading.customers
    rest = reading.rows.group_by("account", maintain_order=True).agg(pl.col("name").drop_nulls().last())
    both = pl.concat([said, rest.join(said, on="account", how="anti")], how="diagonal")
    emails = [value if _mailable(value) else None for value in both["email"]]
    return both.with_columns(pl.Series("email", emails, pl.String()))


def _mailable(address: str | None) -> bool:
    if not address:
        return False
    try:
        validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


def _file(
    conn: Connection,
    name: str,
    sha256: str,
    kind: str,
    as_of: date | None,
    rows: int,
    by: str,
    at: datetime,
    company: str,
) -> int:
    made = conn.execute(
        sa.insert(ledger_file).values(
            company=company,
            sha256=sha256,
            name=name,
            kind=kind,
            as_of=as_of,
            imported_at=moment_text(at),
            by=by,
            rows=rows,
            summary="{}",
        )
    )
    key = made.inserted_primary_key
    assert key is not None
    return int(key[0])


def _told(report: ImportReport, sha256: str, by: str) -> dict[str, Any]:
    plain = {name: getattr(report, name) for name in report.__slots__ if name not in ("already", "notes")}
    return {
        **{name: dict(value) if isinstance(value, Mapping) else value for name, value in plain.items()},
        "sha256": sha256,
        "by": by,
    }
