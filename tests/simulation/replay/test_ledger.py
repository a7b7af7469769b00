"""The distance from perfect, split so that the parts add up."""

import numpy as np
import pytest
from tests.routing import brand
from tests.simulation.replay.test_replay import CA, GA, ONE, order, past, shipped
from tests.simulation.replay.test_rule_prices import SHIPPING

from evenstock.domain import NodeId, OrderId, Policy, Rule, Sku
from evenstock.operations.network import Network
from evenstock.policy import compile as compile_policy
from evenstock.simulation.replay.ledger import ledger
from evenstock.simulation.replay.lives import Arm
from evenstock.simulation.replay.replay import replay


def network(*rules: Rule) -> Network:
    nodes = {node.id: node for node in SHIPPING.nodes}
    policy = compile_policy(Policy("test", rules), nodes, SHIPPING.items, SHIPPING.book.services)
    return Network(nodes, SHIPPING.items, (), SHIPPING.costs, policy, SHIPPING.book)


def test_the_rows_add_up_to_the_distance_and_each_is_what_it_says() -> None:
    rng = np.random.default_rng(11)
    skus, cities = [Sku(f"SKU-{n:03d}") for n in range(4)], list(brand.PLACES)
    orders = [
        order(f"A-{n:02d}", *[(skus[int(i)], 1) for i in rng.choice(4, size=int(rng.integers(1, 3)), replace=False)],
              to=f"{cities[int(rng.integers(len(cities)))]}01", day=n // 20)
        for n in range(60)
    ]  # fmt: skip
    stock = {(sku, node.id): int(rng.integers(6, 20)) for sku in skus for node in SHIPPING.nodes}
    here = network(Rule("west", "require", (("nodes", "CA"), ("postal_prefixes", "3,1,0")), hard=False))
    lived = past(orders, stock)
    said = replay(lived, SHIPPING, here.policy, [Arm("ours")], sweeps=150)

    found = ledger(lived, said, here, SHIPPING)

    assert said.certificate is not None
    assert [row.cause for row in found.rows] == ["forecast", "wishes", "order by order"]
    assert sum(row.cents for row in found.rows) == pytest.approx(found.distance_cents)
    assert found.distance_cents == pytest.approx(said.scores[1].total_cents - said.certificate.cents)
    assert {row.cause: row.cents > 0 for row in found.rows}["wishes"]
    assert found.rows[2].cents >= 0  # no lawful routing is below the bound
    assert found.beside == ()


def test_what_people_did_dearer_and_what_carriers_charged_more_stand_by_themselves() -> None:
    orders = [order("A-0", (ONE, 1))]
    done = {OrderId("A-0"): (shipped(CA, ("1", 1), cents=5_000),)}
    lived = past(orders, {(ONE, GA): 5, (ONE, CA): 5}, done=done)
    here = network()
    said = replay(lived, SHIPPING, here.policy, [Arm("ours")])

    found = ledger(lived, said, here, SHIPPING, missing_units=2)

    theirs, ours = said.scores
    rows = {row.cause: row.cents for row in found.rows}
    assert rows["people and habit"] == theirs.cents - ours.cents > 0
    assert rows["forecast"] == rows["wishes"] == 0
    beside = {row.cause: row.cents for row in found.beside}
    assert beside["stock error"] == 2 * SHIPPING.costs.short_pick_cents
    assert beside["rates"] == 5_000 - theirs.freight_cents


def test_without_a_bound_there_is_no_distance_to_split() -> None:
    lived, here = past([order("A-0", (ONE, 1))], {(ONE, NodeId("GA")): 1}), network()
    said = replay(lived, SHIPPING, here.policy, [Arm("ours")], bound=False)

    with pytest.raises(ValueError, match="needs a replay with a bound"):
        ledger(lived, said, here, SHIPPING)
