"""A spreadsheet from outside is opened in a child process with limits: whatever it does ends the child alone."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from io import BytesIO

from engine import limited
from engine.core.problem import Place, Problem
from engine.limited import Limits
from engine.readers.profile import Profile
from engine.readers.propose import propose, propose_tables
from engine.readers.table import Table, read_tables

_SMALL = 1_000_000  # bytes
LIMITS = Limits(wall=180, cpu=150, memory=3_000_000_000)


def open_tables(
    name: str, data: bytes, profile: Profile, limits: Limits = LIMITS
) -> tuple[list[Table], list[Problem]]:
    """The tables of a file, as `read_tables` gives them; a spreadsheet's are read under limits.

    A CSV file is read here: it is no program, and costs what its size says.
    """
    told = (profile.encoding, profile.separator, profile.sheet)
    if not _is_spreadsheet(data):
        return _opened(name, data, *told)
    try:
        return limited.call(limits, _opened, name, data, *told)
    except limited.Ended as ended:
        sentence = f"opening this file {ended.sentence}"
        hint = "save only the sheet with the open items, or export as CSV"
        return [], [Problem(Place(name), sentence, hint, "file-too-big")]


def proposal(name: str, data: bytes, tables: Sequence[Table], limits: Limits = LIMITS) -> str:
    """A profile for a ledger that has been opened, as `propose` has it: in a child for a large one, which takes its time."""
    if len(data) < _SMALL:
        return propose_tables(name, tables, [])
    try:
        return limited.call(limits, propose, name, data)
    except limited.Ended as ended:
        return f"# Looking through {name} {ended.sentence}.\n"


def _opened(
    name: str, data: bytes, encoding: str, separator: str, sheet: str
) -> tuple[list[Table], list[Problem]]:
    return read_tables(name, data, encoding=encoding, separator=separator, sheet=sheet)


def _is_spreadsheet(data: bytes) -> bool:
    if data[:2] == b"\x1f\x8b":
        try:
            with gzip.open(BytesIO(data)) as packed:
                data = packed.read(4)
        except (EOFError, OSError, zlib.error):
            return False  # cut or damaged, which the reader says
    return data[:4] == b"PK\x03\x04"
