"""Which steps an account can never be offered again, however it came to that: accounts alike in this go on alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.core.decision.choose import step_tone
from engine.core.decision.ladder import call_role, effect_mask
from engine.core.language.policy import PolicyBook, seniority
from engine.core.trust.prove.accounts import Sort
from engine.core.trust.prove.states import Past


class Closed:
    """Which steps an account can never be offered again: pasts that differ only in how it came to that go on alike."""

    def __init__(self, book: PolicyBook, sorts: Sequence[Sort]) -> None:
        self.book, self.sorts = book, sorts
        self._same = [  # policy -> step -> policy -> the step of that name, as a bit
            [[1 << same.index if (same := q.step(s.name)) else 0 for q in book.policies] for s in p.steps]
            for p in book.policies
        ]
        self._ranks = [  # policy -> step -> its tone, and how senior its caller is
            [(step_tone(book, s), seniority(call_role(s))) for s in p.steps] for p in book.policies
        ]
        self._done: dict[tuple[int, int], int] = {}

    def key(self, past: Past) -> tuple[Any, ...]:
        """All that the coming days depend on. Of policies that can have the account no more nothing is kept, nor the tone and the
        caller that no open step would have to give way to.
        """
        sort = self.sorts[past.sort]
        policies = [p for p in sort.policies if past.home < 0 or p <= past.home]
        items = range(len(past.items))
        lasting = [self._lasting(past, p) for p in policies]
        taken = [
            [self._taken(past, p, item) & ~gone for item in items]
            for p, gone in zip(policies, lasting, strict=True)
        ]
        closed = []
        softest, callers = 0, 0
        for p, gone, mine in zip(policies, lasting, taken, strict=True):
            policy = self.book.policies[p]
            if policy.start is None:
                mine = [gone | each for each in mine]
                gone = 0
            closed.append((gone, *mine))
            for step, (tone, caller) in zip(policy.steps, self._ranks[p], strict=True):
                bit = 1 << step.index
                again = policy.start is not None or step.repeat is not None or bool(past.pending)
                if gone & bit or (not again and all(each & bit for each in mine)):
                    continue
                softest = _lower(softest, tone)
                callers = _lower(callers, caller)
        heard = past.tone if 0 < softest < past.tone else 0
        called = past.reached if 0 < callers < seniority(past.reached) else ""
        return (
            *(
                past.sort,
                past.items,
                past.home,
                tuple(closed),
                heard,
                past.tone_step if heard else "",
                called,
            ),
            *(past.pending, past.repeats, past.promise, past.plan),
        )

    def _lasting(self, past: Past, p: int) -> int:
        """Steps that nobody agreed to, or that do what is done once an episode."""
        found = self._done.get((p, past.effects), -1)
        if found < 0:
            found = self._done[p, past.effects] = effect_mask(self.book.policies[p], past.effects)
        for policy, step in past.barred:
            found |= self._same[policy][step][p]
        return found

    def _taken(self, past: Past, p: int, item: int) -> int:
        found = 0
        for of, policy, step, current in past.marks:
            if of != item:
                continue
            if policy == p:
                found |= 1 << step if current or self.book.policies[p].start is None else 0
            elif self.book.policies[p].start is None and (same := self._same[policy][step][p]):
                found |= same | (same - 1)  # and those below it
        return found


def _lower(one: int, other: int) -> int:
    """The lower of two ranks, of which 0 is none."""
    return min(one, other) if one and other else one or other
