"""Letters for the print room: a PDF each, and a list of the day's letters to print, count and tick off."""

from __future__ import annotations

import asyncio
import csv
import fcntl
import hashlib
import io
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

from engine.channels.folder import RENAME, Shelf, file_name, plain_cell, sync_folder
from engine.channels.receipt import Outcome, Receipt, Stage

COLUMNS = ("number", "run", "key", "account", "name", "pages", "sha256", "file")


@dataclass(frozen=True, slots=True)
class Letter:
    """A finished letter. `run` is the number of the run that decided it, `day` the day of its post, `text` its words."""

    key: str
    pdf: bytes
    account: str
    name: str
    pages: int
    run: str
    day: date
    text: str = ""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.pdf).hexdigest()


class Letters:
    """The way out by post: `letters/DATE/NAME.pdf` and `letters/DATE/manifest.csv`, numbered each day."""

    point = RENAME

    def __init__(self, root: Path) -> None:
        self.shelf = Shelf(root)

    async def send(self, made: Letter, stage: Stage) -> Receipt:
        """The file first, then its line: what the list names is there."""
        path = PurePosixPath("letters", made.day.isoformat(), file_name(made.key, ".pdf"))
        line = {
            "run": made.run,
            "key": made.key,
            "account": made.account,
            "name": made.name,
            "pages": str(made.pages),
        }
        receipt = await self.shelf.put(path, made.pdf, stage, line)
        if receipt.state is not Outcome.SENT:
            return receipt
        return await asyncio.to_thread(self._list, receipt)

    async def found(self, evidence: Mapping[str, str]) -> Receipt | None:
        """A letter that the print room has taken is still on its list."""
        return await asyncio.to_thread(self._found, evidence)

    def keep(self, made: Letter) -> Mapping[str, Any]:
        return {}

    def again(self, kept: Mapping[str, Any], reached: Collection[str]) -> Letter:
        raise ValueError("letters are made anew")

    def _found(self, evidence: Mapping[str, str]) -> Receipt | None:
        seen = self.shelf.find(evidence)
        if seen is not None:
            return self._list(seen) if seen.state is Outcome.SENT else seen
        if "path" not in evidence:
            return None
        path = PurePosixPath(evidence["path"])
        for line in read_manifest(self.shelf.root / path.parent / "manifest.csv"):
            if line["file"] == path.name and line["sha256"] == evidence["sha256"]:
                return Receipt(Outcome.SENT, RENAME, f"is number {line['number']} of the list", (), evidence)
        return None

    def _list(self, receipt: Receipt) -> Receipt:
        """The letter is there; now its line. The evidence has all that the line says."""
        path = PurePosixPath(receipt.evidence["path"])
        line = {**receipt.evidence, "file": path.name}
        try:
            number = add_to_manifest(self.shelf.root / path.parent / "manifest.csv", line)
        except OSError as error:
            return Receipt(
                Outcome.UNCERTAIN,
                RENAME,
                f"{path} is there, but its line is not in manifest.csv: {error.strerror or error}",
                (),
                receipt.evidence,
            )
        evidence = {**receipt.evidence, "number": str(number)}
        return Receipt(Outcome.SENT, RENAME, f"{receipt.sentence}, number {number} of the list", (), evidence)


def add_to_manifest(path: Path, line: Mapping[str, str]) -> int:
    """The letter's number in the day's list, where it is added once however often it is asked. Raises
    OSError.

    A line that a crash cut off is dropped before the next is written.
    """
    new = not path.exists()
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # another process may be adding to it
        file.seek(0)
        content = file.read()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            file.truncate(len(whole))
        lines = list(csv.DictReader(io.StringIO(whole.decode("utf-8-sig"), newline="")))
        for known in lines:
            if known["file"] == line["file"]:
                return int(known["number"])
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        if not whole:
            writer.writerow(COLUMNS)
        number = len(lines) + 1
        writer.writerow([number, *(plain_cell(line[column]) for column in COLUMNS[1:])])
        file.write((b"" if whole else b"\xef\xbb\xbf") + text.getvalue().encode())
        file.flush()
        os.fsync(file.fileno())
    if new:
        sync_folder(path.parent)
    return number


def read_manifest(path: Path) -> list[dict[str, str]]:
    """The lines of a day's list as columns of text; empty where there is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    whole = content[: content.rfind(b"\n") + 1]
    return list(csv.DictReader(io.StringIO(whole.decode("utf-8-sig"), newline="")))
