"""Where ledgers come from by themselves: a watched folder, or a question to the accounting database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import time, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator

MOST_MB = 200  # what the readers take at all
_SPAN = re.compile(r"(\d{1,4}) (minute|hour|day)s?")


def _span(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    match = _SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or int(match[1]) == 0:
        raise ValueError(
            f"“{value}” is not a span of time; write it as in “15 minutes”, “1 hour” or “2 days”"
        )
    return timedelta(**{f"{match[2]}s": int(match[1])})


def _time(value: object) -> object:
    if isinstance(value, time):
        return value
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"“{value}” is not a time of day; write it in quotation marks, as in “05:30”")
    return time(int(match[1]), int(match[2]))


Span = Annotated[timedelta, BeforeValidator(_span)]
Clock = Annotated[time, BeforeValidator(_time)]


class Feed(BaseModel):
    """One source of ledgers or of customers. `folder` and `query` are paths beside `dunwell.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, defer_build=True)

    what: Literal["ledger", "customers"] = "ledger"
    folder: str = ""
    query: str = ""
    profile: str = ""
    fresh: Span | None = None  # after so long without a word of it people are told
    # of a folder
    pattern: str = "*.csv"
    complete: Literal["rename", "manifest", "still"] = "rename"
    still: int | None = Field(default=None, ge=1, le=3600)  # seconds in which a file must not change
    largest: int = Field(default=100, ge=1, le=MOST_MB)  # megabytes
    as_of: Literal["file", "written"] = "file"
    # of a query
    url: SecretStr | None = None
    url_file: str = ""
    every: Span | None = None
    at: Clock | None = None

    @field_validator("url")
    @classmethod
    def _address(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            read_address(secret.get_secret_value())
        return secret

    @property
    def quiet(self) -> int:
        """Seconds in which a file of this folder must not change before it is taken."""
        return self.still or (30 if self.complete == "still" else 2)


def read_address(text: str) -> None:
    """Whether this is a database's address. ValueError, which does not repeat it, where it is not."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        make_url(text)
    except ArgumentError:
        raise ValueError(
            "this is not a database's address; write it as in “postgresql+psycopg://reader@host/name”"
        ) from None


def problems(feed: Feed) -> Iterator[tuple[str, str, str]]:
    """What does not go together: the setting it is about (empty: the section), a sentence, and what to write."""
    if bool(feed.folder) == bool(feed.query):
        both = "both a folder and a query" if feed.folder else "neither a folder nor a query"
        yield "", f"this feed has {both}", 'write folder = "in", or query = "queries/open.sql"'
        return
    wrong = _OF_QUERY if feed.folder else _OF_FOLDER
    for name in wrong:
        if name in feed.model_fields_set:
            kind = "folder" if feed.folder else "query"
            yield name, f"“{name}” says nothing about a {kind}", "take the line out"
    if feed.query:
        if feed.url is None and not feed.url_file:
            yield (
                "query",
                "the query has no database to ask",
                'name the file that holds the database\'s address: url_file = "books.url"',
            )
        if (feed.every is None) == (feed.at is None):
            yield "query", "the query needs one time", 'write at = "05:30", or every = "1 hour"'


_OF_FOLDER = ("pattern", "complete", "still", "largest", "as_of")
_OF_QUERY = ("url", "url_file", "every", "at")
