"""How long the desk's pages take on a large ledger.

`python -m benchmarks.pages [--accounts N] [--folder DIR] [--runs N]` lays out the start set with N customers, takes in a
ledger of some 1.6 invoices each, makes the day's run with room for all of it, and asks every page again and again over a
connection to a real server in this process, as one browser would. Printed are the milliseconds of the middle and of the
slowest twentieth of each; the last line is JSON. With `--folder` the house is kept and found again.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
import uvicorn

from benchmarks.diff import NOW, ON, _lay_out, _place
from engine import settings
from engine.daemon.address import listen
from engine.jobs import evaluate, tokens
from engine.jobs.cases import Who
from engine.jobs.people import entry, first
from engine.jobs.people.entry import From
from engine.jobs.workspace import open_workspace
from engine.store import database, people
from engine.store.people import Worker
from engine.store.tables import action, outbox
from engine.web.__main__ import configured
from engine.web.app import made
from engine.web.desk import Desk
from engine.web.pages import between


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--accounts", type=int, default=100_000)
    words.add_argument("--folder", type=Path)
    words.add_argument("--runs", type=int, default=30)
    told = words.parse_args()
    os.environ[f"{settings.PREFIX}WEB__RATE"] = "100000"
    with _place(told.folder) as place:
        house = place / f"pages-{told.accounts}"
        if not (house / "dunwell.db").exists():
            _lay_out(house, place / f"pages-old-{told.accounts}", told.accounts)
            ws = open_workspace(house)
            report = evaluate.run(ws, on=ON, now=NOW, agreed="benchmark")
            print(f"{report.actions:,} actions decided")
        files, problems = settings.load(house, house)
        assert files is not None, problems
        engine = database.open(files.database_url)
        first.opened(engine, files, NOW)
        someone = everything(engine)
        token = entry.let_in(engine, someone, "link", NOW, From()).token
        admin = Who(someone, NOW, ON, roles=frozenset(("admin",)))
        program = tokens.make(engine, files, f"bench-{time.time_ns()}", ["read", "status"], "", admin)
        desk = Desk(house, engine, lambda: NOW + timedelta(minutes=1))
        with served(desk, files) as port:
            worst = _asked(port, token, program, pages(engine, desk), told.runs)
    print(json.dumps({"accounts": told.accounts, "runs": told.runs, "worst_p95_ms": round(worst, 1)}))


def everything(engine: sa.Engine) -> str:
    """Somebody who may see every page."""
    who = Worker("everything", "Every Thing", ("collector", "credit manager", "admin"))
    with database.writing(engine) as conn:
        if people.worker(conn, who.id) is None:
            people.keep(conn, who, "benchmark", NOW, new=True)
    return who.id


def pages(engine: sa.Engine, desk: Desk) -> list[str]:
    """Every page, with something on it. What is worked out beside the pages is asked for by its page, not waited for."""
    with database.reading(engine) as conn:
        call = conn.execute(sa.select(action.c.account).where(action.c.kind == "call").limit(1)).scalar_one()
        message = conn.execute(sa.select(outbox.c.action).limit(1)).scalar_one()
    book = desk.workspace.book
    assert book is not None
    policy, house = book.policies[0].id, "policies/house.yaml"
    return [
        *("/today", "/today?whose=all", "/week", "/week?day=all&kind=call", "/week?held=no+capacity+today"),
        *(f"/call/{call}", f"/call/{call}?outcome=hung+up", f"/account/{call}"),
        *(f"/{page}/{call}" for page, _ in between.PAGES),
        *("/accounts", "/accounts?find=customer+77", "/accounts?find=I000077-0"),
        *("/outbox", "/outbox?with=customer+77", f"/message/{quote(message, safe='')}", "/journal"),
        *(f"/words/{quote(message, safe='')}", f"/journal?account={call}", "/me", "/sign-in"),
        *(
            "/policies",
            f"/policies/of/{policy}",
            f"/policies/file/{house}",
            "/policies/change",
            "/policies/new",
        ),
        *("/policies/tests", "/policies/deep", "/policies/impact", "/policies/simulate", "/policies/compare"),
        *("/messages", "/messages/message/firm-reminder", "/figures", "/people", "/tokens"),
        *("/people/everything", f"/pause/{call}"),
        *(
            f"/set-up{part}"
            for part in ("", "/company", "/mail", "/calendar", "/ledger", "/policies", "/week")
        ),
        *(
            f"/api/v1/{path}"
            for path in ("status", "freshness", "worklist", "runs", "outbox", "journal", "actions")
        ),
        *(f"/api/v1/{path}/{call}" for path in ("account", "history", "decisions")),
        *(f"/api/v1/actions?account={call}", "/api/v1/accounts", "/api/v1/accounts?find=customer+77"),
    ]


@contextmanager
def served(desk: Desk, files: settings.Workspace) -> Iterator[int]:
    at = listen("127.0.0.1:0", "the desk", "[web]")
    server = uvicorn.Server(configured(made(desk, files.settings.web)))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [at]}, daemon=True)
    thread.start()
    try:
        yield at.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        at.close()


def _asked(port: int, token: str, program: str, pages: list[str], runs: int) -> float:
    """The slowest page's slowest twentieth, in milliseconds."""
    line = HTTPConnection("127.0.0.1", port, timeout=120)

    def get(path: str) -> tuple[float, str]:
        begun = time.perf_counter()
        headers = (
            {"Authorization": f"Bearer {program}"}
            if path.startswith("/api/v1/")
            else {"Cookie": f"dunwell={token}"}
        )
        line.request("GET", path, headers=headers)
        answer = line.getresponse()
        text = answer.read().decode()
        assert answer.status in (200, 303), (path, answer.status)
        return 1000 * (time.perf_counter() - begun), text

    while "being worked out" in get("/week")[1]:  # once for all that look
        time.sleep(0.2)
    worst = 0.0
    print(f"{'page':40}{'p50 ms':>9}{'p95 ms':>9}{'KB':>7}")
    for path in pages:
        size = len(get(path)[1]) / 1024
        taken = sorted(get(path)[0] for _ in range(runs))
        slow = taken[max(round(len(taken) * 0.95) - 1, 0)]
        worst = max(worst, slow)
        print(f"{path[:39]:40}{statistics.median(taken):>9.1f}{slow:>9.1f}{size:>7.0f}")
    line.close()
    return worst


if __name__ == "__main__":
    main()
