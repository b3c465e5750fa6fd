"""Into the desk and out of it: links, passwords, sessions, and who guesses too often. All of it is in the journal."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection, Engine

from engine.errors import DatabaseBusy, Refused, WrongFields
from engine.jobs.cases.who import Who, must_be
from engine.jobs.people import passwords, register
from engine.jobs.people.first import new_link
from engine.jobs.people.rights import ADMIN
from engine.store import journal, people
from engine.store.database import aside, reading, writing
from engine.store.glance import Worker
from engine.store.journal import Entry
from engine.store.people import Invited, Session

LINK = timedelta(days=7)  # for which a link is good
IDLE = timedelta(hours=2)  # after which a session has ended by itself
_SEEN = timedelta(minutes=1)  # how finely it is kept when somebody was seen
_FREE, _FREE_FROM = 5, 30  # wrong ones in a row that cost nothing: for a name, from an address
_WAIT, _LONGEST = timedelta(minutes=1), timedelta(minutes=15)
_FORGOTTEN = timedelta(hours=24)  # after which wrong ones count no more
NOT_LET_IN = "this name and this password do not go together"


@dataclass(frozen=True, slots=True)
class From:
    """Where somebody comes from: address, browser, and for how long they may stay."""

    address: str = ""
    agent: str = ""
    hours: int = 12


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody who is in. `token` is the secret of the browser's; it is nowhere else."""

    token: str
    session: Session
    person: Worker


# -- links -----------------------------------------------------------------------------------------------------------


def invite(engine: Engine, id: str, who: Who) -> str:
    """A link's secret, with which somebody chooses a password; links they had before are good no more."""
    must_be(who, ADMIN, "invite")
    with writing(engine) as conn:
        one = register.must_know(conn, id)
        if one.ended_at is not None:
            raise Refused(f"{one.name} does not work here any more")
        return new_link(conn, id, who.by, who.at, LINK)


def link(conn: Connection, token: str, now: datetime) -> tuple[Invited, Worker | None]:
    """What a link is for. Refused for one that is good no more."""
    found = people.invited(conn, token, now)
    one = people.worker(conn, found.person) if found and found.person else None
    if found is None or (found.person and (one is None or one.ended_at is not None)):
        raise Refused("this link is good no more: it was used, or is too old", "ask an admin for another one")
    return found, one


def take(
    engine: Engine, token: str, filled: Mapping[str, str], roles: tuple[str, ...], now: datetime, whence: From
) -> Entered:
    """A link is used: the password is chosen, and they are in. The first admin says who they are as well.

    `filled`: password, again; of the first admin `id` of somebody who works here, or name and email. WrongFields, all at once.
    """
    with reading(engine) as conn:
        _, known = link(conn, token, now)
    first = known is None
    wrong: dict[str, str] = {}
    new = known
    if new is None:
        with reading(engine) as conn:
            new = people.worker(conn, filled.get("id", ""))
        try:
            new = new or register.read(filled, (ADMIN, *roles))
        except WrongFields as found:
            wrong |= found.fields
    names = (new.id, *new.name.split()) if new else ()
    wrong |= passwords.wrong(filled.get("password", ""), filled.get("again", ""), *names)
    if wrong or new is None:
        raise WrongFields(wrong)
    hash = passwords.hashed(filled["password"])
    who = Who(new.id, now, now.date(), roles=frozenset((ADMIN,)))
    with writing(engine) as conn:
        link(conn, token, now)  # nobody else has used it meanwhile
        if first and people.worker(conn, new.id) is None:
            new = register.added_in(conn, new, who)
        elif first:
            new = replace(new, roles=tuple(dict.fromkeys((*new.roles, ADMIN, *roles))))
            people.keep(conn, new, new.id, now)
        people.keep_password(conn, new.id, hash, now)
        people.used(conn, None if first else new.id, now)
        people.end(conn, now, person=new.id)
        people.right(conn, (_whom(new.id),))
        return _enter(conn, new, "link", now, whence)


def change_password(engine: Engine, old: str, password: str, again: str, who: Who, session: Session) -> str:
    """Somebody's own; their other sessions end. Wrong ones count as guesses."""
    with reading(engine) as conn:
        one = register.must_know(conn, who.by)
        hash = people.password(conn, who.by)
        _not_locked(conn, (_whom(one.id),), who.at)
    wrong = passwords.wrong(password, again, one.id, *one.name.split())
    if not passwords.matches(hash, old):
        with writing(engine) as conn:
            _count(conn, _whom(one.id), _FREE, who.at)
        wrong |= {"old": "this is not your password"}
    if wrong:
        raise WrongFields(wrong)
    fresh = passwords.hashed(password)
    with writing(engine) as conn:
        people.keep_password(conn, one.id, fresh, who.at)
        ended = people.end(conn, who.at, person=one.id, but=session.number)
        body = {"person": one.id, "did": "password changed", "by": who.by}
        journal.append(conn, [Entry("person", "", body)], who.at)
    others = f" You were signed out in {ended} other place{'s' * (ended != 1)}." if ended else ""
    return f"Your password is changed.{others}"


# -- in --------------------------------------------------------------------------------------------------------------


