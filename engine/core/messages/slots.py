"""A value waits in a numbered slot until the text around it has been read: so it cannot become markup."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal

MOST_OUTPUT = 500_000  # characters of one message

# A value stands in the text as a slot until the Markdown has been read: so nothing in it can be read as
# Markdown.
_OPEN, _CLOSE = "\ue000", "\ue001"
SLOT = re.compile(f"(?:{_OPEN}|%EE%80%80)([0-9]+)(?:{_CLOSE}|%EE%80%81)")
# Marks that turn the direction of writing can make a number read backwards.
_TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class NotPrintable(Exception):
    """A template prints something that has no text: nothing, a list, yes or no. `what` says which."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class TooLong(Exception):
    """The message grew beyond `MOST_OUTPUT`."""


class Prose(str):
    """Markdown that Dunwell itself has made, its values already in slots; it is printed as it is."""

    __slots__ = ()


def clean(text: str) -> str:
    """A value on one line, without control characters, lone surrogates, slots, or marks that turn writing."""
    if text.isprintable() and "  " not in text:  # none of these is printable
        return text.strip()
    text = _TURNING.sub("", text).replace(_OPEN, "").replace(_CLOSE, "")
    text = "".join(" " if unicodedata.category(mark) in ("Cc", "Zl", "Zp") else mark for mark in text)
    text = text.encode("utf-8", errors="replace").decode("utf-8")
    return re.sub(" {2,}", " ", text).strip()


class Slots:
    """The values of one message, by number, and how its dates and figures are written."""

    def __init__(self, locale: Locale) -> None:
        self.locale = locale
        self._values: list[str] = []

    def copy(self) -> Slots:
        """The same values, to which others are added."""
        same = Slots(self.locale)
        same._values = [*self._values]
        return same

    def put(self, value: object) -> str:
        written = self.written(value)
        if len(written) > MOST_OUTPUT:
            raise TooLong
        self._values.append(written)
        return f"{_OPEN}{len(self._values) - 1}{_CLOSE}"

    def written(self, value: object) -> str:
        match value:
            case bool():
                raise NotPrintable("yes or no")
            case str():
                return self.fill(value) if _OPEN in value else clean(value)
            case date():
                return str(format_date(value, "long", locale=self.locale))
            case int() | float() | Decimal():
                return str(format_decimal(value, locale=self.locale))
            case None:
                raise NotPrintable("nothing")
            case _:
                raise NotPrintable("a list" if isinstance(value, (list, tuple)) else "a group of values")

    def fill(self, text: str, escape: Callable[[str], str] = str) -> str:
        """The text with its slots filled, each value through `escape`."""
        if _OPEN not in text and "%EE" not in text:
            return text
        return SLOT.sub(lambda match: escape(self._values[int(match[1])]), text)
