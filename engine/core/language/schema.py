"""The JSON Schemas that let an editor complete and check policy files, with this workspace's own names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from engine.core.figures.packs import PACKS
from engine.core.figures.reference_rates import REFERENCES
from engine.core.language.bands import NAMES as FIGURES
from engine.core.language.fields import Field, Type
from engine.core.language.follows import PEER
from engine.core.language.houses import COSTED, EVERYTHING, MOST_WEIGHT, PLURALS, SCORES
from engine.core.language.invariants import FINDINGS
from engine.core.language.known import Known
from engine.core.language.outcomes import PROMISES, SAME_PERSON
from engine.core.language.policy import HOLDOUT, Clock, Event, Kind
from engine.core.language.splits import alike
from engine.core.language.steps import FIRST_DAY, HANDED, HELD, LAST_DAY, MOST_STEPS
from engine.core.language.trials import ADDRESSES
from engine.core.language.words import WORDS, Where, names

Schema = dict[str, object]

_DRAFT = "http://json-schema.org/draft-07/schema#"
_COUNT = r"^[0-9]{1,4}"
_SEASON = r"^[0-9]{1,2}\.?\s+[A-Za-z]{3,9}\s+(to|until|-|–)\s+[0-9]{1,2}\.?\s+[A-Za-z]{3,9}$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_BAND = r"^([Aa]t (most|least) -?[0-9].*|[Bb]etween -?[0-9].* and -?[0-9].*|[Ww]ithin [0-9].* of its mean)$"
_COMPARED = r"^([Nn]ot\s+)?([Oo]ver|[Uu]nder|[Aa]t least|[Aa]t most|[Bb]etween)\s+\D{0,4}[0-9].*$"


def schemas(known: Known, policies: Sequence[str] = ()) -> dict[str, Schema]:
    """One schema a kind of file: `policy`, `house`, `outcomes`, `tests`, `invariants`. `policies` are the policies' ids."""
    return {
        "policy": _top("A policy", _policy(known)),
        "house": _top("house.yaml: what holds for every policy", _house(known, policies)),
        "outcomes": _top("outcomes.yaml: what follows each outcome of a call", _outcomes(known)),
        "tests": _top("Tests of a policy", _tests(known, policies)),
        "invariants": _top(
            "invariants.yaml: what must never and what must always be", _invariants(known, policies)
        ),
    }


def schema(known: Known, policies: Sequence[str] = ()) -> Schema:
    """One schema for any of the kinds, for an editor that cannot tell the files apart."""
    each = schemas(known, policies)
    return {"$schema": _DRAFT, "title": "A file of Dunwell", "anyOf": list(each.values())}


def _top(title: str, body: Schema) -> Schema:
    return {"$schema": _DRAFT, "title": title, **body}


def _lines(where: Where, properties: Mapping[str, Schema], required: Iterable[str] = ()) -> Schema:
    """An object of exactly these words, each with its sentence from the dictionary."""
    says = {word.name: word.sentence for word in WORDS if word.where is where}
    described: Schema = {
        name: {"description": says[name], **body} if name in says else body
        for name, body in properties.items()
    }
    out: Schema = {"type": "object", "properties": described, "additionalProperties": False}
    return out | ({"required": list(required)} if required else {})


def _text(pattern: str = r"\S") -> Schema:
    return {"type": "string", "pattern": pattern}


def _enum(values: Iterable[str]) -> Schema:
    return {"enum": list(values)}


def _whole(low: int, high: int) -> Schema:
    """A whole number: an editor's parser gives an integer, ours the text."""
    return {"anyOf": [{"type": "integer", "minimum": low, "maximum": high}, _text(r"^[+-]?[0-9][0-9,]*$")]}


def _span(unit: str, example: str) -> Schema:
    pattern = _COUNT + rf"(\s*({unit})s?)?$"
    return {"anyOf": [{"type": "integer", "minimum": 0}, _text(pattern)], "examples": [example]}


