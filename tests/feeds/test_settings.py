"""A mistake in a feed's settings has its place and what to write instead; its password is never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.settings import load


def said(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "dunwell.toml").write_text("[feeds.erp]\n" + text)
    _, problems = load(tmp_path)
    assert not any("s3cret" in f"{one}" for one in problems)
    return [f"{one.place.line}: {one.sentence} | {one.suggestion}" for one in problems]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "",
            '1: this feed has neither a folder nor a query | write folder = "in", or query = "queries/open.sql"',
        ),
        (
            'folder = "in"\nquery = "a.sql"',
            '1: this feed has both a folder and a query | write folder = "in", or query = "queries/open.sql"',
        ),
        ('folder = "in"\nat = "05:30"', "3: “at” says nothing about a folder | take the line out"),
        (
            'query = "a.sql"\nat = "05:30"',
            "2: the query has no database to ask | name the file that holds the database's address: "
            'url_file = "books.url"',
        ),
        (
            'query = "a.sql"\nurl = "sqlite:///b.db"',
            '2: the query needs one time | write at = "05:30", or every = "1 hour"',
        ),
        (
            'query = "a.sql"\nurl = "sqlite:///b.db"\nevery = "often"',
            "4: “often” is not a span of time | write it as in “15 minutes”, “1 hour” or “2 days”",
        ),
        (
            'query = "a.sql"\nurl = "sqlite:///b.db"\nat = "25:00"',
            "4: “25:00” is not a time of day | write it in quotation marks, as in “05:30”",
        ),
        (
            'folder = "in"\ncomplete = "soon"',
            "3: “complete” cannot be “soon” | write 'rename', 'manifest' or 'still'",
        ),
        ('folder = "in"\npatern = "*"', "3: there is no “patern” in [feeds.erp] | did you mean “pattern”?"),
        (
            'query = "a.sql"\nevery = "1 hour"\nurl = "postgresql://me:s3cret@host/erp"',
            "4: a password does not belong in dunwell.toml | take it out; set DUNWELL_FEEDS__ERP__URL in the "
            'environment, or name a file: url_file = "FILE"',
        ),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, problem: str) -> None:
    assert said(tmp_path, text) == [problem]


def test_an_address_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = '[feeds.erp]\nquery = "a.sql"\nevery = "1 hour"\n'
    (tmp_path / "books.url").write_text("postgresql://me:s3cret@host/erp\n")
    (tmp_path / "dunwell.toml").write_text(text + 'url_file = "books.url"\n')
    found, problems = load(tmp_path)
    assert found is not None, problems
    assert "s3cret" not in repr(found)
    url = found.settings.feeds["erp"].url
    assert url is not None
    assert url.get_secret_value() == "postgresql://me:s3cret@host/erp"
    (tmp_path / "books.url").write_text("me:s3cret@host\n")
    _, problems = load(tmp_path)
    assert [one.sentence for one in problems] == ["in “books.url”: this is not a database's address"]
    (tmp_path / "dunwell.toml").write_text(text)
    monkeypatch.setenv("DUNWELL_FEEDS__ERP__URL", "sqlite:///b.db")
    found, problems = load(tmp_path)
    assert found is not None, problems
