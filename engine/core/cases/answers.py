"""What a caller types into a call's form: read, checked, and what is still missing with how to give it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from difflib import get_close_matches
from typing import Any

from engine.core.cases import reasons
from engine.core.cases.compromise import Given, read_given
from engine.core.language.words import WORDS, Where, names
from engine.core.money import read_amount
from engine.core.spoken import read_day, read_time

ALL = "all"  # as an amount: whatever is owed


@dataclass(frozen=True, slots=True)
class Money:
    """An amount as it was said: minor units of `currency`, or of the invoices' own where that is None; no amount is all."""

    minor: int | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Instalment:
    """One payment of a plan that was agreed on."""

    minor: int
    on: date


@dataclass(frozen=True, slots=True)
class Answers:
    """A form that has been read. `typed` has every answer as it was written, by the form's own names."""

    typed: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""  # a code of core.cases.reasons
    circumstance: str = ""
    horizon: str = ""
    right_party: bool | None = None
    request_stated: bool = False
    amount: Money | None = None
    day: date | None = None
    clock: time | None = None
    date_mailed: date | None = None
    date_paid: date | None = None
    first_date: date | None = None
    email: str = ""
    invoices: tuple[str, ...] = ()
    instalments: tuple[Instalment, ...] = ()  # empty where only their number was given
    we_give: tuple[Given, ...] = ()
    they_give: tuple[Given, ...] = ()

    def text(self, name: str) -> str:
        return self.typed.get(name, "")


@dataclass(frozen=True, slots=True)
class Wrong:
    """An answer that cannot be read: why, and what to write."""

    name: str
    sentence: str


def canonical(key: str, own: Collection[str] = ()) -> str | None:
    """The form's name of an answer, however its words are joined; `own` are questions of the team's own."""
    word = " ".join(re.sub(r"[_-]", " ", key).lower().split())
    known = {name: name for name in names(Where.ANSWER)} | _OTHER_NAMES
    known |= {question.rstrip("?").strip().lower(): question for question in own}
    return known.get(word.rstrip("?").strip())


def nearest(key: str, own: Collection[str] = ()) -> tuple[str, ...]:
    return tuple(get_close_matches(key.lower(), [*names(Where.ANSWER), *own], 2, 0.6))


def read(typed: Mapping[str, str], on: date, currency: str) -> tuple[Answers, tuple[Wrong, ...]]:
    """The answers, by their canonical names, and what cannot be read of them. `currency` is the house's."""
    values: dict[str, Any] = {}
    wrong = []
    kept = {name: text.strip() for name, text in typed.items() if text.strip()}
    for name, text in kept.items():
        slot = _SLOTS.get(name)
        if slot is None:
            continue
        try:
            values[slot.attribute] = slot.read(text, on, currency)
        except ValueError as error:
            wrong.append(Wrong(name, str(error)))
    return Answers(typed=kept, **values), tuple(wrong)


def missing(answers: Answers, needed: Sequence[str]) -> tuple[str, ...]:
    """What is needed and has not been given, in the order in which it is asked."""
    return tuple(name for name in dict.fromkeys(needed) if not answers.text(name))


def how_to_give(name: str) -> str:
    """What to add to the command for an answer."""
    if name == "spoken with":
        return "--with NAME"
    value = example(name) or "…"
    return f'--answer "{name.rstrip("?")}={value}"'


def example(name: str) -> str:
    """How an answer is written, by an example; empty for a question of the team's own."""
    found = next((word.example for word in WORDS if word.where is Where.ANSWER and word.name == name), "")
    return found.partition(": ")[2]


def asked(name: str) -> str:
    """The sentence of an answer: what it is."""
    found = next((word.sentence for word in WORDS if word.where is Where.ANSWER and word.name == name), name)
    return found.partition(";")[0].rstrip(".")


_OTHER_NAMES = {
    "with": "spoken with",
    "phone": "number",
    "direct number": "number",
    "invoices": "invoice",
    "item": "invoice",
    "items": "invoice",
    "email": "email address",
    "e mail": "email address",
    "check": "check number",
    "cheque number": "check number",
    "mailed": "date mailed",
    "rma": "return number",
    "horizon": "short or long",
    "intention": "request stated",
    "expected": "expected credit",
}


def _reason(text: str, on: date, currency: str) -> str:
    found = reasons.read_reason(text)
    if found is None:
        raise ValueError(f"“{text}” is no reason; {reasons.nearest_reason(text)}")
    return found


def _circumstance(text: str, on: date, currency: str) -> str:
    found = reasons.read_circumstance(text)
    if found is None:
        known = ", ".join(code.replace("_", " ") for code in reasons.CIRCUMSTANCES)
        raise ValueError(f"“{text}” is no circumstance; one of: {known}. Nothing else about people is kept")
    return found


def _horizon(text: str, on: date, currency: str) -> str:
    found = reasons.read_horizon(text)
    if found is None:
        raise ValueError(f"“{text}” is neither short nor long; write short, long or unknown")
    return found


def _flag(text: str, on: date, currency: str) -> bool:
    word = text.lower()
    if word not in ("yes", "no", "true", "false"):
        raise ValueError(f"“{text}” is neither yes nor no")
    return word in ("yes", "true")


def _money(text: str, on: date, currency: str) -> Money:
    if text.lower() == ALL:
        return Money(None, None)
    amount = read_amount(text, currency)
    named = amount.currency != currency or any(mark.isalpha() for mark in text)
    return Money(amount.minor, amount.currency if named else None)


def _day(text: str, on: date, currency: str) -> date:
    return read_day(text, on)


def _past(text: str, on: date, currency: str) -> date:
    day = read_day(text, on, past=True)
    if day > on:
        raise ValueError(f"{day} has not come yet")
    return day


def _time(text: str, on: date, currency: str) -> time:
    return read_time(text)


def _email(text: str, on: date, currency: str) -> str:
    if not re.fullmatch(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]{2,}", text):
        raise ValueError(f"“{text}” is no e-mail address; write it as in name@example.com")
    return text


def _invoices(text: str, on: date, currency: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in re.split(r"[,;]", text) if part.strip()))


def _instalments(text: str, on: date, currency: str) -> tuple[Instalment, ...]:
    if re.fullmatch(r"[0-9]{1,3}", text):
        return ()
    found = []
    for part in (part.strip() for part in text.split(";") if part.strip()):
        amount, by, day = part.partition(" by ")
        if not by:
            raise ValueError(f"“{part}” has no day; write it as 500 by 2026-12-01")
        found.append(Instalment(read_amount(amount, currency).minor, read_day(day, on)))
    return tuple(found)


def _given(text: str, on: date, currency: str) -> tuple[Given, ...]:
    return read_given(text, currency)


@dataclass(frozen=True, slots=True)
class _Slot:
    attribute: str
    read: Callable[[str, date, str], Any]


_SLOTS: Mapping[str, _Slot] = {
    "reason": _Slot("reason", _reason),
    "circumstance": _Slot("circumstance", _circumstance),
    "short or long": _Slot("horizon", _horizon),
    "right party": _Slot("right_party", _flag),
    "request stated": _Slot("request_stated", _flag),
    "amount": _Slot("amount", _money),
    "date": _Slot("day", _day),
    "time": _Slot("clock", _time),
    "date mailed": _Slot("date_mailed", _past),
    "date paid": _Slot("date_paid", _past),
    "first date": _Slot("first_date", _day),
    "email address": _Slot("email", _email),
    "invoice": _Slot("invoices", _invoices),
    "instalments": _Slot("instalments", _instalments),
    "we give": _Slot("we_give", _given),
    "they give": _Slot("they_give", _given),
}
