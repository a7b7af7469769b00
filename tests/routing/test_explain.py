"""What is said of a plan beside its terms: the margin on shipping, and what became of the promise."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
from tests.routing.brand import NOW, frames, items, network, nodes, order

from evenstock.domain import Cents, CostTerm, NodeId, Order, OrderPlan, Promise, Sku
from evenstock.freight.rates import RateBook
from evenstock.freight.zones import ZoneMap
from evenstock.routing.candidates import candidates
from evenstock.routing.commitment import commitment_of, whole_by
from evenstock.routing.decide import Decision, decide, no_rules
from evenstock.routing.explain import shipping_margin
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.price import by_node_and_line, price

NETWORK = network()


def decided(of: Order, shipping: ShippingNetwork = NETWORK, **stock: int) -> Decision:
    found = candidates(of, shipping, NOW, {})
    there = {(Sku(f"SKU-00{line}"), NodeId(node)): n for node, n in stock.items() for line in (1, 2)}
    pricing = price(found, shipping, by_node_and_line(found, shipping, there), by_node_and_line(found, shipping, {}))
    return decide(pricing, no_rules(pricing.priced.permitted.shape), shipping)


def plan(of: Order, shipping: ShippingNetwork = NETWORK, **stock: int) -> OrderPlan:
    found = decided(of, shipping, **stock).plan
    assert found is not None
    return found


def test_the_margin_is_what_was_paid_less_what_carriers_charge():
    of = replace(order(("SKU-001", 1)), shipping_paid_cents=Cents(1_500))
    shipped = plan(of, TX=1)
    carriers = sum(t.cents for t in shipped.shipments[0].terms if t.name in ("base freight", "fuel", "surcharges"))

    assert 0 < carriers < shipped.cents
    assert shipping_margin(shipped, of) == 1_500 - carriers
    assert CostTerm("pick and pack", Cents(240)) in shipped.shipments[0].terms  # the node's work is no freight


def test_the_sentence_shows_the_margin_only_where_shipping_was_paid():
    free = decided(order(("SKU-001", 1)), TX=1)
    paid = decided(replace(order(("SKU-001", 1)), shipping_paid_cents=Cents(100)), TX=1)

    assert "margin" not in free.sentence
    assert "; 1.00 paid for shipping, freight " in paid.sentence
    assert ": margin -" in paid.sentence
    assert free.plan == paid.plan


def test_a_commitment_is_the_product_of_its_shipments_chances():
    # Austin from Texas is zone 3, from New Jersey zone 7. Two-day air: 1 day 0.8 - 0.02 z, 2 days 0.15, the rest in 4.
    of = replace(order(("SKU-001", 1), ("SKU-002", 1)), promise=Promise(NOW.date() + timedelta(days=2), 0.7))
    both = plan(of, TX=1)
    way = replace(both.shipments[0].candidate, service="ups:two_day")
    split = OrderPlan(
        tuple(replace(both.shipments[0], candidate=replace(way, node=NodeId(node))) for node in ("TX", "NJ"))
    )
    zones = [NETWORK.book.zone(postal, "78701") for postal in ("75201", "07001")]
    said = commitment_of(of, split, NETWORK)

    assert zones == [3, 7]
    assert said is not None
    assert (said.deliver_by, said.told_millionths) == (date(2026, 11, 22), 700_000)
    assert said.now_millionths == round((0.95 - 0.06) * (0.95 - 0.14) * 1e6)


def test_nothing_promised_commits_to_nothing_and_unknown_transit_changes_nothing_told():
    bare = ShippingNetwork(
        nodes(),
        items(),
        RateBook.from_frames(**{k: v for k, v in frames().items() if k != "transit"}),
        NETWORK.costs,
        "x",
    )
    promised = replace(order(("SKU-001", 1)), promise=Promise(NOW.date() + timedelta(days=4), 0.93))
    unknown = commitment_of(promised, plan(promised, bare, TX=1), bare)

    assert commitment_of(order(("SKU-001", 1)), plan(order(("SKU-001", 1)), TX=1), NETWORK) is None
    assert unknown is not None
    assert unknown.told_millionths == unknown.now_millionths == 930_000
    assert whole_by(promised, plan(promised, bare, TX=1), bare) is None


def test_a_chance_of_nine_in_ten_is_not_lost_to_binary_fractions():
    book = RateBook([], ZoneMap({("752", "787"): 3}), {("c:s", 3): np.array([0.7, 0.2, 0.1])})
    texas = ShippingNetwork([n for n in nodes() if n.id == "TX"], items(), book, NETWORK.costs, "x")
    of = replace(order(("SKU-001", 1)), promise=Promise(NOW.date() + timedelta(days=1), 0.9))
    shipment = plan(of, TX=1).shipments[0]
    by_it = OrderPlan((replace(shipment, candidate=replace(shipment.candidate, service="c:s")),))

    assert whole_by(of, by_it, texas) == 900_000
