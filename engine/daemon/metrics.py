"""The service's numbers as Prometheus reads them: what waits, how old things are, what was done and how long it took.

They are put together when they are asked for, from what the process knows of itself and what the database says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from engine import __version__
from engine.daemon.pulse import Pulse
from engine.store.gauges import OPEN, Deliveries, Gauges
from engine.store.halts import CLOCK, QUARANTINE, STOPPED

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_CHANNELS = (
    "email",
    "letter",
    "request",
)  # told even where nothing waits, so that a rule has a zero to look at
_HALTS = (STOPPED, QUARANTINE, CLOCK)


class Meter:
    """Puts the numbers together."""

    def __init__(self, pulse: Pulse) -> None:
        self.pulse = pulse
        self.deliveries = Deliveries()
        self.registry = CollectorRegistry()
        ProcessCollector(namespace="dunwell", registry=self.registry)

    def page(self, gauges: Gauges | None, now: datetime) -> bytes:
        """The text of one scrape. `gauges` is None where the database does not answer."""
        families = _Families([*_own(self.pulse), *self._database(gauges, now)])
        self.registry.register(families)
        try:
            return generate_latest(self.registry)
        finally:
            self.registry.unregister(families)

    def _database(self, gauges: Gauges | None, now: datetime) -> Iterator[Metric]:
        yield _gauge("database_up", "1 while the database answers.", gauges is not None)
        if gauges is not None:
            yield from _standing(gauges, now)
            yield from _messages(gauges)
        ended = CounterMetricFamily(
            "dunwell_deliveries",
            "Messages by the way out and what came of the try.",
            labels=("channel", "result"),
        )
        for (channel, state), number in sorted(self.deliveries.ended.items()):
            ended.add_metric((channel, state), number)
        yield ended


class _Families(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self.families = tuple(families)

    def collect(self) -> Iterable[Metric]:
        return self.families

    def describe(self) -> Iterable[Metric]:
        return ()


def _own(pulse: Pulse) -> Iterator[Metric]:
    about = GaugeMetricFamily("dunwell_info", "Which Dunwell this is.", labels=("version",))
    about.add_metric((__version__,), 1)
    yield about
    yield _gauge("tick_age_seconds", "Since the service last looked at what is due.", pulse.age)
    yield _gauge("lease_held", "1 where this service works, 0 where it waits for another.", pulse.holds)
    yield CounterMetricFamily(
        "dunwell_worker_restarts", "How often the process that works had died.", value=pulse.restarts
    )
    took = SummaryMetricFamily("dunwell_duty_seconds", "How long each duty took.", labels=("duty",))
    failed = CounterMetricFamily("dunwell_duty_failures", "How often each duty failed.", labels=("duty",))
    for name, (times, seconds) in sorted(pulse.duties.items()):
        took.add_metric((name,), times, seconds)
        failed.add_metric((name,), pulse.faults[name])
    yield took
    yield failed


def _standing(gauges: Gauges, now: datetime) -> Iterator[Metric]:
    yield from _age("ledger_age_seconds", "Since the newest ledger was true.", gauges.ledger_from, now)
    yield from _age(
        "uncertain_oldest_seconds",
        "How long the oldest message has been in doubt; 0 where none is.",
        gauges.uncertain_since or now,
        now,
    )
    yield from _age(
        "lease_beat_age_seconds", "Since a service that holds the lease was seen.", gauges.beat, now
    )
    if gauges.last_run is not None:
        yield _gauge(
            "last_run_timestamp_seconds", "When a day was last decided.", gauges.last_run.timestamp()
        )
    alarms = GaugeMetricFamily(
        "dunwell_alarms", "What is wrong and has not been put right.", labels=("kind",)
    )
    for kind, number in sorted(gauges.alarms.items()):
        alarms.add_metric((kind,), number)
    yield alarms
    halted = GaugeMetricFamily("dunwell_halted", "1 while nothing is decided or sent.", labels=("kind",))
    for kind in _HALTS:
        halted.add_metric((kind,), kind in gauges.halts)
    yield halted


def _messages(gauges: Gauges) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "dunwell_outbox_messages", "Messages that are not finished.", labels=("channel", "state")
    )
    channels = {*_CHANNELS, *(channel for channel, _ in gauges.messages)}
    for channel in sorted(channels):
        for state in OPEN:
            family.add_metric((channel, state), gauges.messages.get((channel, state), 0))
    yield family


def _age(name: str, help: str, since: datetime | None, now: datetime) -> Iterator[Metric]:
    if since is not None:
        yield _gauge(name, help, max(0.0, (now - since).total_seconds()))


def _gauge(name: str, help: str, value: float) -> Metric:
    return GaugeMetricFamily(f"dunwell_{name}", help, value=float(value))
