"""A sign-in through the identity provider, from its beginning to its answer: one answer, within ten minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from evenstock.operations.access.forget_expired import OIDC_STARTS
from evenstock.operations.ports import Entry, Store

LASTS: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Begun:
    """One that was begun here and has now its answer."""

    redirect: str
    return_to: str
    now: datetime
    """The store's time."""


def begin_provider_sign_in(store: Store, digest: str, redirect: str, return_to: str) -> None:
    """Keep that it has begun, under the digest of its state."""
    with store.transaction() as books:
        due_at = books.clock() + LASTS
        books.enter(Entry(OIDC_STARTS, digest, {"redirect": redirect, "return_to": return_to}, due_at=due_at))


def take_provider_sign_in(store: Store, digests: tuple[str, ...]) -> Begun | None:
    """The one under one of these digests, which is used up by that; None where there is none, or its time is over."""
    with store.transaction() as books:
        entry = next((found for digest in digests if (found := books.entry(OIDC_STARTS, digest)) is not None), None)
        if entry is None:
            return None
        books.remove_entry(OIDC_STARTS, entry.id)
        now = books.clock()
        if entry.due_at is None or entry.due_at <= now:
            return None
        return Begun(entry.body["redirect"], entry.body["return_to"], now)
