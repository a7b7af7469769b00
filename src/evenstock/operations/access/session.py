"""A session: who is signed in, kept under the digest of a token that only the browser has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from evenstock.domain import rfc3339
from evenstock.operations.access.people import Person, find_person
from evenstock.operations.ports import ConflictError, Entry, Store, Transaction

KIND: Final = "session"
IDLE: Final = timedelta(hours=1)
"""A session that nobody uses for so long is over."""
LONGEST: Final = timedelta(hours=12)
"""And so is one that began so long ago, however busy."""
NOTE_EVERY: Final = timedelta(minutes=1)
MOST: Final = 20
"""Sessions of one person at once; one more ends the oldest."""


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that is signed in."""

    id: str
    """HMAC-SHA-256 of its token under the server's pepper."""
    person: str
    began_at: datetime
    seen_at: datetime
    """Last use, at most a minute old."""
    step: int = 0

    @property
    def ends_at(self) -> datetime:
        """When it is over if nobody uses it any more."""
        return min(self.seen_at + IDLE, self.began_at + LONGEST)


def session_of(entry: Entry) -> Session:
    began, seen = (datetime.fromisoformat(entry.body[name]) for name in ("began_at", "seen_at"))
    return Session(entry.id, entry.state, began, seen, entry.step)


def entry_of(session: Session) -> Entry:
    body = {"began_at": rfc3339(session.began_at), "seen_at": rfc3339(session.seen_at)}
    return Entry(KIND, session.id, body, session.step, session.person, session.ends_at)


def begin_session(books: Transaction, person: Person, digest: str) -> Session:
    """Keep a new session of somebody, within a transaction."""
    now = books.clock()
    there = sorted(map(session_of, books.entries(KIND, state=person.id)), key=lambda one: one.seen_at)
    for old in there[: max(0, len(there) - MOST + 1)]:
        books.remove_entry(KIND, old.id)
    session = Session(digest, person.id, now, now)
    books.enter(entry_of(session))
    return session


def find_session(store: Store, digests: tuple[str, ...]) -> tuple[Session, Person] | None:
    """The session under one of these digests (one for each pepper) and whose it is, as long as both live by the store's clock.

    Use is kept at most once a minute.
    """
    with store.reading() as books:
        entry = next((found for digest in digests if (found := books.entry(KIND, digest)) is not None), None)
        if entry is None:
            return None
        now, session = books.clock(), session_of(entry)
        person = find_person(books, session.person)
    if now >= session.ends_at or person is None or not person.active:
        return None
    if now - session.seen_at >= NOTE_EVERY:
        session = _seen(store, session)
    return session, person


def end_sessions_of(books: Transaction, person: str, *, keep: str = "") -> int:
    """End all sessions of somebody but `keep`, within a transaction; returns how many."""
    ended = [one.id for one in books.entries(KIND, state=person) if one.id != keep]
    for name in ended:
        books.remove_entry(KIND, name)
    return len(ended)


def _seen(store: Store, session: Session) -> Session:
    later = replace(session, step=session.step + 1)
    try:
        with store.transaction() as books:
            later = replace(later, seen_at=books.clock())
            books.change_entry(session.step, entry_of(later))
    except ConflictError:
        return session  # another process noted it, or it was ended: the next look sees that
    return later
