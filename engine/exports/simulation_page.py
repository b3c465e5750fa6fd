"""Past days played again as one page with pictures: nothing is loaded from anywhere, and nothing in it runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from engine.core.language.policy import Kind
from engine.core.sentences import figures as said
from engine.core.trust.simulate.flow import AGES
from engine.exports import charts
from engine.exports.style import STYLE
from engine.screen.simulate import (
    besides,
    by_policy,
    facts,
    label,
    own_ladders,
    restricted_said,
    rows,
    work_row,
)
from engine.screen.written import clean, span

if TYPE_CHECKING:
    from engine.core.trust.simulate import Run, Simulation
    from engine.core.trust.simulate.outcome import Rung
    from engine.jobs.simulate import Played

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Dunwell: {{ days }}</title>
<style>
{{ style }}
</style>
</head>
<body>
<header>
<h1>{{ days }}, played again</h1>
<p>{{ facts }}</p>
<p class="note">{{ notes[-1] }}</p>
</header>
{{ body }}</body>
</html>
"""
_BODY = """\
<section>
<div class="scroll" tabindex="0" role="region" aria-label="The figures">
<table class="figures"><tr><td></td>{% for run in runs %}<th class="n">{{ label(run) }}</th>{% endfor %}</tr>
{% for name, cells in rows %}<tr><td>{{ name }}</td>{% for cell in cells %}<td class="n">{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table></div>
{% if draws %}<p class="small soft">In brackets: nine of ten draws are above the lower number, nine of ten below the higher.</p>
{% endif -%}
{% for sentence in besides %}<p>{{ sentence }}</p>
{% endfor %}</section>
{% for run in runs %}<section>
<h2>Work by week{% if several %}, {{ label(run) }}{% endif %}</h2>
{{ workload(run) }}
{{ legend(groups(run), "k") }}
{% if draws %}<h3 class="sheet">All of it, with what the draws bring</h3>
{{ drawn(run) }}{% endif %}
<div class="scroll" tabindex="0" role="region" aria-label="The work in numbers"><table class="sheet">
<tr><td></td><th class="n">all</th><th class="n">a day</th><th class="n">9 of 10 days, at most</th><th class="n">most</th>
<th>on</th><th>room a day</th></tr>
{% for cells in work(run) %}<tr>{% for cell in cells %}<td{% if 0 < loop.index0 < 5 %} class="n"{% endif %}>
{%- if loop.first and cell.startswith("    ") %}&emsp;{% endif %}{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table></div>
<h2>The ladders{% if several %}, {{ label(run) }}{% endif %}</h2>
<p class="small">How often each step was taken while an account was past due; lighter: all was paid before a further one came.</p>
{% for policy, picture in ladders(run) %}<h3 class="sheet">{{ policy }}</h3>
{{ picture }}
{% endfor %}{% if same(run) %}<p class="small soft">The other ladders are as under {{ label(runs[0]) }}.</p>{% endif %}
{% for line in restricted(run) %}{% if loop.first %}<h2>Terms, holds, hand-offs</h2>{% endif %}<p>{{ line }}</p>
{% endfor %}</section>
{% endfor %}<section>
<h2>Open items by days past due, at the end of each week</h2>
{{ ageing }}
{{ legend(ages, "b") }}
{% if draws %}<h3 class="sheet">What of it is past due, with what the draws bring</h3>
{{ overdue }}{% endif %}
<h2>Cash by week{% if draws %}, with what the draws bring{% endif %}</h2>
{{ cash }}
</section>
<section>
<h2>What this stands on</h2>
{% for note in notes %}<p class="small">{{ note }}</p>
{% endfor %}</section>
"""

# The layers of a picture of work, the lowest first.
_GROUPS = (
    ("calls", (Kind.CALL,)),
    ("e-mails and statements", (Kind.EMAIL, Kind.STATEMENT)),
    ("letters", (Kind.LETTER,)),
    ("terms, holds, hand-offs", (Kind.TERMS, Kind.HOLD, Kind.HAND_OFF)),
    ("tasks and webhooks", (Kind.TASK, Kind.WEBHOOK)),
)


def simulation_html(played: Played) -> bytes:
    """A whole page in UTF-8; every text of somebody else's is escaped."""
    return (
        _template(_PAGE)
        .render(
            style=Markup(STYLE),  # noqa: S704 -- our own
            days=span(played.simulation.first, played.simulation.last),
            facts=" · ".join(facts(played)),
            notes=[clean(note) for note in played.notes],
            body=Markup(simulation_part(played)),  # noqa: S704 -- escaped below
        )
        .encode()
    )


def simulation_part(played: Played) -> str:
    """What the page shows beneath its head, for a page that has a head and a style of its own."""
    found = played.simulation
    return _template(_BODY).render(
        runs=found.runs,
        several=len(found.runs) > 1,
        draws=found.draws,
        label=lambda run: label(run, found),
        rows=rows(found),
        besides=list(besides(found)),
        workload=lambda run: Markup(_workload(run, found)),  # noqa: S704 -- charts escape their texts
        drawn=lambda run: Markup(_drawn(run, found)),  # noqa: S704
        work=lambda run: [work_row(load) for load in run.outcome.work],
        groups=lambda run: [(n, name) for n, (name, _) in enumerate(_GROUPS) if any(_weekly(run, n))],
        same=lambda run: len(own_ladders(found, run)) < len(by_policy(run.outcome)),
        ladders=lambda run: [(name, Markup(svg)) for name, svg in _ladders(run, found)],  # noqa: S704
        restricted=lambda run: list(restricted_said(run.outcome)),
        ageing=Markup(_ageing(found)),  # noqa: S704
        ages=list(enumerate(AGES.names)),
        overdue=Markup(_overdue(found)),  # noqa: S704
        cash=Markup(_cash(found)),  # noqa: S704
        legend=_legend,
        notes=[clean(note) for note in played.notes],
    )


