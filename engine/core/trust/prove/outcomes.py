"""What the decision makes of accounts on a day, and what it leaves behind: asked of the one function that decides.

Nothing here knows when a step is due or what holds it: that is `stand` and `choose`, the plain definition of every decision, and
what a contact leaves behind is what `plan.after` says of many accounts, said of one. Every story is walked again as a policy
test, through the columns and both evaluators; where they differ, the finding says that its test does not show it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from engine.core.decision.case import Case
from engine.core.decision.choose import Choice, Verdict, choose, step_tone
from engine.core.decision.ladder import effect_bits
from engine.core.decision.signature import NONE, Origin, Under, tries
from engine.core.decision.standing import Standing, stand
from engine.core.decision.state import Pending
from engine.core.decision.view import Day
from engine.core.language.condition import Value
from engine.core.language.invariants import Invariant
from engine.core.language.policy import Action, Kind, PolicyBook, Step, seniority
from engine.core.language.policy import Clock as Clock_
from engine.core.rules import Facts, PlainRules, Rule, Rules
from engine.core.sentences import Gate
from engine.core.trust.prove.accounts import FIRST
from engine.core.trust.prove.states import NO_PENDING, Clock, Mark, Moments, Past, Rows, begun, item_of

TRIES = 2  # how often a call that reached nobody is put back


class Wound(NamedTuple):
    """What a day does to a clock, beside letting a day pass.

    `touched` are items, or -1 for the account, in contact today; `answer` is a demand written today: days to answer, and the
    day of its step; `repeated` are (policy, step) of repeating steps taken today.
    """

    touched: tuple[int, ...] = ()
    answer: tuple[int, int] | tuple[()] = ()
    contacted: bool = False
    repeated: frozenset[tuple[int, int]] = frozenset()

    def evening(self, clock: Clock, at: Moments) -> Clock:
        """The clock in the evening."""
        touches = clock.touches
        if self.touched:
            touches = (*((0, item) for item in self.touched), *touches)
            if at.limit is None:  # only the last one of each counts
                touches = tuple(
                    each for n, each in enumerate(touches) if each[1] not in {item for _, item in touches[:n]}
                )
        since = {(p, s): days for p, s, days in clock.repeats} | dict.fromkeys(self.repeated, 0)
        return clock._replace(
            touches=touches,
            answer=self.answer or clock.answer,
            contact=0 if self.contacted and at.contact else clock.contact,
            repeats=tuple((p, s, days) for (p, s), days in sorted(since.items())),
        )


@dataclass(frozen=True, slots=True)
class Left:
    """What a day leaves behind, for all accounts that are alike: new values of a past, new marks, and what a clock shows."""

    changes: tuple[tuple[str, Any], ...]
    marks: frozenset[Mark]
    wound: Wound
    effects: int = 0  # what is done of EFFECTS, as bits

    def after(self, past: Past) -> Past:
        changed = past._replace(**dict(self.changes)) if self.changes else past
        if self.effects:
            changed = changed._replace(effects=past.effects | self.effects)
        if not self.marks:
            return changed
        # A step taken again under a new event is one mark.
        stale = {(item, p, s, False) for item, p, s, _ in self.marks}
        return changed._replace(marks=(past.marks - stale) | self.marks)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a day brings an account. `goes` is empty where nothing goes; `holds` is what is left when a person pauses it."""

    choice: Choice
    policy: int
    step: Step | None
    actions: tuple[Action, ...]
    agreed: str  # the role that must agree first
    goes: bool
    overdue: bool
    softer: str  # "policy/step" whose firmer message goes in place of the step's own
    calls: bool
    again: bool  # nothing but a call, that may be put back once more
    retried: bool  # it was put back before, and is tried again today
    left: Left
    holds: Left
    rules: frozenset[int]  # the invariants that are about the account today


class Remembering:
    """The plain definition, which answers a question once: rules that look at the same facts hold alike."""

    name = "plain"

    def __init__(self, rulesets: Mapping[str, Sequence[Rule]]) -> None:
        self._plain = PlainRules(rulesets)
        self._fields = {
            name: tuple(sorted({test.field for rule in rules for test in rule.condition.tests()}))
            for name, rules in rulesets.items()
        }
        self._known: dict[tuple[Any, ...], frozenset[str]] = {}

    def match(self, ruleset: str, facts: Facts) -> frozenset[str]:
        key = (ruleset, *(facts.get(field) for field in self._fields[ruleset]))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._plain.match(ruleset, facts)
        return found


