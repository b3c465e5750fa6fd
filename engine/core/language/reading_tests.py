"""One line of a condition becomes a test: `overdue: over 10,000`, `segment: [trade, retail]`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from engine.core.language import norms
from engine.core.language.condition import Clause, Condition, Op, Test
from engine.core.language.fields import FIELDS, Field, Type
from engine.core.language.reading import money, scalar, texts, word
from engine.core.language.source import REFUSED, Block, Line, Listing, Node, Notes, Text, short, written
from engine.core.language.words import nearest
from engine.core.money import is_currency
from engine.core.workdays import is_zone

_COMPARED = re.compile(
    r"(?P<not>not\s+)?(?:(?P<op>over|under|at least|at most)\s+(?P<one>.+)"
    r"|between\s+(?P<low>.+?)\s+and\s+(?P<high>.+))",
    re.IGNORECASE | re.DOTALL,
)
_SIGNS = {
    ">": "over",
    "<": "under",
    ">=": "at least",
    "<=": "at most",
    "=": "",
    "==": "",
    "!=": "not",
    "≥": "at least",
    "≤": "at most",
}
_OTHER_WORDS = {
    "more than": "over", "above": "over", "greater than": "over", "less than": "under", "below": "under",
    "from": "at least", "up to": "at most", "min": "at least", "max": "at most",
    "minimum": "at least", "maximum": "at most",
}  # fmt: skip
_YES = {"yes": True, "true": True, "no": False, "false": False}


def read_test(
    line: Line, notes: Notes, fields: Mapping[str, Field], currency: str, items: bool = False
) -> Test | None:
    """One line of a condition. `items`: facts of an item may be asked for (in `when`)."""
    name = line.key.value
    field = fields.get(name)
    if field is None:
        known = [each.name for each in fields.values() if items or not each.item]
        notes.error(
            line.key.place, f"accounts have no “{short(name)}”", nearest(name, known), "unknown-field"
        )
        return None
    if field.item and not items:
        other = "overdue" if field.type is Type.MONEY else "oldest"
        notes.error(
            line.key.place,
            f"“{name}” is a fact of an item and can be asked for in “when” only",
            f"of an account you can ask “{other}”",
            "item-field",
        )
        return None
    value = line.value
    if isinstance(value, Block):
        notes.error(value.place, f"one value stands behind “{name}”", f"write  {field.example}", "one-value")
        return None
    if isinstance(value, Text) and value.style == REFUSED:
        return None
    if isinstance(value, Text) and value.style == ">":
        notes.error(value.place, "YAML keeps “>” for itself", f"write  {field.example}", "sign")
        return None
    if field.type.number:
        test = _number_test(field, value, notes, currency)
    else:
        test = _word_test(field, value, notes)
    return replace(test, place=line.key.place) if test else None


def _said(field: Field, op: Op, values: tuple[int | str | bool, ...], negated: bool, value: Node) -> Test:
    return Test(field.column, op, values, negated, " ".join(written(value).split()), value.place)


def _number_test(field: Field, value: Node, notes: Notes, currency: str) -> Test | None:
    if isinstance(value, Listing):
        numbers = [
            read_number(field, text, text.value, notes, currency)
            for text in texts(value, notes, field.example) or ()
        ]
        if not numbers or None in numbers:
            return None
        return _said(field, Op.IS, tuple(n for n in numbers if n is not None), False, value)
    text = scalar(value, notes, field.example)
    if text is None or _sign(field, text, notes):
        return None
    if not (found := _COMPARED.fullmatch(word(text))):
        negated = bool(re.match(r"not\s", word(text), re.IGNORECASE))
        bare = word(text)[4:] if negated else word(text)
        number = read_number(field, text, bare, notes, currency)
        if number is None:
            return None
        if field.type in (Type.MONEY, Type.SHARE) and number:
            notes.error(
                text.place,
                f"“{field.name}” would have to be exactly {short(bare)}",
                f"write  over {bare}  or  at least {bare}",
                "exact-amount",
            )
            return None
        return _said(field, Op.IS, (number,), negated, value)
    negated = bool(found["not"])
    if found["op"]:
        number = read_number(field, text, found["one"], notes, currency)
        return None if number is None else _said(field, Op(found["op"].lower()), (number,), negated, value)
    low = read_number(field, text, found["low"], notes, currency)
    high = read_number(field, text, found["high"], notes, currency)
    if low is None or high is None:
        return None
    if low > high:
        notes.error(
            text.place,
            "nothing lies between these two, the first is larger",
            f"write  between {found['high']} and {found['low']}",
            "between",
        )
        return None
    return _said(field, Op.BETWEEN, (low, high), negated, value)


def _sign(field: Field, text: Text, notes: Notes) -> bool:
    """A sign, or another word for a comparison, in the place of ours."""
    if found := re.match(r"\s*(>=|<=|==|!=|[<>=≥≤])\s*(.*)", text.value, re.DOTALL):
        instead = f"{_SIGNS[found[1]]} {short(found[2])}".strip()
        notes.error(text.place, f"“{found[1]}” is a sign; policies use words", f"write  {instead}", "sign")
        return True
    lower = word(text).lower()
    for other, ours in _OTHER_WORDS.items():
        if field.type.number and lower.startswith(other + " "):
            notes.error(
                text.place,
                f"“{other}” is not one of the comparisons",
                f"write  {ours} {short(word(text)[len(other) + 1 :])}",
                "comparison",
            )
            return True
    return False


def read_number(field: Field, text: Text, said: str, notes: Notes, currency: str) -> int | None:
    at = Text(said, text.place)
    if field.type is Type.MONEY:
        return money(at, notes, currency, field.example)
    if field.type is Type.SHARE:
        if found := re.fullmatch(r"([0-9]{1,6})(?:\.([0-9]{1,2}))?\s*%", said.strip()):
            return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))
        notes.error(text.place, f"“{short(said)}” is not a share", f"write  {field.example}", "share")
        return None
    if field.type is Type.DAYS:
        said = re.sub(r"\s*days?$", "", said.strip(), flags=re.IGNORECASE)
    plain = (
        said.strip().replace(",", "")
        if re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})+", said.strip())
        else said.strip()
    )
    if re.fullmatch(r"-?[0-9]{1,9}", plain):
        return int(plain)
    what = "number of days" if field.type is Type.DAYS else "number"
    notes.error(
        text.place, f"“{short(said)}” is not a whole {what}", f"write  {field.example}", "not-a-number"
    )
    return None


def _word_test(field: Field, value: Node, notes: Notes) -> Test | None:
    negated = False
    if isinstance(value, Text):
        text = scalar(value, notes, field.example)
        if text is None or _sign(field, text, notes):
            return None
        said = word(text)
        if re.match(r"not\s", said, re.IGNORECASE):
            negated, said = True, said[4:].strip()
        if said.startswith("[") and said.endswith("]"):  # `not [a, b]` is one text to YAML
            found = [Text(part.strip(), text.place) for part in said[1:-1].split(",")]
        else:
            found = [Text(said, text.place)]
    else:
        found = list(texts(value, notes, field.example) or ())
        for each in found:
            if re.match(r"not\s", each.value, re.IGNORECASE):
                rest = ", ".join(re.sub(r"^not\s+", "", t.value, flags=re.IGNORECASE) for t in found)
                notes.error(
                    each.place, "“not” stands before the list", f"write  not [{short(rest)}]", "not-in-list"
                )
                return None
    values = [read_word(field, each, notes) for each in found]
    if not values or None in values:
        return None
    return _said(field, Op.IS, tuple(v for v in values if v is not None), negated, value)


def read_word(field: Field, text: Text, notes: Notes) -> str | bool | None:
    """One value of a word, a tag or a yes/no field, as the core compares it."""
    said = word(text)
    lower = said.lower()
    if field.type is Type.FLAG:
        if lower in _YES:
            return _YES[lower]
        notes.error(text.place, f"“{field.name}” is yes or no", f"write  {field.name}: yes", "yes-or-no")
        return None
    if re.match(r"(over|under|at least|at most|between)\s+[-$€£]?[0-9]", lower):
        notes.error(
            text.place, f"“{field.name}” is a word and has no size", f"write  {field.example}", "no-size"
        )
        return None
    if not lower:
        notes.error(text.place, "a word is missing here", f"write  {field.example}", "empty")
        return None
    if field.choices and lower not in field.choices:
        notes.error(
            text.place,
            f"“{field.name}” is never “{short(said)}”",
            nearest(said, field.choices),
            "unknown-value",
        )
        return None
    if field.norm == "person":
        return said
    if field.norm == "terms":
        return _terms(said, text, notes)
    if field.norm == "zone":
        if is_zone(said):
            return said
        hint = "write it like  America/New_York"
        notes.error(text.place, f"there is no time zone “{short(said)}”", hint, "unknown-value")
        return None
    if field.norm in ("country", "language"):
        code = norms.country(said) if field.norm == "country" else norms.language(said)
        if code is None:
            notes.error(
                text.place,
                f"there is no {field.norm} “{short(said)}”",
                nearest(said, norms.countries()) if field.norm == "country" else "write its code, like  de",
                "unknown-value",
            )
        return code
    if field.column == "currency" and not is_currency(said.upper()):
        notes.error(
            text.place, f"there is no currency “{short(said)}”", "write its code, like  EUR", "unknown-value"
        )
        return None
    # As the ledger keeps them: what its readers know is folded, a workspace's own columns are in lower case.
    return said.casefold() if field.name in FIELDS else lower


def _terms(said: str, text: Text, notes: Notes) -> str | None:
    meaning = norms.terms(said)
    if isinstance(meaning, str):
        return meaning
    readings = "  or  ".join(reading.text for reading in meaning.readings)
    notes.error(
        text.place, f"“{short(said)}” is read in more than one way", f"write  {readings}", "ambiguous-terms"
    )
    return None


def clause(
    node: Node, notes: Notes, fields: Mapping[str, Field], currency: str, what: str, items: bool = False
) -> Clause | None:
    """Lines that must all hold."""
    if not isinstance(node, Block):
        notes.error(
            node.place, f"{what} is lines that must all hold", "write  segment: trade", "lines-wanted"
        )
        return None
    tests = [read_test(line, notes, fields, currency, items) for line in node.lines]
    return Clause(tuple(test for test in tests if test), node.place) if all(tests) else None


def condition(
    node: Node, notes: Notes, fields: Mapping[str, Field], currency: str, what: str, items: bool
) -> Condition | None:
    """Dashes of which one is enough. Lines without a dash are read as one dash: they must all hold."""
    if isinstance(node, Block):
        only = clause(node, notes, fields, currency, what, items)
        return Condition((only,), node.place) if only else None
    if not isinstance(node, Listing) or not node.items:
        notes.error(
            node.place,
            f"{what} is a list of dashes, one of which is enough",
            "write  - overdue: over 500",
            "dashes-wanted",
        )
        return None
    clauses = [clause(item, notes, fields, currency, f"each dash of {what}", items) for item in node.items]
    return Condition(tuple(each for each in clauses if each), node.place) if all(clauses) else None
