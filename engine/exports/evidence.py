"""A bundle of evidence as one page to read or print: nothing is loaded from anywhere, and nothing in it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

import orjson
from jinja2 import Environment, StrictUndefined

from engine.core.money import Amount
from engine.jobs.evidence import Record
from engine.jobs.evidence.traces import Told
from engine.screen.written import clean, count, full_day, span

Row = Mapping[str, Any]

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{ title }}</title>
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: .4rem 0 1rem; width: 100%; font-size: 13.5px; }
th, td { padding: .25rem .8rem .25rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid #8884; }
td:first-child { white-space: nowrap; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.dim { opacity: .7; } .hash { font: 11px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { font: 12.5px/1.45 ui-monospace, monospace; white-space: pre-wrap; border-left: 3px solid #8886; padding-left: .8rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 0; } h3 { font-size: 1rem; margin: 1.2rem 0 0; }
nav { columns: 3; }
@media print { body { font-size: 11px; max-width: none; margin: 0; } table { font-size: 10px; } nav { display: none; }
  h2, h3 { break-after: avoid; } tr, pre { break-inside: avoid; } }
</style>
</head>
<body>
<h1>{{ title }}</h1>
<p class="dim">{{ facts }}</p>
{% if seal %}<p>The entries of the journal that are shown here are under seal {{ seal.seq }}
(<span class="hash">{{ seal.hash }}</span>). <b>To check this bundle:</b> unpack it and run
<code>python3 -I verify.py</code> in its folder. It needs nothing but Python, and names the first thing that is not as it
was written. Compare the fingerprint that it shows with the one that was given with the bundle.</p>{% endif %}
<nav>{% for part in parts %}<a href="#{{ loop.index }}">{{ part.title }}</a>
<span class="dim">{{ part.size }}</span><br>{% endfor %}</nav>
{% for part in parts %}<h2 id="{{ loop.index }}">{{ part.title }}</h2>
{% if part.note %}<p class="dim">{{ part.note }}</p>{% endif %}
{% if part.rows %}<table>
<tr>{% for head in part.heads %}<th{{ ' class=n' if loop.index0 in part.numbers }}>{{ head }}</th>{% endfor %}</tr>
{% for row in part.rows %}<tr>{% for cell in row %}<td{{ ' class=n' if loop.index0 in part.numbers }}
{{- ' class=hash' if loop.index0 in part.hashes }}>{{ cell|clean }}</td>{% endfor %}</tr>
{% endfor %}</table>{% endif %}
{% for block in part.blocks %}<h3>{{ block.title|clean }}</h3>
{% for line in block.facts %}<div class="dim">{{ line|clean }}</div>{% endfor %}
{% if block.file %}<div><a href="{{ block.file }}">{{ block.file }}</a>
<span class="hash">{{ block.hash }}</span></div>{% endif %}
{% if block.text %}<pre>{{ block.text|lines }}</pre>{% endif %}
{% endfor %}{% endfor %}
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Block:
    """One thing that is more than a row: a message, a decision with the lines that decided."""

    title: str
    facts: Sequence[str] = ()
    text: str = ""
    file: str = ""
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A chapter of the page. `numbers` and `hashes` are the columns that are written as such."""

    title: str
    heads: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    numbers: frozenset[int] = frozenset()
    hashes: frozenset[int] = frozenset()
    note: str = ""
    blocks: Sequence[Block] = ()

    @property
    def size(self) -> int:
        return len(self.rows) or len(self.blocks)


def evidence_html(record: Record) -> bytes:
    """A whole page in UTF-8; every text of a customer's is escaped."""
    page = Environment(autoescape=True, undefined=StrictUndefined)
    page.filters |= {"clean": clean, "lines": lambda text: "\n".join(map(clean, text.splitlines()))}
    scope, made = record.scope, record.made
    whose = f"{record.name} ({scope.account})" if record.name else scope.account
    title = (
        f"What is kept of {scope.person.name}, {whose}"
        if scope.person
        else f"{whose}: what was decided, said and sent"
    )
    facts = [
        f"made {made.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC by {made.by}",
        _range(scope.since, scope.until),
    ]
    parts = [part for part in _parts(record) if part.size]
    drawn = page.from_string(_PAGE).render(
        title=clean(title),
        facts=clean(" · ".join(facts)),
        seal=record.pages.head,
        parts=parts,
    )
    return drawn.encode()


