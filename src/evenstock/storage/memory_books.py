"""Plain dictionaries that hold the books in memory, and the unit of work that can take its changes back."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, TypeVar

from evenstock.domain import (
    ApprovalRequest,
    CapacityPrice,
    Case,
    CaseId,
    DecisionId,
    DecisionRecord,
    Event,
    LotId,
    Movement,
    MovementId,
    NodeId,
    Order,
    OrderId,
    PlanId,
    PlanOutcome,
    Price,
    Quota,
    Reservation,
    ReservationId,
    Sku,
    StockBalance,
    StockObservation,
    TransferId,
    TransferOrder,
    TransferPlan,
    Vote,
)
from evenstock.operations.audit.rows import AuditRow
from evenstock.operations.ports import Entry, Received, Remembered, Slot
from evenstock.storage import bookkeeping as book

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_ABSENT: Final[Any] = object()
Shelf = tuple[NodeId, LotId]
Ranked = tuple[datetime, int, str, Price]
RankedCapacity = tuple[datetime, int, str, CapacityPrice]


@dataclass(slots=True)
class Books:
    """Plain dictionaries; those in order of recording rely on the order of insertion."""

    movements: dict[MovementId, tuple[Movement, datetime]] = field(default_factory=dict)
    balances: dict[Sku, dict[Shelf, StockBalance]] = field(default_factory=dict)
    observations: dict[book.Key, tuple[StockObservation, ...]] = field(default_factory=dict)
    """Newest of each source."""
    reservations: dict[ReservationId, Reservation] = field(default_factory=dict)
    by_order: dict[OrderId, tuple[ReservationId, ...]] = field(default_factory=dict)
    pending: dict[ReservationId, datetime] = field(default_factory=dict)
    places: dict[ReservationId, list[tuple[Slot, int]]] = field(default_factory=dict)
    taken: dict[tuple[NodeId, date], int] = field(default_factory=dict)
    commands: dict[str, Remembered] = field(default_factory=dict)
    inbox: dict[tuple[str, str], datetime] = field(default_factory=dict)
    received: dict[tuple[str, str], Received] = field(default_factory=dict)
    """By source and id, in the order received."""
    waiting: dict[int, tuple[tuple[str, str], datetime]] = field(default_factory=dict)
    """Number of each received event that waits, and when it is due."""
    entries: dict[str, dict[str, tuple[Entry, str]]] = field(default_factory=dict)
    """By kind and id; what each says stands beside it as JSON."""
    leases: dict[str, tuple[str, int, datetime]] = field(default_factory=dict)
    """Holder, fencing token, and when it runs out."""
    decisions: dict[DecisionId, DecisionRecord] = field(default_factory=dict)
    decided: dict[OrderId, DecisionId] = field(default_factory=dict)
    facts: dict[str, Event] = field(default_factory=dict)
    undelivered: dict[str, int] = field(default_factory=dict)
    """Event to its number in the order published."""
    plans: dict[PlanId, TransferPlan] = field(default_factory=dict)
    plan_outcomes: dict[PlanId, PlanOutcome] = field(default_factory=dict)
    transfers: dict[TransferId, TransferOrder] = field(default_factory=dict)
    orders: dict[OrderId, Order] = field(default_factory=dict)
    cases: dict[CaseId, tuple[Case, str]] = field(default_factory=dict)
    """Each with the digest of the case as it was opened."""
    cases_about: dict[str, tuple[CaseId, ...]] = field(default_factory=dict)
    open_cases: dict[CaseId, datetime] = field(default_factory=dict)
    """With their deadlines."""
    quotas: dict[tuple[Sku, NodeId], dict[str, Quota]] = field(default_factory=dict)
    drawn: dict[ReservationId, tuple[Quota, ...]] = field(default_factory=dict)
    """What each reservation took of its class's quotas, as quotas of which all is taken."""
    tries: dict[date, int] = field(default_factory=dict)
    """Cents by Monday of the week."""
    capacity_prices: dict[tuple[str, str, date], tuple[RankedCapacity, ...]] = field(default_factory=dict)
    prices: dict[Sku, dict[NodeId, tuple[Ranked, ...]]] = field(default_factory=dict)
    pointers: dict[str, str] = field(default_factory=dict)
    approvals: dict[str, ApprovalRequest] = field(default_factory=dict)
    approval_votes: dict[str, tuple[Vote, ...]] = field(default_factory=dict)
    """By request, in the order cast."""
    live_approvals: dict[str, str] = field(default_factory=dict)
    """By what each is about: the one request that is open or approved."""
    audit: dict[int, AuditRow] = field(default_factory=dict)
    """By number, from 1."""


class UnitOfWork:
    """Changes go straight into the books; the value before each is kept until the block ends."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._before: list[tuple[dict[Any, Any], Any, Any]] = []

    def _put(self, table: dict[K, V], key: K, value: V) -> None:
        self._before.append((table, key, table.get(key, _ABSENT)))
        table[key] = value

    def _drop(self, table: dict[K, V], key: K) -> None:
        self._before.append((table, key, table.pop(key)))

    @property
    def changed(self) -> bool:
        return bool(self._before)

    def undo_to(self, mark: int) -> None:
        while len(self._before) > mark:
            table, key, value = self._before.pop()
            if value is _ABSENT:
                del table[key]
            else:
                table[key] = value

    @contextmanager
    def whole(self) -> Iterator[None]:
        """A step that raises leaves no trace, so that the caller may go on."""
        mark = len(self._before)
        try:
            yield
        except BaseException:
            self.undo_to(mark)
            raise
