"""One account read alone is what it is among all: most answers about one are empty then, and are not worked out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from engine.core.decision.state import State
from engine.store import database
from engine.store import tables as t
from engine.store.state import load_state
from tests.store.ledgers import step

ON = date(2026, 11, 23)
FRAMES = (
    "accounts", "items", "marks", "barred", "touches", "pending", "repeats", "calls", "wishes", "off",
)  # fmt: skip


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = database.open(database_url)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_account_read_alone_is_what_it_is_among_all(engine: sa.Engine, seed: int) -> None:
    with database.writing(engine) as conn:
        for account in (f"A{number:02}" for number in range(30)):
            _live(conn, account, Random(f"{seed} {account}"))
    with database.reading(engine) as conn:
        every = _state(conn)
        names = every.accounts["account"].to_list()
        alone = {name: _state(conn, account=name) for name in names}
    filled = [name for name in FRAMES if getattr(every, name).height]
    assert filled == list(FRAMES), "each has something in it"
    for row, name in enumerate(names):
        for frame in FRAMES:
            among = getattr(every, frame).filter(row=row).with_columns(row=pl.lit(0, pl.UInt32()))
            found = getattr(alone[name], frame)
            assert found.schema == among.schema, (name, frame)
            assert found.sort(found.columns[:4]).equals(among.sort(among.columns[:4])), (name, frame)


def _state(conn: sa.Connection, account: str | None = None) -> State:
    moment = datetime(2026, 11, 23, 9, tzinfo=UTC)
    return load_state(conn, on=ON, moment=moment, currency="USD", account=account)


def _live(conn: sa.Connection, account: str, by: Random) -> None:
    """What has happened with an account: of each thing nothing, one or some."""

    def past() -> date:
        return ON - timedelta(days=by.randrange(90))

    def soon() -> date:
        return ON + timedelta(days=by.randrange(-20, 20))

    def some(most: int = 2) -> range:
        return range(by.choice((0, 0, 1, most)))

    def add(table: sa.Table, **values: Any) -> int:
        made = conn.execute(sa.insert(table).values(account=account, **values))
        return int(made.inserted_primary_key[0]) if "id" in table.c else 0  # type: ignore[index]

    items = [f"{account}-{number}" for number in range(by.randrange(1, 4))]
    for name in items:
        due = ON + timedelta(days=by.randrange(-80, 20))
        more: dict[str, Any] = {"currency": by.choice(("USD", "USD", "EUR", "JPY")), "kind": "invoice"}
        more |= {"rate": 1.25} if by.random() < 0.1 else {}
        open_ = by.choice((500_00, 20_00, 20_00, -30_00, 0))
        dated = due - timedelta(days=30)
        add(t.item, item=name, due=due, date=dated, amount=500_00, open=open_, first_file=1, last_file=1, **more)  # fmt: skip
    if by.random() < 0.7:
        add(t.customer, name=account.lower(), segment=by.choice(("Key", None)), tags="a\nb", own="{}")
    for number in range(1, by.choice((1, 2, 3))):
        ended = None if number == 2 else past()
        add(t.episode, number=number, started=ON - timedelta(days=100 - number), ended=ended, home="standard")
    for number in some(4):
        kind = by.choice(("email", "letter", "call", "hold", "task"))
        state = by.choice(("planned", "sent", "done", "declined", "awaiting approval", "no capacity"))
        taken = past() if state in ("sent", "done") else None
        named = step(account, by.choice(("a", "b", "c")), kind, by.choice((10, 30, -5)), state=state)
        named |= {"taken_on": taken, "tone": by.randrange(4), "respond_by": taken and soon(), "each": 0}
        named |= {
            "key": f"{account} {number}",
            "item": by.choice(items),
            "since": past(),
            "occurrence": number,
        }
        conn.execute(sa.insert(t.action).values(**named | {"episode": by.choice((1, 2))}))
    for name in items[: len(some(2))]:
        add(
            t.mark,
            episode=by.choice((1, 2)),
            item=name,
            policy="standard",
            step="a",
            event="",
            how="taken",
            on=past(),
        )
    for _ in some():
        at = {"on": past(), "at": "2026-11-01T09:00:00+00:00", "by": "me", "reached": by.choice((0, 1))}
        add(t.call, outcome=by.choice(("vague promise", "no answer")), **at)
        paid = {"file": 1, "paid_on": past(), "days_late": by.randrange(9), "presumed": 0}
        add(t.payment, amount=20_00, currency="USD", **paid)
    for _ in some():
        kept = {"state": by.choice(("open", "kept", "broken", "withdrawn")), "settled_on": past(), "by": "me"}
        given = {"made_on": past(), "made_at": "x", "pays_on": soon(), "breaks_on": soon()}
        number = add(t.promise, amount=20_00, currency="USD", **given, **kept)
        conn.execute(sa.insert(t.promise_item).values(promise=number, item=by.choice(items), open=1))
    for _ in some(1):
        state = by.choice(("kept", "broken", "ended"))
        number = add(t.plan, made_on=past(), until=soon(), state=state, ended_on=past(), by="me")
        conn.execute(sa.insert(t.plan_item).values(plan=number, item=by.choice(items)))
        add(
            t.promise, plan=number, number=1, amount=1, currency="USD", state="open", by="me",
            made_on=past(), made_at="x", pays_on=soon(), breaks_on=soon(),
        )  # fmt: skip
    for name in items[: len(some(2))]:
        closed = by.choice((None, ON, past()))
        why = by.choice(("customer", "us")) if closed else None
        add(
            t.dispute, item=name, reason="price", opened=past(), closed=closed, closed_for=why, opened_by="me"
        )
    for _ in some():
        held = {"from_day": past(), "until": by.choice((None, soon())), "because": "so", "by": "me"}
        add(t.pause, kinds=by.choice(("", "call")), **held)
        add(t.learned, field=by.choice(("insolvent", "attorney")), value=by.choice(("yes", "no")), **held)
        add(t.contact_rule, rule=by.choice(("no calls", "email only", "no contact")), **held)
        add(t.guard_override, guard="calls", **held | {"until": soon()})
        add(t.contact, role="accounts payable", name="Ann", email="a@b.example", email_ok=1, phone="1")
    for split in ("one", "two")[: len(some(2))]:
        add(t.assignment, split=split, side=by.choice("ab"), stratum="", episode=1, on=past())
    if account == "A00":
        conn.execute(sa.insert(t.rate).values(currency="EUR", on=past(), rate=1.1))
