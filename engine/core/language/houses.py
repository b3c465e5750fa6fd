"""house.yaml: what holds for every policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from engine.core import workdays
from engine.core.language import reading, reading_tests
from engine.core.language.charging import read_charge, read_rates
from engine.core.language.condition import Clause, Test
from engine.core.language.guarding import read_guards
from engine.core.language.limits import read_limits, without_owner
from engine.core.language.policies import read_late
from engine.core.language.policy import House, Kind, Limit, Pause
from engine.core.language.source import Block, Line, Listing, Node, Notes, Text, short
from engine.core.language.splits import read_splits
from engine.core.language.steps import Scope
from engine.core.language.words import Where, names, nearest
from engine.core.money import is_currency
from engine.core.problem import Place

PLURALS = {
    "calls": Kind.CALL,
    "emails": Kind.EMAIL,
    "letters": Kind.LETTER,
    "statements": Kind.STATEMENT,
    "terms": Kind.TERMS,
    "holds": Kind.HOLD,
    "hand offs": Kind.HAND_OFF,
    "tasks": Kind.TASK,
    "webhooks": Kind.WEBHOOK,
}
COSTED = ("calls", "letters", "emails", "statements")
EVERYTHING = "everything"
SCORES = ("amount and age", "amount", "age")
MOST_WEIGHT = 100
_KINDS = {kind.value: kind for kind in Kind}
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(
    r"(?P<days>.+?)\s+(?P<h>[0-9]{1,2})(:(?P<m>[0-9]{2}))?\s*(-|–|to)\s*(?P<h2>[0-9]{1,2})(:(?P<m2>[0-9]{2}))?",
    re.IGNORECASE,
)
_SCORE = "score: {amount: 1, age: 1, risk: 2}"
_HOUSE_EXAMPLES = {
    "order": "order: [key-accounts, standard]",
    "hours": "hours: weekdays 8:30-17:00",
    "contact": "contact: at most 3 in 7 days",
}


def currency_of(root: Node | None) -> str:
    """The house's currency, read first because amounts everywhere depend on it; USD where it says nothing."""
    line = root.get("currency") if isinstance(root, Block) else None
    said = line.value.value.strip().upper() if line and isinstance(line.value, Text) else ""
    return said if is_currency(said) else "USD"


