"""How far applied events were put among the tables; it goes back where an older one is let through after all."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from evenstock.operations.ports import Entry, Transaction

KIND: Final = "cursor"
NAME: Final = "tables told by events"


def read_cursor(books: Transaction) -> int:
    """Number up to which nothing more is to come."""
    found = books.entry(KIND, NAME)
    return int(found.body["number"]) if found is not None else 0


def move_cursor(books: Transaction, number: int, *, seen: int) -> None:
    """On to `number`, unless somebody moved it since it was read at `seen`."""
    found = books.entry(KIND, NAME)
    if found is None:
        books.enter(Entry(KIND, NAME, {"number": number}))
    elif int(found.body["number"]) == seen and number != seen:
        books.change_entry(found.step, replace(found, body={"number": number}, step=found.step + 1))


def rewind(books: Transaction, number: int) -> None:
    """Back to before an event that is going to be applied late."""
    found = books.entry(KIND, NAME)
    if found is not None and int(found.body["number"]) >= number:
        books.change_entry(found.step, replace(found, body={"number": number - 1}, step=found.step + 1))
