"""A watched folder: which of its files are whole, which are waited for, and which no ledger can be in.

A file is taken once nobody writes to it any more. What proves that is the feed's choice: a name that it gets
last, a manifest that says what must be in it, or only that it has not changed for a while. Nothing is opened
but plain files: a link, a pipe or a device is named and left alone.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

MANIFESTS = (".manifest", ".sha256", ".done")
TAKEN, REFUSED = "taken", "refused"
_UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".swp", "~")
_DAY = re.compile(r"(?<!\d)(20\d\d)([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)")


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file as it lies there. `stamp` changes with whatever is done to it; `manifest` is the one beside it."""

    name: str
    size: int
    written: float  # seconds since 1970
    stamp: tuple[int, ...]
    manifest: str = ""

    @property
    def day(self) -> date | None:
        """The one day that the name names."""
        return day_in(self.name)


@dataclass(frozen=True, slots=True)
class Look:
    """What is in a folder. `waiting` and `odd` have a sentence for each name; `odd` never becomes a ledger."""

    ready: tuple[Arrived, ...] = ()
    waiting: tuple[tuple[str, str], ...] = ()
    odd: tuple[tuple[str, str], ...] = ()


class Changed(Exception):
    """The file is not what it was when the folder was looked at."""


def look(folder: Path, pattern: str, complete: str) -> Look:
    """What is there now, in the order in which it is to be taken: by the day in the name, then by name.

    Only names and what the folder itself says of them: no file is opened. Raises OSError where the folder
    cannot be read.
    """
    with os.scandir(folder) as entries:
        there = dict(_visible(entries))
    ready: list[Arrived] = []
    waiting: list[tuple[str, str]] = []
    odd: list[tuple[str, str]] = []
    for name, found in there.items():
        if stat.S_ISDIR(found.st_mode) or not fnmatchcase(name.lower(), pattern.lower()):
            continue
        if name.lower().endswith((*_UNFINISHED, *MANIFESTS)):
            continue
        if not stat.S_ISREG(found.st_mode):
            odd.append((name, f"is {_kind(found.st_mode)}; only files themselves are taken"))
            continue
        beside = [name + end for end in MANIFESTS if name + end in there]
        if complete == "manifest" and not beside:
            waiting.append((name, f"waits for {name}.manifest"))
        elif complete == "manifest" and not stat.S_ISREG(there[beside[0]].st_mode):
            odd.append((beside[0], "is no file, so it can be no manifest"))
        elif not found.st_size:
            waiting.append((name, "is empty"))
        else:
            manifest = beside[0] if complete == "manifest" else ""
            stamps = [found, there[manifest]] if manifest else [found]
            ready.append(
                Arrived(name, found.st_size, max(s.st_mtime for s in stamps), _stamp(stamps), manifest)
            )
    ready.sort(key=lambda file: (file.day or date.max, file.name))
    return Look(tuple(ready), tuple(sorted(waiting)), tuple(sorted(odd)))


def changed_at(file: Arrived) -> float:
    """When anything was last done to a file, its renaming included: seconds since 1970."""
    return max(file.written, *(mark / 1e9 for mark in file.stamp[3::4]))


def content(folder: Path, file: Arrived, largest: int) -> bytes:
    """The bytes of a file that was looked at. Changed where it is another now, or changes meanwhile.

    A pipe put in its place is not waited for, and a link is not followed. Raises OSError.
    """
    return _read(folder / file.name, file.stamp[:4], largest)


def manifest(folder: Path, file: Arrived) -> bytes:
    """The bytes of the manifest beside a file; as `content`."""
    return _read(folder / file.manifest, file.stamp[4:], 100_000)


def day_in(name: str) -> date | None:
    """The day in a file's name, as in open-2026-11-23.csv or open_20261123.csv; None unless there is just one."""
    days = set()
    for match in _DAY.finditer(name):
        try:
            days.add(date(int(match[1]), int(match[3]), int(match[4])))
        except ValueError:
            continue
    return days.pop() if len(days) == 1 else None


def put_away(folder: Path, names: Iterable[str], into: str) -> Path:
    """Move files into a folder within, under names that are free there; where the first of them is now.

    A manifest keeps the name of its file. Raises OSError.
    """
    target = folder / into
    target.mkdir(parents=True, exist_ok=True)
    wanted = list(names)
    for number in range(1, 100_000):
        marks = [_numbered(wanted[0], name, number) for name in wanted]
        if not any(os.path.lexists(target / mark) for mark in marks):
            break
    for name, mark in reversed(list(zip(wanted, marks, strict=True))):
        # The manifest first: one left behind by a crash would speak for the next file of that name.
        (folder / name).rename(target / mark)
    return target / marks[0]


def _numbered(first: str, name: str, number: int) -> str:
    if number == 1:
        return name
    stem, dot, end = first.partition(".")
    return f"{stem}-{number}{dot}{end}{name[len(first) :]}"


def _visible(entries: Iterable[os.DirEntry[str]]) -> Iterator[tuple[str, os.stat_result]]:
    for entry in entries:
        if not entry.name.startswith("."):
            with suppress(FileNotFoundError):  # gone since the folder was listed
                yield entry.name, entry.stat(follow_symlinks=False)


def _stamp(found: Iterable[os.stat_result]) -> tuple[int, ...]:
    return tuple(
        mark for one in found for mark in (one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns)
    )


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a link"
    if stat.S_ISFIFO(mode):
        return "a pipe"
    return "a device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else "no file"


def _read(path: Path, stamp: tuple[int, ...], largest: int) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENXIO):
            raise Changed from None
        raise
    with os.fdopen(handle, "rb") as file:
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode) or _stamp([before]) != stamp:
            raise Changed
        data = file.read(largest + 1)
        if len(data) != before.st_size or _stamp([os.fstat(handle)]) != stamp:
            raise Changed
    return data
