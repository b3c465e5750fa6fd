"""What the tests of the policies say: day, what is, what should be, and why."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.screen.problems import github_line
from engine.screen.written import clean, count, line_of

if TYPE_CHECKING:
    from engine.jobs.trials import TestCoverage, TestGap, TestReport, TestResult

_KINDS = {"steps": "step", "gates": "gate", "boundaries": "boundary"}
_HEAD = ("day", "is", "should be", "why")


def trials_drawn(report: TestReport) -> Group:
    """Every file with its tests; under one that failed, each day that is not as it should be."""
    if not report.results:
        return Group(
            Text("There are no tests.", "bold red"),
            Text("  Write some into policies/tests; “dunwell help policies” shows how."),
        )
    parts: list[RenderableType] = []
    for file, results in groupby(report.results, key=lambda result: result.file):
        parts.append(Text(file, "bold"))
        for result in results:
            parts += _result(result)
    failed = sum(not result.passed for result in report.results)
    tests = count(len(report.results), "test")
    last = f"{tests}, {failed} failed." if failed else f"{tests}, all as they should be."
    parts += [Text(), Text(last, "bold red" if failed else "green")]
    if report.coverage is not None:
        parts += _coverage(report.coverage)
    return Group(*parts)


def _coverage(found: TestCoverage) -> list[RenderableType]:
    """How much is tried; and under each file what is not."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for kind, (tested, of) in found.counts.items():
        table.add_row(f"  {kind}", Text(f"{tested:,} of {of:,}", justify="right"))
    parts: list[RenderableType] = [Text(), Text("Tried by the tests", "bold"), table]
    for title, gaps in (("Never tried", found.untested), ("Never at the figure itself", found.figures)):
        if gaps:
            parts += [Text(), Text(title, "bold"), _gaps(gaps)]
    return parts


def _gaps(gaps: Iterable[TestGap]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for gap in gaps:
        place = Text(line_of(gap.place) if gap.place else "", "dim")
        table.add_row(f"  {_KINDS[gap.kind]}", Text(clean(gap.sentence)), place)
    return table


def _result(result: TestResult) -> list[RenderableType]:
    mark = Text("  ✓ ", "green") if result.passed else Text("  ✗ ", "bold red")
    line = Text.assemble(mark, clean(result.name))
    if result.passed:
        return [line]
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_row(*(Text(f"      {word}" if word == "day" else word, "dim") for word in _HEAD))
    for failure in result.failures:
        table.add_row(
            Text(f"      {failure.day}", "bold"),
            Text(clean(failure.is_), "red"),
            Text(clean(failure.should_be), "green"),
            Text(clean(failure.why)),
        )
    where = Text(f"      {result.place}", "dim")
    return [line, table, where]


def trials_value(report: TestReport) -> dict[str, object]:
    """What `test --json` writes; the keys stay as they are."""
    told = {} if report.coverage is None else {"coverage": _coverage_value(report.coverage)}
    return {
        "ok": bool(report.results) and all(result.passed for result in report.results),
        "tests": [
            {
                "file": result.file,
                "name": result.name,
                "line": result.place.line,
                "passed": result.passed,
                "failures": [
                    {
                        "day": failure.day,
                        "is": failure.is_,
                        "should_be": failure.should_be,
                        "why": failure.why,
                        "line": str(failure.place) if failure.place else None,
                    }
                    for failure in result.failures
                ],
            }
            for result in report.results
        ],
        **told,
    }


def _coverage_value(found: TestCoverage) -> dict[str, object]:
    def listed(gaps: Iterable[TestGap]) -> list[dict[str, object]]:
        return [
            {
                "kind": gap.kind,
                "policy": gap.policy or None,
                "what": gap.what,
                "sentence": gap.sentence,
                "line": str(gap.place) if gap.place else None,
            }
            for gap in gaps
        ]

    counts = {kind: {"tested": tested, "of": of} for kind, (tested, of) in found.counts.items()}
    return {**counts, "untested": listed(found.untested), "never_at_the_figure": listed(found.figures)}


def _said(result: TestResult) -> list[str]:
    return [f"day {one.day}: {one.is_}; it should be {one.should_be}: {one.why}" for one in result.failures]


def trials_github(report: TestReport) -> str:
    """An annotation for each test that failed, and a notice for what no test tries."""
    lines = [
        github_line(
            "error",
            result.file,
            result.place.line,
            result.place.column,
            result.name,
            "\n".join(_said(result)),
        )
        for result in report.results
        if not result.passed
    ]
    for gap in report.coverage.untested if report.coverage else ():
        if gap.place:
            place = gap.place
            lines.append(
                github_line("notice", place.file, place.line, place.column, "never tried", gap.sentence)
            )
    return "".join(f"{line}\n" for line in lines)


def junit(report: TestReport) -> bytes:
    """The XML that build servers read."""
    failed = sum(not result.passed for result in report.results)
    totals = {"tests": str(len(report.results)), "failures": str(failed)}
    top = ElementTree.Element("testsuites", {"name": "dunwell", **totals})
    for file, results in groupby(report.results, key=lambda result: result.file):
        chosen = list(results)
        bad = sum(not result.passed for result in chosen)
        suite = ElementTree.SubElement(
            top, "testsuite", {"name": file, "tests": str(len(chosen)), "failures": str(bad)}
        )
        for result in chosen:
            case = ElementTree.SubElement(
                suite,
                "testcase",
                {"classname": file, "name": clean(result.name), "line": str(result.place.line)},
            )
            if not result.passed:
                told = [clean(line) for line in _said(result)]
                failure = ElementTree.SubElement(case, "failure", {"message": told[0] if told else "failed"})
                failure.text = "\n".join(told)
    ElementTree.indent(top)
    xml: bytes = ElementTree.tostring(top, "utf-8", xml_declaration=True)
    return xml + b"\n"
