"""A process that the service starts: one that works, one that lends its hands, the desk's."""

from __future__ import annotations

import gc
import sys
from importlib import import_module


def command(module: str, *told: str) -> list[str]:
    """The command that runs `main` of a module, which is told the rest.

    The module is not the process's `__main__`: every child that makes messages would load that once more, with all it needs.
    """
    # -P: what lies in the folder that it is started in is a house's, and no module.
    return [sys.executable, "-P", "-c", "from engine.daemon.process import run; run()", module, *told]


def run() -> None:
    """What that command does."""
    # What a process loads is there to stay: to look through it again and again takes a fifth of its start.
    gc.set_threshold(50_000, 20, 20)
    import_module(sys.argv.pop(1)).main()
