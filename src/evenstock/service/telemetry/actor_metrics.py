"""How many actors are quarantined, for whoever is to look at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from evenstock.operations.actors.watching import count_quarantined
from evenstock.operations.ports import StoreError

if TYPE_CHECKING:
    from evenstock.service.context import Service

ASKED_AGAIN_S: Final = 5.0


class WatchingActors(Collector):
    """Gauges of the actors; nothing while the books cannot be read."""

    def __init__(self, service: Service, ticks: Callable[[], float] = monotonic) -> None:
        self._service, self._ticks = service, ticks
        self._asked: tuple[float, Mapping[str, int]] = (-ASKED_AGAIN_S, {})

    def describe(self) -> list[Any]:
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(
            "evenstock_actors_quarantined", "Actors that are quarantined, by kind", labels=["kind"]
        )
        for kind, count in self._counted().items():
            family.add_metric([kind], count)
        yield family

    def _counted(self) -> Mapping[str, int]:
        at, counted = self._asked
        if self._ticks() - at < ASKED_AGAIN_S:
            return counted
        try:
            with self._service.store.reading() as books:
                counted = count_quarantined(books)
        except StoreError:
            counted = {}
        self._asked = (self._ticks(), counted)
        return counted
