"""What comes of a yes or a no to terms, a hold, less service or their way back; and that the ledger system has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import polars as pl
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.core import sentences
from engine.core.cases.restrictions import REVIEW, STANDING, Standing, What
from engine.core.language.policy import Kind
from engine.errors import Refused
from engine.jobs.cases.who import Who, change_action, day_of, verb
from engine.store import alarms, bulk, database, restrictions, ways_back
from engine.store import tables as t
from engine.store.history import money
from engine.store.journal import Entry
from engine.store.moments import moment_text
from engine.store.owed import owed
from engine.store.restrictions import Restriction
from engine.store.runs import action_key
from engine.store.tables import BY_HAND, ActionState
from engine.store.ways_back import WAY_BACK

RELEASE_NOTICE = "release-notice"
_NOTICE = f"{WAY_BACK} notice"  # not the way back's own step: it does not wait for it
_CHANNELS = {Kind.EMAIL.value: "email", Kind.LETTER.value: "letter"}


def answered(
    conn: Connection,
    actions: Sequence[Any],
    who: Who,
    verdict: ActionState,
    because: str,
    review: date | None,
) -> tuple[str, list[Entry]]:
    """Somebody has said yes or no to what people asked for, or to a way back. A sentence, and what to put in the journal.

    Refused to who asked for it: a second person says yes.
    """
    first = actions[0]
    detail = orjson.loads(first.detail)
    if verdict is ActionState.APPROVED and detail.get("by") == who.by:
        raise Refused(
            f"{who.by} asked for this, and a second person agrees to it",
            f"let another {detail.get('approve', ways_back.APPROVER)} say so, with  --by NAME",
        )
    if first.step == WAY_BACK:
        if verdict is ActionState.APPROVED:
            return give_back(conn, first.key, detail, who, because)
        return _kept(conn, first.account, detail, who, review)
    _concede(conn, detail, who, verdict)
    if verdict is not ActionState.APPROVED:
        return f"“{first.step}” for {first.account} is declined; nothing is changed.", []
    return agreed(conn, actions, who)


# -- the yes to what people asked for --------------------------------------------------------------------------------


def agreed(conn: Connection, actions: Sequence[Any], who: Who) -> tuple[str, list[Entry]]:
    """Somebody who may has agreed: the notice goes, then the account owner is told, and on its day it is asked for."""
    said = ""
    entries: list[Entry] = []
    for one in actions:
        detail = orjson.loads(one.detail)
        if one.kind == Kind.TASK:
            entries += _to_do(conn, one, detail, who)
            said = said or f"{one.account}: {detail['do']}"
            continue
        moment = None
        if "effective" in detail:
            # Agreed to late, it is not asked for on the day on which the customer hears of it.
            day = max(date.fromisoformat(detail["effective"]), who.on + timedelta(days=int(detail["ahead"])))
            detail["effective"] = day.isoformat()
            moment = None if one.kind in _CHANNELS else _opening(day, detail["office"])
        change_action(conn, one.key, ActionState.PLANNED, None, who, detail=bulk.write_json(detail))
        _send(conn, one.key, one.kind, moment)
        if one.kind in (What.TERMS, What.HOLD):
            value, from_day = detail["value"], date.fromisoformat(detail["effective"])
            entries.append(
                _tell_owner(conn, one, detail, sentences.told_owner(one.kind, value, day_of(from_day)), who)
            )
            said = f"{one.account}: {sentences.restricted(one.kind, value)} from {day_of(from_day)}."
    return said, entries


def _to_do(conn: Connection, one: Any, detail: Mapping[str, Any], who: Who) -> list[Entry]:
    """A task that had to be agreed to is on its list; less service is what the account is on from then."""
    role, person = detail["owner"]
    changed = bulk.write_json({**detail, "what": detail["do"]})
    change_action(conn, one.key, ActionState.PLANNED, None, who, role=role, person=person, detail=changed)
    found = conn.execute(sa.select(t.action).where(t.action.c.key == one.key)).mappings().one()
    restrictions.requested(conn, [found], who.on, who.at)
    body = {"key": one.key, "kind": one.kind, "state": ActionState.PLANNED.value, "by": who.by}
    return [Entry("action", one.account, body)]


def _tell_owner(conn: Connection, one: Any, detail: Mapping[str, Any], what: str, who: Who) -> Entry:
    """A task for the account's owner, before it bites."""
    role, person = detail.get("owner") or ("account owner", None)
    return insert(
        conn, who, one.account, f"{one.step}: for the account owner", Kind.TASK.value, {"what": what, "value": role},
        item=one.item, number=one.occurrence, role=role, person=person, state=ActionState.PLANNED,
        amount=one.amount, currency=one.currency,
    )  # fmt: skip


