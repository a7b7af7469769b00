"""A brand of eight nodes in whose books tests let things go wrong."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import timedelta

from tests.routing.brand import NOW, compiled, network, order

from evenstock.domain import (
    NodeId,
    Order,
    OrderId,
    Outcome,
    ReservationId,
    ReservationState,
    Sku,
    StockObservation,
    Units,
)  # fmt: skip
from evenstock.operations.check_books import check_books
from evenstock.operations.ports import Store
from evenstock.operations.reservations import post_reservation
from evenstock.operations.route_order import RouteOrder, route_order

NETWORK = network()
POLICY = compiled(NETWORK)
ONE, TWO = Sku("SKU-001"), Sku("SKU-002")
TX, NJ, CA = NodeId("TX"), NodeId("NJ"), NodeId("CA")
A1 = OrderId("A-1")
LATER = NOW + timedelta(minutes=30)
_VERSIONS = itertools.count(1)


def stocked(store: Store, units: Mapping[tuple[str, str], int], lot: str = "") -> None:
    with store.transaction() as books:
        for (sku, node), n in units.items():
            said = StockObservation(
                "count", Sku(sku), NodeId(node), Units(n), NOW - timedelta(hours=1), next(_VERSIONS), lot
            )  # type: ignore[arg-type]
            books.adjust_on_hand(said, "opening", NOW)


def routed(store: Store, wanted: Order) -> ReservationId:
    """The reservation of an order that was routed now."""
    record = route_order(store, NETWORK, POLICY, RouteOrder(wanted, NOW)).record
    assert record.outcome is Outcome.EXECUTED, record.sentence
    with store.reading() as books:
        (made,) = (r for r in books.reservations_of(wanted.id) if r.state is ReservationState.PENDING)
    return made.id


def released(store: Store, wanted: Order) -> ReservationId:
    """The same, with its pick released."""
    made = routed(store, wanted)
    assert post_reservation(store, made, NOW)
    return made


def shelf(store: Store, sku: str, node: str) -> dict[str, int]:
    """What the books say of an item at a node, without what is zero."""
    with store.reading() as books:
        found = [b for b in books.balances([Sku(sku)]) if b.node == node]
    states = ("available", "reserved", "allocated", "held", "shortfall")
    return {state: n for state in states if (n := sum(getattr(b, state) for b in found))}


def told(store: Store) -> list[str]:
    with store.transaction() as books:
        return [event.kind for event in books.outbox(1_000)]


def movements(store: Store) -> int:
    with store.reading() as books:
        return books.movement_frame().height


def whole(store: Store) -> bool:
    """Nothing in the books contradicts anything else."""
    found = [finding.sentence for finding in check_books(store, LATER) if finding.broken]
    assert not found
    return True


__all__ = [
    "A1", "CA", "LATER", "NETWORK", "NJ", "NOW", "ONE", "POLICY", "TWO", "TX", "compiled", "movements", "network", "order",
    "released", "routed", "shelf", "stocked", "told", "whole",
]  # fmt: skip
