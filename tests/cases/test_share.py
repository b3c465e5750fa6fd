"""Whose list a thing is on, and what goes into a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from engine.core.decision.allocate import Away, Person, Room
from engine.core.decision.share import Day, room_left, shared

JOE = Person("joe", "Joe", ("collector",), {"calls": 2})
KIM = Person("kim", "Kim", ("collector", "account owner"))
SUE = Person("sue", "Sue", ("supervisor",))
_SCHEMA = {
    **dict.fromkeys(("account", "kind", "role", "person", "owner"), pl.String()),
    "counts": pl.Boolean(),
}


def rows(*given: dict[str, Any]) -> pl.DataFrame:
    plain = {"kind": "call", "role": "collector", "person": None, "owner": None, "counts": True}
    return pl.DataFrame([plain | one for one in given], schema=_SCHEMA)


def share(
    frame: pl.DataFrame,
    *people: Person,
    capacity: Mapping[str, int] | None = None,
    made: Mapping[str, int] | None = None,
    callers: Mapping[str, set[str]] | None = None,
) -> list[tuple[str | None, bool]]:
    day = Day(people, room_left(people, capacity or {}, made or {}), callers or {})
    return shared(frame, day).rows()


def test_a_day_takes_what_its_person_takes() -> None:
    calls = rows(*({"account": f"A{n}", "person": "joe"} for n in range(4)))
    assert share(calls, JOE, KIM) == [("joe", True), ("joe", True), ("joe", False), ("joe", False)]
    assert share(calls, JOE, KIM, made={"joe": 1})[1] == ("joe", False)
    assert share(calls, JOE, KIM, capacity={"joe": 1})[1] == ("joe", False)
    assert [fits for _, fits in share(calls, JOE, capacity={"calls": 1})] == [True, False, False, False]
    tasks = calls.with_columns(kind=pl.lit("task"))
    assert all(fits for _, fits in share(tasks, JOE)), "a limit of calls is none of tasks"
    done = calls.with_columns(counts=pl.lit(value=False))
    assert all(fits for _, fits in share(done, JOE)), "what is no work takes no room"


def test_the_house_as_a_whole_takes_no_more() -> None:
    calls = rows(*({"account": f"A{n}", "person": who} for n, who in enumerate(("kim", "joe", "kim"))))
    assert share(calls, JOE, KIM, capacity={"calls": 2}) == [("kim", True), ("joe", True), ("kim", False)]
    assert share(calls, JOE, KIM, capacity={"calls": 2}, made={"sue": 2, "joe": 1}) == [
        ("kim", False),
        ("joe", False),
        ("kim", False),
    ]


def test_an_account_owner_has_the_calls_of_their_accounts() -> None:
    calls = rows({"account": "A", "owner": "kim"}, {"account": "B", "owner": "sue"}, {"account": "C"})
    (first, *others) = [who for who, _ in share(calls, JOE, KIM, SUE)]
    assert first == "kim"
    assert set(others) <= {"joe", "kim"}, "Sue owns B and is no collector"
    assert share(rows({"account": "A", "role": "nobody has it"}), JOE) == [(None, True)]


def test_who_is_away_has_nothing_and_keeps_nothing_waiting() -> None:
    calls = rows({"account": "A", "person": "joe"}, {"account": "B", "person": "joe"})
    assert share(calls, KIM) == [("kim", True), ("kim", True)]
    assert share(calls, SUE) == [(None, True), (None, True)], "nobody else has the role"
    away = (Away("joe", date(2026, 10, 5), date(2026, 10, 9)),)
    room = Room((JOE, KIM), {"calls": 1}, away)
    assert [one.id for one in room.on(date(2026, 10, 9)).people] == ["kim"]
    assert room.on(date(2026, 10, 10)).people == [JOE, KIM]


def test_a_role_is_shared_out_and_stays_so_while_others_work() -> None:
    three = (JOE, KIM, Person("lee", "Lee", ("collector",)))
    calls = rows(*({"account": f"A{n}"} for n in range(30)))
    people = [Person(one.id, one.name, one.roles) for one in three]
    first = [who for who, _ in share(calls, *people)]
    assert {first.count(one.id) for one in people} <= set(range(5, 16))
    later = [who for who, _ in share(calls[5:], *people)]
    assert later == first[5:], "what is done by somebody moves nobody else's work"
    without_lee = [who for who, _ in share(calls, *people[:2])]
    assert all(now == then for now, then in zip(without_lee, first, strict=True) if then != "lee")


def test_who_has_no_more_room_hands_it_on() -> None:
    calls = rows(*({"account": f"A{n}"} for n in range(9)))
    who = [one for one, _ in share(calls, JOE, KIM)]
    assert who.count("joe") == 2
    assert [fits for _, fits in share(calls, JOE)] == [True] * 2 + [False] * 7


def test_a_peer_has_not_called_the_account() -> None:
    calls = rows(*({"account": f"A{n}", "role": "peer"} for n in range(6)))
    callers = {f"A{n}": {"kim"} for n in range(6)}
    lee = Person("lee", "Lee", ("collector",))
    assert {who for who, _ in share(calls, KIM, lee, callers=callers)} == {"lee"}
    assert share(calls[:1], KIM, callers=callers) == [(None, True)]
    named = Person("peg", "Peg", ("peer",))
    assert {who for who, _ in share(calls, KIM, named, callers=callers)} == {"peg"}
