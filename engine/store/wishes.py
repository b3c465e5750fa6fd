"""How customers, and single people there, want to be reached or not: the rules in force, and what each closes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from engine.core.cases.guards import CLOSES, EMAILS, EVERY_WAY, PHONE, POST, WISHES, Wish
from engine.core.decision import state
from engine.store.spans import listed, one_of
from engine.store.view import View, day, rows
from engine.store.words import COMPANY

_IN_FORCE = """SELECT id, account, rule, whom, from_day, until, because, by FROM contact_rule
    WHERE company = :company AND (until IS NULL OR until >= :on)"""
_CONTACT = ("name", "email", "phone", "role", "email_ok", "post_ok")
_CONTACTS = f"SELECT account, {', '.join(_CONTACT)} FROM contact WHERE company = :company"  # noqa: S608
_EMAIL_BIT = {"accounts payable": 1, "principal": 2, "account owner": 4}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule in force. `whom` is a name, a number or an address; empty: everybody at the customer."""

    id: int
    account: str
    wish: Wish
    whom: str
    since: date
    until: date | None
    because: str
    by: str

    @property
    def attorney(self) -> str:
        """The attorney's address, where everything goes there."""
        return self.whom if self.wish is Wish.VIA_ATTORNEY and "@" in self.whom else ""

    def means(self, who: Any) -> bool:
        """Whether a contact is the one meant: by name, address or number."""
        said = self.whom.strip().lower()
        if not said or self.attorney:
            return True
        number = _digits(said)
        return said in ((who["name"] or "").lower(), (who["email"] or "").lower()) or (
            len(number) > 5 and number == _digits(who["phone"] or "")
        )


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def in_force(view: View, company: str, on: date, accounts: Collection[str] | None = None) -> list[Rule]:
    """The rules of a day, of some accounts or of all, the oldest first. A word that is no rule here is left alone.

    A rule holds from the moment it is written down, whatever the date is there.
    """
    only = "" if accounts is None else one_of(view, "account")
    named = {} if accounts is None else {"accounts": listed(view, accounts)}
    found = rows(view, f"{_IN_FORCE}{only} ORDER BY id", company=company, on=on, **named)
    known = {wish.value: wish for wish in WISHES}
    return [
        Rule(id, account, known[rule], whom, day(since), day(until), because, by)
        for id, account, rule, whom, since, until, because, by in found
        if rule in known
    ]


def in_columns(view: View, company: str, on: date, accounts: Collection[str] | None = None) -> pl.DataFrame:
    """The rules as the decision needs them: account, and the columns of `decision.state.WISHES` but `row`.

    A rule about one person closes the ways that nobody else at the customer has.
    """
    schema: dict[str, pl.DataType] = {"account": pl.String()}
    schema |= {name: kind for name, kind in state.WISHES.items() if name != "row"}
    rules = in_force(view, company, on, accounts)
    named = {rule.account for rule in rules if rule.whom and not rule.attorney}
    people = _people(view, company, named)
    found = []
    for rule in rules:
        closes, opens = CLOSES[rule.wish], 0
        if rule.attorney:
            closes, opens = EVERY_WAY & ~EMAILS, EMAILS
        elif rule.whom:
            closes &= _only_theirs(rule, people.get(rule.account, ()), rules)
        if closes or opens:
            found.append((rule.account, WISHES.index(rule.wish), closes, opens, rule.until))
    return pl.DataFrame(found, schema=schema, orient="row")


def _people(view: View, company: str, accounts: Collection[str]) -> dict[str, list[Mapping[str, Any]]]:
    """The contacts of these accounts, with what a rule may mean and what is open to them."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    if accounts:
        query = f"{_CONTACTS}{one_of(view, 'account')} ORDER BY id"
        for account, *who in rows(view, query, company=company, accounts=listed(view, accounts)):
            found.setdefault(account, []).append(dict(zip(_CONTACT, who, strict=True)))
    return found


def _ways(who: Any) -> int:
    """The bits of the ways to one contact."""
    email = _EMAIL_BIT.get(who["role"], 0) if who["email_ok"] else 0
    return email | (POST if who["post_ok"] else 0) | (PHONE if who["phone"] else 0)


def _only_theirs(rule: Rule, people: Iterable[Any], rules: Iterable[Rule]) -> int:
    """The ways that are shut once nobody is left whom a rule about one person does not shut them for."""
    theirs = others = 0
    single = [other for other in rules if other.account == rule.account and other.whom and not other.attorney]
    for who in people:
        left = _ways(who)
        for other in single:
            left &= ~CLOSES[other.wish] if other.means(who) else EVERY_WAY
        others |= left
        theirs |= _ways(who) if rule.means(who) else 0
    return theirs & ~others


def may_have(rules: Sequence[Rule], people: Iterable[Any], way: int) -> Iterator[Any]:
    """The contacts of one account to whom a way is open; `rules` are those in force of that account."""
    for who in people:
        if not any(CLOSES[rule.wish] & way and not rule.attorney and rule.means(who) for rule in rules):
            yield who


def of_account(view: View, account: str, on: date, company: str = COMPANY) -> list[Rule]:
    """The rules of one account on a day."""
    return in_force(view, company, on, (account,))
