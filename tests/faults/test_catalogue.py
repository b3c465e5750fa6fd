"""Every row of the fault catalogue has a test that injects it, or a reason why it has none yet."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
ROWS = range(1, 84)

# Rows that wait. A reason goes as soon as its test comes: both at once are refused.
WAITING = {
    73: "a million rows are a measurement, not a test: benchmarks/ledger_in.py",
}


def _marks(source: str) -> Iterator[int]:
    """The numbers in `pytest.mark.fault(N)` anywhere: on a test, a parameter or a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.fault":
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, int):
                    yield argument.value


def _points() -> set[int]:
    """The rows that the matrix of kill points names in its table."""
    from tests.faults.test_kill_points import AFTER

    return {row for cases in AFTER.values() for _, row, _ in cases}


def injected() -> dict[int, set[str]]:
    """Row to the files whose tests inject it."""
    found: dict[int, set[str]] = {row: {"test_kill_points.py"} for row in _points()}
    for path in TESTS.rglob("test_*.py"):
        for row in _marks(path.read_text("utf-8")):
            found.setdefault(row, set()).add(path.name)
    return found


def test_every_row_has_a_test_or_a_reason() -> None:
    found = injected()
    assert set(found) <= set(ROWS), "a mark names a row that the catalogue has not"
    missing = [row for row in ROWS if row not in found and row not in WAITING]
    assert missing == []
    assert [row for row in WAITING if row in found] == []
