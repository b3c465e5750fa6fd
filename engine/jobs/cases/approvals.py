"""What waits for somebody to agree, and their yes or no."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.errors import NotFound, Refused
from engine.jobs.cases import concessions, plans, restrictions
from engine.jobs.cases.agreed import answered
from engine.jobs.cases.plans import AGREEMENT
from engine.jobs.cases.roles import must_be_able
from engine.jobs.cases.who import Who, change_action, must_be, near
from engine.jobs.workspace import Workspace
from engine.store import journal
from engine.store import tables as t
from engine.store.database import writing
from engine.store.history import money
from engine.store.journal import Entry
from engine.store.moments import moment_text
from engine.store.tables import BY_HAND, OUTCOMES, ActionState


def approve(engine: Engine, which: str, who: Who, *, because: str = "", ws: Workspace | None = None) -> str:
    """Agree to what waits for approval: an action's key, or an account with one step that waits.

    All actions of the step are agreed to together, as they now stand; the next run or delivery decides them
    again. A plan or a compromise holds at once, if whoever agrees has a role that may: `ws` says so.
    """
    return _answer(engine, which, who, ActionState.APPROVED, because, ws)


def decline(
    engine: Engine,
    which: str,
    who: Who,
    *,
    because: str,
    ws: Workspace | None = None,
    review: date | None = None,
) -> str:
    """Refuse what waits for approval: the step is not asked again in this episode.

    Of a way back: what the account is on stays, and is looked at again on `review`.
    """
    return _answer(engine, which, who, ActionState.DECLINED, because, ws, review)


# What no run decides again goes on at somebody's yes or no itself: by the action's policy.
FOLLOWS = {BY_HAND: restrictions.answered}


def _answer(
    engine: Engine,
    which: str,
    who: Who,
    verdict: ActionState,
    because: str,
    ws: Workspace | None,
    review: date | None = None,
) -> str:
    with writing(engine) as conn:
        actions = _awaiting(conn, which, who)
        detail = orjson.loads(actions[0].detail)
        if AGREEMENT in detail:
            return _agreement(conn, actions[0], who, verdict, because, ws)
        if "ask" in detail:
            if ws is not None and verdict is ActionState.APPROVED:
                must_be_able(ws, who.by, concessions.ask_of(detail))
        elif role := detail.get("approve"):
            must_be(who, role)
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
        if first.policy == OUTCOMES:
            return _of_a_call(conn, first, who, verdict, because)
        body = {
            "keys": [one.key for one in actions],
            "step": first.step,
            "amount": first.amount,
            "by": who.by,
        }
        said = {"because": because} if because else {}
        entries = [Entry(verdict.value, first.account, body, said)]
        if follow := FOLLOWS.get(first.policy):
            sentence, more = follow(conn, actions, who, verdict, because, review)
            journal.append(conn, [*entries, *more], who.at, who.company)
            return sentence
        journal.append(conn, entries, who.at, who.company)
        worth = money(first.amount, first.currency)
        if verdict is ActionState.APPROVED:
            return (
                f"“{first.step}” for {first.account} ({worth}) is approved; "
                "the next “dunwell run”, today's too, lets it go if it is still due."
            )
        return (
            f"“{first.step}” for {first.account} ({worth}) is declined, and not asked again in this episode."
        )


def _agreement(
    conn: Connection, one: Any, who: Who, verdict: ActionState, because: str, ws: Workspace | None
) -> str:
    """The yes or no to a payment plan or a compromise, of somebody who may: it holds from now on, or never did."""
    detail = orjson.loads(one.detail)
    about, of = detail[AGREEMENT], plans if detail["kind"] == "plan" else concessions
    if ws is None:
        raise Refused("nobody can tell here who may agree to it", "use “dunwell approve”")
    yes = verdict is ActionState.APPROVED
    if yes or who.by != about["asker"]:  # who has asked may take it back
        must_be_able(ws, who.by, of.ask_of(about))
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
    state = ActionState.DONE if yes else ActionState.DECLINED
    change_action(conn, one.key, state, because or None, who)
    body = {"keys": [one.key], "step": one.step, "amount": one.amount, "by": who.by}
    entries = [Entry(verdict.value, one.account, body, {"because": because} if because else {})]
    entries += of.answered(ws, conn, one, about, who, yes, because)
    journal.append(conn, entries, who.at, who.company)
    what = f"The {one.step} of {one.account}"
    return f"{what} is agreed, and holds from now on." if yes else f"{what} is declined: nothing was given."


def _of_a_call(conn: Connection, action: Any, who: Who, verdict: ActionState, because: str) -> str:
    """Yes or no to what was given on the phone: no run has to let it go."""
    agreed = verdict is ActionState.APPROVED
    numbers = orjson.loads(action.detail)["concessions"]
    entries = answered(conn, numbers, action.account, who, agreed=agreed)
    if agreed:
        change_action(conn, action.key, ActionState.DONE, because or None, who)
    journal.append(conn, entries, who.at, who.company)
    return f"What was given to {action.account} on the phone is {'agreed to' if agreed else 'declined'}."


def _awaiting(conn: Connection, which: str, who: Who) -> Sequence[Any]:
    """The actions of the one step that is meant."""
    waits = (
        t.action.c.company == who.company,
        t.action.c.state == ActionState.AWAITING_APPROVAL.value,
        sa.or_(t.action.c.not_before.is_(None), t.action.c.not_before <= who.on),
    )
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
