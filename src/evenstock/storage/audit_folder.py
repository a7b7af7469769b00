"""A folder of signed checkpoints outside the books: one file each, on disk before it counts, never overwritten."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from evenstock.operations.audit.checkpoint import BrokenLogError, Checkpoint
from evenstock.storage.audit_key import AuditKey, open_key

PUBLIC_KEY: Final = "public-key.txt"


class AuditFolder:
    """Checkpoints by their size. The folder belongs on another machine or medium than the database."""

    def __init__(self, folder: Path, key: Path) -> None:
        self.folder, self._key_path = folder, key
        self._key: AuditKey | None = None

    @property
    def key(self) -> AuditKey:
        if self._key is None:
            self._key = open_key(self._key_path)
        return self._key

    @property
    def origin(self) -> str:
        return self.key.name

    def notes(self) -> list[tuple[Path, bytes]]:
        """Every checkpoint as it is signed, the smallest first."""
        return [(path, path.read_bytes()) for path in sorted(self.folder.glob("*.checkpoint"))]

    def every(self) -> list[Checkpoint]:
        return [self._opened(path, note) for path, note in self.notes()]

    def latest(self) -> Checkpoint | None:
        there = sorted(self.folder.glob("*.checkpoint"))
        return self._opened(there[-1], there[-1].read_bytes()) if there else None

    def _opened(self, path: Path, note: bytes) -> Checkpoint:
        try:
            return Checkpoint.read(self.key.opened(note))
        except ValueError as wrong:
            raise BrokenLogError(f"{path}: {wrong}") from None

    def keep(self, checkpoint: Checkpoint) -> bool:
        self.folder.mkdir(parents=True, exist_ok=True)
        public = self.folder / PUBLIC_KEY
        if not public.exists():
            self._put(public, f"{self.key.public}\n".encode())
        return self._put(self.folder / f"{checkpoint.size:016}.checkpoint", self.key.signed(checkpoint.body))

    def _put(self, path: Path, text: bytes) -> bool:
        """Write a file that was not there; False where it was."""
        new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            with new.open("xb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.link(new, path)
        except FileExistsError:
            return False
        finally:
            new.unlink(missing_ok=True)
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        return True
