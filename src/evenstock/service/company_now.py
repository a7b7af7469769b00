"""The company as decisions see it: one snapshot in memory, swapped whole when something of it changed.

Requests never wait for it: a thread looks every second whether a pointer moved, loads what is new beside the old, and swaps.
Where loading fails the last good one serves on, and its age is told. A change that this process makes itself is seen at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from evenstock.operations.carrier_overrides.keeping import POINTER as FAILING
from evenstock.operations.company import OVERRIDES, Company, NothingImportedError
from evenstock.operations.gate import POINTER as GATE
from evenstock.operations.know_damage import POINTER as DAMAGE
from evenstock.operations.knowledge import BELIEFS, SCENARIOS
from evenstock.operations.network import HAPPENING_TABLES
from evenstock.operations.ports import Snapshots, Store
from evenstock.operations.rates.in_force import POINTER as RATES
from evenstock.operations.roll_out import POINTER as ROLL_OUT
from evenstock.operations.roll_out import RollOut, roll_out_in_force
from evenstock.operations.rulebook import POINTER as RULES
from evenstock.operations.substitution import Substitutes, allowed_substitutes
from evenstock.operations.transit_in_force import POINTER as TRANSIT
from evenstock.policy import CompiledPolicy
from evenstock.routing.network import ShippingNetwork

LOOK_EVERY_S: Final = 1.0
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


class CompanyNow:
    """Holds the standing; `start` begins to watch."""

    def __init__(self, store: Store, snapshots: Snapshots, clock: Callable[[], datetime]) -> None:
        self._store, self._snapshots, self._clock = store, snapshots, clock
        self._standing: Standing | None = None
        self._loading = threading.Lock()
        self._stop = threading.Event()
        self.failed: str = ""
        """Why the newest state could not be loaded; empty while all is well."""
        self.failing_since: datetime | None = None

    def start(self) -> None:
        threading.Thread(target=self._watch, name="company", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def get(self) -> Standing:
        """The standing in force. Raises NothingImportedError where there is none, StoreError where it never could be read."""
        found = self._standing
        return found if found is not None else self.refresh()

    def refresh(self) -> Standing:
        """Load now what changed; call it after changing a pointer."""
        with self._loading:
            now = self._clock()
            pointers = self._pointers()
            before = self._standing
            if before is not None and before.pointers == pointers and before.on == now.date():
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
            self._standing = found
            return found

    def _pointers(self) -> tuple[tuple[str, str | None], ...]:
        with self._store.reading() as books:
            return tuple((name, books.pointer(name)) for name in WATCHED)

    def _watch(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            self.look()

    def look(self) -> None:
        """One look: what changed is loaded; what cannot be loaded is told, and the last good one stays."""
        try:
            self.refresh()
        except NothingImportedError:
            self.failed, self.failing_since = "", None
        except Exception as error:  # noqa: BLE001 (the thread must live on; what failed is told in health and metrics)
            self.failed = f"{type(error).__name__}: {error}"
            self.failing_since = self.failing_since or self._clock()
        else:
            self.failed, self.failing_since = "", None
