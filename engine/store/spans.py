"""Some of the accounts, as those that are next to each other by name."""

from __future__ import annotations

from dataclasses import dataclass

# The accounts that a decision is about.
WANTED = """
    SELECT account FROM item WHERE company = :company AND open != 0
    UNION SELECT account FROM episode WHERE company = :company AND ended IS NULL
"""


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
