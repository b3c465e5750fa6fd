"""A step with `repeat:` comes again until nothing is overdue, whatever happens in between: none of it is lost or doubled."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, timedelta

import sqlalchemy as sa

from engine.jobs import cases
from engine.store.tables import action
from tests.jobs.world import HOUSE, House

CALLS = """
policy: Standard
clock: due date
steps:
  - day: 5
    call: collector
    repeat: every 7 days, at most 3
"""
SMALL = """
policy: Small
for: {overdue: at most 1500}
clock: due date
steps:
  - day: 5
    email: friendly-reminder
    repeat: every 7 days, at most 3
"""
LARGE = SMALL.replace("Small", "Large").replace("at most 1500", "over 1500")
BROKEN = """
policy: Broken
start: promise broken
steps:
  - day: 1
    email: firm-reminder
    repeat: every 3 days, at most 1
"""
QUICK = HOUSE.replace("answer: 7 days", "answer: 1 days").replace("gap: 2 days", "gap: 1 days")


def house_of(build: Callable[..., House], house: str, *accounts: str, **policies: str) -> House:
    found = build(policies=policies, house=house)
    for account in accounts:
        found.owes(account, f"{account[0]}1", "2026-09-30")
        found.contact(account)
    found.import_customers()
    found.import_ledger("2026-10-05")
    return found


def numbers(house: House, account: str = "ACME") -> list[tuple[str, int]]:
    """(day, number) of every action of the account but the task at a ladder's end."""
    names = (action.c.on, action.c.occurrence)
    query = sa.select(*names).where(action.c.account == account, action.c.kind != "task")
    return [
        (f"{on:%m-%d}", number) for on, number in house.rows(query.order_by(action.c.on, action.c.occurrence))
    ]


def go_on(
    house: House, first: str, days: int, nobody: Collection[str] = (), at: Callable[[str], None] | None = None
) -> None:
    """Each day is run and sent, and every call on the list is made; on the days `nobody` it reaches nobody."""
    for n in range(days):
        on = (date.fromisoformat(first) + timedelta(n)).isoformat()
        if at is not None:
            at(on)
        house.import_ledger(on)
        house.day(on)
        assert house.run(on, "11:00").faults == ()
        for work in house.worklist(on):
            if work.kind == "call":
                outcome = "no answer" if on[5:] in nobody else "vague promise"
                house.do(
                    lambda engine, work=work, outcome=outcome, on=on: cases.log_call(
                        engine, work.account, outcome, house.who(on), house.ws.calendar
                    )
                )


def test_a_call_that_reached_nobody_comes_again_and_so_does_the_next(build: Callable[..., House]) -> None:
    house = house_of(build, HOUSE, "ACME", standard=CALLS)
    go_on(house, "2026-10-05", 40, nobody=("10-05", "10-20", "10-21"))
    assert numbers(house) == [
        ("10-05", 0), ("10-06", 1),  # tried twice
        ("10-13", 16),
        ("10-20", 32), ("10-21", 33), ("10-22", 34),  # put back twice, as often as the first
        ("10-29", 48),
    ]  # fmt: skip


def test_a_call_that_is_tried_again_and_finds_no_room_is_not_lost(build: Callable[..., House]) -> None:
    """BOLT owes more, and is called first on the day on which ACME would be tried again."""
    house = house_of(build, HOUSE + "capacity: {calls: 1}\n", "ACME", standard=CALLS)
    house.owes("BOLT", "B1", "2026-10-01", "90000.00")
    house.contact("BOLT")
    house.import_customers("2026-10-05", "08:00")
    waited = []

    def look(on: str) -> None:
        calls = sa.select(action.c.state).where(action.c.account == "ACME", action.c.occurrence == 1)
        waited.extend((on[5:], state) for (state,) in house.rows(calls))

    go_on(house, "2026-10-05", 8, nobody=("10-05",), at=look)
    assert numbers(house, "BOLT") == [("10-06", 0)]
    assert numbers(house) == [("10-05", 0), ("10-07", 1)]
    assert waited == [("10-07", "no capacity"), *((f"10-{day:02}", "done") for day in (8, 9, 10, 11, 12))]
    assert house.marks() == {("A1", "call collector")}


def test_after_a_change_of_policy_a_step_of_the_same_name_goes_on(build: Callable[..., House]) -> None:
    """Under the second policy the newer invoice has its own; then the step comes again, and is not held or lost."""
    house = house_of(
        build, QUICK.replace("order: [standard]", "order: [large, small]"), "ACME", large=LARGE, small=SMALL
    )

    def more(on: str) -> None:
        if on == "2026-10-14":
            house.owes("ACME", "A2", "2026-10-10", "900.00")

    go_on(house, "2026-10-05", 30, at=more)
    assert numbers(house) == [("10-05", 0), ("10-12", 16), ("10-15", 0), ("10-22", 48)]


def test_a_policy_with_start_repeats_afresh_at_each_event(build: Callable[..., House]) -> None:
    house = house_of(
        build,
        QUICK.replace("order: [standard]", "order: [broken, small]"),
        "ACME",
        broken=BROKEN,
        small=SMALL.replace("day: 5", "day: 100"),
    )

    def promised(on: str) -> None:
        if on in ("2026-10-06", "2026-10-20"):
            due = date.fromisoformat(on) + timedelta(1)
            who, calendar = house.who(on), house.ws.calendar
            house.do(lambda engine: cases.promise(engine, "ACME", due, who, calendar))

    go_on(house, "2026-10-05", 30, at=promised)
    found = numbers(house)
    assert [number for _, number in found] == [0, 16, 0, 16]
    assert found[2][0] > "10-20"
