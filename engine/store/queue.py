"""The line of jobs for workers on one machine or many: Procrastinate, in a schema of its own of the same database.

Each company has its own line, as it has its own tables.

A job is put in line in the transaction of what it is about: both are there, or neither is.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.errors import Refused
from engine.store import database, shared
from engine.store.database import reading, writing
from engine.store.tables import COMPANY

LINE = "dunwell"  # the name of the queue
PART, SEAL, DELIVER = "part", "seal", "deliver"  # what there is to do
_FIRST = {SEAL: 2, PART: 1}  # before messages, of which there are always some

BEAT = 5.0  # seconds between two signs of life of a worker
DEAD = 15.0  # seconds without one, after which its job is given to another
_LOOK = 30.0  # seconds: who has been heard of for so long counts as there


def schema(of: Engine | Connection) -> str:
    """The schema in which the line of the company is."""
    return schema_of(database.company(of))


def schema_of(company: str) -> str:
    return "procrastinate" if company == COMPANY else f"{company}_procrastinate"


def needs_postgres(url: str) -> None:
    """Refused where the database is a file: it has one machine, and one writer."""
    if url.startswith("sqlite"):
        raise Refused(
            "SQLite is for one machine and one process that works, so there is nothing for more workers to share",
            "let the database be on PostgreSQL:  url = …  under [database]; “dunwell help scale” says how",
        )
    try:
        import procrastinate  # noqa: F401
    except ImportError:
        raise Refused(
            "workers need Procrastinate, which is not installed", "pip install 'dunwell[postgres]'"
        ) from None


def prepare(engine: Engine) -> None:
    """Make the tables of the line, or bring them up to those of the Procrastinate that is installed.

    One transaction a migration, since some use what the one before has made.
    """
    steps = migrations()
    with writing(engine) as conn:
        if version(conn) is None:
            database.with_schema(conn, schema(conn))
            whole = (resources.files("procrastinate.sql") / "schema.sql").read_text(encoding="utf-8")
            _applied(conn, steps[-1][0], whole)
        there = version(conn) or ""
    for name, sql in steps:
        if name <= there:
            continue
        with writing(engine) as conn:
            if (version(conn) or "") < name:
                _applied(conn, name, sql)


def _applied(conn: Connection, name: str, sql: str) -> None:
    """The SQL of a migration, and that it has been there."""
    _search(conn, schema(conn))
    raw: Any = conn.connection.driver_connection
    raw.execute(sql)
    conn.execute(sa.text(f"COMMENT ON SCHEMA {schema(conn)} IS '{name}'"))


def put(conn: Connection, job: str, *told: Mapping[str, Any], once: str | None = None) -> None:
    """Put jobs of a kind in line, one for each of `told`, in the caller's transaction.

    With `once`, the name of a job of which only one waits, there is one, and nothing is put where it waits already.
    """
    import procrastinate

    app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())
    _search(conn, f'"{database.schema(conn)}", {schema(conn)}')
    raw: Any = conn.connection.driver_connection
    task = app.configure_task(
        job, queue=LINE, queueing_lock=once, connection=raw, priority=_FIRST.get(job, 0)
    )
    if once is None:
        task.batch_defer(*(dict(one) for one in told))
        return
    waits = sa.text(
        f"SELECT 1 FROM {schema(conn)}.procrastinate_jobs WHERE queueing_lock = :once AND status = 'todo'"  # noqa: S608
    )
    if conn.execute(waits, {"once": once}).first() is None:
        task.batch_defer(*(dict(one) for one in told))


def stands(conn: Connection, run: int) -> bool:
    """Whether a job of a shared run waits, or is in somebody's hand."""
    query = sa.text(
        f"""SELECT 1 FROM {schema(conn)}.procrastinate_jobs
        WHERE args @> jsonb_build_object('run', CAST(:run AS integer)) AND status IN ('todo', 'doing') LIMIT 1"""  # noqa: S608
    )
    return conn.execute(query, {"run": run}).first() is not None


def put_parts(conn: Connection, one: shared.SharedRun) -> None:
    """Every part of a run stands in line, from when the run itself is there."""
    put(conn, PART, *({"run": one.id, "number": number} for number in range(one.parts)))


def put_again(conn: Connection) -> None:
    """A run under way of which nothing stands in line, as after a restore, is put there again."""
    one = shared.under_way(conn)
    if one is None or stands(conn, one.id):
        return
    left = shared.open_parts(conn, one.id)
    if left:
        put(conn, PART, *({"run": one.id, "number": number} for number in left))
    else:
        put(conn, SEAL, {"run": one.id}, once=f"seal {one.id}")


def workers(conn: Connection) -> int:
    """How many workers there are, as far as their signs of life say."""
    if conn.dialect.name != "postgresql" or version(conn) is None:
        return 0
    query = sa.text(
        f"""SELECT count(*) FROM {schema(conn)}.procrastinate_workers
        WHERE last_heartbeat > now() - make_interval(secs => :look)"""  # noqa: S608
    )
    return int(conn.execute(query, {"look": _LOOK}).scalar_one())


def ready(engine: Engine) -> bool:
    """Whether there is a worker to share a run with."""
    if engine.dialect.name != "postgresql":
        return False
    with reading(engine) as conn:
        return workers(conn) > 0


def version(conn: Connection) -> str | None:
    """The last of Procrastinate's migrations that has been there, or None without its tables."""
    query = sa.text("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = :name")
    found: str | None = conn.execute(query, {"name": schema(conn)}).scalar()
    return found


def migrations() -> list[tuple[str, str]]:
    """Procrastinate's own, by name and in their order; names begin with the version, so that they sort."""
    folder = resources.files("procrastinate.sql") / "migrations"
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name
    )
    return [(file.name, file.read_text(encoding="utf-8")) for file in files]


def _search(conn: Connection, path: str) -> None:
    """Where names are looked up, until the transaction ends: Procrastinate's own SQL names no schema."""
    conn.execute(sa.text(f"SET LOCAL search_path TO {path}"))
