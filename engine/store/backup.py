"""A backup is one file: the whole database as it was at one moment, and what proves that it is whole.

It is a zip with `manifest.json` and the database in it: an SQLite file, or what pg_dump makes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine

from engine.errors import DatabaseError, DatabaseUnreadable, Refused
from engine.store import database
from engine.store.tables import COMPANY, journal_head

_MANIFEST, _INSIDE = "manifest.json", "database"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a backup. `heads` are the journal's last entries, by stream: number and hash."""

    kind: str  # sqlite, postgresql
    revision: str
    at: datetime
    heads: Mapping[str, tuple[int, str]]
    sha256: str
    size: int  # bytes
    company: str = COMPANY

    @property
    def entries(self) -> int:
        return sum(seq for seq, _ in self.heads.values())


def make(engine: Engine, target: Path, at: datetime) -> Manifest:
    """Write a backup while others go on writing: whole, checked, and under its name only when it is both."""
    if target.exists():
        raise Refused(f"{target} is there already", "take another name; a backup is never written over")
    raw, part = target.with_name(f".{target.name}.raw"), target.with_name(f".{target.name}.part")
    try:
        if engine.dialect.name == "sqlite":
            revision, heads = _copy(Path(str(engine.url.database)), raw)
        else:
            revision, heads = _dump(engine, raw)
        whose = database.company(engine)
        manifest = Manifest(engine.dialect.name, revision, at, heads, _sha256(raw), raw.stat().st_size, whose)
        _pack(manifest, raw, part)
        part.replace(target)
        synced(target.parent)
    finally:
        raw.unlink(missing_ok=True)
        part.unlink(missing_ok=True)
    return manifest


def read(file: Path) -> Manifest:
    """What a backup says of itself. Refused where the file is none."""
    try:
        with zipfile.ZipFile(file) as packed:
            told = orjson.loads(packed.read(_MANIFEST))
            heads = {stream: (seq, end) for stream, (seq, end) in told["heads"].items()}
            return Manifest(**{**told, "heads": heads, "at": datetime.fromisoformat(told["at"])})
    except FileNotFoundError:
        raise Refused(f"there is no {file}", "name the file that “dunwell backup” wrote") from None
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, OSError) as error:
        raise _no_backup(file) from error


def unpack(file: Path, target: Path) -> Manifest:
    """Take the database out of a backup, and see that it is, byte for byte, the one that was put in."""
    manifest = read(file)
    try:
        with zipfile.ZipFile(file) as packed, packed.open(_INSIDE) as source, target.open("wb") as out:
            shutil.copyfileobj(source, out, _CHUNK)
            out.flush()
            os.fsync(out.fileno())
    except (zipfile.BadZipFile, KeyError, EOFError, ValueError) as error:
        raise _no_backup(file) from error
    except Exception as error:
        if type(error).__module__ == "zlib":  # its errors have no common parent
            raise _no_backup(file) from error
        raise
    if _sha256(target) != manifest.sha256:
        raise _no_backup(file)
    return manifest


def put(engine: Engine, file: Path, kept: str, setting: tuple[str, str, str]) -> None:
    """A PostgreSQL backup in the place of what is there, in one transaction with a row of the table `setting`.

    What was there becomes the schema `kept`.
    """
    url, schema = engine.url, database.schema(engine)
    here = f'"{schema}"'  # it may be a word of SQL's own
    unpacking, putting = tool("pg_restore", "restored"), tool("psql", "restored")
    company, name, value = ("'" + word.replace("'", "''") + "'" for word in setting)
    begin = f"ALTER SCHEMA {here} RENAME TO {kept};\nCREATE SCHEMA {here};\n"
    end = f"DELETE FROM {here}.setting WHERE company = {company} AND name = {name};\n"  # noqa: S608
    end += f"INSERT INTO {here}.setting (company, name, value) VALUES ({company}, {name}, {value});\n"  # noqa: S608
    with tempfile.TemporaryDirectory() as folder:
        raw, first, whole, last = (Path(folder) / part for part in ("raw", "first", "whole", "last"))
        unpack(file, raw)
        options = ["--no-owner", "--no-privileges", f"--schema={schema}"]
        called([unpacking, *options, "-f", str(whole), str(raw)], url)
        first.write_text(begin, "utf-8")
        last.write_text(end, "utf-8")
        parts = [option for part in (first, whole, last) for option in ("-f", str(part))]
        called([putting, "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", *parts, address(url)], url)


