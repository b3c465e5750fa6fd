"""What all tables share: their names' rules, the company, and yes and no as both databases keep them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from engine.store.words import COMPANY

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def company_column(*, key: bool = False) -> sa.Column[str]:
    return sa.Column("company", sa.String, nullable=False, primary_key=key, server_default=COMPANY)


def some_of(
    name: str, *columns: sa.Column[Any], where: sa.ColumnElement[bool] | sa.TextClause, unique: bool = False
) -> sa.Index:
    """An index of those rows for which `where` holds. The migrations make it so on both databases; said here for SQLite
    alone, since PostgreSQL's word for it would load all of its dialect into every process.
    """
    return sa.Index(name, *columns, unique=unique, sqlite_where=where)


def flag(name: str) -> sa.Column[int]:
    """Yes or no as 1 or 0: the one form that both databases give back alike."""
    return sa.Column(name, sa.SmallInteger, nullable=False, server_default="0")
