"""One round of delivery: every message that may go now is decided again, made, sent and written down."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.engine import Connection

from engine.channels.receipt import Outcome, Overtaken, Receipt, Route, Sender, Unsendable
from engine.errors import DunwellError
from engine.outbox.delivery import Delivery, Result, Round, Verdict, next_attempt
from engine.store import outbox as store
from engine.store import sending, ways_out
from engine.store.database import reading, writing
from engine.store.evidence import GOING, Trace
from engine.store.outbox import Row
from engine.store.ways_out import Rest

_REST = timedelta(minutes=1)
_LONGEST_REST = timedelta(
    hours=1
)  # also the wait of a way out that needs a person: one try an hour locks no account

# Messages are claimed in batches of about a second's work, and one that waited longer is decided again.
_MOST_CLAIMED = 256
_BRISK, _SLOW, _STALE = 1.0, 2.0, 5.0  # seconds

# So long an end may wait for others, to be written with them: a connection waits for its next step, and for no end.
_A_MOMENT = 0.02  # seconds


async def deliver(delivery: Delivery, stop: asyncio.Event | None = None) -> Round:
    """Send all that may go now; returns when nothing is left, or after `stop`, with what is in hand finished.

    Raises the database's own error when it fails for good; a message then under way stays `sending`, for
    `recover`.
    """
    round_ = Round()
    run = _Run(delivery, round_, stop or asyncio.Event())
    # Kept open: SQLite tidies its log away, at the price of several syncs, whenever the last connection closes,
    # and a pool asks PostgreSQL each time whether it is still there.
    # Its one thread ends before it is closed, whatever ends the round.
    with reading(delivery.engine), delivery.engine.connect() as run.kept, ThreadPoolExecutor(1) as run.writer:
        async with asyncio.TaskGroup() as group:
            for _ in range(max(1, delivery.at_once)):
                group.create_task(run.work())
        await run.leave()
    if run.broken is not None:
        raise run.broken
    with reading(delivery.engine) as conn:
        round_.rests = _resting(ways_out.rests(conn, delivery.company), delivery.now())
        round_.halted = delivery.halted(conn)
    return round_


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A message that is ours to send, and when it became so."""

    row: Row
    verdict: Verdict
    since: float  # of the monotonic clock


@dataclass(frozen=True, slots=True)
class _Step:
    """To be written down: this message now begins the step that may deliver it."""

    row: Row
    stage: str
    payload: Mapping[str, Any]
    made: Any


@dataclass(frozen=True, slots=True)
class _End:
    """To be written down: what has become of this message."""

    row: Row
    receipt: Receipt
    payload: Mapping[str, Any]


Work = Callable[[Connection], Any] | _Step | _End


