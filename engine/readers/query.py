"""The accounting database asked for the ledger: one question, read-only, its answer as typed cells.

Numbers and dates stay what the database says they are: nothing becomes text and is guessed again.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import time as clock
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, make_url

from engine.core.problem import Place, Problem
from engine.readers.table import Cell, Table, cell_text

MOST_ROWS = 1_000_000
SECONDS = 600  # for which the accounting database may think
_ROUNDED = 10**15  # a number this long is no amount but a name, and is kept as its digits
_AT_ONCE = 5_000
# What stands in quotes, and what is remarked: nothing in it is an instruction.
_QUOTED = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]\n]*\]|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/""", re.DOTALL
)
_CHANGES = re.compile(
    r"\b(insert|update|delete|merge|replace\s+into|into|drop|create|alter|truncate|grant|revoke|call|exec|execute"
    r"|copy|attach|detach|pragma|vacuum|lock|begin|commit|rollback)\b",
    re.IGNORECASE,
)


def refusal(text: str) -> str:
    """Why a text is no single question; empty where it is one."""
    plain = _bare(text)
    if not plain.strip():
        return "there is no query in it"
    if ";" in plain:
        return "it has more than one statement; one SELECT is asked, and no more"
    first = re.match(r"[\s(]*(\w+)", plain)
    if first is None or first[1].lower() not in ("select", "with"):
        return "it does not begin with SELECT or WITH; a feed only asks"
    if match := _CHANGES.search(plain):
        return (
            f"it says “{match[1].upper()}”, which changes something; a feed only asks. "
            "A column of that name stands in quotes"
        )
    return ""


def _bare(text: str) -> str:
    """The one statement, its quotes and remarks blanked out in place, up to the semicolon that may end it."""
    return _QUOTED.sub(lambda found: " " * len(found[0]), text).rstrip().removesuffix(";").rstrip()


def ask(
    name: str, text: str, address: str, zone: tzinfo, root: Path, seconds: int = SECONDS
) -> tuple[Table | None, list[Problem]]:
    """The answer as a table whose first row has the names of the columns; or what is wrong.

    `name` is the query's file, for places; `zone` the office's, for moments; an SQLite file is sought beside
    `root`. Never raises for what the database says, and repeats nothing of its address but the host and name.
    """
    if why := refusal(text):
        return None, [
            _problem(name, f"this is no query that a feed may ask: {why}", "mend the query", "query")
        ]
    url = _located(address, root)
    try:
        with _connected(url, seconds) as conn:
            return _answer(name, conn, text, zone)
    except _Wrong as wrong:
        return None, [wrong.problem]
    except Exception as error:  # every driver has its own, and some raise what is not SQLAlchemy's
        return None, [_failed(name, url, error, seconds)]


def digest(table: Table) -> bytes:
    """What tells one answer from another, whatever the order of its rows: columns, then rows, with their types."""
    told = sorted(
        "\x1f".join(f"{type(cell).__name__[0]}{cell_text(cell)}" for cell in row) for row in table.rows[1:]
    )
    whole = hashlib.sha256("\x1f".join(map(cell_text, table.rows[0])).encode())
    for row in told:
        whole.update(b"\x1e" + row.encode())
    return whole.digest()


class _Wrong(Exception):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def _problem(name: str, sentence: str, suggestion: str, code: str, row: int = 1, column: int = 1) -> Problem:
    return Problem(Place(name, row, column), sentence, suggestion, code)


def _located(address: str, root: Path) -> URL:
    url = make_url(address)
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        return url.set(database=str(root / str(url.database)))
    return url


@contextmanager
def _connected(url: URL, seconds: int) -> Iterator[Connection]:
    """A connection that can only read, and that the database ends when it has thought too long."""
    kind = url.get_backend_name()
    options: dict[str, Any] = {}
    if kind == "sqlite":
        options["creator"] = lambda: _open_sqlite(Path(str(url.database)), seconds)
    elif kind == "postgresql":
        own = (
            f"-c default_transaction_read_only=on -c statement_timeout={seconds * 1000} -c lock_timeout=60000"
        )
        options["connect_args"] = {"connect_timeout": 30, "options": own}
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool, **options)
    try:
        with engine.connect() as conn:
            if kind in ("postgresql", "oracle"):
                conn.exec_driver_sql("SET TRANSACTION READ ONLY")
            elif kind in ("mysql", "mariadb"):
                conn.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
                conn.rollback()
            conn.execution_options(stream_results=True, no_parameters=True)
            yield conn
            conn.rollback()
    finally:
        engine.dispose()


