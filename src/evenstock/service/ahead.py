"""What a process of the service would load when it opens the books, reads the company and decides: loaded before it is forked."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import Final

from numba.core.registry import cpu_target

from evenstock.registry import members
from evenstock.service.app import resources

FAMILIES: Final = ("evenstock.policy.rules", "evenstock.routing.terms")
"""Found when the first order is decided."""
_EMBEDDED: Final = ("evenstock.storage.sqlite", "sqlalchemy.dialects.sqlite.pysqlite")
_SERVER: Final = ("evenstock.storage.postgres", "sqlalchemy.dialects.postgresql.psycopg", "psycopg")


def load_ahead(database: str) -> None:
    """Load it; nothing is opened, and no thread begins.

    A driver that is not installed is told by whoever opens the books.
    """
    resources()
    for family in FAMILIES:
        members(family)
    with suppress(ImportError):
        for module in _EMBEDDED if database.startswith("sqlite:") else _SERVER:
            import_module(module)
    # The compiler's own tables, which its first kernel would read: a fifth of a second.
    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()
