"""A run in parts is the run that is made at once: row for row, and so again on the days that follow."""

from __future__ import annotations

import threading
import zlib
from datetime import date
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from engine.core.rules import PlainRules
from engine.core.sentences import Reason
from engine.errors import Refused
from engine.jobs import daily
from engine.jobs.ahead import preview
from engine.jobs.cases.pauses import pause
from engine.jobs.push import push
from engine.jobs.shared import Known, decide_part
from engine.store import alarms, classes, database, decisions, dues, journal, runs
from engine.store import shared as store
from engine.store import tables as t
from engine.store.runs import HOLD
from engine.store.shared import SharedRun
from tests.fleet.conftest import Much, Parts
from tests.jobs.test_compare import EARLY, SPLIT
from tests.jobs.world import House, moment
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
    return not parts.ask(lambda conn: list(decisions.broken(conn, decisions.Since(day=date.min))))


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


def test_a_preview_in_parts_is_the_one_at_once(two: tuple[Much, Parts]) -> None:
    """Of the coming week, of days within it, and on the day after a run."""
    one, _ = two
    ws = one.ws
    for on, start, days in (("2026-11-02", 2, 7), ("2026-11-02", 5, 2), ("2026-11-03", 3, 7)):
        if on == "2026-11-03":
            assert one.run("2026-11-02").actions
            one.deliver("2026-11-02", "11:00")
        asked = {"start": date(2026, 11, start), "days": days, "now": moment(on, "09:00")}
        whole = preview(ws, **asked)
        assert preview(ws, **asked, at_once=12) == whole
        assert whole.actions
        assert whole.held


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
    (found,) = parts.ask(lambda conn: list(decisions.broken(conn, decisions.Since())))
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
    "what", ["rows", "contacts", "head", "first", "decided", "class", "classes", "moment", "lots"]
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
    elif what == "lots":
        _change(parts, sa.update(t.shared_run).values(lots='[["A",1,"s","x","y"]]'))
    elif what == "moment":
        _change(parts, sa.update(t.shared_run).values(moment="2026-11-02T09:00:00.000000+00:00"))
    else:  # what a class stands for, with the digest that belongs to it, or without
        row = parts.house.rows(sa.select(t.run_class).where(t.run_class.c.number == 0))[0]
        other = row.choice.replace('"reason":"', '"reason":"not ')
        values = {"choice": other} | ({"digest": classes.digest(other)} if what == "classes" else {})
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


def _held(house: House) -> list[str]:
    return [value for (value,) in house.rows(sa.select(t.setting.c.value).where(t.setting.c.name == HOLD))]


@pytest.mark.parametrize("agreed", ["", "ana"])
def test_a_ledger_that_asks_first_is_not_let_go_by_what_was_agreed_before(
    two: tuple[Much, Parts], agreed: str
) -> None:
    """While parts are decided a ledger comes in that lost most of its items: nobody has agreed to that."""
    _, parts = two
    shared = parts.begin("2026-11-02", agreed=agreed)
    assert isinstance(shared, SharedRun)
    parts.decide(shared, *range(shared.parts))
    parts.house.paid(*list(parts.house.items)[:40])
    parts.house.import_ledger("2026-11-03", "10:31")
    assert _held(parts.house) != []
    assert parts.seal(shared, "10:33") is None
    assert parts.ask(store.under_way) is None
    assert parts.house.rows(sa.select(t.action)) == []
    assert parts.run("2026-11-03", "11:00").actions == 0
    assert _held(parts.house) != []
    assert parts.run("2026-11-03", "11:05", agreed="ana").actions > 0


def test_a_hold_that_was_put_meanwhile_asks_first(two: tuple[Much, Parts]) -> None:
    _, parts = two
    shared = parts.begin("2026-11-02")
    assert isinstance(shared, SharedRun)
    parts.decide(shared, *range(shared.parts))

    def hold(engine: sa.Engine) -> None:
        with database.writing(engine) as conn:
            runs.put_hold(conn, "half of the ledger is missing")

    parts.house.do(hold)
    assert parts.seal(shared) is None
    assert parts.house.rows(sa.select(t.action)) == []
    (alarm,) = parts.ask(lambda conn: alarms.standing(conn, alarms.STOPPED))
    assert alarm.sentence == "half of the ledger is missing"


