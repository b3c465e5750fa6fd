"""A run in parts is the run that is made at once: row for row, and so again on the days that follow."""

from __future__ import annotations

import zlib
from datetime import date
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from engine.core.rules import PlainRules
from engine.core.sentences import Reason
from engine.errors import Refused
from engine.jobs.cases.pauses import pause
from engine.store import alarms, database, decisions, journal
from engine.store import shared as store
from engine.store import tables as t
from engine.store.shared import SharedRun
from tests.fleet.conftest import Much, Parts
from tests.jobs.test_compare import EARLY, SPLIT
from tests.jobs.world import House
from tests.rules.test_disagreement import Liar


def _written(house: House) -> dict[str, list[Any]]:
    """All that the runs have written, without the numbers that only the order of writing gives."""
    where = sa.and_(
        t.decision.c.run == t.class_choice.c.run,
        t.decision.c.time == t.class_choice.c.time,
        t.decision.c["class"] == t.class_choice.c.number,
    )
    choice = [
        t.class_choice.c[name]
        for name in ("policy", "step", "verdict", "reason", "gate", "place", "signature")
    ]
    said = sa.select(
        t.decision.c.account, t.decision.c.item, t.run.c.business_date, t.decision.c.time, *choice
    )
    queries = {
        "decisions": said.join(t.class_choice, where).join(t.run, t.run.c.id == t.decision.c.run),
        "actions": sa.select(*(column for column in t.action.c if column.name != "run")),
        "queue": sa.select(t.outbox.c.action, t.outbox.c.channel, t.outbox.c.state, t.outbox.c.not_before),
        "episodes": sa.select(t.episode),
        "marks": sa.select(t.mark),
        "journal": sa.select(t.journal.c.kind, t.journal.c.account, t.journal.c.body).where(
            t.journal.c.kind.not_in(("run", "basis", "pause"))
        ),
        "runs": sa.select(t.run.c.business_date, t.run.c.state, t.run.c.times, t.run.c.counts),
    }
    found: dict[str, list[Any]] = {
        name: [tuple(row) for row in house.rows(query)] for name, query in queries.items()
    }
    found["runs"] = [(*row[:-1], sorted(orjson.loads(row[-1]).items())) for row in found["runs"]]
    return {name: sorted(rows, key=repr) for name, rows in found.items()}


def _whole(parts: Parts) -> bool:
    """Whether the decisions of all days are those that were sealed."""
    return not parts.ask(lambda conn: list(decisions.broken(conn, date.min)))


def _queue(house: House) -> list[str]:
    return [key for (key,) in house.rows(sa.select(t.outbox.c.action).order_by(t.outbox.c.id))]


def test_parts_give_what_is_given_at_once(both: tuple[Much, Parts]) -> None:
    one, parts = both
    for number, on in enumerate(("2026-11-02", "2026-11-05")):
        whole, made = one.run(on), parts.run(on, seed=number)
        assert made == whole
        assert number or whole.held
        assert number or whole.actions
        here, there = _written(one), _written(parts.house)
        for name, rows in here.items():
            assert there[name] == rows, name
        assert _queue(parts.house) == _queue(one)
    assert parts.ask(journal.verify) > 0
    assert _whole(parts)
    assert [many > 3 for (many,) in parts.house.rows(sa.select(t.shared_run.c.parts))] == [True, True]
    assert one.rows(sa.select(t.shared_run)) == []


def test_what_changes_meanwhile_is_as_if_it_had_been_so_from_the_start(two: tuple[Much, Parts]) -> None:
    """While parts are decided, somebody pauses two accounts: one whose part is done, one whose part is to come."""
    one, parts = two
    shared = parts.begin("2026-11-02")
    assert isinstance(shared, SharedRun)
    parts.decide(shared, 0, 1)
    accounts = sorted(account for (account,) in one.rows(sa.select(t.customer.c.account)))
    who = one.who("2026-11-02")
    for house in (one, parts.house):
        for account in (accounts[0], accounts[-1]):
            house.do(lambda engine, account=account: pause(engine, account, who, because="they moved"))
    parts.decide(shared, *range(2, shared.parts))
    whole, made = one.run("2026-11-02"), parts.seal(shared)
    assert made is not None
    assert (made.actions, made.held) == (whole.actions, whole.held)
    here, there = _written(one), _written(parts.house)
    for name, rows in here.items():
        assert there[name] == rows, name
    assert _whole(parts)
    _change(parts, sa.update(t.decision).where(t.decision.c.account == accounts[0]).values({"class": 99}))
    (found,) = parts.ask(lambda conn: list(decisions.broken(conn)))
    assert "decided of accounts that were decided once more was changed" in found.sentence


def _change(parts: Parts, *statements: sa.Executable) -> None:
    def work(engine: sa.Engine) -> None:
        with database.writing(engine) as conn:
            for statement in statements:
                assert conn.execute(statement).rowcount

    parts.house.do(work)


