"""How long the work list takes when very much is open.

`python -m benchmarks.worklist [--tasks N] [--database sqlite|postgresql]` fills a house with N open calls, three finished
messages for each, calls of the past, promises and payments, and times the list as `dunwell worklist` makes it: found,
scored, shared out to twelve people of whom one is away, the first fifty read in full. Once by the usual score and once by
weights that look at everything. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import orjson

from benchmarks import postgres
from engine.core.language.policy import House as Rules
from engine.core.language.policy import Score
from engine.jobs.worklist import worklist
from engine.jobs.workspace import Workspace
from engine.store import bulk, database
from engine.store import tables as t
from tests.jobs.world import House

ON = date(2026, 11, 23)
PEOPLE = tuple(f"c{number:02}" for number in range(12))
SCORES: dict[str, Score] = {
    "amount and age": "amount and age",
    "weights": {"amount": 1, "age": 1, "risk": 2, "promise": 2, "quiet": 1},
}
_DETAIL = orjson.dumps(
    {
        "marks": [["I1-0", "call collector"], ["I1-1", "call collector"]],
        "items": [["I1-0", 123456], ["I1-1", 99900]],
        "people": {"to": "accounts payable", "from": "joe"},
        "script": "first-call",
        "value": "collector",
    }
).decode()
_ACTION = (
    *("key", "account", "episode", "policy", "step", "item", "occurrence", "kind", "role", "day"),
    *("state", "on", "since", "amount", "currency", "person", "detail", "taken_on"),
)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--tasks", type=int, default=100_000)
    words.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    told = words.parse_args()
    with tempfile.TemporaryDirectory() as folder, _address(told.database, Path(folder)) as url:
        people = "".join(
            f'[people.{id}]\nname = "Caller {id}"\nroles = ["collector"]\ncalls = 60\n' for id in PEOPLE
        )
        house = House(Path(folder), url, more=people)
        _fill(house, told.tasks)
        print(f"{told.tasks:,} open calls, {told.database}\n\nscore            seconds  of the processor")
        found = {name: _timed(house.ws, score) for name, score in SCORES.items()}
    for name, (seconds, cpu) in found.items():
        print(f"{name:15}  {seconds:7.2f}  {cpu:16.2f}")
    slowest, cpu = max(found.values())
    print(json.dumps({"tasks": told.tasks, "seconds": slowest, "cpu": cpu, "database": told.database}))


@contextmanager
def _address(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'dunwell.db'}"
        return
    with postgres.server() as create:
        assert create is not None, "there is no PostgreSQL server here"
        yield create("worklist")


def _timed(ws: Workspace, score: Score) -> tuple[float, float]:
    """Seconds, and those of the processor: the quickest of three, each with a connection of its own."""
    times = []
    for _ in range(3):
        engine = ws.database(read_only=True)
        began, busy = time.perf_counter(), time.process_time()
        with database.reading(engine) as conn:
            found = worklist(ws, conn, on=ON, house=Rules(score=score), most=50)
        times.append((round(time.perf_counter() - began, 2), round(time.process_time() - busy, 2)))
        engine.dispose()
        assert found.today.number == 60 * (len(PEOPLE) - 1)
    return min(times)


def _fill(house: House, tasks: int) -> None:
    chance = random.Random(7)
    accounts = [f"A-{number:06}" for number in range(tasks)]
    back = [ON - timedelta(days=days) for days in range(500)]
    with database.writing(house.engine) as conn:
        bulk.insert(
            conn,
            t.customer,
            ("account", "name", "risk", "owner"),
            [(one, f"Customer {one}", chance.choice("ABC"), chance.choice(PEOPLE)) for one in accounts],
        )
        items = [
            (
                one,
                f"I{one}-{n}",
                "invoice",
                back[90],
                back[chance.randint(1, 120)],
                chance.randint(1000, 900_000),
            )
            for one in accounts
            for n in range(1 + chance.randrange(2))
        ]
        columns = ("account", "item", "kind", "date", "due", "open", "amount", "currency")
        bulk.insert(conn, t.item, columns, [(*row, row[-1], "USD") for row in items])
        bulk.insert(conn, t.action, _ACTION, [row for one in accounts for row in _actions(one, chance)])
        calls = [
            (
                chance.choice(accounts),
                "promise to pay",
                1,
                back[chance.randint(1, 60)],
                "",
                chance.choice(PEOPLE),
            )
            for _ in range(tasks)
        ]
        bulk.insert(conn, t.call, ("account", "outcome", "reached", "on", "at", "by"), calls)
        promises = [
            (one, back[9], "", back[3], ON, 100, "USD", chance.choice(("open", "broken", "kept")), "c00")
            for one in accounts[::4]
        ]
        columns = (
            "account",
            "made_on",
            "made_at",
            "pays_on",
            "breaks_on",
            "amount",
            "currency",
            "state",
            "by",
        )
        bulk.insert(conn, t.promise, columns, promises)
        paid = [(chance.choice(accounts), 500_00, "USD", chance.choice(back)) for _ in range(4 * tasks)]
        bulk.insert(conn, t.payment, ("account", "amount", "currency", "paid_on"), paid)
        bulk.insert(
            conn,
            t.absence,
            ("person", "from_day", "until", "by"),
            [
                (id, ON, ON, "ana") for id in ("joe", PEOPLE[3])
            ],  # joe, of the house of the tests, has no limit
        )


def _actions(one: str, chance: random.Random) -> Iterator[tuple[object, ...]]:
    """An account's open call, and the messages it has had."""
    amount = chance.randint(1000, 900_000)
    whose = chance.choice((*PEOPLE, None))
    yield (
        *(f"main|{one}|1|call collector|I{one}-0|0|call|collector|", one, 1, "standard", "call collector"),
        *(f"I{one}-0", 0, "call", "collector", 35, "planned", ON, ON, amount, "USD", whose, _DETAIL, None),
    )
    for n, day in enumerate((10, 20, 30)):
        then = ON - timedelta(days=45 - day)
        yield (
            *(f"main|{one}|1|mail {n}|I{one}-0|0|email|accounts payable|", one, 1, "standard", f"mail {n}"),
            *(f"I{one}-0", 0, "email", "accounts payable", day, "sent", then, then, amount, "USD", None),
            *(_DETAIL, then),
        )


if __name__ == "__main__":
    main()
