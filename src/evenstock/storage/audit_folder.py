"""A folder of signed checkpoints outside the books: one file each, on disk before it counts, never overwritten.

Where the books went back to an older state, a signed note says so and names the checkpoints that no longer hold; these are moved
aside, and none is lost.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from evenstock.operations.audit.checkpoint import BrokenLogError, Checkpoint
from evenstock.operations.audit.gap import Gap
from evenstock.storage.audit_key import AuditKey, open_key

PUBLIC_KEY: Final = "public-key.txt"
GAPS: Final = "gaps"
SUPERSEDED: Final = "superseded"


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

    def gaps(self) -> list[tuple[Path, bytes]]:
        """Every note of a gap as it is signed, the oldest first."""
        return [(path, path.read_bytes()) for path in sorted((self.folder / GAPS).glob("*.gap"))]

    def superseded(self) -> list[tuple[Path, bytes]]:
        """Checkpoints that a note of a gap names."""
        return [(path, path.read_bytes()) for path in sorted((self.folder / SUPERSEDED).glob("*/*.checkpoint"))]

    def keep_gap(self, gap: Gap) -> bytes:
        """Sign and write the note of a gap, for good; the same gap again is the note that is there."""
        folder = self.folder / GAPS
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{gap.name}.gap"
        self._put(path, self.key.signed(gap.body))
        return path.read_bytes()

    def set_aside(self, gap: Gap) -> None:
        """Move the checkpoints that a gap names out of the way; done again, nothing is left to move."""
        aside = self.folder / SUPERSEDED / gap.name
        aside.mkdir(parents=True, exist_ok=True)
        for point in gap.superseded:
            path = self.folder / f"{point.size:016}.checkpoint"
            if path.exists():
                path.rename(aside / path.name)
        _on_disk(aside)
        _on_disk(self.folder)

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
        _on_disk(path.parent)
        return True


def _on_disk(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
