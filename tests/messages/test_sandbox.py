"""What a template may not do, and what a customer's name may not become."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.messages.facts import Debtor
from engine.core.messages.render import Message, header, render
from engine.core.messages.samples import bare, full
from engine.core.messages.slots import clean
from engine.core.problem import Problem
from tests.messages.shipped import facts, made_of, shipped

ESCAPES = [
    "{{ ''.__class__.__mro__ }}",
    "{{ ''['__class__'] }}",
    "{{ ''|attr('__class__') }}",
    "{{ '{0.__class__}'.format(account) }}",
    "{% set f = '{0.__class__}'.format %}{{ f(account) }}",
    "{{ '%s' % account }}",
    "{{ company.__init__ }}",
    "{{ company.items() }}",
    "{{ company.update({'name': 'x'}) }}",
    "{{ self }}",
    "{{ self._TemplateReference__context }}",
    "{{ lipsum() }}",
    "{{ lipsum.__globals__ }}",
    "{{ cycler.__init__ }}",
    "{{ joiner() }}",
    "{{ namespace() }}",
    "{{ dict() }}",
    "{% for n in range(999999999) %}{% endfor %}",
    "{{ 'a' * 1000000000 }}",
    "{{ 9 ** 999999999 }}",
    "{{ 'x'|center(999999999) }}",
    "{{ [1]|random }}",
    "{{ _slots }}",
    "{{ _slots.put }}",
    "{% include 'x' %}",
    "{% import 'x' as x %}",
    "{% extends 'x' %}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "{% for a in plan %}{% for b in plan %}{% for c in plan %}x{% endfor %}{% endfor %}{% endfor %}",
    "{% for a in 'xxxxxxxx' %}{{ a }}{% endfor %}",
    "{% set invoices = 'xxxxxxxx' %}{% for a in invoices %}{{ a }}{% endfor %}",
    "{% for a in invoices|join('xxxxxxxx') %}{{ a }}{% endfor %}",
    "{% for a in plan recursive %}{{ loop(plan) }}{% endfor %}",
    "{{ account ~ account }}",
    "{% set a = account + account %}",
    "{% set a = 999999 %}" + "{% set a = a * a %}" * 12 + "{{ a }}",
    "{% set a = 'xxxxxxxxxx' %}" + "{% set a = a|replace('x', a) %}" * 6 + "{{ a|length }}",
    "{% set a = 'xxxxxxxxxx' %}" + "{% set a %}{{ a }}{{ a }}{% endset %}" * 40 + "{{ a }}",
    "{% set a = 'xxxxxxxxxx'|join('" + "y" * 60_000 + "') %}",
    "{{ 3|round(99999999, 'ceil') }}",
    "{{ " + "9" * 5000 + " }}",
    "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    "{{ invoices }}",
    "{{ company }}",
    "{{ 1 == 1 }}",
    "{{ 1 / 0 }}",
    "{{ none }}",
    "{{ undefined_name }}",
    "{{ customer.nmae }}",
    "{% if no_such_name %}x{% endif %}",
    "{{ loop }}",
    "{{ 'unclosed }}",
    "{% if account %}",
    "[pay](javascript:alert(1)) [here]({{ account }})",
]


@pytest.mark.parametrize("body", ESCAPES)
@pytest.mark.fault(67)
def test_refused(body: str) -> None:
    made = render(made_of(f"First line\n\n{body}"), "note", full())
    assert isinstance(made, Problem)
    assert made.place.file == "templates/note.md"
    assert made.place.line in (1, 5, 7)
    assert made.sentence
    assert made.suggestion


@pytest.mark.fault(66)
def test_a_mistyped_name_has_its_place_and_a_suggestion() -> None:
    made = render(made_of("Dear reader,\n\nthis is {{ customer.nmae }}, from {{ acount }}."), "note", full())
    assert isinstance(made, Problem)
    assert str(made.place) == "templates/note.md:7:21"
    assert made.suggestion == "did you mean “name”?"
    assert made.line == "this is {{ customer.nmae }}, from {{ acount }}."


def test_nothing_is_printed_for_what_is_not_there() -> None:
    made = render(made_of("{{ customer.contact }}"), "note", bare())
    assert isinstance(made, Problem)
    assert made.sentence == "this is nothing, which cannot be printed"


@pytest.mark.fault(67)
def test_a_message_that_grows_without_end() -> None:
    many = replace(full(), items=full().items * 10)
    inner = "x" * 20_000
    body = f"{{% for a in invoices %}}{{% for b in invoices %}}{inner}{{% endfor %}}{{% endfor %}}"
    made = render(made_of(body), "note", many)
    assert isinstance(made, Problem)
    assert made.code == "too-long"


def test_a_template_that_is_not_there() -> None:
    made = render(shipped(), "firm-remnder", full())
    assert isinstance(made, Problem)
    assert made.suggestion == "did you mean “firm-reminder”?"


HOSTILE = [
    "<script>alert(1)</script>",
    "**bold** _it_ `code` [x](http://evil.example)",
    "# heading",
    "a | b | c",
    "| a |\n|---|\n| b |",
    "=HYPERLINK(1)",
    "{{ account }} {% if x %}",
    "![x](http://evil.example/p.png)",
    "&lt;b&gt; &amp; \"quoted\" 'too'",
    "1. one",
    "\u202emoc.elpmaxe",
    "\ue0000\ue001",
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.fault(69)
def test_a_name_stays_a_name(name: str) -> None:
    message = render(shipped(), "firm-reminder", replace(facts(), debtor=Debtor(name), account=name))
    assert isinstance(message, Message)
    assert "<script>" not in message.html
    assert 'evil.example/p.png"' not in message.html
    assert message.html.count("<a ") == 1  # ours, to the page for paying
    assert message.html.count("<td") == render_count()
    assert "\u202e" not in message.subject + message.text
    shown = " ".join(name.replace("\u202e", "").replace("\ue000", "").replace("\ue001", "").split())
    assert shown in " ".join(message.text.split())
    assert shown in " ".join(message.subject.split())


def render_count() -> int:
    message = render(shipped(), "firm-reminder", replace(facts(), debtor=Debtor("Plain")))
    assert isinstance(message, Message)
    return message.html.count("<td")


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None)
@pytest.mark.fault(69)
def test_any_name_makes_one_line_of_a_header(name: str) -> None:
    message = render(
        shipped(), "final-notice", replace(facts(), debtor=Debtor(name, contact=name), account=name)
    )
    assert isinstance(message, Message)
    assert "\n" not in message.subject
    assert "\r" not in message.subject
    assert "\0" not in message.subject
    message.subject.encode()
    message.text.encode()
    message.html.encode()
    assert "\ue000" not in message.text + message.html


def test_a_surrogate_and_a_line_break_in_a_name() -> None:
    debtor = Debtor("Acme\r\nBcc: all@example.com\0", contact="\ud800Dana")
    message = render(shipped(), "final-notice", replace(facts(), debtor=debtor, account="A\r\nBcc: x"))
    assert isinstance(message, Message)
    assert "A Bcc: x" in message.subject
    assert "Acme Bcc: all@example.com" in " ".join(message.text.split())


@pytest.mark.parametrize("text", ["a\rb", "a\nb", "a\0b", "a\ud800b"])
def test_a_header_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        header(text)


@pytest.mark.parametrize("mark", ["\n", "\r", "\t", "\0", "\x1b", "\x85", "\u2028", "\u2029"])
def test_a_value_stays_on_its_line(mark: str) -> None:
    assert clean(f" Acme{mark}Ltd ") == clean(f"Acme {mark} Ltd") == "Acme Ltd"


@pytest.mark.parametrize("mark", ["\u200e", "\u202e", "\u2066", "\ue000", "\ue001"])
def test_a_value_neither_turns_the_line_nor_opens_a_slot(mark: str) -> None:
    assert clean(f"Acme{mark} Ltd") == "Acme Ltd"


def test_what_is_no_character_is_asked_about() -> None:
    assert clean("Acme\ud800 Ltd") == "Acme? Ltd"
