"""What systemd hears, over a real socket of ours in its place."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.daemon.notify import Notifier


@pytest.fixture(params=["path", "abstract"])
def listening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """An address as `NOTIFY_SOCKET` has it, and the socket that listens there."""
    name = f"dunwell-{uuid.uuid4().hex}"
    address = f"@{name}" if request.param == "abstract" else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
        there.bind("\0" + name if request.param == "abstract" else address)
        there.settimeout(5)
        yield address, there


def test_what_is_said_arrives(listening: tuple[str, socket.socket]) -> None:
    address, there = listening
    systemd = Notifier.of({"NOTIFY_SOCKET": address})
    heard = []
    for said in (
        systemd.ready("Waiting for the morning"),
        systemd.alive(),
        systemd.status("Sending 3 messages\nREADY=0"),
        systemd.stopping("Finishing what is in hand"),
    ):
        assert said
        heard.append(there.recv(4096).decode())
    assert heard == [
        "READY=1\nSTATUS=Waiting for the morning",
        "WATCHDOG=1",
        "STATUS=Sending 3 messages READY=0",  # one line: a value cannot say anything of its own
        "STOPPING=1\nSTATUS=Finishing what is in hand",
    ]


def test_the_watchdog_is_asked_of_one_process() -> None:
    asked = {"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "90000000", "WATCHDOG_PID": "41"}
    assert Notifier.of(asked, pid=41).watchdog == 90
    assert Notifier.of(asked, pid=42).watchdog is None
    assert Notifier.of({**asked, "WATCHDOG_PID": ""}, pid=42).watchdog == 90
    for odd in ("", "0", "-1", "soon", "²"):
        assert Notifier.of({**asked, "WATCHDOG_USEC": odd}, pid=41).watchdog is None, odd


def test_nobody_listens(tmp_path: Path) -> None:
    for environment in ({}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "@"}, {"NOTIFY_SOCKET": "relative"}):
        assert not Notifier.of(environment).ready()
    assert not Notifier.of({"NOTIFY_SOCKET": str(tmp_path / "gone")}).alive()
    assert not Notifier.of({"NOTIFY_SOCKET": "/" + "x" * 200}).alive()
