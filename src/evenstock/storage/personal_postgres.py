"""Keys of persons in PostgreSQL, kept in the statement that keeps what they sealed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any, Final

from evenstock.storage.array_text import array_text
from evenstock.storage.personal_seals import KeyRow

KEEP_KEYS: Final = """
INSERT INTO personal_key (subject, id, country, made_at, master, wrapped)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::text[], %s::bytea[])
"""
KEY_ROWS: Final = (
    "SELECT subject, id, master, wrapped FROM personal_key "
    "WHERE subject = ANY (%s::text[]) AND id = ANY (%s::text[]) AND erased_at IS NULL"
)
_AFTER: Final = """
WITH kept (done) AS MATERIALIZED (STATEMENT), keyed AS (
    INSERT INTO personal_key (subject, id, country, made_at, master, wrapped)
    SELECT k.* FROM kept, unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::text[], %s::bytea[]) AS k
    WHERE kept.done
)
SELECT done FROM kept
"""


def with_keys(kept: str) -> str:
    """A statement that keeps something and says whether it did, which then keeps these keys too; its arguments come first."""
    return _AFTER.replace("STATEMENT", kept)


def key_columns(keys: Sequence[KeyRow]) -> tuple[Any, ...]:
    return (
        array_text([key.subject for key in keys]),
        array_text([key.id for key in keys]),
        array_text([key.country for key in keys]),
        array_text([key.made_at.astimezone(UTC).isoformat() for key in keys]),
        array_text([key.master for key in keys]),
        "{" + ",".join([f'"\\\\x{key.wrapped.hex()}"' for key in keys]) + "}",
    )
