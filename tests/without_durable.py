"""A pytest plugin that makes durable-rules impossible to import: `pytest -p tests.without_durable`.

The plain evaluator then decides alone, as it does on a machine where durable-rules cannot be built.
"""

from __future__ import annotations

import sys

# None in sys.modules is Python's own way of saying that a module cannot be imported.
sys.modules["durable_rules_engine"] = None  # type: ignore[assignment]
