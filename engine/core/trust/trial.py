"""The tests of a policy, run day by day through the same decision as everything else.

Every test is one account of a small portfolio. On each day what the test says has happened is put into its state, the day is
decided, and what goes is compared with what is expected; then the day is taken as done, as in a preview.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from engine.core.decision.case import cases
from engine.core.decision.choose import Choice, Verdict, choose
from engine.core.decision.decide import Decided, decide, faults
from engine.core.decision.draw import endless
from engine.core.decision.plan import day_of
from engine.core.decision.portfolio import Portfolio, portfolio
from engine.core.decision.signature import NONE, Signature
from engine.core.decision.standing import Standing, stand
from engine.core.decision.state import State
from engine.core.decision.view import Day
from engine.core.language.policy import PolicyBook
from engine.core.language.trials import TrialFile, What
from engine.core.rules import Rules
from engine.core.sentences import Reason
from engine.core.trust.ahead import UNDER_WAY, acts, quiet
from engine.core.trust.case import Case, Failure, Result, side_by_side
from engine.core.trust.coverage import Watch
from engine.core.trust.stage import Stage
from engine.core.trust.stretch import seasons, timeless
from engine.core.workdays import ALWAYS, Calendar, calendar

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Up to so many accounts the plain definition, one by one, is quicker than columns.
_FEW = 60
# And so many rows are looked at at once, where days to come are put side by side.
_MOST = 30_000

__all__ = ["Failure", "Result", "run_trials"]


def run_trials(
    book: PolicyBook, files: Sequence[TrialFile], rules: Sequence[Rules], watch: Watch | None = None
) -> tuple[Result, ...]:
    """Every test of every file, in their order. Capacity and the safety stop are the day's, not the policy's: they rest.

    `watch` is told of what the tests try, for `coverage`.
    """
    book = endless(book)
    book = replace(book, house=replace(book.house, capacity={}, stop={}, usual=type(book.house.usual)(0)))
    every = [Case(book, file, trial) for file in files for trial in file.trials]
    side_by_side(book, every)
    groups: dict[str, list[Case]] = {}
    for case in every:
        groups.setdefault(case.file.calendar or ALWAYS, []).append(case)
    for name, members in groups.items():
        _Group(book, rules, calendar(name, book.house.open_days), members, watch).run()
    return tuple(case.result() for case in every)


class _Group:
    """Tests on the same calendar: decided together, a date at a time, each on its own days."""

    def __init__(
        self,
        book: PolicyBook,
        rules: Sequence[Rules],
        open_on: Calendar,
        members: list[Case],
        watch: Watch | None,
    ) -> None:
        self.book, self.rules, self.open_on, self.members = book, rules, open_on, members
        self.watch = watch
        self.stage = Stage(book, open_on, members)
        self.agreed: set[Signature] = set()  # the classes on which the evaluators have agreed
        self.spoken = {case.zero + timedelta(days=day) for case in members for day in case.spoken}
        self.looks_ahead = watch is None and timeless(book, open_on)

    def run(self) -> None:
        active: dict[date, list[int]] = {}
        for row, case in enumerate(self.members):
            for on in case.dates:
                active.setdefault(on, []).append(row)
        days = sorted(active)
        at = 0
        while at < len(days):
            at += self._quiet_days(days[at:], active)
            if at < len(days):
                self._day(days[at], active[days[at]])
                at += 1

    def _quiet_days(self, days: Sequence[date], active: Mapping[date, list[int]]) -> int:
        """How many of the coming days ask for nothing. 0 where that has to be asked of the first on its own: see `_silent`.

        Every class that comes up on them is compared by both evaluators, as on a day that is decided.
        """
        rows, wakes = active[days[0]], self.stage.wakes(active[days[0]])
        season = seasons(self.book.house, days[0])
        stretch = list(
            takewhile(
                lambda on: (
                    on not in self.spoken
                    and on < wakes
                    and active[on] == rows
                    and seasons(self.book.house, on) == season
                ),
                days[: max(1, _MOST // len(rows))],
            )
        )
        if not self.looks_ahead or len(stretch) < 2 or (len(rows) <= _FEW and self._under_way(rows)):
            return 0
        state = self.stage.coming(stretch, rows)
        moment = day_of(self.book, self.open_on, stretch[0])
        view = portfolio(self.book, state, moment)
        signatures = [view.at(int(unit)) for unit in view.first]
        if faults(self.book, state, moment, self.rules, view, signatures, self.agreed):
            return 0
        acting = self._acting(view, state, signatures)
        return int(acting.min()) // len(rows) if len(acting) else len(stretch)

    def _day(self, on: date, active: Sequence[int]) -> None:
        self.stage.begins(on, active)
        moment = day_of(self.book, self.open_on, on)
        if self.watch:
            looked = [row for row in active if self.watch.looks(self.members[row], on)]
            for _, standing in self._standings(looked, moment):
                self.watch.stands(standing)
        view = portfolio(self.book, self.stage.state, moment) if len(active) > _FEW else None
        if self._silent(on, moment, active, view):
            return
        decided = decide(self.book, self.stage.state, moment, self.rules, seen=self.agreed, view=view)
        went = _went(decided)
        for row in active:
            case = self.members[row]
            self._compare(row, case, case.day(on), decided, went.get(row, ()))
        if self.watch:
            for row in active:
                self.watch.chose(decided.choice(row))
            for row, standing in self._standings([row for row in went if row in set(active)], moment):
                self.watch.went(self.members[row], on, standing)
        self.stage.ends(on, decided, active)

    def _standings(self, rows: Sequence[int], moment: Day) -> Iterator[tuple[int, Standing]]:
        """(row, standing) of some accounts, each unit by the plain definition."""
        for row, known in cases(self.stage.state, rows).items() if rows else ():
            for standing in stand(self.book, known, moment, self.rules[0]):
                yield row, standing

    def _silent(self, on: date, moment: Day, active: Sequence[int], view: Portfolio | None) -> bool:
        """Whether the day asks for nothing: no test speaks of it, nothing goes, and nothing is to be remembered of it.

        Asked of the choices alone: of the plain definition for a few accounts, of the columns for many. Nothing is lost by
        it: `decide` lets nothing go that is not chosen.
        """
        if on in self.spoken:
            return False
        if view is not None:
            signatures = [view.at(int(unit)) for unit in view.first]
            return not len(self._acting(view, self.stage.state, signatures))
        return all(
            quiet(self.book, known, stand(self.book, known, moment, self.rules[0]))
            for known in cases(self.stage.state, active).values()
        )

    def _acting(self, view: Portfolio, state: State, signatures: Iterable[Signature]) -> NDArray[Any]:
        """The rows that ask for something: a step goes, asks, or finds no address; the owner is told; an episode begins."""
        does = np.array([acts(choose(self.book, at)) for at in signatures], dtype=bool)
        begins = (state.accounts["since"].is_null() | state.accounts["home"].is_null()).to_numpy()
        begins &= view.overdue & (view.route != NONE)
        return np.concatenate([view.unit_row[does[view.classes]], np.flatnonzero(begins)])

    def _under_way(self, rows: Sequence[int]) -> bool:
        waits = self.stage.state.pending.filter(pl.col("state").is_in([*UNDER_WAY]))["row"]
        return bool(waits.is_in(rows).any())

    # -- what is expected ------------------------------------------------------------------------------------------------

    def _compare(
        self, row: int, case: Case, day: int, decided: Decided, contacts: Sequence[tuple[str, str]]
    ) -> None:
        trial = case.trial
        route = int(decided.portfolio.route[row])
        policy = self.book.policies[route].id if route != NONE else ""
        if trial.policy is not None:
            if day == case.last_day and policy != trial.policy:
                taken = f"policy {policy}" if policy else "no policy"
                case.fail(
                    None,
                    taken,
                    f"policy {trial.policy}",
                    self._why_not(trial.policy, row, decided),
                    trial.place,
                )
            return
        refused = any(event.what is What.DECLINED for event in case.events.get(day, ()))
        went = [step for step, verdict in contacts if not refused or verdict != Verdict.ASK.value]
        choice = decided.choice(row)
        expected = case.expected.get(day)
        if expected is None:
            if went:
                case.fail(day, self._words(went, choice), "nothing", self._why(choice), trial.place)
            return
        wrong_policy = policy not in {want.policy or case.file.policy for want in expected.wants}
        if expected.wants:
            missing = [want for want in expected.wants if not set(want.steps) & set(went)]
            extra = [step for step in went if not any(step in want.steps for want in expected.wants)]
            if missing or extra or wrong_policy:
                case.fail(
                    day,
                    self._words(went, choice, policy, case),
                    expected.text,
                    self._why(choice),
                    expected.place,
                )
        elif went or (expected.because and choice.reason is not expected.because):
            case.fail(
                day, self._words(went, choice, policy, case), expected.text, self._why(choice), expected.place
            )

    def _words(self, went: Sequence[str], choice: Choice, policy: str = "", case: Case | None = None) -> str:
        other = f" (policy {policy} takes it)" if case and policy and policy != case.file.policy else ""
        if went:
            return ", ".join(went) + other
        return f"nothing, because {choice.reason.value}{other}"

    def _why(self, choice: Choice) -> str:
        line = f", {choice.place}" if choice.place else ""
        step = f"{choice.policy}: {choice.step}: " if choice.step else ""
        return f"{step}{choice.reason.value if choice.reason is not Reason.DUE else 'it is due'}{line}"

    def _why_not(self, policy_id: str, row: int, decided: Decided) -> str:
        policy = self.book.policy(policy_id)
        account = decided.portfolio.accounts.row(row, named=True)
        facts = {name: frozenset(v) if isinstance(v, list) else v for name, v in account.items()}
        failing = policy.fits.failing(facts) if policy else None
        return (
            f"{failing.field} is not {failing.text}, {failing.place}"
            if failing
            else "an earlier policy takes it"
        )


def _went(decided: Decided) -> dict[int, list[tuple[str, str]]]:
    """row -> (step, verdict) of what goes today."""
    found: dict[int, list[tuple[str, str]]] = {}
    goes = decided.contacts.filter("goes").select("row", "step", "verdict")
    for row, step, verdict in goes.iter_rows():
        found.setdefault(row, []).append((step, verdict))
    return found
