"""All files together become one book, or all their problems at once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from engine.core.language import houses, norms, source
from engine.core.language.condition import Op
from engine.core.language.follows import Outcome
from engine.core.language.invariants import Invariants
from engine.core.language.known import Known, TemplateHead
from engine.core.language.outcomes import read_outcomes
from engine.core.language.overlap import takes_all
from engine.core.language.policies import read_policy
from engine.core.language.policy import Clock, House, Policy, PolicyBook
from engine.core.language.reading_invariants import read_invariants
from engine.core.language.reading_trials import read_trials
from engine.core.language.source import Notes, Source
from engine.core.language.splits import check_splits
from engine.core.language.steps import Scope
from engine.core.language.trials import TrialFile
from engine.core.problem import Place, Problem, Severity

__all__ = ["Checked", "Known", "TemplateHead", "check", "lost_history"]

HOUSE = "house.yaml"
OUTCOMES = "outcomes.yaml"
INVARIANTS = "invariants.yaml"
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Checked:
    """What the files say. There is a book only where there is no error; problems are in the order of their
    places.

    `trials` has every test file that could be read, also where another file is broken; `invariants` likewise.
    """

    book: PolicyBook | None
    problems: tuple[Problem, ...]
    trials: tuple[TrialFile, ...]
    invariants: Invariants = field(default_factory=Invariants)


def check(files: Mapping[str, bytes], known: Known) -> Checked:
    """Read the files of `policies/`, by path relative to the workspace; files that are not YAML are left
    alone.

    Never raises for what is in a file: every mistake becomes a problem.
    """
    sources, misnamed = _sources(files)
    house_file = next((file for file in sources if _part(file) == HOUSE), None)
    currency = houses.currency_of(sources[house_file].root if house_file else None)
    scope = Scope(known, currency, known.tones)
    policy_files = {PurePosixPath(file).stem: file for file in sources if _part(file) == "policy"}
    policies: dict[str, Policy] = {}
    for id, file in policy_files.items():
        read = sources[file]
        if policy := read_policy(id, read.root, read.notes, scope):
            policies[id] = policy
    ids = tuple(policy_files)
    house = _house(house_file, sources, scope, ids, misnamed)
    outcomes: Mapping[str, Outcome] = {}
    for file in sources:
        if _part(file) == OUTCOMES:
            outcomes = read_outcomes(sources[file].root, sources[file].notes, scope)
    invariants = Invariants()
    for file in sources:
        if _part(file) == INVARIANTS:
            invariants = read_invariants(sources[file].root, sources[file].notes, scope, ids)
    if house and house_file and not misnamed:
        check_splits(house, policies, sources[house_file].notes)
    if house and not misnamed:
        _never_reached([policies[id] for id in house.order if id in policies], house, sources, house_file)
    for policy in policies.values():
        _early_demands(policy, sources[policy_files[policy.id]].notes, known)
    trials = []
    for file in sources:
        if _part(file) != "tests":
            continue
        if trial_file := read_trials(sources[file].root, sources[file].notes, scope, ids, policies):
            trials.append(trial_file)
    problems = misnamed + [problem for each in sources.values() for problem in each.notes.problems]
    problems.sort(key=lambda problem: (problem.place, problem.code))
    if house is None or any(problem.severity is Severity.ERROR for problem in problems):
        return Checked(None, tuple(problems), tuple(trials), invariants)
    decides = (file for file in sorted(sources) if _part(file) not in ("tests", INVARIANTS))
    texts = {file: sources[file].text for file in decides}
    ordered = tuple(policies[id] for id in house.order)
    book = PolicyBook(house, ordered, outcomes, dict(known.tones), book_hash(texts), texts)
    return Checked(book, tuple(problems), tuple(trials), invariants)


def lost_history(old: PolicyBook, new: PolicyBook) -> tuple[tuple[str, str], ...]:
    """(policy, step) of every name that the new book has lost: accounts that had them would begin afresh."""
    kept = {(policy.id, step.name) for policy in new.policies for step in policy.steps}
    return tuple(
        (policy.id, step.name)
        for policy in old.policies
        for step in policy.steps
        if (policy.id, step.name) not in kept
    )


def _part(file: str) -> str:
    """What a file is, by its name and folder."""
    path = PurePosixPath(file)
    if path.parent.name == "tests":
        return "tests"
    return path.name if path.name in (HOUSE, OUTCOMES, INVARIANTS) else "policy"


def _sources(files: Mapping[str, bytes]) -> tuple[dict[str, Source], list[Problem]]:
    """Every YAML file, read; and what is wrong with the files' names."""
    sources: dict[str, Source] = {}
    misnamed: list[Problem] = []
    same: dict[tuple[bool, str], str] = {}

    def refuse(file: str, sentence: str, suggestion: str) -> None:
        misnamed.append(Problem(Place(file), sentence, suggestion, "file-name"))

    for file, data in sorted(files.items()):
        path = PurePosixPath(file)
        if path.suffix == ".yml":
            refuse(file, "this file would not be read: its name ends in .yml", f"call it  {path.stem}.yaml")
        if path.suffix != ".yaml":
            continue
        sources[file] = source.read(file, data)
        if not _ID.fullmatch(path.stem):
            refuse(
                file,
                "a policy's file name is what the house calls it by: letters, digits and dashes",
                "rename it, like  key-accounts.yaml",
            )
        other = same.setdefault((_part(file) == "tests", path.stem.lower()), file)
        if other != file:
            refuse(
                file,
                f"{other} has the same name",
                "a policy is called by its file's name; rename one of them",
            )
    return sources, misnamed


