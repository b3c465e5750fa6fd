"""Where the service's pages listen."""

from __future__ import annotations

import socket

from engine.errors import Refused


def listen(address: str, what: str = "the health page", section: str = "[daemon]") -> socket.socket:
    """A socket at `HOST:PORT`. Refused where the port is taken or the host is not this machine."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        made = socket.create_server((host, int(port)), family=family)
        # Head and body of an answer are two writes: the second does not wait until the first is acknowledged.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise Refused(
            f"{what} cannot be at {address}: {why}",
            f"write another address under {section} in dunwell.toml, or leave it empty",
        ) from error
