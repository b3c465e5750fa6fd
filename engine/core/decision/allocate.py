"""The whole day's choices become what goes today: the safety stop, and what the day has room for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from engine.core.cases.score import expression
from engine.core.language.policy import Action, House, Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
ACCOUNT_OWNER = "account owner"  # a role that is a person of its own for each account
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
    return in_order(contacts.select("long_wait", score=score).with_row_index("at")).select("at", "score")


def in_order(scored: pl.DataFrame) -> pl.DataFrame:
    """Contacts, given in the order of their accounts with `long_wait` and `score`, in the work list's order."""
    # One key is sorted much faster.
    keys = ["long_wait", "score"] if scored["long_wait"].any() else ["score"]
    return scored.sort(keys, descending=True, maintain_order=True)


def allocate(
    house: House,
    deeds: Sequence[tuple[Action, ...]],
    which: NDArray[np.int64],
    newly: NDArray[np.bool_],
    owners: Sequence[str | None],
    room: Room,
    sentence: Callable[[str, int, int], str],
) -> Allocation:
    """Which contacts, given in the work list's order, go today.

    `which` is the number in `deeds` of what each contact does; `newly` says that it has not waited for room before;
    `owners` is the account's owner.
    """
    size = len(which)
    who: list[str | None] = [None] * size
    stopped = _stopped(house, deeds, np.bincount(which[newly], minlength=len(deeds)), sentence)
    if stopped:
        return Allocation((False,) * size, tuple(who), stopped)
    left: dict[str, int] = {kind: most - room.used.get(kind, 0) for kind, most in house.capacity.items()}
    people: dict[str, list[str]] = {}
    for person in room.people:
        for role in person.roles:
            people.setdefault(role, []).append(person.id)
        for kind, most in person.capacity.items():
            name = f"{person.id}/{kind}"
            left[name] = most - room.used.get(name, 0)
    load: dict[str, int] = dict.fromkeys((person.id for person in room.people), 0)
    calls = {id: f"{id}/calls" for id in load}
    own = {id: [name for name in (calls[id], id) if name in left] for id in load}  # rooms of their own
    wants = [_wants(one, people, left) for one in deeds]
    limited = np.array([bool(want.rooms or want.callers) for want in wants] + [False])[which]
    go = (~limited).tolist()
    # Once there is no room for what a contact does, there is none for the next that does the same; and the same person
    # is asked, as long as nobody has been given anything since.
    no_room: dict[tuple[int, str | None], str | None] = {}
    full = [False] * len(deeds)  # what nobody in particular does, and there is no room for
    numbers = which.tolist()
    for at in np.flatnonzero(limited).tolist():
        number = numbers[at]
        if full[number]:
            continue
        want = wants[number]
        same = (number, owners[at] if want.owned else None)
        if same in no_room:
            who[at] = no_room[same]
            continue
        taker, rooms = None, want.rooms
        for able, owned in want.callers:
            taker = _taker(able, owners[at] if owned else None, calls, left, load)
            rooms = [*rooms, *own[taker]]
        who[at] = taker
        if rooms and min(map(left.__getitem__, rooms)) <= 0:
            if want.callers:
                no_room[same] = taker
            else:
                full[number] = True
            continue
        go[at] = True
        for name in rooms:
            left[name] -= 1
        if taker is not None:
            load[taker] += 1
            no_room.clear()
    return Allocation(tuple(go), tuple(who))


@dataclass(frozen=True, slots=True)
class _Wants:
    """What a deed takes: the limited `rooms` of the house, and for each call who could make it, and whether its owner would."""

    rooms: list[str]
    callers: list[tuple[list[str], bool]]
    owned: bool  # one of the calls is its owner's


def _wants(actions: tuple[Action, ...], people: Mapping[str, list[str]], left: Mapping[str, int]) -> _Wants:
    calls = [action.value for action in actions if action.kind is Kind.CALL and action.value in people]
    rooms = [ROOM[action.kind] for action in actions if ROOM[action.kind] in left]
    callers = [(sorted(people[role]), role == ACCOUNT_OWNER) for role in calls]
    return _Wants(rooms, callers, ACCOUNT_OWNER in calls)


def _taker(
    able: Sequence[str],
    owner: str | None,
    calls: Mapping[str, str],
    left: Mapping[str, int],
    load: Mapping[str, int],
) -> str:
    """Who makes a call: its owner, else who has the least to do of those that have room for one more, by name.

    `able` is ascending; `calls` is the name of each one's room for calls.
    """
    if owner is not None and owner in able:
        return owner
    if len(able) == 1:
        return able[0]
    free = [person for person in able if left.get(calls[person], 1) > 0]
    return min(free or able, key=load.__getitem__)


def _stopped(
    house: House,
    deeds: Sequence[tuple[Action, ...]],
    newly: NDArray[np.int64],
    sentence: Callable[[str, int, int], str],
) -> str:
    """What the safety stop says; `newly` counts the contacts of each deed."""
    if not house.stop:
        return ""
    counts: dict[str, int] = {"actions": 0}
    for actions, number in zip(deeds, newly.tolist(), strict=True):
        for action in actions:
            counts["actions"] += number
            counts[ROOM[action.kind]] = counts.get(ROOM[action.kind], 0) + number
    for kind, most in house.stop.items():
        if counts.get(kind, 0) > most:
            return sentence(kind, counts[kind], most)
    return ""


def used(contacts: Iterable[tuple[tuple[Action, ...], str | None, int]]) -> dict[str, int]:
    """The room that contacts have taken: what the next run of the same day must leave alone.

    Each entry is what they do, who does it, and how many there are.
    """
    counts: dict[str, int] = {}
    for actions, person, number in contacts:
        for action in actions:
            names = [ROOM[action.kind]]
            if action.kind is Kind.CALL and person:
                names += [person, f"{person}/calls"]
            for name in names:
                counts[name] = counts.get(name, 0) + number
    return counts
