"""Pauses, notes, tasks; and that the ledger system has what was asked for."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from engine.jobs import cases
from engine.jobs.cases import restrictions, tasks
from engine.web.api.agreements import Why
from engine.web.api.asked import Asked, Day, Text, about
from engine.web.api.caller import Confirms, Done, Works

router = APIRouter()


class Pause(Asked):
    """Let all steps of the account wait, through a day or until somebody ends it."""

    because: Why
    until: Day | None = None


class Note(Asked):
    """A remark. What comes from `outside` has a `source`, and the day it is of."""

    text: Annotated[str, Field(min_length=1, max_length=10_000)]
    outside: bool = False
    source: Annotated[str, Field(max_length=200)] = ""
    dated: Day | None = None


class Task(BaseModel):
    """A task that is done, by its key or by its account where that has one alone."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    task: Annotated[str, Field(min_length=1, max_length=1000)]
    because: Text = ""


class Confirmation(Asked):
    """The ledger system has what was asked for: new terms, a hold, less service, or their end. `what` where there are several."""

    what: Literal["terms", "hold", "service", ""] = ""
    because: Annotated[str, Field(max_length=10_000, description="Where it was seen.")] = ""


_PAUSE = {
    "summary": "While an address changes",
    "value": {"account": "ACC1", "because": "the office moves", "until": "2026-10-23"},
}
_NOTE = {"summary": "A remark", "value": {"account": "ACC1", "text": "The new controller starts on Monday."}}
_TASK = {"summary": "By its account", "value": {"task": "ACC1", "because": "the address is found"}}
_CONFIRMATION = {
    "summary": "New terms are in force",
    "value": {"account": "ACC1", "what": "terms", "because": "ERP, customer master"},
}


@router.post("/pauses", tags=["Remarks"])
def pause(asked: Annotated[Pause, Body(openapi_examples={"pause": _PAUSE})], caller: Works) -> Done:
    """Let an account be in peace for a while."""
    who = about(caller, asked)
    return caller.done(
        cases.pause(caller.engine, asked.account, who, because=asked.because, until=asked.until)
    )


@router.post("/pauses/lift", tags=["Remarks"])
def lift(asked: Asked, caller: Works) -> Done:
    """End the pauses of an account: its steps go on from tomorrow."""
    return caller.done(cases.lift_pause(caller.engine, asked.account, about(caller, asked)))


@router.post("/notes", tags=["Remarks"])
def note(asked: Annotated[Note, Body(openapi_examples={"note": _NOTE})], caller: Works) -> Done:
    """Keep a remark with an account."""
    who = about(caller, asked)
    return caller.done(
        cases.note(
            caller.engine,
            asked.account,
            asked.text,
            who,
            outside=asked.outside,
            source=asked.source,
            dated=asked.dated,
        )
    )


@router.post("/tasks/done", tags=["Remarks"])
def done(asked: Annotated[Task, Body(openapi_examples={"task": _TASK})], caller: Works) -> Done:
    """Take a task off the list; what waited for it goes on."""
    return caller.done(tasks.done(caller.engine, asked.task, caller.who(), because=asked.because))


@router.post("/confirmations", tags=["Ledger"])
def confirm(
    asked: Annotated[Confirmation, Body(openapi_examples={"terms": _CONFIRMATION})], caller: Confirms
) -> Done:
    """Say that the ledger system has what was asked for: new terms or a hold are in force, or are gone again."""
    who = about(caller, asked)
    return caller.done(
        restrictions.confirm(caller.engine, asked.account, who, because=asked.because, what=asked.what)
    )
