"""How much of what could be wrong in the start set its tests and `check --deep` would catch.

`python -m benchmarks.mutants [--list]` changes one thing at a time in the policies and in house.yaml: every day by one, every
comparison, gate, tone, role, clock, and the order of the policies. A mutant is caught where `dunwell check` has a problem that it
had not, a test of policies/tests fails, or `check --deep` finds something new. Those that are left are listed, with the reason
where they make no difference. Nothing is drawn by chance. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.deep_check import laid_out
from engine.core.decision.questions import rulesets
from engine.core.language.check import Checked, check
from engine.core.rules import PlainRules
from engine.core.trust.prove import prove
from engine.core.trust.trial import run_trials
from engine.jobs.workspace import Workspace

_ROLES = ("collector", "supervisor", "credit manager", "account owner")
_TONES = {"courteous": "friendly-reminder", "firm": "firm-reminder", "final": "final-notice"}
_OTHER = {
    "over": ("at least", "under"),
    "under": ("at most", "over"),
    "at least": ("over", "at most"),
    "at most": ("under", "at least"),
}

# Mutants that make no difference to any account: (file, a part of the change) -> why.
EQUIVALENT: dict[tuple[str, str], str] = {
    **{
        (f"{policy}.yaml", "without:"): "no step of it does that; the line is for those who edit it"
        for policy in ("first-time", "public-sector", "small-balances")
    },
    ("house.yaml", "answer: 7 days → "): "7 days is what holds where nothing is said",
    ("house.yaml", "calendar: US → "): "the holidays of the United States are closed where nothing is said",
    ("house.yaml", "hours: weekdays 8:30-17:00 → "): "these are the hours where nothing is said",
    ("house.yaml", "insolvent: yes → "): "a guard leaves insolvent customers to people as well",
    ("house.yaml", "attorney: yes → "): "a guard leaves whoever has an attorney to people as well",
    (
        "house.yaml",
        "contact:",
    ): "5 days between two steps let no more than two into 7 days; it binds what follows calls",
}

# And those that differ, but not for one account: what is missing.
BEYOND: dict[tuple[str, str], str] = {
    (
        "first-time.yaml",
        "to: principal",
    ): "differs: an invariant can say it, and doubles the time of the deep check",
    ("house.yaml", "capacity:"): "differs: a whole day's capacity, no single account's",
    ("house.yaml", "actions:"): "differs: a whole day's safety stop, no single account's",
    ("house.yaml", "letters: 100"): "differs: a whole day's safety stop, no single account's",
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one line (from 0): its kind, what it was and what it is, and the file as it is then."""

    kind: str
    file: str
    line: int
    was: str
    now: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line + 1}: {self.was or '…'} → {self.now or 'taken away'}"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--list", action="store_true", help="every mutant, and what caught it")
    told = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ws = laid_out(Path(folder) / "shop")
    every = list(mutants(ws))
    trying = _Trying(ws)
    caught: dict[str, Counter[str]] = {}
    left = []
    for mutant in every:
        by = trying.caught(mutant)
        caught.setdefault(mutant.kind, Counter())[by] += 1
        if told.list:
            print(f"{by or 'NOT CAUGHT':10} {mutant}", flush=True)
        if not by:
            left.append(mutant)
    print(f"{'kind':12} {'mutants':>7} {'check':>6} {'test':>6} {'deep':>6} {'left':>6}")
    for kind, by in [*caught.items(), ("all", sum(caught.values(), Counter()))]:
        print(f"{kind:12} {by.total():7} {by['check']:6} {by['test']:6} {by['deep']:6} {by['']:6}")
    print("\nNot caught:")
    for mutant in left:
        why = reason(mutant, EQUIVALENT) or reason(mutant, BEYOND) or "no reason: it should be"
        print(f"  {mutant}\n      {why}")
    alike = sum(bool(reason(mutant, EQUIVALENT)) for mutant in left)
    found = len(every) - len(left)
    print(
        f"\n{alike} of them make no difference; of the others {found / (len(every) - alike):.1%} are caught."
    )
    share = round(found / len(every), 4)
    print(json.dumps({"mutants": len(every), "caught": found, "share": share, "equivalent": alike}))


def reason(mutant: Mutant, reasons: Mapping[tuple[str, str], str]) -> str:
    """Why a mutant is left, where there is a reason."""
    change = f"{mutant.was} → {mutant.now}"
    return next((why for (f, part), why in reasons.items() if f == mutant.file and part in change), "")


class _Trying:
    """The start set, and what it is by itself."""

    def __init__(self, ws: Workspace) -> None:
        self.ws = ws
        self.files = dict(ws.texts.policies)
        base = check(self.files, ws.known)
        self.told = {problem.sentence for problem in base.problems}
        self.found = self._deep(base)
        assert self._tests_pass(base)

    def caught(self, mutant: Mutant) -> str:
        """What catches it: check, test or deep; empty where nothing does."""
        read = check({**self.files, f"policies/{mutant.file}": mutant.text.encode()}, self.ws.known)
        if read.book is None or any(problem.sentence not in self.told for problem in read.problems):
            return "check"
        if not self._tests_pass(read):
            return "test"
        return "deep" if self._deep(read) - self.found else ""

    def _tests_pass(self, read: Checked) -> bool:
        assert read.book is not None
        results = run_trials(read.book, read.trials, (PlainRules(rulesets(read.book)),))
        return all(result.passed for result in results)

    def _deep(self, read: Checked) -> set[tuple[str, str]]:
        assert read.book is not None
        rules = (PlainRules(rulesets(read.book)),)
        proof = prove(read.book, self.ws.known, read.invariants, rules, read.problems, stories=False)
        return {(finding.problem.code, finding.policy) for finding in proof.findings}


