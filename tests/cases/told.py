"""A house in which much has happened with one account, ACME, and something with another, BOLT."""

from __future__ import annotations

import copy
import shutil
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from engine.jobs import cases
from engine.store import database
from engine.store import tables as t
from tests.jobs.world import House

ANA, LEE = "Ana Reyes", "Tom Lee"
POLICIES = {
    "standard": """
policy: Standard
clock: due date
steps:
  - day: 5
    email: friendly-reminder
  - day: 8
    letter: firm-reminder
"""
}


def told(folder: Path, url: str) -> House:
    """A reminder, a call with a promise, a dispute, a pause, a note, and a letter, from 5 to 21 October 2026."""
    house = House(folder, url, policies=POLICIES)
    house.owes("ACME", "A1", "2026-09-30")
    house.owes("ACME", "A2", "2026-09-30", "800.00")
    house.owes("BOLT", "B1", "2026-09-30")
    house.contact("ACME", contact=ANA, email="ana@acme.example.com", phone="+1 212 555 0199")
    house.contact("BOLT", contact="Bea Bolt", phone="+1 212 555 0142")
    house.import_customers()
    house.import_ledger("2026-10-05")
    house.day("2026-10-05")
    ws, who = house.ws, house.who
    house.do(
        lambda engine: cases.log_call(
            engine, "ACME", "promise to pay", who("2026-10-06", "joe"), ws.calendar,
            spoken_with=ANA, answers={"amount": "500", "why": "Ana waits for a big customer"}, note="very kind",
        )
    )  # fmt: skip
    house.do(
        lambda engine: cases.log_call(
            engine,
            "ACME",
            "refused",
            who("2026-10-07", "joe"),
            ws.calendar,
            spoken_with=LEE,
            note="Tom hung up",
        )
    )
    house.do(
        lambda engine: cases.promise(
            engine, "ACME", date(2026, 10, 9), who("2026-10-06", "joe"), ws.calendar,
            items=["A2"], said="Ana Reyes will see to it",
        )
    )  # fmt: skip
    house.do(
        lambda engine: cases.open_dispute(engine, "ACME", "A2", "short shipment", who("2026-10-06", "joe"))
    )
    house.do(
        lambda engine: cases.note(engine, "ACME", "ask for Ms Reyes, +1 212 555 0199", who("2026-10-06"))
    )
    house.do(lambda engine: cases.note(engine, "BOLT", "secret of BOLT", who("2026-10-06")))
    house.do(
        lambda engine: cases.pause(
            engine, "ACME", who("2026-10-07"), because="trade fair", until=date(2026, 10, 8)
        )
    )
    house.import_ledger("2026-10-20")
    house.day("2026-10-20")
    house.run("2026-10-21")
    return house


@cache
def lived(template: Path) -> House:
    """That house, made once for all tests of a session: they look at it, or take `another` like it."""
    folder = template.parent / "told"
    folder.mkdir()
    shutil.copy(template, folder / "dunwell.db")
    return told(folder, f"sqlite:///{folder / 'dunwell.db'}")


def another(house: House, folder: Path) -> House:
    """The same house with a database and an `out` folder of its own."""
    shutil.copytree(house.root.parent, folder / "copy")
    own = copy.copy(house)
    own.items, own.contacts = dict(house.items), dict(house.contacts)
    own.root = folder / "copy" / "house"
    own.url = f"sqlite:///{folder / 'copy' / 'dunwell.db'}"
    own.settings("")
    return own


def insert(house: House, table: sa.Table, **values: Any) -> None:
    """A row as a verb of another piece writes it."""

    def work(engine: Engine) -> None:
        with database.writing(engine) as conn:
            conn.execute(sa.insert(table).values(company="main", **values))

    house.do(work)


def rows(house: House, table: sa.Table, account: str = "ACME") -> list[dict[str, Any]]:
    query = sa.select(table).where(table.c.account == account)
    return [dict(row._mapping) for row in house.rows(query)]


def everything(house: House) -> str:
    """Every text that the database has, but for the journal's entries, and the files in `out`."""

    def work(engine: Engine) -> str:
        found: list[str] = []
        with database.reading(engine) as conn:
            for table in t.metadata.sorted_tables:
                if table.name not in ("book", "release"):
                    found += [str(tuple(row)) for row in conn.execute(sa.select(table))]
        return "\n".join(found)

    files = [file.read_bytes().decode("utf-8", "replace") for file in house.out.rglob("*") if file.is_file()]
    return "\n".join([str(house.do(work)), *files])
