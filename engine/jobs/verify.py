"""Are all promises kept? The seven rules that must always hold, looked at over the whole database and the folder."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from engine.core import warnings
from engine.errors import DatabaseError, JournalBroken
from engine.settings import Workspace as Files
from engine.store import alarms, database, decisions, invariants, journal, noted, seals, shared
from engine.store.decisions import Since
from engine.store.invariants import Broken, Proof
from engine.store.tables import COMPANY, run

if TYPE_CHECKING:
    from engine.jobs.workspace import Workspace

_HOUR = 2  # of the office's clock
_VERIFIED, _WHOLE = "verified on", "decisions verified to entry"
_NEWEST = Since()

RULES: Final = {
    "I1": "no message is sent twice",
    "I2": "no step that was due is lost",
    "I3": "nothing counts as sent without evidence",
    "I4": "nothing is sent after the payment is known",
    "I5": "the ledger system has what was asked for",
    "I6": "every amount is the ledger's",
    "I7": "the journal and the decisions are as they were written",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What looking at one rule has shown. `looked` counts what was looked at, of the kind that `of` names."""

    id: str
    rule: str
    looked: int
    of: str
    broken: tuple[Broken, ...]
    notes: tuple[str, ...] = ()  # worth knowing, and no fault


@dataclass(frozen=True, slots=True)
class Findings:
    """All seven rules, in their order."""

    each: tuple[Finding, ...]

    @property
    def whole(self) -> bool:
        return not any(finding.broken for finding in self.each)

    @property
    def broken(self) -> tuple[tuple[str, Broken], ...]:
        """(rule, row) of everything that breaks one."""
        return tuple((finding.id, row) for finding in self.each for row in finding.broken)


def verify(
    conn: Connection, out: Path | None = None, company: str = COMPANY, since: Since = _NEWEST
) -> Findings:
    """Look at all seven rules in one consistent view of the database. Changes nothing, asks nobody outside.

    `out` is the folder that messages are put into; without it their files are not looked at. `since`: whose decisions.
    """
    count = invariants.counted(conn, company)
    notes: list[str] = []
    looks: tuple[tuple[str, str, Callable[[], Iterator[Broken]]], ...] = (
        ("I1", "actions", lambda: invariants.once(conn, company)),
        ("I2", "actions", lambda: invariants.kept(conn, company)),
        ("I3", "sent", lambda: _evidence(conn, out, notes, company)),
        ("I4", "sent", lambda: invariants.not_after_payment(conn, company)),
        ("I5", "requests", lambda: _requests(conn, out, company)),
        ("I6", "actions", lambda: invariants.amounts(conn, company)),
        ("I7", "entries", lambda: _chain(conn, since, notes, company)),
    )
    found = []
    for id_, of, look in looks:
        broken = _looked(conn, look)
        found.append(Finding(id_, RULES[id_], count[of], _NAMED[of], broken, tuple(notes)))
        notes.clear()
    return Findings(tuple(found))


_NAMED: Final = {
    "actions": "actions",
    "sent": "sent messages",
    "requests": "requests",
    "entries": "entries of the journal",
}


def _looked(conn: Connection, look: Callable[[], Iterator[Broken]]) -> tuple[Broken, ...]:
    """What a rule shows. A question that cannot even be asked, since a row cannot be read, breaks it too."""
    try:
        with conn.begin_nested():
            return tuple(look())
    except (DBAPIError, DatabaseError, ValueError) as error:
        why = str(getattr(error, "orig", None) or error).splitlines()[0]
        return (Broken("", "", f"a row of it cannot be read: {why}", "restore the database from a backup"),)


def _chain(conn: Connection, since: Since, notes: list[str], company: str) -> Iterator[Broken]:
    try:
        journal.verify(conn, company)
        seals.verify(conn, company)
    except JournalBroken as error:
        yield Broken("", "", error.sentence, error.hint)
    yield from decisions.broken(conn, since, notes, company)


def _evidence(conn: Connection, out: Path | None, notes: list[str], company: str) -> Iterator[Broken]:
    """What the database says of its evidence, and whether the files are where it says."""
    yield from invariants.proven(conn, company)
    if out is None or not out.is_dir():
        return
    taken = sum(not _there(out, proof) for proof in invariants.proofs(conn, company=company) if proof.path)
    if taken:
        are = "file is" if taken == 1 else "files are"
        notes.append(f"{taken:,} {are} no longer in {out.name}: taken away to be printed or sent, or lost")


def _there(out: Path, proof: Proof) -> bool:
    return (out / proof.path).is_file()


def _requests(conn: Connection, out: Path | None, company: str) -> Iterator[Broken]:
    """The newest request of each account, where its file is still there, is the one that was written."""
    newest = {
        (proof.account, proof.kind, proof.channel): proof
        for proof in invariants.proofs(conn, invariants.EFFECTS, company)
    }
    for proof in newest.values():
        if out is None or not proof.path:
            continue
        try:
            content = (out / proof.path).read_bytes()
        except OSError:
            continue  # carried out and put away
        if hashlib.sha256(content).hexdigest() != proof.sha256:
            yield Broken(
                proof.key,
                proof.account,
                f"{proof.path} is not what was written: somebody may carry out something else",
                f"compare it with “dunwell history {proof.account}”, and the account in the ledger system",
            )


# -- the duty ----------------------------------------------------------------------------------------------------------


def due(conn: Connection, files: Files, now: datetime) -> bool:
    """Once each date, from two in the morning on, where anything was ever decided."""
    here = now.astimezone(ZoneInfo(files.settings.workspace.zone))
    if here.hour < _HOUR or noted.of(conn, _VERIFIED) == here.date().isoformat():
        return False
    return conn.execute(sa.select(run.c.id).limit(1)).first() is not None


def nightly(ws: Workspace, clock: Callable[[], datetime], stop: threading.Event) -> list[str]:
    """Look at all rules, and at all decisions since the last night that found these whole.

    What is broken is an alarm; the house goes on, since a person must judge what it means.
    """
    from engine.jobs.readback import ask_all

    now = clock()
    engine = ws.database()
    try:
        with database.reading(engine) as conn:
            last = shared.head(conn)
            found = verify(conn, ws.files.out, since=Since(entry=int(noted.of(conn, _WHOLE) or 0)))
        with database.writing(engine) as conn:
            today = now.astimezone(ZoneInfo(ws.files.settings.workspace.zone)).date()
            if found.whole:
                alarms.cleared(conn, alarms.INVARIANT, now)
            else:
                alarms.raised(conn, alarms.INVARIANT, "", _sentence(found), now)
            if not any(rule == "I7" for rule, _ in found.broken):
                noted.put(conn, _WHOLE, str(last))
            noted.put(conn, _VERIFIED, today.isoformat())
    finally:
        engine.dispose()
    return [_sentence(found), *ask_all(ws, clock)]


def _sentence(found: Findings) -> str:
    if found.whole:
        return "everything that must always hold does"
    return warnings.invariant(len(found.broken), sorted({rule for rule, _ in found.broken}))
