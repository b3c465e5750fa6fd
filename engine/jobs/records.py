"""A day's decisions as rows for the database: the choice of every account, and an action for everything that is to be done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import polars as pl

from engine.core import sentences
from engine.core.decision.choose import LADDER_FINISHED, Choice, Verdict, tone_rank
from engine.core.decision.decide import Decided, key_items
from engine.core.decision.ladder import EMAILS, addresses
from engine.core.decision.signature import NONE
from engine.core.decision.state import EFFECTS, State
from engine.core.language.policy import Action, Kind, PolicyBook, Step
from engine.core.sentences import Reason
from engine.core.workdays import Calendar, Hours, window
from engine.store.outbox import text as moment_text
from engine.store.runs import RunRecord, action_key
from engine.store.tables import ACTION_COLUMNS, WAITING, ActionState

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The way out of each kind; calls and tasks stay on the list.
CHANNELS: Mapping[Kind, str] = {
    Kind.EMAIL: "email",
    Kind.LETTER: "letter",
    Kind.STATEMENT: "email",  # or by post, where there is no address for e-mail
    Kind.TERMS: "request",
    Kind.HOLD: "request",
    Kind.HAND_OFF: "request",
    Kind.WEBHOOK: "webhook",
}
_WAITS = frozenset(state.value for state in WAITING)


@dataclass(frozen=True, slots=True)
class UnderWay:
    """An action that has begun and is not taken. `items` is what was agreed to, where somebody has agreed."""

    key: str
    step: str
    state: str
    items: Sequence[Any] = ()


@dataclass(frozen=True)
class Writing:
    """Everything that turns one evaluation into rows."""

    book: PolicyBook
    state: State
    decided: Decided
    calendar: Calendar
    zone: str  # of a customer whose own is unknown
    started: datetime
    finished: datetime
    # (account, item or None) -> what is under way, to be ended where it is passed over or tried again
    under_way: Mapping[tuple[str, str | None], Sequence[UnderWay]]
    agreed: str = ""  # who let a stopped run go

    def record(self) -> RunRecord:
        """All rows of the run."""
        decided = self.decided
        actions = list(self._actions())
        return RunRecord(
            policy_set="main",
            business_date=decided.day.on,
            book_hash=self.book.hash,
            book_texts=self.book.texts,
            started=self.started,
            finished=self.finished,
            choices=list(self._choices()),
            decisions=self._decisions(),
            actions=[action.row for action in actions],
            outbox=[row for action in actions if (row := action.outbox)],
            journal=[*self._agreed(), *(action.entry for action in actions)],
            episodes=[] if decided.stopped else list(self._episodes()),
            settled=[] if decided.stopped else list(self._settled(actions)),
            counts=self._counts(actions),
            as_of=self.state.as_of,
            state="stopped" if decided.stopped else "done",
        )

    def _agreed(self) -> Iterator[tuple[str, str, bytes]]:
        if self.agreed:
            yield "let go", "", orjson.dumps({"by": self.agreed, "on": self.decided.day.on})

    # -- choices and decisions ---------------------------------------------------------------------------------------

    def _choices(self) -> Iterator[Mapping[str, Any]]:
        for number, (choice, signature) in enumerate(
            zip(self.decided.choices, self.decided.signatures, strict=True)
        ):
            yield {
                "number": number,
                "policy": choice.policy,
                "step": choice.step,
                "verdict": choice.verdict.value,
                "reason": choice.reason.value,
                "gate": choice.gate.value if choice.gate else None,
                "place": str(choice.place) if choice.place else None,
                "signature": orjson.dumps(signature._asdict()).decode(),
            }

    def _decisions(self) -> tuple[Sequence[str], Sequence[str], Sequence[int]]:
        view = self.decided.portfolio
        accounts = view.accounts["account"].gather(view.unit_row).to_list()
        numbers = view.items["item"]
        if (view.unit_item == NONE).all():
            items = [""] * len(accounts)
        else:
            items = ["" if index == NONE else numbers[int(index)] for index in view.unit_item]
        return accounts, items, self.decided.unit_class.tolist()

    def _episodes(self) -> Iterator[tuple[str, int, date, str | None]]:
        """Accounts that are overdue and whose episode has no home written down yet."""
        view, on = self.decided.portfolio, self.decided.day.on
        accounts = view.accounts
        fresh = view.overdue & (accounts["home"].is_null().to_numpy())
        ids = [policy.id for policy in self.book.policies]
        picked = accounts.select("account", "episode", "since")[np.flatnonzero(fresh)]
        homes = view.home[fresh]
        for (account, number, since), home in zip(picked.iter_rows(), homes.tolist(), strict=True):
            yield account, number or 1, since or on, None if home == NONE else ids[home]

    def _settled(self, actions: Sequence[Row]) -> Iterator[tuple[str, str, str]]:
        """What today's step makes obsolete: the step under way that is passed over, the try that is made again."""
        keys = {action.values["key"] for action in actions}
        for row in self.decided.contacts.iter_rows(named=True):
            for one in self.under_way.get((row["account"], row["own_item"]), ()):
                same = one.step == row["step"]
                if same and one.state == ActionState.PUT_BACK.value:
                    yield one.key, ActionState.DONE.value, sentences.TRIED_AGAIN
                elif same and one.state in _WAITS and one.key.partition("+")[0] not in keys:
                    yield one.key, ActionState.CANCELLED.value, sentences.CHANGED
                elif not same and (row["passed"] or one.state == ActionState.NO_CAPACITY.value):
                    made = one.state != ActionState.PLANNED.value
                    reason = sentences.OVERTAKEN if made else sentences.NOT_MADE
                    yield one.key, ActionState.PASSED_OVER.value, reason
        for action in actions:
            values = action.values
            if values["state"] != ActionState.HELD_ADDRESS.value:
                continue
            for one in self.under_way.get((values["account"], values["item"] if values["each"] else None), ()):
                if one.state == values["state"] and one.key.partition("+")[0] not in keys:
                    yield one.key, ActionState.CANCELLED.value, sentences.CHANGED

    # -- actions -------------------------------------------------------------------------------------------------------

    def _actions(self) -> Iterator[Row]:
        decided = self.decided
        if not decided.stopped:
            for contact in decided.contacts.iter_rows(named=True):
                choice = decided.choices[contact["class"]]
                yield from self._contact(contact, choice)
            yield from self._without_address()
            yield from self._finished_ladders()

    def _contact(self, contact: Mapping[str, Any], choice: Choice) -> Iterator[Row]:
        if choice.verdict is Verdict.ASK:
            state, reason = ActionState.AWAITING_APPROVAL, Reason.APPROVAL.value
        elif not contact["goes"]:
            state, reason = ActionState.NO_CAPACITY, Reason.NO_CAPACITY.value
        else:
            state, reason = ActionState.PLANNED, None
        step = self._step(choice)
        approved = self._approved(contact, choice)
        if approved is not None and self._lists[contact["unit"]].items != approved.items:
            state, reason = ActionState.AWAITING_APPROVAL, sentences.AGREED_TO_LESS
        elif approved is not None and state is ActionState.NO_CAPACITY:
            state = ActionState.APPROVED  # it waits for room, and nobody has to agree again
        for action in choice.actions:
            yield self._row(contact, choice, step, action, state, reason)

    def _approved(self, contact: Mapping[str, Any], choice: Choice) -> UnderWay | None:
        """What somebody agreed to of this step, and has not gone."""
        signature = self.decided.signatures[contact["class"]]
        if not signature.approve:
            return None
        mine = self.under_way.get((contact["account"], contact["own_item"]), ())
        return next(
            (
                one
                for one in mine
                if one.step == choice.step and one.state == ActionState.APPROVED.value
            ),
            None,
        )

    def _step(self, choice: Choice) -> Step:
        policy = self.book.policy(choice.policy)
        step = policy.step(choice.step) if policy else None
        assert step is not None
        return step

    def _row(
        self,
        contact: Mapping[str, Any],
        choice: Choice,
        step: Step,
        action: Action,
        state: ActionState,
        reason: str | None,
    ) -> Row:
        on, unit = self.decided.day.on, contact["unit"]
        lists = self._lists[unit]
        role = action.value if action.kind is Kind.CALL else step.to if action.kind.written else ""
        policy = self.book.policy(choice.policy)
        assert policy is not None
        demand = action.kind.written and step.demand
        respond_by = (
            self.calendar.next_open(on + timedelta(days=self.book.answer(policy))) if demand else None
        )
        detail: dict[str, Any] = {"marks": self._marks.get(unit, []), "items": lists.items}
        if lists.aside:
            detail["aside"] = lists.aside
        if action.kind.written:
            detail["template"] = action.value
        elif action.kind is not Kind.CALL:
            detail["value"] = action.value
            if action.kind.value in EFFECTS and step.restore_after:
                detail["restore_after"] = step.restore_after
        if action.what:
            detail["what"] = action.what
        if step.script and action.kind is Kind.CALL:
            detail["script"] = step.script
        people = {"from": step.from_, "notify": step.notify}
        if any(people.values()):
            detail["people"] = {word: who for word, who in people.items() if who}
        if step.approve and state is ActionState.AWAITING_APPROVAL:
            detail["approve"] = step.approve.by
        start = f"{policy.id} {contact['event']}" if policy.start else ""
        key = action_key(
            contact["account"], contact["episode"], step.name, contact["key_item"], contact["occurrence"],
            action.kind.value, role, start=start,
        )  # fmt: skip
        values = {
            "key": key, "company": "main", "account": contact["account"], "episode": contact["episode"],
            "policy": policy.id, "step": step.name, "item": contact["key_item"],
            "each": int(contact["own_item"] is not None), "occurrence": contact["occurrence"], "event": contact["event"],
            "kind": action.kind.value, "role": role, "day": step.day,
            "tone": tone_rank(self.book, action.value) if action.kind.written else 0, "state": state.value,
            "reason": reason, "run": None, "on": on, "since": on, "not_before": None,
            "attempts": contact["occurrence"], "amount": lists.amount, "currency": lists.currency, "respond_by": respond_by,
            "person": contact["person"], "taken_on": None, "taken_at": None, "detail": orjson.dumps(detail).decode(),
        }  # fmt: skip
        channel = CHANNELS.get(action.kind, "")
        if action.kind is Kind.WEBHOOK:
            channel = f"webhook {action.value}"
        elif action.kind is Kind.STATEMENT and not self._has_email(contact["row"], step):
            channel = "letter"
        return Row(
            values, str(choice.place or step.place), self._not_before(contact["row"], action.kind), channel
        )

    def _without_address(self) -> Iterator[Row]:
        """Steps that wait for an address: a person must find one, so they are on a list."""
        decided, view = self.decided, self.decided.portfolio
        held = np.array([choice.reason is Reason.NO_ADDRESS for choice in decided.choices] + [False])
        numbers = view.items["item"]
        units = np.flatnonzero(held[decided.unit_class])
        if not len(units):
            return
        for unit, key_item in zip(units.tolist(), key_items(view, units).to_list(), strict=True):
            choice = decided.choices[int(decided.unit_class[unit])]
            row, own = int(view.unit_row[unit]), int(view.unit_item[unit])
            items = self._lists[unit].items
            account = view.accounts.row(row, named=True)
            contact = {
                "unit": unit, "row": row, "account": account["account"], "episode": account["episode"] or 1,
                "key_item": key_item or (items[0][0] if items else ""), "occurrence": 0, "event": self._event(choice, account),
                "own_item": None if own == NONE else numbers[own], "person": None,
            }  # fmt: skip
            step = self._step(choice)
            for action in choice.actions:
                yield self._row(
                    contact, choice, step, action, ActionState.HELD_ADDRESS, Reason.NO_ADDRESS.value
                )

    def _event(self, choice: Choice, account: Mapping[str, Any]) -> date | None:
        policy = self.book.policy(choice.policy)
        if policy is None or policy.start is None:
            return None
        event: date | None = account[policy.start.value.replace(" ", "_")]
        return event

    def _finished_ladders(self) -> Iterator[Row]:
        decided, view, on = self.decided, self.decided.portfolio, self.decided.day.on
        tell = np.array([choice.tell_owner for choice in decided.choices] + [False])
        for unit in np.flatnonzero(tell[decided.unit_class]).tolist():
            choice = decided.choices[int(decided.unit_class[unit])]
            account = view.accounts.row(int(view.unit_row[unit]), named=True)
            lists = self._lists[unit]
            item = lists.items[0][0] if lists.items else ""
            key = action_key(
                account["account"], account["episode"] or 1, LADDER_FINISHED, item, on.toordinal(), Kind.TASK.value,
                self.book.house.owner,
            )  # fmt: skip
            detail = {"value": self.book.house.owner, "what": sentences.LADDER_DONE, "items": lists.items}
            values = dict.fromkeys(ACTION_COLUMNS) | {
                "key": key, "company": "main", "account": account["account"], "episode": account["episode"] or 1,
                "policy": choice.policy, "step": LADDER_FINISHED, "item": item, "each": 0, "occurrence": on.toordinal(),
                "kind": Kind.TASK.value, "role": self.book.house.owner, "day": 0, "tone": 0,
                "state": ActionState.PLANNED.value, "on": on, "since": on, "attempts": 0, "amount": lists.amount,
                "currency": lists.currency, "detail": orjson.dumps(detail).decode(),
            }  # fmt: skip
            yield Row(values, "", None, "")

    def _has_email(self, row: int, step: Step) -> bool:
        either = addresses(step)[1]
        known = int(self.state.accounts["addresses"][row] or 0)
        return bool(either & known & EMAILS)

    def _not_before(self, row: int, kind: Kind) -> datetime | None:
        """A message goes within the customer's own contact hours; a request to the ledger system at once."""
        if kind not in CHANNELS or not kind.contact:
            return None
        return self._window(self.state.accounts["time_zone"][row] or self.zone)

    def _window(self, zone: str) -> datetime:
        found = self._windows.get(zone)
        if found is None:
            house = self.book.house
            found = window(self.finished, zone, self.calendar, Hours(house.opens, house.closes))
            self._windows[zone] = found
        return found

    _windows: dict[str, datetime] = field(default_factory=dict, init=False)

    # -- what each contact lists -----------------------------------------------------------------------------------------

    @cached_property
    def _marks(self) -> Mapping[int, list[list[str]]]:
        """unit -> [[item, step], …]."""
        found: dict[int, list[list[str]]] = {}
        marks = self.decided.marks
        for unit, item, step in zip(
            marks["unit"].to_list(), marks["item"].to_list(), marks["step"].to_list(), strict=True
        ):
            found.setdefault(unit, []).append([item, step])
        return found

    @cached_property
    def _lists(self) -> Mapping[int, Listed]:
        decided = self.decided
        acting = np.zeros(len(decided.portfolio.unit_row), dtype=bool)
        acting[decided.contacts["unit"].to_numpy()] = True
        wanted = np.array([c.reason is Reason.NO_ADDRESS or c.tell_owner for c in decided.choices] + [False])
        return listed(self.book, decided, acting | wanted[decided.unit_class])

    def _counts(self, actions: Sequence[Row]) -> Mapping[str, int]:
        counts: dict[str, int] = {"actions": 0}
        for action in actions:
            if action.values["state"] == ActionState.PLANNED.value:
                counts["actions"] += 1
                counts[action.values["kind"]] = counts.get(action.values["kind"], 0) + 1
        return counts


