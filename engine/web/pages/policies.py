"""Policies: all of them in the house's order, each as a picture with who stands where, and a form for its days and words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fastapi import APIRouter
from markupsafe import Markup
from starlette.responses import Response

from engine.core.language import edit, source, words
from engine.core.language.policy import Policy, PolicyBook
from engine.core.problem import Place
from engine.core.sentences import Gate
from engine.core.sentences import ladders as said
from engine.errors import NotFound, Refused, WrongFields
from engine.exports import ladder
from engine.jobs import edits
from engine.jobs.edits import NotGood
from engine.jobs.ladders import Standing
from engine.jobs.people.rights import Right
from engine.jobs.workspace import Workspace
from engine.screen.written import line_of, reason_words
from engine.store import standing as store
from engine.web.pages.tried import plainly
from engine.web.visit import Decider, Reader, Visit

router = APIRouter()
_WRITTEN = ("email", "letter", "statement")


@dataclass(frozen=True, slots=True)
class Field:
    """A value of a policy that the form can change: where it is in the file, and what it may be (empty: a number, or a text)."""

    name: str  # steps.2.day
    step: int  # 0: of the policy itself
    label: str
    value: str
    choices: tuple[str, ...] = ()

    @property
    def way(self) -> edit.Way:
        return tuple(int(part) if part.isdigit() else part for part in self.name.split("."))


@router.get("/policies")
def policies(visit: Reader) -> Response:
    visit.desk.warm()
    files, live = visit.desk.files, visit.ws
    shown = files if live.book is None else live
    return visit.page(
        "policies.html",
        book=shown.book,
        standing=(counted := _standing(visit)),
        waits=counted is None and _run(visit) is not None,
        fits=_fits,
        files=files,
        kinds={name: edits.kind_of(name) for name in files.texts.policies},
        problems=files.problems,
        line_of=line_of,
        differs=live.texts.hash != files.texts.hash,
    )


@router.get("/policies/of/{id}")
def policy(visit: Reader, id: str) -> Response:
    return _policy(visit, id)


@router.post("/policies/of/{id}")
def change(visit: Decider, id: str) -> Response:
    """Days and words of the form, each written into its place in the file."""
    files = visit.desk.files
    name = _file(files, id)
    text = edits.kept(files, name).text
    try:
        for field in _fields(files, name):
            value = visit.typed(f"value.{field.name}", field.value)
            if value != field.value:
                if not value:
                    raise WrongFields({f"value.{field.name}": "this cannot be left empty"})
                try:
                    text = edit.with_value(text, field.way, value)
                except edit.CannotEdit as error:
                    raise WrongFields({f"value.{field.name}": error.sentence}) from None
        seen = {name: visit.typed("seen")}
        told = edits.save(visit.engine, files, {name: text}, seen, visit.person.id, visit.now)
    except NotGood as error:
        return _policy(visit, id, _at_fields(error, files, name, text))
    except Refused as error:
        return _policy(visit, id, error)
    return visit.go("policies", "of", id, said=plainly(told))


def _at_fields(error: NotGood, files: Workspace, name: str, text: str) -> Refused:
    """The problems of the file at the fields they are about, as far as there is one on that line."""
    root = source.read(name, text.encode()).root
    fields: dict[str, str] = {}
    rest: list[str] = []
    for problem in error.problems:
        told = f"{problem.sentence}; {problem.suggestion}" if problem.suggestion else problem.sentence
        for field in _fields(files, name):
            found = edit.value_at(root, field.way)
            if problem.place.file == name and found and found.place.line == problem.place.line:
                fields.setdefault(f"value.{field.name}", told)
                break
        else:
            rest.append(f"{problem.place}: {told}")
    if rest or not fields:
        return Refused("; ".join(rest) or error.sentence, error.hint)
    return WrongFields(fields)


def _policy(visit: Visit, id: str, error: Refused | None = None) -> Response:
    files, live = visit.desk.files, visit.ws
    now, then = (ws.book.policy(id) if ws.book else None for ws in (live, files))
    wants_files = visit.typed("of") == "files" or error is not None
    differs = live.book is not None and files.book is not None and _text(live, now) != _text(files, then)
    of_files = then is not None and (wants_files or now is None)
    ws, shown = (files, then) if of_files else (live, now)
    name = _file(files, id)
    if shown is None or ws.book is None:
        told = {} if error is None else visit.could_not(error)
        return visit.page(
            "policy-broken.html",
            id=id,
            name=name,
            problems=edits.problems_of(files, name),
            line_of=line_of,
            plain=False,
            **told,
        )
    counted = _standing(visit)
    at = counted.at.get(id, {}) if counted else {}
    read = edits.kept(files, name) if name in files.texts.policies else None
    told = dict(visit.could_not(error)) if error else {}
    if error and not isinstance(error, WrongFields):
        visit.wrong["form"] = error.sentence
    elif error:
        told |= {"refused": None}
    return visit.page(
        "policy.html",
        policy=shown,
        name=name,
        picture=Markup(ladder.ladder(shown, ws.book, at)),  # noqa: S704 - the picture escapes its texts
        fits=_fits(shown),
        facts=_facts(shown, ws.book),
        steps=[
            (step, ladder.does(step, ws.book), ladder.conditions(step), at.get(step.name))
            for step in shown.steps
        ],
        standing=counted,
        waits=counted is None and _run(visit) is not None,
        elsewhere=_elsewhere(counted, id),
        gates=_gates(counted, id, ws.book),
        line_of=line_of,
        fields=_fields(files, name) if read and visit.may(Right.DECIDE) else (),
        seen=read.hash if read else "",
        differs=differs,
        of_files=of_files and differs,
        tests=_tests(files, id),
        **told,
    )


# -- who stands where --------------------------------------------------------------------------------------------------


def _standing(visit: Visit) -> Standing | None:
    """As of the newest run. The first to ask after a run starts the counting; a page does not wait for it."""
    newest = _run(visit)
    return visit.desk.counts.of(newest) if newest else None


def _run(visit: Visit) -> store.Newest | None:
    with visit.reading() as conn:
        return store.newest(conn)


def _elsewhere(counted: Standing | None, id: str) -> list[str]:
    if counted is None:
        return []
    return [f"{number:,} {reason_words(reason)}" for reason, number in counted.else_.get(id, {}).items()]


@dataclass(frozen=True, slots=True)
class AtGate:
    """A gate in its place: what it is, the lines of the house that say so, and whom of a policy it held in the newest run."""

    name: str
    sentence: str
    lines: tuple[Place, ...]
    accounts: int


_SAYS = {
    word.name: word.sentence.partition(": ")[2] for word in words.WORDS if word.where is words.Where.GATE
}
_WORDS = {  # the words of house.yaml that a gate goes by
    Gate.NEVER: ("never",),
    Gate.MINIMUM: ("minimum",),
    Gate.PAUSE: ("pause",),
    Gate.CLOSED: ("calendar", "hours", "closed"),
    Gate.GAP: ("gap",),
    Gate.ANSWER: ("answer",),
    Gate.CONTACT: ("contact", "guards"),
    Gate.FRESH: ("fresh",),
    Gate.STOP: ("stop", "usual"),
    Gate.CAPACITY: ("capacity",),
}


def _gates(counted: Standing | None, id: str, book: PolicyBook) -> list[AtGate]:
    held = counted.held.get(id, ()) if counted else ()
    found = []
    for gate in Gate:
        mine = [(place, number) for name, place, number in held if name == gate]
        lines = [book.house.places[word] for word in _WORDS.get(gate, ()) if word in book.house.places]
        known = {(place.file, place.line) for place in lines}
        lines += [
            place for said, _ in mine if (place := _place(said)) and (place.file, place.line) not in known
        ]
        told = _SAYS[gate]
        found.append(
            AtGate(gate, told[:1].upper() + told[1:], tuple(lines), sum(number for _, number in mine))
        )
    return found


def _place(told: str) -> Place | None:
    """The place that a run has kept: `policies/house.yaml:13:5`."""
    found = re.fullmatch(r"(.+):(\d+):(\d+)", told)
    return Place(found[1], int(found[2]), int(found[3])) if found else None


def _tests(files: Workspace, id: str) -> tuple[str, bool]:
    """The file of the policy's tests, and whether it is there."""
    name = f"{files.files.policies.relative_to(files.root).as_posix()}/tests/{id}.yaml"
    return name, name in files.texts.policies


