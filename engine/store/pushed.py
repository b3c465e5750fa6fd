"""What other programs have said of each document: the version of the last word, so that an older one is known as such."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store import bulk
from engine.store.moments import moment_text
from engine.store.spans import among
from engine.store.tables import COMPANY, dispute, item, ledger_file, pushed

Key = tuple[str, str]  # account, document


def answer(conn: Connection, event: str, company: str = COMPANY) -> Mapping[str, Any] | None:
    """What was answered to this event when it came first."""
    query = sa.select(ledger_file.c.summary).where(
        ledger_file.c.company == company, ledger_file.c.sha256 == _event(event)
    )
    found = conn.execute(query).scalar()
    return None if found is None else bulk.read_json(found)


def begin(conn: Connection, event: str, rows: int, by: str, at: datetime, company: str = COMPANY) -> int:
    """Write down that an event came; the number under which its documents name it."""
    made = conn.execute(
        sa.insert(ledger_file).values(
            company=company,
            sha256=_event(event),
            name=f"push {event}",
            kind="push",
            imported_at=moment_text(at),
            by=by,
            rows=rows,
            summary="{}",
        )
    )
    key = made.inserted_primary_key
    assert key is not None
    return int(key[0])


def answered(conn: Connection, file: int, told: Mapping[str, Any]) -> None:
    """Keep the answer for whoever repeats the event."""
    conn.execute(sa.update(ledger_file).where(ledger_file.c.id == file).values(summary=bulk.write_json(told)))


def version(conn: Connection, key: Key, company: str = COMPANY) -> int | None:
    """The version of the last word on a document; None where there was none."""
    query = sa.select(pushed.c.version).where(
        pushed.c.company == company, pushed.c.account == key[0], pushed.c.name == key[1]
    )
    found: int | None = conn.execute(query).scalar()
    return found


def said(conn: Connection, versions: Mapping[Key, int], event: str, company: str = COMPANY) -> None:
    """These are now the last words."""
    rows = [(company, *key, number, event) for key, number in versions.items()]
    columns = ("company", "account", "name", "version", "event")
    bulk.upsert(conn, pushed, columns, rows, key=columns[:3], update=columns[3:])


def document(conn: Connection, key: Key, company: str = COMPANY) -> Mapping[str, Any] | None:
    """A document as the ledger has it, settled ones too."""
    where = (item.c.company == company, item.c.account == key[0], item.c.item == key[1])
    found = conn.execute(sa.select(item).where(*where)).mappings().first()
    return None if found is None else dict(found)


def flagged(conn: Connection, accounts: Collection[str], company: str = COMPANY) -> Sequence[Key]:
    """Documents of these accounts in a dispute that a ledger flagged, not a person."""
    query = sa.select(dispute.c.account, dispute.c.item).where(
        dispute.c.company == company, dispute.c.closed.is_(None), dispute.c.file.is_not(None)
    )
    found = conn.execute(query.where(among(conn, dispute.c.account, accounts)))
    return [(account, name) for account, name in found]


def _event(event: str) -> str:
    return f"event {event}"
