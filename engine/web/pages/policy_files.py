"""A file as text: problems while it is typed, help at the cursor, what a change would do, and keeping it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from engine.core.language.here import Here, here
from engine.core.messages import names
from engine.errors import NotFound, Refused, WrongFields
from engine.jobs import edits, refile
from engine.jobs.edits import Kept, NotGood, WrittenMeanwhile
from engine.jobs.people.rights import Right
from engine.jobs.refile import StillUsed
from engine.jobs.workspace import Workspace
from engine.screen.problems import tally
from engine.screen.written import line_of
from engine.web.pages.tried import asked, plainly, shown
from engine.web.visit import Decider, Reader, Visit

router = APIRouter()
_TEST = """\
policy: {policy}
account:
  invoices: [{{number: A1, date: 2026-01-05, due: 2026-02-04, amount: 1200}}]

tests:
  - name: walks the ladder
    expect:
      5: call collector
"""
_MESSAGE = """\
---
subject: Your account {{ account }}
tone: courteous
---
{{ greeting }}

{{ signature }}
"""
_SCRIPT = """\
---
kind: script
---
Speak with {{ customer.contact or "accounts payable" }}.
"""


@router.get("/policies/file/{name:path}")
def file(visit: Reader, name: str) -> Response:
    read = _read(visit.desk.files, name, visit)
    return _page(visit, read, None if read.hash else _begun(visit.desk.files, read))


@router.post("/policies/file/{name:path}")
def save(visit: Decider, name: str) -> Response:
    files = visit.desk.files
    typed = _typed(visit)
    seen = {name: visit.typed("seen")} if visit.typed("seen") else {}
    read = _read(files, name, visit)
    try:
        told = edits.save(visit.engine, files, {name: typed}, seen, visit.person.id, visit.now)
    except WrittenMeanwhile as error:
        return _page(visit, replace(read, hash=visit.typed("seen")), typed, error, theirs=error.now)
    except NotGood as error:
        return _page(visit, read, typed, error, problems=error.problems)
    except Refused as error:
        return _page(visit, read, typed, error)
    return visit.go("policies", "file", *PurePosixPath(name).parts, said=plainly(told))


@router.post("/policies/rename")
@router.post("/policies/delete")
def refiled(visit: Decider) -> Response:
    """Another name, or away with it."""
    files, name, seen = visit.desk.files, visit.typed("file"), visit.typed("seen")
    read = edits.kept(files, name)
    here = (visit.engine, files, name)
    by = (seen, visit.person.id, visit.now)
    away = visit.request.url.path.endswith("delete")
    try:
        if not away and not visit.typed("name"):
            raise WrongFields({"name": "say which name it is to have"})
        told = refile.remove(*here, *by) if away else refile.rename(*here, visit.typed("name"), *by)
    except StillUsed as error:
        return _page(visit, read, None, error, problems=error.problems)
    except Refused as error:
        return _page(visit, read, None, error)
    return visit.go(*_back(replace(read, kind="") if read.yaml else read), said=plainly(told))


@router.post("/policies/look")
def look(visit: Decider) -> Response:
    """What is wrong with a text that is being typed."""
    files, name = visit.desk.files, visit.typed("file")
    _read(files, name, visit)
    ws = edits.with_files(files, {name: _typed(visit)})
    return _part(visit, "policy_problems.html", **_problems(ws, name))


@router.post("/policies/here")
def at_the_cursor(visit: Decider) -> Response:
    """What the word at the cursor means, and what may stand there."""
    files, name = visit.desk.files, visit.typed("file")
    read = _read(files, name, visit)
    text = _typed(visit)
    line, column = _number(visit, "line"), _number(visit, "column")
    if read.kind == "page":
        found = Here("", "", (), column, column)
    elif read.kind == "message":
        found = names.here(text, line, column)
    else:
        found = here(text, line, column, files.schemas()[read.kind])
    return _part(visit, "policy_here.html", found=found)


@router.post("/policies/try")
def attempt(visit: Decider) -> Response:
    """Try what is typed: nothing of it is kept."""
    files, name = visit.desk.files, visit.typed("file")
    _read(files, name, visit)
    texts = edits.texts_with(files, {name: _typed(visit)})
    return shown(visit, asked(visit, visit.typed("what"), texts))


def _page(
    visit: Visit,
    read: Kept,
    text: str | None = None,
    error: Refused | None = None,
    *,
    problems: Any = None,
    theirs: Kept | None = None,
) -> Response:
    files = visit.desk.files
    found = _problems(files, read.name)
    if problems is not None:
        found = {"problems": problems, "others": (), "tally": tally(problems)}
    elif text is not None:
        found = _problems(edits.with_files(files, {read.name: text}), read.name)
    told = dict(visit.could_not(error)) if error else {}
    return visit.page(
        "policy-file.html",
        read=read,
        text=read.text if text is None else text,
        may=visit.may(Right.DECIDE),
        can_move=bool(read.hash) and read.kind in refile.KINDS and visit.may(Right.DECIDE),
        theirs=theirs,
        line_of=line_of,
        plain=False,
        back=_back(read),
        **(found | told),
    )


def _begun(files: Workspace, read: Kept) -> str:
    """What a new file begins with: a test of its policy, or a message, in another language the text that is to be put into it."""
    stem, *marks = PurePosixPath(read.name).name.removesuffix(".md").removesuffix(".yaml").split(".")
    if read.kind == "tests":
        return _TEST.format(policy=stem)
    kind = "script" if "script" in marks else "message"
    known = files.templates.languages(stem, kind)
    if first := known.get("en") or next(iter(known.values()), None):
        return first.text
    return _SCRIPT if kind == "script" else _MESSAGE


def _back(read: Kept) -> tuple[str, ...]:
    """The page that the file belongs to."""
    if read.kind == "policy":
        return ("policies", "of", PurePosixPath(read.name).stem)
    return ("messages",) if not read.yaml else ("policies",)


def _problems(ws: Workspace, name: str) -> dict[str, Any]:
    every = edits.problems_of(ws, name)
    mine = tuple(one for one in every if one.place.file == name)
    others = tuple(one for one in every if one.place.file != name)
    return {"problems": mine, "others": others, "tally": tally(every) if every else ""}


def _read(files: Workspace, name: str, visit: Visit) -> Kept:
    """The file, or one that is to be: then its path has been made by us."""
    try:
        return edits.kept(files, name)
    except NotFound:
        kind = visit.typed("new")
        if kind and edits.new_file(files, kind, PurePosixPath(name).name) == name:
            return Kept(name, "", "", edits.kind_of(name))
        raise


def _typed(visit: Visit) -> str:
    """As it was typed, with every space."""
    found = visit.form.get("text", "")
    return found.replace("\r\n", "\n") if isinstance(found, str) else ""


def _number(visit: Visit, name: str) -> int:
    told = visit.typed(name)
    return int(told) if told.isdecimal() and len(told) < 7 else 1


def _part(visit: Visit, template: str, **values: Any) -> Response:
    return HTMLResponse(visit.drawn(template, line_of=line_of, plain=False, **values))
