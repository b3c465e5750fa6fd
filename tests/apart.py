"""Programs of the tests in processes of their own: each a fork of one that has loaded, once for all, what they need."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """One that runs, and has neither threads nor open databases of whoever started it."""

    pid: int

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def wait(self, seconds: float = 60) -> int:
        """Its exit code; below zero the signal that ended it. TimeoutExpired where it goes on. To be asked once."""
        return _asked(self.pid, seconds)


def started(module: str, *told: str) -> Process:
    """A process that runs `main` of a module, which is told the rest."""
    return Process(_asked([module, *told], 60))


@cache
def _parent() -> subprocess.Popen[bytes]:
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.apart"],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    atexit.register(parent.communicate)  # it ends when nobody can ask any more
    return parent


def _asked(what: object, seconds: float) -> int:
    parent = _parent()
    assert parent.stdin is not None
    assert parent.stdout is not None
    parent.stdin.write(json.dumps(what).encode() + b"\n")
    parent.stdin.flush()
    if not select.select([parent.stdout], [], [], seconds)[0]:
        _parent.cache_clear()  # its answer would be taken for that to the next question
        parent.kill()
        raise subprocess.TimeoutExpired(str(what), seconds)
    return int(parent.stdout.readline())


def _serve() -> None:
    """Start what is asked for, or wait for it. Only the child comes back from a start, and ends as any program does."""
    for line in sys.stdin:
        asked = json.loads(line)
        if isinstance(asked, int):
            answer = os.waitstatus_to_exitcode(os.waitpid(asked, 0)[1])
        else:
            module = import_module(asked[0])
            answer = os.fork()
            if answer == 0:
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                os.dup2(2, 1)
                module.main(*asked[1:])
                return
        print(answer, flush=True)


if __name__ == "__main__":
    _serve()
