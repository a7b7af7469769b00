"""Events of others, stored before they are applied, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice

from evenstock.operations.ports import Handling, Mark, Received
from evenstock.storage import bookkeeping as book
from evenstock.storage.memory_books import UnitOfWork


class ReceivedInMemory(UnitOfWork):
    """Each event once, and what became of it."""

    def receive(self, events: Sequence[Received], now: datetime) -> list[bool]:
        return [self._store(event, now) for event in [book.as_received(event) for event in events]]

    def _store(self, event: Received, now: datetime) -> bool:
        books, key = self._books, (event.source, event.id)
        if key in books.received:
            return False
        stored = replace(
            event,
            number=len(books.received) + 1,
            occurred_at=event.occurred_at.astimezone(UTC),
            received_at=now.astimezone(UTC),
        )
        self._put(books.received, key, stored)
        self._put(books.waiting, stored.number, (key, now))
        return True

    def claim_received(self, now: datetime, limit: int) -> list[Received]:
        waiting, ahead = self._books.waiting, set()
        claimed: list[Received] = []
        for number in sorted(waiting):
            if len(claimed) >= limit:
                break
            key, due_at = waiting[number]
            event = self._books.received[key]
            if (event.source, event.subject) not in ahead and due_at <= now:
                claimed.append(event)
            ahead.add((event.source, event.subject))
        return claimed

    def handled(
        self, event: Received, handling: Handling, now: datetime, because: str = "", due_at: datetime | None = None
    ) -> None:
        again = book.handled(event, handling, now, due_at)
        key = (event.source, event.id)
        found = self._books.received.get(key)
        if found is None or (found.handling, found.tries) != (event.handling, event.tries):
            raise book.handled_otherwise(event, found)
        tries = book.tries_after(event, handling)
        self._put(self._books.received, key, replace(found, handling=handling, tries=tries, because=because))
        if handling is Handling.WAITING:
            self._put(self._books.waiting, found.number, (key, again))
        elif found.number in self._books.waiting:
            self._drop(self._books.waiting, found.number)

    def mark(self, marks: Sequence[Mark], now: datetime) -> None:
        with self.whole():
            for mark in marks:
                self.handled(mark.event, mark.handling, now, mark.because, mark.due_at)

    def received(self, handling: Handling, *, after: int = 0, limit: int = 100, source: str = "") -> list[Received]:
        books = self._books
        # Those that wait are few beside all there ever were.
        every = (
            (books.received[books.waiting[number][0]] for number in sorted(books.waiting))
            if handling is Handling.WAITING
            else books.received.values()
        )
        found = (e for e in every if e.handling is handling and e.number > after and source in ("", e.source))
        return list(islice(found, limit))

    def received_event(self, source: str, event: str) -> Received | None:
        return self._books.received.get((source, event))
