"""How many events of each source were applied or given up since the books began: counted in the books, whoever applied them.

Written after the events themselves, in a commit of its own, so that nobody who applies waits for a counter. A worker that is
killed in between leaves out what it had just done: this is a figure to watch, not a proof.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from evenstock.domain import rfc3339
from evenstock.operations.ports import ConflictError, Entry, Handling, Mark, Transaction

KIND: Final = "source_tally"


@dataclass(frozen=True, slots=True)
class Tally:
    """Of one source."""

    applied: int = 0
    dead: int = 0
    """Given up, replayed or not."""
    heard_at: datetime | None = None
    """When the newest of them was received."""

    def also(self, mark: Mark) -> Tally:
        """With one more event."""
        heard = [at for at in (self.heard_at, mark.event.received_at) if at is not None]
        return Tally(
            self.applied + (mark.handling is Handling.DONE),
            self.dead + (mark.handling is Handling.DEAD),
            max(heard, default=None),
        )

    def __add__(self, other: Tally) -> Tally:
        heard = [at for at in (self.heard_at, other.heard_at) if at is not None]
        return Tally(self.applied + other.applied, self.dead + other.dead, max(heard, default=None))


def add(books: Transaction, more: Mapping[str, Tally]) -> None:
    """Count these too, by source."""
    # In the order of names, so that two never wait for each other in a circle.
    for source, tally in sorted(more.items()):
        found = books.entry(KIND, source) or _first(books, source)
        after = replace(found, body=_body(_tally(found) + tally), step=found.step + 1)
        books.change_entry(found.step, after)


def tallies(books: Transaction) -> dict[str, Tally]:
    """Of every source that ever had an event handled."""
    return {entry.id: _tally(entry) for entry in books.entries(KIND, limit=100_000)}


def _first(books: Transaction, source: str) -> Entry:
    """A row of nothing, ours or that of another who was faster; locked in either case."""
    with suppress(ConflictError):
        books.enter(Entry(KIND, source, _body(Tally())))
    found = books.entry(KIND, source)
    assert found is not None
    return found


def _body(tally: Tally) -> dict[str, object]:
    heard_at = rfc3339(tally.heard_at) if tally.heard_at is not None else None
    return {"applied": tally.applied, "dead": tally.dead, "heard_at": heard_at}


def _tally(entry: Entry) -> Tally:
    heard_at = entry.body["heard_at"]
    return Tally(
        int(entry.body["applied"]), int(entry.body["dead"]), datetime.fromisoformat(heard_at) if heard_at else None
    )
