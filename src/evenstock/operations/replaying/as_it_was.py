"""Books that answer as they did when something was decided, and to which nothing happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, Final, Never, cast

from evenstock.domain import DecisionRecord
from evenstock.operations.ports import Look, Short, Store, Transaction
from evenstock.operations.replaying.kept_inputs import Read

_NOTHING_YET: Final = frozenset({"recall", "decision", "case", "reservation", "order"})
"""Of what is decided nothing was there."""
_CHANGES: Final = frozenset({"put_case", "change_case", "remember", "publish", "settle", "put_order"})


class BooksAsTheyWere:
    """Gives what was read then, in its order; keeps the record that it is told instead of writing it down."""

    def __init__(self, read: Read) -> None:
        self._looks, self._reserved = iter(read.looks), iter(read.reserved)
        self._tries, self._spent = iter(read.tries_cents), iter(read.spent)
        self.record_told: DecisionRecord | None = None

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        yield self.books

    reading = transaction

    @property
    def books(self) -> Transaction:
        return cast("Transaction", self)

    @property
    def store(self) -> Store:
        """As what an operation is given."""
        return cast("Store", self)

    @contextmanager
    def whole(self) -> Iterator[None]:
        yield

    def look(self, *_: object) -> Look:
        return next(self._looks, None) or _more("looks at stock")

    def reserve(self, *_: object, **__: object) -> Short | None:
        """Where nobody was faster nothing was kept: it was reserved."""
        return next(self._reserved, None)

    def tries_cents(self, _: date) -> int | None:
        return next(self._tries, None)

    def spend_on_try(self, _: date, cents: int, __: int) -> bool:
        return next(self._spent, True) if cents > 0 else True

    def answer(self, decision: DecisionRecord, *_: object, **__: object) -> None:
        self.record_told = decision

    def record(self, decision: DecisionRecord) -> None:
        self.record_told = decision

    def cases(self, *_: object, **__: object) -> list[Any]:
        return []

    def __getattr__(self, name: str) -> Any:
        if name in _NOTHING_YET or name in _CHANGES:
            return _nothing
        # What asks for a call in vain, to see whether there is one, is answered that there is none.
        raise AttributeError(f"{name} was not asked for when it was decided, and nothing of it was kept")


def _nothing(*_: object, **__: object) -> None:
    return None


def _more(what: str) -> Never:
    raise LookupError(f"it {what} once more than when it was decided")
