"""Find whoever a key is of, and write down that it was used."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from hmac import compare_digest
from typing import Final

from evenstock.operations.access.api_key import KIND, ApiKey, change, key_of
from evenstock.operations.access.people import find_person
from evenstock.operations.ports import ConflictError, Store

NOTE_EVERY: Final = timedelta(minutes=1)
_NOTHING: Final = "0" * 64


def find_key(store: Store, name: str, digests: tuple[str, ...]) -> ApiKey | None:
    """The living key of that name and of one of these digests (one for each pepper); None where there is none.

    Compares in constant time, and as much where there is no such key. Whether it lives is told by the store's clock. Its last
    use is kept at most once a minute; where that cannot be written, the key is found all the same.
    """
    with store.reading() as books:
        entry = books.entry(KIND, name)
        key = key_of(entry) if entry is not None else None
        now = books.clock()
        owner = find_person(books, key.owner) if key is not None and key.owner else None
    kept = key.digest if key is not None else _NOTHING
    same = any([compare_digest(kept, digest) for digest in digests])  # noqa: C419 (all are compared, always)
    if key is None or not same or not key.lives(now):
        return None
    if key.owner and (owner is None or not owner.active):
        return None
    if key.used_at is None or now - key.used_at >= NOTE_EVERY:
        return _noted(store, key)
    return key


def _noted(store: Store, key: ApiKey) -> ApiKey:
    try:
        with store.transaction() as books:
            return change(books, replace(key, used_at=books.clock()))
    except ConflictError:
        return key  # another process noted it, or changed the key: the next look sees that
