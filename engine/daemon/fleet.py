"""A process that works for whole houses, for as long as the one lives that has started it."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine import settings
from engine.daemon.line import work
from engine.daemon.logs import Log


def _end_with(parent: Any) -> None:
    """Whoever started this process holds its input open; when that is closed, it ends too."""
    with suppress(OSError, ValueError):
        while parent.read(1):
            pass
    os.kill(os.getpid(), signal.SIGTERM)


def _now() -> datetime:
    """The machine's clock, asked at the edge of the worker."""
    return datetime.now(UTC)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="dunwell-fleet")
    parser.add_argument("roots", type=Path, nargs="+")
    parser.add_argument("--grace", type=float, default=30.0)
    told = parser.parse_args(arguments)
    houses = [settings.load(root, root)[0] for root in told.roots]
    Log.of(sys.stderr, os.environ, _now, *houses).catch_all()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal; who started us tells us in its own way
    parent = os.fdopen(os.dup(0), "rb", buffering=0)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    asyncio.run(work(told.roots, lambda files: Log.of(sys.stderr, os.environ, _now, files), _now, told.grace))
