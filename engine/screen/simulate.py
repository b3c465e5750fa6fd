"""Past days played again, on one screen: who was late and asked, how much work that was, the ladders, what came in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from engine.core.language.policy import Kind
from engine.core.problem import Place
from engine.core.trust.simulate.outcome import SOON, Load, Outcome, Rung, beside
from engine.screen.lines import apart, fitted, heading, plain_table
from engine.screen.written import (
    PLURALS,
    clean,
    count,
    day_month,
    does,
    full_day,
    listed,
    span,
    whole_money,
)

if TYPE_CHECKING:
    from engine.core.trust.simulate import Band, Run, Simulation
    from engine.jobs.simulate import Played

_NOWHERE = Place("")  # two ladders are the same wherever they stand
_BARS = "▁▂▃▄▅▆▇█"
_WEEKS = 52  # columns of a row of bars


def simulation_drawn(played: Played, *, width: int = 100) -> Group:
    """The whole of it, for one policy or for several side by side."""
    found = played.simulation
    parts: list[RenderableType] = [*_head(played, width), Text(), _numbers(found), *_beside(found), Text()]
    for run in found.runs:
        parts += [*_work(found, run, width), *_ladders(found, run, width), *_restricted(found, run)]
    parts += _flow(found, width)
    parts += [Text(), *(Padding(Text(clean(note), "dim"), (0, 0, 0, 2)) for note in played.notes)]
    parts += _trusted(found)
    return Group(*parts, Text("Nothing has been sent or written.", "bold"))


def facts(played: Played) -> list[str]:
    """What was played."""
    found = played.simulation
    told = [count(found.days, "day"), count(found.accounts, "account"), count(found.invoices, "invoice")]
    return [*told, clean(played.source)] if played.source else told


def _head(played: Played, width: int) -> Iterator[RenderableType]:
    found = played.simulation
    yield apart(Text(span(found.first, found.last), "bold"), Text(" · ".join(facts(played)), "dim"), width)


def label(run: Run, found: Simulation) -> str:
    return clean(run.label) or ("as it was" if found.draws else "these policies")


def rows(found: Simulation) -> list[tuple[str, list[str]]]:
    """The figures of all runs side by side: a name, and a text for each run, with its band."""

    def told(name: str, of: Sequence[int]) -> tuple[str, list[str]]:
        return name, [
            banded(number, run.bands.get(_KEYS.get(name, name)))
            for number, run in zip(of, found.runs, strict=True)
        ]

    outs = [run.outcome for run in found.runs]
    table = [
        told("times past due", [one.spells.height for one in outs]),
        told("asked", [one.asked for one in outs]),
        told("paid before anybody asked", [one.spared for one in outs]),
        ("past due at the end, not asked yet", [_number(one.quiet) for one in outs]),
        ("days until asked, the middle one", [_days(one.until_asked) for one in outs]),
        told("accounts asked", [one.accounts for one in outs]),
    ]
    kinds = [
        kind
        for kind in Kind
        if any(
            kind in one.counts or kind.value in run.bands for one, run in zip(outs, found.runs, strict=True)
        )
    ]
    table += [
        (
            PLURALS[kind],
            [
                banded(one.counts.get(kind, 0), run.bands.get(kind.value))
                for one, run in zip(outs, found.runs, strict=True)
            ],
        )
        for kind in kinds
    ]
    table.append(("needed approval", [_number(one.approvals) for one in outs]))
    table.append(("days that the safety stop holds", [_number(len(one.stopped)) for one in outs]))
    table.append(("most that waited for room on a day", [_number(one.waiting) for one in outs]))
    return table


_KEYS = {
    "times past due": "spells",
    "paid before anybody asked": "spared",
    "accounts asked": "accounts",
}


def _numbers(found: Simulation) -> Table:
    table = plain_table(1, 3)
    for _ in found.runs:
        table.add_column(justify="right", no_wrap=True)
    if len(found.runs) > 1:
        table.add_row("", *(Text(label(run, found), "bold") for run in found.runs))
    for name, cells in rows(found):
        table.add_row(f"  {name}", *(Text(cell, "dim" if cell == "–" else "") for cell in cells))
    return table


def _number(number: int) -> str:
    return f"{number:,}" if number else "–"


def _days(days: float | None) -> str:
    return "–" if days is None else f"{days:.0f}"


def banded(number: int, band: Band | None) -> str:
    """`1,234`, or `1,234 (1,180–1,302)` where it was drawn too."""
    if band is None:
        return _number(number)
    return f"{number:,} ({band.low:,.0f}–{band.high:,.0f})"


def _beside(found: Simulation) -> Iterator[RenderableType]:
    for sentence in besides(found):
        yield Text(f"  {sentence}")


def besides(found: Simulation) -> Iterator[str]:
    """Each further policy against the first."""
    first, *others = found.runs
    for run in others:
        one = beside(run.outcome, first.outcome)
        told = [
            f"leaves {count(one.fewer, 'time', 'times')} unasked, of which {one.fewer_paid:,} were paid all the same"
            if one.fewer
            else "",
            f"asks in {one.more:,} more" if one.more else "",
            f"sooner in {one.sooner:,}" if one.sooner else "",
            f"later in {one.later:,}" if one.later else "",
        ]
        what = listed(filter(None, told)) or "asks the same customers on the same days"
        yield f"Against {label(first, found)}, {label(run, found)} {what}."


def _work(found: Simulation, run: Run, width: int) -> Iterator[RenderableType]:
    if not run.outcome.work:
        return
    name = f", {label(run, found)}" if len(found.runs) > 1 else ""
    yield heading(f"WORK{name}", more="on open days")
    table = plain_table(1, 3)
    heads = ("all", "a day", "9 of 10 days, at most", "most", "", "room a day")
    for _ in heads:
        table.add_column(justify="right", no_wrap=True)
    table.add_row("", *(Text(head, "dim") for head in heads))
    for load in run.outcome.work:
        table.add_row(*work_row(load))
    yield table
    yield Text()


def work_row(load: Load) -> tuple[str, ...]:
    """A line of work: its name, all, a day, the usual most, the most and when, the room there is."""
    room = (
        ""
        if load.capacity is None
        else f"{load.capacity:,}" + (f", full on {count(load.full, 'day')}" if load.full else "")
    )
    return (
        f"    {clean(load.role)}" if load.role else f"  {PLURALS[load.kind]}",
        f"{load.total:,}",
        f"{load.mean:.1f}",
        f"{load.high:,}",
        f"{load.most:,}",
        day_month(load.most_on) + f" {load.most_on.year}" if load.most_on else "",
        room,
    )


def _ladders(found: Simulation, run: Run, width: int) -> Iterator[RenderableType]:
    """Each policy's steps; of a further run only the ladders that are not as under the first."""
    ladders, differ = by_policy(run.outcome), own_ladders(found, run)
    shown = {policy: rungs for policy, rungs in differ.items() if any(rung.times for rung in rungs)}
    if shown:
        yield heading("LADDERS", more="what was asked for")
        heads = tuple(Text(head, "dim") for head in ("", "times", "then paid", "share", "in all"))
        rows = [_rung(rung, found) for rungs in shown.values() for rung in rungs]
        yield fitted([heads, *rows], width, right=(1, 2, 3, 4), elastic=(0,))
    if len(differ) > len(shown):
        never = listed(clean(policy) for policy in differ if policy not in shown)
        yield Text(f"  No step was taken of {never}.", "dim")
    if len(ladders) > len(differ):
        yield Text(f"  The other ladders are as under {label(found.runs[0], found)}.", "dim")
    yield Text()


