"""A spreadsheet from outside is opened in a child process with limits: whatever it does ends the child alone."""

from __future__ import annotations

import gzip
import zlib
from io import BytesIO

from engine import limited
from engine.core.problem import Place, Problem
from engine.limited import Limits
from engine.readers.profile import Profile
from engine.readers.table import Table, read_tables

_SMALL = 1_000_000  # bytes
_LARGE = 10_000_000  # bytes of text that have too many cells for certain
_MANY = 200_000  # cells
_PACKED = (b"\x1f\x8b", b"PK")
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
        return [], [too_big(name, ended)]


def few_tables(
    name: str, data: bytes, profile: Profile, limits: Limits = LIMITS
) -> tuple[list[Table] | None, list[Problem]]:
    """As `open_tables`, for a process that must not be held up: what is large or packed is read under limits, and there are
    no tables of more cells than such a process looks through at once; then its problems are not known either."""
    told = (profile.encoding, profile.separator, profile.sheet)
    if data[:2] not in _PACKED and len(data) > _LARGE:
        return None, []
    if data[:2] not in _PACKED and len(data) <= _SMALL:
        return _few(name, data, *told)
    try:
        return limited.call(limits, _few, name, data, *told)
    except limited.Ended as ended:
        return [], [too_big(name, ended)]


def too_big(name: str, ended: limited.Ended) -> Problem:
    """What is said of a file that a limit ended the reading of."""
    hint = "save only the sheet with the open items, or export as CSV"
    return Problem(Place(name), f"opening this file {ended.sentence}", hint, "file-too-big")


def _few(
    name: str, data: bytes, encoding: str, separator: str, sheet: str
) -> tuple[list[Table] | None, list[Problem]]:
    tables, problems = _opened(name, data, encoding, separator, sheet)
    many = sum(len(row) for table in tables for row in table.rows) > _MANY
    return (None if many else tables), problems


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
