"""What the machine under Dunwell is like: its database, its disk, its clock. Looked at, never changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url

from engine.core.workdays import is_zone
from engine.errors import DatabaseTooOld, DunwellError
from engine.jobs.finding import Finding, bad, good, note, odd
from engine.settings import Workspace
from engine.store import database, halts, lease
from engine.store.gauges import gauges
from engine.store.tables import COMPANY, customer, journal, journal_head

DATABASE, CLOCK, DISK, SERVICE, CUSTOMERS = "database", "clock", "disk", "service", "customers"
_LITTLE, _FEW = 200, 1000  # megabytes: too little, and soon too little
_AHEAD = timedelta(minutes=5)
_APART = timedelta(seconds=30)
_SILENT = timedelta(minutes=5)
_LONG_AGO = timedelta(hours=36)
_ELSEWHERE = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs"}
_FLEETING = {"tmpfs", "ramfs"}


def data(files: Workspace, now: datetime, deep: bool) -> Iterator[Finding]:
    """The database: reached, of this version, whole, in a safe place; then what it says of the service."""
    url = make_url(files.database_url)
    file = Path(str(url.database)) if url.get_backend_name() == "sqlite" else None
    if file is not None:
        yield from _place(file)
        if not file.exists():
            yield note(DATABASE, "there is none yet", "“dunwell import FILE” takes a ledger in and makes it")
            return
    try:
        engine = database.open(files.database_url, read_only=True)
    except DatabaseTooOld:
        remedy = "it is brought up to date by the next  dunwell import,  run  or  serve"
        yield odd(DATABASE, "it is of an older version of Dunwell", remedy)
        return
    except DunwellError as error:
        yield bad(DATABASE, error.sentence, error.hint)
        return
    try:
        yield from _server(engine, now) if file is None else _file(engine, file, deep)
        with database.reading(engine) as conn:
            yield from _journal(conn, now)
            yield from _service(conn, now)
            yield from _zones(conn)
    finally:
        engine.dispose()


def _place(file: Path) -> Iterator[Finding]:
    kind = filesystem(file.parent)
    if kind in _ELSEWHERE:
        remedy = "keep SQLite on a disk of this machine, or use PostgreSQL"
        yield bad(DATABASE, f"it is on a network drive ({kind}), where locks cannot be relied on", remedy)
    elif kind in _FLEETING:
        yield bad(DATABASE, f"it is in memory ({kind}) and gone after a restart", "keep it on a disk")


def filesystem(folder: Path) -> str:
    """What kind of file system a folder is on, as the kernel names it; empty where that cannot be seen."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    here, found = folder.resolve(), ("", "")
    for line in mounts:
        before, _, after = line.partition(" - ")
        where = before.split()[4].replace("\\040", " ")
        if here.is_relative_to(where) and len(where) >= len(found[0]):
            found = (where, after.split()[0])
    return found[1]


def _file(engine: Engine, file: Path, deep: bool) -> Iterator[Finding]:
    for path in (file, file.parent):
        if not os.access(path, os.W_OK):
            yield bad(
                DATABASE, f"{path} may not be written to by this user", "give the service's user the right"
            )
    with closing(engine.raw_connection()) as conn:
        mode = str(conn.cursor().execute("PRAGMA journal_mode").fetchone()[0])
    if mode != "wal":
        remedy = "nothing else should have opened it; the next  dunwell run  sets it right"
        yield odd(DATABASE, f"its journal mode is “{mode}” instead of WAL", remedy)
    if deep:
        try:
            database.check(engine)
        except DunwellError as error:
            yield bad(DATABASE, error.sentence, error.hint)
            return
    size = f"{file.stat().st_size / 1e6:,.0f} MB"
    yield good(
        DATABASE,
        f"SQLite, {size}, {'looked through and whole' if deep else 'opens'}, version {database.HEAD}",
    )


def _server(engine: Engine, now: datetime) -> Iterator[Finding]:
    with database.reading(engine) as conn:
        row = conn.execute(
            sa.text("select current_setting('server_version'), pg_is_in_recovery(), clock_timestamp()")
        ).one()
    version, replica, there = str(row[0]), bool(row[1]), row[2]
    if replica:
        yield bad(DATABASE, "the server is a replica, which cannot be written to", "name the primary server")
    if abs(there - now) > _APART:
        seconds = round(abs((there - now).total_seconds()))
        remedy = "let both machines take their time from the same time server"
        yield bad(CLOCK, f"the database server's clock and ours are {seconds:,} seconds apart", remedy)
    yield good(DATABASE, f"PostgreSQL {version.split()[0]} answers, version {database.HEAD}")


