"""Today's list: what is due at a time, then what comes first; what a day does not take; and what went well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.core.sentences import score_said
from engine.screen import listed
from engine.screen.lines import fitted
from engine.screen.written import clean, count, money

if TYPE_CHECKING:
    from engine.jobs.worklist import Entry, Worklist
    from engine.store.work import Sums


def worklist_drawn(
    found: Worklist,
    names: Mapping[str, str],
    zone: tzinfo,
    *,
    width: int = 100,
    why: bool = False,
    amounts: bool = True,
) -> RenderableType:
    """A day's list. `names` gives a person's name by their id; `zone` is the office's; `why` shows each score's parts.

    Without `amounts` it may lie where strangers read it.
    """
    wins = [Text(said, "green")] if amounts and (said := listed.wins(found)) else []
    away = [Text(said, "dim") for said in listed.away(found, names)]
    if not found.entries:
        nothing = Text("Nothing is on the list.  “dunwell run” puts today's calls and tasks there.")
        return Group(nothing, *wins, *_rest(found), *away)
    parts: list[RenderableType] = [Text(f"{count(found.today.number, 'thing')} to do", "bold"), *wins, *away]
    groups = (
        ("At a time", [one for one in found.entries if one.at and one.fits]),
        ("", [one for one in found.entries if not one.at and one.fits]),
        ("Not today: the day is full", [one for one in found.entries if not one.fits]),
    )
    for title, entries in groups:
        if entries:
            parts += [Text(title, "bold")] * bool(title)
            parts.append(_lines(entries, found, names, zone, width, why, amounts))
    parts += [*(_rest(found) if amounts else ()), Text(), *_hints(found.entries)]
    return Group(*parts)


def _lines(
    entries: Sequence[Entry],
    found: Worklist,
    names: Mapping[str, str],
    zone: tzinfo,
    width: int,
    why: bool,
    amounts: bool,
) -> RenderableType:
    rows = [_row(one, names, zone) for one in entries]
    if not any(one.at for one in entries):
        rows = [row[1:] for row in rows]
    first = len(rows[0]) - 6
    if not amounts:
        bare = [(*row[: first + 2], *row[first + 3 :]) for row in rows]
        return fitted(bare, width, elastic=(first + 1, first + 2))
    table: Table = fitted(rows, width, right=(first + 2,), elastic=(first + 1, first + 3))
    if not why:
        return table
    parts: list[RenderableType] = []
    for row, one in zip(rows, entries, strict=True):
        said = score_said(found.score, found.currency, one.score, one.parts)
        parts += [
            fitted([row], width, right=(first + 2,), elastic=(first + 1, first + 3)),
            Text(f"    {said}", "dim"),
        ]
    return Group(*parts)


def _row(one: Entry, names: Mapping[str, str], zone: tzinfo) -> tuple[Text, ...]:
    work = one.work
    return (
        Text(f"{one.at.astimezone(zone):%H:%M}" if one.at else "", "yellow"),
        Text(clean(work.account), "bold"),
        Text(clean(work.name)),
        Text(money(work.amount, work.currency)),
        Text(listed.what(one)),
        Text(listed.whose(one, names)),
        Text(listed.state(one), "yellow"),
    )


def _rest(found: Worklist) -> list[Text]:
    shown = sum(one.fits for one in found.entries)
    lines = []
    if shown < found.today.number:
        lines.append(f"  The first {shown:,} of {found.today.number:,}:  dunwell worklist --all  shows all.")
    if said := listed.not_today(found):
        all_shown = any(not one.fits for one in found.entries)
        lines.append(f"  {said}" + ("" if all_shown else "  dunwell worklist --all"))
    if said := listed.no_room(found):
        lines.append(f"  {said}")
    return [Text(line, "yellow") for line in lines]


def _hints(entries: Sequence[Entry]) -> list[Text]:
    hints = []
    if any(one.work.kind == "call" for one in entries):
        hints += [
            "  Before a call:   dunwell brief ACCOUNT",
            "  A call is done:  dunwell log ACCOUNT OUTCOME --with NAME",
        ]
    if any(one.work.kind == "task" for one in entries):
        hints.append("  A task is done:  dunwell done ACCOUNT")
    if any(one.work.state == "awaiting approval" for one in entries):
        hints.append(
            "  To agree, or not:  dunwell approve ACCOUNT  ·  dunwell decline ACCOUNT --because TEXT"
        )
    return [Text(hint, "dim") for hint in hints]


def worklist_value(found: Worklist, zone: tzinfo) -> dict[str, object]:
    """What `worklist --json` writes."""
    from engine.exports.values import amount

    def sums(one: Sums) -> dict[str, object]:
        return {"number": one.number, "amounts": {code: amount(minor, code) for code, minor in one.amounts}}

    return {
        "on": found.on.isoformat(),
        "score": found.score,
        "today": sums(found.today),
        "not_today": sums(found.not_today),
        "no_room": sums(found.no_room),
        "wins": {
            "since": found.wins.since.isoformat(),
            "promises_kept": sums(found.wins.kept),
            "cash_in": sums(found.wins.cash),
        },
        "away": [
            {"person": one.person, "until": one.until.isoformat(), "because": one.because or None}
            for one in found.away
        ],
        "work": [
            {
                "key": one.work.key,
                "account": one.work.account,
                "name": one.work.name,
                "kind": one.work.kind,
                "step": one.work.step,
                "state": one.work.state,
                "role": one.work.role,
                "person": one.person,
                "instead_of": one.instead_of,
                "at": one.at.astimezone(zone).isoformat(timespec="minutes") if one.at else None,
                "since": one.work.since.isoformat(),
                "amount": amount(one.work.amount, one.work.currency),
                "currency": one.work.currency,
                "tries": one.work.tries,
                "script": one.work.detail.get("script"),
                "score": round(one.score, 3),
                "parts": {part: round(points, 3) for part, points in one.parts.items()},
                "today": one.fits,
            }
            for one in found.entries
        ],
    }
