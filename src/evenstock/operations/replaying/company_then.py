"""A company as it was for a decision: the names of all versions it was loaded from, from which it is loaded again.

Snapshots never change and are kept by their digests, so the pointers that were read and the day say all of it. They are kept
once, under their own digest, before the first decision that names them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, cast

from evenstock.domain import canonical_json
from evenstock.domain.canonical import digest_of
from evenstock.operations.ports import ConflictError, Entry, Store, Transaction
from evenstock.routing.network import ShippingNetwork

_KEY: Final = "company:"


@dataclass(slots=True, eq=False)
class Origin:
    """The versions a company was loaded from."""

    digest: str
    text: bytes
    kept: bool = False
    """Whether the books hold it."""

    @classmethod
    def of(cls, pointers: Mapping[str, str], on: date | None) -> Origin:
        text = canonical_json({"on": on.isoformat() if on else None, "pointers": dict(pointers)})
        return cls(digest_of(text), text)


def origin_of(network: ShippingNetwork) -> Origin | None:
    """Where the network was loaded from; None where it was put together otherwise, such as in a simulation."""
    found = network.origin
    return found if isinstance(found, Origin) else None


def keep_origin(store: Store, network: ShippingNetwork, now: datetime) -> None:
    """See that the versions are in the books before a decision names them; asks nothing once they are."""
    origin = origin_of(network)
    if origin is None or origin.kept:
        return
    key = f"{_KEY}{origin.digest}"
    try:
        with store.transaction() as books:
            if books.recall(key) is None:
                books.remember(key, origin.digest, origin.text, now)
    except ConflictError:
        pass  # somebody else kept the same at this moment
    origin.kept = True


def origin_kept(books: Transaction, digest: str) -> PointersThen | None:
    """The versions under this digest; None where they were not kept."""
    found = books.recall(f"{_KEY}{digest}")
    if found is None or digest_of(found.response) != digest:
        return None
    said = json.loads(found.response)
    return PointersThen(said["pointers"], date.fromisoformat(said["on"]) if said["on"] else None)


@dataclass(frozen=True, slots=True)
class PointersThen:
    """A store in which the pointers stand where they stood, and of which nothing else can be asked."""

    pointers: Mapping[str, str]
    on: date | None

    def pointer(self, name: str) -> str | None:
        return self.pointers.get(name)

    def entries(self, *_: object, **__: object) -> list[Entry]:
        """None: what halts software is read by each decision, and kept with it."""
        return []

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        yield cast("Transaction", self)

    reading = transaction

    def store(self) -> Store:
        """As what a company is loaded from."""
        return cast("Store", self)


def noting_pointers(books: Transaction, seen: dict[str, str]) -> Transaction:
    """The same books; each pointer that is asked for from now on stands in `seen`."""
    return cast("Transaction", _NotingPointers(books, seen))


class _NotingPointers:
    """Books of which the pointers that are asked for are noted; everything else goes straight through."""

    __slots__ = ("_books", "_seen")

    def __init__(self, books: Transaction, seen: dict[str, str]) -> None:
        self._books, self._seen = books, seen

    def pointer(self, name: str) -> str | None:
        found = self._books.pointer(name)
        if found is not None:
            self._seen[name] = found
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._books, name)
