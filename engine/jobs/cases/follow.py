"""What follows a call: the calls, tasks and messages of its outcome, each with whom to ask for and when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.cases import reasons
from engine.core.cases.moments import Due
from engine.core.cases.outcomes import COPY, NATURES, PUT_BACK, Allowed
from engine.core.language.follows import PEER, Call, Email, Follow, Outcome, Task, Unit
from engine.core.language.policy import Kind, Tone
from engine.core.sentences import calls as sentences
from engine.core.sentences import send_by_hand
from engine.jobs.cases import ours
from engine.jobs.cases.cause import Cause, Effects
from engine.jobs.cases.known import About
from engine.jobs.cases.pauses import paused
from engine.jobs.cases.tasks import add as add_task
from engine.jobs.cases.tasks import whose
from engine.jobs.cases.todo import Todo, put
from engine.jobs.cases.who import Who
from engine.jobs.documents import copies
from engine.jobs.workspace import Workspace
from engine.store import tables as t
from engine.store.journal import Entry
from engine.store.tables import OUTCOMES, UNDER_WAY

CONFIRMATION = "confirmation"  # the task that keeps a drafted confirmation from being forgotten
_ASIDES = ("disputed", "promised", "planned")
_WITHIN = re.compile(r",? ?\bin [0-9]{1,3} (?:open )?days?$")


def parts(allowed: Allowed, option: Follow | None) -> dict[str, Follow]:
    """The blocks of an outcome that apply, and the option that was taken, in the order in which they are done."""
    found = {name: follow for name, follow in allowed.outcome.parts.items() if name in allowed.parts}
    plain = {name: follow for name, follow in found.items() if not name.startswith("option ")}
    return {**plain, "option": option} if option is not None else plain


def follow(cause: Cause, allowed: Allowed, option: Follow | None, agreed: Effects) -> Effects:
    """Put everything that follows where it belongs. A line for each, and its entries for the journal."""
    outcome, done = allowed.outcome, agreed
    listed = parts(allowed, option)
    rest, done = _cool(cause, listed, done)
    for name, block in listed.items():
        told = _told(cause, outcome, block)
        if block.suggest:
            until = cause.who.on + timedelta(days=block.suggest)
            done = done.add(sentences.suggested(cause.account, until))
        for number, task in enumerate(block.tasks):
            done = _task(cause, task, number, told, done)
        if block.email and (name == "option" or f"{name}/email" in allowed.parts):
            done = _email(cause, outcome, block.email, done)
        elif block.email:
            done = _unsent(cause, block.email, _why(allowed, f"{name}/email"), done)
        # Of who was not reached the call on the list comes back; only what was picked follows besides.
        if block.call and (name == "option" or outcome.name not in PUT_BACK):
            if name == "option" or f"{name}/call" in allowed.parts:
                done = _call(cause, outcome, block.call, rest, told, done)
            else:
                done = done.add(sentences.no_call(sentences.withheld(_why(allowed, f"{name}/call"))))
        if block.checklist:
            done = done.add(sentences.through(block.checklist))
    return done


def _why(allowed: Allowed, part: str) -> str:
    """The fact that stands against a part."""
    return next((one.test.field for one in allowed.withheld if one.part == part), "")


def _told(cause: Cause, outcome: Outcome, block: Follow) -> dict[str, Any]:
    """What stands with everything that a block puts on somebody's list."""
    extra = {
        "checklist": list(block.checklist),
        "resources": list(block.resources or outcome.follow.resources),
    }
    return cause.told | {name: lines for name, lines in extra.items() if lines}


# -- peace -----------------------------------------------------------------------------------------------------------


def _cool(cause: Cause, listed: dict[str, Follow], done: Effects) -> tuple[date | None, Effects]:
    """A pause of everything, and other calls that wait for this customer moved behind it. Its last day."""
    who, clock = cause.who, cause.known.clock
    ends = [clock.rest_until(block.cool, who.on) for block in listed.values() if block.cool]
    if not ends:
        return None, done
    until = max(ends)
    because = f"{cause.outcome}: they are left in peace"
    entry = paused(cause.conn, cause.account, who, because, until, ())[1]
    after = clock.from_day(until + timedelta(days=1)).day
    a = t.action.c
    cause.conn.execute(
        sa.update(t.action)
        .where(
            a.company == who.company,
            a.account == cause.account,
            a.policy == OUTCOMES,
            a.kind == Kind.CALL.value,
            sa.text(UNDER_WAY),
            sa.or_(a.not_before.is_(None), a.not_before <= until),
        )
        .values(not_before=after, not_before_at=None)
    )
    return until, done.add(sentences.rests(until), entry)


# -- calls -----------------------------------------------------------------------------------------------------------


