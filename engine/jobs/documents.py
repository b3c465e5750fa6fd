"""The copies of invoices that a message carries: the house's own documents, never a look-alike made by us."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.channels.mail import Attachment
from engine.jobs.workspace import Workspace

TEMPLATE = "invoice-copy"  # the message that carries them


@dataclass(frozen=True, slots=True)
class Copies:
    """The documents of some invoices: files to attach, addresses to name, and the invoices without either."""

    files: Mapping[str, Path]
    links: Mapping[str, str]
    missing: tuple[str, ...]


def copies(ws: Workspace, numbers: Sequence[str]) -> Copies:
    """Where the documents of these invoices are, by `[documents]` of the settings."""
    found = {number: ws.files.document(number) for number in numbers}
    return Copies(
        files={number: where for number, where in found.items() if isinstance(where, Path)},
        links={number: where for number, where in found.items() if isinstance(where, str)},
        missing=tuple(number for number, where in found.items() if where is None),
    )


def attached(files: Mapping[str, Path]) -> list[Attachment]:
    """The files as they go with a message. OSError where one cannot be read."""
    return [
        Attachment(
            path.name, mimetypes.guess_type(path.name)[0] or "application/octet-stream", path.read_bytes()
        )
        for path in dict.fromkeys(files.values())
    ]
