"""Templates are read as a careful colleague would read them, before a customer does."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from jinja2 import TemplateSyntaxError, nodes

from engine.core.language.policy import Tone
from engine.core.messages.demands import is_demand
from engine.core.messages.facts import Item
from engine.core.messages.frames import email_html, letter_html, page_values
from engine.core.messages.head import Template, Templates, did_you_mean
from engine.core.messages.phrases import ACCUSING, ACRONYMS, LEGAL, PATRONISING, PROMOTION
from engine.core.messages.render import (
    KNOWN,
    Known,
    Message,
    find,
    known_of,
    money,
    render_one,
    short_date,
    sources,
    tree,
)
from engine.core.messages.samples import all_samples, bare, full
from engine.core.messages.scripts import script_problems
from engine.core.messages.slots import Slots
from engine.core.messages.wording import locale_of
from engine.core.problem import Place, Problem

_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_SHOUTED = re.compile(r"[^\W\d_]{4,}")
_REMOTE = re.compile(
    r"""(?:src|background)\s*=\s*["']?\s*(?!data:|\{\{)[^"'\s>]+|url\(\s*["']?(?!data:)[^)]+|<script|@import""",
    re.I,
)
_LOOP = ("index", "index0", "first", "last", "length", "revindex")


def lint(templates: Templates, demands: Collection[str] = ()) -> list[Problem]:
    """All that is wrong with the templates, in the order of their files.

    A written demand is a message of tone firm, final or legal, or one of `demands` (see `demands.written_demands`).
    Other
    courteous messages (a statement before the due date, a confirmation) need name only who we are.
    """
    problems = _frame_problems(templates)
    frames = tuple(sorted(templates.frames.items())) if not problems else None
    for template in templates:
        problems += _read_through(template, frames, is_demand(template, demands))
    return problems


@lru_cache(maxsize=1024)
def _read_through(
    template: Template, frames: tuple[tuple[str, str], ...] | None, demand: bool
) -> tuple[Problem, ...]:
    """All that is wrong with one template; without the two pages it is not tried out.

    A template is the same as long as its text is, and to try one takes a while: so whoever checks again after a change
    of another file waits for that one alone.
    """
    found = list(_names(template))
    found += _manner(template)
    if template.kind == "script":
        found += script_problems(template)
    broken = any(problem.code in ("syntax", "unknown-name", "forbidden") for problem in found)
    if frames is not None and not broken:
        found += _tried(Templates(frames=dict(frames)), template, demand)
    return tuple(sorted(found, key=lambda problem: problem.place))


def _names(template: Template) -> Iterator[Problem]:
    """Names that no account has, in every branch, taken or not."""
    full_values = _known(0, template.language).values
    for source in sources(template):
        try:
            read = tree(source, template.file)
        except TemplateSyntaxError as error:
            line = error.lineno
            yield Problem(
                Place(template.file, line, 1, len(template.line(line)) + 1),
                "this is no sentence of the template language",
                str(error.message),
                "syntax",
                line=template.line(line),
            )
            continue
        yield from _unknown(template, read, full_values)


def _unknown(template: Template, read: nodes.Template, values: Mapping[str, object]) -> Iterator[Problem]:
    kinds: tuple[type[nodes.Node], ...] = (nodes.Name, nodes.For, nodes.Getattr, nodes.Getitem)
    found = list(read.find_all(kinds))
    names = [node for node in found if isinstance(node, nodes.Name)]
    stored = {node.name for node in names if node.ctx != "load"}
    shapes: dict[str, tuple[str, ...]] = {
        name: tuple(value) for name, value in values.items() if isinstance(value, dict)
    }
    shapes["loop"] = _LOOP
    for loop in (node for node in found if isinstance(node, nodes.For)):
        if isinstance(loop.iter, nodes.Name) and isinstance(loop.target, nodes.Name):
            listed = values.get(loop.iter.name)
            if isinstance(listed, list) and listed:
                shapes[loop.target.name] = tuple(listed[0])
    for name in names:
        if name.ctx == "load" and name.name not in stored and name.name not in KNOWN and name.name != "loop":
            yield _unknown_name(template, name.name, name.name, name.lineno, KNOWN)
    asked = [(each.node, each.attr, each.lineno) for each in found if isinstance(each, nodes.Getattr)]
    for each in (node for node in found if isinstance(node, nodes.Getitem)):
        if isinstance(each.arg, nodes.Const) and isinstance(each.arg.value, str):
            asked.append((each.node, each.arg.value, each.lineno))
    for owner, attribute, line in asked:
        known = shapes.get(owner.name) if isinstance(owner, nodes.Name) else None
        if known is not None and attribute not in known:
            assert isinstance(owner, nodes.Name)
            yield _unknown_name(template, f"{owner.name}.{attribute}", attribute, line, known)


def _unknown_name(template: Template, shown: str, word: str, line: int, known: tuple[str, ...]) -> Problem:
    hint = did_you_mean(word, known, "there are: " + ", ".join(known))
    place = find(template, word, line)
    return Problem(
        place, f"there is no “{shown}” to put here", hint, "unknown-name", line=template.line(line)
    )


def _prose(template: Template) -> str:
    """The text with the head (but for the subject) and all tags blanked, every character in its place."""
    lines = template.text.split("\n")
    for number in range(1, template.body_line):
        keep = number == template.subject_place.line and template.subject
        column = template.subject_place.column - 1
        line = lines[number - 1]
        lines[number - 1] = " " * column + line[column:] if keep else " " * len(line)
    return _TAG.sub(lambda tag: re.sub(r"[^\n]", "\0", tag[0]), "\n".join(lines))


def _manner(template: Template) -> Iterator[Problem]:
    prose = _prose(template)
    for manner in (LEGAL, ACCUSING, PATRONISING, PROMOTION):
        if manner is LEGAL and template.tone is Tone.LEGAL:
            continue
        pattern = manner.patterns.get(template.language)
        for match in pattern.finditer(prose) if pattern else ():
            words = " ".join(match[0].split())
            yield template.problem(
                *match.span(), manner.sentence.format(words=words), manner.suggestion, manner.code
            )
    for match in re.finditer("[!¡]+", prose):
        yield template.problem(
            *match.span(),
            "an exclamation mark raises the voice",
            "end with a full stop",
            "exclamation",
        )
    for match in _SHOUTED.finditer(prose):
        if match[0].isupper() and match[0] not in ACRONYMS:
            sentence = f"“{match[0]}” in capitals shouts"
            yield template.problem(*match.span(), sentence, f"write “{match[0].lower()}”", "capitals")


def _tried(templates: Templates, template: Template, demand: bool) -> Iterator[Problem]:
    """Filled in for the invented accounts: does it come out, and does it name what it must?"""
    seen: set[tuple[Place, str]] = set()
    for number, facts in enumerate(all_samples()):
        made = render_one(templates, template, facts, _known(number, template.language))
        found = [made] if isinstance(made, Problem) else _missing(template, made, number, demand)
        for problem in found:
            if (problem.place, problem.sentence) not in seen:
                seen.add((problem.place, problem.sentence))
                yield problem


@cache
def _known(number: int, language: str) -> Known:
    """What templates can name of an invented account."""
    return known_of(all_samples()[number], language)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a written demand shows of an invented account, as it is written in a language."""

    items: tuple[tuple[str, ...], ...]
    totals: tuple[str, ...]
    respond_by: str


