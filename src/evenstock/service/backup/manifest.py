"""What a backup holds: its files with their digests, the schema, and figures by which a restore is held against it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from evenstock.operations.ports import Transaction
from evenstock.storage.snapshots import snapshot_digest

NAME: Final = "manifest.json"
FORM: Final = 1
_AT_ONCE: Final = 1_000


class BackupError(Exception):
    """A backup cannot be made or brought back: the message says what, where and what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One backup."""

    form: int
    taken_at: str
    """RFC 3339, by this machine's clock."""
    version: str
    """Of evenstock."""
    kind: str
    """sqlite or postgresql."""
    schema: str
    books: Mapping[str, Any]
    """Counts and digests of the books: see `figures`."""
    files: Mapping[str, str]
    """Path within the backup to SHA-256."""

    def write(self, folder: Path) -> None:
        """Last of all, and on disk when this returns: a folder without it is no backup."""
        path = folder / NAME
        with path.open("w", encoding="utf-8") as file:
            json.dump(asdict(self), file, indent=2, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())


def read(folder: Path) -> Manifest:
    """The manifest of a backup, every file held against its digest. Raises BackupError."""
    path = folder / NAME
    if not path.is_file():
        raise BackupError(f"{folder} holds no {NAME}: it is no backup, or one that was not finished")
    try:
        found = Manifest(**json.loads(path.read_text("utf-8")))
    except (ValueError, TypeError) as error:
        raise BackupError(f"{path} cannot be read: {error}") from error
    if found.form != FORM:
        raise BackupError(f"{path} is of form {found.form}; this version reads {FORM}: use the version that made it")
    for name, digest in found.files.items():
        file = folder / name
        if not file.resolve().is_relative_to(folder.resolve()):
            raise BackupError(f"{path} names {name}, which lies outside the backup")
        if not file.is_file():
            raise BackupError(f"{file} is missing from the backup")
        if sha256(file) != digest:
            raise BackupError(f"{file} was changed since the backup was made: use another backup")
    return found


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def figures(books: Transaction) -> dict[str, Any]:
    """By which two books are compared: balances and movements by digest, decisions by digest of their bytes in order."""
    balances, movements = books.balance_frame(), books.movement_frame()
    decisions, count, after = hashlib.sha256(), 0, ""
    # What is sealed in them is compared by the database's own copy: a backup is looked at without master keys.
    told = getattr(books, "decisions_readable", books.decisions)
    while batch := told(_AT_ONCE, after):
        for record in batch:
            decisions.update(hashlib.sha256(record).digest())
        count += len(batch)
        after = str(json.loads(batch[-1])["id"])
    return {
        "balances": {"rows": balances.height, "digest": snapshot_digest({"balances": balances})},
        "movements": {"rows": movements.height, "digest": snapshot_digest({"movements": movements})},
        "decisions": {"rows": count, "digest": decisions.hexdigest()},
    }
