"""Playing demand against stock, alone and with orders re-routed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances, oracle

from evenstock.rebalancing import Moves, Rerouting, evaluate, solve


def test_without_rerouting_a_shortage_is_lost_at_its_node():
    # Node 0: 5 units, wants 2 + 2 → 1 left. Node 1: 1 unit, wants 3 + 0 → 2 lost at 400.
    problem = instances.problem(
        [[[[2, 2]], [[3, 0]]]],
        [[5, 1]],
        shortage_cents=[[500, 400]],
        holding_millicents=[1000],
        terminal_cents=[[20, 20]],
    )
    outcome = evaluate(problem, Moves.none())
    assert outcome.wanted_units.tolist() == [[4, 3]]
    assert outcome.lost_units.tolist() == [[0, 2]]
    assert outcome.left_units.tolist() == [[1, 0]]
    assert (outcome.shortage_cents, outcome.spill_cents) == (2 * 400, 0)
    assert outcome.storing_cents == 3 + 1
    assert outcome.total_cents == 800 + 4 - 20
    assert outcome.path_cents.tolist() == [784]


def test_with_rerouting_the_next_node_serves_and_only_the_rest_is_lost():
    # Node 2 misses 4 on day 0: node 1 has 1 to spare, node 0 has 2; 1 is lost. On day 1 nobody has any left for node 1.
    problem = instances.problem([[[[3, 0]], [[1, 1]], [[4, 0]]]], [[5, 2, 0]])
    routes = Rerouting(
        lost_cents=np.array([[900, 900, 900]]),
        spill_cents=np.array([[70, 70, 60]]),
        next_nodes=np.array([[1, 2], [0, 2], [1, 0]]),
    )
    outcome = evaluate(problem, Moves.none(), rerouting=routes)
    assert outcome.spilled_units.tolist() == [[0, 0, 3]]
    assert outcome.lost_units.tolist() == [[0, 1, 1]]
    assert (outcome.spill_cents, outcome.shortage_cents) == (3 * 60, 2 * 900)


def test_a_pool_without_lawful_neighbours_loses_what_it_misses():
    problem = instances.problem([[[[0]], [[2]]]], [[5, 0]])
    routes = Rerouting(np.full((1, 2), 900), np.full((1, 2), 10), np.array([[-1], [-1]]))
    assert evaluate(problem, Moves.none(), rerouting=routes).lost_units.tolist() == [[0, 2]]


def test_what_really_happened_may_be_played_instead_of_the_paths():
    problem = instances.problem(np.zeros((1, 2, 7, 2)), [[4, 0]], lanes=instances.lanes([(0, 1)], lead=1, unit=11))
    moves = Moves.gather([0], [0], [3])
    happened = np.array([[[[1, 1]], [[2, 2]]]])
    outcome = evaluate(problem, moves, demand=happened)
    assert outcome.lost_units.tolist() == [[1, 2]]
    assert outcome.left_units.tolist() == [[0, 1]]
    assert outcome.transfer_cents["unit_freight"] == 33
    with pytest.raises(ValueError, match=r"demand: shape \(1, 2, 1, 3\), but \(1, 2, paths, 2\) is wanted"):
        evaluate(problem, moves, demand=np.ones((1, 2, 1, 3), np.int64))


def test_units_still_under_way_at_the_end_are_counted():
    problem = instances.problem(np.zeros((1, 2, 1, 2)), [[4, 0]], lanes=instances.lanes([(0, 1)], lead=9))
    assert evaluate(problem, Moves.gather([0], [0], [3])).left_units.tolist() == [[1, 3]]


@pytest.mark.parametrize(
    ("routes", "says"),
    [
        (Rerouting(np.ones((1, 2), int), np.ones((1, 2), int), np.array([[1]])), "next_nodes"),
        (Rerouting(np.ones((1, 2), int), np.ones((1, 2), int), np.array([[0], [0]])), "does not spill to itself"),
        (Rerouting(np.ones((1, 3), int), np.ones((1, 2), int), np.array([[1], [0]])), "lost_cents: shape"),
    ],
)
def test_nonsense_routes_are_refused(routes, says):
    problem = instances.problem([[[[0]], [[2]]]], [[5, 0]])
    with pytest.raises(ValueError, match=says):
        evaluate(problem, Moves.none(), rerouting=routes)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_evaluators_difference_is_the_plans_net(seed):
    problem = instances.random_problem(seed, items=4, lead=np.random.default_rng(seed).integers(0, 7, 6))
    solution = solve(problem)
    without, with_plan = evaluate(problem, Moves.none()), evaluate(problem, solution.moves)
    assert without.total_cents - with_plan.total_cents == pytest.approx(solution.net_cents, abs=len(solution.moves) + 4)
    brute = oracle.simulated_cents(problem, np.zeros((4, 6), np.int64))
    assert without.total_cents == pytest.approx(-brute, abs=2)
    assert without.path_cents.mean() == pytest.approx(-brute, abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_units_are_conserved_with_and_without_rerouting(seed):
    problem = instances.random_problem(seed, items=4)
    routes = Rerouting(np.full((4, 3), 900), np.full((4, 3), 50), np.array([[1, 2], [2, 0], [0, 1]]))
    for rerouting in (None, routes):
        outcome = evaluate(problem, solve(problem).moves, rerouting=rerouting)
        served = outcome.wanted_units - outcome.lost_units
        assert served.sum() + outcome.left_units.sum() == pytest.approx(problem.on_hand.sum())
