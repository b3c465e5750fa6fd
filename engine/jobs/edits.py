"""A person changes one file of the policies or messages: tried before it is kept, refused where it is not good, never over
what somebody else has written meanwhile; and kept as that person's, so that a second one can agree to it.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from sqlalchemy.engine import Engine

from engine import settings
from engine.core.language.check import HOUSE, INVARIANTS, OUTCOMES
from engine.core.problem import Problem, Severity
from engine.errors import NotFound, Refused
from engine.jobs.deciding import many
from engine.jobs.releases import take_in
from engine.jobs.workspace import Workspace, of_texts
from engine.settings import texts as on_disk
from engine.settings.texts import Texts
from engine.store import database, released
from engine.store.released import State

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}(\.script)?(\.[a-z]{2})?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Kept:
    """A file as it was read. `hash` says which text it was: only over that one is anything written."""

    name: str
    text: str
    hash: str
    kind: str  # policy, house, outcomes, invariants, tests, message, page

    @property
    def yaml(self) -> bool:
        return self.kind not in ("message", "page")


class NotGood(Refused):
    """What was to be kept has problems; they are in `problems`, those of the file itself first."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(f"this has {many(len(problems), 'problem')}, so it is not kept", "mend them first")
        self.problems = problems


class WrittenMeanwhile(Refused):
    """Somebody else has written the file since it was read; `now` is how it is."""

    def __init__(self, now: Kept) -> None:
        super().__init__(
            "somebody has changed this file since you opened it, so yours was not written over theirs",
            "compare the two, and put yours into theirs",
        )
        self.now = now


def kind_of(name: str) -> str:
    """What a file is, by its name and folder."""
    path = PurePosixPath(name)
    if path.suffix not in (".yaml", ".yml"):
        return "message" if path.suffix == ".md" else "page"
    if path.parent.name == "tests":
        return "tests"
    return {HOUSE: "house", OUTCOMES: "outcomes", INVARIANTS: "invariants"}.get(path.name, "policy")


def kept(ws: Workspace, name: str) -> Kept:
    """A file of the workspace as it was read. NotFound where there is none of that name."""
    found = _all(ws.texts)
    if name not in found:
        raise NotFound("file", name)
    return _kept(name, found[name])


def new_file(ws: Workspace, folder: str, name: str) -> str:
    """The path of a file that is to be: `folder` is policies, tests or templates. Refused for a name that is none, or taken."""
    policies = ws.files.policies.relative_to(ws.root).as_posix()
    templates = ws.files.templates.relative_to(ws.root).as_posix()
    at, ending = {
        "policies": (policies, ".yaml"),
        "tests": (f"{policies}/tests", ".yaml"),
        "templates": (templates, ".md"),
    }[folder]
    bare = name.strip().removesuffix(ending)
    if not _NAME.fullmatch(bare) or (folder != "templates" and "." in bare):
        raise Refused(f"“{name}” is no name for a file", "letters, digits and dashes, like key-accounts")
    path = f"{at}/{bare}{ending}"
    if path.casefold() in {there.casefold() for there in _all(ws.texts)}:
        raise Refused(f"there is a file {path} already")
    return path


def texts_with(ws: Workspace, written: Mapping[str, str]) -> Texts:
    """All texts as they would be with these in their files."""
    return _texts(ws.texts, written)


def with_files(ws: Workspace, written: Mapping[str, str]) -> Workspace:
    """The workspace as it would be with these texts in their files, its messages tried out as well. Nothing is written."""
    return of_texts(ws.files, _texts(ws.texts, written)).thorough()


def problems_of(ws: Workspace, name: str) -> tuple[Problem, ...]:
    """What is wrong with a file, and then with the others."""
    return tuple(
        sorted(ws.problems, key=lambda one: (one.place.file != name, one.severity is Severity.WARNING))
    )


