"""An invoice that was presumed paid and comes again: what its going had settled is as it was before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.cases.promises import Standing
from engine.store import episodes, marks, restrictions
from engine.store.journal import Entry
from engine.store.tables import COMPANY, ActionState, action, dispute, episode, mark, promise, promise_item

CAME_BACK = "an invoice that was presumed paid came again"


def as_before(
    conn: Connection, items: Iterable[tuple[str, str, date]], on: date, company: str = COMPANY
) -> list[Entry]:
    """Take up again what ended because these items (account, item, the day they were gone) were presumed paid.

    A ledger that was cut off, or a payment that bounced: the episode goes on where it was, so that no step
    comes a second time; disputes and promises of the item are open again. What to put in the journal.
    """
    entries: list[Entry] = []
    for account, name, gone in items:
        _disputes(conn, account, name, gone, company)
        _promises(conn, account, name, gone, company)
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
                Entry("cancelled", "", {"key": key, "because": CAME_BACK})
                for key in _no_way_back(conn, account, number, on, company)
            ]
    return entries


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


def _disputes(conn: Connection, account: str, name: str, gone: date, company: str) -> None:
    where = (dispute.c.company == company, dispute.c.account == account, dispute.c.item == name)
    ended = (dispute.c.closed == gone, dispute.c.closed_for == "us")
    conn.execute(
        sa.update(dispute).where(*where, *ended).values(closed=None, closed_for=None, closed_by=None)
    )


def _promises(conn: Connection, account: str, name: str, gone: date, company: str) -> None:
    of_item = sa.select(promise_item.c.promise).where(promise_item.c.item == name)
    where = (promise.c.company == company, promise.c.account == account, promise.c.id.in_(of_item))
    settled = (
        promise.c.state.in_([Standing.KEPT.value, Standing.PARTLY.value]),
        promise.c.settled_on >= gone,
    )
    again = {"state": Standing.OPEN.value, "settled_on": None, "paid": 0}
    conn.execute(sa.update(promise).where(*where, *settled).values(**again))


def _no_way_back(conn: Connection, account: str, number: int, on: date, company: str) -> list[str]:
    query = sa.select(action.c.key).where(
        action.c.company == company,
        action.c.account == account,
        action.c.episode == number,
        action.c.step == restrictions.WAY_BACK,
        action.c.state == ActionState.PLANNED.value,
    )
    keys = [key for (key,) in conn.execute(query)]
    return episodes.cancel(conn, account, CAME_BACK, on, company, keys=keys) if keys else []
