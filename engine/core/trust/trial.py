"""The tests of a policy, run day by day through the same decision as everything else.

Every test is one account of a small portfolio. On each day what the test says has happened is put into its state, the day is
decided, and what goes is compared with what is expected; then the day is taken as done, as in a preview.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from engine.core.decision.choose import Choice, Verdict, choose
from engine.core.decision.decide import Decided, decide
from engine.core.decision.draw import endless
from engine.core.decision.plan import day_of
from engine.core.decision.portfolio import Portfolio, portfolio
from engine.core.decision.signature import NONE, Signature
from engine.core.decision.standing import Standing, cases, stand
from engine.core.decision.view import Day
from engine.core.language.policy import PolicyBook
from engine.core.language.trials import TrialFile, What
from engine.core.rules import Rules
from engine.core.sentences import Reason
from engine.core.trust.ahead import acts, quiet
from engine.core.trust.case import Case, Failure, Result, side_by_side
from engine.core.trust.coverage import Watch
from engine.core.trust.stage import Stage
from engine.core.workdays import ALWAYS, Calendar, calendar

# Up to so many accounts the plain definition, one by one, is quicker than columns.
_FEW = 60

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

    def run(self) -> None:
        active: dict[date, list[int]] = {}
        for row, case in enumerate(self.members):
            for on in case.dates:
                active.setdefault(on, []).append(row)
        for on in sorted(active):
            self._day(on, active[on])

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
        members = self.members
        if any(members[row].speaks_of(members[row].day(on)) or members[row].happens(on) for row in active):
            return False
        if view is not None:
            return self._silent_columns(view)
        return all(
            quiet(self.book, known, stand(self.book, known, moment, self.rules[0]))
            for known in cases(self.stage.state, active).values()
        )

    def _silent_columns(self, view: Portfolio) -> bool:
        if any(acts(choose(self.book, view.at(int(unit)))) for unit in view.first):
            return False
        known = self.stage.state.accounts
        begins = (known["since"].is_null() | known["home"].is_null()).to_numpy()
        return not (begins & view.overdue & (view.route != NONE)).any()

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
