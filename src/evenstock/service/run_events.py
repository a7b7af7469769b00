"""A run's steps as server-sent events (WHATWG HTML, 9.2): from the books, so that any process of the service can tell them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from pydantic_core import to_json
from starlette.responses import Response, StreamingResponse

from evenstock.operations.ports import StoreError
from evenstock.operations.runs.keeping import Run
from evenstock.service.http.bodies.runs import run_out
from evenstock.service.http.problems import Problem
from evenstock.service.unqueued import apart

EVENT_STREAM: Final = "text/event-stream"
EVENT: Final = {
    "type": "object",
    "description": "One event of the stream, field by field",
    "required": ["event", "id", "data"],
    "properties": {
        "event": {"const": "run"},
        "id": {"type": "string", "pattern": "^[0-9]+$", "description": "Step of the run; goes back as Last-Event-ID"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/RunOut"},
        },
    },
}
"""How the API's description says what one event is."""
LOOK_EVERY_S: Final = 1.0
COMMENT_EVERY_S: Final = 15.0
"""A line over which nothing goes is taken for dead by proxies."""
LONGEST_S: Final = 600.0
MOST_AT_ONCE: Final = 64
"""Lines held open by one process."""
_COMMENT: Final = b": still here\n\n"


@dataclass(frozen=True, slots=True)
class Following:
    """A run to be followed."""

    now: Callable[[], Run | None]
    """The run as it stands; None where it was forgotten."""
    first: Run
    seen: int
    """Step of the last event that the caller knows; -1 where none."""
    stopped: Callable[[], bool]
    """Whether the process leaves."""


class _Lines:
    held = 0


def follow(following: Following) -> Response:
    """The answer that goes on until the run is over. Raises Problem `overloaded` where too many lines are open."""
    if _Lines.held >= MOST_AT_ONCE:
        raise Problem(
            "overloaded",
            f"{MOST_AT_ONCE} lines of events are open already; ask for the run itself instead",
            headers={"Retry-After": "15"},
        )
    return StreamingResponse(
        _told(following), media_type=EVENT_STREAM, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


async def _told(following: Following) -> AsyncIterator[bytes]:
    _Lines.held += 1
    try:
        run: Run | None = following.first
        seen, until, quiet_since = following.seen, time.monotonic() + LONGEST_S, time.monotonic()
        yield b"retry: 2000\n\n"
        while True:
            if run is not None and run.step > seen:
                yield event_of(run)
                seen, quiet_since = run.step, time.monotonic()
            if run is None or run.state.over or following.stopped() or time.monotonic() > until:
                return
            if time.monotonic() - quiet_since >= COMMENT_EVERY_S:
                yield _COMMENT
                quiet_since = time.monotonic()
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                run = await apart(following.now)
            except StoreError:
                # The books are away: the line stays, and goes on when they are back.
                continue
    finally:
        _Lines.held -= 1


def event_of(run: Run) -> bytes:
    """One event; JSON has no line ends, so one line of data is enough."""
    return b"event: run\nid: %d\ndata: %s\n\n" % (run.step, to_json(run_out(run)))
