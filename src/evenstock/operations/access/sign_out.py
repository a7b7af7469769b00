"""Sign out: the session is gone."""

from __future__ import annotations

from evenstock.operations.access.session import KIND
from evenstock.operations.ports import Store


def sign_out(store: Store, digest: str) -> bool:
    """Forget a session; False if there was none."""
    with store.transaction() as books:
        return books.remove_entry(KIND, digest)