@dataclass
class _Reader:
    """Reads one house file; `found` collects what differs from the defaults."""

    notes: Notes
    scope: Scope
    policies: tuple[str, ...]
    found: dict[str, object] = field(default_factory=dict)
    roles: Mapping[str, Place] = field(default_factory=dict)  # that have a limit, and where it stands

    def text(self, line: Line, example: str) -> Text | None:
        return reading.scalar(line.value, self.notes, example)

    def choice(self, line: Line, choices: tuple[str, ...]) -> None:
        word = line.key.value
        if text := self.text(line, f"{word}: {choices[0]}"):
            said = reading.word(text).lower()
            if said not in choices:
                hint = nearest(said, choices)
                self.notes.error(text.place, f"“{word}” is not “{short(said)}”", hint, "unknown-value")
            self.found[word] = said

    def live(self, line: Line) -> None:
        self.choice(line, ("on save", "on approval"))

    def duration(self, line: Line, unit: str, most: int, example: str) -> None:
        if text := self.text(line, example):
            self.found[line.key.value] = reading.duration(text, self.notes, unit, most, example)

    def order(self, line: Line) -> None:
        """The order must name every policy once, and nothing else."""
        listed: dict[str, Text] = {}
        for text in reading.texts(line.value, self.notes, _HOUSE_EXAMPLES["order"]) or ():
            id = reading.word(text).removesuffix(".yaml")
            if id in listed:
                first = listed[id].place
                self.notes.error(
                    text.place,
                    f"“{short(id)}” stands twice in the order",
                    "keep the first",
                    "order-twice",
                    also=first,
                )
            elif id not in self.policies:
                hint = nearest(id, self.policies)
                self.notes.error(text.place, f"there is no policy “{short(id)}”", hint, "unknown-policy")
            else:
                listed[id] = text
        missing = [id for id in self.policies if id not in listed]
        if missing and not self.notes.failed:
            many = "policies have" if len(missing) > 1 else "policy has"
            self.notes.error(
                line.key.place,
                f"{len(missing)} {many} no place in the order: {short(', '.join(missing), 200)}",
                "the first policy that fits wins, so each needs its place in this list",
                "order-incomplete",
            )
        self.found["order"] = tuple(listed)

    def currency(self, line: Line) -> None:
        if text := self.text(line, "currency: USD"):
            code = reading.word(text).upper()
            if not is_currency(code):
                self.notes.error(
                    text.place,
                    f"there is no currency “{short(text.value)}”",
                    "write its code, like  currency: EUR",
                    "unknown-currency",
                )
            self.found["currency"] = code

    def calendar(self, line: Line) -> None:
        if text := self.text(line, "calendar: US"):
            said = reading.word(text)
            if not workdays.is_calendar(said):
                self.notes.error(
                    text.place,
                    f"there is no calendar “{short(said)}”",
                    "write a country's code, like  US  or  DE,  or with its part, like  DE-BY;  or  none",
                    "unknown-calendar",
                )
            self.found["calendar"] = said

    def hours(self, line: Line) -> None:
        text = self.text(line, _HOUSE_EXAMPLES["hours"])
        if text is None:
            return
        found = _HOURS.fullmatch(reading.word(text))
        days = _open_days(found["days"].lower()) if found else None
        if found and days:
            opens = int(found["h"]) * 60 + int(found["m"] or 0)
            closes = int(found["h2"]) * 60 + int(found["m2"] or 0)
            minutes = max(int(found["m"] or 0), int(found["m2"] or 0))
            if opens < closes <= 24 * 60 and minutes < 60:
                self.found |= {"open_days": days, "opens": opens, "closes": closes}
                return
        self.notes.error(
            text.place,
            f"“{short(text.value)}” does not say days and hours",
            f"write  {_HOUSE_EXAMPLES['hours']}  or  hours: Mon to Sat 9:00-18:00",
            "hours",
        )

    def never(self, line: Line) -> None:
        known, currency = self.scope.known.fields, self.scope.currency
        read = reading_tests.condition(line.value, self.notes, known, currency, "“never”", False)
        self.found["never"] = read.clauses if read else ()

    def pause(self, line: Line) -> None:
        dashes = line.value.items if isinstance(line.value, Listing) else (line.value,)
        read = [self._pause(dash) for dash in dashes]
        self.found["pause"] = tuple(pause for pause in read if pause)

    def _pause(self, node: Node) -> Pause | None:
        if not isinstance(node, Block) or not node.lines:
            self.notes.error(
                node.place,
                "each dash of “pause” is lines: tests, or an action and its season",
                "write  - status: under review  or  - letter: 18 Dec to 31 Dec",
                "dashes-wanted",
            )
            return None
        known, currency = self.scope.known.fields, self.scope.currency
        kinds: list[Kind] = []
        seasons = []
        tests: list[Test | None] = []
        for line in node.lines:
            name = line.key.value
            said = reading.word(line.value) if isinstance(line.value, Text) else ""
            season = reading.season(said)
            if season and (name in _KINDS or name == EVERYTHING):
                kinds += [_KINDS[name]] if name in _KINDS else []
                seasons.append(season)
            elif (name in _KINDS and name not in known) or name == EVERYTHING:
                self.notes.error(
                    line.value.place,
                    f"“{short(said)}” is no season",
                    f"write  {name}: 18 Dec to 31 Dec",
                    "season",
                )
                tests.append(None)
            else:
                tests.append(reading_tests.read_test(line, self.notes, known, currency))
        if len(set(seasons)) > 1:
            self.notes.error(
                node.place,
                "two seasons stand behind one dash",
                "give each season its own dash",
                "two-seasons",
            )
            return None
        if not all(tests):
            return None
        clause = Clause(tuple(test for test in tests if test), node.place)
        return Pause(clause, tuple(kinds), seasons[0] if seasons else None)

    def minimum(self, line: Line) -> None:
        if text := self.text(line, "minimum: 50"):
            amount = reading.money(text, self.notes, self.scope.currency, "minimum: 50")
            if amount is not None and amount < 0:
                self.notes.error(text.place, "a minimum is not below 0", "write  minimum: 50", "out-of-range")
            self.found["minimum"] = amount

    def contact(self, line: Line) -> None:
        text = self.text(line, _HOUSE_EXAMPLES["contact"])
        if text is None:
            return
        found = re.fullmatch(
            r"at most ([0-9]{1,3})( contacts?)? in ([0-9]{1,3}) days?", reading.word(text).lower()
        )
        if not found or int(found[1]) < 1 or int(found[3]) < 1:
            self.notes.error(
                text.place,
                f"“{short(text.value)}” does not say how many contacts in how many days",
                f"write  {_HOUSE_EXAMPLES['contact']}",
                "contact",
            )
            return
        self.found["contact"] = Limit(int(found[1]), int(found[3]))

    def late(self, line: Line) -> None:
        self.found["late"] = read_late(line.value, self.notes)

    def counts(self, line: Line, extra: tuple[str, ...]) -> None:
        """`{calls: 60, letters: 40}`."""
        word = line.key.value
        example = f"{word}: {{calls: 60, letters: 40}}"
        if not isinstance(line.value, Block):
            self.notes.error(
                line.value.place, f"“{word}” is lines of  calls: 60", f"write  {example}", "lines-wanted"
            )
            return
        known = (*PLURALS, *extra)
        counts = {}
        for each in line.value.lines:
            name = each.key.value
            if name not in known:
                self.notes.error(
                    each.key.place,
                    f"“{word}” counts no “{short(name)}”",
                    nearest(name, known),
                    "unknown-word",
                )
            elif text := self.text(each, f"{name}: 60"):
                counts[name] = reading.whole(text, self.notes, 0, 10_000_000, f"{name}: 60")
        self.found[word] = counts

    def score(self, line: Line) -> None:
        """One of the three words, or `{amount: 1, risk: 2}`: at least one part has a weight."""
        if not isinstance(line.value, Block):
            self.choice(line, SCORES)
            return
        weights = {}
        before = len(self.notes.problems)
        lines = reading.block(line.value, self.notes, "“score”", names(Where.SCORE), _SCORE)
        for each in lines.lines if lines else ():
            if text := self.text(each, f"{each.key.value}: 1"):
                weight = reading.whole(text, self.notes, 0, MOST_WEIGHT, f"{each.key.value}: 1")
                weights[each.key.value] = weight or 0
        if not any(weights.values()) and len(self.notes.problems) == before:
            self.notes.error(
                line.value.place, "nothing counts in this score", f"write  {_SCORE}", "score-empty"
            )
        self.found["score"] = {part: weight for part, weight in weights.items() if weight}

    def costs(self, line: Line) -> None:
        """`{calls: 6, letters: 1.50}`."""
        costs: dict[str, int] = {}
        lines = reading.block(line.value, self.notes, "“costs”", COSTED, "costs: {calls: 6, letters: 1.50}")
        for each in lines.lines if lines else ():
            word = each.key.value
            if text := self.text(each, f"{word}: 1.50"):
                cost = reading.money(text, self.notes, self.scope.currency, f"{word}: 1.50")
                if cost is not None and cost < 0:
                    self.notes.error(
                        text.place, "a cost is not below 0", f"write  {word}: 1.50", "out-of-range"
                    )
                costs[word] = cost or 0
        self.found["costs"] = costs

    def whole(self, line: Line, low: int, high: int) -> None:
        word = line.key.value
        if text := self.text(line, f"{word}: {low}"):
            self.found[word] = reading.whole(text, self.notes, low, high, f"{word}: {low}")

    def owner(self, line: Line) -> None:
        if text := self.text(line, "owner: credit manager"):
            somebody = self.scope.known.somebody
            self.found["owner"] = reading.one_of(text, self.notes, "role or person", somebody, "unknown-role")

    def limits(self, line: Line) -> None:
        self.found["limits"], self.roles = read_limits(line, self.notes, self.scope)

    def bands(self, line: Line) -> None:
        from engine.core.language.bands import read_bands  # with every figure of the report, and its columns

        self.found["bands"] = read_bands(line, self.notes)

    def usual(self, line: Line) -> None:
        if text := self.text(line, "usual: 3 times"):
            found = re.fullmatch(r"([0-9]{1,3}(\.[0-9]{1,2})?)( ?times?| ?x)?", reading.word(text).lower())
            if not found or Decimal(found[1]) < 1:
                self.notes.error(
                    text.place,
                    f"“{short(text.value)}” does not say how many times the usual",
                    "write  usual: 3 times",
                    "usual",
                )
                return
            self.found["usual"] = Decimal(found[1])


