"""The journal: all that was decided, said and done, by whom and when; searched, and taken out as a table."""

from __future__ import annotations

import csv
import io
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from engine.channels.folder import plain_cell
from engine.store.told import kinds, told
from engine.web.visit import Reader, Visit

router = APIRouter()
_MOST, _ALL = 100, 50_000


@router.get("/journal")
def journal(visit: Reader) -> Response:
    before = visit.typed("before")
    with visit.reading() as conn:
        found = told(
            conn,
            **_asked(visit),
            before=int(before) if before.isascii() and before.isdigit() and len(before) < 16 else None,
            most=_MOST + 1,
        )
        known = kinds(conn)
    names = {id: one.name for id, one in visit.ws.settings.people.items()}
    return visit.page(
        "journal.html",
        found=found[:_MOST],
        more=found[_MOST - 1].seq if len(found) > _MOST else None,
        asked=_asked(visit),
        known=known,
        names=names,
        said_of=said_of,
    )


@router.get("/journal.csv")
def table(visit: Reader) -> Response:
    """The newest entries that fit, for a spreadsheet; no cell of it is a formula."""
    with visit.reading() as conn:
        found = told(conn, **_asked(visit), most=_ALL)
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(("number", "moment", "kind", "account", "by", "what"))
    for one in found:
        cells = (one.kind, one.account, one.by, said_of(one.body))
        rows.writerow((one.seq, one.at.isoformat(timespec="seconds"), *map(plain_cell, cells)))
    headers = {"Content-Disposition": f'attachment; filename="journal-{visit.today}.csv"'}
    return Response(text.getvalue().encode("utf-8-sig"), media_type="text/csv", headers=headers)


def said_of(body: Any) -> str:
    """What an entry says, as one line: `state sent · channel email`."""
    return " · ".join(
        f"{name} {_value(value)}" for name, value in body.items() if value not in (None, "", [], {})
    )


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_value(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value(one)}" for name, one in value.items())
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _asked(visit: Visit) -> dict[str, Any]:
    return {name: visit.typed(name) for name in ("kind", "account", "by")}
