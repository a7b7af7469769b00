"""Events that were given up: read with their reason, tried again, or dropped by a person who says why."""

from __future__ import annotations

from datetime import datetime

from evenstock.domain import Event
from evenstock.operations.inbound.applying import UNREADABLE
from evenstock.operations.inbound.cursor import rewind
from evenstock.operations.ports import ConflictError, Handling, Received, Store, StoreError, Transaction


def dead_letter(books: Transaction, number: int) -> Received | None:
    """The dead event of this number."""
    found = books.received(Handling.DEAD, after=number - 1, limit=1)
    return found[0] if found and found[0].number == number else None


def replay(store: Store, number: int, by: str, now: datetime) -> Received:
    """Let it be tried again at once, its tries counted anew. Returns the event as it was.

    Raises
    ------
    StoreError
        If no dead event has this number.
    ConflictError
        If it could not be read at all: only what it is read into can be applied, see `service.events.reading_again`.
    """
    with store.transaction() as books:
        found = _there(books, number)
        if found.kind == UNREADABLE:
            raise ConflictError(
                f"event {number} could not be read; correct the mapping of {found.source} and read it again"
            )
        rewind(books, number)
        books.handled(found, Handling.WAITING, now, f"replayed by {by}, after: {found.because}"[:2_000], now)
        books.publish([_event(found, "replayed", "DeadLetterReplayed", by, "", now)])
        return found


def drop(store: Store, number: int, by: str, because: str, now: datetime) -> Received:
    """Give it up for good, with the reason; it stays in the books as done. Raises StoreError if no dead event has this number."""
    with store.transaction() as books:
        found = _there(books, number)
        books.handled(found, Handling.DONE, now, f"dropped by {by}: {because}")
        books.publish([_event(found, "dropped", "DeadLetterDropped", by, because, now)])
        return found


def replay_all(store: Store, by: str, now: datetime, *, source: str = "", kind: str = "", limit: int = 10_000) -> int:
    """Replay what is dead of a source and kind, all of them where none is named; what cannot be read stays. Returns how many."""
    with store.reading() as books:
        dead = _dead(books, source, limit)
    done = 0
    for letter in dead:
        if letter.kind == UNREADABLE or kind not in ("", letter.kind):
            continue
        try:
            replay(store, letter.number, by, now)
        except StoreError:
            continue  # somebody else answered it meanwhile
        done += 1
    return done


def _dead(books: Transaction, source: str, limit: int) -> list[Received]:
    found: list[Received] = []
    while len(found) < limit:
        after = found[-1].number if found else 0
        some = books.received(Handling.DEAD, after=after, limit=min(1_000, limit - len(found)), source=source)
        if not some:
            break
        found += some
    return found


def _there(books: Transaction, number: int) -> Received:
    found = dead_letter(books, number)
    if found is None:
        raise StoreError(f"there is no dead event {number}; it may have been replayed or dropped")
    return found


def _event(letter: Received, deed: str, kind: str, by: str, because: str, now: datetime) -> Event:
    body = {
        "source": letter.source, "event": letter.id, "kind": letter.kind, "number": letter.number, "by": by,
        "because": because, "was": letter.because,
    }  # fmt: skip
    # One event may be replayed more than once: the moment tells them apart.
    name = f"received:{letter.number}:{deed}:{now.isoformat()}"
    return Event(name, kind, f"received:{letter.source}:{letter.subject}", now, body)
