"""A policy's ladder as masks: bit k stands for the step of index k, so the highest bit is the highest step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.core.decision.choose import step_tone
from engine.core.decision.questions import asks_item
from engine.core.decision.state import ADDRESSES, EFFECTS
from engine.core.language.condition import Condition
from engine.core.language.policy import Action, Kind, Pause, Policy, PolicyBook, Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_STEPS = 60
STEP = "step "  # before the name of the one step that a pause holds
_EMAIL = {"accounts payable": 0, "principal": 1, "account owner": 2}
_POST = ADDRESSES.index("post")
EMAILS = 0b111  # the bits of ADDRESSES that are for e-mail


@dataclass(frozen=True, slots=True)
class Ladder:
    """What a policy asks of columns, worked out once a run."""

    policy: Policy
    first_day: int
    prefix: NDArray[np.uint64]  # prefix[d - first_day + 1]: the steps whose day is d or earlier
    demands: int  # mask of steps with a day from 0
    repeats: int  # mask of steps that come again: no higher step swallows them
    account_whens: tuple[tuple[int, Condition], ...]  # (bit, condition) on the account alone
    item_whens: tuple[tuple[int, Condition], ...]  # (bit, condition) that asks the item
    effects: tuple[int, ...]  # effects[e]: mask of the steps that carry one of the effects e
    tones: tuple[int, ...]  # a step's firmest tone
    gap: int  # at least a day: an account has one contact a day
    answer: int

    def fallen(self, day: NDArray[np.int64]) -> NDArray[np.uint64]:
        """The steps whose day has come, for each item's day."""
        return self.prefix[np.clip(day - self.first_day + 1, 0, len(self.prefix) - 1)]


def ladder(book: PolicyBook, policy: Policy) -> Ladder:
    first, last = policy.steps[0].day, policy.steps[-1].day
    prefix = [
        sum(1 << step.index for step in policy.steps if step.day <= day) for day in range(first - 1, last + 1)
    ]
    whens = [(1 << step.index, step.when) for step in policy.steps if step.when is not None]
    asks = [any(asks_item(clause) for clause in when.clauses) for _, when in whens]
    return Ladder(
        policy=policy,
        first_day=first,
        prefix=np.array(prefix, dtype=np.uint64),
        demands=sum(1 << step.index for step in policy.steps if step.demand),
        repeats=repeats(policy),
        account_whens=tuple(when for when, ask in zip(whens, asks, strict=True) if not ask),
        item_whens=tuple(when for when, ask in zip(whens, asks, strict=True) if ask),
        effects=tuple(effect_mask(policy, done) for done in range(1 << len(EFFECTS))),
        tones=tuple(step_tone(book, step) for step in policy.steps),
        gap=max(book.gap(policy), 1),
        answer=book.answer(policy),
    )


def repeats(policy: Policy) -> int:
    """The steps that come again."""
    return sum(1 << step.index for step in policy.steps if step.repeat)


def effect_mask(policy: Policy, done: int) -> int:
    """The steps whose terms, hold or hand-off has been done: once an episode is enough."""
    kinds = {kind for bit, kind in enumerate(EFFECTS) if done >> bit & 1}
    return sum(
        1 << step.index for step in policy.steps if any(action.kind.value in kinds for action in step.actions)
    )


def demands_in_writing(step: Step) -> bool:
    """Whether the step writes to demand, and so names a date to answer by."""
    return step.demand and any(action.kind.written for action in step.actions)


def effect_bits(actions: Iterable[Action]) -> int:
    """The bits of EFFECTS that these actions do."""
    done = {action.kind for action in actions}
    return sum(1 << bit for bit, kind in enumerate(EFFECTS) if Kind(kind) in done)


def contacts(step: Step) -> bool:
    """Whether hours, gap and contact limit bind the step: tasks and webhooks pass them."""
    return any(action.kind not in (Kind.TASK, Kind.WEBHOOK) for action in step.actions)


