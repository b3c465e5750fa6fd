"""A letter, read back from its PDF as the customer's clerk would read it."""

from __future__ import annotations

import io
from dataclasses import replace
from decimal import Decimal

import pytest
from pypdf import PdfReader

from engine.channels import letter
from engine.channels.letter import NoPango, letter_pdf
from engine.core.messages.facts import Debtor, MessageFacts
from engine.core.messages.frames import letter_html
from engine.core.messages.render import Message, render
from engine.core.messages.samples import bare
from tests.messages.shipped import facts, shipped

SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="120" height="40">'
    b'<rect width="120" height="40" fill="#123"/></svg>'
)


def made(name: str, about: MessageFacts, letterhead: str | None = None) -> tuple[bytes, str]:
    message = render(shipped(), name, about)
    assert isinstance(message, Message)
    pdf = letter_pdf(message, about, shipped().frames["_letter.html"] if letterhead is None else letterhead)
    pages = PdfReader(io.BytesIO(pdf)).pages
    return pdf, " ".join(" ".join(page.extract_text().split()) for page in pages)


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        (
            "en",
            ("Acme Hardware & Sons", "$4,820.50", "PO-7781", "December 3, 2026", "Maria Chen", "How to pay"),
        ),
        (
            "de",
            (
                "Eisenwaren Böhm GmbH",
                "4.820,50",
                "PO-7781",
                "3. Dezember 2026",
                "Maria Chen",
                "So zahlen Sie",
            ),
        ),
        (
            "fr",
            ("Quincaillerie Lefèvre", "4 820,50", "PO-7781", "3 décembre 2026", "Maria Chen", "Pour régler"),
        ),
    ],
)
def test_a_letter_says_what_it_must(language: str, shown: tuple[str, ...]) -> None:
    _, text = made("firm-reminder", facts(language))
    text = text.replace("\u202f", " ").replace("\xa0", " ")
    for each in (*shown, "10231", "10254", "E-0077", "10199", "James Ortiz", "Northwind Supply Co."):
        assert each in text, each


def test_the_paper_of_the_country() -> None:
    american, _ = made("firm-reminder", facts("en"))
    german, _ = made("firm-reminder", facts("de"))
    width = PdfReader(io.BytesIO(american)).pages[0].mediabox.width
    assert round(float(width)) == 612
    assert round(float(PdfReader(io.BytesIO(german)).pages[0].mediabox.width)) == 595


def test_the_same_letter_has_the_same_bytes() -> None:
    assert made("final-notice", facts())[0] == made("final-notice", facts())[0]


def test_an_account_with_little() -> None:
    _, text = made("firm-reminder", bare())
    assert "Lee Garden Center" in text
    assert "$75.00" in text


def test_a_long_list_runs_over_pages_with_its_heading() -> None:
    one = facts().items[0]
    items = tuple(replace(one, number=f"N{number:04}", open=Decimal(number + 1)) for number in range(120))
    pdf, text = made("firm-reminder", replace(facts(), items=items))
    pages = PdfReader(io.BytesIO(pdf)).pages
    assert len(pages) >= 3
    assert "Your order" in pages[1].extract_text()
    assert "N0000" in text
    assert "N0119" in text
    assert "$7,260.00" in text  # 1 + 2 + … + 120


def test_a_name_with_markup_is_printed() -> None:
    hostile = replace(facts(), debtor=Debtor("<b>Bold</b> & <img src=x> Co", ("{{ 7 }}",), country="US"))
    _, text = made("firm-reminder", hostile)
    assert "<b>Bold</b> & <img src=x> Co" in text
    assert "{{ 7 }}" in text


def test_the_logo_is_in_the_letter() -> None:
    company = replace(facts().company, logo=SVG)
    with_logo = replace(facts(), company=company)
    message = render(shipped(), "firm-reminder", with_logo)
    assert isinstance(message, Message)
    assert "data:image/svg+xml;base64," in letter_html(shipped().frames["_letter.html"], message, with_logo)
    assert len(made("firm-reminder", with_logo)[0]) > 1000


def test_a_letterhead_fetches_nothing(tmp_path: object) -> None:
    path = f"{tmp_path}/secret.txt"
    with open(path, "w") as file:
        file.write("attached secret")
    page = (
        f'<link rel="stylesheet" href="http://127.0.0.1:9/x.css"><link rel="attachment" href="file://{path}">'
        f'<img src="http://127.0.0.1:9/x.png"><object data="file://{path}"></object><iframe src="file://{path}"></iframe>'
        "{{ body }}"
    )
    pdf, text = made("firm-reminder", facts(), page)
    assert "attached secret" not in text
    assert b"secret" not in pdf
    assert PdfReader(io.BytesIO(pdf)).attachments == {}
    assert "10231" in text


def test_without_pango_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    real = builtins.__import__

    def missing(name: str, *args: object, **kwargs: object) -> object:
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *args, **kwargs)  # type: ignore[arg-type]

    message = render(shipped(), "firm-reminder", facts())
    assert isinstance(message, Message)
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(NoPango) as raised:
        letter.letter_pdf(message, facts(), "")
    assert "libpango-1.0-0 libpangoft2-1.0-0" in raised.value.hint
    assert "\n" not in raised.value.sentence


def test_no_items_no_slip() -> None:
    empty = replace(facts(), items=(), aside=())
    _, text = made("after-hang-ups", empty)
    assert "Please return with your payment" not in text
