"""Books in an SQLite file: copied by SQLite itself while others write, and put back by a rename."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from evenstock.service.backup.manifest import BackupError

FILE: Final = "books.db"
_BESIDE: Final = ("-wal", "-shm")


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def dump(url: str, to: Path) -> None:
    """One moment of the books, into a file of its own."""
    source = path_of(url)
    if not source.is_file():
        raise BackupError(f"{source} is not there: nothing to back up; see EVENSTOCK_DATABASE")
    with closing(sqlite3.connect(source)) as books, closing(sqlite3.connect(to)) as copy:
        books.backup(copy)
        found = copy.execute("PRAGMA integrity_check").fetchone()[0]
    if found != "ok":
        raise BackupError(f"{source} is damaged ({found}): restore an earlier backup")


def holds_something(url: str) -> bool:
    path = path_of(url)
    if not path.is_file():
        return False
    with closing(sqlite3.connect(path)) as books:
        return bool(books.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()[0])


def put_beside(url: str, dumped: Path) -> Path:
    """The backup as a file beside the books, to be looked at before it takes their place."""
    target = path_of(url)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".restoring-{target.name}")
    _remove(draft)
    shutil.copyfile(dumped, draft)
    return draft


def take_place(url: str, draft: Path) -> None:
    """The looked-at file becomes the books. Nobody may have them open."""
    target = path_of(url)
    for end in _BESIDE:
        # Of the books that were there: a log of theirs would be played into ours.
        target.with_name(target.name + end).unlink(missing_ok=True)
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(target)
    handle = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def give_up(draft: Path) -> None:
    _remove(draft)


def _remove(path: Path) -> None:
    for end in ("", *_BESIDE):
        path.with_name(path.name + end).unlink(missing_ok=True)