def _other_rows(kept: bytes) -> bytes:
    """Rows of a part in which every action asks for a cent more."""
    told = orjson.loads(zlib.decompress(kept))
    at = 5 + t.ACTION_COLUMNS.index("amount")
    for packed in told["actions"]:
        packed[at] += 1
    return zlib.compress(orjson.dumps(told))


@pytest.mark.parametrize(
    "what", ["rows", "contacts", "head", "first", "decided", "class", "classes", "moment"]
)
def test_a_part_that_is_changed_before_the_run_is_sealed_is_found(two: tuple[Much, Parts], what: str) -> None:
    """The run is given up with an alarm, nothing of it is written, and the day decided anew is right."""
    one, parts = two
    shared = parts.begin("2026-11-02")
    assert isinstance(shared, SharedRun)
    parts.decide(shared, *range(shared.parts))
    part = sa.update(t.run_part).where(t.run_part.c.number == 1)
    first, second, third = parts.house.rows(sa.select(t.run_part).order_by(t.run_part.c.number))[:3]
    if what == "rows":
        _change(parts, part.values(rows=_other_rows(second.rows)))
    elif what == "contacts":
        _change(parts, part.values(contacts=third.contacts))
    elif what == "head":
        _change(parts, part.values(head=second.head + 1))
    elif what == "first":
        _change(parts, part.values(first=second.first + "a"))
    elif what == "decided":
        _change(parts, part.values(decided=first.decided))
    elif what == "moment":
        _change(parts, sa.update(t.shared_run).values(moment="2026-11-02T09:00:00.000000+00:00"))
    else:  # what a class stands for, with the digest that belongs to it, or without
        row = parts.house.rows(sa.select(t.run_class).where(t.run_class.c.number == 0))[0]
        other = row.choice.replace('"reason":"', '"reason":"not ')
        values = {"choice": other} | ({"digest": store.digest(other)} if what == "classes" else {})
        _change(parts, sa.update(t.run_class).where(t.run_class.c.number == 0).values(**values))
    assert parts.seal(shared) is None
    for table in (t.run, t.action, t.outbox, t.class_choice, t.sealed_part):
        assert parts.house.rows(sa.select(table)) == []
    (alarm,) = parts.ask(lambda conn: alarms.standing(conn, alarms.INVARIANT))
    assert "of the run of 2026-11-02 is not as it was written" in alarm.sentence
    assert parts.ask(store.under_way) is None
    assert parts.run("2026-11-02") == one.run("2026-11-02")
    assert _written(parts.house) == _written(one)
    assert _whole(parts)


def test_a_decision_that_is_changed_before_the_run_is_sealed_is_seen_after(two: tuple[Much, Parts]) -> None:
    """What a part has decided of an account that is decided once more is sealed too: a change to it is not blessed."""
    _, parts = two
    shared = parts.begin("2026-11-02")
    assert isinstance(shared, SharedRun)
    parts.decide(shared, *range(shared.parts))
    accounts = [account for (account,) in parts.house.rows(sa.select(t.decision.c.account).distinct())]
    _change(parts, sa.update(t.decision).where(t.decision.c.account == accounts[0]).values({"class": 99}))
    who = parts.house.who("2026-11-02")
    for account in accounts[:2]:
        parts.house.do(lambda engine, account=account: pause(engine, account, who, because="they moved"))
    assert parts.seal(shared) is not None
    (found,) = parts.ask(lambda conn: list(decisions.broken(conn)))
    assert "what the run of 2026-11-02 decided of the accounts" in found.sentence


def test_a_newer_ledger_begins_the_run_anew(two: tuple[Much, Parts]) -> None:
    one, parts = two
    shared = parts.begin("2026-11-02")
    assert isinstance(shared, SharedRun)
    parts.decide(shared, *range(shared.parts))
    for house in (one, parts.house):
        house.paid(*list(house.items)[:4])
        house.import_ledger("2026-11-02", "09:30")
    assert parts.seal(shared) is None
    again = parts.ask(store.under_way)
    assert again.id != shared.id
    parts.decide(again, *range(again.parts))
    made, whole = parts.seal(again), one.run("2026-11-02")
    assert made is not None
    assert made.actions == whole.actions
    assert _written(parts.house) == _written(one)


