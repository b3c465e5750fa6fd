"""What is tried of a state of the policies, beside the pages: its tests, the deep check, whom it touches; and how that is drawn.

Each function is run in a process of its own, on texts that it is given, and gives back its drawing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from pathlib import Path

from markupsafe import Markup

from engine import settings
from engine.core.problem import Severity
from engine.core.sentences import compare as said
from engine.errors import Refused
from engine.jobs.report import Asked
from engine.jobs.set_up import intake
from engine.jobs.set_up.intake import Draft, Looked
from engine.jobs.simulate import Asked as Past
from engine.jobs.workspace import BrokenSettings, Workspace, of_texts
from engine.screen.written import line_of, money
from engine.settings import texts as on_disk
from engine.settings.texts import Texts, from_kept
from engine.web.html import environment

DAYS = 30  # of the comparison

NAMES = {"tests": "the tests", "deep": "the deep check", "impact": "whom it touches"}


def tests(root: Path, texts: Mapping[str, str], _now: datetime) -> str:
    """Every test of these policies, and what none of them tries."""
    from engine.jobs.trials import run_tests

    ws = _good(root, texts)
    report = run_tests(ws, coverage=True)
    files = [(file, list(results)) for file, results in groupby(report.results, key=lambda one: one.file)]
    failed = sum(not one.passed for one in report.results)
    return _drawn(
        "tried_tests.html", files=files, failed=failed, all_=len(report.results), coverage=report.coverage
    )


def deep(root: Path, texts: Mapping[str, str], _now: datetime) -> str:
    """What can be known without a ledger, and whether what must hold does."""
    from engine.jobs.proofs import prove_all
    from engine.screen.proofs import reach

    proof = prove_all(_good(root, texts))
    bad = any(one.problem.severity is Severity.ERROR for one in proof.findings)
    return _drawn("tried_deep.html", proof=proof, bad=bad, reach=reach(proof))


def impact(root: Path, texts: Mapping[str, str], now: datetime) -> str:
    """The coming days under these policies, beside those under what is live."""
    from engine.jobs import history
    from engine.jobs.diff import LIVE, diff
    from engine.screen import diff as shown
    from engine.screen.written import PLURALS
    from engine.store import released

    ws = _good(root, texts)
    with history.looking(ws.files) as conn:
        known = conn is not None and released.live(conn) is not None
    # Before anything is live the files decide: so what is typed is held against them.
    found = diff(ws, LIVE if known else str(root), start=ws.today(now), days=DAYS, now=now)
    found = found if known else replace(found, old="the files as they are")
    return _drawn("tried_impact.html", found=found, view=found.impact, shown=shown, plurals=PLURALS)


def figures(root: Path, asked: Asked, now: datetime) -> str:
    """The report of a period, with the bands that the house wants its figures in."""
    from engine.core.figures.bands import leaves
    from engine.exports.report_page import values
    from engine.jobs.deciding import deciding
    from engine.jobs.report import made
    from engine.screen.report import left_said
    from engine.store import database

    ws = deciding(_read(root), now)[0]
    engine = ws.database(read_only=True)
    try:
        with database.reading(engine) as conn:
            found = made(ws, conn, asked)
    finally:
        engine.dispose()
    bands = ws.book.house.bands if ws.book else {}
    gone = {
        line.figure.name: left_said(left)
        for line in found.lines
        if line.figure.name in bands and (left := leaves(bands[line.figure.name], line))
    }
    return _drawn("tried_figures.html", **(values(found) | {"bands": bands, "gone": gone}))


def simulation(root: Path, asked: Past, now: datetime) -> str:
    """Past days played again, with their pictures."""
    from engine.exports.simulation_page import simulation_part
    from engine.jobs.deciding import deciding
    from engine.jobs.simulate import play
    from engine.screen.simulate import facts
    from engine.screen.written import span

    ws = _read(root)
    played = play(ws if asked.policies else deciding(ws, now)[0], asked, now=now)
    days = span(played.simulation.first, played.simulation.last)
    part = Markup(simulation_part(played))  # noqa: S704 - drawn and escaped there
    return _drawn("tried_simulation.html", days=days, facts=facts(played), part=part, notes=played.notes)


def comparison(root: Path, asked: tuple[str, int], now: datetime) -> str:
    """What followed on each side of the house's comparisons."""
    from engine.jobs.compare import compare
    from engine.jobs.deciding import deciding
    from engine.screen import compare as shown
    from engine.store import database

    ws = deciding(_read(root), now)[0]
    engine = ws.database(read_only=True)
    try:
        with database.reading(engine) as conn:
            told = compare(ws, conn, *asked)
    finally:
        engine.dispose()
    return _drawn("tried_compare.html", told=told, shown=shown, line_of=line_of, said=said)


def ledger(file: Path, draft: Draft, codes: tuple[str | None, str | None]) -> str:
    """A file that somebody has brought, read whole."""
    tables, problems = intake.tables_at(file, draft)
    if problems:
        raise Refused(problems[0].sentence, problems[0].suggestion)
    return drawn_ledger(intake.look(draft, tables, codes))


def drawn_ledger(looked: Looked) -> str:
    """What came of reading it."""
    totals = [money(amount, currency) for currency, amount in looked.totals.items()]
    return _drawn("set_up_looked.html", looked=looked, totals=totals)


def _good(root: Path, texts: Mapping[str, str]) -> Workspace:
    ws = _read(root, from_kept(texts))
    if ws.book is None:
        first = ws.errors[0]
        raise Refused(
            f"there are problems, so nothing can be tried: {first.place}: {first.sentence}", "mend them first"
        )
    return ws


def _read(root: Path, texts: Texts | None = None) -> Workspace:
    files, problems = settings.load(root, root)
    if files is None:
        raise BrokenSettings(problems)
    return of_texts(files, texts or on_disk.read(files), problems)


def _drawn(template: str, **values: object) -> str:
    return environment().get_template(template).render(**values)
