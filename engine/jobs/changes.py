"""What a change of the policies changes: which files, by how many lines, and which policies and steps."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Connection

from engine.core.language.policy import House, Policy, PolicyBook, Step
from engine.core.problem import Place
from engine.jobs.releases import many, mode
from engine.settings.texts import from_kept
from engine.store import releases
from engine.store.releases import Release, State

if TYPE_CHECKING:
    from engine.jobs.workspace import Workspace

# The words of the policy language for what the book keeps under other names.
_WORDS = {
    "fits": "for",
    "each_invoice": "each",
    "title": "policy",
    "from_": "from",
    "restore_after": "restore-after",
    "open_days": "hours",
    "opens": "hours",
    "closes": "hours",
}


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

    live, stands = releases.live(conn), releases.standing(conn)
    problems, past = len(ws.errors), releases.all_live(conn)
    known = releases.of_hash(conn, ws.texts.hash)
    declined = known if known is not None and known.state is State.DECLINED else None
    if live is None:
        return Shown(None, "", stands, declined, problems, None, "", past)
    before = releases.texts(conn, live.id)
    staged = stands is not None and stands.state is State.STAGED
    after, new = ws.texts.kept(), ws
    if stands is not None and staged and stands.hash != ws.texts.hash:
        after = releases.texts(conn, stands.id)
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
    names = sorted({*before, *after})
    files = tuple(
        _file(name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    )
    return Changes(files, tuple(_words(old, new)) if old and new else ())


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


def _words(old: PolicyBook, new: PolicyBook) -> Iterator[str]:
    for policy in new.policies:
        was = old.policy(policy.id)
        if was is None:
            yield f"{policy.id}: a new policy, with {many(len(policy.steps), 'step')}"
        else:
            yield from _policy(was, policy)
    for policy in old.policies:
        if new.policy(policy.id) is None:
            yield f"{policy.id}: this policy is gone"
    kept = [policy.id for policy in old.policies if new.policy(policy.id)]
    if kept != [policy.id for policy in new.policies if old.policy(policy.id)]:
        yield f"the order is now {', '.join(policy.id for policy in new.policies)}"
    if words := _differing(old.house, new.house, "order"):
        yield f"house: {', '.join(words)} changed"
    if _bare(old.outcomes) != _bare(new.outcomes):
        yield "outcomes: what follows a call changed"


def _policy(was: Policy, now: Policy) -> Iterator[str]:
    if words := _differing(was, now, "id", "steps"):
        yield f"{now.id}: {', '.join(words)} changed"
    for step in now.steps:
        before = was.step(step.name)
        if before is None:
            yield f"{now.id}: day {step.day} is new: {step.name}"
        elif before.day != step.day:
            yield f"{now.id}: {step.name} on day {step.day}, no longer on day {before.day}"
        elif words := _differing(before, step, "name", "day", "index"):
            yield f"{now.id}: day {step.day}, {step.name}: {', '.join(words)} changed"
    for step in was.steps:
        if now.step(step.name) is None:
            yield f"{now.id}: day {step.day} is gone: {step.name}"


def _differing(old: House | Policy | Step, new: House | Policy | Step, *without: str) -> list[str]:
    """The words under which two of a kind differ, as they are written in the files."""
    names = [each.name for each in fields(old) if each.name not in ("place", "places", *without)]
    found = [name for name in names if _bare(getattr(old, name)) != _bare(getattr(new, name))]
    return list(dict.fromkeys(_WORDS.get(name, name) for name in found))


def _bare(value: Any) -> Any:
    """A value of the book without the places of its lines."""
    if isinstance(value, Place):
        return None
    if is_dataclass(value):
        return tuple(_bare(getattr(value, each.name)) for each in fields(value))
    if isinstance(value, Mapping):
        return {key: _bare(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_bare(one) for one in value)
    return value
