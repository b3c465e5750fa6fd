"""Sends what was planned: each message at most once by itself, none lost, and every doubt put to a person."""

from engine.outbox.delivery import Delivery, Result, Round, Verdict, next_attempt
from engine.outbox.desk import Resolution, cancel, counted, listed, resolve, resting, retry, show, wake
from engine.outbox.recovery import recover
from engine.outbox.round import deliver
from engine.store.outbox import Row
from engine.store.ways_out import Rest

__all__ = [
    "Delivery",
    "Resolution",
    "Rest",
    "Result",
    "Round",
    "Row",
    "Verdict",
    "cancel",
    "counted",
    "deliver",
    "listed",
    "next_attempt",
    "recover",
    "resolve",
    "resting",
    "retry",
    "show",
    "wake",
]
