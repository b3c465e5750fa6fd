"""A template and the facts of one account become a message: its subject, a plain text and an HTML text."""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

from babel.dates import format_date
from babel.numbers import format_currency
from jinja2 import Template as Compiled
from jinja2 import TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError, TemplateError

from engine.core.messages import charged
from engine.core.messages.changes import changed
from engine.core.messages.facts import Item, MessageFacts, Point
from engine.core.messages.frames import email_html, page_values
from engine.core.messages.head import Template, Templates, did_you_mean
from engine.core.messages.markdown import BadLink, to_text, written
from engine.core.messages.sandbox import NameMissing, environment, parse
from engine.core.messages.slots import MOST_OUTPUT, NotPrintable, Prose, Slots, TooLong, clean
from engine.core.messages.wording import choose_language, locale_of, wording
from engine.core.problem import Place, Problem


@dataclass(frozen=True, slots=True)
class Message:
    """What goes out: one text, as plain text, as the whole HTML e-mail, and as the `body` of a letter.

    `subject` is one line without control characters. `attachments` are (file name, media type, bytes).
    `template` and `language` say where it came from.
    """

    subject: str
    text: str
    html: str
    language: str
    attachments: tuple[tuple[str, str, bytes], ...] = ()
    body: str = ""
    template: str = ""


def render(templates: Templates, name: str, facts: MessageFacts, kind: str = "message") -> Message | Problem:
    """The message, in the best language there is for this customer; or the one problem that stopped it."""
    template = _chosen(templates, name, facts, kind)
    return template if isinstance(template, Problem) else render_one(templates, template, facts)


def _chosen(templates: Templates, name: str, facts: MessageFacts, kind: str) -> Template | Problem:
    """The template of that name and kind, in the best language there is for this customer."""
    variants = templates.languages(name, kind)
    if not variants:
        near = did_you_mean(name, templates.names(kind), f"add templates/{name}.md")
        return Problem(Place("templates"), f"there is no {kind} “{name}”", near, "no-template")
    return variants[choose_language(facts.debtor.languages, facts.debtor.country, frozenset(variants))]


@dataclass(frozen=True)
class Known:
    """What templates of one language can name of one account, and the page around them, made once for all of them."""

    values: Mapping[str, Any]
    slots: Slots
    facts: MessageFacts
    language: str

    @cached_property
    def page(self) -> Mapping[str, Any]:
        return page_values(self.facts, self.language)

    def fresh(self) -> tuple[Slots, dict[str, Any]]:
        """For one message: it fills slots of its own."""
        slots = self.slots.copy()
        return slots, {**self.values, "_slots": slots}


def known_of(facts: MessageFacts, language: str) -> Known:
    """As `context`, for several templates of that language."""
    slots = Slots(locale_of(language, facts.debtor.country))
    return Known(context(facts, language, slots), slots, facts, language)


def render_one(
    templates: Templates, template: Template, facts: MessageFacts, known: Known | None = None
) -> Message | Problem:
    """As `render`, with this very template, whatever the customer's language. `known` is `known_of` these facts."""
    here = template.subject_place
    try:
        known = known or known_of(facts, template.language)
        slots, values = known.fresh()
        subject = _run(_subject(template), values) if template.subject else ""
        here = Place(template.file, template.body_line, 1)
        markdown = _run(_body(template), values)
        made = written(markdown, slots)
        message = Message(
            subject=header(slots.fill(subject)),
            text=made.text,
            html="",
            language=template.language,
            body=made.html,
            template=template.name,
        )
        script = template.kind == "script"
        html = "" if script else email_html(templates.frames, message, made.inline, known.page)
    except Exception as error:  # whatever a template does wrong is that template's problem, never the run's
        return _problem(template, here, error)
    return Message(
        message.subject, message.text, html, message.language, body=message.body, template=message.template
    )


def parts(templates: Templates, name: str, facts: MessageFacts, kind: str) -> list[tuple[str, str]] | Problem:
    """As `render`: the text under each heading of the second level, by heading; the first is what stands before them."""
    template = _chosen(templates, name, facts, kind)
    if isinstance(template, Problem):
        return template
    slots = Slots(locale_of(template.language, facts.debtor.country))
    try:
        markdown = _run(_body(template), context(facts, template.language, slots))
        # A value waits in its slot, so nothing of the ledger can begin a heading here.
        before, *rest = re.split(r"(?m)^##[ \t]+(.*?)[ \t]*$", markdown)
        pieces = [("", before), *zip(rest[::2], rest[1::2], strict=True)]
        return [(slots.fill(heading), to_text(text, slots)) for heading, text in pieces]
    except Exception as error:  # as in `render_one`
        return _problem(template, Place(template.file, template.body_line, 1), error)


def header(text: str) -> str:
    """One line for a mail header. Raises ValueError for what could begin another header, or cannot be
    written."""
    text = " ".join(text.split(" ")).strip(" \n")
    if any(mark in text for mark in "\r\n\0") or any("\ud800" <= mark <= "\udfff" for mark in text):
        raise ValueError("a subject is one line of text")
    return text


