"""What the world may have from us, written down outside the database, so that an older copy of it is found out.

A database that was put back knows nothing of what went out after its backup, and would send it again. So each
message leaves a line in a file beside the database before its point of no return, and another with its end.
A file a month, a JSON object a line; nothing in them is ever changed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.errors import DiskFull
from engine.store.outbox import SENT, UNCERTAIN, Row
from engine.store.tables import action, journal, journal_head, outbox

GOING = "going"  # past its point of no return, its end not known yet
_OUT = frozenset({GOING, SENT, UNCERTAIN})  # what the world has, or may have
_TAIL = 128 * 1024  # bytes: the last hundred messages or so
_MOST_ASKED = 500
_HEAD = "head"


@dataclass(frozen=True, slots=True)
class Trace:
    """What happened to one message. `seen` is what can be checked outside: a Message-ID, a path with its checksum.

    `fence` is the outbox's: a database that has a lower one, or does not know the key, is an older copy.
    `planned` is the action as the database had it, in a line that says `going`.
    """

    key: str
    account: str
    channel: str
    fence: int
    state: str
    at: datetime
    seen: Mapping[str, str] = field(default_factory=dict)
    planned: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Row, state: str, at: datetime, seen: Mapping[str, str] | None = None) -> Trace:
        return cls(row.key, row.account, row.channel, row.fence, state, at.astimezone(UTC), seen or {})

    @property
    def out(self) -> bool:
        """Whether the world has it, or may have it."""
        return self.state in _OUT

    @property
    def certain(self) -> bool:
        return self.state == SENT


@dataclass(frozen=True, slots=True)
class Evidence:
    """The folder of these files. It is made with the first message."""

    folder: Path

    @classmethod
    def beside(cls, engine: Engine, out: Path) -> Evidence:
        """Beside an SQLite file; for a database on a server in the folder of what goes out."""
        file = engine.url.database if engine.dialect.name == "sqlite" else None
        return cls(out / ".sent" if file in (None, "", ":memory:") else Path(f"{file}.sent"))

    # -- written ---------------------------------------------------------------------------------------------

    def remember(self, conn: Connection, traces: Sequence[Trace]) -> None:
        """Add lines in the transaction that they are about, before it is committed.

        A message must not go while its line cannot be written: then DiskFull is raised. An end that cannot be
        written is left out; it stays open here, as it would after a crash.
        """
        going = [trace.key for trace in traces if trace.state == GOING]
        planned = _planned(conn, going) if going else {}
        lines = b"".join(_line(trace, planned.get(trace.key)) for trace in traces)
        try:
            self._append(lines, max(trace.at for trace in traces), sure=bool(going))
        except OSError as error:
            if going:
                raise DiskFull(
                    f"{self.folder} cannot be written: {error.strerror or error}",
                    "nothing was sent; make room, or give Dunwell the right to write there",
                ) from error

    def _append(self, lines: bytes, at: datetime, *, sure: bool) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True, parents=True)
        handle = os.open(self.folder / f"{at:%Y-%m}.jsonl", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            end = os.lseek(handle, 0, os.SEEK_END)
            torn = end > 0 and os.pread(handle, 1, end - 1) != b"\n"  # a crash in the middle of a line
            whole = b"\n" + lines if torn else lines
            if os.write(handle, whole) != len(whole):
                raise OSError("the disk took only a part")
            if sure:
                os.fsync(handle)
        finally:
            os.close(handle)

    def mark_head(self, conn: Connection) -> None:
        """Note how far the journal goes now. A note that cannot be written is left out."""
        columns = (journal_head.c.stream, journal_head.c.seq, journal_head.c.hash)
        heads = {stream: [seq, end] for stream, seq, end in conn.execute(sa.select(*columns))}
        part = self.folder / f".{_HEAD}.{os.getpid()}"
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True, parents=True)
            part.write_bytes(orjson.dumps(heads))
            part.replace(self.folder / _HEAD)
        except OSError:
            return

    # -- compared --------------------------------------------------------------------------------------------

    def behind(self, conn: Connection) -> bool:
        """Whether this database is an older copy of itself: a quick look at the last messages."""
        newest = next(iter(self._months()), ())
        last = {trace.key: trace for trace in _in_their_order(map(_tail, newest))}
        return bool(_unknown(conn, [trace for trace in last.values() if trace.out]))

    def lost_entries(self, conn: Connection) -> int:
        """How many entries the journal had and has no more; 0 where it goes on from what was noted."""
        try:
            noted = orjson.loads((self.folder / _HEAD).read_bytes())
        except (OSError, ValueError):
            return 0
        lost = 0
        for stream, (seq, end) in noted.items():
            mine = journal.c.stream == stream
            found = conn.execute(sa.select(journal.c.hash).where(mine, journal.c.seq == seq)).scalar()
            if seq and found != end:
                last = conn.execute(sa.select(journal_head.c.seq).where(journal_head.c.stream == stream))
                lost += max(1, seq - int(last.scalar() or 0))
        return lost

    def gap(self, conn: Connection) -> tuple[Trace, ...]:
        """What the world has, or may have, and this database does not know of; the oldest first."""
        found: dict[str, Trace] = {}
        seen: set[str] = set()
        going: dict[str, Trace] = {}
        for files in self._months():
            last: dict[str, Trace] = {}
            for trace in _in_their_order(file.read_bytes() for file in files):
                last[trace.key] = trace
                if trace.state == GOING:
                    going.setdefault(trace.key, trace)
            newer = [trace for key, trace in last.items() if trace.out and key not in seen]
            missing = _unknown(conn, newer)
            found |= {trace.key: trace for trace in missing}
            seen |= set(last)
            if newer and not missing:
                break  # an older copy lacks the newest first, so what is older is there
        whole = (
            replace(trace, planned=going[key].planned, seen=going[key].seen) if key in going else trace
            for key, trace in found.items()
        )
        return tuple(sorted(whole, key=lambda trace: trace.at))

    def _months(self) -> list[list[Path]]:
        """The files of each month, the newest month first: other machines' may lie there, under names that end alike."""
        months: dict[str, list[Path]] = {}
        for file in sorted(self.folder.glob("*????-??.jsonl")):
            months.setdefault(file.stem[-len("2026-11") :], []).append(file)
        return [months[month] for month in sorted(months, reverse=True)]


