"""Checks that the books are whole and keeps how many findings there were by rule, for those who watch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from evenstock.domain import rfc3339
from evenstock.operations.check_books import Finding, check_books
from evenstock.operations.ports import Entry, Store, Transaction

KIND: Final = "check"
BOOKS: Final = "books"
RULES: Final = ("conservation", "projection", "reserved", "transit", "repayment", "shortfall", "overdue")
"""Those of `check_books`; the last two wait for a person, every other one is broken truth."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The last check."""

    at: datetime
    """By the books' clock."""
    findings: Mapping[str, int]
    """By rule, every rule named."""


def keep_check(store: Store, now: datetime) -> list[Finding]:
    """Check the books and keep the counts; two that check at once both count, and the later answer stands."""
    found = check_books(store, now)
    counts = Counter(finding.rule for finding in found)
    with store.transaction() as books:
        body = {
            "at": rfc3339(books.clock()),
            "findings": {rule: counts[rule] for rule in sorted({*RULES, *counts})},
        }
        before = books.entry(KIND, BOOKS)
        if before is None:
            books.enter(Entry(KIND, BOOKS, body))
        else:
            books.change_entry(before.step, Entry(KIND, BOOKS, body, before.step + 1))
    return found


def last_check(books: Transaction) -> Checked | None:
    """None where nobody checked yet."""
    entry = books.entry(KIND, BOOKS)
    if entry is None:
        return None
    return Checked(datetime.fromisoformat(entry.body["at"]), dict(entry.body["findings"]))
