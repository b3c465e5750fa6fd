"""What a brief says, on a terminal and on a page alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.core.cases.pattern import told
from engine.core.cases.reasons import spoken
from engine.core.sentences import WAITS_FOR_REASON
from engine.screen.written import clean, count, day_month, full_day, money

if TYPE_CHECKING:
    from engine.core.messages.scripts import Block
    from engine.jobs.brief import Agreed, Brief, Item, Note, Talk

_ASIDE = {"disputed": "disputed", "promised": "promised", "planned": "in the plan"}


def totals(found: Brief) -> list[str]:
    """What is owed, a sentence a currency."""
    lines = []
    for code, sums in found.totals.items():
        said = ", ".join(f"{money(amount, code)} {what}" for what, amount in sums.items() if amount)
        lines.append(said or f"nothing open in {code}")
    return lines


def owed(one: Item) -> str:
    """What is left of an item, and of how much."""
    left = f" of {money(one.open, one.currency)}" if 0 < one.owed < one.open else ""
    return money(one.open if one.open < 0 else one.owed, one.currency) + left


def late(one: Item) -> str:
    if one.open < 0:
        return ""
    return f"{count(one.days_late, 'day')} late" if one.days_late > 0 else f"due {day_month(one.due)}"


def order(one: Item) -> str:
    """The order's number; that it is missing, where it should be there."""
    return f"order {clean(one.po)}" if one.po else "" if one.open < 0 else "no order number"


def kind(one: Item) -> str:
    """What is odd about an item: no invoice, set aside, its text."""
    name = "" if one.kind == "invoice" else one.kind.replace("_", " ")
    return clean(" ".join(filter(None, (name, _ASIDE.get(one.aside, one.aside), one.text))))


def paid(found: Brief) -> list[str]:
    """How they have paid: a line of numbers, then what stands out."""
    known = found.pattern
    if known.last is None:
        return ["no payment in 12 months", *told(known)]
    sums = " and ".join(money(amount, code) for code, amount in known.paid.items())
    presumed = f", the day of {known.presumed} presumed" if known.presumed else ""
    last = f"the last on {full_day(known.last.on)}, {money(known.last.amount, known.last.currency)}"
    return [f"{count(known.payments, 'payment')} in 12 months, {sums}{presumed}; {last}", *told(known)]


def agreed(one: Agreed) -> str:
    """Something that stands between us."""
    worth = f" {money(one.amount, one.currency)}" if one.amount is not None and one.currency else ""
    until = f" by {day_month(one.until)}" if one.until else ""
    who = f" · {clean(one.who)}" if one.who else ""
    what = f" · {clean(one.what)}" if one.what else ""
    return f"{one.kind}{worth}{until} ({one.state}, since {day_month(one.on)}){what}{who}"


def talk(one: Talk) -> str:
    """A call: what came of it, with whom, and why it was not paid."""
    whom = f", with {clean(one.spoken_with)}" if one.spoken_with else ""
    reason = f" · {clean(spoken(one.reason))}" if one.reason else ""
    return f"{clean(one.outcome)}{whom}{reason}"


def whence(one: Note) -> str:
    """Of what a note is, and whose word."""
    return f"{one.topic}, {one.source}" if one.topic and one.source else one.topic or one.source


def shown(found: Brief, number: int) -> Block | None:
    """The block of that number, counted from 1; None for one of what we ask for, while that is withheld."""
    block = found.blocks[number - 1]
    return None if block.part.waits and found.withheld else block


def waits(found: Brief, number: int) -> bool:
    """Whether this block comes once the reason is on record, and it is not yet."""
    return found.withheld == WAITS_FOR_REASON and shown(found, number) is None
