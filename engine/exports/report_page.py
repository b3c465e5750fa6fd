"""The report as one page for a browser or a printer: nothing is loaded from anywhere, and nothing in it runs."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from engine.core.figures.ageing import SAYS
from engine.core.figures.definition import Figure
from engine.core.figures.registry import CHAPTERS
from engine.core.figures.report import Ageing, Line, Report
from engine.core.figures.values import Unit
from engine.core.sentences import figures as said
from engine.exports import charts
from engine.exports.style import STYLE
from engine.screen.report import cell_said, facts, made_of, notes, title, value_said
from engine.screen.written import clean, count, full_day

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Dunwell: {{ title }}</title>
<style>
{{ style }}
</style>
</head>
<body>
<header>
<h1>{{ title }}</h1>
<p>As of {{ as_of }} · {{ facts }} · {{ accounts }}</p>
{% if ends %}<p class="note">{{ ends }}</p>{% endif %}
{% if policy %}<p class="note">{{ policy }}</p>{% endif %}
</header>
<section class="first">
<div class="two">
{% for one in ageing %}<div>
<h2>Open items, {{ by }}{% if several %}, {{ one.scope }}{% endif %}</h2>
{{ bars(one) }}
<ul class="legend">{% for bucket in one.buckets %}<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="b{{ loop.index0 }}"
 width="10" height="10"/></svg>{{ bucket.name }}</li>{% endfor %}</ul>
<table><tr><th>age</th><th class="n">items</th><th class="n">amount</th><th class="n">share</th></tr>
{% for bucket in one.buckets %}<tr><td>{{ bucket.name }}</td><td class="n">{{ "{:,}".format(bucket.items) }}</td>
<td class="n">{{ money(bucket.amount, one.currency) }}</td><td class="n">{{ part(bucket.amount, one) }}</td></tr>
{% endfor %}<tr class="all"><td>all</td><td></td><td class="n">{{ money(whole(one), one.currency) }}</td><td></td></tr>
<tr class="soft"><td>credits, apart</td><td></td><td class="n">{{ money(one.credits, one.currency) }}</td><td></td></tr>
</table>
</div>
{% endfor %}<div>
<h2>At a glance</h2>
<table><tr><th></th><th class="n">{{ scope }}</th><th class="n">a month ago</th></tr>
{% for line in first %}<tr><td>{{ line.figure.name }}</td><td class="n">{{ value(line) }}</td>
<td class="n soft">{{ before(line) }}</td></tr>
{% endfor %}</table>
</div>
</div>
</section>
{% for chapter, figures in chapters %}<section>
<h2>{{ chapter }}</h2>
<div class="cards">
{% for figure, lines in figures %}<article class="card">
<h3>{{ figure.name }}</h3>
<p><span class="value">{{ value(lines[0]) }}</span>
{% if not figure.of_money and made(lines[0]) %}<span class="soft">{{ made(lines[0]) }}</span>{% endif %}</p>
{% if lines|length > 1 %}<p class="small soft">{% for line in lines[1:] %}{{ line.scope }} {{ value(line) }}
{%- if not loop.last %} · {% endif %}{% endfor %}</p>{% endif %}
{{ trend(lines[0]) }}
<p class="small">{{ figure.says }}</p>
<p class="small soft">Formula: {{ figure.formula }}. Source: {{ figure.source }}.
{% if figure.usual %}Usual: {{ figure.usual }}.{% endif %}</p>
{% if figure.beside %}<p class="small soft"><em>{{ figure.beside }}</em></p>{% endif %}
{% if lines[0].value.note %}<p class="small note">{{ sentence(lines[0].value.note) }}</p>{% endif %}
</article>
{% endfor %}</div>
{% for sheet in tables[chapter] %}<div class="sheet">
<h3>{{ sheet.table.name }}{% if sheet.scope and several %}, {{ sheet.scope }}{% endif %}</h3>
<p class="small">{{ sheet.table.says }}</p>
<div class="scroll"><table>
<tr>{% for column in sheet.table.columns %}<th{% if not text(column) %} class="n"{% endif %}>{{ column.name }}</th>
{% endfor %}</tr>
{% for row in sheet.rows %}<tr>{% for cell in row %}{% set column = sheet.table.columns[loop.index0] %}
<td{% if not text(column) %} class="n"{% endif %}>{{ said(cell, column, sheet.currency) }}</td>{% endfor %}</tr>
{% endfor %}</table></div>
{% if sheet.table.beside %}<p class="small soft"><em>{{ sheet.table.beside }}</em></p>{% endif %}
</div>
{% endfor %}</section>
{% endfor %}<section>
<h2>What this report stands on</h2>
{% for note in notes %}<p class="small">{{ note }}</p>
{% endfor %}</section>
</body>
</html>
"""


