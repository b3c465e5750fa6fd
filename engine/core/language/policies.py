"""One policy file becomes a policy, or a list of what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.core.language import norms, reading
from engine.core.language.condition import Clause, Condition
from engine.core.language.known import Known
from engine.core.language.policy import Action, Approval, Clock, Event, Kind, Late, Policy, Repeat, Step, Tone
from engine.core.language.source import Block, Line, Listing, Node, Notes, Text, short
from engine.core.language.words import Where, names, nearest
from engine.core.problem import Place

MOST_STEPS = 60
FIRST_DAY, LAST_DAY = -60, 720
LONGEST_NAME = 80
HELD = ("orders", "deliveries", "credit")
HANDED = ("agency", "attorney")
_ACTIONS = {kind.value: kind for kind in Kind}
_STEP = (*names(Where.STEP)[:2], *names(Where.ACTION), *names(Where.STEP)[2:])


@dataclass(frozen=True, slots=True)
class Scope:
    """What is needed to read a file beside its text."""

    known: Known
    currency: str
    tones: Mapping[str, Tone]


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
    title = _text(words.get("policy"), notes, "policy: Standard terms")
    start = _choice(words.get("start"), notes, "event", Event, "start: promise broken")
    clock = _clock(words, lines.place, notes)
    fits = _fits(words.get("for"), lines.place, notes, scope)
    each = _text(words.get("each"), notes, "each: invoice")
    if each and reading.word(each).lower() not in ("invoice", "account"):
        notes.error(
            each.place, f"“each” is not “{short(each.value)}”", "write  each: invoice", "unknown-value"
        )
    without = _without(words.get("without"), notes)
    late = read_late(words["late"].value, notes) if "late" in words else None
    gap = _days(words.get("gap"), notes, "gap: 7 days")
    answer = _days(words.get("answer"), notes, "answer: 10 days")
    steps = _steps(words.get("steps"), notes, scope)
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


def _text(line: Line | None, notes: Notes, example: str) -> Text | None:
    return reading.scalar(line.value, notes, example) if line else None


def _days(line: Line | None, notes: Notes, example: str) -> int | None:
    text = _text(line, notes, example)
    return reading.duration(text, notes, "day", 365, example) if text else None


def _choice(line: Line | None, notes: Notes, what: str, kind: type[Event], example: str) -> Event | None:
    text = _text(line, notes, example)
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
    if text := _text(words.get("clock"), notes, "clock: invoice date"):
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
    return reading.clause(line.value, notes, scope.known.fields, scope.currency, "“for”")


def _without(line: Line | None, notes: Notes) -> tuple[Kind, ...]:
    if line is None:
        return ()
    found = reading.texts(line.value, notes, "without: [call, terms]") or ()
    chosen = [reading.one_of(text, notes, "action", _ACTIONS, "unknown-action") for text in found]
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


def _steps(line: Line | None, notes: Notes, scope: Scope) -> tuple[Step, ...]:
    """The steps in the order of day, then of the file, numbered; also if some could not be read."""
    if line is None:
        return ()
    if not isinstance(line.value, Listing) or not line.value.items:
        notes.error(
            line.key.place, "“steps” is a list of dashes, one a step", "write  - day: 35", "steps-wanted"
        )
        return ()
    if len(line.value.items) > MOST_STEPS:
        notes.error(
            line.key.place,
            f"{len(line.value.items)} steps are too many for a policy",
            f"a policy has at most {MOST_STEPS}; split it by whom it is for",
            "too-many-steps",
        )
        return ()
    read = [_step(item, notes, scope) for item in line.value.items]
    steps = [step for step in read if step]
    latest: Step | None = None
    first: dict[str, Step] = {}
    for step in steps:
        if latest and step.day < latest.day:
            notes.warn(
                step.place,
                f"day {step.day} stands after day {latest.day} (line {latest.place.line})",
                "steps are taken in the order of day; move this one up so that it reads so",
                "order-of-days",
                also=latest.place,
            )
        else:
            latest = step
        if same := first.get(step.name.lower()):
            notes.error(
                step.place,
                f"two steps are called “{short(step.name)}”",
                f"the other is on line {same.place.line}; give one of them a name, like  name: second {short(step.name)}",
                "same-name",
                also=same.place,
            )
        first.setdefault(step.name.lower(), step)
    steps.sort(key=lambda step: step.day)
    return tuple(replace(step, index=index) for index, step in enumerate(steps))


def _step(node: Node, notes: Notes, scope: Scope) -> Step | None:
    lines = reading.block(node, notes, "a step", _STEP, "- day: 35")
    if lines is None:
        return None
    words = {line.key.value: line for line in lines.lines}
    day = None
    if "day" not in words:
        notes.error(
            lines.place,
            "this step has no “day”",
            "every step needs the day it falls on, like  day: 35",
            "missing-day",
        )
    elif text := _text(words["day"], notes, "day: 35"):
        day = reading.whole(text, notes, FIRST_DAY, LAST_DAY, "day: 45")
    read = [_action(line, notes, scope) for line in lines.lines if line.key.value in _ACTIONS]
    if not read and all(line.key.value in _STEP for line in getattr(node, "lines", ())):
        known = ", ".join(_ACTIONS)
        notes.error(lines.place, "this step does nothing", f"give it an action: {known}", "no-action")
    actions = tuple(action for action in read if action)
    rest = _rest(words, notes, scope)
    _refuse_unused(words, notes)
    given = _text(words.get("name"), notes, "name: last call")
    if given and len(given.value) > LONGEST_NAME:
        notes.error(
            given.place, "this name is too long", f"at most {LONGEST_NAME} characters", "out-of-range"
        )
    if day is None or not actions or len(actions) < len(read):
        return None
    name = reading.word(given) if given else ", ".join(f"{each.kind.value} {each.value}" for each in actions)
    return replace(rest, name=name, day=day, actions=actions, place=lines.place)


def _rest(words: Mapping[str, Line], notes: Notes, scope: Scope) -> Step:
    """All words of a step but its day, name and actions, which the caller fills in."""
    known = scope.known
    script = to = sender = told = None
    if text := _text(words.get("script"), notes, "script: first-call"):
        script = template(text, "script", notes, scope)
    if text := _text(words.get("to"), notes, "to: principal"):
        to = reading.one_of(text, notes, "contact", names(Where.TO), "unknown-contact")
    if text := _text(words.get("from"), notes, "from: account owner"):
        sender = reading.one_of(text, notes, "role or person", known.somebody, "unknown-role")
    if text := _text(words.get("notify"), notes, "notify: account owner"):
        told = reading.one_of(text, notes, "role or person", known.somebody, "unknown-role")
    when = None
    if "when" in words:
        when = reading.condition(words["when"].value, notes, known.fields, scope.currency, "“when”", True)
    return Step(
        "",
        0,
        0,
        (),
        Place(notes.file),
        script,
        to or "accounts payable",
        sender,
        _approve(words.get("approve"), notes, scope),
        when,
        told,
        _repeat(words.get("repeat"), notes),
        _restore(words.get("restore-after"), notes),
    )


def template(text: Text, kind: str, notes: Notes, scope: Scope) -> str | None:
    known = scope.known.names(kind)
    said = reading.word(text)
    if said in known:
        return said
    other = "message" if kind == "script" else "script"
    if said in scope.known.names(other):
        what = "a message, not a call script" if kind == "script" else "a call script, not a message"
        notes.error(text.place, f"“{short(said)}” is {what}", nearest("", known), "wrong-template")
        return None
    what = "script" if kind == "script" else "template"
    stem = said.removesuffix(".md")
    hint = nearest(stem, known) if known else f"write it as templates/{short(stem)}.md"
    notes.error(text.place, f"there is no {what} “{short(said)}”", hint, "unknown-template")
    return None


def _action(line: Line, notes: Notes, scope: Scope) -> Action | None:
    kind = Kind(line.key.value)
    known = scope.known
    text = _text(line, notes, next(word for word in _EXAMPLES if word.startswith(kind.value + ":")))
    if text is None:
        return None
    value: str | None
    what = ""
    match kind:
        case Kind.CALL:
            value = reading.one_of(text, notes, "role or person", known.somebody, "unknown-role")
        case Kind.EMAIL | Kind.LETTER | Kind.STATEMENT:
            value = template(text, "message", notes, scope)
        case Kind.TERMS:
            value = _new_terms(text, notes)
        case Kind.HOLD:
            value = reading.one_of(text, notes, "hold", HELD, "unknown-value")
        case Kind.HAND_OFF:
            value = reading.one_of(text, notes, "hand-off", HANDED, "unknown-value")
        case Kind.TASK:
            value, what = read_task(text, notes, known)
        case Kind.WEBHOOK:
            value = reading.one_of(text, notes, "webhook", sorted(known.webhooks), "unknown-webhook")
    return Action(kind, value, line.key.place, what) if value else None


_EXAMPLES = (
    "call: collector",
    "email: friendly-statement",
    "letter: firm-reminder",
    "statement: monthly-statement",
    "terms: cash on delivery",
    "hold: orders",
    "hand off: agency",
    "task: account owner, visit the customer",
    "webhook: crm",
)


def read_task(text: Text, notes: Notes, known: Known) -> tuple[str | None, str]:
    """`ROLE, what`: whom the task goes to, and its text."""
    who, _, what = reading.word(text).partition(",")
    person = reading.one_of(Text(who, text.place), notes, "role or person", known.somebody, "unknown-role")
    if person and not what.strip():
        notes.error(
            text.place,
            "this task does not say what is to be done",
            f"write  task: {person}, visit the customer",
            "task",
        )
        return None, ""
    return person, what.strip()


def _new_terms(text: Text, notes: Notes) -> str | None:
    meaning = norms.terms(reading.word(text))
    if isinstance(meaning, str):
        if norms.understood(meaning):
            return meaning
        notes.error(
            text.place,
            f"nobody knows the terms “{short(text.value)}”",
            "write  cash on delivery,  cash in advance  or terms like  net 10",
            "unknown-terms",
        )
        return None
    readings = "  or  ".join(each.text for each in meaning.readings)
    notes.error(
        text.place,
        f"“{short(text.value)}” is read in more than one way",
        f"write  {readings}",
        "ambiguous-terms",
    )
    return None


def _approve(line: Line | None, notes: Notes, scope: Scope) -> Approval | None:
    if line is None:
        return None
    who: Node = line.value
    when: Condition | None = None
    if isinstance(line.value, Block):
        lines = reading.block(
            line.value, notes, "“approve”", names(Where.APPROVAL), "approve: credit manager"
        )
        by = lines.get("by") if lines else None
        if lines is None or by is None:
            notes.error(
                line.key.place, "this approval does not say who", "write  by: credit manager", "missing-word"
            )
            return None
        who = by.value
        if whenever := lines.get("when"):
            fields, currency = scope.known.fields, scope.currency
            when = reading.condition(whenever.value, notes, fields, currency, "“when”", True)
    text = reading.scalar(who, notes, "approve: credit manager")
    role = (
        reading.one_of(text, notes, "role or person", scope.known.somebody, "unknown-role") if text else None
    )
    return Approval(role, when, line.key.place) if role else None


def _repeat(line: Line | None, notes: Notes) -> Repeat | None:
    example = "repeat: every 14 days, at most 5"
    text = _text(line, notes, example)
    if text is None:
        return None
    found = re.fullmatch(
        r"every ([0-9]{1,3}) days?, ?at most ([0-9]{1,3})( times)?", reading.word(text).lower()
    )
    if not found or int(found[1]) < 1 or int(found[2]) < 1:
        notes.error(
            text.place,
            f"“{short(text.value)}” does not say how often and how many times",
            f"write  {example}",
            "repeat",
        )
        return None
    return Repeat(int(found[1]), int(found[2]))


def _restore(line: Line | None, notes: Notes) -> int:
    example = "restore-after: 3 clean months"
    text = _text(line, notes, example)
    if text is None:
        return 0
    found = re.fullmatch(r"([0-9]{1,2})( clean)?( months?)?", reading.word(text).lower())
    if not found:
        notes.error(
            text.place, f"“{short(text.value)}” is no number of months", f"write  {example}", "duration"
        )
        return 0
    return int(found[1])


def _refuse_unused(words: Mapping[str, Line], notes: Notes) -> None:
    """Words that say something about an action which the step does not have."""
    kinds = {Kind(word) for word in words if word in _ACTIONS}
    written = any(kind.written for kind in kinds)
    effect = any(kind.effect for kind in kinds)
    needs = (
        ("script", Kind.CALL in kinds, "a call", "call: collector"),
        ("from", written, "a message", "email: friendly-statement"),
        ("to", written or Kind.CALL in kinds, "a call or a message", "email: friendly-statement"),
        ("restore-after", effect, "terms, hold or hand off", "hold: orders"),
    )
    for word, there, what, example in needs:
        if word in words and not there:
            notes.error(
                words[word].key.place,
                f"“{word}” belongs to {what}, and this step has none",
                f"add  {example}  or take “{word}” away",
                "unused-word",
            )
    if "repeat" in words and effect:
        notes.error(
            words["repeat"].key.place,
            "terms, hold and hand off happen once an episode and cannot repeat",
            "put what repeats into a step of its own",
            "repeated-effect",
        )


def _refuse_early(
    steps: tuple[Step, ...], clock: Clock, start: Event | None, notes: Notes, scope: Scope
) -> None:
    """A step before the due date is a courtesy: it needs the clock that knows the due date, and a courteous tone."""
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
                    f"“{action.value}” is {tone.value}, softer than “{reached[1].value}” before it ({reached[0].value})",
                    "along a ladder the tone never softens; change the order or the template",
                    "softer-tone",
                    also=reached[1].place,
                )
            if tone is Tone.LEGAL and step.approve is None:
                notes.warn(
                    action.place,
                    f"“{action.value}” speaks of the law and nobody has to agree to it",
                    "add  approve: credit manager",
                    "legal-without-approval",
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
