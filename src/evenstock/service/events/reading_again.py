"""Reads what could not be read once more, after the source's mapping was corrected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from evenstock.operations.inbound.applying import UNREADABLE
from evenstock.operations.inbound.dead_letters import dead_letter
from evenstock.operations.inbound.sources import source_named
from evenstock.operations.ports import ConflictError, Handling, Store, StoreError
from evenstock.service.events.cloudevents import read, unread_body
from evenstock.service.events.mapping import Rule, compiled
from evenstock.service.events.signing import Signed


def read_again(store: Store, number: int, by: str, now: datetime) -> int:
    """Store the events that a dead body says now, and mark it as done; returns how many are new.

    Raises
    ------
    StoreError
        If no dead event has this number, or its source is gone.
    ConflictError
        If it could be read all along, or still cannot.
    """
    with store.transaction() as books:
        letter = dead_letter(books, number)
        if letter is None:
            raise StoreError(f"there is no dead event {number}; it may have been replayed or dropped")
        if letter.kind != UNREADABLE:
            raise ConflictError(f"event {number} could be read; replay it")
        rules: Sequence[Rule] = compiled(source_named(books, letter.source).mapping)
        headers, body = unread_body(letter.body)
        name = next(
            (headers[h] for h in ("webhook-id", "x-shopify-event-id", "x-shopify-webhook-id") if h in headers), ""
        )
        found = read(letter.source, rules, headers, body, Signed(name), letter.received_at or now)
        if found.dead:
            raise ConflictError(f"event {number} still cannot be read: {found.dead[0][2]}")
        new = sum(books.receive(found.events, now))
        books.handled(letter, Handling.DONE, now, f"read again by {by}: {new} new events")
    return new
