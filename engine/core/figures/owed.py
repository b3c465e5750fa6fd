"""What is owed, and how late it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import polars as pl

from engine.core.figures.ageing import rolled
from engine.core.figures.definition import Chapter, Check, Figure
from engine.core.figures.facts import AT_RISK, SALES, Facts
from engine.core.figures.values import Unit, Value, none, ratio, share
from engine.core.sentences import figures as said

_HALF_A_YEAR = timedelta(days=182)


def weighted(amounts: pl.Series, days: pl.Series) -> float | None:
    """The average of days, each weighing as much as its amount; None where there is no amount."""
    weight = float(amounts.sum())
    return float((amounts * days).sum()) / weight if weight else None


def average(amounts: Sequence[float], days: Sequence[float]) -> float | None:
    """`weighted` of plain numbers."""
    return weighted(pl.Series(amounts), pl.Series(days))


def receivables(facts: Facts) -> Value:
    return Value(facts.receivables) if facts.told(facts.as_of) else facts.untold


def overdue(facts: Facts) -> Value:
    return Value(facts.overdue) if facts.told(facts.as_of) else facts.untold


def _of_receivables(facts: Facts, part: int) -> Value:
    if not facts.told(facts.as_of):
        return facts.untold
    return share(part, facts.receivables, said.NO_RECEIVABLES)


def credits(facts: Facts) -> Value:
    if not facts.seen(facts.as_of):
        return facts.unseen
    return Value(-int(facts.credits["open"].sum()))


def current_share(facts: Facts) -> Value:
    return _of_receivables(facts, facts.receivables - facts.overdue)


def past_due_share(days: int) -> Callable[[Facts], Value]:
    """The share that is more than so many days past due."""
    return lambda facts: _of_receivables(facts, facts.past_due(days))


def days_past_due(facts: Facts) -> Value:
    """Σ(open × days past due) ÷ Σ open; an item before its due date counts with its days below 0."""
    if not facts.told(facts.as_of):
        return facts.untold
    number = weighted(facts.end["open"], facts.end["past"])
    return none(said.NO_RECEIVABLES) if number is None else Value(number)


def unapplied_share(facts: Facts) -> Value:
    if not facts.seen(facts.as_of):
        return facts.unseen
    cash = -int(facts.credits.filter(pl.col("kind") == "payment")["open"].sum())
    return share(cash, facts.receivables, said.NO_RECEIVABLES)


def roll_rate(bucket: int) -> Callable[[Facts], Value]:
    """From a bucket into a later one, within a month, by the amount of the same items."""

    def rate(facts: Facts) -> Value:
        if not facts.told_a_month_ago:
            return facts.untold
        moved, was = rolled(facts.month_ago, facts.end, bucket)
        return share(moved, was, said.NOTHING_IN_BUCKET)

    return rate


def at_risk(facts: Facts) -> Value:
    """Of the invoices whose 90th day past due was in the period, those that were still open on it, by their number."""
    if not facts.told(facts.period.first - _HALF_A_YEAR):  # what was paid in time must be known as well
        return none(said.half_a_year(facts.told_from))
    day = pl.col("due").dt.offset_by(f"{AT_RISK}d")
    inside = day.is_between(facts.period.first, facts.period.last)
    came = facts.after_90.filter(inside, pl.col("kind").is_in(SALES))
    return share(int((came["open"] > 0).sum()), came.height, said.NONE_REACHED_90)


# -- as the report and the manual have them ----------------------------------------------------------------------------

_DUE = ("not due", "1–30", "31–60", "61–90")


def _roll(bucket: int) -> Figure:
    name, later = (
        ("not due" if bucket == 0 else f"{_DUE[bucket]} days"),
        "past due" if bucket == 0 else "older",
    )
    return Figure(
        f"roll rate {_DUE[bucket].replace('–', '-')}",
        Chapter.OWED,
        f"Of what was {name}{' past due' if bucket else ''} a month ago, the share that is still open and {later} now: the same "
        "items, so that growth does not distort it.",
        "amount now in a later bucket ÷ amount in the bucket a month before, of the same items",
        Unit.PERCENT,
        "in general use; own: what skips a bucket in a long month counts as later",
        roll_rate(bucket),
        Check(
            "10,000 in the bucket, of which 2,500 is in a later one a month on",
            25.0,
            lambda: ratio(2_500, 10_000),
        )
        if bucket == 1
        else None,
        of_money=True,
        better="less",
    )


FIGURES: tuple[Figure, ...] = (
    Figure(
        "receivables",
        Chapter.OWED,
        "All open invoices and debit notes on the last day.",
        "Σ open",
        Unit.MONEY,
        "in general use",
        receivables,
        of_money=True,
        first=True,
        band=False,
    ),
    Figure(
        "overdue",
        Chapter.OWED,
        "What of it is past due, disputed items too.",
        "Σ open of items past due",
        Unit.MONEY,
        "in general use",
        overdue,
        of_money=True,
        first=True,
        better="less",
        band=False,
    ),
    Figure(
        "credits",
        Chapter.OWED,
        "Open credit notes and unapplied cash, which stand apart.",
        "Σ open of credits",
        Unit.MONEY,
        "in general use",
        credits,
        of_money=True,
        first=True,
        band=False,
    ),
    Figure(
        "overdue share",
        Chapter.OWED,
        "The share of receivables that is past due.",
        "past due ÷ receivables",
        Unit.PERCENT,
        "in general use",
        past_due_share(0),
        Check("3,000 of 12,000 past due", 25.0, lambda: ratio(3_000, 12_000)),
        of_money=True,
        first=True,
        better="less",
    ),
    Figure(
        "current share",
        Chapter.OWED,
        "The share of receivables that is not past due.",
        "not past due ÷ receivables",
        Unit.PERCENT,
        "in general use; crfonline.org",
        current_share,
        Check("9,000 of 12,000 not past due", 75.0, lambda: ratio(9_000, 12_000)),
        of_money=True,
        better="more",
    ),
    Figure(
        "over 60 share",
        Chapter.OWED,
        "The share of receivables that is more than 60 days past due.",
        "more than 60 days past due ÷ receivables",
        Unit.PERCENT,
        "in general use",
        past_due_share(60),
        of_money=True,
        better="less",
    ),
    Figure(
        "over 90 share",
        Chapter.OWED,
        "The share of receivables that is more than 90 days past due.",
        "more than 90 days past due ÷ receivables",
        Unit.PERCENT,
        "in general use; crfonline.org",
        past_due_share(90),
        of_money=True,
        first=True,
        better="less",
    ),
    Figure(
        "days past due",
        Chapter.OWED,
        "How late what is open is on average, each item by its amount; before its due date an item counts below 0.",
        "Σ(open × days past due) ÷ Σ open",
        Unit.DAYS,
        "in general use",
        days_past_due,
        Check(
            "5,000 for 10 days, 2,000 for 40 days, 9,000 that is due in 5 days",
            5.31,
            lambda: average([5_000, 2_000, 9_000], [10, 40, -5]),
        ),
        of_money=True,
        better="less",
    ),
    Figure(
        "unapplied cash",
        Chapter.OWED,
        "Money received and matched to no invoice yet, against receivables.",
        "unapplied cash ÷ receivables",
        Unit.PERCENT,
        "in general use",
        unapplied_share,
        of_money=True,
        better="less",
    ),
    *(_roll(bucket) for bucket in range(4)),
    Figure(
        "at-risk rate",
        Chapter.OWED,
        "Of the invoices whose 90th day past due was in the period, the share by number that was still open on it.",
        "invoices still open 90 days past due ÷ invoices that came to that day",
        Unit.PERCENT,
        "Upflow",
        at_risk,
        better="less",
    ),
)
