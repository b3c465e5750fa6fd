"""policies/tests/*.yaml: what people write of an account's days becomes a trial that can be run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.core import workdays
from engine.core.language import reading
from engine.core.language.policy import Policy
from engine.core.language.source import Block, Line, Listing, Node, Notes, Text, short
from engine.core.language.steps import Scope
from engine.core.language.trial_accounts import Accounts
from engine.core.language.trials import (
    REASONS,
    Expectation,
    Happening,
    Trial,
    TrialAccount,
    TrialFile,
    Want,
)
from engine.core.language.words import Where, names, nearest
from engine.core.problem import Place

FIRST_DAY, LAST_DAY = -120, 1500
_UNDER = re.compile(r"(?P<step>.+?)\s+under\s+(?P<policy>\S+)", re.IGNORECASE)
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
class _Reader(Accounts):
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
            day = self._day_of(each.key)
            texts = reading.texts(each.value, self.notes, example)
            if day is not None:
                found += [(day, text) for text in texts or ()]
        return found

    def _day_of(self, text: Text) -> int | None:
        """A day of the test: it counts on the policy's clock, from the first invoice."""
        said = reading.word(text).lower()
        if re.fullmatch(r"[+-]?[0-9]{1,9}", said):
            return reading.whole(text, self.notes, FIRST_DAY, LAST_DAY, "35: call collector")
        number = re.fullmatch(r"day ([+-]?[0-9]{1,4})", said)
        self.notes.error(
            text.place,
            f"“{short(text.value)}” is no day of a test",
            f"write  {int(number[1])}: …"
            if number
            else "days are numbers, counted from the first invoice on the policy's clock:  35: …",
            "unknown-day",
        )
        return None

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
        step, other = said, None
        found = _UNDER.fullmatch(said)
        if found and not (policy and _meant(said, policy)):
            step = found["step"]
            id = Text(found["policy"], text.place)
            other = reading.one_of(id, self.notes, "policy", self.ids, "unknown-policy")
            if other is None:
                return None
            policy = self.policies.get(other)
        if policy is None:
            return Expectation(day, said, text.place, (Want(said, (), text.place, other),))
        steps = _meant(step, policy)
        if not steps:
            known = [each.name for each in policy.steps]
            elsewhere = next((id for id, each in self.policies.items() if _meant(step, each)), None)
            suggestion = nearest(step, known)
            if elsewhere and not suggestion.startswith("did you mean"):
                suggestion += f"; “{elsewhere}” has it, whose tests stand under  policy: {elsewhere}"
            self.notes.error(
                text.place,
                f"policy “{policy.id}” has no step “{short(step)}”",
                suggestion,
                "unknown-step",
            )
            return None
        return Expectation(day, said, text.place, (Want(said, steps, text.place, other),))


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
