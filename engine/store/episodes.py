"""Episodes: when an account falls past due, and what the end of it brings with it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store import bulk, queries, ways_back
from engine.store.journal import Entry
from engine.store.owed import owed
from engine.store.runs import withdraw
from engine.store.state import running
from engine.store.tables import (
    COMPANY,
    OPEN,
    ActionState,
    action,
    episode,
)

PAID = "paid"
LATE_AGAIN = "late again"


@dataclass(frozen=True, slots=True)
class Turn:
    """What changed with the episodes: accounts that fell past due, those that paid, the actions cancelled."""

    opened: tuple[str, ...]
    closed: tuple[str, ...]
    cancelled: tuple[str, ...]


def turn_episodes(
    conn: Connection, on: date, company: str = COMPANY, *, accounts: Collection[str] | None = None
) -> tuple[Turn, list[Entry]]:
    """Open an episode for who has fallen past due, and end those of who owes nothing overdue any more: of these accounts,
    or of all.

    An end cancels what still waits, with the reason "paid", and proposes the way back from terms or a hold.
    """
    rows = queries.Ask.of(conn, company, on, accounts).episodes()
    now = running(rows, owed(conn, company, accounts=accounts), on).sort("account")
    new = now.filter(pl.col("since").is_not_null() & ~pl.col("written")).select("account", "episode", "since")
    bulk.insert(
        conn,
        episode,
        ("company", "account", "number", "started"),
        [(company, *row) for row in new.iter_rows()],
    )
    over = now.filter(pl.col("written") & ~pl.col("late")).select("account", "episode").rows()
    not_clean = ways_back.withdraw(conn, new["account"].to_list(), LATE_AGAIN, on, company)
    cancelled = [(account, key, LATE_AGAIN) for account, key in not_clean]
    proposed: list[Entry] = []
    for account, number in over:
        conn.execute(
            sa.update(episode)
            .where(episode.c.company == company, episode.c.account == account, episode.c.number == number)
            .values(ended=on, ended_because=PAID)
        )
        gone = cancel(conn, account, PAID, on, company, number=number)
        cancelled += [(account, key, PAID) for key in gone]
        proposed += ways_back.propose(conn, account, number, on, company)
    turn = Turn(
        tuple(new["account"]), tuple(account for account, _ in over), tuple(key for _, key, _ in cancelled)
    )
    entries = [
        Entry("episode started", account, {"number": n, "since": str(since)})
        for account, n, since in new.iter_rows()
    ]
    entries += [
        Entry("episode ended", account, {"number": n, "because": PAID, "on": str(on)}) for account, n in over
    ]
    entries += [Entry("cancelled", account, {"key": key, "because": why}) for account, key, why in cancelled]
    return turn, entries + proposed


def cancel(
    conn: Connection,
    account: str,
    reason: str,
    on: date,
    company: str = COMPANY,
    *,
    number: int | None = None,
    keys: Sequence[str] | None = None,
) -> list[str]:
    """Cancel what has not left the house: all of an account's episode, or these actions. Their keys."""
    query = sa.select(action.c.key).where(
        action.c.company == company,
        action.c.account == account,
        action.c.state.in_([state.value for state in OPEN]),
    )
    if number is not None:
        query = query.where(action.c.episode == number)
    if keys is not None:
        query = query.where(action.c.key.in_(keys))
    found = [key for (key,) in conn.execute(query)]
    for key in found:
        change = {"state": ActionState.CANCELLED.value, "reason": reason, "since": on}
        conn.execute(sa.update(action).where(action.c.key == key).values(**change))
    withdraw(conn, found, reason)
    return found
