"""Which papers and contacts are missing before a call: research first, all of it at hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from engine.core import sentences

STALE_MASTER = 180  # days after which the contacts may no longer hold
STALE_NOTE = 180  # days after which what came from outside, a credit report say, may no longer hold


@dataclass(frozen=True, slots=True)
class Paper:
    """An open invoice's papers. `copy` says whether a copy is at hand; None: nobody has said where copies are."""

    number: str
    po: str
    copy: bool | None


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody at the customer. `email_ok`: mail can arrive; `post_ok`: a letter can."""

    role: str
    name: str = ""
    email: str = ""
    phone: str = ""
    email_ok: bool = False
    post_ok: bool = False


def age(dated: date, on: date) -> int:
    """Days between what was said and today."""
    return (on - dated).days


def missing(
    papers: Sequence[Paper],
    contacts: Sequence[Contact],
    on: date,
    *,
    master: date | None,
    wrong: Iterable[str] = (),
) -> tuple[str, ...]:
    """What is missing, a sentence each. `master` is the day of the customer master; `wrong` are numbers known as wrong."""
    found: list[str] = []
    if without := [each.number for each in papers if not each.po]:
        found.append(sentences.no_po(without))
    if papers and all(each.copy is None for each in papers):
        found.append(sentences.no_copies())
    elif without := [each.number for each in papers if each.copy is False]:
        found.append(sentences.no_copy(without))
    found += _contacts(contacts, tuple(wrong))
    if master is not None and contacts and age(master, on) > STALE_MASTER:
        found.append(sentences.old_master(master, age(master, on)))
    return tuple(found)


def _contacts(contacts: Sequence[Contact], wrong: Sequence[str]) -> Iterable[str]:
    if not contacts:
        yield sentences.NO_CONTACT
        return
    if not any(each.role == "principal" for each in contacts):
        yield sentences.nobody_with_role("principal")
    if not any(each.email_ok or each.post_ok for each in contacts):
        yield sentences.NO_ADDRESS
    if not any(each.phone and each.phone not in wrong for each in contacts):
        yield sentences.NO_PHONE
    for each in contacts:
        if each.email and not each.email_ok:
            yield sentences.bad_address(each.email)
    for number in dict.fromkeys(each.phone for each in contacts if each.phone in wrong):
        yield sentences.wrong_number(number)
