"""Templates know only the facts of one message, and no value in them can become markup."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal
from jinja2 import StrictUndefined, TemplateSyntaxError, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

MOST_OUTPUT = 500_000  # characters of one message

FILTERS = (
    "abs",
    "capitalize",
    "count",
    "d",
    "default",
    "first",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "replace",
    "round",
    "select",
    "selectattr",
    "sort",
    "sum",
    "title",
    "trim",
    "truncate",
    "unique",
    "upper",
)
_REFUSED = {
    nodes.Macro: "macro",
    nodes.CallBlock: "call",
    nodes.Import: "import",
    nodes.FromImport: "import",
    nodes.Include: "include",
    nodes.Extends: "extends",
    nodes.Block: "block",
}

# A value stands in the text as a slot until the Markdown has been read: so nothing in it can be read as
# Markdown.
_OPEN, _CLOSE = "\ue000", "\ue001"
SLOT = re.compile(f"(?:{_OPEN}|%EE%80%80)([0-9]+)(?:{_CLOSE}|%EE%80%81)")
# Marks that turn the direction of writing can make a number read backwards.
_TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class NameMissing(Exception):
    """A template asks for something that is not there. `name` as written; `known` what it could have been."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(name)
        self.name = name
        self.known = known


class NotPrintable(Exception):
    """A template prints something that has no text: nothing, a list, yes or no. `what` says which."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class TooLong(Exception):
    """The message grew beyond `MOST_OUTPUT`."""


class Prose(str):
    """Markdown that Dunwell itself has made, its values already in slots; it is printed as it is."""

    __slots__ = ()


def clean(text: str) -> str:
    """A value on one line: without control characters, lone surrogates, slots, and marks that turn the
    writing."""
    text = _TURNING.sub("", text).replace(_OPEN, "").replace(_CLOSE, "")
    text = "".join(" " if unicodedata.category(mark) in ("Cc", "Zl", "Zp") else mark for mark in text)
    text = text.encode("utf-8", errors="replace").decode("utf-8")
    return re.sub(" {2,}", " ", text).strip()


class Slots:
    """The values of one message, by number, and how its dates and figures are written."""

    def __init__(self, locale: Locale) -> None:
        self.locale = locale
        self._values: list[str] = []

    def put(self, value: object) -> str:
        self._values.append(self.written(value))
        return f"{_OPEN}{len(self._values) - 1}{_CLOSE}"

    def written(self, value: object) -> str:
        match value:
            case bool():
                raise NotPrintable("yes or no")
            case str():
                return self.fill(value) if _OPEN in value else clean(value)
            case date():
                return str(format_date(value, "long", locale=self.locale))
            case int() | float() | Decimal():
                return str(format_decimal(value, locale=self.locale))
            case None:
                raise NotPrintable("nothing")
            case _:
                raise NotPrintable("a list" if isinstance(value, (list, tuple)) else "a group of values")

    def fill(self, text: str, escape: Callable[[str], str] = str) -> str:
        """The text with its slots filled, each value through `escape`."""
        return SLOT.sub(lambda match: escape(self._values[int(match[1])]), text)


class _Missing(StrictUndefined):
    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = None,
        name: str | None = None,
        exc: type[Exception] = NameMissing,
    ) -> None:
        def missing(message: str) -> Exception:
            if exc is SecurityError:
                return SecurityError(message)
            known = tuple(obj) if isinstance(obj, Mapping) else ()
            return NameMissing(name or message, known)

        super().__init__(hint, obj, name, missing)  # type: ignore[arg-type]  # jinja only calls it


class _Environment(ImmutableSandboxedEnvironment):
    # `'a' * 10**9` is stopped here, and is not computed while the template is being compiled either
    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or not all(isinstance(each, (int, Decimal)) for each in (left, right)):
            raise SecurityError(f"“{operator}” is for figures only")
        return super().call_binop(context, operator, left, right)

    def is_safe_callable(self, obj: Any) -> bool:
        """Templates have values and filters; there is nothing to call."""
        return False


@pass_context
def _finalize(context: Context, value: object) -> str:
    if isinstance(value, StrictUndefined):
        str(value)  # raises
    if isinstance(value, Prose):
        return value
    slots = context["_slots"]
    assert isinstance(slots, Slots)
    return slots.put(value)


def environment() -> ImmutableSandboxedEnvironment:
    """The sandbox: nothing is undefined in silence, nothing is called, no loops over invented ranges."""
    made = _Environment(
        undefined=_Missing, finalize=_finalize, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )
    made.globals.clear()
    made.filters = {name: made.filters[name] for name in FILTERS}
    return made


def parse(env: ImmutableSandboxedEnvironment, source: str, file: str) -> nodes.Template:
    """The syntax tree, with what a template has no business to do refused as a syntax error at its line."""
    tree = env.parse(source, name=file, filename=file)
    for kind, word in _REFUSED.items():
        for node in tree.find_all(kind):
            raise TemplateSyntaxError(f"templates have no “{word}”", node.lineno, file, file)
    for call in tree.find_all(nodes.Call):
        raise TemplateSyntaxError(
            "there is nothing to call with “( )” in a template", call.lineno, file, file
        )
    for outer in tree.find_all(nodes.For):
        for inner in outer.find_all(nodes.For):
            for third in inner.find_all(nodes.For) if inner is not outer else ():
                if third is not inner:
                    raise TemplateSyntaxError(
                        "a loop in a loop in a loop is too deep", third.lineno, file, file
                    )
    return tree
