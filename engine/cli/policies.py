"""Policies: whether they are good, what their words mean, and whether they do what their tests say."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.edge import edge_of, json_bytes, write_bytes

Json = Annotated[bool, typer.Option("--json", help="For programs.")]
GitHub = Annotated[bool, typer.Option("--github", help="As annotations beside the lines of a pull request.")]


def check(
    ctx: typer.Context,
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Also what can be known without a ledger, and policies/invariants.yaml."),
    ] = False,
    json: Json = False,
    github: GitHub = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as problems.")] = False,
) -> None:
    """Read all policies, messages and settings, and show every problem at once."""
    from engine.core.problem import Severity
    from engine.jobs.tried import tried
    from engine.jobs.workspace import BrokenSettings
    from engine.screen.problems import problem_github, problem_value
    from engine.screen.written import count

    edge = edge_of(ctx)
    proof = None
    try:
        ws = tried(edge.workspace)
        problems, policies, templates = (
            ws.problems,
            ws.book and len(ws.book.policies),
            len(ws.templates.heads),
        )
        if deep and ws.book is not None:
            from engine.jobs.proofs import prove_all

            proof = prove_all(ws)
    except BrokenSettings as broken:
        if any(problem.code == "no-workspace" for problem in broken.problems):
            raise
        problems, policies, templates = broken.problems, 0, 0
    every = (*problems, *(finding.problem for finding in proof.findings)) if proof else problems
    bad = any(problem.severity is Severity.ERROR or strict for problem in every)
    if json:
        value: dict[str, object] = {
            "ok": not bad,
            "problems": [problem_value(problem) for problem in problems],
        }
        if proof:
            from engine.screen.proofs import proof_value

            value |= proof_value(proof)
        edge.write_json(value)
    elif github:
        sys.stdout.write("".join(f"{problem_github(problem)}\n" for problem in every))
    elif problems:
        edge.show_problems(problems)
    if proof and not json and not github:
        from engine.screen.proofs import proof_drawn

        edge.show(proof_drawn(proof))
    if not json and not github and not bad:
        what = f"{count(policies or 0, 'policy', 'policies')} and {count(templates, 'template')}"
        edge.say(f"{what}: no problems." if not every else f"{what}: nothing stands in the way.", "green")
    raise typer.Exit(1 if bad else 0)


def words(
    ctx: typer.Context,
    word: Annotated[str | None, typer.Argument(metavar="WORD", help="The word to explain.")] = None,
) -> None:
    """Explain a word of the policy language, or list all of them."""
    from engine.core.language import words as dictionary
    from engine.core.language.fields import FIELDS
    from engine.errors import DunwellError, Refused

    edge = edge_of(ctx)
    try:
        own = edge.workspace.known.own_fields
    except DunwellError:  # the words are the same without a workspace, but for its own fields
        own = {}
    if word is None:
        edge.say(dictionary.overview(own))
        edge.say("\n  dunwell words WORD  explains one", "dim")
        return
    wanted = " ".join(word.split()).rstrip(":")
    told = dictionary.explain(wanted, own)
    if told is None:
        known = [*FIELDS, *own, *dict.fromkeys(each.name for each in dictionary.WORDS)]
        raise Refused(f"there is no word “{wanted}”", dictionary.nearest(wanted, known))
    edge.say(told)


def schema(
    ctx: typer.Context,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="One file a kind, into a folder.")
    ] = None,
) -> None:
    """Write the JSON Schemas with which an editor completes and checks policy files."""
    edge = edge_of(ctx)
    schemas = edge.workspace.schemas()
    if out is None:
        edge.write_json(schemas)
        return
    out.mkdir(parents=True, exist_ok=True)
    for name, value in schemas.items():
        (out / f"{name}.schema.json").write_bytes(json_bytes(value))
    edge.say(f"{out}: {', '.join(f'{name}.schema.json' for name in schemas)}")


class Show(StrEnum):
    """What is listed in full."""

    DAYS = "days"


def diff(
    ctx: typer.Context,
    old: Annotated[
        str, typer.Argument(metavar="[OLD]", help="A folder, a git revision, or “live”: what is live now.")
    ] = "live",
    new: Annotated[
        str, typer.Argument(metavar="[NEW]", help="The same, or “files”: the workspace as it lies here.")
    ] = "files",
    days: Annotated[int, typer.Option("--days", metavar="N", min=1, max=92, help="Over so many days.")] = 30,
    start: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="The first day; else today.")
    ] = None,
    show: Annotated[Show | None, typer.Option("--show", help="Each day that differs.")] = None,
    json: Json = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="As a comment of a pull request.")] = False,
    names: Annotated[
        bool, typer.Option("--names/--no-names", help="With accounts by name, in --markdown.")
    ] = True,
    exit_code: Annotated[
        bool,
        typer.Option("--exit-code", help="End with 1 if something differs, with 2 if it cannot be told."),
    ] = False,
    assume: Annotated[
        str | None, typer.Option("--assume", metavar="WHAT", help="“promises kept”; else nothing is paid.")
    ] = None,
) -> None:
    """Compare the policies with those that are live: in words, and whom it touches. Nothing is written."""
    os.environ.setdefault("POLARS_MAX_THREADS", "1")  # many small steps, and a process for each of the two
    from engine.cli.coming import assumed
    from engine.errors import Refused
    from engine.jobs.diff import BrokenBook
    from engine.jobs.diff import diff as compared
    from engine.screen.diff import diff_drawn, diff_value
    from engine.screen.diff_markdown import diff_markdown

    edge = edge_of(ctx)
    assumes = assumed(assume)
    first = edge.day("--from", start)
    try:
        found = compared(edge.workspace, old, new, start=first, days=days, now=edge.moment(), assumes=assumes)
    except Refused as refused:
        if isinstance(refused, BrokenBook):
            edge.show_problems(refused.problems)
        edge.tell(f"dunwell: {refused}")
        raise typer.Exit(2 if exit_code else 1) from None
    if json:
        edge.write_json(diff_value(found))
    elif markdown:
        write_bytes(diff_markdown(found, names=names).encode())
    else:
        edge.show(diff_drawn(found, width=edge.screen.width, every_day=show is Show.DAYS))
    raise typer.Exit(1 if exit_code and not found.nothing else 0)


def trials(
    ctx: typer.Context,
    json: Json = False,
    junit: Annotated[str | None, typer.Option("--junit", metavar="FILE", help="For build servers.")] = None,
    github: GitHub = False,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="And show what no test tries: steps, gates, boundaries.")
    ] = False,
    write: Annotated[
        str | None,
        typer.Option("--write", metavar="ACCOUNT", help="First add a test from what really happened to it."),
    ] = None,
) -> None:
    """Try the policies on the accounts of policies/tests, day by day."""
    os.environ.setdefault("POLARS_MAX_THREADS", "1")  # many small steps: a second thread would only wait
    from engine.cli.edge import write_file
    from engine.jobs.trials import run_tests
    from engine.screen import trials as drawn

    edge = edge_of(ctx)
    ws = edge.files
    if write is not None:
        from engine.jobs.recorded import write_test
        from engine.jobs.workspace import open_workspace

        edge.has_ledger()
        edge.tell(f"{write_test(ws, write, edge.moment()).path} is new.")
        ws = open_workspace(ws.root)
    report = run_tests(ws, coverage=coverage)
    failed = not report.results or not all(result.passed for result in report.results)
    if junit is not None:
        write_file(junit, drawn.junit(report))
    if json:
        edge.write_json(drawn.trials_value(report))
    elif github:
        sys.stdout.write(drawn.trials_github(report))
    elif junit != "-":
        edge.show(drawn.trials_drawn(report))
    raise typer.Exit(1 if failed else 0)
