"""Payment plans: made so that they can be kept, agreed to by whoever may, ended before their time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.core import sentences
from engine.core.cases.concessions import Ask
from engine.core.cases.plans import (
    MONTHLY,
    Every,
    Instalment,
    NoPlan,
    add_months,
    fitting,
    instalments,
    monthly,
)
from engine.core.cases.promises import FARTHEST, Kind, Standing, breaks_on
from engine.errors import Refused
from engine.jobs.cases import tasks
from engine.jobs.cases.owing import covered, happened
from engine.jobs.cases.promises import superseded
from engine.jobs.cases.roles import roles_of, whose_yes
from engine.jobs.cases.who import Made, Who, day_of, number_of, verb
from engine.jobs.workspace import Workspace
from engine.store import asked, bulk
from engine.store import plans as kept
from engine.store import tables as t
from engine.store.history import money
from engine.store.journal import Entry
from engine.store.moments import moment_text
from engine.store.tables import ActionState

AGREEMENT = "agreement"  # where the detail of an action has what waits for somebody's yes
STEP = "payment plan"
POLICIES = ("plans", "concessions")  # what such an action comes from


def plan(
    ws: Workspace,
    engine: Engine,
    account: str,
    who: Who,
    *,
    first: date,
    count: int | None = None,
    amount: int | None = None,
    currency: str | None = None,
    every: Every = MONTHLY,
    items: Sequence[str] = (),
    spoken_with: str = "",
    because: str = "",
    agree: bool = False,
) -> str:
    """Agree on instalments for these items, else for all that is overdue and neither disputed nor planned.

    `count` of them, of `amount` minor units each, or both; the last takes the rest. `agree`: though it asks for more a
    month than the account has paid.
    """
    with verb(engine, account, who) as (conn, entries):
        made = planned(
            ws,
            conn,
            account,
            who,
            first=first,
            count=count,
            amount=amount,
            currency=currency,
            every=every,
            items=items,
            spoken_with=spoken_with,
            because=because,
            agree=agree,
        )
        entries += made.entries
        return made.sentence


def planned(
    ws: Workspace,
    conn: Connection,
    account: str,
    who: Who,
    *,
    first: date,
    count: int | None = None,
    amount: int | None = None,
    currency: str | None = None,
    every: Every = MONTHLY,
    items: Sequence[str] = (),
    spoken_with: str = "",
    because: str = "",
    agree: bool = False,
    call: int | None = None,
    parts: Sequence[Instalment] = (),
) -> Made:
    """As `plan`, in a transaction that is open already. The number is the plan's. `parts` were agreed on one by one."""
    happened(who)
    _first(first, who)
    found = covered(conn, account, who, items, currency)
    not_asked_yet(conn, account, found.names, who)
    if parts:
        _in_full(account, found.total, found.currency, parts)
    else:
        try:
            parts = instalments(found.total, first, ws.calendar, count=count, amount=amount, every=every)
        except NoPlan as no:
            raise Refused(no.sentence, no.hint) from None
    told = _can_pay(conn, account, found.currency, parts, every, who, agree)
    waits_for = whose_yes(ws, who.by, Ask(plan=_months(who.on, parts[-1].on)))
    made = conn.execute(
        sa.insert(t.plan).values(
            company=who.company,
            account=account,
            made_on=who.on,
            until=parts[-1].on,
            state=kept.AWAITING if waits_for else kept.KEPT,
            by=who.by,
            amount=found.total,
            currency=found.currency,
            spoken_with=spoken_with or None,
            because=because,
            call=call,
        )
    )
    number = number_of(made)
    conn.execute(sa.insert(t.plan_item), [{"plan": number, "item": name} for name in found.names])
    body = {"plan": number, "by": who.by, "amount": found.total, "currency": found.currency}
    body |= {"items": found.names, "instalments": [[str(one.on), one.amount] for one in parts]}
    said = {name: text for name, text in (("spoken_with", spoken_with), ("because", because)) if text}
    entries = [Entry("plan awaiting approval" if waits_for else "plan", account, body, said)]
    replaced = ""
    if waits_for:
        entries.append(
            _ask(ws, conn, account, number, found.items, found.currency, parts, waits_for, who, because)
        )
    else:
        begun, replaced = _begin(ws, conn, account, number, dict(found.items), found.currency, parts, who)
        entries += begun
    days = [(one.on, one.amount) for one in parts]
    head = sentences.plan_made(
        account, found.currency, len(found.items), days, breaks_on(parts[0].on, ws.calendar), waits_for
    )
    out = sentences.not_part(found.left_out) if found.left_out else ""
    rate = _kept_rate(conn, [one.on for one in parts], who.company)
    alone = sentences.no_role(who.by) if waits_for and not roles_of(ws, who.by) else ""
    return Made(number, "\n".join(filter(None, (head, alone, replaced, out, told, rate))), entries)


