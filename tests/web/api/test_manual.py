"""What the manual says of the API is so: its requests are sent as they are written, and answered as it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import engine
from engine.jobs.tokens import KEPT, Scope
from engine.web.api.gate import LARGEST
from engine.web.api.problems import KINDS
from tests.cli.conftest import run
from tests.web.api.conftest import program, with_token
from tests.web.conftest import BASE, Place

PAGE = (Path(engine.__file__).parent / "help" / "api.md").read_text("utf-8")


def curl(place: Place, secret: str, command: str) -> str:
    """What curl would print."""
    words = shlex.split(command.replace("$DESK", BASE).replace("$TOKEN", secret))
    assert words.pop(0) == "curl"
    url, headers, data = "", {}, None
    while words:
        match words.pop(0):
            case "-H":
                name, _, value = words.pop(0).partition(": ")
                headers[name] = value
            case "-d":
                data = words.pop(0)
            case word:
                url = word
    return (
        with_token(place, secret)
        .request("GET" if data is None else "POST", url, headers=headers, content=data)
        .text
    )


def test_every_request_is_answered_as_it_says(place: Place) -> None:
    secret = program(place).headers["authorization"].removeprefix("Bearer ")
    sent = 0
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.S):
        for example in block.split("$ curl")[1:]:
            command, *said = re.split(r"\n(?=[{\[\"])", example.strip("\n"))
            told = curl(place, secret, f"curl {command}")
            assert said
            for line in said:
                assert line in told, (command, told)
            sent += 1
    assert sent == 7


def test_its_tables_and_numbers_are_those_of_the_program() -> None:
    assert dict(re.findall(r"(?m)^\| `(\w+)` \| (.+?) \|$", PAGE)) == {
        one.value: one.sentence for one in Scope
    }
    statuses = {int(code) for row in re.findall(r"(?m)^\| ([0-9, ]+) \|", PAGE) for code in row.split(", ")}
    assert statuses <= {status for status, _ in KINDS.values()}
    assert KEPT.days == 7
    assert "within a week" in PAGE
    assert f"at most {LARGEST >> 20} MB" in PAGE
    for verb, options in re.findall(r"(?m)^    dunwell token (\w+) \S*((?: ?--\w+)*)", PAGE):
        shown = run("token", verb, "--help")
        assert shown.code == 0
        assert all(option in shown.out for option in options.split())
