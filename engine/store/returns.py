"""An invoice that was presumed paid and comes again: what its going had settled is as it was before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store import disputes, marks, promises, ways_back
from engine.store.journal import Entry
from engine.store.tables import COMPANY, episode, mark

CAME_BACK = "an invoice that was presumed paid came again"
_BOUNCES = timedelta(days=60)  # in which a payment may turn out to be none


def as_before(
    conn: Connection, items: Iterable[tuple[str, str, date]], on: date, company: str = COMPANY
) -> list[Entry]:
    """Take up again what ended because these items (account, item, the day they were gone) were presumed paid.

    A ledger that was cut off, or a payment that bounced: the episode goes on where it was, so that no step
    comes a second time; disputes and promises of the item are open again. What to put in the journal.
    """
    entries: list[Entry] = []
    for account, name, gone in items:
        disputes.reopen(conn, account, name, gone, company)
        promises.reopen(conn, account, name, gone, company)
        last = _last(conn, account, company)
        if last is None:
            continue
        number, ended = last
        if ended is None:
            _carry_marks(conn, account, name, number, company)
        elif ended >= gone:
            where = (episode.c.company == company, episode.c.account == account, episode.c.number == number)
            conn.execute(sa.update(episode).where(*where).values(ended=None, ended_because=None))
            entries.append(
                Entry("episode goes on", account, {"number": number, "because": CAME_BACK, "item": name})
            )
            entries += [
                Entry("cancelled", account, {"key": key, "because": CAME_BACK})
                for _, key in ways_back.withdraw(conn, [account], CAME_BACK, on, company)
            ]
    return entries


def bounced(
    conn: Connection, grown: Iterable[tuple[str, str, int]], on: date, company: str = COMPANY
) -> None:
    """Items of which as much is open again as before a payment (account, item, open): a cheque that was no good.

    The promise that it had kept is open again, and broken in its turn.
    """
    for account, name, open_again in grown:
        promises.reopen(conn, account, name, on - _BOUNCES, company, open_again=open_again)


def _last(conn: Connection, account: str, company: str) -> tuple[int, date | None] | None:
    query = sa.select(episode.c.number, episode.c.ended).where(
        episode.c.company == company, episode.c.account == account
    )
    found = conn.execute(query.order_by(episode.c.number.desc()).limit(1)).first()
    return None if found is None else (found.number, found.ended)


def _carry_marks(conn: Connection, account: str, name: str, number: int, company: str) -> None:
    """The account is in a newer episode: the steps that the item has had count there too."""
    query = sa.select(mark).where(
        mark.c.company == company, mark.c.account == account, mark.c.item == name, mark.c.episode < number
    )
    marks.add(conn, [{**row, "episode": number} for row in conn.execute(query).mappings()])
