"""Figures that are asked of the books and of the process when somebody reads the metrics, at most every few seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import polars as pl
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from evenstock import __version__
from evenstock.operations.keep_check import Checked, last_check
from evenstock.operations.ports import Store, StoreError
from evenstock.operations.replaying.keep_replay import LastReplay, last_replay
from evenstock.operations.runs.keeping import RunState
from evenstock.service.admission import Load
from evenstock.service.telemetry.actor_metrics import WatchingActors
from evenstock.service.telemetry.audit_metrics import WatchingAudit
from evenstock.service.telemetry.source_metrics import WatchingSources
from evenstock.storage.vital_signs import VitalSigns, vital_signs

if TYPE_CHECKING:
    from evenstock.service.context import Service

ASKED_AGAIN_S: Final = 5.0
FEEDS_AGAIN_S: Final = 60.0
"""Reading when each node was last observed reads every observation, so it is done less often."""
_FEEDS: Final = (
    ("stock", "observed_at"),
    ("demand", "date"),
    ("observations", "observed_at"),
    ("deliveries", "delivered_at"),
)
"""Imported tables that go stale, each with the column that says how new it is."""


class Watching(Collector):
    """Gauges of one process of the service."""

    def __init__(self, service: Service, ticks: Callable[[], float] = monotonic) -> None:
        self._service, self._ticks = service, ticks
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._registry.register(WatchingSources(service, ticks))
        self._registry.register(WatchingAudit(service, ticks))
        self._registry.register(WatchingActors(service, ticks))
        self._asking = threading.Lock()
        self._asked: tuple[float, VitalSigns | None, Checked | None] = (-ASKED_AGAIN_S, None, None)
        self._replay: LastReplay | None = None
        self._feeds: tuple[float, Mapping[str, datetime]] = (-FEEDS_AGAIN_S, {})

    def exposed(self) -> bytes:
        """All metrics of this process as Prometheus reads them."""
        return self._service.telemetry.metrics.exposed(self._registry)

    def describe(self) -> list[Any]:
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with self._asking:
            signs, checked = self._signs()
            feeds = self._ages(signs)
        now = self._service.clock()
        yield _one("evenstock_build_info", "Version that runs", {"version": __version__}, 1)
        yield from self._process(now)
        ready = self._service.readiness.look()
        yield _one("evenstock_ready", "1 while the service can do its work", {}, float(ready.ready))
        yield _one("evenstock_books_readable", "1 while the books answer", {}, float(signs is not None))
        if ready.skew is not None:
            yield _one(
                "evenstock_clock_skew_seconds",
                "This machine's clock against that of the books",
                {},
                ready.skew.total_seconds(),
            )
        if ready.worker_seen is not None:
            yield _one(
                "evenstock_worker_seen_seconds", "Since a worker was last seen", {}, ready.worker_seen.total_seconds()
            )
        if signs is not None:
            yield from _waiting(signs)
            yield _labelled(
                "evenstock_feed_age_seconds",
                "Since the newest statement of a feed, or of a node's stock",
                "feed",
                {name: (now - at).total_seconds() for name, at in feeds.items()},
            )
        if checked is not None and signs is not None:
            yield from _checked(checked, signs.clock)
        if self._replay is not None and signs is not None:
            yield from _replayed(self._replay, signs.clock)

    def _process(self, now: datetime) -> Iterator[GaugeMetricFamily]:
        service = self._service
        admission, company = service.admission, service.company
        yield _one("evenstock_admission_busy", "Threads at work", {}, admission.busy)
        yield _labelled(
            "evenstock_admission_waiting",
            "Requests in line",
            "load",
            {load.value: admission.waiting(load) for load in Load},
        )
        if company.loaded_at is not None:
            age = company.freshness().age_s(now)
            yield _one("evenstock_company_age_seconds", "Since what decisions see was held against the books", {}, age)
        failing = (now - company.failing_since).total_seconds() if company.failing_since is not None else 0.0
        yield _one("evenstock_company_failing_seconds", "How long the newest state cannot be loaded", {}, failing)

    def _signs(self) -> tuple[VitalSigns | None, Checked | None]:
        at, signs, checked = self._asked
        if self._ticks() - at < ASKED_AGAIN_S:
            return signs, checked
        store: Store = self._service.store
        try:
            signs = vital_signs(store, feeds=False)
            with store.reading() as books:
                checked, self._replay = last_check(books), last_replay(books)
        except StoreError:
            signs = checked = self._replay = None
        self._asked = (self._ticks(), signs, checked)
        return signs, checked

    def _ages(self, signs: VitalSigns | None) -> Mapping[str, datetime]:
        at, feeds = self._feeds
        if signs is None or self._ticks() - at < FEEDS_AGAIN_S:
            return feeds
        try:
            observed = vital_signs(self._service.store).observed
        except StoreError:
            return feeds
        found = {f"node {node}": moment for node, moment in observed.items()}
        standing = self._service.company.standing
        if standing is not None:
            for table, column in _FEEDS:
                frame = standing.company.table(table)
                if frame is not None and column in frame.columns and frame.height:
                    newest = frame.select(pl.col(column).max().cast(pl.Datetime("us", "UTC"))).item()
                    if newest is not None:
                        found[table] = newest
        self._feeds = (self._ticks(), found)
        return found


def _waiting(signs: VitalSigns) -> Iterator[GaugeMetricFamily]:
    def since(at: datetime | None) -> float:
        return max(0.0, (signs.clock - at).total_seconds()) if at is not None else 0.0

    yield _one("evenstock_outbox_waiting", "Facts not yet delivered", {}, signs.outbox_waiting)
    yield _one(
        "evenstock_outbox_oldest_seconds", "Age of the oldest fact not yet delivered", {}, since(signs.outbox_oldest)
    )
    yield _one("evenstock_events_waiting", "Events of others not yet applied", {}, signs.events_waiting)
    yield _one(
        "evenstock_events_oldest_seconds", "Age of the oldest event not yet applied", {}, since(signs.events_oldest)
    )
    yield _one("evenstock_events_dead", "Events given up, for a person to look at", {}, signs.events_dead)
    yield _labelled(
        "evenstock_runs", "Runs by state", "state", {state.value: signs.runs.get(state.value, 0) for state in RunState}
    )
    yield _one("evenstock_cases_open", "Cases that wait for a person or a moment", {}, signs.cases_open)
    yield _one("evenstock_cases_overdue", "Cases whose deadline has passed", {}, signs.cases_overdue)


def _checked(checked: Checked, clock: datetime) -> Iterator[GaugeMetricFamily]:
    yield _labelled(
        "evenstock_books_findings", "What the last check of the books found, by rule", "rule", checked.findings
    )
    yield _one(
        "evenstock_books_checked_seconds", "Since the books were last checked", {}, (clock - checked.at).total_seconds()
    )


def _replayed(last: LastReplay, clock: datetime) -> Iterator[GaugeMetricFamily]:
    said = {"equal": last.replayed - last.unequal, "unequal": last.unequal, "not comparable": last.missing}
    yield _labelled(
        "evenstock_replay_decisions", "What the last sample of decisions came to when decided again", "came_out", said
    )
    yield _one(
        "evenstock_replay_seconds", "Since decisions were last decided again", {}, (clock - last.at).total_seconds()
    )


def _one(name: str, help_: str, labels: Mapping[str, str], value: float) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help_, labels=list(labels))
    family.add_metric(list(labels.values()), value)
    return family


def _labelled(name: str, help_: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help_, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
