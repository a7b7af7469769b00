"""One JSON object a line on standard output: what happened to a request, and whatever libraries say, without secrets.

A request's line has its id, who asked, the template of its route, status, milliseconds and class of load; never a body, a
header, a query or an id from the address. An error's line has the places in the code that it passed and no values of theirs.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import traceback
from collections import deque
from collections.abc import MutableMapping
from types import TracebackType
from typing import IO, Any, Final

import structlog
from pydantic_core import to_json

from evenstock.service.configuration import ConfigurationError
from evenstock.service.telemetry.redaction import clean, clean_text

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_QUIET: Final = ("httpx", "httpcore", "opentelemetry", "asyncio", "sqlalchemy", "alembic")
"""Libraries that are heard from `warning` on."""
_DEEPEST: Final = 12
SOON_S: Final = 0.05
"""How long the line of a request may wait for others, to be written with them: a killed process loses no more of its log.

Each writing lets another thread of the process go on, and whoever answers requests then waits for his turn.
"""
Event = MutableMapping[str, Any]
_STAMPED: Final = structlog.processors.TimeStamper(fmt="iso", utc=True)
_straight: Lines | None = None
"""Where lines of requests go; None until `start_logging` was called, and where it was told to leave them out."""


def start_logging(level: str, to: IO[str] | None = None) -> None:
    """Write all of this process's logs as lines of JSON. Raises ConfigurationError for an unknown level."""
    if level not in LEVELS:
        raise ConfigurationError(f"log_level: {level!r} is none of {', '.join(LEVELS)}")
    number = LEVELS[level]
    out = Lines(to or sys.stdout)
    global _straight  # noqa: PLW0603 (one log a process, as structlog and logging keep one)
    _straight = out if number <= LEVELS["info"] else None
    structlog.configure(
        processors=[structlog.processors.add_log_level, _STAMPED, only_places, redacted, as_json],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: out,
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name, _STAMPED],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            only_places,
            redacted,
            as_json,
        ],
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(number)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
    logging.captureWarnings(capture=True)


def tell_request(request: str, principal: str, **told: str | float) -> None:
    """Write what became of one request, as `info`: straight and soon, for nothing else is written as often.

    Only the `request`'s id may have been chosen by the caller, so only it can look like a secret; `told` is ours.
    """
    if _straight is None:
        if not structlog.is_configured():
            structlog.get_logger("evenstock.requests").info("request", request=request, principal=principal, **told)
        return
    line: dict[str, Any] = {
        "request": clean_text(request),
        "principal": principal,
        **told,
        "event": "request",
        "level": "info",
    }
    _straight.soon(to_json(_STAMPED(None, "info", line)).decode())


def tell_waiting() -> None:
    """Write the lines of requests that wait, as when the service stops."""
    if _straight is not None:
        _straight.flush()


class Lines:
    """A stream that never takes the service down: what cannot be written is counted."""

    def __init__(self, to: IO[str]) -> None:
        self._to = to
        self._waiting: deque[str] = deque()
        self._due: asyncio.AbstractEventLoop | None = None
        self.lost = 0

    def write(self, text: str) -> int:
        text = self._waited() + text
        try:
            return self._to.write(text)
        except (OSError, ValueError):
            self.lost += max(1, text.count("\n"))
            return 0

    def flush(self) -> None:
        if self._waiting:
            self.write("")
        try:
            self._to.flush()
        except (OSError, ValueError):
            self.lost += 1

    def msg(self, text: str) -> None:
        """One line, as structlog hands it over."""
        self.write(text + "\n")
        self.flush()

    def soon(self, text: str) -> None:
        """One line, within `SOON_S` or before the next other one; at once where no event loop runs. For the loop's thread."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.msg(text)
            return
        self._waiting.append(text + "\n")
        # A loop that ended keeps no promises: the next one makes its own.
        if self._due is not loop:
            self._due = loop
            loop.call_later(SOON_S, self._told)

    def _told(self) -> None:
        self._due = None
        self.flush()

    def _waited(self) -> str:
        """Taken one by one: another thread may write at this moment, and one may be added."""
        found = []
        while self._waiting:
            try:
                found.append(self._waiting.popleft())
            except IndexError:
                break
        return "".join(found)

    log = debug = info = warning = warn = error = critical = fatal = exception = msg


def redacted(_logger: Any, _method: str, event: Event) -> Event:
    return {key: clean(value, key) for key, value in event.items()}


def as_json(_logger: Any, _method: str, event: Event) -> str:
    return to_json(event, serialize_unknown=True, inf_nan_mode="null").decode()


def only_places(_logger: Any, _method: str, event: Event) -> Event:
    """An exception as its kind, its first line and the places it passed: their values may be somebody's."""
    told = event.pop("exc_info", None)
    if told:
        error = sys.exc_info() if told is True else told
        if isinstance(error, BaseException):
            error = (type(error), error, error.__traceback__)
        if isinstance(error, tuple) and error[1] is not None:
            event["error"] = _kind(error[1])
            event["at"] = _places(error[2])
    return event


def _kind(error: BaseException) -> str:
    said = str(error).strip().splitlines()
    first = clean_text(said[0]) if said else ""
    # Of a database error the driver's first line alone: what follows names the row.
    return f"{type(error).__module__}.{type(error).__qualname__}: {first}"


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)
    return [
        f"{frame.filename.rpartition('site-packages/')[2].rpartition('/src/')[2]}:{frame.lineno} {frame.name}"
        for frame in frames[-_DEEPEST:]
    ]
