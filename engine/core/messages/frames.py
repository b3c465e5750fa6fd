"""The frame around the text: the e-mail's page and the letterhead, from `_email.html` and `_letter.html`."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from babel.dates import format_date
from babel.numbers import format_currency
from jinja2 import Template as Compiled
from markupsafe import Markup

from engine.core.messages.facts import MessageFacts
from engine.core.messages.sandbox import environment, parse
from engine.core.messages.slots import clean
from engine.core.messages.wording import locale_of, wording

if TYPE_CHECKING:
    from engine.core.messages.render import Message

_LETTER = frozenset({"US", "CA", "MX", "PH", "CO", "CL", "VE", "CR", "GT", "PA", "DO", "PR", "SV", "NI"})
# What a workspace without the two files gets.
_PLAIN = """<!doctype html>
<html lang="{{ language }}"><head><meta charset="utf-8"><title>{{ subject }}</title></head>
<body>{{ body }}</body></html>
"""


def email_html(frames: Mapping[str, str], message: Message, body: str, page: Mapping[str, Any]) -> str:
    """The whole e-mail as HTML: `body` is its text, already escaped, with inline styles; `page` are the `page_values`. It
    fetches nothing."""
    return _framed(frames.get("_email.html", _PLAIN), message, body, page)


def letter_html(letterhead: str, message: Message, facts: MessageFacts) -> str:
    """The letter as HTML for printing, with address, reference, text, and the part to return with the
    payment."""
    return _framed(letterhead or _PLAIN, message, message.body, page_values(facts, message.language))


@lru_cache(maxsize=32)
def _compiled(source: str) -> Compiled:
    env = environment(html=True)
    code = env.compile(parse(env, source, "page"), name="page", filename="page")
    return Compiled.from_code(env, code, {}, None)


def _framed(source: str, message: Message, body: str, page: Mapping[str, Any]) -> str:
    markup = Markup(body)  # noqa: S704  # escaped when it was made
    return _compiled(source).render({**page, "subject": message.subject, "body": markup})


def page_values(facts: MessageFacts, language: str) -> dict[str, Any]:
    """What a page can name of one account, beside the subject and the body of the message on it."""
    locale = locale_of(language, facts.debtor.country)
    words = wording(language)
    company, debtor, sender = facts.company, facts.debtor, facts.sender
    return {
        "paper": _paper(debtor.country, language),
        "language": language,
        "account": clean(facts.account),
        "today": format_date(facts.on, "long", locale=locale),
        "respond_by": format_date(facts.respond_by, "long", locale=locale),
        "company": {
            "name": clean(company.name),
            "address": [clean(line) for line in company.address],
            "email": clean(company.email),
            "phone": clean(company.phone),
            "pay": [clean(line) for line in company.pay],
            "pay_url": clean(company.pay_url),
            "logo": logo(company.logo),
        },
        "customer": {
            "name": clean(debtor.name),
            "contact": clean(debtor.contact),
            "address": [clean(line) for line in debtor.address],
        },
        "sender": {"name": clean(sender.name), "role": clean(sender.role)},
        "totals": [
            format_currency(amount, clean(currency), locale=locale) for currency, amount in facts.totals
        ],
        "numbers": [clean(item.number) for item in facts.items],
        "words": {
            "pay": words.pay,
            "account": words.account,
            "remittance": words.remittance,
            "total": words.total,
            "answer_by": words.answer_by,
            "number": words.number,
            "date": words.date,
            "phone": words.phone,
            "email": words.email,
        },
    }


def _paper(country: str, language: str) -> str:
    """The paper of the customer's country; without one, of the language."""
    return "letter" if country.upper() in _LETTER or (not country and language == "en") else "A4"


def logo(data: bytes) -> str:
    """The logo as a `data:` address, so that nothing is fetched; the empty text where there is none."""
    head = data[:512].lstrip()
    if data.startswith(b"\x89PNG"):
        kind = "image/png"
    elif data.startswith(b"\xff\xd8\xff"):
        kind = "image/jpeg"
    elif head.startswith((b"<svg", b"<?xml")):
        kind = "image/svg+xml"
    else:
        return ""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
