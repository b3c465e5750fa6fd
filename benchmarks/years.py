"""Days of a house in virtual time with everything that can go wrong, by a seed: payments, people, edits, crashes, faults.

`python -m benchmarks.years --seeds N --days D` plays N houses. The clock, the mail server and the ledger system are
made up; everything else is the product: the live release, the duties as the service asks them, the run, the claims,
the decisions made again, the messages, the outbox, the journal, on a real SQLite file. Each day has payments, new
invoices, disputes, promises, pauses and a ledger, or none; now and then another policy, a policy or a template that
cannot be read, another time zone, a clock that jumps. Things break at random: the process dies at a random point, a
commit fails or its answer is lost, the disk is full, the server refuses, hangs up before or after it has taken a
message, or has no time for us. After each day the invariants are checked, and what the server has against what we
believe: nothing twice, nothing to a customer whose payment was known, nothing lost. The last line is JSON; a seed
that fails is named. Even seeds send one message at a time and play the same again with `--seed`; odd ones send three
at once, whose order no seed decides.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import sqlite3
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect

from engine.channels.mail import Mail
from engine.channels.receipt import Answer, Outcome, Receipt, Route, Stage
from engine.core.workdays import calendar
from engine.errors import DunwellError, Refused
from engine.jobs import cases, daily, deliver, releases
from engine.jobs.cases import Who
from engine.jobs.intake import take_in
from engine.jobs.verify import verify
from engine.jobs.workspace import Workspace, open_workspace
from engine.outbox import Delivery, Resolution, resolve
from engine.rendering import Limits, Rendered, Request, _answer
from engine.store import database, dues, marks
from engine.store.tables import action, item, outbox
from tests.jobs.world import COLUMNS, MASTER, House

START = date(2026, 3, 2)
ZONES = ("America/New_York", "Europe/Berlin", "Asia/Kolkata", "Pacific/Auckland")
_HOUSE = """
order: [standard]
currency: USD
calendar: none
hours: Mon to Sat 7:00-19:00
answer: 3 days
minimum: 50
gap: 1 day
"""
_POLICIES = (
    """
policy: Standard
clock: due date
steps:
  - day: 3
    email: friendly-reminder
  - day: 8
    call: collector
    script: first-call
  - day: 12
    email: firm-reminder
  - day: 20
    terms: cash on delivery
    email: cod-notice
""",
    """
policy: Standard
clock: due date
steps:
  - day: 2
    email: friendly-reminder
  - day: 10
    email: firm-reminder
  - day: 25
    terms: cash on delivery
    email: cod-notice