def _call(
    cause: Cause, outcome: Outcome, call: Call, rest: date | None, told: dict[str, Any], done: Effects
) -> Effects:
    promised = done.promise is not None or done.plan is not None
    window = outcome.promise is not None and outcome.promise.most > 0
    if call.same_person and call.after is None and promised and not window:
        return done.add(sentences.if_broken(cause.spoken_with))  # `broken.follow_up` makes it then
    due = cause.known.clock.not_in(_due(cause, outcome, call, window), rest)
    person, role = _caller(cause, call, due.day)
    about = cause.known.about()
    detail: dict[str, Any] = {**told, "items": about.items}
    if call.script:
        detail["script"] = call.script
    # What is set aside already does not end it; what will be promised or contested from now on does.
    despite = {cause.known.asides[name] for name, _ in about.items if name in cause.known.asides}
    unless = ""
    if window and done.promise is not None:
        detail["promise"] = done.promise
        despite.add("promised")
        unless = ", if it has not come by then"
    if despite:
        detail["despite"] = sorted(despite)
    todo = Todo(
        *(cause.account, Kind.CALL, call.text, cause.number, role, about.amount, about.currency),
        person=person,
        policy=OUTCOMES,
        not_before=due.day,
        at=due.at,
        detail=detail,
    )
    entry = put(cause.conn, todo, cause.who)[1]
    when = cause.when(due)
    by = ours.name_of(cause.ws, person, role)
    number = str(told.get("number", ""))
    return done.add(sentences.call_follows(when, by, cause.spoken_with, number, call.script, unless), entry)


def _due(cause: Cause, outcome: Outcome, call: Call, window: bool) -> Due:
    """When the call is to be made: as outcomes.yaml says, at the time they asked for, or once a promise should have come."""
    clock, who, answers = cause.known.clock, cause.who, cause.answers
    if call.after is not None:
        return clock.after(call.after, who.at)
    if window and outcome.promise is not None and answers.date_mailed is not None:
        first = answers.date_mailed + timedelta(days=outcome.promise.least)
        return clock.from_day(max(first, who.on + timedelta(days=1)))
    if cause.outcome == "callback requested" and answers.day is not None:
        return clock.said(answers.day, answers.clock) if answers.clock else clock.from_day(answers.day)
    return clock.from_moment(who.at)


def _caller(cause: Cause, call: Call, on: date) -> tuple[str | None, str]:
    """(person, role) of ours who makes the call."""
    ws, conn = cause.ws, cause.conn
    if call.by == PEER:
        person = next(iter(ours.peers(ws, conn, cause.known.callers, cause.person, on)), None)
        return person, ours.role_of(ws, person, cause.role)
    if call.by in ws.settings.people:
        return call.by, ours.role_of(ws, call.by)
    if call.by:
        return ours.in_turn(ws, conn, call.by, on), call.by
    return cause.person, cause.role


# -- tasks -----------------------------------------------------------------------------------------------------------


def answer_by(cause: Cause, task: Task) -> date | None:
    """The day by which a task is to be done."""
    if task.within is None:
        return None
    on, calendar = cause.who.on, cause.ws.calendar
    if task.within.unit is Unit.OPEN_DAY:
        return calendar.add_open(on, task.within.count)
    return calendar.next_open(on + timedelta(days=task.within.count)) if task.within.unit is Unit.DAY else on


def _task(cause: Cause, task: Task, number: int, told: dict[str, Any], done: Effects) -> Effects:
    about, by = cause.known.about(), answer_by(cause, task)
    what = sentences.task_text(_WITHIN.sub("", task.what) or task.what, by, _facts(cause))
    role, person = _whose(cause, task)
    more: dict[str, Any] = {**told, "items": about.items}
    if by is not None:
        more["answer_by"] = by.isoformat()
    entry = add_task(
        cause.ws,
        cause.conn,
        cause.account,
        cause.outcome if not number else f"{cause.outcome} {number + 1}",
        cause.number,
        what,
        cause.who,
        amount=about.amount,
        currency=about.currency,
        more=more,
        role=role,
        person=person,
        policy=OUTCOMES,
    )
    return done.add(sentences.task_follows(what, ours.name_of(cause.ws, person, role)), entry)


def _whose(cause: Cause, task: Task) -> tuple[str, str | None]:
    """(role, person) who is to do it: whoever made the call where they have the role, else whose turn it is."""
    ws, conn = cause.ws, cause.conn
    if not task.role:
        return whose(ws, conn, cause.account)
    if task.role in ws.settings.people:
        return ours.role_of(ws, task.role), task.role
    if task.role == cause.role:
        return task.role, cause.person
    return task.role, ours.in_turn(ws, conn, task.role, cause.who.on)


def _facts(cause: Cause) -> str:
    """What was told on the phone that a task needs."""
    names = _TOLD.get(cause.outcome, ())
    told = [(name, cause.answers.text(name)) for name in names if cause.answers.text(name)]
    return ", ".join(
        f"{name} {reasons.spoken(cause.reason) if name == 'reason' else text}" for name, text in told
    )


