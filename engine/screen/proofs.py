"""What `check --deep` found, as a person and as a program read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from engine.core.sentences import proofs
from engine.screen.problems import problem_value, problems_drawn
from engine.screen.written import clean, count

if TYPE_CHECKING:
    from engine.core.trust.prove import Finding, Proof


def proof_drawn(proof: Proof) -> Group:
    """Every finding with the account that shows it and how it comes to it; then what was decided, and what was tried."""
    parts: list[RenderableType] = []
    for finding in proof.findings:
        parts += [_finding(finding), Text()]
    for finding, why in proof.accepted:
        place = finding.problem.place
        parts.append(
            Text(f"{place.file}:{place.line}: known, {finding.problem.code}: {clean(why.because)}", "dim")
        )
    for name in proof.held:
        if proof.whole:
            parts.append(Text.assemble(Text("  ✓ ", "green"), clean(name)))
        else:
            parts.append(Text.assemble("  · ", clean(name), Text(f"  ({proofs.NOT_SEEN})", "dim")))
    parts.append(Text())
    parts += [Text(line, "dim") for line in reach(proof)]
    return Group(*parts)


def _finding(finding: Finding) -> Text:
    out = problems_drawn([finding.problem])
    out.right_crop(len(out.plain.split("\n")[-1]) + 1)
    if also := finding.problem.also:
        out.append(f"  see also {also}\n")
    if finding.timeline:
        out.append("\n")
        for line in finding.timeline:
            out.append(f"  {clean(line)}\n")
    elif finding.example:
        out.append("\n  an account that shows it:\n")
        for line in finding.example.splitlines():
            out.append(f"    {clean(line)}\n")
    if finding.test:
        out.append("\n  as a test of the policy:\n", "dim")
        for line in finding.test.splitlines():
            out.append(f"    {clean(line)}\n", "dim")
    elif not finding.shown:
        out.append(f"  {proofs.NOT_SHOWN}\n", "dim")
    if finding.sampled:
        out.append("  sampled: seen on a made-up account; there may be a shorter way to it\n", "dim")
    return out


def reach(proof: Proof) -> list[str]:
    """What the answer rests on."""
    states = (
        f"{count(proof.sorts, 'sort')} of accounts, {proof.states:,} states over {count(proof.days, 'day')}"
    )
    first = f"One open invoice, every address known: decided in every case ({states})."
    if not proof.whole:
        first = f"One open invoice: sampled, there are too many cases for all of them ({states} seen)."
    second = (
        f"Several invoices, or no address: sampled, {count(proof.tried, 'made-up account')} walked."
        if proof.tried
        else "Several invoices, or no address: not tried."
    )
    return [first, second]


def proof_value(proof: Proof) -> dict[str, object]:
    """For `--json`: the findings, and what they rest on."""
    return {
        "findings": [_value(finding) for finding in proof.findings],
        "known": [
            {
                "code": finding.problem.code,
                "file": finding.problem.place.file,
                "line": finding.problem.place.line,
                "because": why.because,
            }
            for finding, why in proof.accepted
        ],
        "held": list(proof.held),
        "exact": {
            "invoices": 1 if proof.whole else 0,
            "sorts": proof.sorts,
            "states": proof.states,
            "days": proof.days,
        },
        "sampled": {"accounts": proof.tried},
    }


def _value(finding: Finding) -> dict[str, object]:
    return problem_value(finding.problem) | {
        "policy": finding.policy,
        "example": finding.example,
        "timeline": list(finding.timeline),
        "test": finding.test,
        "sampled": finding.sampled,
    }
