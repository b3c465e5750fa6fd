"""The whole day's choices become what goes today: the safety stop, and what the day has room for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from statistics import median

import polars as pl

from engine.core.cases.score import expression
from engine.core.language.policy import Action, House, Kind

# What one action takes of a day, in the words of `capacity` and `stop`.
ROOM: Mapping[Kind, str] = {
    Kind.CALL: "calls",
    Kind.EMAIL: "emails",
    Kind.LETTER: "letters",
    Kind.STATEMENT: "statements",
    Kind.TERMS: "terms",
    Kind.HOLD: "holds",
    Kind.HAND_OFF: "hand offs",
    Kind.TASK: "tasks",
    Kind.WEBHOOK: "webhooks",
}
PATIENCE = 10  # open days after which a step that waits for room goes to the top


@dataclass(frozen=True, slots=True)
class Person:
    """Who works: the roles held, and how many calls and letters a day allows (None: no limit)."""

    id: str
    name: str = ""
    roles: tuple[str, ...] = ()
    capacity: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Away:
    """Somebody does not work from a day through another, both included."""

    person: str
    from_day: date
    until: date
    because: str = ""

    def on(self, day: date) -> bool:
        return self.from_day <= day <= self.until


@dataclass(frozen=True, slots=True)
class Room:
    """What a day can take, and what earlier runs of the same day have used. `used` counts as `capacity` does."""

    people: Sequence[Person] = ()
    used: Mapping[str, int] = field(default_factory=dict)
    away: Sequence[Away] = ()

    def on(self, day: date) -> Room:
        """With those alone who work on a day."""
        if not self.away:
            return self
        gone = {one.person for one in self.away if one.on(day)}
        return replace(self, people=[person for person in self.people if person.id not in gone])


@dataclass(frozen=True, slots=True)
class Allocation:
    """`go` is aligned with the contacts given: goes today or waits. `person` is who does it, where a role has people.

    `stopped` is the sentence of the safety stop: then nothing goes.
    """

    go: tuple[bool, ...]
    person: tuple[str | None, ...]
    stopped: str = ""


LEAST_KNOWN = 5  # runs that did something, before a run can be called unusual


def usual_stop(house: House, counts: Sequence[Mapping[str, int]]) -> House:
    """The house with its blast radius: a run that wants `usual` times the usual stops as well.

    `counts` are of earlier runs; the usual is the median of those that did anything. Too few say nothing.
    """
    busy = [made["actions"] for made in counts if made.get("actions")]
    if not house.usual or len(busy) < LEAST_KNOWN:
        return house
    most = int(house.usual * Decimal(median(busy)))
    return replace(house, stop={**house.stop, "actions": min(most, house.stop.get("actions", most))})


def ranked(contacts: pl.DataFrame, house: House, on: date | None = None) -> pl.DataFrame:
    """The work list's order: long waits first, then by the house's score, highest first, then by account.

    `contacts` has the columns that the score looks at (`cases.score`) and `long_wait` (no room for PATIENCE open days),
    and is in the order of the accounts; `on` is the day, which a score by weights needs. `at`, the index of each contact
    in it, and `score` come back in the new order.
    """
    score = expression(house.score, house.currency, on or date.min)
    # One key is sorted much faster.
    keys = ["long_wait", "score"] if contacts["long_wait"].any() else ["score"]
    scored = contacts.select("long_wait", score=score).with_row_index("at")
    return scored.sort(keys, descending=True, maintain_order=True).select("at", "score")


def allocate(
    house: House,
    actions: Sequence[tuple[Action, ...]],
    newly: Sequence[bool],
    owners: Sequence[str | None],
    room: Room,
    sentence: Callable[[str, int, int], str],
) -> Allocation:
    """Which contacts, given in the work list's order, go today.

    `actions` are each contact's; `newly` says that it has not waited for room before; `owners` is the account's owner.
    """
    stopped = _stopped(house, actions, newly, sentence)
    if stopped:
        return Allocation((False,) * len(actions), (None,) * len(actions), stopped)
    left: dict[str, int] = {kind: most - room.used.get(kind, 0) for kind, most in house.capacity.items()}
    people: dict[str, list[Person]] = {}
    for person in room.people:
        for role in person.roles:
            people.setdefault(role, []).append(person)
        for kind, most in person.capacity.items():
            name = f"{person.id}/{kind}"
            left[name] = most - room.used.get(name, 0)
    if not left and not people:
        return Allocation((True,) * len(actions), (None,) * len(actions))
    load: dict[str, int] = dict.fromkeys((person.id for person in room.people), 0)
    go: list[bool] = []
    who: list[str | None] = []
    for wanted, owner in zip(actions, owners, strict=True):
        person_id, needs = _needs(wanted, owner, people, left, load)
        fits = all(left.get(name, 1) > 0 for name in needs)
        if fits:
            for name in needs:
                if name in left:
                    left[name] -= 1
            if person_id is not None:
                load[person_id] += 1
        go.append(fits)
        who.append(person_id)
    return Allocation(tuple(go), tuple(who))


def _needs(
    actions: tuple[Action, ...],
    owner: str | None,
    people: Mapping[str, list[Person]],
    left: Mapping[str, int],
    load: Mapping[str, int],
) -> tuple[str | None, list[str]]:
    """Who would do it, and the room it takes."""
    needs = [ROOM[action.kind] for action in actions]
    person_id: str | None = None
    for action in actions:
        if action.kind is not Kind.CALL or action.value not in people:
            continue
        able = people[action.value]
        mine = [person for person in able if action.value == "account owner" and person.id == owner]
        free = [person for person in able if left.get(f"{person.id}/calls", 1) > 0]
        chosen = mine[0] if mine else min(free or able, key=lambda person: (load[person.id], person.id))
        person_id = chosen.id
        needs += [f"{person_id}/calls", person_id]
    return person_id, needs


def _stopped(
    house: House,
    actions: Sequence[tuple[Action, ...]],
    newly: Sequence[bool],
    sentence: Callable[[str, int, int], str],
) -> str:
    if not house.stop:
        return ""
    counts: dict[str, int] = {"actions": 0}
    for wanted, new in zip(actions, newly, strict=True):
        if not new:
            continue
        for action in wanted:
            counts["actions"] += 1
            counts[ROOM[action.kind]] = counts.get(ROOM[action.kind], 0) + 1
    for kind, most in house.stop.items():
        if counts.get(kind, 0) > most:
            return sentence(kind, counts[kind], most)
    return ""


def used(contacts: Sequence[tuple[tuple[Action, ...], str | None]]) -> dict[str, int]:
    """The room that contacts have taken: what the next run of the same day must leave alone."""
    counts: dict[str, int] = {}
    for actions, person in contacts:
        for action in actions:
            counts[ROOM[action.kind]] = counts.get(ROOM[action.kind], 0) + 1
            if action.kind is Kind.CALL and person:
                for name in (person, f"{person}/calls"):
                    counts[name] = counts.get(name, 0) + 1
    return counts
