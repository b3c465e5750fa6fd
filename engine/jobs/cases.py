"""What people say and decide: calls, approvals, promises, disputes, pauses, notes, each kept in the journal.

Every verb names its author and its moment; `on` is the day it happened in the customer's calendar. A refusal
is `Refused` or `NotFound`, and nothing has changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.core.promises import breaks_on
from engine.core.workdays import Calendar
from engine.errors import NotFound, Refused
from engine.store import asked, bulk, cases, journal, marks
from engine.store import tables as t
from engine.store.database import writing
from engine.store.history import money
from engine.store.journal import Entry
from engine.store.outbox import text as moment_text
from engine.store.tables import COMPANY, ActionState

# Nobody was reached; the first three put a call back, twice, a day apart.
PUT_BACK = ("no answer", "busy", "voicemail")
NOT_REACHED = (*PUT_BACK, "wrong number")
OUTCOMES = (
    *NOT_REACHED,
    *(
        "hung up",
        "check in the mail",
        "no invoice",
        "promise to pay",
        "vague promise",
        "dispute",
        "hardship",
        "angry",
    ),
    *(
        "callback requested",
        "paid already",
        "payment plan agreed",
        "return agreed",
        "refused",
        "insolvent",
        "abusive",
    ),
)
_TIMES = 2


@dataclass(frozen=True, slots=True)
class Who:
    """Who says so, when, and in which company. `on` is the customer's day of it."""

    by: str
    at: datetime
    on: date
    company: str = COMPANY


def log_call(
    engine: Engine,
    account: str,
    outcome: str,
    who: Who,
    calendar: Calendar,
    *,
    key: str | None = None,
    spoken_with: str = "",
    answers: Mapping[str, Any] | None = None,
    note: str = "",
    outcomes: Sequence[str] = OUTCOMES,
) -> str:
    """Write down a call's outcome; the call on the list for this account (or of this key) is taken by it.

    No answer, busy and voicemail put it back twice, each time to the next open day; the third time it is
    taken too. A call that was on no list is kept as a contact. `outcomes` are the words that are known.
    """
    with _verb(engine, account, who) as (conn, entries):
        _known("outcome", outcome, outcomes)
        found = _open_call(conn, account, key, outcome, who)
        values = {
            "company": who.company,
            "account": account,
            "action": found.key if found else None,
            "outcome": outcome,
            "reached": int(outcome not in NOT_REACHED),
            "spoken_with": spoken_with or None,
            "answers": bulk.write_json(answers or {}),
            "note": note,
            "on": who.on,
            "at": moment_text(who.at),
            "by": who.by,
        }
        conn.execute(sa.insert(t.call).values(**values))
        body = {"outcome": outcome, "by": who.by, "on": who.on, "key": values["action"]}
        said = {name: text for name, text in (("spoken_with", spoken_with), ("note", note)) if text}
        said |= {f"answer {name}": str(value) for name, value in (answers or {}).items()}
        entries.append(Entry("call", account, body, said))
        if found is None:
            return f"{account}: {outcome}. No call was on the list; it is kept as a contact."
        tries = found.attempts + 1
        if outcome in PUT_BACK and tries <= _TIMES:
            again = calendar.add_open(who.on, 1)
            _change(conn, found.key, ActionState.PUT_BACK, outcome, who, attempts=tries, not_before=again)
            return f"{account}: {outcome}. The call is put back to {_day(again)} ({tries} of {_TIMES} times)."
        _change(conn, found.key, ActionState.DONE, outcome, who, attempts=tries)
        marks.take(conn, found.key, who.at, who.on)
        return f"{account}: {outcome}. “{found.step}” is done."


def approve(engine: Engine, which: str, who: Who, *, because: str = "") -> str:
    """Agree to what waits for approval: an action's key, or an account with one step that waits.

    All actions of the step are agreed to together, as they now stand; the next run or delivery decides them
    again.
    """
    return _answer(engine, which, who, ActionState.APPROVED, because)


def decline(engine: Engine, which: str, who: Who, *, because: str) -> str:
    """Refuse what waits for approval: the step is not asked again in this episode."""
    return _answer(engine, which, who, ActionState.DECLINED, because)


