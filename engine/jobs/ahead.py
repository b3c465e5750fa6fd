"""The coming days before anything happens: the ledger read once, and each day as it would be decided."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from engine.core.decision.allocate import ROOM, Room, usual_stop
from engine.core.decision.asked import Asked
from engine.core.decision.concerned import concerned
from engine.core.decision.plan import NOTHING_PAID, plan
from engine.core.decision.signature import Signature
from engine.core.decision.state import State
from engine.core.decision.summary import Preview, sides_of, summarize
from engine.core.language.policy import Kind, PolicyBook
from engine.errors import Refused
from engine.jobs.workspace import Workspace
from engine.store import absences, spans
from engine.store.glance import glance
from engine.store.ran import run_of, usual
from engine.store.spans import Span
from engine.store.state import load_state
from engine.store.used import used
from engine.store.view import View

AT_ONCE = 500_000  # open items that one process has in its memory


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a look ahead begins with. `counts` are of the last runs; `ran`: the run of the first day has been made."""

    state: State
    room: Room
    counts: Sequence[Mapping[str, int]]
    ran: bool

    def with_stop(self, book: PolicyBook) -> PolicyBook:
        """The book with the blast radius that the last runs give it."""
        return replace(book, house=usual_stop(book.house, self.counts))


def ahead(ws: Workspace, start: date, now: datetime) -> Ahead:
    """The ledger, read once, for whatever looks at the days from `start` on. Writes nothing, anywhere."""
    with glance(ws.files.database_url) as view:
        return _ahead(ws, view, start, state_on(ws, view, start, now))


def _ahead(ws: Workspace, view: View, start: date, state: State) -> Ahead:
    if state.as_of is None:
        raise Refused("there is no ledger yet", "“dunwell import FILE” brings one in")
    made = run_of(view, start) is not None
    return Ahead(state, room_on(ws, view, start), usual(view, start), made)


def preview(
    ws: Workspace,
    *,
    start: date,
    days: int,
    now: datetime,
    assumes: str = NOTHING_PAID,
    policy: str | None = None,
    account: str | None = None,
    at_once: int = AT_ONCE,
) -> Preview:
    """The coming days as they would be. Writes nothing, anywhere.

    What today and the days before `start` do is done by then: a day is what the ones before it leave.

    Where more than `at_once` items are open, the accounts are looked through in parts for those that the days say something
    of, so that a larger ledger hardly needs more memory.
    """
    today = min(ws.today(now), start)
    coming = [today + timedelta(days=n) for n in range((start - today).days + days)]
    with glance(ws.files.database_url) as view:
        found = _found(ws, view, coming, start, now, assumes, at_once)
        begin = _ahead(ws, view, today, found.state if found else state_on(ws, view, today, now))
    book, state, room = begin.with_stop(ws.live), begin.state, begin.room
    planned = plan(book, state, coming, ws.calendar, ws.rules, room=room, assumes=assumes, since=start)
    seen = summarize(book, state, planned, room, ws.calendar)
    if found is not None:
        seen = replace(seen, accounts=found.accounts, no_policy=found.no_policy)
    if account is not None:
        seen = replace(seen, compared=tuple(sides_of(book, state, planned, account)))
    return _only(seen, policy, account)


@dataclass(frozen=True, slots=True)
class _Found:
    """Whom some days say something of, out of so many `accounts`."""

    state: State
    accounts: int
    no_policy: int


def _found(
    ws: Workspace, view: View, days: Sequence[date], since: date, now: datetime, assumes: str, at_once: int
) -> _Found | None:
    """None where the ledger is looked at as a whole: it is small, or it has to be."""
    if ws.live.house.splits or not spans.more_open_than(view, at_once):
        return None
    parts: list[State] = []
    accounts = no_policy = 0
    seen: set[Signature] = set()
    for span in spans.cut(view, at_once // 2):
        state = state_on(ws, view, days[0], now, span)
        found = concerned(ws.live, state, days, ws.calendar, ws.rules, assumes, seen, since)
        if not found.agreed:
            return None
        parts.append(state.part(found.rows))
        accounts += state.accounts.height
        no_policy += found.no_policy
    return _Found(State.joined(parts), accounts, no_policy)


def _only(seen: Preview, policy: str | None, account: str | None) -> Preview:
    def wanted(thing: object) -> bool:
        return (policy is None or getattr(thing, "policy", None) == policy) and (
            account is None or getattr(thing, "account", None) == account
        )

    if policy is None and account is None:
        return seen
    return replace(seen, actions=tuple(filter(wanted, seen.actions)), held=tuple(filter(wanted, seen.held)))


def state_on(
    ws: Workspace,
    view: View,
    on: date,
    now: datetime,
    span: Span | None = None,
    accounts: Collection[str] | None = None,
    asked: Asked | None = None,
) -> State:
    """Every account as a day finds it; of a part of a run those within `span`, or these. `asked` as `load_state` has it."""
    currency, own = ws.live.house.currency, ws.own_columns
    return load_state(
        view, on=on, moment=now, currency=currency, own=own, span=span, accounts=accounts, asked=asked
    )


def room_on(ws: Workspace, view: View, on: date) -> Room:
    """Who works, and what earlier runs of the day have used."""
    room: dict[str, int] = {}
    for kind, person, count in used(view, on):
        names = [ROOM[Kind(kind)]]
        if person and kind == Kind.CALL:
            names += [person, f"{person}/calls"]
        for name in names:
            room[name] = room.get(name, 0) + count
    return Room(ws.people, room, absences.away(view, on))
