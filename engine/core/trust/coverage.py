"""What the tests of the policies leave untried: steps never taken, gates that never hold, boundaries seen from one side only.

A boundary is a step's day (a test must have the day before without the step, and the day with it) and each comparison of
the policies (an account that meets it, and one that is turned away by this line alone).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from engine.core.decision.case import Owed
from engine.core.decision.choose import Choice, Verdict, choose
from engine.core.decision.ladder import demands_in_writing
from engine.core.decision.signature import NONE
from engine.core.decision.standing import Standing
from engine.core.language.condition import Clause, Condition, Op, Test, Value
from engine.core.language.fields import name_of
from engine.core.language.policy import Policy, PolicyBook, Step
from engine.core.problem import Place
from engine.core.sentences import Gate, Reason
from engine.core.sentences import trials as wording
from engine.core.trust.case import Case

STEPS, GATES, BOUNDARIES = "steps", "gates", "boundaries"
Facts = Mapping[str, Value | None]


@dataclass(frozen=True, slots=True)
class Untested:
    """Something that no test tries: `kind` is steps, gates or boundaries; `policy` is empty for the house's."""

    kind: str
    policy: str
    what: str
    sentence: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the policies the tests try: kind -> (tested, all), and what is left. `figures` are comparisons of numbers
    that are tried on both sides and never at the figure itself, where “over” and “at least” part."""

    counts: Mapping[str, tuple[int, int]]
    untested: tuple[Untested, ...]
    figures: tuple[Untested, ...]


class Watch:
    """Looks on while tests are run."""

    def __init__(self, book: PolicyBook) -> None:
        self.book = book
        self._taken: set[tuple[str, str]] = set()
        self._on_its_day: set[tuple[str, str]] = set()
        self._held: set[tuple[Gate, Reason, Place | None]] = set()
        self._sides: set[tuple[Place, bool]] = set()
        self._figures: set[Place] = set()

    def looks(self, case: Case, on: date) -> bool:
        """Whether a day of a test may show a boundary: one it speaks of, one of its policy's steps, or the last."""
        day = case.day(on)
        policy = self.book.policy(case.file.policy)
        steps = policy.steps if policy else ()
        return day in case.expected or day == case.last_day or any(step.day == day for step in steps)

    def chose(self, choice: Choice) -> None:
        """What was chosen for an account on a day."""
        if choice.gate is not None:
            self._held.add((choice.gate, choice.reason, choice.place))

    def stands(self, standing: Standing) -> None:
        """How an account stands on a day that is looked at."""
        self.chose(choose(self.book, standing.signature))
        for policy in self.book.policies:
            self._clause(policy.fits, standing.facts)
            if standing.policy is policy:
                break
        if standing.policy is None or standing.signature.step == NONE:
            if standing.policy is not None:
                self._whens(standing.policy, standing)
            return
        house = self.book.house
        for clause in (*house.never, *(pause.clause for pause in house.pause)):
            self._clause(clause, standing.facts)
        self._whens(standing.policy, standing)
        step = standing.policy.steps[standing.signature.step]
        if step.approve and step.approve.when:
            self._condition(step.approve.when, standing.facts)

    def went(self, case: Case, on: date, standing: Standing) -> None:
        """An account's step goes on a day."""
        policy = standing.policy
        if policy is None or choose(self.book, standing.signature).verdict not in (Verdict.GO, Verdict.ASK):
            return
        step = policy.steps[standing.signature.step]
        self._taken.add((policy.id, step.name))
        exact = any(
            standing.day[item] == step.day and step in due
            for item, due in standing.due.items()
            if item in standing.day
        )
        if exact and case.active(on - timedelta(days=1)):
            self._on_its_day.add((policy.id, step.name))

    def _whens(self, policy: Policy, standing: Standing) -> None:
        """The conditions of the steps whose day has come for an item that may still have them."""
        for step in policy.steps:
            if step.when is None:
                continue
            for item in standing.items:
                number = item.row["item"]
                if standing.day[number] >= step.day and step.name not in standing.taken[number]:
                    self._condition(step.when, {**standing.facts, **_of_item(item)})

    def _condition(self, condition: Condition, facts: Facts) -> None:
        """Dashes of which one is enough: each is seen where no other decides."""
        for clause in condition.clauses:
            if not any(other.holds(facts) for other in condition.clauses if other is not clause):
                self._clause(clause, facts)

    def _clause(self, clause: Clause, facts: Facts) -> None:
        holds = [test.holds(facts) for test in clause.tests]
        missed = holds.count(False)
        for test, met in zip(clause.tests, holds, strict=True):
            if missed - (not met) == 0:  # every other line holds
                self._sides.add((test.place, met))
                if facts.get(test.field) in test.values:
                    self._figures.add(test.place)

    # -- what it comes to ------------------------------------------------------------------------------------------------

    def coverage(self) -> Coverage:
        """What has been seen, and what not, in the order of the files."""
        every = [*self._steps(), *self._gates(), *self._boundaries()]
        counts = {
            kind: (
                sum(seen for one, seen in every if one.kind == kind),
                sum(one.kind == kind for one, _ in every),
            )
            for kind in (STEPS, GATES, BOUNDARIES)
        }
        figures = [
            Untested(BOUNDARIES, policy, _line(test), wording.not_at_the_figure(_line(test)), test.place)
            for policy, test in self._tests()
            if test.op is not Op.IS
            and test.place not in self._figures
            and {(test.place, True), (test.place, False)} <= self._sides
        ]
        return Coverage(counts, tuple(one for one, seen in every if not seen), tuple(figures))

    def _steps(self) -> Iterator[tuple[Untested, bool]]:
        for policy, step in _every_step(self.book):
            said = wording.never_taken(step.name)
            seen = (policy.id, step.name) in self._taken
            yield Untested(STEPS, policy.id, step.name, said, step.place), seen

    def _gates(self) -> Iterator[tuple[Untested, bool]]:
        for policy, gate, reason, line, place in _every_gate(self.book):
            said = wording.never_held(gate, reason, line)
            seen = any(
                held == gate and (at == place if line else why is reason) for held, why, at in self._held
            )
            yield Untested(GATES, policy, line or reason.value, said, place), seen

    def _boundaries(self) -> Iterator[tuple[Untested, bool]]:
        for policy, step in _every_step(self.book):
            said = wording.never_on_its_day(step.name, step.day)
            seen = (policy.id, step.name) in self._on_its_day
            yield Untested(BOUNDARIES, policy.id, f"day {step.day}", said, step.place), seen
        for id, test in self._tests():
            for met in (True, False):
                said = wording.one_sided(_line(test), met=met)
                seen = (test.place, met) in self._sides
                yield Untested(BOUNDARIES, id, _line(test), said, test.place), seen

    def _tests(self) -> Iterator[tuple[str, Test]]:
        for policy in self.book.policies:
            yield from ((policy.id, test) for test in policy.fits.tests)
            for step in policy.steps:
                for condition in (step.when, step.approve.when if step.approve else None):
                    yield from ((policy.id, test) for test in (condition.tests() if condition else ()))
        house = self.book.house
        for clause in (*house.never, *(pause.clause for pause in house.pause)):
            yield from (("", test) for test in clause.tests)


