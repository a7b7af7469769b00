"""Every rule has a price: what plans cost more because of it, in cents, with the order it makes dearest."""

from typing import Any

from tests.routing import brand
from tests.simulation.replay.test_replay import CA, GA, IL, ONE, TWO, order, past

from evenstock.domain import Policy, Rule
from evenstock.operations.network import Network
from evenstock.policy import compile as compile_policy
from evenstock.simulation.replay.lives import Arm
from evenstock.simulation.replay.replay import replay
from evenstock.simulation.replay.rule_prices import RulePrice, rule_prices

SHIPPING = brand.network(3)


def priced(orders: list[Any], opening: dict[Any, int], *rules: Rule, sample: int = 100) -> dict[str, RulePrice]:
    nodes = {node.id: node for node in SHIPPING.nodes}
    policy = compile_policy(Policy("test", rules), nodes, SHIPPING.items, SHIPPING.book.services)
    network = Network(nodes, SHIPPING.items, (), SHIPPING.costs, policy, SHIPPING.book)
    found = rule_prices(past(orders, opening), network, SHIPPING, Arm("ours"), sample=sample)
    return {one.rule: one for one in found}


def cents(nodes: list[str], *wants: Any) -> int:
    """What the first order costs where only these nodes have stock."""
    stock = {(sku, node): 9 for node in nodes for sku, _ in wants}
    policy = compile_policy(
        Policy("none", ()), {n.id: n for n in SHIPPING.nodes}, SHIPPING.items, SHIPPING.book.services
    )
    said = replay(past([order("A-0", *wants)], stock), SHIPPING, policy, [Arm("ours")], bound=False)
    assert said.plans["ours"][0] is not None
    return said.plans["ours"][0].cents


def test_a_rule_costs_what_its_orders_pay_more_and_nothing_where_it_does_not_bind() -> None:
    # Two orders to Miami: Georgia is near. The rule sends mugs from California alone; cups may go as they like.
    west = Rule("west", "require", (("nodes", "CA"), ("skus", ONE)))
    idle = Rule("idle", "forbid", (("nodes", "IL"),))
    stock = {(sku, node): 9 for sku in (ONE, TWO) for node in (CA, GA, IL)}
    found = priced([order("A-0", (ONE, 1)), order("A-1", (TWO, 1), hour=16)], stock, west, idle)

    more = cents(["CA"], (ONE, 1)) - cents(["GA"], (ONE, 1))
    assert more > 0
    assert (found["west"].cents, found["west"].bound, found["west"].orders) == (more, 1, 2)
    assert found["west"].share == 0.5
    assert found["west"].cents_an_order == more / 2
    assert found["west"].example == "A-0"
    assert (found["idle"].cents, found["idle"].bound) == (0, 0)


def test_a_rule_that_leaves_an_order_unserved_costs_the_sale_it_loses() -> None:
    west = Rule("west", "require", (("nodes", "CA"),))
    found = priced([order("A-0", (ONE, 1))], {(ONE, GA): 1}, west)

    item = SHIPPING.items[ONE]
    lost = item.price_cents - item.unit_cost_cents + item.price_cents * SHIPPING.costs.goodwill_bp // 10_000
    assert found["west"].cents == lost - cents(["GA"], (ONE, 1))


def test_two_rules_that_forbid_the_same_have_no_price_of_their_own() -> None:
    # Either alone keeps Georgia out: taking one away changes nothing.
    one, other = Rule("one", "forbid", (("nodes", "GA"),)), Rule("other", "require", (("nodes", "CA,IL"),))
    found = priced([order("A-0", (ONE, 1))], {(ONE, GA): 1, (ONE, CA): 1}, one, other)

    assert [found[name].bound for name in ("one", "other")] == [0, 0]


def test_stock_at_the_moment_counts_not_that_of_the_morning() -> None:
    # Georgia's only unit goes to the first order; the second has no choice but California, rule or not.
    east = Rule("no-ga", "forbid", (("nodes", "GA"), ("order_classes", "vip")))
    found = priced([order("A-0", (ONE, 1)), order("A-1", (ONE, 1), hour=16)], {(ONE, GA): 1, (ONE, CA): 5}, east)

    assert found["no-ga"].bound == 0


def test_a_sample_is_drawn_where_there_are_many_orders() -> None:
    west = Rule("west", "require", (("nodes", "CA"),))
    orders = [order(f"A-{n:02d}", (ONE, 1), hour=n % 9) for n in range(30)]
    found = priced(orders, {(ONE, GA): 99, (ONE, CA): 99}, west, sample=10)["west"]

    assert (found.orders, found.bound) == (10, 10)
    assert found.low == found.high == found.cents / 10  # every order pays the same
