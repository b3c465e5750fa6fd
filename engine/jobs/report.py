"""The report of a period, from what the database has on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches

from sqlalchemy.engine import Connection

from engine.core.figures.ageing import Convention
from engine.core.figures.periods import Period, days_to
from engine.core.figures.records import Records
from engine.core.figures.registry import FIGURES, TABLES
from engine.core.figures.report import Report, Sheet, report
from engine.core.workdays import WEEKENDS_ONLY, Calendar, calendar
from engine.errors import NotFound, Refused
from engine.jobs.workspace import Workspace
from engine.store import figures as store

DAYS = 30  # of a report that is asked for no days


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is to be about. Without days it is the thirty that end with the newest ledger.

    With `only` it has these figures and no table, and takes less time.
    """

    first: date | None = None
    last: date | None = None
    policy: str = ""
    currency: str = ""
    convention: Convention = Convention.PAST_DUE
    netted: bool = False
    only: frozenset[str] | None = None


def made(ws: Workspace, conn: Connection, asked: Asked) -> Report:
    """The report. Refused where there is no ledger, or none of these days. Changes nothing."""
    records = store.records(conn)
    period, until = _period(records, asked)
    if asked.policy:
        accounts = store.accounts_of(conn, asked.policy, period.first, period.last)
        records = records.of_accounts(accounts, _policy(ws, asked.policy, bool(accounts)))
    if asked.currency and asked.currency not in records.currencies:
        raise NotFound("currency", asked.currency, records.currencies, "this ledger")
    found = report(
        records,
        period,
        house(ws),
        _calendar(ws),
        asked_to=until,
        convention=asked.convention,
        netted=asked.netted,
        policy=asked.policy,
        currency=asked.currency,
        figures=[figure for figure in FIGURES if asked.only is None or figure.name in asked.only],
        tables=TABLES if asked.only is None else (),
    )
    return _named(found, {id: person.name for id, person in ws.settings.people.items()})


def house(ws: Workspace) -> str:
    """The house's currency; while the policies cannot be read, the ledger's."""
    return ws.book.house.currency if ws.book is not None else ws.settings.ledger.currency or "USD"


def _calendar(ws: Workspace) -> Calendar:
    return ws.calendar if ws.book is not None else calendar(WEEKENDS_ONLY)


def _period(records: Records, asked: Asked) -> tuple[Period, date]:
    """The days that the report is about, and the last that was asked for: it ends with the newest ledger at the latest."""
    newest, since = records.as_of, records.told_from
    if newest is None or since is None:
        raise Refused(
            "there is no ledger yet", "“dunwell import FILE” takes one in: your accounting system's export"
        )
    until = asked.last or newest
    last = min(until, newest)
    first = asked.first or days_to(last, DAYS).first
    if first > until:
        raise Refused(f"{first} is after {until}", "write the first day as --from and the last as --to")
    if first > newest:
        raise Refused(
            f"of the days from {first} on nothing is known: the newest ledger is of {newest}",
            "take in a newer ledger, or ask for earlier days",
        )
    if last < since:
        raise Refused(
            f"of the days up to {last} nothing is known: the ledger is known from {since} on",
            "ask for later days; a file of paid invoices, taken in, tells of earlier ones",
        )
    return Period(first, last), until


def _policy(ws: Workspace, policy: str, has_accounts: bool) -> str:
    """A policy of the book, or one of the past that has had accounts."""
    ids = [one.id for one in ws.book.policies] if ws.book is not None else []
    if policy not in ids and not has_accounts:
        raise NotFound("policy", policy, tuple(get_close_matches(policy, ids, 2, 0.5)) or tuple(ids))
    return policy


def _named(found: Report, names: Mapping[str, str]) -> Report:
    """Callers by the names of the settings, where those have them."""
    return replace(found, sheets=tuple(_with_names(sheet, names) for sheet in found.sheets))


def _with_names(sheet: Sheet, names: Mapping[str, str]) -> Sheet:
    if sheet.table.columns[0].name != "caller":
        return sheet
    rows = tuple((names.get(str(row[0]), row[0]), *row[1:]) for row in sheet.rows)
    return replace(sheet, rows=rows)
