"""What is wrong with a ladder by its own words: no account has to be walked to see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from engine.core.decision.ladder import in_season
from engine.core.language import norms
from engine.core.language.condition import Op, Test
from engine.core.language.policy import Action, Clock, Kind, Pause, Policy, PolicyBook, Step
from engine.core.sentences import proofs
from engine.core.trust.prove.accounts import CHANGING, Sort, zero
from engine.core.trust.prove.findings import Finding, steps, warned

# Facts that come and go by what people do: a pause by one of these ends when they say so.
_PASSING = frozenset(
    {
        "status",
        "tags",
        "risk",
        "response",
        "contacts",
        "broken",
        "kept",
        "claims",
        "dbt",
        "promise",
        "plan",
        "disputed",
    }
)
_LONGEST_RESTORE = 24  # months: after that a customer counts as one who was never late


def contradictions(book: PolicyBook) -> Iterator[Finding]:
    """Two actions of one ladder that cannot both be meant."""
    for policy in book.policies:
        before: list[Action] = []
        for step in policy.steps:
            for action in step.actions:
                together = [*before, *step.actions]
                if action.kind is Kind.TERMS:
                    if held := _first(together, Kind.HOLD):
                        said = proofs.contradiction_hold(held.value, action.value)
                        yield warned("contradiction", action.place, *said, held.place, policy.id)
                    if found := _longer(policy, action):
                        test, words = found
                        said = proofs.contradiction_terms(action.value, words)
                        yield warned("contradiction", action.place, *said, test.place, policy.id)
                elif action.kind.contact and (handed := _first(before, Kind.HAND_OFF)):
                    said = proofs.contradiction_handed(action.kind.value, handed.value)
                    yield warned("contradiction", action.place, *said, handed.place, policy.id)
            before += step.actions


def _first(actions: Sequence[Action], kind: Kind) -> Action | None:
    return next((action for action in actions if action.kind is kind), None)


def _longer(policy: Policy, action: Action) -> tuple[Test, str] | None:
    """The line that says whose terms are shorter than the new ones."""
    new = norms.days_of_terms(action.value)
    for test in policy.fits.tests:
        if test.field != "terms" or test.op is not Op.IS or test.negated or new is None:
            continue
        days = [norms.days_of_terms(str(word)) for word in test.values]
        if days and all(old is not None and old <= new for old in days):
            return test, " or ".join(str(word) for word in test.values)
    return None


def without_way_back(book: PolicyBook) -> Iterator[Finding]:
    """Terms or a hold of which nobody tells the customer, or from which the way back is years long.

    That the way back is proposed when all is paid needs no line: the end of an episode does that by itself.
    """
    for _, policy, step in steps(book):
        for action in step.actions:
            if action.kind not in (Kind.TERMS, Kind.HOLD):
                continue
            if not any(other.kind.contact for other in step.actions):
                said = proofs.no_notice(action.kind.value)
                yield warned("no-way-back", action.place, *said, policy.place, policy.id)
            if step.restore_after > _LONGEST_RESTORE:
                said = proofs.long_way_back(step.restore_after)
                yield warned("no-way-back", step.place, *said, action.place, policy.id)


def endless_pauses(book: PolicyBook) -> Iterator[Finding]:
    """Pauses by a fact that nobody changes, and seasons that leave no day of the year."""
    year = [date(2028, 1, 1) + timedelta(days=day) for day in range(366)]
    covered: dict[tuple[Kind, ...], list[Pause]] = {}
    for pause in book.house.pause:
        if pause.season is None:
            tests = pause.clause.tests
            if tests and all(test.field not in CHANGING | _PASSING for test in tests):
                said = proofs.lasting_pause(
                    " and ".join(f"{t.field}: {t.text}".replace("_", "-") for t in tests)
                )
                yield warned("endless-pause", tests[0].place, *said, pause.place)
        elif not pause.clause.tests:
            covered.setdefault(pause.kinds, []).append(pause)
            if all(any(in_season(other.season, day) for other in covered[pause.kinds]) for day in year):
                first = covered[pause.kinds][0]
                yield warned(
                    "endless-pause",
                    pause.place,
                    *proofs.whole_year(),
                    first.place if first is not pause else None,
                )
                covered[pause.kinds] = []


def early_demands(book: PolicyBook, sorts: Sequence[Sort]) -> Iterator[tuple[Step, Sort, Finding]]:
    """Steps whose day comes before the due date of some terms that their policy takes, with the longest of such terms."""
    for p, policy, step in steps(book):
        if policy.start is not None or policy.clock is Clock.DUE_DATE or step.day < 0:
            continue
        early = [
            (sort.due - (zero(policy, sort) + step.day), n)
            for n, sort in enumerate(sorts)
            if p in sort.policies and zero(policy, sort) + step.day < sort.due
        ]
        if early:
            days, n = max(early, key=lambda each: (each[0], -each[1]))
            said = proofs.early_demand(sorts[n].terms, step.day, policy.clock.value, days)
            yield step, sorts[n], warned("demand-before-due", step.place, *said, policy.fits.place, policy.id)