def _in_full(account: str, total: int, currency: str, parts: Sequence[Instalment]) -> None:
    """Refused where instalments are not in the order of their days, or are not exactly what they cover."""
    days = [one.on for one in parts]
    much = sum(one.amount for one in parts)
    if days != sorted(set(days)) or min(one.amount for one in parts) <= 0:
        raise Refused(
            "these are no instalments",
            "name each once, the first first: 500 by 2026-12-01; 500 by 2027-01-04",
        )
    if much != total:
        raise Refused(
            f"the instalments come to {money(much, currency)}, and {account} owes {money(total, currency)}",
            "make them what is owed, or name the invoices they are for",
        )


def end_plan(engine: Engine, account: str, who: Who, *, because: str, items: Sequence[str] = ()) -> str:
    """End a plan that runs, or take back one that waits for a yes. With several, `items` says which."""
    with verb(engine, account, who) as (conn, entries):
        happened(who)
        if not because.strip():
            raise Refused("a plan is ended for a reason", "say it with --because")
        one = _the_plan(conn, account, who, items)
        left = sum(part.state == Standing.OPEN.value for part in one.instalments)
        kept.withdraw_rest(conn, one.number, who.on, because)
        values = {"state": kept.ENDED if one.state == kept.KEPT else kept.DECLINED, "ended_on": who.on}
        conn.execute(sa.update(t.plan).where(t.plan.c.id == one.number).values(**values))
        _no_longer_asked(conn, account, one.number, because, who)
        body = {"plan": one.number, "by": who.by, "on": who.on}
        entries.append(Entry("plan ended", account, body, {"because": because}))
        return sentences.plan_ended(account, left)


def answered(
    ws: Workspace, conn: Connection, action: Any, about: Mapping[str, Any], who: Who, yes: bool, because: str
) -> list[Entry]:
    """Somebody who may has agreed to a plan, or not. An agreed one begins as it was proposed; Refused where it cannot."""
    number = int(about["plan"])
    if not yes:
        values: dict[str, Any] = {"state": kept.DECLINED, "ended_on": who.on}
        conn.execute(sa.update(t.plan).where(t.plan.c.id == number).values(**values))
        return [Entry("plan declined", action.account, {"plan": number, "by": who.by}, {"because": because})]
    parts = [Instalment(date.fromisoformat(day), amount) for day, amount in about["instalments"]]
    items = {str(name): int(then) for name, then in about["items"]}
    _still_so(conn, action.account, items, parts, who)
    values = {"state": kept.KEPT, "approved_by": who.by}
    conn.execute(sa.update(t.plan).where(t.plan.c.id == number).values(**values))
    entries, _ = _begin(ws, conn, action.account, number, items, action.currency, parts, who)
    body = {"plan": number, "by": who.by, "items": list(items)}
    return [Entry("plan", action.account, body), *entries]


def _begin(
    ws: Workspace,
    conn: Connection,
    account: str,
    number: int,
    items: Mapping[str, int],
    currency: str,
    parts: Sequence[Instalment],
    who: Who,
) -> tuple[list[Entry], str]:
    """Its instalments are promises from now on, and open promises of its items are over."""
    row = conn.execute(sa.select(t.plan).where(t.plan.c.id == number)).one()
    replaced, entries = superseded(conn, account, list(items), who)
    for at, part in enumerate(parts, 1):
        made = conn.execute(
            sa.insert(t.promise).values(
                company=who.company,
                account=account,
                made_on=who.on,
                made_at=moment_text(who.at),
                pays_on=part.on,
                breaks_on=breaks_on(part.on, ws.calendar, kind=Kind.INSTALMENT),
                amount=part.amount,
                currency=currency,
                state=Standing.OPEN.value,
                by=row.by,
                kind=Kind.INSTALMENT.value,
                spoken_with=row.spoken_with,
                plan=number,
                number=at,
                call=row.call,
            )
        )
        id = number_of(made)
        columns = ("promise", "item", "open")
        bulk.insert(conn, t.promise_item, columns, [(id, *each) for each in items.items()])
    entries += asked.renew(conn, who.on, who.company, accounts=(account,))[1]
    told = [(one.amount, one.currency, one.pays_on) for one in replaced]
    return entries, sentences.takes_the_place(told) if told else ""