class Deciding:
    """Decides accounts on a day of the walk."""

    def __init__(
        self,
        book: PolicyBook,
        rows: Rows,
        at: Sequence[Moments],
        rules: Rules,
        invariants: Sequence[Invariant],
    ) -> None:
        self.book, self.rows, self.at, self.rules = book, rows, at, rules
        self.invariants = tuple(invariants)
        self.always = frozenset(n for n, rule in enumerate(self.invariants) if rule.fits is None)
        self._days: dict[date, Day] = {}

    def of(self, past: Past, clock: Clock, number: int) -> Outcome:
        """What a day of its walk brings an account. Where all days count from their dates alone, any date will do; a clock that
        counts from the end of a month needs the date itself.
        """
        on = FIRST + timedelta(days=number if self._dated(past.sort) else 1000)
        day = self._days.setdefault(on, Day(on))
        case = self.rows.case(past, clock, number, on)
        units = self._stand(case, day)
        left = self._left(past, clock, number, units, held=False)
        goes = any(_goes(choice) for _, choice in units)
        holds = self._left(past, clock, number, units, held=True) if goes else left
        return self._outcome(units, left, holds)

    def _dated(self, sort: int) -> bool:
        months = (Clock_.STATEMENT_DATE, Clock_.END_OF_MONTH)
        return any(self.book.policies[p].clock in months for p in self.rows.sorts[sort].policies)

    def _stand(self, case: Case, day: Day) -> list[tuple[Standing, Choice]]:
        """Where each unit of an account stands, and the choice of its class."""
        return [
            (standing, choose(self.book, standing.signature))
            for standing in stand(self.book, case, day, self.rules)
        ]

    def _outcome(self, units: Sequence[tuple[Standing, Choice]], left: Left, holds: Left) -> Outcome:
        standing, choice = next((unit for unit in units if _goes(unit[1])), units[0])
        signature = standing.signature
        policy = standing.policy
        step = policy.steps[signature.step] if policy and signature.step != NONE else None
        goes = _goes(choice)
        calls = goes and any(action.kind is Kind.CALL for action in choice.actions)
        alone = sum(_goes(other) for _, other in units) == 1 and len(choice.actions) == 1
        return Outcome(
            choice=choice,
            policy=signature.policy,
            step=step,
            actions=choice.actions if goes else (),
            agreed=step.approve.by if goes and step and step.approve and signature.approve else "",
            goes=goes,
            overdue=bool(signature.overdue),
            softer=signature.voice if goes and any(action.kind.written for action in choice.actions) else "",
            calls=calls,
            again=calls and alone and tries(signature.occurrence) < TRIES,
            retried=signature.under == Under.AGAIN_NOW,
            left=left,
            holds=holds,
            rules=self._about(standing.facts),
        )

    def _about(self, facts: Mapping[str, Value | None]) -> frozenset[int]:
        """The invariants whose `for` holds."""
        some = [(n, rule.fits) for n, rule in enumerate(self.invariants) if rule.fits is not None]
        return self.always | {n for n, fits in some if fits.holds(facts)}

    # -- what a day leaves behind --------------------------------------------------------------------------------------

    def _left(
        self, past: Past, clock: Clock, day: int, units: Sequence[tuple[Standing, Choice]], *, held: bool
    ) -> Left:
        """What is left in the evening when all goes that would, or when a person holds it: `plan.after`, for one account."""
        made = [] if held else [(standing, choice) for standing, choice in units if _goes(choice)]
        now = past._asdict()
        marks: set[Mark] = set()
        touched: list[int] = []
        answer: tuple[int, int] | tuple[()] = ()
        repeats = {(p, s): times for p, s, times in past.repeats}
        repeated: set[tuple[int, int]] = set()
        effects = 0
        for standing, choice in made:
            p, policy = standing.signature.policy, standing.policy
            assert policy is not None
            step = policy.steps[standing.signature.step]
            marks |= set(_taken(standing, p, step))
            effects |= effect_bits(choice.actions)
            written = any(action.kind.written for action in choice.actions)
            role = next((action.value for action in choice.actions if action.kind is Kind.CALL), "")
            tone = step_tone(self.book, step) if written else 0
            if tone > now["tone"]:
                now |= {"tone": tone, "tone_step": f"{policy.id}/{step.name}"}
            if seniority(role) > seniority(now["reached"]):
                now["reached"] = role
            if written and step.demand:
                answer = (self.book.answer(policy), step.day)
            if role or (written and step.demand):
                touched.append(_item(standing))
            if step.repeat:
                again = standing.signature.origin == Origin.REPEAT
                repeats[p, step.index] = max(repeats.get((p, step.index), 0) + again, 1)
                repeated.add((p, step.index))
        for standing, choice in units:
            if choice.passed and (choice.gate is Gate.ADDRESS or (not held and _goes(choice))):
                marks |= set(_passed_over(self.book, past, standing))
        if past.home < 0 and any(standing.signature.overdue for standing, _ in units):
            now["home"] = self._home(units[0][0])
        now["repeats"] = tuple(sorted((p, s, times) for (p, s), times in repeats.items()))
        now["pending"] = self._under_way(past, clock, day, units, ended=bool(made))
        changes = tuple((name, value) for name, value in now.items() if value != getattr(past, name))
        wound = Wound(tuple(touched), answer, bool(touched), frozenset(repeated))
        return Left(changes, frozenset(marks), wound, effects & ~past.effects)

    def _home(self, standing: Standing) -> int:
        """The policy that an episode keeps: the first that fits and counts from no event."""
        return next(
            (
                number
                for number, policy in enumerate(self.book.policies)
                if policy.start is None and standing.fits.get(policy.id)
            ),
            -1,
        )

    def _under_way(
        self, past: Past, clock: Clock, day: int, units: Sequence[tuple[Standing, Choice]], *, ended: bool
    ) -> tuple[Any, ...]:
        """What is under way tomorrow: a step that waits for an address; the rest of today's has been done."""
        free = ended or not past.pending
        lacking = [
            standing for standing, choice in units if choice.gate is Gate.ADDRESS and (free or choice.passed)
        ]
        if not lacking:
            return NO_PENDING if ended else past.pending
        standing = lacking[-1]
        p, step = standing.signature.policy, standing.signature.step
        since = begun(self.book, clock, self.at[past.sort], self.rows.sorts[past.sort], p, day)
        return (_item(standing), p, step, Pending.ADDRESS.value, since, 0)