def _concede(conn: Connection, detail: Mapping[str, Any], who: Who, verdict: ActionState) -> None:
    """What was given in return is agreed to with it, or not."""
    if number := detail.get("concession"):
        state = "agreed" if verdict is ActionState.APPROVED else "declined"
        mine = sa.update(t.concession).where(t.concession.c.id == number)
        conn.execute(mine.values(state=state, approved_by=who.by))


# -- the way back ------------------------------------------------------------------------------------------------------


def give_back(
    conn: Connection, key: str, detail: dict[str, Any], who: Who, because: str
) -> tuple[str, list[Entry]]:
    """The way back is agreed to: the ledger system is asked, the customer and the account owner are told.

    Refused where it is not known what to go back to, and where the account is overdue again and nobody said
    that this is known.
    """
    one = restrictions.find(conn, int(detail["lifts"]), who.company)
    if one is None or one.state is not Standing.PROPOSED:
        raise Refused("this way back is no longer open", "see what is, with  dunwell restrictions")
    if one.kind is What.TERMS and not detail["value"]:
        raise Refused(
            f"nobody knows the terms of {one.account} from before",
            f"say them:  dunwell reinstate {one.account} --terms “net 30” --because TEXT",
        )
    if not detail.get("although"):
        not_overdue(conn, one, who)
    detail |= {"because": because or detail.get("because", ""), "effective": who.on.isoformat()}
    asked = conn.execute(sa.select(t.action).where(t.action.c.key == key)).one()
    before = conn.execute(sa.select(t.action.c.detail).where(t.action.c.key == one.action)).scalar()
    owner = orjson.loads(before or "{}").get("owner") or ("account owner", None)
    said = sentences.told_owner_back(one.kind.value, one.value)
    told: list[Entry] = []
    if one.kind is What.SERVICE:
        detail |= {"owner": owner, "do": sentences.undo_service(one.value)}
        entries = _to_do(conn, asked, detail, who)
    else:
        change_action(conn, key, ActionState.PLANNED, None, who, detail=bulk.write_json(detail))
        _send(conn, key, asked.kind)
        entries = [_tell_owner(conn, asked, {"owner": owner}, said, who)]
        told = _notice(conn, one, asked, detail, who)
    back = detail["value"] if one.kind is What.TERMS else f"end {sentences.restricted(one.kind, one.value)}"
    hears = "the customer and the account owner are told" if told else "the account owner tells the customer"
    return f"{one.account}: {back} is asked for now; {hears}.", [*entries, *told]


def not_overdue(conn: Connection, one: Restriction, who: Who) -> None:
    """Refused where the account owes again: nothing is given back then without saying so."""
    late = owed(conn, who.company, accounts=(one.account,)).filter(
        (pl.col("owed") > 0) & (pl.col("due") < who.on)
    )
    sums = late.group_by("currency", maintain_order=True).agg(pl.col("owed").sum())
    if sums.is_empty():
        return
    owes = " and ".join(money(amount, currency) for currency, amount in sums.iter_rows())
    raise Refused(
        f"{one.account} is overdue, with {owes}",
        f"to give it back all the same:  dunwell reinstate {one.account} --although-overdue --because TEXT",
    )


def _notice(
    conn: Connection, one: Restriction, asked: Any, detail: Mapping[str, Any], who: Who
) -> list[Entry]:
    """The customer hears of it by e-mail, else by letter; where nobody knows an address the account owner tells them."""
    kind = address(conn, one.account, who.company)
    if kind is None:
        return []
    more = {
        "template": RELEASE_NOTICE,
        "change": [one.kind.value, detail["value"], one.value],
        "effective": detail["effective"],
        "lifts": one.id,
    }
    entry = insert(
        conn, who, one.account, _NOTICE, kind, more, item=str(one.id), number=asked.occurrence,
        role="accounts payable", state=ActionState.PLANNED, currency=asked.currency,
    )  # fmt: skip
    _send(conn, entry.body["key"], kind)
    return [entry]


def _kept(
    conn: Connection, account: str, detail: Mapping[str, Any], who: Who, review: date | None
) -> tuple[str, list[Entry]]:
    """The way back is declined: what the account is on stays, and somebody looks again on a day."""
    one = restrictions.find(conn, int(detail["lifts"]), who.company)
    if one is None:
        return f"{account} stays as it is.", []
    again = review or who.on + timedelta(days=REVIEW)
    restrictions.stays(conn, one, review_on=again)
    body = {"restriction": one.id, "review_on": again, "by": who.by}
    stays = f"{account} stays on {sentences.restricted(one.kind, one.value)}"
    return f"{stays}; to be looked at again on {day_of(again)}.", [Entry("restriction kept", account, body)]


# -- so it is ----------------------------------------------------------------------------------------------------------


