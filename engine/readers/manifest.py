"""The manifest beside a file: how many items must be in it, their total, its checksum, the day it shows.

It is the only proof that a file is whole: a CSV file that was cut at the end of a line looks like a shorter one.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from engine.core.problem import Place, Problem
from engine.readers.customers import CustomersReading
from engine.readers.numbers import digits, written
from engine.readers.reading import Reading

_LINE = re.compile(r"\s*(rows|total|sha256|as_of|as of)(?: ([A-Za-z]{3}))?\s*[:=]\s*\"?([^\"]*?)\"?\s*")
_SUM = re.compile(r"([0-9a-fA-F]{64})(?:\s.*)?")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a file must be. `totals` by currency; under "" that of a file in one currency."""

    file: str
    rows: int | None = None
    totals: Mapping[str, Decimal] = field(default_factory=dict)
    sha256: str = ""
    as_of: date | None = None

    def against(self, data: bytes) -> list[Problem]:
        """What speaks against the bytes of the file."""
        if not self.sha256 or hashlib.sha256(data).hexdigest() == self.sha256:
            return []
        return [self._differs("the checksum of the file is another one than the manifest's")]

    def disagreements(self, reading: Reading | CustomersReading) -> list[Problem]:
        """What speaks against the file once it has been read."""
        found = []
        rows, open = _counted(reading)
        if self.rows is not None and rows != self.rows:
            found.append(self._differs(f"the file has {rows:,} rows, the manifest says {self.rows:,}"))
        for code, total in self.totals.items():
            if not code and len(open) > 1:
                found.append(self._differs("the file has several currencies, the manifest one total"))
                continue
            currency = code or next(iter(open), "")
            has = open.get(currency, 0)
            if currency and total != Decimal(has).scaleb(-digits(currency)):
                sentence = f"the file's total is {written(has, currency)}, the manifest says {total:,f}"
                found.append(self._differs(sentence))
        return found

    def _differs(self, sentence: str) -> Problem:
        hint = "the file was cut, or is not the one that the manifest was made for: export both again"
        return Problem(Place(self.file), sentence, hint, "manifest")


def _counted(reading: Reading | CustomersReading) -> tuple[int, dict[str, int]]:
    """Items and open amounts as they stand in the file, with those that the profile sets aside."""
    if isinstance(reading, CustomersReading):
        return reading.customers.height, {}
    open = Counter(dict(reading.total_of_rows))
    for aside in reading.set_aside:
        open[aside.currency] += aside.amount or 0
    return reading.classified.get("item", 0), dict(open)


def read_manifest(name: str, data: bytes) -> tuple[Manifest | None, list[Problem]]:
    """What a manifest says, or why it is none. `FILE.done` may be empty: it says only that the file is there."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None, [_bad(name, 1, "this is not UTF-8 text")]
    if not text.strip():
        return (Manifest(name), []) if name.endswith(".done") else (None, [_bad(name, 1, "it is empty")])
    if not text.endswith("\n"):
        return None, [_bad(name, text.count("\n") + 1, "it ends in the middle of a line, so it may be cut")]
    lines = text.splitlines()
    if name.endswith(".sha256"):
        match = _SUM.fullmatch(lines[0])
        return (Manifest(name, sha256=match[1].lower()), []) if match else (None, [_bad(name, 1, _NO_SUM)])
    said: dict[str, str] = {}
    totals: dict[str, Decimal] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        key = match[1].replace(" ", "_") if match else ""
        currency = (match[2] or "").upper() if match else ""
        if match is None or key in said or (key == "total" and currency in totals):
            return None, [_bad(name, number, "this line is not understood, or it is there twice")]
        if key == "total":
            if not re.fullmatch(r"-?\d{1,14}(\.\d{1,4})?", match[3]):
                return None, [_bad(name, number, f"“{match[3]}” is no total")]
            totals[currency] = Decimal(match[3])
        else:
            said[key] = match[3]
    return _made(name, said, totals)


def _made(
    name: str, said: Mapping[str, str], totals: Mapping[str, Decimal]
) -> tuple[Manifest | None, list[Problem]]:
    rows, checksum, day = said.get("rows", ""), said.get("sha256", ""), said.get("as_of", "")
    if "rows" in said and not re.fullmatch(r"\d{1,9}", rows):
        return None, [_bad(name, 1, f"“{rows}” is no number of rows")]
    if "sha256" in said and not _SUM.fullmatch(checksum):
        return None, [_bad(name, 1, _NO_SUM)]
    try:
        on = date.fromisoformat(day) if "as_of" in said else None
    except ValueError:
        return None, [_bad(name, 1, f"“{day}” is no day")]
    if not (rows or checksum or totals) and not name.endswith(".done"):
        return None, [_bad(name, 1, "it says neither rows nor total nor sha256")]
    return Manifest(name, int(rows) if rows else None, totals, checksum.lower(), on), []


_NO_SUM = "there is no checksum of 64 letters and digits in it"


def _bad(name: str, line: int, sentence: str) -> Problem:
    hint = "write for example, each on a line: rows = 1234, total EUR = 56789.10, as_of = 2026-11-23"
    return Problem(Place(name, line), sentence, hint, "manifest")
