"""The log has what happened, and nothing about people, whatever is handed to it."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine import settings
from engine.daemon.logs import Level, Log, Style, hidden
from engine.errors import DatabaseError, DiskFull, NotFound, Refused

AT = datetime(2026, 10, 5, 14, tzinfo=UTC)

SETTINGS = """
[company]
name = "Seller Inc."
[database]
url = "postgresql://dunwell@db.example.com/dunwell"
[mail]
host = "smtp.example.com"
from = "accounts@seller.example.com"
user = "accounts"
[people.ana]
name = "Anastasia Reyes-Quintero"
roles = ["credit manager"]
email = "anastasia@seller.example.com"
phone = "+1 217 555 0101"
[webhooks.erp]
url = "https://erp.example.com/dunwell"
secret_file = "erp.secret"
"""


def made(style: Style = Style.JSON, hide: frozenset[str] = frozenset()) -> tuple[Log, io.StringIO]:
    stream = io.StringIO()
    return Log(stream, lambda: AT, style=style, hide=hide), stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def hide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> frozenset[str]:
    (tmp_path / "dunwell.toml").write_text(SETTINGS, "utf-8")
    (tmp_path / "erp.secret").write_text("hunter-of-snarks\n", "utf-8")
    monkeypatch.setenv("DUNWELL_MAIL__PASSWORD", "tr0ub4dor")
    monkeypatch.setenv("DUNWELL_DATABASE__URL", "postgresql://dunwell:p%40ss%2Fword@db.example.com/dunwell")
    ws, problems = settings.load(tmp_path)
    assert ws is not None, problems
    return hidden(ws)


def test_one_line_for_each_event() -> None:
    log, out = made()
    log.info("delivered", duty="deliver", counts={"messages": 3, "seconds": 0.51239}, key="main|A-17|email")
    log.warning("waits", said="The database does not answer")
    assert out.getvalue().splitlines() == [
        '{"at":"2026-10-05T14:00:00.000+00:00","level":"info","event":"delivered","duty":"deliver",'
        '"counts":{"messages":3,"seconds":0.512},"key":"main|A-17|email"}',
        '{"at":"2026-10-05T14:00:00.000+00:00","level":"warning","event":"waits",'
        '"said":"The database does not answer"}',
    ]


def test_as_journald_reads_it_and_as_a_person_does() -> None:
    for level, number in ((Level.ERROR, 3), (Level.WARNING, 4), (Level.INFO, 6), (Level.DEBUG, 7)):
        log, out = made(Style.JOURNAL)
        log.write(level, "tick")
        assert out.getvalue().startswith(f'<{number}>{{"at":')
    log, out = made(Style.PLAIN)
    log.info("delivered", duty="deliver", said="three\x1b[2J gone\nand a line", counts={"messages": 3})
    assert out.getvalue() == (
        "14:00:00  info  deliver: delivered  three\\x1b[2J gone\\nand a line  messages 3\n"
    )


def test_the_surroundings_choose_the_style() -> None:
    assert Log.of(io.StringIO(), {"JOURNAL_STREAM": "8:1"}, lambda: AT).style is Style.JOURNAL
    assert Log.of(io.StringIO(), {}, lambda: AT).style is Style.JSON


@pytest.mark.fault(80)
def test_nothing_can_forge_a_line() -> None:
    evil = 'x\n{"at":"2026","level":"error","event":"forged"}\r\u2028\u0085\x1b[31m"}'
    for style in (Style.JSON, Style.JOURNAL, Style.PLAIN):
        log, out = made(style)
        log.info(evil, duty=evil, key=evil, said=evil, counts={evil: 1, "n": evil})  # type: ignore[dict-item]
        text = out.getvalue()
        assert text.count("\n") == 1
        assert len(text.splitlines()) == 1
        assert text.rstrip("\n").isprintable()
    log, out = made()
    log.info(evil, duty=evil, counts={evil: 1, "n": evil})  # type: ignore[dict-item]
    assert set(lines(out)[0]) == {"at", "level", "event"}


def test_sentences_lose_what_belongs_to_people(hide: frozenset[str]) -> None:
    log, _ = made(hide=hide)
    for said, kept in {
        "ap@acme.example.com refused it": "… refused it",
        "“John Smith” is not a date": "“…” is not a date",
        "the file “ledger.csv” cannot be read": "the file “ledger.csv” cannot be read",
        "“dunwell check” shows each": "“dunwell check” shows each",
        "call +1 212 555 0199 at once": "call … at once",
        "Anastasia Reyes-Quintero agreed": "… agreed",
        "login with tr0ub4dor failed": "login with … failed",
        "hunter-of-snarks": "…",
        "p@ss/word and p%40ss%2Fword": "… and …",
        "postgresql://me:other@host/x": "postgresql://me:…",
        "x" * 1000: "x" * 399 + "…",
    }.items():
        assert log.clean(said) == kept


def broken(kind: str) -> None:
    private = "Anastasia owes 1200"
    match kind:
        case "ours":
            raise Refused("the day is past", f"ask {private}")
        case "theirs":
            int(private)
        case "database":
            try:
                sqlite3.connect(":memory:").execute(f"select '{private}' from nowhere")
            except sqlite3.Error as error:
                raise DatabaseError(f"the database x refused: no such row: {private}") from error
        case "room":
            raise DiskFull("there is no room left for the database x")
        case "name":
            raise NotFound("person", private)
        case "file":
            Path("/nowhere/" + private).read_text("utf-8")


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of the connection that the broken one leaves behind
@pytest.mark.parametrize(
    ("kind", "type_", "sentence"),
    [
        ("ours", "engine.errors.Refused", "the day is past"),
        ("theirs", "ValueError", None),
        ("database", "engine.errors.DatabaseError", "the database x refused"),
        ("room", "engine.errors.DiskFull", "there is no room left for the database x"),
        ("name", "engine.errors.NotFound", "there is no person “…”"),
        ("file", "FileNotFoundError", "No such file or directory"),
    ],
)
def test_an_exception_without_its_values(kind: str, type_: str, sentence: str | None) -> None:
    log, out = made()
    try:
        broken(kind)
    except Exception as error:
        log.failed("duty failed", error, duty="evaluate")
    (told,) = lines(out)
    assert (told["error"]["type"], told["error"].get("sentence")) == (type_, sentence)
    assert told["level"] == "error"
    assert "Anastasia" not in out.getvalue()
    assert told["error"].get("cause") == ("sqlite3.OperationalError" if kind == "database" else None)


def test_an_exception_says_where_in_our_code() -> None:
    log, out = made()
    try:
        settings.load(None)  # type: ignore[arg-type]
    except Exception as error:
        log.failed("uncaught", error)
    assert [place.partition(":")[0] for place in lines(out)[0]["error"]["place"]] == [
        "settings/__init__.py"
    ] * 2


def test_a_full_disk_does_not_stop_the_work(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full here")
    with full.open("w", buffering=1) as stream:
        log = Log(stream, lambda: AT)
        log.info("tick")
        log.info("tick")
        assert log.lost == 2
        os.dup2(os.open(tmp_path / "log", os.O_CREAT | os.O_WRONLY), stream.fileno())  # room again
        log.info("tick")
    assert log.lost == 2


CATCHING = """
import logging, sys, threading, warnings
from datetime import UTC, datetime
from engine.daemon.logs import Log
Log(sys.stderr, lambda: datetime(2026, 10, 5, tzinfo=UTC)).catch_all()
logging.getLogger("apscheduler.scheduler").warning("Run time of job %s was missed by %s", "Anastasia", 3)
logging.getLogger("weasyprint").error("cannot load Anastasia")
logging.getLogger("sqlalchemy").info("select Anastasia")
warnings.warn("Anastasia")
thread = threading.Thread(target=lambda: int("Anastasia"))
thread.start(); thread.join()
raise KeyError("Anastasia")
"""


def test_what_libraries_say_and_nobody_caught() -> None:
    done = subprocess.run([sys.executable, "-c", CATCHING], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Anastasia" not in done.stderr
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(one["event"], one["level"], one.get("said")) for one in told] == [
        ("library", "warning", "apscheduler.scheduler: Run time of job %s was missed by %s"),
        ("library", "error", "weasyprint"),
        ("library", "warning", "py.warnings"),
        ("uncaught", "error", None),
        ("uncaught", "error", None),
    ]
    assert [one["error"]["type"] for one in told[3:]] == ["ValueError", "KeyError"]
