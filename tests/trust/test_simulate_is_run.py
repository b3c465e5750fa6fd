"""A simulation of days that were really run, with everything done that it assumes, shows what the runs did."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from engine.core.trust.simulate.history import history
from engine.core.trust.simulate.replay import Replay
from engine.jobs.cases import Who, close_dispute, open_dispute
from engine.jobs.intake import take_in
from engine.jobs.simulate import Asked, play
from engine.jobs.workspace import Workspace
from engine.store import figures
from engine.store.kept import kept
from engine.store.state import load_state
from engine.store.tables import BY_HAND, action
from tests.decision.test_plan_is_run import MONDAY, moment, really
from tests.decision.test_plan_is_run import shop as shop
from tests.trust.test_simulate import ASKS_ALL, book

DAYS = 11
LAST = MONDAY + timedelta(days=DAYS - 1)


@pytest.mark.long
def test_a_simulation_is_what_the_runs_did(shop: Workspace, tmp_path: Path) -> None:
    """Every morning a ledger: some invoices are paid, some are new; one is disputed for some days."""
    with (tmp_path / "ledger.csv").open() as file:
        head, *lines = csv.reader(file)
    paid = {line[1]: MONDAY + timedelta(days=n % 11 + 1) for n, line in enumerate(lines) if n % 3}
    later = [_again(line, number) for number, line in enumerate(lines) if number % 4 == 1]
    engine = shop.database()
    open_dispute(engine, "C02", "02-0", "short shipment", Who("test", moment(MONDAY), MONDAY))
    for number in range(DAYS):
        on = MONDAY + timedelta(days=number)
        if number:
            there = [
                line for line in (*lines, *later) if paid.get(line[1], date.max) > on and line[2] <= str(on)
            ]
            _take(shop, tmp_path / f"ledger-{on}.csv", [head, *there], on)
        if number == 4:
            close_dispute(engine, "C02", "02-0", Who("test", moment(on), on), closed_for="customer")
        really(shop, on)
    with engine.connect() as conn:
        query = sa.select(action.c.taken_on, action.c.account, action.c.policy, action.c.step)
        rows = conn.execute(query.where(action.c.taken_on.is_not(None), action.c.policy != BY_HAND))
        done = {f"{on} {account} {policy}: {step}" for on, account, policy, step in rows}
    played = play(shop, Asked(last=LAST), now=moment(LAST))
    found, names = played.simulation.runs[0].outcome, played.accounts["account"]
    steps = found.contacts.select("on", "row", "policy", "step").iter_rows()
    assert {f"{on} {names[row]} {policy}: {step}" for on, row, policy, step in steps} ^ done == set()
    assert len(done) > 50
    assert found.spared
    _as_the_store_has_it(shop, engine)
    engine.dispose()


def _as_the_store_has_it(ws: Workspace, engine: sa.Engine) -> None:
    """What the ledger lets one know of accounts and items on the last morning is what a run reads."""
    with engine.connect() as conn:
        read = load_state(conn, on=LAST, moment=moment(LAST), currency="USD", own=ws.own_columns)
        past = history(figures.records(conn), kept(conn, LAST, ws.own_columns), "USD")
    assert past is not None
    replay = Replay(past, book(ASKS_ALL))
    state = replay.start()
    for number in range(DAYS):
        state = replay.overnight(state, MONDAY + timedelta(days=number))
    names = (
        "account",
        "terms",
        "dbt",
        "last_payment",
        "claims",
        "dispute_closed",
        "first_time",
        "addresses",
        "segment",
    )
    there = read.accounts.select(names).sort("account")
    assert there.height > 15
    assert (
        state.accounts.select(names).filter(pl.col("account").is_in(there["account"].implode())).equals(there)
    )
    items = (
        "item",
        "kind",
        "date",
        "due",
        "amount",
        "open",
        "currency",
        "rate",
        "aside",
        "aside_since",
        "days_off",
    )
    assert state.items.select(items).sort("item").equals(read.items.select(items).sort("item"))


def _again(line: list[str], number: int) -> list[str]:
    """Another invoice of the same customer, some days after the first morning."""
    dated = MONDAY + timedelta(days=number % 5 + 1)
    return [line[0], f"{line[1]}-again", str(dated), str(dated + timedelta(days=2)), *line[4:]]


def _take(ws: Workspace, file: Path, rows: list[list[str]], on: date) -> None:
    with file.open("w", newline="") as text:
        csv.writer(text).writerows(rows)
    taken = take_in(ws, file, now=moment(on, 12), by="test", as_of=on)
    assert taken.report, [str(problem.sentence) for problem in taken.problems]
