"""A pytest plugin that makes durable-rules impossible to import: `pytest -p tests.without_durable`.

The plain evaluator then decides alone, as it does on a machine where durable-rules cannot be built.
"""

from __future__ import annotations

import sys

import pytest

# None in sys.modules is Python's own way of saying that a module cannot be imported.
sys.modules["durable_rules_engine"] = None  # type: ignore[assignment]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says who decided."""
    from engine.core import rules  # only now: its import looks for durable-rules

    names = [each.name for each in rules.evaluators({"any": []})]
    alone = names == ["plain"]
    terminalreporter.write_line(
        "durable-rules could not be imported: the plain evaluator decided alone."
        if alone
        else f"Decided by {names}."
    )
