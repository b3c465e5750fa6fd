"""A PostgreSQL server of a benchmark's own, in a folder that goes with it, as safe as it is by default (fsync on)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from tests import postgres


@contextmanager
def server() -> Iterator[Callable[[str], str] | None]:
    """A function from a new database's name to its address; None where there is no server."""
    tools = postgres.tools()
    if tools is None:
        yield None
        return
    with postgres.server(tools, "fsync=on", "shared_buffers=128MB") as made:

        def create(name: str) -> str:
            address = sa.make_url(made.url.format("postgres")).set(drivername="postgresql+psycopg")
            engine = sa.create_engine(address, isolation_level="AUTOCOMMIT")
            with engine.connect() as conn:
                conn.execute(sa.text(f'CREATE DATABASE "{name}" TEMPLATE template0'))
            engine.dispose()
            return made.url.format(name)

        yield create
