"""The tokens of programs: what each may, until when, and whether it is used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.screen.written import clean, full_day
from engine.store.tokens import Token


def tokens_drawn(tokens: Sequence[Token], now: datetime, zone: ZoneInfo) -> RenderableType:
    """A line a token; those that open nothing any more are dim."""
    if not tokens:
        return Text("There is no token yet.  dunwell token add NAME --scope SCOPE  makes one.")
    table = Table.grid(padding=(0, 2))
    for one in tokens:
        good = one.good(now)
        used = f"used {_moment(one.seen_at, zone)}" if one.seen_at else "never used"
        table.add_row(
            Text(clean(one.name), "bold" if good else "dim"),
            Text(", ".join(one.scopes), "" if good else "dim"),
            Text(_until(one, now, zone), "" if good else "dim"),
            Text(used, "dim"),
        )
    return Group(table)


def _until(one: Token, now: datetime, zone: ZoneInfo) -> str:
    if one.ended_at is not None:
        return f"ended {_moment(one.ended_at, zone)} by {clean(one.ended_by)}"
    last = one.last_day(str(zone))
    if last is None:
        return "until it is ended"
    return f"{'until' if one.good(now) else 'was good until'} {full_day(last)}"


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def tokens_value(tokens: Sequence[Token]) -> list[dict[str, object]]:
    """What `token list --json` writes; moments in UTC."""

    def moment(at: datetime | None) -> str | None:
        return at.isoformat() if at else None

    return [
        {
            "name": one.name,
            "scopes": list(one.scopes),
            "made_at": moment(one.at),
            "made_by": one.by,
            "until": moment(one.until),
            "ended_at": moment(one.ended_at),
            "ended_by": one.ended_by or None,
            "used_at": moment(one.seen_at),
        }
        for one in tokens
    ]
