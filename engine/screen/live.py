"""Which policies are live, and what a change that waits would change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.screen.written import clean, count, full_day

if TYPE_CHECKING:
    from engine.jobs.changes import Changes, Shown
    from engine.store.released import Release

_ASKED = {"on save": "a change is live on save", "on approval": "a change waits for a second person"}
_MOST_PROBLEMS = 5


def live_drawn(found: Shown, zone: tzinfo) -> RenderableType:
    """What is live, what stands beside it, and what to do about it. Moments are shown in `zone`."""
    live = found.live
    if live is None:
        lines = [Text("Nothing is live yet: the first run, or the service, takes the files as they are.")]
        return Group(*lines, *_standing(found, zone))
    head = Text.assemble(
        (f"Release {live.id}", "bold green"),
        f" is live since {_moment(live.live_at, zone)}, by {clean(live.live_by)}",
        f"; {_ASKED[found.mode]}.",
    )
    because = [Text(f"  {clean(live.because)}", "dim")] if live.because else []
    return Group(head, *because, *_standing(found, zone), *_earlier(found.all_live, zone))


def _standing(found: Shown, zone: tzinfo) -> list[RenderableType]:
    stands, declined = found.standing, found.declined
    if stands is not None and stands.state == "staged":
        told = f" waits for a second person, since {_moment(stands.staged_at, zone)}, by {clean(stands.staged_by)}."
        hints = (
            f"  dunwell live approve {stands.id} --by NAME",
            f"  dunwell live decline {stands.id} --by NAME --because TEXT",
        )
        head = Text.assemble((f"Release {stands.id}", "bold yellow"), told)
        return [Text(), head, *_changes(found.changes), *(Text(hint, "dim") for hint in hints)]
    if found.problems or (stands is not None and found.changes is not None):
        problems = stands.problems if stands is not None else ()
        many = count(found.problems or len(problems), "problem")
        lines = [Text(f"    {clean(one)}") for one in problems[:_MOST_PROBLEMS]]
        head = Text(f"The files have {many}, so they are not live.", "bold red")
        return [Text(), head, *lines, Text("  dunwell check  shows each with its line", "dim")]
    if found.changes is None:
        return [Text("  The files are the same.", "dim")] if found.live else []
    if declined is not None:
        head = Text(f"The files differ, and are as they were declined on {_moment(declined.ended_at, zone)}.")
        head.append(f"\n  {clean(declined.because)}" if declined.because else "", "dim")
        hint = "  dunwell live stage  asks for them again"
    elif found.mode == "on approval":
        head = Text("The files differ, and nobody has been asked yet.", "bold yellow")
        hint = "  dunwell live stage  asks now; a service that runs does so by itself"
    else:
        head = Text("The files differ; the next run takes them, or the service in a moment.", "bold yellow")
        hint = "  dunwell live stage  takes them now"
    return [Text(), head, *_changes(found.changes), Text(hint, "dim")]


def _changes(found: Changes | None) -> list[RenderableType]:
    if found is None:
        return []
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for one in found.files:
        lines = [f"+{one.added}"] * bool(one.added) + [f"−{one.removed}"] * bool(one.removed)
        table.add_row(Text(f"    {clean(one.file)}", "cyan"), Text(one.kind), Text(" ".join(lines)))
    words = [Text(f"    {clean(word)}") for word in found.words]
    return [table, *words, Text("  dunwell live --diff  shows it line by line", "dim")]


def _earlier(found: Sequence[Release], zone: tzinfo) -> list[RenderableType]:
    past = [one for one in found if one.state != "live"]
    if not past:
        return []
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for one in past:
        table.add_row(
            Text(f"  Release {one.id}"),
            Text(_moment(one.live_at, zone), "dim"),
            Text(clean(one.live_by), "dim"),
        )
    return [Text(), Text("Live before"), table, Text("  dunwell live back N --by NAME", "dim")]


def _moment(at: datetime | None, zone: tzinfo) -> str:
    if at is None:
        return ""
    here = at.astimezone(zone)
    return f"{full_day(here.date())} {here:%H:%M}"


def live_value(found: Shown) -> dict[str, object]:
    """For `--json`: keys are stable, moments are UTC."""
    return {
        "live": _release(found.live),
        "mode": found.mode,
        "standing": _release(found.standing),
        "declined": found.declined is not None,
        "problems": found.problems,
        "differs": found.changes is not None,
        "files": [
            {"file": one.file, "change": one.kind, "added": one.added, "removed": one.removed}
            for one in (found.changes.files if found.changes else ())
        ],
        "words": list(found.changes.words) if found.changes else [],
        "before": [_release(one) for one in found.all_live if one.state != "live"],
    }


def _release(one: Release | None) -> dict[str, object] | None:
    if one is None:
        return None
    return {
        "release": one.id,
        "state": one.state.value,
        "hash": one.hash,
        "staged_at": one.staged_at.isoformat(),
        "staged_by": one.staged_by,
        "live_at": one.live_at.isoformat() if one.live_at else None,
        "live_by": one.live_by or None,
        "because": one.because,
        "problems": list(one.problems),
    }
