"""How fast the money comes in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from engine.core.figures.definition import Chapter, Check, Figure
from engine.core.figures.facts import Facts
from engine.core.figures.owed import average, weighted
from engine.core.figures.periods import month_of
from engine.core.figures.values import Unit, Value, none, ratio, share
from engine.core.sentences import figures as said

# -- the formulas ------------------------------------------------------------------------------------------------------


def sales_outstanding(receivables: float, sales: float, days: int) -> float | None:
    """Receivables ÷ sales of the period × its days."""
    return receivables / sales * days if sales > 0 else None


def countback(receivables: float, months: Iterable[tuple[float, int]]) -> float | None:
    """Take each month's sales, the latest first, off the receivables and add its days; of the last month pro rata.

    `months` are (sales, days). None where more is open than was sold in all of them.
    """
    left, days = receivables, 0.0
    for sales, length in months:
        if left <= 0:
            break
        if sales > left:
            return days + left / sales * length
        left -= max(sales, 0)
        days += length
    return days if left <= 0 else None


def by_invoice(ages: Sequence[float], amounts: Sequence[float], sales: Sequence[float]) -> float | None:
    """Σ over open invoices: age × amount ÷ the sales of the month that the invoice is of."""
    if not ages or not all(each > 0 for each in sales):
        return None
    return sum(age * amount / sold for age, amount, sold in zip(ages, amounts, sales, strict=True))


def delinquent_days(outstanding: float, best: float) -> float:
    """DSO less the best possible DSO."""
    return outstanding - best


def effectiveness(
    beginning: float, sales: float, months: float, ending: float, current: float
) -> float | None:
    """(beginning + sales ÷ months − ending) ÷ (beginning + sales ÷ months − what of the ending is not past due), in %."""
    monthly = beginning + sales / months
    return ratio(monthly - ending, monthly - current)


# -- the figures -------------------------------------------------------------------------------------------------------


def dso(facts: Facts) -> Value:
    return _of_sales(facts, facts.receivables)


def best_possible_dso(facts: Facts) -> Value:
    return _of_sales(facts, facts.receivables - facts.overdue)


def _of_sales(facts: Facts, part: int) -> Value:
    if not facts.told(facts.period.first):
        return facts.untold
    sales = facts.sales(facts.period)
    number = sales_outstanding(part, sales, facts.period.days)
    return none(said.NO_SALES) if number is None else Value(number, part, sales)


def add(facts: Facts) -> Value:
    all_, best = dso(facts), best_possible_dso(facts)
    if all_.number is None or best.number is None:
        return all_
    return Value(delinquent_days(all_.number, best.number))


def dso_countback(facts: Facts) -> Value:
    months = list(facts.sales_back())
    if not months:
        return facts.untold
    number = countback(facts.receivables, months)
    return none(said.NOT_ENOUGH_SALES) if number is None else Value(number)


def true_dso(facts: Facts) -> Value:
    """Items of months that are not known in full are left out, and counted."""
    months = facts.end.with_columns(month=pl.col("date").dt.month_start())
    firsts = months["month"].unique().to_list()
    sold = {first: facts.sales(month_of(first)) for first in firsts if facts.told(first)}
    known = months.filter(pl.col("month").is_in([first for first, sales in sold.items() if sales > 0]))
    older = months.height - known.height
    ages = (pl.lit(facts.as_of) - pl.col("date")).dt.total_days()
    rows = known.select(ages.alias("age"), "open", "month")
    number = by_invoice(
        rows["age"].to_list(), rows["open"].to_list(), [sold[month] for month in rows["month"]]
    )
    if number is None:
        return facts.untold if older else none(said.NO_RECEIVABLES)
    return Value(number, note=said.older_left_out(older) if older else "")


def cei(facts: Facts) -> Value:
    if not facts.told(facts.period.begins):
        return facts.untold
    beginning, sales = int(facts.start["open"].sum()), facts.sales(facts.period)
    current = facts.receivables - facts.overdue
    number = effectiveness(beginning, sales, facts.period.months, facts.receivables, current)
    return none(said.NO_RECEIVABLES) if number is None else Value(number)


def collection_rate(facts: Facts) -> Value:
    """What came of what was past due, ÷ what was past due at the beginning and what fell past due meanwhile."""
    if not facts.told(facts.period.begins):
        return facts.untold
    first, last = facts.period.begins, facts.period.last
    there = int(facts.start.filter(pl.col("past") > 0)["open"].sum())
    # What is due on the evening before the first day is past due on it.
    fell = facts.when_due.filter((pl.col("due") >= first) & (pl.col("due") < last))["open"].sum()
    came = _paid(facts).filter(pl.col("late") > 0)["amount"].sum()
    return share(int(came), there + int(fell), said.NOTHING_TO_COLLECT)


def _paid(facts: Facts) -> pl.DataFrame:
    return facts.records.payments.filter(pl.col("paid_on").is_between(facts.period.first, facts.period.last))


def days_to_pay(facts: Facts) -> Value:
    """Σ(paid × days from invoice to payment) ÷ Σ paid."""
    paid = _paid(facts).filter(pl.col("waited").is_not_null())
    number = weighted(paid["amount"], paid["waited"])
    return none(said.NO_PAYMENTS) if number is None else Value(number, of=paid.height)


def days_to_pay_unweighted(facts: Facts) -> Value:
    paid = _paid(facts)["waited"].drop_nulls()
    return Value(float(paid.mean()), of=paid.len()) if paid.len() else none(said.NO_PAYMENTS)  # type: ignore[arg-type]


def adbt(facts: Facts) -> Value:
    """A payment before the due date counts as on it."""
    paid = _paid(facts).filter(pl.col("late").is_not_null())
    number = weighted(paid["amount"], paid["late"].clip(lower_bound=0))
    return none(said.NO_PAYMENTS) if number is None else Value(number, of=paid.height)


def adbt_signed(facts: Facts) -> Value:
    """A payment before the due date counts with its days below 0."""
    paid = _paid(facts).filter(pl.col("late").is_not_null())
    number = weighted(paid["amount"], paid["late"])
    return none(said.NO_PAYMENTS) if number is None else Value(number, of=paid.height)


# -- as the report and the manual have them ----------------------------------------------------------------------------

FIGURES: tuple[Figure, ...] = (
    Figure(
        "DSO",
        Chapter.SPEED,
        "Days of sales that are outstanding: receivables against what was invoiced in the period.",
        "receivables ÷ sales of the period × its days",
        Unit.DAYS,
        "semilla-advisors; growfin",
        dso,
        Check(
            "receivables of 10,000, sales of 30,000 in 28 days",
            9.33,
            lambda: sales_outstanding(10_000, 30_000, 28),
        ),
        of_money=True,
        first=True,
        better="less",
    ),
    Figure(
        "DSO countback",
        Chapter.SPEED,
        "How many days back the sales go that receivables are made of: each month's sales are taken off, the latest first. "
        "Months have their true lengths.",
        "whole months taken off, and of the last one receivables left ÷ its sales × its days",
        Unit.DAYS,
        "benjipays; trymesha; academy.highako.com",
        dso_countback,
        Check(
            "receivables of 212,000; sales of 100,000, 80,000 and 70,000 in months of 30 days",
            73.71,
            lambda: countback(212_000, [(100_000, 30), (80_000, 30), (70_000, 30)]),
        ),
        of_money=True,
        first=True,
        better="less",
    ),
    Figure(
        "best possible DSO",
        Chapter.SPEED,
        "What DSO would be if nothing were past due.",
        "receivables not past due ÷ sales of the period × its days",
        Unit.DAYS,
        "growfin; apruve; vcalc",
        best_possible_dso,
        Check(
            "8,000 not past due, sales of 30,000 in 28 days",
            7.47,
            lambda: sales_outstanding(8_000, 30_000, 28),
        ),
        of_money=True,
        first=True,
        better="less",
    ),
    Figure(
        "true DSO",
        Chapter.SPEED,
        "The age of every open invoice, by its share of the sales of its own month.",
        "Σ over open items: days since the invoice × open ÷ sales of the invoice's month",
        Unit.DAYS,
        "Oracle MOSC 4521441",
        true_dso,
        Check(
            "45 days and 12,000 of 40,000; 20 days and 8,000 of 50,000; 75 days and 3,000 of 30,000",
            24.2,
            lambda: by_invoice([45, 20, 75], [12_000, 8_000, 3_000], [40_000, 50_000, 30_000]),
        ),
        of_money=True,
        better="less",
    ),
    Figure(
        "ADD",
        Chapter.SPEED,
        "Average days delinquent: the days of DSO that are due to late payment.",
        "DSO − best possible DSO",
        Unit.DAYS,
        "crfonline.org",
        add,
        # The two are rounded in their own examples; of the unrounded ones it is 1.87.
        Check(
            "the two examples of DSO and best possible DSO",
            1.87,
            lambda: delinquent_days(10_000 / 30_000 * 28, 8_000 / 30_000 * 28),
        ),
        of_money=True,
        better="less",
    ),
    Figure(
        "CEI",
        Chapter.SPEED,
        "Collection effectiveness index: what was collected of all that could have been; 100 is all of it.",
        "(beginning receivables + sales ÷ months − ending receivables) ÷ (the same, less only what is not past due)",
        Unit.PERCENT,
        "Oracle MOSC 4521441; creditmanagementsource",
        cei,
        Check(
            "900,000 at the beginning, sales of 400,000 in 1 month, 850,000 at the end, of which 600,000 is not past due",
            64.29,
            lambda: effectiveness(900_000, 400_000, 1, 850_000, 600_000),
        ),
        of_money=True,
        first=True,
        better="more",
    ),
    Figure(
        "collection rate",
        Chapter.SPEED,
        "Of what was past due at the beginning or fell past due in the period, the share that was paid in it.",
        "paid after its due date ÷ (past due at the beginning + open on its due date)",
        Unit.PERCENT,
        "Oracle Banking: collection rate; own: what is assigned is what is past due",
        collection_rate,
        of_money=True,
        better="more",
    ),
    Figure(
        "days to pay",
        Chapter.SPEED,
        "Days from invoice to payment, over the payments of the period, each by its amount.",
        "Σ(paid × days from invoice to payment) ÷ Σ paid",
        Unit.DAYS,
        "in general use",
        days_to_pay,
        Check("1,000 after 30 days, 3,000 after 50 days", 45.0, lambda: average([1_000, 3_000], [30, 50])),
        of_money=True,
        better="less",
    ),
    Figure(
        "days to pay unweighted",
        Chapter.SPEED,
        "Days from invoice to payment, over the payments of the period, each counting the same.",
        "Σ days from invoice to payment ÷ payments",
        Unit.DAYS,
        "in general use",
        days_to_pay_unweighted,
        better="less",
    ),
    Figure(
        "adbt",
        Chapter.SPEED,
        "Average days beyond terms: how late payments were, each by its amount; an early one counts 0.",
        "Σ(paid × days late, at least 0) ÷ Σ paid",
        Unit.DAYS,
        "in general use",
        adbt,
        Check(
            "1,000 paid 20 days late, 3,000 paid 4 days early",
            5.0,
            lambda: average([1_000, 3_000], [20, 0]),
        ),
        of_money=True,
        first=True,
        better="less",
    ),
    Figure(
        "adbt_signed",
        Chapter.SPEED,
        "The same, where an early payment counts with its days below 0.",
        "Σ(paid × days late) ÷ Σ paid",
        Unit.DAYS,
        "in general use",
        adbt_signed,
        Check(
            "1,000 paid 20 days late, 3,000 paid 4 days early",
            2.0,
            lambda: average([1_000, 3_000], [20, -4]),
        ),
        of_money=True,
        better="less",
    ),
)
