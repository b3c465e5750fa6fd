"""Calls and messages: whom they reach, and how soon."""

from __future__ import annotations

import polars as pl

from engine.core.figures.definition import Chapter, Figure, TableOf, columns
from engine.core.figures.facts import Facts
from engine.core.figures.followed import contacts
from engine.core.figures.values import Unit, Value, none, share
from engine.core.sentences import figures as said

FOLLOWS = 30  # days in which the next call counts as the follow-up of the one before, where nobody said so
HUNG_UP = "hung up"
PROMISED = (
    "promise to pay",
    "check in the mail",
    "payment plan agreed",
)  # outcomes with which a call ends in a promise

Row = tuple[object, ...]


def calls(facts: Facts) -> pl.DataFrame:
    """The calls of the period, those that reached nobody too."""
    return facts.records.calls.filter(pl.col("on").is_between(facts.period.first, facts.period.last))


def contact_rate(facts: Facts) -> Value:
    made = calls(facts)
    return share(int(made["reached"].sum()), made.height, said.NO_CALLS)


def right_party_rate(facts: Facts) -> Value:
    made = calls(facts)
    if made.height and not facts.records.calls["right_party"].any():
        return none(said.NEVER_SAID)
    return share(int(made["right_party"].sum()), made.height, said.NO_CALLS)


def promise_to_pay_rate(facts: Facts) -> Value:
    spoken = calls(facts).filter("right_party")
    by_call = facts.records.promises["call"].drop_nulls().implode()
    promised = spoken.filter(pl.col("outcome").is_in(PROMISED) | pl.col("id").is_in(by_call))
    return share(promised.height, spoken.height, said.NO_RIGHT_PARTY)


def follow_ups(made: pl.DataFrame) -> pl.DataFrame:
    """Each call that follows one in which somebody was spoken with, with `before`, who that was.

    It follows the call that it names; where it names none, the account's last one of the 30 days before it.
    """
    spoke = made.filter(pl.col("spoken_with").fill_null("") != "")
    named = made.filter(pl.col("follows").is_not_null()).join(
        spoke.select(follows="id", before="spoken_with"), on="follows"
    )
    free = made.filter(pl.col("follows").is_null()).select("id", "account", "spoken_with", "on", "at")
    last = spoke.select("account", "at", before="spoken_with", then="on").sort("at")
    guessed = (
        free.sort("at")
        .join_asof(
            last,
            on="at",
            by="account",
            strategy="backward",
            allow_exact_matches=False,
            check_sortedness=False,
        )
        .filter(pl.col("then") >= pl.col("on").dt.offset_by(f"-{FOLLOWS}d"))
        if free.height and last.height
        else free.clear().with_columns(before=pl.lit(None, pl.String()))
    )
    names = ["id", "account", "spoken_with", "on", "before"]
    return pl.concat([named.select(names), guessed.select(names)])


def same_person_rate(facts: Facts) -> Value:
    found = follow_ups(facts.records.calls).filter(
        pl.col("on").is_between(facts.period.first, facts.period.last)
    )
    same = _name("spoken_with") == _name("before")
    return share(found.filter(same.fill_null(value=False)).height, found.height, said.NO_FOLLOW_UP)


def _name(column: str) -> pl.Expr:
    return pl.col(column).str.strip_chars().str.to_lowercase()


def hang_ups(facts: Facts) -> list[Row]:
    """(who called, calls, those that reached somebody, hang-ups, share of those reached), by name: it is no contest."""
    rows = (
        calls(facts)
        .group_by("by")
        .agg(pl.len(), pl.col("reached").sum(), hung=(pl.col("outcome") == HUNG_UP).sum())
        .sort("by")
    )
    return [
        (by, made, reached, hung, 100 * hung / reached if reached else None)
        for by, made, reached, hung in rows.iter_rows()
    ]


