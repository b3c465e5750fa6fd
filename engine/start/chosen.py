"""Policies of the start set that somebody chooses, with what they need: the house, messages, outcomes and tests."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from pathlib import Path

import yaml

from engine.core.language.check import HOUSE, INVARIANTS, OUTCOMES
from engine.core.language.policy import PolicyBook
from engine.jobs.workspace import of_texts
from engine.settings import Settings, Workspace
from engine.settings.texts import read
from engine.start import start_set

TESTS = "tests"
FOR_ALL = "everyone-else"  # takes whom no policy before it takes


@cache
def house() -> str:
    """The house as the start set has it."""
    return (start_set() / "policies" / HOUSE).read_text("utf-8")


@cache
def policies() -> tuple[str, ...]:
    """The ids of the start set's policies, in the order in which they are asked."""
    return tuple(yaml.safe_load(house())["order"])


@cache
def book() -> PolicyBook:
    """The start set read, for its pictures."""
    there = Workspace(start_set(), Settings())
    return of_texts(there, read(there), alone=True).live


def files(chosen: Collection[str], policies: str, templates: str) -> dict[str, str]:
    """The texts that these policies need, but for the house: by their path in a workspace with these folders."""
    root = start_set()
    of_policies = root / "policies"
    found = {f"{policies}/{id}.yaml": _text(of_policies / f"{id}.yaml") for id in chosen}
    found[f"{policies}/{OUTCOMES}"] = _text(of_policies / OUTCOMES)
    found[f"{policies}/{INVARIANTS}"], _ = _without(
        _text(of_policies / INVARIANTS), "- ", "  policy: ", chosen
    )
    for path in sorted((of_policies / TESTS).glob("*.yaml")):
        text, left = _without(_text(path), "  - name:", "    expect: policy ", chosen)
        if left and yaml.safe_load(text)["policy"] in chosen:
            found[f"{policies}/{TESTS}/{path.name}"] = text
    for path in sorted((root / "templates").iterdir()):
        found[f"{templates}/{path.name}"] = _text(path)
    return found


def _without(text: str, item: str, about: str, chosen: Collection[str]) -> tuple[str, int]:
    """A list in a file without the items about policies that are not chosen; and how many are left."""
    head, *items = re.split(rf"(?m)^(?={item})", text)
    kept = [
        one for one in items if not (found := re.search(rf"(?m)^{about}(\S+)$", one)) or found[1] in chosen
    ]
    return "".join((head, *kept)), len(kept)


def _text(path: Path) -> str:
    return path.read_text("utf-8")
