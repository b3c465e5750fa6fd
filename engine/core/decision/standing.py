"""One account at a moment, worked out plainly from raw values: the definition of what `portfolio` does for many.

Every class is decided on a representative by both evaluators through this module, and sampled other members are worked out
again; where anything differs from the columns, nothing is done for the class. `explain` reads it too.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.core.cases import guards
from engine.core.cases.guards import Asks, Called
from engine.core.decision.case import Case, Owed, Row, measures, owed
from engine.core.decision.choose import step_tone
from engine.core.decision.draw import held_out, on_side, waits_held_out
from engine.core.decision.ladder import (
    addresses,
    call_role,
    contacts,
    demands_in_writing,
    event_column,
    in_season,
    own_pause_binds,
)
from engine.core.decision.questions import ACCOUNT
from engine.core.decision.signature import (
    ATTORNEY,
    HELD_OUT,
    INSOLVENT,
    NONE,
    OWN_PAUSE,
    TELL_OWNER_EVERY,
    TURN,
    WISHED,
    Finished,
    Origin,
    Signature,
    Under,
)
from engine.core.decision.state import EFFECTS, Aside, Pending
from engine.core.decision.view import Day
from engine.core.language.condition import Value
from engine.core.language.policy import Clock, Policy, PolicyBook, Step, seniority
from engine.core.rules import Rules


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one unit stands, with what explains it."""

    item: str | None  # the unit's item under `each: invoice`
    policy: Policy | None
    fits: Mapping[str, bool]
    items: tuple[Owed, ...]
    day: Mapping[str, int]  # item -> its day on the policy's clock
    due: Mapping[str, tuple[Step, ...]]  # item -> steps due and not taken
    taken: Mapping[str, frozenset[str]]
    facts: Mapping[str, Value | None]
    signature: Signature


def route(book: PolicyBook, case: Case, answers: frozenset[str], on: date) -> tuple[int, dict[str, bool]]:
    """The index of the account's policy, or NONE, and which policies fit: of two compared ones that of its side."""
    sides, kept = case.account["sides"] or (), case.account["home"]
    fits = {
        policy.id: f"for:{policy.id}" in answers
        and (policy.start is None or case.account[event_column(policy)] is not None)
        and on_side(book, policy.id, sides, kept, on)
        for policy in book.policies
    }
    ids = [policy.id for policy in book.policies]
    first = next((n for n, id in enumerate(ids) if fits[id]), NONE)
    home = ids.index(case.account["home"]) if case.account["home"] in ids else NONE
    if home == NONE:
        return first, fits
    return (first if NONE < first < home else home), fits


def stand(book: PolicyBook, case: Case, day: Day, rules: Rules) -> tuple[Standing, ...]:
    """Every unit of an account: one, or one an item under `each: invoice`, in the order of the items."""
    items = owed(case, day.on)
    facts = measures(case, items, day.on)
    answers = rules.match(ACCOUNT, facts)
    number, fits = route(book, case, answers, day.on)
    if number == NONE or not book.policies[number].each_invoice or not items:
        return (_Unit(book, case, day, rules, items, items, None, facts, answers, number, fits).standing(),)
    return tuple(
        _Unit(
            book, case, day, rules, items, (item,), item.row["item"], facts, answers, number, fits
        ).standing()
        for item in items
    )


