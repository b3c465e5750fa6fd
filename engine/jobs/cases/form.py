"""A call's form: what was typed before the call was logged is kept, and taken up by the call."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from engine.core.cases import answers as forms
from engine.core.cases.answers import Answers
from engine.core.cases.outcomes import NATURES, needed
from engine.core.cases.reasons import hardship
from engine.core.language.follows import Outcome
from engine.core.sentences import calls as sentences
from engine.errors import NotFound, Refused
from engine.jobs.cases.who import Who, verb
from engine.store import bulk
from engine.store import tables as t
from engine.store.journal import Entry
from engine.store.moments import moment_text

SPOKEN_WITH, REASON = "spoken with", "reason"


def save(engine: Engine, account: str, typed: Mapping[str, str], who: Who, own: Collection[str] = ()) -> str:
    """Keep what was learned so far, as it was typed; nothing is logged. A later answer replaces an earlier one.

    `own` are questions of the team's own.
    """
    with verb(engine, account, who) as (conn, entries):
        new = _canonical(typed, own)
        both = draft(conn, account, who) | new
        if not both:
            raise Refused("there is nothing to keep", 'give an answer, as in --answer "reason=cash crunch"')
        values = {"answers": bulk.write_json(both), "at": moment_text(who.at)}
        if conn.execute(sa.update(t.call_draft).where(*_mine(account, who)).values(**values)).rowcount == 0:
            mine = {"company": who.company, "account": account, "by": who.by, "since": moment_text(who.at)}
            conn.execute(sa.insert(t.call_draft).values(**mine, **values))
        entries.append(Entry("call draft", account, {"by": who.by, "answers": sorted(new)}))
        return f"{account}: kept for the call ({', '.join(both)}). Nothing is logged yet."


def draft(conn: Connection, account: str, who: Who) -> dict[str, str]:
    """What its author has typed for an account and not yet logged."""
    found: str | None = conn.execute(sa.select(t.call_draft.c.answers).where(*_mine(account, who))).scalar()
    return dict(bulk.read_json(found)) if found else {}


def taken_up(conn: Connection, account: str, who: Who) -> None:
    """The call has them now."""
    conn.execute(sa.delete(t.call_draft).where(*_mine(account, who)))


def read(
    account: str,
    outcome: str,
    follows: Outcome | None,
    typed: Mapping[str, str],
    who: Who,
    currency: str,
) -> Answers:
    """The answers of a call. Refused with all that cannot be read, or with all that is missing and how to give it."""
    nature = NATURES[outcome]
    own = tuple(one.name for one in follows.ask) if follows else ()
    answers, wrong = forms.read(_canonical(typed, own), who.on, currency)
    if wrong:
        raise Refused(*sentences.unread(account, [(one.name, one.sentence) for one in wrong]))
    right_party = nature.right_party if answers.right_party is None else answers.right_party
    known = answers.reason or nature.reason
    missing = forms.missing(answers, needed(outcome, follows, right_party, known))
    if missing:
        how = [(forms.asked(name), forms.how_to_give(name)) for name in missing]
        raise Refused(*sentences.needs(account, outcome, how))
    return answers


def reason_of(outcome: str, answers: Answers) -> str:
    """Why payment has not been made, as a code: what was said, else what the outcome says by itself."""
    if answers.reason:
        return answers.reason
    if outcome == "hardship" and answers.horizon:
        return hardship(answers.horizon)
    return NATURES[outcome].reason


def _canonical(typed: Mapping[str, Any], own: Collection[str]) -> dict[str, str]:
    found = {}
    for key, value in typed.items():
        name = forms.canonical(key, own)
        if name is None:
            raise NotFound("answer", key, forms.nearest(key, own))
        found[name] = str(value)
    return found


def _mine(account: str, who: Who) -> tuple[sa.ColumnElement[bool], ...]:
    table = t.call_draft.c
    return table.company == who.company, table.account == account, table.by == who.by
