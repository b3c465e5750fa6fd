"""The day's calls as a list that opens in any spreadsheet, in the order in which they should be made."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date
from pathlib import Path

from engine.channels.folder import plain_cell, sync_folder, write_through


@dataclass(frozen=True, slots=True)
class Call:
    """One call or task. All text as it is shown; `amount` is written out with its currency."""

    person: str
    account: str
    name: str
    phone: str
    ask_for: str
    what: str
    amount: str
    oldest: str
    why: str
    key: str


def write_calls(root: Path, day: date, calls: Sequence[Call]) -> Path:
    """Write `calls/DATE.csv` whole, in the given order, over an earlier one of that day. Raises OSError."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([field.name.replace("_", " ") for field in fields(Call)])
    writer.writerows([plain_cell(cell) for cell in astuple(call)] for call in calls)
    path = root / "calls" / f"{day.isoformat()}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    hidden = path.with_name(f".{path.name}.part")
    try:
        write_through(hidden, b"\xef\xbb\xbf" + text.getvalue().encode())
        hidden.replace(path)
    except OSError:
        hidden.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    return path
