"""A line to a mail server that breaks or falls silent after so many bytes."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass
class Line:
    """What is said at `port` goes to the server and back. After `limit` bytes from the server: `then`."""

    target: int
    limit: int | None = None
    then: str = "cut"  # or "silent", or "drop by drop"
    port: int = 0
    visits: int = 0
    _ends: list[socket.socket] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            self.visits += 1
            far = socket.create_connection(("127.0.0.1", self.target), 10)
            self._ends += [near, far]
            threading.Thread(target=self._there, args=(near, far), daemon=True).start()
            threading.Thread(target=self._back, args=(far, near), daemon=True).start()

    def _there(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := near.recv(65536):
                far.sendall(data)

    def _back(self, far: socket.socket, near: socket.socket) -> None:
        left = self.limit
        with contextlib.suppress(OSError):
            while data := far.recv(65536):
                if left is None:
                    near.sendall(data)
                    continue
                near.sendall(data[:left])
                rest, left = data[left:], max(0, left - len(data))
                if left or not rest:
                    continue
                if self.then == "cut":
                    break
                if self.then == "silent":
                    self._over.wait(30)
                    break
                for number in range(len(rest)):
                    near.sendall(rest[number : number + 1])
                    if self._over.wait(0.3):
                        return
        with contextlib.suppress(OSError):
            near.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        self._over.set()
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextlib.contextmanager
def line(target: int, limit: int | None = None, then: str = "cut") -> Iterator[Line]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = Line(target, limit, then, listener.getsockname()[1])
        thread = threading.Thread(target=found.serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield found
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            found.stop()
            thread.join(5)


@dataclass
class Answering:
    """A server that knows nobody: it says to LOGIN what it is told to."""

    port: int
    heard: list[bytes] = field(default_factory=list)


@contextlib.contextmanager
def answering(
    login: Callable[[bytes], bytes] = bytes, context: ssl.SSLContext | None = None
) -> Iterator[Answering]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = Answering(listener.getsockname()[1])

        def serve() -> None:
            conn, _ = listener.accept()
            with context.wrap_socket(conn, server_side=True) if context else conn as talk:
                talk.sendall(b"* OK ready\r\n")
                while data := talk.recv(1000):
                    found.heard.append(data)
                    tag, _, said = data.partition(b" ")
                    usual = b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK done\r\n"
                    talk.sendall(tag + b" NO " + login(said) if said.startswith(b"LOGIN") else usual)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield found
        thread.join(5)
