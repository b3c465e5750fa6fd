"""Two houses alike: one whose runs are made in one process and at once, one whose runs are made in parts."""

from __future__ import annotations

import random
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.jobs import evaluate, sealing, shared
from engine.jobs.evaluate import RunReport
from engine.store import database, spans
from engine.store.shared import SharedRun
from tests.conftest import _create
from tests.jobs.world import HOUSE, STANDARD, House, moment

HOUSE_OF_MUCH = (
    HOUSE.replace("order: [standard]", "order: [each, standard]")
    + """
capacity:
  calls: 4
  letters: 3
stop:
  actions: 200
"""
)
EACH = """
policy: Each
for:
  segment: key
each: invoice
clock: due date
steps:
  - day: 3
    call: collector
    script: first-call
  - day: 12
    email: firm-reminder
"""
MASTER = (
    "customer number", "customer name", "contact", "role", "email", "phone", "address", "postcode", "city", "segment",
)  # fmt: skip


class Much(House):
    """So many accounts that everything which looks across them has something to do."""

    def __init__(self, root: Path, url: str, more: str = "", company: str = "main") -> None:
        policies = {"standard": STANDARD, "each": EACH}
        super().__init__(root, url, house=HOUSE_OF_MUCH, policies=policies, more=more, company=company)

    def filled(self, chance: random.Random, many: int = 30) -> Much:
        rows = []
        for n in range(many):
            account = f"{chance.choice('aZÄb')}{n}"
            email = "" if chance.random() < 0.15 else f"ap{n}@example.com"
            segment = chance.choice(("key", "trade", "trade"))
            rows.append(
                (account, f"{account} Inc.", "Clerk", "accounts payable", email, "+1 212 555 0199", "5 Side Street",
                 "10001", "New York", segment)
            )  # fmt: skip
            for item in range(chance.randint(1, 3)):
                day = chance.randint(1, 28)
                self.owes(
                    account,
                    f"{n}-{item}",
                    f"2026-10-{day:02}",
                    f"{chance.choice((300, 1200, 1200, 90000))}.00",
                )
        self.take("customers.csv", MASTER, rows, "2026-10-01", "06:00", customers=True)
        self.import_ledger("2026-11-02")
        return self


@dataclass(frozen=True)
class Parts:
    """Runs of a house in parts of a few accounts: as workers make them, in any order; or by one process alone."""

    house: House
    size: int = 7
    alone: bool = False

    def begin(self, on: str, at: str = "10:00", agreed: str = "") -> SharedRun | RunReport:
        def begin(engine: sa.Engine) -> SharedRun | RunReport:
            with database.writing(engine) as conn:
                day, now = moment(on, at).date(), moment(on, at)
                ws, parts = self.house.ws, spans.cut(conn, self.size)
                return shared.begin(ws, conn, on=day, now=now, agreed=agreed, parts=parts, defer=_by_itself)

        return self.house.do(begin)

    def decide(self, one: SharedRun, *numbers: int, at: str = "10:00") -> bool:
        """Whether no part is missing any more."""
        ws, clock = self.house.ws, lambda: moment(one.on.isoformat(), at)

        def decide(engine: sa.Engine) -> bool:
            known = {"w0": shared.Known(), "w1": shared.Known()}
            whole = False
            for number in numbers:
                who = f"w{number % 2}"
                whole = shared.decide_part(
                    ws, engine, one.id, number, worker=who, clock=clock, known=known[who]
                )
            return whole

        return self.house.do(decide)

    def seal(self, one: SharedRun, at: str = "10:00") -> RunReport | None:
        ws, clock = self.house.ws, lambda: moment(one.on.isoformat(), at)
        return self.house.do(
            lambda engine: sealing.seal(
                ws, engine, one.id, clock=clock, defer=_by_itself, known=shared.Known()
            )
        )

    def run(self, on: str, at: str = "10:00", agreed: str = "", seed: int = 0) -> RunReport:
        if self.alone:
            day, now = moment(on, at).date(), moment(on, at)
            return evaluate.run(self.house.ws, on=day, now=now, agreed=agreed, at_once=self.size * 2)
        one = self.begin(on, at, agreed)
        if isinstance(one, RunReport):
            return one
        numbers = list(range(one.parts))
        random.Random(seed).shuffle(numbers)
        assert self.decide(one, *numbers, at=at)
        made = self.seal(one, at)
        assert made is not None
        return made

    def ask(self, question: Callable[[Connection], Any]) -> Any:
        """What the database says."""

        def ask(engine: sa.Engine) -> Any:
            with database.reading(engine) as conn:
                return question(conn)

        return self.house.do(ask)


def _by_itself(_conn: Connection, _one: SharedRun) -> None:
    """The tests take the parts in hand themselves."""


@pytest.fixture(scope="session")
def much(postgres_server: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory) -> Much:
    """A house with its ledger taken in, whose database is copied for each test."""
    _create(postgres_server, "template_much", postgres_template)
    return Much(tmp_path_factory.mktemp("much"), postgres_server.format("template_much")).filled(
        random.Random(11)
    )


@pytest.fixture
def two(postgres_server: str, much: Much, tmp_path: Path) -> tuple[Much, Parts]:
    """The same house twice: one to run in one process, one to run in parts."""
    houses = []
    for place in ("one", "other"):
        name = "t" + uuid.uuid4().hex
        _create(postgres_server, name, "template_much")
        house = Much(tmp_path / place, postgres_server.format(name))
        house.items, house.contacts = dict(much.items), dict(much.contacts)
        houses.append(house)
    return houses[0], Parts(houses[1])


@pytest.fixture(
    params=[
        pytest.param("workers", marks=pytest.mark.postgresql),
        pytest.param("alone on PostgreSQL", marks=pytest.mark.postgresql),
        "alone on SQLite",
    ]
)
def both(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Much, Parts]:
    """As `two`, for all who make a run in parts."""
    if request.param != "alone on SQLite":
        one, parts = request.getfixturevalue("two")
        return one, replace(parts, alone=request.param != "workers")
    houses = []
    for place in ("one", "other"):
        (tmp_path / place).mkdir()
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / place / "dunwell.db")
        url = f"sqlite:///{tmp_path / place / 'dunwell.db'}"
        houses.append(Much(tmp_path / place, url).filled(random.Random(11)))
    return houses[0], Parts(houses[1], alone=True)


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """A SQLite file with Dunwell's tables."""
    shutil.copy(sqlite_template, tmp_path / "dunwell.db")
    return f"sqlite:///{tmp_path / 'dunwell.db'}"
