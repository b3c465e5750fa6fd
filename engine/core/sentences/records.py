"""What is said when evidence is given out, and when people are forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

NEVER_OVER = "take another name with --out; evidence is never written over"
NAME_A_BUNDLE = "name the file that “dunwell evidence” wrote, or the folder it was unpacked into"
NOT_OURS = "This house's journal does not know it: ask whoever made it for its fingerprint."
SETTLE_FIRST = "settle it first; or say --agree, and they are forgotten all the same"
ON_ITS_WAY = "a message to them is on its way"
SEE_IT_OFF = "see what becomes of it first: “dunwell outbox list”"


def bundle_there(name: str) -> str:
    return f"{name} is there already"


def not_its_form(error: str) -> str:
    """A file of the bundle can be read, and is not what it should be."""
    return f"something in it has not the form that it was written in ({error})"


def given_out(file: str, files: int, entries: int) -> str:
    return f"{file} is written: {files} files, with {entries} {_plural(entries, 'entry', 'entries')} of the journal."


def given_out_by_us(at: datetime, by: str) -> str:
    return f"This house gave it out on {at:%Y-%m-%d %H:%M} UTC; {by} had it made."


def must_be_settled(account: str, counts: Mapping[tuple[str, str], int]) -> str:
    """Why nobody is forgotten yet: `ACME still has 2 open items, 1 open promise`. `counts` by (one, many) of each thing."""
    told = [f"{count} {_plural(count, what, many)}" for (what, many), count in counts.items() if count]
    return f"{account} still has {', '.join(told)}"


def forgotten(account: str, people: Mapping[str, str], rows: int, messages: int, files: int) -> str:
    """What was done. `people` are the names with what stands for each from now on."""
    named = ", ".join(f"{name} is “{instead}” now" for name, instead in people.items()) or "nobody was named"
    went = f"{rows} {_plural(rows, 'row')}, {messages} {_plural(messages, 'message')}"
    taken = f", {files} {_plural(files, 'file')} of what went out" if files else ""
    return f"{account}: {named}. Names and words are gone from {went}{taken}. Amounts and the journal stay."


def nothing_to_forget(account: str) -> str:
    return f"{account} has no names and no words left to forget"


def beyond(rows: int, messages: int) -> str:
    """What the daily round let go of, for the service's log."""
    told = [f"{rows:,} {_plural(rows, 'row')}"] if rows else []
    told += [f"{messages:,} {_plural(messages, 'message')}"] if messages else []
    return f"kept for long enough: names and words are gone from {' and '.join(told)}"


def sealed(entry: int) -> str:
    return f"the journal is sealed up to entry {entry:,}"


def _plural(count: int, one: str, many: str = "") -> str:
    return one if count == 1 else many or one + "s"
