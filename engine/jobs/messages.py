"""What a message says of an account: a snapshot of the customer, the items and of us, taken in the transaction that decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import sqlalchemy as sa
from babel import Locale
from sqlalchemy.engine import Connection

from engine.core.cases.guards import EMAILS, POST
from engine.core.cases.promises import Standing
from engine.core.decision.plan import plan
from engine.core.language.policy import Kind
from engine.core.messages.charged import Charged
from engine.core.messages.facts import (
    Change,
    Company,
    Debtor,
    Instalment,
    Item,
    MessageFacts,
    Point,
    Promise,
    Sender,
)
from engine.core.messages.render import render
from engine.core.money import Amount
from engine.core.problem import Problem
from engine.jobs.drawing import with_its_lot
from engine.jobs.listing import Listed, listed
from engine.jobs.rows import announced
from engine.jobs.workspace import Workspace
from engine.store import charges, database, wishes
from engine.store.plans import KEPT
from engine.store.state import load_state
from engine.store.tables import COMPANY, concession, contact, customer, item, promise
from engine.store.tables import plan as running


def _of(table: sa.Table) -> sa.Select[Any]:
    """A question about one account, put together once: it is asked for every message."""
    return sa.select(table).where(table.c.company == COMPANY, table.c.account == sa.bindparam("whose"))


_CUSTOMER = _of(customer)
_CONTACTS = _of(contact).order_by(contact.c.id)
_ITEMS = _of(item).where(item.c.open != 0)
# The latest promise that somebody gave: not one that another took the place of, nor an instalment still to come.
_PROMISES = (
    _of(promise)
    .where(
        promise.c.state.not_in([Standing.SUPERSEDED.value, Standing.WITHDRAWN.value]),
        sa.or_(promise.c.plan.is_(None), promise.c.state != Standing.OPEN.value),
    )
    .order_by(promise.c.made_on.desc(), promise.c.id.desc())
)
_INSTALMENTS = (
    _of(promise)
    .join(running, running.c.id == promise.c.plan)
    .where(running.c.state == KEPT, promise.c.state == Standing.OPEN.value)
    .order_by(promise.c.pays_on, promise.c.id)
)


def facts(
    ws: Workspace,
    conn: Connection,
    account: str,
    lists: Listed,
    *,
    on: date,
    respond_by: date | None,
    to: str,
    from_: str | None,
    links: Mapping[str, str] = MappingProxyType({}),
    agreed: Mapping[str, Any] = MappingProxyType({}),
    change: Change | None = None,
) -> MessageFacts:
    """Everything a template can show for one account. `links` says where the documents of its items are.

    `agreed` has the numbers of what a call agreed on (promise, plan, concessions); without them it is the latest promise.
    """
    master = conn.execute(_CUSTOMER, {"whose": account}).mappings().first()
    rules = wishes.of_account(conn, account, on)
    person = _contact(conn, account, to, rules)
    rows = {row["item"]: row for row in conn.execute(_ITEMS, {"whose": account}).mappings()}
    language = (master["language"] if master else None) or ""
    return MessageFacts(
        account=account,
        company=company(ws),
        debtor=Debtor(
            name=(master["name"] if master else "") or account,
            address=_address(
                conn, account, person, ((master["country"] if master else "") or "").upper(), _home(ws), rules
            ),
            contact=(person["name"] if person else "") or "",
            country=((master["country"] if master else None) or "").upper(),
            languages=tuple(
                code for code in ((person["language"] if person else "") or "", language) if code
            ),
        ),
        sender=sender(ws, from_, master["owner"] if master else None),
        on=on,
        respond_by=respond_by or ws.calendar.next_open(on + timedelta(days=ws.live.house.answer)),
        items=tuple(
            _item(rows[number], owed, on, link=links.get(number, ""))
            for number, owed in lists.items
            if number in rows
        ),
        aside=tuple(
            _item(rows[number], owed, on, why) for number, owed, why in lists.aside if number in rows
        ),
        promise=_promise(conn, account, agreed),
        plan=_plan(conn, account, agreed),
        points=_points(conn, agreed.get("concessions", ())),
        charges=tuple(map(_charge, charges.shown(conn, account, [number for number, _ in lists.items]))),
        change=change,
    )


def _charge(one: charges.Charged) -> Charged:
    return Charged(
        number=one.item,
        kind=one.kind,
        amount=one.amount,
        currency=one.currency,
        first=one.first,
        last=one.last,
        calculation=one.calculation,
    )


def change(detail: Mapping[str, Any], on: date) -> Change | None:
    """What the notice of an action's step announces, from its detail: not before today, and no earlier day than said."""
    if "change" not in detail:
        return None
    kind, value, lifted = detail["change"]
    said = date.fromisoformat(detail["effective"]) if detail.get("effective") else on
    return Change(kind, value, lifted, max(said, on))


