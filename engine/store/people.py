"""Who works here, their links and sessions, and wrong guesses: found and changed, one row at a time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store import glance
from engine.store import tables as t
from engine.store.glance import Worker
from engine.store.moments import moment_text
from engine.store.tables import COMPANY

_PERSON = tuple(t.person.c[name] for name in glance.WORKER)


@dataclass(frozen=True, slots=True)
class Invited:
    """A link that is good still. Without `person` whoever opens it says who they are, and is the first admin."""

    person: str | None
    by: str
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """Where somebody is signed in. `number` is how others speak of it."""

    number: str
    person: str
    how: str
    csrf: str
    began_at: datetime
    seen_at: datetime
    until: datetime
    agent: str
    address: str


def hashed(token: str) -> str:
    """What is kept of a secret that is long and drawn by lot."""
    return hashlib.sha256(token.encode()).hexdigest()


# -- people ----------------------------------------------------------------------------------------------------------


def workers(conn: Connection) -> list[Worker]:
    """Everybody who works here or has, by id."""
    return glance.workers(conn)


def worker(conn: Connection, id: str, company: str = COMPANY) -> Worker | None:
    row = conn.execute(sa.select(*_PERSON).where(*_one(id, company))).first()
    return None if row is None else glance.worker_of(row)


def keep(
    conn: Connection, one: Worker, by: str, now: datetime, *, new: bool = False, company: str = COMPANY
) -> None:
    """Write somebody down, or what has changed of them; their password stays as it is."""
    values: dict[str, Any] = {
        "name": one.name,
        "roles": orjson.dumps(one.roles).decode(),
        "email": one.email or None,
        "phone": one.phone,
        "calls": one.calls,
        "letters": one.letters,
        "zone": one.zone,
        "ended_at": moment_text(one.ended_at) if one.ended_at else None,
    }
    if new:
        since = {"since": moment_text(now), "by": by}
        conn.execute(sa.insert(t.person).values(company=company, id=one.id, **since, **values))
    else:
        conn.execute(sa.update(t.person).where(*_one(one.id, company)).values(**values))


def password(conn: Connection, id: str, company: str = COMPANY) -> str | None:
    """The argon2 hash of somebody's password."""
    found: str | None = conn.execute(sa.select(t.person.c.password).where(*_one(id, company))).scalar()
    return found


def keep_password(conn: Connection, id: str, hash: str | None, now: datetime, company: str = COMPANY) -> None:
    values = {"password": hash, "password_at": moment_text(now)}
    conn.execute(sa.update(t.person).where(*_one(id, company)).values(**values))


# -- links -----------------------------------------------------------------------------------------------------------


def invite(
    conn: Connection,
    token: str,
    person: str | None,
    by: str,
    now: datetime,
    until: datetime,
    company: str = COMPANY,
) -> None:
    """A link for somebody; those that they had before are good no more."""
    used(conn, person, now, company)
    values = {"at": moment_text(now), "by": by, "until": moment_text(until)}
    conn.execute(
        sa.insert(t.invitation).values(token=hashed(token), company=company, person=person, **values)
    )


def invited(conn: Connection, token: str, now: datetime, company: str = COMPANY) -> Invited | None:
    """What a link is for; None where there is no such link, or it is good no more."""
    i = t.invitation.c
    query = sa.select(t.invitation).where(
        i.token == hashed(token), i.company == company, i.used_at.is_(None), i.until > moment_text(now)
    )
    row = conn.execute(query).first()
    return None if row is None else _invited(row)


def invitations(conn: Connection, now: datetime, company: str = COMPANY) -> list[Invited]:
    """Those that are good still, the newest first."""
    i = t.invitation.c
    query = sa.select(t.invitation).where(
        i.company == company, i.used_at.is_(None), i.until > moment_text(now)
    )
    return [_invited(row) for row in conn.execute(query.order_by(i.at.desc()))]


def used(conn: Connection, person: str | None, now: datetime, company: str = COMPANY) -> None:
    """The links of somebody are good no more."""
    i = t.invitation.c
    theirs = i.person.is_(None) if person is None else i.person == person
    conn.execute(
        sa.update(t.invitation)
        .where(i.company == company, theirs, i.used_at.is_(None))
        .values(used_at=moment_text(now))
    )


# -- sessions --------------------------------------------------------------------------------------------------------


def begin(conn: Connection, token: str, one: Session, company: str = COMPANY) -> None:
    conn.execute(
        sa.insert(t.session).values(
            token=hashed(token),
            company=company,
            number=one.number,
            person=one.person,
            how=one.how,
            csrf=one.csrf,
            began_at=moment_text(one.began_at),
            seen_at=moment_text(one.seen_at),
            until=moment_text(one.until),
            agent=one.agent,
            address=one.address,
        )
    )


def session(
    conn: Connection, token: str, now: datetime, idle: timedelta, company: str = COMPANY
) -> tuple[Session, Worker] | None:
    """Where a secret lets somebody in, and whom; None where it has ended, or they do not work here any more."""
    s = t.session.c
    both = sa.and_(s.company == t.person.c.company, s.person == t.person.c.id)
    query = (
        sa.select(*_PERSON, *(column.label(f"of_{column.name}") for column in s))
        .join_from(t.session, t.person, both)
        .where(s.company == company, s.token == hashed(token), t.person.c.ended_at.is_(None))
        .where(*_open(now, idle))
    )
    row = conn.execute(query).first()
    return None if row is None else (_session(row, "of_"), glance.worker_of(row[: len(_PERSON)]))


