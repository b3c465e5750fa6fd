"""Why not this step? The first thing that stands in its way, in the order in which a decision asks.

Which policy, then which step, then whether it may go: what is found is the first answer that is no.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from difflib import get_close_matches
from enum import IntEnum

from engine.core import sentences
from engine.core.decision import gates
from engine.core.decision.case import Owed
from engine.core.decision.choose import choose
from engine.core.decision.gates import ASIDE_REASONS
from engine.core.decision.signature import NONE, Origin
from engine.core.decision.standing import Standing
from engine.core.decision.state import EFFECTS, Aside
from engine.core.language import words
from engine.core.language.condition import Value
from engine.core.language.policy import Policy, PolicyBook, Step
from engine.core.problem import Place
from engine.core.sentences import Gate, Reason, why_not
from engine.core.trust.ahead import Morning

SIGHT = 370  # days that are looked ahead

# (policy, step) -> the day on which an account took the step in its present episode, and who did it.
Done = Mapping[tuple[str, str], tuple[date, str]]


class Rank(IntEnum):
    """How far a step has come, in the order of a decision."""

    POLICY = 1
    OVERDUE = 2
    TAKEN = 3
    ONCE = 4
    DAY = 5
    DUE_DATE = 6
    WHEN = 7
    ASIDE = 8
    UNDER_WAY = 9
    OTHER_STEP = 10
    GATE = 11


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stands in the way. Two are the same while `rank`, `about` and `reason` are; a step that
    comes first stays the same, whatever it waits for itself."""

    rank: Rank
    sentence: str
    place: Place | None = None
    reason: Reason | None = None
    about: str = ""

    def same_as(self, other: Obstacle | None) -> bool:
        if other is None or (self.rank, self.about) != (other.rank, other.about):
            return False
        return self.rank is Rank.OTHER_STEP or self.reason is other.reason


@dataclass(frozen=True, slots=True)
class WhyNot:
    """The answer. `obstacle` is None where the step goes; `otherwise` is the first day on which something else stands in the
    way (`then`) or nothing does; `goes` the day on which the step goes, as far as can be seen."""

    policy: str
    step: str
    obstacle: Obstacle | None
    otherwise: date | None
    then: Obstacle | None
    goes: date | None
    said: tuple[str, ...]


def steps_named(book: PolicyBook, wanted: str) -> tuple[tuple[Policy, Step], ...]:
    """The steps that a person can mean: by name, by what they do, either with the policy before it ("standard: call …")."""
    id, colon, name = wanted.partition(":")
    said = _plain(name if colon else wanted)
    return tuple(
        (policy, step)
        for policy in book.policies
        for step in policy.steps
        if said in (step.name.lower(), step.does.lower()) and (not colon or _plain(id) == policy.id.lower())
    )


def near_steps(book: PolicyBook, wanted: str) -> tuple[str, ...]:
    """What may have been meant."""
    known = list(dict.fromkeys(step.name for policy in book.policies for step in policy.steps))
    by_plain = {_plain(name): name for name in known}
    said = _plain(wanted.rpartition(":")[2])
    near = [by_plain[name] for name in get_close_matches(said, by_plain, 3, 0.4)]
    return tuple(near or known[:3])


def ask(
    book: PolicyBook, mornings: Iterator[Morning], wanted: Sequence[tuple[Policy, Step]], done: Done
) -> WhyNot:
    """Why a step is not taken on the first of the mornings, and when that is otherwise. `wanted` are the steps it can be: the
    one of the policy that has the account, else the first."""
    first = next(mornings)
    mine = [each for each in wanted if any(each[0] is standing.policy for standing in first.standings)]
    policy, step = (mine or list(wanted))[0]
    obstacle = in_the_way(book, first, policy, step, done)
    if obstacle is None:
        told = (why_not.nothing_in_the_way(step.name, first.on),)
        return WhyNot(policy.id, step.name, None, first.on, None, first.on, told)
    otherwise: date | None = None
    then: Obstacle | None = None
    for later in mornings:
        if (later.on - first.on).days > SIGHT:
            break
        now = in_the_way(book, later, policy, step, done)
        if otherwise is None and not obstacle.same_as(now):
            otherwise, then = later.on, now
        if now is None or _agreed_to(now):
            return WhyNot(
                policy.id,
                step.name,
                obstacle,
                otherwise,
                then,
                later.on,
                _said(obstacle, otherwise, then, later.on),
            )
    return WhyNot(
        policy.id, step.name, obstacle, otherwise, then, None, _said(obstacle, otherwise, then, None)
    )


