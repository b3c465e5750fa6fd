"""What happens to an account in a test of a policy: `dispute opened`, `payment 500 on A1`, `terms net 60`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date

from engine.core.language import reading, reading_tests
from engine.core.language.condition import Value
from engine.core.language.fields import Field, Type
from engine.core.language.source import Notes, Text, short
from engine.core.language.steps import Scope
from engine.core.language.trials import Happening, What
from engine.core.language.words import Where, names, nearest

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WHEN = r"(?P<until>day -?[0-9]{1,4}|[0-9]{4}-[0-9]{2}-[0-9]{2})"
_ITEM = r"(?: (?:on|for|of) (?P<item>\S+))?"
_DISPUTE = re.compile(
    r"dispute (?P<state>opened|closed)(?: on)?(?: (?!for\b)(?P<item>\S+))?"
    r"(?: for (?:the )?(?P<favour>us|customer))?",
    re.IGNORECASE,
)
_PROMISE = re.compile(rf"promise(?: (?P<amount>.+?))? by {_WHEN}{_ITEM}", re.IGNORECASE)
_PAUSED = re.compile(rf"paused until {_WHEN}", re.IGNORECASE)
_MONEY = re.compile(rf"(?P<what>payment|credit) (?:of )?(?P<amount>.+?){_ITEM}", re.IGNORECASE)
_PAID = re.compile(r"paid(?: in full)?(?: (?!in\b)(?P<item>\S+))?", re.IGNORECASE)
_BARE = ("promise broken", "promise kept", "plan agreed", "plan broken", "paused", "resumed", "declined")
_HAPPENS = (
    "dispute opened",
    "dispute closed",
    "dispute closed for us",
    "dispute closed for the customer",
    "promise 500 by day 50",
    "promise broken",
    "promise kept",
    "plan agreed",
    "plan broken",
    "payment 500",
    "credit 500",
    "paid",
    "call no answer",
    "terms net 60",
    "insolvent",
    "paused until day 60",
    "resumed",
    "declined",
)


@dataclass(frozen=True, slots=True)
class Happenings:
    """Reads the lines of `events`; also the values and dates that an account of a test has."""

    notes: Notes
    scope: Scope

    def facts(self) -> dict[str, Field]:
        return {name: f for name, f in self.scope.known.fields.items() if not f.computed}

    def single(self, field: Field, text: Text) -> Value | None:
        if field.type is Type.MONEY:
            return reading.money(text, self.notes, self.scope.currency, f"{field.name}: 5000")
        if field.type.number:
            return reading_tests.read_number(field, text, text.value, self.notes, self.scope.currency)
        return reading_tests.read_word(field, text, self.notes)

    def day(self, text: Text | None) -> date | None:
        """A date of the calendar, written as 2026-01-05."""
        if text is None:
            return None
        said = reading.word(text)
        if _DATE.fullmatch(said):
            try:
                found = date.fromisoformat(said)
                if 1990 <= found.year <= 2100:
                    return found
            except ValueError:
                pass
        self.notes.error(text.place, f"“{short(said)}” is no date", "write  2026-01-05", "date")
        return None

    def happening(self, day: int, text: Text, numbers: tuple[str, ...]) -> Happening | None:
        """One line of `events`, by the first form that it has."""
        said = reading.word(text)
        lower = said.lower()
        base = Happening(day, What.FACT, said, text.place)
        if found := _DISPUTE.fullmatch(said):
            what = What(f"dispute {found['state'].lower()}")
            favour = {"us": "us", "": None}.get((found["favour"] or "").lower(), "customer")
            return self._about(replace(base, what=what, favour=favour), found["item"], numbers)
        if lower in _BARE:
            return replace(base, what=What(lower))
        if found := _PROMISE.fullmatch(said):
            event = self._until(replace(base, what=What.PROMISE), found["until"], text)
            return self._paying(self._about(event, found["item"], numbers), found["amount"], text)
        if found := _PAUSED.fullmatch(said):
            return self._until(replace(base, what=What.PAUSED), found["until"], text)
        if found := _MONEY.fullmatch(said):
            event = self._about(replace(base, what=What(found["what"].lower())), found["item"], numbers)
            return self._paying(event, found["amount"], text)
        if found := _PAID.fullmatch(said):
            return self._about(replace(base, what=What.PAID), found["item"], numbers)
        if lower.startswith("call "):
            called, known = Text(said[5:], text.place), names(Where.OUTCOMES)
            outcome = reading.one_of(called, self.notes, "outcome of a call", known, "unknown-outcome")
            return replace(base, what=What.CALL, outcome=outcome) if outcome else None
        return self._fact(base, said, text)

    def _about(
        self, event: Happening | None, number: str | None, numbers: tuple[str, ...]
    ) -> Happening | None:
        """The event with the document that it is about."""
        if event is None or number is None:
            return event
        found = reading.one_of(Text(number, event.place), self.notes, "document", numbers, "unknown-document")
        return replace(event, item=found) if found else None

    def _until(self, event: Happening, said: str, text: Text) -> Happening | None:
        if said.lower().startswith("day "):
            day = int(said[4:])
            if day < event.day:
                self.notes.error(
                    text.place,
                    f"day {day} is before day {event.day}, on which this happens",
                    f"write day {event.day} or a later one",
                    "past-day",
                )
                return None
            return replace(event, until_day=day)
        until = self.day(Text(said, text.place))
        return replace(event, until=until) if until else None

    def _paying(self, event: Happening | None, said: str | None, text: Text) -> Happening | None:
        if event is None or said is None:
            return event
        amount = reading.money(Text(said, text.place), self.notes, self.scope.currency, "payment 500 on A1")
        return replace(event, amount=amount) if amount is not None else None

    def _fact(self, base: Happening, said: str, text: Text) -> Happening | None:
        """`insolvent`, `terms net 60`, `status is under review`: a field takes a value."""
        fields = self.facts()
        for name in sorted(fields, key=len, reverse=True):
            field = fields[name]
            if said.lower() == name and field.type is Type.FLAG:
                return replace(base, column=field.column, value=True)
            if said.lower().startswith(name + " "):
                rest = re.sub(r"^is\s+", "", said[len(name) + 1 :], flags=re.IGNORECASE)
                value = (
                    self.single(field, Text(rest, text.place))
                    if field.type is not Type.TAGS
                    else frozenset({rest})
                )
                return replace(base, column=field.column, value=value) if value is not None else None
        self.notes.error(
            text.place,
            f"“{short(said)}” is nothing that can happen",
            nearest(said, _HAPPENS),
            "unknown-event",
        )
        return None
