"""A test of a policy out of what really happened to an account: its papers, what came to pass, and what was decided.

Names of people and companies, and the numbers of documents, stay where they are: the test has its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from engine.core.decision.state import ADDRESSES
from engine.core.language.condition import Value
from engine.core.language.fields import Field, Type
from engine.core.language.policy import Policy, PolicyBook
from engine.core.ledger import clock_date
from engine.core.money import digits
from engine.core.sentences import Reason, short_day
from engine.core.workdays import Calendar

FIRST_DAY = -120  # a test has no day before it
# What may hold a step in a test as it does in life; room, the safety stop and an old ledger are of a whole day.
SAID = frozenset(
    {
        Reason.NEVER,
        Reason.BELOW_MINIMUM,
        Reason.DISPUTED,
        Reason.PROMISED,
        Reason.PLANNED,
        Reason.PAUSED,
        Reason.HELD_OUT,
        Reason.GAP,
        Reason.ANSWER,
        Reason.CONTACT_LIMIT,
        Reason.NO_ADDRESS,
        Reason.LADDER_FINISHED,
    }
)
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ,._/-]*")


@dataclass(frozen=True, slots=True)
class Paper:
    """A document of the ledger as it stood when the test begins. Amounts are positive minor units; `owed`: an invoice."""

    number: str
    owed: bool
    written: date
    due: date
    amount: int
    open: int
    currency: str
    statement: date | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that came to pass, in the words of a test; `item` is the number of the paper it is about."""

    on: date
    what: str
    item: str | None = None
    amount: int | None = None
    currency: str = ""
    until: date | None = None
    favour: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is kept of an account from `first` to `last`. `decided` are the days on which its policies were asked, `paused`
    those on which a person's pause held everything; `took` are (day, step), `held` (day, reason) of days without a step."""

    policy: Policy
    papers: tuple[Paper, ...]
    fields: Mapping[str, Value]
    addresses: int
    events: tuple[Event, ...]
    decided: frozenset[date]
    paused: frozenset[date]
    took: tuple[tuple[date, str], ...]
    declined: tuple[date, ...]
    held: tuple[tuple[date, Reason], ...]
    first: date
    last: date
    side: str = ""  # of a comparison, where it is not that of the policy


def written(book: PolicyBook, kept: Recorded, fields: Mapping[str, Field], calendar: Calendar) -> str:
    """The file. `fields` are those that the policies ask for, by column."""
    return "".join(f"{line}\n" for line in _Writer(book, kept, fields, calendar).lines())


