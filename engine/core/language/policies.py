"""One policy file becomes a policy, or a list of what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.core.language import reading, reading_tests
from engine.core.language.condition import Clause
from engine.core.language.policy import Action, Clock, Event, Kind, Late, Policy, Step, Tone
from engine.core.language.source import Line, Listing, Node, Notes, Text, short
from engine.core.language.steps import ACTIONS, Scope, read_steps
from engine.core.language.words import Where, names
from engine.core.problem import Place


def read_policy(id: str, root: Node | None, notes: Notes, scope: Scope) -> Policy | None:
    """The policy of one file; None if an error was noted. `id` is the file's name without `.yaml`."""
    if root is None:
        if not notes.problems:
            notes.error(
                Place(notes.file),
                "this file is empty",
                "write a policy:  dunwell help policies",
                "empty-file",
            )
        return None
    lines = reading.block(root, notes, "a policy", names(Where.POLICY), "policy: Standard terms")
    if lines is None:
        return None
    words = {line.key.value: line for line in lines.lines}
    for wanted, example in (
        ("policy", "policy: Standard terms"),
        ("steps", "steps:  and a dash for each step"),
    ):
        if wanted not in words:
            notes.error(lines.place, f"this policy has no “{wanted}”", f"write  {example}", "missing-word")
    title = reading.behind(words.get("policy"), notes, "policy: Standard terms")
    start = _choice(words.get("start"), notes, "event", Event, "start: promise broken")
    clock = _clock(words, lines.place, notes)
    fits = _fits(words.get("for"), lines.place, notes, scope)
    each = reading.behind(words.get("each"), notes, "each: invoice")
    if each and reading.word(each).lower() not in ("invoice", "account"):
        notes.error(
            each.place, f"“each” is not “{short(each.value)}”", "write  each: invoice", "unknown-value"
        )
    without = _without(words.get("without"), notes)
    late = read_late(words["late"].value, notes) if "late" in words else None
    gap = _days(words.get("gap"), notes, "gap: 7 days")
    answer = _days(words.get("answer"), notes, "answer: 10 days")
    steps = read_steps(words.get("steps"), notes, scope)
    _refuse_early(steps, clock, start, notes, scope)
    _refuse_without(steps, without, notes)
    _ladder_tones(steps, notes, scope)
    if notes.failed or title is None or fits is None:
        return None
    return Policy(
        id,
        reading.word(title),
        fits,
        clock,
        steps,
        lines.place,
        start,
        bool(each and reading.word(each).lower() == "invoice"),
        without,
        late,
        gap,
        answer,
    )


def _days(line: Line | None, notes: Notes, example: str) -> int | None:
    text = reading.behind(line, notes, example)
    return reading.duration(text, notes, "day", 365, example) if text else None


def _choice(line: Line | None, notes: Notes, what: str, kind: type[Event], example: str) -> Event | None:
    text = reading.behind(line, notes, example)
    found = reading.one_of(text, notes, what, list(kind), "unknown-value") if text else None
    return kind(found) if found else None


def _clock(words: Mapping[str, Line], place: Place, notes: Notes) -> Clock:
    if "clock" in words and "start" in words:
        notes.error(
            words["start"].key.place,
            "“clock” and “start” both say what “day” counts from",
            "keep one of them",
            "clock-and-start",
            also=words["clock"].key.place,
        )
    if text := reading.behind(words.get("clock"), notes, "clock: invoice date"):
        found = reading.one_of(text, notes, "clock", list(Clock), "unknown-value")
        return Clock(found) if found else Clock.DUE_DATE
    if "clock" not in words and "start" not in words:
        notes.warn(
            place,
            "this policy does not say what “day” counts from; it counts from the due date",
            "write  clock: due date  or  clock: invoice date",
            "no-clock",
        )
    return Clock.DUE_DATE


def _fits(line: Line | None, place: Place, notes: Notes, scope: Scope) -> Clause | None:
    if line is None or (isinstance(line.value, Text) and not line.value.value.strip()):
        return Clause((), line.key.place if line else place)
    if isinstance(line.value, Listing):
        notes.error(
            line.value.place,
            "“for” has no dashes: its lines must all hold",
            "take the dashes away; for one of several words write  segment: [trade, retail]",
            "dashes-in-for",
        )
        return None
    return reading_tests.clause(line.value, notes, scope.known.fields, scope.currency, "“for”")


