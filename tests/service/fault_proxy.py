"""A way to the database that can be cut, frozen and mended: what a network or a server's death looks like from here."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit, urlunsplit

_CHUNK: Final = 65_536


class FaultProxy:
    """Forwards loopback connections to a server; in `cut` nothing listens any more, in `frozen` bytes go nowhere."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._flowing = threading.Event()
        self._flowing.set()
        self._listening = self._listen(0)
        self.port: int = self._listening.getsockname()[1]

    def cut(self) -> None:
        """As if the server had been killed: connections end, and nobody answers at its address."""
        self._deaf()
        self._end_all()

    def mend(self) -> None:
        self._flowing.set()
        self._listening = self._listen(self.port)

    def freeze(self) -> None:
        """As if the machine stood still: what is sent is neither answered nor refused."""
        self._flowing.clear()

    def thaw(self) -> None:
        self._flowing.set()

    def close(self) -> None:
        self._flowing.set()
        self._deaf()
        self._end_all()

    def _deaf(self) -> None:
        # A thread that waits in `accept` holds the socket open until it is woken.
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _listen(self, port: int) -> socket.socket:
        for _ in range(100):
            found = socket.socket()
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                found.bind(("127.0.0.1", port))
            except OSError:
                found.close()
                time.sleep(0.05)
                continue
            found.listen(64)
            threading.Thread(target=self._accept, args=(found,), daemon=True).start()
            return found
        raise OSError(f"port {port} stays taken")

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                here, _ = listening.accept()
            except OSError:
                return
            try:
                there = socket.create_connection(self._to, 5)
            except OSError:
                here.close()
                continue
            there.settimeout(None)
            with self._lock:
                self._open |= {here, there}
            for one, other in ((here, there), (there, here)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(_CHUNK):
                self._flowing.wait()
                other.sendall(data)
        for each in (one, other):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _end_all(self) -> None:
        with self._lock:
            ending, self._open = self._open, set()
        for each in ending:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@contextmanager
def between(url: str) -> Iterator[tuple[FaultProxy, str]]:
    """A proxy before a PostgreSQL server, and the address that leads through it."""
    parts = urlsplit(url)
    proxy = FaultProxy(parts.hostname or "127.0.0.1", parts.port or 5432)
    user = f"{parts.username}@" if parts.username else ""
    through = urlunsplit((parts.scheme, f"{user}127.0.0.1:{proxy.port}", parts.path, parts.query, ""))
    try:
        yield proxy, through
    finally:
        proxy.close()
