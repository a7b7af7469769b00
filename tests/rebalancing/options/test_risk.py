"""Less bad luck for a little more cost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances, oracle

from evenstock.rebalancing import Moves, evaluate
from evenstock.rebalancing.horizon.question import Tail
from evenstock.rebalancing.options.risk import tail_averse, tail_mean
from evenstock.rebalancing.worth.solution import settle


def bad_day(**given):
    """Node 1 wants nothing on nine paths and 10 units on the tenth; a unit missed costs 10.00, one moved 3.00."""
    demand = np.zeros((1, 2, 10, 3), np.int32)
    demand[0, 1, 9, 1] = 10
    return instances.problem(demand, [[10, 0]], **({"lanes": instances.lanes([(0, 1)], unit=300)} | given))


def test_fear_of_the_worst_tenth_insures_what_the_mean_would_not():
    # A unit moved saves 10.00 on one path in ten: 1.00 for 3.00. With weight 0.5 on the worst tenth it saves 1.00 + 5.00.
    plan = tail_averse(bad_day(), Tail(level=0.9, weight=0.5), solve=exhaustive)
    assert (plan.plain.mean_cents, plan.plain.tail_cents, plan.plain.transfer_cents) == (1000.0, 10000.0, 0.0)
    assert plan.solution.moves.units.tolist() == [10]
    assert (plan.averse.mean_cents, plan.averse.tail_cents, plan.averse.transfer_cents) == (0.0, 0.0, 3000.0)


def test_without_weight_nothing_changes():
    plan = tail_averse(bad_day(), Tail(level=0.9, weight=0.0), solve=exhaustive)
    assert len(plan.solution.moves) == 0
    assert plan.averse == plan.plain == plan.nothing
    assert plan.worst.tolist() == [9]


def test_the_tail_counts_its_last_path_in_part():
    # The worst 30 % of four paths: one whole path and a fifth of the next: (4 + 0.2 × 3) / 1.2.
    assert tail_mean(np.array([1.0, 4.0, 2.0, 3.0]), 0.7) == pytest.approx(4.6 / 1.2, abs=1e-4)
    assert tail_mean(np.array([1.0, 4.0, 2.0, 3.0]), 0.0) == 2.5


def test_a_level_that_leaves_no_tail_is_refused():
    with pytest.raises(ValueError, match="a level from 0 to below 1"):
        tail_averse(bad_day(), Tail(level=1.0, weight=1.0))


def exhaustive(problem):
    """The plan of least expected cost, every plan tried."""
    plans = [Moves.from_table(table) for table in oracle.every_plan(problem)]
    return max((settle(problem, moves, method="tried") for moves in plans), key=lambda plan: plan.net_cents)


def best_by_all(problem, tail):
    """The full program by trying every plan: mean, transfers and weight times the tail."""
    return min(_objective(problem, Moves.from_table(table), tail) for table in oracle.every_plan(problem))


def _objective(problem, moves, tail):
    paths = evaluate(problem, moves).path_cents
    cost = settle(problem, moves, method="tried").total_cost_cents
    return float(paths.mean()) + cost + tail.weight * tail_mean(paths, tail.level)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), weight=st.sampled_from([0.5, 1.0, 3.0]))
def test_the_answer_is_near_the_full_program_and_never_worse_than_the_plain_plan(seed, weight):
    problem = instances.random_problem(seed, nodes=2, paths=10, days=4, most=6, mean=1.5)
    tail = Tail(level=0.8, weight=weight)
    plan = tail_averse(problem, tail, solve=exhaustive)
    assert plan.averse.objective(tail) == pytest.approx(_objective(problem, plan.solution.moves, tail), abs=1e-3)
    assert plan.averse.objective(tail) <= plan.plain.objective(tail) + 1e-6
    best = best_by_all(problem, tail)
    assert plan.averse.objective(tail) <= best + 0.02 * abs(best) + 1


def test_with_many_items_the_tail_falls_and_the_mean_rises_little():
    problem = instances.random_problem(11, items=40, nodes=3, paths=40, days=8, most=15, mean=1.2)
    tail = Tail(level=0.9, weight=2.0)
    plan = tail_averse(problem, tail)
    assert plan.averse.tail_cents < plan.plain.tail_cents
    plain = plan.plain.mean_cents + plan.plain.transfer_cents
    assert plan.averse.mean_cents + plan.averse.transfer_cents < 1.03 * plain