def _without(line: Line | None, notes: Notes) -> tuple[Kind, ...]:
    if line is None:
        return ()
    found = reading.texts(line.value, notes, "without: [call, terms]") or ()
    chosen = [reading.one_of(text, notes, "action", ACTIONS, "unknown-action") for text in found]
    return tuple(dict.fromkeys(Kind(name) for name in chosen if name))


def read_late(node: Node, notes: Notes) -> Late | None:
    """`climb`, `latest` or `skip 7 days`."""
    text = reading.scalar(node, notes, "late: climb")
    if text is None:
        return None
    said = reading.word(text).lower()
    if said in ("climb", "latest"):
        return Late(said)
    if found := re.fullmatch(r"skip ([0-9]{1,3})( days?)?", said):
        return Late("skip", int(found[1]))
    notes.error(
        text.place, f"“late” is not “{short(text.value)}”", "write  climb,  latest  or  skip 7 days", "late"
    )
    return None


def _refuse_early(
    steps: tuple[Step, ...], clock: Clock, start: Event | None, notes: Notes, scope: Scope
) -> None:
    """A step before the due date is a courtesy: it needs the clock that knows that date, and its tone."""
    for step in steps:
        if step.day >= 0:
            continue
        if start or clock is not Clock.DUE_DATE:
            counted = start.value if start else clock.value
            notes.error(
                step.place,
                f"day {step.day} is before the {counted}, where there is nothing yet",
                "write  clock: due date  for a step before the due date",
                "negative-day",
            )
        for action in step.actions:
            tone = scope.tones.get(action.value) if action.kind.written else None
            if action.kind.effect or (tone and tone is not Tone.COURTEOUS):
                does = (
                    f"“{action.value}” is {tone.value}" if tone else f"“{action.kind.value}” is no courtesy"
                )
                notes.error(
                    action.place,
                    f"{does}, and day {step.day} is before anything is due",
                    "only a courteous message or a call may come before the due date",
                    "early-demand",
                )


def _refuse_without(steps: tuple[Step, ...], without: tuple[Kind, ...], notes: Notes) -> None:
    for step in steps:
        for action in step.actions:
            if action.kind in without:
                notes.error(
                    action.place,
                    f"this policy is “without: {action.kind.value}”, and this step has one",
                    "take the action away, or the word from “without”",
                    "without",
                )


def _ladder_tones(steps: tuple[Step, ...], notes: Notes, scope: Scope) -> None:
    """The first written step is courteous or firm, and no later one is softer than an earlier one."""
    reached: tuple[Tone, Action] | None = None
    first = True
    for step in steps:
        written = [
            (scope.tones[a.value], a) for a in step.actions if a.kind.written and a.value in scope.tones
        ]
        for tone, action in written:
            if first and tone.rank > Tone.FIRM.rank:
                notes.error(
                    action.place,
                    f"the first message is {tone.value}; nobody's first message is a final demand",
                    "put a courteous or firm message before it",
                    "first-tone",
                )
            if reached and tone.rank < reached[0].rank:
                notes.error(
                    action.place,
                    f"“{action.value}” is {tone.value}, softer than “{reached[1].value}” before it",
                    f"that one is {reached[0].value}; along a ladder the tone never softens",
                    "softer-tone",
                    also=reached[1].place,
                )
            if tone is Tone.LEGAL and step.approve is None:
                notes.warn(
                    action.place,
                    f"“{action.value}” speaks of the law and nobody is named to agree to it; the house's owner is asked",
                    "add  approve: credit manager",
                    "legal-without-approval",
                )
            if tone is Tone.LEGAL and not any(later.has(Kind.HAND_OFF) for later in steps[step.index :]):
                notes.error(
                    action.place,
                    f"“{action.value}” speaks of the law, and no step of this ladder does what it says",
                    "add a step after it that does, like  hand off: attorney;  never threaten what will not come",
                    "empty-threat",
                )
        if written:
            strongest = max(written, key=lambda each: each[0].rank)
            if reached is None or strongest[0].rank > reached[0].rank:
                reached = strongest
            first = False
        for action in step.actions:
            if action.kind is Kind.HAND_OFF and step.approve is None:
                notes.warn(
                    action.place,
                    f"the account goes to the {action.value} and nobody has to agree to it",
                    "add  approve: credit manager",
                    "hand-off-without-approval",
                )
