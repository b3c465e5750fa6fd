"""outcomes.yaml: what follows each outcome of a call."""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.core.language import reading
from engine.core.language.follows import (
    NOW,
    PEER,
    Asked,
    Call,
    Delay,
    Email,
    Follow,
    Option,
    Outcome,
    Promised,
    Task,
    Unit,
)
from engine.core.language.source import Block, Line, Listing, Node, Notes, Text, short
from engine.core.language.steps import Scope, read_task, template
from engine.core.language.words import Where, names

SAME_PERSON = "same person"
PROMISES = ("payment", "check")
_HELPERS = {"script", "from", "to", "cool", "suggest", "checklist", "resources"}  # do nothing by themselves
_DAYS = r"[0-9]{1,3} (?:open )?days?"
_AFTER = rf"now|in [0-9]{{1,3}} (?:minutes?|hours?)|in {_DAYS}"
_THEN = re.compile(rf"call(?: (?P<whom>.+?))??(?: (?P<after>{_AFTER}))?")
_PROMISE = re.compile(
    r"(?P<kind>[a-z]+)(?:, ?(?P<least>[0-9]{1,3})(?: to (?P<most>[0-9]{1,3}))? days? from (?P<basis>[a-z ]+))?"
)
_WITHIN = re.compile(rf"(?:.*\b)?in (?P<within>{_DAYS})")
_SUGGEST = re.compile(r"promise(?: to pay)? within (?P<days>[0-9]{1,3}) days?")


def read_outcomes(root: Node | None, notes: Notes, scope: Scope) -> Mapping[str, Outcome]:
    """What follows each outcome of a call, by its name."""
    if root is None:
        return {}
    lines = reading.block(root, notes, "outcomes.yaml", names(Where.OUTCOMES), "no answer:")
    found = {}
    for line in lines.lines if lines else ():
        words = _lines(line.value, notes, f"“{line.key.value}”", names(Where.OUTCOME))
        if words is not None:
            found[line.key.value] = _outcome(line.key, words, notes, scope)
    return found


def _lines(
    node: Node, notes: Notes, what: str, known: tuple[str, ...], example: str = "guidance: Not about you."
) -> Mapping[str, Line] | None:
    """The lines of a block by their words; `twice-running` and `twice_running` are `twice running`."""
    if isinstance(node, Block):
        spaced = (
            Line(Text(re.sub("[-_]", " ", line.key.value), line.key.place), line.value) for line in node.lines
        )
        node = Block(tuple(spaced), node.place)
    lines = reading.block(node, notes, what, known, example)
    return None if lines is None else {line.key.value: line for line in lines.lines}


def _outcome(name: Text, words: Mapping[str, Line], notes: Notes, scope: Scope) -> Outcome:
    guidance = reading.behind(words.get("guidance"), notes, "guidance: Not about you.")
    twice = None
    if line := words.get("twice running"):
        example = "email: after-hang-ups"
        lines = _lines(line.value, notes, "“twice running”", names(Where.OPTION), example)
        twice = _follow(line.key, lines, notes, scope, "“twice running”") if lines is not None else None
    return Outcome(
        name.value,
        name.place,
        reading.word(guidance) if guidance else "",
        _ask(words.get("ask"), notes),
        _offer(words.get("offer"), notes, scope),
        _promise(words.get("promise"), notes),
        _follow(name, words, notes, scope, f"“{name.value}”"),
        twice,
        _on_reason(words.get("on reason"), notes, scope),
    )


def _ask(line: Line | None, notes: Notes) -> tuple[Asked, ...]:
    """Answers by the form's own names; a question of the team's own stays as it is."""
    if line is None:
        return ()
    found: dict[str, Asked] = {}
    for text in reading.texts(line.value, notes, "ask: [amount, date]") or ():
        said = reading.word(text)
        plain = re.sub(r" if known$", "", said)
        own = plain if plain.endswith("?") else None
        name = own or reading.one_of(
            Text(plain, text.place), notes, "answer", names(Where.ANSWER), "unknown-answer"
        )
        if name is not None:
            found.setdefault(name, Asked(name, plain == said))
    return tuple(found.values())


