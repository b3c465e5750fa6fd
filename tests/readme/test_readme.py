"""The README is played by a newcomer: every command in it, in order, shows what it says."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import english_only, run

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
SUNDAY = datetime(2026, 11, 22, 15, tzinfo=UTC)
_PART = re.compile(
    r"<!-- edit (?P<file>\S+): (?P<before>.+?) -> (?P<after>.+?) -->|```console\n(?P<block>.*?)```", re.S
)


def commands(block: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a block, with the lines that it must show."""
    found: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line.strip():
            found[-1][1].append(line.strip())
    yield from found


def export() -> str:
    """A list of open items as somebody's system writes it."""
    rows = [
        f"C{number % 40:03};Customer {number % 40};R-{1000 + number};2026-09-{number % 28 + 1:02};"
        f"2026-10-{number % 28 + 1:02};{100 + number},50;{100 + number},50"
        for number in range(220)
    ]
    head = "Customer No;Customer Name;Invoice No;Invoice Date;Due Date;Amount EUR;Open Amount EUR"
    return "\n".join([head, *rows]) + "\n"


class Newcomer:
    """Somebody who types what the README says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def does(self, command: str, monkeypatch: pytest.MonkeyPatch) -> str:
        words = shlex.split(command)
        match words:
            case ["cd", where]:
                self.folder = (self.folder / where).resolve()
                monkeypatch.chdir(self.folder)
                return ""
            case ["ls", where]:
                return "\n".join(sorted(path.name for path in (self.folder / where).iterdir()))
            case ["make", target]:
                made = subprocess.run(
                    ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=True
                )
                assert {"preview": "dunwell demo", "test": "pytest"}[target] in made.stdout
                return made.stdout
            case ["pipx", "install", "."]:
                project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
                assert project["project"]["scripts"] == {"dunwell": "engine.cli:main"}
                return ""
            case ["dunwell", "serve"]:
                return self._serves()
            case ["dunwell", *arguments]:
                return self._dunwell(arguments)
        raise AssertionError(f"the README has a command that no test can play: {command}")

    def _serves(self) -> str:
        """The service as it really is, until it says that it works; then Ctrl-C."""
        command = [
            sys.executable,
            "-c",
            "from engine.cli import main; main()",
            "-w",
            str(self.folder),
            "serve",
        ]
        pipe, environment = (
            subprocess.PIPE,
            {**os.environ, "DUNWELL_DAEMON__HEALTH": "", "DUNWELL_WEB__LISTEN": ""},
        )
        said = ""
        with subprocess.Popen(
            command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, env=environment
        ) as service:
            assert service.stdout is not None
            for line in service.stdout:
                said += line
                if "It works." in line:
                    break
            service.send_signal(signal.SIGINT)
            rest, wrong = service.communicate(timeout=60)
        assert service.returncode == 0, wrong
        return said + rest

    def _dunwell(self, arguments: list[str]) -> str:
        said_then = ""
        if "||" in arguments:
            at = arguments.index("||")
            assert arguments[at + 1] == "echo"
            said_then, arguments = arguments[at + 2], arguments[:at]
        said = run(*arguments, at=SUNDAY)
        assert said.code == (1 if said_then else 0), said
        if arguments[0] == "init":
            english_only(self.folder / arguments[1])
        return f"{said.out}{said.err}{said_then}"


@pytest.mark.long
def test_every_command_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "export.csv").write_text(export(), "utf-8")
    monkeypatch.chdir(tmp_path)
    newcomer = Newcomer(tmp_path)
    played = 0
    for part in _PART.finditer(README):
        if part["file"]:
            file = newcomer.folder / part["file"]
            text = file.read_text("utf-8")
            assert part["before"] in text
            file.write_text(text.replace(part["before"], part["after"], 1), "utf-8")
            continue
        for command, shown in commands(part["block"]):
            said = newcomer.does(command, monkeypatch)
            played += 1
            for line in shown:
                assert line in said, f"{command} does not show “{line}” but:\n{said}"
    assert played >= 28


def test_the_readme_names_an_account_of_the_sample(tmp_path: Path) -> None:
    named = set(re.findall(r"\b[A-Z]{4}-\d{4}\b", README))
    assert named
    for at in (SUNDAY, SUNDAY + timedelta(days=101)):
        folder = tmp_path / str(at.date())
        assert run("init", str(folder), at=at).code == 0
        ledger = (folder / "ledger/ledger.csv").read_text("utf-8")
        for account in named:
            assert account in ledger, "the sample has changed: the README needs an account that it has"


def test_no_command_hides_outside_the_blocks() -> None:
    rest = re.sub(r"```console\n.*?```", "", README, flags=re.S)
    assert not re.findall(r"`dunwell [^`]*`", rest)
    assert rest.count("```") == 0


def test_the_picture_is_a_preview() -> None:
    picture = (ROOT / "docs/preview.svg").read_text("utf-8")
    assert picture.startswith("<svg")
    text = re.sub(r"<[^>]+>", "", picture).replace("&#160;", " ")
    for words in ("Week of Mon 23 Nov", "HELD BACK", "Nothing has been sent."):
        assert words in text
    assert "@font-face" not in picture or "http" not in re.sub(r"xmlns[^ ]*", "", picture)


def test_every_command_of_the_manual_is_one() -> None:
    from typer.main import get_command

    from engine.cli.command import app

    top = get_command(app())
    verbs = set(top.commands)  # type: ignore[attr-defined]
    pages = {path.stem: path.read_text("utf-8") for path in (ROOT / "engine/help").glob("*.md")}
    listed = set(re.findall(r"^\| `([a-z-]+)` \|", pages["index"], re.M))
    assert listed == set(pages) - {"index"}
    for name, text in pages.items():
        for line in re.findall(r"^    dunwell (.+)$|`dunwell ([^`]+)`", text, re.M):
            words = shlex.split((line[0].split("  ")[0] or line[1]).replace("\n", " "), comments=True)
            words = words[: words.index(">")] if ">" in words else words
            verb = next((word for word in words if word in verbs), None)
            if verb is None:
                assert words[0].isupper() or words[0].startswith("--"), (name, line)
                continue
            command = top.commands[verb]  # type: ignore[attr-defined]
            if hasattr(command, "commands"):
                after = words[words.index(verb) + 1 :]
                within = after[0] if after and after[0][0] != "-" else None
                assert within in command.commands or (within is None and command.invoke_without_command), (
                    name,
                    line,
                )
                command = command.commands.get(within, command)
            options = {option for parameter in command.params for option in getattr(parameter, "opts", ())}
            options |= {option for parameter in command.params for option in parameter.secondary_opts}
            options |= {"--help", "--workspace"}
            for word in words:
                if word.startswith("--"):
                    assert word.split("=")[0] in options, (name, line)
