"""Makes a backup: one moment of the books, then the snapshots, which never change; whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evenstock import __version__
from evenstock.bootstrap import open_workspace
from evenstock.domain import rfc3339
from evenstock.service.backup import of_postgres, of_sqlite
from evenstock.service.backup.manifest import FORM, NAME, BackupError, Manifest, figures, sha256
from evenstock.settings import Settings
from evenstock.storage import open_store
from evenstock.storage.vital_signs import vital_signs


@dataclass(frozen=True, slots=True)
class Taken:
    """A backup that was made."""

    folder: Path
    manifest: Manifest
    bytes: int
    removed: tuple[Path, ...]
    """Older ones that were let go."""


def take(settings: Settings, into: Path, now: datetime, *, keep: int | None = None) -> Taken:
    """Back up into a new folder under `into`, while others work; then let go of all but the newest `keep`.

    Raises
    ------
    BackupError, StoreError
        If the books are in memory, cannot be read, or pg_dump is missing. Nothing is left behind.
    """
    place = into / f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    if place.exists():
        raise BackupError(f"{place} is there already: wait a second")
    into.mkdir(parents=True, exist_ok=True)
    draft = into / f".writing-{place.name}-{os.getpid()}"
    draft.mkdir(mode=0o700)
    try:
        kind, schema, books = _books(settings, draft)
        # After the books: every snapshot they name was whole before they named it.
        if settings.snapshots.is_dir():
            shutil.copytree(settings.snapshots, draft / "snapshots", ignore=shutil.ignore_patterns(".writing-*"))
        names = sorted(path for path in draft.rglob("*") if path.is_file())
        files = {path.relative_to(draft).as_posix(): sha256(path) for path in names}
        manifest = Manifest(FORM, rfc3339(now), __version__, kind, schema, books, files)
        size = sum(path.stat().st_size for path in names)
        for path in names:
            _flush(path)
        manifest.write(draft)
        draft.rename(place)
        _flush(into)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return Taken(place, manifest, size, tuple(_let_go(into, keep)))


def _books(settings: Settings, draft: Path) -> tuple[str, str, dict[str, Any]]:
    if settings.database.startswith("memory:"):
        raise BackupError("the books are in memory: there is nothing to back up")
    if settings.database.startswith("sqlite:"):
        copy = draft / of_sqlite.FILE
        of_sqlite.dump(settings.database, copy)
        with closing(open_store(f"sqlite:///{copy}")) as store, store.reading() as books:
            found = figures(books)
        with closing(open_store(f"sqlite:///{copy}")) as store:
            return "sqlite", vital_signs(store, feeds=False).schema, found
    with _opened(settings) as opened, opened.store.reading() as books:
        connection = books.connection
        snapshot = of_postgres.export(connection)
        found = figures(books)
        of_postgres.dump(settings.database, draft / of_postgres.FILE, snapshot)
        from evenstock.storage.migrate import current

        return "postgresql", current(connection) or "", found


@contextmanager
def _opened(settings: Settings) -> Iterator[Any]:
    with open_workspace(settings) as opened:
        yield opened


def _let_go(into: Path, keep: int | None) -> Iterator[Path]:
    """Only folders with a manifest of ours, the oldest first."""
    if keep is None:
        return
    ours = sorted(path.parent for path in into.glob(f"*/{NAME}"))
    for folder in ours[:-keep] if keep else []:
        shutil.rmtree(folder)
        yield folder


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
