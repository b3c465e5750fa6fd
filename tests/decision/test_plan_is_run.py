"""A preview comes true: when everything that it assumes is really done, each day of it is the run of that day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.core.decision.plan import NOTHING_PAID
from engine.jobs.ahead import preview
from engine.jobs.cases import Who, approve, log_call, open_dispute
from engine.jobs.deliver import deliver_now
from engine.jobs.evaluate import run
from engine.jobs.intake import take_in
from engine.jobs.workspace import Workspace, open_workspace
from engine.start import lay_out
from engine.store.tables import action

MONDAY = date(2026, 11, 23)  # Thursday is Thanksgiving
DAYS = 12
HOUSE = """
order: [large, each, ladder]
currency: USD
calendar: US
minimum: 50
gap: 2 days
answer: 2 days
contact: at most 3 in 7 days
capacity: {calls: 6}
"""
LARGE = """
policy: Large
for:
  overdue: over 5,000
clock: due date
late: latest
steps:
  - day: 5
    call: supervisor
  - day: 10
    email: firm-reminder
    approve: credit manager
  - day: 12
    terms: cash on delivery
    email: cod-notice
"""
EACH = """
policy: One by one
for:
  segment: key
clock: invoice date
each: invoice
steps:
  - day: 30
    call: account owner
  - day: 33
    email: firm-reminder
"""
LADDER = """
policy: Ladder
clock: due date
steps:
  - day: -3
    email: friendly-statement
  - day: 1
    call: collector
  - day: 4
    email: firm-reminder
    repeat: every 5 days, at most 2
  - day: 8
    task: credit manager, look at it
  - day: 9
    call: supervisor
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Thirty customers with one to three invoices each, due around Monday."""
    folder = tmp_path / "shop"
    lay_out(folder, MONDAY, sample=False)
    for file in [
        *folder.glob("policies/*.yaml"),
        *folder.glob("policies/tests/*"),
        *folder.glob("templates/*.??.md"),
    ]:
        if file.name != "outcomes.yaml":
            file.unlink()
    for name, text in {"house": HOUSE, "large": LARGE, "each": EACH, "ladder": LADDER}.items():
        (folder / "policies" / f"{name}.yaml").write_text(text)
    settings = (folder / "dunwell.toml").read_text()
    settings = settings.replace('profile = "ledger" ', '# profile = "ledger" ')
    (folder / "dunwell.toml").write_text(settings.replace("customers_profile", "# customers_profile"))
    customers = ["Customer No,Customer Name,Segment,Contact,Contact Role,Email,Phone"]
    lines = ["Customer No,Document No,Invoice Date,Due Date,Amount,Open Amount,Currency"]
    for number in range(30):
        segment, email = (
            "key" if number % 7 == 3 else "trade",
            "" if number % 11 == 5 else f"a{number}@shop.example",
        )
        customers.append(
            f"C{number:02},Customer {number},{segment},Kim Lee,accounts payable,{email},+1 202 555 0100"
        )
        for item in range(number % 3 + 1):
            due = MONDAY + timedelta(days=(number * 5 + item * 4) % 23 - 14)
            amount = 40 if number == 9 else 300 + 100 * number if number % 4 else 2600 + number
            lines.append(
                f"C{number:02},{number:02}-{item},{due - timedelta(days=30)},{due},{amount}.00,{amount}.00,USD"
            )
    (tmp_path / "customers.csv").write_text("\n".join(customers) + "\n")
    (tmp_path / "ledger.csv").write_text("\n".join(lines) + "\n")
    ws = open_workspace(folder)
    now = moment(MONDAY)
    for file, master in (("customers.csv", True), ("ledger.csv", False)):
        taken = take_in(ws, tmp_path / file, now=now, by="test", as_of=MONDAY, customers=master)
        assert taken.report, [str(problem.sentence) for problem in taken.problems]
    return ws


def moment(on: date, hour: int = 16) -> datetime:
    return datetime.combine(on, time(hour), UTC)


def really(ws: Workspace, on: date) -> tuple[int, int]:
    """Run the day, agree to what asks, make the calls, send the messages; then run it again. What each run added."""
    who = Who("test", moment(on), on)
    engine = ws.database()
    first = run(ws, on=on, now=moment(on)).actions
    twice = run(ws, on=on, now=moment(on)).actions
    for account in waiting(engine, "awaiting approval"):
        approve(engine, account, who)
    run(ws, on=on, now=moment(on))
    deliver_now(ws, now=moment(on))
    with engine.connect() as conn:
        calls = conn.execute(
            sa.select(action.c.account, action.c.key).where(
                action.c.kind == "call", action.c.state == "planned"
            )
        ).all()
    for account, key in calls:
        log_call(engine, account, "refused", who, ws.calendar, key=key)
    again = run(ws, on=on, now=moment(on)).actions
    engine.dispose()
    assert again == 0, "the third run of a day must find nothing new"
    return first, twice


def waiting(engine: sa.Engine, state: str) -> list[str]:
    with engine.connect() as conn:
        found = conn.execute(sa.select(action.c.account).where(action.c.state == state).distinct())
        return [account for (account,) in found]


@pytest.mark.fault(79)
@pytest.mark.long
def test_each_day_of_a_preview_is_the_run_of_that_day(shop: Workspace) -> None:
    engine = shop.database()
    open_dispute(engine, "C02", "02-0", "short shipment", Who("test", moment(MONDAY), MONDAY))
    seen = preview(shop, start=MONDAY, days=DAYS, now=moment(MONDAY), assumes=NOTHING_PAID)
    planned = {(each.on, each.account, each.step, each.kind.value) for each in seen.actions}
    for number in range(DAYS):
        first, twice = really(shop, MONDAY + timedelta(days=number))
        assert twice == 0, "the second run of a day must find nothing new"
        assert first >= 0
    with engine.connect() as conn:
        rows = conn.execute(
            sa.select(action.c.taken_on, action.c.account, action.c.step, action.c.kind).where(
                action.c.taken_on.is_not(None)
            )
        ).all()
    engine.dispose()
    done = {(row.taken_on, row.account, row.step, row.kind) for row in rows}
    assert {each.on for each in seen.actions if each.on.day == 26} == set()
    assert len(planned) > 60
    assert {step for _, _, step, _ in planned} >= {
        step.name for policy in shop.live.policies for step in policy.steps
    }
    assert by_day(done) == by_day(planned)


def by_day(steps: set[tuple[date, str, str, str]]) -> list[str]:
    return sorted(f"{on} {account} {step} ({kind})" for on, account, step, kind in steps)
