"""What an outcome of a call is, and which calls, messages and options may follow it, asked of both evaluators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.core.language.condition import Clause, Condition, Op, Test, Value
from engine.core.language.follows import PEER, Follow, Option, Outcome
from engine.core.language.words import Where, names
from engine.core.problem import Place
from engine.core.rules import EngineFault, Facts, Rule, Rules

# These put a call back, twice, a day apart where outcomes.yaml says nothing else.
PUT_BACK = ("no answer", "busy", "voicemail")
TRIES = 2
COPY = "invoice-copy"  # the message that carries the documents of its invoices
_ATTEMPTS = 3  # so often running a call follows one that reached nobody who can pay; then the ladder goes on


@dataclass(frozen=True, slots=True)
class Nature:
    """What an outcome is by itself, whatever a team lets follow it.

    `code` is the field's own. `reached`: somebody of the customer's was spoken with. `right_party`: somebody who can pay or
    decide, so that the reason is asked for, and their name. `reason`: the outcome says why payment has not been made.
    `needs`: answers without which it cannot be acted on. `agreed`: there is something to confirm in writing.
    """

    code: str = ""
    reached: bool = True
    right_party: bool = True
    reason: str = ""
    needs: tuple[str, ...] = ()
    agreed: bool = False
    aliases: tuple[str, ...] = ()


def _nobody(code: str, *aliases: str) -> Nature:
    """Nobody who could pay was reached."""
    return Nature(code, reached=False, right_party=False, aliases=aliases)


NATURES: Mapping[str, Nature] = {
    "no answer": _nobody("NA"),
    "busy": _nobody("LB"),
    "voicemail": _nobody("LV", "am", "left voicemail"),
    "left message": _nobody("LM", "tw", "left message with person"),
    "not in": _nobody("NI"),
    "wrong number": _nobody("WN"),
    "hung up": Nature("HU", right_party=False, aliases=("dhu",)),
    "abusive": Nature(right_party=False, aliases=("abusive call",)),
    "angry": Nature(),
    "promise to pay": Nature("PTP", needs=("amount", "date"), agreed=True),
    "vague promise": Nature(),
    "check in the mail": Nature(
        reason="check_in_mail",
        needs=("check number", "amount", "date mailed"),
        agreed=True,
        aliases=("check in mail", "cheque in the mail"),
    ),
    "paid already": Nature(aliases=("paid claimed",)),
    "payment plan agreed": Nature(
        "PP", needs=("instalments", "amount", "first date"), agreed=True, aliases=("payment plan",)
    ),
    "compromise": Nature(needs=("we give",), agreed=True),
    "no invoice": Nature(reason="invoice_not_received"),
    "dispute": Nature("D", needs=("reason", "invoice")),
    "return agreed": Nature(
        reason="dispute:goods_returned", needs=("invoice", "amount", "return number"), agreed=True
    ),
    "hardship": Nature(needs=("short or long",)),
    "callback requested": Nature("CALLBK", right_party=False, needs=("date", "time")),
    "information only": Nature(right_party=False),
    "refused": Nature("NC"),
    "insolvent": Nature(reason="insolvency"),
}
OUTCOMES = tuple(names(Where.OUTCOMES))
NOT_REACHED = tuple(name for name, nature in NATURES.items() if not nature.reached)


def outcome_of(said: str) -> str | None:
    """The outcome that is meant: its name however joined, another name for it, or the field's code (HU, PTP)."""
    word = " ".join(said.replace("_", " ").replace("-", " ").lower().split())
    for name, nature in NATURES.items():
        if word and word in (name, nature.code.lower(), *nature.aliases):
            return name
    return None


def needed(name: str, outcome: Outcome | None, right_party: bool, reason: str) -> tuple[str, ...]:
    """The answers that a call with this outcome must have, in the order in which they are asked: why, who, what.

    `reason` is one that is known already: the outcome says it, or it was given.
    """
    nature = NATURES[name]
    first = ("reason",) if right_party and not reason and name not in ("hardship", "paid already") else ()
    whom = ("spoken with",) if right_party else ()
    asked = tuple(one.name for one in outcome.ask if one.needed) if outcome else ()
    return tuple(dict.fromkeys((*first, *whom, *nature.needs, *asked)))


# -- the questions ---------------------------------------------------------------------------------------------------


def rules(outcome: Outcome) -> tuple[Rule, ...]:
    """Every part of an outcome with what must hold for it, for `core.rules.evaluators`.

    `option N` may be offered. `own`, `twice running` and `reason …` apply; with `/call` and `/email`, so do their call and
    their message.
    """
    found = []
    for part, follow in outcome.parts.items():
        place = follow.place
        gate = _gate(outcome, part, place)
        if part.startswith("option "):
            option = outcome.offer[int(part.removeprefix("option ")) - 1]
            # An option that was taken the last time is not taken again.
            tests = [*gate, _test("last_option", option.name, place, negated=True)]
            tests += _may_call(follow, outcome) if follow.call else []
            tests += _may_write(follow) if follow.email else []
            if follow.close:
                tests += [_test("reason_on_record", True, place), _test("request_stated", True, place)]
            found.append(_rule(part, tests, place))
            continue
        found.append(_rule(part, gate, place))
        if follow.call:
            found.append(_rule(f"{part}/call", [*gate, *_may_call(follow, outcome)], place))
        if follow.email:
            found.append(_rule(f"{part}/email", [*gate, *_may_write(follow)], place))
    return tuple(found)


