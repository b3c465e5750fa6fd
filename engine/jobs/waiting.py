"""A message that waits: its text as it would go now, its own words for this one time, and another day for it.

Who edits a message changes the words around the amounts, as in a template: what is owed, until when and how to pay stays
what is known when it is sent. So an edited letter can never ask for what is not owed, and must name all that any other must.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.core.language.policy import Kind
from engine.core.messages.charged import showing_charges
from engine.core.messages.demands import written_demands
from engine.core.messages.head import Template, Templates, read_templates
from engine.core.messages.lint import lint
from engine.core.messages.render import render, render_one
from engine.core.messages.wording import choose_language
from engine.core.problem import Problem, Severity
from engine.core.sentences import waiting as sentences
from engine.errors import NotFound, Refused, WrongFields
from engine.jobs import by_hand, messages
from engine.jobs.again import again
from engine.jobs.cases.who import Who
from engine.jobs.workspace import Workspace
from engine.limited import Ended, Limits, call
from engine.store import journal
from engine.store import outbox as store
from engine.store import tables as t
from engine.store.database import writing
from engine.store.journal import Entry
from engine.store.moments import moment_text
from engine.store.tables import BY_HAND

LONGEST = timedelta(days=31)  # for which a message may be put off; what is to rest for longer is paused
_LIMITS = Limits(wall=20.0, cpu=10, memory=1_500_000_000)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a message as they are written, with the names that are filled in. `was` is the template's own, where
    somebody has changed them; `by` who has."""

    template: str
    subject: str
    body: str
    was: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as it would go at this moment; or `why` it would not."""

    subject: str = ""
    text: str = ""
    to: tuple[str, ...] = ()
    why: str = ""


def shown(ws: Workspace, conn: Connection, key: str, now: datetime) -> Shown:
    """The text of a message that waits, filled in with what is known now."""
    row = _row(conn, key)
    found = (by_hand.again if row.policy == BY_HAND else again)(ws, conn, [key], now)[key]
    if found.lists is None or not Kind(row.kind).written:
        return Shown(why=found.reason)
    detail = found.detail
    facts = messages.facts(
        ws,
        conn,
        row.account,
        found.lists,
        on=ws.today(now),
        respond_by=found.action["respond_by"],
        to=found.action["role"],
        from_=detail.get("people", {}).get("from"),
        agreed=detail,
        change=messages.change(detail, ws.today(now)),
    )
    own = own_words(detail)
    made = render_one(ws.templates, own, facts) if own else render(ws.templates, detail["template"], facts)
    if isinstance(made, Problem):
        return Shown(why=f"{made.place}: {made.sentence}")
    to: tuple[str, ...] = ()
    if row.channel == "email":
        found_to = messages.recipients(conn, row.account, found.action["role"], ws.today(now))
        to = (detail["address"],) if "address" in detail else found_to
    return Shown(made.subject, made.text, to, found.reason)


def words(ws: Workspace, conn: Connection, key: str) -> Words:
    """The words of a message that waits, to be changed."""
    row = _row(conn, key)
    detail = _detail(conn, key)
    if not Kind(row.kind).written or "template" not in detail:
        raise Refused(f"“{row.step}” has no words to change")
    edited = detail.get("edited")
    template = own_words(detail) or _usual(ws, conn, row.account, detail["template"])
    return Words(
        template.name,
        template.subject,
        _body(template),
        edited["was"] if edited else "",
        edited["by"] if edited else "",
    )


def own_words(detail: Mapping[str, Any]) -> Template | None:
    """The words that somebody gave this one message, as a template; None where it has the template's."""
    edited = detail.get("edited")
    if not edited:
        return None
    read, _ = read_templates({edited["file"]: edited["text"].encode()})
    return next(iter(read), None)


def edit(ws: Workspace, engine: Engine, key: str, subject: str, body: str, who: Who) -> str:
    """Give one message words of its own; the template's are kept beside them. WrongFields with all that is wrong.

    They are looked at as a template is: names that exist, the tone of its step, and all that a written demand must name.
    """
    subject = " ".join(subject.split())
    with writing(engine) as conn:
        row = _still(conn, key)
        detail = _detail(conn, key)
        usual = _usual(ws, conn, row.account, detail["template"])
    if (subject, _lines(body)) == (usual.subject, _lines(_body(usual))):
        return restore(engine, key, who)
    text = _written(usual, subject, body)
    if wrong := _wrong(ws, usual, text):
        raise WrongFields(wrong)
    with writing(engine) as conn:
        _still(conn, key)
        detail = _detail(conn, key)
        edited = {
            "file": usual.file,
            "text": text,
            "was": usual.text,
            "by": who.by,
            "at": moment_text(who.at),
        }
        _keep(conn, key, {**detail, "edited": edited})
        body_ = {"key": key, "template": usual.name, "by": who.by}
        body_["was"] = hashlib.sha256(usual.text.encode()).hexdigest()
        journal.append(
            conn, [Entry("message edited", row.account, body_, {"text": text})], who.at, who.company
        )
    return sentences.edited(row.account, row.step)


