"""Messages that a check has tried are not tried again by the next one, as long as nothing that counts has changed.

Kept is only which messages are sound, by a fingerprint of everything that decides it; whatever is wrong is found anew each time.
Whoever sends tries them all: `Workspace.thorough`.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Collection
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from engine import core
from engine.core.messages.demands import fingerprints
from engine.jobs.workspace import Workspace

FOLDER = ".dunwell-cache"
_FILE = "sound-messages"
_LIBRARIES = ("babel", "jinja2", "markdown_it", "markupsafe", "mdurl")


def tried(ws: Workspace) -> Workspace:
    """As `Workspace.thorough`. What was sound is kept beside `dunwell.toml`, where a file can be written there."""
    by = _what_tries()
    if not by:
        return ws.thorough()
    prints = fingerprints(ws.templates, ws.demands, by)
    folder = ws.root / FOLDER
    before = _kept(folder)
    whole = ws.thorough([file for file, taken in prints.items() if taken in before])
    wrong = {problem.place.file for problem in whole.problems[len(ws.problems) :]}
    # Where one of the two pages is wrong, nothing was tried.
    sound = (
        {taken for file, taken in prints.items() if file not in wrong} if wrong <= prints.keys() else before
    )
    if sound != before:
        _keep(folder, sound)
    return whole


@cache
def _what_tries() -> str:
    """Python, the whole core as it is installed, and the packages that it writes messages with; empty where the core has no
    files of its own to be read.
    """
    digest = hashlib.sha256(sys.version.encode())
    files = sorted(Path(core.__path__[0]).rglob("*.py"))
    for file in files:
        digest.update(file.name.encode() + file.read_bytes())
    for name in _LIBRARIES:
        found = find_spec(name)
        if found is None or found.origin is None:
            return ""
        package = Path(found.origin)
        beside = sorted(each for each in os.listdir(package.parent.parent) if each.endswith("-info"))
        digest.update("\n".join([str(package), *beside]).encode() + package.read_bytes())
    return digest.hexdigest() if files else ""


def _kept(folder: Path) -> frozenset[str]:
    try:
        return frozenset((folder / _FILE).read_text("ascii").split())
    except (OSError, UnicodeDecodeError):
        return frozenset()


def _keep(folder: Path, sound: Collection[str]) -> None:
    """What cannot be written is found out again the next time."""
    part = folder / f"{_FILE}.{os.getpid()}"
    try:
        folder.mkdir(exist_ok=True)
        (folder / ".gitignore").write_text("*\n", "ascii")
        part.write_text("\n".join(sorted(sound)) + "\n", "ascii")
        part.replace(folder / _FILE)
    except OSError:
        with suppress(OSError):
            part.unlink()