def _house(
    file: str | None,
    sources: Mapping[str, Source],
    scope: Scope,
    policies: tuple[str, ...],
    problems: list[Problem],
) -> House | None:
    if not policies:
        problems.append(
            Problem(
                Place("policies"),
                "there is no policy",
                "dunwell init  lays out policies to begin with",
                "no-policy",
            )
        )
    if file:
        return houses.read_house(sources[file].root, sources[file].notes, scope, policies)
    if len(policies) > 1:
        problems.append(
            Problem(
                Place(f"policies/{HOUSE}"),
                "nothing says in which order the policies are asked: there is no house.yaml",
                f"the first that fits wins; write  order: [{source.short(', '.join(policies), 200)}]",
                "no-order",
            )
        )
        return None
    return House(order=policies)


def _never_reached(
    policies: list[Policy], house: House, sources: Mapping[str, Source], file: str | None
) -> None:
    """A policy all of whose accounts an earlier one takes; with `start:` it takes only some."""
    if file is None:
        return
    places = _order_places(sources[file])
    for number, later in enumerate(policies):
        for earlier in policies[:number]:
            split = house.split_of(later.id)
            drawn = split is not None and earlier.id in split.policies
            if earlier.start is None and not drawn and takes_all(earlier.fits, later.fits):
                sources[file].notes.error(
                    places.get(later.id, house.places.get("order", Place(file))),
                    f"no account ever reaches “{later.id}”",
                    f"“{earlier.id}” comes first and takes every account it would take;\n"
                    f"put “{later.id}” before it",
                    "never-reached",
                    also=places.get(earlier.id),
                )
                break


def _order_places(house: Source) -> dict[str, Place]:
    line = house.root.get("order") if isinstance(house.root, source.Block) else None
    if line is None or not isinstance(line.value, source.Listing):
        return {}
    return {
        item.value.strip().removesuffix(".yaml"): item.place
        for item in line.value.items
        if isinstance(item, source.Text)
    }


def _early_demands(policy: Policy, notes: Notes, known: Known) -> None:
    """Warn where a step's day, counted from the invoice, comes before the due date of terms it will meet."""
    if policy.start or policy.clock is not Clock.INVOICE_DATE:
        return
    tests = [test for test in policy.fits.tests if test.field == "terms"]
    named = {str(value) for test in tests if test.op is Op.IS and not test.negated for value in test.values}
    met = named | {
        terms for terms in known.ledger_terms() if all(test.holds({"terms": terms}) for test in tests)
    }
    days = {terms: days for terms in met if (days := norms.days_of_terms(terms)) is not None}
    for step in policy.steps:
        early = sorted((day, terms) for terms, day in days.items() if 0 <= step.day < day)
        if early:
            longest = early[-1][0] - step.day
            unit = "day" if longest == 1 else "days"
            listed = ", ".join(terms for _, terms in early)
            notes.warn(
                step.place,
                f"on {listed}, day {step.day} from the invoice is {longest} {unit} before it is due",
                "the step waits until the invoice is past due; or did you mean  clock: due date?",
                "demand-before-due",
            )


def book_hash(texts: Mapping[str, str]) -> str:
    """SHA-256 over names and texts in order, each with its length so that no two books run together."""
    digest = hashlib.sha256()
    for name, text in sorted(texts.items()):
        for part in (name.encode(), text.encode()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