def _amount() -> Schema:
    return {"anyOf": [{"type": "number"}, _text(r"[0-9]")]}


def _flag() -> Schema:
    return {"anyOf": [{"type": "boolean"}, _text("^([Yy]es|[Nn]o|[Tt]rue|[Ff]alse)$")]}


def _one_or_more(item: Schema) -> Schema:
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]}


def _test(field: Field) -> Schema:
    """What may stand behind a fact."""
    if field.type is Type.FLAG:
        body: Schema = {
            "anyOf": [{"type": "boolean"}, _text("^([Nn]ot\\s+)?([Yy]es|[Nn]o|[Tt]rue|[Ff]alse)$")]
        }
    elif field.type in (Type.COUNT, Type.DAYS):
        exact = _text(r"^([Nn]ot\s+)?-?[0-9][0-9,]*(\s+days?)?$")
        body = {"anyOf": [_text(_COMPARED), exact, {"type": "integer"}, {"type": "array", "minItems": 1}]}
    elif field.type.number:
        body = {"anyOf": [_text(_COMPARED), {"enum": ["0", 0]}]}
    elif field.choices:
        words = _text("^([Nn]ot\\s+.+|" + "|".join(_any_case(choice) for choice in field.choices) + ")$")
        body = {**_one_or_more(words), "examples": list(field.choices)}
    else:  # an editor may read `NO` as a boolean and `007` as a number
        body = _one_or_more({"anyOf": [_text(r"^(?![<>=!])\s*\S"), {"type": ["boolean", "number"]}]})
    return {"description": f"{field.sentence} ({field.type.value})", "examples": [_example(field)], **body}


def _example(field: Field) -> str:
    return field.example.split(": ", 1)[-1]


def _any_case(word: str) -> str:
    return "".join(f"[{letter.upper()}{letter}]" if letter.isalpha() else letter for letter in word)


def _clause(known: Known, items: bool, more: Mapping[str, Schema] | None = None) -> Schema:
    tests = {name: _test(field) for name, field in known.fields.items() if items or not field.item}
    for name, body in (more or {}).items():
        tests[name] = {"anyOf": [tests[name], body]} if name in tests else body
    return {"type": "object", "properties": tests, "additionalProperties": False, "minProperties": 1}


def _dashes(clause: Schema) -> Schema:
    return {"anyOf": [{"type": "array", "items": clause, "minItems": 1}, clause]}


def _somebody(known: Known) -> Schema:
    return _enum(known.somebody)


def _late() -> Schema:
    return _text(r"^(climb|latest|skip [0-9]{1,3}( days?)?)$") | {
        "examples": ["climb", "latest", "skip 7 days"]
    }


def _policy(known: Known) -> Schema:
    kinds = _one_or_more(_enum(kind.value for kind in Kind))
    empty: Schema = {"enum": [None, ""]}
    return _lines(
        Where.POLICY,
        {
            "policy": _text(),
            "for": {"anyOf": [{**_clause(known, False), "minProperties": 0}, empty]},
            "clock": _enum(Clock),
            "start": _enum(Event),
            "each": _enum(("invoice", "account")),
            "steps": {"type": "array", "items": _step(known), "minItems": 1, "maxItems": MOST_STEPS},
            "without": kinds,
            "late": _late(),
            "gap": _span("day|week", "7 days"),
            "answer": _span("day|week", "10 days"),
        },
        ("policy", "steps"),
    ) | {"not": {"required": ["clock", "start"]}}