_TOLD = {
    "paid already": ("amount", "date paid", "reference"),
    "dispute": ("reason", "invoice", "amount"),
    "return agreed": ("invoice", "amount", "return number"),
    "wrong number": ("name of the right person", "phone number"),
    "insolvent": ("administrator", "case number", "date"),
}


# -- messages --------------------------------------------------------------------------------------------------------


def _email(cause: Cause, outcome: Outcome, email: Email, done: Effects) -> Effects:
    """A message into the outbox; what was agreed is drafted first, for its caller to look at."""
    detail: dict[str, Any] = {**cause.told, "template": email.template, "to": email.to}
    wanted = {"promise": done.promise, "plan": done.plan, "concessions": list(done.concessions)}
    detail |= {name: value for name, value in wanted.items() if value}
    if email.from_:
        detail["people"] = {"from": email.from_}
    agreed = NATURES[outcome.name].agreed
    if agreed or email.template == COPY:
        detail["despite"] = list(_ASIDES)
        about = cause.known.about(done.items)
        return (_drafted if agreed else _copies)(cause, detail, about, done)
    # What is set aside stands apart in it, unless it is all there is.
    about = cause.known.about()
    free = [name for name, _ in about.items if name not in cause.known.asides]
    if not free:
        detail["despite"] = list(_ASIDES)
    return _sent(cause, detail, cause.known.about(free), done)


def _drafted(cause: Cause, detail: dict[str, Any], about: About, done: Effects) -> Effects:
    what = sentences.look_at_draft(cause.account)
    todo = Todo(
        *(cause.account, Kind.TASK, CONFIRMATION, cause.number, cause.role, about.amount, about.currency),
        person=cause.person,
        policy=OUTCOMES,
        detail={**detail, "items": about.items, "value": cause.role, "what": what},
    )
    return done.add(sentences.drafted(cause.account), put(cause.conn, todo, cause.who)[1])


def _copies(cause: Cause, detail: dict[str, Any], about: About, done: Effects) -> Effects:
    """Copies of the invoices whose documents are known; a person sends the others.

    They go to the address that was confirmed on the phone. One of a company that is not on file is looked at first.
    """
    numbers = [name for name, _ in about.items]
    missing = copies(cause.ws, numbers).missing
    there = cause.known.about([name for name in numbers if name not in missing])
    address = cause.answers.email
    on_file = [email for _, email in cause.known.emails]
    if address and on_file and _company(address) not in map(_company, on_file):
        return _by_hand(cause, sentences.new_address(address, ", ".join(on_file)), about, done)
    if missing:
        done = _by_hand(cause, send_by_hand(missing), cause.known.about(missing), done)
    if address:
        detail["address"] = address
    return _sent(cause, detail, there, done)


def _company(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _by_hand(cause: Cause, what: str, about: About, done: Effects) -> Effects:
    todo = Todo(
        *(cause.account, Kind.TASK, f"{cause.outcome}, by hand", cause.number, cause.role),
        *(about.amount, about.currency),
        person=cause.person,
        policy=OUTCOMES,
        detail={**cause.told, "items": about.items, "value": cause.role, "what": what},
        said={"what": what},
    )
    line = sentences.task_follows(what.rstrip("."), ours.name_of(cause.ws, cause.person, cause.role))
    return done.add(line, put(cause.conn, todo, cause.who)[1])


def _unsent(cause: Cause, email: Email, why: str, done: Effects) -> Effects:
    """A message that may not go says why; copies without a document are sent by a person."""
    if email.template == COPY and why == "documents":
        about = cause.known.about(done.items)
        return _by_hand(cause, send_by_hand([name for name, _ in about.items]), about, done)
    return done.add(sentences.not_sent(email.template, sentences.withheld(why)))


def _sent(cause: Cause, detail: dict[str, Any], about: About, done: Effects) -> Effects:
    due = cause.known.clock.from_moment(cause.who.at)
    entry = send(cause.ws, cause.conn, cause.account, cause.number, detail, about, due, cause.who)
    to = detail.get("address") or f"their {detail['to']}"
    now = due.at is None or due.at <= cause.who.at
    when = "now" if now else cause.when(due)
    return done.add(sentences.email_follows(detail["template"], to, when), entry)


def send(
    ws: Workspace,
    conn: Connection,
    account: str,
    call: int,
    detail: Mapping[str, Any],
    about: About,
    due: Due,
    who: Who,
) -> Entry:
    """Put a message that follows a call into the outbox, not before the customer's hours. It is decided again before it goes.

    A courteous one demands nothing, so that it counts as no contact.
    """
    tone = ws.live.tones.get(detail["template"], Tone.COURTEOUS)
    todo = Todo(
        *(
            account,
            Kind.EMAIL,
            f"email {detail['template']}",
            call,
            detail["to"],
            about.amount,
            about.currency,
        ),
        policy=OUTCOMES,
        not_before=due.day,
        at=due.at,
        courtesy=tone is Tone.COURTEOUS,
        tone=tone.rank,
        detail={**detail, "items": about.items},
    )
    return put(conn, todo, who)[1]
