"""Ceilings of nodes and services over memory, SQLite and PostgreSQL: no day takes more, and every place taken is known."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.operations.test_route_order import ONE, put
from tests.routing.brand import NOW, capped, compiled, order

from evenstock.domain import DecisionRecord, NodeId, Order, Sku
from evenstock.operations.check_books import check_books
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.ports import Store
from evenstock.operations.route_order import route_order

GROUND, AIR, POST = "ups:ground", "ups:two_day", "usps:advantage"
TWO = Sku("SKU-002")


@pytest.mark.parametrize("most", [1, 3])
def test_no_ceiling_is_broken_however_many_ask_at_once(store: Store, most: int) -> None:
    few = capped({GROUND: most, AIR: most, POST: most}, orders_per_day=4)
    policy = compiled(few)
    put(store, {(sku, node): 60 for sku in (ONE, TWO) for node in ("TX", "NJ", "CA")})
    wishes = [order((ONE, 1), (TWO, 1 + n % 2), name=f"A-{n}", zip3="100" if n % 3 else "941") for n in range(24)]

    def until_served(wish: Order) -> DecisionRecord:
        """Who loses several races is unserved, and is asked for again."""
        for _ in range(20):
            record = route_order(store, few, policy, RouteOrder(wish, NOW)).record
            if record.choice is not None:
                return record
        return record

    with ThreadPoolExecutor(8) as threads:
        records = list(threads.map(until_served, wishes))
    ways = [s.candidate for record in records if record.choice for s in record.choice.shipments]
    by_node = Counter((way.node, way.ship_on) for way in ways)
    by_service = Counter((way.service, way.ship_on) for way in ways)

    assert all(record.choice for record in records)
    assert max(by_node.values()) <= 4
    assert max(by_service.values()) <= most
    with store.transaction() as books:
        days = sorted({day for _, day in by_service})
        assert books.slots_taken(days) == {(NodeId(name), day): n for (name, day), n in (by_node | by_service).items()}
    assert check_books(store, NOW) == []