""",
)
# What is the same for every house is made once: statements for the database, and the trying of templates.
_STATEMENTS: dict[Any, Any] = {}
_BROKEN = "policy: Standard\nsteps:\n  - day: [2\n"


class Died(BaseException):
    """The process ends here: nothing of it runs any more."""


@dataclass(slots=True)
class Trouble:
    """What goes wrong next, and how likely it is."""

    chance: random.Random
    dies_at: int = -1  # points that may still be passed
    commits: int = -1  # commits that may still be made
    lost: str = ""  # what becomes of the one after: before, after

    def quiet(self) -> None:
        self.dies_at = self.commits = -1

    def loud(self) -> None:
        self.quiet()
        luck = self.chance.random()
        if luck < 0.12:
            self.dies_at = self.chance.randrange(24)
        elif luck < 0.24:
            self.commits, self.lost = self.chance.randrange(8), self.chance.choice(("before", "after"))

    def watch(self, point: str, key: str = "") -> None:
        if self.dies_at == 0:
            self.dies_at = -1
            raise Died
        self.dies_at -= self.dies_at > 0

    def commit(self, really: Any, dialect: Any, conn: Any) -> None:
        if self.commits != 0:
            self.commits -= self.commits > 0
            really(dialect, conn)
            return
        self.commits = -1
        if self.lost == "before":
            raise sqlite3.OperationalError("database or disk is full")
        really(dialect, conn)
        raise sqlite3.OperationalError("disk I/O error")


class Server:
    """The mail server and the ledger system: what they took, and when. `said` are faults that were seen here."""

    def __init__(self, world: World, point: str) -> None:
        self.world, self.point = world, point
        self.log: list[tuple[str, str]] = []  # identity and recipient
        self.rests = 0  # rounds for which it has no time

    async def send(self, made: Any, stage: Stage) -> Receipt:
        chance, account = self.world.chance, made.key.split("|")[1]
        mail = hasattr(made, "recipients")
        identity, to = (made.message_id, made.recipients) if mail else (made.id, ("erp",))
        evidence = (
            {"message-id": identity, "sha256": "0" * 64} if mail else {"id": identity, "sha256": "0" * 64}
        )
        luck = chance.random() if self.world.rough else 1.0
        if self.rests > 0 or luck < 0.02:
            route = Route.HELD if chance.random() < 0.2 else Route.RESTS
            return Receipt(Outcome.RETRY, "connect", "nobody there", (), evidence, route)
        await stage(self.point, evidence)
        self.world.going(account, made.key)
        if luck < 0.05:
            return Receipt(Outcome.RETRY, self.point, "451 busy", (), evidence)
        if luck < 0.06:
            return Receipt(Outcome.FAILED, self.point, "554 no", (), evidence)
        if luck < 0.10:
            if chance.random() < 0.5:
                self.log += [(identity, each) for each in to]
            return Receipt(Outcome.UNCERTAIN, self.point, "it hung up", (), evidence)
        self.log += [(identity, each) for each in to]
        await asyncio.sleep(0)
        answers = tuple(Answer(each, Outcome.SENT, 250, "ok") for each in to) if mail else ()
        return Receipt(
            Outcome.SENT, self.point, "accepted", answers, {**evidence, "reply": "ok", "status": "202"}
        )

    async def found(self, evidence: Mapping[str, str]) -> Receipt | None:
        return None

    def keep(self, made: Any) -> Mapping[str, Any]:
        return made.to_json() if hasattr(made, "recipients") else {}

    def again(self, kept: Mapping[str, Any], reached: Collection[str]) -> Any:
        return Mail.from_json(kept, reached)


class Renderer:
    """Makes messages at once, with the very code of the limited process."""

    def __init__(self, templates: Any, limits: Limits | None = None) -> None:
        self.templates, self.limits = templates, limits or Limits()

    def __enter__(self) -> Renderer:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def render(self, requests: Sequence[Request]) -> list[Rendered]:
        return [_answer(self.templates, request, self.limits) for request in requests]


class _Office(House):
    """A house whose policies may be broken."""

    def _open(self) -> Workspace:
        return open_workspace(self.root)


@dataclass
class World:
    """One house and what is really so."""

    folder: Path
    seed: int
    violations: list[str] = field(default_factory=list)
    rough: bool = True
    broken: bool = False  # the policies or a template
    zone: str = ZONES[0]
    skew: timedelta = timedelta()
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.trouble = Trouble(self.chance)
        self.house = _Office(
            self.folder,
            f"sqlite:///{self.folder / 'dunwell.db'}",
            house=_HOUSE,
            policies={"standard": _POLICIES[0]},
        )
        keep = ("friendly-reminder.md", "firm-reminder.md", "cod-notice.md")
        for path in (self.house.root / "templates").rglob("*.md"):
            if path.name not in keep and not path.name.endswith(".script.md"):
                path.unlink()
        self.mail, self.erp = Server(self, "data"), Server(self, "write")
        self.now = datetime.combine(START, datetime.min.time(), UTC) + timedelta(hours=12)
        self.known: dict[str, set[str]] = {}  # what each owes, by the ledger that came in
        self.number = 0
        self.opened: tuple[Any, Workspace] | None = None
        self.policy = 0
        self.letter = (self.house.root / "templates" / "friendly-reminder.md").read_text("utf-8")

    def clock(self) -> datetime:
        self.now += timedelta(milliseconds=5)
        return self.now + self.skew

    @property
    def today(self) -> date:
        return self.clock().astimezone(ZoneInfo(self.zone)).date()

    def going(self, account: str, key: str) -> None:
        """A message is leaving. Was it right, by what had come in?"""
        if not self.known.get(account):
            self.wrong(f"{account} had paid, and is written to: {key}")

    def wrong(self, sentence: str) -> None:
        self.violations.append(f"seed {self.seed}, {self.now:%Y-%m-%d %H:%M}: {sentence}")

    # -- what happens in the world -----------------------------------------------------------------------------------

    def morning(self) -> None:
        chance, house = self.chance, self.house
        for number in list(house.items):
            if chance.random() < 0.06:
                house.paid(number)
        for _ in range(chance.choice((0, 1, 2, 3))):
            account = f"C{chance.randrange(12)}"
            self.number += 1
            due = self.today - timedelta(days=chance.randrange(-3, 20))
            amount = f"{chance.randrange(40, 9000)}.{chance.randrange(100):02}"
            house.owes(account, f"I{self.number}", due.isoformat(), amount)
            if account not in house.contacts:
                house.contact(account)
                self.take_in(customers=True)
        if chance.random() < 0.85:
            self.take_in()
        self.office()
        self.files()

    def take_in(self, customers: bool = False) -> None:
        house, name = (
            self.house,
            "customers.csv" if customers else f"ledger-{self.number}-{self.now:%m%d}.csv",
        )
        path = self.folder / name
        if customers:
            rows = [(a, f"{a} Inc.", *(c[each] for each in MASTER[2:])) for a, c in house.contacts.items()]
            columns = MASTER
        else:
            rows = [(a, n, i, day, due, amount) for i, (a, n, day, due, amount) in house.items.items()]
            rows = [(a, n, i, "2026-01-05", due, amount) for a, n, i, _, due, amount in rows]
            columns = COLUMNS
        if not rows:
            return
        text = "\n".join(",".join(row) for row in (columns, *rows)) + "\n"
        path.write_text(text, "utf-8")
        as_of = None if customers else self.today
        self.trouble.loud()
        try:
            taken = take_in(house.ws, path, now=self.clock(), by="ana", as_of=as_of, customers=customers)
        except DunwellError:
            self.counts["failed imports"] += 1
        else:
            if taken.report is None:
                self.counts["refused imports"] += 1
        finally:
            self.trouble.quiet()
        self.look()

    def look(self) -> None:
        """What the database knows of debts, whatever was said of the commit."""
        open_ = sa.select(item.c.account, item.c.item).where(item.c.open > 0)
        found: dict[str, set[str]] = {}
        for account, number in self.house.rows(open_):
            found.setdefault(account, set()).add(number)
        self.known = found

    def office(self) -> None:
        """What people do."""
        chance, who = self.chance, Who("ana", self.clock(), self.today)
        accounts = sorted(self.known)
        engine = self.house.engine
        try:
            for _ in range(chance.choice((0, 0, 1, 2))):
                if not accounts:
                    return
                account = chance.choice(accounts)
                numbers = sorted(self.known[account])
                try:
                    match chance.randrange(5):
                        case 0:
                            cases.open_dispute(engine, account, numbers[0], "price", who)
                        case 1:
                            cases.close_dispute(engine, account, numbers[0], who, closed_for="us")
                        case 2:
                            on = self.today + timedelta(days=chance.randrange(1, 9))
                            cases.promise(engine, account, on, who, calendar("none"))
                        case 3:
                            until = self.today + timedelta(days=chance.randrange(1, 6))
                            cases.pause(engine, account, who, until=until, because="they are moving")
                        case _:
                            cases.lift_pause(engine, account, who)
                except DunwellError:
                    self.counts["refused verbs"] += 1
            self.resolved(engine)
        finally:
            engine.dispose()

    def resolved(self, engine: sa.Engine) -> None:
        """A person looks into the server's log for what is uncertain."""
        query = sa.select(outbox.c.action, outbox.c.payload).where(outbox.c.state == "uncertain")
        with database.reading(engine) as conn:
            rows = list(conn.execute(query))
        there = {identity for identity, _ in (*self.mail.log, *self.erp.log)}
        for key, payload in rows:
            evidence = json.loads(payload).get("evidence", {})
            seen = evidence.get("message-id", evidence.get("id")) in there
            how = (
                Resolution.DELIVERED
                if seen
                else self.chance.choice((Resolution.SEND_AGAIN, Resolution.CANCEL))
            )
            with database.writing(engine) as conn:
                resolve(conn, key, how, "ana", self.clock(), "the server's log", marks.take)
            self.counts["resolved"] += 1

    def files(self) -> None:
        chance, root = self.chance, self.house.root
        luck = chance.random()
        if not self.counts["policies"]:
            return
        if self.broken:
            luck = 0.15 if luck < 0.5 else 1.0
        if luck < 0.05:
            self.policy = 1 - self.policy
            self.house.write("standard", _POLICIES[self.policy])
        elif luck < 0.08:
            self.house.write("standard", _BROKEN)
            self.broken = True
        elif luck < 0.11:
            (root / "templates" / "friendly-reminder.md").write_text(
                self.letter + "\n{{ nobody.home }}\n", "utf-8"
            )
            self.broken = True
        elif luck < 0.20:
            self.house.write("standard", _POLICIES[self.policy])
            (root / "templates" / "friendly-reminder.md").write_text(self.letter, "utf-8")
            self.broken = False
        elif luck < 0.23:
            zone = chance.choice(ZONES)
            text = (root / "dunwell.toml").read_text("utf-8")
            (root / "dunwell.toml").write_text(text.replace(f'"{self.zone}"', f'"{zone}"'), "utf-8")
            self.zone, self.house.read = zone, None
        if chance.random() < 0.04:
            self.skew = timedelta(hours=chance.choice((-30, -1, 0, 1, 5, 26)))
        elif chance.random() < 0.5:
            self.skew = timedelta()

    # -- what the service does ---------------------------------------------------------------------------------------

    def tick(self) -> None:
        """What `due` finds is done, in the order of the duties, as a worker would."""
        self.trouble.loud()
        died = False
        try:
            for name, due, work in (
                ("policies", releases.due, lambda ws, clock, stop: releases.take(ws, clock, stop, quiet=0.0)),
                ("evaluate", dues.run_due, daily.evaluate),
                ("deliver", dues.messages_due, daily.deliver),
            ):
                files = self.house.ws.files if self.opened is None else self.opened[1].files
                engine = database.open(files.database_url)
                try:
                    with database.reading(engine) as conn:
                        now = self.clock()
                        wanted = not dues.clock_behind(conn, now) and due(conn, files, now)
                finally:
                    engine.dispose()
                if wanted:
                    work(self.workspace(), self.clock, threading.Event())
                    self.counts[name] += 1
        except BaseExceptionGroup as group:
            died = group.subgroup(Died) is not None
            if not died and group.subgroup(DunwellError) is None:
                raise
        except Died:
            died = True
        except Refused:
            self.counts["refused"] += 1
        except DunwellError:
            self.counts["database faults"] += 1
        finally:
            self.trouble.quiet()
        self.counts["deaths"] += died
        if died:
            self.opened = None

    def workspace(self) -> Workspace:
        """The live release, opened again where the files or the release changed."""
        seen = tuple(
            sorted(
                (str(path), path.stat().st_mtime_ns) for path in self.house.root.rglob("*") if path.is_file()
            )
        ) + tuple(self.house.rows(sa.text("SELECT id FROM release WHERE state = 'live'")))
        if self.opened is None or self.opened[0] != seen:
            self.opened = (seen, releases.live_workspace(self.house.root).thorough())
        return self.opened[1]

    # -- what must be so ---------------------------------------------------------------------------------------------

    def evening(self) -> None:
        for server in (self.mail, self.erp):
            for pair, times in Counter(server.log).items():
                if times > 1:
                    self.wrong(f"arrived {times} times: {pair}")
            server.rests = max(0, server.rests - 1)
            if self.chance.random() < 0.03:
                server.rests = self.chance.randrange(1, 4)
        there = {identity for identity, _ in (*self.mail.log, *self.erp.log)}
        engine = self.house.engine
        try:
            with database.reading(engine) as conn:
                rows = conn.execute(
                    sa.select(outbox.c.action, outbox.c.state, outbox.c.payload, action.c.state).join_from(
                        outbox, action, action.c.key == outbox.c.action
                    )
                ).all()
                for rule, broken in verify(conn, None).broken:
                    self.wrong(f"{rule}: {broken.sentence} ({broken.key})")
        finally:
            engine.dispose()
        known = set()
        for key, state, payload, told in rows:
            evidence = json.loads(payload).get("evidence", {})
            identity = evidence.get("message-id", evidence.get("id"))
            known.add(identity)
            if told != {"pending": "planned"}.get(state, state):
                self.wrong(f"the action says {told}, its message {state}: {key}")
            if state == "sent" and identity not in there:
                self.wrong(f"counts as sent, and never arrived: {key}")
            if state in ("pending", "retry", "failed", "cancelled") and identity in there:
                self.wrong(f"arrived, and is {state}: {key}")
        for identity in there - known:
            self.wrong(f"arrived, and nobody knows of it: {identity}")


