"""What can be known of the policies before any ledger: findings, and the invariants that a team writes itself.

With one open invoice every case is decided: every sort of account that the policies tell apart, and everything that can happen
to it on any day, until nothing new can come. With several, made-up accounts are tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from engine.core.decision.draw import endless
from engine.core.decision.questions import rulesets
from engine.core.language import source
from engine.core.language.fields import Type
from engine.core.language.invariants import Accepted, Invariants, Shape
from engine.core.language.known import Known
from engine.core.language.notes import Notes
from engine.core.language.policy import PolicyBook
from engine.core.language.reading_trials import read_trials
from engine.core.language.steps import Scope
from engine.core.problem import Place, Problem, Severity
from engine.core.rules import Rules
from engine.core.sentences import proofs
from engine.core.trust.prove import accounts, ladders
from engine.core.trust.prove.accounts import Sort
from engine.core.trust.prove.findings import Finding, warned
from engine.core.trust.prove.monitors import UNSPOKEN, Monitors
from engine.core.trust.prove.outcomes import Deciding, Outcome, Remembering
from engine.core.trust.prove.reached import Reached
from engine.core.trust.prove.sampled import sample
from engine.core.trust.prove.search import Found, Search
from engine.core.trust.prove.states import Rows, moments
from engine.core.trust.prove.stories import Goal, Story, story
from engine.core.trust.prove.walks import Walks
from engine.core.trust.prove.written import Writer
from engine.core.trust.trial import Result, run_trials

__all__ = ["Finding", "Proof", "prove"]

BUDGET = 6_000_000  # accounts of all days, before a search gives up and says so: about a minute
TRIES = 60  # made-up accounts with several invoices
_LATER = 60  # days: with fewer happenings a thing may come so much later than with all that can happen
_TEST = "policies/tests/shown.yaml"


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found, and how far it goes.

    `sorts` of accounts were told apart, `states` decided on the days of their walks, `days` long at most. `whole`: with one
    open invoice every case has been seen. `tried` accounts with several were walked beside. `held` are the names of the
    invariants that hold; `accepted` are findings with what the team says of them.
    """

    findings: tuple[Finding, ...]
    accepted: tuple[tuple[Finding, Accepted], ...]
    held: tuple[str, ...]
    sorts: int
    states: int
    days: int
    whole: bool
    tried: int


def prove(
    book: PolicyBook,
    known: Known,
    invariants: Invariants,
    rules: Sequence[Rules],
    told: Sequence[Problem] = (),
    *,
    budget: int = BUDGET,
    tries: int = TRIES,
    stories: bool = True,
) -> Proof:
    """Find what can be known without a ledger. `rules` are the evaluators, with which every counter-example is walked once more
    as a policy test; `told` are the problems of the check, which are not told again. Without `stories` a finding says what and
    where, not how it comes to that, which takes less time. Pure: the same files, the same answer.
    """
    return Proving(book, known, invariants, rules, told, budget, tries, stories=stories).run()


