"""The report of a period: every figure in each currency with its trend, the ageing, the tables, and what it is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from engine.core.figures import past
from engine.core.figures.ageing import Convention, aged
from engine.core.figures.definition import Figure, TableOf
from engine.core.figures.facts import Facts, Past, facts, look_back
from engine.core.figures.periods import Period
from engine.core.figures.records import Records, Scope, scopes, uncounted
from engine.core.figures.registry import FIGURES, TABLES
from engine.core.figures.values import Value
from engine.core.workdays import Calendar

MONTHS = 12  # of a trend, the period's own included


@dataclass(frozen=True, slots=True)
class Line:
    """A figure in one currency, or counted over all (`scope` empty). `trend` is oldest first; its last is `value`.

    `currency` is what money is in.
    """

    figure: Figure
    scope: str
    currency: str
    value: Value
    trend: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is in a bucket: how many items, and their amount in minor units; `trend` is the amount, oldest first."""

    name: str
    items: int
    amount: int
    trend: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Ageing:
    """The open debits of one currency by age, and the credits, which are no bucket's."""

    scope: str
    currency: str
    buckets: tuple[Bucket, ...]
    credits: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a table in one currency, or counted over all."""

    table: TableOf
    scope: str
    currency: str
    rows: tuple[tuple[object, ...], ...]


@dataclass(frozen=True, slots=True)
class Ground:
    """What the report stands on.

    `ledgers` are the days of the first and last ledger; `told_from` the first evening that can be told; `settled` how many
    documents were never seen open, and only came as paid; `presumed` of `payments` in the period have only the day of the
    ledger that no longer had the item. `compared` ledgers were put together again and compared with what they said, and
    `differs` are the days on which they did not agree.
    """

    ledgers: tuple[date, date] | None
    told_from: date | None
    settled: int
    payments: int
    presumed: int
    compared: int
    differs: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All of it. `periods` are those of the trend, oldest first; the last is `period`. `rates` are those that converted."""

    period: Period
    periods: tuple[Period, ...]
    as_of: date
    asked_to: date  # the last day that was asked for, where the newest ledger is older
    house: str
    scopes: tuple[Scope, ...]
    netted: bool
    convention: Convention
    policy: str
    accounts: int
    lines: tuple[Line, ...]
    ageing: tuple[Ageing, ...]
    sheets: tuple[Sheet, ...]
    ground: Ground
    rates: Mapping[str, tuple[float, date]]

    @property
    def single(self) -> bool:
        """Whether all of it is in one currency."""
        return len(self.scopes) == 1

    def line(self, name: str, scope: str = "") -> Line:
        """The line of a figure; without a scope the first there is."""
        return next(
            line
            for line in self.lines
            if line.figure.name == name and (not scope or line.scope in (scope, ""))
        )


def report(
    records: Records,
    period: Period,
    house: str,
    calendar: Calendar,
    *,
    asked_to: date | None = None,
    convention: Convention = Convention.PAST_DUE,
    netted: bool = False,
    policy: str = "",
    currency: str = "",
    figures: Sequence[Figure] = FIGURES,
    tables: Sequence[TableOf] = TABLES,
) -> Report:
    """The figures of a period that does not end after the newest ledger. `house` is the currency that others convert into.

    With `currency` only what is in that one, which the ledger must have.
    """
    periods = tuple(period.earlier(back) for back in reversed(range(MONTHS)))
    back = look_back(records, periods)
    each = scopes(records, house, period.last)
    if currency:
        each = tuple(scope for scope in each if scope.name == currency)
    counting = uncounted(records, house)
    columns = {scope.name: facts(back, periods, scope, calendar, netted=netted) for scope in each}
    counted = facts(back, periods, counting, calendar, netted=netted)
    lines, sheets = [], []
    for figure in figures:
        if figure.of_money:
            lines += [_line(figure, scope.name, scope.currency, columns[scope.name]) for scope in each]
        else:
            lines.append(_line(figure, "", house, counted))
    for table in tables:
        if table.of_money:
            sheets += [
                Sheet(table, scope.name, scope.currency, tuple(table.function(columns[scope.name][-1])))
                for scope in each
            ]
        else:
            sheets.append(Sheet(table, "", house, tuple(table.function(counted[-1]))))
    converted = each[0].rates if each[0].converted else {}
    return Report(
        period=period,
        periods=periods,
        as_of=period.last,
        asked_to=asked_to or period.last,
        house=house,
        scopes=each,
        netted=netted,
        convention=convention,
        policy=policy,
        accounts=records.documents["account"].n_unique(),
        lines=tuple(lines),
        ageing=tuple(_ageing(scope, columns[scope.name], convention) for scope in each),
        sheets=tuple(sheets),
        ground=_ground(back, period, whole=not policy),
        rates={
            code: (rate, known.on)
            for code, rate in converted.items()
            if code != house and (known := records.rate(code, period.last)) is not None
        },
    )


def _line(figure: Figure, scope: str, currency: str, over: Sequence[Facts]) -> Line:
    trend = tuple(figure.function(one) for one in over)
    return Line(figure, scope, currency, trend[-1], trend)


def _ageing(scope: Scope, over: Sequence[Facts], convention: Convention) -> Ageing:
    rows = [aged(one.end, one.as_of, convention) if one.told(one.as_of) else None for one in over]
    last = rows[-1] or aged(over[-1].end, over[-1].as_of, convention)
    buckets = tuple(
        Bucket(name, items, amount, tuple(row[number][2] if row else None for row in rows))
        for number, (name, items, amount) in enumerate(last)
    )
    return Ageing(scope.name, scope.currency, buckets, int(over[-1].credits["open"].sum()))


def _ground(back: Past, period: Period, *, whole: bool) -> Ground:
    """What it stands on; the ledgers are compared only where no account was left out."""
    records = back.records
    shown = [each for each in records.ledgers if each.totals]
    days = sorted(back.evenings)
    newest = {day: next((each for each in reversed(shown) if each.on <= day), None) for day in days}
    compared = list({each.on: each for each in newest.values() if each}.values()) if whole else []
    differs = []
    for each in compared:
        seen = back.told.documents.filter(pl.col("first_seen") <= each.on)
        sums = (
            past.ledger(replace(back.told, documents=seen), each.on)
            .group_by("currency")
            .agg(pl.col("open").sum())
        )
        if {code: total for code, total in sums.iter_rows() if total} != {
            k: v for k, v in each.totals.items() if v
        }:
            differs.append(each.on)
    first = records.first_ledger
    early = records.documents.filter(pl.col("open") == 0, pl.col("vanished_on").is_null())
    paid = records.payments.filter(pl.col("paid_on").is_between(period.first, period.last))
    return Ground(
        ledgers=(first, records.as_of) if first and records.as_of else None,
        told_from=records.told_from,
        settled=early.height,
        payments=paid.height,
        presumed=int(paid["presumed"].sum()),
        compared=len(compared),
        differs=tuple(differs),
    )
