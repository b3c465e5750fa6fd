"""Puts messages into a folder: a file is there whole, once and under its own name, or it is not there."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from engine.channels.mail import Mail
from engine.channels.receipt import Outcome, Receipt, Route, Stage

WRITE, RENAME = "write", "rename"


def file_name(key: str, suffix: str) -> str:
    """A name that a person can read and no two keys share: `acme-0042-letter-firm-3f2a91c07b1e.pdf`."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", key).strip("-").lower()[:80].rstrip("-")
    return f"{words}-{hashlib.sha256(key.encode()).hexdigest()[:12]}{suffix}"


def plain_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula, on one line."""
    line = re.sub(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]+", " ", text)
    return f"'{line}" if text[:1] in tuple("=+-@\t\r\0") or line[:1] in tuple("=+-@") else line


class Shelf:
    """A folder that files are put into by others' hands too: the print room may take a file away at any
    moment.

    A file is written under a hidden name, brought to the disk, and renamed. So after a crash the hidden file
    proves that it was not delivered, the file itself that it was, and neither proves nothing.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    async def put(
        self, path: PurePosixPath, content: bytes, stage: Stage, more: Mapping[str, str] | None = None
    ) -> Receipt:
        """Deliver `content` as root/path. The same file, there already, is adopted and not written again.

        `more` is kept with the evidence.
        """
        evidence = {**(more or {}), "path": str(path), "sha256": hashlib.sha256(content).hexdigest()}
        await stage(WRITE, evidence)
        try:
            there = await asyncio.to_thread(self._write, path, content)
        except OSError as error:
            return Receipt(Outcome.RETRY, WRITE, _sentence(self.root, error), (), evidence, Route.RESTS)
        if there is not None:
            return _adopted(there == evidence["sha256"], evidence)
        await stage(RENAME, evidence)
        return await asyncio.to_thread(self._rename, path, evidence)

    def find(self, evidence: Mapping[str, str]) -> Receipt | None:
        """After a crash: what the folder shows of a file that was to be renamed."""
        if "path" not in evidence:
            return None
        path = PurePosixPath(evidence["path"])
        try:
            there = _digest(self.root / path)
            if there is not None:
                return _adopted(there == evidence["sha256"], evidence)
            if self._hidden(path).exists():
                return Receipt(Outcome.RETRY, WRITE, "the file was not there yet", (), evidence)
        except OSError:
            return None
        return None

    def sweep(self) -> int:
        """Remove what crashes left half written. How many files that were. Call it after `recover`."""
        left = list(self.root.rglob(".*.part")) if self.root.is_dir() else []
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def _hidden(self, path: PurePosixPath) -> Path:
        return self.root / path.parent / f".{path.name}.part"

    def _write(self, path: PurePosixPath, content: bytes) -> str | None:
        """The digest of a file that is there already, else None, with the hidden file on the disk."""
        there = _digest(self.root / path)
        if there is not None:
            return there
        hidden = self._hidden(path)
        hidden.parent.mkdir(parents=True, exist_ok=True)
        try:
            write_through(hidden, content)
        except OSError:
            hidden.unlink(missing_ok=True)
            raise
        return None

    def _rename(self, path: PurePosixPath, evidence: Mapping[str, str]) -> Receipt:
        final = self.root / path
        try:
            self._hidden(path).rename(final)
        except OSError as error:
            return Receipt(Outcome.RETRY, WRITE, _sentence(self.root, error), (), evidence, Route.RESTS)
        try:
            sync_folder(final.parent)
        except OSError as error:
            return Receipt(Outcome.UNCERTAIN, RENAME, _sentence(self.root, error), (), evidence)
        return Receipt(Outcome.SENT, RENAME, f"written to {path}", (), evidence)


class MailFolder:
    """The way out for mail without a mail server: `mail/DATE/NAME.eml`, for a person or program to send."""

    point = RENAME

    def __init__(self, root: Path) -> None:
        self.shelf = Shelf(root)

    async def send(self, made: Mail, stage: Stage) -> Receipt:
        """One file a message."""
        path = PurePosixPath("mail", made.day.isoformat(), file_name(made.key, ".eml"))
        return await self.shelf.put(path, made.raw, stage, {"message-id": made.message_id})

    async def found(self, evidence: Mapping[str, str]) -> Receipt | None:
        return await asyncio.to_thread(self.shelf.find, evidence)

    def keep(self, made: Mail) -> Mapping[str, Any]:
        return {}

    def again(self, kept: Mapping[str, Any], reached: Collection[str]) -> Mail:
        """A mail that was first tried by a server, which is not there any more."""
        return Mail.from_json(kept, reached)


def write_through(path: Path, content: bytes) -> None:
    """Write a file and bring it to the disk. A full disk raises OSError here and not later."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Bring a rename in a folder to the disk, where the file system can (network shares often cannot)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def _adopted(same: bool, evidence: Mapping[str, str]) -> Receipt:
    if same:
        return Receipt(Outcome.SENT, RENAME, f"is in {evidence['path']} already", (), evidence)
    return Receipt(
        Outcome.UNCERTAIN,
        RENAME,
        f"{evidence['path']} is there with other content; look which of the two went out",
        (),
        evidence,
    )


def _sentence(root: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"there is no room left in {root}"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{root} may not be written to"
    return f"{root} cannot be written to: {error.strerror or error}"
