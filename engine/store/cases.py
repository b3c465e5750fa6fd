"""Episodes, promises and disputes in the database: when they begin, and what their end brings with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.decision.state import EFFECTS
from engine.core.ledger import end_of_month
from engine.core.netting import net
from engine.core.promises import Promise, Standing, stands
from engine.store import bulk, queries
from engine.store.journal import Entry
from engine.store.runs import action_key, withdraw
from engine.store.state import running
from engine.store.tables import (
    COMPANY,
    OPEN,
    TAKEN,
    ActionState,
    action,
    dispute,
    episode,
    item,
    promise,
    promise_item,
)

PAID = "paid"
LATE_AGAIN = "late again"
WAY_BACK = "way back"  # the step under which the end of an episode proposes to lift a hold or restore terms
FLAGGED = "flagged in the ledger"
_OPEN_ITEMS = {
    "account": pl.String(),
    "item": pl.String(),
    "due": pl.Date(),
    "open": pl.Int64(),
    "currency": pl.String(),
}


@dataclass(frozen=True, slots=True)
class Turn:
    """What changed with the episodes: accounts that fell past due, those that paid, the actions cancelled."""

    opened: tuple[str, ...]
    closed: tuple[str, ...]
    cancelled: tuple[str, ...]


def owed(conn: Connection, company: str = COMPANY, account: str | None = None) -> pl.DataFrame:
    """Open items after credits: account, item, due, open, currency, owed. Of one account, or of all."""
    one = "AND account = :account" if account is not None else ""
    query = (
        f"SELECT account, item, due, open, currency FROM item WHERE company = :company AND open != 0 {one}"  # noqa: S608
    )
    return net(
        bulk.frame(conn, query, {"company": company, "account": account or ""}, _OPEN_ITEMS), "account"
    )


def turn_episodes(conn: Connection, on: date, company: str = COMPANY) -> tuple[Turn, list[Entry]]:
    """Open an episode for who has fallen past due, and end those of who owes nothing overdue any more.

    An end cancels what still waits, with the reason "paid", and proposes the way back from terms or a hold.
    """
    rows = queries.Ask.of(conn, company, on).episodes()
    now = running(rows, owed(conn, company), on).sort("account")
    new = now.filter(pl.col("since").is_not_null() & ~pl.col("written")).select("account", "episode", "since")
    bulk.insert(
        conn,
        episode,
        ("company", "account", "number", "started"),
        [(company, *row) for row in new.iter_rows()],
    )
    over = now.filter(pl.col("written") & ~pl.col("late")).select("account", "episode").rows()
    not_clean = _not_clean(conn, new["account"].to_list(), on, company)
    cancelled = []
    for account, number in over:
        conn.execute(
            sa.update(episode)
            .where(episode.c.company == company, episode.c.account == account, episode.c.number == number)
            .values(ended=on, ended_because=PAID)
        )
        cancelled += cancel(conn, account, PAID, on, company, number=number)
        _propose_way_back(conn, account, number, on, company)
    turn = Turn(tuple(new["account"]), tuple(account for account, _ in over), (*cancelled, *not_clean))
    entries = [
        Entry("episode started", account, {"number": n, "since": str(since)})
        for account, n, since in new.iter_rows()
    ]
    entries += [
        Entry("episode ended", account, {"number": n, "because": PAID, "on": str(on)}) for account, n in over
    ]
    entries += [Entry("cancelled", "", {"key": key, "because": PAID}) for key in cancelled]
    return turn, entries + [Entry("cancelled", "", {"key": key, "because": LATE_AGAIN}) for key in not_clean]


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


def settle_promises(
    conn: Connection, on: date, as_of: date | None, company: str = COMPANY
) -> tuple[dict[Standing, int], list[Entry]]:
    """Write down which open promises are kept or broken on a day, as far as the ledger of `as_of` shows.

    How many of each, and what to put in the journal.
    """
    waiting = conn.execute(
        sa.select(promise).where(promise.c.company == company, promise.c.state == Standing.OPEN.value)
    ).all()
    counts: dict[Standing, int] = {}
    entries: list[Entry] = []
    if not waiting:
        return counts, entries
    left = {
        (account, name): still
        for account, name, still in owed(conn, company).select("account", "item", "owed").iter_rows()
    }
    for one in waiting:
        items = conn.execute(
            sa.select(promise_item.c.item, promise_item.c.open).where(promise_item.c.promise == one.id)
        )
        paid = sum(max(0, then - left.get((one.account, name), 0)) for name, then in items)
        stood = stands(Promise(one.pays_on, one.breaks_on, one.amount), paid, as_of=as_of, on=on)
        if stood.standing is Standing.OPEN:
            continue
        change = {"state": stood.standing.value, "settled_on": stood.on, "paid": paid}
        conn.execute(sa.update(promise).where(promise.c.id == one.id).values(**change))
        counts[stood.standing] = counts.get(stood.standing, 0) + 1
        told = {"promise": one.id, "paid": paid, "amount": one.amount, "on": str(stood.on)}
        entries.append(Entry(f"promise {stood.standing.value}", one.account, told))
    return counts, entries


def flag_disputes(
    conn: Connection, rows: pl.DataFrame, on: date, by: str, file: int, company: str = COMPANY
) -> tuple[int, int]:
    """Disputes that a ledger flags are opened; those it no longer flags, or that are settled, are closed.

    How many of each. A dispute that a person opened is closed by a person, or when the item is settled.
    """
    flagged = set(
        rows.filter(pl.col("disputed") & (pl.col("open") != 0)).select("account", "item").iter_rows()
    )
    query = sa.select(item.c.account, item.c.item).where(item.c.company == company, item.c.open != 0)
    still = {(account, name) for account, name in conn.execute(query)}
    running_now = conn.execute(
        sa.select(dispute.c.id, dispute.c.account, dispute.c.item, dispute.c.file).where(
            dispute.c.company == company, dispute.c.closed.is_(None)
        )
    ).all()
    closed = 0
    for one in running_now:
        where = (one.account, one.item)
        if where not in still or (one.file is not None and where not in flagged):
            change = {"closed": on, "closed_for": "us", "closed_by": by}
            conn.execute(sa.update(dispute).where(dispute.c.id == one.id).values(**change))
            closed += 1
    known = {(one.account, one.item) for one in running_now}
    new = sorted(flagged - known)
    columns = ("company", "account", "item", "reason", "opened", "opened_by", "file")
    bulk.insert(conn, dispute, columns, [(company, a, i, FLAGGED, on, by, file) for a, i in new])
    return len(new), closed


def _not_clean(conn: Connection, accounts: Sequence[str], on: date, company: str) -> list[str]:
    """Who is late again before the clean months were over is not proposed for the way back."""
    query = sa.select(action.c.key, action.c.account).where(
        action.c.company == company,
        action.c.step == WAY_BACK,
        action.c.state == ActionState.PLANNED.value,
        action.c.not_before > on,
    )
    late = frozenset(accounts)
    found = [(key, account) for key, account in conn.execute(query) if account in late]
    return [
        key for key, account in found for key in cancel(conn, account, LATE_AGAIN, on, company, keys=[key])
    ]


def _propose_way_back(conn: Connection, account: str, number: int, on: date, company: str) -> None:
    """Who was on cash or on hold and has paid is proposed for the way back, after the clean months."""
    done = conn.execute(
        sa.select(action.c.key, action.c.policy, action.c.kind, action.c.detail, action.c.currency).where(
            action.c.company == company,
            action.c.account == account,
            action.c.episode == number,
            action.c.kind.in_(EFFECTS[:2]),
            action.c.state.in_([state.value for state in TAKEN]),
        )
    )
    for key, policy, kind, detail, currency in done:
        wanted = bulk.read_json(detail)
        months = int(wanted.get("restore_after", 0))
        back = "back to the terms of before" if kind == "terms" else f"lift the hold on {wanted.get('value')}"
        clean = f" and {months} clean months" if months else ""
        task = {"what": f"{back}: all is paid{clean}", "value": "credit manager", "after": key}
        task |= {"restore": wanted.get("value", ""), "restore_after": months, "items": []}
        # An episode that went on after its end is proposed once more at the next one.
        before = sa.select(sa.func.count()).where(
            action.c.company == company,
            action.c.account == account,
            action.c.episode == number,
            action.c.step == WAY_BACK,
            action.c.key.contains(f"|{kind}|", autoescape=True),
        )
        times = int(conn.execute(before).scalar_one())
        conn.execute(
            sa.insert(action).values(
                key=action_key(account, number, WAY_BACK, kind, times, "task", "", company=company),
                company=company,
                account=account,
                episode=number,
                policy=policy,
                step=WAY_BACK,
                item="",
                occurrence=0,
                kind="task",
                role="credit manager",
                day=0,
                state=ActionState.PLANNED.value,
                on=on,
                since=on,
                not_before=end_of_month(on, months) if months else None,
                amount=0,
                currency=currency,
                taken_on=on,
                detail=bulk.write_json(task),
            )
        )