def sign_in(engine: Engine, name: str, password: str, now: datetime, whence: From) -> Entered:
    """With a password. Refused, and why not is not told; or with how long to wait, where there were too many tries."""
    whom = (_whom(name), _from(whence))
    with reading(engine) as conn:
        _not_locked(conn, whom, now)
        one = _of_name(conn, name)
        hash = people.password(conn, one.id) if one is not None else None
    if not passwords.matches(hash, password) or one is None or hash is None:
        with writing(engine) as conn:
            _count(conn, whom[0], _FREE, now)
            if whence.address:
                _count(conn, whom[1], _FREE_FROM, now)
        raise Refused(NOT_LET_IN, "an admin can send you a link to choose another password")
    fresh = passwords.hashed(password) if passwords.is_old(hash) else None
    with writing(engine) as conn:
        if fresh:
            people.keep_password(conn, one.id, fresh, now)
        people.right(conn, whom)
        return _enter(conn, one, "password", now, whence)


def let_in(
    engine: Engine, name: str, how: str, now: datetime, whence: From, *, address: bool = False
) -> Entered:
    """Somebody whom a proxy, or an identity provider, has named. Refused where they do not work here.

    `address`: `name` is an e-mail address, and nothing else of somebody counts.
    """
    with writing(engine) as conn:
        one = _of_address(conn, name) if address else _of_name(conn, name)
        if one is None:
            body = {"why": f"{how} named somebody who does not work here"}
            journal.append(conn, [Entry("refused", "", body, {"whom": name[:200]})], now)
        else:
            return _enter(conn, one, how, now, whence)
    raise Refused(f"you are signed in elsewhere as “{name}”, but nobody of that name works here", "")


def _of_name(conn: Connection, name: str) -> Worker | None:
    """Somebody who works here, by their id, name or address."""
    said = " ".join(name.split()).casefold()
    here = [one for one in people.workers(conn) if one.ended_at is None and said]
    return next(
        (one for one in here if said in (one.id.casefold(), one.name.casefold(), one.email.casefold())), None
    )


def _of_address(conn: Connection, address: str) -> Worker | None:
    """Somebody who works here, by their e-mail address; nobody where two have it."""
    said = address.casefold()
    here = [one for one in people.workers(conn) if one.ended_at is None and one.email.casefold() == said]
    return here[0] if said and len(here) == 1 else None


def _enter(conn: Connection, one: Worker, how: str, now: datetime, whence: From) -> Entered:
    token = secrets.token_urlsafe(32)
    session = Session(
        number=secrets.token_hex(8),
        person=one.id,
        how=how,
        csrf=secrets.token_urlsafe(24),
        began_at=now,
        seen_at=now,
        until=now + timedelta(hours=whence.hours),
        agent=whence.agent[:200],
        address=whence.address[:60],
    )
    people.begin(conn, token, session)
    body = {"person": one.id, "how": how, "session": session.number}
    journal.append(conn, [Entry("signed in", "", body)], now)
    return Entered(token, session, one)


# -- guesses ---------------------------------------------------------------------------------------------------------


def _whom(name: str) -> str:
    return f"name {' '.join(name.split()).casefold()[:100]}"


def _from(whence: From) -> str:
    return f"address {whence.address}"


def _not_locked(conn: Connection, whom: tuple[str, ...], now: datetime) -> None:
    until = people.locked_until(conn, whom, now)
    if until is not None:
        minutes = -(-(until - now).total_seconds() // 60)
        many = "a minute" if minutes <= 1 else f"{minutes:.0f} minutes"
        raise Refused(f"that were too many tries; wait {many}", "")


def _count(conn: Connection, whom: str, free: int, now: datetime) -> None:
    number = people.guesses(conn, whom, now - _FORGOTTEN) + 1
    until = now + min(_WAIT * 2 ** min(number - free, 10), _LONGEST) if number >= free else None
    people.guessed(conn, whom, number, now, until)
    if until is not None:
        body = {"why": "too many wrong passwords", "number": number, "until": until}
        journal.append(conn, [Entry("refused", "", body, {"whom": whom})], now)


# -- sessions --------------------------------------------------------------------------------------------------------


def found(engine: Engine, token: str, now: datetime) -> tuple[Session, Worker] | None:
    """Whose session it is; None where it has ended. That they were seen is kept, unless somebody is writing."""
    with reading(engine) as conn:
        there = people.session(conn, token, now, IDLE)
    if there is not None and now - there[0].seen_at >= _SEEN:
        try:
            with aside(engine) as conn:
                people.seen(conn, there[0].number, now)
        except DatabaseBusy:
            pass
    return there


def sign_out(engine: Engine, number: str, who: Who) -> None:
    """End one of one's own sessions, or as an admin anybody's."""
    with writing(engine) as conn:
        there = next((one for one in people.sessions(conn, who.at, IDLE) if one.number == number), None)
        if there is None:
            return
        if there.person != who.by:
            must_be(who, ADMIN, "end the sessions of others")
        people.end(conn, who.at, number=number)
        body = {"person": there.person, "session": number, "by": who.by}
        journal.append(conn, [Entry("signed out", "", body)], who.at)


def once(engine: Engine, mark: str, now: datetime) -> None:
    """A form does what it does once. Refused for one that was taken already."""
    with writing(engine) as conn:
        if not people.taken(conn, mark, now):
            raise Refused("this was sent already, and is not done twice", "look whether it was done")


def refused(engine: Engine, path: str, why: str, who: Who) -> None:
    """Somebody tried what they may not: it is kept."""
    with writing(engine) as conn:
        body = {"by": who.by, "path": path, "why": why}
        journal.append(conn, [Entry("refused", "", body)], who.at)
