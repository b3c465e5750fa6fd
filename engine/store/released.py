"""Which policies and messages are live, which wait for a second person, and which are not good: each with its texts.

One release is live at a time, and at most one stands beside it: a change that waits, or one that has problems. What changes
them is in `releases`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from engine.store.view import View, rows
from engine.store.words import COMPANY

SETTINGS = "settings looked at"  # the name of their stamp among the settings


class State(StrEnum):
    """What became of a release."""

    STAGED = "staged"  # good, and waits for a second person
    BROKEN = "broken"  # has problems, and is never live
    LIVE = "live"  # decides
    REPLACED = "replaced"  # was live
    DECLINED = "declined"  # a person said no to just these texts: they are not taken again by themselves
    WITHDRAWN = "withdrawn"  # the files were changed again before anybody had answered


@dataclass(frozen=True, slots=True)
class Release:
    """One state of all policies and messages. `problems` are sentences with their places; moments are UTC."""

    id: int
    hash: str
    book: str | None
    state: State
    problems: tuple[str, ...]
    staged_at: datetime
    staged_by: str
    live_at: datetime | None
    live_by: str
    ended_at: datetime | None
    because: str


_NEWEST = "ORDER BY id DESC LIMIT 1"
_TEXTS = "SELECT texts FROM release WHERE id = :number"
_SEEN = f"SELECT value FROM setting WHERE company = :company AND name = '{SETTINGS}'"  # noqa: S608


def live(view: View, company: str = COMPANY) -> Release | None:
    """The release that decides; None before the first."""
    return _one(view, f"state = 'live' {_NEWEST}", company)


def standing(view: View, company: str = COMPANY) -> Release | None:
    """The change that waits for a second person, or that has problems."""
    return _one(view, f"state IN ('staged', 'broken') {_NEWEST}", company)


def of_hash(view: View, hash: str, company: str = COMPANY) -> Release | None:
    """The last release with just these texts."""
    return _one(view, f"hash = :hash {_NEWEST}", company, hash=hash)


def find(view: View, number: int, company: str = COMPANY) -> Release | None:
    return _one(view, "id = :number", company, number=number)


def before(view: View, company: str = COMPANY) -> Release | None:
    """The release that was replaced last: neither the live one, nor one that somebody went back from."""
    return _one(view, "state = 'replaced' ORDER BY ended_at DESC, id DESC LIMIT 1", company)


def all_live(view: View, limit: int = 10, company: str = COMPANY) -> tuple[Release, ...]:
    """What is or was live, the latest first."""
    which = "live_at IS NOT NULL ORDER BY live_at DESC, id DESC LIMIT :limit"
    return tuple(_all(view, which, company, limit=limit))


def texts(view: View, number: int) -> dict[str, str]:
    """The texts of a release, by their path from the workspace."""
    ((found,),) = rows(view, _TEXTS, number=number)
    kept: dict[str, str] = json.loads(found)
    return kept


def settings_seen(view: View, company: str = COMPANY) -> str:
    """The stamp of the settings' file as it was when the live release was last checked against it."""
    found = rows(view, _SEEN, company=company)
    return str(found[0][0]) if found else ""


_RELEASES = """SELECT id, hash, book, state, problems, staged_at, staged_by, live_at, live_by, ended_at, because
    FROM release WHERE company = :company AND """


def _one(view: View, which: str, company: str, **named: Any) -> Release | None:
    found = _all(view, which, company, **named)
    return found[0] if found else None


def _all(view: View, which: str, company: str, **named: Any) -> Sequence[Release]:
    return [_release(*row) for row in rows(view, _RELEASES + which, company=company, **named)]


def _release(
    id: int,
    hash: str,
    book: str | None,
    state: str,
    problems: str,
    staged_at: str,
    staged_by: str,
    live_at: str | None,
    live_by: str | None,
    ended_at: str | None,
    because: str,
) -> Release:
    return Release(
        id,
        hash,
        book,
        State(state),
        tuple(json.loads(problems)),
        datetime.fromisoformat(staged_at),
        staged_by,
        None if live_at is None else datetime.fromisoformat(live_at),
        live_by or "",
        None if ended_at is None else datetime.fromisoformat(ended_at),
        because,
    )
