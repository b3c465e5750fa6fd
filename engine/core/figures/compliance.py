"""Whether what the policies say was also done, and in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from engine.core.figures.definition import Chapter, Figure
from engine.core.figures.facts import Facts
from engine.core.figures.values import Unit, Value, share
from engine.core.sentences import figures as said


@dataclass(frozen=True, slots=True)
class Timely:
    """How many steps were due, and how many of them were done in time."""

    due: int
    in_time: int


def timely(facts: Facts) -> Timely:
    """Steps of ladders that were decided in the period and whose next open day has passed.

    A step is in time where it was taken, or the call at least tried, by the open day after the one it was decided on. What
    was called off because it was no longer due (paid, promised, disputed, declined) was not due.
    """
    tried = facts.records.calls.group_by("action").agg(tried=pl.col("on").min())
    steps = facts.records.actions.filter(
        pl.col("episode") > 0,
        pl.col("on").is_between(facts.period.first, facts.period.last),
        ~pl.col("state").is_in(["cancelled", "declined"]),
        pl.col("kind") != "task",
    )
    days: list[date] = steps["on"].unique().to_list()
    until = {day: facts.calendar.add_open(day, 1) for day in days}
    steps = steps.with_columns(
        until=pl.col("on").replace_strict(until, default=None, return_dtype=pl.Date)
    ).filter(pl.col("until") <= facts.period.last)
    done = steps.join(tried, left_on="key", right_on="action", how="left").with_columns(
        done=pl.min_horizontal("taken_on", "tried")
    )
    return Timely(done.height, int((done["done"] <= done["until"]).sum()))


def policy_compliance(facts: Facts) -> Value:
    found = timely(facts)
    return share(found.in_time, found.due, said.NO_STEP_DUE)


# -- as the report and the manual have them ----------------------------------------------------------------------------

FIGURES: tuple[Figure, ...] = (
    Figure(
        "policy compliance",
        Chapter.POLICY,
        "The share of steps decided in the period that were done in time: taken, or the call tried, by the next open day. What "
        "was called off as no longer due does not count.",
        "steps done in time ÷ steps due",
        Unit.PERCENT,
        "own: it needs the engine's own log",
        policy_compliance,
        first=True,
        better="more",
    ),
)
