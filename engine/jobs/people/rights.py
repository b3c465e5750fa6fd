"""What somebody may do at the desk, by their roles. What a role may agree to, the jobs themselves know."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

ADMIN, READER = "admin", "reader"
DECIDERS = ("supervisor", "credit manager")


class Right(StrEnum):
    """A kind of thing to do; the value ends the sentence “… may”."""

    READ = "read"
    WORK = "work with accounts"
    STOP = "stop everything"
    DECIDE = "decide what goes out"
    PEOPLE = "say who works here"
    SET_UP = "set this desk up"


def rights(roles: Collection[str]) -> frozenset[Right]:
    """Whoever has a role may read; a reader does nothing else, an admin looks after people and the set-up; all others work.

    Whoever works may stop everything: to stop is never wrong for long.
    """
    found = {Right.READ} if roles else set()
    if set(roles) - {ADMIN, READER}:
        found |= {Right.WORK, Right.STOP}
    if set(roles) & set(DECIDERS):
        found |= {Right.DECIDE}
    if ADMIN in roles:
        found |= {Right.PEOPLE, Right.SET_UP, Right.STOP}
    return frozenset(found)
