"""What may follow an outcome of a call, once outcomes.yaml has been read: calls, messages, tasks, a promise, peace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from engine.core.problem import Place

PEER = "peer"  # somebody of ours who has not called this account


class Unit(StrEnum):
    """What a delay is counted in."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    OPEN_DAY = "open day"


@dataclass(frozen=True, slots=True)
class Delay:
    """So long from now: `in 10 minutes`, `1 open day`; nothing at all is `now`."""

    count: int = 0
    unit: Unit = Unit.MINUTE

    @property
    def text(self) -> str:
        """`now`, `in 10 minutes`, `in 1 open day`."""
        return f"in {self.span}" if self.count else "now"

    @property
    def span(self) -> str:
        return f"{self.count} {self.unit.value}{'s' * (self.count != 1)}"


NOW = Delay()


@dataclass(frozen=True, slots=True)
class Call:
    """A call that follows. `by` is a role or person of ours, `PEER`, or empty: whoever made this one.

    `same_person`: only where it is known whom at the customer to ask for. Without `after` the outcome itself says when: at
    the time they asked for, once the promise is broken, or now.
    """

    by: str
    place: Place
    same_person: bool = False
    after: Delay | None = None
    script: str | None = None

    @property
    def text(self) -> str:
        """`call back in 10 minutes`, `call peer`, `call same person`."""
        if not self.by and not self.same_person and self.after is not None:
            return f"call back {self.after.text}"
        whom = "same person" if self.same_person else self.by
        return " ".join(part for part in ("call", whom, self.after.text if self.after else "") if part)


@dataclass(frozen=True, slots=True)
class Email:
    """A message that follows, from a template."""

    template: str
    place: Place
    from_: str | None = None
    to: str = "accounts payable"


@dataclass(frozen=True, slots=True)
class Task:
    """A task that follows. Without `role` it is the account owner's; `within` is the time to answer."""

    what: str
    place: Place
    role: str = ""
    within: Delay | None = None


@dataclass(frozen=True, slots=True)
class Follow:
    """Everything that one block says: what an outcome, an option of it, or a reason leads to.

    `suggest` is the greatest number of days to which a promise should be asked for.
    """

    place: Place
    call: Call | None = None
    email: Email | None = None
    tasks: tuple[Task, ...] = ()
    cool: Delay | None = None
    close: str = ""
    suggest: int = 0
    checklist: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """One of those of which the collector picks one, by its name or its number in the file."""

    name: str
    follow: Follow

    def with_call(self, call: Call) -> Option:
        """The same with another call."""
        return replace(self, follow=replace(self.follow, call=call))


@dataclass(frozen=True, slots=True)
class Promised:
    """`check, 5 to 7 days from date mailed`: the kind of promise, and the days within which the money must have come."""

    kind: str
    place: Place
    least: int = 0
    most: int = 0
    basis: str = ""  # the answer that the days count from; empty: the promise has a date of its own


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the form, by the answer's name. `if known`: the call can be logged without it."""

    name: str
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows an outcome of a call. `on_reason` has what follows besides, by why payment has not been made."""

    name: str
    place: Place
    guidance: str = ""
    ask: tuple[Asked, ...] = ()
    offer: tuple[Option, ...] = ()
    promise: Promised | None = None
    follow: Follow = field(default_factory=lambda: Follow(Place("")))
    twice_running: Follow | None = None
    on_reason: Mapping[str, Follow] = field(default_factory=dict)

    @property
    def parts(self) -> Mapping[str, Follow]:
        """All its blocks by name: `own`, `twice running`, `reason …`, `option 1` …"""
        found = {"own": self.follow}
        if self.twice_running is not None:
            found["twice running"] = self.twice_running
        found |= {f"reason {reason}": follow for reason, follow in self.on_reason.items()}
        return found | {f"option {n}": option.follow for n, option in enumerate(self.offer, 1)}
