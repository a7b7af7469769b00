"""Operations that commit together: a store whose every transaction is a step of one that is already open.

A request that must take effect once keeps its key and its answer with what the operation did, in one commit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import final

from evenstock.operations.ports import SingleCalls, Transaction


@final
class JoinedStore:
    """A `Store` within an open transaction, for the thread that opened it and as long as it is open.

    A block of `transaction()` that raises leaves no trace of itself, and whoever opened the transaction can go on; nothing
    is kept before that one commits. Blocks may stand within one another. Rows stay locked until then: an operation that
    does many orders, each in a transaction of its own so that none waits for another in a circle, is not for here.
    """

    def __init__(self, books: Transaction) -> None:
        self._books = books

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._books.whole():
            yield self._books

    def singly(self) -> AbstractContextManager[SingleCalls]:
        return self.transaction()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """What the open transaction sees: its own changes too, and on a server what others commit between two questions."""
        yield self._books

    def close(self) -> None:
        """Nothing: the store belongs to whoever opened the transaction."""
