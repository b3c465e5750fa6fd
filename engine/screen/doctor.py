"""What the doctor found: what must be mended first in the eye, each with what to do."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from engine.jobs.finding import Finding, Grade
from engine.screen.written import clean, count

_MARKS = {
    Grade.GOOD: ("ok", "green"),
    Grade.NOTE: ("--", "dim"),
    Grade.ODD: ("??", "yellow"),
    Grade.BAD: ("!!", "bold red"),
}


def doctor_drawn(findings: Sequence[Finding]) -> Text:
    """A line each, the remedy below it, and how much there is to do."""
    out = Text()
    wide = max((len(one.about) for one in findings), default=0)
    for one in findings:
        mark, style = _MARKS[one.grade]
        out.append(f"{mark}  ", style).append(f"{one.about:<{wide}}  ", "bold").append(clean(one.sentence))
        if one.remedy:
            out.append(f"\n{'':>{wide + 6}}{clean(one.remedy)}", "dim")
        out.append("\n")
    wrong = sum(one.grade is Grade.BAD for one in findings)
    strange = sum(one.grade is Grade.ODD for one in findings)
    if wrong:
        out.append(f"{count(wrong, 'thing')} to mend", "bold red")
    else:
        out.append("Nothing must be mended", "bold green")
    return out.append(f", {count(strange, 'thing')} to look at." if strange else ".")


def doctor_value(findings: Sequence[Finding]) -> dict[str, object]:
    """What `doctor --json` writes."""
    return {
        "mend": sum(one.grade is Grade.BAD for one in findings),
        "findings": [
            {"about": one.about, "grade": one.grade.value, "sentence": one.sentence, "remedy": one.remedy}
            for one in findings
        ],
    }
