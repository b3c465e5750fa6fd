"""policies/tests/*.yaml: what people write of an account's days becomes a trial that can be run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.core import workdays
from engine.core.language import reading, reading_tests
from engine.core.language.condition import Value
from engine.core.language.fields import Field, Type
from engine.core.language.happenings import Happenings
from engine.core.language.policy import Policy
from engine.core.language.source import Block, Line, Listing, Node, Notes, Text, short
from engine.core.language.steps import Scope
from engine.core.language.trials import (
    ADDRESSES,
    REASONS,
    Document,
    DocumentKind,
    Expectation,
    Happening,
    Trial,
    TrialAccount,
    TrialFile,
    Want,
)
from engine.core.language.words import Where, names, nearest
from engine.core.money import is_currency, read_amount
from engine.core.problem import Place

FIRST_DAY, LAST_DAY = -120, 1500
_LISTS = {
    "invoices": DocumentKind.INVOICE,
    "credits": DocumentKind.CREDIT_NOTE,
    "payments": DocumentKind.PAYMENT,
}
_NOTHING = re.compile(r"nothing(?:\s*,?\s*because\s+(?P<reason>.+))?", re.IGNORECASE)


def read_trials(
    root: Node | None, notes: Notes, scope: Scope, ids: tuple[str, ...], policies: Mapping[str, Policy]
) -> TrialFile | None:
    """One file of tests; None after an error. `ids` are all policies, `policies` those that could be read."""
    if root is None:
        if not notes.problems:
            notes.error(
                Place(notes.file), "this file is empty", "write  policy: standard  and  tests:", "empty-file"
            )
        return None
    lines = reading.block(root, notes, "a test file", names(Where.TRIALS), "policy: standard")
    if lines is None:
        return None
    reader = _Reader(notes, scope, ids, policies)
    for wanted in ("policy", "tests"):
        if lines.get(wanted) is None:
            notes.error(
                lines.place,
                f"this test file has no “{wanted}”",
                "write  policy: standard  and  tests:",
                "missing-word",
            )
    id = calendar = None
    if line := lines.get("policy"):
        id = reader.policy(line)
    if line := lines.get("calendar"):
        calendar = reader.calendar(line)
    account = TrialAccount({}, (), lines.place)
    if line := lines.get("account"):
        account = reader.account(line, account)
    trials = reader.trials(lines.get("tests"), account, id)
    if notes.failed or id is None:
        return None
    return TrialFile(notes.file, id, trials, lines.place, calendar)


@dataclass(frozen=True, slots=True)
class _Reader(Happenings):
    ids: tuple[str, ...]
    policies: Mapping[str, Policy]

    def policy(self, line: Line) -> str | None:
        text = reading.scalar(line.value, self.notes, "policy: standard")
        return reading.one_of(text, self.notes, "policy", self.ids, "unknown-policy") if text else None

    def calendar(self, line: Line) -> str | None:
        text = reading.scalar(line.value, self.notes, "calendar: US")
        if text is None or workdays.is_calendar(reading.word(text)):
            return reading.word(text) if text else None
        self.notes.error(
            text.place,
            f"there is no calendar “{short(text.value)}”",
            "write a country's code, like  US",
            "unknown-calendar",
        )
        return None

    # the account

    def account(self, line: Line, under: TrialAccount) -> TrialAccount:
        """The lines of `account` on top of another's: a list of documents replaces those of its kind."""
        known = self.facts()
        words = (*names(Where.ACCOUNT), *known)
        if isinstance(line.value, Block):
            for each in line.value.lines:
                field = self.scope.known.fields.get(each.key.value)
                if field and each.key.value not in words:
                    self.notes.error(
                        each.key.place,
                        f"“{field.name}” follows from the invoices and from what happens; it cannot be set",
                        "write the  invoices:,  or  events:  that lead to it",
                        "computed-field",
                    )
            kept = tuple(
                each
                for each in line.value.lines
                if each.key.value in words or each.key.value not in self.scope.known.fields
            )
            node: Node = Block(kept, line.value.place)
        else:
            node = line.value
        lines = reading.block(node, self.notes, "the account of a test", words, "account: {segment: trade}")
        if lines is None:
            return under
        fields, documents = dict(under.fields), list(under.documents)
        name, addresses = under.name, under.addresses
        for each in lines.lines:
            word = each.key.value
            if word in _LISTS:
                kind = _LISTS[word]
                documents = [document for document in documents if document.kind is not kind]
                documents += self._documents(each, kind)
            elif word == "name":
                text = reading.scalar(each.value, self.notes, "name: Harbor Supply")
                name = reading.word(text) if text else name
            elif word == "addresses":
                addresses = self._addresses(each)
            else:
                value = self._value(each, known[word])
                if value is not None:
                    fields[known[word].column] = value
        documents.sort(key=lambda document: list(DocumentKind).index(document.kind))
        return TrialAccount(fields, tuple(documents), lines.place, name, addresses)

    def _value(self, line: Line, field: Field) -> Value | None:
        if field.type is Type.TAGS:
            tags = reading.texts(line.value, self.notes, field.example) or ()
            return frozenset(reading.word(tag).lower() for tag in tags)
        text = reading.scalar(line.value, self.notes, field.example)
        if text is None:
            return None
        return self.single(field, text)

    def _addresses(self, line: Line) -> frozenset[str]:
        known = ("none", "email", *ADDRESSES)
        found: set[str] = set()
        for text in reading.texts(line.value, self.notes, "addresses: [post, phone]") or ():
            match reading.one_of(text, self.notes, "address", known, "unknown-address"):
                case "email":
                    found |= {each for each in ADDRESSES if each.startswith("email")}
                case "none" | None:
                    pass
                case address:
                    found.add(address)
        return frozenset(found)

    def _documents(self, line: Line, kind: DocumentKind) -> list[Document]:
        if not isinstance(line.value, Listing):
            self.notes.error(
                line.value.place,
                f"“{line.key.value}” is a list, one dash or brace each",
                f'write  {line.key.value}: [{{number: A1, date: 2026-01-05, amount: "1,200"}}]',
                "dashes-wanted",
            )
            return []
        read = [self._document(node, kind, n + 1) for n, node in enumerate(line.value.items)]
        seen: dict[str, Place] = {}
        for document in filter(None, read):
            if document.number in seen:
                self.notes.error(
                    document.place,
                    f"two documents have the number “{short(document.number)}”",
                    "each has its own",
                    "same-number",
                )
            seen[document.number] = document.place
        return [document for document in read if document]

    def _document(self, node: Node, kind: DocumentKind, count: int) -> Document | None:
        what = f"{'an' if kind is DocumentKind.INVOICE else 'a'} {kind.value.replace('_', ' ')}"
        lines = reading.block(
            node, self.notes, what, names(Where.DOCUMENT), "{number: A1, date: 2026-01-05, amount: 1200}"
        )
        if lines is None:
            return None
        text = {
            line.key.value: reading.scalar(line.value, self.notes, f"{line.key.value}: …")
            for line in lines.lines
        }
        for wanted, example in (("date", "date: 2026-01-05"), ("amount", "amount: 1200")):
            if wanted not in text:
                self.notes.error(
                    lines.place,
                    f"this {what.split(' ', 1)[1]} has no “{wanted}”",
                    f"write  {example}",
                    "missing-word",
                )
        currency = self._currency(text.get("currency"))
        amount = self._amount(text.get("amount"), currency)
        written = self.day(text.get("date"))
        if amount is None or written is None:
            return None
        still = self._amount(text.get("open"), amount[1])
        if still and (still[0] > amount[0] or still[1] != amount[1]):
            place = lines.get("open")
            self.notes.error(
                place.key.place if place else lines.place,
                "more is open than was written",
                "write what is left of it",
                "open",
            )
        disputed = text.get("disputed")
        flag = self.scope.known.fields["disputed"]
        number = text.get("number")
        prefix = {"invoice": "A", "credit_note": "C", "payment": "P"}.get(kind.value, "D")
        return Document(
            kind,
            reading.word(number) if number else f"{prefix}{count}",
            written,
            amount[0],
            still[0] if still else amount[0],
            amount[1],
            lines.place,
            self.day(text.get("due")),
            self.day(text.get("statement")),
            bool(reading_tests.read_word(flag, disputed, self.notes)) if disputed else False,
        )

    def _currency(self, text: Text | None) -> str:
        if text is None:
            return self.scope.currency
        code = reading.word(text).upper()
        if not is_currency(code):
            self.notes.error(
                text.place,
                f"there is no currency “{short(text.value)}”",
                "write its code, like  EUR",
                "unknown-currency",
            )
        return code

    def _amount(self, text: Text | None, currency: str) -> tuple[int, str] | None:
        """Minor units and their currency, which need not be the house's."""
        if text is None:
            return None
        try:
            amount = read_amount(reading.word(text), currency)
            if amount.value <= 0:
                raise ValueError("an amount here is more than 0")
            return amount.minor, amount.currency
        except ValueError as error:
            self.notes.error(text.place, str(error), 'write  amount: 1200  or  amount: "1,200"', "amount")
            return None

    # what happens and what must be done

    def trials(self, line: Line | None, account: TrialAccount, id: str | None) -> tuple[Trial, ...]:
        if line is None:
            return ()
        if not isinstance(line.value, Listing) or not line.value.items:
            self.notes.error(
                line.key.place,
                "“tests” is a list of dashes, one a test",
                "write  - name: walks the ladder",
                "dashes-wanted",
            )
            return ()
        read = [trial for node in line.value.items if (trial := self._trial(node, account, id))]
        seen: dict[str, Place] = {}
        for trial in read:
            if trial.name in seen:
                self.notes.error(
                    trial.place,
                    f"two tests are called “{short(trial.name)}”",
                    "give each its own name",
                    "same-name",
                    also=seen[trial.name],
                )
            seen[trial.name] = trial.place
        return tuple(read)

    def _trial(self, node: Node, account: TrialAccount, id: str | None) -> Trial | None:
        lines = reading.block(node, self.notes, "a test", names(Where.TRIAL), "- name: walks the ladder")
        if lines is None:
            return None
        for wanted, example in (
            ("name", "name: walks the ladder"),
            ("expect", "expect: {35: call collector}"),
        ):
            if lines.get(wanted) is None:
                self.notes.error(
                    lines.place, f"this test has no “{wanted}”", f"write  {example}", "missing-word"
                )
        named = lines.get("name")
        name = reading.scalar(named.value, self.notes, "name: walks the ladder") if named else None
        if line := lines.get("account"):
            account = self.account(line, account)
        if account.first is None and not self.notes.failed:
            self.notes.error(
                lines.place,
                "there is no invoice to count days from",
                'write  invoices: [{number: A1, date: 2026-01-05, amount: "1,200"}]  under “account”',
                "no-invoice",
            )
        numbers = tuple(document.number for document in account.documents)
        events: list[Happening] = []
        if line := lines.get("events"):
            for day, text in self._days(line, "events: {40: dispute opened}"):
                event = self.happening(day, text, numbers)
                events += [event] if event else []
        events.sort(key=lambda event: event.day)
        expect, policy = self._expect(lines.get("expect"), id)
        return Trial(reading.word(name) if name else "", account, tuple(events), expect, lines.place, policy)

    def _days(self, line: Line, example: str) -> list[tuple[int, Text]]:
        """Every (day, text) of a block; a list behind a day has several texts."""
        if not isinstance(line.value, Block):
            self.notes.error(
                line.value.place,
                f"“{line.key.value}” is lines of  day: what",
                f"write  {example}",
                "lines-wanted",
            )
            return []
        found = []
        for each in line.value.lines:
            day = reading.whole(each.key, self.notes, FIRST_DAY, LAST_DAY, example)
            texts = reading.texts(each.value, self.notes, example)
            if day is not None:
                found += [(day, text) for text in texts or ()]
        return found

    def _expect(self, line: Line | None, id: str | None) -> tuple[tuple[Expectation, ...], str | None]:
        if line is None:
            return (), None
        if isinstance(line.value, Text):
            said = reading.word(line.value)
            if said.lower().startswith("policy "):
                other = Text(said[7:], line.value.place)
                return (), reading.one_of(other, self.notes, "policy", self.ids, "unknown-policy")
            if said.lower() == "no policy":
                return (), ""
            if said.lower() == "nothing":
                return (), None
            self.notes.error(
                line.value.place or line.key.place,
                "“expect” is lines of  day: what must be done,  or the policy that takes the account",
                "write  expect: {35: call collector}  or  expect: policy key-accounts",
                "expect",
            )
            return (), None
        by_day: dict[int, Expectation] = {}
        policy = self.policies.get(id or "")
        for day, text in self._days(line, "expect: {35: call collector}"):
            one = self._expectation(day, text, policy)
            if one and day in by_day:
                before = by_day[day]
                one = replace(before, text=f"{before.text}; {one.text}", wants=before.wants + one.wants)
            if one:
                by_day[day] = one
        return tuple(by_day[day] for day in sorted(by_day)), None

    def _expectation(self, day: int, text: Text, policy: Policy | None) -> Expectation | None:
        said = reading.word(text)
        if found := _NOTHING.fullmatch(said):
            reason = found["reason"]
            if reason is None:
                return Expectation(day, said, text.place)
            because = REASONS.get(reason.lower().removeprefix("of ").removeprefix("the ").removeprefix("a "))
            if because is None:
                self.notes.error(
                    text.place, f"“{short(reason)}” is not a reason", nearest(reason, _SAID), "unknown-reason"
                )
                return None
            return Expectation(day, said, text.place, because=because)
        if policy is None:
            return Expectation(day, said, text.place, (Want(said, (), text.place),))
        steps = _meant(said, policy)
        if not steps:
            known = [step.name for step in policy.steps]
            self.notes.error(
                text.place,
                f"policy “{policy.id}” has no step “{short(said)}”",
                nearest(said, known),
                "unknown-step",
            )
            return None
        return Expectation(day, said, text.place, (Want(said, steps, text.place),))


_SAID = tuple(REASONS)


def _meant(said: str, policy: Policy) -> tuple[str, ...]:
    """The steps that a text can mean: one of that name, or those with exactly these actions in any order."""
    wanted = said.lower()
    named = tuple(step.name for step in policy.steps if step.name.lower() == wanted)
    if named:
        return named
    parts = sorted(part.strip() for part in wanted.split(","))
    return tuple(
        step.name
        for step in policy.steps
        if sorted(f"{each.kind.value} {each.value}".lower() for each in step.actions) == parts
    )