def read_house(root: Node | None, notes: Notes, scope: Scope, policies: tuple[str, ...]) -> House | None:
    """The house's rules; None if an error was noted. `policies` are the ids of all policy files."""
    if root is None and not notes.problems:
        notes.error(
            Place(notes.file), "this file is empty", f"write  {_HOUSE_EXAMPLES['order']}", "empty-file"
        )
    if root is None:
        return None
    lines = reading.block(root, notes, "house.yaml", names(Where.HOUSE), _HOUSE_EXAMPLES["order"])
    if lines is None:
        return None
    reader = _Reader(notes, scope, policies)
    people = tuple(sorted(scope.known.people))
    read: Mapping[str, Callable[[Line], None]] = {
        "order": reader.order,
        "currency": reader.currency,
        "calendar": reader.calendar,
        "hours": reader.hours,
        "closed": lambda line: reader.choice(line, ("next open day", "same day")),
        "answer": lambda line: reader.duration(line, "day", 365, "answer: 7 days"),
        "never": reader.never,
        "pause": reader.pause,
        "minimum": reader.minimum,
        "gap": lambda line: reader.duration(line, "day", 365, "gap: 5 days"),
        "contact": reader.contact,
        "late": reader.late,
        "capacity": lambda line: reader.counts(line, people),
        "stop": lambda line: reader.counts(line, ("actions",)),
        "split": lambda line: reader.found.update(splits=read_splits(line, notes, scope, policies)),
        "costs": reader.costs,
        "owner": reader.owner,
        "fresh": lambda line: reader.duration(line, "hour", 8760, "fresh: 26 hours"),
        "score": reader.score,
        "usual": reader.usual,
        "live": reader.live,
        "bands": reader.bands,
        "limits": reader.limits,
        "guards": lambda line: reader.found.update(guards=read_guards(line, notes)),
        "charge": lambda line: reader.found.update(charge=read_charge(line, notes)),
        "rates": lambda line: reader.found.update(rates=read_rates(line, notes)),
    }
    for line in lines.lines:
        read[line.key.value](line)
    without_owner(str(reader.found.get("owner") or House().owner), reader.roles, notes)
    if "order" not in {line.key.value for line in lines.lines}:
        _no_order(lines.place, notes, policies, reader.found)
    if notes.failed:
        return None
    places = {line.key.value: line.key.place for line in lines.lines}
    return House(**reader.found, places=places)  # type: ignore[arg-type]