def _step(known: Known) -> Schema:
    message, who = _enum(known.names("message")), _somebody(known)
    task = _text(r"^[^,]+,\s*\S")
    actions: dict[str, Schema] = {
        "call": who,
        "email": message,
        "letter": message,
        "statement": message,
        "terms": _text() | {"examples": ["cash on delivery", "cash in advance", "net 10"]},
        "hold": _enum(HELD),
        "hand off": _enum(HANDED),
        "task": task,
        "webhook": _enum(sorted(known.webhooks)),
    }
    when = _dashes(_clause(known, True))
    approval = _lines(Where.APPROVAL, {"by": who, "when": when}, ("by",))
    rest: dict[str, Schema] = {
        "day": _whole(FIRST_DAY, LAST_DAY),
        "name": _text(),
        "script": _enum(known.names("script")),
        "to": _enum(names(Where.TO)),
        "from": who,
        "when": when,
        "approve": {"anyOf": [who, approval]},
        "notify": {"anyOf": [who, _text(r"^[^,]+,\s*[1-9][0-9]? days? ahead$")]},
        "repeat": _text(r"^every [0-9]{1,3} days?, ?at most [0-9]{1,3}( times)?$"),
        "restore-after": _span("clean month|month", "3 clean months"),
    }
    body = _lines(Where.STEP, {**rest, **_described(Where.ACTION, actions)}, ("day",))
    return body | {
        "anyOf": [{"required": [action]} for action in actions],
        "dependencies": {"script": ["call"]},
    }


def _described(where: Where, properties: Mapping[str, Schema]) -> dict[str, Schema]:
    says = {word.name: word.sentence for word in WORDS if word.where is where}
    return {name: {"description": says[name], **body} for name, body in properties.items()}


def _house(known: Known, policies: Sequence[str]) -> Schema:
    order = _one_or_more(_enum(policies) if policies else _text())
    seasons: dict[str, Schema] = {
        name: _text(_SEASON) for name in (*(kind.value for kind in Kind), EVERYTHING)
    }
    counted = {name: _whole(0, 10_000_000) for name in PLURALS}
    people = {name: _whole(0, 10_000_000) for name in sorted(known.people)}
    return _lines(
        Where.HOUSE,
        {
            "order": order,
            "currency": _text("^[A-Za-z]{3}$"),
            "calendar": _text(),
            "hours": _text(r"[0-9]{1,2}(:[0-9]{2})?\s*(-|–|to)\s*[0-9]{1,2}(:[0-9]{2})?$"),
            "closed": _enum(("next open day", "same day")),
            "answer": _span("day|week", "7 days"),
            "never": _dashes(_clause(known, False)),
            "pause": _dashes(_clause(known, False, seasons)),
            "minimum": _amount(),
            "gap": _span("day|week", "5 days"),
            "contact": _text(r"^at most [0-9]{1,3}( contacts?)? in [0-9]{1,3} days?$"),
            "late": _late(),
            "capacity": {
                "type": "object",
                "properties": {**counted, **people},
                "additionalProperties": False,
            },
            "stop": {
                "type": "object",
                "properties": {**counted, "actions": _whole(0, 10_000_000)},
                "additionalProperties": False,
            },
            "split": _splits(known, policies),
            "costs": {
                "type": "object",
                "properties": {name: _amount() for name in COSTED},
                "additionalProperties": False,
            },
            "owner": _somebody(known),
            "fresh": _span("hour|day", "26 hours"),
            "score": {"anyOf": [_enum(SCORES), _score()]},
            "usual": {
                "anyOf": [{"type": "number", "minimum": 1}, _text(r"^[0-9]{1,3}(\.[0-9]+)?\s?(times?|x)?$")]
            },
            "live": _enum(("on save", "on approval")),
            "bands": {
                "type": "object",
                "properties": {name: _text(_BAND) for name in FIGURES},
                "additionalProperties": False,
            },
            "limits": {
                "type": "object",
                "properties": {role: _allowance() for role in sorted(known.roles)},
                "additionalProperties": False,
            },
            "guards": _guards(),
            "charge": _charge(),
            "rates": _rates(),
        },
    )


