"""The call that is on the list, and its script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import sqlalchemy as sa

from engine.core import sentences
from engine.core.messages.scripts import Script, render_script
from engine.core.problem import Problem
from engine.errors import NotFound
from engine.jobs import messages
from engine.jobs.brief.look import Look
from engine.jobs.brief.shape import Item, Reach, Talk
from engine.jobs.cases.who import near
from engine.jobs.listing import Listed
from engine.store import tables as t
from engine.store.tables import COMPANY, UNDER_WAY, ActionState

_USUAL = "first-call"  # the script of a call that nobody has planned
_TO_CALL = (ActionState.PLANNED.value, ActionState.PUT_BACK.value)


def task(look: Look) -> tuple[str, Mapping[str, Any]]:
    """The call that is on the list, in a few words, and its detail; nothing where none is."""
    a = t.action.c
    query = sa.select(t.action).where(
        a.company == COMPANY,
        a.account == look.account,
        a.kind == "call",
        sa.text(f"action.{UNDER_WAY}"),
        a.state.in_(_TO_CALL),
    )
    row = look.conn.execute(query.order_by(a.day.desc(), a.on.desc(), a.key)).first()
    if row is None:
        return "", {}
    when = ""
    if row.not_before_at:
        here = ZoneInfo(look.ws.settings.workspace.zone)
        moment = datetime.fromisoformat(row.not_before_at).astimezone(here)
        when = f", {sentences.short_day(moment.date())} at {moment:%H:%M}"
    elif row.not_before and row.not_before > look.on:
        when = f", {sentences.short_day(row.not_before)}"
    whence = f" ({row.policy}, day {row.day})" if row.policy else ""
    return f"{row.step}{whence}{when}", orjson.loads(row.detail)


def reason(look: Look, said: Sequence[Talk]) -> str:
    """Why payment has not been made, where today's call has it: what was logged, or typed and not yet logged."""
    for row in look.rows(t.call_draft, t.call_draft.c.at.desc()):
        typed = str(orjson.loads(row["answers"]).get("reason") or "")
        if typed and look.day(row["at"]) == look.on:
            return typed
    return next((one.reason for one in said if one.on == look.on and one.reason), "")


def withheld(items: Sequence[Item], reason: str, stop: Sequence[str]) -> str:
    """Why what we ask for is not to be said yet, or at all; empty where it may be."""
    overdue = [one for one in items if one.owed > 0 and one.days_late > 0]
    if stop:
        return sentences.ASK_NOTHING
    if not overdue:
        return sentences.NOTHING_OVERDUE
    if all(one.aside for one in overdue):
        return sentences.ALL_SET_ASIDE
    return "" if reason else sentences.WAITS_FOR_REASON


def guidance(look: Look, outcome: str) -> str:
    """The line that outcomes.yaml has for the outcome of the last call."""
    found = look.ws.book.outcomes.get(outcome) if look.ws.book is not None else None
    return found.guidance if found is not None else ""


def script(
    look: Look, wanted: str, items: Sequence[Item], whom: Sequence[Reach], by: str
) -> tuple[str, Script | Problem | None]:
    """The script's name, and the script filled in for whoever calls; nothing while the files have an error."""
    names = look.ws.templates.names("script")
    name = wanted or (_USUAL if _USUAL in names else "")
    if not name or look.ws.book is None:
        return name, None
    if name not in names:
        raise NotFound("script", name, near(name, names))
    free = [one for one in items if one.owed > 0 and not one.aside]
    asked = [[one.number, one.owed] for one in [one for one in free if one.days_late > 0] or free]
    aside = [[one.number, one.owed, one.aside] for one in items if one.owed > 0 and one.aside]
    told = messages.facts(
        look.ws,
        look.conn,
        look.account,
        Listed(0, look.house.currency, asked, aside),
        on=look.on,
        respond_by=None,
        to="accounts payable",
        from_=_caller(look, by) or "collector",
    )
    if whom:
        told = replace(told, debtor=replace(told.debtor, contact=whom[0].name))
    return name, render_script(look.ws.templates, name, told)


def _caller(look: Look, by: str) -> str | None:
    """The id of whoever calls, by their id or their name."""
    people = look.ws.settings.people.items()
    return next((id for id, one in people if by.lower() in (id.lower(), one.name.lower())), None)
