"""Upkeep of sealed books: keys wrapped anew under the newest master key, what was kept before sealing began, traces on disk."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from evenstock.domain import OrderId, rfc3339
from evenstock.operations.audit.audited_store import say
from evenstock.operations.personal_data.books import is_thinned
from evenstock.operations.ports import Store, StoreError, Transaction
from evenstock.storage import rows
from evenstock.storage.personal_key import MasterKeys
from evenstock.storage.personal_seals import about, is_sealed
from evenstock.storage.personal_sql import SealedSql
from evenstock.storage.sql import SqlStore
from evenstock.storage.sqlite import SqliteStore

AT_ONCE: Final = 500
_STALE = sa.text(
    "SELECT subject, id, master, wrapped FROM personal_key "
    "WHERE erased_at IS NULL AND master <> :newest AND (subject > :subject OR (subject = :subject AND id > :id)) "
    "ORDER BY subject, id LIMIT :most"
)
_REWRAP = sa.text(
    "UPDATE personal_key SET master = :master, wrapped = :wrapped "
    "WHERE subject = :subject AND id = :id AND erased_at IS NULL"
)
_ORDERS = sa.text("SELECT id, body FROM placed_order WHERE id > :after ORDER BY id LIMIT :most")
_SEAL_ORDER = sa.text("UPDATE placed_order SET body = :body WHERE id = :id AND body = :seen")
_EVENTS = sa.text("SELECT * FROM received_event WHERE number > :after ORDER BY number LIMIT :most")
_SEAL_EVENT = sa.text("UPDATE received_event SET body = :body WHERE number = :number")
_OLD_KEYS = sa.text(
    "UPDATE personal_key SET wrapped = :nothing, erased_at = :now WHERE erased_at IS NULL AND made_at < :before "
    "AND (subject = 'answers' OR (subject >= 'events:' AND subject < 'events;'))"
)


def rewrap(store: Store) -> int:
    """Wrap every key of a person under the newest master key; returns how many. Cut off, it goes on where it stopped.

    Raises StoreError where a key is wrapped by a master key that is not at hand: nothing is changed by that.
    """
    done, after = 0, ("", "")
    while True:
        with store.transaction() as books:
            unit, keys = _sealed(books)
            some = unit.run(_STALE, newest=keys.newest, subject=after[0], id=after[1], most=AT_ONCE).all()
            for row in some:
                bound = about(row.subject, row.id)
                wrapped = keys.wrap(keys.unwrap(row.master, bytes(row.wrapped), bound), bound)
                unit.run(_REWRAP, subject=row.subject, id=row.id, master=keys.newest, wrapped=wrapped)
            if some:
                say(books, "personal keys", {"did": "rewrap", "keys": len(some), "master": keys.newest})
                after = (some[-1].subject, some[-1].id)
        done += len(some)
        if len(some) < AT_ONCE:
            return done


def seal_older(store: Store) -> tuple[int, int]:
    """Seal orders and events that were kept before sealing began; returns how many of each. Records are never changed."""
    return _orders(store), _events(store)


def _orders(store: Store) -> int:
    done, after = 0, ""
    while True:
        with store.transaction() as books:
            unit, _ = _sealed(books)
            some = unit.run(_ORDERS, after=after, most=AT_ONCE).all()
            sealed = 0
            for row in some:
                order = None if is_sealed(row.body) else rows.order(row.body)
                if order is not None and not is_thinned(order):
                    sealing = unit.sealing()
                    if unit.run(_SEAL_ORDER, id=row.id, body=sealing.order(order), seen=row.body).rowcount:
                        unit.keep_keys(sealing.rows)
                        sealed += 1
            if sealed:
                say(books, "personal keys", {"did": "seal", "orders": sealed, "after": after})
        done += sealed
        if len(some) < AT_ONCE:
            return done
        after = OrderId(some[-1].id)


def _events(store: Store) -> int:
    done = after = 0
    while True:
        with store.transaction() as books:
            unit, _ = _sealed(books)
            some = [rows.received(row) for row in unit.run(_EVENTS, after=after, most=AT_ONCE)]
            sealed = 0
            for event in some:
                if is_sealed(event.body) or b'"erased_at"' in event.body:
                    continue
                sealing = unit.sealing()
                body, subject = sealing.event(event, event.received_at or event.occurred_at)
                if subject:
                    unit.run(_SEAL_EVENT, number=event.number, body=body)
                    unit.keep_keys(sealing.rows)
                    sealed += 1
            if sealed:
                say(books, "personal keys", {"did": "seal", "events": sealed, "after": after})
        done += sealed
        if len(some) < AT_ONCE:
            return done
        after = some[-1].number


def destroy_old_keys(store: Store, before: Any) -> int:
    """Destroy keys of answers and of events that belong to no order, made before a moment; returns how many."""
    with store.transaction() as books:
        unit = getattr(books, "inner", books)
        if not isinstance(unit, SealedSql):
            return 0
        values = {"nothing": b"", "now": unit.moment(books.clock()), "before": unit.moment(before)}
        done: int = unit.run(_OLD_KEYS, **values).rowcount
        if done:
            say(books, "personal keys", {"did": "destroy_keys", "keys": done, "before": rfc3339(before)})
    return done


def clear_traces(store: Store) -> str:
    """Take from the disk what an erasure left behind in the database's files; returns what it did, or what remains to be done.

    An SQLite file is written anew, without a byte of what was there; a server does so in its own time.
    """
    inner = getattr(store, "inner", store)
    if isinstance(inner, SqliteStore):
        return _vacuum(inner)
    if isinstance(inner, SqlStore):
        return (
            "rows as they were stay in the server's files until VACUUM, and in archived write-ahead logs and copies until "
            "these are gone; what was sealed there is unreadable"
        )
    return ""


def _vacuum(store: SqliteStore) -> str:
    connection = store.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA query_only = 0")
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        busy = (cursor.fetchone() or (1,))[0]
        cursor.close()
    except (sa.exc.DBAPIError, store.engine.dialect.loaded_dbapi.Error):
        busy = 1
    finally:
        connection.close()
    if busy:
        return "others read the file at this moment, so that its old pages stay: run `evenstock person compact` when it is quiet"
    return "the file was written anew"


def _sealed(books: Transaction) -> tuple[SealedSql, MasterKeys]:
    unit = getattr(books, "inner", books)
    if not isinstance(unit, SealedSql) or unit.master_keys is None:
        raise StoreError("these books seal nothing: they are in memory, or EVENSTOCK_PERSONAL_KEY says none")
    return unit, unit.master_keys
