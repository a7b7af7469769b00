"""The past decided again: time-travel stock, the same money for every arm, and nobody below the bound."""

import datetime as dt
from collections import Counter
from dataclasses import replace
from math import isnan

import numpy as np
import polars as pl
import pytest
from tests.routing import brand
from tests.routing.brand import compiled, network

from evenstock.domain import Cents, LineId, NodeId, Order, OrderId, OrderLine, ServiceId, ShipTo, Sku, Units
from evenstock.operations.deciding import Books, decide_order
from evenstock.simulation.habit import nearest
from evenstock.simulation.replay.lives import Arm
from evenstock.simulation.replay.past import Past, Shipped, read_past
from evenstock.simulation.replay.replay import DONE, replay

NETWORK = network(3)
POLICY = compiled(NETWORK)
FIRST = dt.date(2026, 11, 16)
ONE, TWO = Sku("SKU-001"), Sku("SKU-002")
CA, GA, IL = NodeId("CA"), NodeId("GA"), NodeId("IL")
GROUND = ServiceId("ups:ground")


def moment(day: int, hour: int = 15) -> dt.datetime:
    return dt.datetime.combine(FIRST + dt.timedelta(days=day), dt.time(hour), dt.UTC)


def order(name: str, *wants: tuple[Sku, int], to: str = "33101", day: int = 0, hour: int = 15) -> Order:
    lines = tuple(OrderLine(LineId(str(n)), sku, Units(units), Cents(2_000)) for n, (sku, units) in enumerate(wants, 1))
    return Order(OrderId(name), lines, ShipTo(to), moment(day, hour))


def past(orders: list[Order], opening: dict, inflow: dict | None = None, done: dict | None = None) -> Past:
    coming = {FIRST + dt.timedelta(days=day): tuple(came.items()) for day, came in (inflow or {}).items()}
    return Past(FIRST, FIRST + dt.timedelta(days=4), tuple(orders), done or {}, {}, opening, coming)


def shipped(node: NodeId, *units: tuple[str, int], service: str = GROUND, cents: int | None = None) -> Shipped:
    goods = tuple((LineId(line), Units(n)) for line, n in units)
    return Shipped(node, ServiceId(service), FIRST, None, 1, cents, False, goods)


def test_each_order_leaves_less_stock_for_the_next() -> None:
    orders = [order(f"A-{n}", (ONE, 1), hour=10 + n) for n in range(3)]
    said = replay(past(orders, {(ONE, GA): 2, (ONE, CA): 5}), NETWORK, POLICY, [Arm("ours")])

    # Miami is near Georgia, which has two.
    assert [plan.nodes for plan in said.plans["ours"]] == [("GA",), ("GA",), ("CA",)]


def test_what_came_in_over_night_is_there_in_the_morning_and_not_before() -> None:
    orders = [order("A-0", (ONE, 1), day=0), order("A-1", (ONE, 1), day=1)]
    said = replay(past(orders, {}, {1: {(ONE, GA): 1}}), NETWORK, POLICY, [Arm("ours")])

    assert [plan is not None for plan in said.plans["ours"]] == [False, True]
    assert said.scores[1].unserved_orders == 1
    assert said.scores[1].lost_cents > 0


def test_an_arm_that_knows_what_a_unit_is_worth_keeps_it_and_pays_no_price() -> None:
    orders = [order("A-0", (ONE, 1))]
    stock = {(ONE, GA): 5, (ONE, IL): 5}
    dear = Arm("prices", lambda _: {(ONE, GA): 10_000})
    said = replay(past(orders, stock), NETWORK, POLICY, [dear, Arm("cheapest now")])

    assert said.plans["prices"][0].nodes == ("IL",)
    assert said.plans["cheapest now"][0].nodes == ("GA",)
    assert all(term.name != "inventory price" for term in said.plans["prices"][0].shipments[0].terms)
    assert said.comparisons[1].difference_cents == (said.plans["prices"][0].cents - said.plans["cheapest now"][0].cents)


