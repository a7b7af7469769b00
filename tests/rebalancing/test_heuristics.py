"""The rules people use, done as they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances
from tests.rebalancing.worth_doing.bounds import bounded, broken

from evenstock import registry
from evenstock.rebalancing import solve
from evenstock.rebalancing.bands import Bands
from evenstock.rebalancing.heuristics import (
    do_nothing,
    equalise,
    excess_back_to_dc,
    largest_deficit_first,
    twenty_percent,
)


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


MEMBERS = registry.members("evenstock.rebalancing.heuristics")


def test_the_family_is_complete():
    assert sorted(MEMBERS) == [
        "do_nothing",
        "equalise",
        "excess_back_to_dc",
        "largest_deficit_first",
        "twenty_percent",
    ]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_every_member_is_priced_alike_and_no_better_than_the_optimum(seed):
    problem = instances.random_problem(seed, items=5, source_floor=np.ones((5, 3), np.int64))
    best = solve(problem).net_cents
    for name, member in MEMBERS.items():
        solution = member.solve(problem)
        assert solution.method == name
        assert solution.net_cents <= best + 2 * len(solution.moves) + 5
    assert do_nothing.solve(problem).net_cents == 0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_every_member_keeps_every_bound(seed):
    problem = bounded(seed)
    for name, member in MEMBERS.items():
        assert broken(problem, member.solve(problem).moves) == [], name


def test_what_lasts_longer_than_sixty_days_goes_back():
    # 1, 2 and 1 a day. Node 1 holds 150 units: 75 days, 30 more than sixty; node 2 has just sixty days.
    solution = excess_back_to_dc.solve(network([5, 150, 60]), centre=0)
    lane = network([0, 0, 0]).lanes
    assert [(int(lane.origin[a]), int(lane.destination[a])) for a in solution.moves.lane] == [(1, 0)]
    assert solution.moves.units.tolist() == [30]


def test_the_likely_centre_supplies_most_nodes_then_holds_most():
    spokes = network([1, 9, 9], lanes=instances.lanes([(0, 1), (0, 2), (1, 0), (2, 0)]))
    assert excess_back_to_dc.likely_centre(spokes) == 0
    assert excess_back_to_dc.likely_centre(network([1, 8, 9])) == 2


def test_a_centre_that_is_no_node_is_refused():
    with pytest.raises(ValueError, match="node indices from 0 to 2"):
        excess_back_to_dc.solve(network([1, 1, 1]), centre=3)


def test_the_centre_accepts_no_more_than_it_may():
    bands = replace(Bands.none(1, 3), most_units=np.array([[25, 500, 500]]))
    assert excess_back_to_dc.solve(network([5, 150, 60], bands=bands), centre=0).moves.units.tolist() == [20]


def test_the_largest_deficit_is_filled_first_and_only_in_full():
    # Target 14 days: 14, 28 and 14 units. Node 1 lacks 20, node 2 lacks 8. Node 0 spares 20: all of it goes to node 1.
    filled = largest_deficit_first.solve(network([34, 8, 6]))
    assert filled.moves.units.tolist() == [20]
    # It spares 15: too little for node 1, which is passed over; node 2 gets its 8.
    lane = network([0, 0, 0]).lanes
    second = largest_deficit_first.solve(network([29, 8, 6])).moves
    assert (int(lane.destination[second.lane[0]]), second.units.tolist()) == (2, [8])


def test_the_largest_excess_gives_first():
    # Nodes 0 and 2 spare 6 and 16 units; node 1 lacks 18: 16 from node 2, then 2.
    solution = largest_deficit_first.solve(network([20, 10, 30]))
    lane = network([0, 0, 0]).lanes
    given_by = {int(lane.origin[a]): int(u) for a, u in zip(solution.moves.lane, solution.moves.units, strict=True)}
    assert given_by == {0: 2, 2: 16}


@pytest.mark.parametrize("member", [twenty_percent, equalise])
def test_units_lacked_are_rounded_up_and_units_spared_down(member):
    # 40 units, 10 days; node 0 spares 12 in cases of 5: two cases; node 1 lacks 12: three would be wanted.
    assert member.solve(network([22, 8, 10], case_units=[5])).moves.units.tolist() == [10]
