"""What one should know before dialling: one account alone, its papers, its past, whom to ask for, and the script for the call."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.engine import Connection

from engine.core import sentences
from engine.jobs.brief import call, owed, people, stands
from engine.jobs.brief.look import Look
from engine.jobs.brief.shape import Agreed, Brief, Change, Item, Note, Reach, Talk
from engine.jobs.cases.who import must_know
from engine.jobs.workspace import Workspace

__all__ = ["Agreed", "Brief", "Change", "Item", "Note", "Reach", "Talk", "brief"]

_TALKS = 5  # the last calls that are told


def brief(
    ws: Workspace, conn: Connection, account: str, *, on: date, now: datetime, by: str = "", script: str = ""
) -> Brief:
    """The brief of an account on a day, read in the caller's one look at the database.

    `by` is who calls, for the script; `script` names another than the planned one. NotFound for an unknown account or script.
    """
    must_know(conn, account)
    look = Look(ws, conn, account, on, now)
    talks = people.talks(look)
    last = talks[0] if talks else None
    since = next((one.on for one in talks if one.on < on), None)
    items = owed.items(look)
    task, detail = call.task(look)
    ask_for = people.ask_for(look, talks, detail)
    reason = call.reason(look, talks)
    name, filled = call.script(look, script or str(detail.get("script") or ""), items, ask_for, by)
    stop = people.stop(look)
    return Brief(
        account=account,
        name=look.master.get("name") or account,
        on=on,
        facts=owed.facts(look),
        totals=owed.totals(items),
        items=items,
        missing=owed.missing(look, items),
        pattern=owed.paid(look),
        ask_for=ask_for,
        stop=stop,
        barred=people.barred(look),
        there=people.there(look),
        talks=talks[:_TALKS],
        agreed=stands.agreed(look),
        notes=stands.notes(look),
        since=since,
        changes=stands.changes(look, since, items),
        task=task,
        guidance=call.guidance(look, last.outcome) if last else "",
        checks=sentences.checks(reason or (last.reason if last else "")),
        reason=reason,
        withheld=call.withheld(items, reason, stop),
        script_name=name,
        script=filled,
    )
