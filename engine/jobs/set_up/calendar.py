"""The calendar of the house: whose holidays are closed, on which days and hours customers are contacted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import PurePosixPath

from engine.core.language import edit, source
from engine.core.language.check import HOUSE
from engine.core.workdays import Calendar, calendar, is_calendar
from engine.errors import WrongFields
from engine.jobs.workspace import Workspace

FIELDS = ("calendar", "hours")
DEFAULT = {"calendar": "US", "hours": "weekdays 8:30-17:00"}
_AHEAD = 5  # holidays that are shown


@dataclass(frozen=True, slots=True)
class House:
    """`house.yaml`. `there`: it is a file already; else `text` is what it begins with."""

    name: str
    text: str
    there: bool

    def says(self, word: str) -> str:
        found = edit.value_at(source.read(self.name, self.text.encode()).root, (word,))
        return found.value if found else ""


def house(ws: Workspace, begin: str) -> House:
    """The house's file, or the text it would begin with: without an order, since there is no policy yet."""
    name = (PurePosixPath(ws.settings.workspace.policies) / HOUSE).as_posix()
    found = ws.texts.policies.get(name)
    if found is not None:
        return House(name, found.decode("utf-8", "replace"), True)
    return House(name, with_order(begin, (), ws.settings.ledger.currency or ""), False)


def with_order(text: str, order: tuple[str, ...], currency: str) -> str:
    """The house of the start set for these policies; amounts without a currency are in the ledger's."""
    line = f"order: [{', '.join(order)}]\n" if order else ""
    text = re.sub(r"(?m)^order:.*\n", lambda _: line, text)
    if not order:
        text = text.replace("# The first policy that fits an account wins.\n", "")
    return re.sub(r"(?m)^currency: \w+", lambda _: f"currency: {currency}", text) if currency else text


def ordered(text: str, order: tuple[str, ...]) -> str:
    """The house with these policies in their order."""
    if re.search(r"(?m)^order:", text):
        return with_order(text, order, "")
    line = f"# The first policy that fits an account wins.\norder: [{', '.join(order)}]\n"
    head = re.match(r"(?:#.*\n)+\n", text)
    at = head.end() if head else 0
    return text[:at] + line + text[at:]


def changed(house: House, typed: Mapping[str, str]) -> str:
    """The text with what a form says. WrongFields for a calendar that does not exist, or hours nobody can read."""
    wrong: dict[str, str] = {}
    text = house.text
    if not is_calendar(typed["calendar"]):
        wrong["calendar"] = f"there is no calendar “{typed['calendar']}”; choose a country of the list"
    for word in FIELDS:
        if not typed[word]:
            wrong.setdefault(word, "this is needed")
        elif typed[word] != house.says(word):
            try:
                text = (
                    edit.with_value(text, (word,), typed[word])
                    if house.says(word)
                    else f"{text.rstrip()}\n{word}: {edit.written(typed[word])}\n"
                )
            except edit.CannotEdit as error:
                wrong[word] = error.sentence
    if wrong:
        raise WrongFields(wrong)
    return text


def closed(name: str, on: date) -> list[tuple[date, str]]:
    """The next days on which a calendar is closed, weekends left out; none for a calendar that does not exist."""
    if not is_calendar(name):
        return []
    days: Calendar = calendar(name)
    found = []
    for ahead in range(400):
        day = on + timedelta(days=ahead)
        why = days.why_closed(day)
        if why and why != "weekend" and day.weekday() in days.weekdays:
            found.append((day, why))
            if len(found) == _AHEAD:
                break
    return found
