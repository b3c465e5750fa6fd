"""A preview for a calendar: a whole-day entry for each day on which something is to be done."""

from __future__ import annotations

from datetime import datetime, timedelta

from icalendar import Calendar, Event

from engine.core.decision.summary import Preview, PreviewDay
from engine.screen.written import PLURALS, by_step, clean, listed, money


def preview_ics(view: Preview, made: datetime) -> bytes:
    """An entry has the day's numbers as its title, and who gets what as its text. `made` is an aware moment.

    The entry of a day always has the same id, so that a newer preview takes the place of an older one.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Dunwell//preview//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Dunwell: coming days")
    for day in view.days:
        if not any(day.counts.values()) and not day.stopped:
            continue
        event = Event()
        event.add("uid", f"{day.on.isoformat()}.preview@dunwell")
        event.add("dtstamp", made)
        event.add("dtstart", day.on)
        event.add("dtend", day.on + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
        event.add("summary", _title(day))
        event.add("description", _text(view, day))
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _title(day: PreviewDay) -> str:
    if day.stopped:
        return "Dunwell: stopped"
    return "Dunwell: " + listed(
        f"{day.counts[kind]} {PLURALS[kind]}" for kind in PLURALS if day.counts.get(kind)
    )


def _text(view: Preview, day: PreviewDay) -> str:
    lines = [day.stopped] if day.stopped else []
    for first, does in by_step(action for action in view.actions if action.on == day.on):
        asks = f" (needs approval: {clean(first.approve)})" if first.approve else ""
        owed = money(first.amount, first.currency)
        lines.append(f"{clean(first.account)} {clean(first.name)}: {clean(does)}, {owed}{asks}")
    return "\n".join([*lines, "", f"Assumes that {view.assumes}. Nothing has been sent."])