def report_html(found: Report) -> bytes:
    """A whole page in UTF-8; every text of a customer's is escaped."""
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=False)
    return page.from_string(_PAGE).render(style=Markup(STYLE), **values(found)).encode()  # noqa: S704 -- our own


def values(found: Report) -> dict[str, Any]:
    """What a page about a report shows: texts, lines and tables in their order, and the charts, which are safe as they are."""
    main = found.scopes[0].name
    by_figure: dict[Figure, list[Line]] = {}
    for line in found.lines:
        by_figure.setdefault(line.figure, []).append(line)
    chapters = [
        (chapter.value, [(figure, lines) for figure, lines in by_figure.items() if figure.chapter is chapter])
        for chapter in CHAPTERS
    ]
    tables = {
        chapter.value: [
            sheet
            for sheet in found.sheets
            if sheet.table.chapter is chapter and sheet.rows and sheet.scope in ("", main)
        ]
        for chapter in CHAPTERS
    }
    return {
        "title": title(found),
        "as_of": full_day(found.as_of),
        "facts": " · ".join(facts(found)),
        "accounts": count(found.accounts, "account"),
        "ends": said.ends_earlier(found.asked_to, found.as_of) if found.asked_to > found.as_of else "",
        "policy": said.of_policy(clean(found.policy), found.accounts) if found.policy else "",
        "by": SAYS[found.convention],
        "ageing": found.ageing[:1],
        "several": not found.single,
        "scope": "" if found.single else main,
        "first": [lines[0] for figure, lines in by_figure.items() if figure.first],
        "chapters": chapters,
        "tables": tables,
        "notes": notes(found),
        "bars": lambda one: Markup(_bars(one, found)),  # noqa: S704 -- charts escape their texts
        "trend": lambda line: Markup(_trend(line, found)),  # noqa: S704
        "whole": _whole,
        "part": lambda amount, one: f"{100 * amount / _whole(one):.0f}%" if _whole(one) else "",
        "money": lambda amount, currency: said.written(amount, "money", currency),
        "value": lambda line: value_said(line.figure, line.value, line.currency),
        "before": lambda line: value_said(line.figure, line.trend[-2], line.currency),
        "made": lambda line: made_of(line.value),
        "said": cell_said,
        "text": lambda column: column.unit is Unit.TEXT,
        "sentence": lambda note: f"{note[0].upper()}{note[1:]}.",
    }


def _whole(one: Ageing) -> int:
    return sum(bucket.amount for bucket in one.buckets)


def _bars(one: Ageing, found: Report) -> str:
    return charts.layers(
        f"Open items {SAYS[found.convention]}, in {one.currency}, at the end of each month",
        [bucket.name for bucket in one.buckets],
        [bucket.trend for bucket in one.buckets],
        [period.last for period in found.periods],
        lambda number: said.short(number, "money", one.currency),
    )


def _trend(line: Line, found: Report) -> str:
    return charts.line(
        line.figure.name,
        [value.number for value in line.trend],
        [period.last for period in found.periods],
        lambda number: said.short(number, line.figure.unit.value, line.currency),
    )
