"""What one more unit is worth."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from tests.rebalancing import instances, oracle

from evenstock.rebalancing import Moves, price_rows, unit_prices


def test_a_unit_is_worth_the_sale_it_saves_on_the_share_of_paths_that_need_it():
    # Node 0 misses a sale on one path of four, node 1 on all, node 2 never.
    demand = [[[[1], [1], [1], [2]], [[5], [5], [5], [5]], [[0], [0], [0], [0]]]]
    problem = instances.problem(demand, [[1, 0, 9]], shortage_cents=[[800, 300, 800]])
    assert unit_prices(problem).tolist() == [[800 // 4, 300, 0]]


def test_storing_a_unit_nobody_buys_never_makes_a_price_negative():
    problem = instances.problem(np.zeros((1, 2, 1, 5)), [[1, 1]], holding_millicents=[2000])
    assert unit_prices(problem).tolist() == [[0, 0]]


def test_prices_equal_brute_simulation_with_one_more_unit():
    for seed in range(10):
        problem = instances.random_problem(seed, terminal_cents=np.full((1, 3), 40))
        for w in range(3):
            more = oracle.node_cents(problem, 0, w, -1, ()) - oracle.node_cents(problem, 0, w, 0, ())
            assert unit_prices(problem)[0, w] == pytest.approx(max(more, 0), abs=0.5)


def test_a_plan_lowers_the_price_where_goods_go_and_raises_it_where_they_leave():
    demand = [[[[0], [0], [9], [9]], [[1], [2], [3], [4]]]]
    problem = instances.problem(demand, [[9, 0]], lanes=instances.lanes([(0, 1)], lead=0))
    before, after = unit_prices(problem)[0], unit_prices(problem.after(Moves.gather([0], [0], [2])))[0]
    assert before.tolist() == [0, 1000]
    assert after.tolist() == [500, 500]


def test_rows_are_in_key_order_and_say_who_computed_them():
    problem = instances.problem(np.ones((2, 2, 1, 1)), np.zeros((2, 2), np.int64), skus=["b", "a"], nodes=["TX", "PA"])
    at = datetime(2026, 3, 1, tzinfo=UTC)
    rows = price_rows(problem, valid_from=at)
    assert [(row.sku, row.node) for row in rows] == [("a", "PA"), ("a", "TX"), ("b", "PA"), ("b", "TX")]
    assert {(row.source, row.valid_from, row.cents) for row in rows} == {("nightly", at, 1000)}
    with pytest.raises(ValueError, match="valid_from"):
        price_rows(problem, valid_from=at.replace(tzinfo=None))
