"""The tests of a policy, run day by day through the same decision as everything else.

Every test is one account of a small portfolio. On each day what the test says has happened is put into its state, the day is
decided, and what goes is compared with what is expected; then the day is taken as done, as in a preview.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import polars as pl

from engine.core.cases.outcomes import PUT_BACK, TRIES
from engine.core.decision.choose import Choice, Verdict, choose
from engine.core.decision.decide import Decided, decide
from engine.core.decision.plan import NOTHING_PAID, after, day_of, morning
from engine.core.decision.signature import NONE
from engine.core.decision.standing import cases, stand
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
from engine.core.decision.view import Day
from engine.core.language.condition import Value
from engine.core.language.policy import Clock, PolicyBook
from engine.core.language.trials import Document, DocumentKind, Expectation, Happening, Trial, TrialFile, What
from engine.core.ledger import Terms, clock_date, due_date, infer_terms, read_terms
from engine.core.problem import Place
from engine.core.rules import Rules
from engine.core.sentences import Gate, Reason
from engine.core.workdays import ALWAYS, Calendar, calendar

_RELEASES = frozenset({What.DISPUTE_CLOSED, What.RESUMED})


@dataclass(frozen=True, slots=True)
class Failure:
    """One day on which a test is not met. `why` is the reason in words, with its line."""

    day: int | None
    is_: str
    should_be: str
    why: str
    place: Place


@dataclass(frozen=True, slots=True)
class Result:
    """How a test ended. It passes without failures."""

    file: str
    policy: str
    name: str
    place: Place
    failures: tuple[Failure, ...]

    @property
    def passed(self) -> bool:
        return not self.failures


def run_trials(book: PolicyBook, files: Sequence[TrialFile], rules: Sequence[Rules]) -> tuple[Result, ...]:
    """Every test of every file, in their order. Capacity and the safety stop are the day's, not the policy's: they rest."""
    book = replace(book, house=replace(book.house, capacity={}, stop={}, usual=type(book.house.usual)(0)))
    groups: dict[str, list[_Case]] = {}
    cases: list[_Case] = []
    for file in files:
        for trial in file.trials:
            case = _Case(book, file, trial)
            cases.append(case)
            groups.setdefault(file.calendar or ALWAYS, []).append(case)
    for name, members in groups.items():
        _Group(book, rules, calendar(name, book.house.open_days), members).run()
    return tuple(case.result() for case in cases)


class _Case:
    """One test on its way."""

    def __init__(self, book: PolicyBook, file: TrialFile, trial: Trial) -> None:
        self.file, self.trial = file, trial
        self.failures: list[Failure] = []
        policy = book.policy(file.policy)
        clock = policy.clock if policy else Clock.DUE_DATE
        first = trial.account.first
        self.terms = str(trial.account.fields.get("terms") or "")
        self.zero = (
            clock_date(clock, first.written, self.due(first), first.statement) if first else date(2026, 1, 1)
        )
        self.expected: Mapping[int, Expectation] = {
            expectation.day: expectation for expectation in trial.expect
        }
        self.events: dict[int, list[Happening]] = {}
        for event in trial.events:
            # What stops acts at once; what releases acts from the next day.
            day = event.day + (event.what in _RELEASES)
            self.events.setdefault(day, []).append(event)
        written = [(document.written - self.zero).days for document in trial.account.documents]
        self.first_day = min([0, *written, *self.expected, *self.events])
        self.last_day = max([*self.expected, 0], default=0)
        if trial.policy and first:
            self.last_day = (self.due(first) - self.zero).days + 1

    def day(self, on: date) -> int:
        """The day of the test on a date."""
        return (on - self.zero).days

    def active(self, on: date) -> bool:
        return self.first_day <= self.day(on) <= self.last_day

    def speaks_of(self, day: int) -> bool:
        return day in self.expected or (self.trial.policy is not None and day == self.last_day)

    def happens(self, on: date) -> Sequence[Happening]:
        return self.events.get(self.day(on), ()) if self.active(on) else ()

    def due(self, document: Document) -> date:
        if document.due:
            return document.due
        terms = read_terms(self.terms)
        return due_date(document.written, terms) if isinstance(terms, Terms) else document.written

    def fail(self, day: int | None, is_: str, should_be: str, why: str, place: Place) -> None:
        self.failures.append(Failure(day, is_, should_be, why, place))

    def result(self) -> Result:
        return Result(
            self.file.file, self.file.policy, self.trial.name, self.trial.place, tuple(self.failures)
        )


class _Group:
    """Tests on the same calendar: decided together, a date at a time, each on its own days."""

    def __init__(
        self, book: PolicyBook, rules: Sequence[Rules], open_on: Calendar, members: list[_Case]
    ) -> None:
        self.book, self.rules, self.open_on, self.members = book, rules, open_on, members
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
        self.items = [item for row, case in enumerate(members) for item in self._items(row, case)]

    def _account(self, row: int, case: _Case) -> dict[str, Any]:
        account = case.trial.account
        known = frozenset(ADDRESSES) if account.addresses is None else account.addresses
        values: dict[str, Any] = {
            "row": row,
            "account": f"{case.file.file}#{row}",
            "name": account.name,
            "currency": self.book.house.currency.lower(),
            "terms": case.terms or self._terms(case),
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
        values |= {column: _plain(value) for column, value in account.fields.items()}
        if values["promise"] == "broken":
            values["promise_broken"] = case.zero
        return values

    def _terms(self, case: _Case) -> str | None:
        first = case.trial.account.first
        return infer_terms(first.written, first.due) if first and first.due else None

    def _items(self, row: int, case: _Case) -> Iterable[dict[str, Any]]:
        for document in case.trial.account.documents:
            credit = document.kind in (DocumentKind.CREDIT_NOTE, DocumentKind.PAYMENT)
            yield {
                "row": row,
                "item": document.number,
                "kind": document.kind.value,
                "date": document.written,
                "due": case.due(document),
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

    def run(self) -> None:
        dates = {
            case.zero + timedelta(days=day)
            for case in self.members
            for day in range(case.first_day, case.last_day + 1)
        }
        for on in sorted(dates):
            for row, case in enumerate(self.members):
                for event in case.happens(on):
                    self._happens(row, case, event, on)
            open_items = [item for item in self.items if item["date"] <= on and item["open"] != 0]
            frame = pl.DataFrame(open_items, schema=ITEMS).sort("row", "due", "item")
            self.state = morning(replace(self.state, items=frame), on, NOTHING_PAID)
            self._keep_asides()
            moment = day_of(self.book, self.open_on, on)
            if self._silent(on, moment):
                continue
            decided = decide(self.book, self.state, moment, self.rules)
            for row, case in enumerate(self.members):
                if case.active(on):
                    self._compare(row, case, case.day(on), decided)
            decided, pending, barred = self._answered(on, decided)
            self.state = after(self.book, self.state, decided, self.open_on)
            self.state = replace(
                self.state,
                pending=pl.concat([self.state.pending, pl.DataFrame(pending, schema=PENDING)]),
                barred=pl.concat([self.state.barred, pl.DataFrame(barred, schema=BARRED)]),
            )

    def _silent(self, on: date, moment: Day) -> bool:
        """Whether the day asks for nothing: no test speaks of it, nothing goes, and nothing is to be remembered of it.

        Asked of the plain definition alone, which is much quicker for a few accounts. Nothing is lost by it: `decide` lets
        nothing go that the definition does not.
        """
        active = [(row, case) for row, case in enumerate(self.members) if case.active(on)]
        if any(case.speaks_of(case.day(on)) for _, case in active):
            return False
        for known in cases(self.state, (row for row, _ in active)).values():
            begins = known.account["since"] is None or known.account["home"] is None
            for standing in stand(self.book, known, moment, self.rules[0]):
                choice = choose(self.book, standing.signature)
                goes = choice.verdict in (Verdict.GO, Verdict.ASK)
                if goes or choice.tell_owner or choice.gate is Gate.ADDRESS:
                    return False
                if begins and standing.policy and standing.signature.overdue:
                    return False
        return True

    def _keep_asides(self) -> None:
        """A promise that broke this morning has released its items in the frame: in the test's own list too."""
        released = {
            (row, item)
            for row, item, aside in self.state.items.select("row", "item", "aside").iter_rows()
            if aside is None
        }
        for item in self.items:
            if (item["row"], item["item"]) in released:
                item["aside"] = item["aside_until"] = None

    # -- what happens --------------------------------------------------------------------------------------------------

    def _happens(self, row: int, case: _Case, event: Happening, on: date) -> None:
        mine = [
            i for i in self.items if i["row"] == row and i["open"] > 0 and event.item in (None, i["item"])
        ]
        until = event.until or (
            case.zero + timedelta(days=event.until_day) if event.until_day is not None else None
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
                    "item": f"credit {len(self.items)}",
                    "kind": "credit_note",
                    "date": on,
                    "due": on,
                }
                amount = event.amount or 0
                house = self.book.house.currency
                credit |= {"amount": amount, "open": -amount, "currency": house, "rate": 1.0, "days_off": 0}
                self.items.append(dict.fromkeys(ITEMS) | credit)
            case What.PAUSED:
                self._set(row, paused_until=until or date(9999, 12, 31))
            case What.RESUMED:
                self._set(row, paused_until=None)
            case What.FACT:
                self._fact(row, event, on)
            case What.CALL:
                if event.outcome == "insolvent":
                    self._set(row, insolvent=True)
            case What.DECLINED:
                pass  # when the day has been decided: it is the answer to a question of that day

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
        accounts = self.state.accounts
        columns = []
        for name, value in values.items():
            known = accounts[name].to_list()
            known[row] = value
            columns.append(pl.Series(name, known, dtype=accounts.schema[name]))
        self.state = replace(self.state, accounts=accounts.with_columns(columns))

    # -- what is answered ------------------------------------------------------------------------------------------------

    def _answered(
        self, on: date, decided: Decided
    ) -> tuple[Decided, list[dict[str, Any]], list[dict[str, Any]]]:
        """Calls that reached nobody are put back, approvals that are refused are not asked again."""
        pending: list[dict[str, Any]] = []
        barred: list[dict[str, Any]] = []
        for row, case in enumerate(self.members):
            said = [event for event in case.happens(on) if event.what in (What.CALL, What.DECLINED)]
            for contact in (
                decided.contacts.filter(pl.col("row") == row).iter_rows(named=True) if said else ()
            ):
                if said[0].what is What.DECLINED:
                    barred.append({"row": row, "policy": contact["policy"], "step": contact["step"]})
                elif said[0].outcome in PUT_BACK and contact["occurrence"] < TRIES:
                    tomorrow = on + timedelta(days=1)
                    again = {
                        "row": row,
                        "item": contact["own_item"],
                        "policy": contact["policy"],
                        "step": contact["step"],
                    }
                    again |= {"state": Pending.AGAIN.value, "since": on, "not_before": tomorrow}
                    pending.append(again | {"attempts": contact["occurrence"] + 1})
                else:
                    continue
                stays = pl.when(pl.col("row") == row).then(pl.lit(value=False)).otherwise("goes")
                decided = replace(decided, contacts=decided.contacts.with_columns(goes=stays))
        waits = {row["row"] for row in (*pending, *barred)}
        if waits:  # they wait for a person or for tomorrow, not for room
            kept = decided.contacts.filter(~pl.col("row").is_in(list(waits)))
            decided = replace(decided, contacts=kept)
        return decided, pending, barred

    # -- what is expected ------------------------------------------------------------------------------------------------

    def _compare(self, row: int, case: _Case, day: int, decided: Decided) -> None:
        trial = case.trial
        route = int(decided.portfolio.route[row])
        policy = self.book.policies[route].id if route != NONE else ""
        if trial.policy is not None:
            if day == case.last_day and policy != trial.policy:
                taken = f"policy {policy}" if policy else "no policy"
                case.fail(
                    None,
                    taken,
                    f"policy {trial.policy}",
                    self._why_not(trial.policy, row, decided),
                    trial.place,
                )
            return
        goes = pl.col("goes")
        if any(event.what is What.DECLINED for event in case.events.get(day, ())):
            goes &= pl.col("verdict") != Verdict.ASK.value  # it was asked for, and refused
        went = decided.contacts.filter((pl.col("row") == row) & goes)["step"].to_list()
        choice = decided.choice(row)
        expected = case.expected.get(day)
        if expected is None:
            if went:
                case.fail(day, self._words(went, choice), "nothing", self._why(choice), trial.place)
            return
        wrong_policy = policy not in {want.policy or case.file.policy for want in expected.wants}
        if expected.wants:
            missing = [want for want in expected.wants if not set(want.steps) & set(went)]
            extra = [step for step in went if not any(step in want.steps for want in expected.wants)]
            if missing or extra or wrong_policy:
                case.fail(
                    day,
                    self._words(went, choice, policy, case),
                    expected.text,
                    self._why(choice),
                    expected.place,
                )
        elif went or (expected.because and choice.reason is not expected.because):
            case.fail(
                day, self._words(went, choice, policy, case), expected.text, self._why(choice), expected.place
            )

    def _words(self, went: Sequence[str], choice: Choice, policy: str = "", case: _Case | None = None) -> str:
        other = f" (policy {policy} takes it)" if case and policy and policy != case.file.policy else ""
        if went:
            return ", ".join(went) + other
        return f"nothing, because {choice.reason.value}{other}"

    def _why(self, choice: Choice) -> str:
        line = f", {choice.place}" if choice.place else ""
        step = f"{choice.policy}: {choice.step}: " if choice.step else ""
        return f"{step}{choice.reason.value if choice.reason is not Reason.DUE else 'it is due'}{line}"

    def _why_not(self, policy_id: str, row: int, decided: Decided) -> str:
        policy = self.book.policy(policy_id)
        account = decided.portfolio.accounts.row(row, named=True)
        facts = {name: frozenset(v) if isinstance(v, list) else v for name, v in account.items()}
        failing = policy.fits.failing(facts) if policy else None
        return (
            f"{failing.field} is not {failing.text}, {failing.place}"
            if failing
            else "an earlier policy takes it"
        )


def _kind(value: Value) -> pl.DataType:
    if isinstance(value, bool):
        return pl.Boolean()
    if isinstance(value, int):
        return pl.Int64()
    return pl.List(pl.String()) if isinstance(value, frozenset) else pl.String()


def _plain(value: Value) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value