def _no_order(place: Place, notes: Notes, policies: tuple[str, ...], found: dict[str, object]) -> None:
    if len(policies) > 1:
        notes.error(
            place,
            "nothing says in which order the policies are asked",
            f"the first that fits wins; write  order: [{short(', '.join(policies), 200)}]",
            "no-order",
        )
    found["order"] = policies


def _open_days(said: str) -> tuple[int, ...] | None:
    """Monday is 0: `weekdays`, `every day`, `mon to sat`, `mon-sat`, `mon, wed and fri`."""
    if said in ("weekdays", "weekday"):
        return (0, 1, 2, 3, 4)
    if said in ("every day", "daily", "all days"):
        return (0, 1, 2, 3, 4, 5, 6)
    if span := re.fullmatch(r"([a-z]{3,9})\s*(?:-|–|to)\s*([a-z]{3,9})", said):
        ends = [_DAYS.index(name[:3]) for name in (span[1], span[2]) if name[:3] in _DAYS]
        if len(ends) == 2:
            first, last = ends
            return tuple(sorted((first + n) % 7 for n in range((last - first) % 7 + 1)))
        return None
    listed = [part.strip()[:3] for part in re.split(r",|\band\b", said) if part.strip()]
    if not listed or any(part not in _DAYS for part in listed):
        return None
    return tuple(sorted({_DAYS.index(part) for part in listed}))
