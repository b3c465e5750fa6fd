"""What came of a call is written down, and what follows it is begun: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.engine import Connection, Engine

from engine.core.cases import answers as forms
from engine.core.cases.outcomes import OUTCOMES, PUT_BACK, TRIES, Allowed, outcome_of
from engine.core.language.follows import NOW, PEER, Delay, Option, Outcome, Unit
from engine.core.problem import Place
from engine.core.rules import Rules
from engine.core.sentences import calls as sentences
from engine.core.workdays import Calendar
from engine.errors import NotFound
from engine.jobs.cases import agreed, follow, form, known, on_list, options, ours, written
from engine.jobs.cases.cause import Desk
from engine.jobs.cases.who import Who, near, verb
from engine.jobs.workspace import Workspace
from engine.store.journal import Entry

_NEXT_DAY = Delay(1, Unit.OPEN_DAY)


@dataclass(frozen=True, slots=True)
class _Logged:
    """A call as it is told to us: the outcome, the answers as they were typed, a remark, the call on the list."""

    account: str
    outcome: str
    typed: Mapping[str, str]
    note: str
    who: Who
    key: str | None
    another: bool


def log_call(
    engine: Engine,
    account: str,
    outcome: str,
    who: Who,
    calendar: Calendar,
    *,
    ws: Workspace | None = None,
    key: str | None = None,
    spoken_with: str = "",
    answers: Mapping[str, Any] | None = None,
    note: str = "",
    then: str = "",
    script: str = "",
    another: bool = False,
    evaluated_by: Sequence[Rules] | None = None,
) -> str:
    """Write down a call's outcome with everything that follows it; the call on the list (or of this key) is taken by it.

    No answer, busy and voicemail put it back twice; the third time it is taken too. A call that was on no list is kept as a
    contact, with `another` even where one was logged today. `answers` are as typed, by the names of the form; those that
    were kept before the call are taken up. `then` is the option that was picked, `script` another script for it. Without
    `ws` nothing is asked for and nothing follows: the outcome is only written down.

    Raises Refused, and nothing has changed: answers are missing, somebody has logged the call already, it needs another
    role, or an option has to be picked.
    """
    name = outcome_of(outcome)
    if name is None:
        raise NotFound("outcome", outcome, near(outcome, OUTCOMES))
    typed = {str(word): str(value) for word, value in (answers or {}).items()}
    typed |= {form.SPOKEN_WITH: spoken_with} if spoken_with else {}
    call = _Logged(account, name, typed, note, who, key, another)
    with verb(engine, account, who) as (conn, entries):
        if ws is None:
            return _only_written(conn, entries, call, calendar)
        desk = _desk(ws, conn, call)
        kept = form.draft(conn, account, who)
        told = form.read(account, name, desk.outcome, {**kept, **typed}, who, ws.live.house.currency)
        reason = form.reason_of(name, told)
        found = options.may_follow(desk, told, reason, evaluated_by)
        option = options.picked(desk, found, then, script)
        picked = option.name if option else ""
        number, entry = written.write(
            conn, account, name, told, reason, who, desk.listed, option=picked, note=note
        )
        entries.append(entry)
        form.taken_up(conn, account, who)
        comes_back = _comes_back(desk)
        first = _put_back(desk, option) if comes_back else on_list.made(conn, desk.listed, name, who)
        cause = desk.cause(number, told, reason)
        done = agreed.effects(cause, desk.outcome)
        cause = cause.with_known(known.renewed(conn, desk.known, who))
        done = follow.follow(cause, found, option.follow if option and not comes_back else None, done)
        entries += done.entries
        return "\n".join([f"{account}: {name}. {first}", *_remarks(desk, kept), *done.lines])


def may_follow(
    ws: Workspace, conn: Connection, account: str, outcome: str, typed: Mapping[str, str], who: Who
) -> Allowed:
    """What may follow an outcome, with what was typed so far; nothing is logged. Refused as `log_call` would be."""
    desk = _desk(ws, conn, _Logged(account, outcome, typed, "", who, None, False))
    told, _ = forms.read(typed, who.on, ws.live.house.currency)
    return options.may_follow(desk, told, form.reason_of(outcome, told))


def _only_written(conn: Connection, entries: list[Entry], call: _Logged, calendar: Calendar) -> str:
    """Kept as it was told; what cannot be read of it stays as it was typed."""
    account, name, who = call.account, call.outcome, call.who
    listed = on_list.find(conn, account, call.key, name, who)
    told, _ = forms.read(call.typed, who.on, "")
    reason = form.reason_of(name, told)
    entries.append(written.write(conn, account, name, told, reason, who, listed, note=call.note)[1])
    again = calendar.add_open(who.on, 1)
    if name in PUT_BACK and (tries := on_list.put_back(conn, listed, name, who, again)):
        when = sentences.when(again, None, date.min, "UTC", "UTC")
        return f"{account}: {name}. {sentences.put_back(when, tries, TRIES)}"
    return f"{account}: {name}. {on_list.made(conn, listed, name, who)}"


def _desk(ws: Workspace, conn: Connection, call: _Logged) -> Desk:
    """The call with all that is known around it. Refused where it was logged already, or its caller lacks the role."""
    person = ours.person_of(ws, call.who.by)
    listed = on_list.find(
        *(conn, call.account, call.key, call.outcome, call.who),
        zone=ws.settings.workspace.zone,
        another=call.another,
        person=person,
        called=lambda by: ours.called(ws, by),
    )
    assigned = listed.row.person if listed.row is not None else None
    ours.must_have(ws, call.account, listed.role, assigned, call.who)
    return Desk(
        ws,
        conn,
        call.who,
        known.account(ws, conn, call.account, call.who),
        listed,
        ws.live.outcomes.get(call.outcome) or Outcome(call.outcome, Place("policies/outcomes.yaml")),
        person,
        ours.role_of(ws, person, listed.role),
    )


def _comes_back(desk: Desk) -> bool:
    """Nobody was reached, and the call on the list is tried again."""
    row = desk.listed.row
    return desk.name in PUT_BACK and row is not None and row.attempts < TRIES


def _put_back(desk: Desk, option: Option | None) -> str:
    """The next open day, or as outcomes.yaml and the option say; by a colleague where that was picked."""
    call = (option.follow.call if option else None) or desk.outcome.follow.call
    clock, who, peer = desk.known.clock, desk.who, None
    due = clock.after(_NEXT_DAY if call is None or call.after is None else call.after, who.at)
    if call is not None and call.by == PEER:
        due = clock.after(call.after or NOW, who.at)
        peer = next(iter(ours.peers(desk.ws, desk.conn, desk.known.callers, desk.person, due.day)), None)
    tries = on_list.put_back(desk.conn, desk.listed, desk.name, who, due.day, due.at, peer)
    when = sentences.when(due.day, due.at, date.min, clock.zone, desk.ws.settings.workspace.zone)
    return sentences.put_back(when, tries or 0, TRIES)


def _remarks(desk: Desk, kept: Mapping[str, str]) -> list[str]:
    """What helps the caller: a word of guidance, what was taken up from before, and that it has come before."""
    lines = [desk.outcome.guidance] if desk.outcome.guidance else []
    if kept:
        lines.append(sentences.taken_up(tuple(kept)))
    before = sum(call.outcome == desk.name for call in desk.known.calls)
    if desk.name == "no invoice" and before:
        lines.append(sentences.time_and_again(desk.name, before + 1))
    return lines
