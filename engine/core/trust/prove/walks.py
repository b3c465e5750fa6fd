"""From one morning to the next, for one account: what may happen, what the decision makes of it, what is left in the evening.

Everything is worked out once and remembered by number: accounts that are alike have one number, whatever the day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.core.language.policy import PolicyBook
from engine.core.trust.prove.accounts import Sort
from engine.core.trust.prove.happenings import Happened, happenings
from engine.core.trust.prove.outcomes import Deciding, Outcome, declined, later, put_back
from engine.core.trust.prove.states import Account, Moments, alike, tomorrow

MOST_PARTS = 4096


@dataclass(frozen=True, slots=True)
class Evening:
    """The number of the account's next morning, by how the day ended; -1 where it cannot end so.

    `go`: the step goes. `rest`: nothing goes. `hold`: it would go, and a person pauses the account. `again`: the call reaches
    nobody. `declined`: nobody agrees to it.
    """

    outcome: int
    go: int = -1
    rest: int = -1
    hold: int = -1
    again: int = -1
    declined: int = -1

    def branches(self) -> Iterable[tuple[str, int]]:
        for name in BRANCHES:
            number = getattr(self, name)
            if number >= 0:
                yield name, number


BRANCHES = ("go", "rest", "hold", "again", "declined")


class Walks:
    """All accounts met so far, by number, and what follows from each."""

    def __init__(
        self, book: PolicyBook, sorts: Sequence[Sort], at: Sequence[Moments], deciding: Deciding
    ) -> None:
        self.book, self.sorts, self.at, self.deciding = book, sorts, at, deciding
        self.accounts: list[Account] = []
        self.number: dict[Account, int] = {}
        self.sort_of: list[int] = []
        self.alike: list[int] = []
        self._alikes: dict[object, int] = {}
        self.outcomes: list[Outcome] = []
        self._outcome: dict[int, int] = {}  # alike * MOST_PARTS + part -> outcome
        self._happens: dict[int, tuple[tuple[Happened, int], ...]] = {}
        self._evenings: dict[int, Evening] = {}  # account * MOST_PARTS + part -> evening

    def of(self, account: Account) -> int:
        """The number of an account."""
        number = self.number.get(account)
        if number is None:
            number = self.number[account] = len(self.accounts)
            self.accounts.append(account)
            self.sort_of.append(account.sort)
            like = alike(self.book, account, self.at[account.sort])
            self.alike.append(self._alikes.setdefault(like, len(self._alikes)))
        return number

    def starts(self, sort: int) -> list[int]:
        """The accounts with which walks of a sort begin: one a part of what may be owed, the largest first."""
        kind = self.sorts[sort]
        ages = (-1,) * len(kind.events)
        promise = kind.promises[0] if kind.promises else "none"
        return [
            self.of(Account(sort, ((amount, ""),) * len(kind.offsets), promise=promise, ages=ages))
            for amount in reversed(range(len(kind.amounts)))
        ]

    def part(self, number: int, day: int) -> int:
        return self.at[self.sort_of[number]].part(day)

    def overdue(self, number: int, day: int) -> bool:
        """Whether anything is past due that may be promised, disputed, or paid in part."""
        return day > self.at[self.sort_of[number]].due[0]

    def happens(self, number: int) -> tuple[tuple[Happened, int], ...]:
        """What may happen to an overdue account in a morning, and the number of the account after it."""
        found = self._happens.get(number)
        if found is None:
            account = self.accounts[number]
            sort, at = self.sorts[account.sort], self.at[account.sort]
            every = ((what, self.of(then)) for what, then in happenings(self.book, account, sort, at))
            found = self._happens[number] = tuple((what, then) for what, then in every if then != number)
        return found

    def decide(self, numbers: Iterable[int], day: int) -> None:
        """Have every account decided that is not alike to one that has been, in this part of the walk."""
        wanted: dict[int, int] = {}
        for number in numbers:
            key = self.alike[number] * MOST_PARTS + self.part(number, day)
            if key not in self._outcome:
                wanted.setdefault(key, number)
        if not wanted:
            return
        found = self.deciding.of([self.accounts[number] for number in wanted.values()], day)
        for key, outcome in zip(wanted, found, strict=True):
            self._outcome[key] = len(self.outcomes)
            self.outcomes.append(outcome)

    def evening(self, number: int, day: int) -> Evening:
        """How the day may end for an account that has been decided."""
        part = self.part(number, day)
        key = number * MOST_PARTS + part
        found = self._evenings.get(key)
        if found is None:
            which = self._outcome[self.alike[number] * MOST_PARTS + part]
            found = self._evenings[key] = self._ends(number, which, day)
        return found

    def _ends(self, number: int, which: int, day: int) -> Evening:
        account, outcome = self.accounts[number], self.outcomes[which]
        sort, at = self.sorts[account.sort], self.at[account.sort]

        def night(then: Account) -> int:
            return self.of(tomorrow(self.book, then, at))

        held = later(self.book, account, outcome.holds, at, sort, day)
        if not outcome.goes:
            return Evening(which, rest=night(held))
        return Evening(
            which,
            go=night(later(self.book, account, outcome.left, at, sort, day)),
            hold=night(held),
            again=night(put_back(self.book, held, outcome)) if outcome.again else -1,
            declined=night(declined(held, outcome)) if outcome.agreed else -1,
        )
