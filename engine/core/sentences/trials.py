"""What the tests of the policies say, and what they do not say yet."""

from __future__ import annotations

from engine.core.sentences.reasons import Gate, Reason

_HELD = {
    Reason.BELOW_MINIMUM: "no account is left alone because it owes too little",
    Reason.DISPUTED: "no step waits for a dispute",
    Reason.PROMISED: "no step waits for a promise",
    Reason.PLANNED: "no step waits while a payment plan is kept",
    Reason.CLOSED_DAY: "no step waits for an open day; a test file with  calendar: US  can show it",
    Reason.GAP: "no step waits because the last contact was too short ago",
    Reason.ANSWER: "no step waits for the time to answer",
    Reason.CONTACT_LIMIT: "no step waits because there were contacts enough",
    Reason.NO_ADDRESS: "no step waits for an address; an account with  addresses: none  can show it",
}


def never_taken(step: str) -> str:
    """A step that no test takes."""
    return f"no test takes “{step}”"


def never_on_its_day(step: str, day: int) -> str:
    """A step of which no test shows the day before without it and its day with it."""
    return f"no test shows nothing on day {day - 1} and “{step}” on day {day}"


def never_held(gate: Gate, reason: Reason, line: str) -> str:
    """A gate that holds nothing in any test. `line` is what the file says, where it is one of several."""
    if gate is Gate.APPROVAL:
        return f"“{line}” never asks for its approval"
    if gate is Gate.NEVER:
        return f"no account is left to people by “{line}”"
    if gate is Gate.PAUSE:
        return f"no step waits because of “{line}”"
    return _HELD[reason]


def one_sided(line: str, *, met: bool) -> str:
    """A comparison that no test shows from one side. `met`: the side that is missing is the one where it holds."""
    return f"no account meets “{line}”" if met else f"no account is turned away by “{line}” alone"


def not_at_the_figure(line: str) -> str:
    """A comparison of numbers that is tried on both sides, and never with the figure itself."""
    return f"no account has the very figure of “{line}”"
