"""One account alone: what one should know before dialling, and the script, a block at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from engine.core.cases.pattern import told
from engine.core.cases.reasons import spoken
from engine.core.problem import Problem, problem_text
from engine.core.sentences import SELF_CHECK
from engine.errors import Refused
from engine.screen import briefed
from engine.screen.lines import fitted
from engine.screen.written import clean, count, day_month, full_day

if TYPE_CHECKING:
    from engine.core.messages.scripts import Script
    from engine.jobs.brief import Brief, Item, Note, Talk

_MOST_ITEMS = 15


def brief_drawn(found: Brief, *, width: int = 100) -> RenderableType:
    """The brief, and the first block of its script."""
    parts: list[RenderableType] = [_head(found)]
    parts += [Text(f"Do not call: {clean(said)}", "bold red") for said in found.stop]
    parts += _section("Ask for", _reach(found, width))
    parts += _section("Not to call", _lines(found.barred, "yellow"))
    parts += _section("Open items", _items(found, width))
    parts += _section("Missing", _lines(found.missing, "yellow"))
    parts += _section("How they pay", _paid(found))
    parts += _section("Between us", [Text(briefed.agreed(one)) for one in found.agreed])
    if found.since is not None:
        changed = [
            Text(f"{day_month(one.on)}  {clean(one.kind)}: {clean(one.text)}") for one in found.changes
        ]
        since = f"Since the last call, {full_day(found.since)}"
        parts += _section(since, changed or [Text("nothing has changed", "dim")])
    parts += _section("Said before", [_talk(one) for one in found.talks])
    parts += _section("Notes", [_note(one) for one in found.notes])
    call = [Text(clean(found.task), "bold")] if found.task else []
    call += [Text(clean(found.guidance), "italic")] if found.guidance else []
    call += [Text(f"reason on record: {clean(spoken(found.reason))}", "green")] if found.reason else []
    call += _lines([f"· {said}" for said in found.checks], "dim")
    parts += _section("The call", call)
    parts += [Text(), _script_beginning(found)]
    return Group(*parts)


def _section(title: str, lines: Sequence[RenderableType]) -> list[RenderableType]:
    return [Text(), Text(title, "bold"), *lines] if lines else []


def _lines(texts: Iterable[str], style: str = "") -> list[Text]:
    return [Text(clean(text), style) for text in texts]


def _head(found: Brief) -> Text:
    head = Text(f"{clean(found.account)} {clean(found.name)}", "bold")
    head.append(f" · {full_day(found.on)}" + (f" · {found.there}" if found.there else ""), "not bold")
    for said in briefed.totals(found):
        head.append(f"\n{said}", "not bold")
    known = " · ".join(f"{name} {clean(value)}" for name, value in found.facts.items())
    head.append(f"\n{known}" if known else "", "not bold")
    return head


def _reach(found: Brief, width: int) -> list[RenderableType]:
    rows = [
        (
            Text(clean(one.name), "bold" if number == 0 else ""),
            Text(clean(one.phone or "no number")),
            Text(clean(one.email), "dim"),
            Text(clean(one.because), "dim"),
        )
        for number, one in enumerate(found.ask_for)
    ]
    return [fitted(rows, width, elastic=(2, 3))] if rows else []


def _items(found: Brief, width: int) -> list[RenderableType]:
    rows = [_item(one) for one in found.items[:_MOST_ITEMS]]
    more = len(found.items) - len(rows)
    drawn: list[RenderableType] = [fitted(rows, width, right=(1,), elastic=(5, 4, 3))] if rows else []
    return drawn + ([Text(f"{count(more, 'more item')}", "dim")] if more > 0 else [])


def _item(one: Item) -> tuple[Text, ...]:
    return (
        Text(clean(one.number), "bold"),
        Text(briefed.owed(one)),
        Text(briefed.late(one)),
        Text(briefed.order(one), "" if one.po else "yellow"),
        Text(f"delivery {clean(one.reference)}" if one.reference else ""),
        Text(briefed.kind(one), "yellow"),
    )


def _paid(found: Brief) -> list[Text]:
    first, *more = briefed.paid(found)
    return [Text(first, "" if found.pattern.last else "dim"), *(Text(f"· {said}") for said in more)]


def _talk(one: Talk) -> Text:
    line = Text(f"{full_day(one.on)}  #{one.number}  {briefed.talk(one)}")
    line.append(f"  {clean(one.by)}{', reviewed' if one.reviewed else ''}", "dim")
    for text in filter(None, (one.story, one.note)):
        line.append(f"\n    “{clean(text)}”", "italic")
    return line


def _note(one: Note) -> Text:
    if one.kind == "note":
        line = Text(f"{full_day(one.dated)}  {clean(one.text)}  ")
        return line.append(clean(one.by), "dim")
    line = Text(f"{full_day(one.dated)}  {clean(briefed.whence(one))}: {clean(one.text)}  ")
    line.append(f"{count(one.age, 'day')} old", "yellow" if one.stale else "dim")
    return line.append(": it may no longer hold", "yellow") if one.stale else line


# -- the script, a block at a time -------------------------------------------------------------------------------------


def _script_beginning(found: Brief) -> RenderableType:
    if isinstance(found.script, Problem):
        return Text(problem_text(found.script), "red")
    if found.script is None or not found.script.blocks:
        return Text("There is no script for this call.", "dim")
    return Group(
        Text(f"Script {clean(found.script_name)}", "bold"),
        *([Text(clean_lines(found.script.before))] if found.script.before.strip() else []),
        Text(),
        block_drawn(found, 1),
    )


def has_block(found: Brief, number: int) -> int:
    """The number of a block that the script has. Refused where it has none of that number."""
    if not found.blocks:
        raise Refused("there is no script for this call", "name one: --script first-call")
    if number > len(found.blocks):
        raise Refused(f"the script “{found.script_name}” has {count(len(found.blocks), 'block')}")
    return number


def block_drawn(found: Brief, number: int) -> RenderableType:
    """One block alone, and what comes after it."""
    block = found.blocks[number - 1]
    head = Text(f"{number} of {len(found.blocks)} · {block.part.value}: {clean(block.title)}", "bold")
    if briefed.shown(found, number) is None:
        how = "" if found.reason else f"  dunwell log {clean(found.account)} OUTCOME --answer reason=…"
        return Group(head, Text(found.withheld, "yellow"), *([Text(how, "dim")] if how else []))
    parts: list[RenderableType] = [head, Text(clean_lines(block.text))]
    if number == len(found.blocks):
        parts += [
            Text("Before you hang up:", "bold"),
            *_lines((f"· {said}" for said in SELF_CHECK.values()), "dim"),
        ]
    else:
        following = found.blocks[number]
        parts.append(
            Text(
                f"  then {following.part.value}: {clean(following.title)}"
                f"   dunwell brief {clean(found.account)} --block {number + 1}",
                "dim",
            )
        )
    return Group(*parts)


def clean_lines(text: str) -> str:
    """A text of several lines, without characters that a terminal would obey."""
    plain = text.replace("\u00a0", " ").replace("\u202f", " ")  # of amounts, in some languages
    return "\n".join(clean(line) for line in plain.strip("\n").split("\n"))


# -- for programs ------------------------------------------------------------------------------------------------------


def brief_value(found: Brief) -> dict[str, object]:
    """What `brief --json` writes."""
    from engine.exports.values import amount

    def money_of(minor: int | None, code: str) -> str | None:
        return amount(minor, code) if minor is not None and code else None

    known = found.pattern
    return {
        "account": found.account,
        "name": found.name,
        "on": found.on.isoformat(),
        "there": found.there or None,
        "facts": dict(found.facts),
        "totals": {
            code: {what: amount(minor, code) for what, minor in sums.items()}
            for code, sums in found.totals.items()
        },
        "stop": list(found.stop),
        "ask_for": [
            {
                "name": one.name,
                "role": one.role,
                "phone": one.phone,
                "email": one.email,
                "because": one.because,
            }
            for one in found.ask_for
        ],
        "not_to_call": list(found.barred),
        "items": [
            {
                "number": one.number,
                "kind": one.kind,
                "date": one.dated.isoformat() if one.dated else None,
                "due": one.due.isoformat(),
                "days_late": one.days_late,
                "open": amount(one.open, one.currency),
                "owed": amount(one.owed, one.currency),
                "currency": one.currency,
                "po": one.po or None,
                "delivery": one.reference or None,
                "text": one.text or None,
                "aside": one.aside or None,
                "copy": one.copy,
            }
            for one in found.items
        ],
        "missing": list(found.missing),
        "pattern": {
            "payments": known.payments,
            "presumed": known.presumed,
            "paid": {code: amount(minor, code) for code, minor in known.paid.items()},
            "last": None
            if known.last is None
            else {
                "on": known.last.on.isoformat(),
                "amount": amount(known.last.amount, known.last.currency),
                "currency": known.last.currency,
            },
            "days_beyond_terms": dict(known.beyond),
            "promises": {
                "due": known.promises.due,
                "kept": known.promises.kept,
                "partly": known.promises.partly,
                "broken": known.promises.broken,
            },
            "said": list(told(known)),
        },
        "agreed": [
            {
                "kind": one.kind,
                "state": one.state,
                "on": one.on.isoformat(),
                "until": one.until.isoformat() if one.until else None,
                "amount": money_of(one.amount, one.currency),
                "currency": one.currency or None,
                "what": one.what,
                "who": one.who,
            }
            for one in found.agreed
        ],
        "calls": [
            {
                "number": one.number,
                "on": one.on.isoformat(),
                "by": one.by,
                "outcome": one.outcome,
                "spoken_with": one.spoken_with or None,
                "reason": one.reason or None,
                "story": one.story or None,
                "note": one.note or None,
                "reviewed": one.reviewed,
            }
            for one in found.talks
        ],
        "notes": [
            {
                "kind": one.kind,
                "text": one.text,
                "by": one.by,
                "topic": one.topic or None,
                "source": one.source or None,
                "dated": one.dated.isoformat(),
                "days_old": one.age,
                "stale": one.stale,
            }
            for one in found.notes
        ],
        "since": found.since.isoformat() if found.since else None,
        "changes": [{"on": one.on.isoformat(), "kind": one.kind, "text": one.text} for one in found.changes],
        "task": found.task or None,
        "guidance": found.guidance or None,
        "checklist": list(found.checks),
        "reason": found.reason or None,
        "script": _script_value(found),
        "self_check": dict(SELF_CHECK),
    }


def _script_value(found: Brief) -> Mapping[str, object] | None:
    if isinstance(found.script, Problem):
        return {"name": found.script_name, "problem": f"{found.script.place}: {found.script.sentence}"}
    if found.script is None:
        return None
    script: Script = found.script
    return {
        "name": script.name,
        "before": script.before,
        "blocks": [
            {
                "part": block.part.value,
                "title": block.title,
                "withheld": found.withheld if briefed.shown(found, number) is None else None,
                "text": None if briefed.shown(found, number) is None else block.text,
            }
            for number, block in enumerate(script.blocks, 1)
        ],
    }