def in_the_way(book: PolicyBook, at: Morning, policy: Policy, step: Step, done: Done) -> Obstacle | None:
    """The first thing that stands in a step's way; of several units (`each: invoice`), of the one that is nearest to it."""
    found: list[Obstacle] = []
    for standing in at.standings:
        obstacle = _Asked(book, at, standing, policy, step, done).first()
        if obstacle is None:
            return None
        found.append(obstacle)
    return max(found, key=lambda one: one.rank)


def _agreed_to(obstacle: Obstacle) -> bool:
    """A forecast takes approvals as given."""
    return obstacle.rank is Rank.GATE and obstacle.reason is Reason.APPROVAL


def _said(
    obstacle: Obstacle, otherwise: date | None, then: Obstacle | None, goes: date | None
) -> tuple[str, ...]:
    if otherwise is None:
        return (why_not.never_otherwise(obstacle.reason, SIGHT),)
    told = list(why_not.otherwise(otherwise, then.sentence if then else ""))
    if goes is not None and goes != otherwise:
        told.append(why_not.goes_on(goes))
    elif goes is None and then is not None:
        told.append(why_not.never_otherwise(then.reason, SIGHT))
    return (*told, sentences.FORECAST)


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


@dataclass(frozen=True)
class _Asked:
    """One unit, asked about one step."""

    book: PolicyBook
    at: Morning
    standing: Standing
    policy: Policy
    step: Step
    done: Done

    def first(self) -> Obstacle | None:
        asks = (self._route, self._overdue, self._item, self._aside, self._under_way, self._other, self._gate)
        return next((found for ask in asks if (found := ask()) is not None), None)

    # -- which policy ----------------------------------------------------------------------------------------------------

    def _route(self) -> Obstacle | None:
        mine, wanted = self.standing.policy, self.policy
        if mine is wanted:
            return None
        failing = wanted.fits.failing(self.standing.facts)
        if failing is not None:
            line = sentences.not_so(words.sentence(failing), self.standing.facts.get(failing.field))
            said = why_not.does_not_fit(wanted.id, line)
            return Obstacle(Rank.POLICY, said, failing.place, about=failing.field)
        split = self.book.house.split_of(wanted.id)
        if split is not None and mine is not None and mine.id in split.policies:
            return Obstacle(
                Rank.POLICY, why_not.drawn_to_another(wanted.id, split.name), split.place, about=mine.id
            )
        said = why_not.taken_by(mine.id, wanted.id) if mine else why_not.taken_by_none(wanted.id)
        return Obstacle(
            Rank.POLICY, said, mine.place if mine else wanted.place, about=mine.id if mine else ""
        )

    # -- which step ------------------------------------------------------------------------------------------------------

    def _overdue(self) -> Obstacle | None:
        if self.step.demand and not self.standing.signature.overdue:
            ahead = sorted(item.row["due"] for item in self.standing.items)
            more = f"; the next falls due on {sentences.short_day(ahead[0])}" if ahead else ""
            return Obstacle(Rank.OVERDUE, why_not.NOT_OVERDUE + more, reason=Reason.NOT_OVERDUE)
        return None

    @property
    def _comes_again(self) -> bool:
        at = self.standing.signature
        return at.origin == Origin.REPEAT and at.step == self.step.index

    def _item(self) -> Obstacle | None:
        """What keeps it from being due for any item: of the items that have come the farthest."""
        if self._comes_again or any(self.step in due for due in self.standing.due.values()):
            return None
        found = [
            (self.standing.day[number], number, self._of_item(item))
            for item in self.standing.items
            if (number := item.row["item"])
        ]
        if not found:
            return None
        ahead = [one for one in found if one[2].rank is not Rank.TAKEN]
        _, _, nearest = max(ahead or found, key=lambda one: (one[2].rank, one[0]))
        taken = [number for _, number, one in found if one.rank is Rank.TAKEN]
        if ahead and taken:
            return replace(nearest, sentence=why_not.taken_for(taken, nearest.sentence))
        return nearest

    def _of_item(self, item: Owed) -> Obstacle:
        number, step, standing = item.row["item"], self.step, self.standing
        if step.name in standing.taken[number]:
            day, who = self.done.get((self.policy.id, step.name), (None, ""))
            return Obstacle(Rank.TAKEN, why_not.already(day, who), step.place)
        kinds = [action.kind for action in step.actions]
        effects = int(self.at.case.account["effects"] or 0)
        if any(kind.value in EFFECTS and effects >> EFFECTS.index(kind.value) & 1 for kind in kinds):
            return Obstacle(Rank.ONCE, why_not.ONCE, step.place)
        if any(name == step.name for _, name in self.at.case.barred):
            return Obstacle(Rank.ONCE, why_not.REFUSED, step.place, Reason.APPROVAL)
        if standing.day[number] < step.day:
            said = why_not.too_early(number, standing.day[number], step.day)
            return Obstacle(Rank.DAY, said, step.place, Reason.NOTHING_DUE)
        if step.demand and not item.past:
            said = why_not.not_past_due(number, item.row["due"] + timedelta(days=1))
            return Obstacle(Rank.DUE_DATE, said, step.place, Reason.NOT_OVERDUE)
        if not step.demand and (item.late >= 0 or standing.signature.overdue):
            return Obstacle(Rank.DUE_DATE, why_not.LAPSED, step.place)
        facts: dict[str, Value | None] = {**standing.facts, "amount": item.base, "days_overdue": item.late}
        clauses = step.when.clauses if step.when else ()
        failing = [test for clause in clauses if (test := clause.failing(facts))]
        lines = [sentences.not_so(words.sentence(test), facts.get(test.field)) for test in failing]
        place = failing[0].place if failing else step.place
        return Obstacle(Rank.WHEN, why_not.when_not("; ".join(lines)), place)

    def _aside(self) -> Obstacle | None:
        """It is due for items alone that are set aside, while the rest of the account goes on."""
        due = [item for item in self.standing.items if self.step in self.standing.due[item.row["item"]]]
        free = any(item.free for item in self.standing.items if self.standing.due[item.row["item"]])
        if self._comes_again or not due or any(item.free for item in due) or not free:
            return None
        reason = ASIDE_REASONS[Aside(due[0].row["aside"])]
        return Obstacle(Rank.ASIDE, why_not.aside_first(due[0].row["item"], reason), None, reason)

    def _under_way(self) -> Obstacle | None:
        at = self.standing.signature
        choice = choose(self.book, at)
        if at.origin != Origin.NOTHING or at.passed or choice.gate is not None or not choice.step:
            return None
        return Obstacle(Rank.UNDER_WAY, why_not.under_way(choice.step, choice.reason), None, choice.reason)

    def _other(self) -> Obstacle | None:
        at = self.standing.signature
        if at.step == self.step.index:
            return None
        late = self.book.late(self.policy)
        if at.step == NONE:
            said = why_not.too_late(late.days) if late.way == "skip" else why_not.ITS_DAY
            return Obstacle(Rank.OTHER_STEP, said, self.step.place)
        other = self.policy.steps[at.step]
        say = why_not.lower_first if at.step < self.step.index else why_not.higher_first
        held = next(gates.holds(self.book, self.policy, other, at), None)
        if held is None:
            return Obstacle(Rank.OTHER_STEP, say(other.name), other.place, about=other.name)
        gate, reason, place = held
        waits = sentences.gate_holds(gate, reason, self.at.on, self.at.closed)
        said = why_not.and_waits(say(other.name), waits)
        return Obstacle(Rank.OTHER_STEP, said, place or other.place, reason, other.name)

    # -- may it go -------------------------------------------------------------------------------------------------------

    def _gate(self) -> Obstacle | None:
        for gate, reason, place in gates.holds(self.book, self.policy, self.step, self.standing.signature):
            said = sentences.gate_holds(gate, reason, self.at.on, self.at.closed)
            return Obstacle(
                Rank.GATE, said, place, reason, about=gate.value if gate is not Gate.CLOSED else ""
            )
        return None
