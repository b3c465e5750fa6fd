"""What had begun before a run and is not taken, and how it ends with the step of today."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.core import sentences
from engine.core.decision.choose import Choice
from engine.core.language.policy import Kind, PolicyBook
from engine.core.sentences import Gate
from engine.jobs.rows import Contact
from engine.store.spans import Span, among
from engine.store.tables import BY_HAND, COMPANY, NO_EPISODE, OPEN, WAITING, ActionState, action

_WAITS = frozenset(state.value for state in WAITING)


@dataclass(frozen=True, slots=True)
class UnderWay:
    """An action that has begun and is not taken. `items` is what was agreed to, where somebody has agreed."""

    key: str
    step: str
    state: str
    items: Sequence[Any] = ()


def under_way(
    conn: Connection, span: Span | None = None, accounts: Collection[str] | None = None
) -> dict[tuple[str, str | None], list[UnderWay]]:
    """What has begun and is not taken, of each account or item; with `span` or `accounts` of those alone."""
    span = span or Span()
    ends = [action.c.account >= span.first] if span.first is not None else []
    ends += [action.c.account < span.before] if span.before is not None else []
    ends += [among(conn, action.c.account, accounts)]
    states = [state.value for state in OPEN]
    agreed = sa.case((action.c.state == ActionState.APPROVED.value, action.c.detail), else_="{}")
    names = (action.c.account, action.c.item, action.c.each, action.c.key, action.c.step, action.c.state)
    rows = conn.execute(
        sa.select(*names, agreed).where(
            action.c.company == COMPANY,
            action.c.state.in_(states),
            action.c.taken_on.is_(None),
            action.c.kind != Kind.TASK.value,
            action.c.episode != NO_EPISODE,  # what followed a call is no step that could be passed over
            action.c.policy != BY_HAND,
            *ends,
        )
    )
    found: dict[tuple[str, str | None], list[UnderWay]] = {}
    for account, item, each, key, step, state, detail in rows:
        one = UnderWay(key, step, state, orjson.loads(detail).get("items", ()))
        found.setdefault((account, item if each else None), []).append(one)
    return found


def settled(
    book: PolicyBook,
    choices: Sequence[Choice],
    contacts: Iterable[Contact],
    under_way: Mapping[tuple[str, str | None], Sequence[UnderWay]],
    keys: AbstractSet[str],
) -> Iterator[tuple[str, str, str]]:
    """(key, state, reason) of what today's contacts make obsolete: the step that is passed over, the try that is made again.

    `keys` are those of today's actions.
    """
    for contact in contacts:
        for one in under_way.get((contact.account, contact.own_item), ()):
            if ended := _ended(book, choices[contact.number], one, contact, keys):
                yield one.key, *ended


def _ended(
    book: PolicyBook, choice: Choice, one: UnderWay, contact: Contact, keys: AbstractSet[str]
) -> tuple[str, str] | None:
    """How it ends, and why; None where it goes on."""
    if one.step == contact.step:
        if one.state == ActionState.PUT_BACK and choice.gate is not Gate.ADDRESS:
            return ActionState.DONE.value, sentences.TRIED_AGAIN
        if one.state in _WAITS and one.key.partition("+")[0] not in keys:
            return ActionState.CANCELLED.value, sentences.CHANGED
        return None
    if not contact.passed and one.state != ActionState.NO_CAPACITY:
        return None
    policy = book.policy(choice.policy)
    waited, step = (policy.step(one.step), policy.step(contact.step)) if policy else (None, None)
    if waited and step and waited.index > step.index:  # nothing higher fell due: it may be due again
        return ActionState.CANCELLED.value, sentences.CHANGED
    planned = one.state == ActionState.PLANNED
    return ActionState.PASSED_OVER.value, sentences.NOT_MADE if planned else sentences.OVERTAKEN
