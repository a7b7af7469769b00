"""Every plan report says what the rules would have done."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances

from evenstock.rebalancing import Moves, Rerouting, evaluate, settle
from evenstock.rebalancing.heuristics import twenty_percent
from evenstock.rebalancing.worth_doing.compare import Saving, compare


def test_shares_are_of_our_saving_and_a_rule_that_does_harm_has_a_share_below_zero():
    # Node 1 misses 4 units of 10.00; 4 units moved bring 40.00 and cost 8.00. The 20 % rule levels 10 and 0 at 1 and 1 a day:
    # it moves 5 for 10.00, of which 4 sell. An item that never runs short is levelled as well, for nothing: 4 for 8.00.
    demand = np.ones((2, 2, 1, 5), np.int32)
    problem = instances.problem(demand, [[10, 0], [40, 32]], lanes=instances.lanes([(0, 1), (1, 0)], unit=200, lead=1))
    ours = settle(problem, Moves.gather([0], [0], [4]), method="evenstock")
    found = compare(problem, ours, rules=["do_nothing", "equalise"])
    assert [row.method for row in found.rows] == ["evenstock", "do_nothing", "equalise"]
    assert (found.rows[0].worth_cents, found.rows[0].cost_cents, found.rows[0].share) == (4000, 800, 1.0)
    rule = found.of("equalise")
    assert (rule.lines, rule.units, rule.worth_cents, rule.cost_cents) == (2, 9, 4000, 1800)
    assert rule.share == pytest.approx(2200 / 3200)
    assert found.of("do_nothing").share == 0
    assert found.frame().height == 3


def test_without_a_saving_of_ours_there_is_no_share():
    problem = instances.problem(np.ones((1, 2, 1, 3)), [[9, 9]])
    nothing = settle(problem, Moves.none(), method="evenstock")
    assert all(row.share is None for row in compare(problem, nothing).rows)


def test_an_unknown_rule_is_refused():
    problem = instances.problem(np.ones((1, 2, 1, 3)), [[9, 9]])
    with pytest.raises(ValueError, match="there is no rule 'guess'; choose from do_nothing"):
        compare(problem, settle(problem, Moves.none(), method="x"), rules=["guess"])


def test_the_interval_is_that_of_the_mean_of_paired_differences():
    # Mean 3, standard deviation 2, four paths: 3 ± 1.96 × 2 / 2.
    found = Saving.of(np.array([1.0, 5.0, 3.0 - 2**0.5, 3.0 + 2**0.5]))
    assert found.mean_cents == pytest.approx(3.0)
    assert found.high_cents - found.low_cents == pytest.approx(2 * 1.96 * np.sqrt(12 / 3) / 2, rel=1e-3)
    assert found.positive == 1.0


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_on_fresh_paths_a_saving_is_the_difference_of_two_whole_evaluations(seed):
    problem = instances.random_problem(seed, items=4)
    fresh = np.random.default_rng(seed + 1).poisson(2.0, (4, 3, 6, 5)).astype(np.int32)
    routes = Rerouting(
        lost_cents=problem.shortage_cents,
        spill_cents=problem.shortage_cents // 2,
        next_nodes=np.array([[1, 2], [0, 2], [1, 0]]),
    )
    rule = twenty_percent.solve(problem)
    for rerouting in (None, routes):
        found = compare(problem, rule, fresh=fresh, rerouting=rerouting).of("twenty_percent").fresh
        nothing = evaluate(problem, Moves.none(), demand=fresh, rerouting=rerouting)
        moved = evaluate(problem, rule.moves, demand=fresh, rerouting=rerouting)
        assert found is not None
        assert found.mean_cents == pytest.approx(nothing.total_cents - moved.total_cents, abs=4)
