"""The only place where ports meet adapters."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Self

from evenstock.operations.ports import Snapshots, Store
from evenstock.settings import Settings
from evenstock.storage import open_store
from evenstock.storage.snapshots import SnapshotFolder


@dataclass(frozen=True)
class Workspace:
    """A company's books and snapshots, opened."""

    settings: Settings
    store: Store
    snapshots: Snapshots

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.store.close()


def open_workspace(settings: Settings) -> Workspace:
    """Open the store (migrated to this version) and the snapshot folder; makes the home folder where there is none."""
    settings.home.mkdir(parents=True, exist_ok=True)
    return Workspace(settings, open_store(settings.database), SnapshotFolder(settings.snapshots))
