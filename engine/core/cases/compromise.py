"""A middle way: what each side gives for it, and whether somebody's role may give so much."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from engine.core.cases.concessions import Ask
from engine.core.money import read_amount

_WHOLE = 10_000  # hundredths of a per cent
_KINDS = {
    "discount": "discount",
    "off": "discount",
    "waiver": "waiver",
    "waive": "waiver",
    "return": "return",
    "release": "release",
}
_DAYS = re.compile(r"(?P<days>[0-9]{1,3}) (?:more |further |extra )?days?(?: more)?", re.IGNORECASE)
_SHARE = re.compile(r"(?P<whole>[0-9]{1,2})(?:\.(?P<part>[0-9]{1,2}))? ?(?:%|per ?cent)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Given:
    """One thing that a side gives. `kind`: discount, days, waiver, return, release, other.

    `amount` is minor units of `currency`, or of the invoices' own where that is empty; `share` hundredths of a per cent.
    """

    kind: str
    text: str
    amount: int | None = None
    currency: str = ""
    days: int | None = None
    share: int | None = None


def read_given(text: str, currency: str) -> tuple[Given, ...]:
    """`discount 100; 14 days; release the next order` as three things. Whatever is none of the kinds is kept as it is."""
    return tuple(_given(part.strip(), currency) for part in text.split(";") if part.strip())


def of_share(given: Given, owed: int, currency: str) -> Given:
    """A share of what is owed as an amount, to the nearest unit; half to even."""
    if given.share is None:
        return given
    return replace(given, amount=round(owed * given.share / _WHOLE), currency=currency)


def asked(given: Iterable[Given], owed: int, currency: str) -> Ask:
    """What giving this asks of a role, for `owed` minor units of `currency`: discounts and waivers count together.

    Goods that come back ask nothing. What cannot be compared, an amount that nobody named or one in another currency, only
    the owner may judge.
    """
    listed: Sequence[Given] = tuple(given)
    money = [one for one in listed if one.kind in ("discount", "waiver")]
    unknown = any(one.amount is None or one.currency not in ("", currency) for one in money)
    much = sum(one.amount or 0 for one in money)
    days = max((one.days or 0 for one in listed if one.kind == "days"), default=0)
    return Ask(discount=-(-much * _WHOLE // owed) if owed else 0, days=days, waive=None if unknown else 0)


def _given(text: str, currency: str) -> Given:
    if found := _DAYS.fullmatch(text):
        return Given("days", text, days=int(found["days"]))
    words = text.split()
    kind = next((_KINDS[word.lower()] for word in (words[0], words[-1]) if word.lower() in _KINDS), "other")
    rest = " ".join(word for word in words if _KINDS.get(word.lower()) != kind)
    if kind == "other" or not rest:
        return Given(kind, text)
    if found := _SHARE.fullmatch(rest):
        return Given(kind, text, share=int(found["whole"]) * 100 + int((found["part"] or "0").ljust(2, "0")))
    try:
        amount = read_amount(rest, currency)
    except ValueError:
        return Given(kind, text)
    named = amount.currency if amount.currency != currency or any(mark.isalpha() for mark in rest) else ""
    return Given(kind, text, amount.minor, named)
