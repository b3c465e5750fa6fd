"""The coming days on one screen: the numbers first, then who needs a person, what waits and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.core.decision.summary import PlannedAction, Preview, PreviewDay, Workload
from engine.core.language.policy import Kind
from engine.screen import weekly
from engine.screen.lines import apart, fitted, heading, plain_table
from engine.screen.written import (
    PLURALS,
    by_step,
    clean,
    count,
    day_month,
    line_of,
    listed,
    money,
    reason_words,
    short_day,
    span,
    whole_money,
)

_MOST = 8  # lines a section has before it says how many more there are
_LONGEST = 7  # days side by side
_WIDE = 120  # columns
_NARROW = 4  # days that are no week


def preview_drawn(view: Preview, *, width: int = 100, calendar: str = "") -> Group:
    """The summary. `width` is the screen's; `calendar` names the house's calendar where a day is closed."""
    parts: list[RenderableType] = [_title(view, width), Text()]
    if view.actions or any(day.stopped for day in view.days):
        parts += [_numbers(view, width), *_notes(view, calendar)]
    else:
        parts.append(Text(f"  Nothing goes out {weekly.period(view, 'these days')}."))
    parts += [
        *_stops(view),
        *_approvals(view, width),
        *_held(view),
        *_workload(view, width),
        *_compared(view),
    ]
    return Group(*parts, Text(), *_closing(view))


def held_drawn(view: Preview, *, width: int = 100) -> Group:
    """Every step that waits, one line each, with its reason and the line that says so."""
    rows = [
        (
            Text(f"  {short_day(step.on)}"),
            Text(clean(step.account), "bold"),
            Text(clean(step.name)),
            Text(f"{step.policy}: {step.step}" if step.step else step.policy),
            Text(reason_words(step.reason), "yellow"),
            Text(whole_money(step.amount, view.currency) if step.amount else ""),
            Text(line_of(step.place).replace(".yaml:", ":"), "dim"),
        )
        for step in view.held
    ]
    table = fitted(rows, width, right=(5,), elastic=(2, 3, 4))
    if not rows:
        return Group(_title(view, width), Text(), Text("  Nothing is held back."))
    ask = "  Why, with all its facts:  dunwell explain ACCOUNT"
    return Group(_title(view, width), Text(), heading("HELD BACK"), table, Text(), Text(ask, "dim"))


def actions_drawn(view: Preview, *, approvals: bool = False, width: int = 100) -> Group:
    """Every action of the days, or those alone that need somebody's word, one line a step."""
    chosen = [action for action in view.actions if action.approve or not approvals]
    head = "NEEDS APPROVAL" if approvals else "ACTIONS"
    if not chosen:
        nothing = "  Nothing needs approval." if approvals else "  Nothing goes out."
        return Group(_title(view, width), Text(), Text(nothing))
    return Group(_title(view, width), Text(), heading(head), _steps(view, by_step(chosen), width, approvals))


def _title(view: Preview, width: int) -> RenderableType:
    days = weekly.shown(view.days)
    first, last = days[0].on, days[-1].on
    facts = [count(view.accounts, "account"), f"policies {view.book[:6]}"]
    if view.as_of:
        facts.append(f"ledger of {day_month(view.as_of)}")
    head = ("Week of " if 4 <= (last - first).days <= 6 else "") + span(first, last)
    told = Text(" · ".join(facts), "dim")
    return apart(Text(head, "bold"), told, width)


def _numbers(view: Preview, width: int) -> RenderableType:
    days = weekly.shown(view.days)
    kinds = [kind for kind in PLURALS if any(day.counts.get(kind) for day in days)]
    notes = {kind: weekly.needs(view, kind) for kind in kinds}
    wide = 14 + 9 * (len(days) + 1) + 3 + max((len(note) for note in notes.values()), default=0)
    if len(days) > _LONGEST or (wide > width and len(days) > len(kinds)):
        return _downwards(days, kinds)
    table = plain_table(1, 3 if wide <= width else 1)
    for _ in range(len(days) + 1):
        table.add_column(justify="right", no_wrap=True, min_width=6)
    table.add_column(no_wrap=False)
    total = "" if len(days) == 1 else "week" if len(days) > _NARROW else "total"
    head = [Text(short_day(day.on), "bold") for day in days]
    table.add_row("", *head, Text(total, "bold"), "")
    for kind in kinds:
        cells = [_cell(day, day.counts.get(kind, 0)) for day in days]
        whole = "" if len(days) == 1 else f"{sum(day.counts.get(kind, 0) for day in days):,}"
        table.add_row(f"  {PLURALS[kind]}", *cells, Text(whole), Text(notes[kind], "yellow"))
    cells = [_cell(day, sum(day.counts.values())) for day in days]
    whole = "" if len(days) == 1 else f"{sum(sum(day.counts.values()) for day in days):,}"
    table.add_row(Text("  all", "bold"), *cells, Text(whole, "bold"), "")
    return table


def _downwards(days: Sequence[PreviewDay], kinds: Sequence[Kind]) -> RenderableType:
    """A line a day, where the days do not fit side by side."""
    table = plain_table(1)
    for _ in range(len(kinds) + 1):
        table.add_column(justify="right", no_wrap=True)
    table.add_row("", *(Text(PLURALS[kind], "bold") for kind in kinds), Text("all", "bold"))
    for day in days:
        cells = [_cell(day, day.counts.get(kind, 0)) for kind in kinds]
        table.add_row(f"  {day_month(day.on)}", *cells, _cell(day, sum(day.counts.values())))
    sums = [sum(day.counts.get(kind, 0) for day in days) for kind in kinds]
    all_kinds = [sum(sum(day.counts.values()) for day in days)]
    table.add_row(Text("  all", "bold"), *(Text(f"{number:,}", "bold") for number in [*sums, *all_kinds]))
    return table


