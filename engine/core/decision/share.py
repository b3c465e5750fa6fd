"""Who does what of today's list: whose it is, the account's owner, else whoever of the role has it; as much as a day takes."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from engine.core.decision.allocate import Person
from engine.core.language.policy import Kind

PEER = "peer"  # the role of a call for somebody who has not called the account
_OF_PEERS = "collector"
_NOBODY = ""  # has room for it
_UNLIMITED = 2**40
_SPREAD = 2_654_435_761  # Knuth's multiplier: neighbours end far apart
_COUNTED = {Kind.CALL.value: "calls", Kind.TASK.value: "tasks"}


@dataclass(frozen=True, slots=True)
class Day:
    """What a day takes. `people` are those who work; `left` is what is left of it, by the names of `capacity`:

    of the house ("calls", "tasks"), of a person ("jortiz"), of a person's calls ("jortiz/calls"). `callers` has who has
    called an account, for the calls that a peer is to make.
    """

    people: Sequence[Person]
    left: Mapping[str, int]
    callers: Mapping[str, Collection[str]]


def room_left(
    people: Sequence[Person], capacity: Mapping[str, int], made: Mapping[str, int]
) -> dict[str, int]:
    """What a day still takes: the house's capacity and each person's own, less the calls each has made today."""
    left = {name: most for name, most in capacity.items() if name in _COUNTED.values()}
    if "calls" in left:
        left["calls"] -= sum(made.values())
    for person in people:
        mine = made.get(person.id, 0)
        if person.id in capacity:
            left[person.id] = capacity[person.id] - mine
        if "calls" in person.capacity:
            left[f"{person.id}/calls"] = person.capacity["calls"] - mine
    return left


def shared(rows: pl.DataFrame, day: Day) -> pl.DataFrame:
    """`person`, who does each row (null: nobody in particular), and `fits`, whether it goes into today.

    `rows` are in the list's order and have `account`, `kind`, `role`, `person`, `owner` and `counts`, whether they take
    room. Whose list a row is on stays the same while others work: a role's accounts are spread over its people by name.
    """
    takes = pl.col("kind").replace_strict(_COUNTED, default=None, return_dtype=pl.String)
    rows = rows.with_columns(takes=pl.when("counts").then(takes))
    rows = rows.join(
        _limits(day), on=["person", "takes"], how="left", nulls_equal=True, maintain_order="left"
    )
    # Of what was given to a person, no more can fit than their day takes; of what has no limit, everything does.
    nth = pl.int_range(pl.len()).over("person", "takes")
    given = pl.col("room").is_not_null()
    unlimited = given & (pl.col("room") == _UNLIMITED)
    over = given & (nth >= pl.col("room"))
    rows = rows.with_columns(fits=unlimited, clear=(unlimited | over).fill_null(value=False))
    person, fits = rows["person"].to_list(), rows["fits"].to_list()
    unclear = rows.with_row_index("number").filter(~pl.col("clear"))
    for number, whose, room in _one_by_one(unclear, day):
        person[number], fits[number] = whose, room
    return pl.DataFrame({"person": person, "fits": fits}, schema={"person": pl.String, "fits": pl.Boolean})


def _limits(day: Day) -> pl.DataFrame:
    """person, takes -> room, how many such rows their day takes at most, for those who work."""
    limits: list[tuple[str, str | None, int]] = []
    for person in day.people:
        limits.append((person.id, None, _UNLIMITED))
        for counted in _COUNTED.values():
            room = [day.left[name] for name in _names(person.id, counted, day.left)]
            limits.append((person.id, counted, min(room, default=_UNLIMITED)))
    return pl.DataFrame(
        limits, schema={"person": pl.String, "takes": pl.String, "room": pl.Int64}, orient="row"
    )


def _names(whose: str | None, counted: str, left: Mapping[str, int]) -> list[str]:
    """The limits that such a row of a person falls under."""
    return [name for name in (counted, whose or "", f"{whose}/{counted}") if name in left]


def _one_by_one(rows: pl.DataFrame, day: Day) -> Iterator[tuple[int, str | None, bool]]:
    """(row, who does it, whether it fits), in the list's order: the first of those able whose day still takes it."""
    here = {person.id: (person.id,) for person in day.people}
    roles: dict[str, list[str]] = {}
    for person in sorted(day.people, key=lambda person: person.id):
        for role in person.roles:
            roles.setdefault(role, []).append(person.id)
    left = dict(day.left)
    full: set[tuple[str | None, str]] = set()  # whose day takes no more of what

    def room(whose: str | None, counted: str) -> bool:
        if (whose, counted) in full:
            return False
        names = _names(whose, counted, left)
        found = all(left[name] > 0 for name in names)
        if not found:
            full.add((whose, counted))
        for name in names:
            left[name] -= found
        return found

    rings = _rings(rows["account"], roles)
    spent: set[tuple[str, str]] = set()  # roles of which nobody's day takes more of what
    columns = (rows[name].to_list() for name in ("number", "account", "takes", "role", "person", "owner"))
    for at, (number, account, counted, role, given, owner) in enumerate(zip(*columns, strict=True)):
        named = here.get(given) or here.get(role)  # a task may name a person in place of a role
        called = day.callers.get(account, ()) if role == PEER else ()
        first = next(iter(named or rings(at, role, owner, called)), None)
        if counted is None or (not named and (role, counted) in spent):
            yield number, first, counted is None
            continue
        able = [*(named or rings(at, role, owner, called))] or [None]
        taker = next((one for one in able if room(one, counted)), _NOBODY)
        if taker is _NOBODY and not named and role in roles:
            spent.add((role, counted))
        yield number, first if taker is _NOBODY else taker, taker is not _NOBODY


def _rings(accounts: pl.Series, roles: Mapping[str, list[str]]) -> Callable[..., Iterator[str]]:
    """Who could do a row, in the order in which they are asked: the account's owner, then the others of the role.

    By account and person together: whoever goes or comes moves no account between the others.
    """
    of_accounts = np.array([zlib.crc32(account.encode()) for account in accounts], dtype=np.uint64)
    orders: dict[str, list[list[int]]] = {}

    def ring(at: int, role: str, owner: str | None, called: Collection[str]) -> Iterator[str]:
        named = role if role in roles or role != PEER else _OF_PEERS
        mine = roles.get(named, [])
        if named not in orders:
            of_people = np.array([zlib.crc32(id.encode()) for id in mine], dtype=np.uint64)
            spread = (of_accounts[:, None] ^ of_people) * np.uint64(_SPREAD) % np.uint64(2**32)
            orders[named] = spread.argsort(axis=1, kind="stable").tolist()
        first = owner if owner in mine and owner not in called else None
        if first is not None:
            yield first
        for number in orders[named][at]:
            if mine[number] != first and mine[number] not in called:
                yield mine[number]

    return ring
