"""What the decision makes of accounts on a day, and what it leaves behind: asked of the one function that decides.

Nothing here knows when a step is due or what holds it: that is `stand` and `choose`, the plain definition of every decision, and
what a contact leaves behind is `after`, as in a preview and in a policy test. Whatever goes is decided by the columns as well;
where they differ from the definition, nothing is proved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, NamedTuple

import polars as pl

from engine.core.decision.choose import Choice, Verdict, choose
from engine.core.decision.decide import decide
from engine.core.decision.plan import after
from engine.core.decision.signature import NONE, Signature, Under
from engine.core.decision.standing import Case, Standing, measures, owed, stand
from engine.core.decision.state import Pending, State
from engine.core.decision.view import Day
from engine.core.language.condition import Value
from engine.core.language.invariants import Invariant
from engine.core.language.policy import Action, Kind, PolicyBook, Step, seniority
from engine.core.language.policy import Clock as Clock_
from engine.core.rules import Facts, PlainRules, Rule, Rules
from engine.core.sentences import Reason
from engine.core.trust.prove.accounts import FIRST
from engine.core.trust.prove.states import NO_PENDING, Clock, Mark, Moments, Past, Rows, begun, item_of
from engine.core.workdays import ALWAYS, calendar

TRIES = 2  # how often a call that reached nobody is put back
_EVERY_DAY = calendar(ALWAYS)


class Disagreement(Exception):
    """The columns and the plain definition differ about a class: `signature` and what the definition says."""

    def __init__(self, signature: Signature, plain: object) -> None:
        super().__init__(f"{signature} is {plain} by the plain definition")
        self.signature, self.plain = signature, plain


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


_AS_IT_WAS = Left((), frozenset(), Wound())


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
    """Decides batches of accounts on a day of the walk."""

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
        self.asked = 0
        self._choices: dict[Signature, Choice] = {}
        self._left: dict[tuple[Any, ...], tuple[Left, Left]] = {}
        self._always: frozenset[int] | None = None

    def of(self, accounts: Sequence[tuple[Past, Clock, int]]) -> list[Outcome]:
        """The outcome of each, on a day of its walk. All whose days count from their dates alone are decided at once; a clock
        that counts from the end of a month needs the date itself.
        """
        days: dict[int, list[int]] = {}
        for n, (past, _, day) in enumerate(accounts):
            days.setdefault(day if self._dated(past.sort) else -1, []).append(n)
        found: dict[int, Outcome] = {}
        for day, which in days.items():
            on = FIRST + timedelta(days=day if day >= 0 else 1000)
            outcomes = self._decided([accounts[n] for n in which], on)
            found |= dict(zip(which, outcomes, strict=True))
        return [found[n] for n in range(len(accounts))]

    def _dated(self, sort: int) -> bool:
        months = (Clock_.STATEMENT_DATE, Clock_.END_OF_MONTH)
        return any(self.book.policies[p].clock in months for p in self.rows.sorts[sort].policies)

    def _decided(self, accounts: Sequence[tuple[Past, Clock, int]], on: date) -> list[Outcome]:
        day = Day(on)
        self.asked += len(accounts)
        cases = [self.rows.case(past, clock, number, on) for past, clock, number in accounts]
        stood = [self._stand(case, day) for case in cases]
        wanted: dict[tuple[Any, ...], int] = {}
        keys = [self._leaves(*account, units) for account, units in zip(accounts, stood, strict=True)]
        for n, key in enumerate(keys):
            if key is not None and key not in self._left:
                wanted.setdefault(key, n)
        if wanted:
            chosen = list(wanted.values())
            numbered = [self.rows.case(*accounts[n], on, row) for row, n in enumerate(chosen)]
            found = self._leave([accounts[n] for n in chosen], numbered, [stood[n] for n in chosen], day)
            self._left |= dict(zip(wanted, found, strict=True))
        return [
            self._outcome(
                case, units, *(self._left[key] if key is not None else (_AS_IT_WAS, _AS_IT_WAS)), on
            )
            for case, units, key in zip(cases, stood, keys, strict=True)
        ]

    def _stand(self, case: Case, day: Day) -> list[tuple[Standing, Choice]]:
        """Where each unit of an account stands, and the choice of its class."""
        found = []
        for standing in stand(self.book, case, day, self.rules):
            choice = self._choices.get(standing.signature)
            if choice is None:
                choice = self._choices[standing.signature] = choose(self.book, standing.signature)
            found.append((standing, choice))
        return found

    def _leaves(
        self, past: Past, clock: Clock, day: int, units: Sequence[tuple[Standing, Choice]]
    ) -> tuple[Any, ...] | None:
        """What it depends on what a day leaves behind; None where it leaves an account as it was."""
        at, policy = self.at[past.sort], units[0][0].signature.policy
        begins = past.home < 0 and any(standing.signature.overdue for standing, _ in units)
        lacks = any(choice.reason is Reason.NO_ADDRESS for _, choice in units)
        if not begins and not lacks and not any(_goes(choice) for _, choice in units):
            return None
        since = begun(self.book, clock, at, self.rows.sorts[past.sort], policy, day) if lacks else -1
        stands = tuple(
            (
                standing.item,
                standing.signature,
                tuple((item, tuple(step.index for step in steps)) for item, steps in standing.due.items()),
                tuple(item.row["item"] for item in standing.items if item.free),
            )
            for standing, _ in units
        )
        kept = (past.tone, seniority(past.reached), past.pending, past.repeats)
        return stands, (past, at.part(-1, day)) if begins else None, kept, since

    def _leave(
        self,
        accounts: Sequence[tuple[Past, Clock, int]],
        cases: Sequence[Case],
        stood: Sequence[Sequence[tuple[Standing, Choice]]],
        day: Day,
    ) -> list[tuple[Left, Left]]:
        """What a day leaves behind when all goes that would, and when it is held. The columns must say what the cases say."""
        state = self.rows.state(cases)
        decided = decide(self.book, state, day, ())
        view = decided.portfolio
        plain = [standing.signature for units in stood for standing, _ in units]
        for unit, signature in enumerate(plain):
            if view.at(unit) != signature:
                raise Disagreement(signature, view.at(unit))
        goes = self._left_behind(accounts, state, after(self.book, state, decided, _EVERY_DAY), day.on)
        if any(past.home < 0 for past, _, _ in accounts):
            held = replace(decided, contacts=decided.contacts.clear(), marks=decided.marks.clear())
            holds = self._left_behind(accounts, state, after(self.book, state, held, _EVERY_DAY), day.on)
        else:  # what goes and is held leaves an account as it was, but for the beginning of its episode
            went = set(decided.contacts["row"].to_list())
            holds = [_AS_IT_WAS if row in went else goes[row] for row in range(len(accounts))]
        return list(zip(goes, holds, strict=True))

    def _outcome(
        self, case: Case, units: Sequence[tuple[Standing, Choice]], left: Left, holds: Left, on: date
    ) -> Outcome:
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
            again=calls and alone and signature.occurrence < TRIES,
            retried=signature.under == Under.AGAIN_NOW,
            left=left,
            holds=holds,
            rules=self._about(case, on),
        )

    def _about(self, case: Case, on: date) -> frozenset[int]:
        """The invariants whose `for` holds."""
        if self._always is None:
            self._always = frozenset(n for n, rule in enumerate(self.invariants) if rule.fits is None)
        if len(self._always) == len(self.invariants):
            return self._always
        facts: dict[str, Value | None] = measures(case, owed(case, on), on)
        some = [(n, rule.fits) for n, rule in enumerate(self.invariants) if rule.fits is not None]
        return self._always | {n for n, fits in some if fits.holds(facts)}

    # -- back from rows ------------------------------------------------------------------------------------------------

    def _left_behind(
        self, accounts: Sequence[tuple[Past, Clock, int]], state: State, then: State, on: date
    ) -> list[Left]:
        steps = {
            (policy.id, step.name): (p, step.index)
            for p, policy in enumerate(self.book.policies)
            for step in policy.steps
        }
        marks = _by_row(then.marks.slice(state.marks.height))
        touches = _by_row(then.touches.slice(state.touches.height))
        pending, repeats = _by_row(then.pending), _by_row(then.repeats)
        wanted = (
            "home",
            "effects",
            "tone",
            "tone_step",
            "reached",
            "answer_by",
            "answer_day",
            "last_contact",
        )
        columns = then.accounts.select(wanted).to_dict(as_series=False)
        before = state.accounts["answer_by"].to_list()
        found = []
        for row, (past, clock, day) in enumerate(accounts):
            new = frozenset(
                (item_of(mark["item"])[0], *steps[mark["policy"], mark["step"]], True)
                for mark in marks.get(row, ())
            )
            counted = [(*steps[each["policy"], each["step"]], each) for each in repeats.get(row, ())]
            home = columns["home"][row]
            values = {
                "home": self.rows.number[home] if home else -1,
                "tone": columns["tone"][row] or 0,
                "tone_step": columns["tone_step"][row] or "",
                "reached": columns["reached"][row] or "",
                "pending": self._under_way(pending.get(row, ()), past, clock, day),
                "repeats": tuple(sorted((p, s, each["times"]) for p, s, each in counted)),
            }
            until = columns["answer_by"][row]
            asked = until is not None and until != before[row]
            wound = Wound(
                tuple(item_of(t["item"])[0] if t["item"] else -1 for t in touches.get(row, ())),
                ((until - on).days, columns["answer_day"][row]) if asked else (),
                columns["last_contact"][row] == on,
                frozenset((p, s) for p, s, each in counted if each["last"] == on),
            )
            changes = tuple((name, value) for name, value in values.items() if value != getattr(past, name))
            effects = (columns["effects"][row] or 0) & ~past.effects
            found.append(Left(changes, new, wound, effects))
        return found

    def _under_way(
        self, rows: Sequence[dict[str, Any]], past: Past, clock: Clock, day: int
    ) -> tuple[Any, ...]:
        if not rows:
            return NO_PENDING
        row = rows[-1]
        p = self.rows.number[row["policy"]]
        step = self.book.policies[p].step(row["step"])
        assert step is not None
        item = item_of(row["item"])[0] if row["item"] else -1
        if past.pending and past.pending[:4] == (item, p, step.index, row["state"]):
            return past.pending
        sort = self.rows.sorts[past.sort]
        since = begun(self.book, clock, self.at[past.sort], sort, p, day)
        return (item, p, step.index, row["state"], since, row["attempts"] or 0)


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


def _by_row(frame: pl.DataFrame) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for each in frame.iter_rows(named=True):
        found.setdefault(each["row"], []).append(each)
    return found
