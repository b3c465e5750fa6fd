"""A child process with limits, for what strangers wrote: a bomb or an endless loop ends the child and no more."""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one piece of work may cost: seconds on the wall and of the processor, and bytes of memory."""

    wall: float
    cpu: int
    memory: int


class Ended(Exception):
    """The child ended before its work was done. `sentence` says of what, without its subject: “took more than …”."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def confine(memory: int) -> None:
    """Limit this process for good: no more memory than that, and no core file."""
    _limit(resource.RLIMIT_CORE, 0)
    if sys.platform != "darwin":  # where a limit of address space is refused
        _limit(resource.RLIMIT_AS, memory)


def allow_cpu(seconds: int) -> None:
    """So many seconds from now on: the limit counts all that the process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + seconds + 1)


def call(limits: Limits, work: Callable[..., T], *arguments: Any) -> T:
    """The answer of `work(*arguments)`, made in a child of its own. Raises Ended where a limit ended it.

    `work` is a function of a module; it, its arguments and its answer go through a pipe.
    """
    context = multiprocessing.get_context("spawn")  # a fork would carry threads and open databases with it
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_work, args=(theirs, limits, work, arguments), daemon=True)
    begun = time.monotonic()
    child.start()
    theirs.close()
    try:
        if not ours.poll(limits.wall):
            raise Ended(f"took more than {limits.wall:g} seconds")
        whole, answer = ours.recv()
    except (EOFError, OSError):
        child.join(5)
        computing = child.exitcode in (-24, -9) and time.monotonic() - begun > limits.cpu
        raise Ended(
            f"took more than {limits.cpu} seconds of computing" if computing else "stopped the process"
        ) from None
    finally:
        ours.close()
        child.kill()
        child.join()
    if not whole:
        raise Ended(answer)
    made: T = answer
    return made


def _work(pipe: Connection, limits: Limits, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    confine(limits.memory)
    allow_cpu(limits.cpu)
    try:
        answer = work(*arguments)
    except MemoryError:
        pipe.send((False, f"needs more than {limits.memory // 10**6} MB of memory"))
        return
    try:
        pipe.send((True, answer))
    except MemoryError:
        pipe.send((False, f"needs more than {limits.memory // 10**6} MB of memory"))
    except OSError:  # who asked has ended
        return


def _limit(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
