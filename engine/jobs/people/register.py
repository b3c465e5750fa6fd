"""Who works here is added, changed and let go, by an admin, with an entry in the journal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace

from email_validator import EmailNotValidError, validate_email
from sqlalchemy.engine import Connection, Engine

from engine.core.workdays import is_zone
from engine.errors import NotFound, Refused, WrongFields
from engine.jobs.cases.who import Who, must_be, near
from engine.jobs.people.rights import ADMIN
from engine.store import journal, people, tokens
from engine.store.database import writing
from engine.store.glance import Worker
from engine.store.journal import Entry

_MAY = "say who works here"


def read(filled: Mapping[str, str], roles: tuple[str, ...], id: str = "") -> Worker:
    """Somebody as a form has them: name, email, phone, calls, letters, zone. WrongFields, all at once."""
    wrong: dict[str, str] = {}
    text = {field: " ".join(filled.get(field, "").split()) for field in _FIELDS}
    if not text["name"]:
        wrong["name"] = "say what they are called"
    if not roles:
        wrong["roles"] = "choose at least one role"
    if text["email"]:
        try:
            text["email"] = validate_email(
                text["email"], check_deliverability=False, test_environment=True
            ).normalized
        except EmailNotValidError:
            wrong["email"] = f"“{text['email']}” is not an e-mail address; write it as in name@example.com"
    if text["zone"] and not is_zone(text["zone"]):
        wrong["zone"] = f"“{text['zone']}” is not a time zone; write one as in America/New_York"
    limits: dict[str, int | None] = {}
    for field in ("calls", "letters"):
        limits[field] = int(text[field]) if re.fullmatch(r"[0-9]{1,5}", text[field]) else None
        if text[field] and limits[field] is None:
            wrong[field] = f"“{text[field]}” is not a whole number; leave it empty for no limit"
    if wrong:
        raise WrongFields(wrong)
    return Worker(
        id=id or named(text["name"]),
        name=text["name"],
        roles=roles,
        email=text["email"],
        phone=text["phone"],
        zone=text["zone"] or None,
        calls=limits["calls"],
        letters=limits["letters"],
    )


_FIELDS = ("name", "email", "phone", "calls", "letters", "zone")


def named(name: str) -> str:
    """An id for a name: `Ana Reyes` is `ana-reyes`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain)) or "person"


def add(engine: Engine, one: Worker, who: Who) -> str:
    """Somebody new. Their id, which nobody else has."""
    must_be(who, ADMIN, _MAY)
    with writing(engine) as conn:
        added = added_in(conn, one, who)
    return added.id


def added_in(conn: Connection, one: Worker, who: Who) -> Worker:
    """As `add`, in a transaction that is open; who may is the caller's to say."""
    taken = {each.id for each in people.workers(conn)} | {each.name for each in tokens.tokens(conn)}
    id = next(id for n in range(1, 1000) if (id := f"{one.id}-{n}" if n > 1 else one.id) not in taken)
    one = replace(one, id=id)
    _nobody_else(conn, one)
    people.keep(conn, one, who.by, who.at, new=True)
    _written(conn, one, "added", who)
    return one


def change(engine: Engine, one: Worker, who: Who) -> str:
    """What is known of somebody is now this. Refused where no admin would be left."""
    must_be(who, ADMIN, _MAY)
    with writing(engine) as conn:
        before = must_know(conn, one.id)
        _nobody_else(conn, one)
        if ADMIN in before.roles and ADMIN not in one.roles:
            _another_admin(conn, one.id)
        people.keep(conn, replace(one, ended_at=before.ended_at), who.by, who.at)
        _written(conn, one, "changed", who, before)
    return f"{one.name} is changed."


def let_go(engine: Engine, id: str, who: Who) -> str:
    """They do not work here any more: they are signed out, and nothing new is given to them."""
    must_be(who, ADMIN, _MAY)
    with writing(engine) as conn:
        before = must_know(conn, id)
        if before.ended_at is not None:
            raise Refused(f"{before.name} does not work here any more as it is")
        if ADMIN in before.roles:
            _another_admin(conn, id)
        people.keep(conn, replace(before, ended_at=who.at), who.by, who.at)
        people.end(conn, who.at, person=id)
        people.used(conn, id, who.at)
        people.keep_password(conn, id, None, who.at)
        _written(conn, before, "let go", who)
    return f"{before.name} is signed out, and can sign in no more."


def take_back(engine: Engine, id: str, who: Who) -> str:
    """They work here again; they need a new link."""
    must_be(who, ADMIN, _MAY)
    with writing(engine) as conn:
        before = must_know(conn, id)
        people.keep(conn, replace(before, ended_at=None), who.by, who.at)
        _written(conn, before, "taken back", who)
    return f"{before.name} works here again."


def must_know(conn: Connection, id: str) -> Worker:
    found = people.worker(conn, id)
    if found is None:
        raise NotFound("person", id, near(id, [one.id for one in people.workers(conn)]))
    return found


def _nobody_else(conn: Connection, one: Worker) -> None:
    """People sign in with their name or address, so that two may not have the same."""
    for other in people.workers(conn):
        if other.id == one.id or other.ended_at is not None:
            continue
        if other.name.casefold() == one.name.casefold():
            raise WrongFields({"name": f"{other.name} works here already; two need different names"})
        if one.email and other.email.casefold() == one.email.casefold():
            raise WrongFields({"email": f"this is the address of {other.name}"})


def _another_admin(conn: Connection, id: str) -> None:
    others = (one for one in people.workers(conn) if one.id != id and one.ended_at is None)
    if not any(ADMIN in one.roles and one.enters for one in others):
        raise Refused("nobody else is admin and can sign in", "make somebody else admin first")


def _written(conn: Connection, one: Worker, did: str, who: Who, before: Worker | None = None) -> None:
    body = {"person": one.id, "did": did, "roles": one.roles, "by": who.by}
    body |= {"before": before.roles} if before is not None and before.roles != one.roles else {}
    journal.append(conn, [Entry("person", "", body, {"name": one.name})], who.at, who.company)
