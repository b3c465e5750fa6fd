"""A mail server in a process of its own, which writes down what it takes before it says so, and misbehaves on request.

`python -m benchmarks.postbox --log FILE` prints its port. One line of the log is one message accepted for one
recipient: its Message-ID and the address. What it is asked to do badly it does at the dot: of every hundred
messages `--drop` end in a closed connection and `--hang` in silence, half of them accepted, half not; `--busy` are
refused with 451.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_ID = re.compile(rb"(?im)^message-id:[ \t]*(\S+)")
_SILENCE = 1.5  # seconds; then the connection is closed all the same


@dataclass(frozen=True, slots=True)
class Manners:
    """How the server behaves: milliseconds before each answer and before the one to the dot, and faults in percent."""

    wait: float = 0.0
    dot: float = 0.0
    drop: float = 0.0
    hang: float = 0.0
    busy: float = 0.0
    seed: int = 1


class _Talk(asyncio.Protocol):
    """One connection."""

    def __init__(self, manners: Manners, log: int, chance: random.Random) -> None:
        self.manners, self.log, self.chance = manners, log, chance
        self.buffer = b""
        self.content = False
        self.to: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.say(b"220 ready")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while True:
            if self.content:
                end = self.buffer.find(b"\r\n.\r\n")
                if end < 0:
                    return
                message, self.buffer = self.buffer[:end], self.buffer[end + 5 :]
                self.content = False
                self.dot(message)
                continue
            line, found, rest = self.buffer.partition(b"\r\n")
            if not found:
                return
            self.buffer = rest
            self.command(line)

    def command(self, line: bytes) -> None:
        word = line[:4].upper()
        if word == b"EHLO":
            self.say(b"250-here\r\n250 SIZE 10000000")
        elif word == b"RCPT":
            self.to.append(line.partition(b"<")[2].partition(b">")[0])
            self.say(b"250 ok")
        elif word == b"DATA":
            self.content = True
            self.say(b"354 go on")
        elif word == b"QUIT":
            self.say(b"221 bye")
            self.transport.close()
        else:
            if word in (b"MAIL", b"RSET"):
                self.to = []
            self.say(b"250 ok")

    def dot(self, message: bytes) -> None:
        manners, luck = self.manners, self.chance.random() * 100
        if luck < manners.busy:
            self.say(b"451 4.3.0 busy, try again later")
            return
        luck -= manners.busy
        silent, gone = luck < manners.hang, manners.hang <= luck < manners.hang + manners.drop
        if not (silent or gone) or self.chance.random() < 0.5:
            self.take(message)
        if silent:
            asyncio.get_running_loop().call_later(_SILENCE, self.transport.abort)
        elif gone:
            self.transport.abort()
        else:
            self.say(b"250 2.0.0 queued", manners.dot)

    def take(self, message: bytes) -> None:
        found = _ID.search(message)
        name = found.group(1) if found else b"?"
        os.write(self.log, b"".join(name + b"\t" + to + b"\n" for to in self.to))
        self.to = []

    def say(self, answer: bytes, wait: float = 0.0) -> None:
        wait = wait or self.manners.wait
        if not wait:
            self.transport.write(answer + b"\r\n")
        else:
            asyncio.get_running_loop().call_later(wait / 1000, self.transport.write, answer + b"\r\n")


async def _serve(manners: Manners, log: Path) -> None:
    handle = os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    chance = random.Random(manners.seed)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Talk(manners, handle, chance), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)  # until whoever started it has gone
    server.close()


@contextmanager
def postbox(log: Path, manners: Manners | None = None) -> Iterator[int]:
    """A server for as long as the block lasts; its port."""
    manners = manners or Manners()
    command = [sys.executable, "-m", "benchmarks.postbox", "--log", str(log)]
    for name in Manners.__slots__:
        command += [f"--{name}", str(getattr(manners, name))]
    root = Path(__file__).parents[1]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    ) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def accepted(log: Path) -> list[tuple[str, str]]:
    """(Message-ID, recipient) of everything the server took, in order."""
    if not log.exists():
        return []
    pairs = (line.split("\t") for line in log.read_text("utf-8").splitlines())
    return [(name, to) for name, to in pairs]


def main() -> None:
    told = argparse.ArgumentParser(description=__doc__)
    told.add_argument("--log", type=Path, required=True)
    for name in ("wait", "dot", "drop", "hang", "busy"):
        told.add_argument(f"--{name}", type=float, default=0.0)
    told.add_argument("--seed", type=int, default=1)
    asked = vars(told.parse_args())
    asyncio.run(_serve(Manners(**{name: asked[name] for name in Manners.__slots__}), asked["log"]))


if __name__ == "__main__":
    main()
