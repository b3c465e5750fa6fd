"""What a team says must never be done to an account, and what must always be done in time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from engine.core.language.condition import Clause
from engine.core.language.policy import Action, Kind, Step, Tone
from engine.core.problem import Place


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that can be done to an account: `call supervisor`, `a final message`, `approval by credit manager`.

    What is empty, or None, is left open. `approval` stands for a step that somebody must agree to; it has no kinds, and its
    value is the role.
    """

    text: str
    place: Place
    kinds: frozenset[Kind]
    value: str = ""
    tone: Tone | None = None
    to: str = ""
    from_: str = ""
    approval: bool = False

    def matches(
        self, step: Step, actions: Iterable[Action], tones: Mapping[str, Tone], agreed: str = ""
    ) -> bool:
        """Whether a step that does these actions is it. `agreed` is the role that has to agree to it, if any."""
        if self.approval:
            return bool(agreed) and self.value in ("", agreed)
        return any(self._is(step, action, tones) for action in actions)

    def _is(self, step: Step, action: Action, tones: Mapping[str, Tone]) -> bool:
        if action.kind not in self.kinds or self.value not in ("", action.value):
            return False
        if self.tone and not (action.kind.written and tones.get(action.value) is self.tone):
            return False
        talks = action.kind.contact
        return (not self.to or (talks and step.to == self.to)) and (
            not self.from_ or (action.kind.written and step.from_ == self.from_)
        )


class Shape(StrEnum):
    """How an invariant binds what it speaks of."""

    NEVER = "never at all"
    WITHOUT = "never without another before it"
    WITHIN = "never so soon after another"
    EARLY = "never so soon past due"
    BY = "always by so many days past due"
    AFTER = "always so many days after another"

    @property
    def always(self) -> bool:
        return self in (Shape.BY, Shape.AFTER)


@dataclass(frozen=True, slots=True)
class Invariant:
    """One line that must hold for every account that `fits`, whatever happens to it.

    `what` and `other` are alternatives: one of them is enough. `days` belongs to all shapes but NEVER; for WITHOUT it may be
    None: at any time before in the episode. `reason`: days on which something holds the account do not count.
    """

    name: str
    text: str
    shape: Shape
    what: tuple[Deed, ...]
    place: Place
    other: tuple[Deed, ...] = ()
    days: int | None = None
    reason: bool = False
    fits: Clause | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A finding of `check --deep` that a team knows of and has explained. No policies: wherever it is found."""

    code: str
    policies: tuple[str, ...]
    because: str
    place: Place


@dataclass(frozen=True, slots=True)
class Invariants:
    """The file invariants.yaml."""

    rules: tuple[Invariant, ...] = ()
    accepted: tuple[Accepted, ...] = ()


# The findings of `check --deep`, by the code under which they are shown, explained and accepted.
FINDINGS: Mapping[str, str] = {
    "step-never": "a step that can never happen",
    "policy-never": "a policy that earlier ones together take whole",
    "no-policy": "overdue accounts that fit no policy",
    "no-action": "overdue accounts that fit a policy and never reach an action of it",
    "stuck": "a step that waits for ever",
    "demand-before-due": "a day that lies before the due date of some terms",
    "softer-path": "a message that a firmer one before it makes too soft",
    "final-first": "a final message to an account that nobody has spoken with or written to before",
    "too-close": "steps so close that the house's own limits always move the second",
    "no-way-back": "terms or a hold of which the customer is not told how to come back from it",
    "endless-pause": "a pause that never ends",
    "contradiction": "two actions that contradict one another",
}
