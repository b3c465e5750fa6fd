"""Small histories by hand, and what a policy makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from engine.core.decision import questions
from engine.core.decision.allocate import Room
from engine.core.decision.state import ACCOUNTS, ADDRESSES
from engine.core.figures.records import Records
from engine.core.language.policy import PolicyBook
from engine.core.rules import PlainRules
from engine.core.trust.simulate import Simulation, Under, simulate
from engine.core.trust.simulate.history import CONTESTED, LEARNED, PAPERS, History, Kept, history
from engine.core.workdays import ALWAYS, calendar


def accounts(names: Sequence[str], **columns: Sequence[Any]) -> pl.DataFrame:
    """Accounts of which a master says `columns`, with every address."""
    frame = pl.DataFrame({"account": names, "name": names, **columns}).with_row_index("row")
    usual = {
        **dict.fromkeys(("contacts", "broken", "kept", "claims", "effects", "tone"), 0),
        **{"promise": "none", "plan": "none", "first_time": True, "episode": 1, "segment": "trade"},
        **{"addresses": 2 ** len(ADDRESSES) - 1, "insolvent": False, "attorney": False},
    }
    more = [pl.lit(value).alias(name) for name, value in usual.items() if name not in frame.columns]
    frame = frame.with_columns(more)
    none = [pl.lit(None).alias(name) for name in ACCOUNTS if name not in frame.columns]
    return frame.with_columns(none).select(pl.col(name).cast(kind) for name, kind in ACCOUNTS.items())


def past(
    records: Records,
    contested: Sequence[Mapping[str, Any]] = (),
    learned: Sequence[Mapping[str, Any]] = (),
    **master: Any,
) -> History:
    """The history of records; each account that has a document is one."""
    names = sorted(records.documents["account"].unique())
    papers = records.documents.select("account", "item")
    papers = papers.with_columns(
        pl.lit(None, dtype=kind).alias(name) for name, kind in list(PAPERS.items())[2:]
    )
    kept = Kept(
        accounts(names, **master),
        papers,
        pl.DataFrame(list(contested), schema=dict(CONTESTED)),
        pl.DataFrame(list(learned), schema=dict(LEARNED)),
    )
    found = history(records, kept, "USD")
    assert found is not None
    return found


def under(book: PolicyBook, label: str = "") -> Under:
    rules = (PlainRules(questions.rulesets(book)),)
    return Under(label, book, calendar(ALWAYS), rules, Room())


def played(of: History, *books: PolicyBook, first: str, last: str, **more: Any) -> Simulation:
    """The days of 2026 under some books; every day is open."""
    sides = [under(book, f"side {number}") for number, book in enumerate(books)]
    return simulate(of, sides, _day(first), _day(last), **more)


def told(of: Simulation, accounts: Sequence[str], run: int = 0) -> list[str]:
    """`03-12 A call collector`, by day."""
    contacts = of.runs[run].outcome.contacts
    rows = contacts.select("on", "row", "does").iter_rows()
    return [f"{on:%m-%d} {accounts[row]} {does}" for on, row, does in rows]


def _day(text: str) -> date:
    return date.fromisoformat(f"2026-{text}")
