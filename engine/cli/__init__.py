"""The command line: one short function a verb. Exit codes: 0 ok, 1 problems, 2 usage, 3 the tool failed."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Callable, Sequence
from datetime import datetime

from engine import __version__


def main(argv: Sequence[str] | None = None, *, clock: Callable[[], datetime] | None = None) -> None:
    """Run one command and leave with its exit code. `clock` gives aware moments; without one it is the machine's."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:  # all that says it is here
        sys.stdout.write(f"dunwell {__version__}\n")
        sys.exit(0)
    # What a command loads is there to stay: to look through it again and again, and once more at the end, takes a fifth of
    # the time.
    gc.set_threshold(400_000, 20, 20)
    atexit.register(gc.freeze)
    from engine.cli.command import run

    sys.exit(run(arguments, clock))
