"""Every practice of good collection has a test that shows it at work: a verb is driven, and what the next person sees is read.

`python -m tests.cases.test_practices` prints which test shows which.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
PRACTICES = range(1, 77)

# Practices that wait, with the reason. One goes as soon as its test comes: both at once are refused.
WAITING: dict[int, str] = {}


def _marks(source: str) -> Iterator[tuple[int, str]]:
    """(practice, test) for each `pytest.mark.practice(N)` on a test, a parameter or a module."""
    for outer in ast.walk(ast.parse(source)):
        name = outer.name if isinstance(outer, ast.FunctionDef) else ""
        for node in ast.walk(outer) if name else ():
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.practice":
                for argument in node.args:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, int):
                        yield argument.value, name


def shown() -> dict[int, list[str]]:
    """Practice to the tests that show it."""
    found: dict[int, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for practice, name in _marks(path.read_text("utf-8")):
            found.setdefault(practice, []).append(f"{path.relative_to(TESTS)}::{name}")
    return found


def test_every_practice_has_a_test_or_a_reason() -> None:
    found = shown()
    assert set(found) <= set(PRACTICES), "a mark names a practice that there is not"
    assert [number for number in PRACTICES if number not in found and number not in WAITING] == []
    assert [number for number in WAITING if number in found] == []


if __name__ == "__main__":
    for number, tests in sorted(shown().items()):
        sys.stdout.write(f"{number:3}  {', '.join(tests)}\n")
