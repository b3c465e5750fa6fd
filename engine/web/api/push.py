"""What another system says has changed in the ledger."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue

from engine.jobs import push as jobs
from engine.jobs.pushed_rows import MOST_ROWS, ROWS, Fault, Push
from engine.web.api.caller import Pushes
from engine.web.api.problems import Mistake, pointed, wrong

router = APIRouter(tags=["Ledger"])


class _AsRow:
    """In the description a row has its fields; they are read one by one, so that all mistakes are told at once."""

    def __get_pydantic_json_schema__(self, _: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(ROWS.core_schema)


class Message(Push):
    """What has changed, or with `snapshot` the whole ledger. `event` names the message: the same again changes nothing."""

    rows: list[Annotated[dict[str, Any], _AsRow()]] = Field(max_length=MOST_ROWS)


class Taken(BaseModel):
    """How many rows were taken, and how many were `late`: older than what is known."""

    event: str
    version: int
    taken: int
    late: int


_EXAMPLE = {
    "summary": "An invoice, and a payment on another",
    "value": {
        "event": "erp-4711",
        "version": 4711,
        "rows": [
            {
                "type": "invoice",
                "customer": "ACC1",
                "number": "INV-77",
                "date": "2026-10-01",
                "due": "2026-10-31",
                "amount": "1200.00",
                "currency": "USD",
            },
            {
                "type": "payment",
                "customer": "ACC1",
                "number": "P-9",
                "date": "2026-10-12",
                "amount": "500.00",
                "currency": "USD",
                "invoice": "I1",
            },
        ],
    },
}


@router.post("/push")
def push(message: Annotated[Message, Body(openapi_examples={"changes": _EXAMPLE})], caller: Pushes) -> Taken:
    """Take in what has changed: all of a message or nothing, each event once, an older word never over a newer."""
    report = jobs.push(
        caller.ws,
        caller.engine,
        message.rows,
        message.event,
        message.version,
        caller.now,
        caller.token.name,
        snapshot=message.snapshot,
        as_of=message.as_of,
    )
    if report.problems:
        raise wrong([_mistake(one) for one in report.problems])
    return Taken(event=report.event, version=report.version, taken=report.taken, late=report.late)


def _mistake(one: Fault) -> Mistake:
    """The row is counted from 0 in a pointer."""
    parts = one.field.split(".") if one.field else []
    pointer = pointed("rows", one.row - 1, *parts) if one.row else pointed(*parts)
    return Mistake(part="body", pointer=f"/{pointer}", detail=one.sentence, suggestion=one.suggestion)