def contact_latency(facts: Facts) -> Value:
    """Days from falling past due to the first contact, over the episodes first contacted in the period.

    An episode that began before the first ledger is left out: nobody could have made contact through us.
    """
    since = facts.seen_from
    began = (
        facts.records.episodes.filter(pl.col("started") > since) if since else facts.records.episodes.clear()
    )
    first = (
        began.join(contacts(facts), on="account")
        .filter(
            pl.col("on") >= pl.col("started"), pl.col("ended").is_null() | (pl.col("on") <= pl.col("ended"))
        )
        .group_by("account", "number")
        .agg(pl.col("started").first(), pl.col("on").min())
        .filter(pl.col("on").is_between(facts.period.first, facts.period.last))
    )
    days = (first["on"] - first["started"]).dt.total_days()
    return Value(float(days.mean()), of=days.len()) if days.len() else none(said.NO_FIRST_CONTACT)  # type: ignore[arg-type]


def first_contact_resolution(facts: Facts) -> Value:
    """Of the episodes that ended in the period and had a call, those that had one alone."""
    ended = facts.records.episodes.filter(pl.col("ended").is_between(facts.period.first, facts.period.last))
    called = (
        ended.join(facts.records.calls.select("account", "on"), on="account")
        .filter(pl.col("on") >= pl.col("started"), pl.col("on") <= pl.col("ended"))
        .group_by("account", "number")
        .len()
    )
    return share(int((called["len"] == 1).sum()), called.height, said.NO_EPISODE_CALLED)


# -- as the report and the manual have them ----------------------------------------------------------------------------

FIGURES: tuple[Figure, ...] = (
    Figure(
        "contact rate",
        Chapter.CONTACTS,
        "The share of calls in which somebody was spoken with.",
        "calls that reached somebody ÷ calls",
        Unit.PERCENT,
        "in general use",
        contact_rate,
        first=True,
        better="more",
    ),
    Figure(
        "right-party contact rate",
        Chapter.CONTACTS,
        "The share of calls in which somebody was spoken with who can pay or decide.",
        "right-party contacts ÷ calls",
        Unit.PERCENT,
        "Oracle Banking; enformion",
        right_party_rate,
        first=True,
        better="more",
    ),
    Figure(
        "promise-to-pay rate",
        Chapter.CONTACTS,
        "The share of right-party contacts that ended in a promise, a check in the mail or a plan.",
        "right-party contacts with a promise ÷ right-party contacts",
        Unit.PERCENT,
        "Oracle Banking",
        promise_to_pay_rate,
        better="more",
    ),
    Figure(
        "same-person follow-up",
        Chapter.CONTACTS,
        "The share of follow-up calls that reached the person who was spoken with before. A call follows the one it names, else "
        "the account's last one within 30 days in which somebody was spoken with.",
        "follow-up calls that reached the earlier person ÷ follow-up calls",
        Unit.PERCENT,
        "own: the one you spoke with can answer best",
        same_person_rate,
        better="more",
    ),
    Figure(
        "contact latency",
        Chapter.CONTACTS,
        "Days from falling past due to the first call that reached somebody, or the first message, over the accounts first "
        "contacted in the period.",
        "Σ(first contact − day of falling past due) ÷ accounts",
        Unit.DAYS,
        "own: who asks first is paid first",
        contact_latency,
        first=True,
        better="less",
    ),
    Figure(
        "first-contact resolution",
        Chapter.CONTACTS,
        "Of the accounts that were called and paid up in the period, the share that one call was enough for.",
        "accounts paid up after one call ÷ accounts called and paid up",
        Unit.PERCENT,
        "Oracle Banking",
        first_contact_resolution,
        better="more",
        beside=said.NO_CAUSE,
    ),
)
TABLES: tuple[TableOf, ...] = (
    TableOf(
        "hang-ups",
        Chapter.CONTACTS,
        "How often customers put the phone down, for each caller, by name.",
        "own",
        columns(
            caller=Unit.TEXT,
            calls=Unit.COUNT,
            reached=Unit.COUNT,
            hang_ups=Unit.COUNT,
            share_of_reached=Unit.PERCENT,
        ),
        hang_ups,
        beside=said.HANG_UPS,
    ),
)
