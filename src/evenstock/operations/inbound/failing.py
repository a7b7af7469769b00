"""What becomes of an event that cannot be applied: tried again with growing waits, then dead; dead at once if it cannot be read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from evenstock.operations.inbound.fields import WrongDataError
from evenstock.operations.ports import Handling, Mark, Received, StoreError

MOST_TRIES: Final = 5
FIRST_WAIT: Final = timedelta(seconds=10)
GROWTH: Final = 6
"""After the first failure 10 s, then 1 min, 6 min, 36 min; the fifth failure is the last."""


def wait_after(tries: int) -> timedelta:
    """How long an event waits after so many failures.

    Examples
    --------
    >>> [int(wait_after(tries).total_seconds()) for tries in (1, 2, 3, 4)]
    [10, 60, 360, 2160]
    """
    return FIRST_WAIT * int(GROWTH ** (tries - 1))


def failure(event: Received, error: Exception, now: datetime) -> Mark:
    """What becomes of it after this error."""
    foreseen = isinstance(error, WrongDataError | StoreError)
    because = str(error) if foreseen else f"{type(error).__name__}: {error}"
    tries = event.tries + 1
    if isinstance(error, WrongDataError) or tries >= MOST_TRIES:
        return Mark(event, Handling.DEAD, because)
    return Mark(event, Handling.WAITING, because, now + wait_after(tries))
