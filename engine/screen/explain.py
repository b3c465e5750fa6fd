"""Why an account gets what it gets, or nothing: which policy, which step, and whether it may go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.screen.written import clean, full_day, line_of

if TYPE_CHECKING:
    from engine.jobs.explain import Explanation
    from engine.jobs.why_not import Answer

_MARKS = {"done": ("✓", "green"), "due": ("→", "bold yellow"), "held": ("✗", "red"), "passed": ("–", "dim")}


def explanation_drawn(told: Explanation) -> Group:
    """The three questions, each answered with the lines that answer it, and what it comes to."""
    head = f"{clean(told.account)} {clean(told.name)} · {full_day(told.on)}"
    parts: list[RenderableType] = [Text(head, "bold")]
    if told.header:
        parts.append(Text(" · ".join(clean(fact) for fact in told.header)))
    parts.append(Text())
    if told.routes:
        table = _table()
        for route in told.routes:
            table.add_row(
                _mark(route.fits), Text(route.policy), Text(clean(route.sentence)), _line(route.place)
            )
        parts += [Text("Which policy?", "bold"), table]
    if told.steps:
        table = _table()
        for rung in told.steps:
            sign, style = _MARKS.get(rung.mark, (" ", "dim"))
            what = Text(f"day {rung.day:<4} {clean(rung.what)}", "bold" if rung.mark == "due" else "")
            table.add_row(Text(f"  {sign}", style), what, Text(clean(rung.sentence)), _line(rung.place))
        parts += [Text("Which step?", "bold"), table]
    if told.gates:
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        for check in told.gates:
            table.add_row(_mark(check.ok), Text(clean(check.sentence)), _line(check.place))
        parts += [Text("May it go out?", "bold"), table]
    parts += [Text(), *(Text(clean(sentence), "bold") for sentence in told.verdict)]
    if told.why_not is not None:
        parts += _why_not(told.why_not)
    source = "As it was decided then, with" if told.stored else "By"
    parts.append(Text(f"{source} policies {told.book[:6]}.", "dim"))
    return Group(*parts)


def _why_not(answer: Answer) -> list[RenderableType]:
    """The first thing in the way of the step that was asked for, and when that is otherwise."""
    parts: list[RenderableType] = [Text(), Text(f"Why not “{clean(answer.step)}”?", "bold")]
    if answer.sentence:
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_row(_mark(False), Text(clean(answer.sentence)), _line(answer.place))
        parts.append(table)
    return parts + [Text(clean(sentence)) for sentence in answer.said]


def _table() -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for _ in range(4):
        table.add_column()
    return table


def _mark(ok: bool) -> Text:
    return Text("  ✓", "green") if ok else Text("  ✗", "red")


def _line(place: object) -> Text:
    from engine.core.problem import Place

    return Text(line_of(place) if isinstance(place, Place) else "", "dim")


def explanation_value(told: Explanation) -> dict[str, object]:
    """What `explain --json` writes; the keys stay as they are."""

    def line(place: object) -> str | None:
        return str(place) if place else None

    return {
        "account": told.account,
        "name": told.name,
        "on": told.on.isoformat(),
        "facts": list(told.header),
        "policies": [
            {"policy": one.policy, "fits": one.fits, "sentence": one.sentence, "line": line(one.place)}
            for one in told.routes
        ],
        "steps": [
            {
                "day": one.day,
                "what": one.what,
                "mark": one.mark,
                "sentence": one.sentence,
                "line": line(one.place),
            }
            for one in told.steps
        ],
        "gates": [{"ok": one.ok, "sentence": one.sentence, "line": line(one.place)} for one in told.gates],
        "verdict": list(told.verdict),
        "policies_hash": told.book,
        "stored": told.stored,
        **({"why_not": _why_not_value(told.why_not)} if told.why_not else {}),
    }


def _why_not_value(answer: Answer) -> dict[str, object]:
    return {
        "policy": answer.policy,
        "step": answer.step,
        "in_the_way": answer.sentence or None,
        "line": str(answer.place) if answer.place else None,
        "otherwise_on": answer.otherwise.isoformat() if answer.otherwise else None,
        "goes_on": answer.goes.isoformat() if answer.goes else None,
        "said": list(answer.said),
    }
