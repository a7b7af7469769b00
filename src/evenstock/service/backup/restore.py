"""Brings a backup back, and only then lets it take the place of what was there: when it was found whole."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from evenstock.operations.check_books import Finding, check_books
from evenstock.operations.ports import Store
from evenstock.service.backup import of_postgres, of_sqlite
from evenstock.service.backup.manifest import BackupError, Manifest, figures, read
from evenstock.settings import Settings
from evenstock.storage import open_store


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back."""

    manifest: Manifest
    waiting: tuple[Finding, ...]
    """What a check of the books found that waits for a person; broken truth is never restored."""


def restore(settings: Settings, folder: Path, now: datetime, *, replace: bool = False) -> Restored:
    """Put the books and snapshots of a backup where the settings say, of the same kind of database.

    Books of an older schema are brought to this version's. Nothing may use the database meanwhile.

    Raises
    ------
    BackupError
        If the backup is damaged or of another kind, if there are books already and `replace` was not said, if what came
        back differs from what was backed up or its books are broken. What was there before is there then as it was.
    """
    manifest = read(folder)
    kind = "sqlite" if settings.database.startswith("sqlite:") else settings.database.partition(":")[0]
    kind = "postgresql" if kind == "postgres" else kind
    if kind != manifest.kind:
        raise BackupError(
            f"{folder} holds books in {manifest.kind}, and EVENSTOCK_DATABASE is {kind}: restore into the same kind"
        )
    _snapshots(settings, folder)
    if kind == "sqlite":
        return _into_sqlite(settings, folder, manifest, now, replace=replace)
    return _into_postgres(settings, folder, manifest, now, replace=replace)


def _into_sqlite(settings: Settings, folder: Path, manifest: Manifest, now: datetime, *, replace: bool) -> Restored:
    url = settings.database
    if not replace and of_sqlite.holds_something(url):
        raise _there_already(str(of_sqlite.path_of(url)))
    draft = of_sqlite.put_beside(url, folder / of_sqlite.FILE)
    try:
        waiting = _looked_at(f"sqlite:///{draft}", manifest, now)
    except BaseException:
        of_sqlite.give_up(draft)
        raise
    of_sqlite.take_place(url, draft)
    return Restored(manifest, waiting)


def _into_postgres(settings: Settings, folder: Path, manifest: Manifest, now: datetime, *, replace: bool) -> Restored:
    url = settings.database
    if not replace and of_postgres.holds_something(url):
        raise _there_already("the database")
    of_postgres.require_alone(url)
    with of_postgres.restored(url, folder / of_postgres.FILE):
        waiting = _looked_at(url, manifest, now)
    return Restored(manifest, waiting)


def _there_already(where: str) -> BackupError:
    return BackupError(f"{where} holds books already: say --replace to put the backup in their place, or name another")


def _looked_at(url: str, manifest: Manifest, now: datetime) -> tuple[Finding, ...]:
    """Open what came back, which brings it to this version's schema, and hold it against the manifest."""
    with closing(open_store(url)) as store:
        _same(store, manifest)
        found = check_books(store, now)
    broken = [finding for finding in found if finding.broken]
    if broken:
        raise BackupError(f"the books in the backup are broken: {broken[0]}; use an earlier one")
    return tuple(found)


def _same(store: Store, manifest: Manifest) -> None:
    with store.reading() as books:
        now = figures(books)
    for name, backed_up in manifest.books.items():
        if now.get(name) != backed_up:
            raise BackupError(
                f"{name} came back as {now.get(name)} and were backed up as {backed_up}: use another backup"
            )


def _snapshots(settings: Settings, folder: Path) -> None:
    """Those that are not there yet: one that is there is the same, its name is its digest."""
    source = folder / "snapshots"
    if not source.is_dir():
        return
    settings.snapshots.mkdir(parents=True, exist_ok=True)
    for each in sorted(source.iterdir()):
        target = settings.snapshots / each.name
        if target.exists():
            continue
        draft = settings.snapshots / f".writing-{each.name}"
        shutil.rmtree(draft, ignore_errors=True)
        if each.is_dir():
            shutil.copytree(each, draft)
        else:
            shutil.copyfile(each, draft)
        draft.rename(target)
