"""A story in words: as a timeline, and as a test of a policy that anybody can run."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from engine.core.language.condition import Value
from engine.core.language.fields import Field, Type
from engine.core.language.known import Known
from engine.core.language.policy import PolicyBook
from engine.core.language.trials import ADDRESSES
from engine.core.money import Amount, digits
from engine.core.sentences import money, proofs
from engine.core.trust.prove.accounts import ALL_ADDRESSES, FIRST, Sort, zero
from engine.core.trust.prove.happenings import Happened
from engine.core.trust.prove.outcomes import Outcome
from engine.core.trust.prove.states import GONE, Past, number
from engine.core.trust.prove.stories import Day, Story
from engine.core.trust.prove.walks import Walks

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 /.-]*[A-Za-z0-9]|[A-Za-z]|[0-9]+(\.[0-9]+)?")
_LIKE_OTHERS = frozenset({"yes", "no", "true", "false", "on", "off", "null", "y", "n"})


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes stories of some sorts down."""

    book: PolicyBook
    known: Known
    walks: Walks

    # -- accounts ------------------------------------------------------------------------------------------------------

    def account(self, sort: Sort, owes: Sequence[int], indent: str = "") -> str:
        """The account of a policy test, as lines of YAML: `owes` has the index of what is open in all on each item."""
        by_column: dict[str, Field] = {field.column: field for field in self.known.fields.values()}
        lines = []
        for column, value in sort.facts.items():
            field = by_column.get(column)
            default = (
                value is None
                or (value is False and column == "first_time")
                or (value == 0 and column in _ZERO)
            )
            if field and not field.computed and not default:
                lines.append(f"{field.name}: {self._value(field, value)}")
        sides = sort.facts.get("sides")
        if isinstance(sides, frozenset):
            lines.append(f"side: [{', '.join(sorted(side.partition('/')[2] for side in sides))}]")
        lines.append(f"terms: {sort.terms}")
        if sort.addresses != ALL_ADDRESSES:
            there = [word for bit, word in enumerate(ADDRESSES) if sort.addresses >> bit & 1]
            lines.append(f"addresses: [{', '.join(there)}]" if there else "addresses: none")
        lines.append("invoices:")
        for item, amount in enumerate(owes):
            written = FIRST + timedelta(days=sort.offsets[item])
            due = "" if sort.terms.startswith("net ") else f", due: {written + timedelta(days=sort.due)}"
            for copy in range(sort.copies):
                each = sort.amounts[amount] // sort.copies + (sort.unapplied if item == copy == 0 else 0)
                lines.append(
                    f"  - {{number: {number(item, copy)}, date: {written}{due}, amount: {self._money(each)}}}"
                )
        if sort.unapplied:
            lines.append(f"payments: [{{number: P1, date: {FIRST}, amount: {self._money(sort.unapplied)}}}]")
        return "".join(f"{indent}{line}\n" for line in lines)

    def _value(self, field: Field, value: Value | None) -> str:
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, frozenset):
            return "[" + ", ".join(_text(word) for word in sorted(value)) + "]"
        if isinstance(value, int):
            if field.type is Type.MONEY:
                return self._money(value)
            return f"{Decimal(value) / 100}%" if field.type is Type.SHARE else str(value)
        return _text(str(value))

    def _money(self, minor: int) -> str:
        amount = Amount.of_minor(minor, self.book.house.currency).value
        return f"{amount:.{digits(self.book.house.currency)}f}".removesuffix(".00")

    # -- a test of a policy --------------------------------------------------------------------------------------------

    def test(self, name: str, story: Story, wanted: str, *, pauses: bool) -> str:
        """The story as a file of policies/tests: what happens, and what goes. On its last day there should be `wanted` instead
        of what is; empty where it is as it should be. With `pauses` a person pauses the account, else an invoice is disputed.
        """
        first, last = story[0], story[-1]
        policy = self.book.policies[max(last.outcome.policy, 0)]
        sort, past = self._of(first)
        begin = zero(policy, sort)
        events: dict[int, list[str]] = {}
        for day, text in self._events(story, pauses=pauses):
            events.setdefault(day - begin, []).append(text)
        expected: dict[int, str] = {}
        for each in story:
            if each.branch in ("go", "again") and each.outcome.step is not None:
                other = self.book.policies[each.outcome.policy]
                under = "" if other is policy else f" under {other.id}"
                expected[each.day - begin] = f"{each.outcome.step.name}{under}"
        if wanted:
            expected[last.day - begin] = wanted
        owes = [amount for amount, _ in past.items]
        lines = [f"policy: {policy.id}", "account:", self.account(sort, owes, "  ").rstrip("\n"), "tests:"]
        lines.append(f"  - name: {_text(name)}")
        if events:
            lines.append("    events:")
            lines += [f"      {day}: {_texts(texts)}" for day, texts in sorted(events.items())]
        lines.append("    expect:")
        lines += [f"      {day}: {_text(text)}" for day, text in sorted(expected.items())]
        return "\n".join(lines) + "\n"

    def _of(self, day: Day) -> tuple[Sort, Past]:
        past: Past = self.walks.pasts.things[day.past]
        return self.walks.sorts[past.sort], past

    def _events(self, story: Story, *, pauses: bool) -> list[tuple[int, str]]:
        found: list[tuple[int, str]] = []
        owes = {item: amount for item, (amount, _) in enumerate(self._of(story[0])[1].items)}
        held: list[int] = []
        for day in (*story, None):
            if day is not None and day.branch == "hold":
                held.append(day.day)
                if len(held) == 1:
                    held_from = len(found)
            elif held:
                found[held_from:held_from] = self._pause(held[0], held[-1], pauses=pauses)
                held = []
            if day is None:
                break
            sort = self._of(day)[0]
            for what in day.happened:
                found += [
                    (day.day - (what.what == "dispute closed"), text) for text in self._said(what, sort, owes)
                ]
            if day.branch == "again":
                found.append((day.day, "call no answer"))
            if day.branch == "declined":
                found.append((day.day, "declined"))
        return found

    def _pause(self, first: int, last: int, *, pauses: bool) -> list[tuple[int, str]]:
        if pauses:
            until = FIRST + timedelta(days=last)
            return [(first, f"paused until {until}")]
        return [(first, "dispute opened"), (last, "dispute closed")]

    def _said(self, what: Happened, sort: Sort, owes: dict[int, int]) -> list[str]:
        """What happened, as a test has it. `owes` goes along: what is open of each item."""
        several = len(owes) > 1
        on = f" on {number(what.item, 0)}" if several and what.item >= 0 else ""
        match what.what:
            case "payment":
                before = sort.amounts[owes[what.item]]
                left = 0 if what.amount == GONE else sort.amounts[what.amount]
                owes[what.item] = what.amount
                if not left:
                    return [f"paid {number(what.item, 0)}"]
                return [f"payment {self._money(before - left)}{on}"]
            case "dispute opened" | "dispute closed":
                return [f"{what.what}{' ' + number(what.item, 0) if several else ''}"]
            case "promise":
                far = FIRST + timedelta(days=1400)
                return [f"promise by {far}{f' on {number(item, 0)}' if several else ''}" for item in owes]
            case "terms":
                return [f"terms {sort.terms}"]
        return [what.what]

    # -- a timeline ----------------------------------------------------------------------------------------------------

    def timeline(self, story: Story, broken: str = "") -> tuple[str, ...]:
        """The story's days on which something happens, in words. Days count from the due date of the first invoice."""
        sort, past = self._of(story[0])
        owed = sum(sort.amounts[amount] for amount, _ in past.items)
        lines = [proofs.begins(money(owed, self.book.house.currency), sort.terms)]
        owes = {item: amount for item, (amount, _) in enumerate(past.items)}
        held: list[Day] = []
        for day in story:
            for what in day.happened:
                lines.append(self._line(day.day, sort, self._plainly(what, sort, owes)))
            if day.branch == "hold":
                held.append(day)
                if len(held) == 1:
                    waits = f"{proofs.WAITS}: {day.outcome.step.name if day.outcome.step else ''}"
                    lines.append(self._line(day.day, sort, waits))
                continue
            if held:
                lines.append(self._line(day.day, sort, proofs.RELEASED))
                held = []
            if day.branch in ("go", "again", "declined"):
                lines.append(self._line(day.day, sort, self._goes(day.outcome, day.branch)))
        if broken:
            lines.append(self._line(story[-1].day, sort, broken))
        return tuple(lines)

    def _line(self, day: int, sort: Sort, text: str) -> str:
        late = day - sort.due
        return f"{proofs.days_late(late):>22}  {text}"

    def _goes(self, outcome: Outcome, branch: str) -> str:
        policy = self.book.policies[outcome.policy].id
        does = ", ".join(f"{action.kind.value} {action.value}".strip() for action in outcome.actions)
        tail = {"again": proofs.NOBODY_THERE, "declined": proofs.NOT_AGREED}.get(branch, "")
        at = f"{outcome.step.place.file}:{outcome.step.place.line}" if outcome.step else ""
        return f"{does}{tail}  ({policy}, {at})"

    def _plainly(self, what: Happened, sort: Sort, owes: dict[int, int]) -> str:
        if what.what != "payment":
            return proofs.HAPPENED.get(what.what, what.what)
        before = sort.amounts[owes[what.item]]
        owes[what.item] = what.amount
        currency = self.book.house.currency
        if what.amount == GONE:
            return proofs.paid_whole(number(what.item, 0), money(before, currency))
        left = sort.amounts[what.amount]
        return proofs.paid_in_part(money(before - left, currency), money(left, currency))


_ZERO = frozenset({"contacts", "broken", "kept", "claims"})


def _text(text: str) -> str:
    """A text as one value of YAML."""
    if _PLAIN.fullmatch(text) and text.lower() not in _LIKE_OTHERS:
        return text
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9 ,()/.'“”-]*", text) and text.lower() not in _LIKE_OTHERS:
        return text  # a comma is no separator outside brackets
    return json.dumps(text, ensure_ascii=False)


def _texts(texts: Sequence[str]) -> str:
    if len(texts) == 1:
        return _text(texts[0])
    return "[" + ", ".join(text if _PLAIN.fullmatch(text) else json.dumps(text) for text in texts) + "]"
