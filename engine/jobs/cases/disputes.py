"""Invoices that a customer contests: why, who answers by when, and in whose favour it ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.core import sentences
from engine.core.cases.disputes import (
    AGREED_CREDIT,
    BY_NAME,
    OTHER,
    Reason,
    Unknown,
    answered_by,
    read_reason,
)
from engine.core.sentences import short_day
from engine.errors import NotFound, Refused
from engine.jobs.cases import tasks
from engine.jobs.cases.owing import happened, is_open
from engine.jobs.cases.roles import one_person
from engine.jobs.cases.who import Made, Who, known, near, number_of, verb
from engine.jobs.workspace import Workspace
from engine.store import asked
from engine.store import disputes as kept
from engine.store import tables as t
from engine.store.history import money
from engine.store.journal import Entry

_OFFERED = tuple(name for name in BY_NAME if name != AGREED_CREDIT)


def open_dispute(
    engine: Engine,
    account: str,
    item: str,
    reason: str,
    who: Who,
    *more_items: str,
    ws: Workspace | None = None,
    amount: int | None = None,
    currency: str | None = None,
    owner: str = "",
    answer_in: int | None = None,
    said: str = "",
    expected: str = "",
) -> str:
    """The customer disputes an item, or several: their steps wait from now on. With `ws` somebody has to answer."""
    with verb(engine, account, who) as (conn, entries):
        told = []
        for one in (item, *more_items):
            made = disputed(
                conn,
                account,
                one,
                reason,
                who,
                ws=ws,
                amount=amount,
                currency=currency,
                owner=owner,
                answer_in=answer_in,
                said=said,
                expected=expected,
            )
            entries += made.entries
            told.append(made.sentence)
        return "\n".join(told)


def disputed(
    conn: Connection,
    account: str,
    item: str,
    reason: str,
    who: Who,
    *,
    amount: int | None = None,
    owner: str = "",
    person: str | None = None,
    answer_by: date | None = None,
    said: str = "",
    expected: str = "",
    call: int | None = None,
    ws: Workspace | None = None,
    currency: str | None = None,
    answer_in: int | None = None,
) -> Made:
    """As `open_dispute`, in a transaction that is open already. `amount` is what is contested, minor units; None: all.

    `reason` is one of the reason codes, in any of its spellings; its own words are kept in `said` where nothing else
    is. With `ws` the owner and the day are those of outcomes.yaml where none are given, `answer_in` counts open days,
    and the owner has a task; without, only what is given is written down.
    """
    happened(who)
    code, words = _reason(reason, said)
    still, in_currency = is_open(conn, account, item, who.company)
    if currency is not None and currency != in_currency:
        raise Refused(f"{item} of {account} is in {in_currency}", f"write the amount in {in_currency}")
    if amount is not None and not 0 < amount <= still:
        raise Refused(
            f"{money(still, in_currency)} is open on {item} of {account}, and {money(amount, in_currency)} is contested",
            "write an amount up to what is open, or none for all of it",
        )
    _not_twice(conn, account, item, who.company)
    if ws is not None:
        owner, person, answer_by = _who_answers(ws, owner, person, answer_by, answer_in, who.on)
    if answer_by is not None and answer_by < who.on:
        raise Refused(f"{short_day(answer_by)} is past", "write a day by which it can be answered")
    part = amount if amount != still else None
    made = conn.execute(
        sa.insert(t.dispute).values(
            company=who.company,
            account=account,
            item=item,
            reason=code.name,
            opened=who.on,
            opened_by=who.by,
            amount=amount,
            owner=owner or None,
            person=person,
            answer_by=answer_by,
            said=words,
            expected=expected.strip() or None,
            call=call,
        )
    )
    number = number_of(made)
    body = {"item": item, "by": who.by, "on": who.on, "code": code.name, "amount": amount}
    body |= {"owner": owner, "answer_by": answer_by, "expected": expected}
    body = {name: value for name, value in body.items() if value not in (None, "")}
    told = {"reason": reason, "said": words} if words else {"reason": reason}
    entries = [Entry("dispute opened", account, body, told)]
    entries += asked.renew(conn, who.on, who.company, accounts=(account,))[1]
    contested = money(part, in_currency) if part is not None else ""
    if ws is not None and answer_by is not None:
        what = sentences.answer_dispute(
            item,
            code.name,
            contested or money(still, in_currency),
            answer_by,
            words,
            expected,
            missing=code.credit,
            ours=code.name == AGREED_CREDIT,
        )
        entries.append(
            tasks.add(
                ws,
                conn,
                account,
                kept.ANSWER,
                number,
                what,
                who,
                amount=part or still,
                currency=in_currency,
                more={"dispute": number, "item": item},
                role=owner,
                person=person,
                policy="disputes",
            )
        )
    sentence = sentences.dispute_opened(account, item, code.name, contested, owner, answer_by, expected)
    return Made(number, sentence, entries)


def return_agreed(
    ws: Workspace,
    conn: Connection,
    account: str,
    item: str,
    who: Who,
    *,
    amount: int | None,
    return_number: str = "",
    follow_up: date | None = None,
    said: str = "",
    call: int | None = None,
) -> Made:
    """Goods will come back: their invoice waits for the credit note, which closes it; somebody follows the return.

    `amount` is what they are worth, minor units; `return_number` the RMA that the credit note will name.
    """
    return disputed(
        conn,
        account,
        item,
        "goods returned",
        who,
        amount=amount,
        answer_by=follow_up,
        said=said,
        expected=return_number,
        call=call,
        ws=ws,
    )


def close_dispute(
    engine: Engine, account: str, item: str, who: Who, *more_items: str, closed_for: str, result: str = ""
) -> str:
    """A dispute is settled for the `customer` (the days it took are taken off the item's day) or for `us`."""
    with verb(engine, account, who) as (conn, entries):
        happened(who)
        known("side", closed_for, ("customer", "us"))
        for one in (item, *more_items):
            entries.append(_closed(conn, account, one, who, closed_for, result))
        return "\n".join(sentences.dispute_closed(account, one, closed_for) for one in (item, *more_items))


def _closed(conn: Connection, account: str, item: str, who: Who, closed_for: str, result: str) -> Entry:
    found = _running_dispute(conn, account, item, who.company)
    if found is None:
        raise Refused(f"{item} of {account} is not disputed")
    change = {"closed": who.on, "closed_for": closed_for, "closed_by": who.by, "result": result}
    conn.execute(sa.update(t.dispute).where(t.dispute.c.id == found.id).values(**change))
    kept.drop_tasks(conn, account, found.id, who.on, who.company)
    body = {"item": item, "by": who.by, "on": who.on, "for": closed_for}
    return Entry("dispute closed", account, body, {"result": result} if result else {})


def _reason(text: str, said: str) -> tuple[Reason, str]:
    """The reason code, and what is kept in the customer's own words."""
    found = read_reason(text)
    if isinstance(found, Unknown):
        raise Refused(*sentences.no_such_reason(text, found.nearest, _OFFERED))
    if found.name == OTHER and not said.strip():
        raise Refused("“other” says nothing about what is contested", "write it in their words, with --said")
    plain = " ".join(text.lower().replace("_", " ").split())
    return found, said or ("" if plain == found.name else text)


def _who_answers(
    ws: Workspace,
    owner: str,
    person: str | None,
    answer_by: date | None,
    answer_in: int | None,
    on: date,
) -> tuple[str, str | None, date]:
    """(role, person, day): those that are given, else those of outcomes.yaml; a role that nobody has is the house owner's."""
    usual, days = answered_by(ws.live.outcomes.get("dispute"))
    if owner and owner not in ws.known.somebody:
        raise NotFound("role or person", owner, near(owner, ws.known.somebody))
    role, somebody = one_person(ws, owner or usual)
    if not owner and somebody is None and not ws.files.people_with(role):
        role, somebody = one_person(ws, ws.live.house.owner)
    due = answer_by or ws.calendar.add_open(on, days if answer_in is None else answer_in)
    return role, person or somebody, due


def _not_twice(conn: Connection, account: str, item: str, company: str) -> None:
    found = _running_dispute(conn, account, item, company)
    if found is not None:
        raise Refused(
            f"{item} of {account} is disputed already, since {short_day(found.opened)} ({found.reason})",
            f"to end that: dunwell dispute {account} {item} --close --for us, or --for customer",
        )


def _running_dispute(conn: Connection, account: str, item: str, company: str) -> Any | None:
    query = sa.select(t.dispute).where(
        t.dispute.c.company == company,
        t.dispute.c.account == account,
        t.dispute.c.item == item,
        t.dispute.c.closed.is_(None),
    )
    return conn.execute(query).first()


def reasons() -> Sequence[Reason]:
    """The reason codes that a customer's dispute may have."""
    return [BY_NAME[name] for name in _OFFERED]
