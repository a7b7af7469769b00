"""What brings too little stays behind, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances

from evenstock.rebalancing import Moves, settle
from evenstock.rebalancing.heuristics import equalise
from evenstock.rebalancing.worth_doing.minimum import Minimum, above_minimum


def three_items(**given):
    """Node 1 misses one unit of each item: 5.00, 8.00 and 20.00; a unit moved costs 4.00."""
    demand = np.zeros((3, 2, 1, 2), np.int32)
    demand[:, 1, 0, 1] = 1
    shortage = np.array([[500, 500], [800, 800], [2000, 2000]])
    standard = {"lanes": instances.lanes([(0, 1)], unit=400), "shortage_cents": shortage}
    problem = instances.problem(demand, [[1, 0]] * 3, **(standard | given))
    return problem, settle(problem, Moves.gather([0, 1, 2], [0, 0, 0], [1, 1, 1]), method="plan")


def test_a_line_must_bring_so_much_money():
    problem, plan = three_items()
    assert above_minimum(problem, plan, Minimum(line_cents=600)).moves.item.tolist() == [1, 2]


def test_a_line_must_bring_so_many_times_its_cost():
    # 5.00 / 4.00 = 1.25, 2 and 5 times.
    problem, plan = three_items()
    kept = above_minimum(problem, plan, Minimum(line_share=2.0))
    assert kept.moves.item.tolist() == [1, 2]
    assert kept.notes[-1] == "1 lines brought less than the minimum and stay behind"


def test_what_stays_bears_the_departure_and_is_asked_again():
    # A departure of 9.00 shared by what lines bring, 33.00 in all: the first pays 1.36 for 5.00 (3.7 times), the last 5.45 for
    # 20.00. At 3 times all three pass; at 3.7 times none does, the last alone would bear all 9.00: 2.2 times.
    problem, plan = three_items(lanes=instances.lanes([(0, 1)], fixed=900))
    assert len(above_minimum(problem, plan, Minimum(line_share=3.0)).moves) == 3
    assert len(above_minimum(problem, plan, Minimum(line_share=3.7)).moves) == 0


def test_a_departure_must_bring_its_own():
    # 33.00 for a departure of 9.00.
    problem, plan = three_items(lanes=instances.lanes([(0, 1)], fixed=900))
    assert len(above_minimum(problem, plan, Minimum(departure_share=3.6)).moves) == 3
    assert len(above_minimum(problem, plan, Minimum(departure_share=3.7)).moves) == 0
    assert len(above_minimum(problem, plan, Minimum(departure_cents=3301)).moves) == 0


def test_without_a_minimum_nothing_changes():
    problem, plan = three_items()
    assert above_minimum(problem, plan, Minimum()) is plan


def test_a_minimum_below_zero_is_refused():
    with pytest.raises(ValueError, match=r"minimum.line_cents: -1"):
        Minimum(line_cents=-1)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), least=st.integers(0, 4000))
def test_what_stays_meets_the_minimum_and_no_departed_line_would_meet_it_where_nothing_is_shared(seed, least):
    # One line an item at most: equalise between two nodes; nothing but unit costs.
    problem = instances.random_problem(seed, items=8, nodes=2)
    plan = equalise.solve(problem)
    kept = above_minimum(problem, plan, Minimum(line_cents=least))
    assert set(kept.moves.item.tolist()) == set(plan.moves.item[plan.worth_cents >= least].tolist())
    assert (kept.worth_cents >= least).all()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), share=st.floats(0.5, 3.0))
def test_every_line_that_stays_meets_the_minimum_where_departures_are_shared(seed, share):
    problem = instances.random_problem(seed, items=10, nodes=4, pallet_units=np.full(10, 5))
    plan = equalise.solve(problem)
    kept = above_minimum(problem, plan, Minimum(line_share=share))
    assert (kept.worth_cents >= share * kept.line_cost_cents).all()
