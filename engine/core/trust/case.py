"""One test of a policy on its way: on which dates its days fall, what happens on them, and what it found."""

from __future__ import annotations

import calendar as months
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from engine.core.decision.ladder import in_season
from engine.core.language.policy import Clock, PolicyBook
from engine.core.language.trials import Document, Expectation, Happening, Trial, TrialFile, What
from engine.core.ledger import Terms, clock_date, due_date, infer_terms, read_terms
from engine.core.problem import Place
from engine.core.workdays import ALWAYS

_RELEASES = frozenset({What.DISPUTE_CLOSED, What.RESUMED})


@dataclass(frozen=True, slots=True)
class Failure:
    """One day on which a test is not met. `why` is the reason in words, with its line."""

    day: int | None
    is_: str
    should_be: str
    why: str
    place: Place


@dataclass(frozen=True, slots=True)
class Result:
    """How a test ended. It passes without failures."""

    file: str
    policy: str
    name: str
    place: Place
    failures: tuple[Failure, ...]

    @property
    def passed(self) -> bool:
        return not self.failures


class Case:
    """One test. `zero` is the date of its day 0; `documents` stand on the dates on which the test is run."""

    def __init__(self, book: PolicyBook, file: TrialFile, trial: Trial) -> None:
        self.file, self.trial = file, trial
        self.failures: list[Failure] = []
        policy = book.policy(file.policy)
        clock = policy.clock if policy else Clock.DUE_DATE
        account = trial.account
        terms = str(account.fields.get("terms") or "")
        first = account.first
        self.documents = tuple(replace(each, due=_due(each, terms)) for each in account.documents)
        self.zero = (
            clock_date(clock, first.written, _due(first, terms), first.statement)
            if first
            else date(2026, 1, 1)
        )
        self.terms = terms or (infer_terms(first.written, first.due) if first and first.due else None)
        self.expected: Mapping[int, Expectation] = {
            expectation.day: expectation for expectation in trial.expect
        }
        self.events: dict[int, list[Happening]] = {}
        for event in trial.events:
            # What stops acts at once; what releases acts from the next day.
            day = event.day + (event.what in _RELEASES)
            self.events.setdefault(day, []).append(event)
        written = [(document.written - self.zero).days for document in account.documents]
        self.first_day = min([0, *written, *self.expected, *self.events])
        self.last_day = max([*self.expected, 0], default=0)
        if trial.policy is not None and first:
            self.last_day = (_due(first, terms) - self.zero).days + 1

    def day(self, on: date) -> int:
        """The day of the test on a date."""
        return (on - self.zero).days

    def active(self, on: date) -> bool:
        return self.first_day <= self.day(on) <= self.last_day

    @property
    def dates(self) -> Sequence[date]:
        """Every date on which the test is run."""
        return [self.zero + timedelta(days=day) for day in range(self.first_day, self.last_day + 1)]

    @property
    def spoken(self) -> frozenset[int]:
        """The days on which it expects something, or something happens to its account."""
        happens = {day for day in self.events if self.first_day <= day <= self.last_day}
        ends = set() if self.trial.policy is None else {self.last_day}
        return frozenset(happens | self.expected.keys() | ends)

    def happens(self, on: date) -> Sequence[Happening]:
        return self.events.get(self.day(on), ()) if self.events and self.active(on) else ()

    def fail(self, day: int | None, is_: str, should_be: str, why: str, place: Place) -> None:
        self.failures.append(Failure(day, is_, should_be, why, place))

    def result(self) -> Result:
        return Result(
            self.file.file, self.file.policy, self.trial.name, self.trial.place, tuple(self.failures)
        )

    def moved(self, by: timedelta) -> None:
        """Let all of the test happen so much later: its days stay what they are."""
        if not by:
            return
        self.zero += by
        self.documents = tuple(_moved(document, by) for document in self.documents)
        for day, events in self.events.items():
            self.events[day] = [
                replace(event, until=event.until + by) if event.until else event for event in events
            ]


def _due(document: Document, terms: str) -> date:
    if document.due:
        return document.due
    known = read_terms(terms)
    return due_date(document.written, known) if isinstance(known, Terms) else document.written


def _moved(document: Document, by: timedelta) -> Document:
    written = document.written
    end = written.replace(day=months.monthrange(written.year, written.month)[1])
    return replace(
        document,
        written=written + by,
        due=document.due + by if document.due else None,
        statement=(document.statement or end) + by,
    )


def side_by_side(book: PolicyBook, cases: Sequence[Case]) -> None:
    """Let tests that begin on different dates begin on the same, wherever no word of the policies can tell one from another.

    So a thousand tests take no more evaluations than the longest of them has days. Where every day is open, only a season of
    `pause` and a clock of month ends know which date it is: a test that comes near one stays where it is.
    """
    if any(policy.clock is Clock.END_OF_MONTH for policy in book.policies):
        return
    seasons = [pause.season for pause in book.house.pause if pause.season]
    known: dict[date, bool] = {}

    def seasonal(on: date) -> bool:
        if on not in known:
            known[on] = any(in_season(season, on) for season in seasons)
        return known[on]

    anchors: list[date] = []
    for case in cases:
        dates = case.dates
        if case.file.calendar not in (None, ALWAYS) or any(map(seasonal, dates)):
            continue
        for anchor in anchors:
            by = anchor - case.zero
            if not any(seasonal(on + by) for on in dates):
                case.moved(by)
                break
        else:
            anchors.append(case.zero)
