"""Where the books are kept: one behaviour in memory, in SQLite and in PostgreSQL; and snapshots of whole tables.

`open_store` is the way in. Each store implements `operations.ports.Store`; one conformance suite and one state machine
hold the three to the same behaviour.
"""

from __future__ import annotations

from evenstock.operations.ports import Store, StoreError
from evenstock.storage.memory import MemoryStore

__all__ = ["open_store"]


def open_store(url: str) -> Store:
    """Open `memory:`, `sqlite:///path` or `postgresql://user@host/name`, bringing a database to this version's schema.

    Raises
    ------
    StoreError
        If the address is none of these, the database cannot be reached, or its settings would lose committed work.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "memory":
        return MemoryStore()
    if scheme == "sqlite" and rest.removeprefix("///"):
        from evenstock.storage.migrate import upgrade
        from evenstock.storage.sqlite import SqliteStore

        upgrade(url)
        return SqliteStore(rest.removeprefix("///"))
    if scheme in {"postgresql", "postgres"}:
        from evenstock.storage.migrate import upgrade
        from evenstock.storage.postgres import PostgresStore

        upgrade(url)
        return PostgresStore(url)
    raise StoreError(f"{url}: a store is memory:, sqlite:///path/to/file.db or postgresql://user@host/database")
