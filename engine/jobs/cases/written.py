"""A call as it is kept: its row, and its entry in the journal, in which nobody's words can be read."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core.cases import reasons
from engine.core.cases.answers import Answers
from engine.core.cases.outcomes import NATURES
from engine.jobs.cases.on_list import Listed
from engine.jobs.cases.who import Who, number_of
from engine.store import bulk
from engine.store import tables as t
from engine.store.journal import Entry
from engine.store.moments import moment_text

_COLUMNS = ("spoken with", "number", "story")  # of the form; the other answers are kept together


def write(
    conn: Connection,
    account: str,
    outcome: str,
    answers: Answers,
    reason: str,
    who: Who,
    listed: Listed,
    *,
    option: str = "",
    note: str = "",
) -> tuple[int, Entry]:
    """Keep a call with its codes and its words. Its number, and the entry for the journal."""
    nature = NATURES[outcome]
    right_party = nature.right_party if answers.right_party is None else answers.right_party
    codes: dict[str, Any] = {
        "right_party": int(right_party),
        "reason": reason or None,
        "horizon": answers.horizon or reasons.horizon_of(reason),
        "circumstance": answers.circumstance or None,
        "intention": int(answers.request_stated),
        "option": option or None,
        "follows": listed.follows,
    }
    key = listed.row.key if listed.row is not None else None
    whom, number, story = (answers.text(name) for name in _COLUMNS)
    rest = {name: text for name, text in answers.typed.items() if name not in _COLUMNS}
    made = conn.execute(
        sa.insert(t.call).values(
            company=who.company,
            account=account,
            action=key,
            outcome=outcome,
            reached=int(nature.reached),
            spoken_with=whom or None,
            number=number or None,
            story=story,
            answers=bulk.write_json(rest),
            note=note,
            on=who.on,
            at=moment_text(who.at),
            by=who.by,
            **codes,
        )
    )
    body = {"outcome": outcome, "by": who.by, "on": who.on, "key": key}
    body |= {name: value for name, value in codes.items() if value}
    said = {"spoken_with": whom, "number": number, "story": story, "note": note}
    said |= {f"answer {name}": text for name, text in rest.items()}
    return number_of(made), Entry("call", account, body, {name: text for name, text in said.items() if text})
