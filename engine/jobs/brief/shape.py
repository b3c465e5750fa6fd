"""What a brief holds: values that a screen, a page or a program shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from engine.core.cases.pattern import Pattern
from engine.core.messages.scripts import Block, Script
from engine.core.problem import Problem


@dataclass(frozen=True, slots=True)
class Item:
    """An open item. `owed` is what is left of it after credits, minor units; `aside` why it is set aside.

    `copy` is where its document is; None: it has none, or nobody has said where copies are.
    """

    number: str
    kind: str
    dated: date | None
    due: date
    days_late: int
    open: int
    owed: int
    currency: str
    po: str
    reference: str
    text: str
    aside: str
    copy: str | None


@dataclass(frozen=True, slots=True)
class Reach:
    """Somebody to ask for. `because` says why them: who was spoken with last, or their role."""

    name: str
    role: str
    phone: str
    email: str
    because: str


@dataclass(frozen=True, slots=True)
class Talk:
    """A call that was made, and what was said in it. `number` names it for a review."""

    number: int
    on: date
    by: str
    outcome: str
    reached: bool
    spoken_with: str
    phone: str
    reason: str
    story: str
    note: str
    reviewed: bool


@dataclass(frozen=True, slots=True)
class Agreed:
    """Something that stands between us: a promise, dispute, plan, concession, pause, hold. Amounts are minor units."""

    kind: str
    state: str
    on: date
    until: date | None
    amount: int | None
    currency: str
    what: str
    who: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something noted: of us, from outside, or of the industry. `age` are days; `stale`: it may no longer hold."""

    kind: str
    text: str
    by: str
    topic: str
    source: str
    dated: date
    age: int
    stale: bool


@dataclass(frozen=True, slots=True)
class Change:
    """Something that has happened since the last call."""

    on: date
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Brief:
    """Everything about one account before a call. `reason` is why payment has not been made, as it is on record today.

    `totals` has overdue, set aside and not yet due by currency; `stop` what speaks against calling at all; `barred` whom
    not to call; `task` the call on the list (its step, whence, its moment). `withheld` is why what we ask for is not shown
    yet; `script` is a Problem where it cannot be filled in.
    """

    account: str
    name: str
    on: date
    facts: Mapping[str, str]
    totals: Mapping[str, Mapping[str, int]]
    items: tuple[Item, ...]
    missing: tuple[str, ...]
    pattern: Pattern
    ask_for: tuple[Reach, ...]
    stop: tuple[str, ...]
    barred: tuple[str, ...]
    there: str
    talks: tuple[Talk, ...]
    agreed: tuple[Agreed, ...]
    notes: tuple[Note, ...]
    since: date | None
    changes: tuple[Change, ...]
    task: str
    guidance: str
    checks: tuple[str, ...]
    reason: str
    withheld: str
    script_name: str
    script: Script | Problem | None

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks of the script; none where there is no script, or it cannot be filled in."""
        return self.script.blocks if isinstance(self.script, Script) else ()
