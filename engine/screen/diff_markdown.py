"""A change of the policies as a comment of a pull request: the sentence that matters first, the tables behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from engine.core import sentences
from engine.screen.diff import (
    LOAD_HEADS,
    differing,
    does_what,
    in_currencies,
    kinds_of,
    load_cells,
    loads,
    next_run,
    policy_name,
    signed,
    taken_for_granted,
    why_no_impact,
)
from engine.screen.written import PLURALS, clean, count, day_month, full_day, span

if TYPE_CHECKING:
    from engine.core.trust.impact import Impact, Touched
    from engine.jobs.diff import Difference

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~@])")


def diff_markdown(found: Difference, *, names: bool = True) -> str:
    """GitHub's Markdown. Without `names` no account is named, for a place where others read along."""
    return "".join(f"{line}\n" for line in _lines(found, names))


def _lines(found: Difference, names: bool) -> Iterator[str]:
    yield "### What this change of the policies does"
    yield ""
    yield f"From {_safe(found.old)} to {_safe(found.new)}."
    yield ""
    for change in found.words:
        yield f"- {_safe(change.sentence)}"
    for one in found.messages:
        yield f"- {_safe(sentences.message_changed(one.file, one.kind))}"
    if found.words or found.messages:
        yield ""
    if found.impact is None:
        yield f"**{why_no_impact(found)}**"
        return
    yield from _impact(found.impact, names)


def _impact(view: Impact, names: bool) -> Iterator[str]:
    for line, bad in next_run(view):
        yield f"**{_safe(line)}**  " if bad else f"{_safe(line)}  "
    yield ""
    first, last = view.days[0].on, view.days[-1].on
    yield f"#### The next {len(view.days)} days, {span(first, last)}"
    yield ""
    if view.nothing:
        yield sentences.NOBODY
    else:
        yield from _numbers(view)
        if days := differing(view):
            kinds = kinds_of(days)
            heads = ["", *(PLURALS[kind] for kind in kinds), "before", "after"]
            rows = [
                [
                    day_month(day.on),
                    *(signed(day.after.get(kind, 0) - day.before.get(kind, 0)) for kind in kinds),
                    f"{day.total_before:,}",
                    f"{day.total_after:,}",
                ]
                for day in days
            ]
            yield from _folded(f"By day: {count(len(days), 'day differs', 'days differ')}", heads, rows)
    yield from _moves(view, names)
    yield from _touched("Newly contacted", view.newly, names)
    yield from _touched("No longer contacted", view.no_longer, names)
    if view.otherwise:
        others = count(view.otherwise, "account is", "accounts are")
        yield f"{others} contacted either way, by other steps or on other days."
        yield ""
    if chosen := loads(view):
        yield from _folded("Workload", ["", "", *LOAD_HEADS], [list(load_cells(load)) for load in chosen])
    for fault in view.faults:
        yield f"**{_safe(fault)}**  "
    facts = f"{count(view.accounts, 'account')}"
    facts += f", ledger of {full_day(view.as_of)}" if view.as_of else ""
    yield f"<sub>{facts}. {taken_for_granted(view)} Nothing has been sent or written.</sub>"


def _numbers(view: Impact) -> Iterator[str]:
    heads = ["before", "after", "gained", "lost", "earlier", "later"]
    rows = [[PLURALS[kind.kind], *(_number(getattr(kind, head)) for head in heads)] for kind in view.kinds]
    sums = [_number(sum(getattr(kind, head) for kind in view.kinds)) for head in heads]
    yield from _table(["", *heads], [*rows, ["**all**", *sums]])
    if view.approvals_before != view.approvals_after:
        steps = count(view.approvals_after, "step needs", "steps need")
        yield f"{steps} approval, {view.approvals_before:,} before."
        yield ""


def _number(number: int) -> str:
    return f"{number:,}" if number else "–"


def _moves(view: Impact, names: bool) -> Iterator[str]:
    if not view.moves:
        return
    heads = ["accounts", "from", "to", "overdue", *(["for example"] if names else [])]
    rows = [
        [
            f"{move.accounts:,}",
            policy_name(move.before),
            policy_name(move.after),
            in_currencies(move.money) or "–",
            *([", ".join(move.examples)] if names else []),
        ]
        for move in view.moves
    ]
    total = sum(move.accounts for move in view.moves)
    yield from _folded(f"{count(total, 'account moves', 'accounts move')} to another policy", heads, rows)


def _touched(title: str, touched: Touched, names: bool) -> Iterator[str]:
    if not touched.accounts:
        return
    told = f"{title}: {count(touched.accounts, 'account')}, {in_currencies(touched.money) or 'nothing due'}"
    if not names:
        yield f"{_safe(told)}."
        yield ""
        return
    rows = [
        [
            one.account,
            clean(one.name),
            in_currencies(one.money) or "–",
            day_month(one.on),
            does_what(one),
            f"{one.policy}:{one.place.line}",
        ]
        for one in touched.largest
    ]
    more = "; the largest" if touched.accounts > len(rows) else ""
    yield from _folded(told + more, ["account", "name", "asked for", "first on", "step", "line"], rows)


def _folded(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table that opens when somebody wants it."""
    yield f"<details><summary>{_safe(title)}</summary>"
    yield ""
    yield from _table(heads, rows)
    yield "</details>"
    yield ""


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cells)} |"

    yield line(heads)
    yield line(["---"] + ["---:" if _numeric(rows, column) else "---" for column in range(1, len(heads))])
    for row in rows:
        yield line([cell if cell == "**all**" else _safe(cell) for cell in row])
    yield ""


def _numeric(rows: Sequence[Sequence[str]], column: int) -> bool:
    return all(re.fullmatch(r"[+−]?[\d,]+|–", row[column]) for row in rows)


def _safe(text: str) -> str:
    """A text of somebody else's as text: nothing in it is a mark-up, a link or the name of a person."""
    return (
        _SPECIAL.sub(r"\\\1", clean(text))
        .replace("\\@", "@\u200b")
        .replace("\\<", "&lt;")
        .replace("\\>", "&gt;")
    )
