"""The report of the sample on every surface: the screen, a page, a workbook, a table, values."""

from __future__ import annotations

import csv
import io
import json
import re
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest
from openpyxl import load_workbook

from engine.core.figures.registry import FIGURES, TABLES
from tests.cli.conftest import run

_VOID = {"meta", "br", "hr"}


class Page(HTMLParser):
    """What is loaded and run, and whether every element is closed in its order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.outside: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.outside += [
            f"{name}={value}" for name, value in attrs if name in ("src", "href") or name.startswith("on")
        ]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_one_screen_says_what_it_is_about(shop: Path) -> None:
    said = run("report")
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[0].startswith("Report of Sun 25 Oct – Mon 23 Nov 2026")
    assert lines[0].endswith("as of Mon 23 Nov")
    assert lines[1] == "  all in USD · USD · EUR · credits not included · 30 days, calendar days"
    assert len(lines) < 50
    assert max(map(len, lines)) <= 100
    for figure in FIGURES:
        assert figure.first is bool(re.search(rf"^  {re.escape(figure.name)}  ", said.out, re.M)), figure.name
    assert "action efficiency: correlation, not cause" in said.out


def test_a_narrow_screen_and_other_ages(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = run("report", "--currency", "eur", "--ageing", "months", "--net")
    assert said.code == 0, said.err
    assert "OPEN ITEMS, by whole calendar months past due" in said.out
    assert "credits set against the oldest due" in said.out
    assert "under 1 month" in said.out
    assert max(map(len, said.out.splitlines())) <= 80
    several = run("report").out
    assert max(map(len, several.splitlines())) <= 80
    assert not re.search(r"[$€][\d,.]*…", several)  # an amount is never cut
    assert "There are more currencies than fit" in several


def test_definitions_stand_beneath_their_figures(shop: Path) -> None:
    said = " ".join(run("report", "--definitions").out.split())
    for figure in FIGURES:
        assert figure.says in said, figure.name
    assert "Put together" not in said
    assert "to the cent what the file said" in said


def test_every_export_says_the_same(shop: Path) -> None:
    assert (
        run("report", "--xlsx", "r.xlsx", "--html", "r.html").out
        == "r.xlsx is written.\nr.html is written.\n"
    )
    values = json.loads(run("report", "--json").out)
    rows = list(csv.DictReader(io.StringIO(run("report", "--csv").out.removeprefix("\ufeff"))))

    figures = {(one["name"], one["scope"] or ""): one for one in values["figures"]}
    assert {name for name, _ in figures} == {figure.name for figure in FIGURES}
    assert {one["name"] for one in values["tables"]} == {table.name for table in TABLES}
    assert [len(one["trend"]) for one in values["figures"]] == [12] * len(figures)
    whole = Decimal(figures["receivables", "all in USD"]["value"])
    dollars, euros = (Decimal(figures["receivables", code]["value"]) for code in ("USD", "EUR"))
    assert whole == pytest.approx(dollars + euros * Decimal("1.085"), abs=Decimal("0.5"))
    assert values["rates"] == {"EUR": {"rate": 1.085, "on": "2026-11-23"}}

    last = [row for row in rows if row["to"] == "2026-11-23"]
    for name in ("receivables", "DSO", "overdue share"):
        (row,) = [r for r in last if r["figure"] == name and r["currency"] == "EUR"]
        assert Decimal(row["value"]) == Decimal(str(figures[name, "EUR"]["value"]))
    buckets = [
        Decimal(r["value"])
        for r in last
        if r["figure"] == "open items by days past due" and r["currency"] == "EUR"
    ]
    assert (len(buckets), sum(buckets)) == (5, euros)
    assert all(row["note"].startswith("Correlation") for row in last if row["figure"] == "efficiency by kind")

    book = load_workbook("r.xlsx")
    assert book.sheetnames[:2] == ["Figures", "Ageing"]
    assert book.sheetnames[-2:] == ["Definitions", "About"]
    table = {(row[1], row[2] or ""): row[4] for row in book["Figures"].iter_rows(min_row=2, values_only=True)}
    assert table["receivables", "EUR"] == pytest.approx(float(euros))
    assert book["Definitions"].max_row == 1 + len(FIGURES) + len(TABLES)

    text = Path("r.html").read_text("utf-8")
    page = Page(text)
    assert (page.open, page.outside) == ([], [])
    assert {"svg", "table"} <= page.tags
    assert not {"script", "iframe", "img", "link"} & page.tags
    assert "default-src 'none'" in text
    for words in (
        "prefers-color-scheme: dark",
        "@media print",
        "width=device-width",
        "To the cent",
        "Correlation, not cause",
    ):
        assert words.lower() in text.lower()
    for figure in FIGURES:
        assert figure.says in text.replace("&#39;", "'"), figure.name


def test_what_is_set_aside_has_its_age_and_value(shop: Path) -> None:
    values = json.loads(run("report", "--json").out)
    aside = next(
        one for one in values["tables"] if one["name"] == "set aside" and one["scope"] == "all in USD"
    )
    rows = {row["what"]: row for row in aside["rows"]}
    assert rows["disputed"]["number"] > 0
    assert Decimal(rows["disputed"]["value"]) > 0
    assert rows["disputed"]["oldest days"] >= rows["disputed"]["average days"] >= 0
