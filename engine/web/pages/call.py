"""The call: one account alone, what to know, the script a block at a time, and the form, which keeps what is typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from engine.core.cases.outcomes import OUTCOMES, outcome_of
from engine.core.sentences import SELF_CHECK
from engine.errors import NotFound, Refused, WrongFields
from engine.jobs import cases
from engine.jobs.brief import brief
from engine.jobs.cases import form, questions
from engine.jobs.cases.questions import Offer
from engine.jobs.cases.who import near
from engine.jobs.people.rights import Right
from engine.screen import briefed
from engine.web.visit import Reader, Visit, Worker

router = APIRouter()
FIELD = "answer."  # before the name of an answer, so that it is no other field
_MOST_ITEMS = 15


@router.get("/call/{account:path}")
def call(visit: Reader, account: str) -> Response:
    return _shown(visit, account, _outcome(visit))


@router.post("/draft/{account:path}")
def draft(visit: Worker, account: str) -> Response:
    """What was typed so far is kept; said at what time, beside the form."""
    _save(visit, account)
    return HTMLResponse(f"kept at {visit.now.astimezone(visit.office):%H:%M}")


@router.post("/outcome/{account:path}")
def choose(visit: Worker, account: str) -> Response:
    """Another outcome: its questions, with what was typed already."""
    _save(visit, account)
    answer = visit.go("call", account)
    answer.headers["location"] += f"?outcome={_outcome(visit).replace(' ', '+')}&block={_block(visit)}#form"
    return answer


@router.post("/call/{account:path}")
def log(visit: Worker, account: str) -> Response:
    outcome, typed = _outcome(visit), _typed(visit)
    try:
        if not outcome:
            raise WrongFields({"outcome": "choose what came of the call"})
        if wrong := questions.wrong(visit.ws, outcome, typed, visit.who):
            raise WrongFields(wrong)
        visit.once()
        said = cases.log_call(
            visit.engine,
            account,
            outcome,
            visit.who,
            visit.ws.calendar,
            ws=visit.ws,
            answers=typed,
            note=visit.typed("note"),
            then=visit.typed("then"),
            another=visit.typed("another") == "yes",
        )
    except WrongFields as error:
        return _shown(visit, account, outcome, error)
    except NotFound:
        raise
    except Refused as error:
        return _shown(visit, account, outcome, error)
    return visit.go("today", said=said)


def _shown(visit: Visit, account: str, outcome: str, error: Refused | None = None) -> Response:
    told: dict[str, Any] = dict(visit.could_not(error)) if error else {}
    with visit.reading() as conn:
        found = brief(
            visit.ws,
            conn,
            account,
            on=visit.today,
            now=visit.now,
            by=visit.person.id,
            script=visit.typed("script"),
        )
        kept = form.draft(conn, account, visit.who)
        typed = kept | _typed(visit)
        offer, barred = None, None
        if outcome and visit.may(Right.WORK):
            try:
                offer = questions.offer(visit.ws, conn, account, outcome, typed, visit.who)
            except Refused as no:
                barred = no
    if barred is not None and error is None:
        told = {**visit.could_not(barred), "code": 200}
    block = min(_block(visit), max(len(found.blocks), 1))
    return visit.page(
        "call.html",
        found=found,
        briefed=briefed,
        items=found.items[:_MOST_ITEMS],
        block=block,
        shown=briefed.shown(found, block) if found.blocks else None,
        self_check=SELF_CHECK,
        groups=questions.grouped(),
        keys=_KEYS,
        outcome=outcome,
        asked=questions.asked(visit.ws, outcome) if visit.ws.book is not None else (),
        offer=offer or Offer("", {}, (), must_choose=False),
        answers=typed,
        kept=bool(kept),
        field=FIELD,
        **told,
    )


def _outcome(visit: Visit) -> str:
    said = visit.typed("outcome")
    if not said:
        return ""
    found = outcome_of(said)
    if found is None:
        raise NotFound("outcome", said, near(said, OUTCOMES))
    return found


def _block(visit: Visit) -> int:
    said = visit.typed("block", "1")
    return max(int(said), 1) if said.isascii() and said.isdigit() and len(said) < 4 else 1


def _typed(visit: Visit) -> dict[str, str]:
    """The answers that were sent, by their names; of several boxes those that are ticked."""
    found: dict[str, list[str]] = {}
    for name, value in visit.form.multi_items():
        if name.startswith(FIELD) and isinstance(value, str):
            found.setdefault(name.removeprefix(FIELD), []).append(value.strip())
    return {name: ", ".join(filter(None, values)) for name, values in found.items()}


def _save(visit: Visit, account: str) -> None:
    """What differs from what is kept already, so that a look at another outcome writes nothing."""
    typed = _typed(visit)
    with visit.reading() as conn:
        kept = form.draft(conn, account, visit.who)
    new = {name: value for name, value in typed.items() if kept.get(name, "") != value}
    if new:
        own = questions.own(visit.ws.live)
        form.save(visit.engine, account, new, visit.who, own)


def _keys() -> Mapping[str, str]:
    """A key for each outcome: the first letter of it that no other has."""
    found: dict[str, str] = {}
    for name in OUTCOMES:
        free = next((mark for mark in name if mark.isalpha() and mark not in found.values()), "")
        found[name] = free
    return found


_KEYS = _keys()
