"""What each kind of event does to the books."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from tests.operations.exceptions.shop import (
    A1,
    LATER,
    NETWORK,
    NOW,
    ONE,
    POLICY,
    TWO,
    TX,
    order,
    released,
    routed,
    shelf,
    stocked,
    told,
    whole,
)
from tests.operations.inbound.feed import applied, event, handled, inbound

from evenstock.domain import (
    CaseKind,
    CaseState,
    OrderId,
    PlanId,
    TransferId,
    TransferOrder,
    TransferOrderLine,
    TransferState,
    Units,
)
from evenstock.operations.exceptions.answer import Handled
from evenstock.operations.exceptions.hold import HoldOrder, hold_order
from evenstock.operations.inbound.applying import kinds
from evenstock.operations.inbound.drain import drain
from evenstock.operations.ports import Handling, Store

ORDER = {
    "id": "W-1",
    "lines": [{"id": "1", "sku": ONE, "units": 2, "price_cents": 1500}],
    "ship_to": {"postal_code": "75201"},
    "placed_at": "2026-11-20T14:00:00Z",
    "promise": {"deliver_by": "2026-12-20"},
    "tags": ["gift"],
}


def test_every_kind_is_found_by_the_name_of_its_file() -> None:
    assert {name.replace(".", "_") for name in kinds()} == {
        module.__name__.rpartition(".")[2] for module in kinds().values()  # type: ignore[attr-defined]
    }  # fmt: skip
    assert {"stock.observed", "stock.adjusted", "order.created", "shipment.event", "receipt.posted"} <= set(kinds())


def test_an_order_that_comes_is_routed_once_and_its_stock_set_aside(store: Store) -> None:
    stocked(store, {(ONE, "TX"): 10})
    first = event("order.created", "o1", **ORDER)
    again = event("order.created", "o1-again", **ORDER)
    assert applied(store, first, again, first).done == 2
    assert shelf(store, ONE, "TX") == {"available": 8, "reserved": 2}
    assert told(store).count("OrderRouted") == 1
    assert applied(store, event("order.created", "o2", **(ORDER | {"tags": []}))).again == 1, "other content, same id"
    assert "was routed before with other content" in handled(store, "o2")[1]
    assert whole(store)


def test_a_cancellation_that_comes_before_its_order_waits_for_it(store: Store) -> None:
    stocked(store, {(ONE, "TX"): 10})
    assert applied(store, event("order.cancelled", "c1", order="W-1", because="changed his mind")).again == 1
    # The order is of another subject's source here, so that it does not wait behind the cancellation.
    assert applied(store, event("order.created", "o1", source="shop", **ORDER)).done == 1
    assert drain(inbound(store), NOW + timedelta(seconds=10)).done == 1
    assert shelf(store, ONE, "TX") == {"available": 10}


def test_the_first_scan_of_a_parcel_ships_its_reservation_and_the_second_moves_nothing(store: Store) -> None:
    stocked(store, {(ONE, "TX"): 5})
    made = routed(store, order((ONE, 2), name=A1))
    scan = {"parcel": "1Z1", "service": "ups:ground", "location": "Dallas", "reservation": made}
    label = event("shipment.event", "s0", status="pending", **scan)
    taken = event("shipment.event", "s1", status="picked_up", **scan)
    there = event("shipment.event", "s2", status="delivered", **scan)
    assert applied(store, label).done == 1
    assert shelf(store, ONE, "TX") == {"available": 3, "reserved": 2}
    assert applied(store, there, taken).done == 2
    assert shelf(store, ONE, "TX") == {"available": 3}
    assert handled(store, "s1")[1] == f"1Z1: picked_up; {made} left before"
    assert whole(store)


def test_a_scan_may_name_the_order_where_one_reservation_is_open(store: Store) -> None:
    stocked(store, {(ONE, "TX"): 5})
    routed(store, order((ONE, 2), name=A1))
    scan = event("shipment.event", "s1", parcel="1Z1", service="ups:ground", status="in_transit", order=A1)
    assert applied(store, scan).done == 1
    assert shelf(store, ONE, "TX") == {"available": 3}
    lost = event("shipment.event", "s2", parcel="1Z2", service="ups:ground", status="in_transit", order="nobody's")
    assert applied(store, lost).again == 1
    assert "has 0 reservations that could have left (none)" in handled(store, "s2")[1]


def test_a_scan_of_a_held_order_waits_and_says_why(store: Store) -> None:
    """Goods that left in spite of a hold are a person's to see to: the scan is tried again, and lies among the dead at last."""
    stocked(store, {(ONE, "TX"): 5})
    made = routed(store, order((ONE, 2), name=A1))
    report = HoldOrder("F-1", OrderId(A1), CaseKind.FRAUD, "card reported stolen", LATER)
    assert isinstance(hold_order(store, NETWORK, POLICY, report), Handled)
    scan = event("shipment.event", "s1", parcel="1Z1", service="ups:ground", status="in_transit", reservation=made)
    assert applied(store, scan).again == 1
    assert handled(store, "s1")[1] == "order A-1 is held (card reported stolen); release it first"
    assert shelf(store, ONE, "TX") == {"available": 3, "reserved": 2}


@pytest.mark.parametrize("units", [-3, -9])
def test_what_leaves_the_shelf_beyond_what_is_free_is_a_shortfall(store: Store, units: int) -> None:
    stocked(store, {(ONE, "TX"): 9})
    routed(store, order((ONE, 4), name=A1))
    done = applied(store, event("stock.adjusted", "d1", sku=ONE, node="TX", units=units, cause="damage"))
    assert done.done == 1
    free = max(0, 5 + units)
    short = max(0, -units - 5)
    assert shelf(store, ONE, "TX") == {
        k: v for k, v in {"available": free, "reserved": 4, "shortfall": short}.items() if v
    }
    assert "StockAdjusted" in told(store)
    assert whole(store)


