"""What the tests of the policies say: day, what is, what should be, and why."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.screen.problems import github_line
from engine.screen.written import clean, count

if TYPE_CHECKING:
    from engine.jobs.trials import TestReport, TestResult

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
    return Group(*parts, Text(), Text(last, "bold red" if failed else "green"))


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
    }


def _said(result: TestResult) -> list[str]:
    return [f"day {one.day}: {one.is_}; it should be {one.should_be}: {one.why}" for one in result.failures]


def trials_github(report: TestReport) -> str:
    """An annotation for each test that failed."""
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
