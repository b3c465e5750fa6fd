"""Tokens and what was done for them, in both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.errors import Refused
from engine.jobs import tokens as jobs
from engine.jobs.cases import Who
from engine.jobs.tokens import KEPT, Once, SaidBefore, Scope
from engine.settings import Settings, Workspace
from engine.store import database, tokens

NOW = datetime(2026, 10, 12, 14, tzinfo=UTC)
ADMIN = Who("ana", NOW, NOW.date(), roles=frozenset(("admin",)))


def test_a_token_and_a_request_that_is_done_once(database_url: str, tmp_path: Path) -> None:
    engine = database.open(database_url)
    files = Workspace(tmp_path, Settings())
    with pytest.raises(Refused, match="only an admin may make"):
        jobs.make(engine, files, "crm", [Scope.WORK], "", Who("joe", NOW, NOW.date(), roles=frozenset()))
    secret = jobs.make(engine, files, "crm", [Scope.WORK, Scope.READ], "2026-10-12", ADMIN)
    one = jobs.found(engine, secret, NOW)
    assert one is not None
    assert one.scopes == ("read", "work")
    assert jobs.found(engine, f"{secret}x", NOW) is None
    assert jobs.found(engine, secret, NOW + timedelta(hours=10)) is None  # its day is over

    done = Once(engine, "crm", "K", "what", NOW)
    assert done.before() is None
    with database.writing(done.through) as conn:
        tokens.seen(conn, "crm", NOW)
    with database.writing(done.through):  # a second transaction of the same request
        pass
    assert Once(engine, "crm", "K", "what", NOW).before() == {}
    done.answered(b'{"said": "done"}')
    assert Once(engine, "crm", "K", "what", NOW).before() == {"said": "done"}
    assert Once(engine, "erp", "K", "what", NOW).before() is None  # another's key
    with pytest.raises(SaidBefore):
        Once(engine, "crm", "K", "other", NOW).before()
    late = Once(engine, "crm", "K", "other", NOW + KEPT + timedelta(seconds=1))
    assert late.before() is None
    with database.writing(late.through):
        pass
    assert late.before() == {}
    engine.dispose()
