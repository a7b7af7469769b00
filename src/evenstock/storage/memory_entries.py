"""What a service keeps and who leads, in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic

from evenstock.operations.ports import Entry
from evenstock.storage import bookkeeping as book
from evenstock.storage.memory_books import Books, UnitOfWork


def steady_clock() -> Callable[[], datetime]:
    """A clock that starts at the machine's time and never goes back, whatever is done to the machine's time."""
    # The server of these books: like a database, it has a clock of its own.
    began, since = datetime.now(UTC), monotonic()  # noqa: TID251
    return lambda: began + timedelta(seconds=monotonic() - since)


class EntriesInMemory(UnitOfWork):
    """Entries by kind and id; leases by name."""

    def __init__(self, books: Books, clock: Callable[[], datetime]) -> None:
        super().__init__(books)
        self._clock = clock

    def enter(self, entry: Entry) -> None:
        body = book.entered(entry)
        table = self._books.entries.setdefault(entry.kind, {})
        if entry.id in table:
            raise book.entry_there(entry.kind, entry.id)
        self._put(table, entry.id, (replace(entry, body={}), body))

    def entry(self, kind: str, name: str) -> Entry | None:
        found = self._books.entries.get(kind, {}).get(name)
        return _whole(*found) if found else None

    def entries(self, kind: str, *, state: str | None = None, after: str = "", limit: int = 1_000) -> list[Entry]:
        table = self._books.entries.get(kind, {})
        names = sorted(name for name in table if name > after and state in (None, table[name][0].state))
        return [_whole(*table[name]) for name in names[:limit]]

    def due_entries(self, kind: str, now: datetime, limit: int) -> list[Entry]:
        table = self._books.entries.get(kind, {})
        due = sorted((e.due_at, name) for name, (e, _) in table.items() if e.due_at is not None and e.due_at <= now)
        return [_whole(*table[name]) for _, name in due[:limit]]

    def change_entry(self, seen_step: int, entry: Entry) -> None:
        body = book.changed(seen_step, entry)
        table = self._books.entries.get(entry.kind, {})
        found = table.get(entry.id)
        if found is None or found[0].step != seen_step:
            raise book.entry_moved(entry, seen_step, found[0].step if found else None)
        self._put(table, entry.id, (replace(entry, body={}), body))

    def remove_entry(self, kind: str, name: str) -> bool:
        table = self._books.entries.get(kind, {})
        if name not in table:
            return False
        self._drop(table, name)
        return True

    def lease(self, name: str, holder: str, seconds: int) -> int | None:
        until = timedelta(seconds=book.lasting(name, seconds))
        now, found = self.clock(), self._books.leases.get(name)
        if found is not None and found[0] != holder and found[2] > now:
            return None
        token = found[1] + (found[0] != holder) if found else 1
        self._put(self._books.leases, name, (holder, token, now + until))
        return token

    def fenced(self, name: str, token: int) -> bool:
        found = self._books.leases.get(name)
        return found is not None and found[1] == token and found[2] > self.clock()

    def clock(self) -> datetime:
        return self._clock()


def _whole(entry: Entry, body: str) -> Entry:
    # Its own copy: what a caller does to it changes nothing here.
    return replace(entry, body=json.loads(body))
