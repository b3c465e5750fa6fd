"""What a line of a day's list says, on a terminal and on a page alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.screen.written import clean, count, day_month, listed, money

if TYPE_CHECKING:
    from engine.jobs.worklist import Entry, Worklist
    from engine.store.work import Sums

_STATES = {
    "planned": "",
    "put back": "try again",
    "awaiting approval": "needs approval",
    "held address": "needs an address",
    "uncertain": "may or may not have arrived",
}


def what(one: Entry) -> str:
    """What is to be done, whom to ask for, and with which script."""
    work = one.work
    found = clean((work.detail.get("todo") if wished(one) else work.detail.get("what")) or work.step)
    whom = f" · ask for {clean(work.detail['ask_for'])}" if work.detail.get("ask_for") else ""
    script = f" · script {clean(work.detail['script'])}" if work.detail.get("script") else ""
    return f"{found}{whom}{script}"


def whose(one: Entry, names: Mapping[str, str]) -> str:
    """Who does it today, and for whom who is away. `names` gives a person's name by their id."""
    person = clean(names.get(one.person or "", one.person or one.work.role))
    instead = f" for {clean(names.get(one.instead_of, one.instead_of))}" if one.instead_of else ""
    return f"{person}{instead}"


def state(one: Entry) -> str:
    """How it stands, where that is not plain; with the tries that reached nobody."""
    work = one.work
    tries = f" ({count(work.tries, 'try', 'tries')})" if work.tries else ""
    return clean(wished(one)) or _STATES.get(work.state, work.state) + tries


def wished(one: Entry) -> str:
    """What a customer asked for, where that holds it."""
    return str(one.work.detail.get("held", "")) if one.work.state == "held address" else ""


def wins(found: Worklist) -> str:
    """What went well since the last open day, in a sentence; nothing where there is nothing to say."""
    said = []
    if found.wins.kept.number:
        worth = f" ({amounts(found.wins.kept)})" if found.wins.kept.amounts else ""
        said.append(f"{count(found.wins.kept.number, 'promise was', 'promises were')} kept{worth}")
    if found.wins.cash.amounts:
        said.append(f"{amounts(found.wins.cash)} came in")
    return f"Since {day_month(found.wins.since)}: {listed(said)}." if said else ""


def not_today(found: Worklist) -> str:
    """What a day does not take."""
    many = count(found.not_today.number, "thing")
    return (
        f"Not today: {many}, {amounts(found.not_today)}; the day is full." if found.not_today.number else ""
    )


def no_room(found: Worklist) -> str:
    """What the day's run had no capacity for."""
    if not found.no_room.number:
        return ""
    many = count(found.no_room.number, "step")
    return f"No capacity for {many}, {amounts(found.no_room)}: the next runs bring them, highest first."


def away(found: Worklist, names: Mapping[str, str]) -> list[str]:
    return [
        f"{clean(names.get(one.person, one.person))} is away through {day_month(one.until)}."
        for one in found.away
    ]


def amounts(sums: Sums) -> str:
    """Each currency by itself; they are never added up."""
    return listed(money(amount, code) for code, amount in sums.amounts) or "no amount"
