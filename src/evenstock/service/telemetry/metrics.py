"""What is counted and measured, for Prometheus: a fraction of a microsecond for a counter, one or two for a histogram.

Each process of the service has its own registry, so that nothing of one leaks into another's tests. Where several processes
serve one address, each writes to files of a folder they share (`PROMETHEUS_MULTIPROC_DIR`) and any of them can tell of all.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from evenstock.domain import DecisionRecord, Outcome

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
SHARED: Final = "PROMETHEUS_MULTIPROC_DIR"
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Limits of the buckets of every duration; 0.05 and 0.5 are what we promise of an order."""
_WITH_GOODS: Final = frozenset({Outcome.EXECUTED, Outcome.AWAITS_APPROVAL})
Metric = TypeVar("Metric", bound=MetricWrapperBase)


class Metrics:
    """Everything this process counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        if SHARED not in os.environ:
            ProcessCollector(registry=self.registry)
        self._requests = self._made(
            Counter, "evenstock_requests", "Requests answered", ("method", "route", "status", "load")
        )
        self._request_seconds = self._made(
            Histogram,
            "evenstock_request_seconds",
            "From the head of a request to its answer",
            ("route", "load"),
            SECONDS,
        )
        self._refused = self._made(Counter, "evenstock_admission_refused", "Requests refused as overloaded", ("load",))
        self._decisions = self._made(Counter, "evenstock_decisions", "Decisions committed", ("outcome", "layer"))
        self._decided_cents = self._made(
            Counter, "evenstock_decided_cents", "Cost of the plans chosen, in cents", ("outcome",)
        )
        self._goods_cents = self._made(
            Counter, "evenstock_routed_goods_cents", "Value of the goods in orders first routed, in cents", ()
        )
        self._transactions = self._made(
            Histogram,
            "evenstock_transaction_seconds",
            "Transactions of the books, waiting for a connection and for locks included",
            ("kind", "end"),
            SECONDS,
        )
        self._errors = self._made(Counter, "evenstock_unforeseen_errors", "Errors that nobody foresaw", ())
        self._children: dict[tuple[Any, ...], Any] = {}
        self._answers: dict[tuple[str, str, int, str], tuple[Any, Any]] = {}
        self._told: dict[str, int] = {}

    def _made(
        self,
        kind: type[Metric],
        name: str,
        help_: str,
        labels: tuple[str, ...],
        buckets: tuple[float, ...] | None = None,
    ) -> Metric:
        options: dict[str, Any] = {"labelnames": labels, "registry": self.registry}
        if buckets is not None:
            options["buckets"] = buckets
        return kind(name, help_, **options)

    def _child(self, metric: MetricWrapperBase, *labels: str) -> Any:
        """The labelled counter, looked up once: `labels()` itself costs more than counting."""
        key = (metric, *labels)
        found = self._children.get(key)
        if found is None:
            found = self._children[key] = metric.labels(*labels) if labels else metric
        return found

    def answered(self, method: str, route: str, status: int, load: str, seconds: float) -> None:
        pair = self._answers.get((method, route, status, load))
        if pair is None:
            pair = self._answers[method, route, status, load] = (
                self._child(self._requests, method, route, str(status), load),
                self._child(self._request_seconds, route, load),
            )
        pair[0].inc()
        pair[1].observe(seconds)

    def refused(self, load: str, so_far: int) -> None:
        """Bring the counter of a class to what admission has refused so far."""
        new = so_far - self._told.get(load, 0)
        if new > 0:
            self._told[load] = so_far
            self._child(self._refused, load).inc(new)

    def failed(self) -> None:
        self._errors.inc()

    def decided(self, record: DecisionRecord, goods_cents: int) -> None:
        self._child(self._decisions, record.outcome.value, record.layer.value).inc()
        if record.choice is not None:
            # Money may come back, such as a fee that the customer paid; a counter only grows.
            self._child(self._decided_cents, record.outcome.value).inc(max(0, record.choice.cents))
        if goods_cents and record.outcome in _WITH_GOODS:
            self._goods_cents.inc(goods_cents)

    def transacted(self, kind: str, end: str, seconds: float) -> None:
        self._child(self._transactions, kind, end).observe(seconds)

    def gauge(self, name: str, help_: str, tell: Callable[[], float]) -> None:
        """A figure that is asked for when somebody reads the metrics."""
        if SHARED in os.environ:
            # Gauges of functions cannot be shared: each process would tell its own.
            return
        Gauge(name, help_, registry=self.registry).set_function(tell)

    def add(self, collector: Collector) -> None:
        self.registry.register(collector)

    def exposed(self, also: CollectorRegistry | None = None) -> bytes:
        """All of it as Prometheus reads it; `also` what is asked of the books at this moment."""
        own = self.registry
        if SHARED in os.environ:
            own = CollectorRegistry()
            MultiProcessCollector(own)  # type: ignore[no-untyped-call]
        return generate_latest(own) + (generate_latest(also) if also is not None else b"")