def own_ladders(found: Simulation, run: Run) -> dict[str, list[Rung]]:
    """The ladders that are not as under the first policies; all of those."""
    first = by_policy(found.runs[0].outcome) if run is not found.runs[0] else {}
    return {policy: rungs for policy, rungs in by_policy(run.outcome).items() if rungs != first.get(policy)}


def by_policy(of: Outcome) -> dict[str, list[Rung]]:
    found: dict[str, list[Rung]] = {}
    for rung in of.funnel:
        found.setdefault(rung.policy, []).append(replace(rung, place=_NOWHERE))
    return found


def _rung(rung: Rung, found: Simulation) -> tuple[Text, ...]:
    demand = rung.day >= 0
    return (
        Text(f"  {clean(rung.policy)}, day {rung.day}: {clean(rung.step)}"),
        Text(_number(rung.times)),
        Text(_number(rung.paid) if demand else ""),
        Text(f"{100 * rung.paid / rung.times:.0f}%" if rung.times and demand else ""),
        Text(whole_money(rung.amount, found.currency) if rung.times else ""),
    )


def _restricted(found: Simulation, run: Run) -> Iterator[RenderableType]:
    if not run.outcome.restricted:
        return
    yield heading("TERMS, HOLDS, HAND-OFFS")
    for line in restricted_said(run.outcome):
        yield Text(f"  {line}")
    yield Text()


