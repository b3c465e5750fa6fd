"""An account: its timeline, what it owes and how it pays, where it stands on its ladder and why; pause, note, evidence."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter
from sqlalchemy.engine import Connection
from starlette.responses import RedirectResponse, Response

from engine.core import sentences
from engine.core.spoken import read_day
from engine.errors import NotFound, Refused, WrongFields
from engine.exports import evidence_html
from engine.jobs import cases, evidence
from engine.jobs.brief import Item, brief
from engine.jobs.cases import must_know
from engine.jobs.cases.who import near
from engine.jobs.explain import Explanation, explained
from engine.jobs.people.rights import Right
from engine.screen import briefed
from engine.screen.written import day_month, line_of, money
from engine.store import finding
from engine.store.history import history
from engine.store.tables import COMPANY, payment
from engine.web.html import url
from engine.web.pages.between import PAGES
from engine.web.pages.door import local
from engine.web.pages.today import row_of
from engine.web.visit import Reader, Visit, Worker

router = APIRouter()
_LINES = 100  # of the timeline that a look shows
_BANDS = ((0, "not yet due"), (30, "1–30"), (60, "31–60"), (90, "61–90"), (10**6, "over 90"))
_YEAR = 365  # days of the chart
_LATEST = 90  # days late that the chart shows; what is later stands at its edge


@dataclass(frozen=True, slots=True)
class Band:
    """What is owed of one age. `width` is in percent of the largest."""

    name: str
    amount: str
    width: float


@dataclass(frozen=True, slots=True)
class Dot:
    """A payment: where it stands in the chart, and in words."""

    x: float
    y: float
    said: str


@router.get("/accounts")
def accounts(visit: Reader) -> Response:
    said = visit.typed("find")
    with visit.reading() as conn:
        found = finding.accounts(conn, said) if said else finding.largest(conn, visit.today)
    if said and len(found) == 1:
        return RedirectResponse(url("account", found[0].account), 303)
    return visit.page("accounts.html", said_find=said, found=found)


@router.get("/account/{account:path}")
def account(visit: Reader, account: str) -> Response:
    return _shown(visit, account)


@router.get("/pause/{account:path}")
def put_off(visit: Worker, account: str) -> Response:
    return _wait(visit, account)


@router.post("/pause/{account:path}")
def pause(visit: Worker, account: str) -> Response:
    back = visit.typed("back")
    shown = _wait if back else _shown
    because, until, step = visit.typed("because"), visit.typed("until"), visit.typed("step")
    wrong = {} if because else {"because": "say why: whoever looks at it later wants to know"}
    last: date | None = None
    if until:
        try:
            last = read_day(until, visit.today)
        except ValueError as error:
            wrong["until"] = str(error)
    elif back:
        wrong["until"] = "say through which day it waits"
    if wrong:
        return shown(visit, account, WrongFields(wrong))
    try:
        _must_be_step(visit, step)
        said = cases.pause(visit.engine, account, visit.who, because=because, until=last, step=step)
    except Refused as error:
        return shown(visit, account, error)
    answer = visit.go("account", account, said=said)
    if back:
        answer.headers["location"] = local(back)
    return answer


def _wait(visit: Visit, account: str, error: Refused | None = None) -> Response:
    """A step of an account is put off, or all of them, from a page that is gone back to."""
    step = visit.typed("step")
    _must_be_step(visit, step)
    told = visit.could_not(error) if error else {}
    with visit.reading() as conn:
        must_know(conn, account)
        found = finding.accounts(conn, account)
    name = next((one.name for one in found if one.account == account), account)
    back = local(visit.typed("back", "/week"))
    on = visit.typed("day")
    return visit.page("wait.html", account=account, name=name, step=step, back=back, on=on, **told)


def _must_be_step(visit: Visit, name: str) -> None:
    """NotFound for a step that no policy has: it would never be put off."""
    steps = [step.name for policy in visit.ws.live.policies for step in policy.steps] if name else []
    if name and name not in steps:
        raise NotFound("step", name, near(name, steps))


@router.post("/lift/{account:path}")
def lift(visit: Worker, account: str) -> Response:
    return visit.go("account", account, said=cases.lift_pause(visit.engine, account, visit.who))


@router.post("/note/{account:path}")
def note(visit: Worker, account: str) -> Response:
    text = visit.typed("text")
    if not text:
        return _shown(visit, account, WrongFields({"text": "write what is to be noted"}))
    visit.once()
    return visit.go("account", account, said=cases.note(visit.engine, account, text, visit.who))


@router.post("/evidence/{account:path}")
def bundle(visit: Worker, account: str) -> Response:
    """All that is kept of the account, in one file that can be checked; that it was given out is kept too."""
    name = f"evidence-{re.sub(r'[^A-Za-z0-9.-]+', '-', account).strip('-.') or 'account'}-{visit.today}.zip"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / name
        evidence.give_out(visit.ws, account, visit.who, evidence_html, out=out)
        content = out.read_bytes()
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/zip", headers=headers)


def _shown(visit: Visit, account: str, error: Refused | None = None) -> Response:
    told = visit.could_not(error) if error else {}
    kinds = visit.request.query_params.getlist("kind")
    with visit.reading() as conn:
        found = brief(visit.ws, conn, account, on=visit.today, now=visit.now, by=visit.person.id)
        happened = history(conn, account, kinds=kinds)
        paid = _payments(conn, account, visit.today)
        waits = visit.worklist(conn, everything=True, account=account)
        all_kinds = sorted({line.kind for line in (happened if not kinds else history(conn, account))})
        stands, why_not = _stands(visit, conn, account)
    happened.reverse()
    everything = visit.typed("show") == "everything"
    names = {id: one.name for id, one in visit.ws.settings.people.items()}
    return visit.page(
        "account.html",
        found=found,
        briefed=briefed,
        between=PAGES,
        waits=[row_of(visit, one) for one in waits.entries],
        names=names,
        happened=happened if everything else happened[:_LINES],
        more=0 if everything else max(len(happened) - _LINES, 0),
        kinds=kinds,
        all_kinds=all_kinds,
        bands=_bands(found.items),
        dots=_dots(paid, visit.today),
        late=_LATEST,
        explained=stands,
        why_not=why_not,
        line_of=line_of,
        paused=[one for one in found.agreed if one.kind == "pause"],
        works=visit.may(Right.WORK),
        **told,
    )


def _stands(visit: Visit, conn: Connection, account: str) -> tuple[Explanation | None, str]:
    """Where it stands and why; why not, where the policies or the ledger cannot say."""
    if visit.ws.book is None:
        return (
            None,
            f"The policies have {sentences.many(len(visit.ws.errors), 'problem')}, so nothing is decided.",
        )
    try:
        wanted = visit.typed("why_not")
        return explained(visit.ws, conn, account, on=visit.today, now=visit.now, why_not=wanted), ""
    except Refused as error:
        return None, f"{error.sentence[:1].upper()}{error.sentence[1:]}."


def _bands(items: Sequence[Item]) -> list[tuple[str, list[Band]]]:
    """What is owed by age, for each currency by itself."""
    found = []
    for code in sorted({one.currency for one in items}):
        sums = dict.fromkeys((name for _, name in _BANDS), 0)
        for one in items:
            if one.currency == code and one.owed > 0:
                sums[next(name for most, name in _BANDS if one.days_late <= most)] += one.owed
        largest = max(sums.values(), default=0)
        if largest:
            bands = [
                Band(name, money(sum_, code) if sum_ else "–", 100 * sum_ / largest)
                for name, sum_ in sums.items()
            ]
            found.append((code, bands))
    return found


def _payments(conn: Connection, account: str, on: date) -> Sequence[Any]:
    p = payment.c
    query = sa.select(p.paid_on, p.days_late, p.amount, p.currency).where(
        p.company == COMPANY, p.account == account, p.reversed == 0, p.paid_on > on - timedelta(days=_YEAR)
    )
    return conn.execute(query.where(p.days_late.is_not(None)).order_by(p.paid_on)).all()


def _dots(paid: Sequence[Any], on: date) -> list[Dot]:
    """Payments of a year, by their day and how late they were: 300 units wide, 100 high, on time at the foot."""
    found = []
    for day, late, amount, currency in paid:
        x = 300 * (1 - (on - day).days / _YEAR)
        y = 90 - 80 * min(max(late, 0), _LATEST) / _LATEST
        how = f"{late} days late" if late > 0 else "on time"
        found.append(Dot(x, y, f"{day_month(day)}: {money(amount, currency)}, {how}"))
    return found
