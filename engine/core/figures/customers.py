"""How many customers are late, and for how many of them it is the first time."""

from __future__ import annotations

import polars as pl

from engine.core.figures.definition import Chapter, Figure
from engine.core.figures.facts import Facts
from engine.core.figures.periods import month_before
from engine.core.figures.values import Unit, Value, none, share
from engine.core.sentences import figures as said

FIRST_TIME = 24  # months before, in which nothing was late


def delinquent_share(facts: Facts) -> Value:
    """Accounts with something past due, of all that owe something or were invoiced within a year."""
    if not facts.told(facts.as_of):
        return facts.untold
    year = facts.documents.filter(
        pl.col("date") > pl.lit(facts.as_of).dt.offset_by("-12mo"),
        pl.col("date") <= facts.as_of,
        pl.col("amount") > 0,
    )
    active = pl.concat([facts.end.select("account"), year.select("account")])["account"].n_unique()
    late = facts.end.filter(pl.col("past") > 0)["account"].n_unique()
    return share(late, active, said.NO_ACCOUNTS)


def first_time_share(facts: Facts) -> Value:
    """Of the accounts past due, those with no payment after its due date in the 24 months before they fell past due."""
    if not facts.told(facts.as_of):
        return facts.untold
    late = (
        facts.end.filter(pl.col("past") > 0)
        .group_by("account")
        .agg(since=pl.col("due").min() + pl.duration(days=1))
    )
    if late.is_empty():
        return none(said.NO_DELINQUENT)
    before = facts.records.payments.filter(pl.col("late") > 0).select("account", "paid_on")
    earlier = (
        late.join(before, on="account")
        .filter(
            pl.col("paid_on") < pl.col("since"),
            pl.col("paid_on") >= pl.col("since").dt.offset_by(f"-{FIRST_TIME}mo"),
        )["account"]
        .n_unique()
    )
    enough = facts.told(month_before(facts.as_of, FIRST_TIME))
    note = "" if enough else said.on_record_from(facts.told_from)
    return share(late.height - earlier, late.height, said.NO_DELINQUENT, note)


# -- as the report and the manual have them ----------------------------------------------------------------------------

FIGURES: tuple[Figure, ...] = (
    Figure(
        "accounts past due",
        Chapter.CUSTOMERS,
        "The share of accounts with something past due, of all that owe something or were invoiced within a year.",
        "accounts past due ÷ accounts",
        Unit.PERCENT,
        "academy.highako.com",
        delinquent_share,
        first=True,
        better="less",
        usual="under 4% of accounts (academy.highako.com)",
    ),
    Figure(
        "first time past due",
        Chapter.CUSTOMERS,
        "The share of accounts past due that had paid nothing late in the 24 months before, as far as is on record.",
        "accounts past due for the first time ÷ accounts past due",
        Unit.PERCENT,
        "academy.highako.com",
        first_time_share,
        first=True,
    ),
)
