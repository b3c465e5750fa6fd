"""The tests of the policies, as `dunwell test` runs them."""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.trust.trial import Failure, Result, run_trials
from engine.jobs.workspace import Workspace

TestFailure = Failure
TestResult = Result


@dataclass(frozen=True, slots=True)
class TestReport:
    """Every test of the workspace with what became of it."""

    results: tuple[TestResult, ...]


def run_tests(ws: Workspace) -> TestReport:
    """Run all of policies/tests through the same decision as everything else."""
    return TestReport(run_trials(ws.live, ws.trials, ws.rules))