def company(ws: Workspace) -> Company:
    """Who we are, from the settings."""
    ours = ws.settings.company
    logo = ws.files.logo
    return Company(
        name=ours.name,
        address=tuple(ours.address),
        email=str(ours.email or ""),
        phone=ours.phone,
        pay=tuple(ours.pay),
        pay_url=str(ours.pay_url or ""),
        disputes=ours.disputes,
        logo=logo.read_bytes() if logo and Path(logo).is_file() else b"",
    )


def sender(ws: Workspace, wanted: str | None, owner: str | None) -> Sender:
    """Who signs: the person or role the step names, else the account's owner, else the credit manager, else the company."""
    people = ws.settings.people
    found = None
    owner = owner or ""
    if wanted == "account owner" and owner in people:
        found = people[owner]
    elif wanted and wanted in people:
        found = people[wanted]
    elif wanted and ws.files.people_with(wanted):
        found = people[ws.files.people_with(wanted)[0]]
    for role in ("collector", "credit manager"):
        if found is None and ws.files.people_with(role):
            found = people[owner] if owner in people else people[ws.files.people_with(role)[0]]
    if found is None:
        return Sender(ws.settings.company.name)
    return Sender(found.name, found.roles[0] if found.roles else "", found.phone, str(found.email or ""))


def recipients(conn: Connection, account: str, to: str, on: date) -> tuple[str, ...]:
    """The addresses of e-mail of the contacts who have the role and want to be written to; or the attorney's alone."""
    rules = wishes.of_account(conn, account, on)
    if attorneys := {rule.attorney for rule in rules if rule.attorney}:
        return tuple(sorted(attorneys))
    found = wishes.may_have(rules, conn.execute(_CONTACTS, {"whose": account}).mappings(), EMAILS)
    return tuple(
        sorted({row["email"] for row in found if row["role"] == to and row["email_ok"] == 1 and row["email"]})
    )


def _contact(conn: Connection, account: str, to: str, rules: Sequence[wishes.Rule]) -> Any:
    """Whom a message speaks to; nobody where it goes to the attorney."""
    if any(rule.attorney for rule in rules):
        return None
    found = wishes.may_have(rules, conn.execute(_CONTACTS, {"whose": account}).mappings(), EMAILS)
    return next((row for row in found if row["role"] == to), None)


def _home(ws: Workspace) -> str:
    """The country whose post takes our letters: that of the house's calendar; empty where it names none."""
    country = ws.live.house.calendar.partition("-")[0].upper()
    return country if len(country) == 2 else ""


def _address(
    conn: Connection, account: str, person: Any, country: str, home: str, rules: Sequence[wishes.Rule]
) -> tuple[str, ...]:
    """The postal address of the contact, or of another contact of the account that a letter can find.

    A letter abroad ends with the country's name in capitals, as the Universal Postal Union asks.
    """
    if person is None or not person["post_ok"] or not any(wishes.may_have(rules, [person], POST)):
        found = wishes.may_have(rules, conn.execute(_CONTACTS, {"whose": account}).mappings(), POST)
        person = next((row for row in found if row["post_ok"] == 1), None)
    if person is None:
        return ()
    parts = (person["postcode"] or "", person["city"] or "")
    country = (person["country"] or country).upper()
    abroad = Locale("en").territories.get(country, "").upper() if home and country != home else ""
    lines = [person["address"], *_place(*parts, country), abroad]
    return tuple(line for line in lines if line)


def _place(postcode: str, city: str, country: str) -> tuple[str, ...]:
    """Town and postcode as the country's post wants them."""
    if country in ("GB", "IE"):
        return city, postcode
    after = country in ("US", "CA", "AU", "NZ", "IN")
    return (" ".join(part for part in ((city, postcode) if after else (postcode, city)) if part),)


