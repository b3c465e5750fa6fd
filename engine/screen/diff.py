"""A change of the policies on one screen: what differs in words, then what that does to the ledger of today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from engine.core import sentences
from engine.core.language.policy import Kind
from engine.screen.lines import apart, fitted, heading, plain_table
from engine.screen.weekly import assumed
from engine.screen.written import (
    PLURALS,
    clean,
    count,
    day_month,
    does,
    line_of,
    listed,
    money,
    span,
)

if TYPE_CHECKING:
    from engine.core.trust.impact import DayImpact, Impact, LoadImpact, Move, Touched, TouchedAccount
    from engine.jobs.diff import Difference

_MOST = 8  # lines a section has before it says how many more there are
_MOST_WORDS = 20
_WIDE = 88  # columns from which a line has its place


def diff_drawn(found: Difference, *, width: int = 100, every_day: bool = False) -> Group:
    """The whole comparison. With `every_day` each day that differs has its line."""
    parts: list[RenderableType] = [*_sides(found, width), *_words(found, width)]
    if found.impact is None:
        return Group(*parts, Text(), Text(why_no_impact(found), "bold"))
    parts += _impact(found.impact, width, every_day)
    return Group(*parts)


def why_no_impact(found: Difference) -> str:
    """Why only words are compared."""
    if found.nothing:
        return sentences.SAME_WORDS
    return sentences.NO_LEDGER if found.words else sentences.ONLY_MESSAGES


def _sides(found: Difference, width: int) -> Iterator[RenderableType]:
    facts = ""
    if found.impact is not None:
        facts = count(found.impact.accounts, "account")
        facts += f" · ledger of {day_month(found.impact.as_of)}" if found.impact.as_of else ""
    yield apart(Text("What the change does", "bold"), Text(facts, "dim"), width)
    yield Text.assemble(("  from  ", "dim"), clean(found.old))
    yield Text.assemble(("  to    ", "dim"), clean(found.new))


def _words(found: Difference, width: int) -> Iterator[RenderableType]:
    if found.nothing:
        return
    yield Text()
    yield heading("IN WORDS")
    for change in found.words[:_MOST_WORDS]:
        line = Text(f"  {clean(change.sentence)}")
        place = Text(line_of(change.place).replace(".yaml:", ":"), "dim")
        yield apart(line, place, width) if line.cell_len + place.cell_len + 2 <= width else line
    if len(found.words) > _MOST_WORDS:
        yield Text(f"  and {count(len(found.words) - _MOST_WORDS, 'more change')}", "dim")
    for one in found.messages[:_MOST_WORDS]:
        yield Text(f"  {sentences.message_changed(clean(one.file), one.kind)}")
    if len(found.messages) > _MOST_WORDS:
        yield Text(f"  and {count(len(found.messages) - _MOST_WORDS, 'more message')}", "dim")


def _impact(view: Impact, width: int, every_day: bool) -> Iterator[RenderableType]:
    first, last = view.days[0].on, view.days[-1].on
    yield Text()
    yield apart(Text(f"THE NEXT {len(view.days)} DAYS", "bold"), Text(span(first, last), "dim"), width)
    if view.nothing:
        yield Text(f"  {sentences.NOBODY}")
    else:
        yield from _numbers(view)
        yield from _days(view, every_day)
    yield from _next_run(view)
    yield from _moves(view.moves, width)
    yield from _touched("NEWLY CONTACTED", view.newly, width)
    yield from _touched("NO LONGER CONTACTED", view.no_longer, width)
    if view.otherwise:
        others = count(view.otherwise, "account is", "accounts are")
        yield Text()
        yield Text(f"  {others} contacted either way, by other steps or on other days.")
    yield from _workload(view, width)
    yield Text()
    yield from (Text(clean(fault), "red") for fault in view.faults)
    if "durable-rules" not in view.evaluators:
        yield Text("durable-rules is not installed: the plain evaluator decides alone.", "yellow")
    yield Text(taken_for_granted(view), "dim")
    yield Text("Nothing has been sent or written.", "bold")


def taken_for_granted(view: Impact) -> str:
    """What both sides assume; where the safety stop holds a day, that somebody agrees to it."""
    stops = any(day.stopped_before or day.stopped_after for day in view.days)
    return f"{assumed(view.assumes)} {sentences.STOPS_AGREED}" if stops else assumed(view.assumes)


def _numbers(view: Impact) -> Iterator[RenderableType]:
    table = plain_table(1, 3)
    heads = ("before", "after", "gained", "lost", "earlier", "later")
    for _ in heads:
        table.add_column(justify="right", no_wrap=True)
    table.add_row("", *(Text(head, "bold") for head in heads))
    for kind in view.kinds:
        cells = (_number(kind.gained, "green"), _number(kind.lost, "red"))
        table.add_row(
            f"  {PLURALS[kind.kind]}",
            *(Text(f"{number:,}") for number in (kind.before, kind.after)),
            *cells,
            _number(kind.earlier),
            _number(kind.later),
        )
    sums = [sum(getattr(kind, head) for kind in view.kinds) for head in heads]
    table.add_row(Text("  all", "bold"), *(Text(f"{number:,}" if number else "–", "bold") for number in sums))
    yield table
    if view.approvals_before != view.approvals_after:
        steps = count(view.approvals_after, "step needs", "steps need")
        yield Text(f"  {steps} approval, {view.approvals_before:,} before.", "yellow")


def _number(number: int, style: str = "") -> Text:
    return Text(f"{number:,}", style) if number else Text("–", "dim")


def kinds_of(days: Sequence[DayImpact]) -> list[Kind]:
    """The kinds of which some day has more or fewer."""
    return [
        kind for kind in PLURALS if any(day.before.get(kind, 0) != day.after.get(kind, 0) for day in days)
    ]


def differing(view: Impact) -> list[DayImpact]:
    """The days whose numbers are not the same."""
    return [day for day in view.days if day.before != day.after]


def signed(number: int) -> str:
    """`+3`, `−3`, `–`."""
    return f"+{number:,}" if number > 0 else f"−{-number:,}" if number < 0 else "–"


def _days(view: Impact, every_day: bool) -> Iterator[RenderableType]:
    days = differing(view)
    if not days:
        return
    kinds = kinds_of(days)
    table = plain_table(1, 3)
    for _ in range(len(kinds) + 2):
        table.add_column(justify="right", no_wrap=True)
    heads = [*(PLURALS[kind] for kind in kinds), "before", "after"]
    table.add_row("", *(Text(head, "bold") for head in heads))
    shown = days if every_day else days[:_MOST]
    for day in shown:
        cells = [_difference(day.after.get(kind, 0) - day.before.get(kind, 0)) for kind in kinds]
        totals = (f"{day.total_before:,}", f"{day.total_after:,}")
        table.add_row(f"  {day_month(day.on)}", *cells, *totals)
    yield Text()
    more = f"more: --show days ({len(days)} in all)" if len(days) > len(shown) else ""
    yield heading("BY DAY", more=more)
    yield table


def _difference(number: int) -> Text:
    return Text(signed(number), "green" if number > 0 else "red" if number < 0 else "dim")


def next_run(view: Impact) -> list[tuple[str, bool]]:
    """The next run, and what the safety stop says to it and to the other days; true where somebody must look at it."""
    jump = view.jump
    lines = [(sentences.next_run(jump.on, jump.total_before, jump.total_after), False)]
    stops = []
    for day in view.days:
        if day.stopped_after and day.stopped_before:
            stops.append((sentences.stop_still(day.on, day.stopped_after), True))
        elif day.stopped_after:
            stops.append((sentences.stop_new(day.on, day.stopped_after), True))
        elif day.stopped_before:
            stops.append((sentences.stop_gone(day.on), False))
    return lines + (stops or [(sentences.NO_STOP, False)])


def _next_run(view: Impact) -> Iterator[RenderableType]:
    yield Text()
    lines = next_run(view)
    yield heading("THE NEXT RUN")
    for line, bad in lines[: _MOST + 1]:
        yield Padding(Text(line, "red" if bad else ""), (0, 0, 0, 2))
    if len(lines) > _MOST + 1:
        yield Text(f"  and {count(len(lines) - _MOST - 1, 'more day')}", "dim")


def in_currencies(amounts: Mapping[str, int]) -> str:
    """Each currency's own sum: they are never added up."""
    return listed(money(minor, currency) for currency, minor in amounts.items())


