"""What can be known of a workspace's policies without a ledger."""

from __future__ import annotations

from dataclasses import replace

from engine.core.language.notes import BREAK
from engine.core.problem import Problem
from engine.core.trust.prove import Finding, Proof, prove
from engine.jobs.workspace import Workspace


def prove_all(ws: Workspace) -> Proof:
    """The findings of the policies and of policies/invariants.yaml, each with the text of its line. Refused while a file has an
    error: there is no book to walk.
    """
    proof = prove(ws.live, ws.known, ws.invariants, ws.rules, ws.problems)
    accepted = tuple((_shown(ws, finding), why) for finding, why in proof.accepted)
    return replace(
        proof, findings=tuple(_shown(ws, finding) for finding in proof.findings), accepted=accepted
    )


def _shown(ws: Workspace, finding: Finding) -> Finding:
    problem: Problem = finding.problem
    text = ws.texts.policies.get(problem.place.file, b"").decode(errors="replace")
    lines = BREAK.split(text.removeprefix("\ufeff"))
    line = lines[problem.place.line - 1] if problem.place.line <= len(lines) else ""
    return replace(finding, problem=replace(problem, line=line))