def promise(
    engine: Engine,
    account: str,
    pays_on: date,
    who: Who,
    calendar: Calendar,
    *,
    amount: int | None = None,
    currency: str | None = None,
    items: Sequence[str] = (),
    said: str = "",
) -> str:
    """Write down a promise to pay. Without `items` it covers all that is overdue now, item by item.

    `amount` is minor units; without it all that the items owe. The items must share a currency. An open
    promise for one of them is replaced, and does not count as broken.
    """
    with _verb(engine, account, who) as (conn, entries):
        if pays_on < who.on:
            raise Refused(f"{_day(pays_on)} is past", "write the day on which the money is to come")
        owed = cases.owed(conn, who.company, account).filter(pl.col("owed") > 0)
        if items:
            for name in items:
                _known("open item", name, owed["item"].to_list(), of=account)
            owed = owed.filter(pl.col("item").is_in(list(items)))
        else:
            owed = owed.filter(pl.col("due") < who.on)
        if currency:
            owed = owed.filter(pl.col("currency") == currency)
        codes = owed["currency"].unique().sort().to_list()
        if not codes:
            raise Refused(f"{account} owes nothing that is overdue", "name the invoices it promises to pay")
        if len(codes) > 1:
            raise Refused(
                f"{account} owes in {' and '.join(codes)}", "say which currency, or name the invoices"
            )
        total = int(owed["owed"].sum())
        wanted = total if amount is None else amount
        if not 0 < wanted <= total:
            raise Refused(
                f"{account} owes {money(total, codes[0])} for these items, "
                f"and {money(wanted, codes[0])} is promised",
                "write an amount up to what is owed",
            )
        breaks = breaks_on(pays_on, calendar)
        _replace_promises(conn, account, owed["item"].to_list(), who)
        made = conn.execute(
            sa.insert(t.promise).values(
                company=who.company,
                account=account,
                made_on=who.on,
                made_at=moment_text(who.at),
                pays_on=pays_on,
                breaks_on=breaks,
                amount=wanted,
                currency=codes[0],
                state="open",
                by=who.by,
                said=said,
            )
        )
        number = made.inserted_primary_key[0] if made.inserted_primary_key else 0
        covered = owed.select("item", "owed").rows()
        bulk.insert(conn, t.promise_item, ("promise", "item", "open"), [(number, *row) for row in covered])
        body = {
            "promise": number,
            "pays_on": pays_on,
            "breaks_on": breaks,
            "amount": wanted,
            "currency": codes[0],
        }
        body |= {"items": [name for name, _ in covered], "by": who.by}
        entries.append(Entry("promise", account, body, {"said": said} if said else {}))
        entries += asked.renew(conn, who.on, who.company, account)[1]
        many = f"{len(covered)} item{'s' if len(covered) > 1 else ''}"
        return (
            f"{account} promises {money(wanted, codes[0])} by {_day(pays_on)} for {many}. "
            f"They wait; on {_day(breaks)} the promise would count as broken."
        )


def open_dispute(engine: Engine, account: str, item: str, reason: str, who: Who) -> str:
    """The customer disputes an item: its steps wait from now on."""
    with _verb(engine, account, who) as (conn, entries):
        open_items = _open_items(conn, account, who.company)
        _known("open item", item, open_items, of=account)
        if _running_dispute(conn, account, item, who.company) is not None:
            raise Refused(f"{item} of {account} is disputed already")
        conn.execute(
            sa.insert(t.dispute).values(
                company=who.company,
                account=account,
                item=item,
                reason=reason,
                opened=who.on,
                opened_by=who.by,
            )
        )
        entries.append(
            Entry("dispute opened", account, {"item": item, "by": who.by, "on": who.on}, {"reason": reason})
        )
        entries += asked.renew(conn, who.on, who.company, account)[1]
        return f"{item} of {account} is disputed; its steps wait until the dispute is closed."


def close_dispute(engine: Engine, account: str, item: str, who: Who, *, closed_for: str) -> str:
    """A dispute is settled for the `customer` (the days it took are taken off the item's day) or for `us`."""
    with _verb(engine, account, who) as (conn, entries):
        _known("side", closed_for, ("customer", "us"))
        number = _running_dispute(conn, account, item, who.company)
        if number is None:
            raise Refused(f"{item} of {account} is not disputed")
        change = {"closed": who.on, "closed_for": closed_for, "closed_by": who.by}
        conn.execute(sa.update(t.dispute).where(t.dispute.c.id == number).values(**change))
        entries.append(
            Entry("dispute closed", account, {"item": item, "by": who.by, "on": who.on, "for": closed_for})
        )
        return (
            f"The dispute of {item} of {account} is closed for {closed_for}; its steps go on from tomorrow."
        )


