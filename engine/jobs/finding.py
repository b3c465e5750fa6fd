"""What a check of the set-up has found: good, worth knowing, odd, or to be mended, each with what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How a finding counts. Only `BAD` must be mended before the service can be relied on."""

    GOOD = "good"
    NOTE = "note"
    ODD = "odd"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `remedy` says what to do where it is not as it should be."""

    about: str
    grade: Grade
    sentence: str
    remedy: str = ""


def good(about: str, sentence: str) -> Finding:
    return Finding(about, Grade.GOOD, sentence)


def note(about: str, sentence: str, remedy: str = "") -> Finding:
    return Finding(about, Grade.NOTE, sentence, remedy)


def odd(about: str, sentence: str, remedy: str = "") -> Finding:
    return Finding(about, Grade.ODD, sentence, remedy)


def bad(about: str, sentence: str, remedy: str = "") -> Finding:
    return Finding(about, Grade.BAD, sentence, remedy)
