"""What is counted and measured of each source of events. Only sources that were made have a name here, all others are one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from prometheus_client import Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry

from evenstock.operations.inbound.sources import sources
from evenstock.operations.inbound.tally import Tally, tallies
from evenstock.operations.ports import StoreError
from evenstock.storage.source_signs import SourceSigns, source_signs

if TYPE_CHECKING:
    from evenstock.service.context import Service

ASKED_AGAIN_S: Final = 5.0
UNKNOWN: Final = "unknown"
"""Label of what comes under a name that is no source: whoever calls may make up as many as he likes."""
_UNREADABLE: Final = "unreadable"
_PAGE: Final = 1_000


class SourceCounts:
    """What one process took in."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, help_: str, *labels: str) -> Counter:
            return Counter(name, help_, labelnames=("source", *labels), registry=registry)

        self._received = counter("evenstock_source_received", "Events stored for the first time")
        self._duplicates = counter("evenstock_source_duplicates", "Events that were stored before")
        self._refused = counter(
            "evenstock_source_refused", "Requests refused by the code of the problem, and events that cannot be read",
            "reason",
        )  # fmt: skip

    def stored(self, source: str, new: int, seen: int, dead: int) -> None:
        """What became of a request of a source that was made."""
        self._received.labels(source).inc(new)
        self._duplicates.labels(source).inc(seen)
        if dead:
            self._refused.labels(source, _UNREADABLE).inc(dead)

    def refused(self, source: str | None, reason: str) -> None:
        """A request was refused; None for a source that was never made."""
        self._refused.labels(UNKNOWN if source is None else source, reason).inc()


_COUNTS: Final[WeakKeyDictionary[CollectorRegistry, SourceCounts]] = WeakKeyDictionary()


def counts_of(registry: CollectorRegistry) -> SourceCounts:
    """The one set of counters of a process."""
    found = _COUNTS.get(registry)
    if found is None:
        found = _COUNTS[registry] = SourceCounts(registry)
    return found


class WatchingSources(Collector):
    """Asks the books when somebody reads the metrics, at most every few seconds."""

    def __init__(self, service: Service, ticks: Callable[[], float] = monotonic) -> None:
        self._service, self._ticks = service, ticks
        self._asking = threading.Lock()
        self._asked: tuple[float, _Asked | None] = (-ASKED_AGAIN_S, None)

    def describe(self) -> list[Any]:
        return []

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        with self._asking:
            found = self._look()
        if found is not None:
            yield from _families(found)

    def _look(self) -> _Asked | None:
        at, found = self._asked
        if self._ticks() - at < ASKED_AGAIN_S:
            return found
        try:
            with self._service.store.reading() as books:
                names: list[str] = []
                while some := sources(books, after=names[-1] if names else "", limit=_PAGE):
                    names += [source.id for source in some]
                found = _Asked(books.clock(), names, tallies(books), source_signs(books))
        except StoreError:
            found = None
        self._asked = (self._ticks(), found)
        return found


class _Asked:
    """One moment of the books, with all that is of no source gathered under one name."""

    def __init__(
        self, clock: datetime, names: Iterable[str], counted: dict[str, Tally], signs: dict[str, SourceSigns]
    ) -> None:
        self.clock = clock
        self.tallies = {name: counted.pop(name, Tally()) for name in names}
        self.signs = {name: signs.pop(name, SourceSigns()) for name in self.tallies}
        if counted or signs:
            self.tallies[UNKNOWN] = sum(counted.values(), Tally())
            oldest = [one.oldest for one in signs.values() if one.oldest is not None]
            waiting, dead = sum(one.waiting for one in signs.values()), sum(one.dead for one in signs.values())
            self.signs[UNKNOWN] = SourceSigns(waiting, min(oldest, default=None), dead, _last(*signs.values()))

    def age(self, at: datetime | None) -> float:
        return max(0.0, (self.clock - at).total_seconds()) if at is not None else 0.0


def _last(*every: SourceSigns | Tally) -> datetime | None:
    return max((one.heard_at for one in every if one.heard_at is not None), default=None)


def _families(found: _Asked) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
    def family(kind: type[Any], name: str, help_: str, values: dict[str, float]) -> Any:
        made = kind(name, help_, labels=["source"])
        for source, value in values.items():
            made.add_metric([source], value)
        return made

    tallied, signs = found.tallies.items(), found.signs.items()
    yield family(
        CounterMetricFamily, "evenstock_source_applied", "Events applied", {name: one.applied for name, one in tallied}
    )
    yield family(
        GaugeMetricFamily,
        "evenstock_source_waiting",
        "Events to be applied",
        {name: one.waiting for name, one in signs},
    )
    yield family(
        GaugeMetricFamily,
        "evenstock_source_oldest_seconds",
        "Age of the oldest event to be applied",
        {name: found.age(one.oldest) for name, one in signs},
    )
    yield family(
        GaugeMetricFamily,
        "evenstock_source_dead",
        "Events given up, for a person to look at",
        {name: one.dead for name, one in signs},
    )
    heard = {name: _last(one, found.tallies[name]) for name, one in signs}
    yield family(
        GaugeMetricFamily,
        "evenstock_source_heard_seconds",
        "Since the newest event was received; nothing for a source that never sent one",
        {name: found.age(at) for name, at in heard.items() if at is not None},
    )