def restricted_said(of: Outcome) -> Iterator[str]:
    for one in of.restricted:
        yield (
            f"{clean(does(one.kind, one.value))}: {count(one.times, 'time', 'times')}, {count(one.accounts, 'account')}; "
            f"{one.soon:,} had paid up {SOON} days later"
        )


def _flow(found: Simulation, width: int) -> Iterator[RenderableType]:
    yield heading("WHAT THE LEDGER DID", more="by week, whatever the policy")
    flow = found.flow
    for name, numbers in (("cash", flow.cash), ("past due", flow.overdue)):
        told = f"{whole_money(min(numbers), found.currency)} to {whole_money(max(numbers), found.currency)}"
        yield Text.assemble(f"  {name:9}", (_bars(numbers, min(_WEEKS, width - 50)), "cyan"), f"  {told}")


def _bars(numbers: Sequence[int], most: int) -> str:
    """A row of bars; of more weeks than there is room for, neighbours are taken together."""
    size = max(1, -(-len(numbers) // max(most, 1)))
    means = [sum(numbers[n : n + size]) / len(numbers[n : n + size]) for n in range(0, len(numbers), size)]
    top = max(means, default=0) or 1
    return "".join(_BARS[round((len(_BARS) - 1) * max(mean, 0) / top)] for mean in means)


def _trusted(found: Simulation) -> Iterator[RenderableType]:
    for run in found.runs:
        yield from (Text(clean(fault), "red") for fault in run.outcome.faults)
        if "durable-rules" not in run.outcome.evaluators:
            yield Text("durable-rules is not installed: the plain evaluator decides alone.", "yellow")


def account_drawn(played: Played, account: str) -> Group:
    """What would have been done to one account, day by day, beside the times for which it was past due."""
    row = played.accounts["account"].to_list().index(account)
    parts: list[RenderableType] = []
    for run in played.simulation.runs:
        events: list[tuple[object, int, str, str]] = []
        for began, ended in run.outcome.spells.filter(row=row).select("began", "ended").iter_rows():
            events.append((began, 0, "past due", ""))
            if ended:
                events.append((ended, -1, "nothing past due any more", ""))
        steps = run.outcome.contacts.filter(row=row).select("on", "policy", "does", "place", "amount", "asks")
        for on, policy, what, place, amount, asks in steps.iter_rows():
            told = f"{what} for {whole_money(amount, played.simulation.currency)}" + (
                " (needs approval)" if asks else ""
            )
            events.append((on, 1, told, f"{policy}, {place}"))
        if len(played.simulation.runs) > 1:
            parts.append(heading(label(run, played.simulation)))
        table = plain_table(3)
        for on, _, what, place in sorted(events):
            table.add_row(f"  {full_day(on)}", clean(what), Text(clean(place), "dim"))  # type: ignore[arg-type]
        parts.append(
            table if events else Text("  was never past due in these days, and nothing went to it", "dim")
        )
    return Group(*parts)
