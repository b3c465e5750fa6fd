"""A file of the policies or messages is given another name, or taken away: refused while something uses it."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath

from sqlalchemy.engine import Engine

from engine.core.language import edit, source
from engine.core.problem import Problem
from engine.errors import Refused
from engine.jobs import edits
from engine.jobs.edits import Kept, NotGood
from engine.jobs.workspace import Workspace
from engine.store import database, standing

KINDS = ("policy", "tests", "message")  # what else there is has the one name that it can have
_FOLDERS = {"policy": "policies", "tests": "tests", "message": "templates"}


class StillUsed(Refused):
    """Something would be missing it; where is in `problems`."""

    def __init__(self, name: str, problems: tuple[Problem, ...]) -> None:
        super().__init__(f"{name} is used, so it stays as it is", "change first what uses it")
        self.problems = problems


def remove(engine: Engine, ws: Workspace, name: str, seen: str, by: str, now: datetime) -> list[str]:
    """Take a file away; a policy out of the house's order as well. Sentences, as `edits.save`; raises StillUsed too."""
    read = _known(engine, ws, name)
    written: dict[str, str | None] = {name: None}
    hashes = {name: seen}
    if read.kind == "policy":
        _ordered(ws, written, hashes, PurePosixPath(name).stem, "")
    return _saved(engine, ws, written, hashes, read, (by, now))


def rename(
    engine: Engine, ws: Workspace, name: str, new: str, seen: str, by: str, now: datetime
) -> list[str]:
    """Give a file another name; a policy also in the house's order and in its tests. As `remove`."""
    read = _known(engine, ws, name)
    path = edits.new_file(ws, _FOLDERS[read.kind], new)
    written: dict[str, str | None] = {path: read.text, name: None}
    hashes = {name: seen}
    if read.kind == "policy":
        old, stem = PurePosixPath(name).stem, PurePosixPath(path).stem
        _ordered(ws, written, hashes, old, stem)
        for test in (one for one in ws.texts.policies if edits.kind_of(one) == "tests"):
            there = edits.kept(ws, test)
            root = source.read(test, there.text.encode()).root
            said = edit.value_at(root, ("policy",))
            if said is not None and said.value == old:
                written[test], hashes[test] = edit.with_value(there.text, ("policy",), stem), there.hash
    return _saved(engine, ws, written, hashes, read, (by, now))


def _known(engine: Engine, ws: Workspace, name: str) -> Kept:
    """The file. Refused for one that can be neither renamed nor taken away, and for a policy that accounts are on."""
    read = edits.kept(ws, name)
    if read.kind not in KINDS:
        raise Refused(f"{PurePosixPath(name).name} has the one name that it can have, and is needed")
    if read.kind == "policy":
        with database.reading(engine) as conn:
            accounts = standing.on_policy(conn, PurePosixPath(name).stem)
        if accounts:
            raise Refused(
                f"{accounts:,} {'account is' if accounts == 1 else 'accounts are'} on this policy since the last run",
                "let it fit nobody first, so that the next run gives them to another",
            )
    return read


def _ordered(
    ws: Workspace, written: dict[str, str | None], hashes: dict[str, str], old: str, new: str
) -> None:
    """The house's order with a policy under its new name, or without it."""
    house = next((one for one in ws.texts.policies if edits.kind_of(one) == "house"), None)
    if house is None:
        return
    read = edits.kept(ws, house)
    try:
        text = edit.with_item(read.text, ("order",), new, old) if new else read.text
        text = edit.without_item(text, ("order",), old)
    except edit.CannotEdit:
        return  # there is no order, or none but it: the check says what is wrong
    if text != read.text:
        written[house], hashes[house] = text, read.hash


def _saved(
    engine: Engine,
    ws: Workspace,
    written: dict[str, str | None],
    hashes: dict[str, str],
    read: Kept,
    by: tuple[str, datetime],
) -> list[str]:
    try:
        return edits.save(engine, ws, written, hashes, *by)
    except NotGood as error:
        raise StillUsed(PurePosixPath(read.name).name, error.problems) from None
