"""Which workers live: each says so every few seconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from evenstock.operations.ports import ConflictError, Entry, Transaction

KIND: Final = "worker"
BEAT_S: Final = 10
SILENT: Final = timedelta(seconds=45)
"""A worker that was not heard of for so long is taken for dead."""


@dataclass(frozen=True, slots=True)
class Worker:
    """One process."""

    id: str
    started_at: datetime
    beat_at: datetime
    doing: str
    """Runs in its hands, or empty."""

    def alive(self, clock: datetime) -> bool:
        return clock - self.beat_at < SILENT


def beat(books: Transaction, worker: str, started_at: datetime, doing: str) -> None:
    """Say that a worker lives, by the store's clock."""
    found = books.entry(KIND, worker)
    body = {"started_at": started_at.isoformat(), "beat_at": books.clock().isoformat(), "doing": doing}
    entry = Entry(KIND, worker, body, found.step + 1 if found else 0, "", books.clock() + SILENT)
    try:
        if found is None:
            books.enter(entry)
        else:
            books.change_entry(found.step, entry)
    except ConflictError:
        # Said at the same moment by a clock that runs twice: once is enough.
        return


def leave(books: Transaction, worker: str) -> None:
    """Say good-bye."""
    books.remove_entry(KIND, worker)


def forget_silent(books: Transaction) -> int:
    """Forget workers that are long silent; returns how many."""
    long_ago = books.clock() - 10 * SILENT
    return sum(books.remove_entry(KIND, entry.id) for entry in books.due_entries(KIND, long_ago, 100))


def workers(books: Transaction) -> list[Worker]:
    """By name; silent ones too, until they are forgotten."""
    return [
        Worker(
            entry.id,
            datetime.fromisoformat(entry.body["started_at"]),
            datetime.fromisoformat(entry.body["beat_at"]),
            entry.body["doing"],
        )
        for entry in books.entries(KIND)
    ]
