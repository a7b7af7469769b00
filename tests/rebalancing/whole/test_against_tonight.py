"""With transfers of tonight and nothing else, the whole program is tonight's problem."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances, oracle
from tests.rebalancing.whole import questions

from evenstock.rebalancing import Moves, evaluate, settle
from evenstock.rebalancing.whole.solve import solve_whole

SEEDS = st.integers(0, 10**6)


def shared(seed):
    """Two items that share pallets and departures."""
    rng = np.random.default_rng(seed)
    lanes = instances.metric_lanes(rng, 3, lead=rng.integers(1, 7, 6), fixed=700, pallet_share=6)
    return instances.random_problem(
        seed, items=2, days=6, lanes=lanes, pallet_units=np.array([4, 6]), case_units=np.array([1, 2])
    )


def nothing_cents(problem):
    return -oracle.simulated_cents(problem, np.zeros((len(problem.skus), len(problem.lanes)), np.int64))


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_the_optimum_is_that_of_the_readable_program(seed):
    problem = shared(seed)
    gain, _ = oracle.program(problem)
    found = solve_whole(questions.horizon(problem), gap=1e-9)
    assert found.cost_cents == pytest.approx(nothing_cents(problem) - gain, abs=0.01)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_a_schedule_costs_what_the_plan_is_priced_at(seed):
    problem = shared(seed)
    found = solve_whole(questions.horizon(problem), gap=1e-9)
    moves = Moves.from_table(found.transfers[:, :, 0])
    priced = settle(problem, moves, method="whole")
    # A line is rounded to whole cents in its worth and in its interest.
    assert nothing_cents(problem) - found.cost_cents == pytest.approx(priced.net_cents, abs=2 * len(moves) + 0.01)
    # Shortage, storing and terminal worth are rounded once each over all lines.
    assert found.cost_cents == pytest.approx(evaluate(problem, moves).total_cents, abs=len(moves) + 2)


def test_one_transfer_is_priced_in_the_open():
    # 4 units wait at N0, where nobody wants them; N1 wants 1 a day from day 1, on both paths, and has none.
    paths = [[[[0, 0, 0, 0]] * 2, [[0, 1, 1, 1]] * 2]]
    problem = instances.problem(
        paths, [[4, 0]], lanes=instances.lanes([(0, 1)], unit=50, fixed=300), holding_millicents=np.array([10_000])
    )
    found = solve_whole(questions.horizon(problem))
    assert found.transfers[0, 0].tolist() == [3, 0, 0, 0]
    # Freight 300 + 3 × 50; the unit left at N0 is stored for 4 days at 10, those moved at N1 for 2 + 1 evenings.
    assert found.cost_cents == pytest.approx(300 + 150 + 4 * 10 + 3 * 10)
    assert found.bound_cents == pytest.approx(found.cost_cents)