def _gate(outcome: Outcome, part: str, place: Place) -> list[Test]:
    if part == "twice running":
        return [_number("running", Op.AT_LEAST, 2, place)]
    if part.startswith("reason "):
        return [_test("reason", part.removeprefix("reason "), place)]
    return []


def _may_call(follow: Follow, outcome: Outcome) -> list[Test]:
    call = follow.call
    assert call is not None
    tests = [_test("left_alone", False, call.place), _test("no_calls", False, call.place)]
    if call.by == PEER:
        tests.append(_number("peers", Op.AT_LEAST, 1, call.place))
    if call.same_person:
        tests.append(_test("person_known", True, call.place))
    nature = NATURES[outcome.name]
    if not nature.reached and outcome.name not in PUT_BACK:
        tests.append(_number("running", Op.AT_MOST, _ATTEMPTS, call.place))
    return tests


def _may_write(follow: Follow) -> list[Test]:
    email = follow.email
    assert email is not None
    tests = [_test("left_alone", False, email.place), _test("no_emails", False, email.place)]
    tests.append(_test("owes", True, email.place))
    tests.append(_test(f"address_{email.to.replace(' ', '_')}", True, email.place))
    if email.template == COPY:
        tests.append(_test("documents", True, email.place))
    return tests


def _rule(name: str, tests: Sequence[Test], place: Place) -> Rule:
    return Rule(name, Condition((Clause(tuple(tests), place),) if tests else (), place))


def _test(field: str, value: str | bool, place: Place, *, negated: bool = False) -> Test:
    text = {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else value
    return Test(field, Op.IS, (value,), negated, f"not {text}" if negated else text, place)


def _number(field: str, op: Op, value: int, place: Place) -> Test:
    return Test(field, op, (value,), False, f"{op.value} {value}", place)


# -- the answers -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known when an outcome is logged: of this call, of the account, and of those who could call next.

    `running` counts how often this outcome has come in a row, this time included. `addresses` are the roles at the customer
    that an e-mail can go to.
    """

    running: int = 1
    last_option: str | None = None
    reason: str = ""  # as `on reason` has it
    circumstance: str = ""
    reason_on_record: bool = False
    request_stated: bool = False
    person_known: bool = False
    peers: int = 0
    left_alone: bool = False
    no_calls: bool = False
    no_emails: bool = False
    owes: bool = True
    addresses: tuple[str, ...] = ()
    documents: bool = False

    def facts(self) -> Facts:
        """The same as one flat fact."""
        values: dict[str, Value | None] = {
            name: getattr(self, name)
            for name in self.__dataclass_fields__
            if name not in ("addresses", "last_option")
        }
        values |= {f"address_{to.replace(' ', '_')}": to in self.addresses for to in names(Where.TO)}
        return values | {"last_option": self.last_option, "reason": self.reason or None}


@dataclass(frozen=True, slots=True)
class Withheld:
    """An option or a part that may not follow, and the first line that does not hold."""

    part: str
    test: Test


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may follow. `options` are by their number in the file; `withheld` says why the others may not."""

    outcome: Outcome
    parts: frozenset[str]
    withheld: tuple[Withheld, ...]

    @property
    def options(self) -> Mapping[int, Option]:
        return {n: option for n, option in enumerate(self.outcome.offer, 1) if f"option {n}" in self.parts}

    @property
    def must_choose(self) -> bool:
        """Whether nothing follows by itself, so that one of the options has to be picked."""
        own = self.outcome.follow
        return bool(self.options) and not (own.call or own.email or own.tasks or own.close)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """The evaluators do not agree, or one refused: nothing follows. What each said, by its name."""

    answers: Mapping[str, str]


def allowed(outcome: Outcome, situation: Situation, evaluators: Sequence[Rules]) -> Allowed | Disagreement:
    """What may follow an outcome. `evaluators` are made over `{outcome.name: rules(outcome)}`, the plain one first."""
    facts = situation.facts()
    said: dict[str, frozenset[str] | str] = {}
    for evaluator in evaluators:
        try:
            said[evaluator.name] = evaluator.match(outcome.name, facts)
        except EngineFault as fault:
            said[evaluator.name] = str(fault)
    first = next(iter(said.values()))
    if isinstance(first, str) or any(answer != first for answer in said.values()):
        told = {name: a if isinstance(a, str) else ", ".join(sorted(a)) for name, a in said.items()}
        return Disagreement(told)
    failing = (
        Withheld(rule.name, test)
        for rule in rules(outcome)
        if rule.name not in first
        for test in [rule.condition.clauses[0].failing(facts)]
        if test is not None
    )
    return Allowed(outcome, first, tuple(failing))


def pick(found: Allowed, wanted: str) -> Option | None:
    """The option that is meant by `--then`: its number in the list, its name, or the end of it; None: it is not offered."""
    word = " ".join(wanted.lower().split())
    if word.isdigit():
        return found.options.get(int(word))
    names_ = {option.name.lower(): option for option in found.options.values()}
    ends = [
        option
        for name, option in names_.items()
        if name.replace(",", "").endswith(f" {word.replace(',', '')}")
    ]
    return names_.get(word) or (ends[0] if len(ends) == 1 else None)
