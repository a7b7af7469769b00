"""Tries on purpose over memory, SQLite and PostgreSQL: the same records to the byte, and a budget that sixteen at once keep."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from tests.operations.test_route_order import put
from tests.operations.test_try_services import FULL, HALF, MONDAY, POLICY, brand, extra, morning, spent, tried
from tests.routing.brand import NOW

from evenstock.domain import Cents, DecisionRecord
from evenstock.operations.check_books import check_books
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.decisions import decision_from
from evenstock.operations.ports import Store
from evenstock.operations.route_order import route_order
from evenstock.routing.network import ShippingNetwork
from evenstock.storage.memory import MemoryStore

BUDGET = 3_000
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
    """240 orders want more than five times the budget; what the records say was spent is what the books say."""
    want = sum(map(extra, routed(MemoryStore(), brand(), 240)))
    assert want > 5 * BUDGET

    records = routed(store, SMALL, 240, threads=16)

    assert BUDGET * 2 // 3 < sum(map(extra, records)) <= BUDGET
    assert spent(store, MONDAY) == sum(map(extra, records))
    assert any(tried(r) for r in records)
    assert all(r.choice for r in records)
    assert check_books(store, NOW) == []


@pytest.mark.parametrize("seen", [0, 2_500])
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
