"""The tests of the policies, as `dunwell test` runs them."""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.trust.coverage import Coverage, Untested, Watch
from engine.core.trust.trial import Failure, Result, run_trials
from engine.jobs.workspace import Workspace

TestFailure = Failure
TestResult = Result
TestCoverage = Coverage
TestGap = Untested


@dataclass(frozen=True, slots=True)
class TestReport:
    """Every test of the workspace with what became of it; and, where that was asked, what the tests leave untried."""

    results: tuple[TestResult, ...]
    coverage: TestCoverage | None = None


def run_tests(ws: Workspace, *, coverage: bool = False) -> TestReport:
    """Run all of policies/tests through the same decision as everything else."""
    watch = Watch(ws.live) if coverage else None
    results = run_trials(ws.live, ws.trials, ws.rules, watch)
    return TestReport(results, watch.coverage() if watch else None)
