"""The rules people use, done as they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances

from evenstock import registry
from evenstock.rebalancing import solve
from evenstock.rebalancing.heuristics import do_nothing, equalise, twenty_percent


def network(on_hand, **given):
    """Three nodes that sell 1, 2 and 1 a day."""
    demand = np.array([[[[1, 1]], [[2, 2]], [[1, 1]]]])
    return instances.problem(demand, [on_hand], **given)


def test_the_twenty_percent_rule_brings_far_nodes_to_the_average():
    # 40 units, 4 a day: 10 days. Node 0 has 22 days and gives 12; node 1 has 4 days and lacks 12; node 2, 10, is left alone.
    solution = twenty_percent.solve(network([22, 8, 10]))
    lane = network([22, 8, 10]).lanes
    assert [(int(lane.origin[a]), int(lane.destination[a])) for a in solution.moves.lane] == [(0, 1)]
    assert solution.moves.units.tolist() == [12]
    assert solution.method == "twenty_percent"


def test_nodes_within_twenty_percent_stay_as_they_are_but_equalise_moves_them():
    # 10 days on average; 12, 9 and 10 days.
    within = network([12, 18, 10])
    assert len(twenty_percent.solve(within).moves) == 0
    assert equalise.solve(within).moves.units.tolist() == [2]


def test_a_node_that_sells_nothing_gives_all_it_may():
    demand = np.array([[[[0, 0]], [[2, 2]]]])
    problem = instances.problem(demand, [[9, 1]], source_floor=[[4, 0]], case_units=[2])
    assert twenty_percent.solve(problem).moves.units.tolist() == [4]


def test_the_cheapest_lane_serves_and_the_largest_lack_comes_first():
    demand = np.array([[[[1]], [[1]], [[2]], [[3]]]])
    # 35 units, 7 a day: 5 days. Node 0 gives 5 and node 1 gives 10; node 3 lacks 10, node 2 lacks 5.
    lanes = instances.lanes([(0, 3), (1, 3), (0, 2), (1, 2)], unit=[5, 9, 9, 5])
    problem = instances.problem(demand, [[10, 15, 5, 5]], lanes=lanes)
    assert twenty_percent.solve(problem).moves.table(1, 4).tolist() == [[5, 5, 0, 5]]


def test_closed_lanes_and_dead_items_are_left_alone():
    shut = network([22, 8, 10], lanes=instances.lanes(instances.everywhere(3), leaves=False))
    dead = instances.problem(np.zeros((1, 3, 1, 2)), [[22, 8, 10]])
    assert len(twenty_percent.solve(shut).moves) == len(equalise.solve(dead).moves) == 0


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_every_member_is_lawful_priced_alike_and_no_better_than_the_optimum(seed):
    problem = instances.random_problem(seed, items=5, source_floor=np.ones((5, 3), np.int64))
    best = solve(problem).net_cents
    members = registry.members("evenstock.rebalancing.heuristics")
    assert sorted(members) == ["do_nothing", "equalise", "twenty_percent"]
    for name, member in members.items():
        solution = member.solve(problem)
        assert solution.method == name
        assert solution.net_cents <= best + 2 * len(solution.moves) + 5
    assert do_nothing.solve(problem).net_cents == 0


@pytest.mark.parametrize("member", [twenty_percent, equalise])
def test_units_lacked_are_rounded_up_and_units_spared_down(member):
    # 40 units, 10 days; node 0 spares 12 in cases of 5: two cases; node 1 lacks 12: three would be wanted.
    assert member.solve(network([22, 8, 10], case_units=[5])).moves.units.tolist() == [10]
