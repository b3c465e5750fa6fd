"""Tells systemd that the service is ready, that it still works and that it ends, so that a stuck one is started anew.

The protocol is sd_notify(3): lines of `NAME=value` in one datagram to the socket that `NOTIFY_SOCKET` names, as a
path or, with `@` before it, in Linux's abstract names. Without that variable nothing is said to anybody.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notifier:
    """`socket` is where systemd listens, or empty; `watchdog` is within how many seconds it wants to hear of us.

    Nothing here ever raises: a service must not fall because its supervisor does not listen.
    """

    socket: str = ""
    watchdog: float | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str], pid: int | None = None) -> Notifier:
        """What systemd asks of this process. `WATCHDOG_PID` may name another one: then no watchdog is ours."""
        address = environment.get("NOTIFY_SOCKET", "")
        if not address.startswith(("/", "@")) or len(address) < 2:
            return cls()
        micro = environment.get("WATCHDOG_USEC", "")
        mine = environment.get("WATCHDOG_PID", "") in ("", str(os.getpid() if pid is None else pid))
        seconds = int(micro) / 1e6 if mine and micro.isascii() and micro.isdigit() and int(micro) else None
        return cls(address, seconds)

    def ready(self, status: str = "") -> bool:
        """It works from now on."""
        return self.tell(READY="1", STATUS=status)

    def alive(self, status: str = "") -> bool:
        """Something was really done just now: to be said after a tick, never by a clock of its own."""
        return self.tell(WATCHDOG="1", STATUS=status)

    def stopping(self, status: str = "") -> bool:
        return self.tell(STOPPING="1", STATUS=status)

    def status(self, status: str) -> bool:
        """What `systemctl status` shows."""
        return self.tell(STATUS=status)

    def tell(self, **said: str) -> bool:
        """Send what is not empty. True where it was taken."""
        # A line end within a value would begin another statement.
        lines = [f"{name}={' '.join(value.split())}" for name, value in said.items() if value]
        if not self.socket or not lines:
            return False
        address = "\0" + self.socket[1:] if self.socket.startswith("@") else self.socket
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.settimeout(1)
                out.sendto("\n".join(lines).encode(errors="replace"), address)
        except OSError:
            return False
        return True
