"""What waits for somebody to agree, and their yes or no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.errors import NotFound, Refused
from engine.jobs.cases.who import Who, change_action, near
from engine.store import journal
from engine.store import tables as t
from engine.store.database import writing
from engine.store.history import money
from engine.store.journal import Entry
from engine.store.outbox import text as moment_text
from engine.store.tables import ActionState


def approve(engine: Engine, which: str, who: Who, *, because: str = "") -> str:
    """Agree to what waits for approval: an action's key, or an account with one step that waits.

    All actions of the step are agreed to together, as they now stand; the next run or delivery decides them
    again.
    """
    return _answer(engine, which, who, ActionState.APPROVED, because)


def decline(engine: Engine, which: str, who: Who, *, because: str) -> str:
    """Refuse what waits for approval: the step is not asked again in this episode."""
    return _answer(engine, which, who, ActionState.DECLINED, because)


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
            change_action(conn, one.key, verdict, because or None, who)
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
        raise NotFound("approval waiting for", which, near(which, names) or tuple(names[:3]))
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
