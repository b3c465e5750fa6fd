"""What followed on calls and messages, which is not what they caused."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from engine.core.figures.definition import Chapter, Figure, TableOf, columns
from engine.core.figures.facts import Facts
from engine.core.figures.values import Unit, Value, share
from engine.core.sentences import figures as said

WITHIN = 7  # days in which a payment counts as one that followed
BUYING = 90
WRITTEN = ("email", "letter", "statement")
TONES = {1: "courteous", 2: "firm", 3: "final", 4: "legal"}  # how firm a message was, as an action keeps it
_TAKEN = ("sent", "done")

Row = tuple[object, ...]


def demands(facts: Facts) -> pl.DataFrame:
    """Calls and messages that asked for money and were made or sent: account, kind, tone, on; one row an action."""
    return facts.records.actions.filter(
        pl.col("taken_on").is_not_null(),
        pl.col("state").is_in(_TAKEN),
        pl.col("day") >= 0,
        pl.col("kind").is_in(["call", *WRITTEN]),
    ).select("account", "kind", "tone", on="taken_on")


def ripe(found: pl.DataFrame, facts: Facts, days: int) -> pl.DataFrame:
    """Those whose so many days ended in the period."""
    ends = pl.col("on").dt.offset_by(f"{days}d")
    return found.filter(ends.is_between(facts.period.first, facts.period.last))


def followed(found: pl.DataFrame, events: pl.DataFrame, days: int) -> pl.Series:
    """Whether an event of the account came on one of the so many days after `on`. `events` has account and day."""
    rows = found.with_row_index("row").select("row", "account", after=pl.col("on").dt.offset_by("1d"))
    nearest = rows.sort("after").join_asof(
        events.select("account", "day").sort("day"),
        left_on="after",
        right_on="day",
        by="account",
        strategy="forward",
        tolerance=timedelta(days=days - 1),
        check_sortedness=False,
    )
    return nearest.sort("row")["day"].is_not_null()


def _paid(facts: Facts) -> pl.DataFrame:
    return facts.records.payments.select("account", day="paid_on")


def action_efficiency(facts: Facts) -> Value:
    acted = ripe(demands(facts), facts, WITHIN)
    return share(int(followed(acted, _paid(facts), WITHIN).sum()), acted.height, said.NO_ACTION_RIPE)


def efficiency_by_kind(facts: Facts) -> list[Row]:
    """(kind, actions, followed by a payment, share)."""
    acted = ripe(demands(facts), facts, WITHIN)
    acted = acted.with_columns(paid=followed(acted, _paid(facts), WITHIN))
    rows = acted.group_by("kind").agg(pl.len(), pl.col("paid").sum()).sort("kind")
    return [(kind, count, paid, 100 * paid / count) for kind, count, paid in rows.iter_rows()]


def outcomes_by_tone(facts: Facts) -> list[Row]:
    """(tone, messages, share followed within seven days by a payment, by a promise, by a dispute), the softest first."""
    sent = ripe(demands(facts).filter(pl.col("kind").is_in(WRITTEN), pl.col("tone") > 0), facts, WITHIN)
    promised = facts.records.promises.select("account", day="made_on")
    disputed = facts.records.disputes.select("account", day="opened")
    sent = sent.with_columns(
        paid=followed(sent, _paid(facts), WITHIN),
        promised=followed(sent, promised, WITHIN),
        disputed=followed(sent, disputed, WITHIN),
    )
    sums = (
        sent.group_by("tone").agg(pl.len(), pl.col("paid", "promised", "disputed").mean() * 100).sort("tone")
    )
    return [(TONES[tone], *rest) for tone, *rest in sums.iter_rows()]


def contacts(facts: Facts) -> pl.DataFrame:
    """Every contact with a customer about money that was due: a call that reached somebody, a message: account, on."""
    spoke = facts.records.calls.filter("reached").select("account", "on")
    wrote = demands(facts).filter(pl.col("kind").is_in(WRITTEN)).select("account", "on")
    return pl.concat([spoke, wrote])


def still_buying(facts: Facts) -> Value:
    """Of the accounts whose 90 days after a contact ended in the period, those invoiced within them."""
    asked = ripe(contacts(facts), facts, BUYING).group_by("account").agg(pl.col("on").max())
    sold = facts.documents.filter(pl.col("kind") == "invoice").select("account", day="date")
    return share(int(followed(asked, sold, BUYING).sum()), asked.height, said.NO_CONTACT_RIPE)


# -- as the report and the manual have them ----------------------------------------------------------------------------

FIGURES: tuple[Figure, ...] = (
    Figure(
        "action efficiency",
        Chapter.CONTACTS,
        "The share of calls made and messages sent after which the account paid something within 7 days, of those whose 7 days "
        "ended in the period.",
        "actions followed by a payment within 7 days ÷ actions",
        Unit.PERCENT,
        "Sidetrade",
        action_efficiency,
        first=True,
        better="more",
        beside=said.NO_CAUSE,
    ),
    Figure(
        "still buying",
        Chapter.CUSTOMERS,
        "The share of accounts with a new invoice within 90 days of a collection contact, of those whose 90 days ended in the "
        "period.",
        "accounts invoiced within 90 days of the contact ÷ accounts contacted",
        Unit.PERCENT,
        "own",
        still_buying,
        better="more",
        beside=said.NO_CAUSE,
    ),
)
TABLES: tuple[TableOf, ...] = (
    TableOf(
        "efficiency by kind",
        Chapter.CONTACTS,
        "Action efficiency of calls, e-mails, letters and statements.",
        "Sidetrade",
        columns(kind=Unit.TEXT, actions=Unit.COUNT, paid_within_7_days=Unit.COUNT, share=Unit.PERCENT),
        efficiency_by_kind,
        beside=said.NO_CAUSE,
    ),
    TableOf(
        "outcomes by tone",
        Chapter.CONTACTS,
        "What followed within 7 days on messages of each tone, of those whose 7 days ended in the period.",
        "own",
        columns(
            tone=Unit.TEXT,
            messages=Unit.COUNT,
            paid=Unit.PERCENT,
            promised=Unit.PERCENT,
            disputed=Unit.PERCENT,
        ),
        outcomes_by_tone,
        beside=said.NO_CAUSE,
    ),
)
