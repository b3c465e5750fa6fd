"""Past decisions in the words of then: which policy, which step, what each gate answered, and the lines that decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.core.decision.choose import choose
from engine.core.decision.signature import NONE, Signature
from engine.core.language.check import check
from engine.core.language.policy import PolicyBook
from engine.core.workdays import Calendar, calendar
from engine.jobs.checks import Check, gate_checks, verdict_said
from engine.jobs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Told:
    """One decision: its row, what it came to in words, the gates, and the lines of the policy that its place names."""

    row: Mapping[str, Any]
    verdict: tuple[str, ...]
    gates: tuple[Check, ...]
    lines: str

    @property
    def on(self) -> date:
        return date.fromisoformat(self.row["on"])


def told(
    ws: Workspace, decisions: Sequence[Mapping[str, Any]], books: Mapping[str, Mapping[str, str]]
) -> Iterator[Told]:
    """Each decision with the policies that it was made with. What those no longer say here is told by its reason alone."""
    read: dict[str, tuple[PolicyBook, Calendar] | None] = {}
    for row in decisions:
        book = row["book"]
        texts = books.get(book, {})
        if book not in read:
            read[book] = _read(ws, texts)
        yield _told(row, read[book], texts)


def _read(ws: Workspace, texts: Mapping[str, str]) -> tuple[PolicyBook, Calendar] | None:
    book = check({name: text.encode() for name, text in texts.items()}, ws.known).book
    return None if book is None else (book, calendar(book.house.calendar, book.house.open_days))


def _told(row: Mapping[str, Any], then: tuple[PolicyBook, Calendar] | None, texts: Mapping[str, str]) -> Told:
    lines = policy_lines(texts, row["place"])
    on = date.fromisoformat(row["on"])
    at = _signature(row["signature"])
    if then is None or at is None or at.policy >= len(then[0].policies):
        return Told(row, (f"{row['verdict']}: {row['reason']}",), (), lines)
    book, days = then
    choice = choose(book, at)
    if choice.verdict.value != row["verdict"]:  # another Dunwell chose; what was written is what was decided
        return Told(row, (f"{row['verdict']}: {row['reason']}",), (), lines)
    gates = () if at.policy == NONE else gate_checks(book, at, choice, on, days.why_closed(on))
    return Told(row, verdict_said(choice, on, future=False), gates, lines)


def _signature(kept: Mapping[str, Any] | None) -> Signature | None:
    try:
        return Signature(**kept) if kept is not None else None
    except TypeError:  # of a version that asked other questions
        return None


def policy_lines(texts: Mapping[str, str], place: str | None) -> str:
    """The lines of a policy from a place (`policies/standard.yaml:12:5`) on, down to the next that is not part of it."""
    file, _, at = (place or "").partition(":")
    number = at.partition(":")[0]
    all_lines = texts.get(file, "").splitlines()
    if not number.isdigit() or not 0 < int(number) <= len(all_lines):
        return ""
    first = all_lines[int(number) - 1]
    found = [first]
    for line in all_lines[int(number) :]:
        if line.strip() and _indent(line) <= _indent(first):
            break
        found.append(line)
    return "\n".join(found).rstrip()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