def _cell(day: PreviewDay, number: int) -> Text:
    if day.stopped:
        return Text("stopped", "bold red")
    if day.closed and not number:
        return Text("closed", "dim")
    return Text(f"{number:,}") if number else Text("–", "dim")


def _notes(view: Preview, calendar: str) -> list[RenderableType]:
    lines = [Text(f"  {said}") for said in weekly.closed(view, calendar)]
    return [Text(), *lines] if lines else []


def _stops(view: Preview) -> list[RenderableType]:
    stops = [Text(f"  {short_day(day.on)}  {day.stopped}", "red") for day in view.days if day.stopped]
    return [Text(), heading("STOPPED", "bold red"), *stops] if stops else []


def _approvals(view: Preview, width: int) -> list[RenderableType]:
    asked = [action for action in view.actions if action.approve]
    if not asked:
        return []
    steps = by_step(asked)
    more = f"more: --show approvals ({len(steps):,} in all)" if len(steps) > _MOST else ""
    roles = listed(sorted({clean(action.approve) for action in asked}))
    head = heading(f"NEEDS APPROVAL of {roles}", more=more)
    return [Text(), head, _steps(view, steps[:_MOST], width, True)]


def _steps(view: Preview, steps: Iterable[tuple[PlannedAction, str]], width: int, approvals: bool) -> Table:
    """A line a step. Who does it, or, on a wide screen and where somebody must agree, the line that says so."""
    names = {load.person: load.name for load in view.workload}
    placed = approvals or width >= _WIDE
    day = short_day if (view.days[-1].on - view.days[0].on).days < _LONGEST else day_month
    rows = [
        (
            Text(f"  {day(first.on)}"),
            Text(clean(first.account), "bold"),
            Text(clean(first.name)),
            Text(money(first.amount, first.currency)),
            Text(count(first.late, "day") if first.late > 0 else "not late"),
            Text(clean(does)),
            *([] if approvals else [Text(clean(names.get(first.person) or first.person))]),
            *([Text(line_of(first.place).replace(".yaml:", ":"), "dim")] if placed else []),
        )
        for first, does in steps
    ]
    return fitted(rows, width, right=(3, 4), elastic=(2, 5))


def _held(view: Preview) -> list[RenderableType]:
    if not view.groups and not view.no_policy:
        return []
    table = plain_table(4)
    table.columns[0].justify = table.columns[3].justify = "right"
    for group in view.groups[:_MOST]:
        table.add_row(
            Text(f"  {group.accounts:>4,}"),
            Text(reason_words(group.reason)),
            Text(line_of(group.place), "dim"),
            Text(whole_money(group.amount, view.currency) if group.amount else ""),
        )
    if len(view.groups) > _MOST:
        table.add_row("", Text(f"and {count(len(view.groups) - _MOST, 'more reason')}", "dim"), "", "")
    more = "more: --show held" if view.groups else ""
    out: list[RenderableType] = [Text(), heading("HELD BACK", more=more), table]
    if view.no_policy:
        out.append(Text(f"  {view.no_policy:>4,}  {weekly.unasked(view)}"))
    return out


def _workload(view: Preview, width: int) -> list[RenderableType]:
    """What each person has a day, against what a day takes. A full day is marked."""
    rows = [load for load in view.workload if any(load.counts)]
    shown = {day.on for day in weekly.shown(view.days)}
    places = [number for number, day in enumerate(view.days) if day.on in shown]
    if not rows or len(places) > _LONGEST:
        return []
    table = plain_table(2, 3 if 36 + 9 * len(places) <= width else 1)
    for _ in places:
        table.add_column(justify="right", no_wrap=True, min_width=6)
    heads = [Text(short_day(view.days[place].on), "dim") for place in places]
    table.add_row("", "", *heads)
    for load in rows:
        cells = [_load(load, place) for place in places]
        room = f"{load.kind}, of {load.capacity:,}" if load.capacity is not None else load.kind
        table.add_row(f"  {clean(load.name or load.person) or 'everybody'}", Text(room, "dim"), *cells)
    return [Text(), heading("WORKLOAD"), table]


def _compared(view: Preview) -> list[RenderableType]:
    """How many accounts are on each side of the comparisons, and how many of them come in these days."""
    if not view.compared:
        return []
    table = plain_table(1)
    table.add_column(justify="right")
    for side in view.compared:
        new = (
            f"{count(side.drawn, 'account')} drawn {weekly.period(view, 'in these days')}"
            if side.drawn
            else ""
        )
        table.add_row(
            f"  {side.split}",
            Text(side.side),
            f"{side.accounts:,}",
            Text(new, "dim"),
            Text(line_of(side.place), "dim"),
        )
    return [Text(), heading("COMPARED", more="dunwell compare"), table]


def _load(load: Workload, place: int) -> Text:
    number = load.counts[place] if place < len(load.counts) else 0
    if load.capacity is not None and number and number >= load.capacity:
        return Text(f"{number:,} full", "yellow")
    return Text(f"{number:,}") if number else Text("–", "dim")


def _closing(view: Preview) -> list[RenderableType]:
    lines: list[RenderableType] = [Text(clean(fault), "red") for fault in view.faults]
    if "durable-rules" not in view.evaluators:
        lines.append(Text("durable-rules is not installed: the plain evaluator decides alone.", "yellow"))
    lines.append(Text(weekly.assumed(view.assumes), "dim"))
    lines.append(Text(weekly.total(view), "bold"))
    return lines
