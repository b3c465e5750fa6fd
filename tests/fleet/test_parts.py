"""A run in parts is the run that one process makes: row for row, and so again on the days that follow."""

from __future__ import annotations

from typing import Any

import orjson
import sqlalchemy as sa

from engine.store import journal
from engine.store import tables as t
from tests.fleet.conftest import Much, Parts
from tests.jobs.world import House


def _written(house: House) -> dict[str, list[Any]]:
    """All that the runs have written, without the numbers that only the order of writing gives."""
    where = sa.and_(
        t.decision.c.run == t.class_choice.c.run,
        t.decision.c.time == t.class_choice.c.time,
        t.decision.c["class"] == t.class_choice.c.number,
    )
    choice = [
        t.class_choice.c[name]
        for name in ("policy", "step", "verdict", "reason", "gate", "place", "signature")
    ]
    said = sa.select(
        t.decision.c.account, t.decision.c.item, t.run.c.business_date, t.decision.c.time, *choice
    )
    queries = {
        "decisions": said.join(t.class_choice, where).join(t.run, t.run.c.id == t.decision.c.run),
        "actions": sa.select(*(column for column in t.action.c if column.name != "run")),
        "queue": sa.select(t.outbox.c.action, t.outbox.c.channel, t.outbox.c.state, t.outbox.c.not_before),
        "episodes": sa.select(t.episode),
        "marks": sa.select(t.mark),
        "journal": sa.select(t.journal.c.kind, t.journal.c.account, t.journal.c.body).where(
            t.journal.c.kind.not_in(("run", "basis"))
        ),
        "runs": sa.select(t.run.c.business_date, t.run.c.state, t.run.c.times, t.run.c.counts),
    }
    found: dict[str, list[Any]] = {
        name: [tuple(row) for row in house.rows(query)] for name, query in queries.items()
    }
    found["runs"] = [(*row[:-1], sorted(orjson.loads(row[-1]).items())) for row in found["runs"]]
    return {name: sorted(rows, key=repr) for name, rows in found.items()}


def _queue(house: House) -> list[str]:
    return [key for (key,) in house.rows(sa.select(t.outbox.c.action).order_by(t.outbox.c.id))]


def test_parts_give_what_one_process_gives(two: tuple[Much, Parts]) -> None:
    one, parts = two
    for number, on in enumerate(("2026-11-02", "2026-11-03", "2026-11-05")):
        whole, made = one.run(on), parts.run(on, seed=number)
        assert (made.actions, made.by_kind, made.already, made.awaiting, made.stopped) == (
            whole.actions, whole.by_kind, whole.already, whole.awaiting, whole.stopped,
        )  # fmt: skip
        assert number or whole.actions
        here, there = _written(one), _written(parts.house)
        for name, rows in here.items():
            assert there[name] == rows, name
        assert _queue(parts.house) == _queue(one)
    assert parts.ask(journal.verify) > 0