def save(
    engine: Engine,
    ws: Workspace,
    written: Mapping[str, str | None],
    seen: Mapping[str, str],
    by: str,
    now: datetime,
) -> list[str]:
    """Keep new texts of files, given the workspace of the files; then they are live, or wait for a second person. Sentences.

    A file without a text is taken away, once the others are written. `seen` are the hashes of what was read; a file that
    is not in it must not be there. Raises NotGood, WrittenMeanwhile, and Refused while a change of somebody else waits:
    whoever agrees to one of two changes would agree to both.
    """
    nobody_waits(engine, ws.files, by)
    there = on_disk.read(ws.files)
    _unchanged(there, written, seen)
    texts = _texts(there, written)
    checked = of_texts(ws.files, texts).thorough()
    was = ws if ws.texts.hash == there.hash else of_texts(ws.files, there)
    before = {(one.code, one.sentence, one.place.file) for one in was.thorough().errors}
    wrong = [
        one
        for one in checked.errors
        if one.place.file in written or (one.code, one.sentence, one.place.file) not in before
    ]
    if wrong:
        wrong.sort(key=lambda one: one.place.file not in written)
        raise NotGood(tuple(wrong))
    _unchanged(on_disk.read(ws.files), written, seen)
    for name, text in written.items():
        if text is not None:
            put(ws.root / name, _all(texts)[name])
    for name, text in written.items():
        if text is None:
            _remove(ws.root / name)
    return take_in(engine, ws.files, texts, now, by=by, checked=checked) or ["Nothing has changed."]


def bring_back(engine: Engine, ws: Workspace, by: str, now: datetime) -> list[str]:
    """The files are written as they are live. Refused where a file would be lost that no release has."""
    with database.reading(engine) as conn:
        live = released.live(conn)
        known = released.of_hash(conn, ws.texts.hash)
        if live is None:
            raise Refused("nothing is live yet")
        texts = released.texts(conn, live.id)
        waits = known is not None and known.state is State.STAGED
    there = {name: data.decode(errors="replace") for name, data in _all(ws.texts).items()}
    added = [name for name in there if name not in texts]
    if added:
        raise Refused(
            f"{', '.join(added)} {'is' if len(added) == 1 else 'are'} not live, and would be lost",
            "move it out of the folder first",
        )
    if waits:
        nobody_waits(engine, ws.files, by)
    for name, text in texts.items():
        if there.get(name) != text:
            put(ws.root / name, text.encode())
    take_in(engine, ws.files, on_disk.read(ws.files), now, by=by)
    return ["The files are again as they are live."]


def nobody_waits(engine: Engine, files: settings.Workspace, by: str) -> None:
    """Refused while a change of somebody else waits: whoever agrees to one of two changes would agree to both."""
    with database.reading(engine) as conn:
        waits = released.standing(conn)
    if waits is None or waits.state is not State.STAGED:
        return
    author = files.person(waits.staged_by) or waits.staged_by
    if author != by:
        people = files.settings.people
        name = people[author].name if author in people else author
        raise Refused(
            f"a change by {name} waits for a second person",
            "agree to it or decline it first: else whoever agrees to yours agrees to both",
        )


def _unchanged(there: Texts, written: Mapping[str, str | None], seen: Mapping[str, str]) -> None:
    found = _all(there)
    for name in written:
        now = _kept(name, found[name]) if name in found else None
        if now is None and name not in seen:
            continue
        if now is None or now.hash != seen.get(name):
            raise WrittenMeanwhile(now or Kept(name, "", "", kind_of(name)))


def _all(texts: Texts) -> dict[str, bytes]:
    return {**texts.policies, **texts.templates}


def _kept(name: str, data: bytes) -> Kept:
    text = data.decode("utf-8", errors="replace")
    return Kept(name, text, hashlib.sha256(data).hexdigest(), kind_of(name))


def _texts(there: Texts, written: Mapping[str, str | None]) -> Texts:
    """With these texts in place; a form ends its lines as the web does, a file keeps its own way."""
    policies, templates = dict(there.policies), dict(there.templates)
    for name, text in written.items():
        ours = policies if kind_of(name) not in ("message", "page") else templates
        if text is None:
            ours.pop(name, None)
            continue
        plain = text.replace("\r\n", "\n").replace("\r", "\n")
        if b"\r\n" in ours.get(name, b""):
            plain = plain.replace("\n", "\r\n")
        ours[name] = plain.encode()
    return replace(there, policies=dict(sorted(policies.items())), templates=dict(sorted(templates.items())))


def put(path: Path, data: bytes) -> None:
    """Write a file as a whole or not at all; who may read it stays as it was. Refused where it cannot be written."""
    target = path.resolve()
    beside = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o644
        with beside.open("wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise Refused(
            f"{path.name} cannot be written: {error.strerror or error}", "nothing was changed"
        ) from None


def _remove(path: Path) -> None:
    try:
        path.resolve().unlink(missing_ok=True)
    except OSError as error:
        raise Refused(f"{path.name} cannot be taken away: {error.strerror or error}") from None
