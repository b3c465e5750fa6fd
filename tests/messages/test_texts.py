"""Every shipped message, as a customer of each language reads it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from engine.core.messages.facts import Debtor, Sender
from engine.core.messages.markdown import written
from engine.core.messages.render import Message, render
from engine.core.messages.samples import bare
from engine.core.messages.slots import Slots
from engine.core.messages.wording import locale_of
from tests.messages.shipped import DEBTORS, facts, shipped

LANGUAGES = tuple(DEBTORS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", shipped().names())
def test_message(name: str, language: str, snapshot: SnapshotAssertion) -> None:
    message = render(shipped(), name, facts(language))
    assert isinstance(message, Message)
    assert message.language == language
    assert f"Subject: {message.subject}\n\n{message.text}" == snapshot


@pytest.mark.parametrize("name", shipped().names("script"))
def test_script(name: str, snapshot: SnapshotAssertion) -> None:
    script = render(shipped(), name, facts(), kind="script")
    assert isinstance(script, Message)
    assert script.html == ""
    assert script.text == snapshot


def test_a_customer_with_nothing_but_a_name(snapshot: SnapshotAssertion) -> None:
    message = render(shipped(), "firm-reminder", bare())
    assert isinstance(message, Message)
    assert message.text == snapshot


def test_the_email_as_html(snapshot: SnapshotAssertion) -> None:
    message = render(shipped(), "firm-reminder", facts("de"))
    assert isinstance(message, Message)
    assert message.html == snapshot


@pytest.mark.parametrize(
    ("languages", "country", "chosen"),
    [
        (("fr",), "DE", "fr"),  # the contact's own comes first
        (("German",), "US", "de"),
        (("pt-BR",), "", "pt"),
        (("nl", "it"), "", "it"),
        (("nl",), "AT", "de"),  # what we have not got is passed over; then the country's
        ((), "BE", "fr"),
        ((), "JP", "en"),
        (("Klingon",), "", "en"),
        ((), "", "en"),
    ],
)
def test_language(languages: tuple[str, ...], country: str, chosen: str) -> None:
    debtor = Debtor("Someone Ltd", country=country, languages=languages)
    message = render(shipped(), "firm-reminder", replace(facts(), debtor=debtor))
    assert isinstance(message, Message)
    assert message.language == chosen


def test_money_and_dates_are_written_as_in_the_customers_country() -> None:
    british = replace(facts(), debtor=Debtor("Smith & Co", country="GB"))
    austrian = replace(facts(), debtor=Debtor("Huber", country="AT"))
    first, second = render(shipped(), "firm-reminder", british), render(shipped(), "firm-reminder", austrian)
    assert isinstance(first, Message)
    assert isinstance(second, Message)
    assert "3 December 2026" in first.text
    assert "US$6,130.50" in first.text
    assert "€ 990,40" in " ".join(second.text.split())


def test_every_message_is_there_in_every_language() -> None:
    files = {path.name for path in (Path(__file__).parents[2] / "templates").glob("*.md")}
    for name in shipped().names():
        assert {
            f"{name}.md",
            *(f"{name}.{language}.md" for language in LANGUAGES if language != "en"),
        } <= files


def test_the_table_keeps_its_columns_in_the_plain_text() -> None:
    message = render(shipped(), "firm-reminder", facts())
    assert isinstance(message, Message)
    lines = message.text.split("\n")
    head = next(line for line in lines if line.startswith("Invoice"))
    row = next(line for line in lines if line.startswith("10254"))
    assert head.index("Due") == row.index("Nov 16")
    assert len(head) == len(row)  # amounts end in one column


def test_the_company_may_sign_itself() -> None:
    ours = facts().company.name
    message = render(shipped(), "firm-reminder", replace(facts(), sender=Sender(ours)))
    assert isinstance(message, Message)
    assert f"{ours}\n+1 518 555 0142 · accounts@northwind.example\n" in message.text


def test_a_role_is_written_as_a_title() -> None:
    signed = replace(facts(), sender=Sender("James Ortiz", "credit manager"))
    message = render(shipped(), "firm-reminder", signed)
    assert isinstance(message, Message)
    assert "James Ortiz\nCredit manager, Northwind Supply Co.\n" in message.text


def test_styles_are_on_the_elements_of_the_inline_html_alone() -> None:
    """Whatever a text or a value looks like, nothing else comes or goes."""
    slots = Slots(locale_of("en", "US"))
    value = slots.put('5" style="x"')
    made = written(f'[a](https://example.com " style=") and \0="b" {value} style="c"', slots)
    link, words = 'href="https://example.com" title=" style="', "=&quot;b&quot; 5&quot; style=&quot;x&quot;"
    rest = f"a</a> and \ufffd{words} style=&quot;c&quot;</p>\n"
    assert made.html == f"<p><a {link}>{rest}"
    assert made.inline == f'<p style="margin:0 0 14px 0"><a {link} style="color:#1f5673">{rest}'
