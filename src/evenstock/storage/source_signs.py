"""What waits and what was given up of each source of events, in one moment of the books."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from evenstock.operations.ports import Handling, Transaction
from evenstock.storage import rows
from evenstock.storage.memory_books import UnitOfWork
from evenstock.storage.vital_signs import MOST_COUNTED


@dataclass(frozen=True, slots=True)
class SourceSigns:
    """Of one source; counted up to `MOST_COUNTED` events of all sources together."""

    waiting: int = 0
    oldest: datetime | None = None
    """When the first of those that wait was received."""
    dead: int = 0
    heard_at: datetime | None = None
    """When the last of these was received; what was applied is not looked at."""


# What waits and what is dead is few beside what was applied; both are read by an index.
_SIGNS: Final = sa.text(
    "SELECT source, count(*), min(received_at), max(received_at) FROM ("
    "SELECT source, received_at FROM received_event WHERE handling = :handling ORDER BY number DESC LIMIT :most) AS w "
    "GROUP BY source"
)


def source_signs(books: Transaction) -> dict[str, SourceSigns]:
    """By source, those of which anything waits or is dead."""
    waiting, dead = (_by_source(books, handling) for handling in (Handling.WAITING, Handling.DEAD))
    found = {}
    for source in waiting.keys() | dead.keys():
        waits, oldest, last = waiting.get(source, (0, None, None))
        given_up, _, last_dead = dead.get(source, (0, None, None))
        heard = [at for at in (last, last_dead) if at is not None]
        found[source] = SourceSigns(waits, oldest, given_up, max(heard, default=None))
    return found


def _by_source(books: Transaction, handling: Handling) -> dict[str, tuple[int, datetime, datetime]]:
    connection: sa.Connection | None = getattr(books, "connection", None)
    if connection is not None:
        some: Any = connection.execute(_SIGNS, {"handling": handling.value, "most": MOST_COUNTED})
        return {source: (int(n), rows.moment(first), rows.moment(last)) for source, n, first, last in some}
    unit = getattr(books, "inner", books)
    assert isinstance(unit, UnitOfWork)
    moments: dict[str, list[datetime]] = {}
    for event in unit._books.received.values():  # noqa: SLF001 (the store's own counts)
        if event.handling is handling and event.received_at is not None:
            moments.setdefault(event.source, []).append(event.received_at)
    return {source: (len(every), min(every), max(every)) for source, every in moments.items()}