def _tail(file: Path) -> bytes:
    """Its last lines."""
    with file.open("rb") as stream:
        start = max(0, stream.seek(0, os.SEEK_END) - _TAIL)
        stream.seek(start)
        data = stream.read()
    return data.partition(b"\n")[2] if start else data


def _in_their_order(several: Iterable[bytes]) -> list[Trace]:
    """What files say, as it happened."""
    return sorted((trace for data in several for trace in _traces(data)), key=lambda trace: trace.at)


def _planned(conn: Connection, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    found = conn.execute(sa.select(action).where(action.c.key.in_(keys))).mappings()
    return {row["key"]: {str(name): value for name, value in row.items() if name != "key"} for row in found}


def _line(trace: Trace, planned: Mapping[str, Any] | None) -> bytes:
    told: dict[str, Any] = {
        "key": trace.key,
        "account": trace.account,
        "channel": trace.channel,
        "fence": trace.fence,
        "state": trace.state,
        "at": trace.at.isoformat(timespec="microseconds"),
    }
    if trace.seen:
        told["seen"] = dict(trace.seen)
    if planned:
        told["planned"] = planned
    return orjson.dumps(told, default=str, option=orjson.OPT_APPEND_NEWLINE)


def _traces(data: bytes) -> Iterator[Trace]:
    """Each line that is whole, in the order in which they were written."""
    for line in data.split(b"\n"):
        try:
            told = orjson.loads(line)
            yield Trace(
                told["key"],
                told["account"],
                told["channel"],
                told["fence"],
                told["state"],
                datetime.fromisoformat(told["at"]),
                told.get("seen", {}),
                told.get("planned", {}),
            )
        except (ValueError, KeyError, TypeError):
            continue  # torn by a crash, or the end of the file


def _unknown(conn: Connection, traces: Sequence[Trace]) -> list[Trace]:
    """Of these, the ones that the outbox has not, or has only as they were before they went."""
    fences: dict[str, int] = {}
    for start in range(0, len(traces), _MOST_ASKED):
        keys = [trace.key for trace in traces[start : start + _MOST_ASKED]]
        query = sa.select(outbox.c.action, outbox.c.fence).where(outbox.c.action.in_(keys))
        fences.update({key: fence for key, fence in conn.execute(query)})  # noqa: C416 - rows are no pairs to mypy
    return [trace for trace in traces if fences.get(trace.key, -1) < trace.fence]
