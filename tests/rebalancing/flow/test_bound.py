"""No plan of an item gains more than its bound, at any lane costs it may be asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances, oracle

from evenstock.rebalancing.departures.slope_scaling import full_departures
from evenstock.rebalancing.flow.bound import ceiling, upper_bound
from evenstock.rebalancing.flow.conditions import conditions
from evenstock.rebalancing.flow.exchange import improved
from evenstock.rebalancing.flow.flow import flow, scaled
from evenstock.rebalancing.flow.program import best_cases
from evenstock.rebalancing.unit_values.tables import unit_values


def crooked(seed, *, most=4, days=5):
    """Mixed days of arrival, lanes on which detours may pay, terminal worth, dear storage, goods under way."""
    rng = np.random.default_rng(seed)
    return instances.random_problem(
        seed, most=most, paths=3, days=days, case=1 + seed % 2,
        lanes=instances.lanes(instances.everywhere(3), unit=rng.integers(0, 400, 6), lead=rng.integers(0, days + 1, 6)),
        holding_millicents=rng.integers(0, (600, 20_000)[seed % 3 == 0], (1, 3)),
        terminal_cents=rng.integers(-100, 150, (1, 3)), inbound=rng.integers(0, 2, (1, 3, days)),
    )  # fmt: skip


def cents(problem, millicents):
    return millicents[0] / (1000 * problem.path_count)


def test_a_refilled_node_is_bounded_at_what_lending_brings():
    # From 0 to 2 takes 3 days, too late for the sale of day 1; from 1 it takes 1, and 0 refills 1 by day 3.
    demand = [[[[0, 0, 0, 0, 0]], [[0, 0, 0, 0, 1]], [[0, 1, 0, 0, 0]]]]
    far = instances.lanes([(0, 2), (1, 2), (0, 1)], unit=[150, 100, 100], lead=[3, 1, 3])
    problem = instances.problem(demand, [[1, 1, 0]], lanes=far)
    cost = scaled(problem, full_departures(problem))
    assert cents(problem, upper_bound(problem, unit_values(problem, cost), cost)) == 1000 - 200


def test_two_days_of_arrival_are_not_counted_for_the_same_sale():
    # Node 2 loses one sale on day 3, which a unit of either day serves: 1,000 less the cheaper 100, not twice.
    demand = [[[[0] * 4], [[0] * 4], [[0, 0, 0, 1]]]]
    lanes = instances.lanes([(0, 2), (1, 2)], unit=[100, 150], lead=[1, 3])
    problem = instances.problem(demand, [[1, 1, 0]], lanes=lanes)
    cost = scaled(problem, full_departures(problem))
    values = unit_values(problem, cost)
    assert conditions(problem, values, cost).mixed.tolist() == [True]
    assert cents(problem, upper_bound(problem, values, cost)) == pytest.approx(900, abs=1e-3)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), dearer=st.integers(0, 300))
def test_no_plan_gains_more_at_the_costs_it_was_built_for_nor_at_higher_ones(seed, dearer):
    problem = crooked(seed)
    linear = full_departures(problem)
    cost = scaled(problem, linear)
    values = unit_values(problem, cost)
    around = ceiling(problem, values, cost, wanted=np.array([True]))
    more = np.random.default_rng(seed).integers(0, dearer + 1, linear.shape)
    for extra in (0 * more, more):
        asked = scaled(problem, linear + extra)
        best = max(oracle.gain_cents(problem, units) - (units * extra).sum() for units in oracle.every_plan(problem))
        assert cents(problem, upper_bound(problem, values, asked, around)) >= best - 0.05
        assert cents(problem, upper_bound(problem, values, asked)) >= best - 0.05


def test_the_bound_is_near_brute_force():
    bounds = best = 0.0
    for seed in range(60):
        problem = crooked(seed)
        cost = scaled(problem, full_departures(problem))
        bounds += cents(problem, upper_bound(problem, unit_values(problem, cost), cost))
        best += oracle.best_plan(problem)
    assert best <= bounds <= 1.03 * best


def test_where_the_flow_is_exact_its_net_is_the_bound():
    problem = instances.random_problem(5, items=6, lead=2, most=6)
    cost = scaled(problem, full_departures(problem))
    values = unit_values(problem, cost)
    assert conditions(problem, values, cost).exact.all()
    assert upper_bound(problem, values, cost).tolist() == flow(problem, values, cost)[1].tolist()


@pytest.mark.parametrize("seed", range(6))
def test_the_whole_number_program_stays_below(seed):
    rng = np.random.default_rng(seed)
    lanes = instances.metric_lanes(rng, 5, lead=rng.integers(0, 6, 20))
    problem = instances.random_problem(seed, nodes=5, most=20, paths=6, days=8, mean=1.5, lanes=lanes)
    cost = scaled(problem, full_departures(problem))
    values = unit_values(problem, cost)
    bound = cents(problem, upper_bound(problem, values, cost))
    nothing = -oracle.simulated_cents(problem, np.zeros((1, 20), np.int64))
    whole, relaxed = (nothing - best_cases(problem, 0, cost[0], whole=kind).cents for kind in (True, False))
    assert whole - 0.05 <= bound <= 1.05 * relaxed + 1


def test_items_outside_a_ceiling_are_bounded_all_the_same():
    problem = instances.random_problem(4, items=5, lead=np.array([0, 1, 2, 3, 1, 2]), most=8)
    cost = scaled(problem, full_departures(problem))
    values = unit_values(problem, cost)
    some = np.array([True, False, True, False, False])
    found, _ = flow(problem, values, cost)
    cases, _ = improved(problem, values, cost, found, np.ones(5, np.bool_))
    around = ceiling(problem, values, cost, cases=cases, wanted=some)
    assert upper_bound(problem, values, cost, around).tolist() == upper_bound(problem, values, cost).tolist()