def pause(
    engine: Engine,
    account: str,
    who: Who,
    *,
    because: str,
    until: date | None = None,
    kinds: Sequence[str] = (),
) -> str:
    """Let all steps of an account wait (or only these kinds) through a day, or until somebody lifts it."""
    with _verb(engine, account, who) as (conn, entries):
        if until is not None and until < who.on:
            raise Refused(f"{_day(until)} is past", "write the last day of the pause")
        entries.append(paused(conn, account, who, because, until, kinds)[1])
        what = " and ".join(f"{kind}s" for kind in kinds) or "all steps"
        how_long = "until somebody lifts it" if until is None else f"through {_day(until)}"
        return f"{account}: {what} wait {how_long}."


def paused(
    conn: Connection, account: str, who: Who, because: str, until: date | None, kinds: Sequence[str]
) -> tuple[int, Entry]:
    """As `pause`, in a transaction that is open already. The number of the pause, and what to put in the journal."""
    values = {"kinds": ", ".join(kinds), "from_day": who.on, "until": until, "because": because, "by": who.by}
    made = conn.execute(sa.insert(t.pause).values(company=who.company, account=account, **values))
    body = {"kinds": list(kinds), "from": who.on, "until": until, "by": who.by}
    number = made.inserted_primary_key[0] if made.inserted_primary_key else 0
    return number, Entry("pause", account, body, {"because": because})


def lift_pause(engine: Engine, account: str, who: Who) -> str:
    """End the pauses of an account: its steps go on from tomorrow."""
    with _verb(engine, account, who) as (conn, entries):
        running = (
            t.pause.c.company == who.company,
            t.pause.c.account == account,
            sa.or_(t.pause.c.until.is_(None), t.pause.c.until > who.on),
        )
        if not conn.execute(sa.update(t.pause).where(*running).values(until=who.on)).rowcount:
            raise Refused(f"{account} is not paused")
        entries.append(Entry("pause lifted", account, {"by": who.by, "on": who.on}))
        return f"{account} goes on from tomorrow."


def note(engine: Engine, account: str, text: str, who: Who) -> str:
    """Keep a remark with an account."""
    with _verb(engine, account, who) as (conn, entries):
        values = {"account": account, "text": text, "at": moment_text(who.at), "by": who.by}
        conn.execute(sa.insert(t.note).values(company=who.company, **values))
        entries.append(Entry("note", account, {"by": who.by}, {"text": text}))
        return f"Noted with {account}."


@contextmanager
def _verb(engine: Engine, account: str, who: Who) -> Iterator[tuple[Connection, list[Entry]]]:
    """One transaction of a known account; what the verb lists goes into the journal with it."""
    entries: list[Entry] = []
    with writing(engine) as conn:
        must_know(conn, account, who.company)
        yield conn, entries
        journal.append(conn, entries, who.at, who.company)


def must_know(conn: Connection, account: str, company: str = COMPANY) -> None:
    """NotFound, with what may have been meant, for an account that no ledger and no master has."""
    for table in (t.customer, t.item):
        there = sa.select(table.c.account).where(table.c.company == company, table.c.account == account)
        if conn.execute(there.limit(1)).first() is not None:
            return
    names = [
        name
        for (name,) in conn.execute(sa.select(t.customer.c.account).where(t.customer.c.company == company))
    ]
    raise NotFound("account", account, _near(account, names))


def _known(kind: str, wanted: str, known: Sequence[str], of: str = "") -> None:
    if wanted not in known:
        raise NotFound(kind, wanted, _near(wanted, known), of)


def _near(wanted: str, known: Sequence[str]) -> tuple[str, ...]:
    lower = {name.lower(): name for name in known}
    return tuple(lower[name] for name in get_close_matches(wanted.lower(), list(lower), n=2, cutoff=0.6))


def _open_call(conn: Connection, account: str, key: str | None, outcome: str, who: Who) -> Any | None:
    state = t.action.c.state
    there: sa.ColumnElement[bool] = state.in_([ActionState.PLANNED.value, ActionState.PUT_BACK.value])
    ended = state == ActionState.CANCELLED.value
    if outcome not in PUT_BACK:
        # The promise or dispute that the same call brought may have been written down before the call was.
        just_now = (t.action.c.reason.in_(asked.SET_ASIDE.values()), t.action.c.since == who.on)
        there = sa.or_(there, sa.and_(ended, *just_now))
    query = sa.select(t.action).where(
        t.action.c.company == who.company,
        t.action.c.account == account,
        t.action.c.kind == "call",
        there,
    )
    if key is not None:
        query = query.where(t.action.c.key == key)
    found = conn.execute(query.order_by(ended, t.action.c.day.desc())).first()
    if key is not None and found is None:
        raise Refused(f"this call of {account} is not on the list any more", "see what is, with dunwell list")
    return found


