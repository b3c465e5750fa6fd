"""What a ladder comes to when it is walked: steps and policies that nobody reaches, accounts that reach nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from engine.core.decision.choose import Verdict
from engine.core.language.policy import Policy, PolicyBook, Step
from engine.core.problem import Place
from engine.core.sentences import Gate, Reason, proofs
from engine.core.trust.prove.accounts import ALL_ADDRESSES, zero
from engine.core.trust.prove.findings import Finding, steps, warned
from engine.core.trust.prove.search import Found
from engine.core.trust.prove.states import Past
from engine.core.trust.prove.stories import Day, quiet
from engine.core.trust.prove.walks import Walks
from engine.core.trust.prove.written import Writer

_AFTERWARDS = 60  # days that an account is followed after its last step's day, to see what it stays in
_LIMITS = (Gate.GAP, Gate.ANSWER, Gate.CONTACT)


@dataclass(frozen=True)
class Quiet:
    """An account to which nothing happens but what the policies do, and perhaps one event that a policy starts from."""

    sort: int
    owes: int  # index in the sort's amounts
    event: str
    days: tuple[Day, ...]

    @property
    def went(self) -> tuple[Day, ...]:
        return tuple(day for day in self.days if day.branch == "go")


@dataclass
class Reached:
    """Looks over what a search has found."""

    book: PolicyBook
    walks: Walks
    writer: Writer
    sorts: Sequence[int]  # those with one open item
    found: Found
    tried: bool  # accounts with several items were tried beside
    done: set[tuple[int, int]] = field(init=False)
    routes: set[int] = field(init=False)

    def __post_init__(self) -> None:
        seen = [self.walks.outcomes[number] for number in self.found.first]
        self.done = {(each.policy, each.step.index) for each in seen if each.goes and each.step}
        self.routes = {each.policy for each in seen}

    def run(self) -> Iterator[Finding]:
        if self.found.whole:  # else nobody knows what would have come
            yield from self._policies()
            yield from self._steps()
        yield from self._nobody()
        yield from self._idle()
        yield from self._close()

    # -- quiet walks -----------------------------------------------------------------------------------------------------

    @cached_property
    def walked(self) -> tuple[Quiet, ...]:
        """Every sort with all addresses, from every amount; and once more with each event, two days past due."""
        found = []
        for sort in self.sorts:
            kind, at = self.walks.sorts[sort], self.walks.at[sort]
            if kind.addresses != ALL_ADDRESSES or not kind.single:
                continue
            for start in self.walks.starts(sort):
                past: Past = self.walks.pasts.things[start[0]]
                owes, last = past.items[0][0], at.last + _AFTERWARDS
                found.append(Quiet(sort, owes, "", tuple(quiet(self.walks, start, at.begins, last))))
                if not kind.events:
                    continue
                early = tuple(quiet(self.walks, start, at.begins, at.due[0] + 2))
                for what, then in self.walks.happens(early[-1].past):
                    if what.event >= 0:
                        day = at.due[0] + 2
                        changed = (then, self.walks.happened(early[-1].clock, what))
                        days = tuple(quiet(self.walks, changed, day, day + last))
                        found.append(Quiet(sort, owes, what.what, (*early[:-1], *days)))
        return tuple(found)

    def _example(self, walk: Quiet) -> str:
        return self.writer.account(self.walks.sorts[walk.sort], [walk.owes])

    def _of(self, p: int) -> Quiet | None:
        """A walk on which a policy has the account."""
        return next((walk for walk in self.walked if any(day.outcome.policy == p for day in walk.days)), None)

    # -- policies and steps that nobody reaches ------------------------------------------------------------------------

    def _policies(self) -> Iterator[Finding]:
        for p, policy in enumerate(self.book.policies):
            if p in self.routes:
                continue
            taker, example = self._taker(policy)
            said = proofs.policy_never(policy.id, taker.id if taker else "")
            also = taker.fits.place if taker else self.book.house.places.get("order")
            yield warned(
                "policy-never", policy.fits.place, *said, also, policy.id, example=example, sampled=self.tried
            )

    def _taker(self, policy: Policy) -> tuple[Policy | None, str]:
        """Who takes an account that the policy would have fit, and the account."""
        for walk in self.walked:
            sort = self.walks.sorts[walk.sort]
            facts = {**sort.facts, "terms": sort.terms, "balance": sort.amounts[walk.owes]}
            facts |= {
                "overdue": facts["balance"],
                "largest": facts["balance"],
                "promise": "none",
                "plan": "none",
            }
            taken = walk.days[-1].outcome.policy
            if policy.fits.holds(facts) and taken >= 0:
                return self.book.policies[taken], self._example(walk)
        return None, ""

    def _steps(self) -> Iterator[Finding]:
        for p, policy, step in steps(self.book):
            if p not in self.routes or (p, step.index) in self.done:
                continue
            walk = self._of(p)
            why, also = self._why(p, policy, step, walk)
            yield warned(
                "step-never",
                step.place,
                *proofs.step_never(step.name, why),
                also,
                policy.id,
                example=self._example(walk) if walk else "",
                sampled=self.tried,
            )

    def _why(self, p: int, policy: Policy, step: Step, walk: Quiet | None) -> tuple[str, Place | None]:
        """Why a step never comes, and the other place."""
        effects = {action.kind for action in step.actions if action.kind.effect}
        for other in policy.steps[: step.index]:
            for action in other.actions:
                if action.kind in effects and (p, other.index) in self.done:
                    return proofs.once_only(action.kind.value, other.name), action.place
        if step.when is not None:
            tests = {test.field: test for test in policy.fits.tests}
            for test in step.when.tests():
                if test.field in tests:
                    return proofs.when_never(test.text), tests[test.field].place
            return proofs.when_never(""), policy.fits.place
        day = self._held(policy, step, walk)
        if day is not None:
            choice = day.outcome.choice
            return proofs.never_free(choice.reason.value), choice.place or policy.place
        return proofs.NEVER_OFFERED, self.book.house.places.get("late") or policy.place

    def _held(self, policy: Policy, step: Step, walk: Quiet | None) -> Day | None:
        if walk is None:
            return None
        return next((day for day in reversed(walk.days) if day.outcome.step is step), None)

    # -- accounts that reach nothing -----------------------------------------------------------------------------------

    def _nobody(self) -> Iterator[Finding]:
        """Accounts that fit no policy: one is enough to show it."""
        for walk in self.walked:
            if walk.days[-1].outcome.policy < 0 and walk.days[-1].outcome.overdue:
                last = self.book.policies[-1]
                place = self.book.house.places.get("order") or last.place
                yield warned(
                    "no-policy", place, *proofs.no_policy(), last.fits.place, example=self._example(walk)
                )
                return

    def _idle(self) -> Iterator[Finding]:
        """Accounts whose policy never acts, or waits for ever: one a policy."""
        told: set[tuple[str, str]] = set()
        for walk in self.walked:
            end = walk.days[-1].outcome
            if end.policy < 0 or not end.overdue:
                continue
            policy = self.book.policies[end.policy]
            found: Finding | None = None
            if end.choice.verdict is Verdict.HELD and end.choice.gate in (*_LIMITS, Gate.PAUSE):
                step = end.step or policy.steps[0]
                paused = end.choice.gate is Gate.PAUSE
                code = "endless-pause" if paused else "stuck"
                said = proofs.stuck(step.name, _held_for(walk.days), end.choice.reason.value)
                place, also = (
                    (end.choice.place, step.place)
                    if paused and end.choice.place
                    else (step.place, end.choice.place)
                )
                found = warned(code, place, *said, also, policy.id, example=self._example(walk))
            elif not walk.went and end.choice.reason in (Reason.LADDER_FINISHED, Reason.NOTHING_DUE):
                when = next((step.when for step in policy.steps if step.when), None)
                also = when.place if when else policy.steps[0].place
                said = proofs.no_action(policy.id)
                found = warned("no-action", policy.place, *said, also, policy.id, example=self._example(walk))
            if found and (found.problem.code, policy.id) not in told:
                told.add((found.problem.code, policy.id))
                yield found

    # -- steps too close to one another ----------------------------------------------------------------------------------

    def _close(self) -> Iterator[Finding]:
        """Steps that wait on their own day for what an earlier step of their ladder set: once each."""
        told: set[tuple[str, str]] = set()
        for walk in self.walked:
            sort = self.walks.sorts[walk.sort]
            before: Day | None = None
            for day in walk.days:
                if day.branch == "go":
                    before = day
                    continue
                choice, step = day.outcome.choice, day.outcome.step
                if (
                    before is None
                    or step is None
                    or choice.gate not in _LIMITS
                    or before.outcome.step is None
                ):
                    continue
                policy = self.book.policies[day.outcome.policy]
                same = before.outcome.policy == day.outcome.policy
                if not same or (policy.id, step.name) in told or not self._planned(day, walk, step):
                    continue
                if not self._planned(before, walk, before.outcome.step):
                    continue
                goes = next((d for d in walk.went if d.day > day.day and d.outcome.step is step), None)
                told.add((policy.id, step.name))
                waits = goes.day - day.day if goes else 0
                said = proofs.too_close(
                    step.name, step.day, step.day + waits, before.outcome.step.name, choice.reason.value
                )
                yield warned(
                    "too-close",
                    step.place,
                    *said,
                    before.outcome.step.place,
                    policy.id,
                    example=self.writer.account(sort, [walk.owes]),
                )

    def _planned(self, day: Day, walk: Quiet, step: Step) -> bool:
        """Whether a day is the step's own, past the due date."""
        policy = self.book.policies[day.outcome.policy]
        sort = self.walks.sorts[walk.sort]
        if policy.start is not None:
            age: int = self.walks.clocks.things[day.clock][1].ages[sort.events.index(policy.start)]
            return age == step.day
        return zero(policy, sort) + step.day == day.day and day.day > sort.due


def _held_for(days: Sequence[Day]) -> int:
    """How long the last step has been held when the walk ends."""
    step = days[-1].outcome.step
    since = days[-1].day
    for day in reversed(days):
        if day.outcome.step is not step or day.outcome.choice.verdict is not Verdict.HELD:
            break
        since = day.day
    return days[-1].day - since
