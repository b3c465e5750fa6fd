"""A policy as a picture: its ladder in days from the top down, what each step does, what must hold, who stands there.

Plain SVG in the page's own colours. The page gives the classes their colours: `spine`, `wait` (time to answer), `node` and
what it is (`call`, `written`, `effect`, `other`), `what`, `note`, `day`, `went` and `held` the bars, `zero` the line of day 0.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from engine.core.decision.ladder import demands_in_writing
from engine.core.language import words
from engine.core.language.condition import Condition
from engine.core.language.policy import Kind, Policy, PolicyBook, Step
from engine.core.sentences import ladders as said
from engine.jobs.ladders import At
from engine.screen.written import reason_words

_WIDE, _DAY, _SPINE, _TEXT = 380, 56, 78, 100  # units: the page shows one as a pixel, or smaller
_LINE, _BAR, _APART = 17, 10, 22
_LETTERS, _SMALL = 33, 42  # of a line
_TALL, _LEAST, _MOST, _LONGEST = 480.0, 2.0, 8.0, 150.0  # units of all days, of a day, and between two steps


@dataclass(slots=True)
class _Rung:
    day: int
    step: Step | None
    lines: list[tuple[str, str]]  # class, text
    at: At
    y: float = 0.0

    @property
    def tall(self) -> float:
        return len(self.lines) * _LINE + (_BAR + 6) * bool(self.at.accounts)


def ladder(policy: Policy, book: PolicyBook, at: Mapping[str, At] | None = None) -> str:
    """The picture. `at` has the accounts by a step's name; a step that is not in it has none."""
    rungs = _rungs(policy, book, at or {})
    y = 14.0
    a_day = min(max(_TALL / max(rungs[-1].day - rungs[0].day, 1), _LEAST), _MOST)
    for number, rung in enumerate(rungs):
        if number:
            before = rungs[number - 1]
            long = min((rung.day - before.day) * a_day, _LONGEST)
            y += max(before.tall + _APART, long)
        rung.y = y
    most = max((rung.at.accounts for rung in rungs), default=0)
    parts = list(_spine(rungs, book.answer(policy)))
    for rung in rungs:
        parts += _drawn(rung, most)
    tall = rungs[-1].y + rungs[-1].tall + 4
    label = said.picture(policy.title, [(step.day, step.does) for step in policy.steps])
    return (
        f'<svg class="ladder" viewBox="0 0 {_WIDE} {tall:.0f}" width="{_WIDE}" height="{tall:.0f}" role="img" '
        f'aria-label="{escape(label, quote=True)}">{"".join(parts)}</svg>'
    )


def conditions(step: Step) -> list[str]:
    """What must hold for a step beside its day, in words."""
    told = []
    if step.when is not None:
        told.append(said.only_if(clauses(step.when)))
    if step.approve is not None:
        told.append(
            said.agrees_first(step.approve.by, clauses(step.approve.when) if step.approve.when else "")
        )
    if step.ahead:
        told.append(said.notice(step.ahead))
    if step.repeat is not None:
        told.append(said.again(step.repeat.every, step.repeat.at_most))
    if step.restore_after:
        told.append(said.way_back(step.restore_after))
    return told


def clauses(condition: Condition) -> str:
    """The dashes of a condition in words."""
    return said.dashes_hold(
        [said.lines_hold([words.sentence(test) for test in clause.tests]) for clause in condition.clauses]
    )


def does(step: Step, book: PolicyBook) -> list[str]:
    """What a step does, an action a line; a message with its tone."""
    told = []
    for action in step.actions:
        tone = book.tones.get(action.value) if action.kind.written else None
        what = f", {action.what}" if action.what else ""
        told.append(f"{action.kind.value} {action.value}{what}{f' ({tone})' if tone else ''}")
    return told


def _rungs(policy: Policy, book: PolicyBook, at: Mapping[str, At]) -> list[_Rung]:
    rungs = [
        _Rung(step.day, step, _lines(step, book, at.get(step.name, At())), at.get(step.name, At()))
        for step in policy.steps
    ]
    zero = str(policy.start or policy.clock)
    if all(rung.day != 0 for rung in rungs):
        rungs.append(_Rung(0, None, [("note", zero)], At()))
        rungs.sort(key=lambda rung: rung.day)
    else:
        first = next(rung for rung in rungs if rung.day == 0)
        first.lines.append(("note", f"day 0: {zero}"))
    return rungs


