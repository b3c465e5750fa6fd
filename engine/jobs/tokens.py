"""Programs that may ask: a token for each, with what it may, made and ended by an admin; and that nothing is done twice."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection, Engine

from engine.core.language.known import ROLES
from engine.core.sentences import listed, short_day
from engine.core.spoken import read_day
from engine.errors import DatabaseBusy, NotFound, Refused, WrongFields
from engine.jobs.cases.who import Who, must_be, near
from engine.jobs.people.rights import ADMIN, READER
from engine.settings import Workspace
from engine.store import journal, people, tokens
from engine.store.database import aside, beginning, reading, writing
from engine.store.journal import Entry
from engine.store.tokens import KEPT, Token

PREFIX = "dunwell_"  # so that whoever finds one knows what it opens
__all__ = ["KEPT", "PREFIX", "Once", "SaidBefore", "Scope", "end", "found", "make"]
_MAY = "make or end tokens"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_SEEN = timedelta(minutes=1)  # how finely it is kept when one was used


class Scope(StrEnum):
    """What a token may; the value is its name."""

    STATUS = "status"
    READ = "read"
    PUSH = "push"
    CONFIRM = "confirm"
    WORK = "work"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES: Mapping[Scope, str] = {
    Scope.STATUS: "see how the service is and how fresh the ledger is; no account",
    Scope.READ: "read everything: the work list, accounts, decisions, actions, the outbox, the journal",
    Scope.PUSH: "say what has changed in the ledger: invoices, credit notes, payments, customers, states",
    Scope.CONFIRM: "say that terms or a hold that were asked for are in force, or are gone",
    Scope.WORK: "write down calls, promises, plans, disputes, pauses, notes and tasks",
}


# -- made and ended --------------------------------------------------------------------------------------------------


def make(engine: Engine, files: Workspace, name: str, scopes: Sequence[str], until: str, who: Who) -> str:
    """A new token's secret, which is shown once and kept nowhere. `until` is its last day, as somebody writes it, or empty.

    WrongFields, all at once.
    """
    must_be(who, ADMIN, _MAY)
    wrong: dict[str, str] = {}
    name = name.strip()
    if not _NAME.fullmatch(name):
        wrong["name"] = "name the program with small letters, digits and dashes, as in erp-sync"
    if unknown := [one for one in scopes if one not in tuple(Scope)]:
        wrong["scopes"] = (
            f"there is no scope {listed([f'“{one}”' for one in unknown])}; there are {listed(tuple(Scope))}"
        )
    elif not scopes:
        wrong["scopes"] = "choose what it may do"
    last: date | None = None
    try:
        last = read_day(until, who.on) if until.strip() else None
    except ValueError as error:
        wrong["until"] = str(error)
    if last is not None and last < who.on:
        wrong["until"] = f"{short_day(last)} is past"
    with writing(engine) as conn:
        if "name" not in wrong and (taken := _taken(conn, files, name)):
            wrong["name"] = taken
        if wrong:
            raise WrongFields(wrong)
        secret = PREFIX + secrets.token_urlsafe(32)
        until_then = _end_of(last, files) if last else None
        one = Token(
            name, tuple(scope.value for scope in Scope if scope in scopes), who.at, who.by, until_then
        )
        tokens.keep(conn, one, secret)
        _written(conn, one, "made", who, {"scopes": one.scopes, "until": until_then})
    return secret


def end(engine: Engine, name: str, who: Who) -> str:
    """It opens nothing any more; its name stays taken."""
    must_be(who, ADMIN, _MAY)
    with writing(engine) as conn:
        known = {one.name: one for one in tokens.tokens(conn)}
        one = known.get(name)
        if one is None:
            raise NotFound("token", name, near(name, list(known)))
        if one.ended_at is not None:
            raise Refused(f"the token {name} has ended already")
        tokens.end(conn, name, who.by, who.at)
        _written(conn, one, "ended", who)
    return f"The token {name} opens nothing any more."


def _taken(conn: Connection, files: Workspace, name: str) -> str:
    """Why a name cannot be had: the journal must tell who it was."""
    if any(one.name == name for one in tokens.tokens(conn)):
        return f"there is, or was, a token {name}; its name stays its own in the journal"
    here = [(one.id, one.name, one.roles) for one in people.workers(conn)]
    here += [(id, one.name, one.roles) for id, one in files.settings.people.items()]
    if any(name in (id.casefold(), called.casefold()) for id, called, _ in here):
        return f"{name} is a person who works here, or has"
    if name in {*ROLES, ADMIN, READER, *(role for *_, roles in here for role in roles)}:
        return f"{name} is a role, and a token has none"
    return ""


def _end_of(day: date, files: Workspace) -> datetime:
    return datetime.combine(
        day + timedelta(days=1), time(), ZoneInfo(files.settings.workspace.zone)
    ).astimezone(UTC)


def _written(
    conn: Connection, one: Token, did: str, who: Who, more: Mapping[str, object] | None = None
) -> None:
    body = {"token": one.name, "did": did, "by": who.by, **(more or {})}
    journal.append(conn, [Entry("token", "", body)], who.at, who.company)


# -- who asks --------------------------------------------------------------------------------------------------------


def found(engine: Engine, secret: str, now: datetime) -> Token | None:
    """Whose token it is; None for one that is unknown or has ended. That it was used is kept, unless somebody is writing."""
    if not secret.startswith(PREFIX):
        return None
    with reading(engine) as conn:
        one = tokens.of_secret(conn, secret)
    if one is None or not one.good(now):
        return None
    if one.seen_at is None or now - one.seen_at >= _SEEN:
        try:
            with aside(engine) as conn:
                tokens.seen(conn, one.name, now)
        except DatabaseBusy:
            pass
    return one


# -- once ------------------------------------------------------------------------------------------------------------


class SaidBefore(Refused):
    """A request's key was used for another request."""


@dataclass
class Once:
    """A request with a key. What it does, and that it was done, is one transaction: a second one of this key does nothing."""

    engine: Engine
    token: str
    key: str
    digest: str
    now: datetime
    _taken: bool = field(init=False, default=False)

    def before(self) -> Mapping[str, object] | None:
        """What it was answered before; None where it has not been done. SaidBefore where it was another request."""
        with reading(self.engine) as conn:
            return self._before(conn)

    @property
    def through(self) -> Engine:
        """The database in which it is done once."""
        return beginning(self.engine, self._take)

    def answered(self, told: bytes) -> None:
        """It is done, and this is the answer, as JSON."""
        with writing(self.engine) as conn:
            tokens.tell(conn, self.token, self.key, told)

    def _take(self, conn: Connection) -> None:
        if self._taken:
            return
        tokens.forget(conn, self.now - KEPT)
        if self._before(conn) is not None:
            raise Refused("this request is being answered, or was just now", "send it again for its answer")
        tokens.taken(conn, self.token, self.key, self.digest, self.now)
        self._taken = True

    def _before(self, conn: Connection) -> Mapping[str, object] | None:
        there = tokens.answer(conn, self.token, self.key)
        if there is None or self.now - there.at > KEPT:
            return None
        if there.digest != self.digest:
            raise SaidBefore(
                f"the key “{self.key}” came before with another request", "give each request a key of its own"
            )
        return there.answer if there.answer is not None else {}