def _open_sqlite(file: Path, seconds: int) -> sqlite3.Connection:
    if not file.is_file():
        raise sqlite3.OperationalError("there is no such file")
    conn = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=60)
    conn.execute("PRAGMA query_only=ON")
    end = clock.monotonic() + seconds
    conn.set_progress_handler(lambda: int(clock.monotonic() > end), 100_000)
    return conn


def _answer(name: str, conn: Connection, text: str, zone: tzinfo) -> tuple[Table, list[Problem]]:
    result = conn.exec_driver_sql(text[: _end(text)])
    heads = [str(key) for key in result.keys()]  # noqa: SIM118 a result is no dictionary
    rows: list[Sequence[Cell]] = [heads]
    while block := result.fetchmany(_AT_ONCE):
        for row in block:
            rows.append([_cell(name, value, zone, len(rows) + 1, at) for at, value in enumerate(row, 1)])
        if len(rows) - 1 > MOST_ROWS:
            sentence = f"the answer has more than {MOST_ROWS:,} rows"
            raise _Wrong(_problem(name, sentence, "ask for open items only", "file-too-big"))
    if len(rows) == 1:
        raise _Wrong(
            _problem(
                name,
                "the answer has no rows; a ledger without an item looks like a query that failed",
                "look whether the query still asks for the right thing; the last ledger stays",
                "no-items",
            )
        )
    return Table(name, rows, range(1, len(rows) + 1)), []


def _end(text: str) -> int:
    """Where the statement ends: before its semicolon, or after its last remark."""
    at = _QUOTED.sub(lambda found: " " * len(found[0]), text).rstrip()
    return len(at) - 1 if at.endswith(";") else len(text)


def _cell(name: str, value: object, zone: tzinfo, row: int, column: int) -> Cell:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return Decimal(value) if abs(value) < _ROUNDED else str(value)
        case Decimal() if value.is_finite():
            whole = value == value.to_integral_value()
            return (Decimal(int(value)) if abs(value) < _ROUNDED else str(int(value))) if whole else value
        case float() if value - value == 0:
            # 15 digits are what binary arithmetic keeps; the rest is noise
            return _cell(name, Decimal(f"{value:.15g}"), zone, row, column)
        case Decimal() | float():
            raise _Wrong(_problem(name, f"“{value}” is not a number", "mend the query", "nan", row, column))
        case datetime():
            return value.astimezone(zone).date() if value.tzinfo else value.date()
        case date():
            return value
        case time():
            return value.isoformat()
        case bytes() | bytearray() | memoryview():
            sentence = "this column holds bytes, which are no text"
            raise _Wrong(_problem(name, sentence, "leave it out, or CAST it to text", "bytes", row, column))
        case _:
            return str(value).strip()


def _failed(name: str, url: URL, error: BaseException, seconds: int) -> Problem:
    """What the database or its driver said, in one line, without the secrets of its address."""
    said = str(getattr(error, "orig", None) or error).strip().splitlines() or [type(error).__name__]
    plain = _without(said[0], url)
    where = f"the accounting database {_place(url)}"
    low = plain.lower()
    if isinstance(error, (ModuleNotFoundError, sa.exc.NoSuchModuleError)):
        return _problem(name, f"no driver for {url.get_backend_name()} is installed", plain, "no-driver")
    if "statement timeout" in low or low == "interrupted":
        sentence = f"{where} took more than {seconds} seconds"
        return _problem(name, sentence, "ask for less, or for an index", "too-slow")
    return _problem(name, f"{where} did not answer", plain, "not-answered")


def _place(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return Path(str(url.database)).name
    return f"{url.database or ''}{f' on {url.host}' if url.host else ''}".strip()


def _without(text: str, url: URL) -> str:
    for secret in (url.password, *(value for key, value in url.query.items() if "pass" in key.lower())):
        for word in [secret] if isinstance(secret, str) else secret or ():
            text = text.replace(str(word), "…")
    return text
