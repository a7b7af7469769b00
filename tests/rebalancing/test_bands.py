"""A band makes a node's worth bend where its position leaves it; the ceiling stops what arrives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances, oracle

from evenstock.rebalancing.bands import NO_CEILING, Bands
from evenstock.rebalancing.departures.slope_scaling import full_departures
from evenstock.rebalancing.flow.bound import upper_bound
from evenstock.rebalancing.flow.conditions import conditions
from evenstock.rebalancing.flow.exchange import improved
from evenstock.rebalancing.flow.flow import flow, scaled
from evenstock.rebalancing.flow.program import best_cases
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.unit_values.tables import unit_values
from evenstock.rebalancing.worth.worth import worth


def band(low, low_cents, high, high_cents, most=NO_CEILING):
    """The same band at every node of one item, or one value each."""
    values = [np.broadcast_to(np.asarray(v), (1, 3)) for v in (low, low_cents, high, high_cents, most)]
    return Bands(**dict(zip(("low_units", "low_cents", "high_units", "high_cents", "most_units"), values, strict=True)))


def asked(problem):
    cost = scaled(problem, full_departures(problem))
    values = unit_values(problem, cost)
    return cost, values, *flow(problem, values, cost)


def still(on_hand, **given):
    """Nobody buys anything: only bands make stock worth moving."""
    return instances.problem(np.zeros((1, 3, 1, 2)), [on_hand], **given)


def test_units_go_where_the_low_end_is_missed_until_it_is_reached():
    # Node 1 misses 2 units of its low end at 50 cents each; node 0 has 6, 3 above its low end; a unit costs 20 to bring.
    lanes = instances.lanes([(0, 1)], unit=20)
    problem = still([6, 1, 3], lanes=lanes, bands=band(3, 50, 9, 0))
    _, _, cases, net = asked(problem)
    assert cases.tolist() == [[2]]
    assert net.tolist() == [1000 * 2 * (50 - 20)]


def test_units_leave_what_stands_above_the_high_end():
    # Node 0 stands 2 above its high end of 4 at 30 cents each; node 1 may take 3 before it reaches its own.
    lanes = instances.lanes([(0, 1)], unit=10)
    problem = still([6, 1, 0], lanes=lanes, bands=band(0, 0, 4, 30))
    assert asked(problem)[2].tolist() == [[2]]


def test_nothing_arrives_above_the_ceiling():
    # Node 1 would sell 5, but stands at 1 and accepts 3.
    problem = instances.problem(
        [[[[0, 0]], [[0, 6]], [[0, 0]]]], [[6, 1, 0]], lanes=instances.lanes([(0, 1)]), bands=band(0, 0, 9, 0, 3)
    )
    cost, values, cases, _ = asked(problem)
    assert cases.tolist() == [[2]]
    assert improved(problem, values, cost, cases, np.array([True]))[0].tolist() == [[2]]
    assert best_cases(problem, 0, cost[0]).cases.tolist() == [2]


def random_band(seed, lead, case=1):
    rng = np.random.default_rng(seed)
    low = rng.integers(0, 5, (1, 3))
    high = low + rng.integers(0, 4, (1, 3))
    bands = Bands(
        low_units=low, low_cents=rng.integers(0, 300, (1, 3)), high_units=high, high_cents=rng.integers(0, 300, (1, 3)),
        most_units=np.where(rng.random((1, 3)) < 0.4, high + rng.integers(0, 3, (1, 3)), NO_CEILING),
    )  # fmt: skip
    return instances.random_problem(
        seed, lead=lead, case=case, most=5, paths=3, days=4, bands=bands,
        inbound=rng.integers(0, 2, (1, 3, 4)),
    )  # fmt: skip


@pytest.mark.parametrize("lead", [0, 1, 3])
def test_with_one_day_of_arrival_the_flow_equals_brute_force(lead):
    for seed in range(40):
        problem = random_band(seed, lead, case=1 + seed % 2)
        cost, values, cases, net = asked(problem)
        best = oracle.best_plan(problem)
        if conditions(problem, values, cost).exact.all():
            assert net[0] / 3000 == pytest.approx(best, abs=0.02), seed
            assert oracle.gain_cents(problem, cases * problem.case_units[:, None]) == pytest.approx(best), seed


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_flow_exchange_program_and_bound_keep_their_order_about_brute_force(seed):
    rng = np.random.default_rng(seed)
    problem = random_band(seed, rng.integers(0, 4, 6), case=1 + seed % 2)
    cost, values, cases, net = asked(problem)
    better, _ = improved(problem, values, cost, cases, np.array([True]))
    best, got = oracle.best_plan(problem), oracle.gain_cents(problem, better * problem.case_units[:, None])
    assert net[0] / 3000 <= oracle.gain_cents(problem, cases * problem.case_units[:, None]) + 0.02
    assert got <= best + 1e-6
    assert oracle.accepted(
        problem,
        0,
        np.bincount(problem.lanes.destination, better[0] * problem.case_units[0], 3)
        - np.bincount(problem.lanes.origin, better[0] * problem.case_units[0], 3),
        np.bincount(problem.lanes.destination, better[0], 3),
    )
    assert best <= upper_bound(problem, values, cost)[0] / 3000 + 0.02


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_lines_of_a_plan_readd_to_what_every_node_gained(seed):
    rng = np.random.default_rng(seed)
    problem = random_band(seed, rng.integers(0, 4, 6))
    units = np.zeros((1, 6), np.int64)
    for lane, origin in enumerate(problem.lanes.origin):
        left = int(problem.on_hand[0, origin]) - int(units[0, problem.lanes.origin == origin].sum())
        units[0, lane] = rng.integers(0, left + 1)
    brute = oracle.simulated_cents(problem, units) - oracle.simulated_cents(problem, 0 * units)
    assert worth(problem, Moves.from_table(units)).cents.sum() == pytest.approx(brute, abs=0.5 * 6 + 1e-6)