def restore(engine: Engine, key: str, who: Who) -> str:
    """The message has the template's words again."""
    with writing(engine) as conn:
        row = _still(conn, key)
        detail = dict(_detail(conn, key))
        if detail.pop("edited", None) is not None:
            _keep(conn, key, detail)
            body = {"key": key, "by": who.by, "did": "as the template"}
            journal.append(conn, [Entry("message edited", row.account, body)], who.at, who.company)
    return sentences.as_template(row.account, row.step)


def postpone(ws: Workspace, engine: Engine, key: str, until: date, who: Who, *, because: str) -> str:
    """Let a message wait until a day; then it is decided again, and goes if it is still due."""
    if not because:
        raise WrongFields({"because": "say why: whoever looks at it later wants to know"})
    if not who.on < until <= who.on + LONGEST:
        raise WrongFields(
            {
                "until": f"write a day after today, within {LONGEST.days} days; to rest longer, pause the account"
            }
        )
    at = datetime.combine(until, time(0), ZoneInfo(ws.settings.workspace.zone))
    with writing(engine) as conn:
        row = _still(conn, key)
        reason = sentences.put_off(who.by, until, because)
        if not store.move(conn, row, store.PENDING, reason=reason, at=who.at, not_before=at):
            raise Refused("somebody else has just changed this message", "look at it again")
        conn.execute(sa.update(t.action).where(t.action.c.key == key).values(not_before=until))
        body = {"key": key, "channel": row.channel, "until": until, "by": who.by}
        entry = Entry("postponed", row.account, body, {"because": because})
        journal.append(conn, [entry], who.at, who.company)
    return sentences.waits_until(row.account, row.step, until)


# -- the words -------------------------------------------------------------------------------------------------------


def _usual(ws: Workspace, conn: Connection, account: str, name: str) -> Template:
    """The template in the language in which this customer gets it."""
    variants = ws.templates.languages(name)
    if not variants:
        raise NotFound("message", name, ws.templates.names())
    c = t.customer.c
    master = conn.execute(sa.select(c.language, c.country).where(c.account == account)).first()
    codes = tuple(code for code in ((master.language if master else None) or "",) if code)
    return variants[
        choose_language(codes, ((master.country if master else "") or "").upper(), frozenset(variants))
    ]


def _body(template: Template) -> str:
    return template.text[template.body_offset :].strip("\n")


def _lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").strip("\n").split("\n"))


def _written(usual: Template, subject: str, body: str) -> str:
    """The file of a template with another subject and body: its tone and language stay."""
    head = usual.text[: usual.body_offset].split("\n")
    head = [f"subject: {subject}" if re.match(r"subject\s*:", line) else line for line in head]
    return "\n".join(head) + _lines(body) + "\n"


def _wrong(ws: Workspace, usual: Template, text: str) -> dict[str, str]:
    """What is wrong with these words, by field; asked in a child process, since a loop in them may never end."""
    demands = written_demands(ws.live.policies)
    try:
        found = call(_LIMITS, _linted, usual.file, text, dict(ws.templates.frames), demands)
    except Ended as error:
        return {"body": f"to fill this in {error.sentence}"}
    wrong: dict[str, list[str]] = {}
    own, _ = read_templates({usual.file: text.encode()})
    if not found and usual.name in showing_charges(ws.templates) and usual.name not in showing_charges(own):
        return {"body": "the interest and charges have to stay in it: {{ charges }}"}
    for line, sentence, suggestion in found:
        field = "subject" if line == usual.subject_place.line else "body"
        where = f"line {line - usual.body_line + 1}: " if field == "body" and line >= usual.body_line else ""
        wrong.setdefault(field, []).append(f"{where}{sentence}{f' ({suggestion})' if suggestion else ''}")
    return {field: "; ".join(said) for field, said in wrong.items()}


def _linted(
    file: str, text: str, frames: dict[str, str], demands: frozenset[str]
) -> list[tuple[int, str, str]]:
    read, problems = read_templates({file: text.encode()})
    problems = [*problems, *lint(Templates(read.by_name, frames), demands)]
    return [
        (one.place.line, one.sentence, one.suggestion) for one in problems if one.severity is Severity.ERROR
    ]


# -- rows ------------------------------------------------------------------------------------------------------------


def _row(conn: Connection, key: str) -> store.Row:
    row = store.find(conn, key)
    if row is None:
        raise NotFound("message", key)
    return row


def _still(conn: Connection, key: str) -> store.Row:
    """A message that has not gone and is not on its way."""
    row = _row(conn, key)
    if row.state not in store.WAITING or row.attempt:
        raise Refused(f"the message is {row.state}, so it cannot be changed any more", "look at it again")
    return row


def _detail(conn: Connection, key: str) -> dict[str, Any]:
    found: str | None = conn.execute(sa.select(t.action.c.detail).where(t.action.c.key == key)).scalar()
    told: dict[str, Any] = orjson.loads(found or "{}")
    return told


def _keep(conn: Connection, key: str, detail: Mapping[str, Any]) -> None:
    conn.execute(
        sa.update(t.action).where(t.action.c.key == key).values(detail=orjson.dumps(dict(detail)).decode())
    )
