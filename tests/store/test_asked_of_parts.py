"""What is asked of part of a ledger looks at each row a few times, also on the day after all of it was new to PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from benchmarks.ledgers import filled, laid_out
from benchmarks.lines import NOW, ON
from engine.jobs import evaluate
from engine.store import database, view
from engine.store import tables as t
from engine.store.spans import Span
from engine.store.state import load_state

DAY = timedelta(days=1)


def _looked_at(node: dict[str, Any]) -> Iterator[float]:
    """The rows that each step of a plan has come to, or thrown away, all its turns together."""
    away = sum(rows for name, rows in node.items() if name.startswith("Rows Removed by"))
    yield (node["Actual Rows"] + away) * node["Actual Loops"]
    for below in node.get("Plans", ()):
        yield from _looked_at(below)


@pytest.mark.postgresql
def test_no_row_is_looked_at_for_each_of_the_others(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = laid_out(tmp_path / "house", postgres_url)
    engine = ws.database()
    filled(engine, 10_000, 4)
    assert evaluate.run(ws, on=ON, now=NOW).actions == 2_500
    most: dict[str, float] = {}
    asked = view._asked

    def explained(conn: view.View, sql: str, named: Any) -> Any:
        plan = asked(conn, f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", named).fetchone()[0]
        most[sql] = max(_looked_at(plan[0]["Plan"]))
        return asked(conn, sql, named)

    monkeypatch.setattr(view, "_asked", explained)
    with database.reading(engine) as conn:
        items = conn.execute(sa.select(sa.func.count()).select_from(t.item)).scalar_one()
        part = Span("C00000500", "C00009500")
        state = load_state(conn, on=ON + DAY, moment=NOW + DAY, currency="USD", own={}, span=part)
    engine.dispose()
    assert state.accounts.height == 9_000
    assert len(most) > 15
    assert {sql: rows for sql, rows in most.items() if rows > items} == {}