@dataclass(frozen=True)
class _Unit:
    book: PolicyBook
    case: Case
    day: Day
    rules: Rules
    all_items: tuple[Owed, ...]
    items: tuple[Owed, ...]
    item: str | None
    facts: Mapping[str, Value | None]
    answers: frozenset[str]
    number: int
    fits: Mapping[str, bool]

    def standing(self) -> Standing:
        overdue = any(item.past for item in self.all_items)
        if self.number == NONE:
            return self._done(
                None, {}, {}, {}, _signature(policy=NONE, step=NONE, overdue=int(overdue), **self._always())
            )
        policy = self.book.policies[self.number]
        days = {item.row["item"]: self._day(policy, item) for item in self.items}
        matched = {item.row["item"]: self._match(policy, item, days, overdue) for item in self.items}
        taken = {item.row["item"]: self._taken(policy, item.row["item"]) for item in self.items}
        due = {
            number: tuple(
                step
                for step in policy.steps
                if f"due:{step.index}" in found and self._open(policy, step, taken[number])
            )
            for number, found in matched.items()
        }
        signature = self._sign(policy, days, due, overdue)
        return self._done(policy, days, due, taken, signature)

    def _done(self, policy: Policy | None, days: Any, due: Any, taken: Any, signature: Signature) -> Standing:
        return Standing(self.item, policy, self.fits, self.items, days, due, taken, self.facts, signature)

    # -- items ---------------------------------------------------------------------------------------------------

    def _day(self, policy: Policy, item: Owed) -> int:
        row = item.row
        if policy.start is not None:
            start = self.case.account[event_column(policy)] or date(9999, 1, 1)
        else:
            start = _begins(policy.clock, row)
        return (self.day.on - start).days - int(row["days_off"] or 0)

    def _match(self, policy: Policy, item: Owed, days: Mapping[str, int], overdue: bool) -> frozenset[str]:
        facts = {
            **self.facts,
            "amount": item.base,
            "days_overdue": item.late,
            "day": days[item.row["item"]],
            "past_due": item.past,
            "account_overdue": overdue,
        }
        return self.rules.match(policy.id, facts)

    def _taken(self, policy: Policy, item: str) -> frozenset[str]:
        names: set[str] = set()
        for mark in self.case.marks:
            step = policy.step(mark["step"]) if mark["item"] == item else None
            if step is None:
                continue
            if policy.start is not None:
                if mark["policy"] == policy.id and mark["event"] == self.case.account[event_column(policy)]:
                    names.add(step.name)
            elif mark["policy"] == policy.id:
                names.add(step.name)
            else:
                names.update(lower.name for lower in policy.steps if lower.index <= step.index)
        return frozenset(names)

    def _open(self, policy: Policy, step: Step, taken: frozenset[str]) -> bool:
        effects = int(self.case.account["effects"] or 0)
        done = {kind for bit, kind in enumerate(EFFECTS) if effects >> bit & 1}
        barred = any(name == step.name for _, name in self.case.barred)
        return (
            step.name not in taken
            and not barred
            and not any(action.kind.value in done for action in step.actions)
        )

    def _offer(self, policy: Policy, steps: Iterable[Step], day: int) -> Step | None:
        steps = list(steps)
        late = self.book.late(policy)
        if late.way == "climb":
            return min(steps, key=_index, default=None)
        if late.way == "skip":
            steps = [step for step in steps if day - step.day <= late.days]
        return max(steps, key=_index, default=None)

    # -- the unit --------------------------------------------------------------------------------------------------

    def _pending(self) -> Row | None:
        own = self.book.policies[self.number].each_invoice
        mine = [row for row in self.case.pending if not own or (self.item and row["item"] == self.item)]
        mine = [row for row in mine if row["state"] != Pending.CAPACITY or row["attempts"]]
        return mine[-1] if mine else None

    def _tries(self, step: Step) -> int:
        """How often the call of a step has reached nobody this time, wherever it waits now."""
        own = self.book.policies[self.number].each_invoice
        mine = [row for row in self.case.pending if not own or (self.item and row["item"] == self.item)]
        return max((row["attempts"] or 0 for row in mine if row["step"] == step.name), default=0)

    def _sign(
        self, policy: Policy, days: Mapping[str, int], due: Mapping[str, tuple[Step, ...]], overdue: bool
    ) -> Signature:
        pending = self._pending()
        under = _under(pending, self.day.on)
        waiting_for = policy.step(pending["step"]) if pending else None
        free = [item for item in self.items if item.free]
        passed = bool(pending) and self._overtaken(policy, pending, under, waiting_for, free, days, due)
        offers = {}
        for item in self.items:
            number = item.row["item"]
            open_steps = [
                s for s in due[number] if not (passed and waiting_for and s.index <= waiting_for.index)
            ]
            offers[number] = self._offer(policy, open_steps, days[number])
        again, to_come, times = self._repeats(policy, free)
        offered = [step for item in free if (step := offers[item.row["item"]])]
        step = max([*offered, *again], key=_index, default=None)
        origin = Origin.NOTHING if step is None else Origin.FREE if step in offered else Origin.REPEAT
        if step is None:
            held = [step for item in self.items if not item.free and (step := offers[item.row["item"]])]
            step = max(held, key=_index, default=None)
            origin = Origin.NOTHING if step is None else Origin.ASIDE
        retry = under is Under.AGAIN_NOW and any(waiting_for in due[item.row["item"]] for item in free)
        if retry:
            step, origin = waiting_for, Origin.FREE
        for_a_step = (Under.APPROVAL, Under.ADDRESS, Under.APPROVED, Under.AGAIN_NOW)
        if under in for_a_step and step != waiting_for and origin is not Origin.NOTHING:
            passed = True
        if passed:
            under = Under.NOTHING
        if under in (Under.CALL, Under.AGAIN_LATER, Under.MESSAGE, Under.UNCERTAIN):
            step, origin = waiting_for, Origin.NOTHING
        occurrence = TURN * times[step.name] if origin is Origin.REPEAT and step else 0
        if origin in (Origin.FREE, Origin.REPEAT) and step:
            occurrence += self._tries(step)
        finished = self._finished(policy, origin, days, free, to_come, under)
        common = {
            "policy": self.number,
            "step": step.index if step else NONE,
            "origin": int(origin),
            "aside": self._aside(offers) if origin is Origin.ASIDE else NONE,
            "overdue": int(overdue),
            "finished": int(finished),
            "passed": int(passed),
            "under": int(under),
            "occurrence": occurrence,
        }
        if step is None or origin is Origin.NOTHING:
            return _signature(**(common | (self._always() if step is None else {})))
        return _signature(**(common | self._gates(policy, step, origin, offers)))

    def _overtaken(
        self,
        policy: Policy,
        pending: Row | None,
        under: Under,
        waiting_for: Step | None,
        free: list[Owed],
        days: Mapping[str, int],
        due: Mapping[str, tuple[Step, ...]],
    ) -> bool:
        if pending is None or under not in (Under.CALL, Under.APPROVAL, Under.ADDRESS):
            return False
        waited = (self.day.on - pending["since"]).days
        floor = waiting_for.index if waiting_for else NONE
        higher = [(item, step) for item in free for step in due[item.row["item"]] if step.index > floor]
        if under is Under.CALL:
            return bool(higher) and waited >= self._gap(policy)
        return any(
            days[item.row["item"]] - waited < step.day or item.late - waited <= 0 for item, step in higher
        )

    def _repeats(self, policy: Policy, free: list[Owed]) -> tuple[list[Step], bool, dict[str, int]]:
        again, to_come, times = [], False, {}
        if self.item is not None:
            return [], False, {}
        event = self.case.account[event_column(policy)] if policy.start else None
        for step in policy.steps:
            rows = [row for row in self.case.repeats if row["step"] == step.name]
            if policy.start:  # it begins afresh
                rows = [row for row in rows if row["policy"] == policy.id and event and row["last"] >= event]
            taken = sum(row["times"] for row in rows)
            if not rows or step.repeat is None or taken > step.repeat.at_most:
                continue
            to_come = True
            times[step.name] = taken
            waited = (self.day.on - max(row["last"] for row in rows)).days
            if waited >= step.repeat.every and step.demand and any(item.past for item in free):
                again.append(step)
        return again, to_come, times

    def _aside(self, offers: Mapping[str, Step | None]) -> int:
        reasons = [
            list(Aside).index(Aside(item.row["aside"])) for item in self.items if offers[item.row["item"]]
        ]
        return min(reasons)

    def _finished(
        self,
        policy: Policy,
        origin: Origin,
        days: Mapping[str, int],
        free: list[Owed],
        to_come: bool,
        under: Under,
    ) -> Finished:
        late = [days[item.row["item"]] for item in free if item.past]
        if origin is not Origin.NOTHING or under is not Under.NOTHING or to_come or not late:
            return Finished.NO
        if min(late) < policy.steps[-1].day:
            return Finished.NO
        told = self.case.account["finished"]
        long_ago = told is None or (self.day.on - told).days >= TELL_OWNER_EVERY
        return (
            Finished.TELL
            if long_ago and not self.day.closed and not self._stepped() and not self._answering()
            else Finished.YES
        )

    # -- gates -------------------------------------------------------------------------------------------------------

    def _always(self) -> dict[str, int]:
        never = (n for n in range(len(self.book.house.never)) if f"never:{n}" in self.answers)
        line = next(never, NONE)
        if line == NONE and self.case.account["insolvent"] and not self._without(guards.INSOLVENCY):
            line = INSOLVENT
        if line == NONE and self.case.account["attorney"] and not self._without(guards.ATTORNEY):
            line = NONE if any(rule.opens for rule in self._wishes()) else ATTORNEY
        return {"never": line}

    def _gates(
        self, policy: Policy, step: Step, origin: Origin, offers: Mapping[str, Step | None]
    ) -> dict[str, int | str]:
        account, house, on = self.case.account, self.book.house, self.day.on
        contact = contacts(step)
        touched = [
            touch["on"] for touch in self.case.touches if self.item is None or touch["item"] == self.item
        ]
        recent = [t for t in self.case.touches if house.contact and (on - t["on"]).days < house.contact.days]
        role, tone = call_role(step), step_tone(self.book, step)
        return {
            **self._always(),
            "minimum": int(self._below(step, origin, offers)),
            "pause": self._paused(policy, step),
            "closed": 1 if contact and self.day.closed else 2 if self._holiday(step) else 0,
            "gap": int(
                (self.item is None and self._stepped())
                or (contact and bool(touched) and (on - max(touched)).days < self._gap(policy))
            ),
            "answer": int(
                self._answering()
                and (
                    demands_in_writing(step)
                    or (account["answer_day"] is not None and step.day > account["answer_day"])
                )
            ),
            "contact": int(
                Called.HOUSE
                if contact and house.contact is not None and len(recent) >= house.contact.most
                else self._called(step)
            ),
            "stale": int(contact and step.demand and self.day.stale),
            "address": self._address(step),
            "approve": int(self._asks(policy, step)),
            "role": account["reached"] if 0 < seniority(role) < seniority(account["reached"] or "") else "",
            "voice": (account["tone_step"] or "") if tone and (account["tone"] or 0) > tone else "",
            "no_rate": int(any(item.row["rate"] is None for item in self.all_items)),
            "supply": int(self._bound(step)),
        }

    def _gap(self, policy: Policy) -> int:
        """Days between two contacts: at least one, so that a second run of a day asks nobody twice."""
        return max(self.book.gap(policy), 1)

    def _answering(self) -> bool:
        """The customer still has time to answer the last demand."""
        until = self.case.account["answer_by"]
        return until is not None and self.day.on <= until

    def _stepped(self) -> bool:
        """The account has taken a step today, be it a task."""
        return bool(self.case.account["stepped"] == self.day.on)

    def _below(self, step: Step, origin: Origin, offers: Mapping[str, Step | None]) -> bool:
        def counts(item: Owed) -> bool:
            if not step.demand:
                return not item.past and offers.get(item.row["item"]) is not None
            return item.past and (item.free or origin is Origin.ASIDE)

        sums: dict[str, int] = {}
        for item in self.all_items:
            if counts(item):
                sums[item.row["currency"]] = sums.get(item.row["currency"], 0) + item.base
        return max(sums.values(), default=0) < self.book.house.minimum

    def _paused(self, policy: Policy, step: Step) -> int:
        for number, pause in enumerate(self.book.house.pause):
            holds = not pause.clause.tests or f"pause:{number}" in self.answers
            kinds = not pause.kinds or any(step.has(kind) for kind in pause.kinds)
            if holds and kinds and in_season(pause.season, self.day.on):
                return number
        until = self.case.account["paused_until"]
        own = (
            until is not None
            and until >= self.day.on
            and own_pause_binds(step, self.case.account["paused_kinds"], self.day.on)
        )
        if own:
            return OWN_PAUSE
        split = self.book.house.split_of(policy.id)
        held = split is not None and split.champion == policy.id and waits_held_out(step)
        return HELD_OUT if split and held and held_out(split, self.case.account, self.day.on) else NONE

    # -- guards of people --------------------------------------------------------------------------------------------

    def _without(self, guard: str) -> bool:
        """Somebody has set the guard aside for this account."""
        return any(row["guard"] == guard and row["until"] >= self.day.on for row in self.case.off)

    @property
    def _natural(self) -> bool:
        return guards.consumer(self.case.account["natural_person"], self.case.account["legal_form"])

    def _wishes(self) -> list[guards.Closed]:
        return [
            guards.Closed(guards.WISHES[row["wish"]], row["closes"], row["opens"])
            for row in self.case.wishes
            if row["until"] is None or row["until"] >= self.day.on
        ]

    def _holiday(self, step: Step) -> bool:
        if not self.day.holidays or not guards.calls_somebody(step) or self._without(guards.HOLIDAYS):
            return False
        return guards.holiday_there(self.case.account["country"], self.day.on) is not None

    def _called(self, step: Step) -> Called:
        if not guards.calls_somebody(step) or self._without(guards.CALLS):
            return Called.NO
        calls = [guards.Call(row["on"], row["spoke"]) for row in self.case.calls]
        return guards.called(calls, self.day.on, natural=self._natural, rules=self.book.house.guards)

    def _address(self, step: Step) -> int:
        needed, either = addresses(step)
        rules, known = self._wishes(), int(self.case.account["addresses"] or 0)
        needs = needed | (guards.PHONE if guards.calls_somebody(step) else 0)
        wish = guards.wish_held(rules, needs, either, known)
        if wish is not None:
            return WISHED + guards.WISHES.index(wish)
        left = guards.open_ways(rules, known)
        return int((needed & left) != needed or (either != 0 and not either & left))

    def _asks(self, policy: Policy, step: Step) -> Asks:
        if self._approve(policy, step):
            return Asks.POLICY
        if self._bound(step):
            return Asks.NO
        if guards.weighs(step) and self._natural and not self._without(guards.PERSONS):
            return Asks.PERSON
        return Asks.LEGAL if guards.speaks_of_law(self.book.tones, step) else Asks.NO

    def _bound(self, step: Step) -> bool:
        """A contract obliges us to supply, and the step would change that."""
        return step.restricts and bool(self.case.account["contract_supply"])

    def _approve(self, policy: Policy, step: Step) -> bool:
        if self._bound(step):
            return False
        if step.restricts and self.case.account["strategic"]:
            return True
        if step.approve is None:
            return False
        return step.approve.when is None or f"approve:{step.index}" in self.rules.match(policy.id, self.facts)