def _answer(engine: Engine, which: str, who: Who, verdict: ActionState, because: str) -> str:
    with writing(engine) as conn:
        actions = _awaiting(conn, which, who.company)
        for one in actions:
            conn.execute(
                sa.insert(t.approval).values(
                    action=one.key,
                    verdict=verdict.value,
                    by=who.by,
                    at=moment_text(who.at),
                    amount=one.amount,
                    detail=one.detail,
                    because=because,
                )
            )
            _change(conn, one.key, verdict, because or None, who)
        first = actions[0]
        body = {
            "keys": [one.key for one in actions],
            "step": first.step,
            "amount": first.amount,
            "by": who.by,
        }
        said = {"because": because} if because else {}
        journal.append(conn, [Entry(verdict.value, first.account, body, said)], who.at, who.company)
        worth = money(first.amount, first.currency)
        if verdict is ActionState.APPROVED:
            return (
                f"“{first.step}” for {first.account} ({worth}) is approved; "
                "the next “dunwell run”, today's too, lets it go if it is still due."
            )
        return (
            f"“{first.step}” for {first.account} ({worth}) is declined, and not asked again in this episode."
        )


def _awaiting(conn: Connection, which: str, company: str) -> Sequence[Any]:
    """The actions of the one step that is meant."""
    waits = (t.action.c.company == company, t.action.c.state == ActionState.AWAITING_APPROVAL.value)
    found = conn.execute(
        sa.select(t.action)
        .where(*waits, sa.or_(t.action.c.key == which, t.action.c.account == which))
        .order_by(t.action.c.day.desc(), t.action.c.key)
    ).all()
    if not found:
        there = conn.execute(sa.select(t.action.c.state).where(t.action.c.key == which)).scalar()
        if there:
            raise Refused(f"this action no longer waits for approval; it is “{there}”")
        names = sorted({name for (name,) in conn.execute(sa.select(t.action.c.account).where(*waits))})
        if not names:
            raise Refused("nothing waits for approval")
        raise NotFound("approval waiting for", which, _near(which, names) or tuple(names[:3]))
    same = ("account", "episode", "policy", "step", "item", "occurrence")
    steps = {tuple(getattr(one, name) for name in same) for one in found}
    if len(steps) > 1:
        raise Refused(
            f"{len(steps)} steps of {which} wait for approval",
            f"name one: {', '.join(one.key for one in found)}",
        )
    if len(found) == 1:  # by its key: the rest of its step goes with it
        one = found[0]
        return conn.execute(
            sa.select(t.action).where(*waits, *(t.action.c[name] == getattr(one, name) for name in same))
        ).all()
    return found


def _change(
    conn: Connection, key: str, state: ActionState, reason: str | None, who: Who, **more: Any
) -> None:
    values = {"state": state.value, "reason": reason, "since": who.on, **more}
    conn.execute(sa.update(t.action).where(t.action.c.key == key).values(**values))


def _replace_promises(conn: Connection, account: str, items: Sequence[str], who: Who) -> None:
    covers = sa.select(t.promise_item.c.promise).where(t.promise_item.c.item.in_(items))
    conn.execute(
        sa.update(t.promise)
        .where(
            t.promise.c.company == who.company,
            t.promise.c.account == account,
            t.promise.c.state == "open",
            t.promise.c.id.in_(covers),
        )
        .values(state="replaced", settled_on=who.on)
    )


def _running_dispute(conn: Connection, account: str, item: str, company: str) -> int | None:
    query = sa.select(t.dispute.c.id).where(
        t.dispute.c.company == company,
        t.dispute.c.account == account,
        t.dispute.c.item == item,
        t.dispute.c.closed.is_(None),
    )
    found: int | None = conn.execute(query).scalar()
    return found


def _open_items(conn: Connection, account: str, company: str) -> list[str]:
    query = sa.select(t.item.c.item).where(
        t.item.c.company == company, t.item.c.account == account, t.item.c.open != 0
    )
    return [name for (name,) in conn.execute(query)]


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"