class _Run:
    """The state of one round: its workers take one message after the other from what was claimed together."""

    def __init__(self, delivery: Delivery, round_: Round, stop: asyncio.Event) -> None:
        self.delivery = delivery
        self.round = round_
        self.stop = stop
        self.turn = asyncio.Lock()  # one transaction of ours at a time: SQLite has one writer
        self.line: list[tuple[Work, asyncio.Future[Any]]] = []  # for the next one
        self.claiming = asyncio.Lock()
        self.ready: deque[_Claimed] = deque()
        self.size = max(1, delivery.at_once)  # of the next batch
        self.claimed_at = 0.0
        self.asked: asyncio.Event | None = None  # the news after which there was nothing to claim
        self.news = asyncio.Event()  # replaced each time a message is settled
        self.in_hand: set[tuple[str, int]] = (
            set()
        )  # key and fence: one given back may be claimed anew at once
        self.coming: set[int] = set()  # messages whose step is still to be written down
        self.probing: set[str] = set()  # channels being tried after a rest: one message, then the others
        self.shut: set[str] = set()  # channels that were found closed since the last claim
        self.rested: set[str] = set()  # channels that rested at the last claim, or were found closed since
        self.told: list[tuple[Row, Result]] = []  # results of the transaction under way
        self.halt = ""  # why nothing may begin, as the last transaction had it
        self.traces: list[Trace] = []  # what the transaction under way lets go, and what ended
        self.broken: DunwellError | None = None  # the database cannot be used
        self.kept: Connection | None = None  # the connection of all its transactions
        self.writer: ThreadPoolExecutor | None = None  # the thread in which they are made

    async def work(self) -> None:
        while not self.stop.is_set():
            news = self.news
            try:
                claimed = await self._take()
            except DunwellError as error:
                self._break(error)
                return
            if claimed is None:
                if not self.in_hand:
                    return
                await news.wait()  # an account's next message, or a channel being tried, may be free then
                continue
            row = claimed.row
            try:
                if self.halt or row.channel in self.shut or time.monotonic() - claimed.since > _STALE:
                    await self._give_back([claimed])
                else:
                    await self._send(row, claimed.verdict)
            finally:
                self.in_hand.discard((row.key, row.fence))
                self.probing.discard(row.channel)
                self._spread()

    async def leave(self) -> None:
        """What was claimed and not begun is there for the next round."""
        rest = list(self.ready)
        self.ready.clear()
        if rest:
            await self._give_back(rest)

    async def _give_back(self, claimed: Sequence[_Claimed]) -> None:
        def work(conn: Connection) -> None:
            for one in claimed:
                sending.give_back(conn, one.row, self.delivery.now())

        try:
            await self._in_turn(work)
        except DunwellError as error:
            self._break(error)  # they stay `sending`, at a stage from which `recover` takes them

    def _break(self, error: DunwellError) -> None:
        self.broken = error
        self.stop.set()
        self._spread()

    def _spread(self) -> None:
        self.news.set()
        self.news = asyncio.Event()

    async def _take(self) -> _Claimed | None:
        """The next message; it is in hand as soon as its claim is committed, so that it is no stray."""
        async with self.claiming:
            if self.stop.is_set():
                return None
            if not self.ready and self.asked is not self.news:
                self._pace()
                news, since = self.news, time.monotonic()
                claimed = await self._in_turn(self._claim)
                self.claimed_at = time.monotonic()
                self.ready.extend(_Claimed(row, verdict, since) for row, verdict in claimed)
                if not claimed:  # nor is there for the others, until a message in hand is settled
                    self.asked = news
            return self.ready.popleft() if self.ready else None

    def _pace(self) -> None:
        """The next batch is larger where the last was quickly sent, smaller where it was not."""
        if self.claimed_at:
            took = time.monotonic() - self.claimed_at
            if took < _BRISK:
                self.size = min(self.size * 2, _MOST_CLAIMED)
            elif took > _SLOW:
                self.size = max(1, self.size // 2)

    async def _in_turn(self, work: Work) -> Any:
        """Do this in a transaction, with all that others have asked for while the last one was written.

        A step answers whether the message is still ours, an end nothing.
        """
        mine: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.line.append((work, mine))
        if isinstance(work, _End) and self.coming:
            await asyncio.wait([mine], timeout=_A_MOMENT)
        async with self.turn:
            if not mine.done():
                await self._write_all(self._together(isinstance(work, _Step)))
        return mine.result()

    def _together(self, step: bool) -> list[tuple[Work, asyncio.Future[Any]]]:
        """What the next transaction writes: all that is in line; only steps go before ends that may wait yet."""
        if step and all(isinstance(work, _Step | _End) for work, _ in self.line):
            steps = [one for one in self.line if isinstance(one[0], _Step)]
            self.line = [one for one in self.line if isinstance(one[0], _End)]
            return steps
        together, self.line = self.line, []
        return together

    async def _write_all(self, together: Sequence[tuple[Work, asyncio.Future[Any]]]) -> None:
        try:
            works = [work for work, _ in together]
            values = await asyncio.get_running_loop().run_in_executor(self.writer, self._write, works)
        except DunwellError as error:  # the database's: it meets them all
            for _, mine in together:
                mine.set_exception(error)
        except asyncio.CancelledError:  # the round breaks off; what the thread has begun it ends, and once
            for _, mine in together:
                mine.cancel()
            raise
        except BaseException as error:
            if len(together) > 1:  # one of them is wrong: each for itself
                for one in together:
                    await self._write_all([one])
            else:
                together[0][1].set_exception(error)
        else:
            self.round.results += [result for _, result in self.told]
            for (_, mine), value in zip(together, values, strict=True):
                mine.set_result(value)

    def _write(self, works: Sequence[Work]) -> list[Any]:
        """One transaction. Ends come first, so that a claim in it finds their accounts free."""
        self.told, self.traces = [], []
        values: dict[int, Any] = {}
        with writing(self.delivery.engine, self.kept) as conn:
            self.halt = self.delivery.halted(conn)
            ends = [work for work in works if isinstance(work, _End)]
            if ends:
                self._end(conn, ends)
            ours = self._let_go(conn, [work for work in works if isinstance(work, _Step)])
            for number, work in enumerate(works):
                if isinstance(work, _Step):
                    values[number] = work.row.id in ours
                elif not isinstance(work, _End):
                    values[number] = work(conn)
            self._settled(conn)
            if self.traces:
                self.delivery.remember(conn, self.traces)
        return [values.get(number) for number in range(len(works))]

    def _let_go(self, conn: Connection, steps: Sequence[_Step]) -> set[int]:
        """Past this nothing can be called back. Those that are still ours, unless everything was halted meanwhile."""
        if not steps:
            return set()
        at = self.delivery.now()
        if self.halt:
            for step in steps:
                sending.give_back(conn, step.row, at)
            return set()
        ours = sending.advance(conn, [(step.row, step.stage, step.payload) for step in steps], at)
        going = [step for step in steps if step.row.id in ours]
        self.delivery.preserve(
            conn, [(replace(step.row, payload=step.payload), step.made) for step in going], at
        )
        self.traces += [Trace.of(step.row, GOING, at, step.payload["evidence"]) for step in going]
        return ours

    def _settled(self, conn: Connection) -> None:
        if not self.told:
            return
        delivery, at = self.delivery, self.delivery.now()
        self.traces += [
            Trace.of(row, result.state, at) for row, result in self.told if row.state == store.SENDING
        ]
        if delivery.settled_all is not None:
            delivery.settled_all(conn, self.told, at)
        else:
            for row, result in self.told:
                delivery.settled(conn, row, result, at)

    def _claim(self, conn: Connection) -> list[tuple[Row, Verdict]]:
        """Take the next messages that still should go. The ones that should not are cancelled on the way."""
        delivery, at = self.delivery, self.delivery.now()
        if self.stop.is_set():  # since this was asked for
            return []
        for stray in store.under_way(conn, delivery.owner):
            # Its claim was committed, but the answer to COMMIT was lost.
            if (stray.key, stray.fence) not in self.in_hand and stray.stage == sending.CLAIMED:
                sending.settle(conn, stray, store.RETRY, reason=None, at=at, attempt=stray.attempt - 1)
        if self.halt:
            return []
        rests = ways_out.rests(conn, delivery.company)
        closed = set(_resting(rests, at))
        self.shut &= closed
        self.rested = set(rests)
        while channels := set(delivery.senders) - closed - self.probing:
            rows = self._tried(store.due(conn, channels, at, self.size, delivery.company), set(rests))
            if not rows:
                return []
            verdicts = self._verdicts(conn, rows)
            for row in rows:
                if not verdicts[row.key].go:
                    self._drop(conn, row, verdicts[row.key], at)
            going = [row for row in rows if verdicts[row.key].go]
            mine = sending.claim_all(conn, going, delivery.owner, at)
            if mine:
                self.in_hand.update((row.key, row.fence) for row in mine)
                self.probing.update({row.channel for row in mine} & set(rests))
                return [(row, verdicts[row.key]) for row in mine]
        return []

    def _tried(self, rows: Sequence[Row], rested: set[str]) -> list[Row]:
        """Of a channel that rested only one message, to try whether it works again."""
        kept: list[Row] = []
        for row in rows:
            if row.channel not in rested or all(other.channel != row.channel for other in kept):
                kept.append(row)
        return kept

    def _verdicts(self, conn: Connection, rows: Sequence[Row]) -> Mapping[str, Verdict]:
        lost = {
            row.key: Verdict(False, "its notice was not sent") for row in rows if store.notice_lost(conn, row)
        }
        left = [row for row in rows if row.key not in lost]
        if self.delivery.decide_all is not None:
            return {**lost, **self.delivery.decide_all(conn, left)}
        return {**lost, **{row.key: self.delivery.decide_again(conn, row) for row in left}}

    def _drop(self, conn: Connection, row: Row, verdict: Verdict, at: datetime) -> None:
        later = verdict.not_before
        if later is not None and later <= at:
            raise ValueError(f"a message cannot wait for a moment that has passed: {later}")
        state, reason = store.CANCELLED if later is None else row.state, verdict.reason
        if later is None and row.payload.get("reached"):
            state, reason = store.SENT, f"not sent to the recipients refused before: {reason}"
        store.move(conn, row, state, reason=reason, at=at, not_before=later)
        self.told.append((row, Result(row.key, row.account, row.channel, state, reason)))

    async def _send(self, row: Row, verdict: Verdict) -> None:
        delivery = self.delivery
        delivery.watch("claimed", row.key)
        sender = delivery.senders[row.channel]
        payload = dict(row.payload)

        async def stage(name: str, evidence: Mapping[str, str]) -> None:
            delivery.watch(name, row.key)
            if name != sender.point:
                return  # before the point all stages mean the same to whoever finds the row: nothing has gone
            self.coming.discard(row.id)
            payload["evidence"] = dict(evidence)
            if kept := sender.keep(made):
                payload["kept"] = dict(kept)
            if not await self._in_turn(_Step(row, name, payload, made)):
                raise Overtaken
            delivery.watch(f"after {name}", row.key)

        self.coming.add(row.id)
        try:
            try:
                made = await self._made(row, verdict, sender)
            except Exception as error:  # whatever is wrong with one message, the others go
                made = error
            delivery.watch("made", row.key)
            if isinstance(made, Unsendable):
                receipt = Receipt(Outcome.FAILED, sending.CLAIMED, made.sentence)
            elif isinstance(made, Exception):
                receipt = Receipt(Outcome.RETRY, sending.CLAIMED, f"the message could not be made: {made}")
            else:
                receipt = await sender.send(made, stage)
        except Overtaken:
            return
        except DunwellError as error:
            self._break(error)  # the point of no return could not be written down, so nothing was sent
            return
        finally:
            self.coming.discard(row.id)
        delivery.watch("answered", row.key)
        payload["evidence"] = {**payload.get("evidence", {}), **receipt.evidence}
        if receipt.answers:
            payload["reached"] = sorted({*payload.get("reached", ()), *receipt.reached})
            payload["answers"] = [
                {"address": a.address, "outcome": a.outcome.value, "code": a.code, "reply": a.reply}
                for a in receipt.answers
            ]
        if receipt.route is not Route.OPEN:
            self.shut.add(row.channel)
        await self._settle(row, receipt, payload)
        delivery.watch("settled", row.key)

    async def _made(self, row: Row, verdict: Verdict, sender: Sender[Any]) -> Any:
        if "kept" in row.payload:
            return sender.again(row.payload["kept"], row.payload.get("reached", ()))
        return await asyncio.to_thread(self.delivery.make, row, verdict)

    async def _settle(self, row: Row, receipt: Receipt, payload: Mapping[str, Any]) -> None:
        """Write the result. While the database cannot, it is asked again and nothing new is begun."""
        for wait in (*self.delivery.patience, None):
            try:
                await self._in_turn(_End(row, receipt, payload))
            except DunwellError as error:
                self._break(error)
                if wait is not None:
                    await asyncio.sleep(wait)
            else:
                return

    def _end(self, conn: Connection, ends: Sequence[_End]) -> None:
        """What each has come to, written for all of them with a few statements."""
        delivery, at = self.delivery, self.delivery.now()
        settling: list[sending.Settling] = []
        for end in ends:
            channel, until = end.row.channel, None
            if end.receipt.route is not Route.OPEN:
                until = self._rest(conn, channel, end.receipt, at)
            elif channel in self.rested:
                ways_out.wake(conn, channel, delivery.company)
            settling.append(self._settling(end, until, at))
        # The others are another's now; what we know of them is not worth more than what it will find.
        ours = sending.settle_all(conn, settling, at)
        taken: list[str] = []
        for end, one in zip(ends, settling, strict=True):
            row, receipt = end.row, end.receipt
            if row.id not in ours:
                continue
            if not row.payload.get("reached") and (one.state == store.SENT or receipt.reached):
                taken.append(row.key)
            refused = tuple(a.address for a in receipt.answers if a.outcome is Outcome.FAILED)
            result = Result(row.key, row.account, row.channel, one.state, one.reason or "", refused)
            self.told.append((row, result))
        if taken and delivery.taken_all is not None:
            delivery.taken_all(conn, taken, at)
        elif taken:
            for key in taken:
                delivery.taken(conn, key, at)

    def _settling(self, end: _End, until: datetime | None, at: datetime) -> sending.Settling:
        """What is written of one; its way out rests `until` then."""
        row, receipt = end.row, end.receipt
        state, sentence, not_before, attempt = receipt.state.value, receipt.sentence, None, row.attempt
        if receipt.route is not Route.OPEN:
            attempt -= 1  # no try of this message: the way out was shut
        if receipt.state is Outcome.RETRY:
            not_before = until or next_attempt(row.attempt, at, self.delivery.rng)
            last = row.payload.get("until")  # the moment from which its step is no longer worth a try
            if not_before is None or (last is not None and not_before >= datetime.fromisoformat(last)):
                state, not_before = store.FAILED, None
                sentence = f"given up after {_tries(row.attempt)}; the last time {sentence}"
        if state == store.FAILED and end.payload.get("reached"):
            state, sentence = store.SENT, f"not to every recipient: {sentence}"
        return sending.Settling(row, state, sentence, receipt.stage, end.payload, not_before, attempt)

    def _rest(self, conn: Connection, channel: str, receipt: Receipt, at: datetime) -> datetime:
        """Let a way out rest, and say until when."""
        before = ways_out.rests(conn, self.delivery.company).get(channel)
        held = receipt.route is Route.HELD
        times = 1 if before is None else before.times + 1
        wait = _LONGEST_REST if held else min(_LONGEST_REST, _REST * 2 ** min(times - 1, 10))
        if before is not None and before.until > at:  # another worker met the same closed door a moment ago
            times, wait = (
                before.times,
                max(before.until - at, wait if held and not before.held else timedelta()),
            )
        rest = Rest(channel, at + wait, receipt.sentence, held or (before is not None and before.held), times)
        ways_out.rest(conn, rest, self.delivery.company)
        self.rested.add(channel)
        return rest.until


def _tries(count: int) -> str:
    return "one try" if count == 1 else f"{count} tries"


def _resting(rests: Mapping[str, Rest], at: datetime) -> dict[str, Rest]:
    return {channel: rest for channel, rest in rests.items() if rest.until > at}
