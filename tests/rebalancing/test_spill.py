"""A shortage costs the detour while a neighbour has stock, and the sale once the pool is empty."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tests.rebalancing import instances

from evenstock.rebalancing import Moves, Rerouting, solve
from evenstock.rebalancing.worth.spill import shortage_cents

ROUTES = Rerouting(np.full((1, 3), 900), np.full((1, 3), 100), np.array([[1, -1], [0, -1], [-1, -1]]))
"""Nodes 0 and 1 are one pool, node 2 is another."""


def test_the_cost_is_weighed_by_how_often_the_neighbour_has_stock():
    # Node 0 misses 4: on the first path node 1 has all 4, on the second 1 of 4. 5 of 8 are spilled, 3 lost.
    problem = instances.problem([[[[4], [4]], [[0], [3]], [[2], [2]]]], [[0, 4, 1]])
    found = shortage_cents(problem, ROUTES)
    assert found[0, 0] == 100 + round((900 - 100) * 3 / 8)
    assert found[0, 1] == 100
    assert found[0, 2] == 900


def test_a_spill_dearer_than_the_sale_is_never_charged():
    problem = instances.problem([[[[1]], [[0]], [[0]]]], [[0, 5, 0]])
    dear = replace(ROUTES, spill_cents=np.full((1, 3), 5000))
    assert shortage_cents(problem, dear).max() == 900


def test_moves_may_be_counted_in():
    problem = instances.problem([[[[2, 2]], [[0, 0]], [[0, 0]]]], [[0, 2, 9]], lanes=instances.lanes([(2, 0)], lead=0))
    assert shortage_cents(problem, ROUTES)[0, 0] == 100 + 800 // 2
    assert shortage_cents(problem, ROUTES, Moves.gather([0], [0], [2]))[0, 0] == 100


def test_a_pool_that_runs_out_is_helped_by_another():
    # Serving from node 1 costs 100 and bringing a unit from node 2 costs 300: worth it only for sales the pool would lose.
    demand = [[[[0, 8]], [[0, 0]], [[0, 0]]]]
    problem = instances.problem(demand, [[0, 2, 9]], lanes=instances.lanes([(2, 0)], unit=300))
    cheapest = replace(problem, shortage_cents=np.full((1, 3), 100))
    assert len(solve(cheapest).moves) == 0
    weighed = replace(problem, shortage_cents=shortage_cents(problem, ROUTES))
    assert solve(weighed).moves.units.tolist() == [8]
