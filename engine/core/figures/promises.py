"""Promises to pay: how many are kept, and by what kind of arrangement."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from engine.core.figures.definition import Chapter, Check, Figure, TableOf, columns
from engine.core.figures.facts import Facts
from engine.core.figures.values import Unit, Value, ratio, share
from engine.core.sentences import figures as said

KEPT, PARTLY, BROKEN, OPEN = "kept", "partly kept", "broken", "open"
_NOT_DUE = ("superseded", "withdrawn")
_FEW, _SOME = 3, 6  # instalments

Row = tuple[object, ...]


def due(facts: Facts) -> pl.DataFrame:
    """Promises whose date and grace ended in the period and of which it is known what became of them.

    A promise that another took the place of, or that was withdrawn, never fell due. One that nobody has written down as broken
    although a ledger of after its date is there is broken.
    """
    shown = pl.lit(facts.records.as_of)
    ended = facts.records.promises.filter(
        pl.col("breaks_on").is_between(facts.period.first, facts.period.last),
        ~pl.col("state").is_in(_NOT_DUE),
    )
    unwritten = (pl.col("state") == OPEN) & (pl.col("pays_on") < shown).fill_null(value=False)
    return ended.with_columns(state=pl.when(unwritten).then(pl.lit(BROKEN)).otherwise("state"))


def rate(state: str, *, by_amount: bool = False) -> Callable[[Facts], Value]:
    """The share in that state of what fell due, by number or by what was promised."""

    def found(facts: Facts) -> Value:
        ended = due(facts)
        settled = ended.filter(pl.col("state") != OPEN)
        weight = settled["amount"] if by_amount else pl.Series([1] * settled.height, dtype=pl.Int64)
        part = int(weight.filter(settled["state"] == state).sum())
        unknown = ended.height - settled.height
        return share(
            part, int(weight.sum()), said.NO_PROMISE_DUE, said.still_open(unknown) if unknown else ""
        )

    return found


def by_arrangement(facts: Facts) -> list[Row]:
    """(arrangement, due, kept, share kept, amount due, amount of those kept, share of the amount), in their order."""
    settled = due(facts).filter(pl.col("state") != OPEN).with_columns(what=_arrangement())
    kept = pl.col("state") == KEPT
    rows = (
        settled.group_by("what")
        .agg(
            pl.len(),
            kept=kept.sum(),
            amount=pl.col("amount").sum(),
            paid=pl.col("amount").filter(kept).sum(),
        )
        .sort("what")
    )
    return [
        (ARRANGEMENTS[what], count, kept_, ratio(kept_, count), amount, paid, ratio(paid, amount))
        for what, count, kept_, amount, paid in rows.iter_rows()
    ]


ARRANGEMENTS = (
    "a promise to pay",
    "a check in the mail",
    f"a plan of up to {_FEW} instalments",
    f"a plan of {_FEW + 1} to {_SOME} instalments",
    f"a plan of more than {_SOME} instalments",
)


def _arrangement() -> pl.Expr:
    """The number of the arrangement that a promise is part of."""
    many = pl.col("instalments").fill_null(0)
    planned = pl.col("plan").is_not_null()
    return (
        pl.when(planned & (many > _SOME))
        .then(4)
        .when(planned & (many > _FEW))
        .then(3)
        .when(planned)
        .then(2)
        .when(pl.col("kind") == "check")
        .then(1)
        .otherwise(0)
    )


# -- as the report and the manual have them ----------------------------------------------------------------------------

FIGURES: tuple[Figure, ...] = (
    Figure(
        "promises kept",
        Chapter.PROMISES,
        "The share of promises due in the period that were kept in full by their date and grace. Superseded ones never fell due.",
        "promises kept ÷ promises due, by number",
        Unit.PERCENT,
        "in general use",
        rate(KEPT),
        Check("6 promises due, 3 kept, 1 partly kept, 2 broken", 50.0, lambda: ratio(3, 6)),
        first=True,
        better="more",
    ),
    Figure(
        "promises kept by amount",
        Chapter.PROMISES,
        "The same, by what was promised.",
        "amount of promises kept ÷ amount of promises due",
        Unit.PERCENT,
        "in general use",
        rate(KEPT, by_amount=True),
        of_money=True,
        better="more",
    ),
    Figure(
        "promises partly kept",
        Chapter.PROMISES,
        "The share of promises due in the period of which something came, and too little.",
        "promises partly kept ÷ promises due, by number",
        Unit.PERCENT,
        "in general use",
        rate(PARTLY),
    ),
    Figure(
        "promises broken",
        Chapter.PROMISES,
        "The share of promises due in the period of which nothing came.",
        "1 − promises kept − promises partly kept",
        Unit.PERCENT,
        "in general use",
        rate(BROKEN),
        Check("6 promises due, 3 kept, 1 partly kept, 2 broken", 33.33, lambda: ratio(6 - 3 - 1, 6)),
        better="less",
    ),
)
TABLES: tuple[TableOf, ...] = (
    TableOf(
        "kept by arrangement",
        Chapter.PROMISES,
        "Promises and instalments due in the period, by the arrangement they belong to: which ones customers can keep.",
        "own",
        columns(
            arrangement=Unit.TEXT,
            due=Unit.COUNT,
            kept=Unit.COUNT,
            share=Unit.PERCENT,
            amount_due=Unit.MONEY,
            amount_kept=Unit.MONEY,
            share_of_amount=Unit.PERCENT,
        ),
        by_arrangement,
        of_money=True,
    ),
)
