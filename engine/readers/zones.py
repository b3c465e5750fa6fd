"""What somebody may have meant by a word that is no time zone: a hint, never taken for the zone itself."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from zoneinfo import available_timezones

from babel.core import get_global


def near_zone(text: str) -> str:
    """A suggestion: the zone whose name is nearest, or how one is written."""
    known = _zones()
    near = get_close_matches(text.casefold()[:80], known, 1, 0.7)
    return f"did you mean “{known[near[0]]}”?" if near else "write one as in America/New_York"


@cache
def _zones() -> Mapping[str, str]:
    """The list's own names, the cities in them, and Windows' names, all in lower case, to the list's."""
    names = sorted(available_timezones())
    windows: Mapping[str, str] = get_global("windows_zone_mapping")
    found = {windows_name.casefold(): name for windows_name, name in windows.items()}
    found |= {name.rpartition("/")[2].replace("_", " ").casefold(): name for name in reversed(names)}
    return MappingProxyType(found | {name.casefold(): name for name in names})
