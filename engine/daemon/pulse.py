"""What the service's process knows of itself; light, since it is there whether anybody asks or not."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Pulse:
    """What the process knows of itself. The service's loop writes it; the health page and the metrics read it.

    Ages are taken from a clock that never jumps: `ticks` gives seconds since some moment.
    """

    ticks: Callable[[], float] = time.monotonic
    holds: bool = False  # the lease: this one works, the others wait
    restarts: int = 0  # of the worker, after it had died
    duties: dict[str, tuple[int, float]] = field(default_factory=dict)  # name → how often, seconds in all
    faults: Counter[str] = field(default_factory=Counter)  # duty → how often it failed
    _began: float = field(init=False)
    _last: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._began = self.ticks()

    def ticked(self) -> None:
        """The service has looked at what is due, and come through."""
        self._last = self.ticks()

    def worked(self, duty: str, seconds: float, *, failed: bool = False) -> None:
        """A duty has ended."""
        times, total = self.duties.get(duty, (0, 0.0))
        self.duties[duty] = (times + 1, total + max(0.0, seconds))
        self.faults[duty] += failed

    @property
    def began(self) -> bool:
        """Whether there has been a first tick."""
        return self._last is not None

    @property
    def age(self) -> float:
        """Seconds since the last tick, or since the start."""
        return self.ticks() - (self._began if self._last is None else self._last)
