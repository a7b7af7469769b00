"""A feed that cannot be true is held; one that can is not."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances

from evenstock.rebalancing.options.breaker import Fault, held_feeds, without

NODES = ("OWN", "FBA")
YESTERDAY = np.full((20, 2), 40)
SOLD = np.full((20, 2), 3)


def test_a_feed_of_zeros_is_held():
    today = YESTERDAY - SOLD
    today[:, 1] = 0
    (held,) = held_feeds(NODES, today, YESTERDAY, SOLD)
    assert (held.node, held.fault, held.items) == ("FBA", Fault.ALL_ZERO, 20)
    assert held.because.startswith("FBA: the feed says zero for all items, but 20 should have 740 units")


def test_many_items_changed_beyond_reason_are_held_and_a_few_are_not():
    today = YESTERDAY - SOLD
    today[:4, 0] = 400
    assert held_feeds(NODES, today, YESTERDAY, SOLD) == ()
    today[:5, 0] = 400
    (held,) = held_feeds(NODES, today, YESTERDAY, SOLD)
    assert (held.node, held.fault, held.items) == ("OWN", Fault.BULK_CHANGE, 5)


def test_receipts_and_sales_explain_a_change():
    received = np.full((20, 2), 100)
    assert held_feeds(NODES, YESTERDAY + 100 - SOLD, YESTERDAY, SOLD, received) == ()
    sold_out = np.full((20, 2), 40)
    assert held_feeds(NODES, YESTERDAY * 0, YESTERDAY, sold_out) == ()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_an_ordinary_day_is_never_held(seed):
    rng = np.random.default_rng(seed)
    yesterday = rng.integers(0, 60, (30, 3))
    sold = np.minimum(rng.poisson(4, (30, 3)), yesterday)
    received = rng.integers(0, 2, (30, 3)) * 24
    miscounted = rng.integers(-2, 3, (30, 3))
    today = np.maximum(yesterday - sold + received + miscounted, 0)
    assert held_feeds("ABC", today, yesterday, sold, received) == ()


def test_a_held_node_neither_gives_nor_gets():
    problem = instances.random_problem(1, nodes=3)
    today = np.zeros((6, 3), np.int64)
    held = held_feeds(problem.nodes, today, today + np.array([0, 9, 0]), today)
    assert [feed.node for feed in held] == ["N1"]
    closed = without(problem, held).lanes
    touches = (closed.origin == 1) | (closed.destination == 1)
    assert closed.leaves.tolist() == (~touches).tolist()