def _lines(step: Step, book: PolicyBook, at: At) -> list[tuple[str, str]]:
    lines = [("what", line) for what in does(step, book) for line in _wrapped(what, _LETTERS)]
    details = [
        f"script {step.script}" if step.script else "",
        f"to {step.to}" if step.to != "accounts payable" else "",
        f"from {step.from_}" if step.from_ else "",
    ]
    if told := ", ".join(filter(None, details)):
        lines += [("note", line) for line in _wrapped(told, _SMALL)]
    for told in conditions(step):
        lines += [("gate", line) for line in _wrapped(told, _SMALL)]
    if at.accounts:
        lines += [("count", line) for line in _wrapped(_at_it(at), _SMALL)]
    if at.had:
        lines.append(("count", said.have_had(at.had)))
    return lines


def _wrapped(text: str, letters: int) -> list[str]:
    return textwrap.wrap(text, letters, break_on_hyphens=False)


def _at_it(at: At) -> str:
    return said.at_it(at.went, [(reason_words(reason), number) for reason, number in at.held])


def _spine(rungs: Sequence[_Rung], answer: int) -> Iterator[str]:
    """The line from the first day to the last; thick where a demand waits for its answer; how many days lie between."""
    if len(rungs) > 1:
        yield f'<path class="spine" d="M{_SPINE} {rungs[0].y:.1f}V{rungs[-1].y:.1f}"/>'
    for before, after in pairwise(rungs):
        days, long = after.day - before.day, after.y - before.y
        if before.step is not None and demands_in_writing(before.step) and answer and days:
            to = before.y + long * min(answer / days, 1.0)
            told = escape(said.to_answer(answer))
            yield f'<path class="wait" d="M{_SPINE} {before.y:.1f}V{to:.1f}"><title>{told}</title></path>'
        if days and long > 2 * _LINE + 10:
            yield (
                f'<text class="between" x="{_DAY}" y="{before.y + long / 2 + 4:.1f}" text-anchor="end">'
                f"{escape(said.days_between(days))}</text>"
            )


def _drawn(rung: _Rung, most: int) -> Iterator[str]:
    y = rung.y
    if rung.step is None:
        yield f'<path class="zero" d="M{_SPINE - 14} {y:.1f}H{_SPINE + 14}"/>'
    else:
        yield f'<text class="day" x="{_DAY}" y="{y + 5:.1f}" text-anchor="end">day {rung.day}</text>'
        yield _node(rung.step, y)
    for number, (kind, line) in enumerate(rung.lines):
        yield f'<text class="{kind}" x="{_TEXT}" y="{y + 5 + number * _LINE:.1f}">{escape(line)}</text>'
    if rung.at.accounts:
        top, x = y + len(rung.lines) * _LINE - 4, float(_TEXT)
        room = _WIDE - _TEXT - 4
        for kind, number in (("went", rung.at.went), ("held", rung.at.accounts - rung.at.went)):
            wide = room * number / most
            if number:
                yield f'<rect class="{kind}" x="{x:.1f}" y="{top:.1f}" width="{max(wide, 1.5):.1f}" height="{_BAR}"/>'
            x += wide


def _node(step: Step, y: float) -> str:
    """A round for a call, a sheet for what is written, a lozenge for what changes how the account is supplied."""
    kinds = {action.kind for action in step.actions}
    if any(kind.effect for kind in kinds):
        return f'<path class="node effect" d="M{_SPINE} {y - 9:.1f}l9 9l-9 9l-9 -9z"/>'
    if Kind.CALL in kinds:
        return f'<circle class="node call" cx="{_SPINE}" cy="{y:.1f}" r="7.5"/>'
    if any(kind.written for kind in kinds):
        return (
            f'<rect class="node written" x="{_SPINE - 9}" y="{y - 6.5:.1f}" width="18" height="13" rx="1.5"/>'
        )
    return f'<rect class="node other" x="{_SPINE - 5}" y="{y - 5:.1f}" width="10" height="10"/>'
