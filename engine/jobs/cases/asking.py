"""What people ask for themselves: new terms, a hold, less service, one order let go."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.core import sentences
from engine.core.cases.restrictions import (
    ACTIVE,
    HOLDS,
    What,
    Why,
    read_terms,
    read_why,
)
from engine.core.language.policy import Kind
from engine.core.sentences import REG_B
from engine.core.workdays import Hours, window
from engine.errors import NotFound, Refused
from engine.jobs import by_hand
from engine.jobs.cases.restrictions import address, agreed, insert
from engine.jobs.cases.tasks import whose
from engine.jobs.cases.who import Who, day_of, near, number_of, verb
from engine.jobs.listing import Listed
from engine.jobs.workspace import Workspace
from engine.store import restrictions
from engine.store import tables as t
from engine.store.history import money
from engine.store.moments import moment_text
from engine.store.tables import BY_HAND, OPEN, ActionState

CHANGE_NOTICE, CASH_NOTICE = "change-notice", "cod-notice"
_CASH = "cash on delivery"
_STEPS: Mapping[What, str] = {
    What.TERMS: "new terms",
    What.HOLD: "hold",
    What.SERVICE: "less service",
}
_ORDER = "one order let go"
UNSENT = [*(state.value for state in OPEN), ActionState.SENDING.value, ActionState.UNCERTAIN.value]


def ask(
    ws: Workspace,
    engine: Engine,
    account: str,
    what: What,
    value: str,
    who: Who,
    *,
    because: str,
    reason: str = "",
    review: date | None = None,
    from_day: date | None = None,
    told: str = "",
    notice: str = "",
) -> str:
    """Ask for terms, a hold, or less service. Who has the role agrees with it; for others it waits for one who has.

    For a strategic account a second person agrees in any case. The customer is written to before, unless `told`
    says how they were told. It is asked for on `from_day`, else on the next open day. Without a `reason` it is the
    account's delinquency.
    """
    value = read_value(what, value)
    with verb(engine, account, who) as (conn, entries):
        flags = _flags(conn, account, who.company)
        owed = by_hand.overdue(conn, ws, who.on, [account]).get(account)
        _refuse_bound(account, flags)
        _refuse_again(conn, account, what, value, who)
        why = _why(account, reason, owed)
        first = _day_after_notice(ws, who) if from_day is None else from_day
        _refuse_past(who, first, review)
        role = ws.live.house.owner
        at_once = who.may(role) and not flags["strategic"]
        common: dict[str, Any] = {
            "value": value, "restricts": what.value, "reason": why.value, "because": because, "by": who.by,
            "approve": role, "what": sentences.asked_by_hand(what.value, value, why.value, who.by, because),
            "owner": whose(ws, conn, account),
        }  # fmt: skip
        common |= {"review": review.isoformat()} if review else {}
        common |= {"told": told} if told else {}
        place: dict[str, Any] = {
            "number": _number(conn, account, _STEPS[what], who),
            "state": ActionState.AWAITING_APPROVAL,
            "episode": _episode(conn, account, who) if why is Why.DELINQUENCY else 0,
            "amount": owed.amount if owed else 0,
            "currency": owed.currency if owed else ws.live.house.currency,
        }
        if what is What.SERVICE:
            more = {**common, "do": sentences.do_service(value)}
            entries.append(insert(conn, who, account, _STEPS[what], Kind.TASK.value, more, **place))
        else:
            office = [ws.settings.workspace.zone, ws.live.house.opens]
            common |= {"effective": first.isoformat(), "ahead": int(first > who.on), "office": office}
            entries.append(insert(conn, who, account, _STEPS[what], what.value, common, **place))
            if not told:
                kind, template = _written(ws, conn, account, what, value, why, notice, who)
                more = {**common, "template": template, "change": [what.value, value, ""]}
                del more["restricts"]
                day = 0 if why is Why.DELINQUENCY else -1
                entries.append(
                    insert(
                        conn,
                        who,
                        account,
                        _STEPS[what],
                        kind,
                        more,
                        role="accounts payable",
                        day=day,
                        **place,
                    )
                )
        said = _waits(account, what, value, role, flags["strategic"], who)
        if at_once:
            said, more_entries = _agreed(conn, [entry.body["key"] for entry in entries], who, because)
            entries += more_entries
        return f"{said}\n{REG_B}" if why.may_need_notice else said


def release_order(
    ws: Workspace,
    engine: Engine,
    account: str,
    order: str,
    amount: int,
    currency: str,
    who: Who,
    *,
    because: str,
) -> str:
    """Let one order of an account go against a payment, though the account is on hold or on cash."""
    with verb(engine, account, who) as (conn, entries):
        on = [
            one
            for one in restrictions.standing(conn, account, states=ACTIVE, company=who.company)
            if one.kind is not What.SERVICE
        ]
        if not on:
            raise Refused(
                f"{account} is on no hold and no other terms, so its orders go out anyway",
                "“dunwell restrictions” lists all that are",
            )
        if amount <= 0:
            raise Refused(
                "an order is let go against a payment", "write the amount that has to come in first"
            )
        _refuse_released(conn, account, order, who)
        role = ws.live.house.owner
        at_once = who.may(role)
        given = conn.execute(
            sa.insert(t.concession).values(
                company=who.company, account=account, side="ours", kind="release", amount=amount,
                currency=currency, text=f"order {order}", state="agreed" if at_once else "awaiting approval",
                on=who.on, at=moment_text(who.at), by=who.by, approved_by=who.by if at_once else None,
            )
        )  # fmt: skip
        does = sentences.release_order(order, money(amount, currency))
        detail = {
            "concession": number_of(given), "order": order, "because": because, "by": who.by, "approve": role,
            "what": f"{does} Asked for by {who.by}: {because}", "do": does, "owner": whose(ws, conn, account),
        }  # fmt: skip
        entries.append(
            insert(
                conn, who, account, _ORDER, Kind.TASK.value, detail, item=order,
                number=_number(conn, account, _ORDER, who), state=ActionState.AWAITING_APPROVAL, amount=amount,
                currency=currency,
            )
        )  # fmt: skip
        if not at_once:
            return f"{account}: order {order} against {money(amount, currency)} waits for a {role} to agree."
        said, more = _agreed(conn, [entries[-1].body["key"]], who, because)
        entries += more
        return said


# -- what cannot be asked ----------------------------------------------------------------------------------------------


def read_value(what: What, value: str) -> str:
    """What is asked for, in its one spelling."""
    said = " ".join(value.split())
    if what is What.SERVICE:
        if not said:
            raise Refused("say how the service is lowered", "as in  “one delivery a week”")
        return said
    if what is What.HOLD:
        if said.lower() not in HOLDS:
            raise NotFound("hold", said, near(said, HOLDS) or HOLDS)
        return said.lower()
    read = read_terms(said)
    if isinstance(read, str):
        return read
    if read:
        raise Refused(f"“{said}” is read in more than one way", f"write  {'  or  '.join(read)}")
    raise Refused(
        f"nobody knows the terms “{said}”",
        "write  cash on delivery,  cash in advance  or terms like  net 10",
    )


def _flags(conn: Connection, account: str, company: str) -> Mapping[str, bool]:
    c = t.customer.c
    query = sa.select(c.contract_supply, c.strategic).where(c.company == company, c.account == account)
    row = conn.execute(query).first()
    return {"contract": bool(row and row[0]), "strategic": bool(row and row[1])}


def _refuse_bound(account: str, flags: Mapping[str, bool]) -> None:
    if flags["contract"]:
        raise Refused(
            f"{account} is supplied under a contract, so nothing of how it is supplied is changed here",
            "speak with whoever holds the contract; if it allows it, take “contract-supply” off in the customer master",
        )


def _refuse_again(conn: Connection, account: str, what: What, value: str, who: Who) -> None:
    """What the account has, or waits for, is not asked for twice."""
    for one in restrictions.standing(conn, account, states=ACTIVE, company=who.company):
        if one.kind is what and one.value == value:
            on = sentences.restricted(what, value)
            raise Refused(f"{account} is on {on} already, since {day_of(one.asked_on)}")
    for row in asked_for(conn, account, what, who.company):
        waits = row.state == ActionState.AWAITING_APPROVAL.value
        hint = f"dunwell approve {account}  or  dunwell decline {account} --because TEXT" if waits else ""
        raise Refused(f"“{row.step}” for {account} is asked for already; it is “{row.state}”", hint)
    if what is What.TERMS and restrictions.terms_of(conn, account, who.company) == value:
        raise Refused(f"{account} has the terms {value} already")


def asked_for(conn: Connection, account: str, what: What, company: str) -> list[Any]:
    """What is decided of this kind, by a ladder or by hand, and has not been asked for yet."""
    a = t.action.c
    kind = Kind.TASK.value if what is What.SERVICE else what.value
    query = sa.select(t.action).where(
        a.company == company, a.account == account, a.kind == kind, a.state.in_(UNSENT)
    )
    found = [(row, orjson.loads(row.detail)) for row in conn.execute(query.order_by(a.key))]
    wanted = {what.value} if what is What.SERVICE else {what.value, None}
    return [row for row, told in found if told.get("restricts") in wanted and not told.get("lifts")]


def _refuse_released(conn: Connection, account: str, order: str, who: Who) -> None:
    c = t.concession.c
    same = (c.company == who.company, c.account == account, c.kind == "release", c.text == f"order {order}")
    query = sa.select(c.on).where(*same, c.state != "declined")
    on: date | None = conn.execute(query).scalar()
    if on is not None:
        raise Refused(f"order {order} of {account} is let go already, since {day_of(on)}")


def _refuse_past(who: Who, first: date, review: date | None) -> None:
    if first < who.on:
        raise Refused(f"{day_of(first)} is past", "write the day from which it is to hold")
    if review is not None and review <= who.on:
        raise Refused(f"{day_of(review)} is no day to come", "write the day on which to look at it again")


def _why(account: str, reason: str, owed: Listed | None) -> Why:
    why = read_why(reason) if reason else Why.DELINQUENCY
    others = ", ".join(f"“{one.value}”" for one in Why if one is not Why.DELINQUENCY)
    if why is None:
        raise NotFound("reason", reason, near(reason, [one.value for one in Why]) or tuple(Why))
    if why is Why.DELINQUENCY and owed is None:
        raise Refused(
            f"{account} has nothing overdue, so its delinquency is not the reason",
            f"say what is:  --reason {others}",
        )
    return why


# -- what goes with it -------------------------------------------------------------------------------------------------


def _written(
    ws: Workspace, conn: Connection, account: str, what: What, value: str, why: Why, wanted: str, who: Who
) -> tuple[str, str]:
    """(how, which message) the customer is told by. Refused where nobody knows an address, or the message is not there."""
    kind = address(conn, account, who.company)
    if kind is None:
        raise Refused(
            f"nobody knows where to write to {account}, and the customer hears of it first",
            "tell them, and say how:  --told “by phone to Ms Lee”",
        )
    known = ws.templates.names()
    usual = CASH_NOTICE if (what, value, why) == (What.TERMS, _CASH, Why.DELINQUENCY) else CHANGE_NOTICE
    template = wanted or (usual if usual in known else CHANGE_NOTICE)
    if template not in known:
        raise NotFound("message", template, near(template, known))
    return kind, template


def _day_after_notice(ws: Workspace, who: Who) -> date:
    """The open day after that on which a message can go."""
    house = ws.live.house
    goes = window(who.at, ws.settings.workspace.zone, ws.calendar, Hours(house.opens, house.closes))
    return ws.calendar.add_open(max(ws.today(goes), who.on), 1)


def _waits(account: str, what: What, value: str, role: str, strategic: bool, who: Who) -> str:
    on = sentences.restricted(what, value)
    second = f"another {role}" if strategic and who.may(role) else f"a {role}"
    why = " The account is strategic, so it is only proposed." if strategic else ""
    return f"{account}: {on} waits for {second} to agree.{why}"


def _agreed(conn: Connection, keys: list[str], who: Who, because: str) -> tuple[str, list[Any]]:
    """Who has the role asks and agrees in one."""
    for key in keys:
        approve_now(conn, key, who, because)
    rows = conn.execute(sa.select(t.action).where(t.action.c.key.in_(keys)).order_by(t.action.c.key)).all()
    return agreed(conn, rows, who)


def approve_now(conn: Connection, key: str, who: Who, because: str) -> None:
    row = conn.execute(sa.select(t.action).where(t.action.c.key == key)).one()
    conn.execute(
        sa.insert(t.approval).values(
            action=key, verdict=ActionState.APPROVED.value, by=who.by, at=moment_text(who.at), amount=row.amount,
            detail=row.detail, because=because,
        )
    )  # fmt: skip


def _number(conn: Connection, account: str, step: str, who: Who) -> int:
    """How often that was asked for before, so that each time is a thing of its own."""
    a = t.action.c
    same = (a.company == who.company, a.account == account, a.policy == BY_HAND, a.step == step)
    return int(conn.execute(sa.select(sa.func.count(sa.distinct(a.occurrence))).where(*same)).scalar_one())


def _episode(conn: Connection, account: str, who: Who) -> int:
    """The number of the running episode, or 0."""
    e = t.episode.c
    query = sa.select(e.number).where(e.company == who.company, e.account == account, e.ended.is_(None))
    return int(conn.execute(query.order_by(e.number.desc()).limit(1)).scalar() or 0)
