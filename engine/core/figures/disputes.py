"""Disputes, and everything else for which an account is not asked: how much it is, and for how long it has been so."""

from __future__ import annotations

from datetime import date

import polars as pl

from engine.core.figures.definition import Chapter, Figure, TableOf, columns
from engine.core.figures.facts import Facts
from engine.core.figures.values import Unit, Value, none, share
from engine.core.sentences import figures as said

Row = tuple[object, ...]
_KEY = ["account", "item"]
# Steps that wait for a person or for room, as the day has them now: nobody can say how it was on an earlier day.
_WAITING = {
    "held address": "waits for an address",
    "awaiting approval": "waits for approval",
    "no capacity": "waits for room in a day",
}


def cycle_time(facts: Facts) -> Value:
    """Days from opening to closing, over the disputes closed in the period."""
    closed = facts.records.disputes.filter(pl.col("closed").is_between(facts.period.first, facts.period.last))
    days = (closed["closed"] - closed["opened"]).dt.total_days()
    return Value(float(days.mean()), of=days.len()) if days.len() else none(said.NO_DISPUTE_CLOSED)  # type: ignore[arg-type]


def disputed_share(facts: Facts) -> Value:
    if not facts.seen(facts.as_of):
        return facts.unseen
    return share(int(_disputed(facts)["value"].sum()), facts.receivables, said.NO_RECEIVABLES)


def _disputed(facts: Facts) -> pl.DataFrame:
    """What is in dispute at the end: account, item, since, value."""
    on = facts.as_of
    there = facts.records.disputes.filter(
        pl.col("opened") <= on, pl.col("closed").is_null() | (pl.col("closed") > on)
    )
    return (
        facts.end.join(there, on=_KEY)
        .sort("opened")
        .unique(_KEY, keep="first")
        .select(*_KEY, since="opened", value=pl.min_horizontal("open", pl.coalesce("amount", "open")))
    )


def suppressions(facts: Facts) -> list[Row]:
    """(what, how many, accounts, oldest and average age in days, value), the highest value first.

    The value of a dispute is what is contested, of a promise or plan what is still to come of it, of all others what the account
    has past due.
    """
    parts = [_disputed(facts).select("account", "since", "value", what=pl.lit("disputed"))]
    parts += [_promised(facts), _planned(facts), _stands(facts)]
    if facts.as_of == facts.records.as_of:
        parts.append(_waiting(facts))
    age = (pl.lit(facts.as_of) - pl.col("since")).dt.total_days()
    names = ["what", "account", "since", "value"]
    rows = (
        pl.concat([part.select(names).with_columns(pl.col("value").cast(pl.Int64)) for part in parts])
        .group_by("what")
        .agg(
            pl.len(),
            accounts=pl.col("account").n_unique(),
            oldest=age.max(),
            average=age.mean(),
            value=pl.col("value").sum(),
        )
        .sort("value", "what", descending=[True, False])
    )
    return list(rows.iter_rows())


def _promised(facts: Facts) -> pl.DataFrame:
    """Promises that were open on the evening. One of a plan is part of it."""
    on = facts.as_of
    there = facts.records.promises.filter(
        pl.col("made_on") <= on,
        pl.col("plan").is_null(),
        pl.col("breaks_on") > on,
        pl.col("settled_on").is_null() | (pl.col("settled_on") > on),
        pl.col("state") != "withdrawn",
    )
    left = (pl.col("amount") - pl.col("paid")).clip(lower_bound=0)
    return there.select("account", since="made_on", value=left, what=pl.lit("promised"))


def _planned(facts: Facts) -> pl.DataFrame:
    on: date = facts.as_of
    there = facts.records.plans.filter(
        pl.col("made_on") <= on,
        pl.col("until") >= on,
        pl.col("ended_on").is_null() | (pl.col("ended_on") > on),
        pl.col("state") == "kept",
    )
    return there.select("account", since="made_on", value="amount", what=pl.lit("payment plan"))


def _stands(facts: Facts) -> pl.DataFrame:
    """Pauses, what customers have asked for, what somebody has learned of them."""
    on = facts.as_of
    late = facts.end.filter(pl.col("past") > 0).group_by("account").agg(value=pl.col("open").sum())
    there = facts.records.stands.filter(
        pl.col("from_day") <= on, pl.col("until").is_null() | (pl.col("until") >= on)
    )
    return there.join(late, on="account").select("what", "account", "value", since="from_day")


def _waiting(facts: Facts) -> pl.DataFrame:
    """Steps that a person or the day's room holds; a step counts once, however many its actions."""
    there = facts.records.actions.filter(
        pl.col("state").is_in(list(_WAITING)), pl.col("since") <= facts.as_of
    )
    return (
        there.with_columns(what=pl.col("state").replace_strict(_WAITING, return_dtype=pl.String))
        .group_by("what", "account", "policy", "step", "on")
        .agg(since=pl.col("since").min(), value=pl.col("amount").max())
    )


# -- as the report and the manual have them ----------------------------------------------------------------------------

FIGURES: tuple[Figure, ...] = (
    Figure(
        "disputed share",
        Chapter.DISPUTES,
        "What is contested on the last day, against receivables.",
        "disputed ÷ receivables",
        Unit.PERCENT,
        "in general use",
        disputed_share,
        of_money=True,
        first=True,
        better="less",
    ),
    Figure(
        "dispute cycle time",
        Chapter.DISPUTES,
        "Days from the opening to the closing of a dispute, over those closed in the period.",
        "Σ(closed − opened) ÷ disputes closed",
        Unit.DAYS,
        "in general use",
        cycle_time,
        better="less",
    ),
)
TABLES: tuple[TableOf, ...] = (
    TableOf(
        "set aside",
        Chapter.DISPUTES,
        "Everything for which an account is not asked on the last day, with its age and value: what is contested, what is still "
        "to come of promises and plans, else what the account has past due. Steps that wait are those of now.",
        "own",
        columns(
            what=Unit.TEXT,
            number=Unit.COUNT,
            accounts=Unit.COUNT,
            oldest_days=Unit.DAYS,
            average_days=Unit.DAYS,
            value=Unit.MONEY,
        ),
        suppressions,
        of_money=True,
    ),
)
