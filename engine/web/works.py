"""What takes longer than a page may: started by a page, done beside the pages, one thing at a time, and shown when it is done.

What is drawn is drawn where the work is done; what is kept is the drawing, under a key that names all it rests on.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from engine.errors import DunwellError
from engine.limited import Ended, Limits, call

LONGEST = Limits(wall=3600.0, cpu=3600, memory=64_000_000_000)
_KEPT = 60  # results, however many people look at them
_LOG = logging.getLogger("dunwell.web")

Apart = Callable[..., Any]  # (work, *arguments) → what comes of it


class State(StrEnum):
    WAITS = "waits"
    RUNS = "runs"
    DONE = "done"
    FAILED = "failed"


@dataclass(slots=True)
class Work:
    """One thing to do, as things were `at`. `result` is a drawing; `sentence` and `hint` say why there is none. The other
    moments are of the clock that only goes forward."""

    name: str
    at: datetime
    state: State = State.WAITS
    result: str = ""
    sentence: str = ""
    hint: str = ""
    asked: float = field(default_factory=time.monotonic)
    begun: float = 0.0
    ended: float = 0.0

    @property
    def over(self) -> bool:
        return self.state in (State.DONE, State.FAILED)

    @property
    def seconds(self) -> int:
        """For how long it has been at it, or was."""
        return int((self.ended or time.monotonic()) - self.begun) if self.begun else 0


class Works:
    """All of one process. `apart` does the work in a process of its own, so that the pages go on meanwhile."""

    def __init__(self, apart: Apart | None = None) -> None:
        self.apart: Apart = apart or in_a_child
        self._found: OrderedDict[Hashable, Work] = OrderedDict()
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[tuple[Work, Callable[..., str], tuple[Any, ...]]] = queue.SimpleQueue()
        self._worker: threading.Thread | None = None

    def found(self, key: Hashable) -> Work | None:
        """How it stands at this moment. It stays so, whatever becomes of the work while a page is drawn."""
        with self._lock:
            there = self._found.get(key)
        return replace(there) if there is not None else None

    def ask(
        self,
        key: Hashable,
        name: str,
        at: datetime,
        work: Callable[..., str],
        *arguments: Any,
        again: bool = False,
    ) -> Work:
        """Have it done, unless it is done or under way. What has failed is tried again, and with `again` what is done."""
        with self._lock:
            there = self._found.get(key)
            if there is not None and there.state is not State.FAILED and not (again and there.over):
                self._found.move_to_end(key)
                return there
            new = self._found[key] = Work(name, at)
            self._found.move_to_end(key)
            for old in [old for old, one in self._found.items() if one.over][
                : max(0, len(self._found) - _KEPT)
            ]:
                del self._found[old]
            self._queue.put((new, work, arguments))
            if self._worker is None:  # it ends with the process, whatever is under way
                self._worker = threading.Thread(target=self._work, name="work", daemon=True)
                self._worker.start()
        return new

    def before(self, work: Work) -> int:
        """How many things are done before it."""
        with self._lock:
            return sum(not one.over and one.asked < work.asked for one in self._found.values())

    def _work(self) -> None:
        while True:
            self._do(*self._queue.get())

    def _do(self, one: Work, work: Callable[..., str], arguments: tuple[Any, ...]) -> None:
        one.begun, one.state = time.monotonic(), State.RUNS
        try:
            one.result, state = self.apart(work, *arguments), State.DONE
        except DunwellError as error:
            one.sentence, one.hint, state = error.sentence, error.hint, State.FAILED
        except Ended as error:
            one.sentence, state = f"{one.name} {error.sentence}", State.FAILED
        except Exception:
            _LOG.exception("%s failed", one.name)
            one.sentence, state = "something went wrong inside; the log says where", State.FAILED
        one.ended = time.monotonic()
        one.state = state


def in_a_child(work: Callable[..., str], *arguments: Any, limits: Limits = LONGEST) -> str:
    """In a process of its own, behind everything else that the machine has to do."""
    told, hint, refused = call(limits, _gently, work, arguments)
    if refused:
        raise DunwellError(told, hint)
    return told


def here(work: Callable[..., str], *arguments: Any) -> str:
    """In this very process, for what only waits for the database."""
    return work(*arguments)


def _gently(work: Callable[..., str], arguments: tuple[Any, ...]) -> tuple[str, str, bool]:
    os.nice(5)
    try:
        return work(*arguments), "", False
    except DunwellError as error:
        return error.sentence, error.hint, True
