"""What stands between us, what was noted, and what has changed since the last call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import sqlalchemy as sa

from engine.core import sentences
from engine.core.cases import papers
from engine.jobs.brief.look import Look
from engine.jobs.brief.shape import Agreed, Change, Item, Note
from engine.store import tables as t
from engine.store.history import history
from engine.store.tables import COMPANY

_LATELY = timedelta(days=91)
_NO_NEWS = ("contact", "call", "task")  # the calls themselves, and what is on our own lists


def agreed(look: Look) -> tuple[Agreed, ...]:
    """What stands between us today, and what has lately become of promises and plans."""
    parts = (_promises, _disputes, _plans, _concessions, _pauses, _restrictions)
    return tuple(one for part in parts for one in part(look))


def _lately(look: Look, day: date | None) -> bool:
    return day is not None and look.on - _LATELY < day <= look.on


def _promises(look: Look) -> Iterator[Agreed]:
    for row in look.rows(t.promise, t.promise.c.made_on.desc(), t.promise.c.id.desc()):
        if row["state"] == "open" or _lately(look, row["settled_on"]):
            what = f"check {row['check_number']}" if row["check_number"] else row["said"]
            yield Agreed(
                "promise",
                row["state"],
                row["made_on"],
                row["pays_on"],
                row["amount"],
                row["currency"],
                what,
                row["spoken_with"] or "",
            )


def _disputes(look: Look) -> Iterator[Agreed]:
    for row in look.rows(t.dispute, t.dispute.c.opened.desc()):
        if row["closed"] is None:
            said = f", “{row['said']}”" if row["said"] else ""
            currency = look.open_rows.get(row["item"], {}).get("currency", "")
            amount = row["amount"] if currency else None
            owner = row["person"] or row["owner"] or row["opened_by"]
            what = f"{row['item']}: {row['reason']}{said}"
            yield Agreed("dispute", "open", row["opened"], row["answer_by"], amount, currency, what, owner)


def _plans(look: Look) -> Iterator[Agreed]:
    for row in look.rows(t.plan, t.plan.c.made_on.desc()):
        if row["state"] == "kept" or _lately(look, row["ended_on"]):
            amount = row["amount"] if row["currency"] else None
            yield Agreed(
                "plan",
                row["state"],
                row["made_on"],
                row["until"],
                amount,
                row["currency"] or "",
                row["because"],
                row["spoken_with"] or "",
            )


def _concessions(look: Look) -> Iterator[Agreed]:
    for row in look.rows(t.concession, t.concession.c.on.desc(), t.concession.c.id.desc()):
        if row["state"] != "declined" and _lately(look, row["on"]):
            days = f", {row['days']} days" if row["days"] else ""
            text = f", {row['text']}" if row["text"] else ""
            what = f"{row['side']}: {row['kind']}{days}{text}"
            amount = row["amount"] if row["currency"] else None
            yield Agreed(
                "concession", row["state"], row["on"], None, amount, row["currency"] or "", what, row["by"]
            )


def _pauses(look: Look) -> Iterator[Agreed]:
    for row in look.rows(t.pause, t.pause.c.from_day.desc()):
        if look.holds(row):
            what = f"{row['kinds'] or 'everything'}: {row['because']}"
            yield Agreed("pause", "running", row["from_day"], row["until"], None, "", what, row["by"])


def _restrictions(look: Look) -> Iterator[Agreed]:
    for row in look.rows(t.restriction, t.restriction.c.asked_on.desc()):
        if row["state"] not in ("ended", "refused"):
            what = f"{row['kind']}: {row['value']}"
            yield Agreed(
                "restriction", row["state"], row["asked_on"], row["review_on"], None, "", what, row["by"]
            )


def notes(look: Look) -> tuple[Note, ...]:
    """Notes of the account and of its industry, the newest first; what came from outside with its age."""
    rows = look.rows(t.note)
    if industry := look.master.get("industry"):
        n = t.note.c
        query = sa.select(t.note).where(
            n.company == COMPANY, n.account == "", n.kind == "industry", n.topic == str(industry).lower()
        )
        rows += [dict(row) for row in look.conn.execute(query).mappings()]
    found = []
    for row in rows:
        dated = row["dated"] or look.day(row["at"])
        age = papers.age(dated, look.on)
        stale = row["kind"] != "note" and age > papers.STALE_NOTE
        source, topic = row["source"] or "", row["topic"] or ""
        found.append(Note(row["kind"], row["text"], row["by"], topic, source, dated, age, stale))
    return tuple(sorted(found, key=lambda one: one.dated, reverse=True))


def changes(look: Look, since: date | None, items: Sequence[Item]) -> tuple[Change, ...]:
    """What has happened since the last call, the oldest first."""
    if since is None:
        return ()
    found = [
        Change(one.on, one.kind, one.text + (f" ({one.item})" if one.item else ""))
        for one in history(look.conn, look.account)
        if since < one.on <= look.on and one.kind not in _NO_NEWS
    ]
    due = [one.number for one in items if one.open > 0 and since <= one.due < look.on]
    new = [one.number for one in items if one.open > 0 and one.dated and since < one.dated <= look.on]
    found += [Change(look.on, "invoice", sentences.fallen_due(due))] if due else []
    found += [Change(look.on, "invoice", sentences.new_items(new))] if new else []
    return tuple(found)
