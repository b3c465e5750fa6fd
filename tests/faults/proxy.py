"""A way to a PostgreSQL server that is slow, or is cut when a COMMIT passes: before it arrives, or before its answer does."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Way:
    """`cut_at`: how many COMMITs still pass; below 0 none is cut. `after`: the server has heard the one that is cut."""

    to: str  # the server's socket
    cut_at: int = -1
    after: bool = False
    wait: float = 0.0  # seconds, for each piece in each direction
    cuts: int = 0
    port: int = 0
    open: list[socket.socket] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self.to)
            except OSError:
                client.close()
                server.close()
                continue
            self.open += [client, server]
            deaf = threading.Event()
            for args in ((client, server, deaf, True), (server, client, deaf, False)):
                threading.Thread(target=self.pass_on, args=args, daemon=True).start()

    def pass_on(
        self, source: socket.socket, target: socket.socket, deaf: threading.Event, asks: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                time.sleep(self.wait)
                if asks and b"COMMIT" in data and self._cut():
                    if not self.after:
                        break
                    deaf.set()  # the answer goes nowhere
                    target.sendall(data)
                    continue
                if not asks and deaf.is_set():
                    break
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _cut(self) -> bool:
        with self.lock:
            if self.cut_at < 0:
                return False
            self.cut_at -= 1
            self.cuts += self.cut_at < 0
            return self.cut_at < 0


@contextmanager
def way(server_socket: str) -> Iterator[Way]:
    listener = socket.create_server(("127.0.0.1", 0))
    made = Way(server_socket, port=listener.getsockname()[1])
    thread = threading.Thread(target=made.serve, args=(listener,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        for end in made.open:
            end.close()
