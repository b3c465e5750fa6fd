"""Looks through the whole set-up for what is missing or wrong, and says for each what to do.

Every check is made, whatever another finds: one that falls over is itself a finding. Nothing is changed or sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine import settings
from engine.core import rules
from engine.core.problem import Problem, Severity
from engine.errors import DunwellError
from engine.jobs import machine, outside
from engine.jobs.finding import Finding, Grade, bad, good, note, odd
from engine.jobs.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from dns.resolver import Resolver

SETTINGS, POLICIES, PEOPLE, RULES = "settings", "policies", "people", "rules"
_MOST = 3  # problems of a kind that are told one by one


def examine(
    folder: Path | None,
    start: Path,
    *,
    now: datetime,
    deep: bool = False,
    resolver: Resolver | None = None,
) -> tuple[Finding, ...]:
    """All findings, in the order in which they are best mended. `deep` reads the whole database.

    `resolver` asks other name servers than this machine's.
    """
    found: list[Finding] = []
    files, problems = settings.load(start, folder)
    found += _settings(files, problems)
    found += _made(RULES, _rules)
    if files is None:
        return tuple(found)
    there = files
    found += _made(machine.DISK, lambda: machine.room(there))
    found += _made(machine.CLOCK, lambda: machine.zone(there, now))
    found += _made(machine.DATABASE, lambda: machine.data(there, now, deep))
    try:
        ws = open_workspace(files.root)
    except Exception as error:
        return (*found, _fell(POLICIES, error))
    found += _made(POLICIES, lambda: _policies(ws))
    found += _made(PEOPLE, lambda: people(ws))
    found += _made(outside.FEED, lambda: outside.feeds(ws))
    found += _made(outside.RECEIVER, lambda: outside.receivers(ws))
    found += _made(outside.MAIL, lambda: outside.mail(ws))
    found += _made(outside.DOMAIN, lambda: outside.domain(ws, resolver))
    found += _made(outside.MAILBOX, lambda: outside.mailbox(ws))
    return tuple(found)


def mended(findings: tuple[Finding, ...]) -> bool:
    """Whether nothing is left that must be mended."""
    return all(one.grade is not Grade.BAD for one in findings)


def _made(about: str, check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    found: list[Finding] = []
    try:
        for one in check():
            found.append(one)
    except Exception as error:
        found.append(_fell(about, error))
    return found


def _fell(about: str, error: Exception) -> Finding:
    if isinstance(error, DunwellError):
        return bad(about, error.sentence, error.hint)
    why = getattr(error, "strerror", None) or ""
    return bad(about, f"it could not be looked at: {type(error).__name__} {why}".rstrip(), "please report it")


def _settings(files: settings.Workspace | None, problems: tuple[Problem, ...]) -> Iterator[Finding]:
    yield from _problems(SETTINGS, problems)
    if files is None:
        return
    if not problems:
        yield good(SETTINGS, "dunwell.toml is read")
    ours = files.settings
    if not (ours.mail.from_ or ours.company.email):
        remedy = 'add  email = "accounts@example.com"  under [company] in dunwell.toml'
        yield bad(SETTINGS, "mail has no address to come from", remedy)
    if not ours.company.name:
        yield odd(SETTINGS, "letters do not say who asks for the money", "add  name  under [company]")
    if not ours.company.pay and ours.company.pay_url is None:
        yield odd(SETTINGS, "letters do not say how to pay", "add  pay  under [company]")


def _problems(about: str, problems: tuple[Problem, ...]) -> Iterator[Finding]:
    """The first few by themselves, then how many more."""
    for severity, made in ((Severity.ERROR, bad), (Severity.WARNING, odd)):
        these = [problem for problem in problems if problem.severity is severity]
        for problem in these[:_MOST]:
            yield made(about, f"{problem.place}: {problem.sentence}", problem.suggestion)
        if len(these) > _MOST:
            yield made(about, f"and {len(these) - _MOST} more", "“dunwell check” shows all")


def _policies(ws: Workspace) -> Iterator[Finding]:
    whole = ws.thorough()
    files = {problem.place.file for problem in whole.problems}
    yield from _problems(POLICIES, tuple(one for one in whole.problems if one.place.file != settings.FILE))
    if whole.book is not None:
        number = len(whole.book.policies)
        words = "without problems" if not files - {settings.FILE} else "with warnings only"
        yield good(POLICIES, f"{number} {'policy' if number == 1 else 'policies'}, {words}")


def people(ws: Workspace) -> Iterator[Finding]:
    """Somebody has each role that the policies need."""
    if ws.book is None:
        yield note(PEOPLE, "who is needed is not known before the policies are mended")
        return
    needed = {ws.book.house.owner: "gets what nobody else owns"}
    for policy in ws.book.policies:
        for step in policy.steps:
            if step.approve is not None:
                needed[step.approve.by] = f"must agree to steps of {policy.id}"
    for role, why in sorted(needed.items()):
        have = ws.files.people_with(role) or ((role,) if role in ws.settings.people else ())
        if not have:
            remedy = f'give somebody under [people] in dunwell.toml  roles = ["{role}"]'
            yield bad(PEOPLE, f"nobody is a {role}, who {why}", remedy)
            continue
        yield good(PEOPLE, f"{role}: {', '.join(have)}")
        if not any(ws.settings.people[id].email for id in have):
            yield odd(PEOPLE, f"no {role} can be written to", f"add  email  under [people.{have[0]}]")


def _rules() -> Iterator[Finding]:
    if rules.AVAILABLE:
        yield good(RULES, "both evaluators decide: durable-rules and the plain one")
    else:
        remedy = "install gcc and the Python headers, then: make -B setup"
        yield odd(RULES, "durable-rules is not installed: the plain evaluator decides alone", remedy)
