"""A problem that makes no sense is refused when it is made, in words that say what to do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.rebalancing import instances

from evenstock.rebalancing import Lanes, Moves, Problem

QUIET = [[[[1, 1, 1]], [[1, 1, 1]]]]
"""One item, two nodes, one path of three days."""


def problem(**given):
    return instances.problem(QUIET, [[10, 2]], **given)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"shortage_cents": [[100]]}, r"shortage_cents: shape \(1, 1\), but \(1, 2\) is wanted"),
        ({"shortage_cents": [[100.5, 100.0]]}, "shortage_cents: whole numbers are wanted, not float64"),
        ({"shortage_cents": [[100, -1]]}, r"shortage_cents: -1 at \(0, 1\) is below 0"),
        ({"case_units": [0]}, r"case_units: 0 at \(0,\) is below 1"),
        ({"capital_rate": 12.0}, "a yearly fraction such as 0.12"),
        ({"capital_rate": float("nan")}, "a yearly fraction such as 0.12"),
        ({"nodes": ["PA", "PA"]}, "nodes: 'PA' stands twice"),
        (
            {"terminal_cents": [[0, 1001]]},
            "S0 at N1: a unit left over is worth 1001 cents, more than the 1000 a sale saves",
        ),
        ({"barred": [[1, 0]]}, r"barred: \(1, 2\) of true or false"),
        ({"inbound": [[[0, 0, 0]]]}, "inbound: shape"),
        ({"lanes": instances.lanes([(0, 2)])}, "lanes: node 2 is named, but there are 2 nodes"),
    ],
)
def test_nonsense_is_refused_with_a_reason(given, says):
    with pytest.raises(ValueError, match=says):
        problem(**given)


def test_demand_is_whole_units_of_the_right_shape():
    with pytest.raises(ValueError, match="whole units are wanted, not float64"):
        replace(problem(), paths=np.ones((1, 2, 1, 3)))
    with pytest.raises(ValueError, match="demand of -1 units; book returns as inbound"):
        replace(problem(), paths=np.full((1, 2, 1, 3), -1))
    with pytest.raises(ValueError, match="paths, days"):
        replace(problem(), paths=np.ones((2, 2, 1, 3), np.int32))
    with pytest.raises(ValueError, match="at least one each"):
        replace(problem(), paths=np.ones((1, 2, 0, 3), np.int32))


def test_numbers_beyond_reason_cannot_overflow_a_kernel():
    with pytest.raises(ValueError, match="beyond reason, or use fewer paths"):
        problem(shortage_cents=np.full((1, 2), 10**17))


def test_a_lane_leads_from_one_node_to_another():
    one = np.array([1])
    with pytest.raises(ValueError, match="lane 0 leads from node 1 to itself"):
        Lanes(one, one, one, one, one, one, np.array([True]))
    with pytest.raises(ValueError, match="true or false"):
        Lanes(one, one - 1, one, one, one, one, one)


def test_only_whole_cases_above_the_floor_may_move():
    packed = problem(case_units=[4], source_floor=[[1, 0]])
    assert packed.movable_cases.tolist() == [[(10 - 1) // 4, 2 // 4]]


@pytest.mark.parametrize(
    ("given", "units", "says"),
    [
        ({"source_floor": [[6, 0]]}, 5, "S0 at N0: 5 units leave, but only 10 are there and 6 must stay"),
        ({"case_units": [2]}, 3, "S0 N0→N1: not in whole cases"),
        ({"barred": np.array([[True, False]])}, 1, "S0 N0→N1: the lane does not leave today or is forbidden"),
        ({"lanes": instances.lanes([(0, 1)], leaves=False)}, 1, "does not leave today"),
    ],
)
def test_unlawful_moves_are_named(given, units, says):
    with pytest.raises(ValueError, match=says):
        problem(**given).after(Moves.gather([0], [0], [units]))


def test_units_are_conserved_when_a_plan_is_applied():
    before = problem(lanes=instances.lanes([(0, 1), (1, 0)], lead=2))
    after = before.after(Moves.gather([0], [0], [3]))
    assert after.on_hand.tolist() == [[7, 2]]
    assert after.arrivals.tolist() == [[[0, 0, 0], [0, 0, 3]]]
    assert after.on_hand.sum() + after.arrivals.sum() == before.on_hand.sum()


def test_moves_are_gathered_and_sorted():
    moves = Moves.gather([1, 0, 1, 2], [0, 3, 0, 1], [2, 1, 5, 0])
    assert (moves.item.tolist(), moves.lane.tolist(), moves.units.tolist()) == ([0, 1], [3, 0], [1, 7])
    assert (moves + moves).units.tolist() == [2, 14]
    assert Moves.from_table(moves.table(2, 4)).units.tolist() == [1, 7]
    with pytest.raises(ValueError, match="sorted by item and lane"):
        Moves(np.array([1, 0]), np.array([0, 0]), np.array([1, 1]))
    with pytest.raises(ValueError, match="at least one unit"):
        Moves(np.array([0]), np.array([0]), np.array([0]))


def test_an_unknown_pallet_size_shares_a_departure_as_the_middle_item_does():
    both = instances.problem(QUIET * 3, [[1, 1]] * 3, pallet_units=[10, 0, 40])
    assert both.pallet_share.tolist() == [0.1, 0.0, 0.025]
    assert both.load.tolist() == [0.1, (0.1 + 0.025) / 2, 0.025]


def test_small_and_large_demand_types_mean_the_same():
    wide = problem()
    narrow = replace(wide, paths=wide.paths.astype(np.uint16))
    assert isinstance(narrow, Problem)
    assert narrow.paths.dtype == np.uint16
    assert replace(wide, paths=wide.paths.astype(np.int64)).paths.dtype == np.int32
