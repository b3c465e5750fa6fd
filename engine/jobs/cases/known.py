"""What is known of an account when a call is logged: what it owes, whether it is left alone, how it can be reached."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.cases.moments import Clock
from engine.core.decision.case import Owed, measures, owed
from engine.core.decision.case import cases as cases_of
from engine.core.decision.questions import ACCOUNT
from engine.core.decision.signature import NONE
from engine.core.decision.standing import route
from engine.core.language.policy import Kind
from engine.core.rules import EngineFault, Rules
from engine.core.sentences import Reason
from engine.core.workdays import Hours, zone_of
from engine.errors import Refused
from engine.jobs.cases.who import Who
from engine.jobs.workspace import Workspace
from engine.store import asked
from engine.store import tables as t
from engine.store.state import load_state

_NO_CALLS = ("no calls", "email only", "no contact", "via attorney")
_NO_EMAILS = ("no contact", "via attorney")


class About(NamedTuple):
    """What something is about: [number, owed in minor units] of its items, their sum, and its currency."""

    items: list[list[Any]]
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Account:
    """One account at the moment of a call.

    `open` is all that is owed, oldest due first; `asides` says why an item is set aside. `left_alone` says why nobody but
    people may reach it. `calls` are the earlier ones, the last first; `since` is the day on which it fell past due.
    """

    account: str
    clock: Clock
    currency: str  # the house's
    open: tuple[Owed, ...]
    asides: Mapping[str, str]
    left_alone: str
    without: tuple[Kind, ...]
    rules: Sequence[Any]  # of the table contact_rule, those that hold today
    contacts: Sequence[Any]
    calls: Sequence[Any]
    since: date | None
    age: int  # of the ledger, in hours

    def about(self, names: Collection[str] = ()) -> About:
        """These items, or all that is overdue, or else all that is open: in their own currency, or in the house's if mixed."""
        named = [one for one in self.open if one.row["item"] in names]
        listed = named or [one for one in self.open if one.past] or self.open
        codes = {one.row["currency"] for one in listed}
        items = [[one.row["item"], one.owed] for one in listed]
        if len(codes) == 1:
            return About(items, sum(one.owed for one in listed), codes.pop())
        return About(items, sum(one.base for one in listed), self.currency)

    @property
    def callers(self) -> tuple[str, ...]:
        """Who of ours has called it, as they were written down."""
        return tuple(dict.fromkeys(call.by for call in self.calls))

    @property
    def no_calls(self) -> bool:
        return Kind.CALL in self.without or any(not r.whom and r.rule in _NO_CALLS for r in self.rules)

    @property
    def no_emails(self) -> bool:
        return Kind.EMAIL in self.without or any(not r.whom and r.rule in _NO_EMAILS for r in self.rules)

    def barred(self, *whom: str) -> bool:
        """Whether a person or a number there may not be called."""
        names = {name.lower() for name in whom if name}
        return any(r.whom.lower() in names for r in self.rules if r.whom)

    @property
    def emails(self) -> tuple[tuple[str, str], ...]:
        """(role, address) of every contact that mail can go to."""
        return tuple((c.role, c.email) for c in self.contacts if c.email and c.email_ok)

    @property
    def phone(self) -> str:
        """The number on file."""
        return next((c.phone for c in self.contacts if c.phone), "")


def account(
    ws: Workspace, conn: Connection, name: str, who: Who, rules: Sequence[Rules] | None = None
) -> Account:
    """What is known of an account. Refused where the evaluators do not agree on whether it is left to people."""
    book = ws.live
    state = load_state(
        conn,
        on=who.on,
        moment=who.at,
        currency=book.house.currency,
        company=who.company,
        own=ws.own_columns,
        account=name,
    )
    items: tuple[Owed, ...] = ()
    left, zone, since = "", None, None
    without: tuple[Kind, ...] = ()
    if state.accounts.height:
        case = cases_of(state, [0])[0]
        items = owed(case, who.on)
        answers = _answers(ws.rules if rules is None else rules, name, measures(case, items, who.on))
        left = Reason.NEVER.value if any(answer.startswith("never:") for answer in answers) else ""
        number, _ = route(book, case, answers, who.on)
        without = () if number == NONE else book.policies[number].without
        zone, since = case.account["time_zone"], case.account["since"]
    house = book.house
    return Account(
        account=name,
        clock=Clock(zone_of(zone, ws.settings.workspace.zone), ws.calendar, Hours(house.opens, house.closes)),
        currency=house.currency,
        open=items,
        asides={one.row["item"]: one.row["aside"] for one in items if one.row["aside"]},
        left_alone=left,
        without=without,
        rules=_rules(conn, name, who),
        contacts=_of(conn, t.contact, name, who, t.contact.c.id),
        calls=_of(conn, t.call, name, who, t.call.c.id.desc()),
        since=since,
        age=state.age,
    )


def renewed(conn: Connection, known: Account, who: Who) -> Account:
    """The same once something was promised or contested: what is set aside now, and why."""
    now = asked.owed_now(conn, who.on, who.company, {known.account})
    return replace(known, asides={name: one.aside for (_, name), one in now.items() if one.aside})


def _answers(rules: Sequence[Rules], name: str, facts: Any) -> frozenset[str]:
    try:
        answers = {rule.name: rule.match(ACCOUNT, facts) for rule in rules}
    except EngineFault as fault:
        raise Refused(f"{name}: {fault}, so nothing is done", "please report this") from None
    first = next(iter(answers.values()))
    if any(answer != first for answer in answers.values()):
        sentence = f"{name}: {' and '.join(answers)} do not agree on this account, so nothing is done"
        raise Refused(sentence, "please report this")
    return first


def _of(conn: Connection, table: sa.Table, name: str, who: Who, order: Any) -> Sequence[Any]:
    mine = (table.c.company == who.company, table.c.account == name)
    return conn.execute(sa.select(table).where(*mine).order_by(order)).all()


def _rules(conn: Connection, name: str, who: Who) -> Sequence[Any]:
    rule = t.contact_rule
    holds = (rule.c.from_day <= who.on, sa.or_(rule.c.until.is_(None), rule.c.until >= who.on))
    mine = (rule.c.company == who.company, rule.c.account == name)
    return conn.execute(sa.select(rule).where(*mine, *holds)).all()