def _offer(line: Line | None, notes: Notes, scope: Scope) -> tuple[Option, ...]:
    if line is None:
        return ()
    if not isinstance(line.value, Listing) or not line.value.items:
        sentence = "“offer” is a list of dashes, one an option"
        notes.error(line.value.place, sentence, "write  - call: supervisor", "dashes-wanted")
        return ()
    found: dict[str, Option] = {}
    for item in line.value.items:
        lines = _lines(item, notes, "an option", names(Where.OPTION), "call: supervisor")
        if lines is None:
            continue
        if set(lines) <= _HELPERS:
            help = "give it one of: call back, call, email, task, close"
            notes.error(item.place, "this option does nothing", help, "empty-option")
            continue
        follow = _follow(Text("", item.place), lines, notes, scope, "this option")
        name = option_name(follow)
        if same := found.get(name):
            notes.error(
                item.place,
                f"“{short(name)}” is offered twice",
                "keep one of them",
                "same-option",
                also=same.follow.place,
            )
        elif name:
            found[name] = Option(name, follow)
    return tuple(found.values())


def option_name(follow: Follow) -> str:
    """What an option is called: `call back in 10 minutes`, `call peer`, `close, enough was said`."""
    parts = [follow.call.text] if follow.call else []
    parts += [f"email {follow.email.template}"] if follow.email else []
    parts += [f"task {task.role or 'owner'}" for task in follow.tasks]
    parts += [f"close, {follow.close}"] if follow.close else []
    return ", ".join(parts)


def _on_reason(line: Line | None, notes: Notes, scope: Scope) -> Mapping[str, Follow]:
    if line is None:
        return {}
    found = {}
    for reason, block in (
        _lines(line.value, notes, "“on reason”", names(Where.REASON), "unwilling:") or {}
    ).items():
        example = "task: supervisor, call them"
        lines = _lines(block.value, notes, f"“{reason}”", names(Where.OPTION), example)
        if lines is not None:
            found[reason] = _follow(block.key, lines, notes, scope, f"“{reason}”")
    return found


def _follow(key: Text, words: Mapping[str, Line], notes: Notes, scope: Scope, what: str) -> Follow:
    """Everything that the lines of one block lead to."""
    call = _call(words, notes, scope, what)
    email = _email(words, notes, scope, what)
    close = reading.behind(words.get("close"), notes, "close: enough was said")
    return Follow(
        key.place,
        call,
        email,
        _tasks(words.get("task"), notes, scope),
        _delay(words.get("cool"), notes, "cool: 1 open day", _DAYS),
        reading.word(close) if close else "",
        _suggest(words.get("suggest"), notes),
        _texts(words.get("checklist"), notes, "checklist: [ask for a part of it today]"),
        _texts(words.get("resources"), notes, "resources: [their bank's overdraft]"),
    )


def _texts(line: Line | None, notes: Notes, example: str) -> tuple[str, ...]:
    found = reading.texts(line.value, notes, example) if line else None
    return tuple(reading.word(text) for text in found or ())


def _call(words: Mapping[str, Line], notes: Notes, scope: Scope, what: str) -> Call | None:
    """`call back: in 10 minutes`, `call: peer` or `then: call same person`, with its script."""
    there = [words[name] for name in ("call back", "call", "then") if name in words]
    if len(there) > 1:
        notes.error(
            there[1].key.place,
            f"{what} says twice who calls",
            f"keep “{there[0].key.value}” or “{there[1].key.value}”",
            "two-calls",
            also=there[0].key.place,
        )
        return None
    script = None
    if text := reading.behind(words.get("script"), notes, "script: carry-on"):
        script = template(text, "script", notes, scope)
        if not there:
            help = "add  call back: now  or take “script” away"
            notes.error(
                words["script"].key.place,
                f"“script” belongs to a call, and {what} has none",
                help,
                "unused-word",
            )
    if not there:
        return None
    line = there[0]
    place = line.key.place
    if line.key.value == "call back":
        after = _delay(line, notes, "call back: in 10 minutes", _AFTER)
        return Call("", place, after=after, script=script) if after is not None else None
    example = "call: supervisor" if line.key.value == "call" else "then: call in 3 open days"
    said = reading.behind(line, notes, example)
    if said is None:
        return None
    word = reading.word(said).lower()
    found = _THEN.fullmatch(word if line.key.value == "then" else f"call {word}")
    if found is None:
        _unread(said, notes, example)
        return None
    after = _read_delay(found["after"]) if found["after"] else None
    whom = found["whom"] or ""
    if whom in (SAME_PERSON, PEER, "", "back"):
        return Call(PEER if whom == PEER else "", place, whom == SAME_PERSON, after, script)
    who = reading.one_of(
        Text(whom, said.place), notes, "role or person", scope.known.somebody, "unknown-role"
    )
    return Call(who, place, after=after, script=script) if who else None


