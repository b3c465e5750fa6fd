"""What is wrong, for a person to read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from engine.screen.lines import plain_table
from engine.screen.written import clean, count

if TYPE_CHECKING:
    from engine.jobs.verify import Findings
    from engine.store.alarms import Alarm


def alarms_drawn(
    stands: Sequence[Alarm], over: Sequence[Alarm], zone: tzinfo | None, silent: str = ""
) -> RenderableType:
    """What stands, and below it what is over. `silent`: the service does not show itself, so nobody else says so."""
    parts: list[RenderableType] = [Text(clean(silent), "red")] if silent else []
    if stands:
        parts += [Text(f"{count(len(stands), 'thing is', 'things are')} wrong", "bold"), _table(stands, zone)]
        parts.append(
            Text("  Enough mail about one:  dunwell alarms quiet NUMBER --because TEXT", "dim"),
        )
    elif not silent:
        parts.append(Text("Nothing is wrong."))
    if over:
        parts += [Text(), Text("Over", "bold"), _table(over, zone)]
    return Group(*parts)


def _table(alarms: Sequence[Alarm], zone: tzinfo | None) -> RenderableType:
    table = plain_table(4)
    for one in alarms:
        end = f" until {_moment(one.cleared_at, zone)}" if one.cleared_at else ""
        quiet = f" (quiet: {clean(one.quiet)})" if one.quiet else ""
        table.add_row(
            Text(str(one.id), "bold"),
            Text(f"{_moment(one.first_at, zone)}{end}", "dim"),
            Text(one.kind, "" if one.cleared_at else "red"),
            Text(f"{clean(one.sentence)}{quiet}"),
        )
    return table


def alarms_value(alarms: Sequence[Alarm], silent: str = "") -> list[dict[str, Any]]:
    unseen: list[dict[str, Any]] = [{"id": None, "kind": "silent", "sentence": silent}] if silent else []
    return unseen + [
        {
            "id": one.id,
            "kind": one.kind,
            "about": one.about,
            "sentence": one.sentence,
            "first_at": one.first_at.isoformat(),
            "last_at": one.last_at.isoformat(),
            "times": one.times,
            "told": one.told,
            "told_at": one.told_at.isoformat() if one.told_at else None,
            "quiet": one.quiet,
            "cleared_at": one.cleared_at.isoformat() if one.cleared_at else None,
        }
        for one in alarms
    ]


def findings_drawn(found: Findings) -> RenderableType:
    """A line for each rule, and under it what breaks it."""
    table = plain_table(4)
    for one in found.each:
        table.add_row(
            Text(one.id, "bold"),
            Text("broken" if one.broken else "holds", "red" if one.broken else "green"),
            Text(one.rule),
            Text(f"{one.looked:,} {one.of}", "dim"),
        )
    parts: list[RenderableType] = [table]
    for one in found.each:
        for row in one.broken:
            where = " · ".join(clean(word) for word in (row.account, row.key) if word)
            parts += [Text(), Text(f"{one.id}  {where}".rstrip(), "bold"), Text(f"    {clean(row.sentence)}")]
            parts.append(Text(f"    {clean(row.remedy)}", "dim"))
        parts += [Text(f"\n{one.id}  {clean(note)}", "yellow") for note in one.notes]
    if not found.whole:
        broken = count(len(found.broken), "row breaks a rule", "rows break a rule")
        parts += [Text(), Text(f"{broken}. “dunwell help verify” says what each rule means.")]
    return Group(*parts)


def findings_value(found: Findings) -> dict[str, Any]:
    return {
        "whole": found.whole,
        "rules": [
            {
                "id": one.id,
                "rule": one.rule,
                "looked": one.looked,
                "of": one.of,
                "notes": list(one.notes),
                "broken": [
                    {
                        "key": row.key,
                        "account": row.account,
                        "sentence": row.sentence,
                        "remedy": row.remedy,
                    }
                    for row in one.broken
                ],
            }
            for one in found.each
        ],
    }


def _moment(at: datetime, zone: tzinfo | None) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
