"""Another item ships only where it is allowed, only whole lines, and only where the ordered one cannot ship at all."""

from dataclasses import replace

import polars as pl
from tests.routing.brand import NOW, compiled, items, network, order

from evenstock.domain import NodeId, Order, Policy, Rule, Sku, StockBalance, Units
from evenstock.operations.deciding import Books, decide_order
from evenstock.operations.substitution import (
    Replaced,
    Substitutes,
    allowed_substitutes,
    shippable,
    skus_of,
    with_substitutes,
)
from evenstock.policy import CompiledPolicy
from evenstock.routing.candidates import candidates
from evenstock.routing.network import ShippingNetwork

NETWORK = network()
POLICY = compiled(NETWORK)
RED, BLUE, GREEN, MUG = (Sku(f"SKU-00{n}") for n in range(1, 5))
ALLOWED: Substitutes = {RED: (BLUE, GREEN)}


def asked(
    of: Order,
    stock: dict[tuple[Sku, str], int],
    policy: CompiledPolicy = POLICY,
    shipping: ShippingNetwork = NETWORK,
    allowed: Substitutes = ALLOWED,
):
    balances = [StockBalance(sku, NodeId(node), available=Units(n)) for (sku, node), n in sorted(stock.items())]
    return with_substitutes(of, allowed, shippable(shipping, policy, Books(balances, (), {}), NOW))


def test_a_line_that_no_node_can_ship_is_replaced_whole_and_the_others_stay():
    of = order((RED, 3), (MUG, 1))
    found = asked(of, {(RED, "TX"): 2, (BLUE, "TX"): 2, (GREEN, "TX"): 3, (MUG, "TX"): 1})

    # Three red ones are not there, nor are three blue ones; three green ones are, and no two of red are mixed in.
    assert found is not None
    assert [line.sku for line in found.order.lines] == [GREEN, MUG]
    assert [line.units for line in found.order.lines] == [3, 1]
    assert found.replaced == (Replaced(of.lines[0].id, Units(3), RED, GREEN),)
    assert found.sentence == "line 1: 3 SKU-003 in place of SKU-001, which no node can ship."
    assert found.order.lines[0].price_cents == of.lines[0].price_cents
    assert found.order.id == of.id


def test_the_best_liked_that_can_ship_is_taken():
    found = asked(order((RED, 1)), {(BLUE, "TX"): 1, (GREEN, "TX"): 1})

    assert found is not None
    assert found.replaced[0].substitute == BLUE


def test_what_can_ship_is_never_replaced_though_it_is_dearer_to_ship():
    assert asked(order((RED, 1)), {(RED, "WA"): 1, (BLUE, "TX"): 9}) is None
    assert asked(order((RED, 2)), {(RED, "WA"): 1, (RED, "TX"): 1, (BLUE, "TX"): 9}) is None  # from two nodes


def test_where_a_line_has_no_way_at_all_nothing_is_replaced():
    assert asked(order((RED, 1), (MUG, 1)), {(BLUE, "TX"): 1}) is None
    assert asked(order((RED, 1)), {(BLUE, "TX"): 1}, allowed={}) is None
    assert asked(order((RED, 1)), {(Sku("SKU-009"), "TX"): 1}, allowed={RED: (Sku("GONE"),)}) is None


def test_a_substitute_must_be_lawful_too():
    dedicated = Rule("hazmat", "certification")
    burning = dict(items()) | {BLUE: replace(items()[BLUE], requires=frozenset({"hazmat"}))}
    shipping = ShippingNetwork(NETWORK.nodes, burning, NETWORK.book, NETWORK.costs, "sha256:test")
    policy = compiled(shipping, Policy("law", (dedicated,)))
    found = asked(order((RED, 1)), {(BLUE, "TX"): 1, (GREEN, "TX"): 1}, policy, shipping)

    assert found is not None
    assert found.replaced[0].substitute == GREEN


def test_the_replaced_order_is_routed_as_any_other():
    found = asked(order((RED, 2), (MUG, 1)), {(BLUE, "TX"): 2, (MUG, "TX"): 1})
    assert found is not None
    balances = [StockBalance(sku, NodeId("TX"), available=Units(n)) for sku, n in ((BLUE, 2), (MUG, 1))]
    ways = candidates(found.order, NETWORK, NOW, {})
    plan = decide_order(ways, NETWORK, POLICY, Books(balances, (), {})).plan

    assert plan is not None
    assert sorted((line.sku, line.units) for s in plan.shipments for line in s.lines) == [(BLUE, 2), (MUG, 1)]


def test_the_table_says_what_is_allowed_and_what_customers_like_best():
    frame = pl.DataFrame(
        [(RED, GREEN, 0.2, True), (RED, BLUE, 0.5, True), (RED, MUG, 0.9, False), (BLUE, BLUE, 0.1, True),
         (GREEN, RED, 0.3, True), (GREEN, BLUE, 0.3, True)],
        schema=["sku", "substitute", "share", "allowed"], orient="row",
    )  # fmt: skip

    assert allowed_substitutes(frame) == {RED: (BLUE, GREEN), GREEN: (RED, BLUE)}
    assert allowed_substitutes(frame.drop("allowed")) == {}
    assert allowed_substitutes(None) == {}
    assert skus_of(order((RED, 1), (MUG, 1)), ALLOWED) == [RED, BLUE, GREEN, MUG]