def _every_step(book: PolicyBook) -> Iterator[tuple[Policy, Step]]:
    for policy in book.policies:
        for step in policy.steps:
            yield policy, step


def _every_gate(book: PolicyBook) -> Iterator[tuple[str, Gate, Reason, str, Place | None]]:
    """(policy, gate, reason, line, place) of every gate that the files set up and a test can try.

    The age of the ledger, the safety stop and the capacity belong to a whole day: no test has one.
    """
    house = book.house
    for clause in house.never:
        yield "", Gate.NEVER, Reason.NEVER, _lines(clause), clause.place
    if house.minimum:
        yield "", Gate.MINIMUM, Reason.BELOW_MINIMUM, "", house.places.get("minimum")
    for reason in (Reason.DISPUTED, Reason.PROMISED, Reason.PLANNED):
        yield "", Gate.ASIDE, reason, "", None
    for pause in house.pause:
        kinds = ", ".join(kind.value for kind in pause.kinds)
        yield "", Gate.PAUSE, Reason.PAUSED, _lines(pause.clause) or f"pause {kinds}".strip(), pause.place
    for split in house.splits:
        if split.holdout:
            yield split.champion, Gate.PAUSE, Reason.HELD_OUT, f"holdout of {split.name}", split.place
    if house.closed == "next open day":
        yield "", Gate.CLOSED, Reason.CLOSED_DAY, "", house.places.get("calendar")
    if any(book.gap(policy) for policy in book.policies):
        yield "", Gate.GAP, Reason.GAP, "", house.places.get("gap")
    if any(book.answer(policy) and demands_in_writing(step) for policy, step in _every_step(book)):
        yield "", Gate.ANSWER, Reason.ANSWER, "", house.places.get("answer")
    if house.contact:
        yield "", Gate.CONTACT, Reason.CONTACT_LIMIT, "", house.places.get("contact")
    yield "", Gate.ADDRESS, Reason.NO_ADDRESS, "", None
    for policy, step in _every_step(book):
        if step.approve:
            yield policy.id, Gate.APPROVAL, Reason.APPROVAL, step.name, step.approve.place


def _of_item(item: Owed) -> Facts:
    return {"amount": item.base, "days_overdue": item.late}


def _line(test: Test) -> str:
    return f"{name_of(test.field)}: {test.text}"


def _lines(clause: Clause) -> str:
    return ", ".join(_line(test) for test in clause.tests)