def _journal(conn: Connection, now: datetime) -> Iterator[Finding]:
    head = sa.select(journal_head.c.seq).where(journal_head.c.stream == COMPANY).scalar_subquery()
    last = conn.execute(
        sa.select(journal.c.at).where(journal.c.stream == COMPANY, journal.c.seq == head)
    ).scalar()
    if last is not None and (at := datetime.fromisoformat(last)) > now + _AHEAD:
        remedy = "set this machine's clock; where the journal is wrong, ask before you go on"
        yield bad(
            CLOCK, f"the journal was written at {_when(at)}, but this machine says {_when(now)}", remedy
        )
    else:
        yield good(CLOCK, f"{_when(now)}; the journal is not ahead of it")


def _service(conn: Connection, now: datetime) -> Iterator[Finding]:
    numbers, holder = gauges(conn), lease.held(conn)
    for halt in halts.halts(conn):
        yield odd(SERVICE, halt.sentence, halt.remedy)
    if holder is None:
        yield note(SERVICE, "it does not run", "start it:  dunwell serve;  “dunwell help operation” says how")
    elif not lease.alive(conn, holder):
        yield bad(
            SERVICE, f"it died: process {holder.pid} on {holder.host}", "start it again, and read its log"
        )
    elif now - holder.beat > _SILENT:
        words = f"process {holder.pid} on {holder.host} lives, but was last seen at {_when(holder.beat)}"
        yield bad(SERVICE, words, "it is stuck: end it and start it again")
    else:
        yield good(SERVICE, f"works: process {holder.pid} on {holder.host}")
    if numbers.last_run is None:
        yield note(SERVICE, "no day has been decided yet")
    elif now - numbers.last_run > _LONG_AGO:
        remedy = (
            "“dunwell status” says what it waits for" if holder else "start the service, or run it by hand"
        )
        yield odd(SERVICE, f"the last run was at {_when(numbers.last_run)}", remedy)
    doubts = sum(number for (_, state), number in numbers.messages.items() if state == "uncertain")
    if doubts:
        remedy = "dunwell outbox list --state uncertain"
        yield odd(SERVICE, f"of {doubts:,} messages nobody knows whether they arrived", remedy)
    if numbers.alarms:
        yield odd(SERVICE, f"{sum(numbers.alarms.values()):,} alarms stand", "dunwell status")


def _zones(conn: Connection) -> Iterator[Finding]:
    """Customers whose time zone is none, from before the reader asked: the office's counts for them."""
    query = (
        sa.select(customer.c.time_zone, sa.func.min(customer.c.account), sa.func.count())
        .where(customer.c.company == COMPANY, customer.c.time_zone.is_not(None))
        .group_by(customer.c.time_zone)
        .order_by(customer.c.time_zone)
    )
    for name, first, count in conn.execute(query):
        if name and not is_zone(name):
            more = f" and {count - 1:,} more" if count > 1 else ""
            words = f"customer {first}{more}: “{name}” is no time zone, so the office's is used"
            yield odd(CUSTOMERS, words, "correct it where it is kept, and import the customers again")


def zone(files: Workspace, now: datetime) -> Iterator[Finding]:
    """The office's zone beside the machine's."""
    office = ZoneInfo(files.settings.workspace.zone)
    here, there = now.astimezone(), now.astimezone(office)
    words = f"the office is in {office.key}, where it is {there:%H:%M}"
    if here.utcoffset() == there.utcoffset():
        yield good(CLOCK, words)
    else:
        yield note(CLOCK, f"{words}; this machine's own {here:%H:%M} does not count")


def room(files: Workspace) -> Iterator[Finding]:
    """Room on the disks where the database and the messages are, and the right to write there."""
    url = make_url(files.database_url)
    places = {"out": files.out}
    if url.get_backend_name() == "sqlite":
        places["the database"] = Path(str(url.database)).parent
    for name, folder in places.items():
        there = next(one for one in (folder, *folder.parents) if one.exists())
        if not os.access(there, os.W_OK):
            yield bad(DISK, f"the folder {there} may not be written to", "give the service's user the right")
            continue
        free = shutil.disk_usage(there).free // 1_000_000
        words = f"{free:,} MB are free for {name}"
        if free < _LITTLE:
            yield bad(DISK, words, "make room: without it nothing is sent")
        elif free < _FEW:
            yield odd(DISK, words, "make room soon")
        else:
            yield good(DISK, words)


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