# -- what it says ------------------------------------------------------------------------------------------------------


def _fits(policy: Policy) -> str:
    tests = [words.sentence(test) for test in policy.fits.tests]
    return said.lines_hold(tests)


def _facts(policy: Policy, book: PolicyBook) -> list[tuple[str, str]]:
    late, gap, answer = book.late(policy), book.gap(policy), book.answer(policy)
    way = f"skip {late.days} days" if late.way == "skip" else late.way
    return [
        ("A day counts from", policy.start or policy.clock),
        ("Between two contacts", f"{gap} days{'' if policy.gap is None else ', its own'}"),
        ("To answer a demand", f"{answer} days{'' if policy.answer is None else ', its own'}"),
        ("Catching up", f"{way}{'' if policy.late is None else ', its own'}"),
        *([("A ladder for", "each invoice")] if policy.each_invoice else []),
        *([("Never", ", ".join(policy.without))] if policy.without else []),
    ]


def _file(files: Workspace, id: str) -> str:
    """The file of a policy, by its id. NotFound, where the book has none of that name either."""
    policies = files.files.policies.relative_to(files.root).as_posix()
    name = f"{policies}/{id}.yaml"
    if name not in files.texts.policies or edits.kind_of(name) != "policy":
        raise NotFound("policy", id, tuple(one.id for one in files.book.policies) if files.book else ())
    return name


def _text(ws: Workspace, policy: Policy | None) -> object:
    return ws.texts.policies.get(policy.place.file) if policy else None


def _fields(files: Workspace, name: str) -> list[Field]:
    """The title; and of each step, in the order of the file, its day, its script and its messages."""
    root = source.read(name, files.texts.policies[name]).root
    found: list[Field] = []

    def add(way: edit.Way, step: int, label: str, choices: tuple[str, ...] = ()) -> None:
        value = edit.value_at(root, way)
        if value is not None and value.style not in ("|", ">"):
            more = () if not choices or value.value in choices else (value.value,)
            found.append(Field(".".join(map(str, way)), step, label, value.value, (*more, *choices)))

    add(("policy",), 0, "Title")
    for number, way in enumerate(edit.step_ways(root).values(), 1):
        add((*way, "day"), number, "Day")
        for kind in _WRITTEN:
            add((*way, kind), number, kind.capitalize(), files.known.names("message"))
        add((*way, "script"), number, "Script", files.known.names("script"))
    return found
