"""How long a connection may be held: past it the wire is cut, so that no thread waits for a server that neither answers nor refuses.

A server that stands still, or a network that swallows what is sent, ends nothing by itself: bytes are acknowledged, time-outs of
the server do not run, and a driver waits for ever. So one thread looks at all connections that are held and shuts the socket of
those held too long; whoever waits for it hears at once that the database went away, and that the outcome is unknown.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class Bound:
    """How long one transaction may hold a connection."""

    held_s: float
    """Of it all, what is reckoned between statements with it."""
    brief: bool = False
    """Whether the server, too, gives up soon: a statement after 4 s, a lock after 3 s, instead of 120 and 10."""


BOUND: Final[ContextVar[Bound | None]] = ContextVar("bound", default=None)
"""Of whoever runs here; None: bounded by the server, and by `LONGEST_STATEMENT_S` where that stands still."""
LONGEST_STATEMENT_S: Final = 150.0
"""No statement of a healthy server takes so long: it ends them after 120 s."""
LOOK_EVERY_S: Final = 0.25
BRIEF: Final = "SET statement_timeout = '4s'; SET lock_timeout = '3s'"
PATIENT: Final = "SET statement_timeout = '120s'; SET lock_timeout = '10s'"


class _Wire:
    """A second handle of a connection's socket: it stays ours when the driver has closed its own and another took the number."""

    __slots__ = ("_handle",)

    def __init__(self, handle: int) -> None:
        self._handle = os.dup(handle)

    def cut(self) -> None:
        """Nothing more is sent or received; whoever waits for it is woken."""
        line = socket.socket(fileno=self._handle)
        try:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        finally:
            line.detach()

    def close(self) -> None:
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

    __del__ = close


class _Held:
    """A connection in somebody's hands."""

    __slots__ = ("bound", "connection", "until", "wire")

    def __init__(self, connection: Any, wire: _Wire, bound: Bound | None) -> None:
        self.connection, self.wire, self.bound = connection, wire, bound
        self.until = time.monotonic() + (bound.held_s if bound is not None else LONGEST_STATEMENT_S)

    def is_late(self, now: float) -> bool:
        if self.bound is None and not _is_active(self.connection):
            # Between two statements: the time begins anew.
            self.until = now + LONGEST_STATEMENT_S
        return now >= self.until


def _is_active(connection: Any) -> bool:
    """Whether a statement is being answered."""
    from psycopg.pq import TransactionStatus

    return bool(connection.info.transaction_status == TransactionStatus.ACTIVE)


class Watch:
    """Looks at everything that is held in this process, in a thread of its own."""

    def __init__(self) -> None:
        self._held: dict[int, _Held] = {}
        self._changing = threading.Lock()
        self._thread: threading.Thread | None = None

    def take(self, key: int, held: _Held) -> None:
        self._held[key] = held
        if self._thread is None:
            self._start()

    def give_back(self, key: int) -> None:
        self._held.pop(key, None)

    def ends(self, key: int, wire: _Wire) -> None:
        """The connection is closed: never while its wire is being cut."""
        with self._changing:
            self._held.pop(key, None)
            wire.close()

    def look(self, now: float) -> int:
        """Cut what is held too long; returns how many."""
        cut = 0
        for key, held in list(self._held.items()):
            with self._changing:
                if self._held.get(key) is held and held.is_late(now):
                    del self._held[key]
                    held.wire.cut()
                    cut += 1
        return cut

    def _start(self) -> None:
        with self._changing:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="time limits", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            time.sleep(LOOK_EVERY_S)
            self.look(time.monotonic())

    def begin_anew(self) -> None:
        """In a child process: the thread did not come along, and what is held is the parent's."""
        self._held, self._changing, self._thread = {}, threading.Lock(), None


WATCH: Final = Watch()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=WATCH.begin_anew)


def limit_time(engine: sa.Engine) -> None:
    """Hold every connection of this engine to the `BOUND` of whoever takes it; before anybody else listens to the engine."""
    if os.name != "posix":  # pragma: no cover (a socket has no second handle there)
        return

    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, record: Any) -> None:
        wire = record.info["wire"] = _Wire(connection.fileno())
        record.info["brief"] = False
        # What is asked of a new connection before anybody has it may hang as well.
        WATCH.take(id(record), _Held(connection, wire, BOUND.get()))

    @sa.event.listens_for(engine, "checkout")
    def taken(connection: Any, record: Any, _proxy: Any) -> None:
        bound, info = BOUND.get(), record.info
        WATCH.take(id(record), _Held(connection, info["wire"], bound))
        brief = bound is not None and bound.brief
        if brief is not info["brief"]:
            _tell(connection, BRIEF if brief else PATIENT)
            info["brief"] = brief

    @sa.event.listens_for(engine, "checkin")
    def given_back(_connection: Any, record: Any) -> None:
        WATCH.give_back(id(record))

    @sa.event.listens_for(engine, "close")
    def closed(_connection: Any, record: Any) -> None:
        wire = record.info.get("wire")
        if wire is not None:
            WATCH.ends(id(record), wire)


def _tell(connection: Any, settings: str) -> None:
    """Only where the class of work differs from that of the connection's last one: no question more for an order."""
    try:
        connection.autocommit = True
        connection.execute(settings)
        connection.autocommit = False
    except Exception as error:
        raise sa.exc.DisconnectionError from error
