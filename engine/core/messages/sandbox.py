"""Templates know only the facts of one message, call nothing, and end."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.core.messages.slots import MOST_OUTPUT, Prose, Slots, TooLong

FILTERS = frozenset(
    {"abs", "capitalize", "count", "d", "default", "first", "last", "length", "list", "lower", "map", "max"}
    | {"min", "reject", "rejectattr", "select", "selectattr", "sort", "sum", "title", "trim", "truncate"}
    | {"unique", "upper"}
)
# What a loop may run over, in messages and in the two pages; through which filters.
LISTS = frozenset({"invoices", "set_aside", "totals", "plan", "points", "company", "customer", "numbers"})
_LISTING = frozenset({"list", "reject", "rejectattr", "select", "selectattr", "sort", "unique"})
_REFUSED: dict[type[nodes.Node], str] = {
    nodes.Macro: "“macro” has no place in a template",
    nodes.CallBlock: "“call” has no place in a template",
    nodes.Import: "“import” has no place in a template",
    nodes.FromImport: "“import” has no place in a template",
    nodes.Include: "“include” has no place in a template",
    nodes.Extends: "“extends” has no place in a template",
    nodes.Block: "“block” has no place in a template",
    nodes.Concat: "“~” is not needed: write the two side by side",
    nodes.Call: "there is nothing to call with “( )” in a template",
}
_MOST_FIGURE = 10**15


def _usual(value: object) -> bool:
    return isinstance(value, (int, Decimal)) and -_MOST_FIGURE <= value <= _MOST_FIGURE


class NameMissing(Exception):
    """A template asks for something that is not there. `name` as written; `known` what it could have been."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(name)
        self.name = name
        self.known = known


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
    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or not (_usual(left) and _usual(right)):
            raise SecurityError(f"“{operator}” is for figures of a usual size only")
        return super().call_binop(context, operator, left, right)

    def is_safe_callable(self, obj: Any) -> bool:
        """Templates have values and filters; there is nothing to call."""
        return False


@pass_context
def _into_slots(context: Context, value: object) -> str:
    if isinstance(value, StrictUndefined):
        str(value)  # raises
    if isinstance(value, Prose):
        return value
    slots = context["_slots"]
    assert isinstance(slots, Slots)
    return slots.put(value)


def _present(value: object) -> object:
    if value is None:
        raise ValueError("a page prints something that is not there; ask first:  {% if … %}")
    return value


def _replace(text: object, old: object, new: object) -> str:
    """As usual, but never beyond what a message may have."""
    whole, before, after = str(text), str(old), str(new)
    if len(whole) + whole.count(before) * len(after) > MOST_OUTPUT:
        raise TooLong
    return whole.replace(before, after)


def _join(parts: Any, between: object = "") -> str:
    """Texts of a list, joined; never beyond what a message may have."""
    texts, separator = [str(each) for each in parts], str(between)
    if sum(map(len, texts)) + len(texts) * len(separator) > MOST_OUTPUT:
        raise TooLong
    return separator.join(texts)


def environment(html: bool = False) -> ImmutableSandboxedEnvironment:
    """The sandbox: nothing is undefined in silence, nothing is called, nothing grows without end.

    In a message every value goes into a slot; in a page (`html`) every value is escaped. This is decided by
    what it is, not by a file's suffix.
    """
    made = _Environment(
        undefined=_Missing,
        finalize=_present if html else _into_slots,
        autoescape=html,
        trim_blocks=not html,
        lstrip_blocks=not html,
    )
    made.globals.clear()
    made.filters = {name: made.filters[name] for name in FILTERS}
    made.filters |= {"replace": _replace, "join": _join}
    return made


def parse(env: ImmutableSandboxedEnvironment, source: str, file: str) -> nodes.Template:
    """The syntax tree. Raises TemplateSyntaxError, also for what a template has no business to do."""

    def refuse(node: nodes.Node, why: str) -> None:
        raise TemplateSyntaxError(why, node.lineno, file, file)

    try:
        tree = env.parse(source, name=file, filename=file)
    except (
        ValueError,
        RecursionError,
        OverflowError,
    ) as error:  # a figure of 5,000 digits, a thousand brackets
        raise TemplateSyntaxError("this is more than a template can hold", 1, file, file) from error
    kinds: tuple[type[nodes.Node], ...] = (nodes.Name, nodes.For, *_REFUSED)
    found = list(tree.find_all(kinds))
    for kind, why in _REFUSED.items():
        for node in found:
            if isinstance(node, kind):
                refuse(node, why)
    made_here = {name.name for name in found if isinstance(name, nodes.Name) and name.ctx != "load"}
    for loop in (node for node in found if isinstance(node, nodes.For)):
        if loop.recursive or _source(loop.iter) not in LISTS - made_here:
            refuse(loop, "a loop runs over one of: invoices, set_aside, totals, plan")
        for inner in loop.find_all(nodes.For):
            for third in inner.find_all(nodes.For):
                refuse(third, "a loop in a loop in a loop is too deep")
    return tree


def _source(node: nodes.Node | None) -> str:
    """The name of the list that a loop runs over."""
    while isinstance(node, (nodes.Filter, nodes.Getattr)):
        if isinstance(node, nodes.Filter) and node.name not in _LISTING:
            return ""
        node = node.node
    return node.name if isinstance(node, nodes.Name) else ""
