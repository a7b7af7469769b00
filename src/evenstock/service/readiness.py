"""Whether the service can do its work, check by check, each with its reason: for probes, for metrics and for the doctor."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from time import monotonic
from typing import Final

from evenstock.operations.ports import Entry, Store, StoreError
from evenstock.service.company_now import CompanyNow
from evenstock.service.context import Service
from evenstock.storage.vital_signs import VitalSigns, vital_signs

MOST_SKEW: Final = timedelta(seconds=30)
"""Between this machine's clock and that of the books."""
LEAST_ROOM: Final = 256 * 1024**2
"""Bytes free where snapshots and an embedded database lie; below, nothing more is taken in."""
SOME_ROOM: Final = 2 * 1024**3
OLD_COMPANY: Final = timedelta(minutes=10)
"""How long the newest state may fail to load while the last good one serves."""
SILENT_WORKER: Final = timedelta(minutes=2)
ASKED_AGAIN_S: Final = 1.0
"""Probes within this get the same answer, so that asking often costs nothing."""
WORKER: Final = "worker"
"""Kind of the entries by which workers say that they live: one each, with `beat_at` by the books' clock."""


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """Worth a look; the service works."""
    FAILED = "failed"
    """Not ready."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    state: State
    because: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """All checks of one moment."""

    checks: tuple[Check, ...]
    signs: VitalSigns | None
    """None where the books cannot be read."""
    skew: timedelta | None
    worker_seen: timedelta | None
    """Since the last sign of a worker."""

    @property
    def ready(self) -> bool:
        return all(check.state is not State.FAILED for check in self.checks)


class Readiness:
    """Looks when asked, at most once a second, one at a time."""

    def __init__(self, service: Service, ticks: Callable[[], float] = monotonic) -> None:
        self._service, self._ticks = service, ticks
        self._looking = threading.Lock()
        self._last: tuple[float, Found] | None = None

    def look(self) -> Found:
        with self._looking:
            if self._last is None or self._ticks() - self._last[0] >= ASKED_AGAIN_S:
                self._last = (self._ticks(), look(self._service))
            return self._last[1]


def look(service: Service) -> Found:
    """Every check, now."""
    found = of_books(service.store, service.clock, service.settings.home)
    return replace(found, checks=(*found.checks, company(service.company, service.clock())))


def of_books(store: Store, clock_: Callable[[], datetime], home: Path) -> Found:
    """The checks that need no running service."""
    before = clock_()
    try:
        signs = vital_signs(store, feeds=False)
        seen = _worker_seen(store, signs.clock)
    except StoreError:
        gone = Check(
            "database", State.FAILED, "the books cannot be read", "see whether the database runs and can be reached"
        )
        return Found((gone, room(home)), None, None, None)
    after = clock_()
    # The books told their time somewhere between: what the question took is no skew.
    skew = max(before - signs.clock, signs.clock - after, timedelta())
    checks = (
        Check("database", State.OK, "the books can be read"),
        schema(signs),
        clock(skew),
        room(home),
        worker(seen),
    )
    return Found(checks, signs, skew, seen)


def schema(signs: VitalSigns) -> Check:
    """Newer than ours is fine while it says that it serves us: that is how versions are changed one process at a time."""
    if signs.schema == signs.expected_schema:
        return Check("schema", State.OK, f"schema {signs.schema}")
    if signs.serves_us:
        return Check(
            "schema",
            State.WARNING,
            f"the books are at schema {signs.schema}, this version is of {signs.expected_schema}, and both may be used",
            "finish the upgrade: restart this process with the new version",
        )
    return Check(
        "schema",
        State.FAILED,
        f"the books are at schema {signs.schema} and this version needs {signs.expected_schema}",
        "run the version that the books are of",
    )


def clock(skew: timedelta) -> Check:
    seconds = skew.total_seconds()
    if skew <= MOST_SKEW:
        return Check("clock", State.OK, f"{seconds:.1f} s from the clock of the books")
    return Check(
        "clock",
        State.FAILED,
        f"this machine's clock is {seconds:,.0f} s from that of the books; at most {MOST_SKEW.seconds} s are borne",
        "set both by NTP",
    )


def company(now: CompanyNow, at: datetime) -> Check:
    """Whether decisions know the company, and how well."""
    if now.failing_since is not None:
        since = at - now.failing_since
        there = now.loaded_at is not None
        grave = not there or since > OLD_COMPANY
        how = "the last good one serves" if there else "there is none that serves"
        return Check(
            "company",
            State.WARNING if there and not grave else State.FAILED if not there else State.WARNING,
            f"the newest state of the company cannot be loaded for {_minutes(since)}; {how}",
            "`evenstock doctor` says why; correct what was imported last",
        )
    if now.loaded_at is None:
        return Check("company", State.WARNING, "no network was imported yet", "POST /v1/network, or evenstock import")
    return Check("company", State.OK, f"loaded {_minutes(at - now.loaded_at)} ago")


def room(home: Path) -> Check:
    """Disk room of the home folder."""
    try:
        free = shutil.disk_usage(home if home.exists() else home.parent).free
        writable = os.access(home, os.W_OK) if home.exists() else True
    except OSError as error:
        return Check(
            "disk", State.FAILED, f"the home folder cannot be looked at: {error.strerror}", "see EVENSTOCK_HOME"
        )
    if not writable:
        return Check("disk", State.FAILED, "the home folder cannot be written", "give the service's user the right to")
    said = f"{free / 1024**3:,.1f} GiB free in the home folder"
    if free < LEAST_ROOM:
        return Check("disk", State.FAILED, said, "make room: remove old backups, or move EVENSTOCK_HOME")
    if free < SOME_ROOM:
        return Check("disk", State.WARNING, said, "make room soon")
    return Check("disk", State.OK, said)


def worker(seen: timedelta | None) -> Check:
    """Only a warning: orders are routed without it."""
    fix = "start `evenstock work`; without it deadlines, plans and webhooks wait"
    if seen is None:
        return Check("worker", State.WARNING, "no worker was ever seen", fix)
    if seen > SILENT_WORKER:
        return Check("worker", State.WARNING, f"no worker was seen for {_minutes(seen)}", fix)
    return Check("worker", State.OK, f"seen {seen.total_seconds():.0f} s ago")


def _worker_seen(store: Store, now: datetime) -> timedelta | None:
    with store.reading() as books:
        entries: Sequence[Entry] = books.entries(WORKER)
    seen = [datetime.fromisoformat(entry.body["beat_at"]) for entry in entries if "beat_at" in entry.body]
    return max(now - max(seen), timedelta()) if seen else None


def _minutes(passed: timedelta) -> str:
    seconds = max(0.0, passed.total_seconds())
    return (
        f"{seconds:.0f} s"
        if seconds < 120
        else f"{seconds / 60:,.0f} min"
        if seconds < 7_200
        else f"{seconds / 3_600:,.0f} h"
    )