def _ask(
    ws: Workspace,
    conn: Connection,
    account: str,
    number: int,
    items: Sequence[tuple[str, int]],
    currency: str,
    parts: Sequence[Instalment],
    role: str,
    who: Who,
    because: str,
) -> Entry:
    total = sum(one.amount for one in parts)
    what = (
        f"a payment plan of {sentences.coded(total, currency)} in {sentences.many(len(parts), 'instalment')}, "
        f"the last on {day_of(parts[-1].on)}"
    )
    about = {
        "plan": number,
        "months": _months(who.on, parts[-1].on),
        "instalments": [[str(one.on), one.amount] for one in parts],
        "items": [list(each) for each in items],
        "asker": who.by,
    }
    return tasks.add(
        ws,
        conn,
        account,
        STEP,
        number,
        sentences.agree_to([what], [], because or "no reason given", who.by),
        who,
        amount=total,
        currency=currency,
        more={"approve": role, AGREEMENT: about, "kind": "plan"},
        role=role,
        policy=POLICIES[0],
        state=ActionState.AWAITING_APPROVAL,
    )


def ask_of(about: Mapping[str, Any]) -> Ask:
    """What a plan that waits asks its approver for."""
    return Ask(plan=int(about["months"]))


def not_asked_yet(conn: Connection, account: str, items: Sequence[str], who: Who) -> None:
    """One thing at a time waits for a yes: Refused where a plan or a compromise for one of these items does."""
    a = t.action.c
    mine = (a.company == who.company, a.account == account, a.episode == 0)
    waits = (a.policy.in_(POLICIES), a.state == ActionState.AWAITING_APPROVAL.value)
    for step, detail in conn.execute(sa.select(a.step, a.detail).where(*mine, *waits)):
        same = [name for name, _ in orjson.loads(detail)[AGREEMENT]["items"] if name in items]
        if same:
            raise Refused(*sentences.asked_already(account, step, same))


def _no_longer_asked(conn: Connection, account: str, number: int, because: str, who: Who) -> None:
    a = t.action.c
    mine = (a.company == who.company, a.account == account, a.episode == 0, a.policy == POLICIES[0])
    waits = (a.step == STEP, a.occurrence == number, a.state == ActionState.AWAITING_APPROVAL.value)
    values = {"state": ActionState.CANCELLED.value, "reason": because, "since": who.on}
    conn.execute(sa.update(t.action).where(*mine, *waits).values(**values))


def _first(first: date, who: Who) -> None:
    if first < who.on:
        raise Refused(f"{day_of(first)} is past", "write the day of the first instalment")
    if first > who.on + timedelta(days=FARTHEST):
        raise Refused(
            f"the first instalment, on {day_of(first)}, would come in more than {FARTHEST} days",
            "check the year; a plan begins soon",
        )


def _months(on: date, last: date) -> int:
    """In how many months from a day a plan is over."""
    months = 1
    while add_months(on, months) < last:
        months += 1
    return months


def _can_pay(
    conn: Connection,
    account: str,
    currency: str,
    parts: Sequence[Instalment],
    every: Every,
    who: Who,
    agree: bool,
) -> str:
    """What the account has paid a month; Refused for a plan that asks for more, until somebody agrees to that."""
    able = kept.capacity(conn, account, currency, who.on, who.company)
    if able is None:
        return sentences.pays_unknown(account)
    wants = monthly(parts, every)
    if wants > able.a_month and not agree:
        fits = fitting(sum(one.amount for one in parts), able.a_month, every)
        raise Refused(*sentences.too_much_a_month(account, wants, able.a_month, currency, able.months, fits))
    return sentences.pays_a_month(account, able.a_month, currency, able.months)


def _kept_rate(conn: Connection, days: list[date], company: str) -> str:
    kind = kept.kind_of(days)
    rate = next((one for one in kept.kept_rates(conn, company) if one.kind == kind), None)
    return sentences.kept_rate(kind, rate.kept, rate.over) if rate is not None and rate.over else ""


def _still_so(
    conn: Connection, account: str, items: Mapping[str, int], parts: Sequence[Instalment], who: Who
) -> None:
    """A plan is agreed to as it was asked for: on what is owed, from a day to come, and of no other plan."""
    if parts[0].on < who.on:
        raise Refused(
            f"the first instalment was for {day_of(parts[0].on)}, and that is past",
            "decline it, and make the plan anew with the customer",
        )
    now = dict(covered(conn, account, who, list(items)).items)
    if any(now.get(name) != then for name, then in items.items()):
        raise Refused(
            f"what {account} owes on these invoices has changed since the plan was asked for",
            "decline it, and make the plan anew",
        )


def _the_plan(conn: Connection, account: str, who: Who, items: Sequence[str]) -> kept.Agreed:
    found = [
        one
        for one in kept.plans(conn, account, who.company)
        if one.state in (kept.KEPT, kept.AWAITING) and (not items or set(items) & set(one.items))
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise Refused(f"{account} has no payment plan that runs")
    told = "; ".join(", ".join(one.items) for one in found)
    raise Refused(
        f"{account} has {len(found)} payment plans: {told}", "name an invoice of the one, with --item"
    )
