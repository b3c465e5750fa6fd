"""Whether whom we write to is still whom we wrote to: a strange domain or a strange name is confirmed by a person first."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Words of a company's name that say what it is and not who.
_FORMS = frozenset(
    {
        "inc", "incorporated", "corp", "corporation", "co", "company", "llc", "llp", "lp", "ltd", "limited", "plc", "gmbh",
        "mbh", "ag", "kg", "ug", "ohg", "kgaa", "sa", "sas", "sarl", "sl", "srl", "spa", "bv", "nv", "oy", "ab", "as",
        "aps", "lda", "the", "and", "und", "et", "group", "holding", "holdings", "international",
    }
)  # fmt: skip


def domain(address: str) -> str:
    """What stands behind the @, in small letters; empty for what is no address."""
    return address.strip().lower().rpartition("@")[2] if "@" in address else ""


def strange_addresses(before: Iterable[str], now: Iterable[str]) -> list[str]:
    """The addresses whose domain nobody at the customer had before. Where none was known, none is strange."""
    known = {domain(address) for address in before} - {""}
    return [address for address in now if known and domain(address) and domain(address) not in known]


def strange_name(before: str, now: str) -> bool:
    """Whether two names have no word in common, but for what every company is called."""
    old, new = _words(before), _words(now)
    return bool(old and new) and not old & new


def _words(name: str) -> frozenset[str]:
    plain = re.sub(r"[.'’]", "", name.lower())
    return frozenset(re.findall(r"\w+", plain)) - _FORMS