def _range(since: date | None, until: date | None) -> str:
    if since and until:
        return span(since, until)
    if since:
        return f"from {full_day(since)} on"
    return f"through {full_day(until)}" if until else "from the first day on"


def _parts(record: Record) -> Iterator[Part]:
    kept = record.dossier
    happened = [(str(one.on), one.kind, one.text, one.item, one.by) for one in record.happened]
    yield Part("What happened", ("Day", "What", "", "Item", "By"), happened)
    yield Part(
        "Messages",
        blocks=list(_messages(record)),
        note="As they went out. Their bytes are in the files named.",
    )
    yield Part("Decisions", blocks=list(_decisions(record.decisions)), note=_AS_DECIDED)
    yield _table(
        "Approvals", kept["approvals"], ("at", "verdict", "step", "by", "because"), money=("amount",)
    )
    yield from _said(kept.chapters)
    yield from _agreed(kept.chapters)
    yield from _ledger(kept.chapters)
    yield _journal(record)
    yield _policies(record)


_AS_DECIDED = (
    "What each run decided, doing nothing included, with the policies of then: days that were alike are one. Under it "
    "the lines of the policy that decided."
)


def _ledger(rows: Mapping[str, Sequence[Row]]) -> Iterator[Part]:
    yield _table(
        "Items", rows["items"], ("item", "kind", "date", "due", "po", "reference"), money=("amount", "open")
    )
    yield _table("Payments", rows["payments"], ("paid_on", "item", "days_late"), money=("amount",))
    yield _table(
        "Ledgers that this comes from",
        rows["files"],
        ("name", "kind", "as_of", "imported_at", "by", "sha256"),
    )
    yield _table(
        "Contacts", rows["contacts"], ("role", "name", "email", "phone", "address", "postcode", "city")
    )


def _said(rows: Mapping[str, Sequence[Row]]) -> Iterator[Part]:
    calls = ("on", "outcome", "spoken_with", "reason", "horizon", "story", "note", "answers", "by")
    yield _table("Calls", rows["calls"], calls)
    yield _table("Typed and not logged", rows["drafts"], ("at", "by", "answers"))
    yield _table("Mail received", rows["mail received"], ("at", "kind", "sender", "subject", "words"))
    yield _table("Notes", rows["notes"], ("at", "kind", "text", "source", "by"))
    yield _table("Pauses", rows["pauses"], ("from_day", "until", "kinds", "because", "by"))
    yield _table(
        "How to reach them", rows["contact rules"], ("from_day", "until", "rule", "whom", "because", "by")
    )
    yield _table(
        "What was learned", rows["learned"], ("from_day", "until", "field", "value", "because", "by")
    )
    yield _table("Rules set aside", rows["overrides"], ("from_day", "until", "guard", "because", "by"))


def _agreed(rows: Mapping[str, Sequence[Row]]) -> Iterator[Part]:
    promises = ("made_on", "pays_on", "state", "kind", "spoken_with", "said", "by")
    yield _table("Promises", rows["promises"], promises, money=("amount", "paid"))
    plans = ("made_on", "until", "state", "spoken_with", "approved_by", "by")
    yield _table("Payment plans", rows["plans"], plans, money=("amount",))
    disputes = ("opened", "item", "reason", "said", "closed", "closed_for", "result", "opened_by")
    yield _table("Disputes", rows["disputes"], disputes)
    gave = ("on", "side", "kind", "days", "text", "state", "by", "approved_by")
    yield _table("Concessions", rows["concessions"], gave, money=("amount",))
    asked = (
        "asked_on",
        "kind",
        "value",
        "reason",
        "state",
        "confirmed_on",
        "review_on",
        "ended_on",
        "approved_by",
    )
    yield _table("Terms and holds", rows["restrictions"], asked)
    charged = ("on", "item", "kind", "from_day", "to_day", "calculation", "waived_on", "because")
    yield _table("Interest and lump sums", rows["charges"], charged, money=("amount",))


def _table(title: str, rows: Sequence[Row], names: Sequence[str], money: Sequence[str] = ()) -> Part:
    """The columns that have something in them; amounts at the end, in the row's own currency."""
    used = [name for name in names if any(_cell(row.get(name)) for row in rows)]
    heads = [name.replace("_", " ") for name in (*used, *money)]
    cells = [
        [*(_cell(row.get(name)) for name in used), *(_money(row, name) for name in money)] for row in rows
    ]
    hashes = frozenset(number for number, name in enumerate(used) if name == "sha256")
    return Part(title, heads, cells, frozenset(range(len(used), len(heads))), hashes)