def addresses(step: Step) -> tuple[int, int]:
    """Bits of ADDRESSES: all of the first are needed, and one of the second (0: none)."""
    needed = 0
    either = 0
    for action in step.actions:
        if action.kind is Kind.EMAIL:
            needed |= 1 << _EMAIL.get(step.to, 0)
        elif action.kind is Kind.LETTER:
            needed |= 1 << _POST
        elif action.kind is Kind.STATEMENT:
            either |= 1 << _EMAIL.get(step.to, 0) | 1 << _POST
    return needed, either


def lowest(mask: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The lowest bit of each."""
    return mask & (~mask + np.uint64(1))


def highest(mask: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The highest bit of each."""
    filled = mask.copy()
    for shift in (1, 2, 4, 8, 16, 32):
        filled |= filled >> np.uint64(shift)
    return filled ^ (filled >> np.uint64(1))


def up_to(bit: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """All bits up to and including a single bit; none for 0."""
    return np.where(bit == 0, np.uint64(0), (bit - np.uint64(1)) | bit)


def index_of(bit: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The index of a single bit; -1 for 0. Exact: a power of two is a float without rounding."""
    with np.errstate(divide="ignore"):
        return np.where(bit == 0, -1, np.log2(np.maximum(bit, 1).astype(np.float64))).astype(np.int64)


def bits(values: Any) -> NDArray[np.uint64]:
    return np.asarray(values, dtype=np.uint64)


def call_role(step: Step) -> str:
    """Who makes the step's call; empty when it makes none."""
    return next((action.value for action in step.actions if action.kind is Kind.CALL), "")


def binds(pause: Pause, step: Step) -> bool:
    """Whether a pause of the house is about the step: one without kinds is about everything."""
    return not pause.kinds or any(step.has(kind) for kind in pause.kinds)


def paused_together(pauses: Sequence[tuple[str, date]]) -> tuple[str | None, date]:
    """Pauses of an account, as (what, last day), in the two columns of `state.ACCOUNTS`: `paused_kinds` and `paused_until`.

    What a pause holds are kinds joined by ", ", or one step as `STEP` and its name; empty: everything. Where several hold
    for days of their own, each is a line: its last day, a tab, and what it holds.
    """
    whole = max((last for what, last in pauses if not what), default=date.min)
    longer = sorted({one for one in pauses if one[0] and one[1] > whole})
    if len(longer) == 1 and whole == date.min:
        return longer[0]
    if not longer:
        return None, whole
    told = [*longer, *([("", whole)] if whole > date.min else [])]
    return "\n".join(f"{last}\t{what}" for what, last in told), max(last for _, last in told)


def so_many_days_earlier(kinds: str | None, days: int) -> str | None:
    """What `paused_together` wrote, with the days in it so many earlier."""
    if not kinds or "\t" not in kinds:
        return kinds
    apart = (line.partition("\t") for line in kinds.split("\n"))
    return "\n".join(f"{date.fromisoformat(last) - timedelta(days=days)}\t{what}" for last, _, what in apart)


def own_pause_binds(step: Step, kinds: str | None, on: date) -> bool:
    """Whether what is set on the account holds the step on a day that it lasts for; `kinds` as `paused_together` has it."""
    if not kinds:
        return True
    for line in kinds.split("\n"):
        last, apart, what = line.rpartition("\t")
        if (not apart or date.fromisoformat(last) >= on) and _held(step, what):
            return True
    return False


def _held(step: Step, what: str) -> bool:
    if what.startswith(STEP):
        return step.name == what.removeprefix(STEP)
    return not what or any(step.has(Kind(kind)) for kind in what.split(", "))


def in_season(season: tuple[tuple[int, int], tuple[int, int]] | None, on: date) -> bool:
    """Whether the day lies within a season, which may run over the new year; no season is always."""
    if season is None:
        return True
    first, last = season
    today = (on.month, on.day)
    return first <= today <= last if first <= last else today >= first or today <= last


def event_column(policy: Policy) -> str:
    """The column of ACCOUNTS that holds the date a policy with `start:` counts from."""
    assert policy.start is not None
    return policy.start.value.replace(" ", "_")
