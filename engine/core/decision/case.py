"""One account as it is known at a moment, and what follows from its items and dates, plainly from raw values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from engine.core.decision.state import Aside, State
from engine.core.language.condition import Value

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """All that is known of one account: the rows of `State` that are its own."""

    account: Row
    items: tuple[Row, ...]
    marks: tuple[Row, ...]
    barred: frozenset[tuple[str, str]]
    touches: tuple[Row, ...]
    pending: tuple[Row, ...]
    repeats: tuple[Row, ...]
    calls: tuple[Row, ...] = ()
    wishes: tuple[Row, ...] = ()
    off: tuple[Row, ...] = ()


def cases(state: State, rows: Iterable[int]) -> dict[int, Case]:
    """The cases of some accounts, by row."""
    wanted = sorted(set(rows))
    asked = np.zeros(state.accounts.height, dtype=bool)
    asked[wanted] = True

    def of(frame: pl.DataFrame) -> dict[int, list[Row]]:
        found: dict[int, list[Row]] = {}
        mine = np.flatnonzero(asked[frame["row"].to_numpy()])
        for row in frame[mine].iter_rows(named=True):
            found.setdefault(row["row"], []).append(row)
        return found

    accounts, items, marks = of(state.accounts), of(state.items), of(state.marks)
    barred, touches, pending, repeats = (
        of(state.barred),
        of(state.touches),
        of(state.pending),
        of(state.repeats),
    )
    calls, wishes, off = of(state.calls), of(state.wishes), of(state.off)
    return {
        row: Case(
            account=accounts[row][0],
            items=tuple(items.get(row, ())),
            marks=tuple(marks.get(row, ())),
            barred=frozenset((bar["policy"], bar["step"]) for bar in barred.get(row, ())),
            touches=tuple(touches.get(row, ())),
            pending=tuple(pending.get(row, ())),
            repeats=tuple(repeats.get(row, ())),
            calls=tuple(calls.get(row, ())),
            wishes=tuple(wishes.get(row, ())),
            off=tuple(off.get(row, ())),
        )
        for row in wanted
    }


@dataclass(frozen=True, slots=True)
class Owed:
    """A debit item with what is owed of it after credits: in its own currency, and in the house's."""

    row: Row
    owed: int
    base: int
    late: int  # days past due

    @property
    def past(self) -> bool:
        return self.late > 0

    @property
    def free(self) -> bool:
        return self.row["aside"] is None


def owed(case: Case, on: date) -> tuple[Owed, ...]:
    """Debit items in the order of due date and number, with credits of their currency set against the oldest due."""
    credit: dict[str, int] = {}
    for row in case.items:
        if row["open"] < 0:
            credit[row["currency"]] = credit.get(row["currency"], 0) - row["open"]
    found = []
    for row in sorted(
        (row for row in case.items if row["open"] > 0), key=lambda row: (row["due"], row["item"])
    ):
        used = min(credit.get(row["currency"], 0), row["open"])
        credit[row["currency"]] = credit.get(row["currency"], 0) - used
        left = row["open"] - used
        if left:
            base = left if row["rate"] == 1.0 else round(left * (row["rate"] or 0.0))
            found.append(Owed(row, left, base, (on - row["due"]).days))
    return tuple(found)


def measures(case: Case, items: tuple[Owed, ...], on: date) -> dict[str, Value | None]:
    """Every field of an account: its columns, and what follows from its items and dates.

    A run does not read the columns that its book asks nothing of; nothing follows from them then.
    """
    account = case.account
    facts: dict[str, Value | None] = {
        name: frozenset(value) if isinstance(value, list) else value for name, value in account.items()
    }
    net = [round(row["open"] * (row["rate"] or 0.0)) for row in case.items]
    balance = sum(net)

    def since(day: date | None) -> int | None:
        return (on - day).days if day else None

    if all("kind" in row for row in case.items):
        cash = (row["kind"] == "payment" for row in case.items)
        facts["unapplied"] = sum(-value for value, paid in zip(net, cash, strict=True) if paid and value < 0)
    if "limit" in account:
        limit = account["limit"]
        facts["used"] = balance * 10_000 // limit if limit and limit > 0 else None
    if "opened" in account:
        facts["age"] = since(account["opened"])
    return facts | {
        "balance": balance,
        "overdue": sum(item.base for item in items if item.past),
        "disputed": any(item.row["aside"] == Aside.DISPUTED for item in items),
        "disputed_amount": sum(item.base for item in items if item.row["aside"] == Aside.DISPUTED),
        "largest": max((item.base for item in items), default=0),
        "invoices": len(items),
        "overdue_invoices": sum(item.past for item in items),
        "oldest": max((item.late for item in items), default=None),
        "since_contact": since(account["last_contact"]),
        "since_payment": since(account["last_payment"]),
    }
