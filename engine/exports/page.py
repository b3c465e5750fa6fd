"""A preview as one page for a browser: nothing is loaded from anywhere, and nothing in it runs."""

from __future__ import annotations

from jinja2 import Environment, StrictUndefined

from engine.core.decision.summary import Preview
from engine.screen.written import (
    PLURALS,
    by_step,
    clean,
    count,
    full_day,
    line_of,
    money,
    reason_words,
    short_day,
    span,
    whole_money,
)

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Dunwell: {{ days }}</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; }
th, td { padding: .2rem .8rem .2rem 0; text-align: left; vertical-align: top; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
tr.all td { font-weight: bold; border-top: 1px solid; }
.dim { opacity: .65; } .stop { color: #b00020; font-weight: bold; }
h2 { font-size: 1.1rem; margin: 1.5rem 0 0; }
</style>
</head>
<body>
<h1>{{ days }}</h1>
<p class="dim">{{ facts }}</p>
<table>
<tr><th></th>{% for day in shown %}<th class="n">{{ short(day.on) }}</th>{% endfor %}
<th class="n">all</th></tr>
{% for kind, word in kinds %}<tr><td>{{ word }}</td>
{% for day in shown %}<td class="n">{{ number(day, kind) }}</td>{% endfor %}
<td class="n">{{ total(kind) }}</td></tr>
{% endfor %}<tr class="all"><td>all</td>
{% for day in shown %}<td class="n">{{ number(day, none) }}</td>{% endfor %}
<td class="n">{{ total(none) }}</td></tr>
</table>
{% for day in shown if day.stopped %}<p class="stop">{{ short(day.on) }}: {{ day.stopped }}</p>{% endfor %}
{% for day in shown if day.closed and day.closed != "weekend" %}<p>{{ short(day.on) }} is {{ day.closed }}
{%- if day.moved and day.moved_to %}; {{ day.moved }} of its steps fall on {{ short(day.moved_to) }}
{%- endif -%}
.</p>
{% endfor %}
{% for title, steps in sections if steps %}<h2>{{ title }}</h2>
<table><tr><th>Day</th><th>Account</th><th>Name</th><th class="n">Amount</th><th class="n">Days late</th>
<th>What</th><th>Line</th></tr>
{% for first, does in steps %}<tr><td>{{ short(first.on) }}</td><td>{{ first.account|clean }}</td>
<td>{{ first.name|clean }}</td><td class="n">{{ money(first.amount, first.currency) }}</td>
<td class="n">{{ first.late }}</td><td>{{ does|clean }}</td><td class="dim">{{ line(first.place) }}</td></tr>
{% endfor %}</table>
{% endfor %}
{% if groups %}<h2>Held back</h2>
<table>{% for group in groups %}<tr><td class="n">{{ group.accounts }}</td><td>{{ reason(group.reason) }}</td>
<td class="dim">{{ line(group.place) }}</td><td class="n">{{ whole(group.amount, currency) }}</td></tr>
{% endfor %}</table>{% endif %}
{% if unfit %}<p>{{ unfit }} overdue and fit no policy.</p>{% endif %}
{% for fault in faults %}<p class="stop">{{ fault }}</p>{% endfor %}
{% if alone %}<p>durable-rules is not installed: the plain evaluator decides alone.</p>{% endif %}
<p class="dim">This assumes that {{ assumes }}, calls are made, mail is accepted, and approvals are given
on the day they are asked for.</p>
<p><strong>{{ all }}. Nothing has been sent.</strong></p>
</body>
</html>
"""


def preview_html(view: Preview) -> bytes:
    """A whole page in UTF-8; every text of a customer's is escaped."""
    shown = [day for day in view.days if day.closed != "weekend" or any(day.counts.values())]
    shown = shown or list(view.days[:1])
    kinds = [(kind, word) for kind, word in PLURALS.items() if any(day.counts.get(kind) for day in shown)]

    def number(day: object, kind: object) -> str:
        counts = next(one for one in shown if one is day).counts
        found = sum(counts.values()) if kind is None else next((n for k, n in counts.items() if k is kind), 0)
        return f"{found:,}" if found else "–"

    def total(kind: object) -> str:
        return f"{sum(n for day in shown for k, n in day.counts.items() if kind is None or k is kind):,}"

    page = Environment(autoescape=True, undefined=StrictUndefined)
    page.filters["clean"] = clean
    facts = [count(view.accounts, "account"), f"policies {view.book[:6]}"]
    if view.as_of:
        facts.append(f"ledger of {full_day(view.as_of)}")
    asked = by_step(action for action in view.actions if action.approve)
    return (
        page.from_string(_PAGE)
        .render(
            days=span(shown[0].on, shown[-1].on),
            facts=" · ".join(facts),
            shown=shown,
            kinds=kinds,
            number=number,
            total=total,
            sections=(("Needs approval", asked), ("All actions", by_step(view.actions))),
            groups=view.groups,
            unfit=count(view.no_policy, "account is", "accounts are") if view.no_policy else "",
            faults=view.faults,
            alone="durable-rules" not in view.evaluators,
            assumes=view.assumes,
            currency=view.currency,
            all=count(len(view.actions), "action"),
            short=short_day,
            line=line_of,
            money=money,
            whole=whole_money,
            reason=reason_words,
        )
        .encode()
    )
