"""Words that people write in several ways, made alike: countries, languages, terms of payment."""

from __future__ import annotations

import re
from functools import cache

from babel import Locale

from engine.core.ledger import Ambiguous, Terms, net_days, read_terms

_COUNTRIES = {
    "usa": "us",
    "uk": "gb",
    "great britain": "gb",
    "england": "gb",
    "holland": "nl",
    "czech republic": "cz",
}


@cache
def _english(kind: str) -> dict[str, str]:
    """English names in lower case to codes in lower case, and each code to itself."""
    names = Locale("en").territories if kind == "country" else Locale("en").languages
    codes = {code: name for code, name in names.items() if re.fullmatch("[A-Za-z]{2}", code)}
    codes.pop("ZZ", None)
    return {name.lower(): code.lower() for code, name in codes.items()} | {
        c.lower(): c.lower() for c in codes
    }


def country(text: str) -> str | None:
    """The ISO 3166 code in lower case, from a code or an English name; None if there is no such country."""
    word = " ".join(text.lower().split())
    return _COUNTRIES.get(word) or _english("country").get(word)


def language(text: str) -> str | None:
    """The ISO 639 code in lower case, from a code (`de`, `de-AT`) or an English name."""
    word = " ".join(text.lower().split())
    return _english("language").get(word) or _english("language").get(re.split("[-_]", word)[0])


def terms(text: str) -> str | Ambiguous:
    """Terms of payment in the one spelling in which accounts have them: `Net30` and `30 days` are `net 30`.

    Terms nobody can compute stay as they are written, in lower case; those that trade reads in several ways
    are refused."""
    meaning = read_terms(text)
    if isinstance(meaning, Ambiguous):
        return meaning
    return meaning.text if meaning else " ".join(text.lower().split())


def days_of_terms(canonical: str) -> int | None:
    """Days from the invoice to its due date where the terms alone say it; None where the calendar does."""
    meaning = read_terms(canonical)
    return net_days(meaning) if isinstance(meaning, Terms) else None


def countries() -> tuple[str, ...]:
    """Codes and English names, for suggestions."""
    return tuple(name.title() if len(name) > 2 else name.upper() for name in _english("country"))


def understood(canonical: str) -> bool:
    """Whether a due date can be computed from these terms, or goods are paid on or before delivery."""
    return isinstance(read_terms(canonical), Terms)