def _email(words: Mapping[str, Line], notes: Notes, scope: Scope, what: str) -> Email | None:
    sender = to = name = None
    if text := reading.behind(words.get("email"), notes, "email: confirmation"):
        name = template(text, "message", notes, scope)
    if text := reading.behind(words.get("from"), notes, "from: supervisor"):
        sender = reading.one_of(text, notes, "role or person", scope.known.somebody, "unknown-role")
    if text := reading.behind(words.get("to"), notes, "to: principal"):
        to = reading.one_of(text, notes, "contact", names(Where.TO), "unknown-contact")
    for word in ("from", "to"):
        if word in words and "email" not in words:
            help = f"add  email: confirmation  or take “{word}” away"
            notes.error(
                words[word].key.place,
                f"“{word}” belongs to a message, and {what} has none",
                help,
                "unused-word",
            )
    if name is None:
        return None
    return Email(name, words["email"].key.place, sender, to or "accounts payable")


def _tasks(line: Line | None, notes: Notes, scope: Scope) -> tuple[Task, ...]:
    """`dispute owner, answer in 5 open days`, or only what is to be done; several with dashes."""
    if line is None:
        return ()
    found = []
    for text in reading.texts(line.value, notes, "task: collector, find the payment") or ():
        said = reading.word(text)
        role, what = read_task(text, notes, scope.known) if "," in said else ("", said)
        if role is None:
            continue
        within = _WITHIN.fullmatch(what.lower())
        found.append(Task(what, text.place, role, _read_delay(within["within"]) if within else None))
    return tuple(found)


def _promise(line: Line | None, notes: Notes) -> Promised | None:
    example = "promise: check, 5 to 7 days from date mailed"
    text = reading.behind(line, notes, example)
    if text is None:
        return None
    found = _PROMISE.fullmatch(reading.word(text).lower())
    if found is None:
        _unread(text, notes, example)
        return None
    kind = reading.one_of(
        Text(found["kind"], text.place), notes, "kind of promise", PROMISES, "unknown-promise"
    )
    if not found["least"]:
        return Promised(kind, text.place) if kind else None
    dates = [name for name in names(Where.ANSWER) if name.startswith("date") or name.endswith("date")]
    basis = reading.one_of(
        Text(found["basis"], text.place), notes, "date in the form", dates, "unknown-answer"
    )
    least, most = int(found["least"]), int(found["most"] or found["least"])
    if least > most:
        notes.error(text.place, "the promise ends before it begins", f"write  {example}", "promise-days")
        return None
    return Promised(kind, text.place, least, most, basis) if kind and basis else None


def _suggest(line: Line | None, notes: Notes) -> int:
    example = "suggest: promise within 14 days"
    text = reading.behind(line, notes, example)
    found = _SUGGEST.fullmatch(reading.word(text).lower()) if text else None
    if text and found is None:
        _unread(text, notes, example)
    return int(found["days"]) if found else 0


def _delay(line: Line | None, notes: Notes, example: str, pattern: str) -> Delay | None:
    text = reading.behind(line, notes, example)
    if text is None:
        return None
    said = reading.word(text).lower()
    if not re.fullmatch(pattern, said):
        _unread(text, notes, example)
        return None
    return _read_delay(said)


def _read_delay(said: str) -> Delay:
    if said == "now":
        return NOW
    count, _, unit = said.removeprefix("in ").partition(" ")
    return Delay(int(count), Unit(unit.rstrip("s")))


def _unread(text: Text, notes: Notes, example: str) -> None:
    notes.error(text.place, f"“{short(text.value)}” cannot be read", f"write  {example}", "outcome-value")
