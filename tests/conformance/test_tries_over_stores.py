"""Tries on purpose over memory, SQLite and PostgreSQL: the same records to the byte, and a budget that sixteen at once keep."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from tests.operations.test_route_order import put
from tests.operations.test_try_services import FULL, HALF, MONDAY, POLICY, brand, extra, morning, spent, tried
from tests.routing.brand import NOW, order

from evenstock.domain import Cents, DecisionRecord, Order
from evenstock.operations.check_books import check_books
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.decisions import decision_from
from evenstock.operations.ports import Store
from evenstock.operations.route_order import route_order
from evenstock.routing.network import ShippingNetwork
from evenstock.storage.memory import MemoryStore

BUDGET = 1_500
SMALL = brand(replace(HALF, explore_week_cents=Cents(BUDGET)))


def routed(store: Store, network: ShippingNetwork, count: int, threads: int = 1) -> list[DecisionRecord]:
    put(store, FULL)
    with ThreadPoolExecutor(threads) as pool:
        return list(
            pool.map(
                lambda one: route_order(store, network, POLICY, RouteOrder(one, NOW)).record, morning(count, seed=3)
            )
        )


def test_every_store_gives_the_same_records_and_the_same_spending(store: Store) -> None:
    reference = MemoryStore()
    expected = routed(reference, SMALL, 60)
    records = routed(store, SMALL, 60)

    assert [r.canonical() for r in records] == [r.canonical() for r in expected]
    assert spent(store) == spent(reference) == sum(map(extra, records))
    with store.reading() as books:
        kept = [books.decision_of(r.order) for r in records]
    assert kept == [r.canonical() for r in records]
    assert [decision_from(said) for said in kept if said] == records


def test_sixteen_at_once_never_pass_the_weeks_budget(store: Store) -> None:
    """120 orders want more than five times the budget; what the records say was spent is what the books say."""
    want = sum(map(extra, routed(MemoryStore(), brand(), 120)))
    assert want > 5 * BUDGET

    records = routed(store, SMALL, 120, threads=16)

    assert BUDGET * 2 // 3 < sum(map(extra, records)) <= BUDGET
    assert spent(store, MONDAY) == sum(map(extra, records))
    assert any(tried(r) for r in records)
    assert all(r.choice for r in records)
    assert check_books(store, NOW) == []


def test_money_for_one_try_wanted_by_sixteen_at_the_same_moment_is_spent_once(store: Store) -> None:
    """Each of 48 orders would be tried for the whole budget; all begin together, and read that nothing was spent."""
    wished = [order(("SKU-001", 1), name=f"T-{n}") for n in range(120)]
    put(reference := MemoryStore(), FULL)
    alone = [route_order(reference, brand(), POLICY, RouteOrder(one, NOW)).record for one in wished]
    each = max(map(extra, alone))
    asked = [one for one, record in zip(wished, alone, strict=True) if extra(record) == each][:48]
    assert len(asked) >= 32
    network = brand(replace(HALF, explore_week_cents=Cents(each), explore_within_cents=Cents(each)))
    put(store, FULL)
    gate = threading.Barrier(16)

    def at_once(share: list[Order]) -> list[DecisionRecord]:
        gate.wait(timeout=30)
        return [route_order(store, network, POLICY, RouteOrder(one, NOW)).record for one in share]

    with ThreadPoolExecutor(16) as pool:
        records = [r for routed in pool.map(at_once, [asked[k::16] for k in range(16)]) for r in routed]

    assert sorted(map(extra, records))[-2:] == [0, each]
    assert spent(store) == each


@pytest.mark.parametrize("seen", [0, 1_000])
def test_a_record_is_what_its_inputs_say_whoever_was_before(store: Store, seen: int) -> None:
    """Each record of a busy morning, decided again alone by a store that has spent as much: the same choice and chance."""
    records = [r for r in routed(store, SMALL, 60, threads=4) if r.propensity and r.propensity.spent_cents >= seen]
    orders = {one.id: one for one in morning(60, seed=3)}

    for record in records[:5]:
        alone = MemoryStore()
        put(alone, FULL)
        assert record.propensity is not None
        with alone.transaction() as books:
            books.spend_on_try(MONDAY, record.propensity.spent_cents, BUDGET)
        again = route_order(alone, SMALL, POLICY, RouteOrder(orders[record.order], NOW)).record
        assert (again.choice, again.propensity, again.sentence) == (record.choice, record.propensity, record.sentence)


def test_the_last_units_and_the_last_cents_wanted_by_many_leave_nobody_waiting_in_a_circle(store: Store) -> None:
    """Three items, sixty of each in two places, 160 orders of two items at once: money before stock, stock in its order."""
    skus = ["SKU-001", "SKU-002", "SKU-003"]
    put(store, {(sku, node): 60 for sku in skus for node in ("TX", "NJ")})
    pairs = [(a, b) for a in skus for b in skus if a != b]
    orders = [order(*((sku, 1) for sku in pairs[n % 6]), name=f"R-{n}") for n in range(160)]

    with ThreadPoolExecutor(16) as pool:
        records = list(pool.map(lambda one: route_order(store, SMALL, POLICY, RouteOrder(one, NOW)).record, orders))

    assert any(tried(r) for r in records)
    assert spent(store) == sum(map(extra, records)) <= BUDGET
    assert check_books(store, NOW) == []