def test_more_than_the_node_has_cannot_leave(store: Store) -> None:
    stocked(store, {(ONE, "TX"): 2})
    assert applied(store, event("stock.adjusted", "d1", sku=ONE, node="TX", units=-3)).again == 1
    assert handled(store, "d1")[1].startswith("3 units of SKU-001 left TX, where the books have 2")
    assert shelf(store, ONE, "TX") == {"available": 2}


def _under_way(store: Store) -> TransferId:
    name = TransferId("T-1")
    stocked(store, {(ONE, "TX"): 10})
    with store.transaction() as books:
        books.put_transfer(
            TransferOrder(
                name, PlanId("P"), TX, "NJ", (TransferOrderLine(ONE, Units(6)),), date(2026, 11, 21), TransferState.RELEASED  # type: ignore[arg-type]
            )
        )  # fmt: skip
    return name


def test_a_transfer_leaves_and_arrives_by_events(store: Store) -> None:
    name = _under_way(store)
    receipt = event(
        "receipt.posted", "r1", transfer=name, receipt="GR-1", lines=[{"sku": ONE, "received": 5, "lost": 1}]
    )
    assert applied(store, receipt).again == 1, "it has not left yet"
    left = event("transfer.dispatched", "x1", source="tx", transfer=name)
    assert applied(store, left).done == 1
    assert drain(inbound(store), NOW + timedelta(seconds=10)).done == 1
    assert applied(store, event("receipt.posted", "r1-again", transfer=name, receipt="GR-1",
                                lines=[{"sku": ONE, "received": 5, "lost": 1}])).done == 1  # fmt: skip
    assert shelf(store, ONE, "TX") == {"available": 4}
    assert shelf(store, ONE, "NJ") == {"available": 5}
    assert whole(store)


def test_goods_of_a_supplier_come_in_once_by_the_number_of_their_receipt(store: Store) -> None:
    lines = [{"sku": TWO, "received": 3}, {"sku": ONE, "received": 7, "lot": "L1"}]
    first = event("receipt.posted", "r1", node="TX", receipt="GR-7", lines=lines)
    again = event("receipt.posted", "r2", node="TX", receipt="GR-7", lines=lines[::-1])
    other = event("receipt.posted", "r3", node="TX", receipt="GR-7", lines=lines[:1])
    done = applied(store, first, again, other)
    assert (done.done, done.again) == (2, 1)
    assert handled(store, "r2")[1] == "receipt GR-7 was taken in before"
    assert "came before with other lines" in handled(store, "r3")[1]
    assert shelf(store, ONE, "TX") == {"available": 7}
    assert shelf(store, TWO, "TX") == {"available": 3}
    assert told(store).count("GoodsReceived") == 1


def test_a_short_pick_is_routed_again_elsewhere(store: Store) -> None:
    stocked(store, {(ONE, "TX"): 5, (ONE, "NJ"): 5})
    made = released(store, order((ONE, 2), name=A1))
    with store.reading() as books:
        reservation = books.reservation(made)
    assert reservation is not None
    node = reservation.lines[0].node
    assert applied(store, event("pick.short", "p1", order=A1, node=node, sku=ONE, found=0)).done == 1
    assert shelf(store, ONE, node) == {"available": 3, "held": 2}
    counted = event("shelf.counted", "c1", sku=ONE, node=node, units=3, by="ana")
    assert applied(store, counted).done == 1
    assert shelf(store, ONE, node) == {"available": 3}
    assert whole(store)


def test_a_node_goes_down_and_comes_up_again(store: Store) -> None:
    stocked(store, {(ONE, "TX"): 5})
    until = (NOW + timedelta(days=2)).isoformat()
    assert applied(store, event("node.down", "n1", node="TX", until=until, because="ice")).done == 1
    with store.reading() as books:
        (case,) = books.cases(CaseState.OPEN, CaseKind.NODE_DOWN)
    assert case.about == "node:TX"
    assert applied(store, event("node.up", "n2", node="TX"), now=LATER).done == 1
    with store.reading() as books:
        assert not books.cases(CaseState.OPEN, CaseKind.NODE_DOWN)
    assert applied(store, event("node.down", "n3", node="TX", until="2026-01-01T00:00:00Z", because="x")).dead == 1


def test_an_order_is_held_and_let_go(store: Store) -> None:
    stocked(store, {(ONE, "TX"): 5})
    made = routed(store, order((ONE, 2), name=A1))
    assert applied(store, event("order.held", "h1", order=A1, reason="fraud", because="card of another country")).done
    assert applied(store, event("pick.released", "p1", reservation=made)).again == 1, "it is held"
    assert applied(store, event("order.hold_released", "h2", order=A1, reason="fraud", by="ana")).done == 1
    assert drain(inbound(store), NOW + timedelta(seconds=10)).done == 1
    assert shelf(store, ONE, "TX") == {"available": 3, "allocated": 2}


def test_a_missed_pickup_and_a_missed_cutoff_are_taken_in_or_refused_with_a_sentence(memory: Store) -> None:
    stocked(memory, {(ONE, "TX"): 5})
    routed(memory, order((ONE, 2), name=A1))
    service = NETWORK.book.services[0]
    applied(memory, event("pickup.missed", "m1", node="nowhere", service=service, day="2026-11-19"))
    assert handled(memory, "m1") == (Handling.WAITING, "nowhere is no node of this network; check its name")
    applied(memory, event("cutoff.missed", "m2", order="nobody's"))
    assert handled(memory, "m2")[0] is Handling.WAITING
