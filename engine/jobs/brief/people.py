"""Whom to ask for, whom not to call, and what was said before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from engine.core import sentences
from engine.core.workdays import Hours, calendar, local, may_contact, zone_of
from engine.jobs.brief.look import WRONG, Look
from engine.jobs.brief.shape import Reach, Talk
from engine.store import tables as t

_FIRST = ("accounts payable", "principal")
_YES = ("yes", "true", "1")


def talks(look: Look) -> tuple[Talk, ...]:
    """The calls up to today, the latest first."""
    rows = look.rows(t.call, t.call.c.at.desc(), t.call.c.id.desc())
    return tuple(
        Talk(
            number=row["id"],
            on=row["on"],
            by=row["by"],
            outcome=row["outcome"],
            reached=bool(row["right_party"] or row["reached"]),
            spoken_with=row["spoken_with"] or "",
            phone=row["number"] or "",
            reason=row["reason"] or str(orjson.loads(row["answers"]).get("reason") or ""),
            story=row["story"],
            note=row["note"],
            reviewed=row["quality"] is not None,
        )
        for row in rows
        if row["on"] <= look.on
    )


def ask_for(look: Look, said: Sequence[Talk], detail: Mapping[str, Any]) -> tuple[Reach, ...]:
    """Whom to ask for, the best first: whom the call on the list names, who was spoken with last, then by role.

    Nobody who must not be called is among them, and no number that is known to be wrong.
    """
    found: list[Reach] = []
    if wanted := str(detail.get("ask_for") or ""):
        found.append(_known(look, wanted, str(detail.get("number") or ""), "the call asks for them"))
    if last := next((one for one in said if one.reached and one.spoken_with), None):
        because = f"spoken with on {sentences.short_day(last.on)}"
        found.append(_known(look, last.spoken_with, last.phone, because))
    ranks = {role: rank for rank, role in enumerate(_FIRST)}
    for row in sorted(look.contacts, key=lambda row: ranks.get(row["role"], len(ranks))):
        name = row["name"] or row["phone"] or row["email"] or row["role"]
        found.append(Reach(name, row["role"], row["phone"] or "", row["email"] or "", f"their {row['role']}"))
    never = {row["whom"].lower() for row in look.rules if row["whom"] and row["rule"] != WRONG}
    once = {one.name.lower(): one for one in reversed(found)}  # the first of a name wins
    order = dict.fromkeys(one.name.lower() for one in found)
    return tuple(
        replace(one, phone="" if one.phone in look.wrong_numbers else one.phone)
        for one in (once[name] for name in order)
        if not never & {text.lower() for text in (one.name, one.phone, one.email) if text}
    )


def _known(look: Look, name: str, number: str, because: str) -> Reach:
    """Somebody by name, with what the customer master knows of them."""
    row = next((row for row in look.contacts if row["name"].lower() == name.lower()), None)
    if row is None:
        return Reach(name, "", number, "", because)
    return Reach(name, row["role"], number or row["phone"] or "", row["email"] or "", because)


def barred(look: Look) -> tuple[str, ...]:
    """Who of them is not to be called, and why."""
    return tuple(_rule(row) for row in look.rules if row["whom"])


def stop(look: Look) -> tuple[str, ...]:
    """What speaks against any call to the account."""
    learned = {
        row["field"] for row in look.rows(t.learned) if look.holds(row) and str(row["value"]).lower() in _YES
    }
    known = (("insolvent", sentences.INSOLVENT), ("attorney", sentences.ATTORNEY))
    return (
        *(said for field, said in known if look.master.get(field) or field in learned),
        *(_rule(row) for row in look.rules if not row["whom"]),
    )


def _rule(row: Mapping[str, Any]) -> str:
    return sentences.not_to_call(row["whom"], row["rule"], row["because"], row["until"])


def there(look: Look) -> str:
    """The customer's own hour, and whether it is one in which they may be called; nothing for another day than today."""
    if look.ws.today(look.now) != look.on:
        return ""
    house = look.house
    zone = zone_of(look.master.get("time_zone"), look.ws.settings.workspace.zone)
    days = calendar(house.calendar, house.open_days)
    open_now = may_contact(look.now, zone, days, Hours(house.opens, house.closes))
    return sentences.hour_there(local(look.now, zone), open_now, house.opens, house.closes)
