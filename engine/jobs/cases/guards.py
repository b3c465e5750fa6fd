"""Guards set aside for an account, by whom and why and until when; and whether it may be called or written to at this moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.core import sentences
from engine.core.cases import guards
from engine.core.cases.guards import EMAILS, NAMES, PHONE, POST, REMOVABLE, Called
from engine.core.workdays import local, zone_of
from engine.errors import NotFound, Refused
from engine.jobs.cases.who import Who, day_of, must_know, near, verb
from engine.jobs.workspace import Workspace
from engine.store import tables as t
from engine.store import wishes
from engine.store.journal import Entry
from engine.store.tables import COMPANY
from engine.store.wishes import Rule


@dataclass(frozen=True, slots=True)
class SetAside:
    """A guard that is set aside for an account."""

    account: str
    guard: str
    since: date
    until: date
    because: str
    by: str


@dataclass(frozen=True, slots=True)
class Held:
    """One way to an account that is closed at a moment: which guard or rule, and why."""

    way: str  # call, email, letter
    guard: str
    why: str


@dataclass(frozen=True, slots=True)
class Conduct:
    """What somebody needs to know before they call or write: what is closed, what was asked for, what is set aside."""

    account: str
    held: tuple[Held, ...]
    wishes: tuple[Rule, ...]
    exceptions: tuple[SetAside, ...]

    def may(self, way: str) -> bool:
        """Whether nothing stands in the way of a call, an e-mail or a letter."""
        return not any(held.way == way for held in self.held)


def set_aside(
    ws: Workspace, engine: Engine, account: str, name: str, who: Who, *, because: str, until: date
) -> str:
    """Set a guard aside for an account through a day. Needs a supervisor or a credit manager, and a reason."""
    guard = _known(name)
    if not guard.off:
        hint = f"it may be set aside: {', '.join(REMOVABLE)}"
        if guard.word and guard.word in ("gap", "contact", "minimum", "fresh"):
            hint = f"it is the house's own:  {guard.word}:  in house.yaml"
        if guard.name == "wishes":
            hint = "a wish ends with  dunwell contact-rule ACCOUNT RULE --lift"
        if guard.name == guards.RECIPIENT:
            hint = "say who confirmed it:  dunwell contact-rule ACCOUNT “confirm first” --lift --because TEXT"
        raise Refused(f"the guard “{guard.name}” is never set aside for an account", hint)
    _may(ws, who.by)
    if until < who.on:
        raise Refused(f"{day_of(until)} is past", "write the last day of the exception")
    most = ws.live.house.guards.exceptions
    if (until - who.on).days >= most:
        last = who.on + timedelta(days=most - 1)
        raise Refused(
            f"an exception holds {most} days at most, and this one would hold {(until - who.on).days + 1}",
            f"write  --until {last.isoformat()}  or a day before it; it can be renewed with a new reason",
        )
    with verb(engine, account, who) as (conn, entries):
        if any(one.guard == guard.name for one in exceptions(conn, who.on, who.company, account)):
            raise Refused(
                f"“{guard.name}” is set aside for {account} already",
                f"end that first:  dunwell guard {account} {guard.name} --lift",
            )
        values = {"guard": guard.name, "from_day": who.on, "until": until, "because": because, "by": who.by}
        conn.execute(sa.insert(t.guard_override).values(company=who.company, account=account, **values))
        body = {"guard": guard.name, "from": who.on, "until": until, "by": who.by}
        entries.append(Entry("guard set aside", account, body, {"because": because}))
        return f"{account}: the guard “{guard.name}” is set aside through {day_of(until)}, by {who.by}: {because}"


def set_again(engine: Engine, account: str, name: str, who: Who) -> str:
    """End an exception: the guard holds again at once."""
    guard = _known(name)
    with verb(engine, account, who) as (conn, entries):
        o = t.guard_override.c
        running = (
            o.company == who.company,
            o.account == account,
            o.guard == guard.name,
            o.from_day <= who.on,
            o.until >= who.on,
        )
        ended = {"until": who.on - timedelta(days=1)}
        if not conn.execute(sa.update(t.guard_override).where(*running).values(**ended)).rowcount:
            raise Refused(f"“{guard.name}” is not set aside for {account}")
        body = {"guard": guard.name, "by": who.by, "on": who.on}
        entries.append(Entry("guard holds again", account, body))
        return f"{account}: the guard “{guard.name}” holds again."


def exceptions(
    conn: Connection, on: date, company: str = COMPANY, account: str | None = None
) -> list[SetAside]:
    """The exceptions in force on a day, of one account or of all, by account."""
    o = t.guard_override.c
    query = sa.select(o.account, o.guard, o.from_day, o.until, o.because, o.by).where(
        o.company == company, o.from_day <= on, o.until >= on
    )
    if account is not None:
        query = query.where(o.account == account)
    return [SetAside(*row) for row in conn.execute(query.order_by(o.account, o.guard, o.id))]


def conduct(ws: Workspace, conn: Connection, account: str, now: datetime) -> Conduct:
    """Whether an account may be called and written to at a moment, by all guards that bind a person too.

    The same functions as in a run: what holds a step of a ladder holds a call that somebody thinks of.
    """
    must_know(conn, account)
    house = ws.live.house
    found = conn.execute(
        sa.select(t.customer).where(t.customer.c.company == COMPANY, t.customer.c.account == account)
    ).mappings()
    master = found.first()
    zone = zone_of(master["time_zone"] if master else None, ws.settings.workspace.zone)
    there = local(now, zone)
    on = there.date()
    off = exceptions(conn, on, account=account)
    aside = {one.guard for one in off}
    natural = master is not None and guards.consumer(bool(master["natural_person"]), master["legal_form"])
    rules = wishes.of_account(conn, account, on)
    flags: Mapping[Any, Any] = master or {}
    held: list[Held] = []
    for flag, guard in (("insolvent", guards.INSOLVENCY), ("attorney", guards.ATTORNEY)):
        by_attorney = guard == guards.ATTORNEY and any(rule.attorney for rule in rules)
        if flags.get(flag) and guard not in aside and not by_attorney:
            held += [Held(way, guard, sentences.LEFT_TO_PEOPLE[flag]) for way in ("call", "email", "letter")]
    held += _wished(conn, account, on)
    holiday = guards.holiday_there(master["country"] if master else None, on)
    if holiday and guards.HOLIDAYS not in aside:
        held.append(Held("call", guards.HOLIDAYS, f"it is {holiday} where they are"))
    closed = ws.calendar.why_closed(on)
    if closed and house.closed == "next open day":
        held += [Held(way, "closed days", f"{day_of(on)} is closed: {closed}") for way in ("call", "email")]
    hours = guards.hours(house.opens, house.closes, natural=natural and guards.HOURS not in aside)
    if not hours.hold(there):
        why = sentences.outside_hours(there, hours.opens, hours.closes)
        held += [Held(way, guards.HOURS, why) for way in ("call", "email")]
    if guards.CALLS not in aside:
        calls = _calls(conn, account, on)
        one_more = guards.called(calls, on, natural=natural, rules=house.guards)
        if one_more is not Called.NO:
            limit = house.guards.persons if natural else house.guards.calls
            spoken = max((call.on for call in calls if call.spoke), default=on)
            days = house.guards.conversation
            why = (
                sentences.spoken_with(day_of(spoken), day_of(spoken + timedelta(days=days)))
                if one_more is Called.SPOKEN
                else sentences.called_enough(limit.most, limit.days)
            )
            held.append(Held("call", guards.CALLS, why))
    return Conduct(account, tuple(held), tuple(rules), tuple(off))


def _wished(conn: Connection, account: str, on: date) -> list[Held]:
    found = []
    for row in wishes.in_columns(conn, COMPANY, on, (account,)).iter_rows(named=True):
        wish = guards.WISHES[row["wish"]]
        name = guards.RECIPIENT if wish is guards.Wish.CONFIRM else "wishes"
        for way, bits in (("call", PHONE), ("email", EMAILS), ("letter", POST)):
            if row["closes"] & bits:
                found.append(Held(way, name, sentences.WISH_SAID[wish]))
    return list(dict.fromkeys(found))


def _calls(conn: Connection, account: str, on: date) -> Sequence[guards.Call]:
    c = t.call.c
    since = on - timedelta(days=guards.LONGEST_LOOK)
    query = sa.select(c.on, c.reached).where(c.company == COMPANY, c.account == account, c.on > since)
    return [guards.Call(day, bool(reached)) for day, reached in conn.execute(query)]


def _known(name: str) -> guards.Guard:
    found = guards.guard(name)
    if found is None:
        raise NotFound("guard", name, near(name, NAMES) or REMOVABLE)
    return found


def _may(ws: Workspace, by: str) -> None:
    """Refused to who is neither a supervisor nor a credit manager. A house without people can ask nobody."""
    people = ws.settings.people
    if not people:
        return
    said = " ".join(by.split()).casefold()
    roles = next(
        (one.roles for id, one in people.items() if said in (id.casefold(), one.name.casefold())), ()
    )
    if set(roles) & set(guards.ROLES):
        return
    names = [people[id].name for role in guards.ROLES for id in ws.files.people_with(role)]
    listed = ", ".join(dict.fromkeys(names)) or "nobody yet: add one under [people] in dunwell.toml"
    raise Refused(
        f"{by} may not set a guard aside: that takes a {' or a '.join(guards.ROLES)}",
        f"let one of them say so, with  --by NAME;  here that is {listed}",
    )
