"""What stands still, why and since when: the brakes that are on. To put one on, or to take it off, is in `brakes`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from engine.store.view import View, rows
from engine.store.words import COMPANY

STOPPED, QUARANTINE, CLOCK = "stopped", "quarantine", "clock"
KINDS = (QUARANTINE, STOPPED, CLOCK)  # which one is named first
BRAKE = "brake "  # what a brake's name begins with, among the settings
_NAMES = ", ".join(f"'{BRAKE}{kind}'" for kind in KINDS)
_ON = f"SELECT name, value FROM setting WHERE company = :company AND name IN ({_NAMES})"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Halt:
    """Why nothing moves: by a person (`stopped`), after a restore (`quarantine`), or for an absurd clock."""

    kind: str
    because: str
    by: str
    at: datetime

    @property
    def sentence(self) -> str:
        """For a person, in one line."""
        since = f"{self.at:%Y-%m-%d %H:%M} UTC"
        match self.kind:
            case "stopped":
                return f"stopped by {self.by} since {since}: {self.because}"
            case "quarantine":
                return f"in quarantine since {since}: {self.because}"
            case _:
                return f"halted since {since}: {self.because}"

    @property
    def remedy(self) -> str:
        """What lets the house go on."""
        if self.kind == QUARANTINE:
            return "“dunwell quarantine” lists what to look at; “dunwell resume” ends it"
        if self.kind == CLOCK:
            return "set the machine's clock right; then “dunwell resume”"
        return "“dunwell resume” lets it go on"


def halted(view: View, company: str = COMPANY) -> Halt | None:
    """The weightiest brake that is on, or None: the house may move."""
    found = halts(view, company)
    return found[0] if found else None


def halts(view: View, company: str = COMPANY) -> tuple[Halt, ...]:
    """All brakes that are on, the weightiest first."""
    found = {name.removeprefix(BRAKE): json.loads(value) for name, value in rows(view, _ON, company=company)}
    return tuple(
        Halt(kind, told["because"], told["by"], datetime.fromisoformat(told["at"]))
        for kind in KINDS
        if (told := found.get(kind)) is not None
    )