def test_pushes_of_customers_are_changes_of_theirs_alone(two: tuple[Much, Parts]) -> None:
    """They do not begin the run anew; what they say of their customers counts."""
    one, parts = two
    shared = parts.begin("2026-11-02")
    assert isinstance(shared, SharedRun)
    parts.decide(shared, *range(shared.parts))
    accounts = sorted(account for (account,) in one.rows(sa.select(t.customer.c.account)))
    for house in (one, parts.house):
        for n, account in enumerate(accounts[:3]):
            row = {"type": "customer", "customer": account, "name": f"{account} Inc.", "segment": "key"}
            now = moment("2026-11-02", "10:01")
            said = house.do(
                lambda engine, house=house, row=row, n=n, now=now: push(
                    house.ws, engine, [row], f"event {n}", n + 1, now, "erp"
                )
            )
            assert not said.problems
    made, whole = parts.seal(shared), one.run("2026-11-02")
    assert made is not None
    assert made.actions == whole.actions
    assert _written(parts.house) == _written(one)
    assert _whole(parts)


def test_so_many_accounts_can_be_decided_once_more(two: tuple[Much, Parts]) -> None:
    """More than a statement takes values."""
    _, parts = two
    shared = parts.begin("2026-11-02")
    assert isinstance(shared, SharedRun)
    parts.decide(shared, *range(shared.parts))

    def say(engine: sa.Engine) -> None:
        entries = (("note", f"N{n}", b'{"by":"erp"}') for n in range(70_000))
        with database.writing(engine) as conn:
            journal.append_many(conn, entries, moment("2026-11-02", "10:01"))

    parts.house.do(say)
    made = parts.seal(shared)
    assert made is not None
    assert made.actions > 0
    assert _whole(parts)


def test_settings_that_are_put_right_again_are_those_of_the_run(two: tuple[Much, Parts]) -> None:
    _, parts = two
    shared = parts.begin("2026-11-02")
    assert isinstance(shared, SharedRun)
    told = parts.house.root / "dunwell.toml"
    right, known = told.read_text("utf-8"), Known()

    def decide(number: int) -> None:
        parts.house.read = None
        ws, now = parts.house.ws, moment("2026-11-02", "10:00")
        parts.house.do(
            lambda engine: decide_part(
                ws, engine, shared.id, number, worker="w", clock=lambda: now, known=known
            )
        )

    told.write_text(right.replace("America/New_York", "Europe/Berlin"), "utf-8")
    with pytest.raises(Refused, match="another zone"):
        decide(0)
    told.write_text(right, "utf-8")
    for number in range(shared.parts):
        decide(number)
    assert parts.seal(shared) is not None


def test_where_names_have_another_order_parts_are_not_held_against_their_seal(
    two: tuple[Much, Parts], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a move to another server: that is said, and nobody is blamed."""
    _, parts = two
    assert parts.run("2026-11-02").actions
    monkeypatch.setattr(decisions, "_order", lambda _conn: "another")
    notes: list[str] = []
    assert parts.ask(lambda conn: list(decisions.broken(conn, decisions.Since(), notes))) == []
    (note,) = notes
    assert "the run of 2026-11-02 was made in parts where names have another order" in note


def test_a_run_is_later_than_its_ledger_whoever_seals_it(two: tuple[Much, Parts]) -> None:
    """A machine whose clock is three minutes behind: else the day would be decided again and again."""
    _, parts = two
    parts.house.import_ledger("2026-11-02", "10:00")
    shared = parts.begin("2026-11-02", "10:01")
    assert isinstance(shared, SharedRun)
    parts.decide(shared, *range(shared.parts), at="09:57")
    assert parts.seal(shared, "09:57") is not None
    now, files = moment("2026-11-02", "10:02"), parts.house.ws.files
    assert not parts.ask(lambda conn: dues.run_due(conn, files, now))


def test_the_service_does_what_follows_a_run_of_workers(two: tuple[Much, Parts]) -> None:
    """What is asked for again may go into a folder, which is the service's: whoever seals leaves it alone."""
    _, parts = two
    ws, now = parts.house.ws, moment("2026-11-02", "10:10")

    def due() -> bool:
        return bool(parts.ask(lambda conn: dues.follow_due(conn, ws.files, now)))

    assert not due()
    assert parts.run("2026-11-02").actions
    assert due()
    daily.follow(ws, lambda: now, threading.Event())
    assert not due()


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
    (found,) = parts.ask(lambda conn: list(decisions.broken(conn, decisions.Since())))
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