def _index(step: Step) -> int:
    return step.index


def _begins(clock: Clock, row: Row) -> date:
    """The day that an item's clock counts from."""
    begins: date
    match clock:
        case Clock.DUE_DATE:
            begins = row["due"]
        case Clock.INVOICE_DATE:
            begins = row["date"]
        case Clock.END_OF_MONTH:
            begins = _month_end(row["date"])
        case Clock.STATEMENT_DATE:
            begins = row["statement"] or _month_end(row["date"])
    return begins


def _month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _under(pending: Row | None, on: date) -> Under:
    if pending is None:
        return Under.NOTHING
    if pending["state"] == Pending.AGAIN:
        later = pending["not_before"] is not None and pending["not_before"] > on
        return Under.AGAIN_LATER if later else Under.AGAIN_NOW
    return _UNDER[Pending(pending["state"])]


_UNDER: Mapping[Pending, Under] = {
    Pending.CALL: Under.CALL,
    Pending.MESSAGE: Under.MESSAGE,
    Pending.APPROVAL: Under.APPROVAL,
    Pending.ADDRESS: Under.ADDRESS,
    Pending.APPROVED: Under.APPROVED,
    Pending.UNCERTAIN: Under.UNCERTAIN,
    Pending.CAPACITY: Under.AGAIN_NOW,  # of a call alone that reached nobody
}

_EMPTY = {
    name: NONE
    if name in ("policy", "step", "aside", "never", "pause")
    else ""
    if name in ("role", "voice")
    else 0
    for name in Signature._fields
}


def _signature(**known: Any) -> Signature:
    return Signature(**(_EMPTY | known))
