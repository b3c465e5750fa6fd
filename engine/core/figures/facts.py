"""What one column of a report is made from: the records of one currency, and the ledger at both ends of its period."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import accumulate

import polars as pl

from engine.core.figures import past
from engine.core.figures.periods import Period, month_before, months_back
from engine.core.figures.records import Records, Scope, within
from engine.core.figures.values import Value, none
from engine.core.netting import net
from engine.core.sentences import figures as said
from engine.core.workdays import Calendar

AT_RISK = 90
SALES = ("invoice", "debit_note")  # what was sold, by kind of document
_KEY = ["account", "item"]
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Past:
    """The records with every evening that a report needs, in the currencies they were written in."""

    records: Records
    told: past.Told
    evenings: Mapping[date, pl.DataFrame]  # as `past.ledger` gives them
    when_due: pl.DataFrame  # debits with what was open of each when it fell due
    after_90: pl.DataFrame  # and 90 days after


def look_back(records: Records, periods: Iterable[Period]) -> Past:
    """The evenings on which the periods begin and end, and a month before their end."""
    told = past.told(records.documents, records.payments)
    days = {day for one in periods for day in (one.begins, one.last, month_before(one.last))}
    evenings = {day: past.ledger(told, day) for day in sorted(days)}
    return Past(records, told, evenings, past.open_after(told, 0), past.open_after(told, AT_RISK))


@dataclass(frozen=True, slots=True)
class Sales:
    """What was invoiced until the end of each day on which anything was, in minor units."""

    days: Sequence[date]
    running: Sequence[int]

    def in_days(self, first: date, last: date) -> int:
        return self._until(last) - self._until(first - _DAY)

    def _until(self, day: date) -> int:
        place = bisect_right(self.days, day)
        return self.running[place - 1] if place else 0


@dataclass(frozen=True, slots=True)
class Facts:
    """The period in one currency. Amounts are its minor units.

    `start`, `end` and `month_ago` are debits with something open on those evenings: account, item, kind, currency, date, due,
    open, past. `credits` are those of the last evening, below zero. With `netted` the credits have been set against the oldest
    due of their account, and credit notes are taken off the sales.
    """

    period: Period
    scope: Scope
    records: Records  # amounts in the scope's currency
    documents: pl.DataFrame
    start: pl.DataFrame
    end: pl.DataFrame
    month_ago: pl.DataFrame
    credits: pl.DataFrame
    when_due: pl.DataFrame  # debits with what was open of each when it fell due, and 90 days after
    after_90: pl.DataFrame
    sold: Sales
    calendar: Calendar
    told_from: date | None  # the first evening that can be told, and the first ledger: of all currencies
    seen_from: date | None

    @property
    def as_of(self) -> date:
        return self.period.last

    def told(self, day: date) -> bool:
        """Whether the ledger of that evening can be told."""
        return self.told_from is not None and day >= self.told_from

    def seen(self, day: date) -> bool:
        """Whether a ledger had been seen by then: of credits, disputes and contacts before it nothing is on record."""
        return self.seen_from is not None and day >= self.seen_from

    @property
    def untold(self) -> Value:
        """No value, since the ledger of these days cannot be told."""
        return none(said.known_from(self.told_from))

    @property
    def unseen(self) -> Value:
        """No value, since only ledgers that were seen open tell of it."""
        return none(said.known_from(self.seen_from))

    @property
    def told_a_month_ago(self) -> bool:
        return self.told(month_before(self.as_of))

    @property
    def receivables(self) -> int:
        """All open debits at the end."""
        return int(self.end["open"].sum())

    @property
    def overdue(self) -> int:
        """What is past due at the end."""
        return self.past_due(0)

    def past_due(self, days: int) -> int:
        """What is more than so many days past due at the end."""
        return int(self.end.filter(pl.col("past") > days)["open"].sum())

    def sales(self, days: Period) -> int:
        """What was invoiced in these days, by the documents that any ledger has shown."""
        return self.sold.in_days(days.first, days.last)

    def sales_back(self) -> Iterable[tuple[int, int]]:
        """(sales, days) of each month backwards from the last day, as far as the invoices are known in full."""
        for month in months_back(self.period.last):
            if not self.told(month.first):
                return
            yield self.sales(month), month.days


def facts(
    back: Past, periods: Iterable[Period], scope: Scope, calendar: Calendar, *, netted: bool = False
) -> list[Facts]:
    """What the figures of each period in one currency are made from."""
    records, every = back.records, back.told.documents
    documents = within(every, scope, "amount")
    sold = _sales(documents, netted)
    since, seen = records.told_from, records.first_ledger
    mine = replace(
        records,
        payments=_late(within(records.payments, scope, "amount"), every),
        promises=within(records.promises, scope, "amount", "paid"),
        plans=within(records.plans, scope, "amount"),
        disputes=within(_with_currency(records.disputes, every), scope, "amount"),
        actions=within(records.actions, scope, "amount"),
    )
    when_due = within(back.when_due, scope, "open")
    after_90 = within(back.after_90, scope, "open")
    debits = {day: within(_debits(evening, netted), scope, "open") for day, evening in back.evenings.items()}
    return [
        Facts(
            period=period,
            scope=scope,
            records=mine,
            documents=documents,
            start=debits[period.begins],
            end=debits[period.last],
            month_ago=debits[month_before(period.last)],
            credits=within(back.evenings[period.last].filter(pl.col("open") < 0), scope, "open"),
            when_due=when_due,
            after_90=after_90,
            sold=sold,
            calendar=calendar,
            told_from=since,
            seen_from=seen,
        )
        for period in periods
    ]


def _sales(documents: pl.DataFrame, netted: bool) -> Sales:
    sold = pl.col("kind").is_in(SALES) & (pl.col("amount") > 0)
    if netted:
        sold |= pl.col("kind") == "credit_note"
    by_day = documents.filter(sold).group_by("date").agg(pl.col("amount").sum()).sort("date")
    return Sales(by_day["date"].to_list(), list(accumulate(by_day["amount"].to_list())))


def _debits(evening: pl.DataFrame, netted: bool) -> pl.DataFrame:
    if netted:
        evening = net(evening, "account").with_columns(open="owed").drop("owed")
    return evening.filter(pl.col("open") > 0)


def _with_currency(disputes: pl.DataFrame, documents: pl.DataFrame) -> pl.DataFrame:
    """A dispute is about a document, and its amount in that one's currency."""
    return disputes.join(documents.select(*_KEY, "currency"), on=_KEY, how="inner", maintain_order="left")


def _late(payments: pl.DataFrame, documents: pl.DataFrame) -> pl.DataFrame:
    """The payments with `late` and `waited`: days from the due date and from the invoice's, null where neither is known."""
    dates = documents.select(*_KEY, "date", "due")
    return payments.join(dates, on=_KEY, how="left", maintain_order="left").with_columns(
        late=pl.coalesce((pl.col("paid_on") - pl.col("due")).dt.total_days().cast(pl.Int32), "days_late"),
        waited=(pl.col("paid_on") - pl.col("date")).dt.total_days().cast(pl.Int32),
    )
