"""What a run writes down, row by row: choice, decision, action with its trace, outbox, episode, journal."""

from __future__ import annotations

import hashlib
import shutil
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from engine.jobs import evaluate, records
from engine.jobs.intake import take_in
from engine.jobs.workspace import Workspace, open_workspace
from engine.start import start_set
from engine.store import bulk, database, journal
from engine.store import tables as t

ON = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
FILES = {
    "dunwell.toml": """\
[company]
name = "Fernhollow Supply Co."
address = ["400 Fernhollow Road", "Dayton, OH 45402"]
email = "accounts@fernhollow.example"
pay = ["Fernhollow Supply Co., account 000123456"]
disputes = "disputes@fernhollow.example"

[workspace]
zone = "America/New_York"

[people.mchen]
name = "M. Chen"
roles = ["credit manager"]
email = "m.chen@fernhollow.example"
""",
    "policies/house.yaml": """\
order: [single, ladder]
currency: USD
calendar: US
hours: weekdays 8:30-17:00
answer: 7 days
minimum: 10
gap: 5 days
late: latest
""",
    "policies/single.yaml": """\
policy: Single
for:
  segment: public
clock: due date
each: invoice
steps:
  - day: 3
    email: friendly-reminder
""",
    "policies/ladder.yaml": """\
policy: Ladder
clock: due date
steps:
  - day: 1
    email: friendly-reminder
  - day: 20
    call: collector
  - day: 40
    terms: cash on delivery
    email: cod-notice
    approve: credit manager
""",
    "customers.csv": """\
Customer No,Customer Name,Segment,Country,Language,Email,Time Zone
ACME,Acme,trade,US,en,ap@acme.example,America/Chicago
BOLT|1,Bolt,trade,US,en,,
CORE,Core,trade,US,en,ap@core.example,America/Chicago
DUSK,Dusk,trade,US,en,ap@dusk.example,America/Chicago
EAST,East,trade,US,en,ap@east.example,America/Chicago
FORT,Fort,public,US,en,ap@fort.example,
""",
    "ledger.csv": """\
Customer No,Customer Name,Document No,Document Date,Due Date,Original Amount,Open Balance,Currency,Disputed
ACME,Acme,101,2026-10-10,2026-11-13,500.00,500.00,USD,
ACME,Acme,102,2026-10-15,2026-11-16,300.00,120.00,USD,
ACME,Acme,103,2026-10-12,2026-11-14,80.00,80.00,USD,yes
ACME,Acme,104,2026-11-12,2026-12-12,900.00,900.00,USD,
BOLT|1,Bolt,201,2026-10-10,2026-11-10,250.00,250.00,USD,
CORE,Core,301,2026-09-20,2026-10-30,700.00,700.00,USD,
DUSK,Dusk,401,2026-11-01,2026-12-01,700.00,700.00,USD,
EAST,East,501,2026-09-01,2026-10-01,60.00,60.00,USD,
EAST,East,502,2026-10-20,2026-11-20,40.00,40.00,USD,
FORT,Fort,601,2026-10-10,2026-11-10,100.00,100.00,USD,
FORT,Fort,602,2026-10-10,2026-11-12,200.00,200.00,USD,
""",
}


@pytest.fixture
def ws(tmp_path: Path, database_url: str) -> Workspace:
    shutil.copytree(start_set() / "templates", tmp_path / "templates")
    for name, text in (
        FILES | {"dunwell.toml": f'{FILES["dunwell.toml"]}\n[database]\nurl = "{database_url}"\n'}
    ).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    ws = open_workspace(tmp_path)
    assert not ws.problems, ws.problems
    for name in ("customers.csv", "ledger.csv"):
        came = take_in(ws, tmp_path / name, now=NOW, by="test", as_of=ON, customers=name == "customers.csv")
        assert came.report is not None, came.problems
    return ws


def rows(ws: Workspace, query: sa.Select[Any]) -> list[tuple[Any, ...]]:
    engine = ws.database(read_only=True)
    with database.reading(engine) as conn:
        journal.verify(conn)
        found = [tuple(row) for row in conn.execute(query)]
    engine.dispose()
    return found


