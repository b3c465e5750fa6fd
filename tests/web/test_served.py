"""The desk as `dunwell serve` has it: nothing of it runs before somebody comes, and it ends with its service."""

from __future__ import annotations

import os
import re
from http.client import HTTPConnection
from pathlib import Path

from tests.channels.servers import free_port
from tests.daemon.living import Office, serving, until


def processes(pid: int) -> dict[str, int]:
    """What the service and its children hold in memory, in bytes, by what they are."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            words = (stat.parent / "cmdline").read_bytes().split(b"\0")
            pages = int((stat.parent / "statm").read_text().split()[1])
        except OSError:
            continue
        if pid in (parent, int(stat.parent.name)):
            name = next((word.decode() for word in words if word.startswith(b"engine.")), "service")
            found[name] = pages * os.sysconf("SC_PAGE_SIZE")
    return found


def test_the_first_visit_starts_it_and_the_services_end_ends_it(tmp_path: Path, sqlite_url: str) -> None:
    port = free_port()
    office = Office(tmp_path, sqlite_url, accounts=1, more=f'[web]\nlisten = "127.0.0.1:{port}"\n')

    def get(path: str) -> tuple[int, str]:
        line = HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            line.request("GET", path)
            answer = line.getresponse()
            return answer.status, answer.read().decode()
        finally:
            line.close()

    with serving(office.root, environment={"DUNWELL_WEB__LISTEN": f"127.0.0.1:{port}"}) as one:
        until(lambda: "first is its admin" in one.said())
        link = re.search(rf"http://127.0.0.1:{port}(/enter/\S+)", one.said())
        assert link
        assert "engine.web.__main__" not in processes(one.process.pid)
        assert sum(processes(one.process.pid).values()) < 150e6 or "engine.daemon.worker" in processes(
            one.process.pid
        )
        status, page = get(link[1])
        assert (status, "Welcome" in page) == (200, True)
        assert link[1].rpartition("/")[2] not in one.err.read_text("utf-8")
        running = processes(one.process.pid)
        assert "engine.web.__main__" in running
        assert one.stopped() == 0
        until(lambda: "engine.web.__main__" not in processes(one.process.pid))
