"""invariants.yaml: what a team writes that must never or must always be, becomes something that can be proved."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.core.language import norms, reading, reading_tests
from engine.core.language.condition import Clause
from engine.core.language.invariants import (
    FINDINGS,
    Accepted,
    Deed,
    Invariant,
    Invariants,
    Shape,
)
from engine.core.language.policy import Kind, Tone
from engine.core.language.source import Block, Line, Listing, Node, Notes, Text, short
from engine.core.language.steps import ACTIONS, HANDED, HELD, Scope, template
from engine.core.language.words import Where, names, nearest
from engine.core.problem import Place

NEVER = "must never: terms cash on delivery without call supervisor in the 45 days before"
ALWAYS = "must always: a letter within 60 days past due, or a reason"
MOST_DAYS = 720

_WRITTEN = frozenset(kind for kind in Kind if kind.written)
_NOUNS = {
    **{kind.value: frozenset({kind}) for kind in Kind},
    "message": _WRITTEN,
    "contact": _WRITTEN | {Kind.CALL},
    "approval": frozenset[Kind](),
}
_NUMBER = r"(?P<days>[0-9]{1,4})\s+days?"
_TAIL = re.compile(r"(?P<what>.+?)\s+(?P<word>without|within|before)\s+(?P<tail>.+)", re.DOTALL)
_TAILS = {
    "without": re.compile(
        rf"(?P<other>.+?)(?:\s+in\s+the\s+{_NUMBER}\s+before|\s+before)?", re.IGNORECASE | re.DOTALL
    ),
    "within": re.compile(
        rf"{_NUMBER}\s+(?:past\s+due|(?:after|of)\s+(?P<other>.+?))(?P<reason>,?\s+or\s+a\s+reason)?",
        re.IGNORECASE | re.DOTALL,
    ),
    "before": re.compile(rf"{_NUMBER}\s+past\s+due", re.IGNORECASE | re.DOTALL),
}
_ENDINGS = {
    "without": "without: call supervisor in the 45 days before",
    "within": "within: 60 days past due, or a reason",
    "before": "before: 60 days past due",
}
_WHAT = re.compile(
    r"(?P<value>.*?)(?:(?:\A|\s+)to\s+(?P<to>.+?))?(?:(?:\A|\s+)from\s+(?P<from>.+))?", re.DOTALL
)


def read_invariants(root: Node | None, notes: Notes, scope: Scope, policies: Sequence[str]) -> Invariants:
    """All that could be read of the file; what could not is noted. A file with nothing in it says nothing."""
    if root is None or (isinstance(root, Text) and not root.value.strip()):
        return Invariants()
    if not isinstance(root, Listing):
        notes.error(
            root.place,
            "invariants.yaml is a list of dashes, one an invariant",
            f"write  - {NEVER}",
            "dashes-wanted",
        )
        return Invariants()
    reader = _Reader(notes, scope, tuple(policies))
    for node in root.items:
        reader.dash(node)
    return Invariants(tuple(reader.rules), tuple(reader.accepted))


@dataclass
class _Reader:
    notes: Notes
    scope: Scope
    policies: tuple[str, ...]
    rules: list[Invariant] = field(default_factory=list)
    accepted: list[Accepted] = field(default_factory=list)

    def dash(self, node: Node) -> None:
        lines = reading.block(node, self.notes, "an invariant", names(Where.INVARIANT), f"- {NEVER}")
        if lines is None:
            return
        heads = [line for line in lines.lines if line.key.value in ("must never", "must always", "known")]
        if not heads:
            if lines.lines:
                self.notes.error(
                    lines.place, "this invariant says neither “must never” nor “must always”", f"write  {NEVER}",
                    "missing-word",
                )  # fmt: skip
            return
        if len(heads) > 1:
            self.notes.error(
                heads[1].key.place,
                f"“{heads[0].key.value}” and “{heads[1].key.value}” stand under one dash",
                "give each its own dash",
                "two-invariants",
                also=heads[0].key.place,
            )
            return
        if heads[0].key.value == "known":
            self._known(lines, heads[0])
        else:
            self._rule(lines, heads[0])

    # -- must never, must always ---------------------------------------------------------------------------------------

    def _rule(self, lines: Block, head: Line) -> None:
        self._only(
            lines, ("name", head.key.value, "without", "within", "before", "for", "because"), head.key.value
        )
        always = head.key.value == "must always"
        example = ALWAYS if always else NEVER
        said = reading.scalar(head.value, self.notes, example)
        if said is None:
            return
        ending = self._ending(lines, said, always)
        if ending is None:
            return
        what, word, tail = ending
        other, days, reason = None, None, False
        if tail is not None:
            found = _TAILS[word].fullmatch(tail.value.strip())
            if not found:
                self.notes.error(
                    tail.place, f"“{short(tail.value)}” cannot stand behind “{word}”", f"write  {_ENDINGS[word]}",
                    "invariant",
                )  # fmt: skip
                return
            tail = Text(tail.value.strip(), tail.place)
            groups = found.groupdict()
            reason = bool(groups.get("reason"))
            other = _part(tail, *found.span("other")) if groups.get("other") else None
            days = self._days(_part(tail, *found.span("days"))) if groups.get("days") else None
            if groups.get("days") and days is None:
                return
        shape = _shape(always, word, other is not None)
        if shape is None:
            self.notes.error(
                said.place, f"“{head.key.value}” needs to know by when", f"write  {example}", "invariant"
            )
            return
        if reason and not shape.always:
            self.notes.error(
                tail.place if tail else said.place, "a reason excuses what was not done, not what was",
                "take  or a reason  away", "invariant",
            )  # fmt: skip
            return
        named = reading.behind(lines.get("name"), self.notes, "name: no cash on delivery without a call")
        fits = self._fits(lines.get("for"))
        whats = self._deeds(what, approval=False)
        others = self._deeds(other, approval=shape is Shape.WITHOUT) if other else ()
        reading.behind(lines.get("because"), self.notes, "because: what we owe every customer")
        if whats and others is not None:
            parts = [reading.word(said)]
            if lines.get(word):
                parts += [word, reading.word(tail)] if tail else []
            text = f"{head.key.value}: {' '.join(parts)}"
            whom = (
                ", ".join(f"{test.field.replace('_', '-')}: {test.text}" for test in fits.tests)
                if fits
                else ""
            )
            name = reading.word(named) if named else f"{text}, for {whom}" if whom else text
            self.rules.append(Invariant(name, text, shape, whats, head.key.place, others, days, reason, fits))

    def _ending(self, lines: Block, said: Text, always: bool) -> tuple[Text, str, Text | None] | None:
        """(what, word, what stands behind the word): of one line, or of a line and one more of its own."""
        own = [line for line in lines.lines if line.key.value in _TAILS]
        found = _TAIL.fullmatch(said.value.strip())
        said = Text(said.value.strip(), said.place)
        if len(own) > 1 or (own and found):
            self.notes.error(
                own[-1].key.place, "an invariant has one “without”, “within” or “before”",
                "write two invariants", "two-endings",
            )  # fmt: skip
            return None
        if own:
            word = own[0].key.value
            tail = reading.scalar(own[0].value, self.notes, _ENDINGS[word])
            return (said, word, tail) if tail else None
        if found:
            return _part(said, *found.span("what")), found["word"].lower(), _part(said, *found.span("tail"))
        return said, "", None

    def _days(self, text: Text) -> int | None:
        return reading.whole(text, self.notes, 1, MOST_DAYS, _ENDINGS["before"])

    def _fits(self, line: Line | None) -> Clause | None:
        if line is None:
            return None
        fields, currency = self.scope.known.fields, self.scope.currency
        return reading_tests.clause(line.value, self.notes, fields, currency, "“for”")

    # -- what can be done to an account --------------------------------------------------------------------------------

    def _deeds(self, text: Text, approval: bool) -> tuple[Deed, ...] | None:
        """The alternatives of a text; None after an error."""
        found: list[Deed | None] = []
        start = 0
        for gap in (*re.finditer(r"\s+or\s+", text.value), None):
            end = gap.start() if gap else len(text.value)
            found.append(self._deed(_part(text, start, end), approval))
            start = gap.end() if gap else end
        return tuple(each for each in found if each) if all(found) else None

    def _deed(self, text: Text, approval: bool) -> Deed | None:
        said = re.sub(r"^(?:an?|any|the)\s+", "", text.value, flags=re.IGNORECASE)
        text = _part(text, len(text.value) - len(said), len(text.value))
        tone = None
        first, _, rest = said.partition(" ")
        if first.lower() in list(Tone) and rest.strip():
            tone = Tone(first.lower())
            text = _part(text, len(said) - len(rest.lstrip()), len(said))
        noun = next((n for n in sorted(_NOUNS, key=len, reverse=True) if _begins(text.value, n)), None)
        if noun is None or (noun == "approval" and not approval):
            if noun:
                self.notes.error(
                    text.place, "an approval is nothing that is done to a customer",
                    "write  without approval by credit manager", "invariant",
                )  # fmt: skip
            else:
                wanted = text.value.split(" ")[0]
                self.notes.error(
                    text.place, f"“{short(text.value)}” is nothing that a policy does",
                    nearest(wanted, [*ACTIONS, "message", "contact"]), "unknown-deed",
                )  # fmt: skip
            return None
        behind = text.value[len(noun) :]
        lead = len(noun) + len(behind) - len(behind.lstrip())
        parts = _WHAT.fullmatch(behind.strip())
        assert parts is not None  # every part may be empty
        value = to = sender = ""
        if parts["to"]:
            to = (
                reading.one_of(
                    _part(text, *_moved(parts.span("to"), lead)),
                    self.notes,
                    "contact",
                    names(Where.TO),
                    "unknown-contact",
                )
                or ""
            )
            if not to:
                return None
        if parts["from"]:
            at = _part(text, *_moved(parts.span("from"), lead))
            known = self.scope.known.somebody
            sender = reading.one_of(at, self.notes, "role or person", known, "unknown-role") or ""
            if not sender:
                return None
        if parts["value"]:
            at = _part(text, *_moved(parts.span("value"), lead))
            read = self._value(noun, at)
            if read is None:
                return None
            value = read
        if tone and not _NOUNS[noun] & _WRITTEN:
            self.notes.error(
                text.place, f"“{noun}” has no tone", "a message has one:  a final message", "invariant"
            )
            return None
        return Deed(reading.word(text), text.place, _NOUNS[noun], value, tone, to, sender, noun == "approval")

    def _value(self, noun: str, text: Text) -> str | None:
        """What stands behind the noun, as an action has it."""
        notes, known = self.notes, self.scope.known
        by = re.match(r"by\s+", text.value, re.IGNORECASE)
        if by and noun in ("call", "approval"):
            text = _part(text, by.end(), len(text.value))
        match noun:
            case "call" | "task" | "approval":
                return reading.one_of(text, notes, "role or person", known.somebody, "unknown-role")
            case "email" | "letter" | "statement" | "message":
                return template(text, "message", notes, self.scope)
            case "hold":
                return reading.one_of(text, notes, "hold", HELD, "unknown-value")
            case "hand off":
                return reading.one_of(text, notes, "hand-off", HANDED, "unknown-value")
            case "webhook":
                return reading.one_of(text, notes, "webhook", sorted(known.webhooks), "unknown-webhook")
            case "terms":
                meaning = norms.terms(reading.word(text))
                if isinstance(meaning, str) and norms.understood(meaning):
                    return meaning
                notes.error(
                    text.place, f"nobody knows the terms “{short(text.value)}”", "write  terms cash on delivery",
                    "unknown-terms",
                )  # fmt: skip
                return None
        notes.error(text.place, f"nothing stands behind “{noun}”", f"write  a {noun}", "invariant")
        return None

    # -- what is known already -----------------------------------------------------------------------------------------

    def _known(self, lines: Block, head: Line) -> None:
        self._only(lines, ("known", "policy", "because"), "known")
        text = reading.scalar(head.value, self.notes, "known: softer-path")
        code = (
            reading.one_of(text, self.notes, "finding", tuple(FINDINGS), "unknown-finding") if text else None
        )
        because = reading.behind(
            lines.get("because"), self.notes, "because: a part payment earns a kinder word"
        )
        if lines.get("because") is None:
            self.notes.error(
                lines.place, "this does not say why it is as it should be",
                "write  because: …  so that the next reader knows", "missing-word",
            )  # fmt: skip
        policies: list[str] = []
        if line := lines.get("policy"):
            for each in reading.texts(line.value, self.notes, "policy: standard") or ():
                if id := reading.one_of(each, self.notes, "policy", self.policies, "unknown-policy"):
                    policies.append(id)
        if code and because:
            self.accepted.append(Accepted(code, tuple(policies), reading.word(because), head.key.place))

    def _only(self, lines: Block, words: Sequence[str], head: str) -> None:
        for line in lines.lines:
            if line.key.value not in words:
                self.notes.error(
                    line.key.place,
                    f"“{line.key.value}” has nothing to say to “{head}”",
                    "take it away",
                    "unused-word",
                )


def _shape(always: bool, word: str, other: bool) -> Shape | None:
    if always:
        return (Shape.AFTER if other else Shape.BY) if word == "within" else None
    if word == "within" and not other:
        return None
    return {"": Shape.NEVER, "without": Shape.WITHOUT, "within": Shape.WITHIN, "before": Shape.EARLY}[word]


def _begins(text: str, noun: str) -> bool:
    lower = text.lower()
    return lower == noun or lower.startswith(noun + " ")


def _moved(span: tuple[int, int], by: int) -> tuple[int, int]:
    return span[0] + by, span[1] + by


def _part(text: Text, start: int, end: int) -> Text:
    """A part of a text with its own place, where the text stands on one line as it is written."""
    place = text.place
    if place.end - place.column == len(text.value) and "\n" not in text.value:
        place = Place(place.file, place.line, place.column + start, place.column + max(end, start + 1))
    return Text(text.value[start:end], place, text.style)
