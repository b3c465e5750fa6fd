"""Messages and scripts: all of them, each in its languages, and how it comes out for an invented account."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import PurePosixPath

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from engine.core.messages.facts import MessageFacts
from engine.core.messages.head import Template, read_templates
from engine.core.messages.render import Message, render_one
from engine.core.messages.samples import bare, full
from engine.core.problem import Problem
from engine.errors import NotFound, Refused
from engine.jobs import edits
from engine.jobs.messages import company
from engine.jobs.workspace import Workspace
from engine.screen.written import line_of
from engine.web.visit import Decider, Reader, Visit

router = APIRouter()
SAMPLES = {"full": "an account with everything", "bare": "an account with only the least"}
_FACTS = {"full": full, "bare": bare}
_ALONE = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"


@router.get("/messages")
def messages(visit: Reader) -> Response:
    visit.desk.warm()
    return _all(visit)


def _all(visit: Visit, code: int = 200) -> Response:
    ws = visit.desk.files
    used = _used(ws)
    heads = {
        kind: [head for head in ws.templates.heads if head.kind == kind] for kind in ("message", "script")
    }
    return visit.page(
        "messages.html",
        code,
        heads=heads,
        used=used,
        frames=[name for name in ws.texts.templates if edits.kind_of(name) == "page"],
        problems=[one for one in ws.thorough().problems if one.place.file in ws.texts.templates],
        line_of=line_of,
        plain=True,
    )


@router.get("/messages/new")
def new(visit: Decider) -> Response:
    """To the text of a message that is to be: a new one, or one in another language."""
    ws = visit.desk.files
    name, language = visit.typed("name"), visit.typed("language").lower()
    script = ".script" if visit.typed("kind") == "script" else ""
    try:
        path = edits.new_file(ws, "templates", f"{name}{script}{f'.{language}' if language else ''}")
    except Refused as error:
        visit.wrong["name"] = f"{error.sentence}; {error.hint}" if error.hint else error.sentence
        return _all(visit, 422)
    answer = visit.go("policies", "file", *PurePosixPath(path).parts)
    answer.headers["location"] += "?new=templates"
    return answer


@router.get("/messages/{kind}/{name}")
def message(visit: Reader, kind: str, name: str) -> Response:
    ws = visit.desk.files
    languages = _languages(ws, kind, name)
    chosen = languages.get(visit.typed("language")) or languages.get("en") or next(iter(languages.values()))
    sample = _sample(visit)
    return visit.page(
        "template.html",
        kind=kind,
        name=name,
        languages=languages,
        chosen=chosen,
        sample=sample,
        samples=SAMPLES,
        made=_made(ws, chosen, sample),
        used=_used(ws).get((kind, name), []),
        problems=[one for one in ws.thorough().problems if one.place.file == chosen.file],
        line_of=line_of,
        plain=False,
    )


@router.get("/messages/{kind}/{name}/shown")
def as_email(visit: Reader, kind: str, name: str) -> Response:
    """The e-mail as it would be seen, alone in its frame: nothing in it runs, and it loads nothing."""
    ws = visit.desk.files
    languages = _languages(ws, kind, name)
    template = languages.get(visit.typed("language"))
    made = _made(ws, template, _sample(visit)) if template else None
    if not isinstance(made, Message):
        raise NotFound("message", name)
    headers = {"Content-Security-Policy": _ALONE, "X-Frame-Options": "SAMEORIGIN"}
    return HTMLResponse(made.html, headers=headers)


@router.post("/messages/look")
def look(visit: Decider) -> Response:
    """How a text that is being typed comes out."""
    ws, name = visit.desk.files, visit.typed("file")
    text = visit.form.get("text", "")
    written = {name: (text if isinstance(text, str) else "").encode()}
    frames = {file: data for file, data in ws.texts.templates.items() if edits.kind_of(file) == "page"}
    found, problems = read_templates(frames | written)
    template = next(iter(found), None)
    made = [
        (title, render_one(found, template, _facts(ws, sample)) if template else None)
        for sample, title in SAMPLES.items()
    ]
    return HTMLResponse(
        visit.drawn(
            "message_look.html", made=made, problem=problems[0] if problems else None, line_of=line_of
        )
    )


def _languages(ws: Workspace, kind: str, name: str) -> dict[str, Template]:
    found = ws.templates.languages(name, kind)
    if not found:
        raise NotFound(
            kind if kind in ("message", "script") else "message", name, ws.templates.names(kind)[:3]
        )
    return dict(sorted(found.items(), key=lambda one: (one[0] != "en", one[0])))


def _made(ws: Workspace, template: Template, sample: str) -> Message | Problem:
    return render_one(ws.templates, template, _facts(ws, sample))


def _facts(ws: Workspace, sample: str) -> MessageFacts:
    """An invented account that owes us; we are who the settings say."""
    invented = _FACTS[sample]()
    return replace(invented, company=company(ws)) if ws.settings.company.name else invented


def _sample(visit: Visit) -> str:
    asked = visit.typed("sample")
    return asked if asked in SAMPLES else "full"


def _used(ws: Workspace) -> dict[tuple[str, str], list[tuple[str, int]]]:
    """(kind, name) → where a policy uses it: its id and the day of the step."""
    found: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for policy in ws.book.policies if ws.book else ():
        for step in policy.steps:
            for action in step.actions:
                if action.kind.written:
                    found["message", action.value].append((policy.id, step.day))
            if step.script:
                found["script", step.script].append((policy.id, step.day))
    return found
