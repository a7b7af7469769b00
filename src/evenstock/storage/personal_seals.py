"""Seals what is kept of a person under a key of its own; the key is kept beside, wrapped, and can be destroyed.

A key per order and statement: 32 random bytes, wrapped by the newest master key, a row of `personal_key`. Whatever was sealed
under it, in rows that nobody may change and in copies of the database, is unreadable once the row says so.
"""

from __future__ import annotations

import base64
import json
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from evenstock.domain import DecisionRecord, Order
from evenstock.operations.personal_data.books import ORDER
from evenstock.operations.personal_data.naming import joined, names_place, parted
from evenstock.operations.ports import Received, StoreError
from evenstock.storage import rows
from evenstock.storage.personal_key import KEY_BYTES, NONCE, MasterKeys, cipher

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TEXT: Final = "sealed:1:"
"""How sealed text begins; JSON never does."""
BYTES: Final = b"\x00sealed:1:"
RECORD: Final = b"\x00record:1:"
"""A record of which the place is sealed, and that stands readable without it behind."""
EVENTS: Final = "events:"
ANSWERS: Final = "answers"
"""Subjects of what belongs to no order: its keys are destroyed by their age."""
INPUTS: Final = "inputs:"
"""How the key begins under which a decision's inputs are kept: with the order, where the books keep none."""
_ID: Final = 8
_SIZE: Final = struct.Struct(">I")
OF_STOCK: Final = frozenset(
    {"stock.observed", "stock.adjusted", "receipt.posted", "shelf.counted", "transfer.dispatched", "node.down", "node.up",
     "pickup.missed"}
)  # fmt: skip
"""Kinds of events that say nothing of persons; every other body is sealed, above all what could not be read."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A row of `personal_key`."""

    subject: str
    """`order:ID`, or `events:SOURCE` and `answers` for what belongs to no order."""
    id: str
    country: str
    made_at: datetime
    master: str
    wrapped: bytes


class Fresh:
    """A new key, for what one statement keeps of one subject."""

    __slots__ = ("_cipher", "row")

    def __init__(self, keys: MasterKeys, subject: str, country: str, made_at: datetime) -> None:
        key, name = os.urandom(KEY_BYTES), os.urandom(_ID // 2).hex()
        self._cipher = cipher(key)
        wrapped = keys.wrap(key, about(subject, name))
        self.row = KeyRow(subject, name, country, made_at, keys.newest, wrapped)

    def seal(self, content: bytes) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self._cipher.encrypt(nonce, content, about(self.row.subject, self.row.id))


class Sealing:
    """Seals what one statement keeps, and gathers the keys that are to be kept with it; without master keys all stays as it is."""

    def __init__(self, keys: MasterKeys | None) -> None:
        self._keys = keys
        self._fresh: dict[str, Fresh] = {}

    @property
    def rows(self) -> list[KeyRow]:
        return [fresh.row for fresh in self._fresh.values()]

    def order(self, order: Order) -> str:
        """An order as it is kept."""
        text = rows.order_text(order)
        if self._keys is None:
            return text
        fresh = self._of(ORDER + order.id, order.ship_to.country, order.placed_at)
        return f"{TEXT}{fresh.row.id}:{base64.b64encode(fresh.seal(text.encode())).decode()}"

    def record(self, decision: DecisionRecord) -> bytes:
        return self.record_bytes(decision.canonical(), decision.order, decision.decided_at)

    def record_bytes(self, record: bytes, order: str, at: datetime) -> bytes:
        """A record as it is kept: one that names no place stays as it is."""
        if self._keys is None or not names_place(record):
            return record
        bare, place = parted(record)
        if not place:
            return record
        sealed = (fresh := self._of(ORDER + order, "", at)).seal(place)
        return b"".join((RECORD, fresh.row.id.encode(), b":", _SIZE.pack(len(sealed)), sealed, bare))

    def event(self, event: Received, now: datetime) -> tuple[bytes, str]:
        """An event's body as it is kept, and the subject under whose key."""
        if self._keys is None or event.kind in OF_STOCK:
            return event.body, ""
        subject = subject_of(event)
        return self._bytes(self._of(subject, "", now), event.body), subject

    def answer(self, key: str, response: bytes, now: datetime) -> bytes:
        """The answer to a command as it is kept: one to a request of the API may hold anything."""
        if self._keys is None:
            return response
        if key.startswith("route:"):
            return self.record_bytes(response, key.removeprefix("route:"), now)
        if key.startswith("http:") and b'"body"' in response:
            return self._bytes(self._of(ANSWERS, "", now), response)
        if key.startswith(INPUTS) and b'"placed"' in response:
            return self._bytes(self._of(key, "", now), response)
        return response

    def _bytes(self, fresh: Fresh, content: bytes) -> bytes:
        return BYTES + fresh.row.id.encode() + b":" + fresh.seal(content)

    def _of(self, subject: str, country: str, at: datetime) -> Fresh:
        assert self._keys is not None
        found = self._fresh.get(subject)
        if found is None:
            found = self._fresh[subject] = Fresh(self._keys, subject, country, at)
        return found


def about(subject: str, key: str) -> bytes:
    """What binds a sealed thing to its subject and key."""
    return f"{subject}\0{key}".encode()


def subject_of(event: Received) -> str:
    """Under whose key an event's body is sealed: the order's that it is about, else one of the source's."""
    return event.subject if event.subject.startswith(ORDER) else f"{EVENTS}{event.source}"


def is_sealed(kept: str | bytes) -> bool:
    return kept.startswith(TEXT) if isinstance(kept, str) else kept.startswith((BYTES, RECORD))


def key_id(kept: str | bytes) -> str:
    """Id of the key that sealed it."""
    if isinstance(kept, str):
        return kept[len(TEXT) : len(TEXT) + _ID]
    begins = len(BYTES) if kept.startswith(BYTES) else len(RECORD)
    return kept[begins : begins + _ID].decode()


def order_of(record: bytes) -> str:
    """The order of a record that is kept with its texts sealed."""
    return str(json.loads(_bare(record)[1])["order"])


def readable(record: bytes) -> bytes:
    """A record as it stands readable without any key."""
    return _bare(record)[1] if record.startswith(RECORD) else record


def opened(kept: str | bytes, subject: str, ciphers: Mapping[str, AESGCM]) -> bytes | None:
    """What was sealed, given ciphers by key id; None where its key is destroyed, of a record what stands readable.

    Raises StoreError where it was changed, or is of another subject.
    """
    name = key_id(kept)
    found = ciphers.get(name)
    if isinstance(kept, str):
        sealed, bare = base64.b64decode(kept[len(TEXT) + _ID + 1 :]), None
    elif kept.startswith(RECORD):
        sealed, bare = _bare(kept)
    else:
        sealed, bare = kept[len(BYTES) + _ID + 1 :], None
    if found is None:
        return bare
    from cryptography.exceptions import InvalidTag

    try:
        content = found.decrypt(sealed[:NONCE], sealed[NONCE:], about(subject, name))
    except InvalidTag:
        raise StoreError(f"{subject}: what is sealed there was changed, or belongs to somebody else") from None
    return content if bare is None else joined(bare, content)


def _bare(kept: bytes) -> tuple[bytes, bytes]:
    start = len(RECORD) + _ID + 1
    (size,) = _SIZE.unpack_from(kept, start)
    start += _SIZE.size
    return kept[start : start + size], kept[start + size :]


def subject_of_answer(key: str) -> str:
    """Under whose key the answer to a command is sealed as a whole."""
    return key if key.startswith(INPUTS) else ANSWERS
