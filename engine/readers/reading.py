"""What came out of a ledger file: its items, its customers, what was set aside, and every problem with its
place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from engine.core.problem import Place, Problem, Severity
from engine.readers.profile import Profile
from engine.readers.table import Table

# One row a document. Amounts are minor units of its own currency, negative where it is a credit.
ROWS: dict[str, pl.DataType] = {
    "row_no": pl.UInt32(),  # line or row in the file
    "kind": pl.String(),  # invoice, debit_note, credit_note, payment, journal
    "account": pl.String(),
    "name": pl.String(),
    "item": pl.String(),  # document number as written, or the key made where there is none
    "date": pl.Date(),
    "due": pl.Date(),
    "amount": pl.Int64(),
    "open": pl.Int64(),
    "currency": pl.String(),  # ISO 4217, upper case
    "paid_on": pl.Date(),  # settled ledgers: paid on or before `as_of`; `open` is 0 then
    "po": pl.String(),
    "reference": pl.String(),
    "terms": pl.String(),  # canonical, or null
    "text": pl.String(),
    "disputed": pl.Boolean(),
    "statement": pl.Date(),
    "rate": pl.Float64(),
}
# What the ledger itself says of its customers; one row an account.
NAMED: dict[str, pl.DataType] = {
    "account": pl.String(),
    "name": pl.String(),
    "contact": pl.String(),
    "email": pl.String(),
    "phone": pl.String(),
}
SHOWN = 20  # problems of one kind shown with their places; the rest are counted


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that was not taken in, why, and its value in minor units where it has one."""

    row: int
    why: str
    amount: int | None
    currency: str = ""
    account: str = ""
    item: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """One ledger file read. With an error among `problems`, `rows` and `customers` are empty: all or
    nothing.
    """

    rows: pl.DataFrame
    customers: pl.DataFrame
    problems: tuple[Problem, ...]
    as_of: date | None = None
    currencies: tuple[str, ...] = ()
    total_in_file: Mapping[str, int] | None = None  # by currency, where the file has a total row
    total_of_rows: Mapping[str, int] = field(default_factory=dict)  # open, by currency
    set_aside: tuple[SetAside, ...] = ()
    classified: Mapping[str, int] = field(default_factory=dict)  # kind of row → how many
    profile: Profile = field(default_factory=Profile)
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not any(problem.severity is Severity.ERROR for problem in self.problems)


def refused(
    problems: list[Problem], profile: Profile, classified: Mapping[str, int] | None = None
) -> Reading:
    """A reading of nothing, with its problems in the order of the file."""
    return Reading(
        pl.DataFrame(schema=ROWS),
        pl.DataFrame(schema=NAMED),
        in_order(problems),
        classified=classified or {},
        profile=profile,
    )


def in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    """Errors first, then by place; the same problem is not said twice."""
    return tuple(
        sorted(
            dict.fromkeys(problems), key=lambda problem: (problem.severity is Severity.WARNING, problem.place)
        )
    )


class Found:
    """Collects problems while rows are read: the first of each kind with their places, then a count."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._counts: Counter[str] = Counter()
        self._last: dict[str, Problem] = {}
        self.problems: list[Problem] = []

    def add(
        self,
        row: int,
        column: int,
        code: str,
        sentence: str,
        suggestion: str,
        severity: Severity = Severity.ERROR,
        also: Place | None = None,
    ) -> None:
        self._counts[code] += 1
        if self._counts[code] <= SHOWN:
            problem = self._table.problem(
                row, column, code, sentence, suggestion, severity=severity, also=also
            )
            self.problems.append(problem)
            self._last[code] = problem

    def has_room(self, code: str) -> bool:
        """Whether one more of a kind would be shown with its place, and not only counted."""
        return self._counts[code] < SHOWN

    def extend(self, problems: list[Problem] | tuple[Problem, ...]) -> None:
        """Problems found elsewhere, under the same limit."""
        for problem in problems:
            self._counts[problem.code] += 1
            if self._counts[problem.code] <= SHOWN:
                self.problems.append(problem)
                self._last[problem.code] = problem

    def all(self) -> list[Problem]:
        """Every problem, with a count where there are more of a kind than are shown."""
        more = [
            Problem(
                self._last[code].place,
                f"and {count - SHOWN} more rows with the same problem ({count} in all)",
                self._last[code].suggestion,
                code,
                self._last[code].severity,
            )
            for code, count in self._counts.items()
            if count > SHOWN
        ]
        return self.problems + more