REMIND, STOP = "email friendly-reminder", "terms cash on delivery, email cod-notice"
AP = "accounts payable"
EAST_MARKS = [["501", REMIND], ["502", REMIND], ["501", "call collector"], ["501", STOP]]
EAST_ITEMS = [["501", 60_00], ["502", 40_00]]
# account, policy, step, item, each, kind, role, day, tone, state, reason, amount, respond_by, detail: in the journal's order
ACTIONS: list[tuple[Any, ...]] = [
    (
        "CORE", "ladder", "call collector", "301", 0, "call", "collector", 20, 0, "planned", None, 700_00, None,
        {"marks": [["301", REMIND], ["301", "call collector"]], "items": [["301", 700_00]]},
    ),
    (
        "ACME", "ladder", REMIND, "101", 0, "email", AP, 1, 1, "planned", None, 620_00, date(2026, 11, 30),
        {
            "marks": [["101", REMIND], ["102", REMIND]],
            "items": [["101", 500_00], ["102", 120_00]],
            "aside": [["103", 80_00, "disputed"]],
            "template": "friendly-reminder",
        },
    ),
    (
        "EAST", "ladder", STOP, "501", 0, "terms", "", 40, 0, "awaiting approval", "needs approval", 100_00, None,
        {
            **{"marks": EAST_MARKS, "items": EAST_ITEMS, "value": "cash on delivery"},
            **{"effective": ON.isoformat(), "approve": "credit manager"},
        },
    ),
    (
        "EAST", "ladder", STOP, "501", 0, "email", AP, 40, 3, "awaiting approval", "needs approval", 100_00,
        date(2026, 11, 30),
        {
            **{"marks": EAST_MARKS, "items": EAST_ITEMS, "template": "cod-notice", "approve": "credit manager"},
            **{"change": ["terms", "cash on delivery", ""], "effective": ON.isoformat()},
        },
    ),
    (
        "FORT", "single", REMIND, "602", 1, "email", AP, 3, 1, "planned", None, 200_00, date(2026, 11, 30),
        {"marks": [["602", REMIND]], "items": [["602", 200_00]], "template": "friendly-reminder"},
    ),
    (
        "FORT", "single", REMIND, "601", 1, "email", AP, 3, 1, "planned", None, 100_00, date(2026, 11, 30),
        {"marks": [["601", REMIND]], "items": [["601", 100_00]], "template": "friendly-reminder"},
    ),
    (
        "BOLT|1", "ladder", REMIND, "201", 0, "email", AP, 1, 1, "held address", "no address", 250_00,
        date(2026, 11, 30),
        {"marks": [["201", REMIND]], "items": [["201", 250_00]], "template": "friendly-reminder"},
    ),
]  # fmt: skip
KEYS = [
    "main|CORE|1|call collector|301|0|call|collector|",
    f"main|ACME|1|{REMIND}|101|0|email|{AP}|",
    f"main|EAST|1|{STOP}|501|0|terms||",
    f"main|EAST|1|{STOP}|501|0|email|{AP}|",
    f"main|FORT|1|{REMIND}|602|0|email|{AP}|",
    f"main|FORT|1|{REMIND}|601|0|email|{AP}|",
    f"main|BOLT%7C1|1|{REMIND}|201|0|email|{AP}|",
]
LINES = {"call collector": 6, REMIND: 4, STOP: 11}


def test_the_actions_of_a_run_with_all_that_is_kept_of_them(ws: Workspace) -> None:
    evaluate.run(ws, on=ON, now=NOW)
    a = t.action.c
    names = "account policy step item each kind role day tone state reason amount respond_by detail"
    columns = [a[name] for name in names.split()]
    found = {row[0]: row[1:] for row in rows(ws, sa.select(a.key, *columns))}
    assert {key: (*row[:-1], orjson.loads(row[-1])) for key, row in found.items()} == dict(
        zip(KEYS, ACTIONS, strict=True)
    )
    alike = (a.company, a.episode, a.occurrence, a.event, a.run, a.on, a.since, a.not_before, a.attempts)
    rest = (a.currency, a.person, a.taken_on, a.taken_at)
    assert rows(ws, sa.select(*alike, *rest).distinct()) == [
        ("main", 1, 0, None, 1, ON, ON, None, 0, "USD", None, None, None)
    ]
    assert rows(ws, sa.select(t.mark)) == []  # a message marks when it is sent, a call when it is logged


