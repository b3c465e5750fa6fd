"""How long `dunwell check --deep` takes: of the start set, and of a book of 12 policies and 100 steps.

`python -m benchmarks.deep_check` lays each out in a folder that goes afterwards, reads it as the command does, and times what
`--deep` adds: sorts of accounts, every course of each, findings with their stories, invariants. The second book is the start
set's own seven policies, lengthened, and five more for industries of their own, made by rule. The last line is JSON.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from datetime import date
from pathlib import Path

from engine.core.trust.prove import Proof
from engine.jobs.proofs import prove_all
from engine.jobs.workspace import Workspace, open_workspace
from engine.start import lay_out

POLICIES, STEPS = 12, 100
_INDUSTRIES = ("farming", "building", "catering", "printing", "haulage")
_LADDER = (
    *("email: friendly-reminder", "call: collector", "letter: firm-reminder", "call: collector"),
    *("email: firm-reminder", "call: supervisor", "letter: firm-reminder", "call: supervisor"),
    *("letter: final-notice", "call: credit manager"),
)
_MORE = ("call: supervisor", "letter: final-notice", "call: credit manager", "letter: final-notice")


def main() -> None:
    print(
        "book                 policies  steps  sorts      states  findings  decided  seconds  of the processor"
    )
    for name, large in (("the start set", False), (f"{POLICIES} policies", True)):
        with tempfile.TemporaryDirectory() as folder:
            ws = laid_out(Path(folder) / "shop", large=large)
            steps = sum(len(policy.steps) for policy in ws.live.policies)
            wall, cpu = time.perf_counter(), time.process_time()
            proof = prove_all(ws)
            seconds, used = time.perf_counter() - wall, time.process_time() - cpu
        print(_line(name, len(ws.live.policies), steps, proof, seconds, used))
    print(json.dumps({"policies": len(ws.live.policies), "steps": steps, "seconds": round(seconds, 2)}))


def _line(name: str, policies: int, steps: int, proof: Proof, seconds: float, cpu: float) -> str:
    how = "all" if proof.whole else "sampled"
    return (
        f"{name:20} {policies:8} {steps:6} {proof.sorts:6} {proof.states:11,} {len(proof.findings):9}"
        f"  {how:>7} {seconds:8.2f} {cpu:17.2f}"
    )


def laid_out(root: Path, *, large: bool = False) -> Workspace:
    """A workspace as `dunwell init` lays it out, or with the large book."""
    lay_out(root, date(2026, 11, 23), sample=False)
    if large:
        _enlarge(root / "policies")
    ws = open_workspace(root).thorough()
    assert ws.book is not None, [problem.sentence for problem in ws.problems]
    return ws


def _enlarge(policies: Path) -> None:
    for industry in _INDUSTRIES:
        steps = [
            f"  - name: {number + 1}\n    day: {5 + 9 * number}\n    {action}"
            for number, action in enumerate(_LADDER)
        ]
        text = f"policy: {industry}\nfor:\n  industry: {industry}\nclock: due date\nsteps:\n" + "\n".join(
            steps
        )
        (policies / f"{industry}.yaml").write_text(text + "\n")
    house = policies / "house.yaml"
    order = f"small-balances, {', '.join(_INDUSTRIES)}, first-time"
    house.write_text(house.read_text().replace("small-balances, first-time", order))
    names = [path for path in sorted(policies.glob("*.yaml")) if "steps:" in path.read_text()]
    assert len(names) == POLICIES
    missing = STEPS - sum(len(re.findall(r"\bday: ", path.read_text().split("steps:")[1])) for path in names)
    number = 0
    while missing:
        path = names[number % len(names)]
        text = path.read_text()
        last = max(int(day) for day in re.findall(r"\bday: (-?\d+)", text))
        action = _MORE[number // len(names)]
        path.write_text(
            f"{text.rstrip()}\n\n  - name: more {number // len(names)}\n    day: {last + 15}\n    {action}\n"
        )
        number, missing = number + 1, missing - 1


if __name__ == "__main__":
    main()
