"""A day's decisions as rows for the database: the choice of every account, and an action for everything that is to be done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import chain, islice
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from engine.core import sentences
from engine.core.cases import guards
from engine.core.decision.choose import LADDER_FINISHED, Choice, Verdict, approver, tone_rank
from engine.core.decision.decide import Decided, key_items, marks_of, own_items, without_address
from engine.core.decision.draw import Lot
from engine.core.decision.fairness import narrower, open_ways
from engine.core.decision.ladder import EMAILS, addresses
from engine.core.decision.signature import NONE, tries
from engine.core.decision.state import EFFECTS, State
from engine.core.language.policy import Action, Kind, PolicyBook, Step
from engine.core.sentences import Gate, Reason
from engine.core.workdays import Calendar, window, zone_of
from engine.jobs.begun import UnderWay, settled
from engine.jobs.listing import Listed, by_unit, listed, pairs
from engine.jobs.rows import ActionRow, Contact, Pattern, Planned, announced
from engine.store.moments import moment_text
from engine.store.runs import RunRecord, action_key
from engine.store.tables import ActionState

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
PART = 5_000  # actions that are written at once


@dataclass(slots=True)
class Made:
    """What has been planned so far: nothing is planned twice, and it tells what is obsolete."""

    keys: set[str] = field(default_factory=set)

    def add(self, some: Iterable[Planned]) -> None:
        for planned in some:
            if planned.row.key in self.keys:
                raise AssertionError(f"a run has planned this action twice: {planned.row.key}")
            self.keys.add(planned.row.key)


@dataclass(frozen=True)
class Writing:
    """Everything that turns one evaluation into rows."""

    company: str
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
    lots: Sequence[Lot] = ()  # whom the day draws for a comparison

    def head(self) -> RunRecord:
        """What of the run is no contact's. Its counts grow with the parts."""
        decided = self.decided
        return RunRecord(
            policy_set="main",
            business_date=decided.day.on,
            book_hash=self.book.hash,
            book_texts=self.book.texts,
            started=self.started,
            finished=self.finished,
            choices=list(self.choices()),
            decisions=self.decisions(),
            journal=[*self._agreed(), *self._drawn()],
            episodes=[] if decided.stopped else list(self.episodes()),
            drawn=[
                (lot.split, lot.account, lot.side, lot.stratum, lot.episode)
                for lot in self.lots
                if not decided.stopped
            ],
            counts={"actions": 0},
            as_of=self.state.as_of,
            state="stopped" if decided.stopped else "done",
        )

    def parts(self, head: RunRecord) -> Iterator[RunRecord]:
        """The run as it is written, bit by bit: the head, the actions by the thousand, what they make obsolete."""
        yield head
        if self.decided.stopped:
            return
        part = replace(head, choices=(), decisions=((), (), ()), journal=(), episodes=(), drawn=())
        counts: Counter[str] = Counter()
        made = Made()
        actions = (planned for _, planned in self.placed())
        while some := list(islice(actions, PART)):
            made.add(some)
            counts.update(planned.row.kind for planned in some if planned.row.state == ActionState.PLANNED)
            yield replace(
                part,
                actions=[planned.row for planned in some],
                outbox=[planned.message for planned in some if planned.sends],
                journal=[planned.entry for planned in some],
            )
        assert isinstance(head.counts, dict)
        head.counts.update(actions=counts.total(), **counts)
        yield replace(part, settled=list(self.settled(made)))

    def _agreed(self) -> Iterator[tuple[str, str, bytes]]:
        if self.agreed:
            yield "let go", "", orjson.dumps({"by": self.agreed, "on": self.decided.day.on})

    def _drawn(self) -> Iterator[tuple[str, str, bytes]]:
        for lot in () if self.decided.stopped else self.lots:
            told = {"split": lot.split, "side": lot.side, "alike": lot.stratum, "episode": lot.episode}
            yield "drawn", lot.account, orjson.dumps(told)

    # -- choices and decisions ---------------------------------------------------------------------------------------

    def choices(self) -> Iterator[Mapping[str, Any]]:
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

    def decisions(self) -> tuple[Sequence[str], Sequence[str], Sequence[int]]:
        view = self.decided.portfolio
        accounts = view.accounts["account"].gather(view.unit_row).to_list()
        numbers = view.items["item"]
        if (view.unit_item == NONE).all():
            items = [""] * len(accounts)
        else:
            items = ["" if index == NONE else numbers[int(index)] for index in view.unit_item]
        return accounts, items, self.decided.unit_class.tolist()

    def episodes(self) -> Iterator[tuple[str, int, date, str | None]]:
        """Accounts that are overdue and whose episode has no home written down yet."""
        view, on = self.decided.portfolio, self.decided.day.on
        accounts = view.accounts
        fresh = view.overdue & (accounts["home"].is_null().to_numpy())
        ids = [policy.id for policy in self.book.policies]
        picked = accounts.select("account", "episode", "since")[np.flatnonzero(fresh)]
        homes = view.home[fresh]
        for (account, number, since), home in zip(picked.iter_rows(), homes.tolist(), strict=True):
            yield account, number or 1, since or on, None if home == NONE else ids[home]

    def settled(self, made: Made) -> Iterator[tuple[str, str, str]]:
        """What today's steps make obsolete, as `RunRecord` has it."""
        if self.under_way:
            contacts = chain(self._contacts(), self._lacking())
            yield from settled(self.book, self.decided.choices, contacts, self.under_way, made.keys)

    # -- actions -------------------------------------------------------------------------------------------------------

    def placed(self) -> Iterator[tuple[int, Planned]]:
        """Every action with its contact's place in the work list's order; NONE where it is no contact's."""
        for place, contact in enumerate(self._contacts()):
            for planned in self._contact(contact):
                yield place, planned
        for planned in (*self._without_address(), *self._finished_ladders()):
            yield NONE, planned

    def _contacts(self) -> Iterator[Contact]:
        """The day's contacts, in the work list's order."""
        frame = self.decided.contacts.rename({"class": "number"})
        return map(Contact, *(frame[name].to_list() for name in Contact._fields))

    def _contact(self, contact: Contact) -> Iterator[Planned]:
        choice = self.decided.choices[contact.number]
        state, waits_as = ActionState.PLANNED, ActionState.NO_CAPACITY.value
        reason: str | None = None
        approved = self._approved(contact, choice)
        if approved is not None and self._lists[contact.unit].items != approved.items:
            state, reason, waits_as = ActionState.AWAITING_APPROVAL, sentences.AGREED_TO_LESS, ""
        elif choice.verdict is Verdict.ASK:
            state, reason, waits_as = ActionState.AWAITING_APPROVAL, Reason.APPROVAL.value, ""
        elif approved is not None:
            waits_as = ActionState.APPROVED.value  # it waits for room, and nobody has to agree again
        for pattern in self._patterns(contact.number):
            planned = self._planned(contact, pattern, state, reason, waits_as)
            yield planned.allotted(goes=contact.goes, person=contact.person)

    def _approved(self, contact: Contact, choice: Choice) -> UnderWay | None:
        """What somebody agreed to of this step, and has not gone."""
        if not self.decided.signatures[contact.number].approve:
            return None
        mine = self.under_way.get((contact.account, contact.own_item), ())
        return next(
            (one for one in mine if one.step == choice.step and one.state == ActionState.APPROVED), None
        )

    def _patterns(self, number: int) -> Sequence[Pattern]:
        found = self._known.get(number)
        if found is None:
            choice = self.decided.choices[number]
            found = self._known[number] = _told_apart([self._pattern(choice, one) for one in choice.actions])
        return found

    _known: dict[int, Sequence[Pattern]] = field(default_factory=dict, init=False)

    def _pattern(self, choice: Choice, action: Action) -> Pattern:
        policy = self.book.policy(choice.policy)
        step = policy.step(choice.step) if policy else None
        assert policy is not None
        assert step is not None
        kind = action.kind
        detail: dict[str, Any] = {}
        said = announced(step, self.decided.day.on, self.calendar)
        if kind.written:
            detail |= {"template": action.value, **said}
        elif kind is not Kind.CALL:
            detail["value"] = action.value
            if kind.value in EFFECTS and step.restore_after:
                detail["restore_after"] = step.restore_after
            if kind.restricts:
                detail["effective"] = said["effective"]
        if action.what:
            detail["what"] = action.what
        if choice.gate is Gate.ADDRESS and choice.reason is not Reason.NO_ADDRESS:
            detail |= {"held": choice.reason.value, "todo": sentences.held_by_wish(choice.reason)}
        if step.script and kind is Kind.CALL:
            detail["script"] = step.script
        people = {word: who for word, who in (("from", step.from_), ("notify", step.notify)) if who}
        if people:
            detail["people"] = people
        answer_by = self.decided.day.on + timedelta(days=self.book.answer(policy))
        return Pattern(
            step=step,
            policy=policy.id,
            starts=policy.start is not None,
            kind=kind.value,
            role=action.value if kind is Kind.CALL else step.to if kind.written else "",
            tone=tone_rank(self.book, action.value) if kind.written else 0,
            respond_by=self.calendar.next_open(answer_by) if kind.written and step.demand else None,
            detail=detail,
            place=str(choice.place or step.place),
            channel=f"webhook {action.value}" if kind is Kind.WEBHOOK else CHANNELS.get(kind, ""),
        )

    def _planned(
        self, contact: Contact, pattern: Pattern, state: ActionState, reason: str | None, waits_as: str = ""
    ) -> Planned:
        on, step, lists = self.decided.day.on, pattern.step, self._lists[contact.unit]
        detail: dict[str, Any] = {"marks": self._marks.get(contact.unit, []), "items": lists.items}
        if lists.aside:
            detail["aside"] = lists.aside
        detail |= pattern.detail
        agreed = self.decided.signatures[contact.number].approve
        if agreed and (state is ActionState.AWAITING_APPROVAL or Kind(pattern.kind).restricts):
            detail["approve"] = approver(self.book, step)
        start = f"{pattern.policy} {contact.event}" if pattern.starts else ""
        row = ActionRow(
            key=action_key(
                contact.account, contact.episode, step.name, contact.key_item, contact.occurrence, pattern.kind,
                pattern.role, company=self.company, start=start,
            ),
            account=contact.account, episode=contact.episode, policy=pattern.policy, step=step.name,
            item=contact.key_item, each=int(contact.own_item is not None), occurrence=contact.occurrence,
            event=contact.event, kind=pattern.kind, role=pattern.role, day=step.day, tone=pattern.tone,
            state=state.value, reason=reason, on=on, since=on, attempts=tries(contact.occurrence),
            amount=lists.amount, currency=lists.currency, respond_by=pattern.respond_by, person=contact.person,
            detail=orjson.dumps(detail).decode(),
        )  # fmt: skip
        channel = pattern.channel
        if pattern.kind == Kind.STATEMENT and not self._has_email(contact.row, step):
            channel = "letter"
        # An e-mail goes within the customer's own contact hours. A letter or a request rings nobody's bell; what was
        # announced for a later day waits for it.
        moment = self._moment(contact.row) if channel == "email" else None
        if step.ahead and Kind(pattern.kind).restricts:
            moment = self._opening(date.fromisoformat(detail["effective"]))
        return Planned(row, pattern.place, channel, moment, waits_as)

    def _opening(self, day: date) -> str:
        """When the office opens on a day."""
        opens = datetime.combine(day, time(), ZoneInfo(self.zone)) + timedelta(minutes=self.book.house.opens)
        return moment_text(opens)

    def _without_address(self) -> Iterator[Planned]:
        """Steps that wait for an address, or that the customer asked us not to take: they are on a list, for a person."""
        for contact in self._lacking():
            reason = self.decided.choices[contact.number].reason.value
            for pattern in self._patterns(contact.number):
                yield self._planned(contact, pattern, ActionState.HELD_ADDRESS, reason)

    def _lacking(self) -> Iterator[Contact]:
        decided, view, units = self.decided, self.decided.portfolio, self._held
        if not len(units):
            return
        for unit, key_item, own_item in zip(
            units.tolist(), key_items(view, units).to_list(), own_items(view, units).to_list(), strict=True
        ):
            number, row = int(decided.unit_class[unit]), int(view.unit_row[unit])
            choice = decided.choices[number]
            items = self._lists[unit].items
            account = view.accounts.row(row, named=True)
            yield Contact(
                unit=unit, row=row, number=number, account=account["account"], episode=account["episode"] or 1,
                step=choice.step, key_item=key_item or (items[0][0] if items else ""), occurrence=0,
                event=self._event(choice, account), own_item=own_item, passed=choice.passed, goes=False,
                person=None,
            )  # fmt: skip

    @cached_property
    def _held(self) -> NDArray[Any]:
        return without_address(self.decided)

    def _event(self, choice: Choice, account: Mapping[str, Any]) -> date | None:
        policy = self.book.policy(choice.policy)
        if policy is None or policy.start is None:
            return None
        event: date | None = account[policy.start.value.replace(" ", "_")]
        return event

    def _finished_ladders(self) -> Iterator[Planned]:
        decided, view, on = self.decided, self.decided.portfolio, self.decided.day.on
        tell = np.array([choice.tell_owner for choice in decided.choices] + [False])
        for unit in np.flatnonzero(tell[decided.unit_class]).tolist():
            choice = decided.choices[int(decided.unit_class[unit])]
            account = view.accounts.row(int(view.unit_row[unit]), named=True)
            lists = self._lists[unit]
            item = lists.items[0][0] if lists.items else ""
            key = action_key(
                account["account"], account["episode"] or 1, LADDER_FINISHED, item, on.toordinal(), Kind.TASK.value,
                self.book.house.owner, company=self.company,
            )  # fmt: skip
            detail = {"value": self.book.house.owner, "what": sentences.LADDER_DONE, "items": lists.items}
            row = ActionRow(
                key=key, account=account["account"], episode=account["episode"] or 1, policy=choice.policy,
                step=LADDER_FINISHED, item=item, occurrence=on.toordinal(), kind=Kind.TASK.value,
                role=self.book.house.owner, day=0, state=ActionState.PLANNED.value, on=on, since=on,
                amount=lists.amount, currency=lists.currency, detail=orjson.dumps(detail).decode(),
            )  # fmt: skip
            yield Planned(row, "", "", None)

    def _has_email(self, row: int, step: Step) -> bool:
        either = addresses(step)[1]
        known = int(self.state.accounts["addresses"][row] or 0)
        return bool(either & self._ways.get(row, known) & EMAILS)

    @cached_property
    def _ways(self) -> Mapping[int, int]:
        """row -> the ways that rules about contact leave open, for accounts with such rules."""
        return open_ways(self.state, self.decided.day.on)

    def _moment(self, row: int) -> str:
        """The next moment within the customer's own contact hours, as text."""
        zone = zone_of(self._zones[row], self.zone)
        natural = row in self._natural
        found = self._windows.get((zone, natural))
        if found is None:
            house = self.book.house
            hours = guards.hours(house.opens, house.closes, natural=natural)
            moment = window(self.finished, zone, self.calendar, hours)
            found = self._windows[zone, natural] = moment_text(moment)
        return found

    _windows: dict[tuple[str, bool], str] = field(default_factory=dict, init=False)

    @cached_property
    def _natural(self) -> AbstractSet[int]:
        """Rows of accounts whose hours are narrower than the house's."""
        return narrower(self.book.house, self.state, self.decided.day.on)

    @cached_property
    def _zones(self) -> Sequence[str | None]:
        return self.state.accounts["time_zone"].to_list()

    # -- what each contact lists -----------------------------------------------------------------------------------------

    @cached_property
    def _marks(self) -> Mapping[int, list[list[str]]]:
        """unit -> [[item, step], …]."""
        view = self.decided.portfolio
        marks = pl.concat([self.decided.marks, marks_of(self.book, view, self._held, view.takes)])
        marks = marks.sort("unit", maintain_order=True)
        return by_unit(marks["unit"], pairs(marks["item"], marks["step"]))

    @cached_property
    def _lists(self) -> Mapping[int, Listed]:
        decided = self.decided
        acting = np.zeros(len(decided.portfolio.unit_row), dtype=bool)
        acting[decided.contacts["unit"].to_numpy()] = True
        acting[self._held] = True
        told = np.array([choice.tell_owner for choice in decided.choices] + [False])
        return listed(self.book, decided, acting | told[decided.unit_class])


def _told_apart(patterns: Sequence[Pattern]) -> Sequence[Pattern]:
    """Two tasks of one step are two things: the further ones are named after whom they are for."""
    seen: set[tuple[str, str]] = set()
    apart = []
    for pattern in patterns:
        if (pattern.kind, pattern.role) in seen and pattern.kind == Kind.TASK.value:
            pattern = pattern._replace(role=str(pattern.detail["value"]))
        seen.add((pattern.kind, pattern.role))
        apart.append(pattern)
    return apart