def _splits(known: Known, policies: Sequence[str]) -> Schema:
    share: Schema = {"anyOf": [_whole(1, 99), _text(r"^[0-9]{1,2}\s?(%|[Pp]er ?cent)$")]}
    sides: Schema = {
        "type": "object",
        "properties": dict.fromkeys((*policies, HOLDOUT), share),
        "additionalProperties": share if not policies else False,
        "minProperties": 2,
        "maxProperties": 3,
    }
    lines: dict[str, Schema] = {
        "shares": sides,
        "alike": _one_or_more(_enum(alike(known))),
        "until": _text(_DATE),
        "because": _text(),
        "holdout": _span("day|week", "14 days"),
    }
    one = _lines(Where.SPLIT, lines, ("shares", "until", "because"))
    return {"type": "object", "additionalProperties": one, "minProperties": 1}


def _allowance() -> Schema:
    share = _text(r"^[0-9]{1,3}(\.[0-9]{1,2})?\s?(%|[Pp]er ?cent)$") | {"examples": ["2%"]}
    return _lines(
        Where.LIMIT,
        {
            "discount": share,
            "days": _span("day|week", "7 days"),
            "plan": _span("month", "3 months"),
            "waive": _amount(),
        },
    )


def _score() -> Schema:
    weights = {name: _whole(0, MOST_WEIGHT) for name in names(Where.SCORE)}
    return _lines(Where.SCORE, weights) | {"minProperties": 1}


def _guards() -> Schema:
    calls = _text(r"^[Aa]t most [0-9]{1,3}( calls?)? in [0-9]{1,3} days?$")
    days = {"conversation": _span("day|week", "7 days"), "exceptions": _span("day|week", "30 days")}
    return _lines(Where.GUARDS, {"calls": calls, "persons": calls, **days, "because": _text()})


def _charge() -> Schema:
    """One pack for all, or one by country."""
    packs = "|".join(_any_case(pack) for pack in PACKS)
    rate = r"[0-9]{1,2}(\.[0-9]{1,4})?\s?%\s*(a|per)\s*(month|year)"
    in_a_word = _text(rf"^(({packs})(\s+{rate})?|nothing|none)$")
    lines = {
        "pack": _text(rf"^({packs})$"),
        "from": _text(_DATE),
        "lump-sum": _flag(),
        "rate": _text(rf"^{rate}$"),
        "basis": _text(),
    }
    one: Schema = {"anyOf": [in_a_word, _lines(Where.CHARGE, lines, ("pack",))]}
    by_country: Schema = {
        "type": "object",
        "propertyNames": {"not": {"enum": list(names(Where.CHARGE))}},
        "additionalProperties": one,
        "minProperties": 1,
    }
    return {"anyOf": [*one["anyOf"], by_country]}  # type: ignore[misc]


def _rates() -> Schema:
    percent: Schema = {"anyOf": [{"type": "number"}, _text(r"^-?[0-9]{1,2}(\.[0-9]{1,4})?\s?%?$")]}
    by_day: Schema = {
        "type": "object",
        "patternProperties": {r"^[0-9]{4}-0(1|7)-01$": percent},
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": dict.fromkeys(REFERENCES, by_day),
        "additionalProperties": False,
    }


def _outcomes(known: Known) -> Schema:
    who, message, script = _somebody(known), _enum(known.names("message")), _enum(known.names("script"))
    days = "[0-9]{1,3} (open )?days?"
    after = f"now|in [0-9]{{1,3}} (minutes?|hours?)|in {days}"
    texts = _one_or_more(_text())
    follow: dict[str, Schema] = {
        "script": script,
        "email": message,
        "from": who,
        "to": _enum(names(Where.TO)),
        "task": texts,
        "cool": _text(f"^{days}$"),
        "suggest": _text("^promise( to pay)? within [0-9]{1,3} days?$"),
        "checklist": texts,
        "resources": texts,
        "close": _text(),
    }
    called: dict[str, Schema] = {
        "call back": _text(f"^({after})$"),
        "call": _enum((*known.somebody, PEER, SAME_PERSON)),
    }
    option = _lines(Where.OPTION, {**called, **follow}) | {"minProperties": 1}
    reasons: Schema = {
        "type": "object",
        "properties": _described(Where.REASON, dict.fromkeys(names(Where.REASON), option)),
        "additionalProperties": False,
    }
    words: dict[str, Schema] = {
        **follow,
        "guidance": _text(),
        "ask": _one_or_more({"anyOf": [_enum(names(Where.ANSWER)), _text(r"(\?| if known)$")]}),
        "offer": {"type": "array", "items": option, "minItems": 1},
        "promise": _text("^(" + "|".join(PROMISES) + ")(,.+)?$"),
        "then": _text("^call"),
        "twice running": option,
        "twice-running": option,
        "on reason": reasons,
        "on-reason": reasons,
    }
    outcome = _lines(Where.OUTCOME, words)
    return _lines(Where.OUTCOMES, dict.fromkeys(names(Where.OUTCOMES), outcome))