def _item(standing: Standing) -> int:
    return item_of(standing.item)[0] if standing.item else -1


def _passed_over(book: PolicyBook, past: Past, standing: Standing) -> Iterator[Mark]:
    """The marks of a lower step that waited, where a higher one fell due meanwhile."""
    policy, (_, p, index, *_) = standing.policy, past.pending
    waited = policy.step(book.policies[p].steps[index].name) if policy else None
    if waited and waited.index < standing.signature.step:
        yield from _taken(standing, standing.signature.policy, waited)


def _taken(standing: Standing, p: int, step: Step) -> Iterator[Mark]:
    """The steps that a contact takes: its own and the lower ones that do not come again, for each item not set aside."""
    for item in standing.items:
        if item.free:
            for due in standing.due[item.row["item"]]:
                if due.index == step.index or (due.index < step.index and not due.repeat):
                    yield item_of(item.row["item"])[0], p, due.index, True


def put_back(book: PolicyBook, past: Past, outcome: Outcome) -> Past:
    """The account whose call of today reached nobody: it is tried again tomorrow."""
    assert outcome.step is not None
    attempts = past.pending[5] if past.pending and past.pending[3] == Pending.AGAIN.value else 0
    item = 0 if book.policies[outcome.policy].each_invoice else -1
    again = (item, outcome.policy, outcome.step.index, Pending.AGAIN.value, 0, attempts + 1)
    return past._replace(pending=again)


def declined(past: Past, outcome: Outcome) -> Past:
    """The account whose step of today nobody agreed to: it is not asked again."""
    assert outcome.step is not None
    return past._replace(barred=past.barred | {(outcome.policy, outcome.step.index)})


def _goes(choice: Choice) -> bool:
    return choice.verdict in (Verdict.GO, Verdict.ASK)