def _template(text: str) -> Template:
    return Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True).from_string(
        text
    )


def simulation_svgs(played: Played) -> dict[str, bytes]:
    """The pictures as files of their own, by name; of several policies each with its number."""
    found = played.simulation
    kinds = [(f"k{n}", name) for n, (name, _) in enumerate(_GROUPS)]
    ages = [(f"b{n}", name) for n, name in enumerate(AGES.names)]
    pictures = {
        "ageing": charts.alone(_ageing(found), STYLE, ages),
        "cash": charts.alone(_cash(found), STYLE),
    }
    for n, run in enumerate(found.runs, 1):
        more = f"-{n}" if len(found.runs) > 1 else ""
        pictures[f"workload{more}"] = charts.alone(_workload(run, found), STYLE, kinds)
        rungs = [_row(rung, found, policy=True) for rung in run.outcome.funnel if rung.times]
        ladders = charts.rungs("How often each step was taken, and what was then paid", rungs)
        pictures[f"ladders{more}"] = charts.alone(ladders, STYLE, [("k0", "taken"), ("k1", "and then paid")])
        if found.draws:
            pictures[f"workload-drawn{more}"] = charts.alone(_drawn(run, found), STYLE)
    if found.draws:
        pictures["overdue-drawn"] = charts.alone(_overdue(found), STYLE)
    return {f"{name}.svg": svg.encode() for name, svg in pictures.items() if svg}


def _legend(names: Sequence[tuple[int, str]], kind: str) -> Markup:
    item = Markup(
        '<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="{}{}" width="10" height="10"/></svg>{}</li>'
    )
    return Markup('<ul class="legend">{}</ul>').format(
        Markup("").join(item.format(kind, n, name) for n, name in names)
    )


def _weekly(run: Run, group: int) -> list[int]:
    """The actions of a layer, a week each."""
    kinds = _GROUPS[group][1]
    weeks = [load.weeks for load in run.outcome.work if not load.role and load.kind in kinds]
    return [sum(column) for column in zip(*weeks, strict=True)]


def _workload(run: Run, found: Simulation) -> str:
    weeks = found.flow.weeks
    layers = [_weekly(run, n) or [0] * len(weeks) for n in range(len(_GROUPS))]
    return charts.layers(
        "Actions of each week, by kind",
        [name for name, _ in _GROUPS],
        layers,
        weeks,
        lambda number: f"{number:,.0f}",
        wide=charts.WHOLE,
        kind="k",
        top=max(max(_whole(one, found)) for one in found.runs),
    )


def _whole(run: Run, found: Simulation) -> list[int]:
    """All actions of each week."""
    layers = [_weekly(run, n) for n in range(len(_GROUPS))]
    whole = [sum(column) for column in zip(*filter(None, layers), strict=True)]
    return whole or [0] * len(found.flow.weeks)


def _drawn(run: Run, found: Simulation) -> str:
    return charts.banded(
        "All actions of each week, and the band of the draws",
        _whole(run, found),
        [band.low for band in run.weeks],
        [band.high for band in run.weeks],
        found.flow.weeks,
        lambda number: f"{number:,.0f}",
        wide=charts.WHOLE,
    )


def _ladders(run: Run, found: Simulation) -> list[tuple[str, str]]:
    drawn = [
        (clean(policy), charts.rungs(f"The ladder of {clean(policy)}", [_row(rung, found) for rung in rungs]))
        for policy, rungs in own_ladders(found, run).items()
    ]
    return [(policy, svg) for policy, svg in drawn if svg]


def _row(rung: Rung, found: Simulation, *, policy: bool = False) -> tuple[str, int, int, str]:
    name = f"{clean(rung.policy)}, " if policy else ""
    share = f"{100 * rung.paid / rung.times:.0f}% then paid · " if rung.times and rung.day >= 0 else ""
    asked = said.short(rung.amount, "money", found.currency)
    beside = f"{share}{asked}" if rung.times else ""
    return f"{name}day {rung.day}: {clean(rung.step)}", rung.times, rung.paid, beside


def _ageing(found: Simulation) -> str:
    return charts.layers(
        f"Open items by days past due, in {found.currency}, at the end of each week",
        AGES.names,
        found.flow.open_,
        found.flow.weeks,
        lambda number: said.short(number, "money", found.currency),
        wide=charts.WHOLE,
    )


def _overdue(found: Simulation) -> str:
    return charts.banded(
        f"What is past due, in {found.currency}, and the band of the draws",
        found.flow.overdue,
        [band.low for band in found.overdue],
        [band.high for band in found.overdue],
        found.flow.weeks,
        lambda number: said.short(number, "money", found.currency),
        wide=charts.WHOLE,
    )


def _cash(found: Simulation) -> str:
    low = [band.low for band in found.cash] or list(found.flow.cash)
    high = [band.high for band in found.cash] or list(found.flow.cash)
    return charts.banded(
        f"Cash of each week, in {found.currency}",
        found.flow.cash,
        low,
        high,
        found.flow.weeks,
        lambda number: said.short(number, "money", found.currency),
        wide=charts.WHOLE,
    )
