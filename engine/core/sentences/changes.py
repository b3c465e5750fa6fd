"""What has changed between two states of the policies, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from engine.core.sentences.amounts import listed, many, short_day


def policy_new(policy: str, steps: int) -> str:
    return f"{policy}: a new policy, with {many(steps, 'step')}"


def policy_gone(policy: str) -> str:
    return f"{policy}: this policy is gone"


def order_is(policies: Sequence[str]) -> str:
    return f"the order is now {', '.join(policies)}"


def step_new(policy: str, day: int, step: str) -> str:
    return f"{policy}: day {day} is new: {step}"


def step_gone(policy: str, day: int, step: str) -> str:
    return f"{policy}: day {day} is gone: {step}"


def step_moved(policy: str, step: str, day: int, before: int) -> str:
    return f"{policy}: {step} on day {day}, no longer on day {before}"


def of_step(policy: str, day: int, step: str) -> str:
    """What a change within a step is about."""
    return f"{policy}: day {day}, {step}"


def word_changed(about: str, word: str, before: str, after: str) -> str:
    """One word with what stood behind it and what stands there now; empty is not written."""
    if not before:
        return f"{about}: {word} is {after}; nothing was said of it before"
    if not after:
        return f"{about}: nothing is said of {word} any more; it was {before}"
    return f"{about}: {word} is {after}; it was {before}"


def lines_changed(about: str, word: str, gone: Sequence[str], new: Sequence[str]) -> str:
    """Dashes, or words of a list, that are new or gone."""
    told = [f"new is {listed(new)}"] * bool(new) + [f"gone is {listed(gone)}"] * bool(gone)
    return f"{about}: {word}: {'; '.join(told) or 'in another order'}"


def words_changed(about: str, words: Sequence[str]) -> str:
    """Where the meaning differs and the text of the word itself does not."""
    return f"{about}: {', '.join(words)} changed"


def tone_changed(template: str, before: str, after: str) -> str:
    return word_changed(f"message {template}", "tone", before, after)


def message_changed(file: str, what: str) -> str:
    """`what` is added, changed or removed."""
    return f"{file}: this message is {what}"


SAME_WORDS = "The policies and messages are the same; nobody is treated otherwise."
ONLY_MESSAGES = "Only texts of messages differ: the same accounts get the same steps on the same days."
NO_LEDGER = "There is no ledger here, so this compares words alone: whom it touches is not known."
NOBODY = "Nobody is treated otherwise in these days."


def next_run(on: date, before: int, after: int) -> str:
    """What the next run would do."""
    was = many(before, "action") if before else "no action"
    if before == after:
        return f"The next run, on {short_day(on)}, has {was}, as it would without the change."
    will = many(after, "action") if after else "no action"
    return f"The next run, on {short_day(on)}, has {will} instead of {f'{before:,}' if before else 'none'}."


def stop_new(on: date, stopped: str) -> str:
    """The safety stop would hold a day that it does not hold now."""
    return f"{short_day(on)}: {stopped} It waits for somebody's word; without the change it would not."


def stop_still(on: date, stopped: str) -> str:
    return f"{short_day(on)}: {stopped} So it is without the change."


def stop_gone(on: date) -> str:
    return f"{short_day(on)}: the safety stop, which would hold the day as things are, holds it no more."


STOPS_AGREED = "Where the safety stop would hold a day, it goes on as if somebody had agreed."
NO_STOP = "The safety stop holds none of these days."