@dataclass(frozen=True, slots=True)
class Row:
    """One action with what else is written of it."""

    values: Mapping[str, Any]
    place: str
    not_before: datetime | None
    channel: str  # the way out; empty for what stays on the list

    @property
    def row(self) -> tuple[Any, ...]:
        return tuple(self.values[name] for name in ACTION_COLUMNS)

    @property
    def outbox(self) -> tuple[Any, ...] | None:
        if self.values["state"] != ActionState.PLANNED.value or not self.channel:
            return None
        moment = moment_text(self.not_before) if self.not_before else None
        return self.values["key"], self.channel, "pending", "{}", moment

    @property
    def entry(self) -> tuple[str, str, bytes, str]:
        """What the journal says of it: enough to explain it without the tables."""
        values = self.values
        body = {
            "key": values["key"],
            "policy": values["policy"],
            "step": values["step"],
            "kind": values["kind"],
            "state": values["state"],
            "amount": values["amount"],
            "currency": values["currency"],
            "line": self.place,
        }
        return "action", values["account"], orjson.dumps(body), values["key"]


@dataclass(frozen=True, slots=True)
class Listed:
    """What a contact asks for. `items` are [number, owed in minor units of its currency], oldest due first; `aside` the ones
    set aside, with why. `amount` is in the items' own currency where they share one, else in the house's."""

    amount: int
    currency: str
    items: list[list[Any]]
    aside: list[list[Any]]


def listed(book: PolicyBook, decided: Decided, units: NDArray[Any]) -> Mapping[int, Listed]:
    """unit -> every overdue item and the ones set aside, for the units wanted (a mask). A courtesy lists what falls due."""
    view, on = decided.portfolio, decided.day.on
    unit = view.items["unit"].to_numpy()
    rows = view.items.filter(pl.Series(units[unit], dtype=pl.Boolean))
    columns = ("unit", "item", "owed", "base", "currency", "due", "aside")
    parts: dict[int, list[tuple[Any, ...]]] = {}
    for row in zip(*(rows[name].to_list() for name in columns), strict=True):
        parts.setdefault(row[0], []).append(row)
    found: dict[int, Listed] = {}
    for number, mine in parts.items():
        free = [row for row in mine if row[6] is None]
        asked = [row for row in free if row[5] < on] or free
        currencies = {row[4] for row in asked}
        single = len(currencies) == 1
        found[number] = Listed(
            amount=sum(row[2] if single else row[3] for row in asked),
            currency=next(iter(currencies)) if single else book.house.currency,
            items=[[row[1], row[2]] for row in asked],
            aside=[[row[1], row[2], row[6]] for row in mine if row[6] is not None],
        )
    return found
