"""Some of the accounts: those that are named, or those that are next to each other by name."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import orjson

from engine.store.view import View, rows
from engine.store.words import COMPANY

if TYPE_CHECKING:  # large: whoever only looks does without it
    import sqlalchemy as sa
    from sqlalchemy.engine import Connection

# The accounts that a decision is about.
WANTED = """
    SELECT account FROM item WHERE company = :company AND open != 0
    UNION SELECT account FROM episode WHERE company = :company AND ended IS NULL
"""

# That a column is one of `:accounts`, of any number: a statement takes only so many values. PostgreSQL knows how many
# an array has, and looks each row up in it; of a list in JSON it knows neither.
_ONE_OF = {
    "sqlite": "{} IN (SELECT value FROM json_each(:accounts))",
    "postgresql": "{} = ANY(CAST(:accounts AS text[]))",
}


def one_of(view: View, column: str) -> str:
    """That a column is one of `:accounts`, which are to be given as `listed` has them; to follow a condition."""
    return f" AND {_ONE_OF[view.dialect.name].format(column)}"


def listed(view: View, accounts: Collection[str]) -> str | list[str]:
    """Accounts as `:accounts` has them."""
    names = sorted(accounts)
    return names if view.dialect.name == "postgresql" else orjson.dumps(names).decode()


def among(
    conn: Connection, column: sa.ColumnElement[Any], accounts: Collection[str] | None
) -> sa.ColumnElement[bool]:
    """That a column is one of these accounts; None: any."""
    import sqlalchemy as sa

    if accounts is None:
        return sa.true()
    names = listed(conn, accounts)
    if isinstance(names, list):
        return column == sa.any_(sa.literal(names, sa.ARRAY(sa.String)))
    each = sa.text("SELECT value FROM json_each(:accounts)").bindparams(accounts=names)
    return column.in_(each.columns(sa.column("value", sa.String)))


@dataclass(frozen=True, slots=True)
class Span:
    """Accounts from `first` on, up to and without `before`, in the database's own order. None: without an end."""

    first: str | None = None
    before: str | None = None

    def within(self, column: str) -> str:
        """That a column is within it, to follow a condition; its ends are `:first` and `:before`."""
        ends = ((self.first, f" AND {column} >= :first"), (self.before, f" AND {column} < :before"))
        return "".join(sql for end, sql in ends if end is not None)

    @property
    def ends(self) -> dict[str, str]:
        return {name: end for name in ("first", "before") if (end := getattr(self, name)) is not None}


ALL = Span()

_OPEN = "SELECT account FROM item WHERE company = :company AND open != 0"
_FIRST = f"{_OPEN} ORDER BY account LIMIT 1 OFFSET :size"
_NEXT = f"{_OPEN} AND account > :last ORDER BY account LIMIT 1 OFFSET :size"


def more_open_than(view: View, many: int, company: str = COMPANY) -> bool:
    """Whether more items are open than that. It counts no further."""
    return bool(rows(view, f"{_OPEN} LIMIT 1 OFFSET :many", company=company, many=many))


def cut(view: View, size: int, company: str = COMPANY) -> list[Span]:
    """All accounts, in parts of about `size` open items; all items of an account are in one part."""
    firsts: list[str | None] = [None]
    found = rows(view, _FIRST, company=company, size=size)
    while found:
        firsts.append(found[0][0])
        found = rows(view, _NEXT, company=company, size=size, last=firsts[-1])
    return [Span(first, before) for first, before in pairwise([*firsts, None])]