def test_the_safety_stop_looks_at_the_whole_day(both: tuple[Much, Parts]) -> None:
    """No part wants more than is allowed, all of them together do: nothing goes, and a person lets it go."""
    one, parts = both
    for house in (one, parts.house):
        text = (house.root / "policies" / "house.yaml").read_text("utf-8")
        house.write("house", text.replace("actions: 200", "actions: 12"))
    whole, made = one.run("2026-11-02"), parts.run("2026-11-02")
    assert made == whole
    assert made.stopped != ""
    assert made.actions == 0
    assert Reason.SAFETY_STOP in [group.reason for group in made.held]
    assert parts.run("2026-11-02").stopped == one.run("2026-11-02").stopped  # it waits for a person
    assert one.run("2026-11-02", agreed="ana").actions == parts.run("2026-11-02", agreed="ana").actions > 12
    assert _written(parts.house) == _written(one)


def test_a_part_that_is_decided_twice_is_there_once(two: tuple[Much, Parts]) -> None:
    _, parts = two
    shared = parts.begin("2026-11-02")
    assert isinstance(shared, SharedRun)
    parts.decide(shared, 0, 0, 1, 0)
    assert parts.seal(shared) is None  # others are missing
    assert parts.decide(shared, *range(shared.parts), 0)
    assert parts.seal(shared) is not None
    assert parts.seal(shared) is None
    doubled = (
        sa.select(t.decision.c.account, t.decision.c.item)
        .group_by("account", "item")
        .having(sa.func.count() > 1)
    )
    assert parts.house.rows(doubled) == []


def test_nothing_of_a_run_is_seen_before_it_is_sealed(two: tuple[Much, Parts]) -> None:
    _, parts = two
    shared = parts.begin("2026-11-02")
    assert isinstance(shared, SharedRun)
    parts.decide(shared, *range(shared.parts))
    for table in (t.run, t.action, t.outbox, t.class_choice, t.mark):
        assert parts.house.rows(sa.select(table)) == []
    done = parts.ask(store.progress)
    assert (done.parts, done.done, sorted(done.workers)) == (shared.parts, shared.parts, ["w0", "w1"])
    # A run by hand does not wait for workers: it takes over, and what they have done comes to nothing.
    assert parts.house.run("2026-11-02").actions > 0
    assert parts.seal(shared) is None
    assert parts.ask(store.progress) is None


def test_a_machine_with_other_settings_decides_nothing(two: tuple[Much, Parts]) -> None:
    _, parts = two
    shared = parts.begin("2026-11-02")
    assert isinstance(shared, SharedRun)
    told = parts.house.root / "dunwell.toml"
    told.write_text(told.read_text("utf-8").replace("America/New_York", "Europe/Berlin"), "utf-8")
    parts.house.read = None
    with pytest.raises(Refused, match="another zone"):
        parts.decide(shared, 0)


def test_other_policies_on_a_disk_change_nothing_of_a_run_that_has_begun(two: tuple[Much, Parts]) -> None:
    one, parts = two
    shared = parts.begin("2026-11-02")
    assert isinstance(shared, SharedRun)
    parts.house.write(
        "standard", (parts.house.root / "policies" / "standard.yaml").read_text("utf-8").replace("5", "6")
    )
    parts.decide(shared, *range(shared.parts))
    made = parts.seal(shared)
    assert made is not None
    assert made.actions == one.run("2026-11-02").actions
    assert _written(parts.house) == _written(one)


def test_what_one_part_cannot_trust_no_part_does(both: tuple[Much, Parts]) -> None:
    """The evaluators disagree on the first account: nothing is done for all that are alike, whatever part they are in."""
    one, parts = both
    first = min(account for (account,) in one.rows(sa.select(t.customer.c.account)))
    for house in (one, parts.house):
        plain = house.ws.rules[0]
        assert isinstance(plain, PlainRules)
        vars(house.ws)["rules"] = (plain, Liar(plain, first, refuses=True))
    whole, made = one.run("2026-11-02"), parts.run("2026-11-02")
    assert whole.faults
    assert made.faults
    assert made.held == whole.held
    assert _written(parts.house) == _written(one)
    left_alone = sa.select(sa.func.count()).select_from(t.decision).join(
        t.class_choice, sa.and_(t.class_choice.c.run == t.decision.c.run, t.class_choice.c.number == t.decision.c["class"])
    ).where(t.class_choice.c.reason == Reason.DISAGREE.value)  # fmt: skip
    assert parts.house.rows(left_alone)[0][0] > 1


def test_whom_a_comparison_draws_does_not_hang_on_the_parts(both: tuple[Much, Parts]) -> None:
    one, parts = both
    for house in (one, parts.house):
        text = (house.root / "policies" / "house.yaml").read_text("utf-8")
        house.write("house", text.replace("standard]", "standard, early]") + SPLIT)
        house.write("early", EARLY)
    assert one.run("2026-11-02").actions == parts.run("2026-11-02").actions
    drawn = sa.select(
        t.assignment.c.account, t.assignment.c.side, t.assignment.c.stratum, t.assignment.c.episode
    )
    assert sorted(parts.house.rows(drawn)) == sorted(one.rows(drawn)) != []
    assert _written(parts.house) == _written(one)
