"""Days and times as people say them: today, friday, 2026-12-01, 14:30, 2 pm."""

from __future__ import annotations

import re
from datetime import date, time, timedelta

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NEAR = {"yesterday": -1, "today": 0, "tomorrow": 1}
_TIME = re.compile(r"(?P<hour>\d{1,2})(?:[:.h](?P<minute>[0-5]\d))?\s*(?P<half>[ap]m)?", re.IGNORECASE)


def read_day(text: str, today: date, *, past: bool = False) -> date:
    """A day as a person writes it; ValueError says how. A weekday is the next one, today included; `past`: the last one."""
    word = text.strip().lower()
    if word in _NEAR:
        return today + timedelta(days=_NEAR[word])
    for number, name in enumerate(_WEEKDAYS):
        if len(word) > 2 and name.startswith(word):
            if past:
                return today - timedelta(days=(today.weekday() - number) % 7)
            return today + timedelta(days=(number - today.weekday()) % 7)
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", word):
            raise ValueError
        return date.fromisoformat(word)
    except ValueError:
        hint = f"write it as {today.isoformat()}, or today, tomorrow, monday, …"
        raise ValueError(f"“{text}” is no day; {hint}") from None


def read_time(text: str) -> time:
    """A time of day to the minute; ValueError says how it is written."""
    found = _TIME.fullmatch(text.strip())
    hour = int(found["hour"]) if found else 24
    if found and found["half"]:
        hour = hour % 12 + (12 if found["half"].lower() == "pm" else 0) if 1 <= hour <= 12 else 24
    elif found and not found["minute"]:
        hour = 24  # a bare number may be anything
    if found is None or hour > 23:
        raise ValueError(f"“{text}” is no time of day; write it as 14:30, or 2:30 pm")
    return time(hour, int(found["minute"] or 0))
