"""Sealed rows in SQL: keys kept beside what they sealed, and found again to open it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from evenstock.storage.personal_key import MasterKeys, cipher
from evenstock.storage.personal_seals import KeyRow, Sealing, about, is_sealed, key_id, opened, order_of
from evenstock.storage.session import Session, listed

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEEP_KEY = sa.text(
    "INSERT INTO personal_key (subject, id, country, made_at, master, wrapped) "
    "VALUES (:subject, :id, :country, :made_at, :master, :wrapped)"
)
_KEYS = listed(
    "SELECT subject, id, master, wrapped FROM personal_key WHERE subject IN :among AND id IN :ids AND erased_at IS NULL"
).bindparams(sa.bindparam("ids", expanding=True))


class SealedSql(Session):
    """What every part of a transaction needs that keeps or reads what may be sealed."""

    master_keys: MasterKeys | None = None
    """None where nothing is sealed."""

    def sealing(self) -> Sealing:
        return Sealing(self.master_keys)

    def keep_keys(self, keys: Iterable[KeyRow]) -> None:
        """In the transaction, and the step of it, that keeps what they sealed."""
        for key in keys:
            self.run(
                _KEEP_KEY,
                subject=key.subject,
                id=key.id,
                country=key.country,
                made_at=self.moment(key.made_at),
                master=key.master,
                wrapped=key.wrapped,
            )

    def ciphers(self, wanted: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], AESGCM]:
        """By subject and key id; a key that was destroyed is left out. Raises StoreError for one that no master key unwraps."""
        pairs = set(wanted)
        if not pairs:
            return {}
        found = self.key_rows(sorted({subject for subject, _ in pairs}), sorted({key for _, key in pairs}))
        keys = self.master_keys or _none()
        return {
            (subject, key): cipher(keys.unwrap(master, bytes(wrapped), about(subject, key)))
            for subject, key, master, wrapped in found
            if (subject, key) in pairs
        }

    def key_rows(self, subjects: Sequence[str], ids: Sequence[str]) -> Iterable[Sequence[Any]]:
        """Subject, id, master and wrapped key of those that are there."""
        return self.run(_KEYS, among=subjects, ids=ids).all()

    def opened_each(self, kept: Sequence[tuple[str | bytes, str]]) -> list[bytes | None]:
        """Each as it was before it was sealed; None where its key is destroyed. What was never sealed is as it is."""
        found = self.ciphers((subject, key_id(one)) for one, subject in kept if is_sealed(one))
        return [
            opened(one, subject, {key: of for (whose, key), of in found.items() if whose == subject})
            if is_sealed(one)
            else (one.encode() if isinstance(one, str) else one)
            for one, subject in kept
        ]

    def opened_one(self, kept: str | bytes, subject: str) -> bytes | None:
        return self.opened_each([(kept, subject)])[0]

    def record_opened(self, record: bytes) -> bytes:
        """The bytes of a decision; without the texts that named a place where these were erased."""
        return self.records_opened([record])[0]

    def records_opened(self, records: Sequence[bytes]) -> list[bytes]:
        if not any(map(is_sealed, records)):
            return list(records)
        kept = [(one, f"order:{order_of(one)}" if is_sealed(one) else "") for one in records]
        return [one or b"" for one in self.opened_each(kept)]


def _none() -> MasterKeys:
    from evenstock.operations.ports import StoreError

    raise StoreError(
        "the books hold personal data that are sealed, and were opened without their master keys; open them as evenstock "
        "does, with the file that EVENSTOCK_PERSONAL_KEY names"
    )