@pytest.mark.parametrize("part", [records.PART, 3, 1])
def test_the_journal_and_the_outbox_of_a_run_in_their_order(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    """However many actions are written at once."""
    monkeypatch.setattr(records, "PART", part)
    report = evaluate.run(ws, on=ON, now=NOW)
    assert (report.actions, report.by_kind, report.awaiting) == (7, {"call": 1, "email": 3}, 2)
    told = rows(
        ws, sa.select(t.journal.c.kind, t.journal.c.account, t.journal.c.body).order_by(t.journal.c.seq)
    )
    expected = [
        {
            "key": key, "policy": row[1], "step": row[2], "kind": row[5], "state": row[9], "amount": row[11],
            "currency": "USD",
            "line": "policies/single.yaml:7:5" if row[1] == "single" else f"policies/ladder.yaml:{LINES[row[2]]}:5",
        }
        for key, row in zip(KEYS, ACTIONS, strict=True)
    ]  # fmt: skip
    files = sa.select(t.ledger_file.c.sha256, t.ledger_file.c.imported_at)
    (file,) = rows(ws, files.where(t.ledger_file.c.kind == "ledger"))
    ledger = {"sha256": file[0], "as_of": "2026-11-23", "imported_at": file[1]}
    basis = {"run": 1, "time": 1, "on": "2026-11-23", "book": ws.live.hash, "ledger": ledger}
    *others, (kind, account, ended) = [
        (kind, account, orjson.loads(body)) for kind, account, body in told[-9:]
    ]
    (root,) = rows(ws, sa.select(t.journal_person.c.salt, t.journal_person.c.value))
    decided = "sha256:" + hashlib.sha256("\n".join(root).encode()).hexdigest()
    counts = {"actions": 4, "call": 1, "email": 3}
    assert (kind, account, ended) == ("run", "", {"run": 1, "time": 1, "counts": counts, "decided": decided})
    assert others == [
        ("basis", "", basis),
        *(("action", row[0], body) for row, body in zip(ACTIONS, expected, strict=True)),
    ]
    o = t.outbox.c
    central, eastern = "2026-11-23T14:30:00.000000+00:00", "2026-11-23T14:00:00.000000+00:00"  # 8:30, and now
    assert rows(ws, sa.select(o.action, o.channel, o.state, o.payload, o.not_before).order_by(o.id)) == [
        (KEYS[1], "email", "pending", "{}", central),
        (KEYS[4], "email", "pending", "{}", eastern),
        (KEYS[5], "email", "pending", "{}", eastern),
    ]


def test_a_run_that_plans_something_twice_writes_nothing(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In parts too: the second would pass for one that was there before."""
    placed = records.Writing.placed
    monkeypatch.setattr(records, "PART", 1)
    monkeypatch.setattr(records.Writing, "placed", lambda self: chain(placed(self), placed(self)))
    with pytest.raises(AssertionError, match="twice"):
        evaluate.run(ws, on=ON, now=NOW)
    assert rows(ws, sa.select(t.run)) == rows(ws, sa.select(t.action.c.key)) == []


def test_every_account_has_its_decision_and_every_episode_its_home(ws: Workspace) -> None:
    evaluate.run(ws, on=ON, now=NOW)
    c, d, e = t.class_choice.c, t.decision.c, t.episode.c
    joined = sa.select(d.account, d.item, c.policy, c.step, c.verdict, c.reason, c.gate).join_from(
        t.decision, t.class_choice, (d.run == c.run) & (d.time == c.time) & (d["class"] == c.number)
    )
    assert rows(ws, joined.order_by(d.account, d.item)) == [
        ("ACME", "", "ladder", REMIND, "go", "due", None),
        ("BOLT|1", "", "ladder", REMIND, "held", "no address", "address"),
        ("CORE", "", "ladder", "call collector", "go", "due", None),
        ("DUSK", "", "ladder", "", "nothing", "not overdue", None),
        ("EAST", "", "ladder", STOP, "ask", "needs approval", "approval"),
        ("FORT", "601", "single", REMIND, "go", "due", None),
        ("FORT", "602", "single", REMIND, "go", "due", None),
    ]
    assert rows(ws, sa.select(e.account, e.number, e.started, e.home).order_by(e.account)) == [
        ("ACME", 1, date(2026, 11, 14), "ladder"),
        ("BOLT|1", 1, date(2026, 11, 11), "ladder"),
        ("CORE", 1, date(2026, 10, 31), "ladder"),
        ("EAST", 1, date(2026, 10, 2), "ladder"),
        ("FORT", 1, date(2026, 11, 11), "single"),
    ]
    before = rows(ws, sa.select(t.action).order_by(t.action.c.key))
    again = evaluate.run(ws, on=ON, now=NOW)
    assert (again.actions, again.sentence) == (0, "Nothing new: today's run has been made already.")
    assert rows(ws, sa.select(t.action).order_by(t.action.c.key)) == before


def test_more_rows_than_one_statement_takes_are_all_there(database_url: str) -> None:
    engine = database.open(database_url)
    wanted = [(f"A{number:04}", "name") for number in range(1_203)]
    with database.writing(engine) as conn:
        bulk.insert(conn, t.customer, ("account", "name"), wanted)
        newer = [(account, "newer") for account, _ in wanted[:701]]
        bulk.upsert(
            conn, t.customer, ("account", "name"), newer, key=("company", "account"), update=("name",)
        )
    with database.reading(engine) as conn:
        query = sa.select(t.customer.c.account, t.customer.c.name).order_by(t.customer.c.account)
        assert [tuple(row) for row in conn.execute(query)] == [*newer, *wanted[701:]]
    engine.dispose()
    with database.writing(engine) as conn:
        others = [(f"B{number:04}",) for number in range(1_203)]
        bulk.insert(conn, t.customer, ("account",), others, {"name": "same", "credit_limit": 7})
    with database.reading(engine) as conn:
        query = sa.select(t.customer.c.account, t.customer.c.name, t.customer.c.credit_limit)
        found = conn.execute(query.where(t.customer.c.credit_limit.is_not(None)).order_by("account"))
        assert [tuple(row) for row in found] == [(*row, "same", 7) for row in others]
    engine.dispose()
    with pytest.raises(ValueError, match="2 values"), database.writing(engine) as conn:
        bulk.insert(conn, t.customer, ("account", "name"), [("B1", "name"), ("B2",)])
    engine.dispose()
