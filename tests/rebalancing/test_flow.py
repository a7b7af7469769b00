"""The flow is the optimum where its conditions hold, and is improved by simulation where they do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances, oracle

from evenstock.rebalancing.departures.slope_scaling import full_departures
from evenstock.rebalancing.flow.conditions import conditions
from evenstock.rebalancing.flow.exchange import improved
from evenstock.rebalancing.flow.flow import flow, scaled
from evenstock.rebalancing.flow.program import best_cases
from evenstock.rebalancing.unit_values.tables import unit_values


def asked(problem):
    cost = scaled(problem, full_departures(problem))
    values = unit_values(problem, cost)
    cases, net = flow(problem, values, cost)
    return cost, values, cases, net


def gain(problem, cases):
    return oracle.gain_cents(problem, cases * problem.case_units[:, None])


def test_one_case_goes_to_the_node_that_would_miss_it_most():
    # Node 0 sells nothing; node 1 loses 2 units of 900, node 2 loses 2 units of 1,000; a unit costs 100 or 300 to bring.
    demand = [[[[0, 0]], [[0, 2]], [[0, 2]]]]
    problem = instances.problem(
        demand, [[3, 0, 0]], shortage_cents=[[900, 900, 1000]], lanes=instances.lanes([(0, 1), (0, 2)], unit=[100, 300])
    )
    _, _, cases, net = asked(problem)
    assert cases.tolist() == [[2, 1]]
    assert net.tolist() == [1000 * (2 * (900 - 100) + (1000 - 300))]


@pytest.mark.parametrize("lead", [0, 1, 3])
def test_flow_equals_brute_force_over_every_plan(lead):
    moved = 0
    for seed in range(100):
        problem = instances.random_problem(seed, lead=lead, most=5, paths=3, days=4, case=1 + seed % 2)
        cost, values, cases, net = asked(problem)
        assert conditions(problem, values, cost).exact.all()
        best = oracle.best_plan(problem)
        assert gain(problem, cases) == pytest.approx(best, abs=1e-6), seed
        assert net[0] / (1000 * problem.path_count) == pytest.approx(best, abs=0.02), seed
        moved += best > 0
    assert moved > 40


def test_with_several_days_of_arrival_the_flow_never_overstates_and_exchange_reaches_brute_force():
    reached = flowed = best_sum = 0.0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        problem = instances.random_problem(seed, lead=rng.integers(0, 4, 6), most=5, paths=3, days=5)
        cost, values, cases, net = asked(problem)
        better, _ = improved(problem, values, cost, cases, np.array([True]))
        best, got, first = oracle.best_plan(problem), gain(problem, better), gain(problem, cases)
        assert first >= net[0] / (1000 * problem.path_count) - 0.05, seed
        assert first - 1e-6 <= got <= best + 1e-6, seed
        if conditions(problem, values, cost).exact.all():
            assert first == pytest.approx(best, abs=1e-6), seed
        reached, flowed, best_sum = reached + got, flowed + first, best_sum + best
    assert reached >= 0.995 * best_sum
    assert flowed >= 0.95 * best_sum


def test_where_a_detour_is_cheaper_the_condition_says_so_and_the_program_finds_it():
    # No lane from 0 to 2: 1 sends its own unit to 2 and gets one from 0 in time for its own demand.
    demand = [[[[0, 0, 0]], [[0, 0, 1]], [[0, 1, 0]]]]
    problem = instances.problem(demand, [[1, 1, 0]], lanes=instances.lanes([(0, 1), (1, 2)], unit=100, lead=1))
    cost, values, cases, _ = asked(problem)
    assert conditions(problem, values, cost).cheaper.tolist() == [1000 * (1000 - 200)]
    assert cases.tolist() == [[0, 0]]
    assert best_cases(problem, 0, cost[0]).cases.tolist() == [1, 1]
    assert improved(problem, values, cost, cases, np.array([True]))[0].tolist() == [[1, 1]]


def test_a_near_node_sends_at_once_and_a_far_one_refills_it():
    # From 0 to 2 takes 3 days, too late for the sale of day 1; from 1 it takes 1, and 0 refills 1 by day 3.
    demand = [[[[0, 0, 0, 0, 0]], [[0, 0, 0, 0, 1]], [[0, 1, 0, 0, 0]]]]
    far = instances.lanes([(0, 2), (1, 2), (0, 1)], unit=[150, 100, 100], lead=[3, 1, 3])
    problem = instances.problem(demand, [[1, 1, 0]], lanes=far)
    cost, values, cases, _ = asked(problem)
    held = conditions(problem, values, cost)
    assert held.faster.tolist() == [True]
    assert held.cheaper.tolist() == [0]
    assert held.broken(0) == ("a node nearer in days may be worth refilling",)
    better, steps = improved(problem, values, cost, cases, held.faster)
    assert better.tolist() == [[0, 1, 1]]
    assert steps.tolist() == [1]
    assert gain(problem, better) == 1000 - 200 == oracle.best_plan(problem)


def test_the_program_agrees_with_brute_force_and_bounds_it_when_relaxed():
    for seed in range(12):
        rng = np.random.default_rng(seed)
        crooked = instances.lanes(instances.everywhere(3), unit=rng.integers(0, 400, 6), lead=rng.integers(0, 4, 6))
        problem = instances.random_problem(seed, most=4, paths=3, days=4, case=1 + seed % 2, lanes=crooked)
        cost = scaled(problem, full_departures(problem))
        best = oracle.best_plan(problem)
        found = best_cases(problem, 0, cost[0])
        assert gain(problem, found.cases[None, :].astype(int)) == pytest.approx(best, abs=1e-6)
        nothing = -oracle.simulated_cents(problem, np.zeros((1, 6), np.int64))
        assert nothing - found.cents == pytest.approx(best, abs=0.01)
        assert best_cases(problem, 0, cost[0], whole=False).cents <= found.cents + 1e-6


def test_goods_that_come_after_the_last_day_bring_only_their_terminal_worth():
    demand = [[[[0, 0]], [[5, 5]]]]
    late = instances.lanes([(0, 1)], lead=2)
    nothing = instances.problem(demand, [[3, 0]], lanes=late)
    assert asked(nothing)[2].tolist() == [[0]]
    valued = replace(nothing, terminal_cents=np.array([[0, 7]]))
    assert asked(valued)[2].tolist() == [[3]]
    assert gain(valued, np.array([[3]])) == 21


def test_barred_and_closed_lanes_carry_nothing():
    demand = [[[[0, 0]], [[0, 4]]]] * 2
    problem = instances.problem(
        demand, [[4, 0]] * 2, lanes=instances.lanes([(0, 1), (0, 1)], unit=[10, 20], leaves=[True, True]),
        barred=np.array([[True, False], [False, False]]),
    )  # fmt: skip
    assert asked(problem)[2].tolist() == [[0, 4], [4, 0]]


def test_identity_one_is_the_scenario_program_of_tonights_moves():
    moved = 0
    for seed in range(25):
        problem = instances.random_problem(seed, lead=seed % 4, most=12, paths=5, days=6, nodes=3 + seed % 2)
        cost, values, _, net = asked(problem)
        nothing = -oracle.simulated_cents(problem, np.zeros((1, len(problem.lanes)), np.int64))
        assert conditions(problem, values, cost).exact.all()
        # With one day of arrival and units as cases the linear program has a whole optimum: both are the same number.
        found = nothing - best_cases(problem, 0, cost[0], whole=False).cents
        assert net[0] / (1000 * problem.path_count) == pytest.approx(found, rel=1e-6, abs=1e-6)
        moved += net[0] > 0
    assert moved >= 10


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), more=st.integers(1, 400))
def test_dearer_freight_never_moves_more_and_one_more_lane_never_hurts(seed, more):
    problem = instances.random_problem(seed, items=3, lead=2)
    _, _, cases, net = asked(problem)
    dearer = replace(problem, lanes=replace(problem.lanes, unit_cents=problem.lanes.unit_cents + more))
    _, _, fewer, less = asked(dearer)
    assert (fewer.sum(axis=1) <= cases.sum(axis=1)).all()
    assert (less <= net).all()
    kept = np.ones(len(problem.lanes), np.bool_)
    kept[seed % len(kept)] = False
    _, _, _, without = asked(replace(problem, lanes=replace(problem.lanes, leaves=kept)))
    assert (without <= net).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), scale=st.integers(2, 9))
def test_money_in_another_unit_moves_the_same_cases(seed, scale):
    problem = instances.random_problem(seed, items=3, lead=np.random.default_rng(seed).integers(0, 4, 6))
    scaled_up = replace(
        problem, shortage_cents=scale * problem.shortage_cents, unit_cost_cents=scale * problem.unit_cost_cents,
        holding_millicents=scale * problem.holding_millicents, handling_out_cents=scale * problem.handling_out_cents,
        handling_in_cents=scale * problem.handling_in_cents,
        lanes=replace(problem.lanes, unit_cents=scale * problem.lanes.unit_cents),
    )  # fmt: skip
    # Whole millicents, so that nothing is rounded differently in the other unit.
    linear = np.rint(1000 * full_departures(problem)) / 1000
    cost, dear = scaled(problem, linear), scaled(scaled_up, scale * linear)
    cases, net = flow(problem, unit_values(problem, cost), cost)
    same, more = flow(scaled_up, unit_values(scaled_up, dear), dear)
    assert same.tolist() == cases.tolist()
    assert more.tolist() == (scale * net).tolist()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_order_of_items_and_nodes_does_not_matter(seed):
    problem = instances.random_problem(seed, items=3, nodes=4, lead=2)
    rng = np.random.default_rng(seed)
    k, w = rng.permutation(3), rng.permutation(4)
    place, lanes = np.argsort(w), problem.lanes
    shuffled = replace(
        problem.only(k), nodes=[problem.nodes[i] for i in w], on_hand=problem.on_hand[k][:, w],
        paths=problem.paths[k][:, w], shortage_cents=problem.shortage_cents[k][:, w],
        holding_millicents=problem.holding_millicents[k][:, w], handling_out_cents=problem.handling_out_cents[w],
        handling_in_cents=problem.handling_in_cents[w],
        lanes=replace(lanes, origin=place[lanes.origin], destination=place[lanes.destination]),
    )  # fmt: skip
    # Equally good plans may differ in their cases, not in what they bring.
    assert asked(shuffled)[3].tolist() == asked(problem)[3][k].tolist()
