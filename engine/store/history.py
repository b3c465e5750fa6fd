"""What has happened with an account, in its order; and what is on the lists of people today."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Any

from sqlalchemy.engine import Connection

from engine.core.language.policy import Kind
from engine.errors import NotFound
from engine.store.happened import CHAPTERS, KINDS, Happened, money
from engine.store.tables import COMPANY, ActionState

__all__ = ["Happened", "Work", "history", "kinds_named", "money", "worklist"]


@dataclass(frozen=True, slots=True)
class Work:
    """One thing for a person to do: a call, a task, an approval, an address to find, an uncertain message.

    `amount` is minor units. `tries` counts calls that reached nobody. A step that waits for approval is one thing,
    however many its actions, and `role` is who must approve it.
    """

    key: str
    account: str
    name: str
    kind: str
    step: str
    state: str
    role: str
    person: str | None
    since: date
    amount: int
    currency: str
    tries: int
    detail: dict[str, Any]
    at: datetime | None = None  # of a call that is due at a time of day


def history(
    conn: Connection,
    account: str,
    company: str = COMPANY,
    *,
    since: date | None = None,
    until: date | None = None,
    kinds: Collection[str] = (),
) -> list[Happened]:
    """Everything about an account, the oldest first; only from a day on, through a day, or of some kinds."""
    found = [
        line
        for chapter in CHAPTERS
        for line in chapter(conn, account, company)
        if (since is None or line.on >= since)
        and (until is None or line.on <= until)
        and (not kinds or line.kind in kinds)
    ]
    return sorted(found, key=lambda line: line.on)


def kinds_named(wanted: Collection[str]) -> frozenset[str]:
    """Kinds of lines as a person names them. NotFound, with what may have been meant, for one that no line has."""
    known = (*KINDS, *(kind.value for kind in Kind))
    found = frozenset(" ".join(one.lower().replace("_", " ").split()) for one in wanted)
    for one in sorted(found - set(known)):
        raise NotFound("kind of event", one, tuple(get_close_matches(one, known, 3)) or known[:3])
    return found


def worklist(conn: Connection, on: date, company: str = COMPANY, person: str | None = None) -> list[Work]:
    """What people have to do on a day, the highest amount first; what was given to one person, or all."""
    from engine.store import work  # with columns, which are large to load: what only writes does without

    end = datetime.max.replace(tzinfo=UTC)
    rows = work.waiting(conn, on, end, (), company=company).sort("amount", "key", descending=[True, False])
    rows = rows.filter(rows["state"] != ActionState.NO_CAPACITY.value)
    named = zip(rows["key"].to_list(), rows["person"].to_list(), strict=True)
    keys = [key for key, given in named if person is None or given == person]
    found = work.in_full(conn, keys)
    return [found[key] for key in keys]
