"""What a court, an auditor or an agency wants of an account: what was decided, said and sent, in one file that can be checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core import sentences
from engine.errors import Refused
from engine.jobs.cases import Who, must_know
from engine.jobs.cases.ours import called
from engine.jobs.evidence import verify
from engine.jobs.evidence.bundle import Bundle, Made, Page, Record, bundled
from engine.jobs.evidence.verify import Changed, NoBundle
from engine.jobs.workspace import Workspace
from engine.store import database, journal, seals
from engine.store.dossier import Scope
from engine.store.journal import Entry
from engine.store.persons import person
from engine.store.tables import COMPANY
from engine.store.tables import journal as entries

__all__ = ["Checked", "GivenOut", "Page", "Record", "check", "give_out", "recognised"]

KIND = "evidence"  # of the journal's entry that says what was given out


@dataclass(frozen=True, slots=True)
class GivenOut:
    """A bundle that was written: its file, its fingerprint, and how many files and entries of the journal are in it."""

    file: Path
    fingerprint: str
    files: int
    entries: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at a bundle has shown: `changed` names the first thing that is not as it was written, or is empty.

    `told` is what the bundle says of itself.
    """

    changed: str
    told: dict[str, Any]


def give_out(
    ws: Workspace,
    account: str,
    who: Who,
    page: Page,
    *,
    out: Path,
    since: date | None = None,
    until: date | None = None,
    named: str | None = None,
) -> GivenOut:
    """Write a bundle of all that is kept of an account, or of one person there, and put into the journal that it was.

    Everything is sealed first, so that every entry in it can be shown to be the book's. `page` draws what people read.
    NotFound for an account or a person nobody knows; Refused where the file is there already.
    """
    if out.exists():
        raise Refused(sentences.bundle_there(out.name), sentences.NEVER_OVER)
    engine = ws.database()
    part = out.with_name(f".{out.name}.part")
    try:
        with database.reading(engine) as conn:
            must_know(conn, account, who.company)
            someone = person(conn, account, named, who.company) if named is not None else None
        seals.seal(engine, who.at, who.company)
        scope = Scope(account, since, until, someone, who.company)
        with database.reading(engine) as conn:
            bundle = bundled(ws, conn, scope, Made(called(ws, who.by), who.at), page)
        part.write_bytes(bundle.packed(who.at))
        with database.writing(engine) as conn:
            journal.append(conn, [_entry(scope, bundle, who)], who.at, who.company)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
        engine.dispose()
    lines = bundle.files[verify.ENTRIES].count(b"\n")
    return GivenOut(out, bundle.fingerprint, len(bundle.files), lines)


def _entry(scope: Scope, bundle: Bundle, who: Who) -> Entry:
    body = {"fingerprint": bundle.fingerprint, "files": len(bundle.files), "by": who.by, "on": who.on}
    body |= {"from": scope.since, "to": scope.until}
    return Entry(KIND, scope.account, body, {"person": scope.person.name} if scope.person else {})


def check(file: Path) -> Checked:
    """Look at a bundle as its own checker does. Refused where it is none."""
    try:
        return Checked("", verify.check(verify.opened(file)))
    except Changed as error:
        return Checked(str(error), {})
    except NoBundle as error:
        raise Refused(str(error), sentences.NAME_A_BUNDLE) from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return Checked(sentences.not_its_form(repr(error)), {})


def recognised(conn: Connection, told: dict[str, Any], company: str = COMPANY) -> str:
    """When this house gave the bundle out, and who had it made; empty where the journal does not know it."""
    query = sa.select(entries.c.at, entries.c.body).where(
        entries.c.stream == company, entries.c.account == told["account"], entries.c.kind == KIND
    )
    for at, body in conn.execute(query):
        if orjson.loads(body)["fingerprint"] == told["fingerprint"]:
            return sentences.given_out_by_us(datetime.fromisoformat(at), told["made_by"])
    return ""
