"""The feeds on the command line, and what the manual shows of them."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from engine.cli import main
from engine.readers.manifest import read_manifest
from engine.readers.query import refusal
from engine.settings import load
from tests.feeds.place import DAY, FOLDER, HEAD, Place

PAGE = (Path(__file__).parents[2] / "engine" / "help" / "feeds.md").read_text("utf-8")


def run(here: Place, *arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["-w", str(here.house.root), *arguments], clock=lambda: here.now)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_feeds_are_shown_and_tried(place: Callable[..., Place], capsys: pytest.CaptureFixture[str]) -> None:
    here = place(FOLDER + "still = 1\n")
    path = here.put(DAY)
    assert run(here, "feeds", "try", "erp", "--look") == 0
    assert capsys.readouterr().out == f"{DAY} would be taken: 2 items as of 2026-11-24\n"
    assert path.exists()
    assert run(here, "feeds", "try", "erp") == 0
    assert capsys.readouterr().out == f"{DAY}: 2 rows as of 2026-11-24\n"
    assert run(here, "feeds") == 0
    assert capsys.readouterr().out.splitlines()[1].split("  ")[0] == "erp"
    here.put(DAY, ["0042,Acme,A1,soon,2026-10-01,1.00\n"])
    assert run(here, "feeds", "try", "erp") == 1
    shown = capsys.readouterr()
    assert "“soon” is not a date" in shown.err
    assert run(here, "feeds", "--json") == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["name"], told["as_of"], told["failed"]) == ("erp", "2026-11-24", 1)
    assert run(here, "feeds", "try", "epr") == 1
    assert "did you mean “erp”?" in capsys.readouterr().err


def test_a_message_is_pushed(place: Callable[..., Place], capsys: pytest.CaptureFixture[str]) -> None:
    here = place()
    row = {"type": "invoice", "customer": "0042", "number": "A1", "date": "2026-09-01", "amount": "5.00"}
    file = here.house.root / "push.json"
    file.write_text(json.dumps({"event": "e1", "version": 1, "rows": [{**row, "currency": "USD"}]}))
    assert run(here, "push", str(file)) == 1
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert (problem["row"], problem["field"], problem["suggestion"]) == (1, "due", "send due")
    whole = {**row, "currency": "USD", "due": "2026-10-01"}
    file.write_text(json.dumps({"event": "e1", "version": 1, "rows": [whole]}))
    assert run(here, "push", str(file)) == 0
    assert json.loads(capsys.readouterr().out)["taken"] == 1
    assert here.items() == {"A1": 500}
    assert run(here, "push", "nothing.json") == 3


def test_the_settings_of_the_manual_are_read(tmp_path: Path) -> None:
    shown = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert len(shown) == 2
    (tmp_path / "books.url").write_text("postgresql+psycopg://reader:PASSWORD@host/name\n")
    (tmp_path / "dunwell.toml").write_text("\n".join(shown))
    workspace, problems = load(tmp_path)
    assert problems == ()
    assert workspace is not None
    assert set(tomllib.loads("\n".join(shown))["feeds"]) == {"erp", "books"}


def test_the_query_and_the_manifest_of_the_manual_are_read() -> None:
    (query,) = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    assert refusal(query) == ""
    lines = re.findall(r"^    ((?:rows|total|sha256|as_of).*\n)", PAGE, re.MULTILINE)
    manifest, problems = read_manifest("open.csv.manifest", "".join(lines).encode())
    assert problems == []
    assert manifest is not None
    assert (manifest.rows, manifest.totals) == (1234, {"EUR": Decimal("56789.10")})
    assert manifest.as_of == date(2026, 11, 23)
    heads = re.findall(r'AS "?([a-z ]+?)"?,?$', query, re.MULTILINE)
    assert {"document date", "currency"} <= set(heads)
    assert "invoice number" in HEAD
