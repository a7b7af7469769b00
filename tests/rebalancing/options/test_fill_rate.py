"""Served at once, as much as was asked, or as much as stock allows."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tests.rebalancing import instances

from evenstock.rebalancing import Moves, evaluate
from evenstock.rebalancing.options.fill_rate import fill_rate
from evenstock.rebalancing.worth.solution import settle


def two_nodes(stock=20, **given):
    """Node 0 sells nothing and can send; node 1 wants 10 units on days 1 to 2 on each of two paths, or 4."""
    demand = np.zeros((1, 2, 2, 3), np.int32)
    demand[0, 1, 0, 1:] = 5
    demand[0, 1, 1, 1:] = 2
    return instances.problem(demand, [[stock, 0]], **({"lanes": instances.lanes([(0, 1)], unit=700)} | given))


def exhaustive(problem):
    """The best of all moves on one lane at the problem's own costs."""
    most = int(problem.movable_cases[0, 0])
    plans = [settle(problem, Moves.gather([0], [0], [n]), method="all tried") for n in range(most + 1)]
    return max(plans, key=lambda plan: (plan.net_cents, -plan.moves.units.sum()))


def test_the_price_of_a_shortage_rises_until_the_rate_is_met():
    # At 10.00 a shortage and 7.00 a unit moved only units that sell on both paths pay: 4 of the 7 wanted on average, 57 %.
    # A unit beyond sells on one path of two: it pays at a shortage of 14.00 and more. 90 % need 6.3 units: 4 + 2.3 × 2 = 9.
    plan = fill_rate(two_nodes(), 0.9, solve=exhaustive)
    assert plan.before[0].tolist() == [1.0, 0.0]
    assert plan.plain[0, 1] == pytest.approx(4 / 7)
    assert plan.achieved[0, 1] >= 0.9
    assert not plan.missed.any()
    assert plan.times[0, 1] >= 1.4
    # Priced at the true cost of a shortage, service costs money.
    assert plan.solution.net_cents < exhaustive(two_nodes()).net_cents


def test_where_stock_does_not_do_all_of_it_goes_and_the_rate_is_named():
    plan = fill_rate(two_nodes(stock=5), 0.9, solve=exhaustive)
    assert plan.solution.moves.units.tolist() == [5]
    assert plan.missed.tolist() == [[False, True]]
    assert plan.achieved[0, 1] == pytest.approx((5 + 4) / 14)


def test_what_is_asked_of_nobody_changes_nothing():
    plan = fill_rate(two_nodes(), 0.0, solve=exhaustive)
    assert plan.solution.moves.units.tolist() == exhaustive(two_nodes()).moves.units.tolist()
    assert plan.times.tolist() == [[1.0, 1.0]]


def test_a_rate_of_one_is_refused():
    with pytest.raises(ValueError, match="endless stock"):
        fill_rate(two_nodes(), 1.0)


@pytest.mark.parametrize("seed", range(3))
def test_nodes_come_nearer_to_the_rate_and_nobody_below_it_alone_pays(seed):
    problem = instances.random_problem(seed, items=6, nodes=3, paths=12, most=20, mean=1.5)
    plan = fill_rate(problem, 0.9)
    wanted = evaluate(problem, Moves.none()).wanted_units

    def missing(rates):
        return (np.maximum(0.9 - rates, 0) * wanted).sum()

    assert missing(plan.achieved) <= missing(plan.plain) + 1e-9
    assert np.allclose(plan.achieved, _served(problem, plan.solution.moves))
    for k, w in itertools.product(range(6), range(3)):
        assert plan.missed[k, w] == (plan.achieved[k, w] < 0.9 - 1e-12)


def _served(problem, moves):
    outcome = evaluate(problem, moves)
    return 1 - outcome.lost_units / np.maximum(outcome.wanted_units, 1e-9)
