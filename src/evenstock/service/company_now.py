"""The company as decisions see it: one snapshot in memory, swapped whole when something of it changed.

Requests never wait for it: a thread looks every second whether a pointer moved, loads what is new beside the old, and swaps.
Where loading fails the last good one serves on, and its age is told. A change that this process makes itself is seen at once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from time import monotonic
from typing import Final

from evenstock.domain import NodeId
from evenstock.operations.carrier_overrides.keeping import POINTER as FAILING
from evenstock.operations.company import OVERRIDES, Company, NothingImportedError
from evenstock.operations.cost_book import POINTER as COSTS
from evenstock.operations.gate import POINTER as GATE
from evenstock.operations.know_damage import POINTER as DAMAGE
from evenstock.operations.knowledge import BELIEFS, SCENARIOS
from evenstock.operations.network import HAPPENING_TABLES
from evenstock.operations.ports import Snapshots, Store, StoreError, UnavailableError
from evenstock.operations.rates.in_force import POINTER as RATES
from evenstock.operations.rehearse import rehearse
from evenstock.operations.replaying.company_then import keep_origin
from evenstock.operations.roll_out import POINTER as ROLL_OUT
from evenstock.operations.roll_out import RollOut, roll_out_in_force
from evenstock.operations.rulebook import POINTER as RULES
from evenstock.operations.stale_feeds import heard
from evenstock.operations.substitution import Substitutes, allowed_substitutes
from evenstock.operations.transit_in_force import POINTER as TRANSIT
from evenstock.policy import CompiledPolicy
from evenstock.routing.network import ShippingNetwork
from evenstock.storage.vital_signs import vital_signs

LOOK_EVERY_S: Final = 1.0
LONGEST_PAUSE_S: Final = 30.0
"""Between tries to load what cannot be loaded."""
LISTEN_EVERY_S: Final = 60.0
"""Between looks at when each node was last heard of."""
PATIENCE_S: Final = 5.0
"""How long a request waits for the first standing to be loaded."""
_LOG: Final = logging.getLogger("evenstock.service")
_REHEARSED: Final = threading.Event()
"""Whether this process has decided anything yet: what it loads and compiles for that, it does once."""
WATCHED: Final = (
    "network",
    OVERRIDES,
    *HAPPENING_TABLES,
    RATES,
    TRANSIT,
    RULES,
    FAILING,
    ROLL_OUT,
    GATE,
    DAMAGE,
    BELIEFS,
    SCENARIOS,
    COSTS,
)


@dataclass(frozen=True)
class Standing:
    """Everything a decision needs beside the books."""

    company: Company
    shipping: ShippingNetwork
    policy: CompiledPolicy
    stage: RollOut
    substitutes: Substitutes
    pointers: tuple[tuple[str, str | None], ...]
    on: date
    loaded_at: datetime


@dataclass(frozen=True, slots=True)
class Freshness:
    """How current the standing is."""

    loaded_at: datetime | None
    """When the standing in force was loaded; None before the first."""
    seen_at: datetime | None
    """When it was last held against the books and found current."""
    failed: str
    """Why what is newer could not be loaded; empty while all is well."""
    failing_since: datetime | None

    def age_s(self, now: datetime) -> float:
        """Seconds since the standing was known to be current; infinite before it was loaded."""
        return (now - self.seen_at).total_seconds() if self.seen_at else float("inf")


class CompanyNow:
    """Holds the standing; `start` begins to load and watch it beside the requests."""

    def __init__(self, store: Store, snapshots: Snapshots, clock: Callable[[], datetime]) -> None:
        self._store, self._snapshots, self._clock = store, snapshots, clock
        self._standing: Standing | None = None
        self._loading = threading.Lock()
        self._stop = threading.Event()
        self._seen_at: datetime | None = None
        self._observed: Mapping[NodeId, datetime] = {}
        self._again_at, self._pause = 0.0, LOOK_EVERY_S
        self.failed: str = ""
        """Why the newest state could not be loaded; empty while all is well."""
        self.failing_since: datetime | None = None

    def start(self) -> None:
        """Load in the background, at once, and then whatever changes."""
        threading.Thread(target=self._watch, name="company", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    @property
    def standing(self) -> Standing | None:
        """What is in force, without loading anything."""
        return self._standing

    @property
    def loaded_at(self) -> datetime | None:
        """When what is in force was loaded; None where nothing is."""
        return self._standing.loaded_at if self._standing is not None else None

    @property
    def stopped(self) -> bool:
        """Whether the process leaves."""
        return self._stop.is_set()

    def get(self) -> Standing:
        """The standing in force.

        Raises
        ------
        NothingImportedError
            Where there is none.
        UnavailableError
            Where it is still being loaded, or never could be.
        """
        found = self._standing
        if found is not None:
            return found
        if self.failed and monotonic() < self._again_at:
            raise UnavailableError(f"the company could not be loaded: {self.failed}")
        return self.refresh(patience_s=PATIENCE_S)

    def refresh(self, patience_s: float = -1) -> Standing:
        """Load now what changed; call it after changing a pointer. Raises as `get` does, and whatever loading raises."""
        if not self._loading.acquire(timeout=patience_s):
            raise UnavailableError("the company is still being loaded")
        try:
            return self._refreshed()
        finally:
            self._loading.release()

    def freshness(self) -> Freshness:
        found = self._standing
        return Freshness(found.loaded_at if found else None, self._seen_at, self.failed, self.failing_since)

    def look(self) -> None:
        """One look: what changed is loaded; what cannot be loaded is told, and the last good one stays.

        What failed is tried again a second later, then after twice as long each time, up to half a minute.
        """
        if monotonic() < self._again_at:
            return
        try:
            self.refresh()
        except NothingImportedError:
            self._well()
        except Exception as error:  # noqa: BLE001 (the thread must live on; what failed is told in health and metrics)
            self.failing_since = self.failing_since or self._clock()
            self.failed = f"{type(error).__name__}: {error}"
            self._again_at = monotonic() + self._pause
            self._pause = min(LONGEST_PAUSE_S, 2 * self._pause)

    def _refreshed(self) -> Standing:
        now = self._clock()
        pointers = self._pointers()
        before = self._standing
        if before is not None and before.pointers == pointers and before.on == now.date():
            self._well(now)
            return before
        company = Company.load(self._store, self._snapshots, now.date())
        with self._store.reading() as books:
            stage = roll_out_in_force(books, self._snapshots)
        found = Standing(
            company=company,
            shipping=company.shipping,
            policy=company.network.policy,
            stage=stage,
            substitutes=allowed_substitutes(company.table("substitutes")),
            pointers=pointers,
            on=now.date(),
            loaded_at=now,
        )
        self._hear(found)
        # Before the first order: what a request keeps, it keeps in the transaction of its own answer.
        keep_origin(self._store, found.shipping, now)
        _rehearsed(found, now)
        self._standing = found
        self._well(now)
        return found

    def _well(self, now: datetime | None = None) -> None:
        self._seen_at = now or self._seen_at
        self.failed, self.failing_since = "", None
        self._again_at, self._pause = 0.0, LOOK_EVERY_S

    def _pointers(self) -> tuple[tuple[str, str | None], ...]:
        with self._store.reading() as books:
            return tuple((name, books.pointer(name)) for name in WATCHED)

    def listen(self) -> None:
        """Take over what was heard of nodes since the snapshot: stock that is stated through the API counts too."""
        found = self._standing
        if found is None or found.shipping.known is None or not found.shipping.known.feeds:
            return
        try:
            self._observed = vital_signs(self._store).observed
        except StoreError:
            # Not heard is not fresh: what was known of the feeds grows older by itself.
            return
        self._hear(found)

    def _hear(self, standing: Standing) -> None:
        known = standing.shipping.known
        if known is not None and known.feeds:
            standing.shipping.known = replace(known, feeds=heard(known.feeds, self._observed))

    def _watch(self) -> None:
        listened = -LISTEN_EVERY_S
        self.look()
        while not self._stop.wait(LOOK_EVERY_S):
            self.look()
            if monotonic() - listened >= LISTEN_EVERY_S:
                listened = monotonic()
                self.listen()


def _rehearsed(standing: Standing, now: datetime) -> None:
    """Let no customer's order be the first: it would wait a second or more."""
    if _REHEARSED.is_set():
        return
    _REHEARSED.set()
    try:
        rehearse(standing.shipping, standing.policy, now)
    except Exception as error:  # noqa: BLE001 (an order that meets the same says so itself; serving goes on)
        _LOG.warning("imaginary orders could not be decided: %s", type(error).__name__)
