"""Lint against brute force: every order of a small world is asked, with no set logic at all."""

from itertools import combinations, product

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenstock.domain import ShipTo
from evenstock.policy.lint import Fault, lint

NODES = ["CA", "NJ", "TX"]
ORDERS = list(product(["standard", "vip", "gift"], ["10001", "90001", "91001"], ["MUG", "LIPO"]))
RULES = st.tuples(
    st.sampled_from(["forbid", "require"]),
    st.sets(st.sampled_from(NODES), min_size=1, max_size=2),
    st.sampled_from([None, "vip", "gift", "vip,gift"]),
    st.sampled_from([None, "9", "90", "1"]),
    st.sampled_from([None, "MUG", "LIPO"]),
)


def dead(world, rules, order):
    """Whether these rules leave no node for an order."""
    name, postal, sku = order
    asked = world.an_order(sku, order_class=name, ship_to=ShipTo(postal))
    return not world.ask(list(rules), world.ways(*(f"{n}:ups:ground" for n in NODES)), asked).hard.any()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.lists(RULES, max_size=5))
def test_contradictions_are_those_that_some_order_meets(world, drawn):
    rules = [
        world.rule(
            kind,
            name=f"r{k}",
            nodes=",".join(sorted(nodes)),
            **{n: v for n, v in (("order_classes", name), ("postal_prefixes", postal), ("skus", sku)) if v},
        )
        for k, (kind, nodes, name, postal, sku) in enumerate(drawn)
    ]
    nodes = {n: node for n, node in world.NODES.items() if n in NODES}
    items = {sku: world.ITEMS[sku] for sku in ("MUG", "LIPO")}
    told = lint(world.compiled(*rules, nodes=nodes, items=items), world.FRIDAY)
    by_name = {rule.id: rule for rule in rules}
    for finding in told:
        named = [by_name[name] for name in finding.rules]
        if finding.law:
            assert finding.fault is Fault.CONTRADICTORY
            assert any(dead(world, named, order) for order in ORDERS)
            # None of them does it alone.
            order = next(order for order in ORDERS if dead(world, named, order))
            assert not any(dead(world, [rule], order) for rule in named)
    if any(dead(world, pair, order) for pair in combinations(rules, 2) for order in ORDERS):
        assert any(finding.law or finding.fault is Fault.GAP for finding in told)
