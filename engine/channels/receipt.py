"""What came of sending one message: sent, to be tried again, refused, or not to be known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeVar

Made = TypeVar("Made", contravariant=True)  # what a way out carries: a mail, a letter, a request


class Outcome(StrEnum):
    """The four ends of a try. Only `RETRY` may ever be tried again without a person."""

    SENT = "sent"
    RETRY = "retry"  # certainly not delivered, and another try may help
    FAILED = "failed"  # certainly not delivered, and another try would not help
    UNCERTAIN = "uncertain"  # it may have been delivered: nobody but a person may decide


class Route(StrEnum):
    """Whether a fault lies with this message or with the way out that all messages share."""

    OPEN = "open"
    RESTS = "rests"  # the server is away or asks us to slow down: everything waits a while
    HELD = "held"  # our password, certificate or settings: everything waits for a person


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said of one recipient. `code` is 0 where it said nothing."""

    address: str
    outcome: Outcome
    code: int = 0
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The result of one try.

    `stage` is the last step begun; `evidence` what a person or a later program can check: a Message-ID, a
    path with its SHA-256, a status. With several recipients the state is that of the ones still to be
    reached: `RETRY` with some `answers` that are `SENT` means that the next try is for the others only.
    """

    state: Outcome
    stage: str
    sentence: str
    answers: tuple[Answer, ...] = ()
    evidence: Mapping[str, str] = field(default_factory=dict)
    route: Route = Route.OPEN

    @property
    def reached(self) -> tuple[str, ...]:
        """The recipients who have it now."""
        return tuple(a.address for a in self.answers if a.outcome is Outcome.SENT)


@dataclass(frozen=True, slots=True)
class Unsendable:
    """A message that cannot be made or addressed; the sentence says what a clerk can do about it."""

    sentence: str


# Called before each step of a try with the step's name and the evidence so far. What it has written is there
# after a crash. It raises `Overtaken` where somebody else has taken the message over; then nothing more may
# be sent.
Stage = Callable[[str, Mapping[str, str]], Awaitable[None]]


class Overtaken(Exception):
    """Another owner has this message now; the sender stops before the first byte."""


class Sender(Protocol[Made]):
    """A way out. `point` is the first step that may deliver: a crash before it is safe to try again."""

    @property
    def point(self) -> str: ...

    async def send(self, made: Made, stage: Stage) -> Receipt:
        """One try. Never raises for what the outside world does; only `Overtaken` passes through."""
        ...

    async def found(self, evidence: Mapping[str, str]) -> Receipt | None:
        """After a crash at or beyond `point`: what can be seen from outside, None if nothing can."""
        ...

    def keep(self, made: Made) -> Mapping[str, Any]:
        """What a later try needs to send the very same message again, as JSON; empty: it is made anew."""
        ...

    def again(self, kept: Mapping[str, Any], reached: Collection[str]) -> Any:
        """The message that was kept, for the recipients who have not been reached."""
        ...
