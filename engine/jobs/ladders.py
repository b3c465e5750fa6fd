"""How many accounts stand at each step of each policy, and what holds them: as the newest run has found it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.engine import Connection

from engine.core.sentences import Reason
from engine.store import standing as store


@dataclass(frozen=True, slots=True)
class At:
    """The accounts at a step: who has had it in this episode; for whom it went in the run; what held others, and how many."""

    had: int = 0
    went: int = 0
    held: tuple[tuple[Reason, int], ...] = ()

    @property
    def accounts(self) -> int:
        return self.went + sum(number for _, number in self.held)


@dataclass(frozen=True, slots=True)
class Standing:
    """All accounts of the run of day `on`. `at` is by policy and step; `else_` are those at no step, by policy; `held` counts
    by policy what held accounts: gate and line (file:line:column, or empty), most first."""

    on: date
    at: Mapping[str, Mapping[str, At]] = field(default_factory=dict)
    else_: Mapping[str, Mapping[Reason, int]] = field(default_factory=dict)
    held: Mapping[str, tuple[tuple[str, str, int], ...]] = field(default_factory=dict)

    def accounts(self, policy: str) -> int:
        at = sum(one.accounts for one in self.at.get(policy, {}).values())
        return at + sum(self.else_.get(policy, {}).values())


def standing(conn: Connection) -> Standing | None:
    """None before the first run. Reads every decision of the run: of a large house a page does not wait for it."""
    newest = store.newest(conn)
    if newest is None:
        return None
    had = store.taken(conn)
    went: Counter[tuple[str, str]] = Counter()
    held: dict[tuple[str, str], Counter[Reason]] = defaultdict(Counter)
    else_: dict[str, Counter[Reason]] = defaultdict(Counter)
    gates: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for one in store.stands(conn, newest):
        reason = Reason(one.reason)
        if one.verdict == "go":
            went[one.policy, one.step] += one.accounts
        elif one.step:
            held[one.policy, one.step][reason] += one.accounts
            gates[one.policy][one.gate, one.place] += one.accounts
        else:
            else_[one.policy][reason] += one.accounts
    at: dict[str, dict[str, At]] = defaultdict(dict)
    for policy, step in {*had, *went, *held}:
        why = tuple(held.get((policy, step), Counter()).most_common())
        at[policy][step] = At(had.get((policy, step), 0), went[policy, step], why)
    told = {
        policy: tuple((gate, place, number) for (gate, place), number in found.most_common())
        for policy, found in gates.items()
    }
    return Standing(newest.on, at, else_, told)
