"""What else could be done for a node that will be short."""

from __future__ import annotations

import numpy as np
import pytest
from tests.rebalancing import instances
from tests.rebalancing.horizon import horizons

from evenstock.rebalancing.horizon.alternatives import Kind, alternatives


def short_node():
    """Node 1 wants 4 on day 2, has none; node 0 has 6 that nobody wants. A lost sale costs 500."""
    demand = np.zeros((1, 2, 1, 6), int)
    demand[0, 1, 0, 2] = 4
    problem = instances.problem(
        demand,
        [[6, 0]],
        lanes=instances.lanes([(0, 1)], lead=2, unit=30),
        shortage_cents=np.array([[500, 500]]),
        inbound=np.array([[[0] * 6, [0, 0, 0, 0, 2, 0]]]),
    )
    return horizons.horizon(problem, ways=horizons.supplies(1, 6, [1, 1], [4, 1], extra=[[10, 200]]))


def test_each_way_is_weighed_alone_in_its_best_quantity():
    found = {one.kind: one for one in alternatives(short_node(), 0, 1, spill_cents=120, substitute_cents=450)}
    moved = found[Kind.TRANSFER]
    assert (moved.name, moved.units, moved.acts_on, moved.ready_on) == ("N0", 4, 0, 2)
    assert (moved.gain_cents, moved.cost_cents) == (4 * 500 - 4 * 30, 120)
    assert found[Kind.EXPEDITE].gain_cents == 4 * (500 - 200)
    assert found[Kind.EXPEDITE].ready_on == 1
    assert found[Kind.BUY].gain_cents == -10  # comes on day 4, too late: the least unit is bought for nothing
    assert found[Kind.WAIT].gain_cents == 0
    assert found[Kind.WAIT].ready_on == 4
    assert found[Kind.ROUTE_AROUND].gain_cents == 4 * (500 - 120)
    assert found[Kind.SUBSTITUTE].gain_cents == pytest.approx(4 * 50)


def test_the_most_gainful_stands_first():
    gains = [one.gain_cents for one in alternatives(short_node(), 0, 1, spill_cents=120)]
    assert gains == sorted(gains, reverse=True)


def test_a_node_that_is_never_short_needs_no_alternative():
    assert alternatives(short_node(), 0, 0) == ()
