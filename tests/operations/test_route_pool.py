"""Orders that wait together are served together: the same records, the same events, and nobody left out without need."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from tests.operations.test_route_order import put, reserved, told
from tests.routing.brand import NOW, compiled, network, order, random_order

from evenstock.domain import NodeId, Outcome, Policy, Quota, Rule, Sku, Units
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.decisions import decision_from
from evenstock.operations.roll_out import RollOut
from evenstock.operations.route_order import route_many, route_order
from evenstock.operations.route_pool import route_pool
from evenstock.policy import default_policy
from evenstock.storage.memory import MemoryStore

NETWORK = network()
POLICY = compiled(NETWORK)
WHOLE = compiled(NETWORK, Policy("whole", (Rule("once", "max_shipments", (("shipments", "1"),)),)))
"""Law: an order leaves in one shipment."""
ONE, TWO = Sku("SKU-001"), Sku("SKU-002")
FIRST, LARGE = order((ONE, 1), name="A-1"), order((ONE, 2), name="A-2")


@pytest.fixture
def store():
    opened = MemoryStore()
    yield opened
    opened.close()


def outcomes(routed) -> list[Outcome]:
    return [one.record.outcome for one in routed]


def test_an_early_order_makes_room_for_one_that_has_no_other_node(store):
    # TX is the cheapest for both and has two, NJ has one; alone the first takes one at TX and two are nowhere together.
    alone = MemoryStore()
    for books in (store, alone):
        put(books, {(ONE, "TX"): 2, (ONE, "NJ"): 1})
    assert outcomes(route_many(alone, NETWORK, WHOLE, [FIRST, LARGE], NOW)) == [Outcome.EXECUTED, Outcome.UNSERVED]

    done = route_pool(store, NETWORK, WHOLE, [FIRST, LARGE], NOW)

    assert outcomes(done.routed) == [Outcome.EXECUTED] * 2
    assert reserved(store) == {(ONE, "NJ", ""): 1, (ONE, "TX", ""): 2}
    assert (done.together, done.served, done.most_served, done.moved, done.proven) == (2, 2, 2, 1, True)
    assert done.cents == sum(one.record.choice.cents for one in done.routed) == done.least_cents
    moved = done.routed[0].record
    assert "Decided together with one other order: alone it would ship from TX" in moved.sentence
    assert [plan.nodes for plan in moved.alternatives] == [("TX",)]
    assert "together" not in done.routed[1].record.sentence
    assert told(store) == ["OrderRouted", "OrderRouted"]
    for one in done.routed:
        assert decision_from(one.record.canonical()) == one.record


def test_a_pool_that_nothing_is_short_for_is_each_order_alone(store):
    rng = np.random.default_rng(4)
    wave = [random_order(rng, 3, f"A-{n}") for n in range(12)]
    alone = MemoryStore()
    for books in (store, alone):
        put(books, {(line.sku, k): 99 for of in wave for line in of.lines for k in ("CA", "NJ", "TX")})

    done = route_pool(store, NETWORK, POLICY, wave, NOW)

    assert done.moved == 0
    assert done.worth == ()
    expected = [route_order(alone, NETWORK, POLICY, RouteOrder(of, NOW)).record.choice for of in wave]
    assert [one.record.choice for one in done.routed] == expected


def test_the_same_pool_again_gets_the_same_records_and_takes_no_more(store):
    put(store, {(ONE, "TX"): 2, (ONE, "NJ"): 1})
    first = route_pool(store, NETWORK, WHOLE, [FIRST, LARGE], NOW)
    held = reserved(store)
    again = route_pool(store, NETWORK, WHOLE, [LARGE, FIRST], NOW + timedelta(hours=1))

    assert [one.repeated for one in again.routed] == [True, True]
    assert [one.record for one in again.routed] == [first.routed[1].record, first.routed[0].record]
    assert again.together == 0
    assert reserved(store) == held


def test_how_the_pool_is_listed_decides_nothing():
    plans = []
    for listed in ([FIRST, LARGE], [LARGE, FIRST]):
        books = MemoryStore()
        put(books, {(ONE, "TX"): 2, (ONE, "NJ"): 1})
        done = route_pool(books, NETWORK, WHOLE, listed, NOW)
        plans.append({one.record.order: one.record.choice for one in done.routed})
    assert plans[0] == plans[1]


def test_what_is_left_out_is_named_and_kept(store):
    put(store, {(ONE, "TX"): 2})
    done = route_pool(store, NETWORK, WHOLE, [FIRST, LARGE, replace(FIRST, id="A-3")], NOW)

    assert outcomes(done.routed) == [Outcome.EXECUTED, Outcome.UNSERVED, Outcome.EXECUTED]
    assert done.left_out == (("A-2", "the 2 SKU-001 at TX go to other orders"),)
    assert "Of 3 orders decided together, the 2 SKU-001 at TX go to other orders." in done.routed[1].record.sentence
    assert sorted(told(store)) == ["OrderNotRouted", "OrderRouted", "OrderRouted"]


def test_bad_orders_in_a_pool_are_answers_and_keep_nobody_waiting(store):
    put(store, {(ONE, "TX"): 5})
    bad = [order(("GHOST", 1), name="B-1"), order((ONE, 10**9), name="B-2"), order((ONE, 1), name="B-3", zip3="999")]
    done = route_pool(store, NETWORK, POLICY, [*bad, FIRST], NOW)
    assert outcomes(done.routed) == [Outcome.UNSERVED] * 3 + [Outcome.EXECUTED]
    assert route_pool(store, NETWORK, POLICY, [], NOW).routed == ()


def test_places_of_a_day_go_round_and_the_rest_waits_a_day():
    capped = network(2, orders_per_day=2)
    books = MemoryStore()
    put(books, {(ONE, "CA"): 50, (ONE, "GA"): 50})
    wave = [order((ONE, 1), name=f"A-{n}") for n in range(11)]
    done = route_pool(books, capped, compiled(capped), wave, NOW, ship_days=2)

    assert outcomes(done.routed) == [Outcome.EXECUTED] * 11  # eight places in two days; three are routed alone, later
    assert (done.served, len(done.left_out)) == (8, 3)
    days = [one.record.choice.shipments[0].candidate for one in done.routed]
    places = {(way.node, way.ship_on) for way in days}
    assert all(sum((way.node, way.ship_on) == place for way in days) <= 2 for place in places)
    worth = {(row.name, row.day): row.cents for row in done.capacity_prices(NOW)}
    assert set(worth) <= {(k, d) for k in ("CA", "GA") for d in (date(2026, 11, 20), date(2026, 11, 23))}
    assert max(worth.values()) > 0


def test_a_service_picks_up_no_more_than_it_can(store):
    put(store, {(ONE, k): 50 for k in ("CA", "TX")})
    wave = [order((ONE, 1), name=f"A-{n}") for n in range(6)]
    free = route_pool(MemoryStore(), NETWORK, POLICY, [], NOW)
    assert free.served == 0
    done = route_pool(store, NETWORK, POLICY, wave, NOW, ship_days=1, service_ceilings={"usps:advantage": 2})
    services = [one.record.choice.shipments[0].candidate.service for one in done.routed]
    assert services.count("usps:advantage") == 2
    assert done.proven


def test_protected_units_stay_with_their_class(store):
    put(store, {(ONE, "TX"): 3})
    with store.transaction() as books:
        books.set_quotas([Quota(ONE, NodeId("TX"), "vip", Units(2), Units(0))])
    wave = [replace(order((ONE, 1), name=f"A-{n}"), order_class="vip" if n == 2 else "") for n in range(3)]
    done = route_pool(store, NETWORK, WHOLE, wave, NOW)

    assert done.routed[2].record.outcome is Outcome.EXECUTED
    assert sorted(one.value for one in outcomes(done.routed[:2])) == ["awaits_approval", "executed"]
    assert done.left_out[0][1] == "the 1 SKU-001 at TX beside those protected for vip go to other orders"


def test_what_others_took_meanwhile_is_decided_anew(store, monkeypatch):
    put(store, {(ONE, "TX"): 2, (ONE, "NJ"): 1})
    from evenstock.operations import route_pool as module

    join = module.join

    def slow(*given, **kept):
        found = join(*given, **kept)
        route_order(store, NETWORK, WHOLE, RouteOrder(order((ONE, 1), name="Z-9", zip3="100"), NOW))  # takes NJ's last
        return found

    monkeypatch.setattr(module, "join", slow)
    done = route_pool(store, NETWORK, WHOLE, [FIRST, LARGE], NOW)
    assert outcomes(done.routed) == [Outcome.EXECUTED, Outcome.UNSERVED]
    assert reserved(store) == {(ONE, "NJ", ""): 1, (ONE, "TX", ""): 1}


def test_a_shadow_pool_and_orders_outside_the_roll_out_reserve_nothing(store):
    put(store, {(ONE, "TX"): 2, (ONE, "NJ"): 1})
    shadow = route_pool(store, NETWORK, WHOLE, [FIRST, LARGE], NOW, shadow=True)
    assert outcomes(shadow.routed) == [Outcome.SHADOW] * 2
    assert [one.record.choice.nodes for one in shadow.routed] == [("NJ",), ("TX",)]
    outside = route_pool(store, NETWORK, WHOLE, [FIRST], NOW, stage=RollOut(live=False))
    assert outcomes(outside.routed) == [Outcome.SHADOW]
    assert outside.together == 0
    assert reserved(store) == {}


def test_a_wish_is_given_up_before_an_order_is_left_out(store):
    # Each alone ships from TX, which has one; WA has one more, and a wish says not from there.
    put(store, {(ONE, "TX"): 1, (ONE, "WA"): 1})
    rules = Policy(
        "wishes",
        (
            *(rule for rule in default_policy().rules if rule.hard),
            Rule("near", "forbid", (("nodes", "WA"),), hard=False),
        ),
    )
    wave = [order((ONE, 1), name=f"A-{n}") for n in (1, 2)]
    done = route_pool(store, NETWORK, compiled(NETWORK, rules), wave, NOW)
    assert outcomes(done.routed) == [Outcome.EXECUTED] * 2
    given_up = [one.record.relaxed for one in done.routed]
    assert sorted(given_up) == [(), ("near: WA may not carry any order",)]
    assert (done.served, done.left_out) == (2, ())


def test_a_wave_of_real_orders_serves_more_and_costs_what_its_records_say():
    rng = np.random.default_rng(9)
    wave = [random_order(rng, int(rng.integers(1, 4)), f"A-{n:03d}") for n in range(40)]
    skus = sorted({line.sku for of in wave for line in of.lines})
    shelf = {(sku, k): int(rng.integers(0, 3)) for sku in skus for k in ("CA", "NJ", "TX")}
    pooled, alone = MemoryStore(), MemoryStore()
    for books in (pooled, alone):
        put(books, shelf)
    one_by_one = route_many(alone, NETWORK, POLICY, wave, NOW)
    done = route_pool(pooled, NETWORK, POLICY, wave, NOW)
    ships = [one.record for one in done.routed if one.record.choice and one.record.outcome is Outcome.EXECUTED]
    assert len(ships) >= sum(one.record.outcome is Outcome.EXECUTED for one in one_by_one)
    late = {name for name, _ in done.left_out}
    assert sum(record.choice.cents for record in ships if record.order not in late) == done.cents
    held: dict = {}
    for record in ships:
        for shipment in record.choice.shipments:
            for line in shipment.lines:
                key = (line.sku, shipment.candidate.node)
                held[key] = held.get(key, 0) + line.units
    assert {(sku, node): n for (sku, node, _), n in reserved(pooled).items()} == held
    assert all(n <= shelf[key] for key, n in held.items())