def policy_name(id: str) -> str:
    return clean(id) or "no policy"


def _moves(moves: Sequence[Move], width: int) -> Iterator[RenderableType]:
    if not moves:
        return
    rows = [
        (
            Text(f"  {move.accounts:,}"),
            Text(f"{policy_name(move.before)} → {policy_name(move.after)}"),
            Text(f"{in_currencies(move.money)} overdue" if move.money else "nothing overdue"),
            Text(", ".join(clean(one) for one in move.examples), "dim"),
        )
        for move in moves[:_MOST]
    ]
    yield Text()
    yield heading("ACCOUNTS THAT MOVE")
    yield fitted(rows, width, right=(0,), elastic=(3, 1))
    if len(moves) > _MOST:
        yield Text(f"  and {count(len(moves) - _MOST, 'more move')}", "dim")


def does_what(one: TouchedAccount) -> str:
    return ", ".join(clean(does(action.kind, action.value)) for action in one.actions)


def _touched(title: str, touched: Touched, width: int) -> Iterator[RenderableType]:
    if not touched.accounts:
        return
    more = f"{count(touched.accounts, 'account')}, {in_currencies(touched.money) or 'nothing due'}"
    rows = [
        (
            Text(f"  {day_month(one.on)}"),
            Text(clean(one.account), "bold"),
            Text(clean(one.name)),
            Text(in_currencies(one.money)),
            Text(does_what(one)),
            *([Text(f"{one.policy}:{one.place.line}", "dim")] if width >= _WIDE else []),
        )
        for one in touched.largest[:_MOST]
    ]
    yield Text()
    yield heading(title, more=more)
    yield fitted(rows, width, right=(3,), elastic=(2, 4))
    if touched.accounts > len(rows):
        yield Text(f"  and {count(touched.accounts - len(rows), 'smaller one')}", "dim")


