"""The accounts of the tests as a day finds them: what stands in their ledger, and what happens to them.

All tests on the same calendar stand in one small portfolio. What a test says has happened is put into its account's state in
the morning; what is answered to a call or to a question for approval, in the evening.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl

from engine.core.cases.guards import CLOSES, WISHES, Wish
from engine.core.cases.moments import Clock
from engine.core.cases.outcomes import NATURES, PUT_BACK, TRIES
from engine.core.decision.decide import Decided
from engine.core.decision.plan import NOTHING_PAID, after, morning
from engine.core.decision.signature import tries
from engine.core.decision.state import (
    ACCOUNTS,
    ADDRESSES,
    BARRED,
    ITEMS,
    MARKS,
    PENDING,
    REPEATS,
    TOUCHES,
    Aside,
    Pending,
    State,
)
from engine.core.decision.state import WISHES as WISHED
from engine.core.language.condition import Value
from engine.core.language.policy import HOLDOUT, PolicyBook
from engine.core.language.trials import DocumentKind, Happening, What
from engine.core.trust.case import Case
from engine.core.trust.stretch import side_by_side
from engine.core.workdays import Calendar, Hours

_ANSWERS = (What.CALL, What.DECLINED)


class Stage:
    """The portfolio of some tests; `row` is a test's place among `members`."""

    def __init__(self, book: PolicyBook, open_on: Calendar, members: Sequence[Case]) -> None:
        self.book, self.open_on, self.members = book, open_on, members
        own = {
            column: _kind(value) for case in members for column, value in case.trial.account.fields.items()
        }
        schema = {**ACCOUNTS, **{column: kind for column, kind in own.items() if column not in ACCOUNTS}}
        empty = pl.DataFrame
        self.state = State(
            accounts=pl.DataFrame(
                [self._account(row, case) for row, case in enumerate(members)], schema=schema
            ),
            items=pl.DataFrame([], schema=ITEMS),
            marks=empty(schema=MARKS),
            barred=empty(schema=BARRED),
            touches=empty(schema=TOUCHES),
            pending=empty(schema=PENDING),
            repeats=empty(schema=REPEATS),
        )
        self._items = [list(self._written(row, case)) for row, case in enumerate(members)]
        self._changes: dict[str, dict[int, Any]] = {}
        self._last_call: dict[int, str] = {}

    # -- the morning -----------------------------------------------------------------------------------------------------

    def begins(self, on: date, active: Sequence[int]) -> None:
        """What has happened until the morning of a day. Only the tests that are on their way owe anything."""
        for row in active:
            for event in self.members[row].happens(on):
                self._happens(row, event, on)
        self._settle()
        items = [item for row in active for item in self._items[row] if item["date"] <= on and item["open"]]
        frame = pl.DataFrame(items, schema=ITEMS).sort("row", "due", "item")
        self.state = morning(replace(self.state, items=frame), on, NOTHING_PAID)
        self._keep_asides(items)

    def coming(self, days: Sequence[date], rows: Sequence[int]) -> State:
        """Some tests on several days on which nothing happens to them, as accounts of the first: see `stretch`."""
        items = [
            item for row in rows for item in self._items[row] if item["date"] <= days[-1] and item["open"]
        ]
        frame = pl.DataFrame(items, schema=ITEMS).sort("row", "due", "item")
        return side_by_side(replace(self.state, items=frame), rows, days)

    def wakes(self, rows: Sequence[int]) -> date:
        """The first day on which the calendar alone changes one of the tests: an item is no longer set aside."""
        ends = (item["aside_until"] for row in rows for item in self._items[row] if item["aside"])
        return min((end for end in ends if end), default=date.max)

    # -- the evening -----------------------------------------------------------------------------------------------------

    def ends(self, on: date, decided: Decided, active: Sequence[int]) -> None:
        """The day has been done: calls have their outcomes, and questions for approval their answers."""
        said = {
            row: last[-1]
            for row in active
            if (last := [one for one in self.members[row].happens(on) if one.what in _ANSWERS])
        }
        before = self.state.accounts
        wrote = {
            row
            for row, policy, step in decided.contacts.select("row", "policy", "step").iter_rows()
            if row in said and self._writes(policy, step)
        }
        decided, pending, barred = self._answered(on, decided, said)
        self.state = after(self.book, self.state, decided, self.open_on)
        if pending or barred:
            self.state = replace(
                self.state,
                pending=pl.concat([self.state.pending, pl.DataFrame(pending, schema=PENDING)]),
                barred=pl.concat([self.state.barred, pl.DataFrame(barred, schema=BARRED)]),
            )
        for row, event in said.items():
            if event.outcome:
                self._called(row, event.outcome, on)
                if not NATURES[event.outcome].reached and row not in wrote:
                    self._met_nobody(row, on, before)
        self._settle()

    def _account(self, row: int, case: Case) -> dict[str, Any]:
        account = case.trial.account
        known = frozenset(ADDRESSES) if account.addresses is None else account.addresses
        values: dict[str, Any] = {
            "row": row,
            "account": f"{case.file.file}#{row}",
            "name": account.name,
            "currency": self.book.house.currency.lower(),
            "terms": case.terms,
            "addresses": sum(1 << bit for bit, word in enumerate(ADDRESSES) if word in known),
            "promise": "none",
            "plan": "none",
            "first_time": False,
            "contacts": 0,
            "broken": 0,
            "kept": 0,
            "claims": 0,
            "episode": 1,
            "effects": 0,
            "tone": 0,
        }
        values["sides"] = sorted(self._sides(case))
        values |= {column: _plain(value) for column, value in account.fields.items()}
        if values["promise"] == "broken":
            values["promise_broken"] = case.zero
        return values

    def _sides(self, case: Case) -> Iterable[str]:
        """Where it was drawn to, as it says; else a test of a policy that is compared is about an account of its side."""
        house, tested = self.book.house, case.file.policy
        for side in case.trial.account.sides or (tested,):
            split = house.split_of(tested if side == HOLDOUT else side)
            if split is not None and side in split.shares:
                yield split.mark(side)

    def _written(self, row: int, case: Case) -> Iterable[dict[str, Any]]:
        for document in case.documents:
            credit = document.kind in (DocumentKind.CREDIT_NOTE, DocumentKind.PAYMENT)
            yield {
                "row": row,
                "item": document.number,
                "kind": document.kind.value,
                "date": document.written,
                "due": document.due,
                "statement": document.statement,
                "amount": document.amount,
                "open": -document.open if credit else document.open,
                "currency": document.currency,
                "rate": 1.0 if document.currency == self.book.house.currency else None,
                "aside": Aside.DISPUTED.value if document.disputed else None,
                "aside_since": document.written if document.disputed else None,
                "aside_until": None,
                "days_off": 0,
            }

    def _keep_asides(self, items: Iterable[dict[str, Any]]) -> None:
        """A promise that broke this morning has released its items in the frame: in the test's own list too."""
        released = {
            (row, item)
            for row, item, aside in self.state.items.select("row", "item", "aside").iter_rows()
            if aside is None
        }
        for item in items:
            if item["aside"] and (item["row"], item["item"]) in released:
                item["aside"] = item["aside_until"] = None

    # -- what happens --------------------------------------------------------------------------------------------------

    def _happens(self, row: int, event: Happening, on: date) -> None:
        mine = [item for item in self._items[row] if item["open"] > 0 and event.item in (None, item["item"])]
        zero = self.members[row].zero
        until = event.until or (
            zero + timedelta(days=event.until_day) if event.until_day is not None else None
        )
        match event.what:
            case What.DISPUTE_OPENED:
                self._aside(mine, Aside.DISPUTED, on, None)
            case What.DISPUTE_CLOSED:
                self._close_dispute(row, mine, event, on)
            case What.PROMISE:
                covered = [item for item in mine if item["due"] < on] or mine
                breaks = self.open_on.add_open(until, 2) if until else None
                self._aside(covered, Aside.PROMISED, on, breaks)
                self._set(row, promise="open")
            case What.PROMISE_BROKEN:
                self._release(mine, Aside.PROMISED)
                self._set(row, promise="broken", promise_broken=on)
            case What.PROMISE_KEPT:
                self._release(mine, Aside.PROMISED)
                self._set(row, promise="kept")
            case What.PLAN_AGREED:
                self._aside(mine, Aside.PLANNED, on, None)
                self._set(row, plan="kept")
            case What.PLAN_BROKEN:
                self._release(mine, Aside.PLANNED)
                self._set(row, plan="broken")
            case What.PAYMENT:
                self._pay(mine, event.amount or 0)
                self._set(row, last_payment=on)
            case What.PAID:
                self._pay(mine, sum(item["open"] for item in mine))
                self._set(row, last_payment=on)
            case What.CREDIT:
                credit = {
                    "row": row,
                    "item": f"credit {len(self._items[row])}",
                    "kind": "credit_note",
                    "date": on,
                    "due": on,
                }
                amount = event.amount or 0
                house = self.book.house.currency
                credit |= {"amount": amount, "open": -amount, "currency": house, "rate": 1.0, "days_off": 0}
                self._items[row].append(dict.fromkeys(ITEMS) | credit)
            case What.PAUSED:
                self._set(row, paused_until=until or date(9999, 12, 31))
            case What.RESUMED:
                self._set(row, paused_until=None)
            case What.FACT:
                self._fact(row, event, on)
            case What.CALL | What.DECLINED:
                pass  # when the day has been decided: it is the answer to a call, or to a question, of that day

    def _aside(self, items: Iterable[dict[str, Any]], why: Aside, on: date, until: date | None) -> None:
        for item in items:
            item |= {"aside": why.value, "aside_since": on, "aside_until": until}

    def _release(self, items: Iterable[dict[str, Any]], why: Aside) -> None:
        for item in items:
            if item["aside"] == why.value:
                item |= {"aside": None, "aside_until": None}

    def _close_dispute(self, row: int, items: Iterable[dict[str, Any]], event: Happening, on: date) -> None:
        closed = on - timedelta(days=1)
        for item in items:
            if item["aside"] == Aside.DISPUTED.value:
                if event.favour == "customer":
                    item["days_off"] += (closed - item["aside_since"]).days
                item |= {"aside": None, "aside_until": None}
        self._set(row, dispute_closed=closed)

    def _pay(self, items: Iterable[dict[str, Any]], amount: int) -> None:
        for item in sorted(items, key=lambda item: (item["due"], item["item"])):
            paid = min(amount, item["open"])
            item["open"] -= paid
            amount -= paid

    def _fact(self, row: int, event: Happening, on: date) -> None:
        assert event.column is not None
        accounts = self.state.accounts
        if event.column not in accounts.columns:
            kind = _kind(event.value) if event.value is not None else pl.String()
            self.state = replace(
                self.state, accounts=accounts.with_columns(pl.lit(None, dtype=kind).alias(event.column))
            )
        changed = {event.column: _plain(event.value) if event.value is not None else None}
        if event.column == "terms":
            changed["terms_changed"] = on
        self._set(row, **changed)

    def _set(self, row: int, **values: Any) -> None:
        for name, value in values.items():
            self._changes.setdefault(name, {})[row] = value

    def _settle(self) -> None:
        """Put what has changed into the columns, all at once."""
        accounts = self.state.accounts
        columns = []
        for name, changed in self._changes.items():
            known = accounts[name].to_list()
            for row, value in changed.items():
                known[row] = value
            columns.append(pl.Series(name, known, dtype=accounts.schema[name]))
        if columns:
            self.state = replace(self.state, accounts=accounts.with_columns(columns))
        self._changes = {}

    # -- what is answered ------------------------------------------------------------------------------------------------

    def _answered(
        self, on: date, decided: Decided, said: Mapping[int, Happening]
    ) -> tuple[Decided, list[dict[str, Any]], list[dict[str, Any]]]:
        """Calls that reached nobody are put back, approvals that are refused are not asked again."""
        pending: list[dict[str, Any]] = []
        barred: list[dict[str, Any]] = []
        if not said:
            return decided, pending, barred
        answered = decided.contacts.filter(pl.col("row").is_in(list(said)))
        for contact in answered.iter_rows(named=True):
            event = said[contact["row"]]
            about = {"row": contact["row"], "policy": contact["policy"], "step": contact["step"]}
            if event.what is What.DECLINED:
                barred.append(about)
            elif event.outcome in PUT_BACK and tries(contact["occurrence"]) < TRIES:
                again = about | {"item": contact["own_item"], "attempts": tries(contact["occurrence"]) + 1}
                again |= {"state": Pending.AGAIN.value, "since": on, "not_before": on + timedelta(days=1)}
                pending.append(again)
        waits = {row["row"] for row in (*pending, *barred)}
        if waits:  # they wait for a person or for tomorrow, not for room
            kept = decided.contacts.filter(~pl.col("row").is_in(list(waits)))
            decided = replace(decided, contacts=kept)
        return decided, pending, barred

    def _called(self, row: int, outcome: str, on: date) -> None:
        """What an outcome of a call changes by itself, and the peace that outcomes.yaml gives after it."""
        if outcome == "insolvent":
            self._set(row, insolvent=True)
        if outcome == "wrong number":
            wish = {"row": row, "wish": WISHES.index(Wish.WRONG_NUMBER), "opens": 0, "until": None}
            closed = pl.DataFrame([wish | {"closes": CLOSES[Wish.WRONG_NUMBER]}], schema=WISHED)
            self.state = replace(self.state, wishes=pl.concat([self.state.wishes, closed]))
        told = self.book.outcomes.get(outcome)
        if told is None:
            return
        twice = told.twice_running if self._last_call.get(row) == outcome else None
        self._last_call[row] = outcome
        rests = [follow.cool for follow in (told.follow, twice) if follow and follow.cool]
        if rests:
            hours = Clock("UTC", self.open_on, Hours())
            self._set(row, paused_until=max(hours.rest_until(rest, on) for rest in rests))

    def _writes(self, policy_id: str, name: str) -> bool:
        policy = self.book.policy(policy_id)
        step = policy.step(name) if policy else None
        return bool(step and step.demand and any(action.kind.written for action in step.actions))

    def _met_nobody(self, row: int, on: date, before: pl.DataFrame) -> None:
        """A call that reached nobody counts as no contact where nothing was written with it."""
        today = (pl.col("row") == row) & (pl.col("on") == on)
        self.state = replace(
            self.state,
            calls=self.state.calls.with_columns(spoke=pl.col("spoke") & ~today),
            touches=self.state.touches.filter(~today),
        )
        self._set(row, spoke=before["spoke"][row], last_contact=before["last_contact"][row])


def _kind(value: Value) -> pl.DataType:
    if isinstance(value, bool):
        return pl.Boolean()
    if isinstance(value, int):
        return pl.Int64()
    return pl.List(pl.String()) if isinstance(value, frozenset) else pl.String()


def _plain(value: Value) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value
