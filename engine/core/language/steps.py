"""The steps of a policy: what is done on which day, for whom, and who must agree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.core.language import norms, reading, reading_tests
from engine.core.language.condition import Condition
from engine.core.language.known import Known
from engine.core.language.policy import Action, Approval, Kind, Repeat, Step, Tone
from engine.core.language.source import Block, Line, Listing, Node, Notes, Text, short
from engine.core.language.words import Where, names, nearest
from engine.core.problem import Place

MOST_STEPS = 60
FIRST_DAY, LAST_DAY = -60, 720
LONGEST_NAME = 80
HELD = ("orders", "deliveries", "credit")
HANDED = ("agency", "attorney")
ACTIONS = {kind.value: kind for kind in Kind}
_STEP = (*names(Where.STEP)[:2], *names(Where.ACTION), *names(Where.STEP)[2:])


@dataclass(frozen=True, slots=True)
class Scope:
    """What is needed to read a file beside its text."""

    known: Known
    currency: str
    tones: Mapping[str, Tone]


def read_steps(line: Line | None, notes: Notes, scope: Scope) -> tuple[Step, ...]:
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
                f"the other is on line {same.place.line}; give this one a  name:  of its own",
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
    elif text := reading.behind(words["day"], notes, "day: 35"):
        day = reading.whole(text, notes, FIRST_DAY, LAST_DAY, "day: 45")
    read = [_action(line, notes, scope) for line in lines.lines if line.key.value in ACTIONS]
    if not read and all(line.key.value in _STEP for line in getattr(node, "lines", ())):
        known = ", ".join(ACTIONS)
        notes.error(lines.place, "this step does nothing", f"give it an action: {known}", "no-action")
    actions = tuple(action for action in read if action)
    rest = _rest(words, notes, scope)
    _refuse_unused(words, notes)
    if rest.ahead and not any(action.kind.restricts for action in actions):
        notes.error(
            words["notify"].value.place,
            "nothing in this step waits for days ahead: that belongs to terms or a hold",
            "add  hold: orders  or name only the role",
            "unused-word",
        )
    given = reading.behind(words.get("name"), notes, "name: last call")
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
    if text := reading.behind(words.get("script"), notes, "script: first-call"):
        script = template(text, "script", notes, scope)
    if text := reading.behind(words.get("to"), notes, "to: principal"):
        to = reading.one_of(text, notes, "contact", names(Where.TO), "unknown-contact")
    if text := reading.behind(words.get("from"), notes, "from: account owner"):
        sender = reading.one_of(text, notes, "role or person", known.somebody, "unknown-role")
    ahead = 0
    if text := reading.behind(words.get("notify"), notes, "notify: account owner"):
        told, ahead = _notify(text, notes, known)
    when = None
    if "when" in words:
        when = reading_tests.condition(
            words["when"].value, notes, known.fields, scope.currency, "“when”", True
        )
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
        ahead,
    )


def _notify(text: Text, notes: Notes, known: Known) -> tuple[str | None, int]:
    """`ROLE`, or `ROLE, 3 days ahead`: who is told, and how many days before it bites."""
    who, comma, when = reading.word(text).partition(",")
    told = reading.one_of(Text(who, text.place), notes, "role or person", known.somebody, "unknown-role")
    if not comma:
        return told, 0
    found = re.fullmatch(r"([0-9]{1,2}) days? ahead", when.strip().lower())
    if not found or int(found[1]) < 1:
        notes.error(
            text.place,
            f"“{short(when.strip())}” does not say how many days ahead",
            f"write  notify: {short(who)}, 3 days ahead",
            "duration",
        )
        return told, 0
    return told, int(found[1])


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
    text = reading.behind(line, notes, next(word for word in _EXAMPLES if word.startswith(kind.value + ":")))
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
            when = reading_tests.condition(whenever.value, notes, fields, currency, "“when”", True)
    text = reading.scalar(who, notes, "approve: credit manager")
    role = (
        reading.one_of(text, notes, "role or person", scope.known.somebody, "unknown-role") if text else None
    )
    return Approval(role, when, line.key.place) if role else None


def _repeat(line: Line | None, notes: Notes) -> Repeat | None:
    example = "repeat: every 14 days, at most 5"
    text = reading.behind(line, notes, example)
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
    text = reading.behind(line, notes, example)
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
    kinds = {Kind(word) for word in words if word in ACTIONS}
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