def synced(folder: Path) -> None:
    """A new name in a folder is safe once the folder is on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def tool(name: str, verb: str) -> str:
    """A program of PostgreSQL's own. Refused, naming it, where it is not installed."""
    found = shutil.which(name)
    if found is None:
        raise Refused(
            f"a PostgreSQL database is {verb} with {name}, which is not installed here",
            "install PostgreSQL's client programs (Debian: apt-get install postgresql-client)",
        )
    return found


def called(command: Sequence[str], url: URL) -> None:
    """Run a program on a PostgreSQL database; its password is in no argument."""
    environment = {**os.environ, **({"PGPASSWORD": url.password} if url.password else {})}
    done = subprocess.run(  # noqa: S603 - our own words and names
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stderr.strip() or f"it ended with {done.returncode}").splitlines()
        raise DatabaseError(f"{Path(command[0]).name} failed: {said[0]}", "nothing was changed")


def address(url: URL) -> str:
    """How PostgreSQL's own programs are told where the database is."""
    plain = url.set(drivername="postgresql", password=None)
    return plain.render_as_string()


def heads(conn: Connection) -> dict[str, tuple[int, str]]:
    query = sa.select(journal_head.c.stream, journal_head.c.seq, journal_head.c.hash)
    return {stream: (seq, end) for stream, seq, end in conn.execute(query)}


def _copy(file: Path, target: Path) -> tuple[str, dict[str, tuple[int, str]]]:
    """SQLite's own online copy, in one step, so that it is of one moment."""
    target.unlink(missing_ok=True)
    source, copy = sqlite3.connect(file), sqlite3.connect(target)
    try:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        if (answer := copy.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise DatabaseUnreadable(
                f"{file} is damaged, and so no backup was made: {answer}",
                "restore an earlier backup; “dunwell help backup” says how",
            )
        revision = str(copy.execute("select version_num from alembic_version").fetchone()[0])
        found = copy.execute("select stream, seq, hash from journal_head").fetchall()
        return revision, {stream: (seq, end) for stream, seq, end in found}
    except sqlite3.Error as error:
        raise DatabaseError(f"no backup of {file} was made: {error}", "nothing was changed") from error
    finally:
        source.close()
        copy.close()


def _dump(engine: Engine, target: Path) -> tuple[str, dict[str, tuple[int, str]]]:
    """What pg_dump makes of the same moment that the manifest is of: it is lent our view of the database."""
    program = tool("pg_dump", "backed up")
    revision = database.revision(engine) or ""
    with database.reading(engine) as conn:
        found = heads(conn)
        lent = conn.execute(sa.text("select pg_export_snapshot()")).scalar_one()
        options = [
            "-Fc",
            f"--schema={database.schema(engine)}",
            "--no-owner",
            "--no-privileges",
            f"--snapshot={lent}",
        ]
        called([program, *options, "-f", str(target), address(engine.url)], engine.url)
    return revision, found


def _pack(manifest: Manifest, raw: Path, part: Path) -> None:
    squeezed = zipfile.ZIP_DEFLATED if manifest.kind == "sqlite" else zipfile.ZIP_STORED
    with zipfile.ZipFile(part, "w", squeezed, compresslevel=1) as packed:
        packed.writestr(_MANIFEST, orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2))
        packed.write(raw, _INSIDE)
    with part.open("rb") as stream:
        os.fsync(stream.fileno())


def _sha256(file: Path) -> str:
    found = hashlib.sha256()
    with file.open("rb") as stream:
        take: Callable[[], bytes] = lambda: stream.read(_CHUNK)  # noqa: E731
        for chunk in iter(take, b""):
            found.update(chunk)
    return found.hexdigest()


def _no_backup(file: Path) -> DatabaseUnreadable:
    return DatabaseUnreadable(
        f"{file} is no backup of Dunwell, or it is damaged", "take an earlier one; nothing was changed"
    )
