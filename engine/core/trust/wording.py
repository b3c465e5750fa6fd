"""What has changed between two states of the policies, said in the words of the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from engine.core import sentences
from engine.core.language import source
from engine.core.language.condition import Test
from engine.core.language.policy import House, Kind, Policy, PolicyBook, Step
from engine.core.language.source import Block, Listing, Node, Text
from engine.core.problem import Place

# The words of the policy language for what the book keeps under other names.
_WORDS = {
    "fits": "for",
    "splits": "split",
    "each_invoice": "each",
    "title": "policy",
    "from_": "from",
    "restore_after": "restore-after",
    "ahead": "notify",
    "open_days": "hours",
    "opens": "hours",
    "closes": "hours",
}
_LONGEST = 100  # letters of a value that are shown


@dataclass(frozen=True, slots=True)
class Change:
    """One change in words. `about` is a policy's id, `house`, `outcomes` or `messages`; `place` is in the new files, and
    in the old ones for what is gone."""

    about: str
    sentence: str
    place: Place | None = None


def changed(old: PolicyBook, new: PolicyBook) -> tuple[Change, ...]:
    """Every change that means something, in the order of the new files. Comments, and how a value is spaced, mean nothing."""
    return tuple(_changes(_Written(old), _Written(new)))


def _changes(was: _Written, now: _Written) -> Iterator[Change]:
    old, new = was.book, now.book
    for policy in new.policies:
        before = old.policy(policy.id)
        if before is None:
            said = sentences.policy_new(policy.id, len(policy.steps))
            yield Change(policy.id, said, policy.place)
        else:
            yield from _policy(before, policy, was, now)
    for policy in old.policies:
        if new.policy(policy.id) is None:
            yield Change(policy.id, sentences.policy_gone(policy.id), policy.place)
    kept = [policy.id for policy in old.policies if new.policy(policy.id)]
    if kept != [policy.id for policy in new.policies if old.policy(policy.id)]:
        ids = [policy.id for policy in new.policies]
        yield Change("house", sentences.order_is(ids), new.house.places.get("order"))
    if words := _differing(old.house, new.house, "order"):
        for sentence, place in _said("house", words, was.file("house.yaml"), now.file("house.yaml")):
            yield Change("house", sentence, place)
    yield from _outcomes(was, now)
    for name in sorted(old.tones.keys() & new.tones.keys()):
        if old.tones[name] is not new.tones[name]:
            said = sentences.tone_changed(name, old.tones[name].value, new.tones[name].value)
            yield Change("messages", said)


def _policy(before: Policy, policy: Policy, was: _Written, now: _Written) -> Iterator[Change]:
    id = policy.id
    if words := _differing(before, policy, "id", "steps"):
        for sentence, place in _said(id, words, was.at(before.place.file), now.at(policy.place.file)):
            yield Change(id, sentence, place or policy.place)
    for step in policy.steps:
        earlier = before.step(step.name)
        if earlier is None:
            yield Change(id, sentences.step_new(id, step.day, step.name), step.place)
            continue
        if earlier.day != step.day:
            yield Change(id, sentences.step_moved(id, step.name, step.day, earlier.day), step.place)
        if words := _differing(earlier, step, "name", "day", "index"):
            if "actions" in words:
                words = [*(kind.value for kind in Kind), *(word for word in words if word != "actions")]
            about = sentences.of_step(id, step.day, step.name)
            for sentence, place in _said(about, words, was.step(before, earlier), now.step(policy, step)):
                yield Change(id, sentence, place or step.place)
    for step in before.steps:
        if policy.step(step.name) is None:
            yield Change(id, sentences.step_gone(id, step.day, step.name), step.place)


def _outcomes(was: _Written, now: _Written) -> Iterator[Change]:
    old, new = was.book.outcomes, now.book.outcomes
    names = [name for name in {**old, **new} if _bare(old.get(name)) != _bare(new.get(name))]
    if names:
        for sentence, place in _said("outcomes", names, was.file("outcomes.yaml"), now.file("outcomes.yaml")):
            yield Change("outcomes", sentence, place)


# -- the values as they are written -----------------------------------------------------------------------------------


class _Written:
    """A book with the trees of its files."""

    def __init__(self, book: PolicyBook) -> None:
        self.book = book

    @cached_property
    def trees(self) -> dict[str, Node | None]:
        return {name: source.read(name, text.encode()).root for name, text in self.book.texts.items()}

    def at(self, file: str) -> Node | None:
        return self.trees.get(file)

    def file(self, name: str) -> Node | None:
        return next((tree for file, tree in self.trees.items() if PurePosixPath(file).name == name), None)

    def step(self, policy: Policy, step: Step) -> Node | None:
        """The lines of a step."""
        steps = _value(self.at(policy.place.file), "steps")
        lines = steps.items if isinstance(steps, Listing) else ()
        return next((one for one in lines if one.place == step.place), None)


def _value(node: Node | None, word: str) -> Node | None:
    line = node.get(word) if isinstance(node, Block) else None
    return line.value if line else None


def _said(
    about: str, words: list[str], old: Node | None, new: Node | None
) -> Iterator[tuple[str, Place | None]]:
    """A sentence a word that is written otherwise; where none is, one about all of them."""
    told = False
    for word in words:
        for path, before, after in _leaves(word, _value(old, word), _value(new, word)):
            told = True
            place = after.place if after else _place(new, word)
            yield _sentence(about, path, before, after), place
    if not told:
        yield sentences.words_changed(about, words), None


def _place(node: Node | None, word: str) -> Place | None:
    found = _value(node, word)
    return found.place if found else None


def _leaves(path: str, old: Node | None, new: Node | None) -> Iterator[tuple[str, Node | None, Node | None]]:
    """The innermost values that differ, each with the words that lead to it."""
    if written(old) == written(new):
        return
    if isinstance(old, Block) and isinstance(new, Block):
        for word in dict.fromkeys(line.key.value for line in (*new.lines, *old.lines)):
            yield from _leaves(f"{path} {word}", _value(old, word), _value(new, word))
    else:
        yield path, old, new


def _sentence(about: str, path: str, old: Node | None, new: Node | None) -> str:
    if isinstance(old, Listing) and isinstance(new, Listing):
        before, after = ([written(one) for one in side.items] for side in (old, new))
        gone = [one for one in before if one not in after]
        return sentences.lines_changed(about, path, gone, [one for one in after if one not in before])
    return sentences.word_changed(about, path, written(old), written(new))


def written(node: Node | None) -> str:
    """A value on one line, as a person would say it."""
    match node:
        case None:
            return ""
        case Text():
            text = " ".join(node.value.split())
        case Listing():
            dashes = any(isinstance(one, Block) for one in node.items)
            text = ("; " if dashes else ", ").join(written(one) for one in node.items)
        case Block():
            text = ", ".join(f"{line.key.value} {written(line.value)}" for line in node.lines)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


# -- what means something ---------------------------------------------------------------------------------------------


def _differing(old: House | Policy | Step, new: House | Policy | Step, *without: str) -> list[str]:
    """The words under which two of a kind differ, as they are written in the files."""
    names = [each.name for each in fields(old) if each.name not in ("place", "places", *without)]
    found = [name for name in names if _bare(getattr(old, name)) != _bare(getattr(new, name))]
    return list(dict.fromkeys(_WORDS.get(name, name) for name in found))


def _as_written(value: Any, name: str) -> bool:
    """The text of a test beside what it means: `over 1,000` and `over 1000` are the same."""
    return isinstance(value, Test) and name == "text"


def _bare(value: Any) -> Any:
    """A value of the book without the places of its lines, and without how it was written."""
    if isinstance(value, Place):
        return None
    if is_dataclass(value):
        return tuple(
            _bare(getattr(value, each.name)) for each in fields(value) if not _as_written(value, each.name)
        )
    if isinstance(value, Mapping):
        return {key: _bare(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_bare(one) for one in value)
    return value
