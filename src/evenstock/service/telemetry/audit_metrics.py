"""Figures about the audit log: whether it can be sealed, and whether what was executed was lawful."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from evenstock.operations.audit.standing import Evaluated, last_evaluation, trouble
from evenstock.operations.ports import StoreError

if TYPE_CHECKING:
    from evenstock.service.context import Service

ASKED_AGAIN_S: Final = 15.0


class WatchingAudit(Collector):
    """Asks the books when somebody reads the metrics, at most every few seconds."""

    def __init__(self, service: Service, ticks: Callable[[], float] = monotonic) -> None:
        self._service, self._ticks = service, ticks
        self._asking = threading.Lock()
        self._asked = -ASKED_AGAIN_S
        self._because: str | None = None
        self._last: Evaluated | None = None
        self._since = 0.0

    def describe(self) -> list[Any]:
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with self._asking:
            self._look()
            because, last, since = self._because, self._last, self._since
        if because is not None:
            yield _one(
                "evenstock_audit_unsealed", "1 while the audit log is not what was signed last", float(because != "")
            )
        if last is not None:
            yield _one("evenstock_audit_violations", "Executed actions that were not lawful, so far", last.violations)
            yield _one("evenstock_audit_evaluated_seconds", "Since executed actions were last judged again", since)

    def _look(self) -> None:
        if self._ticks() - self._asked < ASKED_AGAIN_S:
            return
        self._asked = self._ticks()
        try:
            with self._service.store.reading() as books:
                self._because, self._last, now = trouble(books), last_evaluation(books), books.clock()
        except StoreError:
            self._because = self._last = None
            return
        self._since = (now - self._last.at).total_seconds() if self._last is not None else 0.0


def _one(name: str, help_: str, value: float) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help_)
    family.add_metric([], value)
    return family