def _tests(known: Known, policies: Sequence[str]) -> Schema:
    policy = _enum(policies) if policies else _text()
    account = _account(known, policies)
    by_day: Schema = {
        "type": "object",
        "patternProperties": {r"^[+-]?[0-9]{1,4}$": _one_or_more(_text())},
        "additionalProperties": False,
    }
    trial = _lines(
        Where.TRIAL,
        {
            "name": {"anyOf": [_text(), {"type": "number"}]},
            "account": account,
            "events": by_day,
            "expect": {"anyOf": [by_day, _text("^([Pp]olicy .+|[Nn]o policy|[Nn]othing)$")]},
        },
        ("name", "expect"),
    )
    tests: Schema = {"type": "array", "items": trial, "minItems": 1}
    properties = {"policy": policy, "calendar": _text(), "account": account, "tests": tests}
    return _lines(Where.TRIALS, properties, ("policy", "tests"))


def _invariants(known: Known, policies: Sequence[str]) -> Schema:
    days = r"[0-9]{1,4}\s+days?"
    policy = _enum(policies) if policies else _text()
    said: dict[str, Schema] = {
        "name": _text(),
        "must never": _text(),
        "must always": _text(),
        "without": _text(),
        "within": _text(rf"^{days}\s+(past\s+due|after\s|of\s)"),
        "before": _text(rf"^{days}\s+past\s+due$"),
        "for": _clause(known, False),
        "known": _enum(FINDINGS),
        "policy": _one_or_more(policy),
        "because": _text(),
    }
    heads = [{"required": [word]} for word in ("must never", "must always", "known")]
    dash = _lines(Where.INVARIANT, said) | {
        "oneOf": heads,
        "dependencies": {"known": ["because"], "policy": ["known"]},
    }
    return {"type": ["array", "null"], "items": dash}


def _account(known: Known, policies: Sequence[str]) -> Schema:
    word: Schema = {"type": ["string", "boolean", "number"]}
    document = _lines(
        Where.DOCUMENT,
        {
            "number": word,
            "date": _text(_DATE),
            "due": _text(_DATE),
            "amount": _amount(),
            "open": _amount(),
            "currency": _text("^[A-Za-z]{3}$"),
            "statement": _text(_DATE),
            "disputed": _flag(),
        },
        ("date", "amount"),
    )
    documents: Schema = {"type": "array", "items": document}
    own: dict[str, Schema] = {"name": word, "addresses": _one_or_more(_enum(("none", "email", *ADDRESSES)))}
    own["side"] = _one_or_more(_enum((*policies, HOLDOUT)) if policies else _text())
    lists = dict.fromkeys(("invoices", "credits", "payments"), documents)
    facts: dict[str, Schema] = {}
    for name, field in known.fields.items():
        if field.computed:
            continue
        value = _flag() if field.type is Type.FLAG else word
        body = _one_or_more(word) if field.type is Type.TAGS else value
        facts[name] = {"description": field.sentence, **body}
    return _lines(Where.ACCOUNT, {**facts, **own, **lists})
