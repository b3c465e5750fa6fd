"""A round of delivery: what goes, what waits, what is dropped, and what is written down of it."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.default import DefaultDialect

from engine.channels.email import Mailer, Server, Tls
from engine.channels.receipt import Answer, Outcome, Receipt, Route, Stage, Unsendable
from engine.errors import DiskFull, NotFound, Refused
from engine.outbox import (
    Resolution,
    Result,
    Round,
    Row,
    Verdict,
    cancel,
    deliver,
    listed,
    next_attempt,
    recover,
    resolve,
    resting,
    retry,
    show,
    wake,
)
from engine.outbox.round import _Run
from engine.store import database, sending
from engine.store import outbox as store
from engine.store.marks import take, take_all
from engine.store.owner import gone, owner
from engine.store.tables import action, mark
from tests.channels.servers import Act, Scripted, scripted
from tests.outbox.world import START, Watch, delivery, do, get, make_mail, marks, plan, states


class Desk:
    """A way out that does as it is told and remembers whom it served, and how many at once."""

    point = "data"

    def __init__(self, answer: Callable[[str], Receipt] | None = None, seconds: float = 0.0) -> None:
        self.answer = answer or (lambda key: Receipt(Outcome.SENT, "data", "accepted"))
        self.seconds = seconds
        self.sent: list[str] = []
        self.now: list[str] = []
        self.most = 0
        self.together: set[str] = set()

    async def send(self, made: Any, stage: Stage) -> Receipt:
        account = made.key.split("/")[1]
        if account in self.now:
            self.together.add(account)
        self.now.append(account)
        self.most = max(self.most, len(self.now))
        await asyncio.sleep(self.seconds)
        await stage("data", {})
        self.now.remove(account)
        self.sent.append(made.key)
        return self.answer(made.key)

    async def found(self, evidence: Mapping[str, str]) -> Receipt | None:
        return None

    def keep(self, made: Any) -> Mapping[str, Any]:
        return {}

    def again(self, kept: Mapping[str, Any], reached: Collection[str]) -> Any:
        raise AssertionError


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = database.open(database_url)
    yield engine
    engine.dispose()


def fails(state: Outcome, sentence: str = "no", route: Route = Route.OPEN) -> Callable[[str], Receipt]:
    return lambda key: Receipt(state, "data", sentence, (), {}, route)


# --- what goes ---------------------------------------------------------------------------------------------


def test_all_that_is_planned_goes_once_and_a_second_round_does_nothing(engine: Engine) -> None:
    for account in ("A", "B", "C"):
        plan(engine, account)
    desk = Desk()
    first = asyncio.run(deliver(delivery(engine, senders={"email": desk})))
    second = asyncio.run(deliver(delivery(engine, senders={"email": desk})))
    assert (first.count("sent"), second.results) == (3, [])
    assert states(engine) == {"A": "sent", "B": "sent", "C": "sent"}
    assert marks(engine) == {"A", "B", "C"}
    assert len(desk.sent) == 3


def test_two_messages_of_one_account_go_one_after_the_other_in_order(engine: Engine) -> None:
    keys = [plan(engine, "A", step=f"s{n}") for n in range(4)]
    for account in ("B", "C", "D"):
        plan(engine, account)
    desk = Desk(seconds=0.05)
    asyncio.run(deliver(delivery(engine, senders={"email": desk})))
    assert desk.together == set()
    assert desk.most > 1, "different accounts do go together"
    assert [key for key in desk.sent if "/A/" in key] == keys


def test_a_channel_without_a_way_out_is_left_alone(engine: Engine) -> None:
    plan(engine, "A", "letter")
    assert asyncio.run(deliver(delivery(engine, senders={"email": Desk()}))).results == []
    assert states(engine) == {"A": "pending"}


def test_the_decision_is_made_again_and_hands_its_facts_to_the_message(engine: Engine) -> None:
    plan(engine, "PAID")
    plan(engine, "OPEN")
    texts: list[str] = []

    def decide(conn: Connection, row: Row) -> Verdict:
        return Verdict(False, "paid") if row.account == "PAID" else Verdict(True, facts="You owe 1,200.00")

    def make(row: Row, verdict: Verdict) -> Any:
        texts.append(verdict.facts)
        return make_mail(row, verdict)

    desk = Desk()
    done = asyncio.run(deliver(delivery(engine, senders={"email": desk}, decide_again=decide, make=make)))
    assert states(engine) == {"PAID": "cancelled", "OPEN": "sent"}
    assert texts == ["You owe 1,200.00"]
    assert [(r.account, r.state, r.sentence) for r in done.results if r.account == "PAID"] == [
        ("PAID", "cancelled", "paid")
    ]
    assert marks(engine) == {"OPEN"}


def test_a_message_outside_hours_waits_for_its_moment(engine: Engine) -> None:
    key = plan(engine, "A")
    clock = Watch()
    opens = START + timedelta(hours=2)

    def decide(conn: Connection, row: Row) -> Verdict:
        return Verdict(True) if clock() >= opens else Verdict(False, "outside hours", not_before=opens)

    desk = Desk()
    needs = delivery(engine, senders={"email": desk}, decide_again=decide, now=clock)
    asyncio.run(deliver(needs))
    waiting = get(engine, key)
    assert (waiting.state, waiting.not_before, waiting.reason) == ("pending", opens, "outside hours")
    clock.forward(hours=2)
    asyncio.run(deliver(needs))
    assert states(engine) == {"A": "sent"}


def test_a_message_that_cannot_be_made_fails_alone(engine: Engine) -> None:
    plan(engine, "GOOD")
    plan(engine, "NOWHERE")
    plan(engine, "BROKEN")

    def make(row: Row, verdict: Verdict) -> Any:
        if row.account == "NOWHERE":
            return Unsendable("the contact has no e-mail address; add one")
        if row.account == "BROKEN":
            raise MemoryError("too big")
        return make_mail(row, verdict)

    asyncio.run(deliver(delivery(engine, senders={"email": Desk()}, make=make)))
    assert states(engine) == {"GOOD": "sent", "NOWHERE": "failed", "BROKEN": "retry"}
    assert marks(engine) == {"GOOD"}


def test_cash_on_delivery_waits_for_its_notice(engine: Engine) -> None:
    effect = plan(engine, "A", "terms", channel="request")
    asyncio.run(deliver(delivery(engine, senders={"request": Desk(), "email": Desk()})))
    assert states(engine) == {"A": "sent"}  # no notice belongs to it

    effect = plan(engine, "B", "terms", channel="request")
    notice = plan(engine, "B", "email")
    desk = Desk()
    asyncio.run(deliver(delivery(engine, senders={"request": desk})))
    assert desk.sent == []
    both = Desk()
    asyncio.run(deliver(delivery(engine, senders={"request": both, "email": both})))
    assert both.sent == [notice, effect]


def test_without_its_notice_no_effect(engine: Engine) -> None:
    effect = plan(engine, "A", "terms", channel="request")
    plan(engine, "A", "email")
    desk = Desk()
    refused = Desk(fails(Outcome.FAILED))
    asyncio.run(deliver(delivery(engine, senders={"request": desk, "email": refused})))
    assert desk.sent == []
    assert (get(engine, effect).state, get(engine, effect).reason) == ("cancelled", "its notice was not sent")


def test_everything_that_happens_is_told_in_its_transaction(engine: Engine) -> None:
    plan(engine, "A")
    plan(engine, "B")
    told: list[tuple[str, str]] = []

    def settled(conn: Connection, row: Row, result: Result, at: Any) -> None:
        assert conn.in_transaction()
        told.append((result.account, result.state))

    def decide(conn: Connection, row: Row) -> Verdict:
        return Verdict(row.account == "A", "disputed")

    asyncio.run(deliver(delivery(engine, senders={"email": Desk()}, decide_again=decide, settled=settled)))
    assert sorted(told) == [("A", "sent"), ("B", "cancelled")]


def test_a_step_waits_for_no_end_and_the_ends_are_written_together(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.outbox.round._A_MOMENT", 60)
    first, second = plan(engine, "A"), plan(engine, "B")
    seen: list[str] = []
    told: list[list[str]] = []

    async def one_after_the_other() -> None:
        answered = asyncio.Event()

        class Line(Desk):
            async def send(self, made: Any, stage: Stage) -> Receipt:
                if made.key == second:
                    await answered.wait()
                return await super().send(made, stage)

        def watch(point: str, key: str) -> None:
            if (point, key) == ("answered", first):
                answered.set()
            if (point, key) == ("after data", second):
                seen.append(get(engine, first).state)

        await deliver(
            delivery(
                engine,
                senders={"email": Line()},
                at_once=2,
                watch=watch,
                settled_all=lambda conn, ends, at: told.append([row.account for row, _ in ends]),
            )
        )

    asyncio.run(one_after_the_other())
    assert seen == ["sending"], "the first one's end was still to be written"
    assert told == [["A", "B"]]
    assert states(engine) == {"A": "sent", "B": "sent"}


def test_what_is_taken_twice_is_taken_once(engine: Engine) -> None:
    first, second = plan(engine, "A"), plan(engine, "B")
    do(engine, lambda conn: take_all(conn, [first], START))
    do(engine, lambda conn: take_all(conn, [first, second], START + timedelta(days=1)))
    with database.reading(engine) as conn:
        marked = conn.execute(sa.select(mark.c.account, mark.c.on).order_by(mark.c.account)).all()
        taken = conn.execute(sa.select(action.c.account, action.c.taken_on).order_by(action.c.account)).all()
    assert marked == taken == [("A", START.date()), ("B", START.date() + timedelta(days=1))]
    with pytest.raises(NotFound):
        do(engine, lambda conn: take_all(conn, [first, "nobody's"], START))


def test_a_stopped_round_finishes_what_it_has_in_hand(engine: Engine) -> None:
    for number in range(10):
        plan(engine, f"A{number}")

    async def stopped() -> None:
        stop = asyncio.Event()

        def watch(point: str, key: str) -> None:
            if point == "made":  # the first is in hand, and perhaps the second
                stop.set()

        await deliver(delivery(engine, senders={"email": Desk(seconds=0.1)}, at_once=2, watch=watch), stop)

    asyncio.run(stopped())
    found = list(states(engine).values())
    assert "sending" not in found
    assert 1 <= found.count("sent") <= 2


# --- retry and routes --------------------------------------------------------------------------------------


def test_the_retry_table() -> None:
    rng = random.Random(3)
    waits = []
    attempt = 1
    while (then := next_attempt(attempt, START, rng)) is not None:
        waits.append((then - START) / timedelta(minutes=1))
        attempt += 1
    for wait, base in zip(waits, (1, 5, 15, 60, 240, 720, 1440, 1440), strict=True):
        assert base <= wait <= base * 1.2
    assert next_attempt(1, START, random.Random(4)) != next_attempt(1, START, random.Random(5)), (
        "not all at once"
    )


@pytest.mark.fault(29)
def test_a_soft_refusal_is_tried_again_later_and_given_up_in_the_end(engine: Engine) -> None:
    key = plan(engine, "A")
    clock, desk = Watch(), Desk(fails(Outcome.RETRY, "the mail server said 450 grey list"))
    needs = delivery(engine, senders={"email": desk}, now=clock)
    seen = []
    for _ in range(20):
        asyncio.run(deliver(needs))
        row = get(engine, key)
        seen.append(row.attempt)
        if row.state == "failed":
            break
        assert row.not_before is not None
        assert row.not_before > clock()
        asyncio.run(deliver(needs))
        assert get(engine, key).attempt == row.attempt, "not before its time"
        clock.at = row.not_before
    assert seen == list(range(1, 10))
    assert str(row.reason).startswith("given up after 9 tries; the last time the mail server said 450")
    assert marks(engine) == set()


@pytest.mark.fault(29)
def test_a_message_is_given_up_when_its_step_is_over(engine: Engine) -> None:
    key = plan(engine, "A", until=(START + timedelta(seconds=30)).isoformat())
    asyncio.run(deliver(delivery(engine, senders={"email": Desk(fails(Outcome.RETRY))})))
    assert get(engine, key).state == "failed"
    assert "given up after one try" in str(get(engine, key).reason)


@pytest.mark.fault(28)
def test_a_route_that_is_down_rests_and_costs_no_message_a_try(engine: Engine) -> None:
    keys = [plan(engine, f"A{n}") for n in range(8)]
    other = plan(engine, "L", "letter")
    clock, down = Watch(), Desk(fails(Outcome.RETRY, "the mail server hung up", Route.RESTS))
    letters = Desk()
    needs = delivery(engine, senders={"email": down, "letter": letters}, now=clock, at_once=2)
    first = asyncio.run(deliver(needs))
    assert len(down.sent) <= 2, "the others are not even tried"
    assert letters.sent == [other]
    assert first.rests["email"].because == "the mail server hung up"
    assert not first.rests["email"].held
    assert {get(engine, key).attempt for key in keys} == {0}
    asyncio.run(deliver(needs))
    assert len(down.sent) <= 2

    clock.forward(minutes=1)
    before = len(down.sent)
    asyncio.run(deliver(needs))
    assert len(down.sent) == before + 1, "one message tries the door"
    with database.reading(engine) as conn:
        (rest,) = resting(conn)
    assert (rest.times, rest.until) == (2, clock() + timedelta(minutes=2))

    down.answer = fails(Outcome.SENT)
    clock.forward(minutes=2)
    assert asyncio.run(deliver(needs)).rests == {}
    assert {get(engine, key).state for key in keys} == {"sent"}


@pytest.mark.fault(37)
def test_a_wrong_password_is_not_tried_again_and_again(engine: Engine) -> None:
    for number in range(5):
        plan(engine, f"A{number}")
    clock, held = Watch(), Desk(fails(Outcome.RETRY, "the mail server said 535", Route.HELD))
    needs = delivery(engine, senders={"email": held}, now=clock, at_once=1)
    done = asyncio.run(deliver(needs))
    assert done.rests["email"].held
    for _ in range(20):
        clock.forward(minutes=2)
        asyncio.run(deliver(needs))
    assert len(held.sent) == 1
    do(engine, lambda conn: wake(conn, "email"))  # a person has mended it
    for account in states(engine):
        key = next(row.key for row in _all(engine) if row.account == account)
        if get(engine, key).state == "retry":
            do(engine, lambda conn, key=key: retry(conn, key, "ana", clock()))
    held.answer = fails(Outcome.SENT)
    asyncio.run(deliver(needs))
    assert set(states(engine).values()) == {"sent"}
    with pytest.raises(Refused):
        do(engine, lambda conn: wake(conn, "email"))


@pytest.mark.fault(31)
def test_only_the_refused_recipient_is_tried_again_with_the_same_message(engine: Engine) -> None:
    key = plan(engine, "A", to=["a@x.example.com", "b@x.example.com", "c@x.example.com"])
    clock = Watch()

    def rcpt(line: str, number: int) -> Act:
        return Act("450 busy") if "b@x" in line and there.connections == 1 else Act("250 ok")

    async def once(there: Scripted) -> None:
        async with Mailer(Server("127.0.0.1", there.port, Tls.NONE, allow_insecure=True)) as mailer:
            await deliver(delivery(engine, senders={"email": mailer}, now=clock))

    with scripted(rcpt=rcpt) as there:
        asyncio.run(once(there))
        row = get(engine, key)
        assert (row.state, row.payload["reached"]) == ("retry", ["a@x.example.com", "c@x.example.com"])
        assert marks(engine) == {"A"}, "the step is taken: somebody has the message"
        clock.forward(minutes=2)
        asyncio.run(once(there))
    assert get(engine, key).state == "sent"
    assert get(engine, key).payload["reached"] == ["a@x.example.com", "b@x.example.com", "c@x.example.com"]
    asked = [line for line in there.lines if line.startswith("RCPT")]
    assert asked[3:] == ["RCPT TO:<b@x.example.com>"]
    assert len(there.ids()) == 2
    assert len(set(there.accepted)) == 1


@pytest.mark.fault(31)
def test_a_recipient_refused_for_good_after_others_were_reached_is_no_failure(engine: Engine) -> None:
    key = plan(engine, "A")

    def answer(key: str) -> Receipt:
        if len(desk.sent) == 1:
            answers = (Answer("a@x", Outcome.SENT, 250), Answer("b@x", Outcome.RETRY, 450, "busy"))
            return Receipt(Outcome.RETRY, "data", "accepted for 1 of 2", answers)
        return Receipt(Outcome.FAILED, "rcpt", "550 for b@x", (Answer("b@x", Outcome.FAILED, 550, "no"),))

    desk, clock = Desk(answer), Watch()
    needs = delivery(engine, senders={"email": desk}, now=clock)
    asyncio.run(deliver(needs))
    clock.forward(minutes=2)
    asyncio.run(deliver(needs))
    assert (get(engine, key).state, get(engine, key).reason) == (
        "sent",
        "not to every recipient: 550 for b@x",
    )


# --- two senders, and a database in trouble ----------------------------------------------------------------


@pytest.mark.fault(55)
def test_two_senders_on_one_database_send_nothing_twice(engine: Engine) -> None:
    for number in range(30):
        plan(engine, f"A{number:02}")
    one, two = Desk(seconds=0.002), Desk(seconds=0.002)

    async def both() -> None:
        await asyncio.gather(
            deliver(delivery(engine, "one", senders={"email": one})),
            deliver(delivery(engine, "two", senders={"email": two})),
        )

    asyncio.run(both())
    assert len(one.sent) + len(two.sent) == len({*one.sent, *two.sent}) == 30
    assert one.sent
    assert two.sent


def test_an_owner_is_gone_exactly_when_it_has_ended(engine: Engine) -> None:
    with owner(engine) as one, owner(engine) as two:
        assert one != two
        assert not gone(engine, one)
        assert not gone(engine, two)
    assert gone(engine, one)
    assert gone(engine, two)


@pytest.mark.fault(56)
def test_a_zombie_sends_nothing_and_writes_nothing(engine: Engine) -> None:
    """A sender that slept while others thought it dead finds at the last moment that it is too late."""
    key = plan(engine, "A")
    content: list[str] = []

    class Slow(Desk):
        async def send(self, made: Any, stage: Stage) -> Receipt:
            other = delivery(engine, "other", senders={})
            await recover(other, lambda owner: owner == "zombie")
            await stage("data", {})
            content.append(made.key)
            return Receipt(Outcome.SENT, "data", "accepted")

    asyncio.run(deliver(delivery(engine, "zombie", senders={"email": Slow()})))
    assert content == []
    assert get(engine, key).state == "retry"
    assert marks(engine) == set()


@pytest.mark.fault(60)
def test_a_late_answer_after_a_person_decided_changes_nothing(engine: Engine) -> None:
    key = plan(engine, "A")

    class Late(Desk):
        async def send(self, made: Any, stage: Stage) -> Receipt:
            await stage("data", {})
            await recover(delivery(engine, "other", senders={}), lambda owner: True)
            do(
                engine,
                lambda conn: resolve(conn, key, Resolution.CANCEL, "ana", START, "the customer rang", take),
            )
            return Receipt(Outcome.SENT, "data", "accepted")

    asyncio.run(deliver(delivery(engine, "late", senders={"email": Late()})))
    assert get(engine, key).state == "cancelled"
    assert marks(engine) == set()


@contextmanager
def broken_writes(engine: Engine, times: int, value: str) -> Iterator[list[str]]:
    """The disk is full for the next statements of a kind."""
    left, failed = [times], []

    def fail(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        values = list(parameters.values() if isinstance(parameters, dict) else parameters)
        if (
            isinstance(parameters, dict) and "given" in parameters
        ):  # PostgreSQL is given many at once, as JSON
            values = [one for row in json.loads(parameters["given"]) for one in row.values()]
        if left[0] and "UPDATE outbox" in statement and value in values:
            left[0] -= 1
            failed.append(statement)
            raise sa.exc.OperationalError(statement, parameters, Exception("database or disk is full"))

    sa.event.listen(engine, "before_cursor_execute", fail)
    try:
        yield failed
    finally:
        sa.event.remove(engine, "before_cursor_execute", fail)


@pytest.mark.fault(15)
def test_no_message_leaves_without_a_written_claim(engine: Engine) -> None:
    plan(engine, "A")
    desk = Desk()
    with broken_writes(engine, 1, "claimed"), pytest.raises(DiskFull):
        asyncio.run(deliver(delivery(engine, senders={"email": desk})))
    assert (desk.sent, states(engine)) == ([], {"A": "pending"})
    asyncio.run(deliver(delivery(engine, senders={"email": desk})))
    assert states(engine) == {"A": "sent"}


def test_no_content_leaves_before_it_is_written_down(engine: Engine) -> None:
    key = plan(engine, "A")
    with broken_writes(engine, 1, "data"), pytest.raises(DiskFull):
        asyncio.run(deliver(delivery(engine, senders={"email": (desk := Desk())})))
    assert desk.sent == []
    assert (get(engine, key).state, get(engine, key).stage) == ("sending", "claimed")
    asyncio.run(recover(delivery(engine, "next"), lambda owner: True))
    assert get(engine, key).state == "retry"


@pytest.mark.fault(16)
def test_a_result_that_cannot_be_written_is_tried_again_and_nothing_new_begun(engine: Engine) -> None:
    for number in range(5):
        plan(engine, f"A{number}")
    desk = Desk()
    with broken_writes(engine, 2, "sent") as failed, pytest.raises(DiskFull):
        asyncio.run(deliver(delivery(engine, senders={"email": desk}, at_once=1)))
    assert len(failed) == 2
    assert len(desk.sent) == 1
    assert list(states(engine).values()).count("sent") == 1

    with broken_writes(engine, 99, "sent"), pytest.raises(DiskFull):
        asyncio.run(deliver(delivery(engine, senders={"email": desk}, at_once=1)))
    assert list(states(engine).values()).count("sending") == 1
    asyncio.run(recover(delivery(engine, "next"), lambda owner: True))
    assert list(states(engine).values()).count("uncertain") == 1


@pytest.mark.fault(22)
def test_a_claim_whose_commit_was_not_answered_is_found_again(engine: Engine) -> None:
    key = plan(engine, "A")
    do(engine, lambda conn: sending.claim(conn, get(engine, key), "me", START))  # committed, and nobody knows
    asyncio.run(deliver(delivery(engine, "me", senders={"email": (desk := Desk())})))
    assert desk.sent == [key]
    assert get(engine, key).state == "sent"
    assert get(engine, key).attempt == 1


class _Sometimes:
    """A length of time that is over at one look and not at the next."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def __lt__(self, seconds: float) -> bool:
        return self.chance.random() < 0.5


