"""How much one program may ask in a minute: a bucket that fills by itself, and from which each request takes one."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

_MOST = 10_000  # buckets that are remembered


class Rates:
    """Of one process. A bucket holds what a minute gives, so that a program may ask for much at once, and then little."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # whose → (left, as of)
        self._lock = threading.Lock()

    def wait(self, whose: str, a_minute: int) -> float:
        """Take one. 0, or for how many seconds there is none; then nothing was taken."""
        now = self.clock()
        with self._lock:
            left, at = self._left.pop(whose, (float(a_minute), now))
            left = min(float(a_minute), left + (now - at) * a_minute / 60)
            short = max(0.0, 1 - left)
            self._left[whose] = (left if short else left - 1, now)
            while len(self._left) > _MOST:
                self._left.popitem(last=False)
        return short * 60 / a_minute
