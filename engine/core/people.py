"""A person at a customer, found by name, address or number in what is kept; and the same without them.

To tell somebody what is kept of them, only what is surely about them counts. To forget them, what may be about them
counts too: rather a word too many is taken out than a name left in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

FORGOTTEN = "forgotten"  # what stands in the place of words that had to go
_TITLES = (
    "Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Madam|Herr|Herrn|Frau|Monsieur|Madame|Mme|Señor|Señora|Sr|Sra|Sig|Signora"
)
_SHORTEST = 3  # letters of a name alone: fewer are too often a word
# What a contact is called where the master names an office and no person.
_OFFICES = frozenset(
    {
        *("account", "accounts", "payable", "receivable", "billing", "clerk", "department", "finance"),
        *("manager", "office", "owner", "purchasing", "team"),
    }
)
# An amount, a count, a day, a yes: what names nobody. A telephone number has other marks between its digits.
_PLAIN = re.compile(r"[\d.,]+ ?%?(?: ?[A-Z]{3})?|\d{4}-\d{2}-\d{2}|(?i:yes|no|true|false)")


@dataclass(frozen=True, slots=True)
class Person:
    """A name as it is kept ("Ana Reyes", "Reyes, Ana"), and the addresses and numbers by which they were reached.

    `others` are words, in small letters, that stand for others than them when alone, such as the company's name.
    """

    name: str
    ways: tuple[str, ...] = ()
    others: frozenset[str] = frozenset()


def pseudonym(drawn: str) -> str:
    """What stands for a person from now on; `drawn` are eight hex digits by lot."""
    return f"person {drawn}"


def nobody(name: str) -> bool:
    """Whether a name is a pseudonym already, or stands for somebody who was forgotten."""
    return name == FORGOTTEN or re.fullmatch(r"person [0-9a-f]{8}", name) is not None


def same_name(one: str, other: str) -> bool:
    """Whether two names are the same but for capitals and spaces."""
    return _folded(one) == _folded(other)


def about(person: Person, value: Any) -> bool:
    """Whether a text, or any text in a list or mapping, surely names this person."""
    return any(_surely(person).search(text) for text in texts(value))


def texts(value: Any) -> Iterable[str]:
    """Every text in a value as JSON has it, the names of its fields left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts(each)


def without(names: Mapping[Person, str], value: Any) -> Any:
    """The same value with what stands for each person in the place of their names, addresses and numbers."""
    if isinstance(value, str):
        for person, instead in names.items():
            value = _maybe(person).sub(instead.replace("\\", r"\\"), value)
        return value
    if isinstance(value, Mapping):
        return {key: without(names, each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [without(names, each) for each in value]
    return value


def plain(value: Any) -> Any:
    """What was answered, without its words: numbers, amounts, days, and yes or no stay."""
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) else FORGOTTEN
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def told_apart(people: Sequence[Person], everybody: Sequence[Person]) -> list[Person]:
    """The same people, of whom a first or last name that another has too is not taken for theirs when it stands alone."""
    found = []
    for one in people:
        names = (other.name for other in everybody if not same_name(other.name, one.name))
        shared = {word.lower() for name in names for word in re.findall(r"\w+", name)}
        found.append(Person(one.name, one.ways, one.others | shared))
    return found


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


@cache
def _surely(person: Person) -> re.Pattern[str]:
    """The whole name, either way around; a title and the last name; an address or number of theirs."""
    first, last = _parts(person.name)
    found = [*_whole(first, last), *map(_way, person.ways)]
    if first and last:
        found.append(rf"(?:{_TITLES})\.?\s+{re.escape(last)}")
    return _words(found)


@cache
def _maybe(person: Person) -> re.Pattern[str]:
    """As surely, and the first or the last name alone where it is written as a name."""
    first, last = _parts(person.name)
    alone = [
        rf"(?-i:{re.escape(part)})"
        for part in (last, *first.split())
        if len(part) >= _SHORTEST and part[:1].isupper() and part.lower() not in _OFFICES | person.others
    ]
    return _words([_surely(person).pattern, *alone])


def _parts(name: str) -> tuple[str, str]:
    """(first names, last name): a name alone is a last name."""
    last, comma, first = name.partition(",")
    if comma and first.strip():
        return " ".join(first.split()), " ".join(last.split())
    words = name.split()
    return " ".join(words[:-1]), words[-1] if words else ""


def _whole(first: str, last: str) -> Sequence[str]:
    if not last:
        return ()
    one, other = (r"\s+".join(map(re.escape, part.split())) for part in (first, last))
    return (rf"{one}\s+{other}", rf"{other},\s*{one}") if first else (other,)


def _way(way: str) -> str:
    """An address as it stands; a number with any marks between its digits."""
    digits = re.sub(r"\D", "", way)
    if "@" not in way and len(digits) >= 6:
        return r"[(+]*" + r"[\s().\-/]*".join(digits)
    return re.escape(way.strip())


def _words(parts: Sequence[str]) -> re.Pattern[str]:
    """Any of these where no letter, digit or part of an address stands beside it."""
    if not (some := [part for part in parts if part]):
        return re.compile(r"(?!)")
    return re.compile(rf"(?<![\w.@-])(?:{'|'.join(some)})(?!\w|-\w|\.\w|@)", re.IGNORECASE)