def money(amount: Decimal, currency: str, slots: Slots) -> str:
    return str(format_currency(amount, clean(currency), locale=slots.locale))


def context(facts: MessageFacts, language: str, slots: Slots) -> dict[str, Any]:
    """What a template can name: texts, dates and lists of plain dictionaries. Absent values are None."""
    words = wording(language)
    company, debtor, sender = facts.company, facts.debtor, facts.sender
    total = words.joiner.join(money(amount, currency, slots) for currency, amount in facts.totals)
    values = {
        "account": facts.account,
        "today": facts.on,
        "respond_by": facts.respond_by,
        "effective": facts.change.effective if facts.change else facts.on,
        "change": changed(facts.change.kind, facts.change.value, facts.change.lifted, language)
        if facts.change
        else None,
        "company": {
            "name": company.name,
            "address": ", ".join(company.address) or None,
            "email": company.email or None,
            "phone": company.phone or None,
            "pay_url": company.pay_url or None,
            "disputes": company.disputes or company.email or company.phone or company.name,
        },
        "customer": {
            "name": debtor.name,
            "contact": debtor.contact or None,
            "address": ", ".join(debtor.address) or None,
        },
        "sender": {
            "name": sender.name,
            "role": sender.role or None,
            "phone": sender.phone or company.phone or None,
            "email": sender.email or company.email or None,
        },
        "invoices": [_item(item, words.reasons, slots) for item in facts.items],
        "set_aside": [_item(item, words.reasons, slots) for item in facts.aside],
        "total": total or money(Decimal(0), "USD", slots),
        "totals": [
            {"currency": currency, "amount": money(amount, currency, slots)}
            for currency, amount in facts.totals
        ],
        "promise": None
        if facts.promise is None
        else {
            "amount": money(facts.promise.amount, facts.promise.currency, slots),
            "date": facts.promise.date,
            "made_on": facts.promise.made_on,
            "spoken_with": facts.promise.spoken_with or None,
            "how": facts.promise.how
            or (words.check.format(number=clean(facts.promise.check)) if facts.promise.check else None),
        },
        "plan": [
            {"amount": money(each.amount, each.currency, slots), "date": each.date} for each in facts.plan
        ],
        "points": [_point(point, words.points, slots) for point in facts.points],
        "charges": charged.values(facts.charges, language, slots),
        "charges_list": Prose(charged.listed(facts.charges, language, slots)),
        "greeting": words.dear.format(name=clean(debtor.contact)) if debtor.contact else words.dear_nobody,
        "invoice_list": Prose(_table(facts.items, language, slots, facts.totals)),
        "set_aside_list": Prose(
            f"{words.aside}\n\n{_table(facts.aside, language, slots, ())}" if facts.aside else ""
        ),
        "how_to_pay": Prose(_how_to_pay(facts, language, slots)),
        "signature": Prose(_signature(facts, slots)),
    }
    return {"_slots": slots, **{name: _cleaned(value) for name, value in values.items()}}


def _cleaned(value: Any) -> Any:
    """Every text of the ledger on one line, without our marks; blocks that Dunwell made stay as they are."""
    match value:
        case Prose():
            return value
        case str():
            return clean(value)
        case dict():
            return {key: _cleaned(each) for key, each in value.items()}
        case list():
            return [_cleaned(each) for each in value]
        case _:
            return value


def short_date(day: date, slots: Slots) -> str:
    return str(format_date(day, "medium", locale=slots.locale))


def _item(item: Item, reasons: Mapping[str, str], slots: Slots) -> dict[str, Any]:
    return {
        "number": item.number,
        "date": item.date,
        "due": item.due,
        "amount": money(item.open if item.amount is None else item.amount, item.currency, slots),
        "open": money(item.open, item.currency, slots),
        "currency": item.currency,
        "po": item.po or None,
        "days_overdue": item.days_overdue,
        "reason": reasons.get(item.reason, item.reason) or None,
    }


def _point(point: Point, known: Mapping[str, str], slots: Slots) -> str:
    """A point of an agreement as a sentence; in the words that were used where we have none, or it is theirs."""
    sentence = known.get(point.kind, "") if point.ours else ""
    lacks = ("{amount}" in sentence and point.amount is None) or ("{days}" in sentence and point.days is None)
    if not sentence or lacks:
        return point.text
    amount = money(point.amount, point.currency, slots) if point.amount is not None else ""
    return sentence.format(amount=amount, days=point.days, text=clean(point.text))


def _table(
    items: tuple[Item, ...], language: str, slots: Slots, totals: tuple[tuple[str, Decimal], ...]
) -> str:
    if not items:
        return ""
    words = wording(language)
    aside, orders = any(item.reason for item in items), any(item.po for item in items)
    heads = [words.number, words.date, words.due, *([words.order] if orders else []), words.open]
    rows = []
    for item in items:
        cells = [item.number, short_date(item.date, slots), short_date(item.due, slots)]
        cells += [item.po] if orders else []
        row = [*cells, money(item.open, item.currency, slots)]
        row += [words.reasons.get(item.reason, item.reason)] if aside else []
        first, *others = [slots.put(cell) for cell in row]
        rows.append([f"[{first}]({slots.put(item.link)})" if item.link else first, *others])
    heads += [""] if aside else []
    for currency, amount in totals:
        rows.append(
            [
                f"**{words.total}**",
                *[""] * (len(heads) - 2),
                f"**{slots.put(money(amount, currency, slots))}**",
            ]
        )
    marks = ["---"] * len(heads)
    marks[-2 if aside else -1] = "---:"
    return "\n".join("| " + " | ".join(row) + " |" for row in [heads, marks, *rows])


