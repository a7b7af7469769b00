"""What docks, trucks, room and budget allow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.rebalancing import instances

from evenstock.rebalancing import Moves, solve
from evenstock.rebalancing.limits import Limits, limits_broken, limits_left

DEMAND = [[[[0, 0, 0]], [[0, 4, 4]]]]


def two_nodes(**limits):
    """8 units wanted at node 1 of 1,000 cents each; a unit costs 100 to send, 4 make a pallet."""
    problem = instances.problem(
        DEMAND, [[20, 0]], lanes=instances.lanes([(0, 1)], unit=100), pallet_units=np.array([4])
    )
    return replace(problem, limits=replace(Limits.none(2, 3), **limits))


SHORT = {
    "out": ({"out_units": np.array([5, 0])}, 5, "N0 dock out"),
    "in": ({"in_units": np.array([[9, 9, 9], [9, 3, 9]])}, 3, "N1 dock in on day 1"),
    "room": ({"room_pallets": np.array([[9.0, 9, 9], [0, 1.5, 9]])}, 6, "N1 room by day 1"),
    "budget": ({"budget_cents": 450}, 4, "freight and handling"),
}


@pytest.mark.parametrize("kind", SHORT)
def test_a_limit_is_used_up_and_named_with_what_more_would_be_worth(kind):
    limits, units, name = SHORT[kind]
    problem = two_nodes(**limits)
    solution = solve(problem)
    assert solution.moves.units.tolist() == [units]
    assert any(note.startswith(name) and "more" in note for note in solution.notes), solution.notes


@pytest.mark.parametrize("kind", SHORT)
def test_a_plan_by_hand_beyond_a_limit_is_told_so_not_refused(kind):
    limits, units, name = SHORT[kind]
    problem = two_nodes(**limits)
    assert limits_broken(problem, Moves.gather([0], [0], [units])) == []
    said = limits_broken(problem, Moves.gather([0], [0], [8]))
    assert len(said) == 1
    assert said[0].startswith(name)
    assert "more than the limit" in said[0]


def test_what_a_plan_leaves_of_the_limits():
    problem = two_nodes(out_units=np.array([6, 0]), budget_cents=1000)
    left = limits_left(problem, Moves.gather([0], [0], [5]))
    assert left.out_units.tolist() == [1, 0]
    assert left.budget_cents == 1000 - 500


def test_trucks_are_a_limit():
    lanes = replace(
        instances.lanes([(0, 1)], unit=100),
        truck_pallets=np.array([1]),
        trucks=np.array([1]),
        truck_cents=np.array([50]),
    )
    problem = replace(two_nodes(), lanes=lanes)
    solution = solve(problem)
    assert solution.moves.units.tolist() == [4]
    assert int(solution.terms["trucks"].sum()) == 50
    assert limits_broken(problem, Moves.gather([0], [0], [5])) == [
        "N0→N1 trucks: 2 pallets, 1 more than the limit of 1"
    ]


def test_planning_again_within_what_limits_are_left_moves_nothing():
    problem = two_nodes(out_units=np.array([5, 0]))
    moves = solve(problem).moves
    after = replace(problem.after(moves), limits=limits_left(problem, moves))
    assert len(solve(after).moves) == 0