@pytest.mark.fault(24)
@pytest.mark.parametrize("seed", range(3))
def test_what_waited_too_long_is_claimed_anew_and_goes_once(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """On a slow machine a message is given back and claimed again by the same round, in the same moment."""
    monkeypatch.setattr("engine.outbox.round._STALE", _Sometimes(seed))
    for number in range(40):
        plan(engine, f"A{number:02}")
    desk = Desk(seconds=0.005)
    asyncio.run(deliver(delivery(engine, senders={"email": desk}, at_once=8)))
    assert len(desk.sent) == len(set(desk.sent)) == 40
    assert set(states(engine).values()) == {"sent"}


@pytest.mark.fault(16)
@pytest.mark.parametrize("nth", [3, 6])
def test_a_result_goes_down_after_a_commit_that_failed(
    tmp_path: Any, sqlite_template: Any, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    shutil.copy(sqlite_template, tmp_path / "dunwell.db")
    engine = database.open(tmp_path / "dunwell.db")
    for number in range(3):
        plan(engine, f"A{number}")
    really, seen = DefaultDialect.do_commit, [0]

    def fail(dialect: Any, conn: Any) -> None:
        seen[0] += 1
        if seen[0] == nth:
            raise sqlite3.OperationalError("database or disk is full")
        really(dialect, conn)

    with monkeypatch.context() as patched:
        patched.setattr(DefaultDialect, "do_commit", fail)
        desk = Desk()
        with pytest.raises(DiskFull):
            asyncio.run(deliver(delivery(engine, senders={"email": desk}, at_once=1)))
    found = list(states(engine).values())
    assert "uncertain" not in found
    assert "sending" not in found
    assert found.count("sent") == len(desk.sent)
    engine.dispose()


def test_a_crash_again_and_again_is_given_up_in_the_end(engine: Engine) -> None:
    key, clock = plan(engine, "A"), Watch()
    for _ in range(20):
        row = get(engine, key)
        if row.state == "failed":
            break
        clock.forward(days=2)
        do(engine, lambda conn, row=row: sending.claim(conn, row, "dead", clock()))
        asyncio.run(recover(delivery(engine, "next", now=clock), lambda owner: True))
    assert get(engine, key).state == "failed"
    assert "given up after 9 tries" in str(get(engine, key).reason)


# --- what a person can do ----------------------------------------------------------------------------------


def _all(engine: Engine) -> list[Row]:
    with database.reading(engine) as conn:
        return listed(conn)


def _uncertain(engine: Engine) -> str:
    key = plan(engine, "A", to=["a@x.example.com"])
    with scripted(dot=Act(then="drop", accept=True)) as there:

        async def once() -> None:
            async with Mailer(Server("127.0.0.1", there.port, Tls.NONE, allow_insecure=True)) as mailer:
                await deliver(delivery(engine, senders={"email": mailer}))

        asyncio.run(once())
    assert get(engine, key).state == "uncertain"
    return key


def test_an_uncertain_message_that_was_seen_is_delivered(engine: Engine) -> None:
    key = _uncertain(engine)
    row = do(
        engine, lambda conn: resolve(conn, key, Resolution.DELIVERED, "ana", START, "seen in a log", take)
    )
    assert (row.state, row.payload["resolved"]["evidence"]) == ("sent", "seen in a log")
    assert marks(engine) == {"A"}


def test_an_uncertain_message_is_sent_again_as_the_very_same(engine: Engine) -> None:
    key = _uncertain(engine)
    kept = get(engine, key).payload["kept"]["raw"]
    do(
        engine,
        lambda conn: resolve(conn, key, Resolution.SEND_AGAIN, "ana", START, "in no log", take),
    )

    def never(row: Row, verdict: Verdict) -> Any:
        raise AssertionError("it must not be made anew")

    async def once() -> None:
        async with Mailer(Server("127.0.0.1", there.port, Tls.NONE, allow_insecure=True)) as mailer:
            await deliver(delivery(engine, senders={"email": mailer}, make=never))

    with scripted() as there:
        asyncio.run(once())
    assert get(engine, key).state == "sent"
    assert there.accepted[0].decode() == kept


def test_what_a_person_may_not_do_is_refused_with_a_reason(engine: Engine) -> None:
    key = _uncertain(engine)
    for work, words in (
        (lambda conn: retry(conn, key, "ana", START), "uncertain, so it cannot be tried again"),
        (lambda conn: cancel(conn, key, "ana", START, "because"), "uncertain, so it cannot be called off"),
        (lambda conn: resolve(conn, key, Resolution.DELIVERED, "ana", START, " ", take), "how that is known"),
    ):
        with pytest.raises(Refused, match=words):
            do(engine, work)
    assert get(engine, key).state == "uncertain"
    with pytest.raises(NotFound):
        do(engine, lambda conn: show(conn, "nothing"))


def test_a_waiting_message_can_be_called_off_and_a_failed_one_tried_again(engine: Engine) -> None:
    off, again = plan(engine, "A"), plan(engine, "B")
    assert do(engine, lambda conn: cancel(conn, off, "ana", START, "wrong address")).state == "cancelled"
    desk = Desk(fails(Outcome.FAILED, "550"))
    asyncio.run(deliver(delivery(engine, senders={"email": desk})))
    assert desk.sent == [again]
    do(engine, lambda conn: retry(conn, again, "ana", START))
    desk.answer = fails(Outcome.SENT)
    asyncio.run(deliver(delivery(engine, senders={"email": desk})))
    assert states(engine) == {"A": "cancelled", "B": "sent"}


@pytest.mark.fault(58)
def test_one_who_looked_too_long_is_told(engine: Engine) -> None:
    key = plan(engine, "A")
    seen = get(engine, key)
    do(engine, lambda conn: sending.claim(conn, seen, "other", START))
    assert do(engine, lambda conn: sending.claim(conn, seen, "me", START)) is None
    assert not do(engine, lambda conn: store.move(conn, seen, "cancelled", reason="late", at=START))
    with pytest.raises(Refused, match="sending"):
        do(engine, lambda conn: cancel(conn, key, "ana", START, "late"))


@pytest.mark.fault(27)
def test_the_claims_index_has_only_what_waits(engine: Engine) -> None:
    """A claim must not become slower with each message that was ever sent."""
    if engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL reads a small table from end to end, whatever its indexes")
    statements: list[tuple[str, Any]] = []
    plan(engine, "A")
    with database.reading(engine) as conn:

        def note(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
            statements.append((statement, parameters))

        sa.event.listen(engine, "before_cursor_execute", note)
        assert store.due(conn, ["email"], START)
        store.under_way(conn)
        sa.event.remove(engine, "before_cursor_execute", note)
        claim, sending = (pair for pair in statements if pair[0].startswith("SELECT"))
        # The claim asks twice: what waits, and what is on its way, which it must not look for among all that went.
        for (statement, values), index in (
            (claim, "SCAN outbox USING INDEX ix_outbox_pending"),
            (claim, "SCAN other USING INDEX ix_outbox_sending"),
            (sending, "ix_outbox_sending"),
        ):
            plan_ = str(list(conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)))
            assert index in plan_, plan_


def test_a_round_that_breaks_off_ends_though_a_transaction_is_under_way(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes for several when it is called off does not begin their work anew, and does not go on."""
    written: list[int] = []

    def slowly(_run: _Run, works: Sequence[Any]) -> list[None]:
        written.append(len(works))
        time.sleep(0.2)
        return [None] * len(works)

    monkeypatch.setattr(_Run, "_write", slowly)

    async def called_off() -> list[bool]:
        run, loop = _Run(delivery(engine), Round(), asyncio.Event()), asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as run.writer:
            waiting = [loop.create_future() for _ in range(2)]
            writes = asyncio.create_task(run._write_all([(lambda _conn: None, mine) for mine in waiting]))
            while not written:
                await asyncio.sleep(0.01)
            writes.cancel()
            with pytest.raises(asyncio.CancelledError):
                await writes
        return [mine.cancelled() for mine in waiting]

    assert asyncio.run(called_off()) == [True, True]
    assert written == [2]
