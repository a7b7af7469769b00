"""What the tries of each week have cost, in memory."""

from __future__ import annotations

from datetime import date

from evenstock.storage import bookkeeping as book
from evenstock.storage.memory_books import UnitOfWork


class TriesInMemory(UnitOfWork):
    """A sum for each week, never beyond what its caller allows."""

    def tries_cents(self, week: date) -> int | None:
        return self._books.tries.get(book.monday(week))

    def spend_on_try(self, week: date, cents: int, most: int) -> bool:
        before = self._books.tries.get(book.monday(week))
        spent = (before or 0) + cents
        if spent > most if cents >= 0 else before is None:
            return False
        self._put(self._books.tries, week, spent)
        return True
