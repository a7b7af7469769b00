"""What every job and duty of the worker works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from evenstock.bootstrap import open_workspace, system_clock
from evenstock.operations.company import Company
from evenstock.operations.ports import Snapshots, Store
from evenstock.operations.runs.keeping import Run
from evenstock.operations.runs.taking import Taken, tell
from evenstock.service.company_now import CompanyNow
from evenstock.service.configuration import Configuration
from evenstock.settings import Settings

MEMORY: Final = "memory:"


@dataclass(frozen=True)
class Workplace:
    """One process of the worker."""

    settings: Settings
    configuration: Configuration
    store: Store
    snapshots: Snapshots
    current: CompanyNow
    """The company as decisions see it, for what is done every few seconds."""
    clock: Callable[[], datetime] = system_clock

    @classmethod
    def open(cls, settings: Settings, configuration: Configuration) -> Workplace:
        """Open the books; `store.close()` when done. Raises StoreError where they cannot be opened."""
        opened = open_workspace(settings)
        current = CompanyNow(opened.store, opened.snapshots, system_clock)
        return cls(settings, configuration, opened.store, opened.snapshots, current)

    def through(self, store: Store) -> Workplace:
        """The same place with another door to the books."""
        return replace(self, store=store)

    def company(self, on: date | None = None) -> Company:
        """The company as it stands. Raises NothingImportedError where there is none."""
        return Company.load(self.store, self.snapshots, on)

    @property
    def shared(self) -> bool:
        """Whether another process can open the same books."""
        return self.settings.database != MEMORY


class StoppedError(Exception):
    """The worker was told to stop: the run is handed back."""


@dataclass(frozen=True)
class Progress:
    """Tells how far a run is, and stops it where it is no longer ours or the worker is to stop.

    Raises LostRunError or StoppedError from the call.
    """

    store: Store
    taken: Taken
    stopping: Callable[[], bool] = lambda: False

    def __call__(self, share_done: int, doing: str) -> None:
        """`share_done` in hundredths."""
        if self.stopping():
            raise StoppedError
        with self.store.transaction() as books:
            tell(books, self.taken, share_done, doing)


def moment_of(run: Run) -> datetime:
    """The moment a run's work is of: when it first began, however often it is tried, so that each try does the same."""
    assert run.begun_at is not None, f"{run.id} has not begun"
    return run.begun_at


def nothing_to_do(because: str) -> Mapping[str, Any]:
    """The result of a run that had nothing to work on."""
    return {"skipped": because}
