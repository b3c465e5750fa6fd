"""What a run writes of one action: what its class shares, what is the contact's own, and the row itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

import orjson

from engine.core.language.policy import Step
from engine.core.sentences import Reason
from engine.core.workdays import Calendar
from engine.store.tables import ACTION_COLUMNS, COMPANY, ActionState


class Contact(NamedTuple):
    """What a day brings for one unit: a row of `Decided.contacts`, or a step that waits for an address."""

    unit: int
    row: int
    number: int  # of its class
    account: str
    episode: int
    step: str
    key_item: str
    occurrence: int
    event: date | None
    own_item: str | None
    passed: bool
    goes: bool
    person: str | None


class Pattern(NamedTuple):
    """What one action is for all contacts of a class."""

    step: Step
    policy: str
    starts: bool  # the policy counts from an event
    kind: str
    role: str
    tone: int
    respond_by: date | None
    detail: Mapping[str, Any]
    place: str
    channel: str


class ActionRow(NamedTuple):
    """A row of the table `action`, as `ACTION_COLUMNS` has it."""

    key: str
    company: str = COMPANY
    account: str = ""
    episode: int = 1
    policy: str = ""
    step: str = ""
    item: str = ""
    each: int = 0
    occurrence: int = 0
    event: date | None = None
    kind: str = ""
    role: str = ""
    day: int = 0
    tone: int = 0
    state: str = ""
    reason: str | None = None
    run: int | None = None
    on: date | None = None
    since: date | None = None
    not_before: date | None = None
    attempts: int = 0
    amount: int = 0
    currency: str = ""
    respond_by: date | None = None
    person: str | None = None
    taken_on: date | None = None
    taken_at: str | None = None
    detail: str = "{}"


assert ActionRow._fields == ACTION_COLUMNS


class Planned(NamedTuple):
    """One action with what else is written of it."""

    row: ActionRow
    place: str
    channel: str  # the way out; empty for what stays on the list
    moment: str | None  # before which it does not go
    waits_as: str = ""  # the state that it waits in where the day has no room; empty: it needs none

    @property
    def sends(self) -> bool:
        return bool(self.channel) and self.row.state == ActionState.PLANNED

    def allotted(self, *, goes: bool, person: str | None) -> Planned:
        """As the whole day has it: it goes, or waits for room; and whose it is."""
        row = self.row
        if not goes and self.waits_as:
            row = row._replace(state=self.waits_as, reason=Reason.NO_CAPACITY.value)
        if person != row.person:
            row = row._replace(person=person)
        return self if row is self.row else self._replace(row=row)

    @property
    def message(self) -> tuple[Any, ...]:
        """Its row of the outbox."""
        return self.row.key, self.channel, "pending", "{}", self.moment

    @property
    def entry(self) -> tuple[str, str, bytes, str]:
        """What the journal says of it: enough to explain it without the tables."""
        row = self.row
        body = {
            "key": row.key,
            "policy": row.policy,
            "step": row.step,
            "kind": row.kind,
            "state": row.state,
            "amount": row.amount,
            "currency": row.currency,
            "line": self.place,
        }
        return "action", row.account, orjson.dumps(body), row.key


def announced(step: Step, on: date, calendar: Calendar) -> dict[str, Any]:
    """What the detail of a step's notice says of the terms or the hold that the step asks for; nothing without one."""
    effect = next((action for action in step.actions if action.kind.restricts), None)
    if effect is None:
        return {}
    from_day = calendar.next_open(on + timedelta(days=step.ahead)) if step.ahead else on
    return {"change": [effect.kind.value, effect.value, ""], "effective": from_day.isoformat()}
