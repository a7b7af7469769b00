"""Opens the books with the master keys that their personal data are sealed under, and seals what is kept from then on."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final, cast

import sqlalchemy as sa

from evenstock.operations.ports import ConflictError, Store, StoreError
from evenstock.storage.personal_key import MasterKeys, open_keys
from evenstock.storage.personal_sql import SealedSql
from evenstock.storage.sql import SqlStore

MASTER: Final = "personal.master"
"""Pointer that holds the name of the newest master key: books that were sealed are not opened with another file."""

_GIVE_UP = sa.text(
    "UPDATE personal_key SET wrapped = :nothing, erased_at = :now WHERE erased_at IS NULL AND master NOT IN :known"
).bindparams(sa.bindparam("known", expanding=True))


def seal_with(store: Store, path: Path) -> None:
    """Seal what this store keeps of persons from now on under keys that those in the file wrap; the file is made for new books.

    Books in memory end with the process and seal nothing. Where what encrypts is not installed, books that were never sealed
    stay readable; `evenstock doctor` says so.

    Raises
    ------
    StoreError
        If the books were sealed under a master key that the file does not hold. Nothing is changed then, and nothing is lost.
    """
    if not isinstance(store, SqlStore):
        return
    with store.reading() as books:
        seen = books.pointer(MASTER)
    if seen is None and find_spec("cryptography") is None:
        return
    keys = open_keys(path, make=seen is None)
    if seen is None:
        seen = _first(store, keys)
    if seen not in keys:
        raise StoreError(
            f"the personal data in these books are sealed under master key {seen}, which is not in {path}; copy the file of "
            "the machine that has it, or of its backup. Nothing was changed, and nothing is lost as long as that key exists"
        )
    if seen != keys.newest:
        with store.transaction() as books:
            books.point(MASTER, keys.newest, books.clock())
    store.kind = type(store.kind.__name__, (store.kind,), {"master_keys": keys})


def begin_anew(store: Store, path: Path) -> int:
    """Give up the master keys that are lost: what they sealed is forgotten for good, and a new key seals from now on.

    Returns how many keys of persons were given up. Raises StoreError where the file has the key that the books ask for: then
    nothing is lost.
    """
    if not isinstance(store, SqlStore):
        return 0
    keys = open_keys(path, make=True)
    with store.transaction() as books:
        seen = books.pointer(MASTER)
        if seen in keys:
            raise StoreError(f"{path} holds the master key {seen} that these books ask for: nothing is lost")
        unit = cast("SealedSql", books)
        values = {"nothing": b"", "now": unit.moment(books.clock()), "known": keys.names}
        given_up: int = unit.run(_GIVE_UP, **values).rowcount
        books.point(MASTER, keys.newest, books.clock())
    return given_up


def _first(store: SqlStore, keys: MasterKeys) -> str:
    """Of two processes that open new books at once, the master key of one counts."""
    try:
        with store.transaction() as books:
            books.repoint(MASTER, None, keys.newest, books.clock())
    except ConflictError:
        with store.reading() as books:
            return books.pointer(MASTER) or ""
    return keys.newest
