"""Goods that left are with the customer: once, and only if their stock was still set aside."""

from datetime import UTC, datetime, timedelta

import pytest

from evenstock.domain import (
    Account,
    Bucket,
    Cause,
    Movement,
    MovementId,
    NodeId,
    OrderId,
    Reservation,
    ReservationId,
    ReservationLine,
    ReservationState,
    Sku,
    Units,
)  # fmt: skip
from evenstock.operations.ports import ConflictError
from evenstock.operations.ship_order import ship_order
from evenstock.storage.memory import MemoryStore

NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)
MUG, TX, HELD = Sku("MUG"), NodeId("TX"), ReservationId("r-1")


@pytest.fixture
def store() -> MemoryStore:
    """Ten mugs in Texas, three of them reserved."""
    books = MemoryStore()
    supplier = Account(MUG, TX, Bucket.OUTSIDE, cause=Cause.SUPPLIER)
    with books.transaction() as t:
        t.post([Movement(MovementId("po"), Units(10), supplier, Account(MUG, TX, Bucket.AVAILABLE), NOW, "po-1")], NOW)
        line = ReservationLine(MUG, TX, Units(3))
        assert t.reserve(Reservation(HELD, OrderId("o-1"), (line,), NOW, NOW + timedelta(hours=1))) is None
    return books


def test_what_ships_leaves_the_building_once(store: MemoryStore) -> None:
    assert ship_order(store, HELD, NOW) == 3
    assert ship_order(store, HELD, NOW) == 0

    with store.transaction() as t:
        (balance,) = t.balances([MUG])
        assert (balance.on_hand, balance.available, balance.reserved, balance.allocated) == (10 - 3, 7, 0, 0)
        assert [e.kind for e in t.outbox(10) if e.kind == "OrderShipped"] == ["OrderShipped"]


def test_a_reservation_that_was_given_back_cannot_ship(store: MemoryStore) -> None:
    with store.transaction() as t:
        t.settle(HELD, ReservationState.VOIDED, NOW)

    with pytest.raises(ConflictError, match="was voided: its stock was given back"):
        ship_order(store, HELD, NOW)


def test_an_unknown_reservation_is_refused(store: MemoryStore) -> None:
    with pytest.raises(ConflictError, match="there is no reservation"):
        ship_order(store, ReservationId("nobody"), NOW)