def confirm(engine: Engine, account: str, who: Who, *, because: str = "", what: str = "") -> str:
    """A person has seen in the ledger system that it has what was asked for."""
    with verb(engine, account, who) as (conn, entries):
        open_ = [
            one for one in restrictions.standing(conn, account, company=who.company) if _unconfirmed(one)
        ]
        one = chosen(open_, account, what, "to be confirmed")
        told = restrictions.confirmed(conn, one, who.on, who.by)
        entries += [replace(entry, person={"because": because} if because else {}) for entry in told]
        alarms.cleared(conn, alarms.INVARIANT, who.at, f"I5 {account} {one.kind.value}", who.company)
        on = sentences.restricted(one.kind, one.value)
        if one.state is Standing.RELEASING:
            return f"{account} is no longer on {on}."
        return f"{account} is on {on}, as asked for on {day_of(one.asked_on)}."


def _unconfirmed(one: Restriction) -> bool:
    return one.state is Standing.RELEASING or one.confirmed_on is None


def chosen(open_: Sequence[Restriction], account: str, what: str, purpose: str) -> Restriction:
    """The one restriction that is meant. Refused where there is none, or where several could be."""
    named = [one for one in open_ if not what or what in (one.kind.value, one.value)]
    if len(named) == 1:
        return named[0]
    have = ", ".join(sentences.restricted(one.kind, one.value) for one in open_)
    if named:
        kinds = " or ".join(one.kind.value for one in named)
        raise Refused(f"{account} is on {have}", f"say which is meant: {kinds}")
    if have:
        raise Refused(f"{account} has no “{what}” {purpose}", f"there is: {have}")
    raise Refused(
        f"{account} is on no terms, hold or less service {purpose}",
        "“dunwell restrictions” lists all that are",
    )


def reviews(conn: Connection, on: date, at: datetime, owner: str, days: int = REVIEW) -> list[Entry]:
    """A task for each restriction whose review date has come; the next review is `days` later, while it stands."""
    r = t.restriction.c
    query = sa.select(r.id).where(r.review_on <= on, r.state.in_([one.value for one in STANDING]))
    entries = []
    for number in conn.execute(query.order_by(r.id)).scalars().all():
        one = restrictions.find(conn, number)
        if one is None or one.state not in (Standing.REQUESTED, Standing.IN_FORCE):
            continue  # the way back is on somebody's list already
        who = Who("Dunwell", at, on)
        what = sentences.review(one.kind.value, one.value, day_of(one.asked_on))
        more = {"what": what, "value": owner}
        entries.append(
            insert(
                conn, who, one.account, "review", Kind.TASK.value, more, item=str(one.id), number=on.toordinal(),
                role=owner, state=ActionState.PLANNED,
            )
        )  # fmt: skip
        restrictions.moved(conn, one, one.state, review_on=on + timedelta(days=days))
    return entries


# -- rows ----------------------------------------------------------------------------------------------------------------


def insert(
    conn: Connection,
    who: Who,
    account: str,
    step: str,
    kind: str,
    detail: Mapping[str, Any],
    *,
    item: str = "",
    number: int = 0,
    role: str = "",
    person: str | None = None,
    state: ActionState,
    episode: int = 0,
    day: int = -1,
    amount: int = 0,
    currency: str = "USD",
) -> Entry:
    """An action that no policy made. Its entry for the journal, which has the key in its body."""
    key = action_key(account, episode, step, item, number, kind, role, company=database.company(conn))
    conn.execute(
        sa.insert(t.action).values(
            key=key,
            company=who.company,
            account=account,
            episode=episode,
            policy=BY_HAND,
            step=step,
            item=item,
            occurrence=number,
            kind=kind,
            role=role,
            day=day,
            state=state.value,
            on=who.on,
            since=who.on,
            amount=amount,
            currency=currency,
            person=person,
            detail=bulk.write_json({"items": [], **detail}),
        )
    )
    body = {"key": key, "kind": kind, "step": step, "state": state.value, "by": who.by}
    return Entry("action", account, body, {"what": str(detail["what"])} if detail.get("what") else {})


def address(conn: Connection, account: str, company: str) -> str | None:
    """How the customer can be written to: email, else letter; None where nobody knows."""
    c = t.contact.c
    mine = (c.company == company, c.account == account)
    mailable = sa.select(c.id).where(*mine, c.role == "accounts payable", c.email_ok == 1)
    if conn.execute(mailable.limit(1)).first() is not None:
        return Kind.EMAIL.value
    postal = sa.select(c.id).where(*mine, c.post_ok == 1)
    return Kind.LETTER.value if conn.execute(postal.limit(1)).first() is not None else None


def _send(conn: Connection, key: str, kind: str, not_before: datetime | None = None) -> None:
    values = {"action": key, "channel": _CHANNELS.get(kind, "request"), "state": "pending", "payload": "{}"}
    moment = None if not_before is None else moment_text(not_before)
    conn.execute(sa.insert(t.outbox).values(**values, not_before=moment))


def _opening(day: date, office: Sequence[Any]) -> datetime:
    """When the office opens on a day; `office` is its zone and minutes after midnight."""
    zone, minutes = office
    return datetime.combine(day, time(), ZoneInfo(zone)) + timedelta(minutes=int(minutes))
