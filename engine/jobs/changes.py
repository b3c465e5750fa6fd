"""What a change of the policies changes: which files, by how many lines, and which policies and steps."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.engine import Connection

from engine.core.language.policy import PolicyBook
from engine.core.trust.wording import changed
from engine.jobs.deciding import mode
from engine.settings.texts import from_kept
from engine.store import released
from engine.store.released import Release, State

if TYPE_CHECKING:
    from engine.jobs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that is not as it was: how many lines it has more, and how many less."""

    file: str
    kind: str  # added, changed, removed
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs between two releases. `words` say what happens to policies and steps, a line each."""

    files: tuple[FileChange, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """What is live, what stands beside it, and how the two differ.

    `mode` is the `live:` that counts. `standing` waits for a second person, or is broken; `declined` is a person's no
    to the files as they are. `changes` are from the live release to what waits, or else to the files; None: they
    are the same.
    """

    live: Release | None
    mode: str
    standing: Release | None
    declined: Release | None
    problems: int  # of the files
    changes: Changes | None
    diff: str
    all_live: tuple[Release, ...]


def shown(conn: Connection, ws: Workspace) -> Shown:
    """How things are, given the workspace of the files."""
    from engine.jobs.workspace import of_texts

    live, stands = released.live(conn), released.standing(conn)
    problems, past = len(ws.errors), released.all_live(conn)
    known = released.of_hash(conn, ws.texts.hash)
    declined = known if known is not None and known.state is State.DECLINED else None
    if live is None:
        return Shown(None, "", stands, declined, problems, None, "", past)
    before = released.texts(conn, live.id)
    staged = stands is not None and stands.state is State.STAGED
    after, new = ws.texts.kept(), ws
    if stands is not None and staged and stands.hash != ws.texts.hash:
        after = released.texts(conn, stands.id)
        new = of_texts(ws.files, from_kept(after), release=stands.id)
    found = None
    if before != after:
        found = changes(before, after, of_texts(ws.files, from_kept(before)).book, new.book)
    diff = unified(before, after)
    return Shown(live, mode(before), stands, declined, problems, found, diff, past)


def changes(
    before: Mapping[str, str], after: Mapping[str, str], old: PolicyBook | None, new: PolicyBook | None
) -> Changes:
    """Between two sets of texts, and the books that were read from them, where both could be."""
    files = file_changes(before, after)
    words = changed(old, new) if old and new else ()
    return Changes(files, tuple(change.sentence for change in words))


def file_changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[FileChange, ...]:
    """The files that differ between two sets of texts. How a line ends is no difference."""
    return tuple(
        _file(name, before.get(name), after.get(name))
        for name in sorted({*before, *after})
        if _lines(before.get(name)) != _lines(after.get(name))
    )


def _lines(text: str | None) -> list[str] | None:
    return None if text is None else text.splitlines()


def unified(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """The change line by line, as programmers write it."""
    out: list[str] = []
    for name in sorted({*before, *after}):
        old, new = (side.get(name, "").splitlines() for side in (before, after))
        out += difflib.unified_diff(old, new, f"live/{name}", f"files/{name}", lineterm="")
    return "".join(f"{line}\n" for line in out)


def _file(name: str, before: str | None, after: str | None) -> FileChange:
    kind = "added" if before is None else "removed" if after is None else "changed"
    old, new = (before or "").splitlines(), (after or "").splitlines()
    lines = list(difflib.unified_diff(old, new, n=0, lineterm=""))[2:]  # without the names
    marks = [line[:1] for line in lines]
    return FileChange(name, kind, marks.count("+"), marks.count("-"))