@cache
def _asked(number: int, language: str) -> _Asked:
    facts = all_samples()[number]
    slots = Slots(locale_of(language, facts.debtor.country))

    def item(each: Item) -> tuple[str, ...]:
        when = (short_date(each.date, slots), short_date(each.due, slots))
        return (each.number, *when, money(each.open, each.currency, slots), each.po)

    return _Asked(
        tuple(map(item, facts.items)),
        tuple(money(amount, code, slots) for code, amount in facts.totals),
        slots.written(facts.respond_by),
    )


def _missing(template: Template, message: Message, number: int, demand: bool) -> list[Problem]:
    if template.kind == "script":
        return []
    text = " ".join(message.text.split())
    facts, asked = all_samples()[number], _asked(number, template.language)

    def shows(*values: str) -> bool:
        return all(" ".join(value.split()) in text for value in values)

    company, sender = facts.company, facts.sender
    reach = [each for each in (sender.phone, sender.email, company.phone, company.email) if each]
    wanted = [(shows(company.name), "who sends it", "signature")]
    if demand:
        wanted += [
            (shows(facts.debtor.name), "the customer’s name", "customer.name"),
            (
                all(shows(*each) for each in asked.items),
                "each invoice with number, dates, order number and open amount",
                "invoice_list",
            ),
            (all(shows(each.number) for each in facts.aside), "what is set aside", "set_aside_list"),
            (shows(*asked.totals), "the total", "total"),
            (shows(asked.respond_by), "a date to answer by", "respond_by"),
            (shows(*company.pay), "how to pay", "how_to_pay"),
            (any(map(shows, reach)), "whom to ask", "sender.phone or sender.email"),
            (shows(company.disputes or company.email), "how to dispute an invoice", "company.disputes"),
        ]
    line = template.body_line
    place = Place(template.file, line, 1, len(template.line(line)) + 1)
    return [
        Problem(
            place,
            f"this message does not name {what}",
            f"add  {{{{ {name} }}}}",
            "no-respond-by" if name == "respond_by" else "not-named",
            line=template.line(line),
        )
        for there, what, name in wanted
        if not there
    ]


def _frame_problems(templates: Templates) -> list[Problem]:
    problems = []
    for name, source in sorted(templates.frames.items()):
        file = f"templates/{name}"
        for match in _REMOTE.finditer(source):
            line = source.count("\n", 0, match.start()) + 1
            column = match.start() - source.rfind("\n", 0, match.start())
            problems.append(
                Problem(
                    Place(file, line, column, column + len(match[0])),
                    "this fetches something from outside, which mail programs block and a letter cannot",
                    "put the style into the file, and the logo into the settings",
                    "remote",
                    line=source.split("\n")[line - 1],
                )
            )
        for facts in (full(), bare()):
            message = Message("Subject", "Text\n", "", "en", body="<p>Text</p>")
            try:
                made = (
                    email_html({name: source}, message, message.body, page_values(facts, message.language))
                    if name == "_email.html"
                    else letter_html(source, message, facts)
                )
            except Exception as error:  # whatever is wrong with the file
                line = getattr(error, "lineno", None) or 1
                problems.append(
                    Problem(Place(file, line), "this page cannot be filled in", str(error)[:200], "template")
                )
                break
            if message.body not in made:
                problems.append(
                    Problem(Place(file), "this page leaves out the message", "add  {{ body }}", "not-named")
                )
                break
    return problems
