"""What came of a call."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from engine.core.cases.outcomes import OUTCOMES, outcome_of
from engine.jobs import cases
from engine.jobs.cases import questions
from engine.jobs.cases.who import near
from engine.web.api.asked import Asked, Name, Text, about
from engine.web.api.caller import Done, Reads, Works
from engine.web.api.problems import Mistake, pointed, wrong

router = APIRouter(tags=["Calls"])


class Call(Asked):
    """A call. `answers` are by the names of the outcome's questions; `then` is the option that was picked, by name or number.

    `another`: a further call, though one was logged today already.
    """

    outcome: Name
    spoken_with: Annotated[str, Field(max_length=200)] = ""
    answers: dict[Name, Text] = Field(default_factory=dict)
    note: Text = ""
    then: Annotated[str, Field(max_length=200)] = ""
    another: bool = False


class Question(BaseModel):
    """One answer of the form: what it is, how it is written, and what may be chosen."""

    name: str
    sentence: str
    example: str
    needed: bool
    choices: list[str]


class Outcome(BaseModel):
    name: str
    questions: list[Question]


_EXAMPLE = {
    "summary": "A promise to pay",
    "value": {
        "account": "ACC1",
        "outcome": "promise to pay",
        "spoken_with": "Ana Reyes",
        "answers": {"reason": "cash_crunch", "amount": "500", "date": "2026-10-16"},
    },
}


@router.get("/outcomes")
def outcomes(caller: Reads) -> list[Outcome]:
    """What may come of a call, and what each outcome asks for."""
    ws = caller.live
    return [
        Outcome(name=name, questions=[_question(one) for one in questions.asked(ws, name)])
        for name in OUTCOMES
    ]


@router.post("/calls")
def log(call: Annotated[Call, Body(openapi_examples={"promise": _EXAMPLE})], caller: Works) -> Done:
    """Write down what came of a call; what follows is begun, and a call on the list is taken off it."""
    who, ws = about(caller, call), caller.live
    outcome = outcome_of(call.outcome)
    typed = call.answers | ({"spoken with": call.spoken_with} if call.spoken_with else {})
    if outcome is None:
        hint = " or ".join(f"“{name}”" for name in near(call.outcome, OUTCOMES))
        said = f"there is no outcome “{call.outcome}”"
        hint = f"did you mean {hint}?" if hint else "GET /api/v1/outcomes lists them"
        raise wrong([Mistake(part="body", pointer="/outcome", detail=said, suggestion=hint)])
    if odd := questions.wrong(ws, outcome, typed, who):
        raise wrong([Mistake(part="body", pointer=_where(name), detail=said) for name, said in odd.items()])
    return caller.done(
        cases.log_call(
            caller.engine,
            call.account,
            outcome,
            who,
            ws.calendar,
            ws=ws,
            answers=typed,
            note=call.note,
            then=call.then,
            another=call.another,
        )
    )


def _where(name: str) -> str:
    return "/spoken_with" if name == "spoken with" else f"/{pointed('answers', name)}"


def _question(one: questions.Question) -> Question:
    return Question(
        name=one.name,
        sentence=one.sentence,
        example=one.example,
        needed=one.needed,
        choices=[code for code, _ in one.choices],
    )
