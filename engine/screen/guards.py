"""The guards, what stands aside and until when, and whether an account may be called or written to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from engine.screen.lines import plain_table
from engine.screen.written import clean, count, full_day, line_of

if TYPE_CHECKING:
    from engine.core.cases.guards import Standing
    from engine.jobs.cases.guards import Conduct, SetAside
    from engine.store.wishes import Rule

_WAYS = {"call": "a call", "email": "an e-mail", "letter": "a letter"}


def guards_drawn(
    guards: Sequence[Standing], aside: Sequence[SetAside], rules: Sequence[Rule], *, width: int = 100
) -> RenderableType:
    """Every guard, then the exceptions in force, then what customers asked for."""
    parts: list[RenderableType] = []
    for one in guards:
        head = Text.assemble(
            (f"{one.guard.name}", "bold"),
            ("" if one.on else "  off", "red"),
            (f"  {one.says}" if one.says else "", ""),
            (f"  {line_of(one.place)}" if one.place else "", "dim"),
        )
        parts += [head, Padding(Text(one.guard.does, "dim"), (0, 0, 0, 2))]
    removable = ", ".join(one.guard.name for one in guards if one.guard.off)
    parts += [Text(), Text(f"An account may have an exception of: {removable}.", "dim"), Text()]
    parts.append(Text(count(len(aside), "exception") + " in force", "bold"))
    if aside:
        parts.append(_exceptions(aside))
    parts.append(Text(count(len(rules), "rule") + " about contact in force", "bold"))
    if rules:
        parts.append(_rules(rules))
    return Group(*parts)


def _exceptions(aside: Sequence[SetAside]) -> RenderableType:
    table = plain_table(5)
    for one in aside:
        table.add_row(
            Text(clean(one.account), "bold"),
            Text(one.guard),
            Text(f"through {full_day(one.until)}"),
            Text(clean(one.by), "dim"),
            Text(clean(one.because)),
        )
    return table


def _rules(rules: Sequence[Rule]) -> RenderableType:
    table = plain_table(5)
    for one in rules:
        until = f"through {full_day(one.until)}" if one.until else f"since {full_day(one.since)}"
        table.add_row(
            Text(clean(one.account), "bold"),
            Text(f"{one.wish.value} {clean(one.whom)}".strip()),
            Text(until),
            Text(clean(one.by), "dim"),
            Text(clean(one.because)),
        )
    return table


def guards_value(
    guards: Sequence[Standing], aside: Sequence[SetAside], rules: Sequence[Rule]
) -> dict[str, object]:
    return {
        "guards": [
            {
                "name": one.guard.name,
                "does": one.guard.does,
                "source": one.guard.source,
                "on": one.on,
                "says": one.says,
                "line": str(one.place) if one.place else None,
                "removable": one.guard.off,
            }
            for one in guards
        ],
        "exceptions": [_exception(one) for one in aside],
        "contact_rules": [_rule(one) for one in rules],
    }


def _exception(one: SetAside) -> dict[str, object]:
    return {
        "account": one.account,
        "guard": one.guard,
        "from": one.since.isoformat(),
        "until": one.until.isoformat(),
        "because": one.because,
        "by": one.by,
    }


def _rule(one: Rule) -> dict[str, object]:
    return {
        "account": one.account,
        "rule": one.wish.value,
        "whom": one.whom or None,
        "from": one.since.isoformat(),
        "until": one.until.isoformat() if one.until else None,
        "because": one.because,
        "by": one.by,
    }


def conduct_drawn(found: Conduct) -> RenderableType:
    """May it be called or written to, by whom not and why; then what is on record."""
    table = plain_table(3)
    for way, said in _WAYS.items():
        held = [one for one in found.held if one.way == way]
        if not held:
            table.add_row(
                Text("✓", "green"), Text(f"{said} may be made" if way == "call" else f"{said} may go")
            )
        for one in held:
            table.add_row(
                Text("✗", "red"), Text(f"not {said}: {clean(one.why)}"), Text(f"guard {one.guard}", "dim")
            )
    parts: list[RenderableType] = [Text(clean(found.account), "bold"), table]
    if found.wishes:
        parts += [Text("Asked for"), _rules(found.wishes)]
    if found.exceptions:
        parts += [Text("Set aside"), _exceptions(found.exceptions)]
    return Group(*parts)


def conduct_value(found: Conduct) -> dict[str, object]:
    return {
        "account": found.account,
        **{way: found.may(way) for way in _WAYS},
        "held": [{"way": one.way, "guard": one.guard, "why": one.why} for one in found.held],
        "contact_rules": [_rule(one) for one in found.wishes],
        "exceptions": [_exception(one) for one in found.exceptions],
    }
