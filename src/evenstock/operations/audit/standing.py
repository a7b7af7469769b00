"""What stands against the audit log: that it cannot be sealed, or that something was executed unlawfully; kept for those who watch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from evenstock.domain import rfc3339
from evenstock.operations.ports import Entry, Store, Transaction

KIND: Final = "audit_standing"
EVALUATION: Final = "evaluation"
SEALING: Final = "sealing"
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The last time that executed actions were judged again."""

    at: datetime
    """By the books' clock."""
    rows: int
    """Read so far, in all runs."""
    actions: int
    """Judged so far."""
    violations: int
    """Found so far: they never become fewer, for what was done was done."""
    sentences: tuple[str, ...]
    """The first of them."""
    kept: Mapping[str, Any]
    """From where to go on, as the evaluator wants it."""
    heads: Mapping[int, int]
    """Rows of each stream that were read."""


def last_evaluation(books: Transaction) -> Evaluated | None:
    """None where nobody evaluated yet."""
    entry = books.entry(KIND, EVALUATION)
    if entry is None:
        return None
    said = entry.body
    return Evaluated(
        datetime.fromisoformat(said["at"]), said["rows"], said["actions"], said["violations"], tuple(said["sentences"]),
        said["kept"], {int(stream): number for stream, number in said["heads"].items()},
    )  # fmt: skip


def keep_evaluation(
    books: Transaction,
    before: Evaluated | None,
    report: Mapping[str, Any],
    kept: Mapping[str, Any],
    heads: Mapping[int, int],
) -> None:
    """Add what a run over the new rows found."""
    found = [f"row {one['row']}, {one['about']}: {one['sentence']}" for one in report["violations"]]
    sentences = [*(before.sentences if before else ()), *found]
    body = {
        "at": rfc3339(books.clock()),
        "rows": (before.rows if before else 0) + report["checked"].get("rows", 0),
        "actions": (before.actions if before else 0) + report["checked"].get("executed actions", 0),
        "violations": (before.violations if before else 0) + len(found),
        "sentences": sentences[:_SHOWN],
        "kept": kept,
        "heads": {str(stream): number for stream, number in sorted(heads.items())},
    }
    _keep(books, EVALUATION, body)


def trouble(books: Transaction) -> str:
    """Why the log could not be sealed the last time; empty where it was."""
    entry = books.entry(KIND, SEALING)
    return str(entry.body["because"]) if entry is not None else ""


def keep_trouble(store: Store, because: str) -> None:
    """Keep why the log cannot be sealed, or that it can again (empty); the same again changes nothing."""
    with store.reading() as books:
        known = trouble(books)
    if known == because:
        return
    with store.transaction() as books:
        _keep(books, SEALING, {"because": because, "at": rfc3339(books.clock())})


def _keep(books: Transaction, name: str, body: Mapping[str, Any]) -> None:
    before = books.entry(KIND, name)
    if before is None:
        books.enter(Entry(KIND, name, body))
    else:
        books.change_entry(before.step, Entry(KIND, name, body, before.step + 1))
