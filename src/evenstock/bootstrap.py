"""The only place where ports meet adapters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from evenstock.carriers import Carrier, open_configured
from evenstock.connectors.files import read_some
from evenstock.operations.audit.audited_store import AuditedStore
from evenstock.operations.call_quota import Quota
from evenstock.operations.ports import Snapshots, Store
from evenstock.operations.rates.import_rates import TAKEN
from evenstock.operations.rates.refresh import Fetched, RateSource
from evenstock.settings import Settings
from evenstock.storage import open_store
from evenstock.storage.audit_folder import AuditFolder
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
    """Open the store (migrated to this version) and the snapshot folder; makes the home folder where there is none.

    The store is audited: whoever opens the books here, service, worker or command, leaves a row for all that he changes.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    store = open_store(settings.database)
    if settings.master_keys is not None and not settings.database.startswith("memory:"):
        from evenstock.storage.personal_opening import seal_with

        try:
            seal_with(store, settings.master_keys)
        except BaseException:
            store.close()
            raise
    return Workspace(settings, AuditedStore(store), SnapshotFolder(settings.snapshots))


def open_audit(settings: Settings) -> AuditFolder:
    """Where checkpoints of the audit log are kept, and the key that signs them; neither is made before it is used."""
    return AuditFolder(settings.checkpoints, settings.signing_key)


def rate_folder(source: RateSource) -> Fetched:
    """The built-in way to fetch rates: a folder, or a file, that somebody or something puts them into.

    Raises
    ------
    OSError
        If there is none.
    """
    reading = read_some([Path(source.place)], TAKEN)
    return Fetched(reading.frames, tuple(str(problem) for problem in reading.problems))


def system_clock() -> datetime:
    """What this machine's clock says, UTC: what the service calls now."""
    return datetime.now(UTC)


@contextmanager
def open_carriers(environ: Mapping[str, str]) -> Iterator[dict[str, tuple[Carrier, Quota]]]:
    """Carriers whose keys the environment holds, each with its quota, by name; closed at the end.

    Raises
    ------
    ValueError
        If a quota in the environment is no whole number, or what speaks to carriers is not installed.
    """
    opened = open_configured(environ)
    try:
        yield opened
    finally:
        for carrier, _ in opened.values():
            carrier.close()