class _Writer:
    def __init__(
        self, book: PolicyBook, kept: Recorded, fields: Mapping[str, Field], calendar: Calendar
    ) -> None:
        self.book, self.kept, self.fields, self.calendar = book, kept, fields, calendar
        self.invoices = sorted((p for p in kept.papers if p.owed), key=lambda p: (p.due, p.number))
        self.credits = sorted((p for p in kept.papers if not p.owed), key=lambda p: (p.written, p.number))
        self.number = {p.number: f"A{n}" for n, p in enumerate(self.invoices, 1)}
        self.number |= {p.number: f"C{n}" for n, p in enumerate(self.credits, 1)}
        first = self.invoices[0]
        self.zero = clock_date(kept.policy.clock, first.written, first.due, first.statement)

    def day(self, on: date) -> int:
        return max((on - self.zero).days, FIRST_DAY)

    def lines(self) -> Iterator[str]:
        kept = self.kept
        yield "# From the history of one account. Names and numbers of documents are not those of the ledger."
        yield f"policy: {kept.policy.id}"
        if self.book.house.closed == "next open day":
            yield f"calendar: {self.calendar.name}"
        yield "account:"
        for column, value in kept.fields.items():
            yield f"  {self.fields[column].name}: {self._value(self.fields[column], value)}"
        if kept.addresses != (1 << len(ADDRESSES)) - 1:
            known = [word for bit, word in enumerate(ADDRESSES) if kept.addresses >> bit & 1]
            yield f"  addresses: [{', '.join(known) or 'none'}]"
        if kept.side:
            yield f"  side: {kept.side}"
        for word, papers in (("invoices", self.invoices), ("credits", self.credits)):
            if papers:
                yield f"  {word}:"
                yield from (f"    - {self._paper(paper)}" for paper in papers)
        yield ""
        yield "tests:"
        yield f"  - name: as it went from {short_day(kept.first)} to {short_day(kept.last)}"
        yield from self._days("events", self._events())
        yield from self._days("expect", self._expected())

    def _days(self, word: str, said: Sequence[tuple[int, str]]) -> Iterator[str]:
        by_day: dict[int, list[str]] = {}
        for day, text in said:
            by_day.setdefault(day, []).append(text)
        if by_day:
            yield f"    {word}:"
        for day, texts in sorted(by_day.items()):
            if len(texts) == 1:
                yield f"      {day}: {_quoted(texts[0])}"
                continue
            yield f"      {day}:"
            yield from (f"        - {_quoted(text)}" for text in texts)

    def _events(self) -> list[tuple[int, str]]:
        found = [(self.day(event.on), self._event(event)) for event in self.kept.events]
        found += [(self.day(on), "declined") for on in self.kept.declined]
        return [
            (self.day(start), f"paused until day {self.day(end)}") for start, end in self._rests()
        ] + found

    def _rests(self) -> Iterator[tuple[date, date]]:
        """Stretches on which nothing could go: nobody asked the policies, or a person had paused the account."""
        kept = self.kept
        on = max(min([self.zero, *(p.written for p in kept.papers)]), self.zero + timedelta(days=FIRST_DAY))
        start: date | None = None
        while on <= kept.last:
            rests = on in kept.paused or (on not in kept.decided and self.calendar.is_open(on))
            # A closed day does not end a stretch: nothing goes on it either.
            if not rests and start is not None and on in kept.decided:
                yield start, on - timedelta(days=1)
                start = None
            elif rests and start is None:
                start = on
            on += timedelta(days=1)
        if start is not None:
            yield start, kept.last

    def _expected(self) -> list[tuple[int, str]]:
        kept = self.kept
        took = [(self.day(on), step) for on, step in kept.took]
        took += [(self.day(on), f"nothing, because {Reason.APPROVAL.value}") for on in kept.declined]
        busy = {on for on, _ in kept.took} | set(kept.declined)
        before: Reason | None = None
        for on, reason in kept.held:
            if on not in busy and reason in SAID and reason is not before:
                took.append((self.day(on), f"nothing, because {reason.value}"))
            before = reason
        if all(day != self.day(kept.last) for day, _ in took):
            took.append((self.day(kept.last), "nothing"))
        return took

    def _event(self, event: Event) -> str:
        item = self.number.get(event.item or "")
        parts = [event.what]
        if event.amount is not None:
            parts.append(self._money(event.amount, event.currency))
        if event.until:
            parts.append(f"by day {self.day(event.until)}")
        if item:
            parts.append(item if event.what.startswith("dispute") else f"on {item}")
        if event.favour:
            parts.append(f"for {event.favour}")
        return " ".join(parts)

    def _paper(self, paper: Paper) -> str:
        parts = [f"number: {self.number[paper.number]}", f"date: {paper.written}"]
        if paper.owed:
            parts.append(f"due: {paper.due}")
        if paper.statement:
            parts.append(f"statement: {paper.statement}")
        parts.append(f"amount: {_quoted(self._money(paper.amount, paper.currency))}")
        if paper.open != paper.amount:
            parts.append(f"open: {_quoted(self._money(paper.open, paper.currency))}")
        return "{" + ", ".join(parts) + "}"

    def _money(self, minor: int, currency: str) -> str:
        places = digits(currency)
        text = f"{minor / 10**places:.{places}f}"
        return text if currency == self.book.house.currency else f"{text} {currency}"

    def _value(self, field: Field, value: Value) -> str:
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, frozenset):
            return f"[{', '.join(sorted(value))}]"
        if isinstance(value, int):
            return self._money(value, self.book.house.currency) if field.type is Type.MONEY else str(value)
        return _quoted(value)


def _quoted(text: str) -> str:
    """The text as YAML has it: in quotes wherever a word of YAML's own could be seen in it."""
    if _PLAIN.fullmatch(text) and text.strip() == text:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
