"""The outbox: what waits, was sent, failed, is in doubt; one message with its text, and what can be done with it."""

from __future__ import annotations

import csv
import io
from datetime import date

from fastapi import APIRouter
from starlette.responses import Response

from engine import outbox
from engine.channels.folder import plain_cell
from engine.core.language.policy import Kind
from engine.core.spoken import read_day
from engine.errors import Refused, WrongFields
from engine.jobs import waiting
from engine.jobs.people.rights import Right
from engine.screen.written import money
from engine.store import copies, marks, posted, restrictions
from engine.store import outbox as store
from engine.store.database import writing
from engine.web.visit import Decider, Reader, Visit, Worker

router = APIRouter()
_MOST, _ALL = 100, 100_000
GROUPS = {
    "waits": store.WAITING,
    "in doubt": (store.UNCERTAIN,),
    "failed": (store.FAILED,),
    "on its way": (store.SENDING,),
    "sent": (store.SENT,),
    "called off": (store.CANCELLED,),
}


@router.get("/outbox")
def messages(visit: Reader) -> Response:
    group, said = visit.typed("state"), visit.typed("with")
    with visit.reading() as conn:
        counted = outbox.counted(conn)
        found = posted.searched(conn, GROUPS.get(group, ()), said, _MOST + 1)
        rests = outbox.resting(conn)
    counts = {
        name: sum(number for (_, state), number in counted.items() if state in states)
        for name, states in GROUPS.items()
    }
    return visit.page(
        "outbox.html",
        found=found[:_MOST],
        more=len(found) > _MOST,
        group=group,
        said_with=said,
        counts=counts,
        all_=sum(counts.values()),
        rests=rests,
        names=_names(visit),
    )


@router.get("/outbox.csv")
def table(visit: Reader) -> Response:
    """The same list whole, for a spreadsheet; no cell of it is a formula."""
    with visit.reading() as conn:
        found = posted.searched(conn, GROUPS.get(visit.typed("state"), ()), visit.typed("with"), _ALL)
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(("day", "account", "name", "what", "way out", "state", "reason", "amount", "key"))
    for one in found:
        row = one.row
        cells = (row.account, one.name, row.step, row.channel, row.state, row.reason or "")
        rows.writerow((row.on, *map(plain_cell, cells), money(one.amount, one.currency), plain_cell(row.key)))
    headers = {"Content-Disposition": f'attachment; filename="outbox-{visit.today}.csv"'}
    return Response(text.getvalue().encode("utf-8-sig"), media_type="text/csv", headers=headers)


@router.get("/message/{key:path}")
def message(visit: Reader, key: str) -> Response:
    return _shown(visit, key)


@router.post("/retry/{key:path}")
def retry(visit: Worker, key: str) -> Response:
    with writing(visit.engine) as conn:
        row = outbox.retry(conn, key, visit.person.id, visit.now)
    return visit.go("message", key, said=f"{row.step}: {row.reason}.")


@router.post("/cancel/{key:path}")
def cancel(visit: Decider, key: str) -> Response:
    because = visit.typed("because")
    if not because:
        return _shown(visit, key, WrongFields({"because": "say why it is called off"}))
    try:
        with writing(visit.engine) as conn:
            row = outbox.cancel(conn, key, visit.person.id, visit.now, because)
            restrictions.called_off(conn, row.key)
    except Refused as error:
        return _shown(visit, key, error)
    return visit.go("message", key, said=f"{row.step}: {row.reason}.")


@router.post("/resolve/{key:path}")
def resolve(visit: Decider, key: str) -> Response:
    how, evidence = visit.typed("how"), visit.typed("evidence")
    wrong = {} if how in tuple(outbox.Resolution) else {"how": "say what became of it"}
    wrong |= {} if evidence else {"evidence": "say where it was seen, or why it is sent again"}
    if wrong:
        return _shown(visit, key, WrongFields(wrong))
    today = visit.today
    try:
        with writing(visit.engine) as conn:
            row = outbox.resolve(
                conn,
                key,
                outbox.Resolution(how),
                visit.person.id,
                visit.now,
                evidence,
                lambda conn, key, at: marks.take(conn, key, at, today),
            )
            if row.state == store.CANCELLED:
                restrictions.called_off(conn, row.key)
    except Refused as error:
        return _shown(visit, key, error)
    return visit.go("message", key, said=f"{row.step}: {row.reason}.")


@router.post("/postpone/{key:path}")
def postpone(visit: Decider, key: str) -> Response:
    until: date | None = None
    try:
        until = read_day(visit.typed("until"), visit.today)
    except ValueError as error:
        return _shown(visit, key, WrongFields({"until": str(error)}))
    try:
        said = waiting.postpone(visit.ws, visit.engine, key, until, visit.who, because=visit.typed("because"))
    except Refused as error:
        return _shown(visit, key, error)
    return visit.go("message", key, said=said)


@router.get("/words/{key:path}")
def words(visit: Decider, key: str) -> Response:
    return _words(visit, key)


@router.post("/words/{key:path}")
def edit(visit: Decider, key: str) -> Response:
    try:
        if visit.typed("do") == "restore":
            said = waiting.restore(visit.engine, key, visit.who)
        else:
            subject, body = str(visit.form.get("subject", "")), str(visit.form.get("body", ""))
            said = waiting.edit(visit.ws, visit.engine, key, subject, body, visit.who)
    except Refused as error:
        return _words(visit, key, error)
    return visit.go("message", key, said=said)


def _words(visit: Visit, key: str, error: Refused | None = None) -> Response:
    told = visit.could_not(error) if error else {}
    with visit.reading() as conn:
        row = outbox.show(conn, key)
        found = waiting.words(visit.ws, conn, key)
        now = waiting.shown(visit.ws, conn, key, visit.now)
    return visit.page("words.html", row=row, found=found, now=now, names=_names(visit), **told)


def _shown(visit: Visit, key: str, error: Refused | None = None) -> Response:
    told = visit.could_not(error) if error else {}
    with visit.reading() as conn:
        row = outbox.show(conn, key)
        one = next(iter(posted.searched(conn, key=key)), None)
        waits = row.state in store.WAITING and not row.attempt
        would = None
        if waits and visit.ws.book is not None:
            would = waiting.shown(visit.ws, conn, key, visit.now)
        kept = copies.of(conn, [key])
        edited = waiting.words(visit.ws, conn, key) if waits and would and would.text else None
    return visit.page(
        "message.html",
        row=row,
        one=one,
        waits=waits,
        would=would,
        edited=edited,
        kept=[(copy, _readable(copy)) for copy in kept],
        written=Kind(row.kind).written,
        names=_names(visit),
        decides=visit.may(Right.DECIDE),
        store=store,
        resolutions=tuple(outbox.Resolution),
        evidence=sorted(row.payload.get("evidence", {}).items()),
        **told,
    )


def _readable(copy: copies.Copy) -> str:
    """The words of what went out."""
    if copy.text or copy.content is None:
        return copy.text
    if copy.media == copies.MAIL:
        from email import message_from_bytes
        from email.policy import default

        body = message_from_bytes(copy.content, policy=default).get_body(("plain",))
        return str(body.get_content()) if body is not None else ""
    return copy.content.decode("utf-8", "replace") if copy.media == copies.REQUEST else ""


def _names(visit: Visit) -> dict[str, str]:
    return {id: one.name for id, one in visit.ws.settings.people.items()}