@contextmanager
def played(world: World) -> Iterator[None]:
    """The jobs with this world's servers, faults and points."""
    make = Delivery

    @asynccontextmanager
    async def senders(*_: Any) -> Any:
        yield {"email": world.mail, "request": world.erp}

    def delivery(**more: Any) -> Delivery:
        chance = random.Random(world.chance.random())
        return make(
            **{
                **more,
                "watch": world.trouble.watch,
                "patience": (0.0,),
                "rng": chance,
                "at_once": 1 + 2 * (world.seed % 2),
            }
        )

    opening = database._engine

    def engine(*told: Any) -> sa.Engine:
        made = opening(*told)
        made.update_execution_options(compiled_cache=_STATEMENTS)
        return made

    really = DefaultDialect.do_commit

    def commit(dialect: Any, conn: Any) -> None:
        world.trouble.commit(really, dialect, conn)

    with (
        mock.patch.object(deliver, "ways_out", senders),
        mock.patch.object(deliver, "Delivery", delivery),
        mock.patch.object(deliver, "Renderer", Renderer),
        mock.patch.object(database, "_engine", engine),
        mock.patch.object(DefaultDialect, "do_commit", commit),
    ):
        yield


def play(folder: Path, seed: int, days: int, template: Path | None = None) -> World:
    """One seed; its violations are in what comes back."""
    if template is not None:
        shutil.copy(template, folder / "dunwell.db")
    world = World(folder, seed)
    database.open(world.house.url).dispose()
    with played(world):
        for _ in range(days):
            begun = world.now
            world.morning()
            for hours in (1, 4, 8):
                world.now = max(world.now, begun + timedelta(hours=hours))
                world.tick()
            world.evening()
            if world.violations:
                break
            world.now = begun + timedelta(days=1)
    world.counts["sent"] = len(world.mail.log) + len(world.erp.log)
    return world


def main() -> int:
    told = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    told.add_argument("--seeds", type=int, default=20)
    told.add_argument("--days", type=int, default=60)
    told.add_argument("--seed", type=int, default=1, help="the first")
    asked = told.parse_args()
    begun, violations, total = time.monotonic(), [], Counter[str]()
    for seed in range(asked.seed, asked.seed + asked.seeds):
        with tempfile.TemporaryDirectory(prefix="dunwell-years-") as name:
            world = play(Path(name), seed, asked.days)
        total += world.counts
        violations += world.violations
        for line in world.violations[:5]:
            print(line, flush=True)
    seconds = round(time.monotonic() - begun, 1)
    report = {"seeds": asked.seeds, "days": asked.days, "violations": len(violations), "seconds": seconds}
    print(json.dumps({**report, **dict(sorted(total.items()))}))
    return 1 if violations else 0


if __name__ == "__main__":
    raise SystemExit(main())