def sessions(
    conn: Connection, now: datetime, idle: timedelta, person: str | None = None, company: str = COMPANY
) -> list[Session]:
    """All that are open, of one person or of everybody, the last seen first."""
    s = t.session.c
    query = sa.select(t.session).where(s.company == company, *_open(now, idle))
    if person is not None:
        query = query.where(s.person == person)
    return [_session(row) for row in conn.execute(query.order_by(s.seen_at.desc()))]


def seen(conn: Connection, number: str, now: datetime, company: str = COMPANY) -> None:
    s = t.session.c
    mine = (s.company == company, s.number == number)
    conn.execute(sa.update(t.session).where(*mine).values(seen_at=moment_text(now)))


def end(
    conn: Connection,
    now: datetime,
    *,
    number: str | None = None,
    person: str | None = None,
    but: str = "",
    company: str = COMPANY,
) -> int:
    """End one session, or all of somebody's `but` one. How many were open."""
    s = t.session.c
    which = s.number == number if number is not None else s.person == person
    ended = (
        sa.update(t.session)
        .where(s.company == company, which, s.number != but, s.ended_at.is_(None))
        .values(ended_at=moment_text(now))
    )
    return int(conn.execute(ended).rowcount)


def let_go(conn: Connection, before: datetime) -> None:
    """Sessions, links and guesses of long ago are deleted; the journal keeps that they were."""
    when = moment_text(before)
    conn.execute(sa.delete(t.session).where(t.session.c.seen_at < when))
    conn.execute(sa.delete(t.invitation).where(t.invitation.c.until < when))
    conn.execute(sa.delete(t.guess).where(t.guess.c.at < when))
    conn.execute(sa.delete(t.form).where(t.form.c.at < when))


def taken(conn: Connection, mark: str, now: datetime, company: str = COMPANY) -> bool:
    """Take a form by its mark. False: it was taken before."""
    if conn.execute(sa.select(t.form.c.mark).where(t.form.c.mark == mark)).first() is not None:
        return False
    conn.execute(sa.insert(t.form).values(mark=mark, company=company, at=moment_text(now)))
    return True


# -- guesses ---------------------------------------------------------------------------------------------------------


def locked_until(
    conn: Connection, whom: tuple[str, ...], now: datetime, company: str = COMPANY
) -> datetime | None:
    """Until when nothing is tried for any of these names and addresses."""
    g = t.guess.c
    query = sa.select(sa.func.max(g.until)).where(
        g.company == company, g.whom.in_(whom), g.until > moment_text(now)
    )
    found: str | None = conn.execute(query).scalar()
    return datetime.fromisoformat(found) if found else None


def guesses(conn: Connection, whom: str, since: datetime, company: str = COMPANY) -> int:
    """How many wrong ones in a row, unless the last is long ago."""
    g = t.guess.c
    query = sa.select(g.number).where(g.company == company, g.whom == whom, g.at >= moment_text(since))
    return conn.execute(query).scalar() or 0


def guessed(
    conn: Connection, whom: str, number: int, now: datetime, until: datetime | None, company: str = COMPANY
) -> None:
    """That was the `number`th in a row; nothing is tried before `until`."""
    g = t.guess.c
    mine = (g.company == company, g.whom == whom)
    values = {"number": number, "at": moment_text(now), "until": moment_text(until) if until else None}
    if conn.execute(sa.update(t.guess).where(*mine).values(**values)).rowcount == 0:
        conn.execute(sa.insert(t.guess).values(company=company, whom=whom, **values))


def right(conn: Connection, whom: tuple[str, ...], company: str = COMPANY) -> None:
    """The right password was given: the wrong ones before it count no more."""
    g = t.guess.c
    conn.execute(sa.delete(t.guess).where(g.company == company, g.whom.in_(whom)))


# -- rows ------------------------------------------------------------------------------------------------------------


def _one(id: str, company: str) -> tuple[sa.ColumnElement[bool], ...]:
    return t.person.c.company == company, t.person.c.id == id


def _open(now: datetime, idle: timedelta) -> tuple[sa.ColumnElement[bool], ...]:
    s = t.session.c
    return s.ended_at.is_(None), s.until > moment_text(now), s.seen_at > moment_text(now - idle)


def _invited(row: Any) -> Invited:
    at, until = datetime.fromisoformat(row.at), datetime.fromisoformat(row.until)
    return Invited(row.person, row.by, at, until)


def _session(row: Any, of: str = "") -> Session:
    def text(name: str) -> str:
        return str(getattr(row, of + name))

    began, seen_at, until = (datetime.fromisoformat(text(name)) for name in ("began_at", "seen_at", "until"))
    words = (text("number"), text("person"), text("how"), text("csrf"))
    return Session(*words, began, seen_at, until, text("agent"), text("address"))
