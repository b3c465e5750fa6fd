"""How the databases answer what is asked of them: the plan of each question that a night, a delivery or a screen puts.

    python -m benchmarks.plans [--accounts 20000] [--keep]

A house with two open items an account, one account in five late and written to, on SQLite and on PostgreSQL. Each statement is
written down as it goes to the driver, and explained afterwards with the same values. A plan that goes through the whole of a
table is right for a night, which looks at the whole ledger, and wrong for whatever is asked again and again. `--keep` writes
`benchmarks/kept/plans.md`. The last line is JSON: `statements`, and `scans`, how many of the others than a night's go through
the whole of a table that grows with time.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from benchmarks import postgres
from benchmarks.ledgers import filled, laid_out
from benchmarks.lines import NOW, ON
from engine.jobs import duties, evaluate
from engine.jobs.cases import Who, known
from engine.jobs.deliver import deliver_now
from engine.jobs.worklist import worklist
from engine.jobs.workspace import Workspace
from engine.store import database, tables

KEPT = Path(__file__).parent / "kept" / "plans.md"
NIGHT = "a night"
_VALUE = r"(?:\?|%\(\w+\)s(?:::\w+)?)"
_LIST = re.compile(rf"IN \({_VALUE}(?:, {_VALUE})*\)")
# What grows for ever, by days or by messages; the others hold what is open, or what a person has written.
GROWING = frozenset(
    table.name
    for table in (
        tables.action, tables.outbox, tables.journal, tables.decision, tables.class_choice, tables.mark, tables.episode,
    )
)  # fmt: skip


@dataclass
class Asked:
    """What was asked of a database, each statement once, in its order: what is kept of its text → (text, values, for what).

    Lists of values differ in their length alone.
    """

    statements: dict[str, tuple[str, Any, str]] = field(default_factory=dict)
    what: str = ""

    def write_down(
        self, conn: Any, cursor: Any, statement: str, values: Any, context: Any, many: bool
    ) -> None:
        if self.what and not many and re.match(r"\s*(SELECT|UPDATE|DELETE|WITH)\b", statement):
            short = re.sub(
                r"^\s*SELECT .*?\sFROM\b", "SELECT … FROM", _LIST.sub("IN (…)", statement), flags=re.DOTALL
            )
            self.statements.setdefault(" ".join(short.split()), (statement, values, self.what))


@dataclass(frozen=True, slots=True)
class Plan:
    """`tables` are those it goes through as a whole."""

    what: str
    statement: str
    plan: str
    tables: frozenset[str]


def asked(ws: Workspace, accounts: int) -> Asked:
    """A house as it is on its third day, and what all that asks."""
    engine = ws.database()
    filled(engine, accounts, 5)
    found = Asked()
    sa.event.listen(Engine, "before_cursor_execute", found.write_down)
    try:
        for day in range(2):
            now = NOW + timedelta(days=day)
            found.what = NIGHT
            evaluate.run(ws, on=ON + timedelta(days=day), now=now)
            found.what = "a delivery"
            deliver_now(ws, now=now)
            found.what = ""
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
                conn.execute(sa.text("ANALYZE"))
        with database.writing(engine) as conn:
            found.what = "the service looks what is due"
            duties.due(conn, ws.files, now)
        with database.reading(engine) as conn:
            found.what = ""
            account = conn.execute(sa.select(tables.action.c.account).limit(1)).scalar_one()
            found.what = "the work list"
            worklist(ws, conn, on=now.date(), most=50)
            found.what = "an account"
            known.account(ws, conn, account, Who("benchmark", now, now.date()))
    finally:
        sa.event.remove(Engine, "before_cursor_execute", found.write_down)
        engine.dispose()
    return found


def plans(engine: Engine, found: Asked) -> Iterator[Plan]:
    """The plan of each statement."""
    sqlite = engine.dialect.name == "sqlite"
    words = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN (COSTS OFF) "
    with engine.connect() as conn:
        for short, (statement, values, what) in found.statements.items():
            cursor = conn.connection.cursor()
            try:
                cursor.execute(words + statement, values)
                plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
            finally:
                cursor.close()
            yield Plan(what, short, plan, _whole(plan))


def _whole(plan: str) -> frozenset[str]:
    """The tables that a plan goes through from their first row to their last; an index of a part of one is no whole."""
    found = re.findall(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?|Seq Scan on (\w+)", plan)
    parts = {
        str(index.name)
        for table in tables.metadata.tables.values()
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    }
    return frozenset(lite or server for lite, index, server in found if index not in parts)


def written(kind: str, found: list[Plan]) -> Iterator[str]:
    """A chapter of the page that is kept."""
    yield f"# {kind}\n"
    for what in dict.fromkeys(plan.what for plan in found):
        yield f"## {what[0].upper()}{what[1:]}\n"
        for plan in found:
            if plan.what == what:
                yield f"```\n{plan.statement}\n\n{plan.plan}\n```\n"


@contextmanager
def _houses(folder: Path) -> Iterator[Iterator[tuple[str, str]]]:
    """(database, address) of each that there is."""

    def each() -> Iterator[tuple[str, str]]:
        yield "sqlite", f"sqlite:///{folder / 'dunwell.db'}"
        if create is not None:
            yield "postgresql", create("plans")

    with postgres.server() as create:
        yield each()


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--accounts", type=int, default=20_000)
    words.add_argument("--keep", action="store_true")
    told = words.parse_args()
    pages: list[str] = []
    statements = scans = 0
    with tempfile.TemporaryDirectory() as name, _houses(Path(name)) as houses:
        for kind, url in houses:
            ws = laid_out(Path(name) / kind, url)
            found = asked(ws, told.accounts)
            engine = ws.database()
            known_plans = list(plans(engine, found))
            engine.dispose()
            pages += written(kind, known_plans)
            statements += len(known_plans)
            print(f"{kind}: {len(known_plans)} statements")
            for plan in known_plans:
                grown = plan.tables & GROWING
                if grown and plan.what != NIGHT:
                    scans += 1
                    print(
                        f"  {plan.what} goes through the whole of {', '.join(sorted(grown))}:\n    {plan.statement}"
                    )
    if told.keep:
        KEPT.write_text("\n".join(pages), "utf-8")
    print(json.dumps({"statements": statements, "scans": scans}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
