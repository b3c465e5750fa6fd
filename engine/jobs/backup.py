"""Putting the database aside, and putting it back: checked first, and then in quarantine until what went out since is known."""

from __future__ import annotations

import os
import shutil
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from engine.core import sentences
from engine.errors import DatabaseTooNew, Refused
from engine.settings import Workspace as Files
from engine.store import backup, brakes, database, halts
from engine.store.backup import Manifest
from engine.store.evidence import Evidence, Trace
from engine.store.owner import living


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back, where what was there is kept, and what went out since."""

    manifest: Manifest
    kept: str
    gap: tuple[Trace, ...]


def back_up(files: Files, target: Path, now: datetime) -> Manifest:
    """Write a backup of the database. What went out, under `out`, is not in it."""
    engine = database.open(files.database_url, read_only=True)
    try:
        return backup.make(engine, target, now.astimezone(UTC))
    finally:
        engine.dispose()


def restore(files: Files, source: Path, by: str, now: datetime) -> Restored:
    """Put a backup in the place of the database, in quarantine. Refused while the service or a sender lives.

    The backup is checked before anything is touched; an older one is brought up to date, a newer one refused.
    What was there is kept beside it.
    """
    url, whose = database.address(files.database_url)
    manifest = backup.read(source)
    if manifest.company != whose:
        raise Refused(
            f"{source} is a backup of the company “{manifest.company}”, and this workspace is “{whose}”",
            "restore it in its own workspace",
        )
    if manifest.kind != url.get_backend_name():
        raise Refused(
            f"{source} is of a database in {manifest.kind}, and this workspace has one in {url.get_backend_name()}",
            "restore it in a workspace of its own kind",
        )
    if url.get_backend_name() == "sqlite":
        kept = _file(Path(str(url.database)), source, manifest, by, now)
    else:
        kept = _server(files, source, manifest, by, now)
    engine = database.open(files.database_url)
    try:
        with database.reading(engine) as conn:
            gap = Evidence.beside(engine, files.out).gap(conn)
    finally:
        engine.dispose()
    return Restored(manifest, kept, gap)


def _file(file: Path, source: Path, manifest: Manifest, by: str, now: datetime) -> str:
    part = file.with_name(f"{file.name}.restoring")
    try:
        backup.unpack(source, part)
        _in_quarantine(part, source, manifest, by, now)
        _still(sa.create_engine(f"sqlite:///{file}"))
        kept = _free(file.with_name(f"{file.name}.before-restore-{now:%Y%m%d-%H%M%S}"))
        if file.exists():
            _put_aside(file, kept)
        part.replace(file)
        backup.synced(file.parent)
    finally:
        for left in file.parent.glob(f"{file.name}.restoring*"):
            left.unlink() if left.is_file() else shutil.rmtree(left)
    return str(kept) if kept.exists() else ""


def _in_quarantine(part: Path, source: Path, manifest: Manifest, by: str, now: datetime) -> None:
    """Brought up to date, looked through, and halted before it is in its place."""
    engine = database.open(part, company=manifest.company)
    try:
        database.check(engine)
        with database.writing(engine) as conn:
            because = sentences.restored(source.name, manifest.at)
            brakes.halt(conn, halts.QUARANTINE, because, by, now)
    finally:
        engine.dispose()
    plain = sqlite3.connect(part)
    try:
        plain.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing left beside it
    finally:
        plain.close()
    with part.open("rb") as stream:
        os.fsync(stream.fileno())


def _put_aside(file: Path, kept: Path) -> None:
    """The file that is there under a second name, with its log, which must not be taken for the new one's."""
    try:
        plain = sqlite3.connect(file)
        try:
            plain.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            plain.close()
    except sqlite3.Error:
        pass  # damaged: it is kept as it is
    try:
        os.link(file, kept)
    except OSError:  # a file system without second names
        shutil.copy2(file, kept)
    for end in ("-wal", "-shm"):
        log = file.with_name(file.name + end)
        if log.exists():
            log.replace(kept.with_name(kept.name + end))


def _free(path: Path) -> Path:
    number = 1
    found = path
    while found.exists():
        number += 1
        found = path.with_name(f"{path.name}-{number}")
    return found


def _still(engine: Engine) -> None:
    try:
        if count := living(engine):
            who = "a process that sends is" if count == 1 else f"{count} processes that send are"
            raise Refused(f"{who} still on", "end the service first, as with “systemctl stop dunwell”")
    finally:
        engine.dispose()


def _server(files: Files, source: Path, manifest: Manifest, by: str, now: datetime) -> str:
    """In one transaction of the server: what is there becomes another schema, the backup takes its place, halted."""
    if manifest.revision > database.HEAD:
        raise DatabaseTooNew(source.name, manifest.revision, database.HEAD)
    engine = database.open(files.database_url)
    _still(engine)
    kept = f"before_restore_{now:%Y%m%d_%H%M%S}"
    because = sentences.restored(source.name, manifest.at)
    backup.put(engine, source, kept, brakes.as_setting(halts.QUARANTINE, because, by, now))
    return kept
