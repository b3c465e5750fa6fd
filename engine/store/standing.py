"""Where the accounts stand on the ladders: what the newest run found of each, and which steps those who are late have had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.tables import COMPANY, class_choice, decision, episode, ledger_file, mark, release, run


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest run: its number, how often it was asked for, its day, and the hash of its policies."""

    run: int
    times: int
    on: date
    book: str


@dataclass(frozen=True, slots=True)
class Stand:
    """So many accounts for which the run has come to the same. `step` is empty where there is none; `place` is a line."""

    policy: str
    step: str
    verdict: str
    reason: str
    gate: str
    place: str
    accounts: int


def newest(conn: Connection, company: str = COMPANY) -> Newest | None:
    query = sa.select(run.c.id, run.c.times, run.c.business_date, run.c.book).where(run.c.company == company)
    row = conn.execute(query.order_by(run.c.business_date.desc(), run.c.id.desc()).limit(1)).first()
    return Newest(*row) if row else None


def stands(conn: Connection, of: Newest) -> list[Stand]:
    """What the run found, most accounts first. Reads every decision that is kept: a large house waits a moment."""
    sizes = (
        sa.select(
            decision.c["class"].label("class"), sa.func.count(decision.c.account.distinct()).label("size")
        )
        .where(decision.c.run == of.run, decision.c.time == of.times)
        .group_by(decision.c["class"])
        .subquery()
    )
    query = (
        sa.select(class_choice, sizes.c.size)
        .join(sizes, sizes.c["class"] == class_choice.c.number)
        .where(class_choice.c.run == of.run, class_choice.c.time == of.times)
        .order_by(sizes.c.size.desc(), class_choice.c.number)
    )
    return [
        Stand(
            row["policy"] or "",
            row["step"] or "",
            row["verdict"],
            row["reason"],
            row["gate"] or "",
            row["place"] or "",
            row["size"],
        )
        for row in conn.execute(query).mappings()
    ]


def on_policy(conn: Connection, policy: str, company: str = COMPANY) -> int:
    """How many accounts the newest run found to be of a policy."""
    of = newest(conn, company)
    return sum(one.accounts for one in stands(conn, of) if one.policy == policy) if of else 0


def taken(conn: Connection, company: str = COMPANY) -> dict[tuple[str, str], int]:
    """(policy, step) → how many accounts that are late now have had the step in this episode."""
    query = (
        sa.select(mark.c.policy, mark.c.step, sa.func.count(mark.c.account.distinct()))
        .join(
            episode,
            sa.and_(
                episode.c.company == mark.c.company,
                episode.c.account == mark.c.account,
                episode.c.number == mark.c.episode,
            ),
        )
        .where(mark.c.company == company, mark.c.how == "taken", episode.c.ended.is_(None))
        .group_by(mark.c.policy, mark.c.step)
    )
    return {(policy, step): number for policy, step, number in conn.execute(query)}


def ground(conn: Connection, company: str = COMPANY) -> tuple[int | None, ...]:
    """What a look at the coming days rests on: the newest ledger, the newest run and how often it was made, what is live."""
    files = sa.select(sa.func.max(ledger_file.c.id)).where(ledger_file.c.company == company)
    live = sa.select(sa.func.max(release.c.id)).where(release.c.company == company, release.c.state == "live")
    found = newest(conn, company)
    runs = (found.run, found.times) if found else (None, None)
    return (*(conn.execute(query).scalar() for query in (files, live)), *runs)
