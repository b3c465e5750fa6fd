"""What the service is at, what came of each of its duties, and which of them is left alone for a while after it failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

# After the first, second, … failure in a row a duty is left alone for so long; the others go on meanwhile.
_WAITS = tuple(timedelta(seconds=seconds) for seconds in (30, 60, 120, 300, 600, 1800))


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a duty the last time. `failures` in a row; `not_before` while it is left alone."""

    at: datetime
    said: tuple[str, ...] = ()
    failed: str = ""
    failures: int = 0
    not_before: datetime | None = None


@dataclass(slots=True)
class Progress:
    """Moments are UTC. `doing` is the duty under way, `since` when it began."""

    doing: str = ""
    since: datetime | None = None
    results: dict[str, Result] = field(default_factory=dict)

    def begun(self, duty: str, at: datetime) -> None:
        self.doing, self.since = duty, at

    def done(self, duty: str, said: tuple[str, ...], at: datetime) -> bool:
        """True where it had failed before."""
        before = self.results.get(duty)
        self.doing, self.since = "", None
        self.results[duty] = Result(at, said)
        return before is not None and bool(before.failures)

    def failed(self, duty: str, sentence: str, at: datetime) -> Result:
        """It is tried again later, the later the more often it has failed."""
        before = self.results.get(duty)
        times = before.failures + 1 if before else 1
        wait = _WAITS[min(times, len(_WAITS)) - 1]
        self.doing, self.since = "", None
        self.results[duty] = Result(at, (), sentence, times, at + wait)
        return self.results[duty]

    def free(self, duty: str, now: datetime) -> bool:
        """Whether the duty may be done now, as far as its failures go. A clock that went back holds nothing up."""
        found = self.results.get(duty)
        if found is None or found.not_before is None:
            return True
        return now >= found.not_before or now < found.at
