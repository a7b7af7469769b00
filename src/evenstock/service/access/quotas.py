"""How often a caller may ask: a bucket that holds so many requests and fills at so many a second, one for each caller.

Each process counts for itself: with N processes a caller may ask N times as often.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Final

from evenstock.operations.access.api_key import Quota

MOST_BUCKETS: Final = 10_000


class Buckets:
    """The buckets of a process, at most so many: of those beyond, the one unused for longest is forgotten, and is full again."""

    def __init__(self, most: int = MOST_BUCKETS, ticks: Callable[[], float] = monotonic) -> None:
        self._most, self._ticks = most, ticks
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, name: str, quota: Quota) -> float:
        """Take one from the bucket of `name`; 0 where there was one, else the seconds until there is."""
        with self._lock:
            now = self._ticks()
            left, since = self._buckets.get(name, (float(quota.burst), now))
            left = min(float(quota.burst), left + (now - since) * quota.per_s)
            wait_s = 0.0 if left >= 1 else (1 - left) / quota.per_s
            self._buckets[name] = (left - 1 if left >= 1 else left, now)
            self._buckets.move_to_end(name)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
            return wait_s

    def empty(self, name: str, quota: Quota) -> bool:
        """Whether there is none left, taking none."""
        with self._lock:
            left, since = self._buckets.get(name, (float(quota.burst), 0.0))
            return name in self._buckets and left + (self._ticks() - since) * quota.per_s < 1