# -- one change at a time --------------------------------------------------------------------------------------------------


def mutants(ws: Workspace) -> Iterator[Mutant]:
    """Every mutant of the policies and of house.yaml, in the order of the files and lines."""
    tones = {name: tone.value for name, tone in ws.known.tones.items()}
    for path, data in sorted(ws.texts.policies.items()):
        file = path.removeprefix("policies/")
        if "/" in file or file in ("outcomes.yaml", "invariants.yaml"):
            continue
        lines = data.decode().split("\n")
        for number, written in enumerate(lines):
            line = re.sub(r"(^|\s)#.*", "", written).rstrip()
            for kind, was, now, changed in _of_line(line, _section(lines, number), tones):
                text = "\n".join([*lines[:number], *changed, *lines[number + 1 :]])
                yield Mutant(kind, file, number, was, now, text)


def _section(lines: list[str], number: int) -> str:
    """The word of the file or of the step that a line stands under: never, pause, for, when, order, …"""
    depth = len(lines[number]) - len(lines[number].lstrip())
    for line in reversed(lines[:number]):
        if line.strip() and not line.lstrip().startswith("#"):
            indent = len(line) - len(line.lstrip())
            if indent < depth and (head := re.match(r"\s*(?:- )?([a-z]+):\s*(#.*)?$", line)):
                return head[1]
    return ""


Change = tuple[str, str, str, list[str]]


def _of_line(line: str, section: str, tones: dict[str, str]) -> Iterator[Change]:
    yield from _days(line)
    if section in ("for", "when", "never", "pause"):
        yield from _comparisons(line)
    yield from _gates(line, section)
    yield from _words(line, tones)
    if line.startswith("order: ["):
        names = line[8:-1].split(", ")
        for at in range(len(names) - 1):
            swapped = [*names[:at], names[at + 1], names[at], *names[at + 2 :]]
            yield (
                "order",
                ", ".join(names[at : at + 2]),
                ", ".join(swapped[at : at + 2]),
                [f"order: [{', '.join(swapped)}]"],
            )


def _days(line: str) -> Iterator[Change]:
    for found in re.finditer(r"(?:\bday: |\b(?=\d+ days))(-?\d+)|(?<=at most )(\d+)(?= in)", line):
        value = found[1] or found[2]
        for other in (int(value) - 1, int(value) + 1):
            start, end = found.span(1) if found[1] else found.span(2)
            changed = f"{line[:start]}{other}{line[end:]}"
            yield "day", line.strip(), changed.strip(), [changed]
    for found in re.finditer(r"\d+ (?:Dec|Jan)", line):
        on = datetime.strptime(f"{found[0]} 2025 +0000", "%d %b %Y %z")
        for other in (on - timedelta(days=1), on + timedelta(days=1)):
            said = f"{other.day} {other:%b}"
            yield "day", line.strip(), said, [line[: found.start()] + said + line[found.end() :]]


def _comparisons(line: str) -> Iterator[Change]:
    found = re.match(r"(\s*(?:- )?[a-z-]+: )(.+)$", line)
    if not found:
        return
    head, value = found[1], found[2]
    changed: list[str] = []
    if how := re.match(r"(over|under|at least|at most) ([\d,]+)(%?)$", value):
        number = int(how[2].replace(",", ""))
        changed = [f"{other} {how[2]}{how[3]}" for other in _OTHER[how[1]]]
        changed += [f"{how[1]} {number + by}{how[3]}" for by in (-1, 1)]
    elif value in ("yes", "no"):
        changed = ["no" if value == "yes" else "yes"]
    elif value.startswith("["):
        words = value[1:-1].split(", ")
        changed = [f"[{', '.join(words[:at] + words[at + 1 :])}]" for at in range(len(words))]
        changed.append(f"not {value}")
    elif " to " not in value:
        changed = [f"not {value}"]
    for other in changed:
        yield "comparison", line.strip(), other, [head + other]


def _gates(line: str, section: str) -> Iterator[Change]:
    word = line.strip().partition(":")[0].removeprefix("- ")
    limits = ("approve", "minimum", "gap", "contact", "answer", "without")
    house = ("capacity", "hours", "calendar")
    dash = section in ("never", "pause", "when") and line.strip().startswith("- ")
    if dash or word in limits or section == "stop" or (word in house and not section):
        yield "gate", line.strip(), "", []
    if word == "minimum":
        yield from (("gate", line.strip(), str(n), [f"minimum: {n}"]) for n in (49, 51))
    if word == "closed":
        yield "gate", line, "same day", ["closed: same day"]
    if word == "late":
        yield from (("gate", line, how, [f"late: {how}"]) for how in ("latest", "skip 7 days"))


def _words(line: str, tones: dict[str, str]) -> Iterator[Change]:
    found = re.match(r"(\s*(?:- )?)(email|letter|call|approve|to|from|clock|start): (.+)$", line)
    if not found:
        return
    head, word, value = found[1], found[2], found[3]
    if word in ("email", "letter") and value in tones:
        for tone, template in _TONES.items():
            if tone != tones[value]:
                yield "tone", line.strip(), template, [f"{head}{word}: {template}"]
    elif word in ("call", "approve", "from"):
        for other in _ROLES:
            if other != value:
                yield "role", line.strip(), other, [f"{head}{word}: {other}"]
    elif word == "to":
        yield "role", line.strip(), "accounts payable", [f"{head}to: accounts payable"]
    elif word == "clock":
        other = "invoice date" if value == "due date" else "due date"
        yield "clock", line.strip(), other, [f"clock: {other}"]
    elif word == "start":
        yield "clock", line.strip(), "dispute closed", ["start: dispute closed"]


if __name__ == "__main__":
    main()
