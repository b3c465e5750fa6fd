"""The last weeks of a made-up credit team, worked through day by day with the jobs that work for a real one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random

from sqlalchemy.engine import Engine

from engine.core.language.policy import Kind
from engine.errors import DunwellError, Refused
from engine.jobs import cases, evaluate, intake
from engine.jobs.cases import Who
from engine.jobs.workspace import Workspace, open_workspace
from engine.sample import SEED, Sample
from engine.sample.trade import Payer, World, weekday
from engine.store import journal, marks, outbox, sending
from engine.store.database import reading, writing
from engine.store.history import Work, worklist
from engine.store.journal import Entry
from engine.store.outbox import Row
from engine.store.tables import ActionState

_CLERK, _MANAGER = "jortiz", "mchen"
# UTC. The mail goes when the customers in the west have opened as well.
_IMPORT, _RUN, _WORK, _MAIL, _DECIDE = time(12, 30), time(13, 30), time(15), time(17), time(19)
_UNDECIDED = 3  # open days: what came up in them still waits for the manager
_MOST_CALLS = 40  # that two people get done in a day

# What is said on the telephone, by a hundred who are called: reached nobody, then by who could pay and who not.
_NOBODY = {"voicemail": 18, "no answer": 12, "busy": 3, "": 67}
_ABLE = {
    **{"promise to pay": 44, "check in the mail": 10, "no invoice": 9, "dispute": 8, "callback requested": 8},
    **{"paid already": 6, "vague promise": 8, "hung up": 4, "angry": 3},
}
_UNABLE = {
    **{"promise to pay": 12, "vague promise": 28, "hardship": 26, "refused": 14, "callback requested": 10},
    **{"hung up": 6, "angry": 4},
}
# Of a hundred promises, how many are kept, and paid in part; the rest is broken.
_KEEPS = {Payer.TROUBLE: (20, 30), Payer.SLOW: (75, 10), Payer.DRIFTING: (70, 12), Payer.SEASONAL: (65, 12)}
_KEEPS_USUALLY = (88, 6)
_REASONS = ("short shipment", "wrong product", "price differs from the order", "goods damaged")
_PAUSES = (
    "their new accounting system starts next week",
    "the owner has died; we wait for the family",
    "flood in their warehouse; we agreed to give them a week",
)
_DECLINED = "a customer of many years; I will speak with them myself"


def replay(folder: Path, sample: Sample, ledgers: str, weeks: int) -> None:
    """Work through the weeks before the sample's day in the workspace `folder`; today's ledger is in at the end.

    `ledgers` is the folder of the sample's files. On each open day the ledger of that morning comes in, the
    run is made, what it planned is handed over, and people call, decide and write down. Customers answer to
    some of it. The same sample gives the same weeks.
    """
    ws = open_workspace(folder)
    engine = ws.database()
    try:
        _Weeks(ws, engine, sample, folder / ledgers).work(weeks)
    finally:
        engine.dispose()


@dataclass(slots=True)
class _Weeks:
    """The weeks under way. `answers` are disputes with the day on which they are settled."""

    ws: Workspace
    engine: Engine
    sample: Sample
    files: Path
    random: Random = field(default_factory=lambda: Random(SEED))  # noqa: S311 -- a sample, not a secret
    disputes: list[tuple[date, str, str]] = field(default_factory=list)

    @property
    def world(self) -> World:
        return self.sample.world

    def work(self, weeks: int) -> None:
        today, calendar = self.sample.on, self.ws.calendar
        days = [today - timedelta(days=back) for back in range(weeks * 7, 0, -1)]
        days = [day for day in days if calendar.is_open(day)]
        self._import("customers", days[0], self.sample.customers)
        self._import("history", days[0], self.sample.history(days[0]))
        for day in days:
            self._import("ledger", day, self.sample.ledger(day))
            evaluate.run(self.ws, on=day, now=_at(day, _RUN), agreed=_MANAGER)
            self._post(day)
            self._close_disputes(day)
            self._calls(day)
            self._approvals(day, undecided=calendar.add_open(day, _UNDECIDED) >= today)
            if (today - day).days in (4, 5, 6):
                self._pause(day)
        self._write("history", self.sample.history(days[0]))
        self._import("ledger", today, self.sample.ledger(today))

    # -- the ledger ------------------------------------------------------------------------------------------------

    def _write(self, name: str, text: str) -> Path:
        file = self.files / f"{name}.csv"
        file.write_text(text, "utf-8", newline="\n")
        return file

    def _import(self, name: str, on: date, text: str) -> None:
        taken = intake.take_in(
            self.ws,
            self._write(name, text),
            now=_at(on, _IMPORT),
            by=_CLERK,
            profile=name,
            customers=name == "customers",
        )
        if taken.report is None:
            raise DunwellError(f"the sample's {name} of {on} could not be read: {taken.problems[0].sentence}")

    # -- what the run planned goes ---------------------------------------------------------------------------------

    def _post(self, day: date) -> None:
        """Messages and requests leave the house, as the outbox would write it down; no page is made of them."""
        at = _at(day, _MAIL)
        with writing(self.engine) as conn:
            waiting = outbox.listed(conn, outbox.WAITING)
            for row in sorted(
                waiting, key=lambda row: row.channel == "request"
            ):  # a notice before its effect
                if row.not_before is not None and row.not_before > at:
                    continue
                mine = sending.claim(conn, row, _CLERK, at)
                if mine is None:
                    continue
                evidence = {"sample": "told as if it had gone; nothing left this machine"}
                sending.settle(
                    conn,
                    mine,
                    outbox.SENT,
                    reason=None,
                    at=at,
                    payload={**mine.payload, "evidence": evidence},
                )
                marks.take(conn, row.key, at, day)
                body = {"key": row.key, "channel": row.channel, "state": outbox.SENT, "said": ""}
                journal.append(conn, [Entry("delivery", row.account, body)], at)
                self._read(row, day)

    def _read(self, row: Row, day: date) -> None:
        """Some pay when they are written to."""
        if row.channel == "request":
            return
        unable = self.world.buyers[row.account].payer is Payer.TROUBLE
        likely = 4 if unable else 30 if row.kind == Kind.LETTER else 18
        if self._chance(likely):
            self.world.pays(row.account, self._later(day, 2, 9), day)

    # -- what people do --------------------------------------------------------------------------------------------

    def _calls(self, day: date) -> None:
        with reading(self.engine) as conn:
            calls = [one for one in worklist(conn, day) if one.kind == "call" and one.state in _TO_CALL]
        for number, one in enumerate(calls[:_MOST_CALLS]):
            if not self._chance(94):
                continue  # not made today
            by = one.person or _CLERK
            at = _at(day, _WORK) + timedelta(minutes=7 * number)
            self._call(one, Who(by, at, day))

    def _call(self, one: Work, who: Who) -> None:
        buyer = self.world.buyers[one.account]
        outcome = self._pick(_NOBODY) or self._pick(_UNABLE if buyer.payer is Payer.TROUBLE else _ABLE)
        reached = outcome not in cases.NOT_REACHED
        spoke = self.random.choice(buyer.place.people) if reached and outcome != "hung up" else ""
        answers: dict[str, str] = {}
        quiet = {item for _, account, item in self.disputes if account == one.account}
        item = next((item for item in self.world.asked(one.account, who.on) if item not in quiet), "")
        reason = self.random.choice(_REASONS)
        if outcome == "dispute" and not item:
            outcome = "callback requested"
        pays = self._promised(outcome, who.on)
        if outcome == "dispute":
            answers = {"invoice": item, "reason": reason}
        elif pays is not None:
            answers = {"date": pays.isoformat()}
        cases.log_call(
            self.engine,
            one.account,
            outcome,
            who,
            self.ws.calendar,
            key=one.key,
            spoken_with=spoke,
            answers=answers,
        )
        if pays is not None:
            self._promise(one.account, pays, who, spoke)
        elif outcome == "dispute":
            cases.open_dispute(self.engine, one.account, item, reason, who)
            self.disputes.append((self._later(who.on, 8, 25), one.account, item))
        elif outcome in ("no invoice", "paid already"):
            self.world.pays(one.account, self._later(who.on, 1, 8), who.on)

    def _promised(self, outcome: str, on: date) -> date | None:
        if outcome == "check in the mail":
            return self.ws.calendar.add_open(on, 5)
        return (
            self.ws.calendar.add_open(on, self.random.randint(2, 9)) if outcome == "promise to pay" else None
        )

    def _promise(self, account: str, pays: date, who: Who, said: str) -> None:
        cases.promise(self.engine, account, pays, who, self.ws.calendar, said=f"said {said}" if said else "")
        kept, partly = _KEEPS.get(self.world.buyers[account].payer, _KEEPS_USUALLY)
        chance = self.random.randrange(100)
        if chance < kept:
            self.world.pays(account, pays, who.on)
        elif chance < kept + partly:
            self.world.pays(account, pays, who.on, share=self.random.randint(3, 7) * 10)

    def _close_disputes(self, day: date) -> None:
        ripe = [one for one in self.disputes if one[0] <= day]
        self.disputes = [one for one in self.disputes if one[0] > day]
        who = Who(_MANAGER, _at(day, _WORK), day)
        for _, account, item in ripe:
            side = "customer" if self._chance(45) else "us"
            with suppress(Refused):  # it was paid or credited in the meantime, which has closed it
                cases.close_dispute(self.engine, account, item, who, closed_for=side)
            self.world.settle(account, item, self._later(day, 3, 12))

    def _approvals(self, day: date, undecided: bool) -> None:
        """The manager decides most things within a day or two; what came up last still waits."""
        if undecided:
            return
        with reading(self.engine) as conn:
            waiting = [one for one in worklist(conn, day) if one.state == ActionState.AWAITING_APPROVAL]
        who = Who(_MANAGER, _at(day, _DECIDE), day)
        for account in dict.fromkeys(one.account for one in waiting):
            if self._chance(35):
                continue  # tomorrow
            key = next(one.key for one in waiting if one.account == account)
            if self._chance(85):
                cases.approve(self.engine, key, who)
            else:
                cases.decline(self.engine, key, who, because=_DECLINED)

    def _pause(self, day: date) -> None:
        with reading(self.engine) as conn:
            calls = [one for one in worklist(conn, day) if one.kind == "call" and one.state in _TO_CALL]
        if calls:
            account = self.random.choice(calls).account
            until = self.sample.on + timedelta(days=self.random.randint(3, 8))
            because = self.random.choice(_PAUSES)
            cases.pause(
                self.engine, account, Who(_MANAGER, _at(day, _WORK), day), because=because, until=until
            )

    # -- chance ----------------------------------------------------------------------------------------------------

    def _chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def _pick(self, shares: dict[str, int]) -> str:
        return self.random.choices(list(shares), list(shares.values()))[0]

    def _later(self, day: date, least: int, most: int) -> date:
        return max(day, weekday(day + timedelta(days=self.random.randint(least, most))))


_TO_CALL = (ActionState.PLANNED, ActionState.PUT_BACK)


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, UTC)
