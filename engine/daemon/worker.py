"""The process that works: it does the duties it is told, in order, and says what came of each.

It reads commands from its input and writes reports to its output, one JSON object a line. When its input ends
its daemon has ended, and it ends too, with what is in hand finished.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from engine import settings
from engine.daemon.logs import Log
from engine.errors import DunwellError
from engine.jobs.duties import DUTIES

if TYPE_CHECKING:
    from engine.jobs.kept import Kept
    from engine.jobs.workspace import Workspace

Clock = Callable[[], datetime]
_WORK = {duty.name: duty.work for duty in DUTIES}


class Worker:
    """Does what it is told until it is told to end. `stop` is what the duty under way looks at."""

    def __init__(self, root: Path, reports: TextIO, log: Log, clock: Clock) -> None:
        self.root, self.reports, self.log, self.clock = root, reports, log, clock
        self.orders: queue.Queue[Sequence[str] | None] = queue.Queue()
        self.stop = threading.Event()
        self.ending = threading.Event()
        self.kept: Kept | None = None

    def listen(self, commands: TextIO, grace: float) -> None:
        """Take commands until there are none: {"do": [names]}, {"pause": true}, {"end": true}."""
        for line in commands:
            told = json.loads(line)
            if "do" in told:
                self.orders.put(told["do"])
            elif told.get("pause"):
                self.stop.set()
            elif told.get("end"):
                break
        self.end()
        # A duty that does not listen must not keep a service alive that has ended.
        late = threading.Timer(grace + 5, os._exit, (1,))
        late.daemon = True
        late.start()

    def end(self) -> None:
        self.ending.set()
        self.stop.set()
        self.orders.put(None)

    def work(self) -> None:
        """Until told to end. What a duty raises is reported, and the others are done all the same."""
        while not self.ending.is_set():
            names = self.orders.get()
            if names is None:
                return
            self.stop.clear()
            if self.ending.is_set():  # told between the two
                return
            for name in names:
                if self.stop.is_set():
                    break
                self._do(name)
            self.tell(over=True)

    def _do(self, name: str) -> None:
        self.tell(started=name)
        try:
            module, _, function = _WORK[name].partition(":")
            work = getattr(importlib.import_module(module), function)
            said = work(self._workspace(), self.clock, self.stop)
        except Exception as raised:
            error = _first(raised)
            self.log.failed("failed", error, duty=name)
            self.tell(failed=name, sentence=_sentence(error))
            return
        for sentence in said:
            self.log.info("done", duty=name, said=sentence)
        self.tell(done=name, said=list(said))

    def _workspace(self) -> Workspace:
        """The live policies with the settings as they are now; opened again only where one of them has changed."""
        if self.kept is None:
            from engine.jobs.kept import Kept
            from engine.jobs.releases import live_workspace

            self.kept = Kept(self.root, lambda files, _: live_workspace(files).thorough())
        return self.kept.workspace()

    def tell(self, **report: Any) -> None:
        try:
            self.reports.write(json.dumps(report) + "\n")
            self.reports.flush()
        except (OSError, ValueError):  # the daemon has ended; the input says so too
            self.end()


def _first(error: Exception) -> Exception:
    """Of several that were raised at once, the first."""
    while isinstance(error, ExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return error


def _sentence(error: Exception) -> str:
    """For a person: our own sentence, or that the log has more."""
    if isinstance(error, DunwellError):
        return error.sentence
    return f"it failed inside ({type(error).__name__}); the log says where"


def _now() -> datetime:
    """The machine's clock, asked at the edge of the worker."""
    return datetime.now(UTC)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="dunwell-worker")
    parser.add_argument("root", type=Path)
    parser.add_argument("--grace", type=float, default=30.0)
    told = parser.parse_args(arguments)
    # Nothing that a library prints may get between the reports, and no child may read the commands.
    commands = os.fdopen(os.dup(0), encoding="utf-8")
    reports = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    files, _ = settings.load(told.root, told.root)
    log = Log.of(sys.stderr, os.environ, _now, files)
    log.catch_all()
    worker = Worker(told.root, reports, log, _now)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal; the daemon tells us in its own way
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=worker.end, daemon=True).start())
    threading.Thread(target=worker.listen, args=(commands, told.grace), daemon=True).start()
    worker.work()