def _item(row: Any, owed: int, on: date, why: str = "", link: str = "") -> Item:
    currency = row["currency"]
    amount: Decimal = Amount.of_minor(row["amount"], currency).value
    return Item(
        number=row["item"],
        date=row["date"] or row["due"],
        due=row["due"],
        open=Amount.of_minor(owed, currency).value,
        currency=currency,
        amount=amount,
        po=row["po"] or "",
        days_overdue=(on - row["due"]).days,
        reason=why,
        link=link,
    )


def _promise(conn: Connection, account: str, agreed: Mapping[str, Any]) -> Promise | None:
    found: Sequence[Any] = conn.execute(_PROMISES, {"whose": account}).mappings().all()
    if "call" in agreed:  # of that very call, and of no other
        found = [row for row in found if row["id"] == agreed.get("promise")]
    row = next(iter(found), None)
    if row is None:
        return None
    return Promise(
        amount=Amount.of_minor(row["amount"], row["currency"]).value,
        currency=row["currency"],
        date=row["pays_on"],
        made_on=row["made_on"],
        spoken_with=row["spoken_with"] or "",
        check=row["check_number"] or "",
    )


def _plan(conn: Connection, account: str, agreed: Mapping[str, Any]) -> tuple[Instalment, ...]:
    """The instalments of the plan of that call; else those still to come of the plans that are being kept."""
    rows = conn.execute(_INSTALMENTS, {"whose": account}).mappings()
    if "call" in agreed:
        mine = sa.select(promise).where(promise.c.plan == agreed.get("plan")).order_by(promise.c.number)
        rows = conn.execute(mine).mappings()
    return tuple(
        Instalment(Amount.of_minor(row["amount"], row["currency"]).value, row["currency"], row["pays_on"])
        for row in rows
    )


def _points(conn: Connection, numbers: Sequence[int]) -> tuple[Point, ...]:
    """What each side gives, as far as it is agreed."""
    agreed = (concession.c.id.in_(numbers), concession.c.state == "agreed")
    rows = conn.execute(sa.select(concession).where(*agreed).order_by(concession.c.id)) if numbers else ()
    return tuple(
        Point(
            row.kind,
            row.side == "ours",
            Amount.of_minor(row.amount, row.currency).value if row.amount is not None else None,
            row.currency or "",
            row.days,
            row.text,
        )
        for row in rows
    )


def message(ws: Workspace, account: str, on: date, kind: Kind, *, now: datetime) -> str:
    """The final text of the message an account would get on a day, as the preview shows it. Nothing is sent."""
    engine = ws.database(read_only=True)
    try:
        with database.reading(engine) as conn:
            return _message(ws, conn, account, on, kind, now)
    finally:
        engine.dispose()


def _message(ws: Workspace, conn: Connection, account: str, on: date, kind: Kind, now: datetime) -> str:
    today = ws.today(now)
    book = ws.live
    state = load_state(
        conn, on=min(on, today), moment=now, currency=book.house.currency, own=ws.own_columns, account=account
    )
    state = with_its_lot(ws, conn, state, min(on, today), now)
    days = [today + timedelta(days=n) for n in range((on - today).days + 1)] or [on]
    planned = plan(book, state, days, ws.calendar, ws.rules[:1]).days[-1].decided
    for going in planned.contacts.iter_rows(named=True):
        choice = planned.choices[going["class"]]
        policy = book.policy(choice.policy)
        step = policy.step(choice.step) if policy else None
        action = next((action for action in choice.actions if action.kind is kind), None)
        if policy is None or step is None or action is None:
            continue
        mask = np.arange(len(planned.portfolio.unit_row)) == going["unit"]
        lists = listed(book, planned, mask)[going["unit"]]
        by = ws.calendar.next_open(on + timedelta(days=book.answer(policy)))
        told = facts(
            ws,
            conn,
            account,
            lists,
            on=on,
            respond_by=by,
            to=step.to,
            from_=step.from_,
            change=change(announced(step, on, ws.calendar), on),
        )
        made = render(ws.templates, action.value, told)
        return (
            f"{made.sentence} ({made.place})"
            if isinstance(made, Problem)
            else f"{made.subject}\n\n{made.text}"
        )
    return ""
