"""What is live, what waits for a second person's yes, what was live before; and a new policy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

from fastapi import APIRouter
from starlette.responses import Response

from engine.core.language import edit
from engine.core.language.policy import Clock
from engine.core.problem import Problem
from engine.errors import Refused, WrongFields
from engine.jobs import changes, consent, edits
from engine.jobs.consent import BrokenRelease
from engine.jobs.deciding import ON_APPROVAL
from engine.jobs.edits import NotGood
from engine.jobs.workspace import Workspace
from engine.screen.written import line_of
from engine.store import released
from engine.web.pages.tried import plainly
from engine.web.visit import Decider, Reader, Visit

router = APIRouter()


@router.get("/policies/change")
def change(visit: Reader) -> Response:
    return _page(visit)


@router.post("/policies/change/approve")
def approve(visit: Decider) -> Response:
    return _do(
        visit,
        lambda files, number, because: consent.approve(
            visit.engine, files.files, visit.person.id, visit.now, number=number, because=because
        ),
    )


@router.post("/policies/change/decline")
def decline(visit: Decider) -> Response:
    def no(files: Workspace, number: int, because: str) -> str:
        if not because:
            raise WrongFields({"because": "say why not: whoever wrote it wants to know"})
        return consent.decline(
            visit.engine, files.files, visit.person.id, visit.now, number=number, because=because
        )

    return _do(visit, no)


@router.post("/policies/change/back")
def back(visit: Decider) -> Response:
    """An earlier release is live again; the files are left as they are, which the page says."""
    return _do(
        visit,
        lambda files, number, because: consent.back(
            visit.engine, files.files, visit.person.id, visit.now, number=number, because=because
        ),
    )


@router.post("/policies/change/stage")
def stage(visit: Decider) -> Response:
    """Somebody asks for the files as they are, also where they were declined."""

    def take(files: Workspace, _number: int, _because: str) -> str:
        edits.nobody_waits(visit.engine, files.files, visit.person.id)
        told = consent.stage(visit.engine, files.files, visit.person.id, visit.now)
        return plainly(told) or "The files are as they are live."

    return _do(visit, take)


@router.post("/policies/change/files")
def files_back(visit: Decider) -> Response:
    """The files are written as they are live."""
    return _do(
        visit,
        lambda files, _number, _because: " ".join(
            edits.bring_back(visit.engine, files, visit.person.id, visit.now)
        ),
    )


def _do(visit: Visit, work: Callable[[Workspace, int, str], str]) -> Response:
    number = visit.typed("release")
    try:
        said = work(
            visit.desk.files,
            int(number) if number.isdecimal() and len(number) < 10 else 0,
            visit.typed("because"),
        )
    except BrokenRelease as error:
        return _page(visit, error, error.problems)
    except Refused as error:
        return _page(visit, error)
    return visit.go("policies", "change", said=said)


def _page(visit: Visit, error: Refused | None = None, problems: tuple[Problem, ...] = ()) -> Response:
    files = visit.desk.files
    with visit.reading() as conn:
        found = changes.shown(conn, files)
    waits = found.standing if found.standing is not None and found.standing.state == "staged" else None
    author = files.files.person(waits.staged_by) if waits else None
    told = dict(visit.could_not(error)) if error else {}
    return visit.page(
        "policy-change.html",
        found=found,
        waits=waits,
        mine=waits is not None and author == visit.person.id,
        name=_named(files),
        second=found.mode == ON_APPROVAL,
        earlier=[one for one in found.all_live if one.state is not released.State.LIVE],
        diff=_lines(found.diff),
        problems=problems or edits.problems_of(files, ""),
        line_of=line_of,
        plain=False,
        **told,
    )


def _named(files: Workspace) -> Callable[[str], str]:
    """An author by name, where it is one of the people."""
    people = files.settings.people

    def name(by: str) -> str:
        known = files.files.person(by)
        return people[known].name if known is not None else by

    return name


def _lines(diff: str) -> list[tuple[str, str]]:
    """Each line of a comparison with what it is: file, new, gone, the same."""
    kinds = (("+++", "file"), ("---", "file"), ("@@", "at"), ("+", "new"), ("-", "gone"))
    return [
        (next((kind for mark, kind in kinds if line.startswith(mark)), "same"), line)
        for line in diff.splitlines()
    ]


# -- a new policy --------------------------------------------------------------------------------------------------------


@router.get("/policies/new")
def new(visit: Decider) -> Response:
    return _new(visit)


@router.post("/policies/new")
def make(visit: Decider) -> Response:
    """A policy of one step, in its place in the house's order: two files, written together."""
    files = visit.desk.files
    try:
        wrong = {
            field: "this is needed" for field in ("name", "title", "day", "call") if not visit.typed(field)
        }
        if wrong:
            raise WrongFields(wrong)
        try:
            path = edits.new_file(files, "policies", visit.typed("name"))
        except Refused as error:
            raise WrongFields(
                {"name": f"{error.sentence}; {error.hint}" if error.hint else error.sentence}
            ) from None
        written = {path: _begun(visit)}
        house = next(name for name in files.texts.policies if edits.kind_of(name) == "house")
        read = edits.kept(files, house)
        text = edit.with_item(read.text, ("order",), PurePosixPath(path).stem, visit.typed("before"))
        told = edits.save(
            visit.engine, files, written | {house: text}, {house: read.hash}, visit.person.id, visit.now
        )
    except StopIteration:
        return _new(visit, Refused("there is no house.yaml that says the order", "add one as text first"))
    except edit.CannotEdit as error:
        return _new(visit, Refused(error.sentence, "add it to the order in house.yaml as text"))
    except NotGood as error:
        said = "; ".join(f"{one.sentence}, {one.suggestion}" for one in error.problems[:3])
        return _new(visit, Refused(said))
    except Refused as error:
        return _new(visit, error)
    return visit.go("policies", "file", *PurePosixPath(path).parts, said=plainly(told))


def _begun(visit: Visit) -> str:
    lines = [f"policy: {_quoted(visit.typed('title'))}"]
    if segment := visit.typed("segment"):
        lines += ["for:", f"  segment: {_quoted(segment)}"]
    lines += [f"clock: {_quoted(visit.typed('clock') or 'due date')}", "", "steps:"]
    lines += [f"  - day: {_quoted(visit.typed('day'))}", f"    call: {_quoted(visit.typed('call'))}"]
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    """A value as YAML reads it again, on one line."""
    return edit.written(" ".join(value.split()))


def _new(visit: Visit, error: Refused | None = None) -> Response:
    files = visit.desk.files
    told = dict(visit.could_not(error)) if error else {}
    if isinstance(error, WrongFields):
        told |= {"refused": None}
    order = [policy.id for policy in files.book.policies] if files.book else []
    return visit.page(
        "policy-new.html",
        order=order,
        clocks=[clock.value for clock in Clock],
        who=files.known.somebody,
        **told,
    )
