"""From one morning to the next, for one account: what may happen, what the decision makes of it, what is left in the evening.

Everything is worked out once and remembered by number: pasts that are alike have one number whenever they were, and so have
clocks that show the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.core.decision.state import Pending
from engine.core.language.policy import PolicyBook
from engine.core.trust.prove.accounts import Asked, Sort
from engine.core.trust.prove.closed import Closed
from engine.core.trust.prove.happenings import Happened, happenings
from engine.core.trust.prove.outcomes import Deciding, Outcome, Wound, declined, put_back
from engine.core.trust.prove.states import GONE, Clock, Lens, Moments, Past, alike, lens, route_of

BRANCHES = ("go", "rest", "hold", "again", "declined")


@dataclass(frozen=True, slots=True)
class Evening:
    """How a day may end for a past: the number of the past it leaves, -1 where it cannot end so.

    `go`: the step goes. `rest`: nothing goes. `hold`: it would go, and a person pauses the account. `again`: the call reaches
    nobody. `declined`: nobody agrees to it.
    """

    go: int = -1
    rest: int = -1
    hold: int = -1
    again: int = -1
    declined: int = -1


CLOCK_BITS, PART_BITS = 22, 12


def packed(past: Any, clock: Any, part: Any) -> Any:
    """One number for three, of one account or of many."""
    return (((past << CLOCK_BITS) | clock) << PART_BITS) | part


class Numbers:
    """Things, each with a number of its own; those with the same key have one, and the first of them stands for all."""

    def __init__(self, key: Callable[[Any], Any] | None = None) -> None:
        self.things: list[Any] = []
        self._number: dict[Any, int] = {}
        self._key, self._alike = key, dict[Any, int]()

    def of(self, thing: Any) -> int:
        number = self._number.get(thing)
        if number is None:
            key = self._key(thing) if self._key else thing
            number = self._alike.setdefault(key, len(self.things))
            if number == len(self.things):
                self.things.append(thing)
            self._number[thing] = number
        return number

    def __len__(self) -> int:
        return len(self.things)


class Walks:
    """All pasts and clocks met so far, by number, and what follows from them."""

    def __init__(
        self,
        book: PolicyBook,
        asked: Sequence[Asked],
        sorts: Sequence[Sort],
        at: Sequence[Moments],
        deciding: Deciding,
    ) -> None:
        self.book, self.asked, self.sorts, self.at, self.deciding = book, asked, sorts, at, deciding
        self.pasts, self.clocks = Numbers(Closed(book, sorts).key), Numbers()  # clocks: (sort, Clock)
        self.alikes, self.clock_alikes, self.wounds, self.views = Numbers(), Numbers(), Numbers(), Numbers()
        self._lenses: dict[tuple[int, int], tuple[int, Lens]] = {}
        self.outcomes: list[Outcome] = []
        self.routes: dict[int, int] = {}  # key of a route -> the policy that has the account, or -1
        self.found: dict[int, int] = {}  # key of an outcome -> its number
        self._keys: dict[tuple[object, ...], int] = {}
        self._nights: dict[tuple[int, Wound], int] = {}
        self._happens: dict[int, tuple[tuple[Happened, int], ...]] = {}
        self._evenings: dict[tuple[int, int], Evening] = {}

    def starts(self, sort: int) -> list[tuple[int, int]]:
        """(past, clock) with which walks of a sort begin: one a part of what may be owed, the largest first."""
        kind = self.sorts[sort]
        clock = self.clocks.of((sort, Clock(ages=(GONE,) * len(kind.events))))
        promise = kind.promises[0] if kind.promises else "none"
        return [
            (self.pasts.of(Past(sort, ((amount, ""),) * len(kind.offsets), promise=promise)), clock)
            for amount in reversed(range(len(kind.amounts)))
        ]

    def sort_of(self, past: int) -> int:
        number: int = self.pasts.things[past].sort
        return number

    # -- what may happen -----------------------------------------------------------------------------------------------

    def happens(self, past: int) -> tuple[tuple[Happened, int], ...]:
        """What may happen to an overdue account in a morning, and the number of the past after it. Before a call is tried again
        nothing happens.
        """
        found = self._happens.get(past)
        if found is None:
            was: Past = self.pasts.things[past]
            tried = bool(was.pending) and was.pending[3] == Pending.AGAIN.value
            every = [] if tried else happenings(self.book, was, self.sorts[was.sort])
            found = self._happens[past] = tuple(
                (what, self.pasts.of(then)) for what, then in every if then != was or what.event >= 0
            )
        return found

    def happened(self, clock: int, what: Happened) -> int:
        """The clock after something has happened."""
        sort, shows = self.clocks.things[clock]
        if what.event >= 0:
            shows = shows._replace(ages=(*shows.ages[: what.event], what.age, *shows.ages[what.event + 1 :]))
        if what.what == "payment" and self.at[sort].paid:
            shows = shows._replace(paid=0)
        return self.clocks.of((sort, shows))

    # -- what the decision makes of it ---------------------------------------------------------------------------------

    def route_key(self, past: int) -> int:
        return self._remembered(("route", past), lambda: self.alikes.of(route_of(self.pasts.things[past])))

    def past_key(self, past: int, route: int) -> int:
        """What a decision of a policy depends on in a past; where no policy has the account, that it has not."""
        return self._remembered(("past", past, route), lambda: self._past_key(self.pasts.things[past], route))

    def _past_key(self, was: Past, route: int) -> int:
        if route < 0:
            return self.alikes.of((route_of(was), was.pending))
        number, through = self.lens(was.sort, route)
        return self.alikes.of((number, alike(self.book, was, route, through)))

    def clock_key(self, clock: int, route: int) -> int:
        """What a decision of a policy depends on in a clock; with -1, what it depends on which policy decides."""
        return self._remembered(("clock", clock, route), lambda: self._clock_key(clock, route))

    def _clock_key(self, clock: int, route: int) -> int:
        sort, shows = self.clocks.things[clock]
        if route < 0:
            return self.clock_alikes.of((sort, self.at[sort].routed(shows)))
        policy = self.book.policies[route]
        event = -1 if policy.start is None else self.sorts[sort].events.index(policy.start)
        days = [step.day for step in policy.steps]
        return self.clock_alikes.of(
            (route, self.at[sort].alike(shows, max(self.book.gap(policy), 1), event, days))
        )

    def _remembered(self, what: tuple[object, ...], make: Callable[[], int]) -> int:
        found = self._keys.get(what)
        if found is None:
            found = self._keys[what] = make()
        return found

    def lens(self, sort: int, route: int) -> tuple[int, Lens]:
        """The lens of a policy on a sort, and a number for all sorts that look the same through it."""
        found = self._lenses.get((sort, route))
        if found is None:
            through = lens(self.book, self.asked, self.sorts[sort], self.at[sort], route)
            found = self._lenses[sort, route] = (self.views.of(through.key), through)
        return found

    def known(self, past: int, clock: int, day: int) -> tuple[int, int]:
        """(key of the route, key of the outcome) of an account; the second is -1 while the route is not known."""
        sort = self.sort_of(past)
        at = self.at[sort]
        first = packed(self.route_key(past), self.clock_key(clock, -1), at.part(-1, day))
        route = self.routes.get(first)
        if route is None:
            return first, -1
        return first, self._key(past, clock, at, route, day)

    def _key(self, past: int, clock: int, at: Moments, route: int, day: int) -> int:
        key: int = packed(self.past_key(past, route), self.clock_key(clock, route), at.part(route, day))
        return key

    def outcome(self, past: int, clock: int, day: int) -> int:
        """The number of what a day brings an account, which is decided if none alike has been."""
        first, key = self.known(past, clock, day)
        found = self.found.get(key) if key >= 0 else None
        if found is None:
            at = self.at[self.sort_of(past)]
            outcome = self.deciding.of(self.pasts.things[past], self.clocks.things[clock][1], day)
            self.routes.setdefault(first, outcome.policy)
            key = self._key(past, clock, at, outcome.policy, day)
            found = self.found.get(key)
            if found is None:
                found = self.found[key] = len(self.outcomes)
                self.outcomes.append(outcome)
        number: int = found
        return number

    def decide(self, accounts: Iterable[tuple[int, int, int]]) -> None:
        """Have accounts decided, each on a day of its walk."""
        for account in accounts:
            self.outcome(*account)

    # -- what is left --------------------------------------------------------------------------------------------------

    def evening(self, past: int, outcome: int) -> Evening:
        """How the day may end for an account of which an outcome was decided."""
        found = self._evenings.get((past, outcome))
        if found is None:
            found = self._evenings[past, outcome] = self._ends(
                self.pasts.things[past], self.outcomes[outcome]
            )
        return found

    def _ends(self, past: Past, outcome: Outcome) -> Evening:
        of = self.pasts.of
        held = outcome.holds.after(past)
        if not outcome.goes:
            return Evening(rest=of(held))
        return Evening(
            go=of(outcome.left.after(past)),
            hold=-1 if outcome.retried else of(held),
            again=of(put_back(self.book, held, outcome)) if outcome.again and self._jumps(outcome) else -1,
            declined=of(declined(held, outcome)) if outcome.agreed and self._matters(past, outcome) else -1,
        )

    def _jumps(self, outcome: Outcome) -> bool:
        """Whether a call that is tried again can come before a step that would have been offered in its place. Else a call that
        reached nobody is a day on which the account waits.
        """
        policy = self.book.policies[outcome.policy]
        assert outcome.step is not None
        lower = policy.steps[: outcome.step.index]
        return self.book.late(policy).way != "climb" or any(step.when for step in lower)

    def _matters(self, past: Past, outcome: Outcome) -> bool:
        """Whether it makes a difference that a step is never asked again: the last of its ladder may as well wait for ever."""
        steps = self.book.policies[outcome.policy].steps
        assert outcome.step is not None
        others = (p for p in self.sorts[past.sort].policies if p != outcome.policy)
        shared = any(self.book.policies[p].step(outcome.step.name) for p in others)
        return shared or outcome.step.index < len(steps) - 1

    def night(self, clock: int, wound: Wound) -> int:
        """The clock of the next morning, after a day that did this to it."""
        found = self._nights.get((clock, wound))
        if found is None:
            sort, shows = self.clocks.things[clock]
            at = self.at[sort]
            found = self._nights[clock, wound] = self.clocks.of((sort, at.later(wound.evening(shows, at))))
        return found
