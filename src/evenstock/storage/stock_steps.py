"""Steps that change the units on hand of stocks: one by one, as every store must equal, and all at once over what was read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from evenstock.domain import Movement, StockBalance, StockObservation
from evenstock.operations.ports import ConflictError, Count, Move, StoreError, Transaction, UnavailableError
from evenstock.storage import bookkeeping as book

_TRIES: Final = 3


def one_by_one(
    books: Transaction, steps: Sequence[Count | Move], recorded_at: datetime
) -> list[Sequence[Movement] | StoreError]:
    """By the single calls."""
    answers: list[Sequence[Movement] | StoreError] = []
    for step in steps:
        try:
            if isinstance(step, Count):
                answers.append(books.adjust_on_hand(step.said, step.because, recorded_at))
            else:
                answers.append(_posted(books, step, recorded_at))
        except UnavailableError:
            raise
        except StoreError as refused:
            answers.append(refused)
    return answers


def _posted(books: Transaction, step: Move, recorded_at: datetime) -> Sequence[Movement]:
    """The reading is only a hint; the store refuses to go below zero, and then we look again."""
    for attempt in range(1, _TRIES + 1):
        there = (b for b in books.balances([step.sku]) if (b.node, b.lot) == (step.node, step.lot))
        moves = step.moves(next(there, StockBalance(step.sku, step.node, step.lot)))
        try:
            books.post(moves, recorded_at)
        except ConflictError:
            raise
        except StoreError:
            if attempt == _TRIES:
                raise
        else:
            return moves
    raise AssertionError("unreachable")


def key_of(step: Count | Move) -> book.Key:
    return (
        (step.said.sku, step.said.node, step.said.lot) if isinstance(step, Count) else (step.sku, step.node, step.lot)
    )


@dataclass(slots=True)
class Steps:
    """Steps taken over what was read, and what they come to, before any of it is written.

    Movements are taken for new: who appends them and finds one there asks the single calls instead.
    """

    balances: dict[book.Key, StockBalance]
    """That nobody else can change meanwhile; changed as steps are taken."""
    newest: dict[book.Key, dict[str, StockObservation]]
    """The newest word of each source."""
    answers: list[Sequence[Movement] | StoreError] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)
    """All there are to append, repayments too, in the order of the steps."""
    changes: dict[book.Key, dict[str, int]] = field(default_factory=dict)
    """Net change of each balance that changes, by state."""
    news: dict[tuple[book.Key, str], StockObservation] = field(default_factory=dict)
    """By stock and source, where it spoke."""

    @classmethod
    def over(cls, balances: Iterable[StockBalance], observations: Iterable[StockObservation]) -> Steps:
        newest: dict[book.Key, dict[str, StockObservation]] = {}
        for said in observations:
            newest.setdefault((said.sku, said.node, said.lot), {})[said.source] = said
        return cls({(b.sku, b.node, b.lot): b for b in balances}, newest)

    def take(self, step: Count | Move) -> None:
        try:
            moves = self._count(step) if isinstance(step, Count) else self._move(step)
        except StoreError as refused:
            self.answers.append(refused)
        else:
            self.answers.append(moves)

    def _count(self, step: Count) -> Sequence[Movement]:
        said, key = step.said, key_of(step)
        heard = self.newest.setdefault(key, {})
        news, latest = book.outranks(said, heard.values())
        if not news:
            return ()
        heard[said.source] = self.news[key, said.source] = said
        if not latest:
            return ()
        moves = book.counting(self._balance(key), said, step.because)
        return [*moves, *self._shift(key, moves)] if moves else moves

    def _move(self, step: Move) -> Sequence[Movement]:
        key = key_of(step)
        moves = step.moves(self._balance(key))
        self._shift(key, moves)
        return moves

    def _balance(self, key: book.Key) -> StockBalance:
        return self.balances.get(key) or StockBalance(*key)

    def _shift(self, key: book.Key, moves: Sequence[Movement]) -> list[Movement]:
        """Project movements of one stock; returns the repayment of a shortfall that they made possible."""
        change = _only(key, book.changes(moves))
        after = _changed(key, self._balance(key), change)
        repaid: list[Movement] = []
        units = min(after.available, after.shortfall)
        if units:
            repaid = [book.repayment(key, units, book.last_touching(moves, key))]
            more = _only(key, book.changes(repaid))
            after = _changed(key, after, more)
            change = {state: change.get(state, 0) + more.get(state, 0) for state in change.keys() | more.keys()}
        self.balances[key] = after
        net = self.changes.setdefault(key, {})
        for state, n in change.items():
            net[state] = net.get(state, 0) + n
        self.movements += moves
        self.movements += repaid
        return repaid


def _only(key: book.Key, changes: dict[book.Key, dict[str, int]]) -> dict[str, int]:
    if changes.keys() - {key}:
        raise ValueError(f"a step at {key[0]} at {key[1]} moves units of {key[0]} at {key[1]}, and of nothing else")
    return changes.get(key, {})


def _changed(key: book.Key, balance: StockBalance, change: dict[str, int]) -> StockBalance:
    after = {state: getattr(balance, state) + n for state, n in change.items()}
    if any(n < 0 for n in after.values()):
        raise book.below_zero(key, {state: getattr(balance, state) for state in book.STATES}, change)
    return replace(balance, **after)
