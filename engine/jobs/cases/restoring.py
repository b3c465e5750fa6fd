"""The way back that people take before it is proposed, or instead of a proposal."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.core import sentences
from engine.core.cases.restrictions import STANDING, Standing, What
from engine.errors import Refused
from engine.jobs.cases.asking import UNSENT, approve_now, asked_for, read_value
from engine.jobs.cases.restrictions import chosen, give_back, not_overdue
from engine.jobs.cases.who import Who, verb
from engine.store import bulk, restrictions, ways_back
from engine.store import tables as t
from engine.store.restrictions import Restriction
from engine.store.tables import BY_HAND, ActionState
from engine.store.ways_back import WAY_BACK


def restore(
    engine: Engine,
    account: str,
    who: Who,
    *,
    because: str,
    what: str = "",
    terms: str = "",
    although: bool = False,
) -> str:
    """Take terms, a hold or less service back before, or without, a proposal. Who has the role does so at once.

    `terms` are those to go back to where nobody knows them, or others are wanted. `although`: the account is
    overdue, and that is known.
    """
    back = read_value(What.TERMS, terms) if terms else ""
    with verb(engine, account, who) as (conn, entries):
        there = restrictions.standing(conn, account, states=STANDING, company=who.company)
        if not there:
            _refuse_unasked(conn, account, who)
        one = chosen(there, account, what, "to be given back")
        on = sentences.restricted(one.kind, one.value)
        if one.state is Standing.RELEASING:
            raise Refused(
                f"the end of {on} is asked for already",
                f"once the ledger system has it:  dunwell in-force {account}",
            )
        if back and one.kind is not What.TERMS:
            raise Refused(f"{account} is on {on}, which has no terms to go back to", "leave --terms out")
        if one.kind is What.TERMS and not (back or one.back):
            raise Refused(
                f"nobody knows the terms of {account} from before",
                "say them:  --terms “net 30”",
            )
        if not although:
            not_overdue(conn, one, who)
        more: dict[str, Any] = {"by": who.by, "because": because}
        more |= {"value": back} if back else {}
        more |= {"although": True} if although else {}
        role, key = ways_back.approver(conn, one), _proposed(conn, one, who)
        if key is None:
            _refuse_on_its_way(conn, one, who)
        elif not who.may(role):
            raise Refused(
                f"the way back of {account} waits for a {role} to agree already",
                f"one says so with  dunwell approve {account} --by NAME",
            )
        if key is None:
            said = f"{on} is given back, asked for by {who.by}: {because}"
            _withdraw_unripe(conn, one, who)
            entry = ways_back.propose_one(conn, one, who.on, who.company, more=more, what=said, at_once=True)
            entries.append(entry)
            key = entry.body["key"]
        if not who.may(role):
            return f"{account}: the end of {on} waits for a {role} to agree."
        detail = {**_detail(conn, key), **more}
        approve_now(conn, key, who, because)
        said, told = give_back(conn, key, detail, who, because)
        entries += told
        return said


def _refuse_unasked(conn: Connection, account: str, who: Who) -> None:
    """What is on its way and not asked for yet is called off, not given back."""
    for row in [row for what in What for row in asked_for(conn, account, what, who.company)]:
        waits = row.state == ActionState.AWAITING_APPROVAL.value
        way = f"decline {account}" if waits else f"outbox cancel “{row.key}”"
        raise Refused(
            f"“{row.step}” for {account} is not asked for yet; it is “{row.state}”",
            f"call it off:  dunwell {way} --because TEXT",
        )


def _refuse_on_its_way(conn: Connection, one: Restriction, who: Who) -> None:
    """A way back that was agreed to goes with the next delivery."""
    a = t.action.c
    mine = (a.company == who.company, a.policy == BY_HAND, a.step == WAY_BACK, a.item == str(one.id))
    query = sa.select(a.key).join(t.outbox, t.outbox.c.action == a.key).where(*mine, a.state.in_(UNSENT))
    if (key := conn.execute(query).scalar()) is not None:
        raise Refused(
            f"the way back of {one.account} is agreed to, and on its way",
            f"“dunwell run” lets it go; see  dunwell outbox show “{key}”",
        )


def _proposed(conn: Connection, one: Restriction, who: Who) -> str | None:
    """The key of the way back that waits for a yes on this day."""
    a = t.action.c
    query = sa.select(a.key).where(
        a.company == who.company,
        a.account == one.account,
        a.policy == BY_HAND,
        a.step == WAY_BACK,
        a.item == str(one.id),
        a.state == ActionState.AWAITING_APPROVAL.value,
        sa.or_(a.not_before.is_(None), a.not_before <= who.on),
    )
    found: str | None = conn.execute(query).scalar()
    return found


def _withdraw_unripe(conn: Connection, one: Restriction, who: Who) -> None:
    """A way back whose clean months are not over gives place to what somebody asks for now."""
    a = t.action.c
    mine = (a.company == who.company, a.account == one.account, a.step == WAY_BACK, a.item == str(one.id))
    conn.execute(
        sa.update(t.action)
        .where(*mine, a.state == ActionState.AWAITING_APPROVAL.value)
        .values(state=ActionState.CANCELLED.value, reason=f"asked for sooner by {who.by}", since=who.on)
    )


def _detail(conn: Connection, key: str) -> dict[str, Any]:
    return bulk.read_json(
        conn.execute(sa.select(t.action.c.detail).where(t.action.c.key == key)).scalar_one()
    )
