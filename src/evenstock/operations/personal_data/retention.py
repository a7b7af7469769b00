"""Forgets whom the rules say is to be forgotten by now: some at a time, from where it stopped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from evenstock.operations.personal_data.books import personal_of
from evenstock.operations.personal_data.erasing import StillNeededError, erase_person, finish_tables
from evenstock.operations.personal_data.rules import EVERYWHERE, Rule, rules
from evenstock.operations.ports import ConflictError, Entry, Snapshots, Store, Transaction

CURSOR: Final = "retention_cursor"
BY: Final = "retention"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """One step."""

    erased: int
    kept: int
    """Due, and still needed: under a hold, or open."""
    more: bool
    """Whether a country has not been looked through to its end."""


def forget_due(store: Store, snapshots: Snapshots, now: datetime, limit: int = 100) -> Forgotten:
    """Erase up to `limit` orders of each rule that are older than it lets them be.

    Who must stay is asked about again in the next round.
    """
    with store.reading() as books:
        every = rules(books)
    erased = kept = 0
    more = False
    for rule in every.values():
        if rule.orders_days is not None:
            some = _by(store, snapshots, rule, tuple(every), now, limit)
            erased, kept, more = erased + some.erased, kept + some.kept, more or some.more
    # Also what an earlier step left behind when it was cut off.
    finish_tables(store, snapshots, now)
    return Forgotten(erased, kept, more)


def _by(store: Store, snapshots: Snapshots, rule: Rule, ruled: tuple[str, ...], now: datetime, limit: int) -> Forgotten:
    assert rule.orders_days is not None
    with store.reading() as books:
        cursor = books.entry(CURSOR, rule.country)
        after = str(cursor.body["after"]) if cursor is not None else ""
        named = () if rule.country == EVERYWHERE else (rule.country,)
        due = personal_of(books).personal_before(now - timedelta(days=rule.orders_days), named, after, limit)
    erased = kept = 0
    because = f"kept for {rule.orders_days} days, as the rule of {rule.country} says"
    for one in due:
        if not named and one.country in ruled:
            continue
        try:
            erase_person(store, snapshots, one.order, BY, because, now, by_rule=True)
            erased += 1
        except (StillNeededError, ConflictError):
            kept += 1
    more = len(due) == limit
    if more or after:
        with store.transaction() as books:
            _go_on(books, rule.country, due[-1].order if more else "")
    return Forgotten(erased, kept, more)


def _go_on(books: Transaction, country: str, after: str) -> None:
    seen = books.entry(CURSOR, country)
    if seen is None:
        books.enter(Entry(CURSOR, country, {"after": after}))
    elif seen.body["after"] != after:
        books.change_entry(seen.step, Entry(CURSOR, country, {"after": after}, seen.step + 1))