def loads(view: Impact) -> list[LoadImpact]:
    """The loads that differ."""
    return [load for load in view.workload if load.before != load.after]


LOAD_HEADS = ("a day takes", "busiest day", "full days", "most waiting")


def load_cells(load: LoadImpact) -> tuple[str, ...]:
    """Who and what, what a day can take, then before and after: the busiest day, the full days, the most that waits."""
    capacity = _most(load.capacity)
    if load.capacity != load.capacity_before:
        capacity = _became(_most(load.capacity_before), capacity)
    limited = load.capacity is not None or load.capacity_before is not None
    waiting = load.waiting_before or load.waiting_after
    return (
        clean(load.name or load.person) or "everybody",
        load.kind,
        capacity,
        _became(f"{max(load.before):,}", f"{max(load.after):,}"),
        _became(f"{load.full(after=False)}", f"{load.full(after=True)}") if limited else "",
        _became(f"{load.waiting_before:,}", f"{load.waiting_after:,}") if waiting else "",
    )


def _most(capacity: int | None) -> str:
    return "no limit" if capacity is None else f"{capacity:,}"


def _became(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"


def _workload(view: Impact, width: int) -> Iterator[RenderableType]:
    chosen = loads(view)
    if not chosen:
        return
    table = plain_table(2, 3 if width >= _WIDE else 1)
    for _ in LOAD_HEADS:
        table.add_column(justify="right", no_wrap=True)
    table.add_row("", "", *(Text(head, "dim") for head in LOAD_HEADS))
    for load in chosen:
        who, *rest = load_cells(load)
        table.add_row(f"  {who}", *rest)
    yield Text()
    yield heading("WORKLOAD")
    yield table


# -- for programs -----------------------------------------------------------------------------------------------------


def diff_value(found: Difference) -> dict[str, object]:
    """For `--json`: keys are stable, amounts are minor units by currency."""
    return {
        "same": found.nothing,
        "old": found.old,
        "new": found.new,
        "words": [
            {"about": one.about, "sentence": one.sentence, "line": str(one.place) if one.place else None}
            for one in found.words
        ],
        "files": [
            {"file": one.file, "change": one.kind, "added": one.added, "removed": one.removed}
            for one in found.files
        ],
        "ledger": found.ledger,
        "impact": _impact_value(found.impact) if found.impact else None,
    }


def _impact_value(view: Impact) -> dict[str, object]:
    return {
        "nothing": view.nothing,
        "accounts": view.accounts,
        "as_of": view.as_of.isoformat() if view.as_of else None,
        "assumes": view.assumes,
        "currency": view.currency,
        "next_run": {
            "on": view.jump.on.isoformat(),
            "before": view.jump.total_before,
            "after": view.jump.total_after,
            "stopped_before": view.jump.stopped_before or None,
            "stopped_after": view.jump.stopped_after or None,
        },
        "stops": any(day.stopped_after and not day.stopped_before for day in view.days),
        "kinds": [
            {
                "kind": kind.kind.value,
                "before": kind.before,
                "after": kind.after,
                "gained": kind.gained,
                "lost": kind.lost,
                "earlier": kind.earlier,
                "later": kind.later,
            }
            for kind in view.kinds
        ],
        "days": [
            {
                "on": day.on.isoformat(),
                "closed": day.closed or None,
                "before": {kind.value: number for kind, number in day.before.items()},
                "after": {kind.value: number for kind, number in day.after.items()},
                "stopped_before": day.stopped_before or None,
                "stopped_after": day.stopped_after or None,
            }
            for day in view.days
        ],
        "moves": [
            {
                "from": move.before or None,
                "to": move.after or None,
                "accounts": move.accounts,
                "overdue": dict(move.money),
                "examples": list(move.examples),
            }
            for move in view.moves
        ],
        "newly_contacted": _touched_value(view.newly),
        "no_longer_contacted": _touched_value(view.no_longer),
        "otherwise": view.otherwise,
        "approvals": {"before": view.approvals_before, "after": view.approvals_after},
        "workload": [
            {
                "person": load.person or None,
                "kind": load.kind,
                "capacity_before": load.capacity_before,
                "capacity": load.capacity,
                "before": list(load.before),
                "after": list(load.after),
                "waiting_before": load.waiting_before,
                "waiting_after": load.waiting_after,
            }
            for load in view.workload
        ],
        "evaluators": list(view.evaluators),
        "faults": list(view.faults),
    }


def _touched_value(touched: Touched) -> dict[str, object]:
    return {
        "accounts": touched.accounts,
        "asked": dict(touched.money),
        "largest": [
            {
                "account": one.account,
                "name": one.name,
                "on": one.on.isoformat(),
                "does": [f"{action.kind.value} {action.value}" for action in one.actions],
                "policy": one.policy,
                "step": one.step,
                "line": str(one.place),
                "asked": dict(one.money),
            }
            for one in touched.largest
        ],
    }