def test_the_loop_decides_as_the_production_decision_does_one_by_one() -> None:
    rng = np.random.default_rng(5)
    skus = [Sku(f"SKU-{n:03d}") for n in range(6)]
    cities = list(brand.PLACES)
    orders = []
    for n in range(150):
        chosen = rng.choice(6, size=int(rng.integers(1, 4)), replace=False)
        wants = [(skus[int(i)], int(rng.integers(1, 3))) for i in chosen]
        orders.append(
            order(f"A-{n:03d}", *wants, to=f"{cities[int(rng.integers(len(cities)))]}01", day=n // 40, hour=8)
        )
    stock = {(sku, node.id): int(rng.integers(0, 40)) for sku in skus for node in NETWORK.nodes}
    prices = {key: int(rng.integers(0, 400)) for key in stock}

    def as_ever(found, shipping, policy, read: Books):  # type: ignore[no-untyped-def]
        return decide_order(found, shipping, policy, read)

    lived = past(orders, stock, {2: {(sku, CA): 3 for sku in skus}})
    arms = [Arm("fast", lambda _: prices), Arm("one by one", lambda _: prices, as_ever)]
    said = replay(lived, NETWORK, POLICY, arms, bound=False)

    assert said.plans["fast"] == said.plans["one by one"]
    assert 0.0 < said.whole_share < 0.6  # some orders need the whole machinery, most do not


def test_no_arm_hands_a_service_more_than_it_takes() -> None:
    tight = brand.capped({GROUND: 2, "usps:advantage": 1}, 3)
    policy = compiled(tight)
    orders = [order(f"A-{n}", (ONE, 1), (TWO, 1), hour=10 + n // 4) for n in range(12)]
    stock = {(sku, node): 20 if node == GA else 3 for sku in (ONE, TWO) for node in (CA, GA, IL)}
    said = replay(past(orders, stock), tight, policy, [Arm("ours")])
    free = replay(past(orders, stock), NETWORK, POLICY, [Arm("ours")])
    ways = [s.candidate for plan in said.plans["ours"] if plan for s in plan.shipments]
    taken = Counter((way.service, way.ship_on) for way in ways)

    assert all(plan is not None for plan in said.plans["ours"])
    assert max(n for (service, _), n in taken.items() if service == GROUND) == 2
    assert max(n for (service, _), n in taken.items() if service == "usps:advantage") == 1
    loose = Counter(s.candidate.service for plan in free.plans["ours"] if plan for s in plan.shipments)
    assert max(loose.values()) > 2


def test_what_was_done_is_priced_by_the_same_rates_and_shown_against_ours() -> None:
    orders = [order("A-0", (ONE, 1)), order("A-1", (ONE, 1), (TWO, 1), hour=16)]
    done = {
        OrderId("A-0"): (shipped(CA, ("1", 1)),),
        OrderId("A-1"): (shipped(GA, ("1", 1), cents=1_500), shipped(CA, ("2", 1), cents=1_700)),
    }
    stock = {(ONE, GA): 5, (TWO, GA): 5, (ONE, CA): 5, (TWO, CA): 5}
    said = replay(past(orders, stock, done=done), NETWORK, POLICY, [Arm("ours")])

    theirs, ours = said.scores
    assert (theirs.arm, theirs.orders, theirs.parcels, theirs.split_orders) == (DONE, 2, 3, 1)
    assert (ours.parcels, ours.split_orders) == (2, 0)
    assert said.paid_cents == 1_500 + 1_700
    one, other = (plan.shipments for plan in said.plans[DONE])
    assert one[0].candidate.node == CA
    assert theirs.split_cents == min(s.cents for s in other)
    comparison = said.comparisons[0]
    assert comparison.difference_cents == ours.cents - theirs.cents < 0
    assert isnan(comparison.ratio.low)  # one day proves nothing
    assert {pair.order for pair in comparison.best} == {"A-0", "A-1"}


def test_a_shipment_nobody_can_price_is_named_and_left_out() -> None:
    orders = [order("A-0", (ONE, 1)), order("A-1", (ONE, 1)), order("A-2", (ONE, 2))]
    done = {
        OrderId("A-0"): (shipped(CA, ("1", 1), service="dhl:paket"),),
        OrderId("A-2"): (shipped(GA, ("1", 1)),),
    }
    said = replay(past(orders, {(ONE, GA): 9}, done=done), NETWORK, POLICY, [Arm("ours")])

    assert dict(said.not_priced) == {
        "CA does not ship by dhl:paket in this network, or no rate says what it costs": 1,
        "no shipment is recorded": 1,
        "its shipments held other units than the order wanted": 1,
    }
    assert said.comparisons[0].orders == 0


def test_no_arm_is_below_the_bound_and_perfect_foresight_can_reach_it() -> None:
    # Two orders; Georgia has one unit. The first could go from Illinois for little more, the second (from Denver's side)
    # much dearer: foresight keeps Georgia's unit for the order that needs it more.
    rng = np.random.default_rng(8)
    skus = [Sku(f"SKU-{n:03d}") for n in range(4)]
    cities = list(brand.PLACES)
    orders = [
        order(f"A-{n:02d}", *[(skus[int(i)], 1) for i in rng.choice(4, size=int(rng.integers(1, 3)), replace=False)],
              to=f"{cities[int(rng.integers(len(cities)))]}01", day=n // 20)
        for n in range(60)
    ]  # fmt: skip
    stock = {(sku, node.id): int(rng.integers(4, 16)) for sku in skus for node in NETWORK.nodes}
    said = replay(past(orders, stock), NETWORK, POLICY, [Arm("cheapest now"), Arm("habit", decide=nearest)], sweeps=200)
    assert said.certificate is not None
    totals = {score.arm: score.total_cents for score in said.scores}

    assert said.certificate.cents <= totals["cheapest now"] <= totals["habit"]
    again = replay(past(orders, stock), NETWORK, POLICY, [in_hindsight(said)], bound=False)
    # With the bound's own prices the gap closes to a few percent at most.
    assert said.certificate.cents <= again.scores[1].total_cents <= totals["cheapest now"]
    assert again.scores[1].total_cents / said.certificate.cents < 1.03


def in_hindsight(said):  # type: ignore[no-untyped-def]
    numbers = sorted(NETWORK.items)
    prices = {
        (numbers[i], NETWORK.nodes[k].id): round(float(said.certificate.price[k, i]))
        for k, i in zip(*np.nonzero(said.certificate.price), strict=True)
    }
    return Arm("hindsight", lambda _: prices)


def test_orders_that_cannot_be_decided_about_are_counted_not_lost() -> None:
    said = replay(
        past([order("A-0", (Sku("NOBODY"), 1)), order("A-1", (ONE, 1))], {(ONE, GA): 1}), NETWORK, POLICY, [Arm("ours")]
    )

    assert [plan is None for plan in said.plans["ours"]] == [True, False]
    assert said.certificate is not None
    assert (said.certificate.orders, said.certificate.left_out) == (1, 1)


def test_arms_have_names_of_their_own() -> None:
    with pytest.raises(ValueError, match="each with its own name"):
        replay(past([order("A-0", (ONE, 1))], {}), NETWORK, POLICY, [Arm("ours"), Arm("ours")])


# --- the past as tables ------------------------------------------------------------------------------------------------


def history(*rows: tuple[str, str, str, int, int, int, str]) -> pl.DataFrame:
    """Order, line, sku, units, cancelled, day, served by."""
    return pl.DataFrame(
        [(o, line, sku, units, gone, moment(day), "33101", "US", by) for o, line, sku, units, gone, day, by in rows],
        orient="row",
        schema={"order": pl.String, "line": pl.String, "sku": pl.String, "units": pl.Int64, "cancelled": pl.Int64,
                "placed_at": pl.Datetime("us", "UTC"), "postal_code": pl.String, "country": pl.String,
                "served_by": pl.String},
    )  # fmt: skip


def mornings(*rows: tuple[int, str, str, int]) -> pl.DataFrame:
    return pl.DataFrame(
        [(FIRST + dt.timedelta(days=day), sku, node, units) for day, sku, node, units in rows], orient="row",
        schema={"date": pl.Date, "sku": pl.String, "node": pl.String, "units": pl.Int64},
    )  # fmt: skip


def test_what_came_in_is_what_the_record_gained_and_what_was_shipped() -> None:
    tables = {
        "order_history": history(("A-0", "1", ONE, 3, 1, 0, "GA"), ("A-1", "1", ONE, 1, 0, 1, "GA")),
        "stock_history": mornings((0, ONE, "GA", 10), (1, ONE, "GA", 12), (2, ONE, "GA", 11)),
    }
    found = read_past(tables, NETWORK.items, FIRST, FIRST + dt.timedelta(days=2))

    # Two left on the first day (one of three was cancelled) and the shelf gained two: four came. Then one left, one less.
    assert found.opening == {(ONE, GA): 10}
    assert found.inflow == {FIRST + dt.timedelta(days=1): (((ONE, GA), 4),), FIRST + dt.timedelta(days=2): ()}
    assert [line.units for line in found.orders[0].lines] == [2]
    assert found.cancelled == {"A-0": 1}
    assert found.done[OrderId("A-1")][0].service == ""
    assert "only the node is known" in found.notes[0]


def test_shipments_with_their_goods_are_read_as_they_were_sent() -> None:
    sent = pl.DataFrame(
        {"shipment": ["S-1", "S-2", "S-3"], "order": ["A-0", "A-0", "A-9"], "node": ["GA", "CA", "GA"],
         "service": ["ups:ground"] * 3, "shipped_on": [FIRST] * 3, "delivered_on": [None, None, None],
         "parcels": [1, 2, 1], "cents": [900, None, 1], "reship": [False, True, False]},
        schema_overrides={"delivered_on": pl.Date},
    )  # fmt: skip
    tables = {
        "order_history": history(("A-0", "1", ONE, 2, 0, 0, "")),
        "shipments": sent,
        "stock": pl.DataFrame({"sku": [ONE], "node": ["GA"], "on_hand": [7], "held": [2]}),
    }
    found = read_past(tables, NETWORK.items, FIRST, FIRST)

    first, second = found.done[OrderId("A-0")]
    assert (first.paid_cents, first.units, second.reship) == (900, ((LineId("1"), 2),), True)
    assert found.opening == {(ONE, GA): 5}
    assert "no stock_history" in found.notes[0]
    said = replay(replace(found), NETWORK, POLICY, [Arm("ours")], bound=False)
    assert (said.reships, said.scores[0].parcels) == (1, 1)


def test_a_past_without_orders_or_stock_says_what_to_bring() -> None:
    with pytest.raises(ValueError, match="no table order_history"):
        read_past({}, NETWORK.items, FIRST, FIRST)
    with pytest.raises(ValueError, match="no past orders from 2026-11-16"):
        read_past({"order_history": history(("A-0", "1", ONE, 1, 0, 9, ""))}, NETWORK.items, FIRST, FIRST)
    with pytest.raises(ValueError, match="nothing says what was in stock"):
        read_past({"order_history": history(("A-0", "1", ONE, 1, 0, 0, ""))}, NETWORK.items, FIRST, FIRST)
