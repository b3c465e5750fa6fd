"""A message becomes a letter on our letterhead, as a PDF ready to print."""

from __future__ import annotations

import calendar
import hashlib
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from engine.core.messages.facts import MessageFacts
from engine.core.messages.frames import letter_html
from engine.core.messages.render import Message
from engine.errors import DunwellError


class NoPango(DunwellError):
    """The library that sets the type of letters is not on this machine."""

    def __init__(self) -> None:
        super().__init__(
            "letters cannot be made: the library Pango is missing",
            "install it:  apt-get install libpango-1.0-0 libpangoft2-1.0-0   (macOS:  brew install pango)",
        )


def letter_pdf(message: Message, facts: MessageFacts, letterhead: str) -> bytes:
    """The letter as PDF, on A4 or Letter as in the customer's country; `letterhead` is the text of
    `_letter.html`.

    Nothing is fetched: only `data:` addresses are read, and the logo is one. The same message gives the same
    bytes.
    Raises NoPango where the library is missing.
    """
    try:
        # here and not above: importing it looks for Pango, and only letters need that
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # it would like a newer HarfBuzz, and does without
            from weasyprint import HTML
            from weasyprint.urls import URLFetcher
    except OSError as error:
        raise NoPango from error
    # its remarks on a style sheet are no concern of a person who sends a letter
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    page = letter_html(letterhead, message, facts)
    with _dated(facts.on):
        document = HTML(
            string=page, url_fetcher=URLFetcher(allowed_protocols=("data",), allow_redirects=False)
        )
        pdf = document.write_pdf(pdf_identifier=hashlib.sha256(page.encode()).digest()[:16])
    assert isinstance(pdf, bytes)
    return pdf


@contextmanager
def _dated(on: date) -> Iterator[None]:
    """Embedded fonts carry the time of their making; here it is the letter's own date, so that bytes can be
    compared."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = str(calendar.timegm(on.timetuple()))
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before
