"""A form's fields go into `dunwell.toml`: checked as a whole first, then written; passwords into files of their own."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sqlalchemy.engine import Engine

from engine import settings
from engine.core.problem import Problem, Severity
from engine.errors import Refused, WrongFields
from engine.jobs.cases.who import Who
from engine.jobs.edits import put
from engine.settings import FILE
from engine.settings.source import Source
from engine.settings.written import CannotWrite, Value, Way, with_values
from engine.store import journal
from engine.store.database import writing
from engine.store.journal import Entry


def seen(root: Path) -> str:
    """What tells that the file is still the one that was shown."""
    return hashlib.sha256((root / FILE).read_bytes()).hexdigest()


def save(
    engine: Engine,
    root: Path,
    values: Mapping[Way, Value],
    shown: str,
    who: Who,
    *,
    fields: Mapping[Way, str],
    secret: tuple[str, str] | None = None,
) -> bool:
    """Write settings; whether anything is another now. `fields` name the form's field of each.

    `shown` is what `seen` said when the form was drawn. `secret`: (file beside `dunwell.toml`, what it holds).
    Raises WrongFields for what cannot be taken, and Refused where somebody has written the file meanwhile.
    """
    path = root / FILE
    before = path.read_bytes()
    if seen(root) != shown:
        raise Refused(
            f"{FILE} was changed since you opened this page", "look what it says now, and save again"
        )
    try:
        after = with_values(before.decode("utf-8-sig"), values).encode()
    except CannotWrite:
        raise Refused(
            f"{FILE} is written in a way that cannot be changed here", "change it as a text"
        ) from None
    if before.startswith(b"\xef\xbb\xbf"):
        after = b"\xef\xbb\xbf" + after
    if after == before and secret is None:
        return False
    kept = _keep(root, secret) if secret else None
    try:
        found, problems = settings.read(root, after)
        wrong = [one for one in problems if one.severity is Severity.ERROR]
        if found is None or wrong:
            raise _wrong(wrong, after, fields)
        put(path, after)
    except Refused:
        if secret:
            _restore(root / secret[0], kept)
        raise
    changed = [".".join(way) for way in values if after != before]
    changed += [f"the password in {secret[0]}"] if secret else []
    with writing(engine) as conn:
        journal.append(conn, [Entry("settings", "", {"by": who.by, "changed": changed})], who.at)
    return True


def _wrong(problems: list[Problem], text: bytes, fields: Mapping[Way, str]) -> Refused:
    """What is wrong, at the fields it is about; as a sentence where it is about none of them."""
    lines = {place[0]: way for way, place in Source(text.decode("utf-8-sig")).places.items() if way in fields}
    told: dict[str, str] = {}
    rest: list[str] = []
    for one in problems:
        sentence = one.sentence + (f"; {one.suggestion}" if one.suggestion else "")
        way = lines.get(one.place.line) if one.place.file == FILE else None
        if way is None:
            rest.append(f"{one.place}: {sentence}")
        else:
            told.setdefault(fields[way], sentence)
    return WrongFields(told) if told and not rest else Refused("; ".join([*told.values(), *rest]))


def _keep(root: Path, secret: tuple[str, str]) -> bytes | None:
    """The password into its file, which nobody else can read. What was there before."""
    path = root / secret[0]
    before = path.read_bytes() if path.is_file() else None
    with suppress(FileNotFoundError):
        path.unlink()
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{secret[1]}\n")
    except OSError as error:
        raise Refused(f"{path.name} cannot be written: {error.strerror or error}") from None
    return before


def _restore(path: Path, before: bytes | None) -> None:
    if before is None:
        path.unlink(missing_ok=True)
    else:
        path.write_bytes(before)
