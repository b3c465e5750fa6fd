"""How fast messages leave through the outbox, against bare aiosmtplib with the same bytes and the same server.

`python -m benchmarks.delivery [--messages N] [--connections N]` sends the same finished messages three times over:
by aiosmtplib alone, and through the outbox on SQLite and, where a server is installed, on PostgreSQL. The mail
server is a process of its own that writes every message down before it answers. Through the outbox each message is
claimed, its last step is written down before its first byte, its result, its mark and its line in the journal
after the answer: all of it on the disk, with `synchronous=FULL`. Rounds take turns, so that both meet the same
machine. Four connections are what Dunwell opens to a mail server, and milliseconds before an answer what a relay
in the house takes; `--connections 16 --wait 0 --dot 0` is the worst case, where only our own work counts.
`--finished N` also measures a claim with N finished messages in the outbox. The last line is JSON; the
figure is `vs_aiosmtplib`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import aiosmtplib
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from benchmarks.postbox import Manners, accepted, postbox
from engine.channels.email import Mailer, Server, Tls
from engine.channels.mail import Mail, compose
from engine.outbox import Delivery, Result, Row, Verdict, deliver
from engine.store import bulk, database, journal, marks, sending
from engine.store import outbox as store
from engine.store.journal import Entry
from engine.store.owner import owner
from engine.store.tables import action, outbox

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
DAY = date(2026, 11, 23)
TEXT = "Dear customer,\n\n" + "According to our records the invoices below are past due.\n" * 12


def mails(count: int) -> list[Mail]:
    """Reminders of the usual size: two texts, about 3 KB."""
    found = []
    for number in range(count):
        made = compose(
            _key(number),
            sender="accounts@seller.example.com",
            to=[f"ap@c{number}.example.com"],
            subject=f"Statement of C{number}",
            text=TEXT,
            html="".join(f"<p>{line}</p>" for line in TEXT.splitlines()),
            at=NOW,
        )
        assert isinstance(made, Mail)
        found.append(made)
    return found


def _key(number: int) -> str:
    return f"main/C{number}/1/standard/firm-reminder/C{number}-1/0/email/ap"


# -- bare ------------------------------------------------------------------------------------------------------------


async def bare(port: int, made: Sequence[Mail], connections: int) -> float:
    """Messages a second by aiosmtplib alone, each connection kept open."""
    line = iter(made)
    begun = time.perf_counter()

    async def work() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
            for mail in line:
                await client.sendmail(mail.sender, list(mail.recipients), mail.raw)

    await asyncio.gather(*(work() for _ in range(connections)))
    return len(made) / (time.perf_counter() - begun)


# -- through the outbox ----------------------------------------------------------------------------------------------


def plan(engine: Engine, count: int, state: str = "pending", first: int = 0) -> None:
    """Actions with their messages, as a run writes them."""
    keys = [_key(number) for number in range(first, first + count)]
    told = "sent" if state == "sent" else "planned"
    actions = []
    for number, key in enumerate(keys, first):
        name, detail = f"C{number}", json.dumps({"marks": [[f"C{number}-1", "firm-reminder"]]})
        why = ("standard", "firm-reminder", f"{name}-1", 0, "email", 45)
        actions.append((key, name, 1, *why, told, DAY, DAY, 120_000, "USD", detail))
    names = ("key", "account", "episode", "policy", "step", "item", "occurrence", "kind", "day")
    names += ("state", "on", "since", "amount", "currency", "detail")
    with database.writing(engine) as conn:
        bulk.insert(conn, action, names, actions)
        bulk.insert(
            conn, outbox, ("action", "channel", "state", "payload"), [(k, "email", state, "{}") for k in keys]
        )


async def through_outbox(engine: Engine, port: int, made: Sequence[Mail], connections: int) -> float:
    """Messages a second when each is claimed, followed and written down."""
    ready = {mail.key: mail for mail in made}
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(32))
    server = Server("127.0.0.1", port, Tls.NONE, allow_insecure=True, connections=connections)

    def settled(conn: Connection, told: Sequence[tuple[Row, Result]], at: datetime) -> None:
        entries = [
            Entry("delivery", row.account, {"key": row.key, "state": result.state, "said": result.sentence})
            for row, result in told
        ]
        journal.append(conn, entries, at)

    def decided(conn: Connection, rows: Sequence[Row]) -> dict[str, Verdict]:
        return {row.key: Verdict(True) for row in rows}

    with owner(engine) as name:
        begun = time.perf_counter()
        async with Mailer(server) as mailer:
            done = await deliver(
                Delivery(
                    engine=engine,
                    senders={"email": mailer},
                    owner=name,
                    now=lambda: NOW,
                    decide_again=lambda conn, row: Verdict(True),
                    decide_all=decided,
                    make=lambda row, verdict: ready[row.key],
                    taken=marks.take,
                    taken_all=marks.take_all,
                    settled_all=settled,
                    at_once=connections * 4,
                )
            )
        seconds = time.perf_counter() - begun
    assert done.count("sent") == len(made), done.results[:3]
    return len(made) / seconds


# -- a claim among finished messages ---------------------------------------------------------------------------------


def claims(engine: Engine, count: int = 2_000, most: int = 100) -> float:
    """Messages claimed a second, in batches, each batch committed; they are given back afterwards."""
    begun, taken = time.perf_counter(), 0
    while taken < count:
        with database.writing(engine) as conn:
            rows = store.due(conn, ["email"], NOW, most)
            taken += len(sending.claim_all(conn, rows, "claimer", NOW))
    rate = taken / (time.perf_counter() - begun)
    with database.writing(engine) as conn:
        conn.execute(sa.update(outbox).where(outbox.c.state == "sending").values(state="pending", attempt=0))
        conn.execute(sa.update(action).where(action.c.state == "sending").values(state="planned"))
    return rate


def finish(engine: Engine, count: int, first: int) -> None:
    """So many messages that were sent long ago, made in the database itself."""
    key = "'main/C' || i || '/1/standard/firm-reminder/C' || i || '-1/0/email/ap'"
    series = f"WITH RECURSIVE n (i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {first + count - 1})"
    names = ("key", "account", "episode", "policy", "step", "item", "occurrence", "kind", "day")
    names += ("state", "on", "since", "amount", "currency", "detail")
    day = f"CAST('{DAY}' AS DATE)" if engine.dialect.name == "postgresql" else f"'{DAY}'"
    values = (key, "'C' || i", "1", "'standard'", "'firm-reminder'", "'C' || i || '-1'", "0", "'email'", "45")
    values += ("'sent'", day, day, "120000", "'USD'", "'{}'")
    quoted = ", ".join(f'"{name}"' for name in names)
    with database.writing(engine) as conn:
        conn.exec_driver_sql(f"INSERT INTO action ({quoted}) {series} SELECT {', '.join(values)} FROM n")
        conn.exec_driver_sql(
            f"INSERT INTO outbox (action, channel, state, payload) {series} SELECT {key}, 'email', 'sent', '{{}}' FROM n"
        )


def flat(empty: Engine, engine: Engine, finished: Sequence[int]) -> Iterator[tuple[int, float, float]]:
    """The rates of claims with so many finished messages in the outbox, and beside them with none.

    Five of each in turn, so that both meet the same machine: the middle ones.
    """
    plan(empty, 4_000)
    plan(engine, 4_000)
    there = 0
    for count in finished:
        while there < count:
            more = min(500_000, count - there)
            finish(engine, more, 1_000_000_000 + there)
            there += more
        plan(engine, 1_000, first=2_000_000_000 + count)  # among them are the newest
        if engine.dialect.name == "postgresql":
            for one in (empty, engine):
                with one.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
                    conn.exec_driver_sql("VACUUM ANALYZE")
        rates = [(claims(empty), claims(engine)) for _ in range(5)]
        yield count, statistics.median(few for few, _ in rates), statistics.median(many for _, many in rates)


# -- the whole -------------------------------------------------------------------------------------------------------


@contextmanager
def databases(folder: Path, kinds: Sequence[str]) -> Iterator[dict[str, Any]]:
    """For each kind a function that gives a new database."""
    with ExitStack() as stack:
        found: dict[str, Any] = {}
        if "sqlite" in kinds:
            found["sqlite"] = lambda name: database.open(folder / f"{name}.db")
        if "postgresql" in kinds:
            from benchmarks.postgres import server

            address = stack.enter_context(server())
            if address is not None:
                found["postgresql"] = lambda name: database.open(address(name))
            else:
                print("no PostgreSQL server is installed: SQLite only")
        yield found


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    told.add_argument("--messages", type=int, default=1_000)
    told.add_argument("--connections", type=int, default=4)
    told.add_argument("--rounds", type=int, default=3)
    told.add_argument("--wait", type=float, default=2.0, help="milliseconds before each answer of the server")
    told.add_argument("--dot", type=float, default=10.0, help="milliseconds before its answer to the dot")
    told.add_argument("--finished", type=int, default=0)
    told.add_argument("--database", action="append", choices=["sqlite", "postgresql"])
    asked = told.parse_args()
    kinds = asked.database or ["sqlite", "postgresql"]
    made = mails(asked.messages)
    report: dict[str, Any] = {"messages": asked.messages, "connections": asked.connections}
    with tempfile.TemporaryDirectory(prefix="dunwell-delivery-") as name:
        folder = Path(name)
        with databases(folder, kinds) as opening:
            rates: dict[str, list[float]] = {"aiosmtplib": [], **{kind: [] for kind in opening}}
            used: dict[str, list[float]] = {way: [] for way in rates}
            for round_ in range(asked.rounds):
                for way in rates:
                    log = folder / f"{way}{round_}.log"
                    with postbox(log, Manners(wait=asked.wait, dot=asked.dot)) as port:
                        cpu = _cpu()
                        if way == "aiosmtplib":
                            rate = asyncio.run(bare(port, made, asked.connections))
                        else:
                            engine = opening[way](f"d{round_}")
                            plan(engine, asked.messages)
                            cpu = _cpu()
                            rate = asyncio.run(through_outbox(engine, port, made, asked.connections))
                            engine.dispose()
                        used[way].append((_cpu() - cpu) / asked.messages * 1000)
                    taken = accepted(log)
                    assert len(taken) == len(set(taken)) == asked.messages, "not each exactly once"
                    rates[way].append(rate)
            print(
                f"{asked.messages:,} messages, {asked.connections} connections, the server answers after"
                f" {asked.wait:g} ms, to the dot after {asked.dot:g} ms; {asked.rounds} rounds in turn\n"
            )
            print("| way | messages/s | CPU ms a message | of aiosmtplib |\n|---|---|---|---|")
            base = statistics.median(rates["aiosmtplib"])
            for way, found in rates.items():
                middle = statistics.median(found)
                print(f"| {way} | {middle:,.0f} | {statistics.median(used[way]):.2f} | {middle / base:.2f} |")
                report[way] = round(middle)
            report["vs_aiosmtplib"] = round(statistics.median(rates[next(iter(opening))]) / base, 3)
            for kind in list(opening)[1:]:
                report[f"vs_aiosmtplib_{kind}"] = round(statistics.median(rates[kind]) / base, 3)
            if asked.finished:
                sizes = [*(size for size in (1_000_000,) if size < asked.finished), asked.finished]
                print("\n| claims/s | messages finished | with none | with these |\n|---|---|---|---|")
                for kind, opened in opening.items():
                    empty, full = opened("empty"), opened("full")
                    report[f"claims_{kind}"] = []
                    for size, none, these in flat(empty, full, sizes):
                        print(f"| {kind} | {size:,} | {none:,.0f} | {these:,.0f} |", flush=True)
                        report[f"claims_{kind}"].append([size, round(none), round(these)])
                    empty.dispose()
                    full.dispose()
    print(json.dumps(report))
    return 0


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    raise SystemExit(main())