class Proving:
    """What one proof works with: the sorts of accounts, their walks, and the monitors of the invariants."""

    def __init__(
        self,
        book: PolicyBook,
        known: Known,
        invariants: Invariants,
        rules: Sequence[Rules],
        told: Sequence[Problem],
        budget: int,
        tries: int,
        *,
        stories: bool = True,
    ) -> None:
        self.real, self.known, self.invariants, self.rules = book, known, invariants, rules
        self.told = {(problem.code, problem.place) for problem in told}
        self.budget, self.tries, self.stories = budget, tries, stories
        # A season holds some days, as a closed day does, and a full day's capacity: all are days on which a step waits.
        house = replace(
            book.house,
            capacity={},
            stop={},
            pause=tuple(pause for pause in book.house.pause if not pause.season),
        )
        self.book = book = endless(replace(book, house=house))
        self.asked = accounts.asked(book, invariants)
        self.plain = accounts.sorts(book, known, invariants)
        single = self.plain
        copies = [each for sort in self.plain for each in accounts.several(book, self.asked, sort)]
        several = [each for sort in self.plain for each in accounts.with_more(sort)]
        several += [each for sort in self.plain for each in accounts.with_addresses(book, sort)[1:]]
        self.sorts: tuple[Sort, ...] = (*single, *copies, *several)
        self.alone = range(len(single))
        self.equal = range(len(single), len(single) + len(copies))
        self.more = range(len(single) + len(copies), len(self.sorts))
        at = [moments(book, self.asked, sort) for sort in self.sorts]
        rows = Rows(book, self.sorts, _kinds(known))
        deciding = Deciding(book, rows, at, Remembering(rulesets(book)), invariants.rules)
        self.walks = Walks(book, self.asked, self.sorts, at, deciding)
        self.monitors = Monitors(book, invariants.rules)
        self.writer = Writer(book, known, self.walks)

    def run(self) -> Proof:
        search = Search(self.walks, self.monitors)
        every = range(self.monitors.size)
        never = [n for n in every if self.monitors.deadline(n) is None]
        always = [n for n in every if self.monitors.deadline(n) is not None]
        found = search.run((*self.alone, *self.equal), self.budget, never)
        if always:
            late = search.run((*self.alone, *self.equal), self.budget, always)
            found.broken |= late.broken
            found.whole &= late.whole
            found.states += late.states
        states, broken = found.states, dict(found.broken)
        stories = (
            sample(self.walks, self.monitors, self.more, self.tries, 20_260_105, found)
            if self.more and self.tries
            else {}
        )
        findings = [*self._reached(found), *self._paths(found), *self._ladders()]
        findings += self._invariants(found, {n: told for n, told in stories.items() if n not in broken})
        findings = [each for each in findings if (each.problem.code, each.problem.place) not in self.told]
        kept, accepted, gone = self._accepted(findings)
        gone = gone if found.whole else []
        order = sorted(
            kept + gone, key=lambda each: (each.problem.severity is not Severity.ERROR, each.problem.place)
        )
        return Proof(
            findings=tuple(order),
            accepted=tuple(accepted),
            held=tuple(
                rule.name
                for n, rule in enumerate(self.invariants.rules, 1)
                if n not in broken and n not in stories
            ),
            sorts=len(self.alone),
            states=states,
            days=found.days,
            whole=found.whole,
            tried=self.tries if self.more else 0,
        )

    # -- findings --------------------------------------------------------------------------------------------------------

    def _reached(self, found: Found) -> Iterator[Finding]:
        reached = Reached(self.book, self.walks, self.writer, self.alone, found, bool(self.more))
        yield from reached.run()

    def _ladders(self) -> Iterator[Finding]:
        yield from ladders.contradictions(self.book)
        yield from ladders.without_way_back(self.book)
        yield from ladders.endless_pauses(self.real)
        for _, sort, finding in ladders.early_demands(self.book, self.plain):
            yield replace(finding, example=self.writer.account(sort, [len(sort.amounts) - 1]))

    def _paths(self, found: Found) -> Iterator[Finding]:
        """Messages that come after a firmer one of another policy: the first of each policy that takes accounts over."""
        told: set[int] = set()
        for number, (first, sort) in sorted(found.first.items()):
            outcome = self.walks.outcomes[number]
            if not self._softer(outcome) or outcome.policy in told or sort not in self.alone:
                continue
            told.add(outcome.policy)
            policy, step = self.book.policies[outcome.policy], outcome.step
            assert step is not None
            id, _, name = outcome.softer.partition("/")
            firmer = self.book.policy(id)
            before = firmer.step(name) if firmer else None
            said = proofs.softer_path(step.name, name, id)
            finding = warned("softer-path", step.place, *said, before.place if before else None, policy.id)

            def shows(other: Outcome, policy: int = outcome.policy) -> bool:
                return other.policy == policy and self._softer(other)

            if not self._explained(finding) and (way := self._way(sort, Goal(shows=shows), first)):
                finding = self._told(finding, way, proofs.softer_test(step.name), "", "")
            yield finding

    def _softer(self, outcome: Outcome) -> bool:
        """Whether a firmer message of another policy goes in place of the step's own. Within a policy a newer invoice is spoken
        of as the older ones are, which is what the language says.
        """
        own = self.book.policies[outcome.policy].id if outcome.policy >= 0 else ""
        return bool(outcome.softer) and outcome.softer.partition("/")[0] != own

    def _way(self, sort: int, goal: Goal, first: int) -> Story | None:
        """How a sort comes to a goal that it can come to on day `first` of its walk: with fewer happenings perhaps later."""
        if not self.stories:
            return None
        return story(self.walks, self.monitors, sort, goal, first + _LATER)

    # -- what must never and what must always be -------------------------------------------------------------------------

    def _invariants(self, found: Found, stories: dict[int, Story]) -> Iterator[Finding]:
        for number in range(self.monitors.size):
            broken = found.broken.get(number)
            way = stories.get(number)
            if broken is not None:
                way = self._way(broken.sort, Goal(monitor=number), broken.day)
            if broken is None and way is None:
                continue
            sampled = broken is None
            if number == UNSPOKEN:
                yield self._final_first(way, sampled)
            else:
                yield self._broken(number, way, sampled)

    def _final_first(self, way: Story | None, sampled: bool) -> Finding:
        step = way[-1].outcome.step if way else None
        policy = self.book.policies[way[-1].outcome.policy] if way else self.book.policies[0]
        place = step.place if step else policy.place
        said = proofs.final_first(step.name if step else "")
        finding = warned("final-first", place, *said, policy.steps[0].place, policy.id, sampled=sampled)
        if way is None:
            return finding
        return self._told(finding, way, proofs.FINAL_FIRST, "nothing", proofs.NOT_SPOKEN)

    def _broken(self, number: int, way: Story | None, sampled: bool) -> Finding:
        rule = self.invariants.rules[number - 1]
        always = rule.shape.always
        code = "must-always" if always else "must-never"
        last = way[-1].outcome if way else None
        policy = self.book.policies[last.policy] if last and last.policy >= 0 else None
        step = last.step if last and not always else None
        also = step.place if step else policy.place if policy else None
        sentence, suggestion = proofs.broken_rule(rule.name, step.name if step else "", always)
        problem = Problem(rule.place, sentence, suggestion, code, also=also)
        finding = Finding(problem, policy.id if policy else "", sampled=sampled)
        if way is None:
            return finding
        wanted = "nothing"
        if always:
            would = [
                step
                for step in (policy.steps if policy else ())
                if any(deed.matches(step, step.actions, self.book.tones) for deed in rule.what)
            ]
            would.sort(key=lambda step: not step.demand)
            wanted = would[0].name if would else "nothing, because paused"
        return self._told(
            finding, way, rule.name, wanted, proofs.breaks(rule.shape is Shape.BY, rule.days or 0)
        )

    def _told(self, finding: Finding, way: Story, name: str, wanted: str, broken: str) -> Finding:
        """The finding with its story, which a policy test has to show: one that fails on its last day, or one that passes."""
        sort = self.sorts[self.walks.pasts.things[way[0].past].sort]
        owes = [amount for amount, _ in self.walks.pasts.things[way[0].past].items]
        told = replace(
            finding,
            example=self.writer.account(sort, owes),
            timeline=self.writer.timeline(way, broken),
        )
        for pauses in (True,) if sort.disputes else (False, True):
            test = self.writer.test(name, way, wanted, pauses=pauses)
            if self._shows(test, fails=bool(wanted)):
                return replace(told, test=test)
        return replace(told, shown=False)

    def _shows(self, test: str, fails: bool) -> bool:
        """Whether the test is read without a problem, and ends as it should: all as it is, or one day that is not."""
        result = tried(self.real, self.known, test, self.rules)
        if result is None:
            return False
        return len(result.failures) == 1 if fails else result.passed

    # -- what is known already ---------------------------------------------------------------------------------------------

    def _accepted(
        self, findings: Sequence[Finding]
    ) -> tuple[list[Finding], list[tuple[Finding, Accepted]], list[Finding]]:
        """Findings that stand, those that the team has explained, and explanations of what is no more."""
        kept, explained = [], []
        used: set[Place] = set()
        for finding in findings:
            why = self._explained(finding)
            if why is None:
                kept.append(finding)
            else:
                explained.append((finding, why))
                used.add(why.place)
        gone = [
            warned("known-gone", each.place, *proofs.known_gone(each.code))
            for each in self.invariants.accepted
            if each.place not in used
        ]
        return kept, explained, gone

    def _explained(self, finding: Finding) -> Accepted | None:
        """What the team says of it in invariants.yaml, if anything."""
        for each in self.invariants.accepted:
            if each.code == finding.problem.code and (not each.policies or finding.policy in each.policies):
                return each
        return None


def tried(book: PolicyBook, known: Known, test: str, rules: Sequence[Rules]) -> Result | None:
    """The first test of a file of policies/tests; None where the file has a problem."""
    read = source.read(_TEST, test.encode())
    notes: Notes = read.notes
    policies = {policy.id: policy for policy in book.policies}
    scope = Scope(known, book.house.currency, book.tones)
    trials = read_trials(read.root, notes, scope, tuple(policies), policies)
    if trials is None or notes.problems:
        return None
    return run_trials(book, (trials,), rules)[0]


def _kinds(known: Known) -> dict[str, pl.DataType]:
    """The workspace's own fields: a column each."""
    kinds: dict[str, pl.DataType] = {}
    for field in known.own_fields.values():
        if field.type is Type.FLAG:
            kinds[field.column] = pl.Boolean()
        elif field.type is Type.TAGS:
            kinds[field.column] = pl.List(pl.String())
        else:
            kinds[field.column] = pl.Int64() if field.type.number else pl.String()
    return kinds