def _how_to_pay(facts: MessageFacts, language: str, slots: Slots) -> str:
    company = facts.company
    lines = [slots.put(line) for line in company.pay]
    if company.pay_url:
        url = slots.put(company.pay_url)
        lines.append(f"[{url}]({url})")
    return "\n".join([f"**{wording(language).pay}**\\", "\\\n".join(lines)]) if lines else ""


def _signature(facts: MessageFacts, slots: Slots) -> str:
    sender, company = facts.sender, facts.company
    role = sender.role[:1].upper() + sender.role[1:]
    ours = "" if company.name == sender.name else company.name  # the company itself may sign
    name = f"**{slots.put(sender.name)}**" if clean(sender.name) else ""
    office = ", ".join(slots.put(part) for part in (role, ours) if part)
    reach = " · ".join(
        slots.put(part) for part in (sender.phone or company.phone, sender.email or company.email) if part
    )
    return "\\\n".join(line for line in (name, office, reach) if line)


_ENVIRONMENT = environment()  # holds no state between messages: values travel in the context


def sources(template: Template) -> tuple[str, str]:
    """The subject and the body as the template language reads them, each on the lines of its file."""
    return "\n" * (template.subject_place.line - 1) + template.subject, template.body


@lru_cache(maxsize=2)
def tree(source: str, file: str) -> nodes.Template:
    """The syntax tree; whoever has read the names of a template compiles it next. Raises TemplateSyntaxError."""
    return parse(_ENVIRONMENT, source, file)


@lru_cache(maxsize=512)
def _body(template: Template) -> Compiled:
    return _compiled(sources(template)[1], template.file)


@lru_cache(maxsize=512)
def _subject(template: Template) -> Compiled:
    return _compiled(sources(template)[0], template.file)


def _compiled(source: str, file: str) -> Compiled:
    code = _ENVIRONMENT.compile(tree(source, file), name=file, filename=file)
    return Compiled.from_code(_ENVIRONMENT, code, {}, None)


def _run(compiled: Compiled, values: Mapping[str, Any]) -> str:
    parts, size = [], 0
    for part in compiled.generate(values):
        size += len(part)
        if size > MOST_OUTPUT:
            raise TooLong
        parts.append(part)
    return "".join(parts).strip("\n")


def _problem(template: Template, here: Place, error: Exception) -> Problem:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == template.file]
    line = frames[-1].lineno if frames else None
    sentence, suggestion, code, word = "this template cannot be filled in", str(error)[:200], "template", ""
    match error:
        case NameMissing():
            word = error.name
            sentence = f"there is no “{word}” to put here"
            known = error.known or KNOWN
            suggestion, code = did_you_mean(word, known, "there are: " + ", ".join(known)), "unknown-name"
        case NotPrintable():
            sentence = f"this is {error.what}, which cannot be printed"
            suggestion, code = "ask first:  {% if … %} … {% endif %}", "not-printable"
        case TooLong():
            sentence = f"this message grows beyond {MOST_OUTPUT:,} characters"
            suggestion, code = "look for a loop that repeats itself", "too-long"
        case BadLink():
            sentence, suggestion, code = f"“{error}” is no web address", "begin it with https://", "bad-link"
        case SecurityError():
            sentence, code = "a template may not do this", "forbidden"
            suggestion = "use only the words that the manual gives for templates"
        case TemplateSyntaxError():
            line = error.lineno
            sentence, suggestion, code = (
                "this is no sentence of the template language",
                str(error.message),
                "syntax",
            )
        case MemoryError() | RecursionError():
            sentence, code = "this message needs more memory than one may have", "too-large"
            suggestion = "look for a part that repeats itself"
        case TemplateError() | ValueError() | TypeError() | ArithmeticError():
            pass
        case _:
            suggestion = f"{type(error).__name__}: {suggestion}"
    return Problem(
        find(template, word, line or here.line),
        sentence,
        suggestion,
        code,
        line=template.line(line or here.line),
    )


def find(template: Template, word: str, line: int) -> Place:
    """Where on this line the word stands, inside the braces if it does."""
    text = template.line(line)
    start = text.find(word, max(0, text.find("{"))) if word else -1
    if start < 0:
        return Place(template.file, line, 1, len(text) + 1)
    return Place(template.file, line, start + 1, start + len(word) + 1)


KNOWN = (
    "account",
    "change",
    "charges",
    "charges_list",
    "company",
    "customer",
    "effective",
    "greeting",
    "how_to_pay",
    "invoice_list",
    "invoices",
    "plan",
    "points",
    "promise",
    "respond_by",
    "sender",
    "set_aside",
    "set_aside_list",
    "signature",
    "today",
    "total",
    "totals",
)