def _cell(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_cell(each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    text = str(value)
    return f"{text[:10]} {text[11:16]} UTC" if text[10:11] == "T" and text.endswith("+00:00") else text


def _money(row: Row, name: str) -> str:
    value, currency = row.get(name), row.get("currency")
    if value is None or not currency:
        return ""
    return f"{Amount.of_minor(value, currency).value:,f} {currency}"


def _messages(record: Record) -> Iterator[Block]:
    for row in record.dossier["messages"]:
        facts = [f"{row['state']}, {row['channel']}, {_money(row, 'amount')}", *_found(row)]
        copies = row["copies"] or [
            {"at": row["changed_at"] or row["on"], "file": None, "sha256": "", "text": ""}
        ]
        for copy in copies:
            name = copy["file"] or ""
            text = record.words.get(name, copy["text"])
            yield Block(f"{_cell(copy['at'])}: {_step(row)}", facts, text, name, copy["sha256"])


def _step(row: Row) -> str:
    """`letter firm-reminder`, whether or not the step is named after what it does."""
    return str(row["step"]) if row["kind"] in row["step"] else f"{row['kind']}: {row['step']}"


def _found(row: Row) -> Iterator[str]:
    """To whom it went, and what shows that it did."""
    if row["recipients"]:
        yield f"to {', '.join(row['recipients'])}"
    if row.get("respond_by"):
        yield f"answer asked for by {row['respond_by']}"
    if row["reason"]:
        yield row["reason"]
    for name, value in sorted(row.get("evidence", {}).items()):
        if name not in ("account", "key", "name", "run"):
            yield f"{name}: {value}"
    for answer in row.get("answers", ()):
        yield f"{answer['address']}: {answer['outcome']} {answer['code'] or ''} {answer['reply']}"
    if resolved := row.get("resolved"):
        yield f"{resolved['how']}, says {resolved['by']}: {resolved['evidence']}"


def _decisions(decisions: Sequence[Told]) -> Iterator[Block]:
    """Days that follow each other and were decided alike are one."""
    alike: list[Told] = []
    for one in (*decisions, None):
        if alike and (one is None or _same(one) != _same(alike[-1])):
            yield _decision(alike)
            alike = []
        if one is not None:
            alike.append(one)


def _same(one: Told) -> tuple[object, ...]:
    return tuple(one.row[name] for name in ("item", "policy", "step", "verdict", "reason", "place", "book"))


def _decision(alike: Sequence[Told]) -> Block:
    last = alike[-1]
    row = last.row
    days = span(alike[0].on, last.on) if len(alike) > 1 else full_day(last.on)
    item = f", {row['item']}" if row["item"] else ""
    what = f"{row['policy']}: {row['step']}" if row["step"] else row["policy"] or "no policy"
    gates = [
        f"{'open' if gate.ok else 'shut'}: {gate.sentence}{f' ({gate.place})' if gate.place else ''}"
        for gate in last.gates
    ]
    facts = [*last.verdict, *gates, f"{row['place'] or ''} · policies {row['book'][:12]}"]
    return Block(f"{days}{item}: {what}: {row['verdict']}", facts, last.lines)


def _journal(record: Record) -> Part:
    """Entry by entry, with the names and words that are kept beside it."""
    people = record.pages.people
    rows = []
    for entry in record.pages.entries:
        said = {name: kept["value"] for name, kept in people.get(entry["seq"], {}).items()}
        body = {name: said.get(name, value) for name, value in orjson.loads(entry["body"]).items()}
        rows.append((str(entry["seq"]), _cell(entry["at"]), entry["kind"], _cell(body), entry["hash"]))
    heads = ("Entry", "Written down", "Kind", "", "Hash")
    note = (
        "This is what the seals are over. A value that begins with “sha256:” is of words that were forgotten."
    )
    return Part("The journal, entry by entry", heads, rows, frozenset({0}), frozenset({4}), note)


def _policies(record: Record) -> Part:
    rows = [
        (folder, ", ".join(sorted(record.dossier.books[book])), book) for book, folder in record.books.items()
    ]
    return Part(
        f"The policies of then ({count(len(rows), 'version')})",
        ("Folder", "Files", "Hash"),
        rows,
        hashes=frozenset({2}),
    )
