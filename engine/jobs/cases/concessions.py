"""What each side gives for a solution: within what a role may give at once, beyond that once somebody has agreed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.core import sentences
from engine.core.cases.concessions import HALF, Ask, off
from engine.core.cases.disputes import AGREED_CREDIT
from engine.core.sentences import share as written_share
from engine.core.sentences import short_day
from engine.errors import Refused
from engine.jobs.cases import tasks
from engine.jobs.cases.disputes import disputed
from engine.jobs.cases.owing import Covered, covered, happened
from engine.jobs.cases.plans import AGREEMENT, POLICIES, not_asked_yet
from engine.jobs.cases.promises import promised
from engine.jobs.cases.roles import roles_of, whose_yes
from engine.jobs.cases.who import Made, Who, number_of, verb
from engine.jobs.workspace import Workspace
from engine.store import tables as t
from engine.store.concessions import AGREED, AWAITING, DECLINED, OURS, THEIRS
from engine.store.history import money
from engine.store.journal import Entry
from engine.store.moments import moment_text
from engine.store.tables import ActionState

STEP = "concession"
WAIVE = "take off the charge"


@dataclass(frozen=True, slots=True)
class Give:
    """What we give: hundredths of a per cent off or an amount off, more days, an amount of charges waived.

    Amounts are minor units of `currency`, or of what the items are in where that is not said.
    """

    share: int = 0
    amount: int = 0
    days: int = 0
    waive: int = 0
    currency: str | None = None

    @property
    def nothing(self) -> bool:
        return not (self.share or self.amount or self.days or self.waive)


def concede(
    ws: Workspace,
    engine: Engine,
    account: str,
    who: Who,
    give: Give,
    *,
    because: str,
    theirs: Sequence[str] = (),
    items: Sequence[str] = (),
    spoken_with: str = "",
) -> str:
    """Agree on a compromise about these items, else about all that is overdue and neither disputed nor planned.

    A discount is a credit note that we owe: its invoices wait for it, and somebody has the task. More days are a
    promise of what is then left. What is more than the author's roles may give waits for somebody's yes.
    """
    with verb(engine, account, who) as (conn, entries):
        made = conceded(
            ws, conn, account, who, give, because=because, theirs=theirs, items=items, spoken_with=spoken_with
        )
        entries += made.entries
        return made.sentence


def conceded(
    ws: Workspace,
    conn: Connection,
    account: str,
    who: Who,
    give: Give,
    *,
    because: str,
    theirs: Sequence[str] = (),
    items: Sequence[str] = (),
    spoken_with: str = "",
    call: int | None = None,
) -> Made:
    """As `concede`, in a transaction that is open already. The number is that of the first thing we give."""
    happened(who)
    if not because.strip():
        raise Refused("a compromise has a reason", "say it with --because")
    if give.nothing:
        raise Refused(
            "a compromise gives something", "write --discount 5%, --days 10, --waive 25, or several of these"
        )
    if min(give.share, give.amount, give.days, give.waive) < 0:
        raise Refused("a compromise gives more than nothing", "write it without the minus")
    found = covered(conn, account, who, items, give.currency)
    not_asked_yet(conn, account, found.names, who)
    less = _discount(found, give, account)
    by = _until(conn, ws, account, found, give, who)
    ask = _ask_of(ws, found, less, give)
    waits_for = whose_yes(ws, who.by, ask)
    ours = _told(found, less, give, by)
    gains = [*theirs, *_their_side(found, less, by, spoken_with)]
    numbers = _write(conn, account, found, less, give, gains, by, because, who, call, waits=bool(waits_for))
    body = {"concessions": numbers, "by": who.by, "discount": less, "days": give.days, "waive": give.waive}
    said = {"because": because} | {f"theirs {n}": text for n, text in enumerate(gains, 1)}
    kind = "concession awaiting approval" if waits_for else "concession"
    entries = [Entry(kind, account, body, said)]
    about = {
        "concessions": numbers,
        "items": [list(each) for each in found.items],
        "less": less,
        "waive": give.waive,
        "by": str(by) if by else None,
        "spoken_with": spoken_with,
        "call": call,
        "because": because,
        "ask": [ask.discount, ask.days, ask.waive],
        "asker": who.by,
    }
    if waits_for:
        entries.append(
            _wait(ws, conn, account, numbers[0], about, found, less, give, ours, gains, waits_for, who)
        )
    else:
        entries += _take_effect(ws, conn, account, about, found.currency, who)
    out = sentences.not_part(found.left_out) if found.left_out else ""
    told = sentences.agreed(account, ours, gains, waits_for)
    alone = sentences.no_role(who.by) if waits_for and not roles_of(ws, who.by) else ""
    return Made(numbers[0], " ".join(filter(None, (told, alone, out))), entries)


def answered(
    ws: Workspace, conn: Connection, action: Any, about: Mapping[str, Any], who: Who, yes: bool, because: str
) -> list[Entry]:
    """Somebody who may has agreed to a compromise, or not. Refused where it cannot be given any more."""
    c = t.concession.c
    values = {"state": AGREED if yes else DECLINED, "approved_by": who.by if yes else None}
    conn.execute(sa.update(t.concession).where(c.id.in_(about["concessions"])).values(**values))
    body = {"concessions": about["concessions"], "by": who.by}
    if not yes:
        return [Entry("concession declined", action.account, body, {"because": because})]
    now = dict(covered(conn, action.account, who, [name for name, _ in about["items"]]).items)
    if any(now.get(name) != then for name, then in about["items"]):
        raise Refused(
            f"what {action.account} owes on these invoices has changed since it was asked for",
            "decline it, and ask for it anew",
        )
    return [
        Entry("concession", action.account, body),
        *_take_effect(ws, conn, action.account, about, action.currency, who),
    ]


def ask_of(about: Mapping[str, Any]) -> Ask:
    """What a compromise that waits asks its approver for."""
    discount, days, waive = about["ask"]
    return Ask(discount=discount, days=days, waive=waive)


def _discount(found: Covered, give: Give, account: str) -> dict[str, int]:
    if give.share and give.amount:
        raise Refused("a discount is a share or an amount", "write one of the two")
    less = off(dict(found.items), share=give.share, amount=give.amount)
    if give.amount > found.total or give.share > 100_00 or sum(less.values()) * 100_00 > found.total * HALF:
        raise Refused(
            f"{account} owes {money(found.total, found.currency)} for these items: more than half of that is no discount",
            "a write-off is made in the ledger; name the invoices it is about with --item",
        )
    return less


def _until(
    conn: Connection, ws: Workspace, account: str, found: Covered, give: Give, who: Who
) -> date | None:
    """The open day to which more days lead: from today, or from the due date of what is not due yet."""
    if not give.days:
        return None
    query = sa.select(sa.func.max(t.item.c.due)).where(
        t.item.c.company == who.company, t.item.c.account == account, t.item.c.item.in_(found.names)
    )
    due: date = conn.execute(query).scalar_one()
    return ws.calendar.next_open(max(due, who.on) + timedelta(days=give.days))


def _ask_of(ws: Workspace, found: Covered, less: Mapping[str, int], give: Give) -> Ask:
    total = sum(less.values())
    share = give.share or -(-total * 100_00 // found.total)
    same = found.currency == ws.live.house.currency
    return Ask(discount=share, days=give.days, waive=give.waive if same or not give.waive else None)


def _told(found: Covered, less: Mapping[str, int], give: Give, by: date | None) -> list[str]:
    told = []
    if less:
        share = f"{written_share(give.share)}, " if give.share else ""
        told.append(f"{share}{money(sum(less.values()), found.currency)} off")
    if by is not None:
        told.append(f"{sentences.many(give.days, 'day')} more, to {short_day(by)}")
    if give.waive:
        told.append(f"charges of {money(give.waive, found.currency)} waived")
    return told


def _their_side(found: Covered, less: Mapping[str, int], by: date | None, spoken_with: str) -> list[str]:
    """What the days are for: the rest, by then."""
    if by is None:
        return []
    rest = money(found.total - sum(less.values()), found.currency)
    return [f"{rest} by {short_day(by)}{f', says {spoken_with}' if spoken_with else ''}"]


def _write(
    conn: Connection,
    account: str,
    found: Covered,
    less: Mapping[str, int],
    give: Give,
    theirs: Sequence[str],
    by: date | None,
    because: str,
    who: Who,
    call: int | None,
    *,
    waits: bool,
) -> list[int]:
    common = {
        "company": who.company,
        "account": account,
        "call": call,
        "state": AWAITING if waits else AGREED,
        "on": who.on,
        "at": moment_text(who.at),
        "by": who.by,
    }
    money_of = {"currency": found.currency}
    ours: list[dict[str, Any]] = []
    if less:
        names = ", ".join(less)
        ours.append(
            {"kind": "discount", "amount": sum(less.values()), "text": f"{names}: {because}", **money_of}
        )
    if by is not None:
        ours.append({"kind": "days", "days": give.days, "text": f"to {by}: {because}"})
    if give.waive:
        ours.append({"kind": "waiver", "amount": give.waive, "text": because, **money_of})
    rows = [{"side": OURS, **row} for row in ours]
    rows += [{"side": THEIRS, "kind": "other", "text": text} for text in theirs]
    return [number_of(conn.execute(sa.insert(t.concession).values(**common, **row))) for row in rows]


def _wait(
    ws: Workspace,
    conn: Connection,
    account: str,
    number: int,
    about: Mapping[str, Any],
    found: Covered,
    less: Mapping[str, int],
    give: Give,
    ours: Sequence[str],
    theirs: Sequence[str],
    role: str,
    who: Who,
) -> Entry:
    return tasks.add(
        ws,
        conn,
        account,
        STEP,
        number,
        sentences.agree_to(ours, theirs, about["because"], who.by),
        who,
        amount=sum(less.values()) + give.waive or found.total,
        currency=found.currency,
        more={"approve": role, AGREEMENT: dict(about), "kind": "concession"},
        role=role,
        policy=POLICIES[1],
        state=ActionState.AWAITING_APPROVAL,
    )


def _take_effect(
    ws: Workspace, conn: Connection, account: str, about: Mapping[str, Any], currency: str, who: Who
) -> list[Entry]:
    """A discount is a credit note that we owe; more days are a promise of the rest; a charge is somebody's task."""
    entries: list[Entry] = []
    less, items = about["less"], dict(about["items"])
    if about["by"]:
        by = date.fromisoformat(about["by"])
        if by < who.on:
            raise Refused(
                f"it gave time to {short_day(by)}, and that is past", "decline it, and ask for it anew"
            )
        rest = sum(items.values()) - sum(less.values())
        made = promised(
            conn,
            account,
            by,
            who,
            ws.calendar,
            amount=rest,
            items=list(items),
            said=about["because"],
            spoken_with=about["spoken_with"],
            call=about["call"],
        )
        entries += made.entries
    for name, amount in less.items():
        why = about["because"]
        made = disputed(
            conn, account, name, AGREED_CREDIT, who, amount=amount, said=why, call=about["call"], ws=ws
        )
        entries += made.entries
    if about["waive"]:
        amount = money(about["waive"], currency)
        entries.append(
            tasks.add(
                ws,
                conn,
                account,
                WAIVE,
                about["concessions"][0],
                f"Take charges of {amount} off: {about['because']}",
                who,
                amount=about["waive"],
                currency=currency,
                policy="concessions",
            )
        )
    return entries
