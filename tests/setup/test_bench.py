"""`make bench`: what it asks is there, and a figure that became worse is told of."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as bench
from benchmarks import deciders, lines

# The package that a ratio needs.
BESIDE = {
    "decide": {peer.key: peer.needs for peer in deciders.PEERS},
    "lines": {"vs_floor": "sqlite3", "vs_by_hand": "adbc_driver_sqlite"},
}
DECIDE = next(each for each in bench.BENCHMARKS if each.module == "decide")


@pytest.mark.parametrize(
    "each", [each for each in bench.BENCHMARKS if each is not DECIDE], ids=lambda each: each.module
)
def test_each_benchmark_says_its_figures(each: bench.Benchmark) -> None:
    found = find_spec(f"benchmarks.{each.module}")
    assert found is not None
    assert found.origin is not None
    text = Path(found.origin).read_text("utf-8")
    for figure in each.figures:
        assert f'"{figure.key}' in text or figure.key.startswith("vs_aiosmtplib"), figure.key


@pytest.mark.parametrize(
    ("module", "arguments"),
    [("decide", ("--accounts", "400", "--engines", "400", "--runs", "1")), ("lines", ("--lines", "200"))],
)
def test_what_runs_beside_it_answers_as_it_does(module: str, arguments: tuple[str, ...]) -> None:
    report = bench.asked(module, arguments)  # fails where an answer differs
    figures = {figure.key for each in bench.BENCHMARKS if each.module == module for figure in each.figures}
    assert figures <= report.keys()
    for key, needs in BESIDE[module].items():
        assert (report[key] is not None) == (find_spec(needs) is not None), key


def said(found: dict[str, float], kept: list[dict[str, Any]]) -> list[str]:
    return list(bench._worse(DECIDE, found, kept, "small"))


def test_only_a_ratio_that_became_half_as_bad_again_is_worse() -> None:
    kept = [
        {"commit": "a", "on": "2026-11-01", "small": {"decide.vs_polars": 9.0}},
        {"commit": "b", "on": "2026-11-02", "small": {"decide.vs_polars": 2.0, "decide.accounts_per_s": 1e6}},
        {"commit": "c", "on": "2026-11-03", "whole": {"decide.vs_polars": 0.1}},
    ]
    assert said({"decide.vs_polars": 2.9, "decide.accounts_per_s": 1.0}, kept) == []
    worse = said({"decide.vs_polars": 3.2}, kept)
    assert worse == [
        "deciding: time of a query written by hand in Polars: 3.20, 1.6 times worse than 2.00, which is kept"
    ]
    assert said({"decide.vs_durable_manual": 1.0}, kept) == []  # nothing is kept of it


def test_where_more_is_better_less_is_worse() -> None:
    kept = [{"commit": "a", "on": "2026-11-01", "small": {"decide.vs_durable_manual": 30.0}}]
    assert said({"decide.vs_durable_manual": 21.0}, kept) == []
    assert len(said({"decide.vs_durable_manual": 19.0}, kept)) == 1


def test_of_what_is_asked_again_the_better_counts() -> None:
    once = {"decide.vs_polars": 3.2, "decide.vs_durable_manual": 19.0}
    again = {"decide.vs_polars": 2.4, "decide.vs_durable_manual": 18.0}
    assert dict(bench._better(DECIDE, once, again)) == {
        "decide.vs_polars": 2.4,
        "decide.vs_durable_manual": 19.0,
    }


def test_what_is_kept_is_drawn_over_the_commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "KEPT", tmp_path)
    commits = iter(["bbb", "2026-11-01T09:00:00+00:00", "aaa", "2026-11-01T11:30:00+02:00"])
    monkeypatch.setattr(bench, "_git", lambda *_: next(commits))
    bench.keep({"diff.seconds": 11.5}, "whole")
    bench.keep({"diff.seconds": 9.5}, "whole")
    assert [report["whole"]["diff.seconds"] for report in bench.kept()] == [11.5, 9.5]
    drawn = (tmp_path / "diff.seconds.svg").read_text("utf-8")
    assert "9.50" in drawn
    assert drawn.count("<circle") == 2


def test_where_one_fails_the_others_go_on_and_it_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = bench.Benchmark("inbox", ("--no-such-word",), ())
    small = bench.Benchmark("lines", ("--lines", "200"), (bench.Figure("lines_per_s", "lines a second"),))
    monkeypatch.setattr(bench, "BENCHMARKS", (broken, small))
    monkeypatch.setattr("sys.argv", ["benchmarks", "--runs", "1"])
    assert bench.main() == 1
    *_, told, figures = capsys.readouterr().out.splitlines()
    assert told.startswith("benchmarks.inbox failed: ")
    assert told.endswith("-m benchmarks.inbox --no-such-word")
    assert "lines.lines_per_s" in figures


def test_what_a_run_is_timed_by_is_there() -> None:
    with lines.stopwatches() as seconds:
        assert set(seconds) == set(lines.PHASES)
